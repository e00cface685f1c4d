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

#include "compat/compat.h"

#include "bench/hostile.h"
#include "netflow.h"

#define CHUNK 60000 /* octets of definitions in one datagram */

void
hostile_begin(struct hostile *h)
{
	wire_start(&h->w, WIRE_VERSION_IPFIX);
}

/* A message with one set of len octets of data. */
void
hostile_data(struct hostile *h, uint16_t id, uint8_t octet, size_t len)
{
	hostile_begin(h);
	wire_set(&h->w, id);
	wire_fill(&h->w, octet, len);
	hostile_send(h);
}

void
hostile_define(struct hostile *h, uint16_t id, const struct wire_field *fields,
    size_t n)
{
	hostile_begin(h);
	wire_template(&h->w, id, fields, n);
	hostile_send(h);
}

void
hostile_define_options(struct hostile *h, uint16_t id,
    const struct wire_field *fields, size_t n, size_t scopes)
{
	hostile_begin(h);
	wire_options(&h->w, id, fields, n, scopes);
	hostile_send(h);
}

/* n templates of the given number of fields, in few messages. */
void
hostile_templates(struct hostile *h, size_t n, size_t fields)
{
	const struct wire_field field = { 4, 1, 0 };
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (i == 0 || wire_len(&h->w) > CHUNK) {
			if (i > 0)
				hostile_send(h);
			hostile_begin(h);
			wire_set(&h->w, IPFIX_SET_TEMPLATE);
		}
		wire_uint(&h->w, HOSTILE_TEMPLATE + i, 2);
		wire_uint(&h->w, fields, 2);
		for (k = 0; k < fields; k++)
			wire_specs(&h->w, &field, 1);
	}
	hostile_send(h);
}

void
hostile_prepare_templates(struct hostile *h, const struct attack *a)
{
	hostile_templates(h, hostile_scaled(h, a->size), a->fields);
}
