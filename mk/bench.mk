# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

BENCHES := $(filter-out bench/benchlib.sh,$(sort $(wildcard bench/*.sh)))

## bench: what is claimed, measured on this machine beside a peer; needs root
bench: all fixtures
	$(Q)for bench in $(BENCHES); do "$$bench" || exit; echo; done

.PHONY: bench
