# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# mkprofile writes made-up profiles: for the clients of our files, the viewer's tests and benches.

MKPROFILE := $(BUILD)/tests/tools/mkprofile

fixtures: $(MKPROFILE)

$(MKPROFILE): %: %.o $(BUILD)/libformats.a $(BUILD)/libbase.a
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $^ $(LIBS_FORMATS) $(LIBS_BASE) -o $@

-include $(MKPROFILE).d
