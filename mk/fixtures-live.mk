# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The programs that live tests and benches profile. They keep frame pointers and every call, whatever
# flags the tree is built with.

LIVE := $(OUT)/fixtures/live
LIVE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls \
	-Wall -Wextra -pthread
LIVE_CC = $(call msg,FIXTURE,$@) $(CC) $(LIVE_CFLAGS)

LIVE_PLAIN := $(addprefix $(LIVE)/,shares threads8 stacks16k storm syscalls forker deep vdso_clock \
	inlined jit jit_told in_kernel run_hostile)
LIVE_LINKED := $(addprefix $(LIVE)/burn_,static static_pie pie no_pie stripped high deleted mounted)
LIVE_SHORT := $(addprefix $(LIVE)/short_,1 2 3 4 5 6 7 8)
LIVE_LIBRARY := $(LIVE)/libburn.so $(LIVE)/burn_by_library
# Where the compiler makes 32-bit code. It needs no library for this.
LIVE_32_FLAGS := -m32 -static -nostdlib -ffreestanding -no-pie -fno-pie -fno-stack-protector
LIVE_32 := $(shell echo 'void _start(void) {}' | $(CC) $(LIVE_32_FLAGS) -x c - -o /dev/null \
	2>/dev/null && echo $(LIVE)/chain32)
LIVE_FIXTURES := $(LIVE_PLAIN) $(LIVE_LINKED) $(LIVE_SHORT) $(LIVE_LIBRARY) $(LIVE)/tiny \
	$(LIVE)/mangled $(LIVE_32)

LIVE_SOURCES := $(LIVE)/burn_debuglink $(LIVE)/burn_mini $(LIVE)/inlined_split
ifneq ($(shell go version 2>/dev/null),)
LIVE_SOURCES += $(LIVE)/burn_go
endif
ifneq ($(shell rustc --version 2>/dev/null),)
LIVE_SOURCES += $(LIVE)/rust_legacy $(LIVE)/rust_v0
endif
LIVE_FIXTURES += $(LIVE_SOURCES)

fixtures: $(LIVE_FIXTURES)

$(LIVE_FIXTURES): tests/fixtures/live/work.h mk/fixtures-live.mk | $(LIVE)
$(LIVE):
	@mkdir -p $@

$(LIVE_PLAIN): $(LIVE)/%: tests/fixtures/live/%.c
	$(LIVE_CC) $< -o $@

$(LIVE)/tiny: tests/fixtures/live/tiny.c
	$(LIVE_CC) -static $< -o $@

# One source, one name for each way to link it.
$(LIVE)/burn_static $(LIVE_SHORT): LIVE_LINK := -static
$(LIVE)/burn_static_pie: LIVE_LINK := -static-pie -fPIE
$(LIVE)/burn_pie $(LIVE)/burn_deleted $(LIVE)/burn_mounted: LIVE_LINK := -pie -fPIE
$(LIVE)/burn_no_pie: LIVE_LINK := -no-pie -fno-PIE
$(LIVE)/burn_stripped: LIVE_LINK := -pie -fPIE -s
# Code far from where its file offset would have it.
$(LIVE)/burn_high: LIVE_LINK := -no-pie -fno-PIE -Wl,-Ttext-segment=0x70000000
$(LIVE_LINKED) $(LIVE_SHORT): $(LIVE)/%: tests/fixtures/live/burn.c
	$(LIVE_CC) $(LIVE_LINK) -DBURN_NAME=in_$* $< -o $@

$(LIVE)/libburn.so: tests/fixtures/live/burn_library.c
	$(LIVE_CC) -shared -fPIC $< -o $@

$(LIVE)/burn_by_library: tests/fixtures/live/burn_by_library.c $(LIVE)/libburn.so
	$(LIVE_CC) $< -L$(LIVE) -lburn -Wl,-rpath,'$$ORIGIN' -o $@

$(LIVE)/chain32: tests/fixtures/live/chain32.c
	$(LIVE_CC) $(LIVE_32_FLAGS) $< -o $@

# clang speaks C++ without another package; the fixture needs nothing of the C++ library.
$(LIVE)/mangled: tests/fixtures/live/mangled.cc
	$(call msg,FIXTURE,$@) $(BPF_CC) -x c++ -std=gnu++17 -O2 -g -fno-omit-frame-pointer \
		-fno-exceptions -fno-rtti -D_GNU_SOURCE $< -o $@

# What names are found by, one program each; where a compiler is missing so is the program.
$(LIVE)/burn_debuglink $(LIVE)/burn_mini: $(LIVE)/%: tests/fixtures/live/burn.c
	$(LIVE_CC) -Wl,--build-id=none -DBURN_NAME=in_$* $< -o $@.whole
	$(Q)objcopy --only-keep-debug $@.whole $@.debug && strip -s $@.whole -o $@
	$(Q)if [ $* = burn_mini ]; then strip -g $@.debug && xz -zfk $@.debug && \
		objcopy --add-section .gnu_debugdata=$@.debug.xz $@; \
		else objcopy --add-gnu-debuglink=$@.debug $@; fi
$(LIVE)/inlined_split: tests/fixtures/live/inlined.c
	$(LIVE_CC) -gsplit-dwarf -c $< -o $@.o
	$(Q)$(CC) $(LIVE_CFLAGS) $@.o -o $@
$(LIVE)/rust_legacy $(LIVE)/rust_v0: $(LIVE)/rust_%: tests/fixtures/live/walk_rust.rs
	$(call msg,FIXTURE,$@) env -u MAKEFLAGS -u MFLAGS RUSTC_BOOTSTRAP=1 rustc --edition 2021 -O -g \
		-Z unstable-options -C symbol-mangling-version=$* $< -o $@
$(LIVE)/burn_go: tests/fixtures/symbolize/wheel.go
	$(call msg,FIXTURE,$@) env -u MAKEFLAGS -u MFLAGS GO111MODULE=off GOFLAGS= CGO_ENABLED=0 \
		GOCACHE=$(abspath $(OUT)/go-cache) go build -ldflags "-s -w" -o $@ $<
