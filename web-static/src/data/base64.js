// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
import { FormatError } from "./error.js";

/** @param {string} text standard base64 @returns {Uint8Array} */
export function decodeBase64(text) {
	try {
		return Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : decodeByAtob(text);
	} catch {
		throw new FormatError("the data of this page is not base64: the file is damaged");
	}
}

function decodeByAtob(text) {
	const binary = atob(text);
	const bytes = new Uint8Array(binary.length);
	for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
	return bytes;
}
