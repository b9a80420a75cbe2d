// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Writes profile.proto for tests: a location per frame; inlined ones are lines of theirs. */

const INLINE_SUFFIX = "_[i]";

/* Which one code is in, by the suffix of its name; the first is for names without. */
const MAPPINGS = [
	{ suffix: "", file: "/usr/bin/thing", start: 0x400000n },
	{ suffix: "_[k]", file: "[kernel.kallsyms]", start: 0xffffffff81000000n },
	{ suffix: "_[j]", file: "[anon]", start: 0x7f0000000000n },
];

function varint(value) {
	const bytes = [];
	for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
		const byte = Number(rest & 127n);
		if (rest < 128n) return Buffer.from([...bytes, byte]);
		bytes.push(byte | 128);
	}
}

function number(field, value) {
	return Buffer.concat([varint(field << 3), varint(value)]);
}

function bytes(field, content) {
	const data = Buffer.from(content);
	return Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
}

function message(field, ...parts) {
	return bytes(field, Buffer.concat(parts));
}

/**
 * @param {{path: string[], count: number|bigint}[]} stacks as oracle.mjs reads them: the first
 *     name of a path is the comm and becomes a label
 * @param {string[]} comments
 */
export function encodePprof(stacks, comments = []) {
	const writer = new PprofWriter();
	const samples = stacks.map(({ path, count }) => writer.sample(path, count));
	const texts = comments.map((text) => number(13, writer.string(text)));
	const tables = [
		message(1, number(1, writer.string("samples")), number(2, writer.string("count"))),
		message(
			1,
			number(1, writer.string("cpu")),
			number(2, writer.string("nanoseconds")),
		),
		message(
			11,
			number(1, writer.string("cpu")),
			number(2, writer.string("nanoseconds")),
		),
		number(12, 10101010),
		number(14, writer.string("cpu")),
		number(9, 1700000000000000000n),
		number(10, 30000000000),
		...MAPPINGS.map((mapping, i) => encodeMapping(writer, i + 1, mapping)),
	];
	const strings = writer.strings.map((text) => bytes(6, text));
	return Buffer.concat([...tables, ...samples, ...writer.messages, ...texts, ...strings]);
}

function encodeMapping(writer, id, { file, start }) {
	return message(
		3,
		number(1, id),
		number(2, start),
		number(3, start + 0x1000000n),
		number(5, writer.string(file)),
	);
}

function mappingOf(name) {
	return Math.max(
		0,
		MAPPINGS.findIndex(({ suffix }) => suffix && name.endsWith(suffix)),
	);
}

class PprofWriter {
	strings = [""];
	messages = [];
	#strings = new Map([["", 0]]);
	#functions = new Map();
	#locations = new Map();

	string(text) {
		if (!this.#strings.has(text)) this.#strings.set(text, this.strings.push(text) - 1);
		return this.#strings.get(text);
	}

	sample([comm, ...frames], count) {
		const ids = [];
		while (frames.length > 0) {
			const inlined = [frames.shift()];
			while (frames[0]?.endsWith(INLINE_SUFFIX)) inlined.push(frames.shift());
			ids.unshift(this.#location(inlined));
		}
		const label = message(
			3,
			number(1, this.string("comm")),
			number(2, this.string(comm)),
		);
		const values = [varint(count), varint(BigInt(count) * 10101010n)];
		return message(
			2,
			bytes(1, Buffer.concat(ids.map(varint))),
			bytes(2, Buffer.concat(values)),
			label,
		);
	}

	/* Lines: the innermost first, the physical function last. */
	#location(names) {
		const key = names.join(";");
		let id = this.#locations.get(key);
		if (id === undefined) {
			id = this.#locations.size + 1;
			this.#locations.set(key, id);
			const mapping = mappingOf(names[0]);
			const lines = names.map((name) =>
				message(4, number(1, this.#function(name)), number(2, 7)),
			);
			const address = MAPPINGS[mapping].start + BigInt(id);
			this.messages.push(
				message(
					4,
					number(1, id),
					number(2, mapping + 1),
					number(3, address),
					...lines.reverse(),
				),
			);
		}
		return id;
	}

	#function(name) {
		const plain = name.replace(/_\[[kij]\]$/, "");
		let id = this.#functions.get(plain);
		if (id === undefined) {
			id = this.#functions.size + 1;
			this.#functions.set(plain, id);
			this.messages.push(
				message(
					5,
					number(1, id),
					number(2, this.string(plain)),
					number(3, this.string(plain)),
					number(4, this.string("src/thing.c")),
					number(5, 40 + id),
				),
			);
		}
		return id;
	}
}
