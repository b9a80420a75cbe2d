// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * node build.mjs OUTPUT: bundles the viewer into one page. The same sources give the same bytes.
 * The page may run its own script and its own style and nothing else, and may not reach the
 * network: its policy holds their hashes.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TARGETS = ["chrome111", "firefox121", "safari16.4"];
const DATA_ELEMENT = '<script type="application/octet-stream" id="smolder-data"></script>';

async function bundle(entry) {
	const result = await build({
		absWorkingDir: HERE,
		entryPoints: [entry],
		bundle: true,
		minify: true,
		write: false,
		format: "iife",
		target: TARGETS,
		charset: "ascii",
		legalComments: "none",
		logLevel: "warning",
	});
	return result.outputFiles[0].text.trim();
}

function hashSource(text) {
	return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function policy(script, style) {
	return [
		"default-src 'none'",
		`script-src ${hashSource(script)}`,
		`style-src ${hashSource(style)}`,
		"img-src data: blob:",
		"base-uri 'none'",
		"form-action 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	].join("; ");
}

/* Functions as replacements: the code is full of "$&". */
function assemble(template, { script, style }) {
	if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style))
		throw new Error("the bundle would end its own element");
	const page = template
		.replace(/^\t+/gm, "")
		.replace("%CSP%", () => policy(script, style))
		.replace("%STYLE%", () => style)
		.replace("%SCRIPT%", () => script);
	if (page.split(DATA_ELEMENT).length !== 2)
		throw new Error(`the page must have exactly one ${DATA_ELEMENT}`);
	return page;
}

async function main(output) {
	if (!output) throw new Error("usage: node build.mjs OUTPUT");
	const [template, script, style] = await Promise.all([
		readFile(path.join(HERE, "index.html"), "utf8"),
		bundle("src/main.js"),
		bundle("style.css"),
	]);
	await mkdir(path.dirname(output), { recursive: true });
	await writeFile(`${output}.tmp`, assemble(template, { script, style }));
	await rename(`${output}.tmp`, output);
}

main(process.argv[2]).catch((error) => {
	console.error(`build.mjs: ${error.message}`);
	process.exitCode = 1;
});
