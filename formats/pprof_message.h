/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What reading pprof needs of its messages, whatever they mean; for pprof_read.c. */
#ifndef SMOLDER_FORMATS_PPROF_MESSAGE_H
#define SMOLDER_FORMATS_PPROF_MESSAGE_H

#include "base/err.h"
#include "base/hashindex.h"
#include "base/vec.h"
#include "formats/wire.h"

/* The outer message, gone through as often as needed. */
struct pprof_message {
	const unsigned char *start;
	struct wire all, rest;
	size_t field_off; /* where the field last read begins */
};

void pprof_message_init(struct pprof_message *message, const void *data, size_t len);
void pprof_message_rewind(struct pprof_message *message);

/* 1 and the next field, 0 at the end, -EINVAL with a message. */
int pprof_message_next(struct pprof_message *message, struct wire_field *ret_field, struct err *err)
	_warn_unused_;

/* Says where: "byte N: WHY". -EINVAL. */
int pprof_message_bad(const struct pprof_message *message, const char *why, struct err *err);

/*
 * The scalar fields 1 .. count - 1 of a message in one of the outer one's fields, by their number; those
 * not there are 0, others are passed over. -EINVAL with a message.
 */
int pprof_message_numbers(const struct pprof_message *message, const struct wire_field *field,
			  uint64_t *numbers, size_t count, struct err *err) _warn_unused_;

/*
 * Hands each number of a repeated field, packed or single, to add(), until that returns < 0; -EBADMSG
 * when the bytes are broken.
 */
int pprof_each_number(const struct wire_field *field, int (*add)(void *ctx, uint64_t number),
		      void *ctx) _warn_unused_;

/* A line number, as far as we can hold it. */
uint32_t pprof_clamp_line(uint64_t line);

/* The ids that things in a table go by: any 64-bit number but 0. */
struct pprof_ids {
	VEC(uint64_t) ids; /* by place in the table */
	struct hashindex index;
};

/* The id of the next place. -EINVAL: it is 0 or there already; -ENOMEM. */
int pprof_ids_add(struct pprof_ids *ids, uint64_t id) _warn_unused_;

/* The place, or UINT32_MAX. */
uint32_t pprof_ids_find(const struct pprof_ids *ids, uint64_t id);
void pprof_ids_free(struct pprof_ids *ids);

#endif
