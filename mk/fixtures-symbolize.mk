# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# ELF files for the tests of symbolize/: one source, each way to compile, link and strip it that
# changes what there is to read. clang is always there; g++ and rustc are used when they are.

SYMBOLIZE := $(OUT)/fixtures/symbolize
SYMBOLIZE_SOURCES := tests/fixtures/symbolize
# The tests compare with addr2line, and that of binutils 2.40 loses inlined calls in clang's DWARF 5.
SYMBOLIZE_CFLAGS := -O2 -g -Wall -Wextra $(if $(findstring clang,$(CC)),-gdwarf-4)

SYMBOLIZE_CHAINS := $(addprefix $(SYMBOLIZE)/chain_,pie no_pie static high compressed dwarf4 clang \
	clang_dwarf5 library anonymous lazy)
SYMBOLIZE_CUT := $(addprefix $(SYMBOLIZE)/chain_,dynsym stripped no_debug zdebug altlink zstd \
	separate linked mini long bomb)
SYMBOLIZE_SPLIT := $(addprefix $(SYMBOLIZE)/split_,gcc4 gcc5 clang4 clang5)
SYMBOLIZE_FIXTURES := $(SYMBOLIZE_CHAINS) $(SYMBOLIZE_CUT) $(SYMBOLIZE)/labels $(SYMBOLIZE)/two_units \
	$(SYMBOLIZE)/scopes_clang $(SYMBOLIZE)/module.ko $(SYMBOLIZE_SPLIT)

ifneq ($(shell command -v g++),)
SYMBOLIZE_FIXTURES += $(addprefix $(SYMBOLIZE)/scopes_,gcc types4 types5 split_types)
endif
ifneq ($(shell command -v dwz),)
SYMBOLIZE_FIXTURES += $(SYMBOLIZE)/dwz_pie
endif
ifneq ($(shell rustc --version 2>/dev/null),)
SYMBOLIZE_FIXTURES += $(SYMBOLIZE)/generic_legacy $(SYMBOLIZE)/generic_v0
endif
ifneq ($(shell command -v dwp),)
SYMBOLIZE_FIXTURES += $(SYMBOLIZE)/package_gcc4
endif
SYMBOLIZE_LLVM_DWP := $(firstword $(shell command -v llvm-dwp llvm-dwp-14))
ifneq ($(SYMBOLIZE_LLVM_DWP),)
SYMBOLIZE_FIXTURES += $(SYMBOLIZE)/package_clang5
endif
ifneq ($(shell go version 2>/dev/null),)
SYMBOLIZE_FIXTURES += $(addprefix $(SYMBOLIZE)/go_,full stripped pie external)
endif

fixtures: $(SYMBOLIZE_FIXTURES)

$(SYMBOLIZE_FIXTURES): mk/fixtures-symbolize.mk | $(SYMBOLIZE)
$(SYMBOLIZE):
	@mkdir -p $@

$(SYMBOLIZE)/chain_pie: SYMBOLIZE_LINK := -fPIE -pie
$(SYMBOLIZE)/chain_no_pie: SYMBOLIZE_LINK := -fno-PIE -no-pie
$(SYMBOLIZE)/chain_static: SYMBOLIZE_LINK := -static
# Two executable segments, neither at the address that its file offset suggests.
$(SYMBOLIZE)/chain_high: SYMBOLIZE_LINK := -fno-PIE -no-pie -Wl,-Ttext-segment=0x70000000 \
	-Wl,--section-start=.far_code=0x74000000
