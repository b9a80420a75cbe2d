# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One static archive a room, so that the link shows who needs whom, and the program.

objects = $(patsubst %.c,$(BUILD)/%.o,$1)
BASE_OBJECTS := $(call objects,$(sort $(wildcard base/*.c)))
SYMBOLIZE_OBJECTS := $(call objects,$(sort $(wildcard symbolize/*.c)))
FORMATS_OBJECTS := $(call objects,$(sort $(wildcard formats/*.c)))
PROFILER_OBJECTS := $(call objects,$(filter-out profiler/cli/main.c,$(sort \
	$(wildcard profiler/*.c profiler/*/*.c profiler/*/*/*.c))))
MAIN_OBJECT := $(BUILD)/profiler/cli/main.o

# In link order: each needs only those behind it.
ARCHIVES := $(addprefix $(BUILD)/,libprofiler.a libsymbolize.a libformats.a libbase.a)

# The viewer's page travels inside libformats.a, whose HTML writer is the one that needs it.
VIEWER_OBJECT := $(BUILD)/viewer_page.o

$(BUILD)/libbase.a: $(BASE_OBJECTS)
$(BUILD)/libsymbolize.a: $(SYMBOLIZE_OBJECTS)
$(BUILD)/libformats.a: $(FORMATS_OBJECTS) $(VIEWER_OBJECT)
$(BUILD)/libprofiler.a: $(PROFILER_OBJECTS)

$(ARCHIVES):
	@mkdir -p $(@D)
	$(call msg,AR,$@) rm -f $@ && $(AR) rcsD $@ $^

# -MD, not -MMD: a skeleton is a system header, and a new one is to rebuild who includes it.
$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/version.h
	@mkdir -p $(@D)
	$(call msg,CC,$<) $(CC) $(ALL_CFLAGS) $(CALLS_CFLAGS) -MD -MP -c $< -o $@

# Only the profiler includes skeletons; all of them must be there before its first object.
$(PROFILER_OBJECTS) $(MAIN_OBJECT): | $(BPF_SKELETONS)

$(BUILD)/viewer_page.o: mk/viewer_page.S $(BUILD)/viewer.html $(BUILD)/flags
	@mkdir -p $(@D)
	$(call msg,EMBED,$(BUILD)/viewer.html) $(CC) -DVIEWER_HTML='"$(BUILD)/viewer.html"' -c $< -o $@

$(BUILD)/smolder: $(MAIN_OBJECT) $(ARCHIVES)
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

-include $(patsubst %.o,%.d,$(BASE_OBJECTS) $(SYMBOLIZE_OBJECTS) $(FORMATS_OBJECTS) \
	$(PROFILER_OBJECTS) $(MAIN_OBJECT))

# The same calls with frame pointers and without: what walking them costs is what `smolder bench`
# compares.
$(BUILD)/profiler/bench/bench_calls_plain.o: CALLS_CFLAGS := -O2 -fomit-frame-pointer
$(BUILD)/profiler/bench/bench_calls_pointers.o: CALLS_CFLAGS := -O2 -fno-omit-frame-pointer
