# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

CLANG_FORMAT ?= clang-format

## format: clang-format all C sources in place
format:
	$(Q)git ls-files -z --cached --others --exclude-standard '*.c' '*.h' | \
		xargs -0 -r $(CLANG_FORMAT) -i

## lint: what a machine can see of the house's rules
lint:
	$(Q)BUILD=$(BUILD) tests/run.sh lint

# The include law by link: an archive whole, with the archives it may use and its third-party
# libraries, must leave nothing undefined.
LINK_LAW := $(addprefix $(BUILD)/tests/link/,base symbolize formats profiler)
link = $(CC) $(ALL_LDFLAGS) -Wl,--no-gc-sections -Wl,--no-undefined $(BUILD)/tests/link/nothing.o \
	-Wl,--whole-archive $(word 1,$1) -Wl,--no-whole-archive $(wordlist 2,9,$1) $2 -o $@

$(BUILD)/tests/link/base: $(BUILD)/libbase.a
	$(call msg,LINKLAW,$@) $(call link,$^,$(LIBS_BASE))
$(BUILD)/tests/link/symbolize: $(BUILD)/libsymbolize.a $(BUILD)/libbase.a
	$(call msg,LINKLAW,$@) $(call link,$^,$(LIBS_SYMBOLIZE) $(LIBS_BASE))
$(BUILD)/tests/link/formats: $(BUILD)/libformats.a $(BUILD)/libbase.a
	$(call msg,LINKLAW,$@) $(call link,$^,$(LIBS_FORMATS) $(LIBS_BASE))
$(BUILD)/tests/link/profiler: $(ARCHIVES)
	$(call msg,LINKLAW,$@) $(call link,$^,$(LIBS))

$(BUILD)/tests/link/nothing.c:
	@mkdir -p $(@D)
	@echo 'int main(void) { return 0; }' >$@
$(BUILD)/tests/link/nothing.o: $(BUILD)/tests/link/nothing.c $(BUILD)/flags
	@$(CC) $(ALL_CFLAGS) -c $< -o $@
$(LINK_LAW): | $(BUILD)/tests/link/nothing.o

link-law: $(LINK_LAW)

.PHONY: format lint link-law
