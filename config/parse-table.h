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
 * The table statement, and sets of prefixes and tables.
 */
#ifndef PARSE_TABLE_H
#define PARSE_TABLE_H

#include <stdbool.h>

#include "config/parse-state.h"

/* Adds a table with the items, or with the prefixes in a file. */
void table_of_items(struct token name);
void table_of_file(struct token name, struct token path);

/*
 * Adds the item, a prefix or a table, to set.  what is for messages.  False
 * after a message.
 */
bool addr_set_add_item(struct filter_addr_set *set, struct token what,
    const struct item *item);

/* Sorts the members of set and removes duplicates. */
void addr_set_sort(struct filter_addr_set *set);

/* Logs unused tables at debug level. */
void table_report_unused(void);
void table_free(void);

#endif
