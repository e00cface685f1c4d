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
 * Lines of comma-separated values with columns that the user chooses.
 */
#ifndef FORMAT_COLUMNS_H
#define FORMAT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"
#include "lib/fields.h"

#define FORMAT_COLUMNS_MAX 64

struct format_column {
	const struct member *member;
	enum member_show show; /* SHOW_NUMBER, or that of JSON */
};

struct format_columns {
	struct format_column columns[FORMAT_COLUMNS_MAX];
	size_t n; /* at least 1 */
};

/*
 * Parses the names of columns, with commas between them, which any language but C
 * has for a value, and the keys of times in JSON.  The
 * errors are about the name at *wrong, of *len bytes.  FLOWD_EINVAL: it is
 * unknown.  FLOWD_ESPACE: the list has this column already.
 */
int format_columns_parse(const char *list, struct format_columns *columns,
    const char **wrong, size_t *len) __attribute__((warn_unused_result));

/*
 * Formats one line, without a newline.  Absent values are empty, and times are
 * those of format_json.  Returns the length, like format_csv.
 */
size_t format_columns(const struct format_columns *columns,
    const struct flow *flow, bool utc, char buf[FORMAT_LINE_MAX]);

#endif
