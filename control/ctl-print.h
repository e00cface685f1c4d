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
 * Answers for people, as JSON and for Prometheus.  Texts are what exporters
 * sent, or a collector that somebody took over: of them nothing but printable
 * ASCII gets through, the rest as \ooo.
 */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "control/ctl-answer.h"
#include "lib/fieldspec.h"

/* Within quotes of JSON or Prometheus, " and \ are escaped as well. */
void ctl_put_text(FILE *fp, const struct pack_view *text, bool quoted);

/* One JSON object with the lists that wants, CONTROL_WANT_*, names. */
void ctl_print_json(FILE *fp, const struct answer *a, uint32_t wants);

/* Text exposition of what the answer has that can be measured. */
void ctl_print_prometheus(FILE *fp, const struct answer *a);

/* Each as the command "show" of this name. */
void ctl_print_summary(FILE *fp, const struct answer *a);
void ctl_print_memory(FILE *fp, const struct answer *a);
void ctl_print_rules(FILE *fp, const struct answer *a);
void ctl_print_exporters(FILE *fp, const struct answer *a);
void ctl_print_exporter(FILE *fp, const struct answer *a);
void ctl_print_templates(FILE *fp, const struct answer *a);

/*
 * A number by what it is, in buf: shares as ratios, offsets in seconds, and
 * what is unknown as the text for that.
 */
#define CTL_NUMBER_MAX 32
const char *ctl_number(const struct control_field *f, uint64_t value,
    const char *unknown, char buf[CTL_NUMBER_MAX]);

/* Versions as "5,9", in buf. */
#define CTL_VERSIONS_MAX 192 /* bytes; all of 0 to 63 fit */
const char *ctl_versions(uint64_t versions, char buf[CTL_VERSIONS_MAX]);

/* As wide as the longest address of an exporter, and the title above it. */
int ctl_address_width(const struct answer *a);

/* A walk through the columns of a template.  Starts with ctl_columns. */
struct ctl_column {
	struct fieldspec spec;
	bool scope;       /* of options data */
	const char *name; /* NULL: flowd does not read it */
	struct cursor rest;
	uint16_t version;
	uint64_t number, scopes;
};

void ctl_columns(struct ctl_column *column, const struct control_template *t);
bool ctl_next_column(struct ctl_column *column);

/* Whether it tells of how many packets one was taken. */
bool ctl_is_sampling(const struct ctl_column *column);

#endif
