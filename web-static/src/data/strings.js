// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Strings by id, made when first asked for: a page that draws ten names makes ten. */
export class PackedStrings {
	#bytes;
	#ends;
	#text;
	#made = [];
	#decoder = new TextDecoder("utf-8", { ignoreBOM: true });

	/**
	 * @param {Uint8Array} bytes all strings back to back, UTF-8; what is not becomes U+FFFD
	 * @param {Uint32Array} ends where each ends
	 */
	constructor(bytes, ends) {
		this.#bytes = bytes;
		this.#ends = ends;
		const text = this.#decoder.decode(bytes);
		/* As many units as bytes: one from one, so places in these are places in those. */
		this.#text = text.length === bytes.length ? text : null;
	}

	get count() {
		return this.#ends.length;
	}

	get(id) {
		return (this.#made[id] ??= this.#make(id));
	}

	#make(id) {
		const start = id === 0 ? 0 : this.#ends[id - 1];
		const end = this.#ends[id];
		return this.#text === null
			? this.#decoder.decode(this.#bytes.subarray(start, end))
			: this.#text.slice(start, end);
	}
}

/** Strings that a reader collects, each kept once. */
export class StringTable {
	#list = [""];
	#ids = new Map([["", 0]]);

	get count() {
		return this.#list.length;
	}

	get(id) {
		return this.#list[id];
	}

	/** @returns {number} its id */
	intern(text) {
		let id = this.#ids.get(text);
		if (id === undefined) {
			id = this.#list.push(text) - 1;
			this.#ids.set(text, id);
		}
		return id;
	}
}
