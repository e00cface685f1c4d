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
 * The names that the files of several logs can have, to find logs whose files
 * could have the same name.  No function here accesses a file.
 */
#ifndef FLOWLOG_NAMES_H
#define FLOWLOG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/*
 * Spellings of names (flowlog-name.h) that share the nodes of their common
 * beginnings, so that a search does not pass each of them.
 */
struct flowlog_names_tree {
	struct flowlog_names_node *nodes; /* the first is the root */
	size_t n;
};

/* All zero: of no log. */
struct flowlog_names {
	struct flowlog_names_tree files;
	struct flowlog_names_tree temporaries; /* files being compressed */
};

/* Adds the names of a log, with a number for it.  FLOWD_ENOMEM. */
int flowlog_names_add(struct flowlog_names *names, const struct conf_log *log,
    uint32_t number) __attribute__((warn_unused_result));

/*
 * Whether a file of the log can have the name of a file of another log.  Any
 * letters of addresses may be the address of an exporter.
 */
bool flowlog_names_meet(const struct flowlog_names *names,
    const struct conf_log *log);

/*
 * Finds the number of the only log that can have a file of this path, if the
 * names of no two logs meet; flowlog_name_parse then tells whether it has.
 * False if there is no such log.
 */
bool flowlog_names_find(const struct flowlog_names *names, const char *path,
    uint32_t *number);

void flowlog_names_free(struct flowlog_names *names);

#endif
