// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * A short name for a node that other profiles of the same program share: its depth, and a hash of
 * the names from the root to it. Two hashes of 32 bits, so that among a million nodes no two meet.
 */
import { hashText, mixHash } from "../text/hash.js";

const SECOND_SEED = 0x9747b28c;

export class PathHashes {
	#trie;
	#high;
	#low;

	constructor(model) {
		const { trie, frames } = model;
		const high = new Uint32Array(frames.count);
		const low = new Uint32Array(frames.count);
		for (let frame = 0; frame < frames.count; frame++) {
			const { name, module, kind } = model.describeFrame(frame);
			const text = `${kind}\n${module}\n${name}`;
			high[frame] = hashText(text);
			low[frame] = hashText(text, SECOND_SEED);
		}
		this.#trie = trie;
		this.#high = chainHashes(trie, high);
		this.#low = chainHashes(trie, low);
	}

	/** @returns {string} "" for the root of all */
	keyOf(node) {
		if (node === 0) return "";
		const hash = `${hex(this.#high[node])}${hex(this.#low[node])}`;
		return `${this.#trie.depth[node]}-${hash}`;
	}

	/** @returns {number} 0 when this profile has no such node */
	find(key) {
		const match = /^(\d{1,10})-([0-9a-f]{8})([0-9a-f]{8})$/.exec(key);
		if (!match) return 0;
		const [depth, high, low] = [
			Number(match[1]),
			parseInt(match[2], 16),
			parseInt(match[3], 16),
		];
		for (
			let node = this.#high.indexOf(high);
			node > 0;
			node = this.#high.indexOf(high, node + 1)
		)
			if (this.#low[node] === low && this.#trie.depth[node] === depth)
				return node;
		return 0;
	}
}

function chainHashes({ count, parent, frame }, frameHash) {
	const hash = new Uint32Array(count);
	for (let node = 1; node < count; node++)
		hash[node] = mixHash(hash[parent[node]], frameHash[frame[node]]);
	return hash;
}

function hex(word) {
	return word.toString(16).padStart(8, "0");
}
