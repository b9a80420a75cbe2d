// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The heaviest functions over all places they are called from. A click searches for one. */
import { formatPercent } from "../text/number.js";
import { safeName } from "../text/safe.js";
import { origin, place } from "./describe.js";
import { make } from "./dom.js";

const ROWS = 100;

/**
 * @param {import("./store.js").State} state
 * @param {import("./actions.js").Actions} actions
 * @returns {Node[]}
 */
export function topPanel({ model }, actions) {
	const body = make("tbody");
	const headings = {};
	const sortBy = (key) => {
		for (const [name, heading] of Object.entries(headings))
			setSorted(heading, name === key);
		const rows = model.totals.heaviest(key, ROWS);
		body.replaceChildren(
			...rows.map((frame) =>
				topRow(model, frame, {
					find: () =>
						actions.searchFor(
							exactPattern(model.frameName(frame)),
						),
					bar: model.totals[key][frame] / model.totals[key][rows[0]],
				}),
			),
		);
	};
	for (const key of ["self", "total"])
		headings[key] = make(
			"th",
			{ class: "number", scope: "col" },
			make("button", { type: "button", onclick: () => sortBy(key) }, key),
		);
	sortBy("self");
	const head = make(
		"tr",
		{},
		make("th", { scope: "col" }, "function"),
		headings.self,
		headings.total,
	);
	return [make("table", {}, make("thead", {}, head), body)];
}

function setSorted(heading, isSorted) {
	if (isSorted) heading.setAttribute("aria-sort", "descending");
	else heading.removeAttribute("aria-sort");
}

/* The bar is on the scale of the first row. */
function topRow(model, frame, { find, bar }) {
	const facts = model.describeFrame(frame);
	const name = safeName(facts.name);
	const title = [name, origin(facts), place(facts)].filter(Boolean).join("\n");
	const cell = make("td", { class: "name" }, make("button", { type: "button" }, name));
	cell.style.setProperty("--share", `${100 * bar}%`);
	return make(
		"tr",
		{ title, onclick: find },
		cell,
		share(model.totals.self[frame], model.total),
		share(model.totals.total[frame], model.total),
	);
}

function share(value, whole) {
	return make("td", { class: "number" }, formatPercent(value, whole));
}

/** A pattern for this name alone, in this case alone. */
function exactPattern(name) {
	const quoted = name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
	return `^${quoted}$`;
}
