# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# build/version.h, rewritten only when the version changes.

$(BUILD)/version.h: FORCE
	@mkdir -p $(@D)
	@line="#define SMOLDER_VERSION \"$$(mk/version.sh)\""; \
		[ "$$line" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$line" >$@
