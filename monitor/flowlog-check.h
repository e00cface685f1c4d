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
 * Checks the end of a log before the collectors append to it.
 */
#ifndef FLOWLOG_CHECK_H
#define FLOWLOG_CHECK_H

#include <stdbool.h>

#include "base/log-cause.h"
#include "sandbox/rights.h"

/*
 * Checks the end of the log fd in a child process without rights, and removes
 * a partial record or blocks of zeros from the end.  name is for messages;
 * report: logs the removal.  -1 with the cause if flowd cannot append to this
 * file, which is then unchanged.
 */
int flowlog_check(const struct rights_options *opts, const char *name, int fd,
    bool report, struct log_cause *cause);

#endif
