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
 * Names of logs that are rotated, and when that is due.  No file is touched.
 *
 * The path of a log that is rotated by time may have conversions of strftime
 * in its last part: it then is a pattern, and each interval has a file of its
 * own, named after the local time at which the interval begins.  Any other log
 * that is rotated leaves its name to the next file, and gets a number behind
 * it, 000001 for the latest.  Compressed files end in .gz.
 */
#ifndef FLOWLOG_NAME_H
#define FLOWLOG_NAME_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"

#define FLOWLOG_NAME_NUMBER_MAX 999999
#define FLOWLOG_NAME_COMPRESSED ".gz"

/* What there is to a name beside the log's own. */
struct flowlog_name {
	uint32_t number; /* 0: none */
	bool compressed;
};

/* What is wrong with the path of a log that is rotated, or NULL. */
const char *flowlog_name_check(const struct conf_log *log);

/*
 * Whether an interval can be rotated at: a part of a day that fits into it
 * without a rest, or whole days.
 */
bool flowlog_name_interval_is_valid(uint32_t seconds);

/* Whether a file of one log could have the name of one of the other. */
bool flowlog_names_collide(const struct conf_log *a, const struct conf_log *b);

bool flowlog_name_is_pattern(const struct conf_log *log);

/* The path of the file for the time t.  -1 where it is too long. */
int flowlog_name_at(const struct conf_log *log, time_t t, char path[PATH_MAX]);

/*
 * When the interval that t is in ends; those of up to a day begin at midnight,
 * local time, and those of weeks on a Monday.  0 where the log is not rotated
 * by time.
 */
time_t flowlog_name_until(const struct conf_log *log, time_t t);

/*
 * Whether file, without its directory, is the name of a file of the log that
 * may be closed.
 */
bool flowlog_name_parse(const struct conf_log *log, const char *file,
    struct flowlog_name *name);

/*
 * The path of what a closed file is compressed to, until that is complete:
 * beside the log and hidden, so that nobody takes it for one.  -1 with errno
 * where it is too long.
 */
int flowlog_name_temporary(const struct conf_log *log, char path[PATH_MAX]);

/* The last part of a path. */
const char *flowlog_name_base(const char *path);

#endif
