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
 * Compresses the closed files of logs: several at once, but one of each log.
 */
#ifndef FLOWLOG_COMPRESSORS_H
#define FLOWLOG_COMPRESSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "config/config.h"
#include "monitor/flowlog-file.h"
#include "monitor/flowlog-look.h"

struct flowlog_compressors {
	struct compressor *list;
	size_t n;
};

void flowlog_compressors_init(struct flowlog_compressors *c,
    const struct config *conf);

/*
 * Finishes the compressions whose processes have exited, and starts others, of
 * logs whose lists are known.  at_rest: the collectors write only to the files
 * in logs.
 */
void flowlog_compressors_run(struct flowlog_compressors *c,
    struct open_flowlogs *logs, const struct flowlog_look *look, bool at_rest,
    time_t now);

/* Aborts the compressions; the closed files are kept.  Frees *c. */
void flowlog_compressors_stop(struct flowlog_compressors *c,
    struct open_flowlogs *logs);

/* Removes the temporary file of an aborted compression. */
void flowlog_compressors_clean_up(const struct conf_log *log);

#endif
