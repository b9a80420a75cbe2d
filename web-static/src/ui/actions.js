// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Everything a reader can do, whatever they do it with. */
import { Model } from "../model/model.js";
import { compilePattern, Search } from "../model/search.js";

/* A match that is stepped to is shown at least this wide, as a share of the zoomed frame. */
const MATCH_SHARE = 1 / 12;

export class Actions {
	#store;
	lastSearchMs = 0;

	/** @param {import("./store.js").Store} store */
	constructor(store) {
		this.#store = store;
	}

	/** @param {import("../data/profile.js").Profile} profile */
	show(profile) {
		const model = new Model(profile);
		const { pattern } = this.#store.state;
		this.#store.set({ model, zoom: 0, focus: 0, search: null, step: -1 });
		if (pattern !== "") this.searchFor(pattern);
	}

	zoomTo(node) {
		const { model, focus } = this.#store.state;
		if (!model) return;
		this.#store.set({
			zoom: node,
			focus: model.trie.contains(node, focus) ? focus : node,
		});
	}

	zoomToFocus() {
		this.zoomTo(this.#store.state.focus);
	}

	zoomUp() {
		const { model, zoom } = this.#store.state;
		if (model && zoom !== 0) this.zoomTo(model.trie.parent[zoom]);
	}

	reset() {
		this.zoomTo(0);
	}

	/** Out of the innermost thing the reader is in. */
	escape() {
		const { zoom } = this.#store.state;
		if (zoom !== 0) this.reset();
		else this.searchFor("");
	}

	focusOn(node) {
		const { model, zoom } = this.#store.state;
		if (!model.trie.contains(zoom, node)) this.zoomTo(node);
		this.#store.set({ focus: node });
	}

	/** @param {"parent"|"child"|"previous"|"next"} direction */
	walk(direction) {
		const { model, focus } = this.#store.state;
		if (!model) return;
		const { trie } = model;
		const neighbour = {
			parent: () => trie.parent[focus],
			child: () => trie.firstChild(focus),
			previous: () => trie.previousSibling(focus),
			next: () => trie.nextSibling(focus),
		}[direction]();
		if (direction === "parent" ? focus !== 0 : neighbour !== 0) this.focusOn(neighbour);
	}

	searchFor(pattern) {
		const { model } = this.#store.state;
		const { regexp, error } = pattern === "" ? {} : compilePattern(pattern);
		const begin = performance.now();
		const search = model && regexp ? new Search(model, regexp) : null;
		this.lastSearchMs = performance.now() - begin;
		this.#store.set({ pattern, patternError: error ?? "", search, step: -1 });
	}

	/** @param {1|-1} by */
	stepMatch(by) {
		const { model, zoom, search, step } = this.#store.state;
		if (!search || search.count === 0) return;
		const first = by > 0 ? 0 : search.count - 1;
		const next = step < 0 ? first : (step + by + search.count) % search.count;
		const node = search.at(next);
		const { trie } = model;
		const isWide = (ancestor) => trie.total[node] >= trie.total[ancestor] * MATCH_SHARE;
		let target = zoom;
		if (!trie.contains(zoom, node) || !isWide(zoom))
			for (target = node; target !== 0 && isWide(trie.parent[target]);)
				target = trie.parent[target];
		this.#store.set({ zoom: target, focus: node, step: next });
	}

	toggleLayout() {
		const { layout } = this.#store.state;
		this.#store.set({ layout: layout === "icicle" ? "flame" : "icicle" });
	}

	toggleTheme() {
		const { theme } = this.#store.state;
		this.#store.set({ theme: theme === "dark" ? "light" : "dark" });
	}

	/** @param {"top"|"ledger"} panel */
	togglePanel(panel) {
		if (this.#store.state.model)
			this.#store.set({ panel: this.#store.state.panel === panel ? "" : panel });
	}
}
