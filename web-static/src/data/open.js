// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Opens any file this page knows; the content decides, never the name. */
import { decodeBase64 } from "./base64.js";
import { decodeBlock, isBlock } from "./block.js";
import { FormatError } from "./error.js";
import { readFolded } from "./folded.js";
import { gunzip, inflateRaw, isGzip } from "./inflate.js";
import { isPprof, readPprof } from "./pprof.js";
import { cleanMeta, isObject } from "./profile.js";
import { isZstd, unzstd } from "./zstd.js";

/** The profile inside a report page. @param {string} base64 */
export async function openEmbedded(base64) {
	return decodeBlock(await inflateRaw(decodeBase64(base64)));
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<import("./profile.js").Profile>}
 */
export async function openFile(bytes) {
	if (bytes.length === 0) throw new FormatError("the file is empty");
	if (isGzip(bytes)) return readUnpacked(await gunzip(bytes));
	if (isZstd(bytes)) {
		const { data, skipped } = unzstd(bytes);
		const profile = await readUnpacked(data);
		return { ...profile, meta: mergeSkipped(profile.meta, skipped) };
	}
	return readUnpacked(bytes);
}

async function readUnpacked(bytes) {
	if (isBlock(bytes)) return decodeBlock(bytes);
	if (isReport(bytes)) return openReport(bytes);
	if (isGzip(bytes) || isZstd(bytes)) throw new FormatError("the file is compressed twice");
	return isPprof(bytes) ? readPprof(bytes) : readFolded(bytes);
}

function isReport(bytes) {
	const head = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
	return head.startsWith("<!doctype html");
}

function openReport(bytes) {
	const text = new TextDecoder().decode(bytes);
	const match = /id="smolder-data">([A-Za-z0-9+/=]+)</.exec(text);
	if (!match) throw new FormatError("a web page, but not a report with a profile in it");
	return openEmbedded(match[1]);
}

/* smolder writes a skippable frame of JSON before its folded text; others may hold anything. */
function mergeSkipped(meta, skipped) {
	for (const bytes of skipped) {
		try {
			const json = JSON.parse(new TextDecoder().decode(bytes));
			if (isObject(json)) return { ...cleanMeta(json), value: meta.value };
		} catch {
			/* Not ours, as the format allows. */
		}
	}
	return meta;
}
