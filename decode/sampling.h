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
 * The sampling in force for a flow: the rate by which its packets and octets may
 * be multiplied, and which source told it.
 *
 * The sources, in their order of precedence:
 *
 *	elements of the record itself
 *	options data about the flow, in the order of enum sampler_part and then
 *	    of the whole domain; each in the flow's domain, in domain 0 and in
 *	    any domain: see samplers_find
 *	options data about all parts of the domain, if they agree and the record
 *	    does not name its part
 *	the header of the datagram, in version 5, which has nothing else
 *
 * A rate that changes holds for the flows that are decoded afterwards.
 */
#ifndef SAMPLING_H
#define SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/ie.h"
#include "decode/message-header.h"
#include "decode/sampler.h"
#include "decode/tmpl.h"
#include "store.h"

/* The numbers are those of logs, and permanent. */
enum sampling_source {
	SAMPLING_UNKNOWN = 0,
	SAMPLING_RECORD = 1,
	SAMPLING_OPTIONS = 2, /* in a message of the same domain */
	SAMPLING_OPTIONS_ELSEWHERE = 3,
	SAMPLING_HEADER = 4, /* of a datagram of version 5 */
};

struct sampling {
	uint32_t taken, population; /* such as 1 of 1000; 0 of 0: unknown */
	uint8_t algorithm;          /* enum sampling_algorithm */
	uint8_t source;             /* enum sampling_source */
};

/*
 * The sampling of a flow that record_finish has completed, whose values
 * template_run_sampling has read; or, with reverse, record_reverse.
 */
struct sampling sampling_of_flow(const struct samplers *samplers,
    const struct tmpl *t, const struct message_header *msg,
    const struct flow *flow, const struct ie_values *values, bool reverse);

/* Of the field of a header of version 5. */
struct sampling sampling_of_header(uint16_t field);

#endif
