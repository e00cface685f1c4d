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

#include <string.h>

#include "decode/sampling-rate.h"
#include "lib/cursor.h"

static const struct sampling_rate unknown = { 0, 0 };

/* Impossible values make an unknown rate. */
static struct sampling_rate
ratio(uint64_t sampled, uint64_t of)
{
	if (sampled == 0 || sampled > of)
		return (unknown);
	return ((struct sampling_rate){ sampled, of });
}

/* Of what is taken, and what is not; a sum of more than 64 bits is unknown. */
static struct sampling_rate
ratio_to_rest(uint64_t taken, uint64_t rest)
{
	return (ratio(taken, rest > UINT64_MAX - taken ? 0 : taken + rest));
}

struct sampling_rate
sampling_reduced(struct sampling_rate rate)
{
	uint64_t a = rate.of, b = rate.sampled, rest;

	if (rate.of == 0)
		return (unknown);
	for (; b != 0; b = rest) {
		rest = a % b;
		a = b;
	}
	return ((struct sampling_rate){ rate.sampled / a, rate.of / a });
}

bool
sampling_is_same(struct sampling_rate a, struct sampling_rate b)
{
	a = sampling_reduced(a);
	b = sampling_reduced(b);
	return (a.sampled == b.sampled && a.of == b.of);
}

/* Something is sampled, so that the numerator never becomes 0. */
static struct sampling_rate
halved(struct sampling_rate rate)
{
	return ((struct sampling_rate){ rate.sampled > 1 ? rate.sampled / 2 : 1,
	    rate.of / 2 });
}

struct sampling_rate
sampling_product(struct sampling_rate a, struct sampling_rate b)
{
	if (a.of == 0 || b.of == 0)
		return (unknown);
	if (a.sampled == a.of || b.sampled == b.of) /* one takes all */
		return (a.sampled == a.of ? b : a);
	a = sampling_reduced(a);
	b = sampling_reduced(b);
	while (a.of > UINT64_MAX / b.of) {
		if (a.of > b.of)
			a = halved(a);
		else
			b = halved(b);
	}
	return (ratio(a.sampled * b.sampled, a.of * b.of));
}

struct sampling_rate
sampling_narrowed(struct sampling_rate rate)
{
	if (rate.of > UINT32_MAX)
		rate = sampling_reduced(rate);
	while (rate.of > UINT32_MAX)
		rate = halved(rate);
	return (rate);
}

/*
 * A float64, or a float32 (RFC 7011 section 6.2).  1 of N is not exact in
 * binary: the nearest N is taken where the difference is below the precision.
 */
static struct sampling_rate
ratio_of_probability(struct ie_octets octets)
{
	const double scale = 1e9;
	double p, n;
	uint64_t bits64;
	uint32_t bits32;
	float f;

	if (octets.len == sizeof(bits64)) {
		bits64 = be64(octets.data);
		memcpy(&p, &bits64, sizeof(p));
	} else if (octets.len == sizeof(bits32)) {
		bits32 = be32(octets.data);
		memcpy(&f, &bits32, sizeof(f));
		p = (double)f;
	} else
		return (unknown);
	if (!(p >= 1 / scale && p <= 1))
		return (unknown);
	n = (double)(uint64_t)(1 / p + 0.5);
	if (1 / p - n < n * 1e-6 && n - 1 / p < n * 1e-6)
		return (ratio(1, (uint64_t)n));
	return (sampling_reduced(
	    ratio((uint64_t)(p * scale + 0.5), (uint64_t)scale)));
}

/* The part of the hash function's range that is selected, with both ends. */
static struct sampling_rate
ratio_of_ranges(const struct ie_values *v)
{
	const uint64_t all = v->hash_max - v->hash_min;
	const uint64_t selected = v->hash_selected_max - v->hash_selected_min;

	if (v->hash_max < v->hash_min ||
	    v->hash_selected_max < v->hash_selected_min)
		return (unknown);
	if (all == UINT64_MAX) /* its number does not fit: halve both */
		return (sampling_reduced(ratio(selected / 2 + 1, all / 2 + 1)));
	return (sampling_reduced(ratio(selected + 1, all + 1)));
}

static bool
have_both(const struct slots *slots, enum ie_slot a, enum ie_slot b)
{
	return (slots_have(slots, a) && slots_have(slots, b));
}

