// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/walk_tables.h"

#include "bpf/walk_abi.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#define OBJECTS_MAX (WALK_OBJECT_ID_MAX + 1)

int walk_tables_init(struct walk_tables *tables, struct walk_pool *pool,
		     struct unwind_object *kernel_objects, struct sandbox *sandbox)
{
	*tables = (struct walk_tables){.pool = pool, .kernel_objects = kernel_objects};
	return table_builder_new(sandbox, &tables->builder);
}

void walk_tables_done(struct walk_tables *tables)
{
	table_builder_free(tables->builder);
	vec_for_each(&tables->tables, table)
		vec_free(&table->segments);
	vec_free(&tables->tables);
	vec_free(&tables->free_slots);
	vec_free(&tables->retired_slots);
}

static struct walk_table *table_of(struct walk_tables *tables, uint32_t object)
{
	if (object >= OBJECTS_MAX || vec_reserve(&tables->tables, (size_t)object + 1) < 0)
		return NULL;
	while (tables->tables.len <= object)
		tables->tables.items[tables->tables.len++] = (struct walk_table){0};
	return &tables->tables.items[object];
}

const struct walk_table *walk_tables_get(const struct walk_tables *tables, uint32_t object)
{
	static const struct walk_table unknown = {0};

	return object < tables->tables.len ? &tables->tables.items[object] : &unknown;
}

/* The vDSO has no file; ours is everybody's. Its section headers end it (fs/binfmt_elf.c maps it whole). */
static bool vdso_source(struct elf_source *ret_source)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);

	if (!header)
		return false;
	*ret_source = (struct elf_source){
		.fd = -1,
		.memory = header,
		.memory_len = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize,
	};
	return true;
}

static bool source_of(const struct object *object, struct elf_source *ret_source)
{
	if (object->kind == OBJECT_VDSO)
		return vdso_source(ret_source);
	*ret_source = (struct elf_source){.fd = object->fd};
	return object->kind == OBJECT_FILE && object->fd >= 0;
}

enum walk_table_state walk_tables_want(struct walk_tables *tables, const struct objects *objects,
				       uint32_t object)
{
	struct walk_table *table = table_of(tables, object);
	struct elf_source source;

	if (!table)
		return WALK_TABLE_NONE;
	if (table->state != WALK_TABLE_UNKNOWN && table->state != WALK_TABLE_BUILDING)
		return table->state;
	if (source_of(objects_get(objects, object), &source) &&
	    table_builder_ask(tables->builder, object, source) == 0)
		table->state = WALK_TABLE_BUILDING;
	else
		table->state = WALK_TABLE_NONE;
	return table->state;
}

static bool take_slot(struct walk_tables *tables, uint32_t *ret_slot)
{
	if (tables->free_slots.len) {
		*ret_slot = tables->free_slots.items[--tables->free_slots.len];
		return true;
	}
	*ret_slot = tables->slots_used;
	return tables->slots_used < WALK_OBJECTS_MAX && ++tables->slots_used;
}

static int keep_segments(struct walk_table *table, const struct unwind_table *built)
{
	int r = 0;

	table->segments.len = 0;
	for (size_t i = 0; i < built->segments.len && r == 0; i++)
		r = vec_push(&table->segments, built->segments.items[i]);
	return r;
}

/* Nothing leads to the slot yet, so the order of writing does not matter. */
static void write_table(struct walk_tables *tables, const struct walk_table *table,
			const struct unwind_table *built)
{
	struct unwind_object object = built->object;

	object.index_off += table->off;
	object.rules_off += table->off;
	object.keys_off += table->off;
	object.rule_ids_off += table->off;
	object.gen = 2;
	memcpy(tables->pool->base + table->off, built->bytes, built->len);
	tables->kernel_objects[table->slot] = object;
}

/* A sixteenth of the pool is for mapping sets: without one, no table of a process is of use. */
static bool has_room(const struct walk_pool *pool, uint32_t len)
{
	uint64_t limit = pool->size - pool->size / 16;

	return (uint64_t)pool->used + len <= limit;
}

static int house(struct walk_tables *tables, struct walk_table *table,
		 const struct unwind_table *built)
{
	int r = keep_segments(table, built);

	if (r < 0)
		return r;
	table->len = (uint32_t)built->len;
	if (!has_room(tables->pool, table->len) || !take_slot(tables, &table->slot))
		return -ENOSPC;
	r = walk_pool_alloc_last(tables->pool, table->len, &table->off);
	if (r < 0) {
		(void)!vec_push(&tables->free_slots, table->slot);
		return r;
	}
	write_table(tables, table, built);
	tables->counters.rows += built->object.row_cnt;
	tables->counters.bytes += built->len;
	return 0;
}

