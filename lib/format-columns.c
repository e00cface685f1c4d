/*
 * Copyright (c) 2026 The flowd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <string.h>

#include "lib/format-columns.h"
#include "lib/format-value.h"

/* A name in the list, without a NUL. */
struct name {
	const char *text;
	size_t len;
};

static bool
is_name(struct name name, const char *text)
{
	return (text != NULL && strlen(text) == name.len &&
	    memcmp(text, name.text, name.len) == 0);
}

/* The label of a key is "KEY": and, before a text, another quote. */
static bool
is_key(struct name name, const struct member *m)
{
	return (m->json.show != SHOW_NOT &&
	    strncmp(m->json.label + 1, name.text, name.len) == 0 &&
	    m->json.label[name.len + 1] == '"');
}

/* flow-tools marks its first column as the header: "#:". */
static bool
is_csv(struct name name, const struct member *m)
{
	if (m->csv != NULL && m->csv[0] == '#')
		return (is_name(name, m->csv + 2));
	return (is_name(name, m->csv));
}

static bool
find(struct name name, struct format_column *column)
{
	const struct member *m;
	size_t i;

	for (i = 0; (m = field_member(i)) != NULL; i++) {
		column->member = m;
		column->show = m->type == MEMBER_ADDR || is_key(name, m) ?
		    m->json.show :
		    SHOW_NUMBER;
		if (is_key(name, m) || is_csv(name, m) ||
		    is_name(name, m->name) || is_name(name, m->perl) ||
		    is_name(name, m->python))
			return (true);
	}
	return (false);
}

static int
add(struct format_columns *columns, struct name name)
{
	struct format_column c;
	size_t i;

	if (!find(name, &c))
		return (FLOWD_EINVAL);
	for (i = 0; i < columns->n; i++) {
		if (columns->columns[i].member->offset == c.member->offset &&
		    columns->columns[i].show == c.show)
			return (FLOWD_ESPACE);
	}
	if (columns->n == FORMAT_COLUMNS_MAX)
		return (FLOWD_ESPACE);
	columns->columns[columns->n++] = c;
	return (0);
}

int
format_columns_parse(const char *list, struct format_columns *columns,
    const char **wrong, size_t *len)
{
	struct name name = { list, 0 };
	int error;

	columns->n = 0;
	for (;;) {
		name.len = strcspn(name.text, ",");
		if ((error = add(columns, name)) != 0) {
			*wrong = name.text;
			*len = name.len;
			return (error);
		}
		if (name.text[name.len] == '\0')
			return (0);
		name.text += name.len + 1;
	}
}

size_t
format_columns(const struct format_columns *columns, const struct flow *flow,
    bool utc, char buf[FORMAT_LINE_MAX])
{
	const struct format_column *c;
	char *p = buf;
	size_t i;

	for (i = 0; i < columns->n; i++) {
		c = &columns->columns[i];
		p = format_value(p, c->member, c->show, flow, utc);
		*p++ = ',';
	}
	*--p = '\0'; /* over the last comma */
	return ((size_t)(p - buf));
}
