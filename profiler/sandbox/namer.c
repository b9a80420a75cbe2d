// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/namer.h"

#include "base/hashindex.h"
#include "profiler/sandbox/namer_files.h"
#include "profiler/sandbox/worker_answers.h"
#include "symbolize/answer_cache.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_LEN_MAX ((size_t)48 * 1024 * 1024) /* kept; what is asked again is found again */
#define CACHE_LEN_MAX ((uint64_t)1024 * 1024 * 1024)

struct file_key { /* all zero without a file */
	uint64_t device, inode, size;
	int64_t changed_s, changed_ns;
};

struct named_object {
	int local; /* the symbolizer's id; -1: a worker's */
	int fd;    /* borrowed */
	bool is_jit;
	uint64_t jit_time_ns;
	const char *path;
	uint32_t owner;
	struct file_key key;
	enum sym_reason broken; /* SYM_OK while asking makes sense */
	bool is_known;          /* `about` is filled */
	struct worker_about about;
};

struct namer {
	struct namer_options options;
	struct symbolizer *symbolizer; /* of what is local */
	VEC(struct named_object) objects;
	struct hashindex remote; /* objects that are workers', by file and path */
	struct answer_cache answers;
	struct namepool names;         /* what answers point to */
	struct namepool paths;         /* of objects */
	struct sandbox_worker *worker; /* of worker_object; NULL: none now */
	int worker_object;
	struct namer_files files;     /* of worker_object */
	struct worker_lookup *lookup; /* room for one */
	struct sym_losses told_losses;
};

/* ---- setting up ---- */

static int open_cache(struct namer *namer)
{
	struct symbolizer_options symbols = namer->options.symbols;

	namer->files.cache = -1;
	if (namer->options.sandbox && symbols.cache_directory) {
		namer->files.cache = index_directory_open(symbols.cache_directory);
		symbols.cache_directory = NULL; /* what is local is not kept there */
	}
	namer->files.options = &namer->options.symbols;
	return symbolizer_new(&symbols, &namer->symbolizer);
}

int namer_new(const struct namer_options *options, struct namer **ret_namer)
{
	_cleanup_namer_ struct namer *namer = calloc(1, sizeof(*namer));

	if (!namer)
		return -ENOMEM;
	namer->options = *options;
	if (!options->answers_max || options->answers_max > ANSWER_CACHE_MAX)
		namer->options.answers_max = ANSWER_CACHE_MAX;
	if (!options->names_len_max)
		namer->options.names_len_max = NAMES_LEN_MAX;
	namer->lookup = calloc(1, sizeof(*namer->lookup));
	namer_files_begin(&namer->files, -1, "");
	if (open_cache(namer) < 0 || !namer->lookup)
		return -ENOMEM;
	*ret_namer = TAKE_PTR(namer);
	return 0;
}

static void close_cache(struct namer *namer)
{
	uint64_t len_max = namer->options.symbols.cache_len_max;

	if (namer->files.cache < 0)
		return;
	if (namer->files.has_grown)
		index_directory_trim(namer->files.cache, len_max ? len_max : CACHE_LEN_MAX);
	close(namer->files.cache);
}

