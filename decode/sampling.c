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

#include <stddef.h>

#include "decode/sampling.h"
#include "netflow.h"

#define HAS(t, slot) slots_have(&(t)->slots, slot)

/* Values of flowDirection. */
enum direction { INGRESS, EGRESS, BOTH };

static struct sampling
told(struct sampling_rate rate, uint8_t algorithm, enum sampling_source source)
{
	rate = sampling_narrowed(rate);
	if (rate.of == 0)
		return ((struct sampling){ .source = SAMPLING_UNKNOWN });
	return ((struct sampling){
	    .taken = (uint32_t)rate.sampled,
	    .population = (uint32_t)rate.of,
	    .algorithm = algorithm,
	    .source = (uint8_t)source,
	});
}

struct sampling
sampling_of_header(uint16_t field)
{
	const uint16_t interval = field & NF5_SAMPLING_INTERVAL;

	return (told((struct sampling_rate){ interval == 0 ? 0 : 1, interval },
	    sampling_algorithm_of_mode(field >> NF5_SAMPLING_MODE_SHIFT),
	    SAMPLING_HEADER));
}

/* Where the flow was observed; the reverse direction is the other one. */
static enum direction
direction_of(const struct tmpl *t, const struct ie_values *v, bool reverse)
{
	if (!HAS(t, SLOT_DIRECTION) || v->direction > EGRESS)
		return (BOTH);
	return ((v->direction == EGRESS) != reverse ? EGRESS : INGRESS);
}

/* Sets a part if the record names it. */
static void
set_part(struct sampler_query *q, enum sampler_part part, bool named,
    uint64_t value)
{
	if (!named)
		return;
	q->named |= sampler_bit(part);
	q->part[part] = value;
}

/*
 * Where the direction is not known, the input interface comes first.  Interface
 * 0 is none.
 */
static void
set_interfaces(struct sampler_query *q, const struct flow *flow,
    enum direction direction)
{
	const uint32_t in = direction == EGRESS ? 0 : flow->if_index_in;
	const uint32_t out = direction == INGRESS ? 0 : flow->if_index_out;

	set_part(q, PART_INTERFACE, in != 0 || out != 0, in != 0 ? in : out);
	set_part(q, PART_OUTPUT, out != 0, out);
	if (in != 0)
		q->interface2 = out;
}

static struct sampler_query
query_of(const struct tmpl *t, const struct message_header *msg,
    const struct flow *flow, const struct ie_values *v, bool reverse)
{
	struct sampler_query q = {
		.version = msg->version,
		.port = msg->port,
		.domain = msg->domain,
	};

	set_part(&q, PART_SEQUENCE,
	    HAS(t, SLOT_SEQUENCE_ID) && v->sequence_id != 0, v->sequence_id);
	/* Sampler 0 is none, and not one that is not named. */
	set_part(&q, PART_SELECTOR, HAS(t, SLOT_SAMPLER_ID), v->sampler_id);
	set_interfaces(&q, flow, direction_of(t, v, reverse));
	set_part(&q, PART_METERING,
	    HAS(t, SLOT_METERING_PROCESS) && v->metering_process != 0,
	    v->metering_process);
	set_part(&q, PART_EXPORTING,
	    HAS(t, SLOT_EXPORTING_PROCESS) && v->exporting_process != 0,
	    v->exporting_process);
	set_part(&q, PART_TEMPLATE, true, t->key.id);
	set_part(&q, PART_LINE_CARD, flow->engine_id != 0, flow->engine_id);
	return (q);
}

static struct sampling
sampling_of_options(const struct samplers *samplers,
    const struct sampler_query *q)
{
	const struct sampler *s = samplers_find(samplers, q);
	enum sampling_source source;
	struct sampling_rate rate;
	uint8_t algorithm;

	if (s == NULL)
		return ((struct sampling){ .source = SAMPLING_UNKNOWN });
	source = s->sent_in == q->domain ? SAMPLING_OPTIONS :
					   SAMPLING_OPTIONS_ELSEWHERE;
	rate = samplers_rate(samplers, s, &algorithm);
	return (told(rate, algorithm, source));
}

struct sampling
sampling_of_flow(const struct samplers *samplers, const struct tmpl *t,
    const struct message_header *msg, const struct flow *flow,
    const struct ie_values *v, bool reverse)
{
	struct sampling own = { .source = SAMPLING_UNKNOWN };
	struct sampler_query q;

	if (sampling_is_told(&t->slots))
		own = told(sampling_rate_of(&t->slots, v),
		    sampling_algorithm_of(&t->slots, v), SAMPLING_RECORD);
	if (own.source != SAMPLING_UNKNOWN || samplers->table.n == 0)
		return (own);
	q = query_of(t, msg, flow, v, reverse);
	return (sampling_of_options(samplers, &q));
}
