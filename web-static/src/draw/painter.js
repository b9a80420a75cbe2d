// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Puts a layout on a canvas. Rectangles go colour by colour, then cues, then labels: the canvas is
 * told of few changes of state. All lengths are device pixels.
 */
import { KIND, NO_FRAME } from "../data/profile.js";
import { formatPercent, formatValue } from "../text/number.js";
import { safeName } from "../text/safe.js";
import { CUE, CuePainter, cueOf } from "./cues.js";
import { LabelFitter } from "./labels.js";
import { SLOT, SlotTable } from "./palette.js";

export const ROW_HEIGHT = 20; /* CSS pixels */
const FONT_SIZE = 12;
const LABEL_PADDING = 5;
const LABEL_NARROWEST = 22;
const SHARE_NARROWEST = 120;
const CUE_NARROWEST = 9;
const GAP_NARROWEST = 3;
const FONT_FAMILY =
	'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const CUES_DRAWN = [CUE.HATCH, CUE.SOLID, CUE.DASHED, CUE.DOTTED, CUE.NOTCH];

/**
 * @typedef {object} Scene
 * @property {import("./layout.js").Layout} layout
 * @property {number} ratio device pixels per CSS pixel
 * @property {number} width
 * @property {number} height of the canvas
 * @property {number} top what of the graph is above the canvas
 * @property {number} rowHeight
 * @property {number} graphHeight
 * @property {boolean} isFlame the root at the bottom
 * @property {import("../model/search.js").Search|null} search
 */

/** Where a row begins on the canvas. @param {Scene} scene */
export function rowTop(scene, row) {
	const fromRoot = row * scene.rowHeight;
	const inGraph = scene.isFlame ? scene.graphHeight - fromRoot - scene.rowHeight : fromRoot;
	return inGraph - scene.top;
}

/** The row at a place on the canvas. @param {Scene} scene */
export function rowAt(scene, y) {
	const inGraph = y + scene.top;
	return scene.isFlame
		? Math.ceil((scene.graphHeight - inGraph) / scene.rowHeight) - 1
		: Math.floor(inGraph / scene.rowHeight);
}

export class Painter {
	#model;
	#palette;
	#ratio;
	#slots;
	#cues;
	#fitters;
	#labels = []; /* by frame: its name as it is drawn, before cutting */

