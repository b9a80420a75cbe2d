// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/cfi_entries.h"
#include "bpf/unwind_abi.h"

#include <errno.h>

/*
 * A real one has some 30 bytes. FDEs of hostile files may name any place as their CIE, so that CIEs
 * overlap: this bounds the work.
 */
#define CIE_LEN_MAX 4096

#define LENGTH_64 UINT32_MAX /* the length is in the next eight bytes: DWARF 5, section 7.4 */

struct parser {
	const struct cfi_section *section;
	struct code_ranges ranges;
	struct cfi_entries *entries;
	struct cfa_machine *machine;
	size_t range; /* where the last FDE was */
};

/* One entry: what is behind its length and its id. */
struct entry {
	struct byte_reader body;
	size_t id_offset; /* of the field that says CIE or names the FDE's CIE */
	uint64_t id;
	bool is_cie, is_wide, is_terminator;
};

static bool is_debug_frame(const struct parser *parser)
{
	return parser->section->format == CFI_DEBUG_FRAME;
}

static size_t offset_of(const struct parser *parser, const uint8_t *at)
{
	return (size_t)(at - parser->section->bytes.data);
}

/* False when lengths make no sense; nothing behind such an entry can be found. */
static bool read_entry(const struct parser *parser, struct byte_reader *reader,
		       struct entry *ret_entry)
{
	uint64_t len = read_fixed(reader, 4);
	bool wide = len == LENGTH_64;
	size_t id_len = wide && is_debug_frame(parser) ? 8 : 4;
	struct entry entry = {.is_wide = wide, .is_terminator = len == 0};
	const uint8_t *bytes;

	if (wide)
		len = read_fixed(reader, 8);
	bytes = reader_skip(reader, len);
	if (!bytes || reader->failed)
		return false;
	entry.body = byte_reader_of(bytes, len);
	entry.id_offset = offset_of(parser, bytes);
	if (!entry.is_terminator)
		entry.id = read_fixed(&entry.body, id_len);
	entry.is_cie = !entry.is_terminator &&
		       entry.id == (is_debug_frame(parser) ? UINT64_MAX >> (64 - 8 * id_len) : 0);
	*ret_entry = entry;
	return true;
}

static struct pointer_bases bases_of(const struct parser *parser)
{
	return (struct pointer_bases){
		.bytes = parser->section->bytes.data,
		.address = parser->section->address,
		.text = parser->section->text_address,
		.data = parser->section->data_address,
	};
}

/*
 * The augmentation data, letter by letter; false when one is unknown and its data cannot be told
 * from what follows. With 'z' an unknown one only hides those behind it.
 */
static bool read_augmentation(const struct parser *parser, const char *letters,
			      struct byte_reader *reader, struct cfi_cie *cie)
{
	struct pointer_bases bases = bases_of(parser);
	uint8_t encoding;

	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			cie->pointer_encoding = read_u8(reader);
			break;
		case 'P':
			encoding = read_u8(reader) & (uint8_t)~POINTER_INDIRECT;
			read_pointer(reader, encoding, &bases);
			break;
		case 'L':
			read_u8(reader);
			break;
		case 'S':
			cie->interrupted = true;
			break;
		case 'B': /* AArch64: return addresses are signed with the B key */
		case 'G': /* AArch64: the stack is tagged */
			break;
		default:
			return false;
		}
	}
	return !reader->failed;
}

static bool read_all_augmentation(const struct parser *parser, const char *letters,
				  struct byte_reader *reader, struct cfi_cie *cie)
{
	struct byte_reader data;
	const uint8_t *bytes;
	uint64_t len;

	if (*letters != 'z')
		return read_augmentation(parser, letters, reader, cie);
	cie->augmented = true;
	len = read_uleb(reader);
	bytes = reader_skip(reader, len);
	if (!bytes)
		return false;
	data = byte_reader_of(bytes, len);
	read_augmentation(parser, letters + 1, &data, cie);
	return true;
}

static int keep_last_state(void *ctx, uint64_t address, const struct cfa_state *state)
{
	(void)address;
	*(struct cfa_state *)ctx = *state;
	return 0;
}

