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
 * Decodes datagrams to flows.
 */
#ifndef DECODE_H
#define DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decoders.h"
#include "decode/exporter.h"
#include "decode/sampling.h"
#include "store.h"

struct datagram {
	const uint8_t *data;
	size_t len;                   /* bytes */
	uint32_t recv_sec, recv_usec; /* epoch */
	uint64_t listener;            /* a number that its flows keep */
	uint16_t port;                /* UDP source port */
};

/*
 * The array that receives decoded flows.  When it is full, or the next flow is
 * from another listener, flush processes the n flows and sets n to 0.  After a
 * datagram the decoder's caller processes the remaining flows.
 */
struct flow_sink {
	struct flow *flows;
	/*
	 * The decoder sets one for each flow; NULL: nobody asks for it, and
	 * then it costs nothing.
	 */
	struct sampling *sampling;
	size_t n, max;
	void (*flush)(struct flow_sink *sink);
	void *arg;         /* for flush */
	uint64_t listener; /* of the datagram of these flows */
	/*
	 * Octets of the datagrams whose flows came to the sink, since its owner
	 * set it to 0.  A set that was held counts when it is decoded.
	 */
	size_t octets;
	bool keep_empty; /* flows without address, octets and packets */
};

/* The following flows are from a datagram of this listener. */
static inline void
sink_set_listener(struct flow_sink *sink, uint64_t listener)
{
	if (sink->listener != listener && sink->n > 0)
		sink->flush(sink);
	sink->listener = listener;
}

/* Returns the place for one flow.  The caller sets all of its members. */
static inline struct flow *
sink_next(struct flow_sink *sink)
{
	if (sink->n == sink->max)
		sink->flush(sink);
	return (&sink->flows[sink->n++]);
}

/* The same for *got flows, from 1 to want. */
static inline struct flow *
sink_more(struct flow_sink *sink, size_t want, size_t *got)
{
	struct flow *flows = sink_next(sink);

	*got = sink->max - sink->n + 1 < want ? sink->max - sink->n + 1 : want;
	sink->n += *got - 1;
	return (flows);
}

/* The place for the sampling of a flow that is in the sink. */
static inline struct sampling *
sink_sampling(const struct flow_sink *sink, const struct flow *flow)
{
	return (&sink->sampling[flow - sink->flows]);
}

/*
 * Decodes one datagram by the table of protocols.  Decoders count sets,
 * templates and records; the caller counts the datagram, by the result, and the
 * flows.
 */
enum decoded netflow_decode(const struct datagram *dgram,
    struct exporter *exporter, struct flow_sink *sink);

#endif
