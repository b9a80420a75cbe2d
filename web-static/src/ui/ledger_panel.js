// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The ledger in full: every class of ticks, every loss by its name, what the recording cost. */
import { ledgerSections } from "../model/ledger.js";
import { formatDuration, formatValue } from "../text/number.js";
import { safeText } from "../text/safe.js";
import { make } from "./dom.js";
import { formatTime } from "./status_bar.js";

/** @param {import("./store.js").State} state @returns {Node[]} */
export function ledgerPanel({ model }) {
	const { meta, notices } = model;
	const sections = meta.ledger ? ledgerSections(meta.ledger) : [];
	const nodes = sections.flatMap(({ title, rows }) => [
		make("h3", {}, title),
		make("table", {}, make("tbody", {}, ...rows.map(ledgerRow))),
	]);
	if (sections.length === 0)
		nodes.push(
			make(
				"p",
				{},
				"This file has no ledger, so it does not say what became of the ticks that are not in it.",
			),
		);
	nodes.push(make("h3", {}, "Profile"), metaTable(model));
	if (notices.length > 0)
		nodes.push(
			make("h3", {}, "Notices"),
			...notices.map((text) => make("p", { class: "wrap" }, safeText(text))),
		);
	return nodes;
}

function ledgerRow({ label, text, level, note, isLoss }) {
	const name = make("td", {}, make("span", { class: isLoss ? "loss" : undefined }, label));
	if (note) name.append(" ", make("span", { class: "note" }, note));
	const number = make("td", { class: isLoss ? "number loss" : "number" }, text);
	number.style.width = "150px";
	return make("tr", { class: `level-${level}` }, name, number);
}

function metaTable({ meta, total, trie, frames }) {
	const rows = [
		["host", meta.host],
		["command", meta.command],
		["event", meta.event],
		["rate", meta.frequency_hz && `${meta.frequency_hz} Hz`],
		["begun", meta.time_unix_ms && formatTime(meta.time_unix_ms)],
		["lasted", meta.duration_ns && formatDuration(meta.duration_ns)],
		["in this profile", formatValue(total, meta.value)],
		["tree", `${trie.count - 1} nodes, ${frames.count} frames`],
		["written by", meta.version && `smolder ${meta.version}`],
	];
	return make(
		"table",
		{},
		make(
			"tbody",
			{},
			...rows
				.filter(([, text]) => text)
				.map(([label, text]) =>
					make(
						"tr",
						{},
						make("td", { class: "note" }, label),
						make(
							"td",
							{ class: "wrap" },
							safeText(String(text)),
						),
					),
				),
		),
	);
}
