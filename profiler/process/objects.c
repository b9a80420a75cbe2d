// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One index finds an object by either of its identities: (build-id, path) and (device, inode, path).
 * The path is part of both, so that copies keep their names. An inode can be trusted for as long as
 * its file is held open: only then can its number not be given to another file.
 */
#include "profiler/process/objects_internal.h"

#include "base/clock.h"
#include "profiler/process/jit_files.h"
#include "profiler/process/object_open.h"
#include "profiler/process/object_roots.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define OBJECTS_MAX_DEFAULT 65536u
#define FDS_MAX_DEFAULT 512u /* where RLIMIT_NOFILE cannot be read: half of the usual 1024 */
#define OPEN_TRIES_MAX 16u   /* for a file that was gone: more would slow a storm of such */

static const char deleted_suffix[] = " (deleted)";

struct key { /* what an entry is looked for by: the fields that are not zero */
	const struct objects *objects;
	const char *path;
	size_t path_len;
	const unsigned char *build_id;
	uint8_t build_id_len;
	uint32_t major, minor;
	uint64_t inode;
	uint32_t generic;
	struct object_owner owner;
};

/* The well-known objects, in the order of enum object_id. */
static const struct object well_known[OBJECT_FIRST_FILE] = {
	{.kind = OBJECT_KERNEL, .path = "[kernel.kallsyms]", .fd = -1},
	{.kind = OBJECT_VDSO, .path = "[vdso]", .fd = -1},
	{.kind = OBJECT_SPECIAL, .path = "[vsyscall]", .fd = -1},
	{.kind = OBJECT_ANONYMOUS, .path = "[anon]", .fd = -1},
	{.kind = OBJECT_ANONYMOUS, .path = "[heap]", .fd = -1},
	{.kind = OBJECT_ANONYMOUS, .path = "[stack]", .fd = -1},
};

/* Executable memory that has a name in the kernel, but no file behind the name. */
static const char *const anonymous_prefixes[] = {
	"//anon",         "[anon",          "[anon_shmem:", "anon_inode:",
	"/anon_hugepage", "/dev/zero (del", "/SYSV",
};

static uint64_t key_hash(const struct key *key)
{
	struct {
		uint64_t path, build_id, inode, start_ns;
		uint32_t major, minor, generic, tgid, jit, unused;
	} parts = {
		.path = hash_bytes(key->path, key->path_len),
		.build_id = hash_bytes(key->build_id, key->build_id_len),
		.inode = key->inode,
		.start_ns = key->owner.start_ns,
		.major = key->major,
		.minor = key->minor,
		.generic = key->generic,
		.tgid = key->owner.tgid,
		.jit = key->owner.jit,
	};

	return hash_bytes(&parts, sizeof(parts));
}

static bool same_object(const void *ctx, uint32_t id)
{
	const struct key *key = ctx;
	const struct object_entry *entry = &key->objects->entries.items[id];
	const struct object *object = &entry->object;

	if (entry->is_free || entry->generic != key->generic)
		return false;
	if (key->generic)
		return object->owner.tgid == key->owner.tgid &&
		       object->owner.jit == key->owner.jit &&
		       object->owner.start_ns == key->owner.start_ns;
	if (strncmp(object->path, key->path, key->path_len) != 0 || object->path[key->path_len])
		return false;
	if (key->build_id_len)
		return object->build_id_len == key->build_id_len &&
		       memcmp(object->build_id, key->build_id, key->build_id_len) == 0;
	return entry->inode == key->inode && entry->major == key->major &&
	       entry->minor == key->minor;
}

static uint32_t find(const struct key *key)
{
	return hashindex_find(&key->objects->index, key_hash(key), same_object, key);
}

/* Makes the object found by this identity from now on, in place of one it may have meant before. */
static int index_as(struct objects *objects, const struct key *key, uint32_t id)
{
	uint64_t hash = key_hash(key);
	uint32_t before = hashindex_find(&objects->index, hash, same_object, key);

	if (before == id)
		return 0;
	if (before != HASHINDEX_NONE)
		hashindex_remove(&objects->index, hash, before);
	return hashindex_add(&objects->index, hash, id);
}

