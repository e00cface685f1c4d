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
 * Names of listeners, and the rules that refer to them.
 */
#ifndef PARSE_LISTENER_H
#define PARSE_LISTENER_H

#include <stdbool.h>

#include "config/parse-state.h"

/* Copies a name.  False after a message that names what. */
bool listener_name(struct token what, struct token value,
    char name[FILTER_NAME_SIZE]);

/*
 * Adds the items to set, which is empty: sorted, without duplicates.  A
 * statement with such a name may follow.
 */
void listener_set(struct filter_listener_set *set, struct token keyword);

/* Reports each name in a rule that no listener has. */
void listener_check(void);

void listener_free(void);

#endif
