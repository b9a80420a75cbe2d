// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/symbolizer.h"

#include "base/vec.h"
#include "symbolize/alias.h"
#include "symbolize/answer_cache.h"
#include "symbolize/jit_names.h"
#include "symbolize/kallsyms.h"
#include "symbolize/kernel_modules.h"
#include "symbolize/namepool.h"
#include "symbolize/object_names.h"
#include "symbolize/vdso.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define HOLDERS_MAX 64 /* objects that hold descriptors of their files, up to four each */
#define CACHE_LEN_MAX ((uint64_t)1024 * 1024 * 1024)

enum object_kind { OBJECT_FILE, OBJECT_VDSO, OBJECT_KERNEL, OBJECT_JIT };

struct object {
	enum object_kind kind;
	const char *path; /* for messages; in the name pool */
	uint32_t owner;   /* what the caller calls it */
	bool is_loaded;
	enum sym_reason broken; /* SYM_OK when lookups make sense */
	int fd;                 /* owned until `names` or `jit` takes it; -1 without a file */
	struct object_names names;
	struct kallsyms kallsyms;
	uint64_t modules; /* kernel_modules_now() when the kernel's symbols were read */
	struct jit_names jit;
	uint64_t jit_time_ns; /* of what was sampled in its code */
};

struct symbolizer {
	struct symbolizer_options options;
	VEC(struct object) objects;
	struct answer_cache answers;
	struct namepool names;
	struct index_store store;
	size_t holder_cnt;
};

/* One answer being put together. */
struct draft {
	struct sym_frame frames[UNIT_INDEX_DEPTH_MAX];
	struct sym_result result;
};

static void open_store(struct symbolizer *symbolizer)
{
	const struct symbolizer_options *options = &symbolizer->options;

	symbolizer->store = (struct index_store){
		.directory = -1,
		.find = options->find_index,
		.write = options->write_index,
		.ctx = options->open_ctx,
	};
	if (options->cache_directory)
		symbolizer->store.directory = index_directory_open(options->cache_directory);
}

int symbolizer_new(const struct symbolizer_options *options, struct symbolizer **ret_symbolizer)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));

	if (!symbolizer)
		return -ENOMEM;
	if (options)
		symbolizer->options = *options;
	open_store(symbolizer);
	*ret_symbolizer = symbolizer;
	return 0;
}

static void object_free(struct object *object)
{
	object_names_close(&object->names);
	kallsyms_free(&object->kallsyms);
	jit_names_close(&object->jit);
	cleanup_close_(&object->fd);
}

/* What cannot be kept is found out again the next time. Only who adds something looks for what to remove. */
static void save_objects(struct symbolizer *symbolizer)
{
	uint64_t len_max = symbolizer->options.cache_len_max;
	bool has_grown = false;

	if (!index_store_is_open(&symbolizer->store))
		return;
	vec_for_each(&symbolizer->objects, object)
		if (object->is_loaded && object->broken == SYM_OK)
			has_grown |= object_names_save(&object->names, &symbolizer->store) > 0;
	if (symbolizer->store.directory < 0)
		return;
	if (has_grown)
		index_directory_trim(symbolizer->store.directory,
				     len_max ? len_max : CACHE_LEN_MAX);
	close(symbolizer->store.directory);
}

struct symbolizer *symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return NULL;
	save_objects(symbolizer);
	answer_cache_free(&symbolizer->answers);
	vec_for_each(&symbolizer->objects, object)
		object_free(object);
	vec_free(&symbolizer->objects);
	namepool_free(&symbolizer->names);
	free(symbolizer);
	return NULL;
}

static int add_object(struct symbolizer *symbolizer, struct object object)
{
	if (vec_push(&symbolizer->objects, object) < 0) {
		cleanup_close_(&object.fd);
		return -ENOMEM;
	}
	return (int)symbolizer->objects.len - 1;
}

static int add_opened(struct symbolizer *symbolizer, enum object_kind kind, int fd,
		      const char *path)
{
	struct object object = {.kind = kind, .fd = -1, .jit.fd = -1};

	object.path = namepool_intern(&symbolizer->names, path ? path : "");
	if (!object.path)
		return -ENOMEM;
	if (fd >= 0)
		object.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return add_object(symbolizer, object);
}

