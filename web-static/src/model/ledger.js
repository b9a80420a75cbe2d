// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * The ledger as rows for people: what became of every tick. docs/FORMATS.md says what each class
 * is. It comes from a file, so what is not a number here counts as missing.
 *
 * @typedef {object} LedgerRow
 * @property {string} label
 * @property {string} text
 * @property {number} level of indentation
 * @property {string} [note]
 * @property {boolean} [isLoss]
 */
import { formatBytes, formatCount, formatDuration, formatPercent } from "../text/number.js";
import { safeText } from "../text/safe.js";

const REASON_TEXT_MAX = 60;

const CLASS_NOTES = {
	recorded: "in this profile",
	idle: "nothing to run",
	filtered: "not asked for",
	skipped: "counted, but nothing could run",
	offline: "the CPU was off",
};

/**
 * One line, always in view, in parts to be joined by " · ".
 * @returns {{text: string, isLoss: boolean}[]} empty when the file does not say
 */
export function ledgerLine(ledger) {
	const samples = numbersOf(ledger?.samples);
	if (samples.expected === undefined) return [];
	const parts = [];
	const push = (text, isLoss = false) => parts.push({ text, isLoss });
	push(
		`${formatCount(samples.recorded ?? 0)} of ${formatCount(samples.expected)} ticks recorded`,
	);
	for (const name of ["idle", "filtered", "skipped", "offline"])
		if (samples[name] > 0) push(`${formatCount(samples[name])} ${name}`);
	const lost = lostTotal(ledger);
	push(`${formatCount(lost)} lost`, lost > 0);
	if (!ledgerCloses(ledger)) push("does not close", true);
	return parts;
}

/** @returns {{title: string, rows: LedgerRow[]}[]} */
export function ledgerSections(ledger) {
	return [
		{ title: "Ticks", rows: tickRows(ledger) },
		{ title: "Stacks", rows: stackRows(ledger) },
		{ title: "Frames", rows: frameRows(ledger) },
		{ title: "Own cost", rows: costRows(ledger) },
	].filter((section) => section.rows.length > 0);
}

/** What is left when all classes are taken from what was due: 0 when the ledger closes. */
export function ledgerGap(ledger) {
	const samples = numbersOf(ledger?.samples);
	let gap = samples.expected ?? 0;
	for (const name of Object.keys(CLASS_NOTES)) gap -= samples[name] ?? 0;
	return gap - lostTotal(ledger);
}

/* A window edge can cut one tick of each CPU. */
function ledgerCloses(ledger) {
	return Math.abs(ledgerGap(ledger)) <= (numbersOf(ledger).cpus ?? 0);
}

function tickRows(ledger) {
	const samples = numbersOf(ledger.samples);
	const due = samples.expected;
	if (due === undefined) return [];
	const rows = [row("expected", due, 0, "rate × time each CPU was on")];
	const share = (count) => `${formatCount(count)}  ${formatPercent(count, due)}`;
	for (const [name, note] of Object.entries(CLASS_NOTES))
		if (samples[name] !== undefined)
			rows.push({ label: name, text: share(samples[name]), level: 1, note });
	const lost = lostTotal(ledger);
	rows.push({ label: "lost", text: share(lost), level: 1, isLoss: lost > 0 });
	rows.push(...reasonRows(ledger.samples.lost, 2, true));
	rows.push(closingRow(ledgerGap(ledger), ledgerCloses(ledger)));
	return rows;
}

function closingRow(gap, closes) {
	const side = gap > 0 ? "missing" : "too many";
	return {
		label: closes ? "closes" : "does not close",
		text: gap === 0 ? "exactly" : `${formatCount(Math.abs(gap))} ${side}`,
		level: 0,
		note: gap !== 0 && closes ? "within one tick per CPU" : undefined,
		isLoss: !closes,
	};
}

function stackRows(ledger) {
	const stacks = numbersOf(ledger.stacks);
	const rows = [];
	pushKnown(rows, "user", stacks.user, 0);
	pushKnown(rows, "walked to their base", stacks.user_complete, 1);
	rows.push(...reasonRows(ledger.stacks?.incomplete, 1, true, "incomplete: "));
	pushKnown(rows, "kernel", stacks.kernel, 0);
	pushKnown(rows, "distinct", stacks.distinct, 0);
	pushKnown(rows, "collisions rescued", stacks.rescued_collisions, 0);
	return rows;
}

function frameRows(ledger) {
	const frames = numbersOf(ledger.frames);
	const rows = [];
	pushKnown(rows, "distinct", frames.distinct, 0);
	pushKnown(rows, "named", frames.named, 1);
	rows.push(...reasonRows(ledger.frames?.unnamed, 1, false, "unnamed: "));
	rows.push(...reasonRows(ledger.frames?.left_out, 0, true, "left out: "));
	rows.push(...reasonRows(ledger.sandbox?.failed, 0, true, "objects whose worker "));
	return rows;
}

function costRows(ledger) {
	const self = numbersOf(ledger.self);
	const rows = [];
	const push = (label, value, format) => {
		if (value !== undefined) rows.push({ label, text: format(value), level: 0 });
	};
	push("in the kernel, per sample", self.bpf_ns_per_sample || undefined, formatDuration);
	push("CPU time", self.cpu_ns, formatDuration);
	push("memory", self.rss_bytes, formatBytes);
	push("BPF maps", self.map_bytes, formatBytes);
	return rows;
}

function pushKnown(rows, label, count, level) {
	if (count !== undefined) rows.push(row(label, count, level));
}

function row(label, count, level, note) {
	return { label, text: formatCount(count), level, note };
}

function reasonRows(reasons, level, isLoss, prefix = "") {
	return Object.entries(numbersOf(reasons))
		.filter(([, count]) => count > 0)
		.map(([name, count]) => ({
			label: prefix + safeText(name, REASON_TEXT_MAX),
			text: formatCount(count),
			level,
			isLoss,
		}));
}

function lostTotal(ledger) {
	return Object.values(numbersOf(ledger?.samples?.lost)).reduce(
		(sum, count) => sum + count,
		0,
	);
}

function numbersOf(object) {
	if (typeof object !== "object" || object === null) return {};
	return Object.fromEntries(
		Object.entries(object).filter(([, value]) => Number.isFinite(value) && value >= 0),
	);
}
