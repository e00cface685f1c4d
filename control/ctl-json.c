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

#include "compat/compat.h"

#include <inttypes.h>

#include "control/ctl-print.h"

/* Writes a comma, except before the first member. */
static void
separate(FILE *fp, bool *first)
{
	if (!*first)
		(void)fputc(',', fp);
	*first = false;
}

static void
put_versions(FILE *fp, uint64_t versions)
{
	char text[CTL_VERSIONS_MAX];

	(void)fprintf(fp, "[%s]", ctl_versions(versions, text));
}

static void
put_number(FILE *fp, const struct control_field *f, uint64_t value)
{
	char text[CTL_NUMBER_MAX];

	if (f->nature == CONTROL_FLAG)
		(void)fputs(value != 0 ? "true" : "false", fp);
	else if (f->nature == CONTROL_VERSIONS)
		put_versions(fp, value);
	else
		(void)fputs(ctl_number(f, value, "null", text), fp);
}

static void
put_columns(FILE *fp, const struct control_template *t)
{
	struct ctl_column column;
	bool first = true;

	(void)fputs("\"elements\":[", fp);
	ctl_columns(&column, t);
	while (ctl_next_column(&column)) {
		separate(fp, &first);
		(void)fprintf(fp,
		    "{\"enterprise\":%" PRIu32
		    ",\"id\":%u,"
		    "\"length\":%u,\"scope\":%s,\"read\":%s,\"name\":",
		    column.spec.pen, column.spec.id, column.spec.len,
		    column.scope ? "true" : "false",
		    column.read ? "true" : "false");
		(void)fprintf(fp, column.name == NULL ? "null}" : "\"%s\"}",
		    column.name);
	}
	(void)fputc(']', fp);
}

static void
put_member(FILE *fp, const struct control_field *f, const void *record)
{
	const void *member = (const uint8_t *)record + f->offset;
	char text[ADDR_STRLEN];

	(void)fprintf(fp, "\"%s\":", f->name);
	switch (f->kind) {
	case PACK_ADDR:
		(void)fprintf(fp, "\"%s\"", addr_ntop(member, text));
		return;
	case PACK_VIEW:
		(void)fputc('"', fp);
		ctl_put_text(fp, member, true);
		(void)fputc('"', fp);
		return;
	default:
		put_number(fp, f, *(const uint64_t *)member);
	}
}

static void
put_record(FILE *fp, enum control_type type, const void *record)
{
	const struct control_layout *l = control_layout(type);
	struct control_field f;
	bool first = true;
	size_t i;

	(void)fputc('{', fp);
	for (i = 0; control_field(l, i, &f); i++) {
		separate(fp, &first);
		if (type == CONTROL_TEMPLATE && f.kind == PACK_VIEW)
			put_columns(fp, record);
		else
			put_member(fp, &f, record);
	}
	(void)fputc('}', fp);
}

static void
put_list(FILE *fp, const struct answer *a, enum control_type type)
{
	const void *record;
	bool first = true;
	size_t i;

	(void)fputc('[', fp);
	for (i = 0; (record = answer_record(a, type, i)) != NULL; i++) {
		separate(fp, &first);
		(void)fputc('\n', fp);
		put_record(fp, type, record);
	}
	(void)fputc(']', fp);
}

void
ctl_print_json(FILE *fp, const struct answer *a, uint32_t wants)
{
	static const struct {
		const char *key;
		enum control_type type;
		uint32_t want;
		bool many;
	} rows[] = {
		{ "summary", CONTROL_SUMMARY, CONTROL_WANT_SUMMARY, false },
		{ "memory", CONTROL_MEMORY, CONTROL_WANT_MEMORY, false },
		{ "rules", CONTROL_RULE, CONTROL_WANT_RULES, true },
		{ "listeners", CONTROL_LISTENER, CONTROL_WANT_LISTENERS, true },
		{ "exporters", CONTROL_EXPORTER, CONTROL_WANT_EXPORTERS, true },
		{ "templates", CONTROL_TEMPLATE, CONTROL_WANT_TEMPLATES, true },
		{ "samplers", CONTROL_SAMPLER, CONTROL_WANT_OPTIONS, true },
		{ "domains", CONTROL_DOMAIN, CONTROL_WANT_OPTIONS, true },
		{ "interfaces", CONTROL_INTERFACE, CONTROL_WANT_OPTIONS, true },
		{ "sessions", CONTROL_SESSION, CONTROL_WANT_SESSIONS, true },
		{ "sequences", CONTROL_STREAM, CONTROL_WANT_SESSIONS, true },
	};
	const void *record;
	size_t i;

	(void)fputs("{\"collectors\":", fp);
	put_list(fp, a, CONTROL_HELLO);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		record = answer_record(a, rows[i].type, 0);
		if ((wants & rows[i].want) == 0 ||
		    (record == NULL && !rows[i].many))
			continue;
		(void)fprintf(fp, ",\n\"%s\":", rows[i].key);
		if (rows[i].many)
			put_list(fp, a, rows[i].type);
		else
			put_record(fp, rows[i].type, record);
	}
	(void)fputs("}\n", fp);
}
