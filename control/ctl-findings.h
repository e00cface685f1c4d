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
 * A list of findings about exporters and flowd itself, their output, and the findings that an
 * administrator has acknowledged.
 */
#ifndef CTL_FINDINGS_H
#define CTL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "addr.h"

#define FINDINGS_NONE "no problems found" /* the output without findings */

/* Stands for the address in a finding about flowd itself. */
#define FINDINGS_FLOWD "flowd"

struct finding {
	struct addr exporter; /* ADDR_NONE: about flowd */
	const char *name;     /* of the kind; static */
	char *text;           /* owned; printable ASCII without quotes */
	bool acknowledged;
};

/* All zero: empty. */
struct findings {
	struct finding *all; /* in the order in which they were added */
	size_t n, room;
	bool incomplete; /* memory was exhausted */
};

/* Adds a finding with a copy of text.  name is static. */
void findings_add(struct findings *found, const struct addr *exporter,
    const char *name, const char *text);
void findings_free(struct findings *found);

/*
 * Reads a file of acknowledged findings, a line for each: "ADDRESS NAME", and
 * optionally more words; ADDRESS may be FINDINGS_FLOWD.  This is also the form in which findings are printed.
 * Lines that are empty or begin with # or FINDINGS_NONE are ignored.  -1 after a message: the
 * file cannot be read or a line is wrong; acknowledged is unchanged.
 */
int findings_read(struct findings *acknowledged, const char *path)
    __attribute__((warn_unused_result));

/* Marks the findings that are acknowledged; returns the number of the rest. */
size_t findings_acknowledge(struct findings *found,
    const struct findings *acknowledged);

/* One line for each finding that is not acknowledged. */
void findings_print_text(FILE *fp, const struct findings *found);

/* One JSON object with all findings. */
void findings_print_json(FILE *fp, const struct findings *found);

/* A metric with a sample for each finding that is not acknowledged. */
void findings_print_prometheus(FILE *fp, const struct findings *found);

#endif
