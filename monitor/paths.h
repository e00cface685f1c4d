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
 * The directories of the files that a configuration names.
 */
#ifndef PATHS_H
#define PATHS_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>

#include "config/config.h"

/* The directory of a file, "." for a name without one.  Returns buf. */
const char *path_directory(const char *path, char buf[PATH_MAX]);

/*
 * For a message that path cannot be opened, before its errno, which is kept: a
 * text if the directory does not exist, or "".
 */
const char *path_hint(const char *path);

/*
 * Whether users other than root and that of this process can replace files in
 * the directory, or the directory itself.  Members of groups are trusted.
 */
bool path_is_shared(const char *dir);

/*
 * As open(2), for the directory of path and for path.  Neither follows a link
 * that another user may have put in place of the directory, and path_open none
 * in place of the file.
 */
int path_open_directory(const char *path);
int path_open(const char *path, int flags, mode_t mode);

/* Logs warnings about such directories of the files of conf. */
void paths_warn(const struct config *conf);

/* The same for the file of one statement; path may be NULL. */
void path_warn(const char *statement, const char *path);

/*
 * Checks, for flowd -n, that the directories of the files of conf and of the
 * pidfile, if not NULL, exist, and that this process may write to them.  -1
 * after messages.  If another user may write, only a message says so.
 */
int paths_check(const struct config *conf, const char *pidfile);

#endif
