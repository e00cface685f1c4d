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
 * Removes the oldest closed files of a log.
 */
#ifndef FLOWLOG_EXPIRE_H
#define FLOWLOG_EXPIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "config/config.h"
#include "monitor/flowlog-file.h"
#include "monitor/flowlog-list.h"

/* Whether the log has a keep limit. */
bool flowlog_expires(const struct conf_log *log);

/*
 * Removes the files of log i, of the configuration, that exceed its keep limits;
 * list is that of its directory, and is open.  With %{exporter}, each exporter
 * has these limits.  Only files that are to be removed are opened.  in_doubt:
 * the date may be wrong; removes no file for its age.
 */
void flowlog_expire(const struct open_flowlogs *logs, size_t i,
    struct flowlog_list *list, const struct flowlog_inodes *open, time_t now,
    bool in_doubt);

#endif
