// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * Files damaged at random, by a fixed seed: a reader takes them or says what is wrong, in its own
 * words, and what it takes is a sound tree. Runs without a browser.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { encodeTree, treeFromFolded } from "./lib/block.mjs";
import { randomFolded, readStacks, sumOf } from "./lib/oracle.mjs";
import { encodePprof } from "./lib/pprof.mjs";
import { makeRandom } from "./lib/sample.mjs";

const SOURCES = new URL("../../web-static/", import.meta.url);
const ROUNDS = 1500;
const skip = existsSync(fileURLToPath(new URL("node_modules/fzstd", SOURCES)))
	? false
	: "web-static/node_modules is missing: run 'make deps'";

const TEXT = randomFolded(40, 5);
const SEEDS = {
	block: encodeTree(treeFromFolded(TEXT), { title: "x", ledger: null }),
	pprof: encodePprof(readStacks(TEXT), ["smolder-host: x"]),
	folded: Buffer.from(TEXT),
	gzip: gzipSync(TEXT),
	zstd: rawZstd(Buffer.from(TEXT)),
};

/* One frame of one raw block without a checksum: no need of a compressor. */
function rawZstd(bytes) {
	const head = Buffer.alloc(9);
	head.writeUInt32LE(0xfd2fb528, 0);
	head[4] = 0; /* window, no content size */
	head[5] = 0x38; /* 128 KiB */
	head.writeUIntLE((bytes.length << 3) | 1, 6, 3);
	return Buffer.concat([head, bytes]);
}

function mutate(bytes, random) {
	const copy = Buffer.from(bytes);
	for (let changes = 1 + Math.floor(4 * random()); changes > 0; changes--)
		copy[Math.floor(copy.length * random())] = Math.floor(256 * random());
	const place = Math.floor(copy.length * random());
	const kind = random();
	if (kind < 0.15) return copy.subarray(0, place);
	if (kind < 0.25) return Buffer.concat([copy.subarray(0, place), copy.subarray(place >> 1)]);
	return copy;
}

/* Totals follow from selfs, children lie inside their parents, in order. */
function checkTrie(trie) {
	for (let node = 0; node < trie.count; node++) {
		let sum = trie.self[node];
		let end = trie.start[node];
		trie.forEachChild(node, (child) => {
			assert.equal(trie.parent[child], node);
			assert.equal(trie.start[child], end);
			sum += trie.total[child];
			end += trie.total[child];
		});
		assert.equal(sum, trie.total[node]);
		assert.equal(end, trie.childrenEnd(node));
	}
}

for (const [name, seed] of Object.entries(SEEDS))
	test(`${name}, whole and damaged`, { skip }, async () => {
		const { openFile } = await import(new URL("src/data/open.js", SOURCES));
		const { FormatError } = await import(new URL("src/data/error.js", SOURCES));
		const { Model } = await import(new URL("src/model/model.js", SOURCES));
		const whole = new Model(await openFile(new Uint8Array(seed)));
		assert.equal(whole.total, sumOf(readStacks(TEXT)));
		checkTrie(whole.trie);
		const random = makeRandom(seed.length);
		let taken = 0;
		for (let round = 0; round < ROUNDS; round++) {
			try {
				const model = new Model(
					await openFile(new Uint8Array(mutate(seed, random))),
				);
				checkTrie(model.trie);
				taken++;
			} catch (error) {
				assert.ok(
					error instanceof FormatError,
					`round ${round}: ${error.stack}`,
				);
			}
		}
		console.log(`# ${name}: ${taken} of ${ROUNDS} damaged files could be read`);
	});

test("the layout draws every sample once in each row that is full", { skip }, async () => {
	const { openFile } = await import(new URL("src/data/open.js", SOURCES));
	const { Model } = await import(new URL("src/model/model.js", SOURCES));
	const { Layout } = await import(new URL("src/draw/layout.js", SOURCES));
	const { trie } = new Model(
		await openFile(new Uint8Array(Buffer.from(randomFolded(3000, 9)))),
	);
	for (const width of [1, 17, 640, 3840]) {
		const layout = new Layout(trie, 0, width);
		for (let row = 0; row < layout.rows; row++) {
			const [first, end] = layout.rowRange(row);
			let right = 0;
			for (let index = first; index < end; index++) {
				assert.ok(
					layout.leftOf(index) >= right - 1,
					"items overlap by more than rounding",
				);
				right = layout.rightOf(index);
				const middle = (layout.leftOf(index) + right) >> 1;
				const hit = layout.indexAt(row, middle);
				assert.ok(
					Math.abs(hit - index) <= 1,
					"what is drawn can be pointed at",
				);
			}
			assert.ok(right <= width + 1);
		}
	}
});
