// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Which nodes are wide enough to be seen, row by row, for one zoomed node and one width. Row 0 is
 * the zoomed node. Siblings are sorted by weight, so behind the first that is too narrow all are:
 * they become one item, a run, and the walk goes on behind their parent's subtree. Work and memory
 * follow what is seen, not the size of the profile.
 *
 * All lengths are device pixels.
 */
const NARROWEST = 0.5;
const RUN_BIT = 0x80000000;
const FIRST_CAPACITY = 4096;

export class Layout {
	#items; /* node ids, RUN_BIT set on the first node of a run; by row, from left to right */
	#rowEnds;
	#origin;
	#scale;

	/**
	 * @param {import("../model/trie.js").Trie} trie
	 * @param {number} zoom the node that fills the width
	 * @param {number} width
	 */
	constructor(trie, zoom, width) {
		this.trie = trie;
		this.zoom = zoom;
		this.width = width;
		this.#origin = trie.start[zoom];
		this.#scale = trie.total[zoom] > 0 ? width / trie.total[zoom] : 0;
		const found = this.#walk();
		this.rows = found.rows;
		this.#sortByRow(found);
	}

	/** First and end index of a row's items. */
	rowRange(row) {
		return [row === 0 ? 0 : this.#rowEnds[row - 1], this.#rowEnds[row]];
	}

	/** The node of an item; of a run, its heaviest. */
	nodeOf(index) {
		return (this.#items[index] & ~RUN_BIT) >>> 0;
	}

	isRun(index) {
		return (this.#items[index] & RUN_BIT) !== 0;
	}

	leftOf(index) {
		return this.#toPixel(this.trie.start[this.nodeOf(index)]);
	}

	/** At least one pixel right of leftOf(). */
	rightOf(index) {
		const { trie } = this;
		const node = this.nodeOf(index);
		const end = this.isRun(index)
			? trie.childrenEnd(trie.parent[node])
			: trie.start[node] + trie.total[node];
		return Math.max(this.#toPixel(end), this.leftOf(index) + 1);
	}

	/** The item at a place, or -1. */
	indexAt(row, x) {
		if (row < 0 || row >= this.rows) return -1;
		let [low, high] = this.rowRange(row);
		const first = low;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (this.leftOf(middle) <= x) low = middle + 1;
			else high = middle;
		}
		return low > first && x < this.rightOf(low - 1) ? low - 1 : -1;
	}

	/** Where a node is or, were it wide enough, would be; null outside of the zoomed node. */
	place(node) {
		const { trie, zoom } = this;
		if (!trie.contains(zoom, node)) return null;
		const left = this.#toPixel(trie.start[node]);
		const right = this.#toPixel(trie.start[node] + trie.total[node]);
		return {
			row: trie.depth[node] - trie.depth[zoom],
			left,
			right: Math.max(right, left + 1),
		};
	}

	#toPixel(count) {
		return Math.round((count - this.#origin) * this.#scale);
	}

	#walk() {
		const { trie, zoom } = this;
		const { total, end, depth, parent } = trie;
		const base = depth[zoom];
		const found = new ItemList();
		for (let node = zoom; node < end[zoom];) {
			const row = depth[node] - base;
			if (total[node] * this.#scale >= NARROWEST || node === zoom) {
				found.push(node, row);
				node++;
				continue;
			}
			const above = parent[node];
			if ((trie.childrenEnd(above) - trie.start[node]) * this.#scale >= NARROWEST)
				found.push((node | RUN_BIT) >>> 0, row);
			node = end[above];
		}
		return found;
	}

	/* A stable counting sort: within a row, depth-first order is order from left to right. */
	#sortByRow({ items, itemRows, length, rows }) {
		const ends = new Uint32Array(rows);
		for (let i = 0; i < length; i++) ends[itemRows[i]]++;
		for (let row = 1; row < rows; row++) ends[row] += ends[row - 1];
		const sorted = new Uint32Array(length);
		const cursor = ends.slice();
		for (let i = length - 1; i >= 0; i--) sorted[--cursor[itemRows[i]]] = items[i];
		this.#items = sorted;
		this.#rowEnds = ends;
	}
}

class ItemList {
	items = new Uint32Array(FIRST_CAPACITY);
	itemRows = new Uint32Array(FIRST_CAPACITY);
	length = 0;
	rows = 0;

	push(item, row) {
		if (this.length === this.items.length) {
			this.items = doubled(this.items);
			this.itemRows = doubled(this.itemRows);
		}
		this.items[this.length] = item;
		this.itemRows[this.length++] = row;
		if (row >= this.rows) this.rows = row + 1;
	}
}

function doubled(array) {
	const wider = new Uint32Array(2 * array.length);
	wider.set(array);
	return wider;
}