int symbolizer_add_file(struct symbolizer *symbolizer, int fd, const char *path)
{
	return add_opened(symbolizer, OBJECT_FILE, fd, path);
}

int symbolizer_add_jit(struct symbolizer *symbolizer, int fd, const char *path, uint64_t time_ns)
{
	int id = add_opened(symbolizer, OBJECT_JIT, fd, path);

	if (id >= 0)
		symbolizer->objects.items[id].jit_time_ns = time_ns;
	return id;
}

static uint64_t modules_now(const struct symbolizer *symbolizer)
{
	const char *path = symbolizer->options.modules_path;

	return kernel_modules_now(path ? path : "/proc/modules");
}

/* There is one kernel: asked for again, it is the same object, which forgets what is no longer true. */
static void refresh_kernel(struct symbolizer *symbolizer, struct object *kernel)
{
	if (!kernel->is_loaded || kernel->modules == modules_now(symbolizer))
		return;
	kallsyms_free(&kernel->kallsyms);
	kernel->is_loaded = false;
	answer_cache_forget(&symbolizer->answers);
}

int symbolizer_add_kernel(struct symbolizer *symbolizer)
{
	for (size_t id = 0; id < symbolizer->objects.len; id++) {
		if (symbolizer->objects.items[id].kind != OBJECT_KERNEL)
			continue;
		refresh_kernel(symbolizer, &symbolizer->objects.items[id]);
		return (int)id;
	}
	return add_object(symbolizer, (struct object){.kind = OBJECT_KERNEL,
						      .fd = -1,
						      .jit.fd = -1,
						      .path = "[kernel.kallsyms]"});
}

int symbolizer_add_vdso(struct symbolizer *symbolizer)
{
	return add_object(
		symbolizer,
		(struct object){.kind = OBJECT_VDSO, .fd = -1, .jit.fd = -1, .path = "[vdso]"});
}

void symbolizer_set_owner(struct symbolizer *symbolizer, int object, uint32_t owner)
{
	if (object >= 0 && (size_t)object < symbolizer->objects.len)
		symbolizer->objects.items[object].owner = owner;
}

static enum sym_reason reason_of(int error)
{
	switch (error) {
	case -ENOEXEC:
		return SYM_BAD_ELF;
	case -EFBIG:
	case -ENOMEM:
		return SYM_TOO_LARGE;
	default:
		return SYM_NO_FILE;
	}
}

static enum sym_reason load_file(struct symbolizer *symbolizer, struct object *object)
{
	const struct symbolizer_options *wanted = &symbolizer->options;
	struct object_names_options options = {
		.no_dwarf = wanted->no_dwarf,
		.store = symbolizer->store,
		.may_hold_files = symbolizer->holder_cnt < HOLDERS_MAX,
		.place = {.directory = wanted->debug_directory ? wanted->debug_directory :
								 SYMBOLIZER_DEBUG_DIRECTORY,
			  .object_path = object->path,
			  .open = wanted->open_debug,
			  .owner = object->owner,
			  .fetch = wanted->fetch_debug,
			  .fetch_ctx = wanted->fetch_ctx,
			  .open_host = wanted->open_host,
			  .ctx = wanted->open_ctx},
	};
	int r;

	if (object->kind == OBJECT_VDSO)
		object->fd = vdso_open();
	if (object->fd < 0)
		return SYM_NO_FILE;
	r = object_names_open(object->fd, &options, &object->names);
	if (r < 0)
		cleanup_close_(&object->fd);
	object->fd = -1; /* closed, or the names' */
	symbolizer->holder_cnt += object->names.holds_files;
	return r < 0 ? reason_of(r) : SYM_OK;
}

static enum sym_reason load_kernel(const struct symbolizer *symbolizer, struct object *object)
{
	const char *path = symbolizer->options.kallsyms_path;
	int r;

	object->modules = modules_now(symbolizer); /* before: what comes meanwhile is seen again */
	r = kallsyms_read(path ? path : "/proc/kallsyms", &object->kallsyms);
	if (r == -ENOMEM)
		return SYM_TOO_LARGE;
	return r < 0 ? SYM_NO_KALLSYMS : SYM_OK;
}

