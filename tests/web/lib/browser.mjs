// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** Chromium with a page that may not ask for anything, nor complain about anything. */
import assert from "node:assert/strict";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
const FLAGS = [
	"--headless",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];
const ALLOWED = ["file:", "blob:", "data:"];

const BUILD = path.resolve(ROOT, process.env.BUILD || "build");

export const VIEWER = path.join(BUILD, "viewer.html");
export const SCREENSHOTS = path.join(BUILD, "screenshots");

/** Why the tests cannot run here; null when they can. */
export const missing = await findMissing();

async function findMissing() {
	try {
		accessSync(CHROMIUM, constants.X_OK);
	} catch {
		return `no Chromium at ${CHROMIUM}; set CHROMIUM`;
	}
	try {
		await import("playwright-core");
	} catch {
		return "playwright-core is not installed: run 'make deps'";
	}
	try {
		accessSync(VIEWER);
	} catch {
		return `${VIEWER} is not built: run 'make'`;
	}
	return null;
}

/** A browser for a suite, with a profile and a scratch directory of its own. */
export async function startBrowser() {
	const { chromium } = await import("playwright-core");
	const scratch = mkdtempSync(path.join(tmpdir(), "smolder-web-"));
	mkdirSync(SCREENSHOTS, { recursive: true });
	const context = await chromium.launchPersistentContext(path.join(scratch, "profile"), {
		executablePath: CHROMIUM,
		headless: true,
		args: FLAGS,
		viewport: { width: 1440, height: 900 },
	});
	return {
		scratch,
		context,
		async stop() {
			await context.close();
			rmSync(scratch, { recursive: true, force: true });
		},
	};
}

/**
 * Opens a file in a new page.
 * @returns {Promise<{page: import("playwright-core").Page, complaints: string[]}>} complaints: requests
 *     that leave the machine, console messages, errors, violated policies
 */
export async function openPage(browser, file, { hash = "", ...emulated } = {}) {
	const page = await browser.context.newPage();
	const complaints = [];
	page.on("request", (request) => {
		if (!ALLOWED.includes(new URL(request.url()).protocol))
			complaints.push(`request: ${request.url()}`);
	});
	page.on("console", (message) => complaints.push(`console: ${message.text()}`));
	page.on("pageerror", (error) => complaints.push(`error: ${error.stack}`));
	await page.addInitScript(() => {
		window.addEventListener("securitypolicyviolation", (event) =>
			console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
		);
	});
	if (Object.keys(emulated).length > 0) await page.emulateMedia(emulated);
	await page.goto(pathToFileURL(file).href + hash);
	return { page, complaints };
}

/** Waits for the first drawn frame. */
export async function waitReady(page) {
	await page.waitForFunction(() => window.smolder?.ready);
	await settle(page);
}

/** Waits until what was asked for is drawn. */
export async function settle(page) {
	await page.evaluate(
		() =>
			new Promise((resolve) =>
				requestAnimationFrame(() =>
					requestAnimationFrame(() => setTimeout(resolve)),
				),
			),
	);
}

/** The state the page publishes. */
export function stateOf(page) {
	return page.evaluate(() => window.smolder.state);
}

/** Red, green, blue of the graph's pixel at a place of the window, in CSS pixels. */
export function pixelAt(page, x, y) {
	return page.evaluate(
		([left, top]) => {
			const graph = document.querySelector("#graph");
			const box = graph.getBoundingClientRect();
			const copy = new OffscreenCanvas(1, 1).getContext("2d", {
				willReadFrequently: true,
			});
			copy.drawImage(graph, box.left - left, box.top - top);
			return [...copy.getImageData(0, 0, 1, 1).data.slice(0, 3)];
		},
		[x, y],
	);
}

/** Total and self of each place, as the page has them: see countPlaces() of oracle.mjs. */
export function placesOf(page) {
	return page.evaluate(() => {
		const suffix = { kernel: "_[k]", inlined: "_[i]", JIT: "_[j]" };
		const places = {};
		const pending = window.smolder.children(0).map((node) => [node, ""]);
		while (pending.length > 0) {
			const [node, prefix] = pending.pop();
			const { name, kind, total, self } = window.smolder.describe(node);
			const place = prefix + name + (suffix[kind] ?? "");
			places[place] = [total, self];
			for (const child of window.smolder.children(node))
				pending.push([child, `${place};`]);
		}
		return places;
	});
}

export async function closeQuietly(page, complaints) {
	await page.close();
	assert.deepEqual(complaints, []);
}
