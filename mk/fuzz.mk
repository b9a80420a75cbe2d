# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The fuzz targets with libFuzzer, everything built by clang under build/fuzz. Finds are kept under
# build/fuzz/finds; a find worth keeping is moved to tests/fuzz/corpus/NAME by hand.

FUZZ_SECONDS ?= 60
FUZZ_BUILD := $(OUT)/fuzz

## fuzz: install what is missing, run each fuzz target for FUZZ_SECONDS=60 (FUZZ=name: only that one)
fuzz:
	$(Q)mk/deps.sh build fuzz
	$(Q)$(MAKE) BUILD=$(FUZZ_BUILD) CC=clang SAN_FLAGS=-fsanitize=fuzzer-no-link,address,undefined \
		$(if $(FUZZ),$(FUZZ_BUILD)/libfuzzer/fuzz_$(FUZZ),fuzzers)
	$(Q)FUZZ_BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(FUZZ)

FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/libfuzzer/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
$(FUZZERS): $(BUILD)/libfuzzer/%: $(BUILD)/tests/fuzz/%.o \
		$$(call room_archives,$(BUILD)/tests/fuzz/$$*)
	@mkdir -p $(@D)
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer $^ $(LIBS) -o $@

fuzzers: $(FUZZERS)

.PHONY: fuzz fuzzers
