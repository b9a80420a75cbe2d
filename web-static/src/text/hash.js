// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** FNV-1a over UTF-16 units: the same colour and the same link for a name, on every machine. */
export function hashText(text, seed = 0x811c9dc5) {
	let hash = seed;
	for (let i = 0; i < text.length; i++)
		hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return hash >>> 0;
}

/** Spreads all bits of two words into one (the finalizer of MurmurHash3). */
export function mixHash(left, right) {
	let hash = left ^ Math.imul(right, 0x9e3779b1);
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return (hash ^ (hash >>> 16)) >>> 0;
}
