// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** pprof's profiles, unpacked. */
import { FormatError } from "./error.js";
import { classifyName, isMarker, readFoldedName } from "./naming.js";
import { cleanMeta, KIND, SAMPLES } from "./profile.js";
import { PROFILE, readFields, SAMPLE } from "./pprof_fields.js";
import { surveyFields } from "./protobuf.js";
import { FrameTable, StackBuilder } from "./stack_builder.js";
import { StringTable } from "./strings.js";

const FIELD = { SAMPLE_TYPE: 1, STRING_TABLE: 6 };
const FIELD_MAX = 15;
const VALUE_TYPE_MAX = 12; /* two tags and two numbers of up to five bytes */

/* A cut file still starts like a profile: with a sample type, a message of two small numbers. */
export function isPprof(bytes) {
	const fields = surveyFields(bytes);
	if (fields)
		return (
			fields.has(FIELD.SAMPLE_TYPE) &&
			fields.has(FIELD.STRING_TABLE) &&
			Math.max(...fields) <= FIELD_MAX
		);
	if (bytes[0] !== 0x0a || bytes[1] === 0 || bytes[1] > VALUE_TYPE_MAX) return false;
	const pair = surveyFields(bytes.subarray(2, 2 + bytes[1]));
	return pair !== null && pair.size > 0 && Math.max(...pair) <= 2;
}

/**
 * @param {Uint8Array} bytes
 * @returns {import("./profile.js").Profile}
 */
export function readPprof(bytes) {
	const raw = readFields(bytes, PROFILE);
	const valueIndex = chooseValue(raw);
	const frames = new FrameResolver(raw);
	const stacks = new StackBuilder();
	for (const message of raw.samples)
		addSample(readFields(message, SAMPLE), { raw, valueIndex, frames, stacks });
	const nodes = stacks.finish();
	if (nodes.count === 1) throw new FormatError("the pprof profile has no samples");
	return { meta: readMeta(raw, valueIndex), ...frames.finish(), nodes, notices: [] };
}

function stringAt(raw, id) {
	if (id >= raw.strings.length)
		throw new FormatError(`the pprof data names string ${id} of ${raw.strings.length}`);
	return raw.strings[id];
}

/* As pprof: the default, or else the last. But samples, where time is only these × period. */
function chooseValue(raw) {
	const types = raw.valueTypes.map((pair) => stringAt(raw, pair.type));
	if (types.length === 0) throw new FormatError("the pprof profile has no value types");
	const samples = types.indexOf("samples");
	const named = raw.defaultType ? types.indexOf(stringAt(raw, raw.defaultType)) : -1;
	const chosen = named >= 0 ? named : types.length - 1;
	return samples >= 0 && types[chosen] === "cpu" ? samples : chosen;
}

function addSample(sample, { raw, valueIndex, frames, stacks }) {
	if (sample.values.length !== raw.valueTypes.length)
		throw new FormatError(
			`a pprof sample has ${sample.values.length} values, not ${raw.valueTypes.length}`,
		);
	const value = sample.values[valueIndex];
	if (value === 0) return;
	let node = 0;
	const process = processName(raw, sample.labels);
	if (process !== "") node = stacks.child(node, frames.process(process));
	for (let i = sample.locations.length - 1; i >= 0; i--)
		for (const frame of frames.ofLocation(sample.locations[i]))
			node = stacks.child(node, frame);
	stacks.addSelf(node, value);
}

/* As in folded text: "comm", or "comm-pid/tid" where threads are kept apart. */
function processName(raw, labels) {
	const find = (key) => labels.find((label) => stringAt(raw, label.key) === key);
	const [comm, pid, tid] = ["comm", "pid", "tid"].map(find);
	const name = comm ? stringAt(raw, comm.text) : "";
	return name !== "" && pid?.number && tid?.number
		? `${name}-${pid.number}/${tid.number}`
		: name;
}

/** Locations to frames; an inlined function is a frame of its own, behind its physical caller. */
class FrameResolver {
	#raw;
	#strings = new StringTable();
	#frames = new FrameTable();
	#byLocation = new Map();
	#byIdentity = new Map();

	constructor(raw) {
		this.#raw = raw;
	}

