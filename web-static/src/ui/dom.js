// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Elements by id and elements made. Text only ever enters the page as text. */

/** @returns {HTMLElement} */
export function byId(id) {
	return document.getElementById(id);
}

/**
 * @param {string} tag
 * @param {Record<string, unknown>} attributes on… adds a listener; true and false set or omit
 * @param {...(Node|string)} children
 */
export function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === "function") element.addEventListener(name.slice(2), value);
		else if (value !== false && value !== undefined)
			element.setAttribute(name, value === true ? "" : String(value));
	}
	element.append(...children);
	return element;
}
