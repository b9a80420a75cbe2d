// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** What a reader does with a report: look, zoom, search, walk, and believe the numbers. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { encodeTree, treeFromFolded, writeReport } from "./lib/block.mjs";
import {
	closeQuietly,
	missing,
	openPage,
	pixelAt,
	placesOf,
	SCREENSHOTS,
	settle,
	startBrowser,
	stateOf,
	VIEWER,
	waitReady,
} from "./lib/browser.mjs";
import {
	countFunctions,
	countMatched,
	countPlaces,
	randomFolded,
	readStacks,
	sumOf,
} from "./lib/oracle.mjs";
import { SAMPLE_META, sampleTree } from "./lib/sample.mjs";

const SMALL =
	"app;main;work;malloc 30\napp;main;work 20\napp;main;idle;read_[k] 10\n" +
	"app;main;main;main 5\nother;main;malloc;malloc 35\n";

let browser;
before(async () => {
	if (!missing) browser = await startBrowser();
});
after(() => browser?.stop());

/** A test with a page that shows the text, or the tree. */
function check(title, source, run, options = {}) {
	test(title, { skip: missing ?? false }, async () => {
		const tree = typeof source === "string" ? treeFromFolded(source) : source();
		const meta = options.meta ?? { title };
		const file = path.join(browser.scratch, `${title.replace(/\W+/g, "-")}.html`);
		writeReport(VIEWER, encodeTree(tree, meta), file);
		const { page, complaints } = await openPage(browser, file, options.open);
		await waitReady(page);
		await run(page);
		await closeQuietly(page, complaints);
	});
}

/** Clicks on the frame that a path of names leads to. */
async function clickFrame(page, names) {
	const node = await findNode(page, names);
	const { box } = await page.evaluate((id) => window.smolder.describe(id), node);
	await page.mouse.click(box.x + Math.min(box.width / 2, 30), box.y + box.height / 2);
	await settle(page);
}

function findNode(page, names) {
	return page.evaluate(
		(path) =>
			path.reduce(
				(node, name) =>
					window.smolder
						.children(node)
						.find(
							(child) =>
								window.smolder.describe(child)
									.name === name,
						),
				0,
			),
		names,
	);
}

async function focusedName(page) {
	return page.evaluate(() => window.smolder.describe(window.smolder.state.focus).name);
}

async function zoomedName(page) {
	return page.evaluate(() => window.smolder.describe(window.smolder.state.zoom).name);
}

async function press(page, ...keys) {
	for (const key of keys) await page.keyboard.press(key);
	await settle(page);
}

for (const seed of [1, 2, 3]) {
	const text = randomFolded(400, seed);
	const stacks = readStacks(text);
	check(`every total and self is what the text says, seed ${seed}`, text, async (page) => {
		const places = await placesOf(page);
		assert.deepEqual(places, countPlaces(stacks));
		assert.equal((await stateOf(page)).total, sumOf(stacks));
	});
	check(`functions count recursion once, seed ${seed}`, text, async (page) => {
		const top = await page.evaluate(() => window.smolder.top("total", 1000));
		const wanted = countFunctions(stacks);
		const suffix = { kernel: "_[k]", inlined: "_[i]", JIT: "_[j]" };
		assert.deepEqual(
			Object.fromEntries(
				top.map(({ name, kind, total, self }) => [
					name + (suffix[kind] ?? ""),
					[total, self],
				]),
			),
			wanted,
		);
	});
	check(`a search counts each stack once, seed ${seed}`, text, async (page) => {
		for (const pattern of [
			"main",
			"^(run|poll)$",
			"r",
			"Frob",
			"λ",
			"^$",
			"\\bnew\\b",
			"no such",
		]) {
			await page.fill("#pattern", pattern);
			const { matched } = await stateOf(page);
			const flags = pattern === "Frob" ? "" : "i";
			assert.equal(
				matched,
				countMatched(stacks, new RegExp(pattern, flags)),
				pattern,
			);
		}
	});
}

check("a click zooms, the breadcrumb and Escape go back", SMALL, async (page) => {
	await clickFrame(page, ["app", "main", "work"]);
	assert.equal(await zoomedName(page), "work");
	assert.deepEqual(await page.locator("#crumbs button").allTextContents(), [
		"all",
		"app",
		"main",
		"work",
	]);
	assert.match(await page.textContent("#crumbs"), /50\.00% of all/);
	assert.match(
		await page.textContent("#status"),
		/work.*50 samples \(50\.00% of all, 100% of zoom\)/,
	);
	await page.locator("#crumbs button", { hasText: "app" }).click();
	assert.equal(await zoomedName(page), "app");
	await press(page, "Backspace");
	assert.equal((await stateOf(page)).zoom, 0);
	await clickFrame(page, ["other"]);
	await press(page, "Escape");
	assert.equal((await stateOf(page)).zoom, 0);
	await clickFrame(page, ["other"]);
	await press(page, "0");
	assert.equal((await stateOf(page)).zoom, 0);
});

