// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/short_names.h"

#include "formats/frametext.h"

#include <errno.h>
#include <string.h>

#define NESTING_MAX 256 /* of brackets in what is left out */
#define OPERATOR "operator"
#define UNNAMED_NAMESPACE "(anonymous namespace)"
#define THUNK "thunk to "

struct shortening {
	const char *at;
	struct buf *out;
	size_t start;       /* in `out` */
	uint32_t kept;      /* angle brackets that are open and shown: "<T as Trait>::f" */
	bool is_shorter;    /* something was left out */
	bool is_conversion; /* the name of a type is part of the name: "operator bool" */
	bool is_odd;        /* it is no name of the kind that we know */
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static char last_of(const struct shortening *s)
{
	return s->out->len > s->start ? (char)s->out->data[s->out->len - 1] : '\0';
}

static bool ends_in(const struct shortening *s, const char *with)
{
	size_t len = strlen(with);

	return s->out->len - s->start >= len &&
	       memcmp(s->out->data + s->out->len - len, with, len) == 0;
}

static void keep(struct shortening *s, size_t len)
{
	buf_append(s->out, s->at, len);
	s->at += len;
}

/* Behind the bracket that closes the one at `text`; NULL: none does. */
static const char *behind_brackets(const char *text)
{
	char open[NESTING_MAX];
	size_t depth = 0;

	for (; *text; text++) {
		if (strchr("<([{", *text)) {
			if (depth == NESTING_MAX)
				return NULL;
			open[depth++] = *text;
		} else if (*text == '>' && open[depth - 1] == '<' && text[-1] != '-') {
			depth--;
		} else if (strchr(")]}", *text)) {
			while (depth && open[depth - 1] == '<') /* it was "less than" */
				depth--;
			depth -= depth > 0;
		}
		if (!depth)
			return text + 1;
	}
	return NULL;
}

static void leave_out(struct shortening *s)
{
	const char *behind = behind_brackets(s->at);

	s->is_odd = !behind;
	s->is_shorter = true;
	s->is_conversion = false;
	s->at = behind ? behind : s->at;
}

/* " const", " &&": what a parameter list may be followed by. */
static void leave_out_qualifiers(struct shortening *s)
{
	static const char *const qualifiers[] = {" const", " volatile", " &&", " &", " noexcept"};

	for (size_t i = 0; i < ARRAY_SIZE(qualifiers); i++) {
		size_t len = strlen(qualifiers[i]);

		if (!begins(s->at, qualifiers[i]) || is_word(s->at[len]))
			continue;
		s->at += len;
		i = (size_t)-1; /* in any order */
	}
}

/* The signs that "operator" is followed by; a type it converts to is read as any other text. */
static void keep_operator(struct shortening *s)
{
	size_t len;

	keep(s, strlen(OPERATOR));
	len = begins(s->at, "()") || begins(s->at, "[]") ? 2 : strspn(s->at, "<=>!+-*/%^&|~,");
	keep(s, len);
	s->is_conversion = len == 0;
	if (len && begins(s->at, " <")) /* "operator<< <char>" */
		s->at++;
}

static bool is_operator(const struct shortening *s)
{
	return begins(s->at, OPERATOR) && !is_word(last_of(s)) && !is_word(s->at[strlen(OPERATOR)]);
}

/* Template arguments; but what a name begins with is a type's own name, and Rust's way to say "of". */
static void take_angle(struct shortening *s)
{
	char last = last_of(s);
	bool is_rust = ends_in(s, "::"),
	     is_operator_sign = last && strchr("<>=!+-*/%^&|~,)]", last);

	if (!is_rust && !is_word(last) && !(is_operator_sign && !s->kept)) {
		s->kept++;
		keep(s, 1);
		return;
	}
	leave_out(s);
	if (is_rust && !s->is_odd && (!*s->at || *s->at == ':' || *s->at == '>'))
		s->out->len -= 2;
}

static void take_parenthesis(struct shortening *s)
{
	if (begins(s->at, UNNAMED_NAMESPACE)) {
		keep(s, strlen(UNNAMED_NAMESPACE));
	} else if (s->kept || last_of(s) == '.') { /* a tuple, a pointer to a function; Go's (*T) */
		keep(s, 1);
	} else if (!last_of(s) || last_of(s) == ' ' || last_of(s) == ':') {
		s->is_odd = true;
	} else {
		leave_out(s);
		leave_out_qualifiers(s);
	}
}

/* What was before it is the type that is returned. */
static void take_space(struct shortening *s)
{
	if (s->kept || s->is_conversion || begins(s->at, " [clone ") || ends_in(s, "[clone")) {
		keep(s, 1);
		return;
	}
	s->out->len = s->start;
	s->at++;
}

static void take_closing_angle(struct shortening *s)
{
	if (last_of(s) != '-') {
		s->is_odd = s->kept == 0;
		s->kept -= s->kept > 0;
	}
	keep(s, 1);
}

static void take_next(struct shortening *s)
{
	if (is_operator(s)) {
		keep_operator(s);
	} else if (*s->at == '<') {
		take_angle(s);
	} else if (*s->at == '(') {
		take_parenthesis(s);
	} else if (*s->at == ' ') {
		take_space(s);
	} else if (*s->at == '>') {
		take_closing_angle(s);
	} else if (begins(s->at, "[abi:")) {
		leave_out(s);
	} else {
		keep(s, 1);
	}
}

void short_names_append(struct buf *out, const char *name)
{
	const char *thunk = strstr(name, THUNK);
	struct shortening s = {.at = thunk ? thunk + strlen(THUNK) : name, .out = out};
	size_t before = out->len;

	buf_append(out, name, (size_t)(s.at - name));
	s.start = out->len;
	while (*s.at && !s.is_odd)
		take_next(&s);
	if (s.is_shorter && !s.is_odd && !s.kept && out->len > s.start)
		return;
	out->len = before;
	buf_append_str(out, name);
}

/* ---- of a profile ---- */

static bool is_compiled_user_code(const struct profile *profile, uint32_t frame)
{
	uint32_t kind = profile->frames.items[frame].kind;

	return (kind == FRAME_USER || kind == FRAME_INLINE) && !frametext_is_kernel(profile, frame);
}

static int shorten(struct profile *profile, uint32_t function, struct buf *text)
{
	uint32_t name = profile->functions.items[function].name;

	buf_clear(text);
	short_names_append(text, profile_text(profile, name));
	if (buf_error(text))
		return -ENOMEM;
	name = profile_string_len(profile, (const char *)text->data, text->len);
	return name == PROFILE_NONE ? -ENOMEM : profile_rename_function(profile, function, name);
}

/* Which functions are not of compiled user code, or not of it alone. */
static void find_others(const struct profile *profile, bool *is_other)
{
	for (uint32_t frame = 0; frame < profile->frames.len; frame++) {
		uint32_t function = profile->frames.items[frame].function;

		if (function != PROFILE_NONE && !is_compiled_user_code(profile, frame))
			is_other[function] = true;
	}
}

int short_names_apply(struct profile *profile)
{
	_cleanup_free_ bool *is_other = calloc(profile->functions.len + 1, sizeof(*is_other));
	_cleanup_buf_ struct buf text = {0};
	int r = is_other ? 0 : -ENOMEM;

	if (is_other)
		find_others(profile, is_other);
	for (uint32_t function = 0; function < profile->functions.len && r == 0; function++)
		if (!is_other[function])
			r = shorten(profile, function, &text);
	return r;
}
