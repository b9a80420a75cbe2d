// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** What a page must say of folded text, counted here line by line and with no trie. */
import { makeRandom } from "./sample.mjs";

/** @returns {{path: string[], count: number}[]} */
export function readStacks(text) {
	return text
		.split("\n")
		.filter(Boolean)
		.map((line) => {
			const cut = line.lastIndexOf(" ");
			return {
				path: line.slice(0, cut).split(";"),
				count: Number(line.slice(cut + 1)),
			};
		});
}

export function sumOf(stacks) {
	return stacks.reduce((sum, { count }) => sum + count, 0);
}

/** Total and self of each place: { "a;b": [total, self] }, with names as in the text. */
export function countPlaces(stacks) {
	const places = {};
	for (const { path, count } of stacks) {
		for (let length = 1; length <= path.length; length++) {
			const place = (places[path.slice(0, length).join(";")] ??= [0, 0]);
			place[0] += count;
			place[1] += length === path.length ? count : 0;
		}
	}
	return places;
}

/** Total, a stack counted once, and self of each function: { name: [total, self] }. */
export function countFunctions(stacks) {
	const functions = {};
	for (const { path, count } of stacks) {
		for (const name of new Set(path)) (functions[name] ??= [0, 0])[0] += count;
		functions[path.at(-1)][1] += count;
	}
	return functions;
}

/** Samples of stacks in which a name matches; names without the suffix of their kind. */
export function countMatched(stacks, regexp) {
	const plain = (name) => name.replace(/_\[[kij]\]$/, "");
	return sumOf(stacks.filter(({ path }) => path.some((name) => regexp.test(plain(name)))));
}

/** Folded text with recursion, shared prefixes and all kinds, by a fixed seed. */
export function randomFolded(lines, seed) {
	const random = makeRandom(seed);
	const pick = (list) => list[Math.floor(list.length * random() ** 1.7)];
	const roots = ["nginx", "postgres", "kworker/0:1", "a b c"];
	const names = [
		"main",
		"run",
		"poll",
		"Frob::frob(int, char)",
		"read_[k]",
		"write_[k]",
		"spin_[k]",
		"fold_[i]",
		"find_[i]",
		"*render_[j]",
		"operator new",
		"λ",
		"x.y",
		"tail call 7_",
	];
	const stacks = new Map();
	for (let line = 0; line < lines; line++) {
		const path = [pick(roots)];
		while (path.length < 2 || random() < 0.82) path.push(pick(names));
		const text = path.join(";");
		stacks.set(text, (stacks.get(text) ?? 0) + 1 + Math.floor(1000 * random() ** 6));
	}
	return [...stacks]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([path, count]) => `${path} ${count}\n`)
		.join("");
}
