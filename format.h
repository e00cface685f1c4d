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
 * Flows as text, CSV and JSON, as flowd-reader(8) prints them.
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
 * "FLOW tag N recv_time ... ": the fields of flow that are also in mask, each
 * followed by a space, without a newline.  Times are UTC or local.  buf holds
 * FORMAT_LINE_MAX bytes; returns the length without the NUL.
 */
size_t format_flow(const struct flow *flow, uint32_t mask, bool utc,
    char buf[FORMAT_LINE_MAX]);

/* The column names of format_csv, without a newline.  Static. */
const char *format_csv_header(void);

/*
 * One flow-tools line, without a newline; absent numbers are 0, absent
 * addresses empty.  Returns the length, as format_flow.
 */
size_t format_csv(const struct flow *flow, char buf[FORMAT_LINE_MAX]);

/*
 * One JSON object, without a newline: a member for each value that the flow
 * has, and the absolute times of its start and end.  flowd-reader(8) has the
 * keys.  Returns the length, as format_flow.
 */
size_t format_json(const struct flow *flow, bool utc,
    char buf[FORMAT_LINE_MAX]);

/* Seconds of the epoch as YYYY-MM-DDTHH:MM:SS.  Returns buf. */
const char *format_iso_time(uint32_t sec, bool utc, char buf[32]);

/*
 * Seconds as "1w2d3h4m5s": a year is 52 weeks, zero units are left out.
 * Returns buf.
 */
const char *format_interval(uint32_t sec, char buf[32]);

/* Milliseconds as "3m4s.005".  Returns buf. */
const char *format_interval_ms(uint32_t ms, char buf[32]);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
