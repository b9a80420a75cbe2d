// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** What a profiled program, or a damaged file, may put into a page. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { encodeColumns, encodeTree, makeNode, writeReport } from "./lib/block.mjs";
import {
	closeQuietly,
	missing,
	openPage,
	SCREENSHOTS,
	settle,
	startBrowser,
	stateOf,
	VIEWER,
	waitReady,
} from "./lib/browser.mjs";

const NAMES = [
	"</script><script>window.hacked=1</script>",
	"<img src=x onerror=window.hacked=1>",
	"]]>--><!--<style>*{display:none}</style>",
	"tab\tnewline\nreturn\rnul\0bell\x07escape\x1b[31m",
	"right\u202eot\u202c \u2066left\u2069 \u200f",
	"line\u2028and\u2029paragraph",
	"",
	" ",
	"long".repeat(2500),
	"z\u0300\u0301\u0302\u0303\u0304\u0305\u0306".repeat(50),
	"\ufeffmark \ud800 lone \udc00",
	"עברית العربية 漢字 🔥👩‍👩‍👧",
	"a;b 5;$& $1 `${x}` %s \\u0041",
	"__proto__",
	"constructor",
	"[incomplete: </script>]",
];

let browser;
before(async () => {
	if (!missing) browser = await startBrowser();
});
after(() => browser?.stop());

async function show(block, name) {
	const file = path.join(browser.scratch, `${name}.html`);
	writeReport(VIEWER, block, file);
	return openPage(browser, file);
}

function hostileTree() {
	const root = makeNode(null);
	NAMES.forEach((name, i) => {
		const frame = { name, kind: i % 8, module: name, file: name, line: i };
		const node = makeNode({ ...frame, kind: 5 }, 10);
		node.children.set(name, makeNode(frame, 100 - i));
		root.children.set(name, node);
	});
	return root;
}

test("names are text and nothing else", { skip: missing ?? false }, async () => {
	const meta = {
		title: NAMES[0],
		host: NAMES[4],
		command: NAMES[8],
		event: NAMES[1],
		version: NAMES[3],
		ledger: {
			samples: {
				expected: 1,
				recorded: 1,
				lost: { [NAMES[0]]: 3, __proto__: 4 },
			},
		},
	};
	const { page, complaints } = await show(encodeTree(hostileTree(), meta), "names");
	await waitReady(page);
	const shown = await page.evaluate(() =>
		window.smolder.children(0).map((node) => window.smolder.describe(node).name),
	);
	assert.deepEqual(
		new Set(shown),
		new Set(NAMES.map((name) => name.toWellFormed?.() ?? Buffer.from(name).toString())),
	);
	await page.keyboard.press("l");
	for (const node of await page.evaluate(() => window.smolder.children(0))) {
		const { box } = await page.evaluate((id) => window.smolder.describe(id), node);
		await page.mouse.move(box.x + 3, box.y + 30);
		const tooltip = await page.locator("#tooltip").boundingBox();
		assert.ok(tooltip.height < 400, `a tooltip ${tooltip.height} pixels high`);
		await page.mouse.click(box.x + 3, box.y + 30);
		await page.keyboard.press("Backspace");
		await page.keyboard.press("Escape");
		await settle(page);
	}
	await page.keyboard.press("t");
	const texts = await page.evaluate(() => document.body.innerText);
	assert.doesNotMatch(texts, /[\u202a-\u202e\u2066-\u2069\u2028\u2029\0\x1b]/);
	assert.equal(await page.evaluate(() => window.hacked), undefined);
	assert.equal(await page.locator("script").count(), 2);
	assert.equal(await page.locator("img").count(), 0);
	await page.screenshot({ path: path.join(SCREENSHOTS, "hostile.png") });
	await closeQuietly(page, complaints);
});

test("every hostile name can be searched for", { skip: missing ?? false }, async () => {
	const { page, complaints } = await show(encodeTree(hostileTree()), "search");
	await waitReady(page);
	await page.fill("#pattern", "^$");
	assert.equal((await stateOf(page)).matched, 10 + 100 - NAMES.indexOf(""));
	await page.fill("#pattern", "^__proto__$");
	assert.equal((await stateOf(page)).matched, 10 + 100 - NAMES.indexOf("__proto__"));
	await page.fill("#pattern", "script");
	assert.equal((await stateOf(page)).matches, 2);
	await closeQuietly(page, complaints);
});

test("20,000 frames deep", { skip: missing ?? false }, async () => {
	const depth = 20000;
	const frames = [
		{ name: "down", kind: 0 },
		{ name: "bottom", kind: 1 },
	];
	const columns = [new Uint8Array(depth), new Uint8Array(depth), new Uint8Array(depth)];
	columns[1][depth - 1] = 1;
	columns[2][depth - 1] = 7;
	const { page, complaints } = await show(
		encodeColumns({ meta: {}, frames, columns }),
		"deep",
	);
	await waitReady(page);
	await page.fill("#pattern", "bottom");
	await page.keyboard.press("Enter");
	await settle(page);
	const found = await page.evaluate(() =>
		window.smolder.describe(window.smolder.state.focus),
	);
	assert.equal(found.depth, depth);
	const stage = await page.locator("#stage").boundingBox();
	assert.ok(
		found.box.y >= stage.y && found.box.y + found.box.height <= stage.y + stage.height,
		"the match was not scrolled into view",
	);
	await page.keyboard.press("Escape");
	await page.keyboard.press("Enter");
	await settle(page);
	assert.equal((await stateOf(page)).zoom, depth);
	assert.match(await page.textContent("#crumbs"), /… 19994 more …/);
	await closeQuietly(page, complaints);
});

