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
 * Days, times of day and dates in rules.
 */
#ifndef PARSE_TIME_H
#define PARSE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "config/parse-state.h"

/*
 * Parses DAY or DAY-DAY, which may include the end of a week.  Returns a bit
 * for each day, Sunday first; 0 after a message.
 */
uint8_t time_days(struct token value);

/* Parses HH:MM[:SS] to seconds since midnight.  False without a message. */
bool time_of_day(const char *at, uint32_t *seconds);

/*
 * Parses YYYY[MM[DD[HH[MM[SS]]]]], local time, to seconds since the epoch.  An
 * absent part has its lowest value.  False without a message.
 */
bool time_date(const char *at, int64_t *date);

#endif
