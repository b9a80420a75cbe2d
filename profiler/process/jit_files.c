// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/jit_files.h"

#include "base/clock.h"
#include "base/vec.h"
#include "profiler/process/object_open.h"
#include "profiler/process/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PROCESSES_MAX 4096u
#define FDS_MAX 1024u
#define FILES_MAX                                                                                  \
	8u /* of one process: it may write its map anew, under the same name, now and then */
#define GENERATIONS_MAX 4u
#define DELAY_MIN_NS (100 * NS_PER_MS)
#define DELAY_MAX_NS (2 * NS_PER_SEC)

struct follower {
	bool used, sampled;
	bool marked, alive; /* alive: marked before the last sweep */
	uint32_t tgid, parent;
	uint64_t start_ticks;        /* 0: it was gone when we came */
	struct procfs_status status; /* valid with start_ticks */
	struct jit_file files[FILES_MAX];
	uint32_t len;
	enum jit_lack lack;
	uint64_t due_ns, delay_ns;
};

struct jit_files {
	VEC(struct follower) followers; /* id - 1 */
	uint32_t fds;
	struct jit_files_counters counters;
};

int jit_files_new(struct jit_files **ret_files)
{
	struct jit_files *files = calloc(1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	*ret_files = files;
	return 0;
}

static struct follower *get(const struct jit_files *files, uint32_t id)
{
	return id == JIT_NONE ? NULL : &files->followers.items[id - 1];
}

static void close_files(struct jit_files *files, struct follower *follower)
{
	for (uint32_t i = 0; i < follower->len; i++)
		close(follower->files[i].fd);
	files->fds -= follower->len;
	follower->len = 0;
}

struct jit_files *jit_files_free(struct jit_files *files)
{
	if (!files)
		return NULL;
	vec_for_each(&files->followers, follower)
		close_files(files, follower);
	vec_free(&files->followers);
	free(files);
	return NULL;
}

static uint32_t free_id(struct jit_files *files)
{
	for (uint32_t i = 0; i < files->followers.len; i++)
		if (!files->followers.items[i].used)
			return i + 1;
	if (files->followers.len >= PROCESSES_MAX ||
	    vec_push(&files->followers, ((struct follower){0})) < 0) {
		files->counters.over_budget++;
		return JIT_NONE;
	}
	return (uint32_t)files->followers.len;
}

/* Who it is, as long as it can be asked. */
static void identify(struct follower *follower)
{
	struct procfs_stat stat;

	if (procfs_read_stat(follower->tgid, &stat) == 0 &&
	    procfs_read_status(follower->tgid, &follower->status) == 0)
		follower->start_ticks = stat.start_ticks;
}

uint32_t jit_files_follow(struct jit_files *files, uint32_t tgid, uint32_t parent)
{
	struct follower follower = {.used = true, .alive = true, .tgid = tgid, .parent = parent};
	uint32_t id = free_id(files);

	if (id == JIT_NONE)
		return JIT_NONE;
	identify(&follower);
	*get(files, id) = follower;
	return id;
}

/* Of those who are gone, the files of whoever was followed first. */
static bool evict(struct jit_files *files)
{
	vec_for_each(&files->followers, follower) {
		if (!follower->used || follower->alive || !follower->len)
			continue;
		files->counters.evicted += follower->len;
		close_files(files, follower);
		follower->lack = JIT_NO_ROOM;
		return true;
	}
	return false;
}

static bool has_room(struct jit_files *files, struct follower *follower)
{
	if (follower->len < FILES_MAX && (files->fds < FDS_MAX || evict(files)))
		return true;
	files->counters.over_budget++;
	follower->lack = JIT_NO_ROOM;
	return false;
}

static bool is_owned(const struct stat *st, const struct procfs_status *status)
{
	if (st->st_uid == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(status->uids); i++)
		if (st->st_uid == status->uids[i])
			return true;
	return false;
}

/* Reading from a file system that some process answers for could take it as long as it likes. */
static bool is_answered_by_a_process(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) < 0 || fs.f_type == FUSE_SUPER_MAGIC;
}

static void refuse(struct jit_files *files, struct follower *follower)
{
	if (follower->len || follower->lack == JIT_REFUSED)
		return;
	files->counters.refused++;
	follower->lack = JIT_REFUSED;
}