const GOOD = {
	meta: {},
	frames: [
		{ name: "a", kind: 0 },
		{ name: "b", kind: 1 },
	],
};
const block = (columns, more = {}) => encodeColumns({ ...GOOD, ...more, columns });
const patched = (bytes, at, value) =>
	Buffer.concat([bytes.subarray(0, at), Buffer.from(value), bytes.subarray(at + 1)]);
const SOUND = block([
	[0, 0],
	[0, 1],
	[1, 2],
]);
const BROKEN = {
	"another magic": [patched(SOUND, 0, "X"), /does not start with SMLD/],
	"another version": [patched(SOUND, 4, [2]), /version 2/],
	"a step above the root": [
		block([
			[0, 2],
			[0, 1],
			[1, 2],
		]),
		/steps above the root/,
	],
	"a frame that is not there": [
		block([
			[0, 0],
			[0, 2],
			[1, 2],
		]),
		/node frames is 2, of 2/,
	],
	"a kind that is not there": [
		block([[0], [0], [1]], { frames: [{ name: "a", kind: 8 }] }),
		/frame kinds is 8/,
	],
	"siblings out of order": [
		block([
			[0, 1],
			[0, 1],
			[1, 2],
		]),
		/out of order/,
	],
	"a count beyond 2^53": [
		block([
			[0, 0],
			[0, 1],
			[1, 2 ** 60],
		]),
		/larger than 2\^53/,
	],
	"a sum beyond 2^53": [
		block([
			[0, 0],
			[0, 1],
			[2 ** 53 - 1, 2 ** 53 - 1],
		]),
		/larger than 2\^53/,
	],
	"a number that does not end": [
		Buffer.concat([SOUND.subarray(0, -1), Buffer.alloc(20, 0x80)]),
		/not a varint|ends inside/,
	],
	"more nodes than bytes": [
		patched(SOUND, SOUND.length - 7, [0xff, 0xff, 0xff, 0x7f]),
		/ends inside/,
	],
	"bytes left over": [Buffer.concat([SOUND, Buffer.alloc(3)]), /3 bytes too many/],
	"meta that is not JSON": [patched(SOUND, 6, "x"), /not JSON/],
};

for (const [title, [bytes, message]] of Object.entries(BROKEN))
	test(`a block with ${title} is refused`, { skip: missing ?? false }, async () => {
		const { page, complaints } = await show(bytes, "broken");
		await page.waitForFunction(() => !document.querySelector("#failure").hidden);
		const text = await page.textContent("#failure-text");
		assert.match(text, /^Cannot show the profile in this page: /);
		assert.match(text, message);
		assert.doesNotMatch(text, /unexpected/);
		await closeQuietly(page, complaints);
	});

test("a block cut anywhere is refused in words", { skip: missing ?? false }, async () => {
	for (let length = 0; length < SOUND.length; length += 3) {
		const { page, complaints } = await show(SOUND.subarray(0, length), "cut");
		await page.waitForFunction(() => !document.querySelector("#failure").hidden);
		assert.doesNotMatch(await page.textContent("#failure-text"), /unexpected/);
		await closeQuietly(page, complaints);
	}
});

test("odd meta is left out", { skip: missing ?? false }, async () => {
	const meta = {
		title: 7,
		host: {},
		frequency_hz: "99",
		duration_ns: -1,
		time_unix_ms: 1e300,
		value: "x",
		ledger: { samples: { expected: "many", lost: [] }, stacks: null, self: 7 },
	};
	const { page, complaints } = await show(
		block(
			[
				[0, 0],
				[0, 1],
				[1, 2],
			],
			{ meta },
		),
		"meta",
	);
	await waitReady(page);
	assert.match(await page.textContent("#ledger"), /^3 samples · no ledger/);
	await page.keyboard.press("l");
	assert.match(await page.innerText("#panel"), /3 samples/);
	await closeQuietly(page, complaints);
});

test("an empty profile is shown as one", { skip: missing ?? false }, async () => {
	const { page, complaints } = await show(
		encodeColumns({ meta: {}, frames: [], columns: [[], [], []] }),
		"empty",
	);
	await waitReady(page);
	assert.equal((await stateOf(page)).total, 0);
	for (const key of ["ArrowDown", "Enter", "t", "l", "i", "i", "Escape"])
		await page.keyboard.press(key);
	await page.fill("#pattern", "x");
	await settle(page);
	assert.equal(await page.textContent("#hits"), "no match");
	await closeQuietly(page, complaints);
});
