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
 * Tables and sets of prefixes.
 */
#ifndef PARSE_TABLE_H
#define PARSE_TABLE_H

#include <stdbool.h>

#include "config/parse-state.h"

void table_of_items(struct token name);
void table_of_file(struct token name, struct token path);

/* Adds the item's prefix or table to set.  False after a message. */
bool addr_set_add_item(struct filter_addr_set *set, struct token what,
    const struct item *item);

/* Sorts the members of set and removes duplicates. */
void addr_set_sort(struct filter_addr_set *set);

void table_report_unused(void);
void table_free(void);

#endif