static uint32_t place_for(struct objects *objects, const struct object_entry *entry)
{
	uint32_t id = (uint32_t)objects->entries.len;

	if (objects->free_ids.len) {
		id = objects->free_ids.items[--objects->free_ids.len];
		objects->entries.items[id] = *entry;
		return id;
	}
	return id < objects->objects_max && vec_push(&objects->entries, *entry) == 0 ? id :
										       OBJECT_NONE;
}

/* Adds the thing under its key; the path is copied. OBJECT_NONE when there is no room. */
static uint32_t add(struct objects *objects, const struct key *key,
		    const struct object_entry *entry)
{
	_cleanup_free_ char *path = strndup(key->path, key->path_len);
	uint32_t id = path ? place_for(objects, entry) : OBJECT_NONE;

	if (id == OBJECT_NONE) {
		objects->counters.over_cap++;
		return OBJECT_NONE;
	}
	objects->entries.items[id].object.path = TAKE_PTR(path);
	if (index_as(objects, key, id) < 0)
		objects->counters.over_cap++; /* will be taken for new when seen again */
	return id;
}

static uint32_t half_of_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return FDS_MAX_DEFAULT;
	return (uint32_t)MIN(limit.rlim_cur / 2, (rlim_t)OBJECTS_MAX_DEFAULT);
}

static void objects_cleanup(struct objects **objects)
{
	objects_free(*objects);
}

