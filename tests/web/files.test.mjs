// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Files dropped on the page: each format, whole and damaged. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { encodeTree, treeFromFolded, writeReport } from "./lib/block.mjs";
import {
	closeQuietly,
	missing,
	openPage,
	placesOf,
	settle,
	startBrowser,
	stateOf,
	VIEWER,
} from "./lib/browser.mjs";
import { countMatched, countPlaces, randomFolded, readStacks, sumOf } from "./lib/oracle.mjs";
import { encodePprof } from "./lib/pprof.mjs";

const TEXT = randomFolded(300, 11);
const STACKS = readStacks(TEXT);
const LEDGER = { cpus: 1, samples: { expected: 100, recorded: 90, idle: 10, lost: {} } };
const hasZstd = spawnSync("zstd", ["--version"]).status === 0;

let browser;
before(async () => {
	if (!missing) browser = await startBrowser();
});
after(() => browser?.stop());

function check(title, run, { needsZstd = false } = {}) {
	const skip = missing ?? (needsZstd && !hasZstd ? "no zstd command" : false);
	test(title, { skip }, async () => {
		const { page, complaints } = await openPage(browser, VIEWER);
		await run(page);
		await closeQuietly(page, complaints);
	});
}

async function give(page, name, content) {
	const before = await page.evaluate(() => window.smolder.timing.drawn);
	await page.setInputFiles("#file", { name, mimeType: "", buffer: Buffer.from(content) });
	await page.waitForFunction(
		(drawn) =>
			window.smolder.timing.drawn > drawn ||
			!document.querySelector("#failure").hidden,
		before,
	);
	await settle(page);
}

async function checkShown(page) {
	assert.ok(await page.locator("#failure").isHidden(), await page.textContent("#failure"));
	assert.ok(await page.locator("#welcome").isHidden());
	const { total, nodes } = await stateOf(page);
	assert.equal(total, sumOf(STACKS));
	assert.equal(nodes, Object.keys(countPlaces(STACKS)).length);
	await page.fill("#pattern", "main|spin");
	assert.equal((await stateOf(page)).matched, countMatched(STACKS, /main|spin/));
}

async function checkRefused(page, content, pattern) {
	await give(page, "some.file", content);
	assert.ok(await page.locator("#failure").isVisible(), "it was accepted");
	const text = await page.textContent("#failure-text");
	assert.match(text, /^Cannot show “some\.file”: /);
	assert.match(text, pattern);
	assert.ok(await page.locator("#welcome").isVisible());
}

/* A skippable frame of zstd: magic, length, bytes. */
function skippable(bytes) {
	const header = Buffer.alloc(8);
	header.writeUInt32LE(0x184d2a50, 0);
	header.writeUInt32LE(bytes.length, 4);
	return Buffer.concat([header, Buffer.from(bytes)]);
}

function zstd(input, ...options) {
	const { stdout, status, stderr } = spawnSync("zstd", ["-q", "-c", ...options], { input });
	assert.equal(status, 0, String(stderr));
	return stdout;
}

check("without data the page asks for a file", async (page) => {
	assert.ok(await page.locator("#welcome").isVisible());
	assert.match(await page.innerText("#welcome"), /Drop a profile here/);
	for (const key of ["ArrowDown", "Enter", "t", "l", "n", "i", "i", "Escape", "Backspace"])
		await page.keyboard.press(key);
	assert.equal((await stateOf(page)).nodes, 0);
});

check("folded text that is dropped", async (page) => {
	const transfer = await page.evaluateHandle((text) => {
		const data = new DataTransfer();
		data.items.add(new File([text], "host.folded"));
		return data;
	}, TEXT);
	await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
	assert.ok(await page.locator("#drop").isVisible());
	await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
	await page.waitForFunction(() => window.smolder.ready);
	assert.ok(await page.locator("#drop").isHidden());
	await checkShown(page);
});

check("folded text, with other line ends and in another order", async (page) => {
	const lines = TEXT.trimEnd().split("\n").reverse();
	await give(page, "x", lines.join("\r\n"));
	await checkShown(page);
});

check("folded text, gzipped", async (page) => {
	await give(page, "x.folded.gz", gzipSync(TEXT));
	await checkShown(page);
});

