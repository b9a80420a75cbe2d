// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Adding one profile to another: every id of the one is translated to an id of the other. */
#include "formats/profile.h"

#include <errno.h>

struct merge {
	struct profile *into;
	const struct profile *from;
	uint32_t *strings, *mappings, *functions, *frames, *stacks, *label_sets; /* from → into */
};

static void merge_cleanup(struct merge *merge)
{
	free(merge->strings);
	free(merge->mappings);
	free(merge->functions);
	free(merge->frames);
	free(merge->stacks);
	free(merge->label_sets);
}

static int new_ids(size_t count, uint32_t **ret_ids)
{
	uint32_t *ids = calloc(count + 1, sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	*ret_ids = ids;
	return 0;
}

static uint32_t translate(const uint32_t *ids, uint32_t id)
{
	return id == PROFILE_NONE ? PROFILE_NONE : ids[id];
}

static int merge_strings(struct merge *merge)
{
	const struct strtab *from = &merge->from->strings;
	int r = new_ids(strtab_count(from), &merge->strings);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < strtab_count(from); i++) {
		merge->strings[i] =
			profile_string_len(merge->into, strtab_get(from, i), strtab_len(from, i));
		if (merge->strings[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int merge_mappings(struct merge *merge)
{
	int r = new_ids(merge->from->mappings.len, &merge->mappings);

	if (r < 0)
		return r;
	for (size_t i = 0; i < merge->from->mappings.len; i++) {
		struct profile_mapping mapping = merge->from->mappings.items[i];

		mapping.name = merge->strings[mapping.name];
		mapping.build_id = merge->strings[mapping.build_id];
		merge->mappings[i] = profile_mapping(merge->into, &mapping);
		if (merge->mappings[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int merge_functions(struct merge *merge)
{
	int r = new_ids(merge->from->functions.len, &merge->functions);

	if (r < 0)
		return r;
	for (size_t i = 0; i < merge->from->functions.len; i++) {
		struct profile_function function = merge->from->functions.items[i];

		function.name = merge->strings[function.name];
		function.system_name = merge->strings[function.system_name];
		function.file = merge->strings[function.file];
		merge->functions[i] = profile_function(merge->into, &function);
		if (merge->functions[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int merge_frames(struct merge *merge)
{
	int r = new_ids(merge->from->frames.len, &merge->frames);

	if (r < 0)
		return r;
	for (size_t i = 0; i < merge->from->frames.len; i++) {
		struct profile_frame frame = merge->from->frames.items[i];

		frame.function = translate(merge->functions, frame.function);
		frame.mapping = translate(merge->mappings, frame.mapping);
		merge->frames[i] = profile_frame(merge->into, &frame);
		if (merge->frames[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

/* Parents come before their children, so one pass finds each parent translated. */
static int merge_stacks(struct merge *merge)
{
	int r = new_ids(merge->from->stacks.len, &merge->stacks);

	if (r < 0)
		return r;
	for (size_t i = 1; i < merge->from->stacks.len; i++) {
		const struct profile_stack *stack = &merge->from->stacks.items[i];

		merge->stacks[i] = profile_stack(merge->into, merge->stacks[stack->parent],
						 merge->frames[stack->frame]);
		if (merge->stacks[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static uint32_t merge_label_set(struct merge *merge, uint32_t set)
{
	VEC(struct profile_label) labels = {0};
	size_t len;
	const struct profile_label *from = profile_labels(merge->from, set, &len);
	uint32_t id;

	if (vec_reserve(&labels, len) < 0)
		return PROFILE_NONE;
	for (size_t i = 0; i < len; i++) {
		labels.items[i] = from[i];
		labels.items[i].key = merge->strings[from[i].key];
		labels.items[i].str = merge->strings[from[i].str];
		labels.items[i].unit = merge->strings[from[i].unit];
	}
	id = profile_label_set(merge->into, labels.items, len);
	vec_free(&labels);
	return id;
}

static int merge_label_sets(struct merge *merge)
{
	int r = new_ids(merge->from->label_set_ends.len, &merge->label_sets);

	if (r < 0)
		return r;
	for (uint32_t i = 1; i < merge->from->label_set_ends.len; i++) {
		merge->label_sets[i] = merge_label_set(merge, i);
		if (merge->label_sets[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int merge_samples(struct merge *merge)
{
	for (size_t i = 0; i < merge->from->samples.len; i++) {
		const struct profile_sample *sample = &merge->from->samples.items[i];

		if (profile_sample(merge->into, merge->stacks[sample->stack],
				   merge->label_sets[sample->labels],
				   sample->values) == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int merge_comments(struct merge *merge)
{
	for (size_t i = 0; i < merge->from->comments.len; i++) {
		uint32_t comment = merge->strings[merge->from->comments.items[i]];
		bool known = false;

		vec_for_each(&merge->into->comments, it)
			known |= *it == comment;
		if (!known && vec_push(&merge->into->comments, comment) < 0)
			return -ENOMEM;
	}
	return 0;
}

static struct profile_value_type translate_type(const struct merge *merge,
						struct profile_value_type type)
{
	return (struct profile_value_type){.type = merge->strings[type.type],
					   .unit = merge->strings[type.unit]};
}

static bool same_type(struct profile_value_type a, struct profile_value_type b)
{
	return a.type == b.type && a.unit == b.unit;
}

/* An `into` without data becomes like `from`; one with data keeps what both agree on. */
static void merge_description(struct merge *merge)
{
	struct profile *into = merge->into;
	const struct profile *from = merge->from;

	into->host = merge->strings[from->host];
	into->command = merge->strings[from->command];
	into->drop_frames = merge->strings[from->drop_frames];
	into->keep_frames = merge->strings[from->keep_frames];
	into->doc_url = merge->strings[from->doc_url];
	into->value_types_len = from->value_types_len;
	into->default_value_type = from->default_value_type;
	for (uint32_t i = 0; i < from->value_types_len; i++)
		into->value_types[i] = translate_type(merge, from->value_types[i]);
	into->period_type = translate_type(merge, from->period_type);
	into->period = from->period;
	into->time_ns = from->time_ns;
	into->duration_ns = from->duration_ns;
	into->ledger = from->ledger;
}

static int check_types(const struct merge *merge, struct err *err)
{
	const struct profile *into = merge->into, *from = merge->from;
	bool same = into->value_types_len == from->value_types_len;

	for (uint32_t i = 0; same && i < from->value_types_len; i++)
		same = same_type(into->value_types[i], translate_type(merge, from->value_types[i]));
	if (!same)
		return err_set(err, -EINVAL, "cannot merge profiles of different value types");
	if (!same_type(into->period_type, translate_type(merge, from->period_type)))
		return err_set(err, -EINVAL, "cannot merge profiles of different period types");
	return 0;
}

static uint32_t agreed(const struct merge *merge, uint32_t into, uint32_t from)
{
	return into == merge->strings[from] ? into : 0;
}

static int unite_descriptions(struct merge *merge, struct err *err)
{
	struct profile *into = merge->into;
	const struct profile *from = merge->from;

	int64_t sum;

	for (uint32_t i = 0; i < into->value_types_len; i++)
		if (__builtin_add_overflow(profile_total(into, i), profile_total(from, i), &sum))
			return err_set(err, -ERANGE,
				       "the merged profiles' values add up to too much");
	if (__builtin_add_overflow(into->duration_ns, from->duration_ns, &into->duration_ns))
		return err_set(err, -ERANGE, "the merged profiles' durations add up to too much");
	into->host = agreed(merge, into->host, from->host);
	into->command = agreed(merge, into->command, from->command);
	into->drop_frames = agreed(merge, into->drop_frames, from->drop_frames);
	into->keep_frames = agreed(merge, into->keep_frames, from->keep_frames);
	into->doc_url = agreed(merge, into->doc_url, from->doc_url);
	into->period = MAX(into->period, from->period);
	if (!into->time_ns || (from->time_ns && from->time_ns < into->time_ns))
		into->time_ns = from->time_ns;
	if (into->ledger.event[0] && from->ledger.event[0])
		ledger_merge(&into->ledger, &from->ledger);
	else
		into->ledger = (struct ledger){0};
	return 0;
}

static int merge_tables(struct merge *merge)
{
	static int (*const steps[])(struct merge *) = {
		merge_mappings, merge_functions,  merge_frames,
		merge_stacks,   merge_label_sets, merge_comments,
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i](merge);

		if (r < 0)
			return r;
	}
	return 0;
}

int profile_merge(struct profile *into, const struct profile *from, struct err *err)
{
	_cleanup_(merge_cleanup) struct merge merge = {.into = into, .from = from};
	int r = merge_strings(&merge);

	if (r < 0)
		return err_errno(err, r, "cannot merge profiles");
	if (!profile_has_data(into))
		merge_description(&merge);
	else if (!profile_has_data(from))
		return 0;
	else if ((r = check_types(&merge, err)) < 0 || (r = unite_descriptions(&merge, err)) < 0)
		return r;
	r = merge_tables(&merge);
	if (r == 0)
		r = merge_samples(&merge);
	return r < 0 ? err_errno(err, r, "cannot merge profiles") : 0;
}

int profile_describe(struct profile *into, const struct profile *from)
{
	_cleanup_(merge_cleanup) struct merge merge = {.into = into, .from = from};
	int r = merge_strings(&merge);

	if (r < 0)
		return r;
	merge_description(&merge);
	return merge_comments(&merge);
}
