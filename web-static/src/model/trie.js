// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * The trie of stacks with all that is derived from its columns, in typed arrays indexed by node.
 * Node 0 is the root of all; nodes are in depth-first order, so the nodes under `node` are those
 * from node + 1 to end[node] - 1, and siblings follow each other by falling total.
 */
import { FormatError } from "../data/error.js";

export class Trie {
	/** @param {import("../data/profile.js").Nodes} nodes */
	constructor(nodes) {
		this.count = nodes.count;
		this.depth = nodes.depth;
		this.frame = nodes.frame;
		this.self = nodes.self;
		const Counts = nodes.self.constructor;
		this.parent = findParents(nodes.depth);
		this.total = Counts.from(nodes.self);
		this.end = new Uint32Array(nodes.count).fill(1);
		sumUpwards(this);
		this.start = new Counts(nodes.count);
		placeChildren(this);
	}

	/** 0 when there is none; the root of all is nobody's child. */
	firstChild(node) {
		return node + 1 < this.end[node] ? node + 1 : 0;
	}

	nextSibling(node) {
		const next = this.end[node];
		return node !== 0 && next < this.end[this.parent[node]] ? next : 0;
	}

	previousSibling(node) {
		let previous = 0;
		if (node !== 0)
			for (let at = this.parent[node] + 1; at < node; at = this.end[at])
				previous = at;
		return previous;
	}

	/** Calls back for each child, heaviest first, until the callback returns false. */
	forEachChild(node, callback) {
		for (let child = node + 1; child < this.end[node]; child = this.end[child])
			if (callback(child) === false)
				return;
	}

	childCount(node) {
		let count = 0;
		this.forEachChild(node, () => void count++);
		return count;
	}

	contains(ancestor, node) {
		return node >= ancestor && node < this.end[ancestor];
	}

	/** From the root of all to the node. @returns {number[]} */
	path(node) {
		const path = [node];
		while (node !== 0)
			path.push((node = this.parent[node]));
		return path.reverse();
	}

	/** Where the children of a node end, on the scale of start[]; what is left is its self. */
	childrenEnd(node) {
		return this.start[node] + this.total[node] - this.self[node];
	}
}

function findParents(depth) {
	const parent = new Uint32Array(depth.length);
	for (let node = 1; node < depth.length; node++) {
		let above = node - 1;
		while (depth[above] >= depth[node])
			above = parent[above];
		parent[node] = above;
	}
	return parent;
}

/* end[] holds sizes until a node is visited, which is after all nodes under it. */
function sumUpwards({ count, parent, total, end }) {
	for (let node = count - 1; node > 0; node--) {
		total[parent[node]] += total[node];
		end[parent[node]] += end[node];
		end[node] += node;
	}
}

function placeChildren(trie) {
	const { count, parent, total, start, end } = trie;
	const cursor = new Float64Array(count); /* where the next child of a node goes */
	const lightest = new Float64Array(count).fill(Infinity);
	for (let node = 1; node < count; node++) {
		const above = parent[node];
		if (total[node] > lightest[above])
			throw new FormatError(`node ${node} is out of order: heavier than its sibling before`);
		lightest[above] = total[node];
		start[node] = cursor[node] = cursor[above];
		cursor[above] += total[node];
	}
	if (end[0] !== count)
		throw new FormatError("the nodes are not one tree");
}
