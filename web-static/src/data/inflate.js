// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
import { FormatError, UNPACKED_MAX } from "./error.js";

/** Deflate without a wrapper, as in the data block. */
export function inflateRaw(bytes) {
	return inflate(bytes, "deflate-raw", "the data block is damaged or cut short");
}

export function isGzip(bytes) {
	return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

export function gunzip(bytes) {
	return inflate(
		bytes,
		"gzip",
		"the gzip data is damaged, cut short, or made of several members (gunzip the file first)",
	);
}

/** @returns {Promise<Uint8Array>} */
async function inflate(bytes, format, failure) {
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
	const reader = stream.getReader();
	const chunks = [];
	let length = 0;
	for (;;) {
		const { done, value } = await reader.read().catch(() => {
			throw new FormatError(failure);
		});
		if (done) return concatenate(chunks, length);
		chunks.push(value);
		length += value.length;
		if (length > UNPACKED_MAX) {
			reader.cancel().catch(() => {});
			throw new FormatError("the file unpacks to more than 1 GiB");
		}
	}
}

export function concatenate(chunks, length) {
	if (chunks.length === 1) return chunks[0];
	const all = new Uint8Array(length);
	let at = 0;
	for (const chunk of chunks) {
		all.set(chunk, at);
		at += chunk.length;
	}
	return all;
}
