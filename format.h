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
 * Formats flows as text, CSV and JSON, as flowd-reader(8) prints them.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the shared library exports this */

#define FORMAT_LINE_MAX 1536 /* bytes; no line is longer */

/*
 * Formats the fields of flow that are also in mask: "FLOW tag N recv_time ...
 * ".  A space follows each value, and there is no newline.  Times are UTC or
 * local.  buf has FORMAT_LINE_MAX bytes.  Returns the length without the NUL.
 */
size_t format_flow(const struct flow *flow, uint32_t mask, bool utc,
    char buf[FORMAT_LINE_MAX]);

/*
 * Returns the column names of format_csv, without a newline.  The text is
 * static.
 */
const char *format_csv_header(void);

/*
 * Formats one line of flow-tools, without a newline.  Absent numbers are 0, and
 * absent addresses are empty.  Returns the length, like format_flow.
 */
size_t format_csv(const struct flow *flow, char buf[FORMAT_LINE_MAX]);

/*
 * Formats one JSON object, without a newline.  It has a member for each value
 * of the flow, and the absolute times of its start and end.  flowd-reader(8)
 * lists the keys.  Returns the length, like format_flow.
 */
size_t format_json(const struct flow *flow, bool utc,
    char buf[FORMAT_LINE_MAX]);

/* Formats seconds since the epoch as YYYY-MM-DDTHH:MM:SS.  Returns buf. */
const char *format_iso_time(uint32_t sec, bool utc, char buf[32]);

/*
 * Formats seconds as "1w2d3h4m5s".  A year is 52 weeks; zero units are omitted.
 * Returns buf.
 */
const char *format_interval(uint32_t sec, char buf[32]);

/* Formats milliseconds as "3m4s.005".  Returns buf. */
const char *format_interval_ms(uint32_t ms, char buf[32]);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
