// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Cuts text to a width. Measuring is slow, so each character is measured once per font. */
const LABEL_MAX = 400; /* longer than any screen is wide */

export class LabelFitter {
	#context;
	#font;
	#ascii = new Float32Array(128); /* 0: not yet measured */
	#others = new Map();

	/** @param {CanvasRenderingContext2D} context only measured with */
	constructor(context, font) {
		this.#context = context;
		this.#font = font;
		this.ellipsis = this.#measure("…");
	}

	get font() {
		return this.#font;
	}

	/** @returns {string} the text, cut with an ellipsis where needed; "" where nothing fits */
	fit(text, width) {
		let used = 0;
		let cut = 0; /* what fits together with an ellipsis */
		let at = 0;
		for (const char of text) {
			used += this.#advance(char);
			if (used > width || at > LABEL_MAX)
				return cut > 1 ? `${text.slice(0, cut)}…` : "";
			at += char.length;
			if (used + this.ellipsis <= width) cut = at;
		}
		return text;
	}

	/** How wide a text of a few characters is. */
	width(text) {
		let width = 0;
		for (const char of text) width += this.#advance(char);
		return width;
	}

	#advance(char) {
		const code = char.charCodeAt(0);
		if (char.length === 1 && code < 128)
			return this.#ascii[code] || (this.#ascii[code] = this.#measure(char));
		if (!this.#others.has(char)) this.#others.set(char, this.#measure(char));
		return this.#others.get(char);
	}

	#measure(char) {
		this.#context.save();
		this.#context.font = this.#font;
		const { width } = this.#context.measureText(char);
		this.#context.restore();
		return width;
	}
}
