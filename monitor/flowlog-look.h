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
 * Looks at the directories of logs, from time to time, for closed files that are
 * to be removed or compressed.  Each step is short, so that the monitor obeys
 * signals and collectors meanwhile.
 */
#ifndef FLOWLOG_LOOK_H
#define FLOWLOG_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "config/config.h"
#include "config/flowlog-names.h"
#include "monitor/flowlog-file.h"
#include "monitor/flowlog-list.h"

/* A directory with logs that keep or compress is for. */
struct flowlog_look_dir {
	struct flowlog_list list;
	size_t *logs; /* indices in the configuration */
	size_t n;
	bool due;
};

struct flowlog_look {
	struct flowlog_names *names; /* of the logs */
	struct flowlog_look_dir *dirs;
	size_t n;
	size_t *dir_of;  /* for each log of the configuration; n: none */
	size_t next;     /* the directory of the next step */
	size_t ndue;     /* directories */
	bool is_reading; /* the directory next */
};

/* All directories are due.  conf must stay valid. */
void flowlog_look_init(struct flowlog_look *k, const struct config *conf);
void flowlog_look_free(struct flowlog_look *k);

/*
 * The directory of log i has changed and is due, or those of all logs with keep
 * limits are due.
 */
void flowlog_look_soon(struct flowlog_look *k, size_t i);
void flowlog_look_for_old(struct flowlog_look *k, const struct config *conf);

/* Whether a directory is due. */
bool flowlog_look_is_due(const struct flowlog_look *k);

/*
 * Looks at one directory that is due, or a part of it.  At its end, removes the
 * files of its logs that exceed their limits.  in_doubt: the date may be wrong.
 */
void flowlog_look_step(struct flowlog_look *k, struct open_flowlogs *logs,
    time_t now, bool in_doubt);

/* The list with the files of log i; NULL: its directory is due. */
struct flowlog_list *flowlog_look_list(const struct flowlog_look *k, size_t i);

#endif