	/**
	 * @param {CanvasRenderingContext2D} context
	 * @param {import("../model/model.js").Model} model
	 * @param {ReturnType<import("./palette.js").makePalette>} palette
	 * @param {number} ratio
	 */
	constructor(context, model, palette, ratio) {
		this.#model = model;
		this.#palette = palette;
		this.#ratio = ratio;
		this.#slots = new SlotTable(model);
		this.#cues = new CuePainter(context, palette.cue, ratio);
		const font = (style) =>
			new LabelFitter(context, `${style} ${FONT_SIZE * ratio}px ${FONT_FAMILY}`);
		this.#fitters = {
			plain: font("normal"),
			strong: font("600"),
			slanted: font("italic"),
		};
	}

	/** @param {Scene} scene */
	paint(context, scene) {
		context.fillStyle = this.#palette.background;
		context.fillRect(0, 0, scene.width, scene.height);
		const seen = this.#collect(scene);
		this.#paintFills(context, seen, scene);
		this.#paintCues(context, seen, scene);
		this.#paintLabels(context, seen, scene);
		return seen.length;
	}

	/* The items on the canvas, with their places, grouped by colour. */
	#collect(scene) {
		const { layout, search } = scene;
		const seen = [];
		for (const row of visibleRows(scene)) {
			const top = rowTop(scene, row);
			const [first, end] = layout.rowRange(row);
			for (let index = first; index < end; index++) {
				const node = layout.nodeOf(index);
				const left = layout.leftOf(index);
				const wide = layout.rightOf(index) - left;
				const isRun = layout.isRun(index);
				const width = wide >= GAP_NARROWEST && !isRun ? wide - 1 : wide;
				const isMatch =
					search !== null && this.#isMatch(search, node, isRun);
				const isDim = search !== null && !isMatch;
				const slot = isMatch ? SLOT.match : this.#slotOf(node, isRun);
				seen.push({ node, isRun, isDim, slot, left, top, width });
			}
		}
		return seen;
	}

	/* A run hides everything under its nodes: a match in there must not be missed. */
	#isMatch(search, node, isRun) {
		const { parent, end } = this.#model.trie;
		return isRun ? search.hasAnyIn(node, end[parent[node]]) : search.hasNode(node);
	}

	#slotOf(node, isRun) {
		return isRun ? SLOT.run : this.#slots.get(this.#model.trie.frame[node]);
	}

	#paintFills(context, seen, scene) {
		const height = scene.rowHeight - 1;
		const groups = Array.from({ length: 2 * SLOT.count }, () => []);
		for (const item of seen)
			groups[item.slot + (item.isDim ? SLOT.count : 0)].push(item);
		groups.forEach((items, group) => {
			const { fills, dims } = this.#palette;
			context.fillStyle =
				group < SLOT.count ? fills[group] : dims[group - SLOT.count];
			for (const { left, top, width } of items)
				context.fillRect(left, top, width, height);
		});
	}

	#paintCues(context, seen, scene) {
		const { trie, frames } = this.#model;
		const height = scene.rowHeight - 1;
		const byCue = new Map(CUES_DRAWN.map((cue) => [cue, []]));
		for (const item of seen) {
			const frame = trie.frame[item.node];
			if (
				!item.isRun &&
				frame !== NO_FRAME &&
				item.width >= CUE_NARROWEST * this.#ratio
			)
				byCue.get(cueOf(frames.kind[frame]))?.push(item);
		}
		for (const [cue, items] of byCue) {
			this.#cues.begin(context, cue);
			for (const { left, top, width } of items)
				this.#cues.draw(context, cue, { left, top, width, height });
		}
	}

	#paintLabels(context, seen, scene) {
		const padding = LABEL_PADDING * this.#ratio;
		const baseline = Math.round(scene.rowHeight / 2);
		const pen = new Pen(context);
		context.textBaseline = "middle";
		context.direction = "ltr";
		for (const item of seen) {
			if (item.isRun || item.width < LABEL_NARROWEST * this.#ratio) continue;
			const fitter = this.#fitterOf(item.node);
			const text = fitter.fit(this.#labelOf(item.node), item.width - 2 * padding);
			if (text === "") continue;
			pen.set(
				fitter.font,
				item.isDim ? this.#palette.faintText : this.#palette.text,
			);
			context.fillText(text, item.left + padding, item.top + baseline);
			if (item.width >= SHARE_NARROWEST * this.#ratio)
				this.#paintShare(pen, item, {
					baseline,
					taken: padding + fitter.width(text),
				});
		}
	}

	/* The share of all, at the right end, where the name leaves room. */
	#paintShare(pen, { node, isDim, left, top, width }, { baseline, taken }) {
		const { trie, total } = this.#model;
		const fitter = this.#fitters.plain;
		const text = formatPercent(trie.total[node], total);
		const padding = LABEL_PADDING * this.#ratio;
		const at = width - padding - fitter.width(text);
		if (node === 0 || at < taken + 4 * padding) return;
		pen.set(fitter.font, isDim ? this.#palette.faintText : this.#palette.quietText);
		pen.context.fillText(text, left + at, top + baseline);
	}

	#fitterOf(node) {
		const frame = this.#model.trie.frame[node];
		const kind = frame === NO_FRAME ? KIND.PROCESS : this.#model.frames.kind[frame];
		if (kind === KIND.PROCESS) return this.#fitters.strong;
		const isSlanted = kind >= KIND.USER_UNNAMED || kind === KIND.MARKER;
		return isSlanted ? this.#fitters.slanted : this.#fitters.plain;
	}

	#labelOf(node) {
		const frame = this.#model.trie.frame[node];
		if (frame === NO_FRAME)
			return `all · ${formatValue(this.#model.total, this.#model.meta.value)}`;
		return (this.#labels[frame] ??= safeName(this.#model.frameName(frame)));
	}
}

/** Tells the canvas of fonts and colours only when they change. */
class Pen {
	#font = "";
	#colour = "";

	constructor(context) {
		this.context = context;
	}

	set(font, colour) {
		if (font !== this.#font) this.context.font = this.#font = font;
		if (colour !== this.#colour) this.context.fillStyle = this.#colour = colour;
	}
}

function* visibleRows(scene) {
	const ends = [rowAt(scene, 0), rowAt(scene, scene.height - 1)];
	const first = Math.max(0, Math.min(...ends));
	const last = Math.min(scene.layout.rows - 1, Math.max(...ends));
	for (let row = first; row <= last; row++) yield row;
}

/** Hovered and focused frames, on a canvas of their own: moving them repaints nothing else. */
export function paintOverlay(context, scene, palette, { hover, focus }) {
	context.clearRect(0, 0, scene.width, scene.height);
	if (hover >= 0) {
		const { layout } = scene;
		const left = layout.leftOf(hover);
		const top = rowTop(
			scene,
			layout.trie.depth[layout.nodeOf(hover)] - layout.trie.depth[layout.zoom],
		);
		context.fillStyle = palette.hover;
		context.fillRect(left, top, layout.rightOf(hover) - left, scene.rowHeight - 1);
	}
	const place = focus === null ? null : scene.layout.place(focus);
	if (place) outline(context, scene, palette, place);
}

function outline(context, scene, palette, { row, left, right }) {
	const line = Math.max(1, Math.round(1.5 * scene.ratio));
	const narrowest =
		4 * scene.ratio; /* a frame too narrow to be seen still shows where it is */
	const width = Math.max(right - left - 1, narrowest);
	const x = Math.max(0, Math.min(left, scene.width - width));
	context.strokeStyle = palette.outline;
	context.lineWidth = line;
	context.strokeRect(
		x + line / 2,
		rowTop(scene, row) + line / 2,
		width - line,
		scene.rowHeight - 1 - line,
	);
}
