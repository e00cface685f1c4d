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
 * The closed files of a rotated log in its directory.
 */
#ifndef FLOWLOG_DIR_H
#define FLOWLOG_DIR_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/log-cause.h"
#include "config/config.h"
#include "config/flowlog-name.h"

struct flowlog_dir_file {
	char name[NAME_MAX + 1]; /* in the directory */
	struct flowlog_name parsed;
	struct timespec mtime;
	uint64_t size; /* bytes */
	dev_t dev;
	ino_t ino;
};

struct flowlog_dir {
	int fd;                         /* of the directory */
	struct flowlog_dir_file *files; /* by exporter, the oldest first */
	size_t n;
};

/*
 * Finds the files of the log: regular files whose names are those of rotated
 * files of the log, and that are empty, begin as a flow log, or were compressed
 * by flowd.  Excludes the plain name, which is that of the open file.  -1 with
 * the cause and errno.
 */
int flowlog_dir_open(struct flowlog_dir *d, const struct conf_log *log,
    struct log_cause *cause);

void flowlog_dir_close(struct flowlog_dir *d);

/*
 * The name for the compressed form of f: the name of f with .gz.  If that name
 * exists, for example after a clock was set back, it also gets a number.  False
 * if no name is free.
 */
bool flowlog_dir_compressed_name(const struct flowlog_dir *d,
    const struct flowlog_dir_file *f, char name[NAME_MAX + 1]);

/*
 * Frees the plain name of a log: renames that file to number 1, number 1 to 2,
 * and so on, up to the first free number.  -1 with the cause.
 */
int flowlog_dir_shift(const struct conf_log *log, struct log_cause *cause);

/* Whether the directory of the log can be opened.  -1 with the cause. */
int flowlog_dir_check(const struct conf_log *log, struct log_cause *cause);

/* Renames number 1 back to the plain name.  A failure extends the cause. */
void flowlog_dir_unshift(const struct conf_log *log, struct log_cause *cause);

#endif