int objects_new(const struct objects_options *options, struct objects **ret_objects)
{
	_cleanup_(objects_cleanup) struct objects *objects = calloc(1, sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	objects->objects_max = options->objects_max ? options->objects_max : OBJECTS_MAX_DEFAULT;
	objects->fds_max = options->fds_max ? options->fds_max : half_of_nofile();
	for (uint32_t id = 0; id < OBJECT_FIRST_FILE; id++) {
		struct object_entry entry = {.object = well_known[id]};
		struct key key = {.objects = objects,
				  .path = entry.object.path,
				  .path_len = strlen(entry.object.path)};

		if (add(objects, &key, &entry) != id)
			return -ENOMEM;
	}
	if (jit_files_new(&objects->jit_files) < 0)
		return -ENOMEM;
	*ret_objects = TAKE_PTR(objects);
	return 0;
}

struct objects *objects_free(struct objects *objects)
{
	if (!objects)
		return NULL;
	vec_for_each(&objects->entries, entry) {
		if (entry->object.fd >= 0)
			close(entry->object.fd);
		free((void *)(uintptr_t)entry->object.path);
	}
	vec_free(&objects->entries);
	vec_free(&objects->free_ids);
	hashindex_free(&objects->index);
	jit_files_free(objects->jit_files);
	object_roots_free(&objects->roots);
	free(objects);
	return NULL;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static size_t displayed_len(const char *path)
{
	size_t len = strlen(path), suffix_len = sizeof(deleted_suffix) - 1;

	if (len > suffix_len && strcmp(path + len - suffix_len, deleted_suffix) == 0)
		return len - suffix_len;
	return len;
}

/* Names without a file; OBJECT_NONE: it is a file's. */
static uint32_t see_special(struct objects *objects, const struct object_sighting *sighting)
{
	struct key key = {.objects = objects, .path = sighting->path};
	struct object_entry entry = {.object = {.kind = OBJECT_SPECIAL, .fd = -1}};
	uint32_t id;

	if (!key.path[0])
		return OBJECT_ID_ANON;
	for (size_t i = 0; i < ARRAY_SIZE(anonymous_prefixes); i++)
		if (has_prefix(key.path, anonymous_prefixes[i]))
			return OBJECT_ID_ANON;
	if (has_prefix(key.path, "[stack"))
		return OBJECT_ID_STACK;
	if (key.path[0] != '[')
		return OBJECT_NONE;
	/* A 32-bit process has another vDSO than ours. */
	if (strcmp(key.path, "[vdso]") == 0 && sighting->limit <= UINT32_MAX)
		key.path = "[vdso32]";
	key.path_len = strlen(key.path);
	id = find(&key);
	if (id == HASHINDEX_NONE)
		id = add(objects, &key, &entry);
	return id == OBJECT_NONE ? OBJECT_ID_ANON : id;
}

static void count_way(struct objects *objects, enum object_way way)
{
	uint64_t *const counters[] = {
		[OBJECT_BY_MAP_FILES] = &objects->counters.by_map_files,
		[OBJECT_BY_ROOT] = &objects->counters.by_root,
		[OBJECT_BY_ANCESTOR] = &objects->counters.by_ancestor,
		[OBJECT_BY_HOST] = &objects->counters.by_host,
	};

	++*counters[way];
}

static void note_content(struct object_entry *entry)
{
	struct stat st;

	if (fstat(entry->object.fd, &st) < 0)
		return;
	entry->size = (uint64_t)st.st_size;
	entry->modified_ns =
		(uint64_t)st.st_mtim.tv_sec * NS_PER_SEC + (uint64_t)st.st_mtim.tv_nsec;
}

/* Has the file been written over since we opened it? */
static bool is_rewritten(const struct object_entry *entry)
{
	struct object_entry now = {.object.fd = entry->object.fd};

	note_content(&now);
	return now.size != entry->size || now.modified_ns != entry->modified_ns;
}

/* Tries to open the file; the entry then holds a descriptor, or the reason. */
static void pin(struct objects *objects, const struct object_sighting *sighting,
		struct object_entry *entry)
{
	struct object_opened opened = {.fd = -1};
	struct object *object = &entry->object;

	entry->tries++;
	object->unpinned = OBJECT_OVER_BUDGET;
	if (objects->fds >= objects->fds_max)
		return;
	object->unpinned = object_open(sighting, &opened);
	if (object->unpinned != OBJECT_PINNED)
		return;
	objects->fds++;
	count_way(objects, opened.way);
	object->fd = opened.fd;
	object->root = object_roots_see(&objects->roots, sighting->tgids, sighting->tgids_len);
	object->build_id_len = opened.build_id.len;
	memcpy(object->build_id, opened.build_id.bytes, opened.build_id.len);
	note_content(entry);
	if (!entry->inode) {
		entry->major = major(opened.device);
		entry->minor = minor(opened.device);
		entry->inode = opened.inode;
	}
}

static struct key key_by_inode(const struct objects *objects, const struct key *by_path,
			       const struct object_entry *entry)
{
	return (struct key){.objects = objects,
			    .path = by_path->path,
			    .path_len = by_path->path_len,
			    .major = entry->major,
			    .minor = entry->minor,
			    .inode = entry->inode};
}

static struct key key_by_build_id(const struct objects *objects, const struct key *by_path,
				  const struct object *object)
{
	return (struct key){.objects = objects,
			    .path = by_path->path,
			    .path_len = by_path->path_len,
			    .build_id = object->build_id,
			    .build_id_len = object->build_id_len};
}

static void drop_fd(struct objects *objects, struct object_entry *entry)
{
	close(TAKE_FD(entry->object.fd));
	objects->fds--;
}

static void set_reason(struct objects *objects, struct object_entry *entry,
		       enum object_unpinned reason)
{
	objects->counters.unpinned[entry->object.unpinned]--;
	objects->counters.unpinned[reason]++;
	entry->object.unpinned = reason;
}

/* The same file is in the table, as its build-id proves: at most its descriptor is news. */
static void merge(struct objects *objects, uint32_t id, struct object_entry *entry)
{
	struct object_entry *known = &objects->entries.items[id];

	if (entry->object.fd < 0)
		return;
	if (known->object.fd >= 0) {
		drop_fd(objects, entry);
		return;
	}
	set_reason(objects, known, OBJECT_PINNED);
	objects->counters.repinned++;
	known->object.fd = TAKE_FD(entry->object.fd);
	known->object.root = entry->object.root;
	note_content(known);
}

static struct key key_by_owner(const struct objects *objects, const struct object_entry *entry)
{
	return (struct key){.objects = objects,
			    .path = entry->object.path,
			    .path_len = strlen(entry->object.path),
			    .generic = entry->generic,
			    .owner = entry->object.owner};
}

int objects_index(struct objects *objects, uint32_t id)
{
	const struct object_entry *entry = &objects->entries.items[id];
	struct key whole = key_by_owner(objects, entry);
	struct key by_build_id = key_by_build_id(objects, &whole, &entry->object);
	struct key by_inode = key_by_inode(objects, &whole, entry);
	int r = 0;

	if (entry->object.kind != OBJECT_FILE)
		return index_as(objects, &whole, id);
	if (by_build_id.build_id_len)
		r = index_as(objects, &by_build_id, id);
	if (r == 0 && (by_inode.inode || !by_build_id.build_id_len))
		r = index_as(objects, &by_inode, id);
	return r;
}

static uint32_t add_file(struct objects *objects, const struct key *key, struct object_entry *entry)
{
	uint32_t id = add(objects, key, entry);

	if (id != OBJECT_NONE)
		objects->counters.unpinned[entry->object.unpinned]++;
	else if (entry->object.fd >= 0)
		drop_fd(objects, entry);
	return id;
}

/* Puts a file just looked at into the table, to be found by all that is known of it. */
static uint32_t settle(struct objects *objects, const struct key *path, struct object_entry *entry)
{
	struct key by_build_id = key_by_build_id(objects, path, &entry->object);
	struct key by_inode = key_by_inode(objects, path, entry);
	uint32_t id = by_build_id.build_id_len ? find(&by_build_id) : HASHINDEX_NONE;

	if (id != HASHINDEX_NONE)
		merge(objects, id, entry);
	else
		id = add_file(objects, by_build_id.build_id_len ? &by_build_id : &by_inode, entry);
	if (id != OBJECT_NONE && by_inode.inode && index_as(objects, &by_inode, id) < 0)
		objects->counters.over_cap++;
	return id;
}

/* `known`: what the table has for it so far, or OBJECT_NONE. */
static uint32_t see_new(struct objects *objects, const struct object_sighting *sighting,
			const struct key *path, uint32_t known)
{
	struct object_entry entry = {
		.object = {.kind = OBJECT_FILE,
			   .fd = -1,
			   .build_id_len = sighting->build_id_len,
			   .deleted = sighting->path[path->path_len] != '\0'},
		.major = sighting->major,
		.minor = sighting->minor,
		.inode = sighting->inode,
	};

	if (sighting->build_id_len)
		memcpy(entry.object.build_id, sighting->build_id, sighting->build_id_len);
	pin(objects, sighting, &entry);
	if (known != OBJECT_NONE && entry.object.fd < 0 &&
	    objects->entries.items[known].object.fd < 0) {
		set_reason(objects, &objects->entries.items[known], entry.object.unpinned);
		return known;
	}
	return settle(objects, path, &entry);
}

/* A file not found at first may be within reach of a later process. Only a build-id proves it. */
static void see_again(struct objects *objects, const struct object_sighting *sighting,
		      struct object_entry *entry)
{
	enum object_unpinned before = entry->object.unpinned;

	if (before != OBJECT_GONE || !sighting->build_id_len || entry->tries >= OPEN_TRIES_MAX)
		return;
	pin(objects, sighting, entry);
	objects->counters.unpinned[before]--;
	objects->counters.unpinned[entry->object.unpinned]++;
	objects->counters.repinned += entry->object.fd >= 0;
}

/* May the inode be another file's by now? One not held open, or written over, may. */
static bool is_stale(const struct object_sighting *sighting, const struct object_entry *entry)
{
	if (sighting->build_id_len)
		return false;
	return entry->object.fd < 0 ? entry->tries < OPEN_TRIES_MAX : is_rewritten(entry);
}

static uint32_t see_file(struct objects *objects, const struct object_sighting *sighting)
{
	struct key key = {.objects = objects,
			  .path = sighting->path,
			  .path_len = displayed_len(sighting->path)};
	struct key path = key;
	struct object_entry *entry;
	uint32_t id;

	if (sighting->build_id_len) {
		key.build_id = sighting->build_id;
		key.build_id_len = sighting->build_id_len;
	} else {
		key.major = sighting->major;
		key.minor = sighting->minor;
		key.inode = sighting->inode;
	}
	id = find(&key);
	if (id == HASHINDEX_NONE)
		return see_new(objects, sighting, &path, OBJECT_NONE);
	entry = &objects->entries.items[id];
	if (is_stale(sighting, entry)) {
		entry->tries++;
		return see_new(objects, sighting, &path, id);
	}
	see_again(objects, sighting, entry);
	return id;
}

uint32_t objects_see(struct objects *objects, const struct object_sighting *sighting)
{
	uint32_t id = see_special(objects, sighting);

	if (id != OBJECT_NONE)
		return id;
	id = see_file(objects, sighting);
	/* A memory file is a program (container runtimes run copies of themselves) or a JIT's. */
	if (id != OBJECT_NONE && has_prefix(sighting->path, "/memfd:") &&
	    objects->entries.items[id].object.fd < 0)
		return OBJECT_ID_ANON;
	return id;
}

uint32_t objects_see_program(struct objects *objects, const char *name)
{
	struct key key = {.objects = objects, .path = name, .path_len = strlen(name)};
	struct object_entry entry = {.object = {.kind = OBJECT_PROGRAM, .fd = -1}};
	uint32_t id = find(&key);

	if (id == HASHINDEX_NONE)
		id = add(objects, &key, &entry);
	return id == OBJECT_NONE ? OBJECT_ID_KERNEL : id;
}

struct jit_files *objects_jit_files(const struct objects *objects)
{
	return objects->jit_files;
}

uint32_t objects_private(struct objects *objects, uint32_t id, const struct object_owner *owner)
{
	struct key key = {.objects = objects, .generic = id, .owner = *owner, .path = ""};
	struct object_entry entry = {.generic = id};
	uint32_t own;

	if (id < OBJECT_ID_ANON || id >= OBJECT_FIRST_FILE)
		return id;
	key.path = well_known[id].path;
	key.path_len = strlen(key.path);
	jit_files_note_sample(objects->jit_files, owner->jit);
	own = find(&key);
	if (own != HASHINDEX_NONE)
		return own;
	entry.object = well_known[id];
	entry.object.owner = *owner;
	own = add(objects, &key, &entry);
	return own == OBJECT_NONE ? id : own;
}

uint32_t objects_count(const struct objects *objects)
{
	return (uint32_t)objects->entries.len;
}

const struct object *objects_get(const struct objects *objects, uint32_t id)
{
	return &objects->entries.items[id].object;
}

uint32_t objects_fds(const struct objects *objects)
{
	return objects->fds;
}

uint32_t objects_fds_max(const struct objects *objects)
{
	return objects->fds_max;
}

const struct objects_counters *objects_counters(const struct objects *objects)
{
	return &objects->counters;
}

int objects_open_beside(const struct objects *objects, uint32_t id, const char *path)
{
	return object_roots_open(&objects->roots, objects->entries.items[id].object.root, path);
}

const char *object_basename(const struct object *object)
{
	const char *slash = strrchr(object->path, '/');

	return object->path[0] == '/' && slash[1] ? slash + 1 : object->path;
}

const char *object_unpinned_name(enum object_unpinned unpinned)
{
	static const char *const names[OBJECT_UNPINNED_COUNT] = {
		[OBJECT_PINNED] = "open",
		[OBJECT_GONE] = "file gone",
		[OBJECT_DENIED] = "file access denied",
		[OBJECT_CHANGED] = "file changed",
		[OBJECT_NOT_REGULAR] = "not a regular file",
		[OBJECT_NOT_ELF] = "not an ELF file",
		[OBJECT_OVER_BUDGET] = "too many open files",
	};

	return names[unpinned];
}