static void note_losses(struct walk_tables *tables, const struct unwind_stats *stats)
{
	for (int loss = 0; loss < UNWIND_LOSS_CNT; loss++)
		tables->counters.rows_lost[loss] += stats->rows_of_loss[loss];
}

static enum walk_table_state place(struct walk_tables *tables, struct table_build *build)
{
	struct walk_table *table = &tables->tables.items[build->object];

	if (build->error == -EPIPE) {
		tables->counters.failed++;
		return WALK_TABLE_FAILED;
	}
	if (build->error < 0 || build->table.object.flags & UNWIND_OBJECT_NO_TABLE) {
		tables->counters.none++;
		return WALK_TABLE_NONE;
	}
	tables->counters.built++;
	note_losses(tables, &build->table.stats);
	if (house(tables, table, &build->table) == 0)
		return WALK_TABLE_READY;
	tables->counters.homeless++;
	tables->homeless++;
	return WALK_TABLE_HOMELESS;
}

uint32_t walk_tables_collect(struct walk_tables *tables)
{
	struct table_build build;
	uint32_t homeless = 0;

	while (table_builder_take(tables->builder, &build)) {
		struct walk_table *table = &tables->tables.items[build.object];

		table->state = place(tables, &build);
		homeless += table->state == WALK_TABLE_HOMELESS;
		unwind_table_free(&build.table);
	}
	return homeless;
}

bool walk_table_address(const struct walk_table *table, uint64_t file_offset, uint64_t *ret_address)
{
	vec_for_each(&table->segments, segment) {
		uint64_t page_begin = segment->file_offset & ~UINT64_C(0xfff);

		/* Mappings begin on the page the segment begins in. */
		if (file_offset < page_begin ||
		    file_offset - page_begin >= segment->file_len + 0xfff)
			continue;
		*ret_address = segment->address + (file_offset - segment->file_offset);
		return true;
	}
	return false;
}

void walk_tables_mark(struct walk_tables *tables, uint32_t object)
{
	if (object < tables->tables.len)
		tables->tables.items[object].marked = true;
}

static void evict(struct walk_tables *tables, struct walk_table *table)
{
	const struct unwind_object *object = &tables->kernel_objects[table->slot];

	tables->counters.evicted++;
	tables->counters.rows -= object->row_cnt;
	tables->counters.bytes -= table->len;
	walk_pool_retire(tables->pool, table->off, table->len);
	(void)!vec_push(&tables->retired_slots, table->slot);
	table->state = WALK_TABLE_UNKNOWN;
}

void walk_tables_sweep(struct walk_tables *tables)
{
	vec_for_each(&tables->tables, table) {
		if (table->state == WALK_TABLE_READY && !table->marked)
			evict(tables, table);
		if (table->state != WALK_TABLE_HOMELESS)
			table->marked = false;
	}
}

void walk_tables_name_marked(struct walk_tables *tables, void (*name)(void *ctx, uint32_t object),
			     void *ctx)
{
	for (uint32_t object = 0; object < tables->tables.len; object++) {
		struct walk_table *table = &tables->tables.items[object];

		if (TAKE(table->marked, false) || table->state == WALK_TABLE_BUILDING)
			name(ctx, object);
	}
}

void walk_tables_forget(struct walk_tables *tables, uint32_t object)
{
	struct walk_table *table;

	if (object >= tables->tables.len)
		return;
	table = &tables->tables.items[object];
	if (table->state == WALK_TABLE_READY)
		evict(tables, table);
	tables->homeless -= table->state == WALK_TABLE_HOMELESS;
	vec_free(&table->segments);
	*table = (struct walk_table){0};
}

/* A table is not kept when it finds no room: building it in vain again and again would cost too much. */
uint32_t walk_tables_invite(struct walk_tables *tables)
{
	uint32_t promised = 0, invited = 0;

	vec_for_each(&tables->tables, table) {
		bool wanted = TAKE(table->marked, false);

		if (table->state != WALK_TABLE_HOMELESS || !wanted ||
		    !has_room(tables->pool, promised + table->len))
			continue;
		promised += table->len;
		table->state = WALK_TABLE_UNKNOWN;
		tables->homeless--;
		invited++;
	}
	return invited;
}

/* Without memory a slot is lost: wasted, never used too early. */
void walk_tables_release(struct walk_tables *tables)
{
	vec_for_each(&tables->retired_slots, slot)
		(void)!vec_push(&tables->free_slots, *slot);
	tables->retired_slots.len = 0;
}
