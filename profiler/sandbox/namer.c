// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/namer.h"

#include "profiler/sandbox/namer_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_LEN_MAX ((size_t)48 * 1024 * 1024) /* kept; what is asked again is found again */
#define WORKERS_MIN 2 /* at once, on a host with one CPU, too: one of them may hang */
#define CACHE_LEN_MAX ((uint64_t)1024 * 1024 * 1024)

/* ---- setting up ---- */

static int open_symbolizer(struct namer *namer)
{
	struct symbolizer_options symbols = namer->options.symbols;

	if (namer->options.sandbox && symbols.cache_directory) {
		namer->cache = index_directory_open(symbols.cache_directory);
		symbols.cache_directory = NULL; /* what is local is not kept there */
	}
	return symbolizer_new(&symbols, &namer->symbolizer);
}

static int open_desks(struct namer *namer)
{
	uint32_t useful = MAX((uint32_t)sysconf(_SC_NPROCESSORS_ONLN), (uint32_t)WORKERS_MIN);
	uint32_t wanted = MAX(MIN(namer->options.workers_max, useful), 1u);
	int r = 0;

	for (; namer->desk_cnt < MIN(wanted, (uint32_t)NAMER_WORKERS_MAX) && r == 0;
	     namer->desk_cnt++)
		r = namer_desk_init(&namer->desks[namer->desk_cnt], &namer->options, namer->cache,
				    &namer->files_mutex);
	return r;
}

int namer_new(const struct namer_options *options, struct namer **ret_namer)
{
	_cleanup_namer_ struct namer *namer = calloc(1, sizeof(*namer));

	if (!namer)
		return -ENOMEM;
	namer->cache = -1;
	pthread_mutex_init(&namer->mutex, NULL);
	pthread_mutex_init(&namer->files_mutex, NULL);
	namer->options = *options;
	if (!options->answers_max || options->answers_max > ANSWER_CACHE_MAX)
		namer->options.answers_max = ANSWER_CACHE_MAX;
	if (!options->names_len_max)
		namer->options.names_len_max = NAMES_LEN_MAX;
	if (open_symbolizer(namer) < 0 || open_desks(namer) < 0)
		return -ENOMEM;
	*ret_namer = TAKE_PTR(namer);
	return 0;
}

static void close_cache(struct namer *namer)
{
	uint64_t len_max = namer->options.symbols.cache_len_max;
	bool has_grown = false;

	for (uint32_t i = 0; i < namer->desk_cnt; i++)
		has_grown |= namer->desks[i].files.has_grown;
	if (namer->cache >= 0 && has_grown)
		index_directory_trim(namer->cache, len_max ? len_max : CACHE_LEN_MAX);
	cleanup_close_(&namer->cache);
}

struct namer *namer_free(struct namer *namer)
{
	if (!namer)
		return NULL;
	namer_rest(namer);
	close_cache(namer);
	for (uint32_t i = 0; i < namer->desk_cnt; i++)
		namer_desk_free(&namer->desks[i]);
	symbolizer_free(namer->symbolizer);
	answer_cache_free(&namer->answers);
	namepool_free(&namer->names);
	namepool_free(&namer->paths);
	vec_free(&namer->objects);
	hashindex_free(&namer->remote);
	pthread_mutex_destroy(&namer->mutex);
	pthread_mutex_destroy(&namer->files_mutex);
	free(namer);
	return NULL;
}

/* ---- objects ---- */

static int add_object(struct namer *namer, struct named_object object)
{
	if (vec_push(&namer->objects, object) < 0)
		return -ENOMEM;
	return (int)namer->objects.len - 1;
}

static int add_local(struct namer *namer, int local)
{
	return local < 0 ? local : add_object(namer, (struct named_object){.local = local});
}

/* The time of the last change of status: unlike that of the content nobody can set it. */
static struct file_key key_of_file(int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return (struct file_key){0};
	return (struct file_key){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.changed_s = st.st_ctim.tv_sec,
		.changed_ns = st.st_ctim.tv_nsec,
	};
}

