// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Numbers as people read them; the same in every locale, so that two readers see one text. */

const GROUPED = new Intl.NumberFormat("en-US");

/** @param {number} value a whole number */
export function formatCount(value) {
	return GROUPED.format(value);
}

/** "1 sample", "2 samples". @param {number} value @param {string} noun in the singular */
export function formatPlural(value, noun) {
	return `${formatCount(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A share of a whole in percent; what is there is never shown as zero. */
export function formatPercent(part, whole) {
	if (!(whole > 0) || part === 0) return "0%";
	const percent = (100 * part) / whole;
	if (percent >= 99.995) return part === whole ? "100%" : "99.99%";
	return percent < 0.01 ? "<0.01%" : `${percent.toFixed(2)}%`;
}

const DURATIONS = [
	[3600e9, "h"],
	[60e9, "min"],
	[1e9, "s"],
	[1e6, "ms"],
	[1e3, "µs"],
];

/** @param {number} nanoseconds */
export function formatDuration(nanoseconds) {
	for (const [scale, unit] of DURATIONS)
		if (nanoseconds >= scale)
			return `${trimZeros((nanoseconds / scale).toPrecision(3))} ${unit}`;
	return `${Math.round(nanoseconds)} ns`;
}

/** @param {number} bytes */
export function formatBytes(bytes) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let power = 0;
	while (bytes >= 1024 && power < units.length - 1) {
		bytes /= 1024;
		power++;
	}
	return `${power ? trimZeros(bytes.toFixed(1)) : bytes} ${units[power]}`;
}

function trimZeros(text) {
	return String(Number(text));
}

const NANOSECONDS = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 };

/**
 * A value of the profile in its own unit.
 * @param {number} value
 * @param {{type: string, unit: string}} valueType
 */
export function formatValue(value, valueType) {
	const { type, unit } = valueType;
	if (Object.hasOwn(NANOSECONDS, unit)) return formatDuration(value * NANOSECONDS[unit]);
	if (unit === "bytes") return formatBytes(value);
	return unit === "count"
		? formatPlural(value, type.replace(/s$/, ""))
		: `${formatCount(value)} ${unit}`;
}
