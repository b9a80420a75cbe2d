// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Zstandard files, RFC 8878. The frames are walked here and their checksums compared, so that a cut
 * or damaged file, a dictionary or a bomb is told from a good file: fzstd checks none of these.
 */
import { Decompress, decompress } from "fzstd";
import { FormatError, UNPACKED_MAX } from "./error.js";
import { concatenate } from "./inflate.js";
import { xxhash64Low } from "./xxhash.js";

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50; /* to …5f */
const WINDOW_MAX = 2 ** 27; /* what the zstd command accepts without being asked to */

export function isZstd(bytes) {
	return bytes.length >= 4 && isFrameMagic(readWord(bytes, 0));
}

/**
 * @param {Uint8Array} bytes
 * @returns {{data: Uint8Array, skipped: Uint8Array[]}} the data, and what skippable frames hold
 */
export function unzstd(bytes) {
	const chunks = [];
	const skipped = [];
	let length = 0;
	for (let at = 0; at < bytes.length;) {
		const frame = readFrame(bytes, at);
		at = frame.end;
		if (frame.skippable) {
			skipped.push(bytes.subarray(frame.start, frame.end));
			continue;
		}
		const data = decodeFrame(
			bytes.subarray(frame.start, frame.end),
			frame,
			UNPACKED_MAX - length,
		);
		chunks.push(data);
		length += data.length;
	}
	return { data: concatenate(chunks, length), skipped };
}

function isFrameMagic(word) {
	return word === MAGIC || (word & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

function readWord(bytes, at) {
	if (at + 4 > bytes.length) throw cutShort();
	return (
		(bytes[at] |
			(bytes[at + 1] << 8) |
			(bytes[at + 2] << 16) |
			(bytes[at + 3] << 24)) >>>
		0
	);
}

function readLittle(bytes, at, size) {
	if (at + size > bytes.length) throw cutShort();
	let value = 0;
	for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
	return value;
}

function readFrame(bytes, at) {
	const magic = readWord(bytes, at);
	if (!isFrameMagic(magic))
		throw new FormatError(`the zstd data holds something else from byte ${at} on`);
	if (magic !== MAGIC) {
		const start = at + 8;
		const end = start + readWord(bytes, at + 4);
		if (end > bytes.length) throw cutShort();
		return { skippable: true, start, end };
	}
	const header = readHeader(bytes, at + 4);
	const blocksEnd = skipBlocks(bytes, header.blocks);
	const checksum = header.hasChecksum ? readWord(bytes, blocksEnd) : null;
	const end = blocksEnd + (header.hasChecksum ? 4 : 0);
	return { skippable: false, start: at, end, contentSize: header.contentSize, checksum };
}

/* RFC 8878, 3.1.1.1: descriptor, window, dictionary id, content size. */
function readHeader(bytes, at) {
	const descriptor = readLittle(bytes, at++, 1);
	const singleSegment = (descriptor >> 5) & 1;
	const dictionarySize = [0, 1, 2, 4][descriptor & 3];
	const sizeFlag = descriptor >> 6;
	const contentSizeLength = sizeFlag === 0 ? singleSegment : 1 << sizeFlag;
	let window = 0;
	if (!singleSegment) {
		const byte = readLittle(bytes, at++, 1);
		window = 2 ** (10 + (byte >> 3)) * (1 + (byte & 7) / 8);
	}
	if (window > WINDOW_MAX)
		throw new FormatError("the zstd data needs a window of more than 128 MiB");
	if (readLittle(bytes, at, dictionarySize) !== 0)
		throw new FormatError(
			"the zstd data needs a dictionary, which this page does not have",
		);
	at += dictionarySize;
	const contentSize = contentSizeLength
		? readLittle(bytes, at, contentSizeLength) + (contentSizeLength === 2 ? 256 : 0)
		: null;
	return { blocks: at + contentSizeLength, contentSize, hasChecksum: (descriptor >> 2) & 1 };
}

/* Blocks: 3 bytes of last (1 bit), type (2), size (21); an RLE block holds one byte. */
function skipBlocks(bytes, at) {
	for (;;) {
		const header = readLittle(bytes, at, 3);
		const type = (header >> 1) & 3;
		if (type === 3)
			throw new FormatError(
				"the zstd data is damaged: a block of an unknown type",
			);
		at += 3 + (type === 1 ? 1 : header >> 3);
		if (at > bytes.length) throw cutShort();
		if (header & 1) return at;
	}
}

function decodeFrame(bytes, frame, limit) {
	const tooLarge = () => new FormatError("the file unpacks to more than 1 GiB");
	if (frame.contentSize > limit) throw tooLarge();
	try {
		const data =
			frame.contentSize !== null
				? decompress(bytes)
				: decodeStream(bytes, limit, tooLarge);
		if (frame.checksum !== null && xxhash64Low(data) !== frame.checksum)
			throw new Error("wrong checksum");
		return data;
	} catch (error) {
		if (error instanceof FormatError) throw error;
		throw new FormatError("the zstd data is damaged, or needs a dictionary");
	}
}

function decodeStream(bytes, limit, tooLarge) {
	const chunks = [];
	let length = 0;
	const stream = new Decompress((chunk) => {
		length += chunk.length;
		if (length > limit) throw tooLarge();
		chunks.push(chunk);
	});
	stream.push(bytes, true);
	return concatenate(chunks, length);
}

function cutShort() {
	return new FormatError("the zstd data is cut short");
}
