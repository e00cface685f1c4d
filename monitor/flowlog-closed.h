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
 * Compresses the closed files of logs, one at a time, and removes the oldest
 * ones.
 */
#ifndef FLOWLOG_CLOSED_H
#define FLOWLOG_CLOSED_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "monitor/flowlog-file.h"

/* A process that compresses a closed file of a log. */
struct compressor {
	pid_t pid;               /* -1: none; the other members are undefined */
	size_t log;              /* index in the configuration */
	char name[NAME_MAX + 1]; /* of in at the start of the process */
	int in, out;             /* open while the process runs */
	uint64_t size;           /* of in at the start of the process */
	struct timespec mtime;   /* of in at the start of the process */
};

/*
 * Finishes a compression whose process has exited, and starts the next one.
 * at_rest: the collectors write only to the files in logs.
 */
void flowlog_closed_compress(struct compressor *c, struct open_flowlogs *logs,
    bool at_rest, time_t now);

/* Aborts a compression; the closed file is kept. */
void flowlog_closed_stop(struct compressor *c,
    const struct open_flowlogs *logs);

/* Removes the temporary file of an aborted compression. */
void flowlog_closed_clean_up(const struct conf_log *log);

/*
 * Removes the files of log i, of the configuration, that exceed its keep limits.
 * With %{exporter}, each exporter has these limits.  in_doubt: the date may be
 * wrong; removes no file for its age.
 */
void flowlog_closed_expire(const struct open_flowlogs *logs, size_t i,
    time_t now, bool in_doubt);

#endif
