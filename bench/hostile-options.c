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
 * Options data, sequence numbers and source ports.
 */
#include "compat/compat.h"

#include "bench/hostile.h"
#include "decode/session.h"
#include "netflow.h"

#define OPTIONS_ID 20000 /* of options templates */

/* Options */

static void
options_template(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define_options(h, OPTIONS_ID, OF({ 302, 1, 0 }, { 34, 1, 0 }),
	    2, 1);
}

static void
flood_options(struct hostile *h, const struct attack *a)
{
	size_t i, k;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, OPTIONS_ID);
		for (k = 0; wire_len(&h->w) + 2 <= HOSTILE_LARGE; k++) {
			wire_uint(&h->w, i + k, 1);
			wire_uint(&h->w, k >> 8, 1);
		}
		hostile_send(h);
	}
}

static void
prepare_options_octet(struct hostile *h, const struct attack *a)
{
	hostile_define_options(h, OPTIONS_ID, OF({ (uint16_t)a->size, 1, 0 }),
	    1, 1);
}

/* Each of many sessions tells about the same samplers. */
static void
prepare_options_sessions(struct hostile *h, const struct attack *a)
{
	const uint16_t port = h->port;
	size_t i, turn;

	for (i = 0; i < SESSIONS_MAX - 1; i++) {
		h->port = (uint16_t)(port + 1 + i);
		for (turn = 0; turn < 10; turn++)
			prepare_options_octet(h, a);
		hostile_data(h, OPTIONS_ID, 1, 128);
	}
	h->port = port;
	prepare_options_octet(h, a);
}

static void
flood_options_octet(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++)
		hostile_data(h, OPTIONS_ID, (uint8_t)(i + 1), HOSTILE_LARGE);
}

/* Tables of samplers that are full: a sampler is one id. */
static void
prepare_samplers(struct hostile *h, const struct attack *a)
{
	size_t i;

	hostile_define_options(h, OPTIONS_ID, OF({ 302, 2, 0 }, { 34, 1, 0 }),
	    2, 1);
	hostile_begin(h);
	wire_set(&h->w, OPTIONS_ID);
	for (i = 0; i < hostile_scaled(h, a->size); i++) {
		wire_uint(&h->w, i, 2);
		wire_uint(&h->w, 7, 1);
	}
	hostile_send(h);
}

static void
one_more_sampler(struct hostile *h, const struct attack *a)
{
	size_t i;

	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, OPTIONS_ID);
		wire_uint(&h->w, hostile_scaled(h, a->size) + i, 2);
		wire_uint(&h->w, 7, 1);
		hostile_send(h);
	}
}

/* Names of interfaces in descending order, from new exporters. */
static void
flood_names(struct hostile *h, const struct attack *a)
{
	size_t i, k, n;

	for (i = 0; i < 4; i++, h->from++) {
		hostile_begin(h);
		wire_options(&h->w, OPTIONS_ID,
		    OF({ 10, 4, 0 }, { 82, (uint16_t)a->fields, 0 }), 2, 1);
		wire_set(&h->w, OPTIONS_ID);
		n = (HOSTILE_LARGE - wire_len(&h->w)) / (4 + a->fields);
		for (k = 0; k < n; k++) {
			wire_uint(&h->w, n - k, 4);
			wire_fill(&h->w, 'x', a->fields);
		}
		hostile_send(h);
	}
}

static void
prepare_domains(struct hostile *h, const struct attack *a)
{
	size_t i;

	for (i = 0; i < a->size; i++) {
		h->w.domain = (uint32_t)i;
		hostile_begin(h);
		wire_options(&h->w, OPTIONS_ID,
		    OF({ 149, 4, 0 }, { 160, 8, 0 }), 2, 1);
		wire_set(&h->w, OPTIONS_ID);
		wire_uint(&h->w, i, 4);
		wire_uint(&h->w, (uint64_t)WIRE_EXPORT_SEC * 1000, 8);
		wire_template(&h->w, HOSTILE_DATA, OF({ 22, 4, 0 }), 1);
		hostile_send(h);
	}
}

