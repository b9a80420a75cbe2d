// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Sentences about nodes, for the tooltip, the status line and readers of screens. */
import { formatDuration, formatPercent, formatValue } from "../text/number.js";
import { safeName, safeText } from "../text/safe.js";

/** "12.30% of all", and while zoomed ", 40% of zoom". */
export function shares(state, value) {
	const { model, zoom } = state;
	const parts = [`${formatPercent(value, model.total)} of all`];
	if (zoom !== 0) parts.push(`${formatPercent(value, model.trie.total[zoom])} of zoom`);
	return parts.join(", ");
}

/** The status line: one line per node. */
export function nodeSentence(state, node) {
	const { name, self, total } = state.model.describeNode(node);
	const { value } = state.model.meta;
	const parts = [`${formatValue(total, value)} (${shares(state, total)})`];
	if (self > 0)
		parts.push(
			`self ${formatValue(self, value)} (${formatPercent(self, state.model.total)})`,
		);
	return { name: safeName(name, 300), text: parts.join(" · ") };
}

const ORIGIN_MAX = 200;

/** "kernel · vmlinux", as far as known. */
export function origin({ module, kind }) {
	return [kind, safeText(module, ORIGIN_MAX)].filter((part) => part !== "").join(" · ");
}

/** "file:line", as far as known. */
export function place({ file, line }) {
	if (file === "") return "";
	const text = safeText(file, ORIGIN_MAX);
	return line > 0 ? `${text}:${line}` : text;
}

/** CPU time that a number of samples stands for; "" when the profile does not say. */
export function cpuTime({ period_ns: period, value }, samples) {
	return period && value.unit === "count" ? formatDuration(samples * period) : "";
}