$(SYMBOLIZE)/chain_compressed: SYMBOLIZE_LINK := -gz
$(SYMBOLIZE)/chain_dwarf4: SYMBOLIZE_LINK := -gdwarf-4
$(SYMBOLIZE)/chain_library: SYMBOLIZE_LINK := -shared -fPIC
# Known by its path only; and one with a procedure linkage table.
$(SYMBOLIZE)/chain_anonymous: SYMBOLIZE_LINK := -Wl,--build-id=none
$(SYMBOLIZE)/chain_lazy: SYMBOLIZE_LINK := -Wl,-z,lazy
# clang writes no .debug_aranges.
$(SYMBOLIZE)/chain_clang: SYMBOLIZE_LINK := -gdwarf-4
$(SYMBOLIZE)/chain_clang_dwarf5: SYMBOLIZE_LINK := -gdwarf-5
$(SYMBOLIZE)/chain_clang $(SYMBOLIZE)/chain_clang_dwarf5: SYMBOLIZE_CC := $(BPF_CC)
$(SYMBOLIZE_CHAINS): $(SYMBOLIZE)/%: $(SYMBOLIZE_SOURCES)/chain.c
	$(call msg,FIXTURE,$@) $(or $(SYMBOLIZE_CC),$(CC)) -std=gnu11 $(SYMBOLIZE_CFLAGS) \
		$(SYMBOLIZE_LINK) $< -o $@

$(SYMBOLIZE)/chain_dynsym: $(SYMBOLIZE)/chain_library
	$(call msg,STRIP,$@) strip -s $< -o $@
$(SYMBOLIZE)/chain_stripped: $(SYMBOLIZE)/chain_static
	$(call msg,STRIP,$@) strip -s $< -o $@
$(SYMBOLIZE)/chain_no_debug: $(SYMBOLIZE)/chain_pie
	$(call msg,STRIP,$@) strip -g $< -o $@

$(SYMBOLIZE)/chain_zdebug: $(SYMBOLIZE)/chain_dwarf4
	$(call msg,OBJCOPY,$@) objcopy --compress-debug-sections=zlib-gnu $< $@
# As if dwz had moved a part of the DWARF to a file that only its name is known of.
$(SYMBOLIZE)/chain_altlink: $(SYMBOLIZE)/chain_pie
	$(call msg,OBJCOPY,$@) objcopy --add-section .gnu_debugaltlink=$(SYMBOLIZE_SOURCES)/labels.S \
		$< $@

$(SYMBOLIZE)/chain_zstd: $(SYMBOLIZE)/chain_pie
	$(call msg,OBJCOPY,$@) objcopy --compress-debug-sections=zstd $< $@

# Two units.
$(SYMBOLIZE)/two_units: $(SYMBOLIZE_SOURCES)/chain.c $(SYMBOLIZE_SOURCES)/second.c
	$(call msg,FIXTURE,$@) $(CC) -std=gnu11 $(SYMBOLIZE_CFLAGS) $(filter %.c,$^) -o $@

# Entries of a length that is not read at once: behind the units zeros, which are none.
$(SYMBOLIZE)/chain_long: $(SYMBOLIZE)/chain_pie
	$(call msg,OBJCOPY,$@) objcopy --dump-section .debug_info=$@.info $< $@ && \
		truncate -s 3M $@.info && objcopy --update-section .debug_info=$@.info $< $@ && \
		rm $@.info

# A string section that inflates to a thousand times its length.
$(SYMBOLIZE)/chain_bomb: $(SYMBOLIZE)/chain_pie
	$(call msg,OBJCOPY,$@) truncate -s 64M $@.zeros && \
		objcopy --update-section .debug_str=$@.zeros $< $@ && \
		objcopy --compress-debug-sections=zlib $@ && rm $@.zeros

# Relocatable, as a kernel module is: two units, in sections of their own and in one.
$(SYMBOLIZE)/module.ko: $(SYMBOLIZE_SOURCES)/other.c $(SYMBOLIZE_SOURCES)/second.c $(SYMBOLIZE_SOURCES)/chain.c
	$(call msg,FIXTURE,$@) for source in $(filter %.c,$^); do \
			$(CC) -std=gnu11 $(SYMBOLIZE_CFLAGS) -c $$source \
				-o $@_$$(basename $$source .c).o || exit 1; \
		done && ld -r --build-id $@_other.o $@_second.o $@_chain.o -o $@ && rm $@_*.o

