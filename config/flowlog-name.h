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
 * Names and rotation times of flow logs.  No function here accesses a file.
 *
 * If a log is rotated by time, the last part of its path may contain
 * conversions of strftime.  The path is then a pattern: each interval has its
 * own file, named after the time at which the interval begins, which is local
 * time or, with "utc", UTC.  Any other rotated log is renamed: the closed file
 * gets a number after its name, 000001 for the latest, and a new file gets the
 * name.  Compressed files end in .gz.
 *
 * The last part of a path may also contain %{exporter}, whether the log is
 * rotated or not.  Each exporter then has files of its own, as if it had a
 * logfile statement in which its address is in this place.
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

/* In a spelling, and the bytes that the address of an exporter can have. */
#define FLOWLOG_NAME_ANY_DIGIT     '\001'
#define FLOWLOG_NAME_ANY_ADDRESS   '\002'
#define FLOWLOG_NAME_ADDRESS_BYTES "0123456789abcdef.-"

/* The suffixes of the name of a log's file. */
struct flowlog_name {
	uint32_t number; /* 0: none */
	bool compressed;
	struct addr exporter; /* ADDR_NONE: the log has no %{exporter} */
};

/* Whether each exporter has files of its own. */
bool flowlog_name_has_exporter(const struct conf_log *log);

/*
 * Writes the path of the log for one exporter, in which %{exporter} is its
 * address.  In an IPv6 address, "-" replaces each ":", which scp(1) and other
 * programs take for the end of the name of a host.  An IPv4-mapped address is
 * that of IPv4.  -1: the path is too long.
 */
int flowlog_name_of_exporter(const struct conf_log *log,
    const struct addr *exporter, char path[PATH_MAX]);

/*
 * The number of logs of exporters that each collector may have open.  0: no log
 * has %{exporter}.
 */
size_t flowlog_name_exporters_max(const struct config *conf);

/* Returns the error in the path of a log, as text, or NULL. */
const char *flowlog_name_check(const struct conf_log *log);

/* Whether an interval divides a day evenly, or is a number of whole days. */
bool flowlog_name_interval_is_valid(uint32_t seconds);

bool flowlog_name_is_rotated(const struct conf_log *log);

/*
 * Writes the log's path with ANY_DIGIT in place of each digit that varies, and
 * ANY_ADDRESS in place of %{exporter}.
 */
void flowlog_name_spell(const struct conf_log *log, char spelling[PATH_MAX]);

/*
 * The following functions that write a name, and flowlog_name_is_pattern, need
 * the log of one exporter in place of a log with %{exporter}.
 */

bool flowlog_name_is_pattern(const struct conf_log *log);

/* Writes the path of the file for the time t.  -1: it is too long. */
int flowlog_name_at(const struct conf_log *log, time_t t, char path[PATH_MAX]);

/*
 * The end of the interval that contains t.  Intervals up to a day are counted
 * from midnight, local time or UTC, and weeks from Monday.  0: the log is not
 * rotated by time.
 */
time_t flowlog_name_until(const struct conf_log *log, time_t t);

/*
 * Whether file, a name without directory, can be a closed file of the log.
 * Fills in name if so.
 */
bool flowlog_name_parse(const struct conf_log *log, const char *file,
    struct flowlog_name *name);

/*
 * Writes the path of the temporary file into which a closed file is compressed.
 * It is in the log's directory and hidden, so that no program reads it as a
 * log.  -1 with errno: the path is too long.
 */
int flowlog_name_temporary(const struct conf_log *log, char path[PATH_MAX]);

/* The last part of path, which is part of it. */
const char *flowlog_name_base(const char *path);

#endif
