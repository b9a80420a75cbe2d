# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# mkprofile writes made-up profiles: for the clients of our files, the viewer's tests and benches.
# store_replay writes stores of them: for the tests of what a store survives and takes.

MKPROFILE := $(BUILD)/tests/tools/mkprofile
STORE_REPLAY := $(BUILD)/tests/tools/store_replay

fixtures: $(MKPROFILE) $(STORE_REPLAY)

$(MKPROFILE) $(STORE_REPLAY): %: %.o $(BUILD)/libformats.a $(BUILD)/libbase.a
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $^ $(LIBS_FORMATS) $(LIBS_BASE) -o $@

-include $(MKPROFILE).d $(STORE_REPLAY).d
