// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Collects stacks into a trie and puts it into the order of the data block: depth-first, children
 * by falling total, then by frame id. No step of it recurses: stacks may be as deep as they like.
 */
import { COUNT_MAX, countTooLarge } from "./error.js";
import { NO_FRAME } from "./profile.js";

const FIRST_CAPACITY = 1024;

export class StackBuilder {
	#parent = new Uint32Array(FIRST_CAPACITY);
	#frame = new Uint32Array(FIRST_CAPACITY);
	#self = new Float64Array(FIRST_CAPACITY);
	#count = 1; /* node 0 is the root of all */
	#index = new Uint32Array(
		4 * FIRST_CAPACITY,
	); /* node ids by hash of (parent, frame); 0 is free */
	#total = 0;

	/** The node of `frame` called from `parent`. */
	child(parent, frame) {
		const mask = this.#index.length - 1;
		let slot = hashPair(parent, frame) & mask;
		for (let node; (node = this.#index[slot]) !== 0; slot = (slot + 1) & mask)
			if (this.#parent[node] === parent && this.#frame[node] === frame)
				return node;
		return this.#add(parent, frame, slot);
	}

	/** Adds samples that end at the node. */
	addSelf(node, value) {
		this.#self[node] += value;
		this.#total += value;
		if (this.#total > COUNT_MAX) throw countTooLarge("the sum of the counts");
	}

	/** @returns {import("./profile.js").Nodes} */
	finish() {
		const totals = this.#sumTotals();
		const { firstChild, nextSibling } = this.#linkChildren(totals);
		return this.#flatten(firstChild, nextSibling);
	}

	#add(parent, frame, slot) {
		const node = this.#count++;
		if (node === this.#parent.length) this.#grow();
		this.#parent[node] = parent;
		this.#frame[node] = frame;
		if (4 * this.#count > this.#index.length) this.#rehash();
		else this.#index[slot] = node;
		return node;
	}

	#grow() {
		const capacity = 2 * this.#parent.length;
		this.#parent = widen(this.#parent, new Uint32Array(capacity));
		this.#frame = widen(this.#frame, new Uint32Array(capacity));
		this.#self = widen(this.#self, new Float64Array(capacity));
	}

	#rehash() {
		this.#index = new Uint32Array(2 * this.#index.length);
		const mask = this.#index.length - 1;
		for (let node = 1; node < this.#count; node++) {
			let slot = hashPair(this.#parent[node], this.#frame[node]) & mask;
			while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
			this.#index[slot] = node;
		}
	}

	/* A parent is older than its children, so one pass from the youngest does it. */
	#sumTotals() {
		const totals = this.#self.slice(0, this.#count);
		for (let node = this.#count - 1; node > 0; node--)
			totals[this.#parent[node]] += totals[node];
		return totals;
	}

	#linkChildren(totals) {
		const firstChild = new Uint32Array(this.#count);
		const nextSibling = new Uint32Array(this.#count);
		for (let node = this.#count - 1; node > 0; node--) {
			nextSibling[node] = firstChild[this.#parent[node]];
			firstChild[this.#parent[node]] = node;
		}
		const frame = this.#frame;
		const byWeight = (a, b) => totals[b] - totals[a] || frame[a] - frame[b];
		for (let node = 0; node < this.#count; node++)
			if (firstChild[node] !== 0 && nextSibling[firstChild[node]] !== 0)
				sortChildren(node, firstChild, nextSibling, byWeight);
		return { firstChild, nextSibling };
	}

	#flatten(firstChild, nextSibling) {
		const count = this.#count;
		const depth = new Uint32Array(count);
		const frame = new Uint32Array(count);
		const self =
			this.#total < 2 ** 32 ? new Uint32Array(count) : new Float64Array(count);
		frame[0] = NO_FRAME;
		self[0] = this.#self[0];
		let level = 1;
		let node = firstChild[0];
		for (let at = 1; at < count; at++) {
			depth[at] = level;
			frame[at] = this.#frame[node];
			self[at] = this.#self[node];
			if (firstChild[node] !== 0) {
				node = firstChild[node];
				level++;
				continue;
			}
			while (node !== 0 && nextSibling[node] === 0) {
				node = this.#parent[node];
				level--;
			}
			node = nextSibling[node];
		}
		return { count, depth, frame, self, total: this.#total };
	}
}

function sortChildren(parent, firstChild, nextSibling, compare) {
	const children = [];
	for (let node = firstChild[parent]; node !== 0; node = nextSibling[node])
		children.push(node);
	children.sort(compare);
	firstChild[parent] = children[0];
	for (let i = 0; i < children.length; i++)
		nextSibling[children[i]] = i + 1 < children.length ? children[i + 1] : 0;
}

function hashPair(parent, frame) {
	const hash = Math.imul(parent, 0x9e3779b1) ^ Math.imul(frame + 1, 0x85ebca6b);
	return (hash ^ (hash >>> 15)) >>> 0;
}

function widen(from, to) {
	to.set(from);
	return to;
}

/** Collects the columns of frames. */
export class FrameTable {
	#rows = [];

	/** @param {{name: number, module?: number, file?: number, line?: number, kind: number}} row */
	add(row) {
		return this.#rows.push(row) - 1;
	}

	/** @returns {import("./profile.js").Frames} */
	finish() {
		const rows = this.#rows;
		const column = (key) => Uint32Array.from(rows, (row) => row[key] ?? 0);
		return {
			count: rows.length,
			name: column("name"),
			module: column("module"),
			file: column("file"),
			line: column("line"),
			kind: Uint8Array.from(rows, (row) => row.kind),
		};
	}
}