static void run_initial(struct parser *parser, struct byte_reader code, struct cfi_cie *cie)
{
	struct cfa_machine *machine = parser->machine;

	machine->frame = (struct cfa_frame){
		.code_align = cie->code_align,
		.data_align = cie->data_align,
		.pointer_encoding = cie->pointer_encoding,
		.bases = bases_of(parser),
	};
	machine->code = code;
	machine->location = 0;
	machine->end = UINT64_MAX;
	machine->row = keep_last_state;
	machine->ctx = &cie->initial;
	cfa_machine_run(machine);
}

/* The fields that .debug_frame of DWARF 4 and later has besides; false when they are not ours. */
static bool read_sizes(const struct parser *parser, uint8_t version, struct byte_reader *reader)
{
	if (!is_debug_frame(parser) || version < 4)
		return true;
	return read_u8(reader) == sizeof(uint64_t) && read_u8(reader) == 0;
}

static bool read_cie(struct parser *parser, struct byte_reader reader, struct cfi_cie *cie)
{
	uint8_t version = read_u8(&reader);
	const char *letters = read_string(&reader);
	uint64_t ra;

	if (!letters || (version != 1 && version != 3 && version != 4) ||
	    !read_sizes(parser, version, &reader))
		return false;
	if (letters[0] == 'e' && letters[1] == 'h') { /* GCC 2: a pointer to its own tables */
		reader_skip(&reader, sizeof(uint64_t));
		letters += 2;
	}
	cie->code_align = read_uleb(&reader);
	cie->data_align = read_sleb(&reader);
	ra = version == 1 ? read_u8(&reader) : read_uleb(&reader);
	if (ra != UNWIND_REGISTER_RA || !read_all_augmentation(parser, letters, &reader, cie) ||
	    reader.failed)
		return false;
	run_initial(parser, reader, cie);
	return true;
}

struct wanted_cie {
	const struct parser *parser;
	uint32_t offset;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
	const struct wanted_cie *wanted = ctx;
	const struct cfi_cie *cie = &wanted->parser->entries->cies.items[number];

	return cie->offset == wanted->offset && cie->section == wanted->parser->section;
}

static int add_cie(struct parser *parser, uint32_t offset, uint32_t *ret_number)
{
	const struct buf *bytes = &parser->section->bytes;
	struct cfi_entries *entries = parser->entries;
	struct byte_reader reader = byte_reader_of(bytes->data, bytes->len);
	struct cfi_cie cie = {.section = parser->section, .offset = offset};
	struct entry entry;
	uint32_t number = (uint32_t)entries->cies.len;
	int r;

	reader_skip(&reader, offset);
	if (read_entry(parser, &reader, &entry) && entry.is_cie &&
	    reader_left(&entry.body) <= CIE_LEN_MAX)
		cie.usable = read_cie(parser, entry.body, &cie);
	r = vec_push(&entries->cies, cie);
	if (r == 0)
		r = hashindex_add(&entries->cie_numbers, hash_bytes(&offset, sizeof(offset)),
				  number);
	if (r == 0)
		*ret_number = number;
	return r;
}

/* -ENOSPC when there are too many. */
static int find_cie(struct parser *parser, uint32_t offset, uint32_t *ret_number)
{
	struct cfi_entries *entries = parser->entries;
	struct wanted_cie wanted = {parser, offset};
	uint32_t number;

	/* Linkers put the FDEs of one CIE one behind the other. */
	if (entries->fdes.len && is_wanted(&wanted, vec_last(&entries->fdes)->cie)) {
		*ret_number = vec_last(&entries->fdes)->cie;
		return 0;
	}
	number = hashindex_find(&entries->cie_numbers, hash_bytes(&offset, sizeof(offset)),
				is_wanted, &wanted);
	if (number != HASHINDEX_NONE) {
		*ret_number = number;
		return 0;
	}
	if (entries->cies.len >= CFI_CIES_MAX)
		return -ENOSPC;
	return add_cie(parser, offset, ret_number);
}

/* Where the CIE of an FDE is; UINT64_MAX when that is not in the section. */
static uint64_t cie_offset(const struct parser *parser, const struct entry *entry)
{
	uint64_t offset = is_debug_frame(parser) ? entry->id : entry->id_offset - entry->id;

	return offset < parser->section->bytes.len ? offset : UINT64_MAX;
}