struct wanted {
	const struct namer *namer;
	const struct named_object *object;
};

static bool same_file(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;
	const struct named_object *object = &wanted->namer->objects.items[id];

	return object->path == wanted->object->path && object->is_jit == wanted->object->is_jit &&
	       object->jit_time_ns == wanted->object->jit_time_ns &&
	       memcmp(&object->key, &wanted->object->key, sizeof(object->key)) == 0;
}

/* Paths are interned: one pointer is one path. */
static uint64_t hash_of(const struct named_object *object)
{
	return hash_bytes(&object->key, sizeof(object->key)) ^
	       hash_bytes(&object->path, sizeof(object->path));
}

static int add_remote(struct namer *namer, struct named_object object, const char *path)
{
	struct wanted wanted = {.namer = namer, .object = &object};
	uint32_t known;
	int r;

	object.local = -1;
	object.path = namepool_intern(&namer->paths, path ? path : "");
	object.broken = object.fd < 0 ? SYM_NO_FILE : SYM_OK;
	object.key = key_of_file(object.fd);
	if (!object.path)
		return -ENOMEM;
	known = hashindex_find(&namer->remote, hash_of(&object), same_file, &wanted);
	if (known != HASHINDEX_NONE) {
		namer->objects.items[known].fd = object.fd;
		return (int)known;
	}
	r = add_object(namer, object);
	if (r >= 0 && hashindex_add(&namer->remote, hash_of(&object), (uint32_t)r) < 0)
		return -ENOMEM;
	return r;
}

int namer_add_file(struct namer *namer, int fd, const char *path)
{
	if (!namer->options.sandbox)
		return add_local(namer, symbolizer_add_file(namer->symbolizer, fd, path));
	return add_remote(namer, (struct named_object){.fd = fd}, path);
}

int namer_add_jit(struct namer *namer, int fd, const char *path, uint64_t time_ns)
{
	struct named_object object = {.fd = fd, .is_jit = true, .jit_time_ns = time_ns};

	if (!namer->options.sandbox)
		return add_local(namer, symbolizer_add_jit(namer->symbolizer, fd, path, time_ns));
	return add_remote(namer, object, path);
}

int namer_add_kernel(struct namer *namer)
{
	return add_local(namer, symbolizer_add_kernel(namer->symbolizer));
}

int namer_add_vdso(struct namer *namer)
{
	return add_local(namer, symbolizer_add_vdso(namer->symbolizer));
}

struct named_object *namer_object(const struct namer *namer, int id)
{
	return id >= 0 && (size_t)id < namer->objects.len ? &namer->objects.items[id] : NULL;
}

const struct namer_options *namer_options_of(const struct namer *namer)
{
	return &namer->options;
}

uint64_t namer_kernel_text(struct namer *namer, int kernel)
{
	const struct named_object *object = namer_object(namer, kernel);

	return object ? symbolizer_kernel_text(namer->symbolizer, object->local) : 0;
}

void namer_set_owner(struct namer *namer, int object, uint32_t owner)
{
	struct named_object *named = namer_object(namer, object);

	if (!named)
		return;
	named->owner = owner;
	if (named->local >= 0)
		symbolizer_set_owner(namer->symbolizer, named->local, owner);
}

/* ---- answers ---- */

static void look_up_remote(struct namer *namer, const struct namer_question *question,
			   struct sym_result *ret_result)
{
	uint32_t key = namer_key(question->object, question->by_address);
	uint64_t offset = question->offsets[0];
	const struct sym_result *known = answer_cache_find(&namer->answers, key, offset);

	if (!known) {
		namer_ask(namer, question);
		known = answer_cache_find(&namer->answers, key, offset);
	}
	if (known) {
		*ret_result = *known;
		return;
	}
	*ret_result = (struct sym_result){
		.address = offset,
		.exact_address = offset,
		.reason = namer_object(namer, question->object)->broken,
	};
	if (ret_result->reason == SYM_OK)
		ret_result->reason = namer_may_spend(&namer->options) ? SYM_TOO_LARGE : SYM_PUT_OFF;
}

