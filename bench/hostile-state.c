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
 * Attacks on the tables of templates, exporters and held data.
 */
#include "compat/compat.h"

#include "bench/hostile.h"
#include "decode/held.h"
#include "netflow.h"

#define SPOOFED    0x0a000000 /* 10.0.0.0 and up */
#define NAMED      0x0b000001
#define UNKNOWN_ID 40000 /* of templates that never come */

/* Withdrawals */

/* Of all templates and of all options templates, in 32 octets. */
static void
withdraw_all(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, IPFIX_SET_TEMPLATE);
		wire_uint(&h->w, IPFIX_SET_TEMPLATE, 2);
		wire_uint(&h->w, 0, 2);
		wire_set(&h->w, IPFIX_SET_OPTIONS);
		wire_uint(&h->w, IPFIX_SET_OPTIONS, 2);
		wire_uint(&h->w, 0, 2);
		hostile_send(h);
	}
}

static void
withdraw_each(struct hostile *h, const struct attack *a)
{
	size_t i, k;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, IPFIX_SET_TEMPLATE);
		for (k = 0; wire_len(&h->w) < HOSTILE_LARGE; k++) {
			wire_uint(&h->w, HOSTILE_TEMPLATE + k % 4096, 2);
			wire_uint(&h->w, 0, 2);
		}
		hostile_send(h);
	}
}

/* Templates */

enum definitions { NEW, CHANGED, SAME };

static void
send_definitions(struct hostile *h, enum definitions kind, size_t fields)
{
	const size_t each = 4 + 4 * fields;
	struct wire_field field = { 4, 1, 0 };
	size_t i, k, id = 0;

	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, IPFIX_SET_TEMPLATE);
		if (kind == CHANGED)
			field.len = (uint16_t)(1 + i % 2);
		if (kind != NEW)
			id = 0;
		for (; wire_len(&h->w) + each <= HOSTILE_LARGE; id++) {
			wire_uint(&h->w, HOSTILE_TEMPLATE + id % 60000, 2);
			wire_uint(&h->w, fields, 2);
			for (k = 0; k < fields; k++)
				wire_specs(&h->w, &field, 1);
		}
		hostile_send(h);
	}
}

static void
templates_new(struct hostile *h, const struct attack *a)
{
	send_definitions(h, NEW, a->fields);
}

static void
templates_changed(struct hostile *h, const struct attack *a)
{
	send_definitions(h, CHANGED, a->fields);
}

static void
templates_same(struct hostile *h, const struct attack *a)
{
	send_definitions(h, SAME, a->fields);
}

/* Four headers of tunnels, with a vendor's elements: each is looked up often. */
static void
templates_of_tunnels(struct hostile *h, const struct attack *a)
{
	static const struct wire_field header[] = { { 881, 1, 6876 },
		{ 8, 1, 0 }, { 12, 1, 0 }, { 4, 1, 0 } };
	size_t i, k, id = 0;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, IPFIX_SET_TEMPLATE);
		for (; wire_len(&h->w) < HOSTILE_LARGE - 100; id++) {
			wire_uint(&h->w, HOSTILE_TEMPLATE + id % 60000, 2);
			wire_uint(&h->w, 4 * WIRE_NFIELDS(header), 2);
			for (k = 0; k < 4; k++)
				wire_specs(&h->w, header, WIRE_NFIELDS(header));
		}
		hostile_send(h);
	}
}

/* One new definition in each message, which is as small as possible. */
static void
tiny_templates(struct hostile *h, const struct attack *a)
{
	const struct wire_field field = { 4, 1, 0 };
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++)
		hostile_define(h, (uint16_t)(HOSTILE_DATA + i), &field, 1);
}

/* A template that grows the table of those that are there. */
static void
one_more_template(struct hostile *h, const struct attack *a)
{
	const struct wire_field field = { 4, 1, 0 };

	hostile_define(h,
	    (uint16_t)(HOSTILE_TEMPLATE + hostile_scaled(h, a->size)), &field,
	    1);
}

/* Exporters */

static void
prepare_exporters(struct hostile *h, const struct attack *a)
{
	size_t i, n = hostile_scaled(h, a->size);

	h->from = SPOOFED;
	for (i = 0; i < n; i++, h->from++) {
		hostile_begin(h);
		hostile_send(h);
	}
}

static void
more_exporters(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++, h->from++) {
		hostile_begin(h);
		hostile_send(h);
	}
}

/* Exporters that hold no memory, and one that holds all of it. */
static void
prepare_full_memory(struct hostile *h, const struct attack *a)
{
	const uint32_t from = h->from;
	const struct wire_field field = { 4, 1, 0 };
	size_t i, k;

	prepare_exporters(h, a);
	for (k = 0; k < 64; k++) {
		h->from = 0x0c000000 + (uint32_t)(k / 4);
		h->w.domain = (uint32_t)k;
		hostile_templates(h, 1000, 700 / h->scale + 1);
		for (i = 0; i < 20; i++)
			hostile_define(h, (uint16_t)(50000 + i), &field, 1);
	}
	h->from = from;
	h->w.domain = WIRE_DOMAIN;
}

