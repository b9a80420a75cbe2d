// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * What every reader of this room makes: a profile in columns.
 *
 * @typedef {object} Strings
 * @property {number} count
 * @property {(id: number) => string} get  string 0 is ""
 *
 * @typedef {object} Frames  columns, one element per distinct frame
 * @property {number} count
 * @property {Uint32Array} name    string ids
 * @property {Uint32Array} module
 * @property {Uint32Array} file
 * @property {Uint32Array} line    where the function is declared, 0 unknown
 * @property {Uint8Array} kind     one of KIND
 *
 * @typedef {object} Nodes  columns, one element per node of the trie of stacks, depth-first,
 *     parents before children. Node 0 is the root of all: depth 0, frame NO_FRAME
 * @property {number} count
 * @property {Uint32Array} depth
 * @property {Uint32Array} frame
 * @property {Uint32Array|Float64Array} self  samples that end here
 * @property {number} total  sum of self; with a total below 2^32, self is a Uint32Array
 *
 * @typedef {object} Meta  what docs/FORMATS.md says of the block's meta; each key may be missing
 * @property {string} [title]
 * @property {string} [version]
 * @property {string} [event]
 * @property {number} [frequency_hz]
 * @property {number} [period_ns]
 * @property {number} [time_unix_ms]
 * @property {number} [duration_ns]
 * @property {string} [host]
 * @property {string} [command]
 * @property {{type: string, unit: string}} value
 * @property {object|null} ledger
 *
 * @typedef {object} Profile
 * @property {Meta} meta
 * @property {Strings} strings
 * @property {Frames} frames
 * @property {Nodes} nodes
 * @property {string[]} notices  what the reader could not use, in sentences
 */

/** Frame kinds, numbered as in the data block. */
export const KIND = Object.freeze({
	USER: 0,
	KERNEL: 1,
	INLINE: 2,
	JIT: 3,
	MARKER: 4,
	PROCESS: 5,
	USER_UNNAMED: 6,
	KERNEL_UNNAMED: 7,
});

export const KIND_NAMES = Object.freeze([
	"user",
	"kernel",
	"inlined",
	"JIT",
	"marker",
	"process",
	"user, unnamed",
	"kernel, unnamed",
]);

export const NO_FRAME = 0xffffffff;

export const SAMPLES = Object.freeze({ type: "samples", unit: "count" });

/**
 * Meta from JSON that others wrote: each key of the expected type, or left out.
 * @returns {Meta}
 */
export function cleanMeta(json) {
	const source = isObject(json) ? json : {};
	const meta = { value: SAMPLES, ledger: isObject(source.ledger) ? source.ledger : null };
	for (const key of ["title", "version", "event", "host", "command"])
		if (typeof source[key] === "string") meta[key] = source[key];
	for (const key of ["frequency_hz", "period_ns", "time_unix_ms", "duration_ns"])
		if (Number.isFinite(source[key]) && source[key] > 0) meta[key] = source[key];
	const value = source.value;
	if (isObject(value) && typeof value.type === "string" && typeof value.unit === "string")
		meta.value = { type: value.type, unit: value.unit };
	return meta;
}

export function isObject(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
