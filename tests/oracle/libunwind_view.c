// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/libunwind_view.h"

#include <libunwind.h>
#include <string.h>

/* Exported for those who bring their own accessors; no header of libunwind declares it. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip,
					      unw_dyn_info_t *table, unw_proc_info_t *info,
					      int need_unwind_info, void *ctx);

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

static bool read_header(const struct image *image, const Elf64_Phdr *segment,
			struct search_header *ret_header)
{
	if (segment->p_offset > image->len || image->len - segment->p_offset < sizeof(*ret_header))
		return false;
	memcpy(ret_header, image->bytes + segment->p_offset, sizeof(*ret_header));
	return ret_header->version == 1 && ret_header->count_encoding == ENCODING_UDATA4 &&
	       ret_header->table_encoding == ENCODING_DATAREL_SDATA4;
}

bool search_table_find(const struct image *image, uint64_t bias, struct search_table *ret_table)
{
	struct search_header header;

	for (uint16_t i = 0; i < image->segments_len; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type != PT_GNU_EH_FRAME)
			continue;
		if (!read_header(image, segment, &header))
			return false;
		ret_table->base = bias + segment->p_vaddr;
		ret_table->pairs = ret_table->base + sizeof(header);
		ret_table->pairs_cnt = header.count;
		return true;
	}
	return false;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info,
			  int need_unwind_info, void *ctx)
{
	struct libunwind_view *view = ctx;
	struct search_table found;
	int r = -UNW_ENOINFO;

	if (view->find_table(view, ip, &found)) {
		unw_dyn_info_t table = {
			.format = UNW_INFO_FORMAT_REMOTE_TABLE,
			.start_ip = found.start,
			.end_ip = found.limit,
			.u.rti.segbase = found.base,
			.u.rti.table_data = found.pairs,
			.u.rti.table_len = found.pairs_cnt, /* of 8 bytes, in words */
		};
		r = UNW_OBJ(dwarf_search_unwind_table)(space, ip, &table, info, need_unwind_info,
						       ctx);
	}
	view->no_info = r < 0;
	return r;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *ctx)
{
	(void)space, (void)info, (void)ctx;
}

static int get_dynamic_info(unw_addr_space_t space, unw_word_t *address, void *ctx)
{
	(void)space, (void)address, (void)ctx;
	return -UNW_ENOINFO;
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
			 void *ctx)
{
	struct libunwind_view *view = ctx;

	(void)space;
	return !write && view->read_word(view, address, value) ? 0 : -UNW_EINVAL;
}

/* libunwind numbers registers as DWARF does. */
static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
			   int write, void *ctx)
{
	const struct libunwind_view *view = ctx;

	(void)space;
	if (write || number < 0 || number >= UNWIND_REGISTER_CNT)
		return -UNW_EBADREG;
	*value = view->registers[number];
	return 0;
}

static int access_no_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value,
			   int write, void *ctx)
{
	(void)space, (void)number, (void)value, (void)write, (void)ctx;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *ctx)
{
	(void)space, (void)cursor, (void)ctx;
	return -UNW_EINVAL;
}

static int get_no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t size,
		       unw_word_t *offset, void *ctx)
{
	(void)space, (void)address, (void)name, (void)size, (void)offset, (void)ctx;
	return -UNW_ENOINFO;
}

struct unw_addr_space *libunwind_view_space(void)
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
	unw_addr_space_t space = unw_create_addr_space(&accessors, 0);

	if (space) /* what is at an address comes and goes */
		unw_set_caching_policy(space, UNW_CACHE_NONE);
	return space;
}
