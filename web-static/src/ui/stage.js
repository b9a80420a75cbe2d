// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * The graph: two canvases the size of the viewport, pinned inside a scroller whose spacer has the
 * height of the graph. Draws at most once per display frame.
 */
import { Layout } from "../draw/layout.js";
import { makePalette } from "../draw/palette.js";
import { Painter, paintOverlay, ROW_HEIGHT, rowAt, rowTop } from "../draw/painter.js";
import { byId } from "./dom.js";

/* Browsers clip elements higher than this (Firefox at 17.8 million pixels). */
const SPACER_MAX = 16_000_000;

export class Stage {
	#store;
	#scroller = byId("stage");
	#spacer = byId("spacer");
	#graph = byId("graph");
	#overlay = byId("overlay");
	#context = byId("graph").getContext("2d", { alpha: false });
	#overlayContext = byId("overlay").getContext("2d");
	#palette = null;
	#painter = null;
	#layout = null;
	#scene = null;
	#hover = -1; /* index of an item of the layout */
	#isOverlayEmpty = true;
	#stale = { painter: true, layout: true, scroll: false };
	#frame = 0;
	#spentMs = 0; /* on layout, since the last drawing */
	lastDrawMs = 0; /* layout and drawing */
	drawn = 0;
	onFirstDraw = () => {};

	/** @param {import("./store.js").Store} store */
	constructor(store) {
		this.#store = store;
		store.on(["model"], () =>
			this.#mark({ painter: true, layout: true, scroll: true }),
		);
		store.on(["theme"], () => this.#mark({ painter: true }));
		store.on(["zoom", "layout"], () => this.#mark({ layout: true, scroll: true }));
		store.on(["search"], () => this.#mark({}));
		store.on(["focus", "layout"], ({ focus }) => {
			this.#mark({});
			this.reveal(focus);
		});
		this.#scroller.addEventListener("scroll", () => this.#mark({}), { passive: true });
		new ResizeObserver(() => this.#mark({ layout: true })).observe(this.#scroller);
	}

	/**
	 * What is at a place of the window.
	 * @returns {{node: number, isRun: boolean, index: number}|null}
	 */
	hit(clientX, clientY) {
		if (!this.#scene) return null;
		const box = this.#graph.getBoundingClientRect();
		const { ratio } = this.#scene;
		const row = rowAt(this.#scene, Math.floor((clientY - box.top) * ratio));
		const index = this.#layout.indexAt(row, Math.floor((clientX - box.left) * ratio));
		if (index < 0) return null;
		return {
			node: this.#layout.nodeOf(index),
			isRun: this.#layout.isRun(index),
			index,
		};
	}

	/** @param {number} index of an item that hit() gave, or -1 */
	hoverOver(index) {
		if (index === this.#hover) return;
		this.#hover = index;
		this.#drawOverlay();
	}

	/** Where a node is drawn, in CSS pixels of the window; null when it is not. */
	boxOf(node) {
		const place = this.#layout?.place(node);
		if (!place) return null;
		const box = this.#graph.getBoundingClientRect();
		const { ratio, rowHeight } = this.#scene;
		return {
			x: box.left + place.left / ratio,
			y: box.top + rowTop(this.#scene, place.row) / ratio,
			width: (place.right - place.left) / ratio,
			height: rowHeight / ratio,
		};
	}

	/** Brings the row of a node into view. */
	reveal(node) {
		this.#refresh();
		const place = this.#layout?.place(node);
		if (!place) return;
		const { ratio, rowHeight, height } = this.#scene;
		const top = rowTop(this.#scene, place.row);
		const margin = 2 * rowHeight;
		if (top < 0) this.#scroller.scrollTop += (top - margin) / ratio;
		else if (top + rowHeight > height)
			this.#scroller.scrollTop += (top + rowHeight + margin - height) / ratio;
	}

	#mark(what) {
		Object.assign(this.#stale, what);
		if (this.#store.state.model && this.#frame === 0)
			this.#frame = requestAnimationFrame(() => this.#draw());
	}

	#draw() {
		this.#frame = 0;
		this.#refresh();
		const begin = performance.now();
		this.#painter.paint(this.#context, this.#scene);
		this.#drawOverlay();
		this.lastDrawMs = this.#spentMs + performance.now() - begin;
		this.#spentMs = 0;
		if (this.drawn++ === 0) this.onFirstDraw();
	}

	#refresh() {
		const begin = performance.now();
		if (this.#store.state.model) this.#layOut(this.#store.state);
		this.#spentMs += performance.now() - begin;
	}

	#layOut({ model, zoom, theme }) {
		const size = this.#fitCanvases();
		if (this.#stale.painter || size.isNewRatio) {
			this.#palette = makePalette(theme);
			this.#painter = new Painter(
				this.#context,
				model,
				this.#palette,
				size.ratio,
			);
		}
		if (this.#stale.layout || size.isNewWidth || this.#layout?.trie !== model.trie) {
			this.#layout = new Layout(model.trie, zoom, size.width);
			this.#hover = -1;
		}
		this.#updateScene(size);
		Object.assign(this.#stale, { painter: false, layout: false, scroll: false });
	}

	#fitCanvases() {
		const ratio = window.devicePixelRatio || 1;
		const width = Math.round(this.#scroller.clientWidth * ratio);
		const height = Math.round(this.#scroller.clientHeight * ratio);
		const isNewWidth = this.#graph.width !== width;
		if (isNewWidth || this.#graph.height !== height) {
			for (const canvas of [this.#graph, this.#overlay]) {
				canvas.width = width;
				canvas.height = height;
				canvas.style.width = `${width / ratio}px`;
				canvas.style.height = `${height / ratio}px`;
			}
			this.#isOverlayEmpty = true;
		}
		return {
			ratio,
			width,
			height,
			isNewWidth,
			isNewRatio: this.#scene?.ratio !== ratio,
		};
	}

	#updateScene({ ratio, width, height }) {
		const { layout, search } = this.#store.state;
		const isFlame = layout === "flame";
		const rowHeight = Math.round(ROW_HEIGHT * ratio);
		const needed = this.#layout.rows * rowHeight;
		const graphHeight = Math.min(Math.max(needed, height), SPACER_MAX * ratio);
		this.#spacer.style.height = `${(graphHeight - height) / ratio}px`;
		if (this.#stale.scroll)
			this.#scroller.scrollTop = isFlame ? graphHeight / ratio : 0;
		const top = Math.round(this.#scroller.scrollTop * ratio);
		this.#scene = {
			layout: this.#layout,
			ratio,
			width,
			height,
			top,
			rowHeight,
			graphHeight,
			isFlame,
			search,
		};
	}

	/* A canvas costs its first drawing: none until there is something to draw. */
	#drawOverlay() {
		const { focus, zoom } = this.#store.state;
		const shown = focus === zoom ? null : focus;
		const isEmpty = this.#hover < 0 && shown === null;
		if (isEmpty && this.#isOverlayEmpty) return;
		this.#isOverlayEmpty = isEmpty;
		paintOverlay(this.#overlayContext, this.#scene, this.#palette, {
			hover: this.#hover,
			focus: shown,
		});
	}
}
