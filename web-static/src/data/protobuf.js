// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
import { countTooLarge, FormatError } from "./error.js";

const WIRE = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 };

/** Walks the fields of one protobuf message: `while (message.next()) switch (message.field) …` */
export class MessageReader {
	/** @param {Uint8Array} bytes of this message alone */
	constructor(bytes, what) {
		this.field = 0;
		this.#bytes = bytes;
		this.#what = what;
	}

	#bytes;
	#what;
	#at = 0;
	#wire = 0;
	#isRead = true; /* the value of the current field */
	#low = 0;
	#high = 0;

	next() {
		if (!this.#isRead) this.#skip();
		if (this.#at >= this.#bytes.length) return false;
		this.#readVarint();
		this.field = this.#low >>> 3;
		this.#wire = this.#low & 7;
		this.#isRead = false;
		if (this.field === 0 || this.#high !== 0) throw this.#damaged();
		return true;
	}

	get isFixed() {
		return this.#wire === WIRE.FIXED32 || this.#wire === WIRE.FIXED64;
	}

	/** A varint that must be exact: 0 to 2^53 - 1. */
	number(what) {
		this.#expect(WIRE.VARINT);
		this.#readVarint();
		return this.#exact(what);
	}

	/** A varint of 64 bits as a key of a Map: a number where that is exact, else a BigInt. */
	key() {
		this.#expect(WIRE.VARINT);
		this.#readVarint();
		return this.#asKey();
	}

	/** @returns {Uint8Array} a view */
	bytes() {
		this.#expect(WIRE.BYTES);
		this.#readVarint();
		const length = this.#high * 2 ** 32 + this.#low;
		if (length > this.#bytes.length - this.#at) throw this.#damaged();
		this.#at += length;
		return this.#bytes.subarray(this.#at - length, this.#at);
	}

	/** A repeated scalar, packed or one at a time: appended to the list. */
	keys(list) {
		this.#repeated(list, () => this.#asKey());
	}

	numbers(list, what) {
		this.#repeated(list, () => this.#exact(what));
	}

	#repeated(list, convert) {
		if (this.#wire === WIRE.VARINT) {
			this.#isRead = true;
			this.#readVarint();
			list.push(convert());
			return;
		}
		const end = this.bytes().length;
		this.#at -= end;
		for (const stop = this.#at + end; this.#at < stop;) {
			this.#readVarint();
			list.push(convert());
		}
	}

	#exact(what) {
		if (this.#high >= 2 ** 31)
			throw new FormatError(
				`${what} is negative: differences are not shown by this page`,
			);
		if (this.#high >= 2 ** 21) throw countTooLarge(what);
		return this.#high * 2 ** 32 + this.#low;
	}

	#asKey() {
		return this.#high < 2 ** 21
			? this.#high * 2 ** 32 + this.#low
			: (BigInt(this.#high) << 32n) | BigInt(this.#low);
	}

	#expect(wire) {
		if (this.#wire !== wire) throw this.#damaged();
		this.#isRead = true;
	}

	#skip() {
		this.#isRead = true;
		if (this.#wire === WIRE.VARINT) {
			this.#readVarint();
			return;
		}
		if (this.#wire === WIRE.BYTES) {
			this.bytes();
			return;
		}
		if (!this.isFixed) throw this.#damaged();
		this.#at += this.#wire === WIRE.FIXED32 ? 4 : 8;
		if (this.#at > this.#bytes.length) throw this.#damaged();
	}

	/* 64 bits into two words: bits 0-27, 28-55, 56-63 come from bytes 0-3, 4-7, 8-9. */
	#readVarint() {
		const bytes = this.#bytes;
		const parts = [0, 0, 0];
		for (let i = 0; i < 10; i++) {
			if (this.#at >= bytes.length) throw this.#damaged();
			const byte = bytes[this.#at++];
			parts[i >> 2] += (byte & 127) * 2 ** (7 * (i & 3));
			if (byte < 128) {
				this.#low = (parts[0] | (parts[1] << 28)) >>> 0;
				this.#high = ((parts[1] >>> 4) | (parts[2] << 24)) >>> 0;
				return;
			}
		}
		throw this.#damaged();
	}

	#damaged() {
		return new FormatError(
			`the pprof data is damaged or cut short, inside ${this.#what}`,
		);
	}
}

/**
 * The field numbers of what is, from its first byte to its last, a message of varints and bytes; or
 * null.
 * @returns {Set<number>|null}
 */
export function surveyFields(bytes) {
	const fields = new Set();
	const message = new MessageReader(bytes, "a message");
	try {
		while (message.next()) {
			if (message.isFixed) return null;
			fields.add(message.field);
		}
	} catch {
		return null;
	}
	return fields;
}