static enum sym_reason load_jit(struct object *object)
{
	int r;

	if (object->fd < 0)
		return SYM_NO_FILE;
	r = jit_names_open(object->fd, &object->jit);
	if (r < 0)
		return r == -ENOMEM ? SYM_TOO_LARGE : SYM_NO_FILE;
	TAKE_FD(object->fd);
	return SYM_OK;
}

static enum sym_reason load(struct symbolizer *symbolizer, struct object *object)
{
	switch (object->kind) {
	case OBJECT_KERNEL:
		return load_kernel(symbolizer, object);
	case OBJECT_JIT:
		return load_jit(object);
	default:
		return load_file(symbolizer, object);
	}
}

static struct object *loaded_object(struct symbolizer *symbolizer, int id)
{
	struct object *object;

	if (id < 0 || (size_t)id >= symbolizer->objects.len)
		return NULL;
	object = &symbolizer->objects.items[id];
	if (!object->is_loaded)
		object->broken = load(symbolizer, object);
	object->is_loaded = true;
	return object;
}

/* What to call a symbol; NULL: out of memory or over the cap. */
static const char *name_symbol(struct symbolizer *symbolizer, const char *symbol,
			       const char **ret_system_name)
{
	const char *name;

	if (!symbolizer->options.no_demangle)
		return namepool_demangle(&symbolizer->names, symbol, ret_system_name);
	name = namepool_intern(&symbolizer->names, symbol);
	*ret_system_name = name;
	return name;
}

static void draft_kernel(struct symbolizer *symbolizer, const struct object *object,
			 struct draft *draft)
{
	struct sym_frame *frame = &draft->frames[0];
	const char *module = NULL;
	const char *symbol = kallsyms_find(&object->kallsyms, draft->result.address, &module);

	if (!symbol) {
		draft->result.reason = SYM_NO_SYMBOL;
		return;
	}
	draft->result.module = namepool_intern(&symbolizer->names, module);
	*frame = (struct sym_frame){0};
	frame->name = name_symbol(symbolizer, symbol, &frame->system_name);
	draft->result.frames_len = frame->name ? 1 : 0;
	draft->result.reason = frame->name ? SYM_OK : SYM_TOO_LARGE;
}

/* As the kernel maps it: whole pages. */
static struct sym_segment mapped_segment(const struct elf_segment *segment)
{
	uint64_t mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;

	return (struct sym_segment){
		.start = segment->address & ~mask,
		.limit = (segment->address + segment->file_len + mask) & ~mask,
		.file_offset = segment->file_offset & ~mask,
	};
}

static const char *debug_name(const struct unit_frame *frame)
{
	return frame->linkage_name ? frame->linkage_name : frame->plain_name;
}

/*
 * A text of an object's tables, which live as long as we do: of an ordinary length it needs no copy.
 * NULL: out of memory or over the cap.
 */
static const char *keep_text(struct symbolizer *symbolizer, const char *text)
{
	if (strnlen(text, NAMEPOOL_LEN_MAX + 1) <= NAMEPOOL_LEN_MAX)
		return text;
	return namepool_intern(&symbolizer->names, text);
}

static const char *name_code(struct symbolizer *symbolizer, const char *symbol,
			     const char **ret_system_name)
{
	if (!symbolizer->options.no_demangle)
		return name_symbol(symbolizer, symbol, ret_system_name);
	*ret_system_name = keep_text(symbolizer, symbol);
	return *ret_system_name;
}

static void draft_chain(struct symbolizer *symbolizer, const struct unit_chain *chain,
			const char *physical, struct draft *draft)
{
	for (size_t i = 0; i < chain->len; i++) {
		const struct unit_frame *from = &chain->frames[i];
		const char *name = i == 0 ? physical : debug_name(from);
		struct sym_frame *to = &draft->frames[i];

		to->name = name_code(symbolizer, name ? name : "[inlined]", &to->system_name);
		if (!to->name) {
			draft->result.reason = SYM_TOO_LARGE;
			return;
		}
		to->file = from->file ? keep_text(symbolizer, from->file) : NULL;
		to->line = to->file ? from->line : 0;
		to->start_line = from->start_line;
		to->inlined = i > 0;
	}
	draft->result.frames_len = chain->len;
	draft->result.reason = SYM_OK;
}