static void
large_template(struct hostile *h, const struct attack *a)
{
	const struct wire_field field = { 4, 1, 0 };
	size_t i, k;

	h->from = NAMED;
	for (i = 0; i < 4; i++) {
		hostile_begin(h);
		wire_set(&h->w, IPFIX_SET_TEMPLATE);
		wire_uint(&h->w, HOSTILE_DATA + i, 2);
		wire_uint(&h->w, a->fields, 2);
		for (k = 0; k < a->fields; k++)
			wire_specs(&h->w, &field, 1);
		hostile_send(h);
	}
}

/* Held data */

static void
prepare_held(struct hostile *h, const struct attack *a)
{
	const uint32_t from = h->from;
	size_t i, k;

	for (i = 0; i < hostile_scaled(h, a->size); i++) {
		h->from = SPOOFED + (uint32_t)i;
		hostile_begin(h);
		for (k = 0; k < HELD_SETS_EXPORTER; k++) {
			wire_set(&h->w, (uint16_t)(UNKNOWN_ID + k));
			wire_fill(&h->w, 0, 1);
		}
		hostile_send(h);
	}
	h->from = from;
}

static void
hold_more(struct hostile *h, const struct attack *a)
{
	size_t i, k;

	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		for (k = 0; wire_len(&h->w) + 4 + a->size <= HOSTILE_LARGE;
		     k++) {
			wire_set(&h->w, (uint16_t)(UNKNOWN_ID + k % 20000));
			wire_fill(&h->w, 0, a->size);
		}
		hostile_send(h);
	}
}

/* A template for which another exporter's data wait, or its own do. */
static void
release_held(struct hostile *h, const struct attack *a)
{
	const struct wire_field field = { 4, 1, 0 };
	size_t i;

	(void)a;
	h->from = SPOOFED;
	for (i = 0; i < HOSTILE_COUNTED; i++)
		hostile_define(h, (uint16_t)(UNKNOWN_ID + i), &field, 1);
}

/* Very many sets that wait for one template. */
static void
prepare_held_for_one(struct hostile *h, const struct attack *a)
{
	size_t i;

	hostile_begin(h);
	for (i = 0; i < a->size; i++) {
		wire_set(&h->w, UNKNOWN_ID);
		wire_fill(&h->w, 1, 8);
	}
	hostile_send(h);
}

const struct attack hostile_state[] = {
	{ .name = "withdraw-1",
	    .prepare = hostile_prepare_templates,
	    .attack = withdraw_all,
	    .size = 4096,
	    .fields = 1 },
	{ .name = "withdraw-30",
	    .prepare = hostile_prepare_templates,
	    .attack = withdraw_all,
	    .size = 4096,
	    .fields = 30 },
	{ .name = "withdraw-400",
	    .prepare = hostile_prepare_templates,
	    .attack = withdraw_all,
	    .size = 4096,
	    .fields = 400,
	    .large = true },
	{ .name = "withdraw-2000",
	    .prepare = hostile_prepare_templates,
	    .attack = withdraw_all,
	    .size = 4096,
	    .fields = 2000,
	    .large = true },
	{ .name = "withdraw-60000",
	    .config = "limit templates 65536",
	    .prepare = hostile_prepare_templates,
	    .attack = withdraw_all,
	    .size = 60000,
	    .fields = 100,
	    .large = true },
	{ .name = "withdraw-each",
	    .prepare = hostile_prepare_templates,
	    .attack = withdraw_each,
	    .size = 4096,
	    .fields = 1 },
	{ .name = "templates-new", .attack = templates_new, .fields = 1 },
	{ .name = "templates-changed",
	    .attack = templates_changed,
	    .fields = 1 },
	{ .name = "templates-same", .attack = templates_same, .fields = 1 },
	{ .name = "templates-tunnels", .attack = templates_of_tunnels },
	{ .name = "template-16000", .attack = large_template, .fields = 16000 },
	{ .name = "template-grows",
	    .prepare = hostile_prepare_templates,
	    .attack = one_more_template,
	    .size = 4096,
	    .fields = 1 },
	{ .name = "template-grows-65536",
	    .config = "limit templates 65536",
	    .prepare = hostile_prepare_templates,
	    .attack = one_more_template,
	    .size = 32768,
	    .fields = 1,
	    .large = true },
	{ .name = "memory-full",
	    .config = "limit memory 64M\nflow source 0.0.0.0/0\n"
		      "flow source 11.0.0.1/32",
	    .prepare = prepare_full_memory,
	    .attack = large_template,
	    .size = 60000,
	    .fields = 16000 },
	{ .name = "exporters-full",
	    .prepare = prepare_exporters,
	    .attack = more_exporters,
	    .size = 65536 },
	{ .name = "exporters-grow",
	    .prepare = prepare_exporters,
	    .attack = more_exporters,
	    .size = 32768 },
	{ .name = "held-others",
	    .prepare = prepare_held,
	    .attack = tiny_templates,
	    .size = 64 },
	{ .name = "held-own",
	    .prepare = prepare_held,
	    .attack = release_held,
	    .size = 64 },
	{ .name = "held-for-one",
	    .prepare = prepare_held_for_one,
	    .attack = release_held,
	    .size = 1024 },
	{ .name = "hold-empty", .attack = hold_more },
	{ .name = "hold-1", .attack = hold_more, .size = 1 },
	{ .name = NULL },
};
