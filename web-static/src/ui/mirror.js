// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * The graph for readers of screens: an unseen tree of the focused frame and its heaviest callees,
 * and a live region for what changes.
 */
import { formatPercent } from "../text/number.js";
import { safeName } from "../text/safe.js";
import { nodeSentence } from "./describe.js";
import { byId, make } from "./dom.js";

const CHILDREN_MAX = 20;
const NAME_MAX = 200;

/** @param {import("./store.js").Store} store @param {import("./actions.js").Actions} actions */
export function showMirror(store, actions) {
	const tree = byId("mirror");
	store.on(["model", "zoom", "focus"], (state) => {
		tree.replaceChildren(focusItem(state, actions));
		tree.setAttribute("aria-activedescendant", "focused-frame");
	});
	store.on(["zoom"], ({ model, zoom }) =>
		announce(
			zoom === 0
				? "Showing all"
				: `Zoomed to ${safeName(model.nodeName(zoom), NAME_MAX)}, ` +
						`${formatPercent(model.trie.total[zoom], model.total)} of all`,
		),
	);
	store.on(["search", "patternError"], ({ model, search, patternError }) => {
		if (patternError) announce(`Not a regular expression: ${patternError}`);
		else if (search) announce(`${formatPercent(search.matched, model.total)} matched`);
	});
	store.on(["model"], ({ model }) =>
		announce(
			`Profile loaded: ${model.trie.count - 1} nodes, ${model.frames.count} frames`,
		),
	);
}

/** Says something to readers of screens. */
export function announce(text) {
	byId("live").textContent = text;
}

function focusItem(state, actions) {
	const { model, focus } = state;
	const { trie } = model;
	const siblings = focus === 0 ? 1 : trie.childCount(trie.parent[focus]);
	const item = treeItem(state, focus, { position: positionOf(trie, focus), siblings });
	item.id = "focused-frame";
	item.setAttribute("aria-selected", "true");
	if (trie.firstChild(focus) === 0) return item;
	item.setAttribute("aria-expanded", "true");
	const children = trie.childCount(focus);
	const group = make("div", { role: "group" });
	trie.forEachChild(focus, (child) => {
		const position = group.childElementCount + 1;
		const element = treeItem(state, child, { position, siblings: children });
		element.addEventListener("click", () => actions.focusOn(child));
		group.append(element);
		return position < CHILDREN_MAX;
	});
	item.append(group);
	return item;
}

function treeItem(state, node, { position, siblings }) {
	const { name, text } = nodeSentence(state, node);
	return make("div", {
		role: "treeitem",
		"aria-level": state.model.trie.depth[node] + 1,
		"aria-posinset": position,
		"aria-setsize": siblings,
		"aria-label": `${name}, ${text}`,
	});
}

function positionOf(trie, node) {
	let position = 1;
	if (node !== 0)
		for (let at = trie.parent[node] + 1; at < node; at = trie.end[at]) position++;
	return position;
}