static bool
has_hash_ranges(const struct slots *slots)
{
	return (have_both(slots, SLOT_HASH_MIN, SLOT_HASH_MAX) &&
	    have_both(slots, SLOT_HASH_SELECTED_MIN, SLOT_HASH_SELECTED_MAX));
}

/* The methods by which an exporter selects packets, the exact ones first. */
static struct sampling_rate
rate_of_packets(const struct slots *slots, const struct ie_values *v)
{
	struct sampling_rate rate = unknown;

	if (have_both(slots, SLOT_SAMPLING_SIZE, SLOT_SAMPLING_POPULATION))
		rate = ratio(v->sampling_size, v->sampling_population);
	if (rate.of == 0 &&
	    have_both(slots, SLOT_SAMPLING_INTERVAL, SLOT_SAMPLING_SPACE))
		rate = ratio_to_rest(v->sampling_interval, v->sampling_space);
	if (rate.of == 0 &&
	    have_both(slots, SLOT_SAMPLING_TIME, SLOT_SAMPLING_TIME_SPACE))
		rate = ratio_to_rest(v->sampling_time, v->sampling_time_space);
	if (rate.of == 0 && slots_have(slots, SLOT_SAMPLING_PROBABILITY))
		rate = ratio_of_probability(v->sampling_probability);
	if (rate.of == 0 && has_hash_ranges(slots))
		rate = ratio_of_ranges(v);
	if (rate.of == 0 && slots_have(slots, SLOT_SAMPLING_INTERVAL) &&
	    !slots_have(slots, SLOT_SAMPLING_SPACE))
		rate = ratio(1, v->sampling_interval);
	return (rate);
}

/* The same for flows (RFC 7014 section 7). */
static struct sampling_rate
rate_of_flows(const struct slots *slots, const struct ie_values *v)
{
	struct sampling_rate rate = unknown;

	if (have_both(slots, SLOT_FLOW_INTERVAL, SLOT_FLOW_SPACE))
		rate = ratio_to_rest(v->flow_interval, v->flow_space);
	else if (slots_have(slots, SLOT_FLOW_INTERVAL))
		rate = ratio(1, v->flow_interval);
	if (rate.of == 0 &&
	    have_both(slots, SLOT_FLOW_TIME, SLOT_FLOW_TIME_SPACE))
		rate = ratio_to_rest(v->flow_time, v->flow_time_space);
	return (rate);
}

bool
sampling_is_told(const struct slots *slots)
{
	return (slots_have(slots, SLOT_SAMPLING_INTERVAL) ||
	    slots_have(slots, SLOT_SAMPLING_SIZE) ||
	    slots_have(slots, SLOT_SAMPLING_TIME) ||
	    slots_have(slots, SLOT_SAMPLING_PROBABILITY) ||
	    slots_have(slots, SLOT_FLOW_INTERVAL) ||
	    slots_have(slots, SLOT_FLOW_TIME) || has_hash_ranges(slots));
}

/* Of the packets of a flow a part is sampled, and of the flows a part is. */
struct sampling_rate
sampling_rate_of(const struct slots *slots, const struct ie_values *values)
{
	const struct sampling_rate packets = rate_of_packets(slots, values);
	const struct sampling_rate flows = rate_of_flows(slots, values);

	if (packets.of == 0 || flows.of == 0)
		return (packets.of == 0 ? flows : packets);
	return (sampling_product(packets, flows));
}

uint8_t
sampling_algorithm_of_mode(uint64_t mode)
{
	return (mode == 1 ? SAMPLING_SYSTEMATIC :
		mode == 2 ? SAMPLING_RANDOM :
			    SAMPLING_UNTOLD);
}

uint8_t
sampling_algorithm_of(const struct slots *slots, const struct ie_values *v)
{
	if (slots_have(slots, SLOT_SELECTOR_ALGORITHM))
		return (v->selector_algorithm <= UINT8_MAX ?
			(uint8_t)v->selector_algorithm :
			SAMPLING_UNTOLD);
	if (slots_have(slots, SLOT_SAMPLING_MODE))
		return (sampling_algorithm_of_mode(v->sampling_mode));
	return (SAMPLING_UNTOLD);
}
