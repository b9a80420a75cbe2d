// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/container.h"

#include "base/fs.h"
#include "base/hashindex.h"
#include "base/vec.h"
#include "profiler/process/cgroup_mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define CONTAINERS_MAX 65536u
#define CGROUP_TEXT_MAX 65536u /* of /proc/PID/cgroup */
#define WALK_DEPTH_MAX 16u
#define WALK_VISITS_MAX 100000u
#define FILEID_KERNFS 0xfe /* enum fid_type, include/linux/exportfs.h: the node's 64-bit id */

struct entry {
	uint64_t cgroup_id;        /* 0: known from /proc only */
	char *path, *container_id; /* NULL: not known */
	bool is_free;
	struct idle_mark idle;
};

struct containers {
	VEC(struct entry) entries; /* 0 is CONTAINER_NONE */
	VEC(uint32_t) free_ids;    /* to be used again */
	struct hashindex by_id;    /* cgroup ids, unresolved ones too */
	struct hashindex by_path;
	struct cgroup_mount root; /* of v2; path "" when it is not mounted */
	int root_fd;
	bool need_process;
	struct containers_counters counters;
};

struct search { /* for the hash index, and for the walk */
	const struct containers *containers;
	uint64_t id;
	const char *path;
	uint32_t visits;
};

static bool same_id(const void *ctx, uint32_t id)
{
	const struct search *search = ctx;

	const struct entry *entry = &search->containers->entries.items[id];

	return !entry->is_free && entry->cgroup_id == search->id;
}

static bool same_path(const void *ctx, uint32_t id)
{
	const struct search *search = ctx;
	const struct entry *entry = &search->containers->entries.items[id];

	return !entry->is_free && strcmp(entry->path, search->path) == 0;
}

static void entry_free(struct entry *entry)
{
	free(entry->path);
	free(entry->container_id);
	*entry = (struct entry){.is_free = true};
}

static void containers_cleanup(struct containers **containers)
{
	containers_free(*containers);
}

static void note_mount(void *ctx, const struct cgroup_mount *mount)
{
	struct containers *containers = ctx;

	if (!mount->v2)
		containers->need_process = true;
	else if (!containers->root.path[0])
		containers->root = *mount;
}

int containers_new(struct containers **ret_containers)
{
	_cleanup_(containers_cleanup) struct containers *containers =
		calloc(1, sizeof(*containers));
	int r;

	if (!containers)
		return -ENOMEM;
	containers->root_fd = -1;
	r = vec_push(&containers->entries, ((struct entry){0}));
	if (r < 0)
		return r;
	/* Without it, paths come from /proc/PID/cgroup alone. */
	if (cgroup_mounts_each("/proc/self/mountinfo", note_mount, containers) < 0 ||
	    !containers->root.path[0])
		containers->need_process = true;
	else
		containers->root_fd =
			open(containers->root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret_containers = TAKE_PTR(containers);
	return 0;
}

struct containers *containers_free(struct containers *containers)
{
	if (!containers)
		return NULL;
	if (containers->root_fd >= 0)
		close(containers->root_fd);
	vec_for_each(&containers->entries, entry)
		entry_free(entry);
	vec_free(&containers->entries);
	vec_free(&containers->free_ids);
	hashindex_free(&containers->by_id);
	hashindex_free(&containers->by_path);
	free(containers);
	return NULL;
}

static uint32_t place_for(struct containers *containers)
{
	uint32_t id = (uint32_t)containers->entries.len;

	if (containers->free_ids.len)
		return containers->free_ids.items[--containers->free_ids.len];
	if (id >= CONTAINERS_MAX || vec_push(&containers->entries, ((struct entry){0})) < 0)
		return CONTAINER_NONE;
	return id;
}

/* To be found by this hash in this index; takes the entry over, if there is room. */
static uint32_t add_entry(struct containers *containers, struct hashindex *index, uint64_t hash,
			  struct entry *entry)
{
	uint32_t id = place_for(containers);

	if (id == CONTAINER_NONE) {
		containers->counters.over_cap++;
		return CONTAINER_NONE;
	}
	containers->entries.items[id] = TAKE(*entry, (struct entry){0});
	if (hashindex_add(index, hash, id) < 0)
		containers->counters.over_cap++;
	return id;
}

/* Fills in what a path says. False when memory ran out. */
static bool describe(const char *path, struct entry *entry)
{
	const char *start;
	size_t len = container_id_find(path, &start);

	entry->path = strdup(path);
	entry->container_id = strndup(len ? start : "", len);
	return entry->path && entry->container_id;
}

/* The kernel finds a node by its id, if we may (CAP_DAC_READ_SEARCH) and it can (Linux 5.5). */
static bool path_by_handle(const struct containers *containers, uint64_t id, char *path,
			   size_t size)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} node = {.handle = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}};
	_cleanup_close_ int fd = -1;
	char link[32];
	ssize_t len;

	memcpy(node.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(containers->root_fd, &node.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, size);
	if (len <= 0 || (size_t)len >= size)
		return false;
	path[len] = '\0';
	return strncmp(path, containers->root.path, strlen(containers->root.path)) == 0;
}

