// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Writes data blocks and report pages, from docs/FORMATS.md and nothing else: it shares no code
 * with the viewer, so that the two can contradict each other.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";

const ELEMENT = '<script type="application/octet-stream" id="smolder-data">';
const SUFFIX_KINDS = { "_[k]": 1, "_[i]": 2, "_[j]": 3 };

/** Bytes that grow. */
class Bytes {
	buffer = Buffer.alloc(1 << 16);
	length = 0;

	varint(value) {
		this.room(10);
		while (value >= 128) {
			this.buffer[this.length++] = (value % 128) | 128;
			value = Math.floor(value / 128);
		}
		this.buffer[this.length++] = value;
	}

	raw(bytes) {
		this.room(bytes.length);
		this.buffer.set(bytes, this.length);
		this.length += bytes.length;
	}

	room(wanted) {
		if (this.length + wanted <= this.buffer.length) return;
		const wider = Buffer.alloc(2 * (this.length + wanted));
		this.buffer.copy(wider, 0, 0, this.length);
		this.buffer = wider;
	}

	done() {
		return this.buffer.subarray(0, this.length);
	}
}

/**
 * Folded text to a tree of plain objects. A root is a process, as in smolder's own text.
 * @param {string} text
 */
export function treeFromFolded(text) {
	const root = makeNode(null);
	for (const line of text.split("\n")) {
		const match = /^(.*) (\d+)$/s.exec(line);
		if (!match) continue;
		let node = root;
		match[1].split(";").forEach((part, level) => {
			const key = `${level === 0 ? "root" : ""}\0${part}`;
			if (!node.children.has(key))
				node.children.set(key, makeNode(describeFrame(part, level)));
			node = node.children.get(key);
		});
		node.self += Number(match[2]);
	}
	return root;
}

/** A tree node; frame: {name, kind, module?, file?, line?}, or null for the root of all. */
export function makeNode(frame, self = 0) {
	return { frame, self, children: new Map() };
}

function describeFrame(part, level) {
	if (/^\[incomplete: .*\]$/.test(part)) return { name: part, kind: 4 };
	const suffix = part.slice(-4);
	if (suffix in SUFFIX_KINDS) return { name: part.slice(0, -4), kind: SUFFIX_KINDS[suffix] };
	return { name: part, kind: level === 0 ? 5 : 0 };
}

/** A tree to a data block. */
export function encodeTree(root, meta = {}) {
	const order = walk(root);
	const { frames, ids } = numberFrames(order.map(({ node }) => node.frame));
	const columns = [[], [], []];
	let depth = -1;
	for (const { node, depth: own } of order) {
		columns[0].push(depth + 1 - own);
		columns[1].push(ids.get(frameKey(node.frame)));
		columns[2].push(node.self);
		depth = own;
	}
	return encodeColumns({ meta, frames, columns });
}

/**
 * @param {{meta: object, frames: object[], columns: ArrayLike<number>[]}} profile columns of the
 *     nodes: depth steps, frame ids, self
 */
export function encodeColumns({ meta, frames, columns }) {
	const strings = [""];
	const ids = new Map([["", 0]]);
	const intern = (text = "") => {
		if (!ids.has(text)) ids.set(text, strings.push(text) - 1);
		return ids.get(text);
	};
	const frameColumns = ["name", "module", "file"].map((key) =>
		frames.map((frame) => intern(frame[key])),
	);
	frameColumns.push(
		frames.map((frame) => frame.line ?? 0),
		frames.map((frame) => frame.kind),
	);
	const out = new Bytes();
	out.raw(Buffer.from("SMLD"));
	out.varint(1);
	const json = Buffer.from(JSON.stringify(meta));
	out.varint(json.length);
	out.raw(json);
	writeStrings(out, strings);
	writeColumns(out, frameColumns);
	writeColumns(out, columns);
	return out.done();
}

function writeStrings(out, strings) {
	const encoded = strings.map((text) => Buffer.from(text));
	out.varint(encoded.length);
	encoded.forEach((bytes) => out.varint(bytes.length));
	encoded.forEach((bytes) => out.raw(bytes));
}

function writeColumns(out, columns) {
	out.varint(columns[0].length);
	for (const column of columns) for (const value of column) out.varint(value);
}

function frameKey({ name, kind, module = "", file = "", line = 0 }) {
	return JSON.stringify([name, kind, module, file, line]);
}

function numberFrames(used) {
	const counts = new Map();
	const byKey = new Map();
	for (const frame of used) {
		const key = frameKey(frame);
		byKey.set(key, frame);
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	const keys = [...counts.keys()].sort(
		(a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1),
	);
	return {
		frames: keys.map((key) => byKey.get(key)),
		ids: new Map(keys.map((key, id) => [key, id])),
	};
}

/* Depth-first with children by falling total; a stack of its own, for trees that are deep. */
function walk(root) {
	const totals = new Map();
	const visited = [{ node: root, depth: -1 }];
	for (let i = 0; i < visited.length; i++)
		for (const child of visited[i].node.children.values())
			visited.push({ node: child, depth: visited[i].depth + 1 });
	for (const { node } of visited.reverse()) {
		let total = node.self;
		for (const child of node.children.values()) total += totals.get(child);
		totals.set(node, total);
	}
	const { ids } = numberFrames(
		visited.filter(({ node }) => node.frame).map(({ node }) => node.frame),
	);
	const lighterFirst = (a, b) =>
		totals.get(a) - totals.get(b) ||
		ids.get(frameKey(b.frame)) - ids.get(frameKey(a.frame));
	const order = [];
	const pending = [{ node: root, depth: -1 }];
	while (pending.length > 0) {
		const item = pending.pop();
		if (item.node !== root) order.push(item);
		for (const child of [...item.node.children.values()].sort(lighterFirst))
			pending.push({ node: child, depth: item.depth + 1 });
	}
	return order;
}

/** Puts a block into a copy of the built page. @returns {string} the path */
export function writeReport(page, block, output) {
	const template = readFileSync(page, "utf8");
	const at = template.indexOf(ELEMENT);
	if (at < 0 || template.indexOf(ELEMENT, at + 1) >= 0)
		throw new Error("the page does not have exactly one data element");
	const base64 = deflateRawSync(block, { level: 9 }).toString("base64");
	const cut = at + ELEMENT.length;
	writeFileSync(output, template.slice(0, cut) + base64 + template.slice(cut));
	return output;
}
