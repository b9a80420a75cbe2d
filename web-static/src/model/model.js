// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
import { KIND_NAMES, NO_FRAME } from "../data/profile.js";
import { PathHashes } from "./path.js";
import { FrameTotals } from "./totals.js";
import { Trie } from "./trie.js";

/** A profile ready to be looked at: its trie, and answers about nodes in plain values. */
export class Model {
	#totals = null;
	#hashes = null;

	/** @param {import("../data/profile.js").Profile} profile */
	constructor(profile) {
		this.meta = profile.meta;
		this.notices = profile.notices;
		this.strings = profile.strings;
		this.frames = profile.frames;
		this.trie = new Trie(profile.nodes);
	}

	get total() {
		return this.trie.total[0];
	}

	/** Per frame rather than per node; one pass, when first asked for. */
	get totals() {
		return (this.#totals ??= new FrameTotals(this));
	}

	get pathHashes() {
		return (this.#hashes ??= new PathHashes(this));
	}

	frameName(frame) {
		return this.strings.get(this.frames.name[frame]);
	}

	/** The frame's name as it is: pass it through text/safe.js before anyone sees it. */
	nodeName(node) {
		return node === 0 ? "all" : this.frameName(this.trie.frame[node]);
	}

	/** @returns {{name: string, module: string, file: string, line: number, kind: string}} */
	describeFrame(frame) {
		if (frame === NO_FRAME)
			return { name: "all", module: "", file: "", line: 0, kind: "" };
		const { frames, strings } = this;
		return {
			name: this.frameName(frame),
			module: strings.get(frames.module[frame]),
			file: strings.get(frames.file[frame]),
			line: frames.line[frame],
			kind: KIND_NAMES[frames.kind[frame]],
		};
	}

	describeNode(node) {
		const { trie } = this;
		return {
			...this.describeFrame(trie.frame[node]),
			self: trie.self[node],
			total: trie.total[node],
			depth: trie.depth[node],
		};
	}
}