struct namer *namer_free(struct namer *namer)
{
	if (!namer)
		return NULL;
	namer_rest(namer);
	close_cache(namer);
	symbolizer_free(namer->symbolizer);
	answer_cache_free(&namer->answers);
	namepool_free(&namer->names);
	namepool_free(&namer->paths);
	vec_free(&namer->objects);
	hashindex_free(&namer->remote);
	free(namer->lookup);
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

static const char *debug_directory(const struct namer *namer)
{
	const char *directory = namer->options.symbols.debug_directory;

	return directory ? directory : SYMBOLIZER_DEBUG_DIRECTORY;
}

static struct named_object *object_of(const struct namer *namer, int id)
{
	return id >= 0 && (size_t)id < namer->objects.len ? &namer->objects.items[id] : NULL;
}

const struct namer_options *namer_options_of(const struct namer *namer)
{
	return &namer->options;
}

uint64_t namer_kernel_text(struct namer *namer, int kernel)
{
	const struct named_object *object = object_of(namer, kernel);

	return object ? symbolizer_kernel_text(namer->symbolizer, object->local) : 0;
}

void namer_set_owner(struct namer *namer, int object, uint32_t owner)
{
	struct named_object *named = object_of(namer, object);

	if (!named)
		return;
	named->owner = owner;
	if (named->local >= 0)
		symbolizer_set_owner(namer->symbolizer, named->local, owner);
}

/* ---- workers ---- */

static const struct sandbox_files *files_of(struct namer *namer, struct sandbox_files *files)
{
	*files = (struct sandbox_files){namer_files_open, namer_files_index, &namer->files};
	return files;
}

static bool has_news(const struct namer *namer)
{
	return namer->worker && namer->files.cache >= 0 &&
	       namer->objects.items[namer->worker_object].about.has_news;
}

void namer_rest(struct namer *namer)
{
	struct worker_save budget = {.complete_ns = namer->options.complete_ns};
	struct worker_message save = {
		.kind = WORKER_SAVE, .fd = -1, .bytes = &budget, .len = sizeof(budget)};
	struct sandbox_reply reply = {0};
	struct sandbox_files files;

	if (has_news(namer) &&
	    sandbox_worker_ask(namer->worker, &save, files_of(namer, &files), &reply) < 0)
		namer->objects.items[namer->worker_object].broken = SYM_FAILED;
	sandbox_reply_free(&reply);
	namer_files_end(&namer->files);
	namer->worker = sandbox_worker_end(namer->worker);
}

static int tell_object(const struct namer *namer, const struct named_object *object)
{
	const struct symbolizer_options *options = &namer->options.symbols;
	_cleanup_buf_ struct buf bytes = {.max_len = WORKER_PACKET_MAX};
	struct worker_open open = {
		.no_dwarf = options->no_dwarf,
		.no_demangle = options->no_demangle,
		.has_cache = namer->files.cache >= 0 && !object->is_jit,
		.is_jit = object->is_jit,
		.jit_time_ns = object->jit_time_ns,
		.path_len = (uint32_t)strlen(object->path),
	};

	buf_append(&bytes, &open, sizeof(open));
	buf_append_str(&bytes, object->path);
	buf_append_str(&bytes, debug_directory(namer));
	if (buf_error(&bytes))
		return buf_error(&bytes);
	return sandbox_worker_tell(namer->worker, &(struct worker_message){.kind = WORKER_OPEN,
									   .fd = object->fd,
									   .bytes = bytes.data,
									   .len = bytes.len});
}

/* One worker at a time, that of the object that was asked about last. */
static int get_worker(struct namer *namer, int id)
{
	const struct named_object *object = &namer->objects.items[id];
	int r;

	if (namer->worker && namer->worker_object == id)
		return 0;
	namer_rest(namer);
	r = sandbox_worker_start(namer->options.sandbox, &namer->worker);
	if (r < 0)
		return r;
	namer->worker_object = id;
	namer_files_begin(&namer->files, object->fd, object->path);
	namer->files.owner = object->owner;
	return tell_object(namer, object);
}

/* ---- questions ---- */

/* Offsets and addresses of one object are two things to ask for. */
static uint32_t key_of(int object, bool by_address)
{
	return (uint32_t)object * 2 + by_address;
}

static int take_answers(struct namer *namer, const struct namer_question *question,
			const struct buf *bytes)
{
	struct byte_reader reader = byte_reader_of(bytes->data, bytes->len);
	struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX];
	uint32_t key = key_of(question->object, question->by_address);
	struct sym_result result;
	int r = 0;

	for (size_t i = 0; i < namer->lookup->len && r == 0; i++) {
		r = worker_answers_next(&reader, &namer->names, frames, &result);
		if (r == 0 &&
		    !answer_cache_keep(&namer->answers, key, namer->lookup->offsets[i], &result))
			r = -ENOMEM;
	}
	return r == 0 && reader_left(&reader) ? -EBADMSG : r;
}

