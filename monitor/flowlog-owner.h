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
 * Which files of a list are closed, and messages about files that cannot be
 * removed.
 */
#ifndef FLOWLOG_OWNER_H
#define FLOWLOG_OWNER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/log-limit.h"
#include "config/config.h"
#include "monitor/flowlog-list.h"

/* A log or, with %{exporter}, the log of one exporter. */
struct flowlog_owner {
	struct conf_log log;
	char path[PATH_MAX];    /* of log, if it is that of an exporter */
	char current[PATH_MAX]; /* an exporter's file of now; "": none */
};

/* Sets *o to the owner of f.  -1: the path is too long. */
int flowlog_owner_of(struct flowlog_owner *o, const struct conf_log *log,
    const struct flowlog_list_file *f, time_t now);

/*
 * Whether no collector will write to f, a file of the owner.  The file of an
 * exporter may be closed at a limit, and opened again in the same interval.
 */
bool flowlog_owner_closed(const struct flowlog_owner *o,
    const struct flowlog_list_file *f);

/* Files of a directory that cannot be removed. */
struct flowlog_unremovable {
	size_t n;
	char first[NAME_MAX + 1];
	int error; /* errno of the first */
};

/* Removes f, and notes that in the list.  Whether it did. */
bool flowlog_remove(struct flowlog_list *list, struct flowlog_list_file *f,
    struct flowlog_unremovable *u);

/* Logs the files of this kind that cannot be removed, or that none is left. */
void flowlog_unremovable_report(const struct conf_log *log,
    struct log_state *state, const struct flowlog_unremovable *u,
    const char *kind);

#endif
