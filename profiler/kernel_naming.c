// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/kernel_naming.h"

#include <string.h>

#define CORE_MODULE "[kernel.kallsyms]"
#define MODULE_NAME_MAX 64 /* MODULE_NAME_LEN, include/linux/moduleparam.h: 56 */

int kernel_naming_make(struct namer *namer, struct kernel_naming *ret_naming)
{
	struct kernel_naming naming = {.symbols = namer_add_kernel(namer)};

	if (naming.symbols < 0)
		return naming.symbols;
	*ret_naming = naming;
	return 0;
}

void kernel_naming_free(struct kernel_naming *naming)
{
	vec_for_each(&naming->parts, part) {
		kernel_image_close(&(*part)->image);
		free(*part);
	}
	vec_free(&naming->parts);
	free(naming->frames);
	naming->frames = NULL;
}

/* ---- images ---- */

static int open_core(const struct kernel_naming *naming, struct namer *namer,
		     const struct kernel_image_options *options, struct kernel_image *image)
{
	uint64_t text = namer_kernel_text(namer, naming->symbols);
	int r = kernel_image_open(options, image);

	if (r == 0)
		image->runs_at = text;
	return r;
}

/* Without the brackets around its name. */
static int open_module(const char *module, const struct kernel_image_options *options,
		       struct kernel_image *image)
{
	size_t len = strlen(module);
	char name[MODULE_NAME_MAX];

	if (len < 3 || len - 2 >= sizeof(name))
		return -1;
	memcpy(name, module + 1, len - 2);
	name[len - 2] = '\0';
	return kernel_image_open_module(options, name, image);
}

static int open_image(const struct kernel_naming *naming, struct namer *namer,
		      struct kernel_part *part)
{
	const struct namer_options *options = namer_options_of(namer);
	const char *directory = options->symbols.debug_directory;
	struct kernel_image_options places = {
		.root = options->root,
		.debug_directory = directory ? directory : SYMBOLIZER_DEBUG_DIRECTORY,
	};

	if (options->symbols.no_dwarf)
		return -1;
	if (strcmp(part->module, CORE_MODULE) == 0)
		return open_core(naming, namer, &places, &part->image);
	return open_module(part->module, &places, &part->image);
}

/* Nobody's file: nothing is looked for beside it. */
static int add_image(struct namer *namer, const struct kernel_image *image)
{
	int object = namer_add_file(namer, image->fd, image->path);

	namer_set_owner(namer, object, UINT32_MAX);
	if (strcmp(namer_build_id(namer, object), image->build_id) == 0)
		return object;
	namer_lose_debug(namer, object);
	return -1;
}

static void open_part(const struct kernel_naming *naming, struct namer *namer,
		      struct kernel_part *part)
{
	if (open_image(naming, namer, part) == 0 && part->image.runs_at)
		part->object = add_image(namer, &part->image);
}

/* NULL: without memory there are no lines. */
static const struct kernel_part *part_of(struct kernel_naming *naming, struct namer *namer,
					 const char *module)
{
	struct kernel_part *made;

	vec_for_each(&naming->parts, part)
		if (strcmp((*part)->module, module) == 0)
			return *part;
	made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->module = module;
	made->image.fd = -1;
	made->object = -1;
	open_part(naming, namer, made);
	if (vec_push(&naming->parts, made) == 0)
		return made;
	kernel_image_close(&made->image);
	free(made);
	return NULL;
}

static uint64_t linked_address(const struct kernel_part *part, uint64_t address)
{
	return address - part->image.runs_at + part->image.text;
}

/* ---- asking ---- */

static const struct kernel_part *part_at(struct kernel_naming *naming, struct namer *namer,
					 uint64_t address)
{
	struct sym_result result;

	namer_lookup(namer, naming->symbols, address, &result);
	return result.reason == SYM_OK ? part_of(naming, namer, result.module) : NULL;
}

static void ask_part(const struct kernel_part *part, const struct kernel_part *const *parts,
		     const struct namer_question *question, struct namer_questions *questions)
{
	_cleanup_free_ uint64_t *addresses = reallocarray(NULL, question->len, sizeof(*addresses));
	struct namer_question asked = {
		.object = part->object, .by_address = true, .offsets = addresses};

	for (size_t i = 0; addresses && i < question->len; i++)
		if (parts[i] == part)
			addresses[asked.len++] = linked_address(part, question->offsets[i]);
	if (!asked.len || namer_questions_own(questions, addresses) < 0)
		return;
	(void)TAKE_PTR(addresses);
	(void)!namer_questions_add(questions, &asked);
}

/* Its own list needs no asking. */
void kernel_naming_ask(struct kernel_naming *naming, struct namer *namer,
		       const struct namer_question *question, struct namer_questions *questions)
{
	_cleanup_free_ const struct kernel_part **parts = NULL;

	if (!question->len)
		return;
	parts = reallocarray(NULL, question->len, sizeof(*parts));
	if (!parts)
		return;
	for (size_t i = 0; i < question->len; i++)
		parts[i] = part_at(naming, namer, question->offsets[i]);
	vec_for_each(&naming->parts, part)
		if ((*part)->object >= 0)
			ask_part(*part, parts, question, questions);
}

/* False without memory: they are as they were. */
static bool keep_frames(struct kernel_naming *naming, const struct sym_frame *frames, size_t len)
{
	if (len > naming->frames_max) {
		struct sym_frame *more = reallocarray(naming->frames, len, sizeof(*more));

		if (!more)
			return false;
		naming->frames = more;
		naming->frames_max = len;
	}
	memcpy(naming->frames, frames, len * sizeof(*frames));
	return true;
}

/* Frames of the image, but the function is called what the kernel's list calls it, as without image. */
static void take_frames(struct kernel_naming *naming, const struct sym_result *of_image,
			struct sym_result *result)
{
	struct sym_frame listed = naming->frames[0];

	if (keep_frames(naming, of_image->frames, of_image->frames_len)) {
		naming->frames[0].name = listed.name;
		naming->frames[0].system_name = listed.system_name;
		result->frames_len = of_image->frames_len;
	}
	result->frames = naming->frames;
}

void kernel_naming_lookup(struct kernel_naming *naming, struct namer *namer, uint64_t address,
			  struct sym_result *ret_result)
{
	const struct kernel_part *part;
	struct sym_result of_image;

	namer_lookup(namer, naming->symbols, address, ret_result);
	if (ret_result->reason != SYM_OK)
		return;
	part = part_of(naming, namer, ret_result->module);
	/* The next lookup may be the end of these frames, of which there is one. */
	if (!part || part->object < 0 || !keep_frames(naming, ret_result->frames, 1))
		return;
	ret_result->frames = naming->frames;
	namer_lookup_address(namer, part->object, linked_address(part, address), &of_image);
	if (of_image.reason == SYM_OK && of_image.frames_len)
		take_frames(naming, &of_image, ret_result);
}
