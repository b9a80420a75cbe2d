// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
import { COUNT_MAX, countTooLarge, FormatError } from "./error.js";

const UINT32_MAX = 0xffffffff;

/** Reads unsigned LEB128 varints and bytes, and never past the end. */
export class ByteReader {
	/** @param {Uint8Array} bytes */
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
	}

	get left() {
		return this.bytes.length - this.at;
	}

	/** @param {string} what names the number in messages */
	varint(what) {
		let value = 0;
		let scale = 1;
		for (;;) {
			if (this.at >= this.bytes.length) throw truncated(what);
			const byte = this.bytes[this.at++];
			value += (byte & 127) * scale;
			if (value > COUNT_MAX) throw countTooLarge(what);
			if (byte < 128) return value;
			scale *= 128;
			if (scale > 2 ** 63) throw new FormatError(`${what} is not a varint`);
		}
	}

	/** @returns {Uint8Array} a view, not a copy */
	take(length, what) {
		if (length > this.left) throw truncated(what);
		this.at += length;
		return this.bytes.subarray(this.at - length, this.at);
	}

	/** A number of items of which each takes a byte or more. */
	itemCount(what) {
		const count = this.varint(`the number of ${what}`);
		if (count > this.left) throw truncated(what);
		return count;
	}

	/**
	 * `count` varints below 2^32, written from out[first] on.
	 * @param {Uint32Array} out
	 */
	column(out, first, count, what) {
		const { bytes } = this;
		const end = first + count;
		let at = this.at;
		for (let i = first; i < end; i++) {
			let byte = bytes[at++];
			if (byte < 128) {
				out[i] = byte;
				continue;
			}
			let value = byte & 127;
			let scale = 128;
			do {
				byte = bytes[at++];
				value += (byte & 127) * scale;
				scale *= 128;
			} while (byte >= 128 && scale < 2 ** 35);
			if (!(byte < 128) || value > UINT32_MAX)
				throw at > bytes.length ? truncated(what) : outOfRange(what);
			out[i] = value;
		}
		if (at > bytes.length) throw truncated(what);
		this.at = at;
		return out;
	}

	/**
	 * `count` counts from out[first] on; the array is as wide as their sum needs.
	 * @returns {{values: Uint32Array|Float64Array, total: number}}
	 */
	countColumn(length, first, count, what) {
		let values = new Uint32Array(length);
		let total = 0;
		for (let i = first; i < first + count; i++) {
			const byte = this.bytes[this.at];
			const value = byte < 128 ? (this.at++, byte) : this.varint(what);
			total += value;
			if (total > UINT32_MAX && values instanceof Uint32Array)
				values = Float64Array.from(values);
			values[i] = value;
		}
		if (total > COUNT_MAX) throw countTooLarge(`the sum of ${what}`);
		return { values, total };
	}
}

function truncated(what) {
	return new FormatError(`the data ends inside ${what}`);
}

function outOfRange(what) {
	return new FormatError(`a number of ${what} is out of range`);
}
