// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The header's summary of the profile, the status line, and the ledger in one line. */
import { ledgerLine } from "../model/ledger.js";
import { formatDuration, formatPlural, formatValue } from "../text/number.js";
import { safeText } from "../text/safe.js";
import { nodeSentence } from "./describe.js";
import { byId, make } from "./dom.js";

const SUMMARY_TEXT_MAX = 48;

/** @param {import("./store.js").Store} store @param {import("./actions.js").Actions} actions */
export function showStatusBar(store, actions) {
	const ledgerButton = byId("ledger");
	ledgerButton.addEventListener("click", () => actions.togglePanel("ledger"));
	store.on(["model"], ({ model }) => {
		const summary = summaryOf(model);
		byId("summary").replaceChildren(...summary);
		byId("summary").title = byId("summary").textContent;
		document.title = `${titleOf(model.meta)} · smolder`;
		ledgerButton.hidden = false;
		ledgerButton.replaceChildren(...ledgerText(model));
	});
	store.on(["panel"], ({ panel }) =>
		ledgerButton.setAttribute("aria-pressed", String(panel === "ledger")),
	);
	store.on(["model", "zoom", "focus"], (state) => {
		const { name, text } = nodeSentence(state, state.focus);
		byId("status").replaceChildren(make("b", {}, name), `  ${text}`);
	});
}

function ledgerText({ meta, notices, total }) {
	const line = ledgerLine(meta.ledger);
	if (line.length === 0)
		line.push(
			{ text: formatValue(total, meta.value) },
			{ text: "no ledger in this file" },
		);
	if (notices.length > 0)
		line.push({ text: formatPlural(notices.length, "notice"), isLoss: true });
	return line.flatMap(({ text, isLoss }, i) => [
		i > 0 ? " · " : "",
		isLoss ? make("span", { class: "loss" }, text) : text,
	]);
}

function titleOf({ title, command, host }) {
	return safeText(title || command || host || "profile", SUMMARY_TEXT_MAX);
}

function summaryOf({ meta, total }) {
	const parts = [];
	if (meta.host && !titleOf(meta).includes(safeText(meta.host, SUMMARY_TEXT_MAX)))
		parts.push(safeText(meta.host, SUMMARY_TEXT_MAX));
	parts.push(formatValue(total, meta.value));
	if (meta.event) parts.push(safeText(meta.event, SUMMARY_TEXT_MAX));
	if (meta.frequency_hz) parts.push(`${meta.frequency_hz} Hz`);
	if (meta.duration_ns) parts.push(formatDuration(meta.duration_ns));
	if (meta.time_unix_ms) parts.push(formatTime(meta.time_unix_ms));
	const title = titleOf(meta);
	const facts = parts.filter((part) => part !== "");
	return [make("b", {}, title), ` · ${facts.join(" · ")}`];
}

/** UTC, so that two people who talk about a profile read the same time. */
export function formatTime(milliseconds) {
	const date = new Date(milliseconds);
	if (Number.isNaN(date.getTime())) return "";
	return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
