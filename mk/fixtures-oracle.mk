# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same-sample oracle. Without libunwind, or on another architecture, there is none.

ORACLE := $(BUILD)/tests/oracle/same_sample
ORACLE_OBJECTS := $(call objects,$(sort $(filter-out %.bpf.c,$(wildcard tests/oracle/*.c))))

ifneq ($(shell $(PKG_CONFIG) --exists libunwind-generic && uname -m),x86_64)
ORACLE :=
endif

fixtures: $(ORACLE)

$(OUT)/bpf/%.full.o: tests/oracle/%.bpf.c mk/bpf.mk
	@mkdir -p $(@D)
	$(call msg,BPF,$<) $(BPF_CC) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@

.SECONDARY: $(OUT)/bpf/same_sample.bpf.o $(OUT)/bpf/same_sample.full.o
$(ORACLE_OBJECTS): | $(OUT)/bpf/same_sample.skel.h
$(BUILD)/tests/oracle/capture.o: $(OUT)/bpf/same_sample.skel.h

$(BUILD)/tests/oracle/same_sample: $(ORACLE_OBJECTS) $(ARCHIVES)
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $^ $(LIBS) -lunwind -lunwind-x86_64 -o $@

-include $(ORACLE_OBJECTS:.o=.d)
