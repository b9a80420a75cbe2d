// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/utf8.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What one step of reading text found: `len` bytes of input and the character they stand for. */
struct step {
	size_t len;
	uint32_t code;
	bool valid;
};

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static uint32_t decode(const char *text, size_t len)
{
	static const unsigned char lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)text[0] & lead_mask[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

size_t utf8_sequence_len(const char *text, size_t len)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = len ? (unsigned char)text[0] : 0xff;
	size_t need = lead < 0x80           ? 1 :
		      (lead & 0xe0) == 0xc0 ? 2 :
		      (lead & 0xf0) == 0xe0 ? 3 :
		      (lead & 0xf8) == 0xf0 ? 4 :
					      0;
	uint32_t code;

	if (!need || need > len)
		return 0;
	for (size_t i = 1; i < need; i++)
		if (!is_continuation(text[i]))
			return 0;
	code = decode(text, need);
	if (code < smallest[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return need;
}

static struct step next_step(const char *text, size_t len)
{
	size_t valid = utf8_sequence_len(text, len);

	if (!valid)
		return (struct step){.len = 1, .code = 0xfffd};
	return (struct step){.len = valid, .code = decode(text, valid), .valid = true};
}

/* The number of bytes that can be taken as they are: printable ASCII without `special` ones. */
static size_t plain_len(const char *text, size_t len, const char *special)
{
	size_t i = 0;

	while (i < len && text[i] >= 0x20 && text[i] < 0x7f && !strchr(special, text[i]))
		i++;
	return i;
}

static void append_step(struct buf *out, const char *text, struct step step)
{
	if (step.valid)
		buf_append(out, text, step.len);
	else
		buf_append_str(out, REPLACEMENT);
}

void utf8_append(struct buf *out, const char *text, size_t len)
{
	while (len) {
		size_t plain = plain_len(text, len, "");
		struct step step = {.len = plain, .valid = true};

		if (!plain)
			step = next_step(text, len);
		append_step(out, text, step);
		text += step.len;
		len -= step.len;
	}
}

/* Unicode's category Cc. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

void utf8_append_folded(struct buf *out, const char *text, size_t len)
{
	while (len) {
		size_t plain = plain_len(text, len, ";");
		struct step step = {.len = plain, .valid = true, .code = ' '};

		if (!plain)
			step = next_step(text, len);
		if (step.code == ';')
			buf_append_byte(out, ':');
		else if (is_control(step.code))
			buf_append_byte(out, '_');
		else
			append_step(out, text, step);
		text += step.len;
		len -= step.len;
	}
}

static bool json_escapes(uint32_t code)
{
	return code == '<' || is_control(code) || code == 0x2028 || code == 0x2029;
}

void utf8_append_json(struct buf *out, const char *text, size_t len)
{
	buf_append_byte(out, '"');
	while (len) {
		size_t plain = plain_len(text, len, "\"\\<");
		struct step step = {.len = plain, .valid = true, .code = ' '};

		if (!plain)
			step = next_step(text, len);
		if (step.code == '"' || step.code == '\\')
			buf_appendf(out, "\\%c", (char)step.code);
		else if (json_escapes(step.code))
			buf_appendf(out, "\\u%04x", step.code);
		else
			append_step(out, text, step);
		text += step.len;
		len -= step.len;
	}
	buf_append_byte(out, '"');
}
