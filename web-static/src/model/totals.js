// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Self and total per frame, over all places it is called from; recursion counts once. */
export class FrameTotals {
	constructor({ trie, frames }) {
		this.self = new Float64Array(frames.count);
		this.total = new Float64Array(frames.count);
		const openUntil = new Uint32Array(
			frames.count,
		); /* end of the outermost call we are in */
		for (let node = 1; node < trie.count; node++) {
			const frame = trie.frame[node];
			this.self[frame] += trie.self[node];
			if (node < openUntil[frame]) continue;
			openUntil[frame] = trie.end[node];
			this.total[frame] += trie.total[node];
		}
	}

	/**
	 * The heaviest frames.
	 * @param {"self"|"total"} key
	 * @returns {number[]} frame ids, heaviest first
	 */
	heaviest(key, limit) {
		const values = this[key];
		const other = key === "self" ? this.total : this.self;
		const ids = [];
		for (let frame = 0; frame < values.length; frame++)
			if (values[frame] > 0) ids.push(frame);
		ids.sort((a, b) => values[b] - values[a] || other[b] - other[a] || a - b);
		return ids.slice(0, limit);
	}
}