for (const options of [["-3"], ["-19"], ["--no-check"], ["-3", "--long=23"]])
	check(
		`folded text, zstd ${options.join(" ")}`,
		async (page) => {
			await give(page, "x.folded.zst", zstd(TEXT, ...options));
			await checkShown(page);
		},
		{ needsZstd: true },
	);

check(
	"folded text, zstd with its size in the header",
	async (page) => {
		const file = path.join(browser.scratch, "sized.folded");
		writeFileSync(file, TEXT);
		assert.equal(spawnSync("zstd", ["-q", "-f", file]).status, 0);
		await give(page, "x.folded.zst", readFileSync(`${file}.zst`));
		await checkShown(page);
	},
	{ needsZstd: true },
);

check(
	"zstd of several frames, with metadata in a skippable one",
	async (page) => {
		const cut = TEXT.indexOf("\n", TEXT.length / 2) + 1;
		const meta = JSON.stringify({
			host: "db-7",
			event: "cycles",
			frequency_hz: 99,
			ledger: LEDGER,
		});
		const frames = [
			skippable(meta),
			zstd(TEXT.slice(0, cut)),
			skippable("\0other"),
			zstd(TEXT.slice(cut)),
		];
		await give(page, "x.folded.zst", Buffer.concat(frames));
		await checkShown(page);
		assert.match(await page.textContent("#summary"), /db-7.*cycles · 99 Hz/);
		assert.equal(
			await page.textContent("#ledger"),
			"90 of 100 ticks recorded · 10 idle · 0 lost",
		);
	},
	{ needsZstd: true },
);

for (const [name, pack] of [
	["raw", (bytes) => bytes],
	["gzipped", gzipSync],
])
	check(`pprof, ${name}`, async (page) => {
		await give(
			page,
			"x.pb",
			pack(
				encodePprof(STACKS, [
					`smolder-ledger: ${JSON.stringify(LEDGER)}`,
					"smolder-host: db-7",
					"other",
				]),
			),
		);
		assert.ok(
			await page.locator("#failure").isHidden(),
			await page.textContent("#failure"),
		);
		const { total } = await stateOf(page);
		assert.equal(total, sumOf(STACKS));
		await page.fill("#pattern", "main|spin");
		assert.equal((await stateOf(page)).matched, countMatched(STACKS, /main|spin/));
		assert.match(
			await page.textContent("#summary"),
			/CPU profile on db-7.*99 Hz · 30 s · 2023-11-14/,
		);
		assert.match(await page.textContent("#ledger"), /^90 of 100 ticks recorded/);
	});

check("pprof, every place", async (page) => {
	/* pprof cannot say of a process's first frame that it is inlined. */
	const stacks = STACKS.filter(({ path: [, first] }) => !first.endsWith("_[i]"));
	await give(page, "x.pb", encodePprof(stacks));
	assert.deepEqual(await placesOf(page), countPlaces(stacks));
});

check("folded text, every place", async (page) => {
	await give(page, "x.folded", TEXT);
	assert.deepEqual(await placesOf(page), countPlaces(STACKS));
});

check("pprof frames have kind, module, file and line", async (page) => {
	await give(
		page,
		"x.pb",
		encodePprof([{ path: ["app", "f", "g_[i]", "*h_[j]", "read_[k]"], count: 3 }]),
	);
	const frames = await page.evaluate(() =>
		[1, 2, 3, 4, 5].map((node) => window.smolder.describe(node)),
	);
	assert.deepEqual(
		frames.map(({ name, kind, module }) => [name, kind, module]),
		[
			["app", "process", ""],
			["f", "user", "thing"],
			["g", "inlined", "thing"],
			["*h", "JIT", "[anon]"],
			["read", "kernel", "[kernel.kallsyms]"],
		],
	);
	assert.equal(frames[1].file, "src/thing.c");
	assert.ok(frames[1].line > 40);
});

check("a report of ours, and a second file after it", async (page) => {
	const report = path.join(browser.scratch, "report.html");
	writeReport(VIEWER, encodeTree(treeFromFolded(TEXT), {}), report);
	await give(page, "report.html", readFileSync(report));
	await checkShown(page);
	await give(page, "other.folded", "a;b 5\n");
	assert.equal((await stateOf(page)).total, 5);
	await give(page, "bad", "nothing");
	assert.ok(await page.locator("#failure").isVisible());
	assert.equal((await stateOf(page)).total, 5);
	await page.click("#dismiss");
	assert.ok(await page.locator("#failure").isHidden());
});

