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
 * What is done with the closed files of logs: they are compressed, one after
 * the other, and the oldest are removed.
 */
#ifndef LOG_CLOSED_H
#define LOG_CLOSED_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "config.h"
#include "logfiles.h"

/*
 * Goes on with compressing where there is something to do.  at_rest: only open
 * files are written to.
 */
void log_closed_compress(struct logfiles *l, bool at_rest);

/* Ends a compression that is under way; its file stays as it was. */
void log_closed_stop(struct logfiles *l);

/* Removes what a compression that was cut short has left. */
void log_closed_clean_up(const struct conf_log *log);

/* Removes files of log i that it is not to keep. */
void log_closed_expire(const struct logfiles *l, size_t i, time_t now);

#endif