# Stripped, the rest as distributions keep it: by build-id, beside by checksum, as minidebuginfo.
SYMBOLIZE_DEBUG := $(SYMBOLIZE)/debug
$(SYMBOLIZE)/chain_separate: $(SYMBOLIZE)/chain_pie
	$(call msg,STRIP,$@) id=$$(readelf -n $< | sed -n 's/.*Build ID: //p') && \
		mkdir -p $(SYMBOLIZE_DEBUG)/.build-id/$${id:0:2} && \
		objcopy --only-keep-debug $< $(SYMBOLIZE_DEBUG)/.build-id/$${id:0:2}/$${id:2}.debug && \
		strip -s $< -o $@
$(SYMBOLIZE)/chain_linked: $(SYMBOLIZE)/chain_anonymous
	$(call msg,STRIP,$@) mkdir -p $(@D)/.debug && \
		objcopy --only-keep-debug $< $(@D)/.debug/chain_linked.debug && strip -s $< -o $@ && \
		objcopy --add-gnu-debuglink=$(@D)/.debug/chain_linked.debug $@
$(SYMBOLIZE)/chain_mini: $(SYMBOLIZE)/chain_pie
	$(call msg,STRIP,$@) strip -s $< -o $@ && objcopy --only-keep-debug $< $@.symbols && \
		strip -g $@.symbols && xz -zf $@.symbols && \
		objcopy --add-section .gnu_debugdata=$@.symbols.xz $@ && rm $@.symbols.xz

# Two programs whose common part dwz moved to a file under the debug directory.
SYMBOLIZE_DWZ := $(SYMBOLIZE_DEBUG)/.dwz/chain.debug
$(SYMBOLIZE)/dwz_pie: $(SYMBOLIZE)/chain_pie $(SYMBOLIZE)/chain_no_pie
	$(call msg,DWZ,$@) mkdir -p $(dir $(SYMBOLIZE_DWZ)) && cp $< $@ && \
		cp $(SYMBOLIZE)/chain_no_pie $(SYMBOLIZE)/dwz_no_pie && \
		dwz -m $(SYMBOLIZE_DWZ) -M ../../.dwz/chain.debug $@ $(SYMBOLIZE)/dwz_no_pie

$(SYMBOLIZE)/labels: $(SYMBOLIZE_SOURCES)/labels.S
	$(call msg,FIXTURE,$@) $(CC) -nostdlib -static -no-pie -Wl,-z,noseparate-code $< -o $@

$(SYMBOLIZE)/scopes_clang: $(SYMBOLIZE_SOURCES)/scopes.cc
	$(call msg,FIXTURE,$@) $(BPF_CC) -x c++ $(SYMBOLIZE_CFLAGS) -gdwarf-4 $< -o $@
$(SYMBOLIZE)/scopes_gcc: $(SYMBOLIZE_SOURCES)/scopes.cc
	$(call msg,FIXTURE,$@) g++ $(SYMBOLIZE_CFLAGS) $< -o $@

$(SYMBOLIZE)/generic_legacy $(SYMBOLIZE)/generic_v0: $(SYMBOLIZE)/generic_%: \
		$(SYMBOLIZE_SOURCES)/generic.rs
	$(call msg,FIXTURE,$@) env -u MAKEFLAGS -u MFLAGS RUSTC_BOOTSTRAP=1 rustc -O -g -Z unstable-options \
		-C symbol-mangling-version=$* $< -o $@

