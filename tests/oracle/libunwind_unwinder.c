// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/unwinders.h"

#include <errno.h>
#include <libunwind.h>
#include <string.h>

/* Exported for those who bring their own accessors; no header of libunwind declares it. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip,
					      unw_dyn_info_t *table, unw_proc_info_t *info,
					      int need_unwind_info, void *ctx);

struct libunwind_unwinder {
	unw_addr_space_t accessors;
};

/*
 * .eh_frame_hdr as all linkers write it (Linux Standard Base Core, 10.6.2): version, encodings of three
 * numbers, pointer to .eh_frame, count, and a table of pairs relative to itself.
 */
struct search_header {
	uint8_t version, frame_encoding, count_encoding, table_encoding;
	int32_t frame;
	uint32_t count;
};

#define ENCODING_UDATA4 0x03
#define ENCODING_DATAREL_SDATA4 0x3b

static bool find_search_table(const struct module *module, unw_dyn_info_t *ret_table)
{
	struct search_header header;

	for (uint16_t i = 0; i < module->image->segments_len; i++) {
		const Elf64_Phdr *segment = &module->image->segments[i];

		if (segment->p_type != PT_GNU_EH_FRAME ||
		    segment->p_offset + sizeof(header) > module->image->len)
			continue;
		memcpy(&header, module->image->bytes + segment->p_offset, sizeof(header));
		if (header.version != 1 || header.count_encoding != ENCODING_UDATA4 ||
		    header.table_encoding != ENCODING_DATAREL_SDATA4)
			return false;
		*ret_table = (unw_dyn_info_t){
			.format = UNW_INFO_FORMAT_REMOTE_TABLE,
			.start_ip = module->start,
			.end_ip = module->limit,
			.u.rti.segbase = module->bias + segment->p_vaddr,
			.u.rti.table_data = module->bias + segment->p_vaddr + sizeof(header),
			.u.rti.table_len = header.count, /* pairs of 8 bytes, in words */
		};
		return true;
	}
	return false;
}

static int find_proc_info(unw_addr_space_t accessors, unw_word_t ip, unw_proc_info_t *info,
			  int need_unwind_info, void *ctx)
{
	struct space *space = ctx;
	const struct module *module = space_module(space, ip);
	unw_dyn_info_t table;
	int r = -UNW_ENOINFO;

	if (module && find_search_table(module, &table))
		r = UNW_OBJ(dwarf_search_unwind_table)(accessors, ip, &table, info,
						       need_unwind_info, ctx);
	space->no_info = r < 0;
	return r;
}

static void put_unwind_info(unw_addr_space_t accessors, unw_proc_info_t *info, void *ctx)
{
	(void)accessors, (void)info, (void)ctx;
}

static int get_dynamic_info(unw_addr_space_t accessors, unw_word_t *address, void *ctx)
{
	(void)accessors, (void)address, (void)ctx;
	return -UNW_ENOINFO;
}

static int access_memory(unw_addr_space_t accessors, unw_word_t address, unw_word_t *value,
			 int write, void *ctx)
{
	(void)accessors;
	return !write && space_read(ctx, address, value) ? 0 : -UNW_EINVAL;
}

/* libunwind numbers registers as DWARF does. */
static int access_register(unw_addr_space_t accessors, unw_regnum_t number, unw_word_t *value,
			   int write, void *ctx)
{
	const struct space *space = ctx;

	(void)accessors;
	if (write || number < 0 || number >= UNWIND_REGISTER_CNT)
		return -UNW_EBADREG;
	*value = space->sample->registers[number];
	return 0;
}

static int access_no_float(unw_addr_space_t accessors, unw_regnum_t number, unw_fpreg_t *value,
			   int write, void *ctx)
{
	(void)accessors, (void)number, (void)value, (void)write, (void)ctx;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t accessors, unw_cursor_t *cursor, void *ctx)
{
	(void)accessors, (void)cursor, (void)ctx;
	return -UNW_EINVAL;
}

static int get_no_name(unw_addr_space_t accessors, unw_word_t address, char *name, size_t size,
		       unw_word_t *offset, void *ctx)
{
	(void)accessors, (void)address, (void)name, (void)size, (void)offset, (void)ctx;
	return -UNW_ENOINFO;
}

int libunwind_unwinder_new(struct libunwind_unwinder **ret_unwinder)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = get_dynamic_info,
		.access_mem = access_memory,
		.access_reg = access_register,
		.access_fpreg = access_no_float,
		.resume = resume,
		.get_proc_name = get_no_name,
	};
	struct libunwind_unwinder *unwinder = calloc(1, sizeof(*unwinder));

	if (!unwinder)
		return -ENOMEM;
	unwinder->accessors = unw_create_addr_space(&accessors, 0);
	if (!unwinder->accessors) {
		free(unwinder);
		return -ENOMEM;
	}
	/* Processes of one address come and go. */
	unw_set_caching_policy(unwinder->accessors, UNW_CACHE_NONE);
	*ret_unwinder = unwinder;
	return 0;
}

struct libunwind_unwinder *libunwind_unwinder_free(struct libunwind_unwinder *unwinder)
{
	if (unwinder)
		unw_destroy_addr_space(unwinder->accessors);
	free(unwinder);
	return NULL;
}

/*
 * Frames from the cursor's on. Returns what the last step said: 0 at the base, else an error. Without
 * unwind information libunwind would guess, and call the end of its guesses a base.
 */
static int take_frames(unw_cursor_t *cursor, struct space *space, struct unwound *unwound)
{
	int r = 1;

	while (r > 0) {
		/* What libunwind calls a signal frame is the one that was interrupted. */
		bool is_call = unwound->len && unw_is_signal_frame(cursor) <= 0;
		unw_word_t ip;

		if (unw_get_reg(cursor, UNW_REG_IP, &ip) < 0)
			return -UNW_EBADREG;
		if (!ip) /* nobody's caller */
			return 0;
		if (!unwound_push(unwound, space, ip - is_call))
			return -UNW_ENOMEM;
		space->no_info = false;
		r = unw_step(cursor);
		if (space->no_info)
			return -UNW_ENOINFO;
	}
	return r;
}

void libunwind_unwinder_unwind(struct libunwind_unwinder *unwinder, struct space *space,
			       struct unwound *ret_unwound)
{
	unw_cursor_t cursor;
	int r;

	space->unread = false;
	ret_unwound->len = 0;
	r = unw_init_remote(&cursor, unwinder->accessors, space);
	if (r == 0)
		r = take_frames(&cursor, space, ret_unwound);
	if (r == 0)
		ret_unwound->end = UNWOUND_COMPLETE;
	else
		ret_unwound->end = space->unread ? UNWOUND_SHORT_COPY : UNWOUND_LOST;
}
