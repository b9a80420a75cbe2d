// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Keys, and the help that lists them from the same table. */
import { byId } from "./dom.js";

/**
 * @typedef {{keys: string[], text: string, run: () => void}} Shortcut
 *
 * @param {import("./store.js").Store} store
 * @param {import("./actions.js").Actions} actions
 * @param {{openFile: () => void, toggleHelp: () => void}} dialogs
 * @returns {Record<string, Shortcut[]>} by heading, worded for the layout of now
 */
export function listShortcuts(store, actions, dialogs) {
	const isFlame = () => store.state.layout === "flame";
	const away = isFlame() ? "ArrowUp" : "ArrowDown"; /* from the root */
	const vertical = (isDown) => actions.walk(isDown === isFlame() ? "parent" : "child");
	const verticalText = (key) => (key === away ? "heaviest callee" : "caller");
	return {
		Walk: [
			{
				keys: ["ArrowUp"],
				text: verticalText("ArrowUp"),
				run: () => vertical(false),
			},
			{
				keys: ["ArrowDown"],
				text: verticalText("ArrowDown"),
				run: () => vertical(true),
			},
			{
				keys: ["ArrowLeft"],
				text: "heavier sibling",
				run: () => actions.walk("previous"),
			},
			{
				keys: ["ArrowRight"],
				text: "lighter sibling",
				run: () => actions.walk("next"),
			},
		],
		Zoom: [
			{
				keys: ["Enter"],
				text: "zoom to the focused frame",
				run: () => actions.zoomToFocus(),
			},
			{
				keys: ["Backspace"],
				text: "zoom out by one",
				run: () => actions.zoomUp(),
			},
			{ keys: ["0"], text: "show all", run: () => actions.reset() },
			{
				keys: ["Escape"],
				text: "show all, then end the search",
				run: () => actions.escape(),
			},
		],
		Search: [
			{ keys: ["/"], text: "search", run: () => byId("pattern").select() },
			{
				keys: ["n"],
				text: "next match, heaviest first",
				run: () => actions.stepMatch(1),
			},
			{ keys: ["N"], text: "previous match", run: () => actions.stepMatch(-1) },
		],
		View: [
			{ keys: ["i"], text: "icicle or flame", run: () => actions.toggleLayout() },
			{ keys: ["d"], text: "dark or light", run: () => actions.toggleTheme() },
			{
				keys: ["t"],
				text: "top functions",
				run: () => actions.togglePanel("top"),
			},
			{ keys: ["l"], text: "ledger", run: () => actions.togglePanel("ledger") },
			{ keys: ["o"], text: "open a file", run: dialogs.openFile },
			{ keys: ["?"], text: "this help", run: dialogs.toggleHelp },
		],
	};
}

/** @param {Record<string, Shortcut[]>} shortcuts */
export function followKeyboard(shortcuts) {
	const byKey = new Map();
	for (const shortcut of Object.values(shortcuts).flat())
		for (const key of shortcut.keys) byKey.set(key, shortcut);
	document.addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey || byId("help-dialog").open)
			return;
		if (event.target === byId("pattern")) return leaveSearch(event);
		const shortcut = byKey.get(event.key);
		const isMove = event.key.startsWith("Arrow") || event.key === "Enter";
		if (!shortcut || (isMove && belongsToControl(event))) return;
		event.preventDefault();
		if (isMove) byId("mirror").focus({ preventScroll: true });
		shortcut.run();
	});
}

/* Enter presses a button; in a panel, arrows scroll. */
function belongsToControl({ key, target }) {
	const isButton = target instanceof HTMLButtonElement;
	return (isButton && key === "Enter") || byId("panel").contains(target);
}

function leaveSearch(event) {
	if (event.key === "Escape" || event.key === "ArrowDown") {
		event.preventDefault();
		byId("mirror").focus({ preventScroll: true });
	}
}