static bool is_in_range(const struct code_range *range, uint64_t address)
{
	return address >= range->start && address < range->end;
}

static const struct code_range *find_range(struct parser *parser, uint64_t address)
{
	for (size_t i = 0; i < parser->ranges.len; i++) {
		size_t at = (parser->range + i) % parser->ranges.len;

		if (is_in_range(&parser->ranges.items[at], address)) {
			parser->range = at;
			return &parser->ranges.items[at];
		}
	}
	return NULL;
}

static int add_fde(struct parser *parser, struct cfi_fde fde)
{
	struct cfi_entries *entries = parser->entries;
	const struct code_range *range = find_range(parser, fde.start);

	/* 0 and 1 are what linkers write into .debug_frame for functions they discarded. */
	if (fde.start == fde.end || (is_debug_frame(parser) && fde.start <= 1)) {
		entries->losses.fdes_empty++;
		return 0;
	}
	if (!range) {
		entries->losses.fdes_outside++;
		return 0;
	}
	if (fde.end > range->end || fde.end < fde.start)
		fde.end = range->end;
	if (entries->fdes.len >= CFI_FDES_MAX) {
		entries->losses.fdes_too_many++;
		return 0;
	}
	return vec_push(&entries->fdes, fde);
}

static int read_fde_body(struct parser *parser, uint32_t cie_number, struct byte_reader reader)
{
	const struct cfi_cie *cie = &parser->entries->cies.items[cie_number];
	struct pointer_bases bases = bases_of(parser);
	struct cfi_fde fde = {.cie = cie_number};

	fde.start = read_pointer(&reader, cie->pointer_encoding, &bases);
	fde.end = fde.start + read_pointer_len(&reader, cie->pointer_encoding);
	if (cie->augmented)
		reader_skip(&reader, read_uleb(&reader));
	if (reader.failed) {
		parser->entries->losses.entries_broken++;
		return 0;
	}
	fde.code_offset = (uint32_t)offset_of(parser, reader.at);
	fde.code_len = (uint32_t)reader_left(&reader);
	return add_fde(parser, fde);
}

static int read_fde(struct parser *parser, const struct entry *entry)
{
	struct cfi_losses *losses = &parser->entries->losses;
	uint64_t offset = cie_offset(parser, entry);
	uint32_t cie = 0;
	int r;

	if (offset == UINT64_MAX) {
		losses->fdes_no_cie++;
		return 0;
	}
	r = find_cie(parser, (uint32_t)offset, &cie);
	if (r == -ENOSPC) {
		losses->fdes_too_many++;
		return 0;
	}
	if (r < 0)
		return r;
	if (!parser->entries->cies.items[cie].usable) {
		losses->fdes_no_cie++;
		return 0;
	}
	return read_fde_body(parser, cie, entry->body);
}

/*
 * A terminator ends what the run time system registers, yet linkers have left some in the middle of
 * a section. Without a section, it is the only end there is.
 */
static int read_entries(struct parser *parser)
{
	const struct buf *bytes = &parser->section->bytes;
	struct byte_reader reader = byte_reader_of(bytes->data, bytes->len);
	struct entry entry;
	int r;

	while (reader_left(&reader)) {
		if (!read_entry(parser, &reader, &entry)) {
			parser->entries->losses.entries_broken++;
			return 0;
		}
		if (entry.is_terminator && parser->section->format == CFI_EH_HEADER)
			return 0;
		if (entry.is_cie || entry.is_terminator)
			continue;
		r = read_fde(parser, &entry);
		if (r < 0)
			return r;
	}
	return 0;
}

int cfi_entries_read(struct cfi_entries *entries, const struct cfi_section *section,
		     struct code_ranges ranges)
{
	struct cfa_machine machine;
	struct parser parser = {
		.section = section, .ranges = ranges, .entries = entries, .machine = &machine};

	return read_entries(&parser);
}

void cfi_entries_free(struct cfi_entries *entries)
{
	vec_free(&entries->cies);
	vec_free(&entries->fdes);
	hashindex_free(&entries->cie_numbers);
}
