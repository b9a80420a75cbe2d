// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** What the spelling of a name tells, in formats that have no field for it. */
import { KIND } from "./profile.js";

const SUFFIX_KINDS = new Map([
	["_[k]", KIND.KERNEL],
	["_[i]", KIND.INLINE],
	["_[j]", KIND.JIT],
	["_[w]", KIND.USER] /* flamegraph.pl: a waker */,
]);
const UNNAMED = /^(.*)\+0x[0-9a-f]+$/;

/**
 * Splits a name of folded text into name, module ("" unknown) and kind.
 * @param {boolean} isRoot the outermost frame, where folded text has the process
 */
export function readFoldedName(text, isRoot) {
	let name = text;
	let kind = SUFFIX_KINDS.get(text.slice(-4));
	if (kind !== undefined) name = text.slice(0, -4);
	else if (isRoot)
		return { name, module: "", kind: isMarker(text) ? KIND.MARKER : KIND.PROCESS };
	else if (isMarker(text)) return { name, module: "", kind: KIND.MARKER };
	return classifyName(name, "", kind ?? KIND.USER);
}

/** A name that is only an object and an offset has the kind that says so. */
export function classifyName(name, module, kind) {
	const match = UNNAMED.exec(name);
	if (!match) return { name, module, kind };
	if (kind === KIND.KERNEL) kind = KIND.KERNEL_UNNAMED;
	else if (kind === KIND.USER) kind = KIND.USER_UNNAMED;
	return { name, module: module || match[1], kind };
}

export function isMarker(name) {
	return name.startsWith("[incomplete: ") && name.endsWith("]");
}