/* Looks for the inode below an open directory, appending names to `path`. */
static bool walk(struct search *search, int directory_fd, struct buf *path, unsigned int depth)
{
	DIR *directory = fdopendir(directory_fd); /* owns the descriptor */
	const struct dirent *entry;
	bool found = false;

	if (!directory) {
		close(directory_fd);
		return false;
	}
	while (!found && search->visits < WALK_VISITS_MAX && (entry = readdir(directory))) {
		size_t len = path->len;
		int fd;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		search->visits++;
		buf_append_byte(path, '/');
		buf_append_str(path, entry->d_name);
		found = entry->d_ino == search->id;
		fd = found || depth == WALK_DEPTH_MAX ?
			     -1 :
			     openat(dirfd(directory), entry->d_name,
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			found = walk(search, fd, path, depth + 1);
		if (!found)
			path->len = len;
	}
	closedir(directory);
	return found;
}

static bool path_by_walk(const struct containers *containers, uint64_t id, char *path, size_t size)
{
	_cleanup_buf_ struct buf found = {.max_len = size - 1};
	struct search search = {.containers = containers, .id = id};
	int fd = open(containers->root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return false;
	buf_append_str(&found, containers->root.path);
	if (fstat(fd, &st) == 0 && st.st_ino == id)
		close(fd);
	else if (!walk(&search, fd, &found, 0))
		return false;
	if (buf_error(&found) < 0)
		return false;
	memcpy(path, found.data, found.len);
	path[found.len] = '\0';
	return true;
}

static bool resolve(const struct containers *containers, uint64_t id, struct entry *entry)
{
	char path[CGROUP_MOUNT_PATH_LEN];
	const char *below;

	if (containers->root_fd < 0)
		return false;
	if (!path_by_handle(containers, id, path, sizeof(path)) &&
	    !path_by_walk(containers, id, path, sizeof(path)))
		return false;
	below = path + strlen(containers->root.path);
	return describe(*below ? below : "/", entry);
}

static uint32_t note_use(struct containers *containers, uint32_t id)
{
	containers->entries.items[id].idle.marked = true;
	return id;
}

uint32_t containers_by_cgroup(struct containers *containers, uint64_t cgroup_id)
{
	struct search search = {.containers = containers, .id = cgroup_id};
	uint64_t hash = hash_bytes(&cgroup_id, sizeof(cgroup_id));
	_cleanup_(entry_free) struct entry entry = {.cgroup_id = cgroup_id};
	uint32_t id;

	if (!cgroup_id)
		return CONTAINER_NONE;
	id = hashindex_find(&containers->by_id, hash, same_id, &search);
	if (id != HASHINDEX_NONE)
		return note_use(containers, id);
	if (resolve(containers, cgroup_id, &entry))
		containers->counters.known++;
	else
		containers->counters.unresolved++;
	return note_use(containers, add_entry(containers, &containers->by_id, hash, &entry));
}

static uint64_t path_hash(const char *path)
{
	return hash_bytes(path, strlen(path));
}

uint32_t containers_by_process(struct containers *containers, uint32_t tgid)
{
	_cleanup_buf_ struct buf text = {0};
	struct search search = {.containers = containers};
	_cleanup_(entry_free) struct entry entry = {0};
	char path[CGROUP_MOUNT_PATH_LEN];
	uint32_t id;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", tgid);
	if (fs_read_file(path, CGROUP_TEXT_MAX, &text) < 0 ||
	    !container_path_choose((const char *)text.data, text.len, path, sizeof(path)))
		return CONTAINER_NONE;
	search.path = path;
	id = hashindex_find(&containers->by_path, path_hash(path), same_path, &search);
	if (id != HASHINDEX_NONE)
		return note_use(containers, id);
	if (!describe(path, &entry))
		return CONTAINER_NONE;
	containers->counters.known++;
	id = add_entry(containers, &containers->by_path, path_hash(path), &entry);
	return note_use(containers, id);
}

bool containers_need_process(const struct containers *containers)
{
	return containers->need_process;
}

void containers_labels(const struct containers *containers, uint32_t id,
		       struct container_labels *ret_labels)
{
	const struct entry *entry = &containers->entries.items[id];

	ret_labels->cgroup = entry->path ? entry->path : "";
	ret_labels->container_id = entry->container_id ? entry->container_id : "";
}

void containers_mark(struct containers *containers, uint32_t id)
{
	note_use(containers, id);
}

/* Without memory to note it down, the id is not used again. */
static void drop(struct containers *containers, uint32_t id)
{
	struct entry *entry = &containers->entries.items[id];
	uint64_t cgroup_id = entry->cgroup_id;

	if (cgroup_id)
		hashindex_remove(&containers->by_id, hash_bytes(&cgroup_id, sizeof(cgroup_id)), id);
	else
		hashindex_remove(&containers->by_path, path_hash(entry->path), id);
	entry_free(entry);
	(void)!vec_push(&containers->free_ids, id);
}

void containers_release(struct containers *containers)
{
	for (uint32_t id = CONTAINER_NONE + 1; id < containers->entries.len; id++) {
		struct entry *entry = &containers->entries.items[id];

		if (!entry->is_free && idle_mark_is_due(&entry->idle))
			drop(containers, id);
	}
}

const struct containers_counters *containers_counters(const struct containers *containers)
{
	return &containers->counters;
}
