// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Regexp search. Each distinct name is tested once; a stack counts once however many of its frames
 * match, because below a match the walk goes on behind its subtree.
 */

/**
 * Lower-case patterns match in any case, as in ripgrep's and Vim's smart case.
 * @returns {{regexp?: RegExp, error?: string}}
 */
export function compilePattern(pattern) {
	const plain = pattern.replace(/\\./g, "");
	const flags = /\p{Lu}/u.test(plain) ? "" : "i";
	try {
		return { regexp: new RegExp(pattern, flags) };
	} catch (error) {
		return { error: error.message.replace(/^Invalid regular expression: /, "") };
	}
}

export class Search {
	#trie;
	#order = null;

	/**
	 * @param {import("./model.js").Model} model
	 * @param {RegExp} regexp without the g and y flags
	 */
	constructor(model, regexp) {
		this.#trie = model.trie;
		this.isMatch = matchFrames(model, regexp); /* by frame */
		this.tops = outermostMatches(
			model.trie,
			this.isMatch,
		); /* nodes, in depth-first order */
		this.matched = this.matchedIn(0);
	}

	get count() {
		return this.tops.length;
	}

	hasNode(node) {
		return node !== 0 && this.isMatch[this.#trie.frame[node]] === 1;
	}

	/** Samples at and under `node` whose stack, from `node` on, has a match. */
	matchedIn(node) {
		if (this.#isInsideTop(node)) return this.#matchedUnder(node);
		const { total, end } = this.#trie;
		let sum = 0;
		for (
			let i = lowerBound(this.tops, node);
			i < this.tops.length && this.tops[i] < end[node];
			i++
		)
			sum += total[this.tops[i]];
		return sum;
	}

	/** Is there a match among the nodes from `first` up to, not including, `end`? */
	hasAnyIn(first, end) {
		const i = lowerBound(this.tops, first);
		return i < this.tops.length && this.tops[i] < end;
	}

	/** The n-th heaviest match, from 0. */
	at(n) {
		this.#order ??= sortByTotal(this.tops, this.#trie.total);
		return this.#order[n];
	}

	#isInsideTop(node) {
		const i = lowerBound(this.tops, node + 1) - 1;
		return i >= 0 && node < this.#trie.end[this.tops[i]];
	}

	/* Inside a match, the outermost ones from here on are others: look for them. */
	#matchedUnder(node) {
		const { frame, total, end } = this.#trie;
		let sum = 0;
		for (let at = node; at < end[node];) {
			const hit = this.isMatch[frame[at]] === 1;
			sum += hit ? total[at] : 0;
			at = hit ? end[at] : at + 1;
		}
		return sum;
	}
}

function matchFrames({ frames, strings }, regexp) {
	const byString = new Int8Array(strings.count).fill(-1);
	const isMatch = new Uint8Array(frames.count);
	for (let frame = 0; frame < frames.count; frame++) {
		const name = frames.name[frame];
		if (byString[name] < 0) byString[name] = regexp.test(strings.get(name)) ? 1 : 0;
		isMatch[frame] = byString[name];
	}
	return isMatch;
}

function outermostMatches({ count, frame, end }, isMatch) {
	let tops = new Uint32Array(1024);
	let length = 0;
	for (let node = 1; node < count;) {
		if (isMatch[frame[node]] === 0) {
			node++;
			continue;
		}
		if (length === tops.length) {
			const wider = new Uint32Array(2 * length);
			wider.set(tops);
			tops = wider;
		}
		tops[length++] = node;
		node = end[node];
	}
	return tops.slice(0, length);
}

/* Depth-first order breaks ties, so stepping goes from left to right among equals. */
function sortByTotal(nodes, total) {
	const order = Uint32Array.from(nodes);
	return order.sort((a, b) => total[b] - total[a] || a - b);
}

/** The first index whose value is not below `value`. */
export function lowerBound(sorted, value) {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (sorted[middle] < value) low = middle + 1;
		else high = middle;
	}
	return low;
}
