// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * The view in the address, so that a link shows what its sender saw: #z=zoom &q=pattern &l=flame.
 * Each zoom is a step of the history: the browser's back button zooms out.
 */

/** @param {import("./store.js").Store} store @param {import("./actions.js").Actions} actions */
export function followLocation(store, actions) {
	let isApplying = false;
	const apply = () => {
		isApplying = true;
		applyView(readHash(), store, actions);
		isApplying = false;
	};
	store.on(["model"], apply);
	window.addEventListener("popstate", () => {
		if (store.state.model) apply();
	});
	const write = (method) => {
		if (isApplying || !store.state.model) return;
		const hash = formatHash(store.state);
		if (hash === location.hash) return;
		try {
			history[method](null, "", hash || location.pathname + location.search);
		} catch {
			/* Browsers limit how often; the address follows at the next change. */
		}
	};
	store.on(["zoom"], () => afterDrawing(() => write("pushState")));
	store.on(["pattern", "layout"], () => write("replaceState"));
}

/* The name of a zoom takes a pass over the profile the first time: let the frame go first. */
function afterDrawing(callback) {
	requestAnimationFrame(() => setTimeout(callback));
}

function applyView({ z, q, l }, store, actions) {
	const { model, pattern } = store.state;
	store.set({ layout: l === "flame" ? "flame" : "icicle" });
	if (q !== pattern) actions.searchFor(q);
	actions.zoomTo(z === "" ? 0 : model.pathHashes.find(z));
}

function readHash() {
	const parameters = new URLSearchParams(location.hash.slice(1));
	return {
		z: parameters.get("z") ?? "",
		q: parameters.get("q") ?? "",
		l: parameters.get("l") ?? "",
	};
}

function formatHash({ model, zoom, pattern, layout }) {
	const parameters = new URLSearchParams();
	if (zoom !== 0) parameters.set("z", model.pathHashes.keyOf(zoom));
	if (pattern !== "") parameters.set("q", pattern);
	if (layout === "flame") parameters.set("l", layout);
	const text = parameters.toString();
	return text === "" ? "" : `#${text}`;
}
