// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How much is kept: of the files in the directory those used last. */
#include "base/vec.h"
#include "symbolize/index_file.h"
#include "symbolize/symbolizer.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FILES_MAX 100000 /* in the directory: somebody else's mess is not ours to sort */
#define ASIDE_MAX_S 3600 /* a file begun so long ago was left by a crash */

struct kept {
	char name[INDEX_FILE_NAME_LEN];
	uint64_t len;
	int64_t used_s;
};

struct listing {
	VEC(struct kept) list;
};

static int compare_last_used_first(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	return (a->used_s < b->used_s) - (a->used_s > b->used_s);
}

static void take_entry(int directory, const char *name, struct listing *listing)
{
	struct kept kept = {0};
	struct stat status;

	if (strlen(name) >= sizeof(kept.name) ||
	    fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
		return;
	if (strncmp(name, ".new-", 5) == 0) {
		if (time(NULL) - status.st_mtime > ASIDE_MAX_S)
			unlinkat(directory, name, 0);
		return;
	}
	snprintf(kept.name, sizeof(kept.name), "%s", name);
	kept.len = (uint64_t)status.st_size;
	kept.used_s = status.st_mtime;
	(void)vec_push(&listing->list, kept); /* without memory one is kept that need not be */
}

void index_directory_trim(int directory, uint64_t max_len)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct listing listing = {0};
	const struct dirent *entry;
	uint64_t len = 0;

	if (!stream) {
		cleanup_close_(&copy);
		return;
	}
	while (listing.list.len < FILES_MAX && (entry = readdir(stream)))
		take_entry(directory, entry->d_name, &listing);
	closedir(stream);
	if (listing.list.len)
		qsort(listing.list.items, listing.list.len, sizeof(struct kept),
		      compare_last_used_first);
	vec_for_each(&listing.list, kept) {
		len += kept->len;
		if (len > max_len)
			unlinkat(directory, kept->name, 0);
	}
	vec_free(&listing.list);
}

const char *symbolizer_cache_directory(char *path, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len;

	if (cache && *cache == '/')
		len = snprintf(path, size, "%s/smolder", cache);
	else if (geteuid() == 0)
		len = snprintf(path, size, "/var/cache/smolder");
	else if (home && *home == '/')
		len = snprintf(path, size, "%s/.cache", home);
	else
		return NULL;
	if (len < 0 || (size_t)len + sizeof("/smolder") > size)
		return NULL;
	if (!(cache && *cache == '/') && geteuid() != 0) {
		(void)mkdir(path, 0700);
		strcat(path, "/smolder");
	}
	return path;
}
