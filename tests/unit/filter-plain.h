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
 * A filter that tries rule after rule: slow, but obviously correct.  The
 * results of the real filter are compared with it.
 */
#ifndef FILTER_PLAIN_H
#define FILTER_PLAIN_H

#include "filter.h"

struct plain_counts {
	uint64_t evaluations, matches, wins;
};

/*
 * Like filter_flow after filter_set_listener, with the counters of each rule in
 * counts.
 */
enum filter_verdict plain_filter(const struct filter_rule *rules, size_t nrules,
    const struct filter_table *tables, struct plain_counts *counts,
    uint64_t listener, struct flow *flow);

#endif
