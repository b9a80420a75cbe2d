// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Files that are dropped on the page or chosen; they are read here and sent nowhere. */
import { byId } from "./dom.js";

/**
 * @param {(file: File) => void} open
 * @returns {() => void} asks for a file
 */
export function followFiles(open) {
	const input = byId("file");
	input.addEventListener("change", () => {
		if (input.files.length > 0) open(input.files[0]);
		input.value = "";
	});
	const choose = () => input.click();
	byId("open").addEventListener("click", choose);
	byId("choose").addEventListener("click", choose);
	followDrops(open);
	return choose;
}

function followDrops(open) {
	const hint = byId("drop");
	const hasFile = (event) => event.dataTransfer?.types.includes("Files");
	window.addEventListener("dragover", (event) => {
		if (!hasFile(event)) return;
		event.preventDefault();
		hint.hidden = false;
	});
	window.addEventListener("dragleave", (event) => {
		if (event.relatedTarget === null) hint.hidden = true;
	});
	window.addEventListener("drop", (event) => {
		if (!hasFile(event)) return;
		event.preventDefault();
		hint.hidden = true;
		if (event.dataTransfer.files.length > 0) open(event.dataTransfer.files[0]);
	});
}
