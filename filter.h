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
 * Filter rules, and the verdict that they give on a flow.  flowd.conf(5) has
 * the language.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "store.h"

struct filter_rule;
struct filter;

enum filter_verdict { FILTER_ACCEPT, FILTER_DISCARD };

/*
 * Makes a filter of the rules, which it copies.  NULL without memory.
 */
struct filter *filter_new(const struct filter_rule *rules, size_t nrules);
void filter_free(struct filter *filter);

/*
 * The verdict on flow: the last rule that matches decides, no match accepts.
 * The tag of the deciding rule is put into flow, with STORE_FIELD_TAG.
 * Counts evaluations, matches and wins.
 */
enum filter_verdict filter_flow(struct filter *filter, struct flow *flow);

/* Calls line for each rule: its text and counters, without a newline. */
void filter_report(const struct filter *filter,
    void (*line)(void *arg, const char *text), void *arg);

#endif
