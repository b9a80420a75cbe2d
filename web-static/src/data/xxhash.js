// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * XXH64 with seed 0, of which zstd frames keep the low 32 bits. 64-bit words are pairs of 32-bit
 * ones, low and high, in typed arrays: BigInt is many times slower.
 */
const PRIME_1 = makeWord(0x85ebca87, 0x9e3779b1);
const PRIME_2 = makeWord(0x27d4eb4f, 0xc2b2ae3d);
const PRIME_3 = makeWord(0x9e3779f9, 0x165667b1);
const PRIME_4 = makeWord(0xc2b2ae63, 0x85ebca77);
const PRIME_5 = makeWord(0x165667c5, 0x27d4eb2f);
const STRIPE = 32;
const PRODUCT = makeWord(0, 0); /* scratch */

function makeWord(low, high) {
	return Int32Array.of(low, high);
}

/** The low 32 bits of XXH64. @param {Uint8Array} bytes */
export function xxhash64Low(bytes) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const hash = bytes.length < STRIPE ? PRIME_5.slice() : hashStripes(view);
	add(hash, makeWord(bytes.length, bytes.length / 2 ** 32));
	hashTail(hash, view, bytes.length - (bytes.length % STRIPE));
	xorShift(hash, 33);
	multiply(hash, PRIME_2);
	xorShift(hash, 29);
	multiply(hash, PRIME_3);
	xorShift(hash, 32);
	return hash[0] >>> 0;
}

function hashStripes(view) {
	const lanes = [
		add(PRIME_1.slice(), PRIME_2),
		PRIME_2.slice(),
		makeWord(0, 0),
		negated(PRIME_1),
	];
	const word = makeWord(0, 0);
	for (let at = 0; at + STRIPE <= view.byteLength; at += STRIPE)
		for (let lane = 0; lane < 4; lane++)
			mixWord(lanes[lane], readWord(word, view, at + 8 * lane));
	const hash = makeWord(0, 0);
	[1, 7, 12, 18].forEach((bits, lane) => add(hash, rotated(lanes[lane], bits)));
	for (const lane of lanes) {
		mixInto(hash, mixWord(makeWord(0, 0), lane));
		multiply(hash, PRIME_1);
		add(hash, PRIME_4);
	}
	return hash;
}

function hashTail(hash, view, at) {
	for (; at + 8 <= view.byteLength; at += 8) {
		mixInto(hash, mixWord(makeWord(0, 0), readWord(makeWord(0, 0), view, at)));
		rotateMultiplyAdd(hash, 27, PRIME_1, PRIME_4);
	}
	if (at + 4 <= view.byteLength) {
		mixInto(hash, multiply(makeWord(view.getUint32(at, true), 0), PRIME_1));
		rotateMultiplyAdd(hash, 23, PRIME_2, PRIME_3);
		at += 4;
	}
	for (; at < view.byteLength; at++) {
		mixInto(hash, multiply(makeWord(view.getUint8(at), 0), PRIME_5));
		rotateMultiplyAdd(hash, 11, PRIME_1, makeWord(0, 0));
	}
}

/* One round: lane = rotate(lane + word * prime 2, 31) * prime 1. */
function mixWord(lane, word) {
	PRODUCT[0] = word[0];
	PRODUCT[1] = word[1];
	add(lane, multiply(PRODUCT, PRIME_2));
	rotate(lane, 31);
	return multiply(lane, PRIME_1);
}

function rotateMultiplyAdd(hash, bits, factor, addend) {
	rotate(hash, bits);
	multiply(hash, factor);
	add(hash, addend);
}

function readWord(word, view, at) {
	word[0] = view.getUint32(at, true);
	word[1] = view.getUint32(at + 4, true);
	return word;
}

function add(to, other) {
	const low = (to[0] >>> 0) + (other[0] >>> 0);
	to[1] += other[1] + (low > 0xffffffff ? 1 : 0);
	to[0] = low;
	return to;
}

function negated(word) {
	return add(makeWord(~word[0], ~word[1]), makeWord(1, 0));
}

function mixInto(hash, word) {
	hash[0] ^= word[0];
	hash[1] ^= word[1];
}

/* The low 64 bits of a product; the carry into the high word from 16-bit parts. */
function multiply(to, factor) {
	const low = to[0];
	const high = to[1];
	const lowLow = (low & 0xffff) * (factor[0] & 0xffff);
	const middle = (low >>> 16) * (factor[0] & 0xffff) + (lowLow >>> 16);
	const other = (low & 0xffff) * (factor[0] >>> 16) + (middle & 0xffff);
	const carry =
		(low >>> 16) * (factor[0] >>> 16) + Math.floor(middle / 65536) + (other >>> 16);
	to[1] = carry + Math.imul(low, factor[1]) + Math.imul(high, factor[0]);
	to[0] = Math.imul(low, factor[0]);
	return to;
}

function rotate(word, bits) {
	const low = word[0];
	const high = word[1];
	word[0] = (low << bits) | (high >>> (32 - bits));
	word[1] = (high << bits) | (low >>> (32 - bits));
}

function rotated(word, bits) {
	const copy = word.slice();
	rotate(copy, bits);
	return copy;
}

function xorShift(word, bits) {
	const low = word[0];
	const high = word[1];
	word[0] =
		low ^ (bits >= 32 ? high >>> (bits - 32) : (low >>> bits) | (high << (32 - bits)));
	word[1] = bits >= 32 ? high : high ^ (high >>> bits);
}
