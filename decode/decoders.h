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
 * The decoders of protocols.  A decoder reads a datagram and the exporter's
 * state, and writes flows.  It uses no descriptor, clock or global variable.
 */
#ifndef DECODERS_H
#define DECODERS_H

struct datagram;
struct exporter;
struct flow_sink;

enum decoded {
	DECODED,            /* the flows are in the sink */
	DECODE_INVALID,     /* malformed: no flow is in the sink */
	DECODE_UNSUPPORTED, /* no protocol of the table */
	DECODE_HELD,        /* a set waits for its template; held counts it */
	DECODE_NO_TEMPLATE, /* a set without template could not be held */
};

/*
 * Decodes one datagram, updates the exporter's sequences, sampling, templates
 * and options, and logs a warning about data that it drops.
 */
typedef enum decoded decoder(const struct datagram *dgram,
    struct exporter *exporter, struct flow_sink *sink);

decoder decode_v1, decode_v5, decode_v7; /* fixed.c */
decoder decode_v9, decode_ipfix;         /* message.c */

#endif
