// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/section_pages.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* Ours, whatever the machine's: what is read at once, counted from the section's start. */
#define PAGE_SHIFT 12
#define PAGE_LEN ((size_t)1 << PAGE_SHIFT)

static size_t page_cnt(const struct section_pages *pages)
{
	return (pages->len + PAGE_LEN - 1) >> PAGE_SHIFT;
}

static size_t present_len(const struct section_pages *pages)
{
	return (page_cnt(pages) + 63) / 64 * sizeof(*pages->present);
}

int section_pages_open(int fd, uint64_t file_offset, size_t len, struct section_pages **ret_pages)
{
	struct section_pages *pages = calloc(1, sizeof(*pages));

	if (!pages)
		return -ENOMEM;
	*pages = (struct section_pages){.len = len, .file_offset = file_offset};
	pages->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	pages->present = calloc(1, present_len(pages) + 1);
	pages->start = mmap(NULL, len + 1, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages->start == MAP_FAILED)
		pages->start = NULL;
	if (pages->fd < 0 || !pages->present || !pages->start) {
		section_pages_close(pages);
		return -ENOMEM;
	}
	*ret_pages = pages;
	return 0;
}

struct section_pages *section_pages_close(struct section_pages *pages)
{
	if (!pages)
		return NULL;
	if (pages->start)
		munmap(pages->start, pages->len + 1);
	cleanup_close_(&pages->fd);
	free(pages->present);
	free(pages);
	return NULL;
}

static bool is_present(const struct section_pages *pages, size_t page)
{
	return pages->present[page / 64] >> (page % 64) & 1;
}

static bool read_bytes(const struct section_pages *pages, size_t offset, size_t len)
{
	while (len) {
		ssize_t got = pread(pages->fd, pages->start + offset, len,
				    (off_t)(pages->file_offset + offset));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		offset += (size_t)got;
		len -= (size_t)got;
	}
	return true;
}

/* A run of pages none of which is there. */
static bool read_run(struct section_pages *pages, size_t first, size_t limit)
{
	size_t offset = first << PAGE_SHIFT;
	size_t len = MIN(limit << PAGE_SHIFT, pages->len) - offset;

	if (!read_bytes(pages, offset, len))
		return false;
	for (size_t page = first; page < limit; page++)
		pages->present[page / 64] |= UINT64_C(1) << (page % 64);
	pages->loaded_len += len;
	return true;
}

bool section_pages_need(struct section_pages *pages, uint64_t offset, uint64_t len)
{
	size_t page = offset >> PAGE_SHIFT, limit, first;

	if (offset > pages->len || len > pages->len - offset)
		return false;
	limit = (offset + len + PAGE_LEN - 1) >> PAGE_SHIFT;
	while (pages->fd >= 0) {
		while (page < limit && is_present(pages, page))
			page++;
		first = page;
		while (page < limit && !is_present(pages, page))
			page++;
		if (first == page)
			return true;
		if (!read_run(pages, first, page))
			return false;
	}
	return true;
}

void section_pages_drop(struct section_pages *pages)
{
	if (pages->fd < 0 || pages->loaded_len == 0)
		return;
	madvise(pages->start, pages->len, MADV_DONTNEED);
	memset(pages->present, 0, present_len(pages));
	pages->loaded_len = 0;
}

void section_pages_load(struct section_pages *pages)
{
	(void)section_pages_need(pages, 0, pages->len);
	cleanup_close_(&pages->fd);
	pages->fd = -1;
}