static bool is_held(const struct follower *follower, const struct stat *st)
{
	for (uint32_t i = 0; i < follower->len; i++)
		if (follower->files[i].device == st->st_dev &&
		    follower->files[i].inode == st->st_ino)
			return true;
	return false;
}

/* Takes an O_PATH descriptor: nothing is opened for reading before it is known to be a plain file. */
static void pin(struct jit_files *files, struct follower *follower, int path_fd, const char *name)
{
	struct jit_file file = {.is_dump = jit_files_is_dump_name(name)};
	char self[32];
	struct stat st;

	if (fstat(path_fd, &st) < 0 || is_held(follower, &st))
		return;
	if (!S_ISREG(st.st_mode) || !is_owned(&st, &follower->status) ||
	    is_answered_by_a_process(path_fd)) {
		refuse(files, follower);
		return;
	}
	if (!has_room(files, follower))
		return;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	file.fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file.fd < 0) {
		refuse(files, follower);
		return;
	}
	snprintf(file.name, sizeof(file.name), "%s", name);
	file.device = st.st_dev;
	file.inode = st.st_ino;
	follower->files[follower->len++] = file;
	files->fds++;
	files->counters.dumps += file.is_dump;
	files->counters.maps += !file.is_dump;
}

/* Is the process that we follow still the one of this number? */
static bool is_there(const struct follower *follower)
{
	struct procfs_stat stat;

	return follower->start_ticks && procfs_read_stat(follower->tgid, &stat) == 0 &&
	       stat.start_ticks == follower->start_ticks && !stat.is_dead;
}

/*
 * Whose root to look below: its own; if it is gone, and no namespace made its number another one, that of
 * an ancestor, whose word also counts for who may own the file when it could not be asked itself.
 */
static uint32_t root_owner(struct follower *follower, const uint32_t *tgids, size_t tgids_len)
{
	struct procfs_status status;

	if (is_there(follower))
		return follower->tgid;
	if (follower->start_ticks && follower->status.depth != 1)
		return 0;
	for (size_t i = 0; i < tgids_len; i++) {
		if (procfs_read_status(tgids[i], &status) < 0 || status.depth != 1)
			continue;
		if (!follower->start_ticks) {
			follower->status = status;
			follower->status.own_tgid = follower->tgid;
		}
		return tgids[i];
	}
	return 0;
}

static int open_root(uint32_t tgid)
{
	char root[32];

	snprintf(root, sizeof(root), "/proc/%u/root", tgid);
	return open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void jit_files_look(struct jit_files *files, uint32_t id, const uint32_t *tgids, size_t tgids_len)
{
	struct follower *follower = get(files, id);
	_cleanup_close_ int root_fd = -1, path_fd = -1;
	char path[48];
	uint32_t owner;

	if (!follower)
		return;
	follower->delay_ns = MIN(MAX(follower->delay_ns * 2, DELAY_MIN_NS), DELAY_MAX_NS);
	follower->due_ns = clock_ns(CLOCK_MONOTONIC) + follower->delay_ns;
	owner = root_owner(follower, tgids, tgids_len);
	root_fd = owner ? open_root(owner) : -1;
	if (root_fd < 0)
		return;
	snprintf(path, sizeof(path), "/tmp/perf-%u.map", follower->status.own_tgid);
	path_fd = object_open_beneath(root_fd, path);
	if (path_fd >= 0)
		pin(files, follower, path_fd, strrchr(path, '/') + 1);
	else if (errno == ELOOP || errno == EXDEV)
		refuse(files, follower);
}

void jit_files_poll(struct jit_files *files, uint64_t now_ns)
{
	for (uint32_t id = 1; id <= files->followers.len; id++) {
		const struct follower *follower = get(files, id);
		bool is_due = !follower->len && now_ns >= follower->due_ns;

		if (follower->used && follower->start_ticks && (is_due || now_ns == UINT64_MAX))
			jit_files_look(files, id, NULL, 0);
	}
}

bool jit_files_is_dump_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t digits;

	if (strncmp(name, "jit-", 4) != 0)
		return false;
	digits = strspn(name + 4, "0123456789");
	return digits && strcmp(name + 4 + digits, ".dump") == 0;
}

