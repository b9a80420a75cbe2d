// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The path from the root to the zoomed frame; of a long one, its ends. */
import { formatPercent } from "../text/number.js";
import { safeName } from "../text/safe.js";
import { byId, make } from "./dom.js";

const HEAD = 2;
const TAIL = 5;
const CRUMB_MAX = 120;

/** @param {import("./store.js").Store} store @param {import("./actions.js").Actions} actions */
export function showBreadcrumb(store, actions) {
	const nav = byId("crumbs");
	const crumb = (model, node, isLast) =>
		make(
			"button",
			{
				type: "button",
				onclick: () => actions.zoomTo(node),
				title: safeName(model.nodeName(node)),
				"aria-current": isLast ? "location" : undefined,
			},
			safeName(model.nodeName(node), CRUMB_MAX),
		);
	store.on(["model", "zoom"], ({ model, zoom }) => {
		const path = model.trie.path(zoom);
		const hidden = Math.max(0, path.length - HEAD - TAIL);
		const children = [];
		path.forEach((node, i) => {
			if (hidden > 0 && i === HEAD)
				children.push(make("span", {}, `… ${hidden} more …`), separator());
			if (hidden > 0 && i >= HEAD && i < HEAD + hidden) return;
			const isLast = i === path.length - 1;
			children.push(crumb(model, node, isLast));
			if (!isLast) children.push(separator());
		});
		if (zoom !== 0) {
			const share = formatPercent(model.trie.total[zoom], model.total);
			children.push(make("span", { class: "share" }, `${share} of all`));
		}
		nav.replaceChildren(...children);
	});
}

function separator() {
	return make("i", { "aria-hidden": "true" }, "›");
}
