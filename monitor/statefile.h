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
 * The state file.  The monitor opens a temporary file for a collector, and
 * renames it when the collector has written it.  The monitor does not interpret
 * its contents.
 */
#ifndef STATEFILE_H
#define STATEFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log-cause.h"

#define STATEFILE_MAGIC_MAX 16 /* bytes */

/* Checks that the temporary file can be created; -1 after a message. */
int statefile_check(const char *path);

/*
 * True after a message if path is a file that flowd did not write and must not
 * replace: a non-empty file that does not begin with magic, of which at most
 * STATEFILE_MAGIC_MAX bytes are compared.
 */
bool statefile_is_foreign(const char *path, const char *magic);

/*
 * The name of the state file of a collector: path for number 1, else
 * path.NUMBER.  Returns buf.
 */
const char *statefile_name(const char *path, uint32_t number,
    char buf[PATH_MAX]);

/*
 * Opens the existing state files of up to max collectors, the oldest first.
 * Returns their number.
 */
size_t statefile_open_all(const char *path, uint32_t max, int *fds);

/* Creates the temporary file, open for writing; -1 with the cause. */
int statefile_begin(const char *path, struct log_cause *cause);

/*
 * Renames the temporary file fd to path, and closes fd.  -1 with the cause; the
 * old file is kept then.
 */
int statefile_finish(const char *path, int fd, struct log_cause *cause);

/* Removes the temporary file, and closes fd. */
void statefile_abandon(const char *path, int fd);

#endif