static void
flood_domains(struct hostile *h, const struct attack *a)
{
	size_t i;

	for (i = 0; i < HOSTILE_COUNTED; i++) {
		h->w.domain = (uint32_t)(i * 7 % a->size);
		hostile_data(h, HOSTILE_DATA, 1, 80);
	}
}

/* Sequence numbers and sessions */

static void
sequence_chaos(struct hostile *h, const struct attack *a)
{
	uint32_t random = 1;
	size_t i;

	for (i = 0; i < 16 * HOSTILE_COUNTED; i++) {
		random = random * 1103515245 + 12345;
		h->port = (uint16_t)(5000 + (random >> 16) % a->fields);
		h->w.domain = (random >> 20) % 8;
		h->w.sequence = (random >> 8) % 4 == 0 ? random : i % 50;
		h->queueing = i >= 15 * HOSTILE_COUNTED;
		hostile_begin(h);
		hostile_send(h);
	}
}

/* Another source port with each datagram, while tables are full. */
static void
many_ports(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < 4 * HOSTILE_COUNTED; i++) {
		h->port = (uint16_t)(10000 + i);
		hostile_begin(h);
		hostile_send(h);
	}
}

/* The same, and each tells about samplers that others told about. */
static void
many_ports_options(struct hostile *h, const struct attack *a)
{
	size_t i, k;

	for (i = 0; i < 4 * HOSTILE_COUNTED; i++) {
		h->port = (uint16_t)(10000 + i);
		h->queueing = i >= 2 * HOSTILE_COUNTED;
		hostile_begin(h);
		wire_set(&h->w, OPTIONS_ID);
		for (k = 0; k < a->fields; k++) {
			wire_uint(&h->w, k, 2);
			wire_uint(&h->w, 7, 1);
		}
		hostile_send(h);
	}
}

const struct attack hostile_options[] = {
	{ .name = "options-2-octets",
	    .prepare = options_template,
	    .attack = flood_options },
	{ .name = "options-interval",
	    .prepare = prepare_options_octet,
	    .attack = flood_options_octet,
	    .size = 34 },
	{ .name = "options-domain",
	    .prepare = prepare_options_octet,
	    .attack = flood_options_octet,
	    .size = 160 },
	{ .name = "options-sessions",
	    .prepare = prepare_options_sessions,
	    .attack = flood_options_octet,
	    .size = 34 },
	{ .name = "options-domain-sessions",
	    .prepare = prepare_options_sessions,
	    .attack = flood_options_octet,
	    .size = 160 },
	{ .name = "samplers-grow",
	    .prepare = prepare_samplers,
	    .attack = one_more_sampler,
	    .size = 2048 },
	{ .name = "samplers-full",
	    .prepare = prepare_samplers,
	    .attack = one_more_sampler,
	    .size = 4096 },
	{ .name = "names-1", .attack = flood_names, .fields = 1 },
	{ .name = "names-200", .attack = flood_names, .fields = 200 },
	{ .name = "domains-300",
	    .prepare = prepare_domains,
	    .attack = flood_domains,
	    .size = 300 },
	{ .name = "sequence-1-port", .attack = sequence_chaos, .fields = 1 },
	{ .name = "sequence-40-ports", .attack = sequence_chaos, .fields = 40 },
	{ .name = "ports", .attack = many_ports },
	{ .name = "ports-templates",
	    .prepare = hostile_prepare_templates,
	    .attack = many_ports,
	    .size = 4096,
	    .fields = 1 },
	{ .name = "ports-templates-60000",
	    .config = "limit templates 65536",
	    .prepare = hostile_prepare_templates,
	    .attack = many_ports,
	    .size = 60000,
	    .fields = 1,
	    .large = true },
	{ .name = "ports-samplers",
	    .prepare = prepare_samplers,
	    .attack = many_ports_options,
	    .size = 4096 },
	{ .name = "ports-samplers-again",
	    .prepare = prepare_samplers,
	    .attack = many_ports_options,
	    .size = 4096,
	    .fields = 200 },
	{ .name = NULL },
};
