# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The programs whose stacks tests/live/walks.sh judges: as distributions build theirs, optimized and
# without frame pointers. Some compilers are not everywhere; their programs are then not made.

WALK_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -fomit-frame-pointer -Wall -Wextra -pthread
WALK_CC = $(call msg,FIXTURE,$@) $1 $(WALK_CFLAGS)
WALK_HAS = $(if $(shell command -v $1 2>/dev/null),$2)

WALK_LINKS := pie no_pie static static_pie
WALK_GCC := $(addprefix $(LIVE)/walk_gcc_,$(WALK_LINKS))
WALK_CLANG := $(call WALK_HAS,$(BPF_CC),$(addprefix $(LIVE)/walk_clang_,$(WALK_LINKS)))
WALK_PLAIN := $(addprefix $(LIVE)/walk_,deep signal raise jit dlopen hugetext threads brief jumps)
WALK_PLUGINS := $(addprefix $(LIVE)/libwalk_plugin_,1.so 2.so)
WALK_CXX := $(call WALK_HAS,g++,$(LIVE)/walk_exceptions)
WALK_RUST := $(call WALK_HAS,rustc,$(LIVE)/walk_rust)
WALK_LAZY := $(LIVE)/libwalk_lazy.so $(LIVE)/walk_lazy
WALK_COMPAT := $(call WALK_HAS,$(BPF_CC),$(LIVE)/walk_compat)
WALK_FIXTURES := $(WALK_GCC) $(WALK_CLANG) $(WALK_PLAIN) $(WALK_PLUGINS) $(WALK_LAZY) $(WALK_CXX) \
	$(WALK_RUST) $(WALK_COMPAT)

fixtures: $(WALK_FIXTURES)

$(WALK_FIXTURES): tests/fixtures/live/walk_work.h mk/fixtures-walk.mk | $(LIVE)

%_pie: WALK_LINK := -pie -fPIE
%_no_pie: WALK_LINK := -no-pie -fno-PIE
%_static: WALK_LINK := -static -fno-PIE
%_static_pie: WALK_LINK := -static-pie -fPIE
$(WALK_GCC): tests/fixtures/live/walk_chain.c
	$(call WALK_CC,gcc) $(WALK_LINK) $< -o $@
$(WALK_CLANG): tests/fixtures/live/walk_chain.c
	$(call WALK_CC,$(BPF_CC)) $(WALK_LINK) $< -o $@

$(WALK_PLAIN): $(LIVE)/%: tests/fixtures/live/%.c
	$(call WALK_CC,$(CC)) $< -o $@

$(WALK_PLUGINS): $(LIVE)/lib%.so: tests/fixtures/live/walk_plugin.c
	$(call WALK_CC,$(CC)) -DPLUGIN_OWN=$(subst walk_,,$*)_own -shared -fPIC $(PLUGIN_FLAGS) $< -o $@
$(LIVE)/libwalk_plugin_2.so: PLUGIN_FLAGS := -DPLUGIN_FIRST

$(LIVE)/libwalk_lazy.so: tests/fixtures/live/walk_lazy_library.c
	$(call WALK_CC,$(CC)) -shared -fPIC $< -o $@

$(LIVE)/walk_lazy: tests/fixtures/live/walk_lazy.c $(LIVE)/libwalk_lazy.so
	$(call WALK_CC,$(CC)) -fplt -Wl,-z,lazy $< -L$(LIVE) -lwalk_lazy -Wl,-rpath,'$$ORIGIN' -o $@

# gcc makes 32-bit code only with another package; clang does by itself, and ld links it.
$(WALK_COMPAT): tests/fixtures/live/walk_compat.c
	$(call msg,FIXTURE,$@) $(BPF_CC) -m32 -O2 -ffreestanding -fno-pie -nostdlib -static -Wall -Wextra \
		$< -o $@

$(WALK_CXX): tests/fixtures/live/walk_exceptions.cpp
	$(call msg,FIXTURE,$@) g++ -std=gnu++17 -O2 -g -fomit-frame-pointer -Wall -Wextra $< -o $@

$(WALK_RUST): tests/fixtures/live/walk_rust.rs
	$(call msg,FIXTURE,$@) env -u MAKEFLAGS -u MFLAGS rustc --edition 2021 -C opt-level=2 -C force-frame-pointers=no -g \
		$< -o $@
