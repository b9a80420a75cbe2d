// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Colours of frames. The hue says the module, the same on every machine; kernel code is blue, what
 * has no name is nearly grey. Lightness is the same for all, so that no frame shouts and one text
 * colour reads on every fill. Kind is never said by colour alone: see cues.js.
 */
import { KIND, NO_FRAME } from "../data/profile.js";
import { hashText } from "../text/hash.js";

const USER_HUES = [38, 55, 72, 90, 118, 145, 172, 198, 340, 8];
/* Without modules, as in folded text, names alone vary among the first ones: a calm warm band. */
const WARM_HUES = 4;
const KERNEL_HUES = [262, 240];
const SHADES = [-0.022, 0, 0.022]; /* of lightness, by name: neighbours of one module stay apart */

const USER_SLOT = 0;
const INLINE_SLOT = USER_SLOT + USER_HUES.length * SHADES.length;
const KERNEL_SLOT = INLINE_SLOT + USER_HUES.length;
const SINGLE_SLOT = KERNEL_SLOT + KERNEL_HUES.length * SHADES.length;
const SINGLES = [
	"kernelInline",
	"userUnnamed",
	"kernelUnnamed",
	"process",
	"marker",
	"root",
	"run",
	"match",
];

export const SLOT = Object.freeze({
	count: SINGLE_SLOT + SINGLES.length,
	...Object.fromEntries(SINGLES.map((name, i) => [name, SINGLE_SLOT + i])),
});

const THEMES = {
	light: {
		background: "#fbfaf8",
		text: "#201d1a",
		quietText: "rgba(32, 29, 26, 0.66)",
		faintText: "#7b756b",
		cue: "rgba(30, 22, 10, 0.34)",
		outline: "#201d1a",
		hover: "rgba(40, 28, 10, 0.13)",
		user: [0.855, 0.092],
		inline: [0.905, 0.055],
		kernel: [0.845, 0.062],
		kernelInline: [0.9, 0.04],
		unnamed: [0.895, 0.022],
		process: [0.875, 0.008, 70],
		marker: [0.93, 0.03, 25],
		root: [0.915, 0.006, 70],
		run: [0.8, 0.004, 70],
		match: [0.72, 0.19, 328],
		dim: { lightness: 0.945, chroma: 0.25, pull: 0.75 },
	},
	dark: {
		background: "#171614",
		text: "#f4f0ea",
		quietText: "rgba(244, 240, 234, 0.7)",
		faintText: "#8b857b",
		cue: "rgba(255, 246, 230, 0.36)",
		outline: "#ffffff",
		hover: "rgba(255, 255, 255, 0.13)",
		user: [0.475, 0.095],
		inline: [0.405, 0.06],
		kernel: [0.455, 0.085],
		kernelInline: [0.395, 0.055],
		unnamed: [0.365, 0.022],
		process: [0.37, 0.008, 70],
		marker: [0.33, 0.035, 25],
		root: [0.31, 0.006, 70],
		run: [0.5, 0.004, 70],
		match: [0.53, 0.2, 328],
		dim: { lightness: 0.245, chroma: 0.3, pull: 0.75 },
	},
};

/**
 * @param {"light"|"dark"} name
 * @returns {{fills: string[], dims: string[], background: string, text: string, quietText: string,
 *     faintText: string, cue: string, outline: string, hover: string}} fills and dims by slot
 */
export function makePalette(name) {
	const theme = THEMES[name];
	const colours = slotColours(theme);
	return {
		...theme,
		fills: colours.map(toHex),
		dims: colours.map((colour) => toHex(dimmed(colour, theme.dim))),
	};
}

/* [lightness, chroma, hue] in OKLCH for each slot. */
function slotColours(theme) {
	const shaded = ([lightness, chroma], hues) =>
		hues.flatMap((hue) => SHADES.map((shade) => [lightness + shade, chroma, hue]));
	const kernelHue = KERNEL_HUES[0];
	return [
		...shaded(theme.user, USER_HUES),
		...USER_HUES.map((hue) => [...theme.inline, hue]),
		...shaded(theme.kernel, KERNEL_HUES),
		[...theme.kernelInline, kernelHue],
		[...theme.unnamed, 60],
		[...theme.unnamed, kernelHue],
		theme.process,
		theme.marker,
		theme.root,
		theme.run,
		theme.match,
	];
}

function dimmed([lightness, chroma, hue], dim) {
	return [lightness + (dim.lightness - lightness) * dim.pull, chroma * dim.chroma, hue];
}

const NOT_YET = 255;

/** The colour slots of frames, worked out when first asked for. */
export class SlotTable {
	#model;
	#slots;

	/** @param {import("../model/model.js").Model} model */
	constructor(model) {
		this.#model = model;
		this.#slots = new Uint8Array(model.frames.count).fill(NOT_YET);
	}

	/** @param {number} frame of the model, or NO_FRAME */
	get(frame) {
		if (frame === NO_FRAME) return SLOT.root;
		if (this.#slots[frame] === NOT_YET) this.#slots[frame] = this.#find(frame);
		return this.#slots[frame];
	}

	#find(frame) {
		const { frames, strings } = this.#model;
		const module = frames.module[frame];
		const moduleHash = module === 0 ? null : hashText(strings.get(module));
		return slotOf(frames.kind[frame], moduleHash, strings.get(frames.name[frame]));
	}
}

/** @param {number|null} moduleHash null when the module is not known */
function slotOf(kind, moduleHash, name) {
	const nameHash = hashText(name);
	const shade = (nameHash >>> 8) % SHADES.length;
	const hue = moduleHash === null ? nameHash % WARM_HUES : moduleHash % USER_HUES.length;
	switch (kind) {
		case KIND.KERNEL:
			return KERNEL_SLOT + kernelHue(moduleHash) * SHADES.length + shade;
		case KIND.INLINE:
			return INLINE_SLOT + hue;
		case KIND.MARKER:
			return SLOT.marker;
		case KIND.PROCESS:
			return SLOT.process;
		case KIND.USER_UNNAMED:
			return SLOT.userUnnamed;
		case KIND.KERNEL_UNNAMED:
			return SLOT.kernelUnnamed;
		default:
			return USER_SLOT + hue * SHADES.length + shade;
	}
}

/* The kernel proper is one blue, its modules another. */
const KERNEL_CORE = new Set([
	null,
	hashText("[kernel.kallsyms]"),
	hashText("[kernel]"),
	hashText("vmlinux"),
]);

function kernelHue(moduleHash) {
	return KERNEL_CORE.has(moduleHash) ? 0 : 1;
}

/* OKLCH to sRGB, Björn Ottosson's matrices; what is out of gamut is clipped. */
function toHex([lightness, chroma, hue]) {
	const angle = (hue * Math.PI) / 180;
	const a = chroma * Math.cos(angle);
	const b = chroma * Math.sin(angle);
	const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
	const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
	const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
	return `#${[
		4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
		-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
		-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
	]
		.map(toByte)
		.join("")}`;
}

function toByte(linear) {
	const clipped = Math.min(1, Math.max(0, linear));
	const value = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
	return Math.round(255 * value)
		.toString(16)
		.padStart(2, "0");
}
