// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/selection.h"

#include "base/clock.h"
#include "base/parse.h"
#include "formats/format.h"
#include "formats/short_names.h"
#include "formats/store_read.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/when.h"

#include <errno.h>

int selection_apply_from(void *ctx, const struct option_spec *spec, const char *value)
{
	struct selection *selection = ctx;

	(void)spec;
	selection->from = value;
	return 0;
}

int selection_apply_to(void *ctx, const struct option_spec *spec, const char *value)
{
	struct selection *selection = ctx;

	(void)spec;
	selection->to = value;
	return 0;
}

int selection_apply_label(void *ctx, const struct option_spec *spec, const char *value)
{
	static const struct label_term kinds[] = {
		[SELECTION_COMM] = {.key = "comm", .match = LABEL_MATCH_PATTERN},
		[SELECTION_PID] = {.key = "pid", .match = LABEL_MATCH_NUMBER},
		[SELECTION_CONTAINER] = {.key = "container_id", .match = LABEL_MATCH_START},
		[SELECTION_CGROUP] = {.key = "cgroup", .match = LABEL_MATCH_BELOW},
		[SELECTION_UNIT] = {.key = "cgroup", .match = LABEL_MATCH_COMPONENT},
	};
	struct selection *selection = ctx;
	struct label_filter *filter = &selection->filter;
	struct label_term term = kinds[spec->number];
	uint32_t pid = 0;

	if (!*value || (term.match == LABEL_MATCH_NUMBER && parse_u32(value, &pid) < 0))
		return options_error(selection->verb, "'%s' is no value of '--%s'", value,
				     spec->name);
	if (filter->len >= LABEL_FILTER_TERMS_MAX)
		return options_error(selection->verb, "more than %d values of '--%s' and the like",
				     LABEL_FILTER_TERMS_MAX, spec->name);
	term.text = value;
	term.number = pid;
	filter->terms[filter->len++] = term;
	return 0;
}

int selection_apply_short_names(void *ctx, const struct option_spec *spec, const char *value)
{
	struct selection *selection = ctx;

	(void)spec, (void)value;
	selection->short_names = true;
	return 0;
}

static int find_span(const struct selection *selection, struct when_span *ret_span, struct err *err)
{
	return when_parse_span(selection->from, selection->to, clock_ns(CLOCK_REALTIME), ret_span,
			       err);
}

int selection_check(const struct selection *selection)
{
	struct when_span span;
	struct err err;

	if (find_span(selection, &span, &err) < 0)
		return options_error(selection->verb, "%s", err.text);
	return 0;
}

static int read_file(const struct selection *selection, const char *path,
		     struct profile **ret_profile, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	int r;

	if (selection->from || selection->to)
		return err_set(err, -EINVAL, "cannot read '%s' by time: it is not a store", path);
	r = format_read_file(path, &profile, err);
	if (r < 0)
		return r;
	r = label_filter_apply(&selection->filter, profile);
	if (r < 0)
		return err_errno(err, r, "cannot choose samples of '%s'", path);
	*ret_profile = TAKE_PTR(profile);
	return 0;
}

static int read_store(const struct selection *selection, const char *path,
		      struct profile **ret_profile, struct err *err)
{
	struct store_query query = {.filter = &selection->filter};
	struct when_span span;
	int r = find_span(selection, &span, err);

	if (r < 0)
		return r;
	query.from_ns = span.from_ns;
	query.to_ns = span.to_ns;
	return store_read(path, &query, ret_profile, err);
}

int selection_read(const struct selection *selection, const char *path,
		   struct profile **ret_profile, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	int r = store_is_store(path) ? read_store(selection, path, &profile, err) :
				       read_file(selection, path, &profile, err);

	if (r < 0)
		return r;
	if (selection->filter.len && !profile->samples.len)
		msg_warning("no sample in '%s' has the labels asked for", path);
	if (selection->short_names && short_names_apply(profile) < 0)
		return err_errno(err, -ENOMEM, "cannot shorten the names of '%s'", path);
	*ret_profile = TAKE_PTR(profile);
	return 0;
}