	process(comm) {
		return this.#intern({
			name: comm,
			module: "",
			file: "",
			line: 0,
			kind: KIND.PROCESS,
		});
	}

	/** @returns {number[]} frame ids, outermost first */
	ofLocation(id) {
		let frames = this.#byLocation.get(id);
		if (!frames) {
			const location = this.#raw.locations.get(id);
			if (!location)
				throw new FormatError(
					`a pprof sample names location ${id}, which is not there`,
				);
			frames = this.#resolve(location);
			this.#byLocation.set(id, frames);
		}
		return frames;
	}

	finish() {
		return { strings: this.#strings, frames: this.#frames.finish() };
	}

	#resolve(location) {
		const mapping = this.#raw.mappings.get(location.mapping);
		const path = mapping ? stringAt(this.#raw, mapping.file) : "";
		const module = moduleName(path);
		const functions = location.functions.map((id) => this.#function(id));
		const kind = mappingKind(path);
		if (functions.length === 0)
			return [this.#intern(unnamed(location, mapping, module, kind))];
		return functions.reverse().map((item, depth) => {
			const physical = describeFunction(item, module, kind);
			return this.#intern(
				depth === 0 ? physical : { ...physical, kind: KIND.INLINE },
			);
		});
	}

	#function(id) {
		const item = this.#raw.functions.get(id);
		if (!item)
			throw new FormatError(
				`a pprof location names function ${id}, which is not there`,
			);
		const { line } = item;
		return {
			name: stringAt(this.#raw, item.name),
			file: stringAt(this.#raw, item.file),
			line,
		};
	}

	#intern(frame) {
		const key = `${frame.kind}\0${frame.line}\0${frame.module}\0${frame.file}\0${frame.name}`;
		let id = this.#byIdentity.get(key);
		if (id === undefined) {
			id = this.#frames.add({
				name: this.#strings.intern(frame.name),
				module: this.#strings.intern(frame.module),
				file: this.#strings.intern(frame.file),
				line: frame.line,
				kind: frame.kind,
			});
			this.#byIdentity.set(key, id);
		}
		return id;
	}
}

function describeFunction({ name, file, line }, module, kind) {
	if (isMarker(name)) return { name, module: "", file, line, kind: KIND.MARKER };
	if (kind === KIND.USER && /_\[[kij]\]$/.test(name))
		return { ...readFoldedName(name, false), module, file, line };
	return { ...classifyName(name, module, kind), file, line };
}

function unnamed(location, mapping, module, kind) {
	const start = BigInt(mapping?.start ?? 0);
	const offset = BigInt(location.address) - start + BigInt(mapping?.offset ?? 0);
	const inside = mapping && offset >= 0n ? offset : BigInt(location.address);
	const name = `${module || "[unknown]"}+0x${inside.toString(16)}`;
	return { ...classifyName(name, module, kind), file: "", line: 0 };
}

function moduleName(path) {
	return path.startsWith("[") ? path : path.slice(path.lastIndexOf("/") + 1);
}

/* perf's names of kernel code: "[kernel.kallsyms]", "[module]"; these in brackets are user's. */
const USER_BRACKETS = /^\[(vdso|vsyscall|vvar|heap|stack|uprobes|unknown)/;
/* Code in memory that is no file was made there. */
const JIT_MAPPING = /^(\[jit\]$|\[anon|\/\/anon)/;

function mappingKind(path) {
	if (JIT_MAPPING.test(path)) return KIND.JIT;
	const isKernel = path.startsWith("[")
		? !USER_BRACKETS.test(path)
		: /(^|\/)vmlinux/.test(path);
	return isKernel ? KIND.KERNEL : KIND.USER;
}

function readMeta(raw, valueIndex) {
	const { type, unit } = raw.valueTypes[valueIndex];
	const value = { type: stringAt(raw, type), unit: stringAt(raw, unit) };
	const isTime =
		raw.periodType !== null && stringAt(raw, raw.periodType.unit) === "nanoseconds";
	const period = isTime ? raw.period : 0;
	const comments = readComments(raw);
	return cleanMeta({
		...comments,
		title: [comments.command || "CPU profile", comments.host]
			.filter(Boolean)
			.join(" on "),
		period_ns: period,
		frequency_hz: period > 0 ? Math.round(1e9 / period) : 0,
		time_unix_ms: Math.round(raw.timeNanos / 1e6),
		duration_ns: raw.durationNanos,
		value: value.type === "samples" ? SAMPLES : value,
	});
}

/* What smolder writes into comments: "smolder-host: db-7", and the ledger as JSON. */
function readComments(raw) {
	const meta = {};
	for (const id of raw.comments) {
		const pair = /^smolder-(event|host|command|ledger): (.*)$/s.exec(
			stringAt(raw, Number(id)),
		);
		if (pair) meta[pair[1]] ??= pair[1] === "ledger" ? parseLedger(pair[2]) : pair[2];
	}
	return meta;
}

function parseLedger(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