# Debug information in a file beside each object file; and all of it in a package beside the program.
$(SYMBOLIZE)/split_gcc4 $(SYMBOLIZE)/split_clang4: SYMBOLIZE_LINK := -gdwarf-4
$(SYMBOLIZE)/split_gcc5 $(SYMBOLIZE)/split_clang5: SYMBOLIZE_LINK := -gdwarf-5
$(SYMBOLIZE)/split_gcc4 $(SYMBOLIZE)/split_gcc5: SYMBOLIZE_CC := gcc
$(SYMBOLIZE)/split_clang4 $(SYMBOLIZE)/split_clang5: SYMBOLIZE_CC := $(BPF_CC)
SYMBOLIZE_SPLIT_SOURCES := $(SYMBOLIZE_SOURCES)/other.c $(SYMBOLIZE_SOURCES)/chain.c
$(SYMBOLIZE_SPLIT): SYMBOLIZE_SPLIT_CC = $(SYMBOLIZE_CC) -std=gnu11 -O2 -g -Wall -Wextra -fPIE $(SYMBOLIZE_LINK)
$(SYMBOLIZE_SPLIT): $(SYMBOLIZE)/%: $(SYMBOLIZE_SPLIT_SOURCES)
	$(call msg,FIXTURE,$@) $(SYMBOLIZE_SPLIT_CC) $(SYMBOLIZE_SPLIT_SOURCES) -pie -o $@.whole && \
		for source in $(SYMBOLIZE_SPLIT_SOURCES); do \
			$(SYMBOLIZE_SPLIT_CC) -gsplit-dwarf -c $$source \
				-o $@_$$(basename $$source .c).o || exit 1; \
		done && $(SYMBOLIZE_CC) -pie $@_other.o $@_chain.o -o $@
# llvm-dwp 14 never ends on gcc's DWARF 5, and binutils' 2.40 knows DWARF 4 only.
$(SYMBOLIZE)/package_gcc4: $(SYMBOLIZE)/split_gcc4
	$(call msg,DWP,$@) cp $< $@ && dwp -e $@ -o $@.dwp
$(SYMBOLIZE)/package_clang5: $(SYMBOLIZE)/split_clang5
	$(call msg,DWP,$@) cp $< $@ && $(SYMBOLIZE_LLVM_DWP) -e $@ -o $@.dwp

$(SYMBOLIZE)/scopes_types4: SYMBOLIZE_LINK := -gdwarf-4
$(SYMBOLIZE)/scopes_types5: SYMBOLIZE_LINK := -gdwarf-5
$(SYMBOLIZE)/scopes_split_types: SYMBOLIZE_LINK := -gdwarf-5 -gsplit-dwarf
$(addprefix $(SYMBOLIZE)/scopes_,types4 types5 split_types): $(SYMBOLIZE_SOURCES)/scopes.cc
	$(call msg,FIXTURE,$@) g++ -O2 -g -Wall -Wextra -fdebug-types-section $(SYMBOLIZE_LINK) $< -o $@

# By Go's own linker without cgo, and position-independent by the system's.
SYMBOLIZE_GO := env -u MAKEFLAGS -u MFLAGS GO111MODULE=off GOFLAGS= GOCACHE=$(abspath $(OUT)/go-cache) go build
$(SYMBOLIZE)/go_full: SYMBOLIZE_GOFLAGS :=
$(SYMBOLIZE)/go_stripped: SYMBOLIZE_GOFLAGS := -ldflags "-s -w"
$(SYMBOLIZE)/go_pie: SYMBOLIZE_GOFLAGS := -buildmode=pie -ldflags "-s -w"
$(SYMBOLIZE)/go_external: SYMBOLIZE_GOFLAGS := -buildmode=pie -ldflags "-s -w -linkmode=external"
$(addprefix $(SYMBOLIZE)/go_,full stripped pie): SYMBOLIZE_CGO := 0
$(addprefix $(SYMBOLIZE)/go_,full stripped pie external): $(SYMBOLIZE)/%: $(SYMBOLIZE_SOURCES)/wheel.go
	$(call msg,FIXTURE,$@) CGO_ENABLED=$(or $(SYMBOLIZE_CGO),1) $(SYMBOLIZE_GO) \
		$(SYMBOLIZE_GOFLAGS) -o $@ $<
