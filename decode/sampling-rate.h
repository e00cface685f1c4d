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
 * Sampling rates, and the elements that have them: IANA's 34, 35, 49 and 50, and
 * those of RFC 5477 and RFC 7014.
 */
#ifndef SAMPLING_RATE_H
#define SAMPLING_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/ie.h"

/* As sent, such as 10 of 1000 packets; of is 0 if the rate is unknown. */
struct sampling_rate {
	uint64_t sampled, of;
};

/* IANA's registry of selectorAlgorithm; others keep their numbers. */
enum sampling_algorithm {
	SAMPLING_UNTOLD = 0,
	SAMPLING_SYSTEMATIC = 1, /* count-based */
	SAMPLING_RANDOM = 3,     /* n out of N */
	SAMPLING_PROPERTY = 5,   /* a filter by properties of packets */
};

/* In lowest terms. */
struct sampling_rate sampling_reduced(struct sampling_rate rate);

bool sampling_is_same(struct sampling_rate a, struct sampling_rate b);

/*
 * The rate of one sampler after another.  Where 64 bits cannot hold it, it is
 * rounded.
 */
struct sampling_rate sampling_product(struct sampling_rate a,
    struct sampling_rate b);

/* The same rate with numbers of 32 bits, rounded if need be. */
struct sampling_rate sampling_narrowed(struct sampling_rate rate);

/* Whether a record with these slots has a rate. */
bool sampling_is_told(const struct slots *slots);

/*
 * The rate of a record; 0 of 0 if it has none, or an impossible one.  RFC 5476
 * section 6.5.2 describes the values of each method.
 */
struct sampling_rate sampling_rate_of(const struct slots *slots,
    const struct ie_values *values);

/* enum sampling_algorithm; the elements 35 and 49 have numbers of their own. */
uint8_t sampling_algorithm_of(const struct slots *slots,
    const struct ie_values *values);

/* Of the values of elements 35 and 49, and of the mode in headers of v5. */
uint8_t sampling_algorithm_of_mode(uint64_t mode);

#endif
