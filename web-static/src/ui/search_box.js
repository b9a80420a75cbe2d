// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The search box, its counter, and the steps through matches. */
import { formatCount, formatPercent } from "../text/number.js";
import { byId, make } from "./dom.js";

/** @param {import("./store.js").Store} store @param {import("./actions.js").Actions} actions */
export function showSearchBox(store, actions) {
	const form = byId("search");
	const input = byId("pattern");
	input.addEventListener("input", () => actions.searchFor(input.value));
	form.addEventListener("submit", (event) => event.preventDefault());
	input.addEventListener("keydown", (event) => {
		if (event.key === "Enter") actions.stepMatch(event.shiftKey ? -1 : 1);
	});
	byId("next").addEventListener("click", () => actions.stepMatch(1));
	byId("previous").addEventListener("click", () => actions.stepMatch(-1));
	store.on(["pattern", "patternError", "search", "step", "zoom"], (state) => {
		const { pattern, patternError, search } = state;
		if (input.value !== pattern) input.value = pattern;
		form.classList.toggle("invalid", patternError !== "");
		input.setAttribute("aria-invalid", String(patternError !== ""));
		const canStep = search !== null && search.count > 0;
		byId("next").hidden = byId("previous").hidden = !canStep;
		byId("search-key").hidden = pattern !== "";
		byId("hits").replaceChildren(...describeHits(state));
		byId("hits").title = byId("hits").textContent;
	});
}

function describeHits({ model, zoom, search, step, patternError }) {
	if (patternError) return [patternError];
	if (!search) return [];
	if (search.count === 0) return ["no match"];
	const parts = [make("b", {}, formatPercent(search.matched, model.total))];
	if (zoom !== 0)
		parts.push(
			` · ${formatPercent(search.matchedIn(zoom), model.trie.total[zoom])} here`,
		);
	const place = step < 0 ? "" : `${formatCount(step + 1)}/`;
	parts.push(` · ${place}${formatCount(search.count)}`);
	return parts;
}
