// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/who_labels.h"

#include <errno.h>

#define WHO_LABELS_MAX 5

struct label_list {
	struct profile *profile;
	struct profile_label items[WHO_LABELS_MAX];
	size_t len;
};

static int add_label(struct label_list *list, struct profile_label label)
{
	if (label.key == PROFILE_NONE || label.str == PROFILE_NONE || label.unit == PROFILE_NONE)
		return -ENOMEM;
	list->items[list->len++] = label;
	return 0;
}

/* An empty text is no label. */
static int add_text_label(struct label_list *list, const char *key, const char *text)
{
	if (!*text)
		return 0;
	return add_label(list, (struct profile_label){.key = profile_string(list->profile, key),
						      .str = profile_string(list->profile, text)});
}

static int add_id_label(struct label_list *list, const char *key, uint32_t id)
{
	if (!id)
		return 0;
	return add_label(list, (struct profile_label){.key = profile_string(list->profile, key),
						      .num = id,
						      .unit = profile_string(list->profile, "id")});
}

uint32_t who_labels(const struct recording *recording, const struct recording_who *who,
		    struct profile *profile)
{
	const struct strtab *strings = &recording->strings;
	struct label_list labels = {.profile = profile};
	int r = add_text_label(&labels, "comm", strtab_get(strings, who->comm));

	if (r == 0)
		r = add_id_label(&labels, "pid", who->task.tgid);
	if (r == 0)
		r = add_id_label(&labels, "tid", who->tid);
	if (r == 0)
		r = add_text_label(&labels, "container_id", strtab_get(strings, who->container_id));
	if (r == 0)
		r = add_text_label(&labels, "cgroup", strtab_get(strings, who->cgroup));
	return r < 0 ? PROFILE_NONE : profile_label_set(profile, labels.items, labels.len);
}
