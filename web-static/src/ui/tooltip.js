// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Pointing at the graph: what is there, and a click zooms. */
import { formatCount, formatPercent, formatValue } from "../text/number.js";
import { safeName } from "../text/safe.js";
import { cpuTime, origin, place } from "./describe.js";
import { byId, make } from "./dom.js";

const NAME_MAX = 600;
const DISTANCE = 14;

/**
 * @param {import("./store.js").Store} store
 * @param {import("./actions.js").Actions} actions
 * @param {import("./stage.js").Stage} stage
 */
export function followPointer(store, actions, stage) {
	const scroller = byId("stage");
	const tooltip = byId("tooltip");
	let last = -1;
	const leave = () => {
		last = -1;
		tooltip.hidden = true;
		stage.hoverOver(-1);
		scroller.classList.remove("pointing");
	};
	const point = ({ clientX, clientY }) => {
		const hit = stage.hit(clientX, clientY);
		if (!hit) return leave();
		if (hit.index !== last || tooltip.hidden)
			tooltip.replaceChildren(
				...(hit.isRun ? runCard : nodeCard)(store.state, hit.node),
			);
		last = hit.index;
		scroller.classList.add("pointing");
		stage.hoverOver(hit.index);
		tooltip.hidden = false;
		moveNear(tooltip, clientX, clientY);
	};
	scroller.addEventListener("pointermove", point);
	scroller.addEventListener("pointerleave", leave);
	scroller.addEventListener("scroll", leave, { passive: true });
	scroller.addEventListener("click", ({ clientX, clientY }) => {
		const hit = stage.hit(clientX, clientY);
		if (!hit) return;
		byId("mirror").focus({ preventScroll: true });
		actions.zoomTo(hit.isRun ? store.state.model.trie.parent[hit.node] : hit.node);
		leave();
	});
	store.on(["model", "zoom", "layout"], leave);
}

function nodeCard(state, node) {
	const { model } = state;
	const facts = model.describeNode(node);
	const lines = [make("div", { class: "name" }, safeName(facts.name, NAME_MAX))];
	for (const text of [origin(facts), place(facts)])
		if (text) lines.push(make("div", { class: "where" }, text));
	return [...lines, figures(state, node, facts)];
}

function figures(state, node, { self, total }) {
	const { model, zoom } = state;
	const { totals, trie, meta } = model;
	const zoomTotal = zoom === 0 ? 0 : trie.total[zoom];
	const hasTime = cpuTime(meta, 1) !== "";
	const columns = ["", meta.value.type, "of all"];
	if (zoomTotal) columns.push("of zoom");
	if (hasTime) columns.push("CPU time");
	const row = (label, value, inZoom) => {
		const cells = [
			label,
			make("b", {}, formatFigure(meta, value)),
			formatPercent(value, model.total),
		];
		if (zoomTotal) cells.push(inZoom ? formatPercent(value, zoomTotal) : "");
		if (hasTime) cells.push(cpuTime(meta, value));
		return make("tr", {}, ...cells.map((cell) => make("td", {}, cell)));
	};
	const rows = [row("total", total, true), row("self", self, true)];
	const frame = trie.frame[node];
	if (node !== 0 && totals.total[frame] > total)
		rows.push(
			row("everywhere", totals.total[frame], false),
			row("everywhere, self", totals.self[frame], false),
		);
	return make(
		"table",
		{},
		make("thead", {}, make("tr", {}, ...columns.map((text) => make("th", {}, text)))),
		make("tbody", {}, ...rows),
	);
}

function formatFigure({ value }, figure) {
	return value.unit === "count" ? formatCount(figure) : formatValue(figure, value);
}

function runCard({ model }, first) {
	const { trie } = model;
	let count = 0;
	for (let node = first; node !== 0; node = trie.nextSibling(node)) count++;
	const above = trie.parent[first];
	const sum = trie.childrenEnd(above) - trie.start[first];
	const text =
		count === 1
			? "1 frame too narrow to draw"
			: `${formatCount(count)} frames, each too narrow to draw`;
	return [
		make("div", { class: "name" }, text),
		make(
			"div",
			{ class: "where" },
			`together ${formatValue(sum, model.meta.value)}, ${formatPercent(sum, model.total)} of all; ` +
				`callees of ${safeName(model.nodeName(above), 200)}`,
		),
	];
}

function moveNear(tooltip, x, y) {
	const { offsetWidth: width, offsetHeight: height } = tooltip;
	const left = x + DISTANCE + width > innerWidth ? x - DISTANCE - width : x + DISTANCE;
	const top = y + DISTANCE + height > innerHeight ? y - DISTANCE - height : y + DISTANCE;
	tooltip.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
	tooltip.style.top = `${Math.max(4, Math.min(top, innerHeight - height - 4))}px`;
}
