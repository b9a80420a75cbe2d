// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The help: keys, and what the colours and marks mean. */
import { CUE, CuePainter } from "../draw/cues.js";
import { makePalette, SLOT } from "../draw/palette.js";
import { byId, make } from "./dom.js";

const KEY_SIGNS = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
const SWATCH = { width: 34, height: 18 };

/* A user hue, a kernel one, and so on: one example of each. */
const LEGEND = [
	["user code, by module", 1, CUE.NONE],
	["kernel", SLOT.kernelInline - 5, CUE.SOLID],
	["inlined into its caller", 31, CUE.DASHED],
	["JIT code", 4, CUE.NOTCH],
	["no name known", SLOT.userUnnamed, CUE.DOTTED],
	["not code: why a stack is incomplete", SLOT.marker, CUE.HATCH],
	["process", SLOT.process, CUE.NONE],
	["many frames too narrow to draw", SLOT.run, CUE.NONE],
	["matches the search", SLOT.match, CUE.NONE],
];

/** @returns {() => void} opens or closes it */
export function makeHelp(store, shortcutsOf) {
	const dialog = byId("help-dialog");
	dialog.addEventListener("click", (event) => {
		if (event.target === dialog) dialog.close();
	});
	dialog.addEventListener("keydown", (event) => {
		if (event.key === "?") dialog.close();
	});
	return () => {
		if (dialog.open) return dialog.close();
		dialog.replaceChildren(...helpContent(shortcutsOf(), store.state.theme));
		dialog.showModal();
	};
}

function helpContent(shortcuts, theme) {
	const groups = Object.entries(shortcuts).map(([title, list]) =>
		make("section", {}, make("h3", {}, title), make("dl", {}, ...list.flatMap(keyRow))),
	);
	const legend = make(
		"section",
		{},
		make("h3", {}, "Marks"),
		make("dl", {}, ...LEGEND.flatMap((entry) => legendRow(entry, theme))),
	);
	return [
		make("h2", {}, "smolder"),
		make("div", { class: "columns" }, ...groups, legend),
		make(
			"p",
			{},
			"A frame is as wide as its share of the samples. Callees are sorted by weight; order does " +
				"not mean time. Patterns in lower case match any case, and a stack counts once however " +
				"many of its frames match.",
		),
	];
}

function keyRow({ keys, text }) {
	const signs = keys.map((key) => make("kbd", {}, KEY_SIGNS[key] ?? key));
	return [make("dt", {}, ...signs), make("dd", {}, text)];
}

function legendRow([text, slot, cue], theme) {
	const ratio = window.devicePixelRatio || 1;
	const canvas = make("canvas", {
		width: Math.round(SWATCH.width * ratio),
		height: Math.round(SWATCH.height * ratio),
	});
	canvas.style.width = `${SWATCH.width}px`;
	canvas.style.height = `${SWATCH.height}px`;
	const context = canvas.getContext("2d");
	const palette = makePalette(theme);
	context.fillStyle = palette.fills[slot];
	context.fillRect(0, 0, canvas.width, canvas.height);
	if (cue !== CUE.NONE) {
		const painter = new CuePainter(context, palette.cue, ratio);
		painter.begin(context, cue);
		painter.draw(context, cue, {
			left: 0,
			top: 0,
			width: canvas.width,
			height: canvas.height,
		});
	}
	return [make("dt", {}, canvas), make("dd", {}, text)];
}
