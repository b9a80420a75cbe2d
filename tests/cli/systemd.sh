#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The systemd unit: without fault, hardened, and with the capabilities the agent keeps.
. "$(dirname "$0")/../lib/testlib.sh"
need_cmd systemd-analyze

unit=$TOP/packaging/systemd/smolder.service
sed "s|/usr/bin/smolder|$SMOLDER|; /^Documentation/d" "$unit" >smolder.service
is "systemd-analyze verify has nothing to say" "$(systemd-analyze verify ./smolder.service 2>&1)" ""
exposure=$(systemd-analyze security --offline=true ./smolder.service 2>/dev/null |
	sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
ok "its exposure level is below 3 ($exposure)" awk -v level="$exposure" \
	'BEGIN { exit !(level != "" && level + 0 < 3) }'
is "its capabilities are those the agent keeps" \
	"$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr ' ' '\n' | sort)" \
	"$(grep -oE '\bCAP_[A-Z_]+' "$TOP/profiler/agent/privileges.c" | grep -v CAP_SETPCAP | sort -u)"
ok "the example configuration is understood" \
	bash -c "'$SMOLDER' agent --config '$TOP/packaging/systemd/agent.conf' 2>&1 | grep 'no store'"