static void look_up_any(struct namer *namer, const struct namer_question *question,
			struct sym_result *ret_result)
{
	const struct named_object *object = namer_object(namer, question->object);
	int local = object ? object->local : INT32_MAX; /* which is nobody's */

	if (local < 0)
		look_up_remote(namer, question, ret_result);
	else if (question->by_address)
		symbolizer_lookup_address(namer->symbolizer, local, question->offsets[0],
					  ret_result);
	else
		symbolizer_lookup(namer->symbolizer, local, question->offsets[0], ret_result);
}

void namer_lookup(struct namer *namer, int object, uint64_t offset, struct sym_result *ret_result)
{
	struct namer_question question = {.object = object, .offsets = &offset, .len = 1};

	look_up_any(namer, &question, ret_result);
}

void namer_lookup_address(struct namer *namer, int object, uint64_t address,
			  struct sym_result *ret_result)
{
	struct namer_question question = {
		.object = object, .by_address = true, .offsets = &address, .len = 1};

	look_up_any(namer, &question, ret_result);
}

/* Asks, unless that was done already. */
static void get_about(struct namer *namer, int object)
{
	struct namer_question question = {.object = object};

	if (!namer_object(namer, object)->is_known)
		namer_ask(namer, &question);
}

const char *namer_build_id(struct namer *namer, int object)
{
	const struct named_object *named = namer_object(namer, object);

	if (!named)
		return "";
	if (named->local >= 0)
		return symbolizer_build_id(namer->symbolizer, named->local);
	get_about(namer, object);
	return named->about.build_id;
}

void namer_sources(struct namer *namer, int object, struct sym_sources *ret_sources)
{
	const struct named_object *named = namer_object(namer, object);

	if (!named || named->local >= 0) {
		symbolizer_sources(namer->symbolizer, named ? named->local : -1, ret_sources);
		return;
	}
	get_about(namer, object);
	*ret_sources = named->about.sources;
	if (named->broken != SYM_OK)
		*ret_sources = (struct sym_sources){.reason = named->broken};
}

void namer_lose_debug(struct namer *namer, int object)
{
	struct named_object *named = namer_object(namer, object);

	if (named)
		named->is_no_debug |=
			named->local >= 0 || named->is_known || named->broken != SYM_OK;
}

static struct sym_losses sum_losses(const struct namer *namer)
{
	struct sym_losses sum;

	symbolizer_losses(namer->symbolizer, &sum);
	vec_for_each(&namer->objects, object) {
		sum.dwarf_objects += object->about.losses.dwarf_objects + object->is_no_debug;
		sum.dwarf_units += object->about.losses.dwarf_units;
		sum.names_cut += object->about.losses.names_cut;
		sum.jit_functions += object->about.losses.jit_functions;
	}
	return sum;
}

/* A file that is asked about again may have more to tell by then. */
static uint64_t news_since(uint64_t now, uint64_t before)
{
	return now - MIN(before, now);
}

void namer_take_losses(struct namer *namer, struct sym_losses *ret_losses)
{
	struct sym_losses now = sum_losses(namer), *told = &namer->told_losses;

	*ret_losses = (struct sym_losses){
		.dwarf_objects = news_since(now.dwarf_objects, told->dwarf_objects),
		.dwarf_units = news_since(now.dwarf_units, told->dwarf_units),
		.names_cut = news_since(now.names_cut, told->names_cut),
		.kernel_functions = news_since(now.kernel_functions, told->kernel_functions),
		.jit_functions = news_since(now.jit_functions, told->jit_functions),
	};
	*told = now;
}

uint64_t namer_failed(const struct namer *namer)
{
	uint64_t failed = 0;

	vec_for_each(&namer->objects, object)
		failed += object->broken == SYM_FAILED;
	return failed;
}
