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
			if (callback(child) === false) return;
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
		while (node !== 0) path.push((node = this.parent[node]));
		return path.reverse();
	}

	/** Where the children of a node end, on the scale of start[]; what is left is its self. */
	childrenEnd(node) {
		return this.start[node] + this.total[node] - this.self[node];
	}
}

/* Of each depth, the node that was last seen: for the nodes to come, their ancestors. */
function findParents(depth) {
	const parent = new Uint32Array(depth.length);
	const last = new Uint32Array(depthMax(depth) + 1);
	for (let node = 1; node < depth.length; node++) {
		parent[node] = last[depth[node] - 1];
		last[depth[node]] = node;
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

function placeChildren({ count, depth, total, start }) {
	const deepest = depthMax(depth);
	const cursor = new Float64Array(deepest + 2); /* of each depth: where the next node goes */
	const lightest = new Float64Array(
		deepest + 2,
	); /* and what it may weigh: as its sibling before */
	lightest[1] = Infinity;
	for (let node = 1; node < count; node++) {
		const level = depth[node];
		if (total[node] > lightest[level])
			throw new FormatError(
				`node ${node} is out of order: heavier than its sibling before`,
			);
		lightest[level] = total[node];
		lightest[level + 1] = Infinity;
		start[node] = cursor[level + 1] = cursor[level];
		cursor[level] += total[node];
	}
}

function depthMax(depth) {
	let max = 0;
	for (let node = 0; node < depth.length; node++) if (depth[node] > max) max = depth[node];
	return max;
}
