// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/kernel_naming.h"

#include <string.h>

#define CORE_MODULE "[kernel.kallsyms]"

int kernel_naming_make(struct namer *namer, struct kernel_naming *ret_naming)
{
	struct kernel_naming naming = {.symbols = namer_add_kernel(namer), .image = -1};

	if (naming.symbols < 0)
		return naming.symbols;
	naming.image = namer_add_kernel_image(namer, &naming.slide);
	*ret_naming = naming;
	return 0;
}

void kernel_naming_free(struct kernel_naming *naming)
{
	free(naming->frames);
	naming->frames = NULL;
}

/* Its own list needs no asking. */
void kernel_naming_ask(const struct kernel_naming *naming, struct namer *namer,
		       const struct namer_question *question)
{
	_cleanup_free_ uint64_t *addresses = NULL;
	struct namer_question images = {
		.object = naming->image, .by_address = true, .len = question->len};

	if (naming->image < 0 || !question->len)
		return;
	addresses = reallocarray(NULL, question->len, sizeof(*addresses));
	for (size_t i = 0; addresses && i < question->len; i++)
		addresses[i] = question->offsets[i] - naming->slide;
	images.offsets = addresses;
	if (addresses)
		namer_ask(namer, &images);
}

/* Frames of the image, but the function is called what the kernel's list calls it, as without image. */
static void take_frames(struct kernel_naming *naming, const struct sym_result *of_image,
			struct sym_result *result)
{
	size_t len = of_image->frames_len;

	if (len > naming->frames_max) {
		struct sym_frame *frames = reallocarray(naming->frames, len, sizeof(*frames));

		if (!frames)
			return;
		naming->frames = frames;
		naming->frames_max = len;
	}
	memcpy(naming->frames, of_image->frames, len * sizeof(*naming->frames));
	naming->frames[0].name = result->frames[0].name;
	naming->frames[0].system_name = result->frames[0].system_name;
	result->frames = naming->frames;
	result->frames_len = len;
}

void kernel_naming_lookup(struct kernel_naming *naming, struct namer *namer, uint64_t address,
			  struct sym_result *ret_result)
{
	struct sym_result of_image;

	namer_lookup(namer, naming->symbols, address, ret_result);
	if (naming->image < 0 || ret_result->reason != SYM_OK ||
	    strcmp(ret_result->module, CORE_MODULE) != 0)
		return;
	namer_lookup_address(namer, naming->image, address - naming->slide, &of_image);
	if (of_image.reason == SYM_OK && of_image.frames_len)
		take_frames(naming, &of_image, ret_result);
}
