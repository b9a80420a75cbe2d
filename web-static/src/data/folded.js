// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Folded stacks: `outermost;…;leaf COUNT`, a line each. Bytes all the way: only distinct names
 * become strings, and what a line shares with the one before is not looked at twice.
 */
import { COUNT_MAX, countTooLarge, FormatError } from "./error.js";
import { readFoldedName } from "./naming.js";
import { cleanMeta } from "./profile.js";
import { FrameTable, StackBuilder } from "./stack_builder.js";
import { StringTable } from "./strings.js";

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const SEMICOLON = 59;
const NOTICE_TEXT_MAX = 60;

/**
 * @param {Uint8Array} bytes
 * @returns {import("./profile.js").Profile}
 */
export function readFolded(bytes) {
	const names = new NameIndex(bytes);
	const stacks = new StackBuilder();
	const path = new PathCursor(bytes, names, stacks);
	const rejected = { count: 0, first: "" };
	for (let start = 0; start < bytes.length;) {
		let end = bytes.indexOf(NEWLINE, start);
		if (end < 0) end = bytes.length;
		readLine(bytes, start, end, { path, stacks, rejected });
		start = end + 1;
	}
	if (names.count === 0)
		throw new FormatError(
			rejected.count
				? "not a profile: no line of it is a stack"
				: "the file is empty",
		);
	return {
		meta: cleanMeta({}),
		...names.finish(),
		nodes: stacks.finish(),
		notices: rejected.count ? [describeRejected(rejected)] : [],
	};
}

function readLine(bytes, start, end, { path, stacks, rejected }) {
	while (end > start && (bytes[end - 1] === RETURN || bytes[end - 1] === SPACE)) end--;
	if (end === start) return;
	let digits = end;
	let count = 0;
	let scale = 1;
	while (digits > start && bytes[digits - 1] >= 48 && bytes[digits - 1] <= 57) {
		count += (bytes[--digits] - 48) * scale;
		scale *= 10;
	}
	if (digits === end || digits - 1 <= start || bytes[digits - 1] !== SPACE) {
		if (rejected.count++ === 0)
			rejected.first = decodeName(
				bytes.subarray(start, Math.min(end, start + NOTICE_TEXT_MAX)),
			);
		return;
	}
	if (count > COUNT_MAX) throw countTooLarge("a count");
	stacks.addSelf(path.follow(start, digits - 1), count);
}

function describeRejected({ count, first }) {
	return count === 1
		? `1 line was not a stack and a count: “${first}”`
		: `${count} lines were not a stack and a count; the first: “${first}”`;
}

/** Follows the path of a line through the trie, from where it leaves that of the line before. */
class PathCursor {
	#bytes;
	#names;
	#stacks;
	#start = 0;
	#length = 0;
	#nodes = []; /* of the line before, outermost first */
	#ends = []; /* where each one's name ends, from the start of the line */

	constructor(bytes, names, stacks) {
		this.#bytes = bytes;
		this.#names = names;
		this.#stacks = stacks;
	}

	/** @returns {number} the node of the leaf */
	follow(start, end) {
		const bytes = this.#bytes;
		let level = this.#sharedLevels(start, end);
		let node = level > 0 ? this.#nodes[level - 1] : 0;
		let at = level > 0 ? start + this.#ends[level - 1] + 1 : start;
		for (; at <= end; level++) {
			let stop = at;
			while (stop < end && bytes[stop] !== SEMICOLON) stop++;
			node = this.#stacks.child(node, this.#names.intern(at, stop, level === 0));
			this.#nodes[level] = node;
			this.#ends[level] = stop - start;
			at = stop + 1;
		}
		this.#nodes.length = this.#ends.length = level;
		this.#start = start;
		this.#length = end - start;
		return node;
	}

	/* How many leading names, each with the semicolon behind it, the line before has too. */
	#sharedLevels(start, end) {
		const bytes = this.#bytes;
		const length = Math.min(this.#length, end - start);
		let same = 0;
		while (same < length && bytes[this.#start + same] === bytes[start + same]) same++;
		let level = 0;
		while (level < this.#ends.length && this.#ends[level] < same) level++;
		return level;
	}
}

/** Names by their bytes. The same bytes as a root and further in are two frames. */
class NameIndex {
	#bytes;
	#slots = new Int32Array(4096).fill(-1);
	#starts = [];
	#ends = [];
	#roots = [];

	constructor(bytes) {
		this.#bytes = bytes;
	}

	get count() {
		return this.#starts.length;
	}

	intern(start, end, isRoot) {
		const mask = this.#slots.length - 1;
		let slot = this.#hash(start, end, isRoot) & mask;
		for (let id; (id = this.#slots[slot]) >= 0; slot = (slot + 1) & mask)
			if (this.#roots[id] === isRoot && this.#equal(id, start, end)) return id;
		const id = this.#starts.push(start) - 1;
		this.#ends.push(end);
		this.#roots.push(isRoot);
		this.#slots[slot] = id;
		if (2 * this.#starts.length > this.#slots.length) this.#rehash();
		return id;
	}

	finish() {
		const strings = new StringTable();
		const frames = new FrameTable();
		for (let id = 0; id < this.#starts.length; id++) {
			const text = decodeName(
				this.#bytes.subarray(this.#starts[id], this.#ends[id]),
			);
			const { name, module, kind } = readFoldedName(text, this.#roots[id]);
			frames.add({
				name: strings.intern(name),
				module: strings.intern(module),
				kind,
			});
		}
		return { strings, frames: frames.finish() };
	}

	#equal(id, start, end) {
		const other = this.#starts[id];
		if (this.#ends[id] - other !== end - start) return false;
		for (let i = 0; i < end - start; i++)
			if (this.#bytes[other + i] !== this.#bytes[start + i]) return false;
		return true;
	}

	#hash(start, end, isRoot) {
		let hash = isRoot ? 0x811c9dc5 : 0x01234567;
		for (let at = start; at < end; at++)
			hash = Math.imul(hash ^ this.#bytes[at], 0x01000193);
		return (hash ^ (hash >>> 15)) >>> 0;
	}

	#rehash() {
		this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
		const mask = this.#slots.length - 1;
		for (let id = 0; id < this.#starts.length; id++) {
			let slot =
				this.#hash(this.#starts[id], this.#ends[id], this.#roots[id]) &
				mask;
			while (this.#slots[slot] >= 0) slot = (slot + 1) & mask;
			this.#slots[slot] = id;
		}
	}
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeName(bytes) {
	return DECODER.decode(bytes);
}