check("a zoomed frame fills the width, and siblings share it by weight", SMALL, async (page) => {
	await clickFrame(page, ["app", "main"]);
	const width = await page.evaluate(
		() => document.querySelector("#graph").getBoundingClientRect().width,
	);
	const boxOf = async (names) => {
		const node = await findNode(page, names);
		return page.evaluate((id) => window.smolder.describe(id).box, node);
	};
	const main = await boxOf(["app", "main"]);
	const work = await boxOf(["app", "main", "work"]);
	const idle = await boxOf(["app", "main", "idle"]);
	assert.equal(main.width, width);
	assert.ok(Math.abs(work.width - (width * 50) / 65) <= 1);
	assert.ok(Math.abs(idle.x - (work.x + work.width)) <= 1);
	assert.equal(work.y - main.y, main.height);
	assert.equal(await boxOf(["other"]), null);
});

check("what is pointed at is described", SMALL, async (page) => {
	const node = await findNode(page, ["app", "main", "idle", "read"]);
	const { box } = await page.evaluate((id) => window.smolder.describe(id), node);
	await page.mouse.move(box.x + 5, box.y + 5);
	const card = await page.innerText("#tooltip");
	assert.match(card, /^read\n/);
	assert.match(card, /kernel/);
	assert.match(card, /total\s+10\s+10\.00%/);
	assert.match(card, /self\s+10\s+10\.00%/);
	await page.mouse.move(box.x + 5, box.y + 200);
	assert.ok(await page.locator("#tooltip").isHidden());
});

check(
	"file, line, module and places elsewhere are described",
	() => {
		const tree = treeFromFolded("app;main;f 6\napp;g;f 4\n");
		for (const parent of [...tree.children.values()][0].children.values())
			for (const child of parent.children.values())
				Object.assign(child.frame, {
					module: "libf.so",
					file: "/src/f.c",
					line: 42,
				});
		return tree;
	},
	async (page) => {
		const node = await findNode(page, ["app", "main", "f"]);
		const { box } = await page.evaluate((id) => window.smolder.describe(id), node);
		await page.mouse.move(box.x + 5, box.y + 5);
		const card = await page.innerText("#tooltip");
		assert.match(card, /user · libf\.so/);
		assert.match(card, /\/src\/f\.c:42/);
		assert.match(card, /everywhere\s+10\s+100%/);
	},
);

check("the search box counts, steps and refuses", SMALL, async (page) => {
	await press(page, "/");
	await page.keyboard.type("malloc");
	assert.match(await page.textContent("#hits"), /^65\.00% · 2$/);
	await press(page, "Enter");
	assert.match(await page.textContent("#hits"), /1\/2$/);
	assert.equal(
		await page.evaluate(
			() => window.smolder.describe(window.smolder.state.focus).total,
		),
		35,
	);
	await press(page, "Escape", "n");
	assert.match(await page.textContent("#hits"), /2\/2$/);
	assert.equal(
		await page.evaluate(
			() => window.smolder.describe(window.smolder.state.focus).total,
		),
		30,
	);
	await press(page, "N");
	assert.match(await page.textContent("#hits"), /1\/2$/);
	await page.fill("#pattern", "mal(loc");
	assert.ok(await page.locator("#search.invalid").isVisible());
	assert.match(await page.textContent("#hits"), /group/i);
	assert.equal((await stateOf(page)).matched, null);
	await page.fill("#pattern", "nothing like it");
	assert.equal(await page.textContent("#hits"), "no match");
	assert.ok(await page.locator("#search.invalid").isHidden());
});

check("the share of matches follows the zoom", SMALL, async (page) => {
	await page.fill("#pattern", "malloc");
	await clickFrame(page, ["app", "main", "work"]);
	assert.match(await page.textContent("#hits"), /^65\.00% · 60\.00% here/);
});

check("patterns in lower case match any case", "a;Foo 1\na;foo 2\na;bar 4\n", async (page) => {
	for (const [pattern, matched] of [
		["foo", 3],
		["Foo", 1],
		["\\Soo", 3],
	]) {
		await page.fill("#pattern", pattern);
		assert.equal((await stateOf(page)).matched, matched, pattern);
	}
});

