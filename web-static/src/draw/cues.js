// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * What kind a frame is, without colour: a line along its lower edge, solid for the kernel, dashed
 * for inlined, dotted for what has no name; a notch in the corner for JIT code; hatching for
 * markers.
 */
import { KIND } from "../data/profile.js";

export const CUE = Object.freeze({ NONE: 0, SOLID: 1, DASHED: 2, DOTTED: 3, NOTCH: 4, HATCH: 5 });

const BY_KIND = [];
BY_KIND[KIND.USER] = CUE.NONE;
BY_KIND[KIND.KERNEL] = CUE.SOLID;
BY_KIND[KIND.INLINE] = CUE.DASHED;
BY_KIND[KIND.JIT] = CUE.NOTCH;
BY_KIND[KIND.MARKER] = CUE.HATCH;
BY_KIND[KIND.PROCESS] = CUE.NONE;
BY_KIND[KIND.USER_UNNAMED] = CUE.DOTTED;
BY_KIND[KIND.KERNEL_UNNAMED] = CUE.DOTTED;

export function cueOf(kind) {
	return BY_KIND[kind];
}

/** Draws cues in one colour at one pixel ratio; keeps the patterns. */
export class CuePainter {
	#styles = [];
	#line;
	#notch;

	constructor(context, colour, ratio) {
		this.#line = Math.max(1, Math.round(1.5 * ratio));
		this.#notch = Math.round(6 * ratio);
		const stripes = (on, period) =>
			stripePattern(context, colour, on * ratio, period * ratio);
		this.#styles[CUE.SOLID] = colour;
		this.#styles[CUE.NOTCH] = colour;
		this.#styles[CUE.DASHED] = stripes(4, 7);
		this.#styles[CUE.DOTTED] = stripes(1.5, 4);
		this.#styles[CUE.HATCH] = hatchPattern(context, colour, Math.round(7 * ratio));
	}

	/** Sets up for many calls of draw() with the same cue. */
	begin(context, cue) {
		context.fillStyle = this.#styles[cue];
	}

	draw(context, cue, { left, top, width, height }) {
		if (cue === CUE.HATCH) {
			context.fillRect(left, top, width, height);
		} else if (cue === CUE.NOTCH) {
			const size = Math.min(this.#notch, width);
			context.beginPath();
			context.moveTo(left + width - size, top);
			context.lineTo(left + width, top);
			context.lineTo(left + width, top + size);
			context.fill();
		} else {
			context.fillRect(left, top + height - this.#line, width, this.#line);
		}
	}
}

function stripePattern(context, colour, on, period) {
	const tile = makeTile(Math.round(period), 1);
	tile.context.fillStyle = colour;
	tile.context.fillRect(0, 0, Math.round(on), 1);
	return context.createPattern(tile.canvas, "repeat");
}

function hatchPattern(context, colour, size) {
	const tile = makeTile(size, size);
	tile.context.strokeStyle = colour;
	tile.context.globalAlpha = 0.45;
	tile.context.lineWidth = Math.max(1, size / 7);
	tile.context.beginPath();
	for (const shift of [-size, 0, size]) {
		tile.context.moveTo(shift - 1, size + 1);
		tile.context.lineTo(shift + size + 1, -1);
	}
	tile.context.stroke();
	return context.createPattern(tile.canvas, "repeat");
}

function makeTile(width, height) {
	const canvas = document.createElement("canvas");
	canvas.width = width;
	canvas.height = height;
	return { canvas, context: canvas.getContext("2d") };
}