/* A function known by its bounds only; or not even so. */
static void draft_unnamed(const struct object_names *names, struct draft *draft)
{
	const struct interval *function =
		intervals_find(&names->functions, draft->result.exact_address);

	if (function)
		draft->result.address = function->start;
	if (!symtab_is_empty(&names->symtab) || names->units)
		draft->result.reason = SYM_NO_SYMBOL;
	else
		draft->result.reason = SYM_STRIPPED;
}

/* DWARF for the functions and lines, the symbol table for what DWARF does not name. */
static void draft_code(struct symbolizer *symbolizer, struct object_names *names,
		       struct draft *draft)
{
	const char *symbol = symtab_find(&names->symtab, draft->result.address, NULL);
	struct unit_chain chain;

	if (!object_names_find(names, draft->result.address, &chain)) {
		chain.len = 1;
		chain.frames[0] = (struct unit_frame){0};
	}
	symbol = alias_choose(debug_name(&chain.frames[0]), symbol);
	if (!symbol)
		symbol = stack_base_name(&names->base, draft->result.address);
	if (symbol)
		draft_chain(symbolizer, &chain, symbol, draft);
	else
		draft_unnamed(names, draft);
}

static void draft_file(struct symbolizer *symbolizer, struct object_names *names,
		       struct draft *draft)
{
	const struct elf_segment *segment =
		elf_file_find_offset(names->file, draft->result.address, &draft->result.address);

	draft->result.exact_address = draft->result.address;
	if (!segment) {
		draft->result.reason = SYM_NOT_MAPPED;
		return;
	}
	draft->result.segment = mapped_segment(segment);
	draft_code(symbolizer, names, draft);
	draft->result.stack_base =
		stack_base_holds(&names->base, draft->result.exact_address) ||
		(draft->result.frames_len && stack_base_has_name(draft->frames[0].name));
}

/* Names are as their compiler has them: not mangled, or in a way of its own. */
static void draft_jit(struct symbolizer *symbolizer, struct object *object, struct draft *draft)
{
	struct sym_frame *frame = &draft->frames[0];
	struct live_code_place place;

	if (!live_code_find(&object->jit.code, draft->result.address, object->jit_time_ns,
			    &place)) {
		draft->result.reason = SYM_NOT_IN_JIT;
		return;
	}
	*frame = (struct sym_frame){.name = namepool_intern(&symbolizer->names, place.name)};
	frame->system_name = frame->name;
	frame->file = place.file ? namepool_intern(&symbolizer->names, place.file) : NULL;
	frame->line = frame->file ? place.line : 0;
	draft->result.frames_len = frame->name ? 1 : 0;
	draft->result.reason = frame->name ? SYM_OK : SYM_TOO_LARGE;
}

static void draft_answer(struct symbolizer *symbolizer, struct object *object, struct draft *draft)
{
	if (!object)
		draft->result.reason = SYM_NO_FILE;
	else if (object->broken != SYM_OK)
		draft->result.reason = object->broken;
	else if (object->kind == OBJECT_KERNEL)
		draft_kernel(symbolizer, object, draft);
	else if (object->kind == OBJECT_JIT)
		draft_jit(symbolizer, object, draft);
	else
		draft_file(symbolizer, &object->names, draft);
}

/* Makes the answer and keeps it; out of memory it says so, and is not kept. */
static void find_answer(struct symbolizer *symbolizer, uint32_t object, uint64_t offset,
			struct sym_result *ret_result)
{
	struct draft draft; /* 5 KB of frames, of which few get a value */
	const struct sym_result *kept;

