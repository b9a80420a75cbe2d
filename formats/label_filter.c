// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/label_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* Components longer than names of files can be match nothing. */
static bool component_matches(const char *pattern, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");
		char component[256];

		if (len && len < sizeof(component)) {
			memcpy(component, path, len);
			component[len] = '\0';
			if (fnmatch(pattern, component, 0) == 0)
				return true;
		}
		path += len + (path[len] == '/');
	}
	return false;
}

static bool starts_with(const char *text, const char *start, size_t len)
{
	return strncmp(text, start, len) == 0;
}

/* A '/' at the directory's end says nothing more. */
static bool is_below(const char *directory, const char *path)
{
	size_t len = strlen(directory);

	while (len && directory[len - 1] == '/')
		len--;
	return starts_with(path, directory, len) && (!path[len] || path[len] == '/');
}

static bool text_matches(const struct label_term *term, const char *text)
{
	switch (term->match) {
	case LABEL_MATCH_PATTERN:
		return fnmatch(term->text, text, 0) == 0;
	case LABEL_MATCH_COMPONENT:
		return component_matches(term->text, text);
	case LABEL_MATCH_BELOW:
		return is_below(term->text, text);
	case LABEL_MATCH_START:
		return starts_with(text, term->text, strlen(term->text));
	case LABEL_MATCH_NUMBER:
		break;
	}
	return false;
}

static bool term_matches(const struct label_term *term, const struct profile *profile,
			 const struct profile_label *label)
{
	if (!label)
		return false;
	if (term->match == LABEL_MATCH_NUMBER)
		return !label->str && label->num == term->number;
	return text_matches(term, profile_text(profile, label->str));
}

/* Does the set have one of the values given for this term's key? */
static bool key_matches(const struct label_filter *filter, const char *key,
			const struct profile *profile, uint32_t label_set)
{
	const struct profile_label *label = profile_label_find(profile, label_set, key);

	for (size_t i = 0; i < filter->len; i++)
		if (strcmp(filter->terms[i].key, key) == 0 &&
		    term_matches(&filter->terms[i], profile, label))
			return true;
	return false;
}

bool label_filter_wants(const struct label_filter *filter, const struct profile *profile,
			uint32_t label_set)
{
	for (size_t i = 0; i < filter->len; i++)
		if (!key_matches(filter, filter->terms[i].key, profile, label_set))
			return false;
	return true;
}

int label_filter_apply(const struct label_filter *filter, struct profile *profile)
{
	struct profile_sample *samples = profile->samples.items;
	size_t len = profile->samples.len;

	if (!filter->len)
		return 0;
	profile->samples.len = 0;
	hashindex_clear(&profile->sample_index);
	for (size_t i = 0; i < len; i++) {
		struct profile_sample sample = samples[i]; /* the place may be taken by another */

		if (label_filter_wants(filter, profile, sample.labels) &&
		    profile_sample(profile, sample.stack, sample.labels, sample.values) ==
			    PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}
