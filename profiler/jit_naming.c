// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/jit_naming.h"

/* Perf maps tell no times: what they say now is what there is. */
static uint64_t time_for(const struct jit_file *file, const struct jit_sampled *sampled)
{
	return file->is_dump ? sampled->time_ns : UINT64_MAX;
}

int jit_naming_make(const struct jit_sampled *sampled, struct namer *namer,
		    struct jit_naming *ret_naming)
{
	const struct jit_file *list[JIT_LIST_MAX];
	struct jit_naming naming = {.lack = JIT_NO_FILE};

	naming.len = jit_files_list(sampled->files, sampled->jit, list, &naming.lack);
	for (size_t i = 0; i < naming.len; i++) {
		naming.objects[i] = namer_add_jit(namer, list[i]->fd, list[i]->name,
						  time_for(list[i], sampled));
		if (naming.objects[i] < 0)
			return naming.objects[i];
	}
	*ret_naming = naming;
	return 0;
}

void jit_naming_ask(const struct jit_naming *naming, const struct namer_question *question,
		    struct namer_questions *questions)
{
	struct namer_question one = *question;

	for (size_t i = 0; i < naming->len; i++) {
		one.object = naming->objects[i];
		(void)!namer_questions_add(questions, &one); /* unasked, they are looked up */
	}
}

/* The first file that names the address; if none does, what the last one says. */
void jit_naming_lookup(const struct jit_naming *naming, struct namer *namer, uint64_t address,
		       struct sym_result *ret_result)
{
	*ret_result = (struct sym_result){
		.reason = SYM_NO_FILE, .address = address, .exact_address = address};
	for (size_t i = 0; i < naming->len && ret_result->reason != SYM_OK; i++)
		namer_lookup(namer, naming->objects[i], address, ret_result);
}

const char *jit_naming_reason(const struct jit_naming *naming, const struct sym_result *result)
{
	return naming->len ? sym_reason_name(result->reason) : jit_lack_name(naming->lack);
}
