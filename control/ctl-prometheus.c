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

/*
 * The text format of Prometheus, version 0.0.4.  The samples of a metric follow
 * each other, one for each record, and their labels identify the record.
 */
#include "compat/compat.h"

#include <inttypes.h>

#include "control/ctl-print.h"

static void
put_labels(FILE *fp, enum control_type type, const void *record)
{
	const struct control_hello *hello = record;
	const struct control_rule *rule = record;
	char text[ADDR_STRLEN];

	switch (type) {
	case CONTROL_HELLO:
		(void)fprintf(fp, "{worker=\"%" PRIu64 "\"}", hello->worker);
		return;
	case CONTROL_EXPORTER:
		(void)fprintf(fp, "{exporter=\"%s\"}", addr_ntop(record, text));
		return;
	case CONTROL_RULE:
		(void)fprintf(fp, "{rule=\"%" PRIu64 "\",text=\"",
		    rule->number);
		ctl_put_text(fp, &rule->text, true);
		(void)fputs("\"}", fp);
		return;
	default:
		return;
	}
}

static void
put_metric(FILE *fp, const struct answer *a, enum control_type type,
    const char *prefix, const struct control_field *f)
{
	char number[CTL_NUMBER_MAX];
	const uint8_t *record;
	uint64_t value;
	size_t i;

	(void)fprintf(fp, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, f->metric,
	    f->help, prefix, f->metric,
	    f->nature == CONTROL_COUNTER ? "counter" : "gauge");
	for (i = 0; (record = answer_record(a, type, i)) != NULL; i++) {
		value = *(const uint64_t *)(record + f->offset);
		/* An unknown value has no sample. */
		if (ctl_number(f, value, "", number)[0] == '\0')
			continue;
		(void)fprintf(fp, "%s%s", prefix, f->metric);
		put_labels(fp, type, record);
		(void)fprintf(fp, " %s\n", number);
	}
}

void
ctl_print_prometheus(FILE *fp, const struct answer *a)
{
	static const struct {
		enum control_type type;
		const char *prefix;
	} rows[] = {
		{ CONTROL_HELLO, "flowd_" },
		{ CONTROL_SUMMARY, "flowd_" },
		{ CONTROL_MEMORY, "flowd_" },
		{ CONTROL_RULE, "flowd_rule_" },
		{ CONTROL_EXPORTER, "flowd_exporter_" },
	};
	const struct control_layout *l;
	struct control_field f;
	size_t i, j;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (answer_record(a, rows[i].type, 0) == NULL)
			continue;
		l = control_layout(rows[i].type);
		for (j = 0; control_field(l, j, &f); j++) {
			if (f.metric != NULL)
				put_metric(fp, a, rows[i].type, rows[i].prefix,
				    &f);
		}
	}
}
