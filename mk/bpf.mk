# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# bpf/x.bpf.c -> build/bpf/x.bpf.o -> build/bpf/x.skel.h, which profiler code includes as "x.skel.h".

BPF_CC ?= clang
# Debian keeps bpftool in /usr/sbin, which is not on every user's PATH.
BPFTOOL ?= $(or $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool),bpftool)
BPF_ARCH := $(subst x86_64,x86,$(subst aarch64,arm64,$(shell uname -m)))
# Debian keeps <asm/types.h> in a multiarch folder that clang does not search for the bpf target.
MULTIARCH := $(wildcard /usr/include/$(shell uname -m)-linux-gnu)
BPF_CFLAGS := -target bpf -mcpu=v3 -std=gnu11 -g -O2 -D__bpf__ -D__TARGET_ARCH_$(BPF_ARCH) -I. \
	$(if $(MULTIARCH),-idirafter $(MULTIARCH)) \
	-Wall -Wextra -Wno-unused-parameter $(if $(filter 1,$(WERROR)),-Werror)

BPF_SKELETONS := $(patsubst bpf/%.bpf.c,$(OUT)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))

$(OUT)/bpf/%.full.o: bpf/%.bpf.c mk/bpf.mk
	@mkdir -p $(@D)
	$(call msg,BPF,$<) $(BPF_CC) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@

# bpftool's linker drops DWARF and keeps BTF.
$(OUT)/bpf/%.bpf.o: $(OUT)/bpf/%.full.o
	$(call msg,BPFLINK,$@) $(BPFTOOL) gen object $@ $<

$(OUT)/bpf/%.skel.h: $(OUT)/bpf/%.bpf.o
	$(call msg,SKEL,$@) $(BPFTOOL) gen skeleton $< name $*_bpf >$@

.SECONDARY: $(BPF_SKELETONS:.skel.h=.bpf.o) $(BPF_SKELETONS:.skel.h=.full.o)
-include $(wildcard $(OUT)/bpf/*.d)
