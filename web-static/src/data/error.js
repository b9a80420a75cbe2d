// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** A file this page cannot show; the message says what, where and why, for people. */
export class FormatError extends Error {
	constructor(message) {
		super(message);
		this.name = "FormatError";
	}
}

/* What one number of JavaScript holds exactly. */
export const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** The error for a count that would lose its low bits here. */
export function countTooLarge(what) {
	return new FormatError(`${what} is larger than 2^53, which this page cannot hold exactly`);
}

/* As the readers of smolder itself: no file unpacks to more than this. */
export const UNPACKED_MAX = 2 ** 30;
