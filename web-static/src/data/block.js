// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The data block that smolder writes into its reports; docs/FORMATS.md describes it. */
import { FormatError } from "./error.js";
import { cleanMeta, KIND_NAMES, NO_FRAME } from "./profile.js";
import { ByteReader } from "./reader.js";
import { PackedStrings } from "./strings.js";

const MAGIC = [0x53, 0x4d, 0x4c, 0x44]; /* SMLD */
const VERSION = 1;

export function isBlock(bytes) {
	return MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * @param {Uint8Array} bytes the unpacked block
 * @returns {import("./profile.js").Profile}
 */
export function decodeBlock(bytes) {
	if (!isBlock(bytes)) throw new FormatError("the data block does not start with SMLD");
	const reader = new ByteReader(bytes);
	reader.take(MAGIC.length, "the magic");
	const version = reader.varint("the version");
	if (version !== VERSION)
		throw new FormatError(
			`the data block has version ${version}; this page reads ${VERSION}`,
		);
	const meta = readMeta(reader);
	const strings = readStrings(reader);
	const frames = readFrames(reader, strings.count);
	const nodes = readNodes(reader, frames.count);
	if (reader.left > 0)
		throw new FormatError(`the data block has ${reader.left} bytes too many`);
	return { meta, strings, frames, nodes, notices: [] };
}

function readMeta(reader) {
	const bytes = reader.take(reader.varint("the length of meta"), "meta");
	try {
		return cleanMeta(JSON.parse(new TextDecoder().decode(bytes)));
	} catch {
		throw new FormatError("the meta of the data block is not JSON");
	}
}

function readStrings(reader) {
	const count = reader.itemCount("strings");
	const ends = reader.column(new Uint32Array(count), 0, count, "string lengths");
	let end = 0;
	for (let i = 0; i < count; i++) {
		end += ends[i];
		ends[i] = end;
	}
	if (count === 0 || ends[0] !== 0)
		throw new FormatError("string 0 of the data block is not empty");
	return new PackedStrings(reader.take(end, "strings"), ends);
}

function readFrames(reader, stringCount) {
	const count = reader.itemCount("frames");
	const column = (what, limit) => {
		const values = reader.column(new Uint32Array(count), 0, count, what);
		checkBelow(values, 0, limit, what);
		return values;
	};
	const name = column("frame names", stringCount);
	const module = column("frame modules", stringCount);
	const file = column("frame files", stringCount);
	const line = column("frame lines", Infinity);
	const kind = Uint8Array.from(column("frame kinds", KIND_NAMES.length));
	return { count, name, module, file, line, kind };
}

function readNodes(reader, frameCount) {
	const given = reader.itemCount("nodes");
	const count = given + 1;
	const depth = reader.column(new Uint32Array(count), 1, given, "depth steps");
	stepsToDepths(depth);
	const frame = reader.column(new Uint32Array(count), 1, given, "node frames");
	checkBelow(frame, 1, frameCount, "node frames");
	frame[0] = NO_FRAME;
	const { values, total } = reader.countColumn(count, 1, given, "self counts");
	return { count, depth, frame, self: values, total };
}

/* A node's depth is the previous one's + 1 - step; before the first comes the root of all, at 0. */
function stepsToDepths(depth) {
	let previous = 0;
	for (let i = 1; i < depth.length; i++) {
		previous += 1 - depth[i];
		if (previous < 1)
			throw new FormatError(`node ${i} of the data block steps above the root`);
		depth[i] = previous;
	}
}

function checkBelow(values, first, limit, what) {
	for (let i = first; i < values.length; i++)
		if (values[i] >= limit)
			throw new FormatError(`one of the ${what} is ${values[i]}, of ${limit}`);
}
