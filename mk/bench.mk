# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

BENCHES := $(filter-out bench/benchlib.sh,$(sort $(wildcard bench/*.sh)))

## bench: what is claimed, measured on this machine beside a peer; needs root
bench: all fixtures variants
	$(Q)for bench in $(BENCHES); do "$$bench" || exit; echo; done

# smolder without one idea of its walker at a time, for bench/depth.sh.
VARIANTS := $(OUT)/variants
VARIANT_no_window := -DSTACK_WINDOW_WORDS=2
VARIANT_no_memory := -DWALK_NO_MEMORY
VARIANT_no_pages := -DWALK_NO_MEMORY -DUNWIND_SEARCH_STEPS=20

variants: $(addprefix $(VARIANTS)/,$(addsuffix /smolder,no_window no_memory no_pages))

$(VARIANTS)/%/sampler.full.o: bpf/sampler.bpf.c $(wildcard bpf/*.h) mk/bench.mk
	@mkdir -p $(@D)
	$(call msg,BPF,$@) $(BPF_CC) $(BPF_CFLAGS) $(VARIANT_$*) -c $< -o $@

$(VARIANTS)/%/sampler.bpf.o: $(VARIANTS)/%/sampler.full.o
	$(call msg,BPFLINK,$@) $(BPFTOOL) gen object $@ $<

$(VARIANTS)/%/sampler.skel.h: $(VARIANTS)/%/sampler.bpf.o
	$(call msg,SKEL,$@) $(BPFTOOL) gen skeleton $< name sampler_bpf >$@

$(VARIANTS)/%/sampler.o: profiler/collect/sampler.c $(VARIANTS)/%/sampler.skel.h
	$(call msg,CC,$@) $(CC) -isystem $(@D) $(ALL_CFLAGS) -c $< -o $@

# The variant's own sampler comes before the archive that has the usual one.
$(VARIANTS)/%/smolder: $(VARIANTS)/%/sampler.o $(MAIN_OBJECT) $(ARCHIVES)
	$(call msg,LINK,$@) $(CC) $(ALL_LDFLAGS) $(MAIN_OBJECT) $< $(ARCHIVES) $(LIBS) -o $@

.PHONY: bench variants
