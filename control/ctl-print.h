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
 * Prints answers as text, as JSON and for Prometheus.  Texts in answers come
 * from exporters, or from a collector that an attacker took over.  Only their
 * printable characters are printed as they are: ASCII, and UTF-8 where the
 * output is UTF-8.  Other bytes are printed as \ooo.
 */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "control/ctl-answer.h"
#include "lib/fieldspec.h"

/*
 * quoted: within quotes of JSON or Prometheus, where " is escaped, too, and
 * which are UTF-8; else the locale tells what the output is.
 */
void ctl_put_text(FILE *fp, const struct pack_view *text, bool quoted);

/* Prints one JSON object with the lists in wants, CONTROL_WANT_*. */
void ctl_print_json(FILE *fp, const struct answer *a, uint32_t wants);

/* Prints all metrics of the answer in the text format of Prometheus. */
void ctl_print_prometheus(FILE *fp, const struct answer *a);

/* The output of the command "show" with this name. */
void ctl_print_summary(FILE *fp, const struct answer *a);
void ctl_print_memory(FILE *fp, const struct answer *a);
void ctl_print_rules(FILE *fp, const struct answer *a);
void ctl_print_listeners(FILE *fp, const struct answer *a);
void ctl_print_exporters(FILE *fp, const struct answer *a);
void ctl_print_exporter(FILE *fp, const struct answer *a);
void ctl_print_templates(FILE *fp, const struct answer *a);

/*
 * Formats a number according to its nature: shares as ratios, offsets in
 * seconds, and unknown values as the text unknown.
 */
#define CTL_NUMBER_MAX 32
const char *ctl_number(const struct control_field *f, uint64_t value,
    const char *unknown, char buf[CTL_NUMBER_MAX]);

/* Formats versions as "5,9". */
#define CTL_VERSIONS_MAX 192 /* bytes; all of 0 to 63 fit */
const char *ctl_versions(uint64_t versions, char buf[CTL_VERSIONS_MAX]);

/* The width of a column with the addresses of all exporters and its title. */
int ctl_address_width(const struct answer *a);

/* A position in the list of a template's columns. */
struct ctl_column {
	struct fieldspec spec;
	bool scope;       /* of options data */
	bool read;        /* flowd uses the element */
	const char *name; /* NULL: unknown */
	char reverse[96]; /* room for the name of a reverse element */
	struct cursor rest;
	uint16_t version;
	uint64_t number, scopes;
};

/* Starts before the first column; ctl_next_column returns false at the end. */
void ctl_columns(struct ctl_column *column, const struct control_template *t);
bool ctl_next_column(struct ctl_column *column);

/* Whether the column has a sampling rate. */
bool ctl_is_sampling(const struct ctl_column *column);

/* Whether flowd stores an address or a counter from the column. */
bool ctl_is_content(const struct ctl_column *column);

#endif