check("keys alone are enough", SMALL, async (page) => {
	await press(page, "ArrowDown");
	assert.equal(await focusedName(page), "app");
	await press(page, "ArrowRight");
	assert.equal(await focusedName(page), "other");
	await press(page, "ArrowLeft", "ArrowDown", "ArrowDown");
	assert.equal(await focusedName(page), "work");
	await press(page, "ArrowRight");
	assert.equal(await focusedName(page), "idle");
	await press(page, "Enter");
	assert.equal(await zoomedName(page), "idle");
	await press(page, "ArrowUp");
	assert.equal(await focusedName(page), "main");
	assert.equal(await zoomedName(page), "main");
	await press(page, "?");
	assert.ok(await page.locator("#help-dialog").isVisible());
	await press(page, "Escape");
	assert.ok(await page.locator("#help-dialog").isHidden());
	assert.equal(await zoomedName(page), "main");
	await press(page, "Backspace", "Backspace");
	assert.equal((await stateOf(page)).zoom, 0);
});

check("the layout turns upside down and back", SMALL, async (page) => {
	const boxes = () =>
		page.evaluate(() => [0, 1, 2].map((node) => window.smolder.describe(node).box.y));
	const icicle = await boxes();
	assert.ok(icicle[0] < icicle[1] && icicle[1] < icicle[2]);
	await press(page, "i");
	const flame = await boxes();
	assert.ok(flame[0] > flame[1] && flame[1] > flame[2]);
	assert.equal(await page.getAttribute("#layout", "aria-pressed"), "true");
	await clickFrame(page, ["app", "main"]);
	assert.equal(await zoomedName(page), "main");
	await press(page, "i");
	assert.equal((await stateOf(page)).layout, "icicle");
});

