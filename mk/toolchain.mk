# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Compiler, flags and libraries. CFLAGS and LDFLAGS belong to the user; what the tree needs is in
# ALL_CFLAGS and ALL_LDFLAGS, so that `make CFLAGS=-O0` keeps it.

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
	-Wpointer-arith -Wcast-qual -Wwrite-strings $(if $(filter 1,$(WERROR)),-Werror)

# $(call pkg,QUESTION,MODULE,DEBIAN-PACKAGE): pkg-config's answer, or an error that says what to do.
pkg = $(if $(shell $(PKG_CONFIG) --exists $2 2>/dev/null && echo found),$(shell \
	$(PKG_CONFIG) $1 $2),$(error $2 is missing: `make deps` installs it (Debian package $3)))
pkg_flags = $(call pkg,--cflags,$1,$2)
pkg_libs = $(call pkg,--libs $(if $(STATIC),--static),$1,$2)

# Goals that compile nothing must work before the libraries are there.
SETUP_GOALS := help clean deps deps-test flame check check-asan fuzz static lint run-tests format dist \
	uninstall
ifneq ($(if $(MAKECMDGOALS),$(filter-out $(SETUP_GOALS),$(MAKECMDGOALS)),all),)
LIB_MODULES := libbpf=libbpf-dev libdw=libdw-dev libelf=libelf-dev zlib=zlib1g-dev \
	libzstd=libzstd-dev liblzma=liblzma-dev jansson=libjansson-dev libxxhash=libxxhash-dev
LIB_CFLAGS := $(foreach m,$(LIB_MODULES),$(call pkg_flags,$(word 1,$(subst =, ,$m)),$(word \
	2,$(subst =, ,$m))))
LIBS_BASE := $(call pkg_libs,libxxhash,libxxhash-dev) -pthread
LIBS_SYMBOLIZE := $(call pkg_libs,libdw,libdw-dev) $(call pkg_libs,libelf,libelf-dev) -liberty \
	$(call pkg_libs,liblzma,liblzma-dev) $(call pkg_libs,libzstd,libzstd-dev) \
	$(call pkg_libs,zlib,zlib1g-dev)
LIBS_FORMATS := $(call pkg_libs,libzstd,libzstd-dev) $(call pkg_libs,zlib,zlib1g-dev) \
	$(call pkg_libs,jansson,libjansson-dev)
LIBS_PROFILER := $(call pkg_libs,libbpf,libbpf-dev)
ifeq ($(wildcard /usr/include/libiberty/demangle.h /usr/local/include/libiberty/demangle.h),)
$(error libiberty/demangle.h is missing: `make deps` installs it (Debian package libiberty-dev))
endif
endif
LIBS := $(LIBS_PROFILER) $(LIBS_SYMBOLIZE) $(LIBS_FORMATS) $(LIBS_BASE)

# Skeletons are bpftool's text, not ours: a system header for the sake of warnings.
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -I$(BUILD) -isystem $(OUT)/bpf $(LIB_CFLAGS) -pthread \
	-fPIE -fno-omit-frame-pointer -ffunction-sections -fdata-sections $(WARNINGS) $(CFLAGS) \
	$(SAN_FLAGS)
ALL_LDFLAGS = $(if $(STATIC),-static-pie,-pie) -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS) $(SAN_FLAGS)

# Objects depend on this file, so that another compiler or other flags rebuild them; -Werror does not
# change them.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@flags='$(CC) $(subst ','\'',$(filter-out -Werror,$(ALL_CFLAGS)) | $(ALL_LDFLAGS))'; \
		[ "$$flags" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$flags" >$@
