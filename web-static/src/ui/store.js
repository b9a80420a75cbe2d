// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * What the page shows, in one place. Parts subscribe to the keys they show and change them only
 * through actions.js.
 *
 * @typedef {object} State
 * @property {import("../model/model.js").Model|null} model
 * @property {number} zoom   the node that fills the width
 * @property {number} focus  the node the keyboard is at, under zoom
 * @property {string} pattern  as typed
 * @property {string} patternError  "" when the pattern is a regexp or empty
 * @property {import("../model/search.js").Search|null} search
 * @property {number} step  which match the reader is at, -1 none yet
 * @property {"icicle"|"flame"} layout
 * @property {"light"|"dark"} theme
 * @property {""|"top"|"ledger"} panel
 */
export class Store {
	#listeners = [];

	/** @param {State} state */
	constructor(state) {
		this.state = state;
	}

	/** @param {Partial<State>} patch */
	set(patch) {
		const changed = Object.keys(patch).filter((key) => this.state[key] !== patch[key]);
		if (changed.length === 0) return;
		this.state = { ...this.state, ...patch };
		for (const { keys, listener } of this.#listeners)
			if (keys.some((key) => changed.includes(key))) listener(this.state);
	}

	/** Calls the listener when one of the keys changes. */
	on(keys, listener) {
		this.#listeners.push({ keys, listener });
	}
}
