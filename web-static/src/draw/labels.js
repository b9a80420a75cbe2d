// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Cuts text to a width. Measuring is slow, so each character is measured once per font. */
const LABEL_MAX = 400; /* longer than any screen is wide */

export class LabelFitter {
	#context;
	#font;
	#ascii = new Float32Array(128);
	#others = new Map();

	/** @param {CanvasRenderingContext2D} context only measured with */
	constructor(context, font) {
		this.#context = context;
		this.#font = font;
		context.font = font;
		for (let code = 32; code < 127; code++)
			this.#ascii[code] = context.measureText(String.fromCharCode(code)).width;
		this.ellipsis = this.#advance("…");
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
			if (used + this.ellipsis <= width)
				cut = at;
		}
		return text;
	}

	#advance(char) {
		const code = char.charCodeAt(0);
		if (char.length === 1 && code < 128)
			return this.#ascii[code];
		let width = this.#others.get(char);
		if (width === undefined) {
			this.#context.font = this.#font;
			width = this.#context.measureText(char).width;
			this.#others.set(char, width);
		}
		return width;
	}
}
