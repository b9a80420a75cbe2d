# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The judges of unwind tables. A unit test asks libdw alone; table_oracle asks libunwind too, where
# it is.

TABLES_OBJECTS := $(call objects,$(sort $(wildcard tests/tables/*.c)))
UNIT_SUPPORT_test_unwind_oracle := $(filter-out %/table_oracle.o %/libunwind_judge.o,$(TABLES_OBJECTS))

ifneq ($(ORACLE),)
fixtures: $(BUILD)/tests/tables/table_oracle
endif

$(BUILD)/tests/tables/table_oracle: $(TABLES_OBJECTS) $(BUILD)/tests/oracle/libunwind_view.o $(ARCHIVES)
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $^ $(LIBS) -lunwind -lunwind-x86_64 -o $@

-include $(TABLES_OBJECTS:.o=.d)