static int take_about(struct named_object *object, const struct buf *bytes)
{
	struct byte_reader reader = byte_reader_of(bytes->data, bytes->len);
	int r = worker_about_read(&reader, &object->about);

	object->is_known |= r == 0;
	return r;
}

/* What `lookup` holds. */
static int look_up(struct namer *namer, const struct namer_question *question)
{
	struct worker_message ask = {
		.kind = WORKER_LOOKUP,
		.fd = -1,
		.bytes = namer->lookup,
		.len = offsetof(struct worker_lookup, offsets) +
		       namer->lookup->len * sizeof(uint64_t),
	};
	struct sandbox_reply reply = {0};
	struct sandbox_files files;
	int r = get_worker(namer, question->object);

	if (r == 0)
		r = sandbox_worker_ask(namer->worker, &ask, files_of(namer, &files), &reply);
	if (r == 0)
		r = take_answers(namer, question, &reply.bytes);
	if (r == 0)
		r = take_about(&namer->objects.items[question->object], &reply.end);
	if (r == -EBADMSG)
		sandbox_worker_lied(namer->worker);
	sandbox_reply_free(&reply);
	return r;
}

/* Memory for answers and names has an end: then all begins anew. */
static void make_room(struct namer *namer, size_t len)
{
	if (namer->answers.answers.len + len <= namer->options.answers_max &&
	    namer->names.total_len <= namer->options.names_len_max)
		return;
	answer_cache_forget(&namer->answers);
	namepool_free(&namer->names);
	namer->names = (struct namepool){0};
}

static void write_lookup(struct namer *namer, const struct namer_question *question)
{
	uint32_t key = key_of(question->object, question->by_address);

	namer->lookup->by_address = question->by_address;
	namer->lookup->len = 0;
	for (size_t i = 0; i < MIN(question->len, (size_t)NAMER_QUESTION_MAX); i++)
		if (!answer_cache_find(&namer->answers, key, question->offsets[i]))
			namer->lookup->offsets[namer->lookup->len++] = question->offsets[i];
}

void namer_ask(struct namer *namer, const struct namer_question *question)
{
	struct named_object *object = object_of(namer, question->object);
	int r;

	if (!object || object->local >= 0 || object->broken != SYM_OK)
		return;
	make_room(namer, question->len);
	write_lookup(namer, question);
	if (!namer->lookup->len && (question->len || object->is_known))
		return;
	r = look_up(namer, question);
	if (r == 0 || r == -ENOMEM)
		return;
	object->broken = SYM_FAILED;
	namer_files_end(&namer->files);
	namer->worker = sandbox_worker_end(namer->worker);
}

/* ---- answers ---- */

static void look_up_remote(struct namer *namer, const struct namer_question *question,
			   struct sym_result *ret_result)
{
	uint32_t key = key_of(question->object, question->by_address);
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
		.reason = object_of(namer, question->object)->broken,
	};
	if (ret_result->reason == SYM_OK)
		ret_result->reason = SYM_TOO_LARGE;
}

static void look_up_any(struct namer *namer, const struct namer_question *question,
			struct sym_result *ret_result)
{
	const struct named_object *object = object_of(namer, question->object);
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

const char *namer_build_id(struct namer *namer, int object)
{
	struct namer_question question = {.object = object};
	const struct named_object *named = object_of(namer, object);

	if (!named)
		return "";
	if (named->local >= 0)
		return symbolizer_build_id(namer->symbolizer, named->local);
	if (!named->is_known)
		namer_ask(namer, &question);
	return named->about.build_id;
}

static struct sym_losses sum_losses(const struct namer *namer)
{
	struct sym_losses sum;

	symbolizer_losses(namer->symbolizer, &sum);
	vec_for_each(&namer->objects, object) {
		sum.dwarf_objects += object->about.losses.dwarf_objects;
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