/* The mapping itself leads to the file; the path in the process's root does when it is unmapped again. */
void jit_files_see_dump(struct jit_files *files, uint32_t id,
			const struct object_sighting *sighting)
{
	struct follower *follower = get(files, id);
	_cleanup_close_ int root_fd = -1, path_fd = -1;
	char link[80];

	if (!follower || !is_there(follower))
		return;
	snprintf(link, sizeof(link), "/proc/%u/map_files/%lx-%lx", follower->tgid,
		 (unsigned long)sighting->start, (unsigned long)sighting->limit);
	path_fd = open(link, O_PATH | O_CLOEXEC);
	if (path_fd < 0) {
		root_fd = open_root(follower->tgid);
		path_fd = root_fd < 0 ? -1 : object_open_beneath(root_fd, sighting->path);
	}
	if (path_fd >= 0)
		pin(files, follower, path_fd, strrchr(sighting->path, '/') + 1);
}

/* Parents are kept as long as the child: their code is the child's. */
void jit_files_note_sample(struct jit_files *files, uint32_t id)
{
	for (uint32_t i = 0; id != JIT_NONE && i < GENERATIONS_MAX; i++) {
		get(files, id)->sampled = true;
		id = get(files, id)->parent;
	}
}

void jit_files_forget_samples(struct jit_files *files)
{
	vec_for_each(&files->followers, follower)
		follower->sampled = false;
}

static uint32_t copy_follower(const struct follower *from, uint32_t parent, struct jit_files *into)
{
	uint32_t id = free_id(into);
	struct follower copy = *from;

	if (id == JIT_NONE)
		return JIT_NONE;
	copy.parent = parent;
	copy.len = 0;
	for (uint32_t i = 0; i < from->len; i++) {
		struct jit_file *file = &copy.files[copy.len];

		*file = from->files[i];
		file->fd = fcntl(from->files[i].fd, F_DUPFD_CLOEXEC, 3);
		copy.len += file->fd >= 0;
	}
	if (copy.len < from->len)
		copy.lack = JIT_NO_ROOM;
	into->fds += copy.len;
	*get(into, id) = copy;
	return id;
}

/* Oldest ancestor first, so that each finds its parent there. */
uint32_t jit_files_copy(const struct jit_files *files, uint32_t id, struct jit_files *into)
{
	const struct follower *line[GENERATIONS_MAX];
	uint32_t len = 0, copied = JIT_NONE;

	for (; id != JIT_NONE && len < GENERATIONS_MAX; id = get(files, id)->parent)
		line[len++] = get(files, id);
	while (len-- > 0)
		copied = copy_follower(line[len], copied, into);
	return copied;
}

void jit_files_mark(struct jit_files *files, uint32_t id)
{
	for (uint32_t i = 0; id != JIT_NONE && i < GENERATIONS_MAX; i++) {
		get(files, id)->marked = true;
		id = get(files, id)->parent;
	}
}

void jit_files_sweep(struct jit_files *files)
{
	vec_for_each(&files->followers, follower) {
		follower->alive = follower->marked;
		follower->marked = false;
		if (!follower->used || follower->alive || follower->sampled)
			continue;
		close_files(files, follower);
		follower->used = false;
	}
}

static size_t list_kind(const struct follower *follower, bool dumps,
			const struct jit_file *list[JIT_LIST_MAX], size_t len)
{
	for (uint32_t i = follower->len; i-- > 0 && len < JIT_LIST_MAX;)
		if (follower->files[i].is_dump == dumps)
			list[len++] = &follower->files[i];
	return len;
}

size_t jit_files_list(const struct jit_files *files, uint32_t id,
		      const struct jit_file *list[JIT_LIST_MAX], enum jit_lack *ret_lack)
{
	size_t len = 0;

	*ret_lack = id == JIT_NONE ? JIT_NO_ROOM : get(files, id)->lack;
	for (uint32_t i = 0; id != JIT_NONE && i < GENERATIONS_MAX; i++) {
		len = list_kind(get(files, id), true, list, len);
		len = list_kind(get(files, id), false, list, len);
		id = get(files, id)->parent;
	}
	return len;
}

const struct jit_files_counters *jit_files_counters(const struct jit_files *files)
{
	return &files->counters;
}

const char *jit_lack_name(enum jit_lack lack)
{
	static const char *const names[JIT_LACK_COUNT] = {
		[JIT_NO_FILE] = "no perf map",
		[JIT_REFUSED] = "perf map refused",
		[JIT_NO_ROOM] = "too many perf maps",
	};

	return names[lack];
}
