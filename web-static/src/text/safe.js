// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Names come from other people's programs. What is drawn or put into the page passes here, so that
 * a name can neither reorder the text around it, nor break a line, nor fill a screen.
 */

/* Controls, line separators, and the characters that change the direction of text. */
const UNSAFE =
	/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/* More than two combining marks in a row paint over the neighbouring rows. */
const MARK_PILE = /(\p{M}{2})\p{M}+/gu;
const PLAIN = /^[\x20-\x7e]*$/;

export const SHOWN_MAX = 2000;

/** One safe line of text. Cut in the middle: both ends of a long name tell something. */
export function safeText(text, max = SHOWN_MAX) {
	if (text.length > max) {
		const half = max >> 1;
		text = `${text.slice(0, half)}…${text.slice(text.length - (max - half - 1))}`;
	}
	if (PLAIN.test(text)) return text;
	return text
		.replace(UNSAFE, (char) =>
			char < " " ? String.fromCharCode(0x2400 + char.charCodeAt(0)) : "␣",
		)
		.replace(LONE_SURROGATE, "\ufffd")
		.replace(MARK_PILE, "$1");
}

/** As safeText(), for a frame's name, which may be nothing to see. */
export function safeName(name, max = SHOWN_MAX) {
	return name.trim() === "" ? "(no name)" : safeText(name, max);
}
