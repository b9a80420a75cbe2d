// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * The messages of pprof's profile.proto: for each, what to make of a field, by its number. A field
 * that is not in the table is skipped.
 */
import { MessageReader } from "./protobuf.js";

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });
const addById = (table, item) => table.set(item.id, item);

/* Samples stay packed until the tables they point into are known. */
export const PROFILE = {
	1: (raw, field) => raw.valueTypes.push(readFields(field.bytes(), VALUE_TYPE)),
	2: (raw, field) => raw.samples.push(field.bytes()),
	3: (raw, field) => addById(raw.mappings, readFields(field.bytes(), MAPPING)),
	4: (raw, field) => addById(raw.locations, readFields(field.bytes(), LOCATION)),
	5: (raw, field) => addById(raw.functions, readFields(field.bytes(), FUNCTION)),
	6: (raw, field) => raw.strings.push(UTF8.decode(field.bytes())),
	9: (raw, field) => (raw.timeNanos = Number(field.key())),
	10: (raw, field) => (raw.durationNanos = Number(field.key())),
	11: (raw, field) => (raw.periodType = readFields(field.bytes(), VALUE_TYPE)),
	12: (raw, field) => (raw.period = Number(field.key())),
	13: (raw, field) => field.keys(raw.comments),
	14: (raw, field) => (raw.defaultType = field.number("the default sample type")),
	what: "the profile",
	empty: () => ({
		...{ valueTypes: [], samples: [], strings: [], comments: [] },
		...{ mappings: new Map(), locations: new Map(), functions: new Map() },
		...{ timeNanos: 0, durationNanos: 0, period: 0, periodType: null, defaultType: 0 },
	}),
};

const VALUE_TYPE = {
	1: (pair, field) => (pair.type = field.number("a value type")),
	2: (pair, field) => (pair.unit = field.number("a unit")),
	what: "a value type",
	empty: () => ({ type: 0, unit: 0 }),
};

export const SAMPLE = {
	1: (sample, field) => field.keys(sample.locations),
	2: (sample, field) => field.numbers(sample.values, "a value"),
	3: (sample, field) => sample.labels.push(readFields(field.bytes(), LABEL)),
	what: "a sample",
	empty: () => ({ locations: [], values: [], labels: [] }),
};

const LABEL = {
	1: (label, field) => (label.key = field.number("a label's key")),
	2: (label, field) => (label.text = field.number("a label's text")),
	3: (label, field) => (label.number = field.key()),
	what: "a label",
	empty: () => ({ key: 0, text: 0, number: 0 }),
};

const MAPPING = {
	1: (mapping, field) => (mapping.id = field.key()),
	2: (mapping, field) => (mapping.start = field.key()),
	4: (mapping, field) => (mapping.offset = field.key()),
	5: (mapping, field) => (mapping.file = field.number("a mapping's file")),
	what: "a mapping",
	empty: () => ({ id: 0, start: 0, offset: 0, file: 0 }),
};

const LOCATION = {
	1: (location, field) => (location.id = field.key()),
	2: (location, field) => (location.mapping = field.key()),
	3: (location, field) => (location.address = field.key()),
	4: (location, field) => location.functions.push(readFields(field.bytes(), LINE).function),
	what: "a location",
	empty: () => ({ id: 0, mapping: 0, address: 0, functions: [] }),
};

const LINE = {
	1: (line, field) => (line.function = field.key()),
	what: "a line",
	empty: () => ({ function: 0 }),
};

const FUNCTION = {
	1: (item, field) => (item.id = field.key()),
	2: (item, field) => (item.name = field.number("a function's name")),
	4: (item, field) => (item.file = field.number("a function's file")),
	5: (item, field) => (item.line = Math.min(Number(field.key()), 0xffffffff)),
	what: "a function",
	empty: () => ({ id: 0, name: 0, file: 0, line: 0 }),
};
/** @param {Uint8Array} bytes of the message @param {object} table one of those above */
export function readFields(bytes, table) {
	const result = table.empty();
	const message = new MessageReader(bytes, table.what);
	while (message.next()) table[message.field]?.(result, message);
	return result;
}
