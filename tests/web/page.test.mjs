// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** The page as a file: what is in it, and that it is built the same each time. No browser. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makePalette, SLOT } from "../../web-static/src/draw/palette.js";
import { VIEWER } from "./lib/browser.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const skip = existsSync(VIEWER) ? false : `${VIEWER} is not built: run 'make'`;
const page = skip ? "" : readFileSync(VIEWER, "utf8");

test("exactly one empty element for the data", { skip }, () => {
	assert.equal(
		page.split('<script type="application/octet-stream" id="smolder-data"></script>')
			.length,
		2,
	);
});

test("the policy allows this script, this style, and nothing else", { skip }, () => {
	const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)[1];
	const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
	const script = /<script>(.*?)<\/script>/s.exec(page)[1];
	const style = /<style>(.*?)<\/style>/s.exec(page)[1];
	const rules = Object.fromEntries(
		policy.split("; ").map((rule) => {
			const cut = rule.indexOf(" ");
			return [rule.slice(0, cut), rule.slice(cut + 1)];
		}),
	);
	assert.equal(rules["default-src"], "'none'");
	assert.equal(rules["script-src"], hash(script));
	assert.equal(rules["style-src"], hash(style));
	assert.equal(rules["img-src"], "data: blob:");
	assert.ok(!("connect-src" in rules));
});

test("no address of anything outside", { skip }, () => {
	const allowed = ["http://www.w3.org/2000/svg"];
	const found = [...page.matchAll(/\b(?:https?|wss?|ftp):\/\/[^\s"'`)]+/g)].map(
		([url]) => url,
	);
	assert.deepEqual(
		found.filter((url) => !allowed.some((prefix) => url.startsWith(prefix))),
		[],
	);
});

test("two builds are the same bytes", { skip }, () => {
	const scratch = mkdtempSync(path.join(tmpdir(), "smolder-build-"));
	const output = path.join(scratch, "viewer.html");
	execFileSync(process.execPath, [path.join(ROOT, "web-static/build.mjs"), output], {
		cwd: scratch,
	});
	assert.equal(readFileSync(output, "utf8"), page);
	rmSync(scratch, { recursive: true });
});

for (const lock of ["web-static/package-lock.json", "tests/web/package-lock.json"])
	test(`${lock} pins by content and names no registry`, () => {
		const text = readFileSync(path.join(ROOT, lock), "utf8");
		assert.doesNotMatch(text, /"resolved"|:\/\//);
		for (const [name, entry] of Object.entries(JSON.parse(text).packages))
			if (name !== "") assert.match(entry.integrity, /^sha512-/, name);
	});

/* WCAG 2.2, relative luminance and contrast ratio. */
function luminance(hex) {
	const [red, green, blue] = [1, 3, 5].map((at) => {
		const value = parseInt(hex.slice(at, at + 2), 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
	const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
	return (light + 0.05) / (dark + 0.05);
}

/* A match is never dimmed. */
function dimsDrawn(palette) {
	return palette.dims.filter((_, slot) => slot !== SLOT.match);
}

for (const theme of ["light", "dark"]) {
	test(`names read on every colour, ${theme}`, () => {
		const palette = makePalette(theme);
		assert.equal(palette.fills.length, SLOT.count);
		assert.ok(palette.fills.length <= 64);
		for (const fill of palette.fills)
			if (fill !== palette.fills[SLOT.run])
				assert.ok(
					contrast(fill, palette.text) >= 4.5,
					`${palette.text} on ${fill}`,
				);
	});
	test(`what does not match a search still reads, ${theme}`, () => {
		const palette = makePalette(theme);
		for (const dim of dimsDrawn(palette))
			assert.ok(
				contrast(dim, palette.faintText) >= 3,
				`${palette.faintText} on ${dim}`,
			);
	});
	test(`a match stands out, ${theme}`, () => {
		const palette = makePalette(theme);
		for (const dim of dimsDrawn(palette))
			assert.ok(contrast(dim, palette.fills[SLOT.match]) >= 2, `${dim}`);
	});
}
