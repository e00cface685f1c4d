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
 * The names of closed files in the directory of a log.
 */
#ifndef FLOWLOG_DIR_H
#define FLOWLOG_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log-cause.h"
#include "config/config.h"

/* At a rotation, only files with numbers up to this one are renamed. */
#define FLOWLOG_DIR_SHIFTED 1000

/*
 * The name for the compressed form of a file: its name with .gz.  If that
 * exists, for example after a clock was set back, it also gets a number, unless
 * the file has one; 0: it has none.  dir is the descriptor of the directory.
 * False if no name is free.
 */
bool flowlog_dir_compressed_name(int dir, const char *of, uint32_t of_number,
    char name[NAME_MAX + 1]);

/*
 * Frees the plain name of a log: renames that file to number 1, number 1 to 2,
 * and so on, up to the first free number.  If all up to FLOWLOG_DIR_SHIFTED are
 * in use, the last of them gets the greatest number that is below those of all
 * older files.  *above is the least of these numbers, which the caller keeps; 0:
 * it is not known.  -1 with the cause.
 */
int flowlog_dir_shift(const struct conf_log *log, uint32_t *above,
    struct log_cause *cause);

/* Whether the directory of the log can be opened.  -1 with the cause. */
int flowlog_dir_check(const struct conf_log *log, struct log_cause *cause);

/* Renames number 1 back to the plain name.  A failure extends the cause. */
void flowlog_dir_unshift(const struct conf_log *log, struct log_cause *cause);

#endif
