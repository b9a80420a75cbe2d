# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Test programs: tests/unit/test_x.c (cmocka, one main each) and tests/fuzz/fuzz_x.c with a plain
# main over its corpus. Other .c files in tests/unit are support that all unit tests are linked with.

UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_SUPPORT := $(call objects,$(filter-out tests/unit/test_%,$(sort $(wildcard tests/unit/*.c))))
FUZZ_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))


# Only a test that includes a header of the profiler waits for the profiler to build.
PROFILER_TESTS := $(patsubst %.c,$(BUILD)/%,$(shell grep -lsE '^#include "(profiler/|[a-z_]+\.skel\.h)' \
	tests/unit/*.c tests/fuzz/*.c))
room_archives = $(if $(filter $1,$(PROFILER_TESTS)),$(ARCHIVES),$(filter-out \
	%/libprofiler.a,$(ARCHIVES)))

.SECONDEXPANSION:
# What only one test needs beside that is in UNIT_SUPPORT_test_x.
$(UNIT_TESTS): %: %.o $(UNIT_SUPPORT) $$(UNIT_SUPPORT_$$(@F)) $$(call room_archives,$$@)
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $^ $(LIBS) -lcmocka -o $@

$(FUZZ_TESTS): %: %.o $(BUILD)/tests/fuzz/regression_main.o $$(call room_archives,$$@)
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

$(PROFILER_TESTS:=.o): | $(BPF_SKELETONS)
.SECONDARY: $(UNIT_TESTS:=.o) $(FUZZ_TESTS:=.o)
-include $(wildcard $(BUILD)/tests/*/*.d)

# What the fragments add to; tests run after all of it is there.
fixtures:

## tests: build the program, its tests and their fixtures, run nothing
tests: all $(UNIT_TESTS) $(FUZZ_TESTS) fixtures link-law

run-tests:
	$(Q)BUILD=$(BUILD) CC='$(CC)' tests/run.sh $(TESTS)

.PHONY: tests run-tests fixtures