check("lines that are no stacks are told", async (page) => {
	await give(page, "x", "# comment\na;b 5\nno count here\n");
	assert.equal((await stateOf(page)).total, 5);
	assert.match(await page.textContent("#ledger"), /1 notice$/);
	await page.keyboard.press("l");
	assert.match(
		await page.innerText("#panel"),
		/2 lines were not a stack and a count; the first: “# comment”/,
	);
});

check("empty and foreign files are refused", async (page) => {
	await checkRefused(page, "", /the file is empty/);
	await checkRefused(page, "\n\n", /the file is empty/);
	await checkRefused(page, "hello world\n", /no line of it is a stack/);
	await checkRefused(page, "<!DOCTYPE html><p>a;b 5", /not a report/);
	await checkRefused(page, gzipSync(gzipSync("a;b 5\n")), /compressed twice/);
	await checkRefused(
		page,
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]),
		/not a profile/,
	);
});

check("cut and damaged gzip is refused", async (page) => {
	const whole = gzipSync(TEXT);
	await checkRefused(page, whole.subarray(0, whole.length - 9), /damaged, cut short/);
	const damaged = Buffer.from(whole);
	damaged[damaged.length - 6] ^= 1;
	await checkRefused(page, damaged, /damaged, cut short/);
});

check(
	"cut and damaged zstd is refused",
	async (page) => {
		const whole = zstd(TEXT);
		for (const length of [5, 9, 100, whole.length - 5, whole.length - 1])
			await checkRefused(page, whole.subarray(0, length), /cut short/);
		await checkRefused(
			page,
			Buffer.concat([whole, Buffer.from("more")]),
			/something else from byte/,
		);
		for (const at of [40, whole.length - 20, whole.length - 2]) {
			const damaged = Buffer.from(whole);
			damaged[at] ^= 0x10;
			await checkRefused(page, damaged, /damaged|cut short/);
		}
	},
	{ needsZstd: true },
);

check(
	"zstd that needs a dictionary is refused",
	async (page) => {
		const dictionary = path.join(browser.scratch, "dictionary");
		const samples = Array.from({ length: 40 }, (_, i) => {
			const file = path.join(browser.scratch, `sample-${i}`);
			writeFileSync(file, randomFolded(60, i));
			return file;
		});
		const trained = spawnSync("zstd", [
			"-q",
			"--train",
			...samples,
			"-o",
			dictionary,
			"--maxdict=4096",
		]);
		assert.equal(trained.status, 0, String(trained.stderr));
		await checkRefused(page, zstd(TEXT, "-D", dictionary), /needs a dictionary/);
		const raw = path.join(browser.scratch, "raw-dictionary");
		writeFileSync(raw, TEXT.slice(0, 3000));
		await checkRefused(page, zstd(TEXT, "-D", raw), /damaged, or needs a dictionary/);
	},
	{ needsZstd: true },
);

check("cut and damaged pprof is refused", async (page) => {
	const whole = encodePprof(STACKS);
	await checkRefused(page, whole.subarray(0, whole.length - 3), /damaged or cut short/);
	await checkRefused(
		page,
		whole.subarray(0, whole.length >> 1),
		/damaged or cut short|not there/,
	);
	await checkRefused(page, encodePprof([]), /no samples/);
	await checkRefused(page, encodePprof([{ path: ["a", "b"], count: -5 }]), /negative/);
});

check("counts beyond 2^53 are refused", async (page) => {
	await checkRefused(page, "a;b 9007199254740993\n", /larger than 2\^53/);
	await checkRefused(
		page,
		"a;b 9007199254740991\na;c 9007199254740991\n",
		/larger than 2\^53/,
	);
	await checkRefused(page, `a;b ${"9".repeat(400)}\n`, /larger than 2\^53/);
	await checkRefused(
		page,
		encodePprof([{ path: ["a", "b"], count: 2n ** 60n }]),
		/larger than 2\^53/,
	);
	await give(page, "x", "a;b 9007199254740991\n");
	assert.equal((await stateOf(page)).total, 9007199254740991);
});