	draft.result = (struct sym_result){.address = offset, .exact_address = offset};
	draft_answer(symbolizer, loaded_object(symbolizer, (int)object), &draft);
	draft.result.frames = draft.result.frames_len ? draft.frames : NULL;
	kept = answer_cache_keep(&symbolizer->answers, object, offset, &draft.result);
	if (kept) {
		*ret_result = *kept;
		return;
	}
	draft.result.frames = NULL;
	draft.result.frames_len = 0;
	draft.result.reason = SYM_TOO_LARGE;
	*ret_result = draft.result;
}

void symbolizer_lookup(struct symbolizer *symbolizer, int object, uint64_t offset,
		       struct sym_result *ret_result)
{
	const struct sym_result *known =
		answer_cache_find(&symbolizer->answers, (uint32_t)object, offset);

	if (known)
		*ret_result = *known;
	else
		find_answer(symbolizer, (uint32_t)object, offset, ret_result);
}

void symbolizer_lookup_address(struct symbolizer *symbolizer, int object, uint64_t address,
			       struct sym_result *ret_result)
{
	const struct object *loaded = loaded_object(symbolizer, object);
	const struct elf_file *file = loaded ? loaded->names.file : NULL;
	uint64_t offset;

	*ret_result = (struct sym_result){.address = address,
					  .exact_address = address,
					  .reason = loaded ? loaded->broken : SYM_NO_FILE};
	if (ret_result->reason != SYM_OK)
		return;
	ret_result->reason = SYM_NOT_MAPPED;
	if (!file || !elf_file_find_address(file, address + file->bias, &offset))
		return;
	symbolizer_lookup(symbolizer, object, offset, ret_result);
	ret_result->address -= file->bias;
	ret_result->exact_address -= file->bias;
}

size_t symbolizer_complete(struct symbolizer *symbolizer, int object, uint64_t budget_ns)
{
	struct object *loaded = loaded_object(symbolizer, object);

	if (!loaded || loaded->broken != SYM_OK || loaded->kind != OBJECT_FILE)
		return 0;
	return object_names_complete(&loaded->names, budget_ns);
}

bool symbolizer_has_news(struct symbolizer *symbolizer, int object)
{
	const struct object *loaded = loaded_object(symbolizer, object);

	return loaded && loaded->broken == SYM_OK && object_names_has_news(&loaded->names);
}

const char *symbolizer_build_id(struct symbolizer *symbolizer, int object)
{
	const struct object *loaded = loaded_object(symbolizer, object);

	return loaded && loaded->names.file ? loaded->names.file->build_id : "";
}

static enum sym_table table_of(const struct symtab *symtab)
{
	if (symtab_is_empty(symtab))
		return SYM_TABLE_NONE;
	return symtab->is_dynamic ? SYM_TABLE_EXPORTED : SYM_TABLE_WHOLE;
}

void symbolizer_sources(struct symbolizer *symbolizer, int object, struct sym_sources *ret_sources)
{
	const struct object *loaded = loaded_object(symbolizer, object);

	*ret_sources = (struct sym_sources){.reason = loaded ? loaded->broken : SYM_NO_FILE};
	if (ret_sources->reason != SYM_OK)
		return;
	ret_sources->table = table_of(&loaded->names.symtab);
	ret_sources->has_dwarf = loaded->names.units && !loaded->names.has_go_units;
}

uint64_t symbolizer_kernel_text(struct symbolizer *symbolizer, int kernel)
{
	const struct object *loaded = loaded_object(symbolizer, kernel);

	return loaded ? loaded->kallsyms.text : 0;
}

const char *symbolizer_path(const struct symbolizer *symbolizer, int object)
{
	if (object < 0 || (size_t)object >= symbolizer->objects.len)
		return "";
	return symbolizer->objects.items[object].path;
}

void symbolizer_losses(const struct symbolizer *symbolizer, struct sym_losses *ret_losses)
{
	struct sym_losses losses = {.names_cut = symbolizer->names.cut_cnt};

	vec_for_each(&symbolizer->objects, object) {
		losses.dwarf_objects += object->names.has_lost_dwarf;
		if (object->names.units)
			losses.dwarf_units +=
				unit_names_cut(object->names.units) + object->names.units->lost_cnt;
		losses.kernel_functions += object->kallsyms.dropped_cnt;
		losses.jit_functions += jit_names_lost(&object->jit);
	}
	*ret_losses = losses;
}
