// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Runs a fuzz target over every file of the directories named, and over the empty input: what
 * libFuzzer once found, or grew from, must stay harmless.
 */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define INPUT_MAX_LEN (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void cleanup_closedir_(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int run_file(const char *path)
{
	_cleanup_buf_ struct buf input = {0};
	_cleanup_free_ uint8_t *exact = NULL;
	int r = fs_read_file(path, INPUT_MAX_LEN, &input);

	if (r < 0) {
		printf("not ok - %s: %s\n", path, strerror(-r));
		return r;
	}
	/* A block of just the input's size, so that AddressSanitizer sees a read behind its end. */
	exact = malloc(input.len ? input.len : 1);
	if (!exact)
		return -ENOMEM;
	if (input.len)
		memcpy(exact, input.data, input.len);
	LLVMFuzzerTestOneInput(exact, input.len);
	return 0;
}

static int run_directory(const char *path, unsigned int *count)
{
	_cleanup_(cleanup_closedir_) DIR *dir = opendir(path);
	char file[PATH_MAX];
	struct dirent *entry;
	int r;

	if (!dir) {
		printf("not ok - %s: %s\n", path, strerror(errno));
		return -errno;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		r = run_file(file);
		if (r < 0)
			return r;
		(*count)++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int count = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		if (run_directory(argv[i], &count) < 0)
			return 1;
	}
	if (argc > 1 && count == 0) {
		printf("not ok - the corpus is empty\n");
		return 1;
	}
	printf("ok - %u inputs\n", count);
	return 0;
}
