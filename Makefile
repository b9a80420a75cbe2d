# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One make for the whole tree; everything it makes goes under build/. `make help` lists the targets.
#
# Sources are found by wildcard: a new .c file in a room needs no line here. A fragment that makes
# things tests need adds them to the phony target `fixtures`:
#	fixtures: build/fixtures/thing

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

# All processors, unless the user said -j or this is a make under another make's job server.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

ifeq ($(V),1)
Q :=
msg =
else
Q := @
msg = @printf '  %-8s %s\n' "$(1)" "$(2)";
MAKEFLAGS += --no-print-directory
endif

# BUILD holds what depends on compiler flags; OUT what does not: the BPF objects.
OUT := build
ifeq ($(SAN),1)
BUILD := $(OUT)/asan
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
else
BUILD := $(OUT)
endif

CC ?= cc
AR ?= ar
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local

include mk/setup.mk
include mk/toolchain.mk
include mk/version.mk
include mk/bpf.mk
include mk/program.mk
include mk/test.mk
include mk/lint.mk
include mk/fuzz.mk
include mk/install.mk
include mk/bench.mk
include mk/web.mk $(wildcard mk/fixtures-*.mk)

## all: build build/smolder (the default); installs nothing
all: $(BUILD)/smolder

## clean: remove build/
clean:
	$(call msg,CLEAN,$(OUT)) rm -rf -- $(OUT)

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@echo "  TESTS='unit cli/makefile' picks classes of tests, or tests, for check and check-asan."
	@echo '  V=1 shows commands, WERROR=1 makes warnings errors, SAN=1 builds into build/asan with'
	@echo '  ASan and UBSan; CC, CFLAGS, LDFLAGS, PREFIX and DESTDIR are yours.'

.PHONY: all clean help FORCE