check("the address holds the view", SMALL, async (page) => {
	await clickFrame(page, ["app", "main", "work"]);
	await page.fill("#pattern", "mal+oc");
	await press(page, "Escape", "i");
	await page.waitForFunction(() => location.hash.includes("z="));
	const address = page.url();
	assert.match(address, /#z=3-[0-9a-f]{16}&q=mal%2Boc&l=flame$/);
	await page.goto("about:blank");
	await page.goto(address);
	await waitReady(page);
	assert.equal(await zoomedName(page), "work");
	const { matched, layout } = await stateOf(page);
	assert.deepEqual([matched, layout], [65, "flame"]);
	assert.equal(await page.inputValue("#pattern"), "mal+oc");
});

check("the browser's back button zooms out", SMALL, async (page) => {
	await clickFrame(page, ["app"]);
	await page.waitForFunction(() => location.hash !== "");
	const first = page.url();
	await clickFrame(page, ["app", "main", "work"]);
	await page.waitForFunction((before) => location.href !== before, first);
	await page.goBack();
	await settle(page);
	assert.equal(await zoomedName(page), "app");
	await page.goBack();
	await settle(page);
	assert.equal((await stateOf(page)).zoom, 0);
});

check(
	"an address of another profile shows all",
	SMALL,
	async (page) => {
		assert.equal((await stateOf(page)).zoom, 0);
	},
	{ open: { hash: "#z=3-0123456789abcdef&q=(" } },
);

check("the top functions are a table, sorted by either column", SMALL, async (page) => {
	await press(page, "t");
	const rows = () => page.locator("#panel tbody tr").allInnerTexts();
	assert.match((await rows())[0], /malloc\s+65\.00%\s+65\.00%/);
	await page.locator("#panel th button", { hasText: "total" }).click();
	assert.match((await rows())[0], /main\s+5\.00%\s+100%/);
	assert.equal(
		await page.getAttribute("#panel th:has-text('total')", "aria-sort"),
		"descending",
	);
	await page.locator("#panel tbody tr", { hasText: "malloc" }).click();
	assert.equal(await page.inputValue("#pattern"), "^malloc$");
	await press(page, "t");
	assert.ok(await page.locator("#panel").isHidden());
});

check(
	"the ledger is in view, and in full on request",
	() => sampleTree(9000),
	async (page) => {
		assert.equal(
			await page.textContent("#ledger"),
			"9,000 of 11,880 ticks recorded · 2,866 idle · 8 skipped · 6 lost",
		);
		await page.click("#ledger");
		const text = await page.innerText("#panel");
		for (const line of [
			/expected[^\n]*\s11,880/,
			/idle[^\n]*\s2,866 {2}24\.12%/,
			/stack map full\s+4/,
			/ring buffer full\s+2/,
			/closes\s+exactly/,
			/incomplete: no unwind info\s+258/,
			/unnamed: file gone\s+3/,
			/in the kernel, per sample\s+1\.8 µs/,
			/CPU time\s+212 ms/,
			/memory\s+21\.9 MiB/,
			/host\s+db-7/,
			/begun\s+2023-11-14 22:13:20 UTC/,
		])
			assert.match(text, line);
		assert.match(
			await page.textContent("#summary"),
			/whole host · db-7 · 9,000 samples · cpu-clock · 99 Hz · 30 s/,
		);
	},
	{ meta: SAMPLE_META },
);

check(
	"a ledger that does not close says so",
	SMALL,
	async (page) => {
		assert.match(await page.textContent("#ledger"), /0 lost · does not close$/);
		await press(page, "l");
		assert.match(await page.innerText("#panel"), /does not close\s+800 missing/);
	},
	{
		meta: {
			ledger: {
				cpus: 2,
				samples: { expected: 900, recorded: 100, idle: 0, lost: {} },
			},
		},
	},
);

check("no ledger is said, too", SMALL, async (page) => {
	assert.equal(await page.textContent("#ledger"), "100 samples · no ledger in this file");
});

check("readers of screens are told where they are", SMALL, async (page) => {
	await press(page, "ArrowDown", "ArrowDown");
	const item = page.locator("#focused-frame");
	assert.equal(await item.getAttribute("role"), "treeitem");
	assert.equal(await item.getAttribute("aria-level"), "3");
	assert.match(await item.getAttribute("aria-label"), /^main, 65 samples \(65\.00% of all\)/);
	assert.equal(await page.evaluate(() => document.activeElement.id), "mirror");
	const labels = await item
		.locator("[role=group] > [role=treeitem]")
		.evaluateAll((items) =>
			items.map((element) => [
				element.getAttribute("aria-label").split(",")[0],
				element.getAttribute("aria-posinset"),
				element.getAttribute("aria-setsize"),
			]),
		);
	assert.deepEqual(labels, [
		["work", "1", "3"],
		["idle", "2", "3"],
		["main", "3", "3"],
	]);
	await press(page, "Enter");
	assert.match(await page.textContent("#live"), /^Zoomed to main, 65\.00% of all$/);
});

check(
	"dark when the system is, light when the reader says",
	SMALL,
	async (page) => {
		const red = async () => (await pixelAt(page, 1400, 800))[0];
		assert.equal((await stateOf(page)).theme, "dark");
		assert.ok((await red()) < 60);
		await press(page, "d");
		assert.equal((await stateOf(page)).theme, "light");
		assert.ok((await red()) > 200);
		await press(page, "d");
	},
	{ open: { colorScheme: "dark" } },
);

check(
	"no frame disappears: narrow siblings are drawn as one",
	() => treeFromFolded(Array.from({ length: 20000 }, (_, i) => `app;f${i} 1\n`).join("")),
	async (page) => {
		const box = await page.evaluate(() => window.smolder.describe(1).box);
		await page.mouse.move(box.x + 500, box.y + 1.5 * box.height);
		const card = await page.innerText("#tooltip");
		assert.match(card, /20,000 frames, each too narrow to draw/);
		assert.match(card, /20,000 samples, 100% of all; callees of app/);
		const background = await pixelAt(page, 700, 800);
		assert.notDeepEqual(
			await pixelAt(page, box.x + 700, box.y + 1.5 * box.height),
			background,
		);
		await page.fill("#pattern", "^f777$");
		assert.equal((await stateOf(page)).matches, 1);
		await press(page, "Enter");
		assert.equal(await focusedName(page), "f777");
	},
);

check(
	"pictures for people",
	() => sampleTree(9000),
	async (page) => {
		const picture = async (name) => {
			await settle(page);
			await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
		};
		await picture("light");
		const { box } = await page.evaluate(() => window.smolder.describe(5));
		await page.mouse.move(box.x + 60, box.y + 8);
		await picture("hover");
		await press(page, "l");
		await picture("ledger");
		await press(page, "l", "i", "d");
		await picture("dark-flame");
		await press(page, "i", "t");
		await page.fill("#pattern", "malloc|^ssl");
		await page.keyboard.press("Enter");
		await picture("dark-search");
		await press(page, "Escape", "?");
		await picture("dark-help");
		await press(page, "?", "d");
	},
	{ meta: SAMPLE_META },
);
