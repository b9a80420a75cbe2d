// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The side panel: one at a time, each a function of the state. */
import { byId, make } from "./dom.js";
import { ledgerPanel } from "./ledger_panel.js";
import { topPanel } from "./top_panel.js";

const PANELS = {
	ledger: { title: "Ledger", fill: ledgerPanel },
	top: { title: "Top functions", fill: topPanel },
};

/** @param {import("./store.js").Store} store @param {import("./actions.js").Actions} actions */
export function showPanels(store, actions) {
	const aside = byId("panel");
	byId("top").addEventListener("click", () => actions.togglePanel("top"));
	store.on(["model", "panel"], ({ model, panel }) => {
		aside.hidden = panel === "" || !model;
		byId("top").setAttribute("aria-pressed", String(panel === "top"));
		if (aside.hidden) return aside.replaceChildren();
		const { title, fill } = PANELS[panel];
		const close = make(
			"button",
			{
				type: "button",
				class: "link",
				onclick: () => actions.togglePanel(panel),
			},
			"close",
		);
		aside.className = `panel ${panel}`;
		aside.setAttribute("aria-label", title);
		aside.replaceChildren(
			make("header", {}, make("h2", {}, title), close),
			...fill(store.state, actions),
		);
	});
}
