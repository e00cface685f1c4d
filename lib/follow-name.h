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
 * Names of log files.  Closed files have the suffixes that flowd(8) and
 * logrotate(8) add, and names may contain the time at which a file begins.
 */
#ifndef FOLLOW_NAME_H
#define FOLLOW_NAME_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct follow_name {
	char base[NAME_MAX + 1];    /* without .gz and a number */
	char stem[NAME_MAX + 1];    /* base without a date at its end */
	char pattern[NAME_MAX + 1]; /* base, with * in place of its date */
	uint32_t number;            /* 0: none; 1 is the latest closed file */
	bool compressed;            /* ends in .gz */
	bool dated;                 /* base contains a date */
};

/* name has at most NAME_MAX characters. */
void follow_name_parse(const char *name, struct follow_name *n);

#endif
