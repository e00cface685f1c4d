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
 * Flows, sets, and datagrams that are refused.
 */
#include "compat/compat.h"

#include "bench/hostile.h"
#include "netflow.h"

#define ORDINARY 1400 /* octets of a datagram */

/* The exporter that others are compared with. */

static void
prepare_ordinary(struct hostile *h, const struct attack *a)
{
	(void)a;
	wire_start(&h->w, WIRE_VERSION_9);
	wire_template(&h->w, HOSTILE_DATA,
	    OF({ 8, 4, 0 }, { 12, 4, 0 }, { 15, 4, 0 }, { 10, 4, 0 },
		{ 14, 4, 0 }, { 2, 4, 0 }, { 1, 4, 0 }, { 22, 4, 0 },
		{ 21, 4, 0 }, { 7, 2, 0 }, { 11, 2, 0 }, { 6, 1, 0 },
		{ 4, 1, 0 }, { 5, 1, 0 }, { 16, 4, 0 }, { 17, 4, 0 },
		{ 9, 1, 0 }, { 13, 1, 0 }),
	    18);
	hostile_send(h);
}

static void
send_ordinary(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++) {
		h->w.sequence++;
		wire_start(&h->w, WIRE_VERSION_9);
		wire_set(&h->w, HOSTILE_DATA);
		while (wire_len(&h->w) + 53 <= ORDINARY)
			wire_fill(&h->w, (uint8_t)wire_len(&h->w), 53);
		hostile_send(h);
	}
}

/* HOSTILE_COUNTED large messages with data of one template. */
static void
flood_data(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++)
		hostile_data(h, HOSTILE_DATA, 1, HOSTILE_LARGE);
}

/* Flows */

static void
prepare_octet(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA, OF({ 1, 1, 0 }), 1);
}

static void
prepare_biflow(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA,
	    OF({ 1, 1, 0 }, { 1, 1, WIRE_PEN_REVERSE }), 2);
}

/* Every value of the other direction that its decisions look at. */
static void
prepare_biflow_steps(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA,
	    OF({ 1, 1, 0 }, { 1, 1, WIRE_PEN_REVERSE }, { 8, 1, 0 },
		{ 27, 1, 0 }, { 18, 1, 0 }, { 63, 1, 0 },
		{ 218, 1, WIRE_PEN_REVERSE }, { 176, 1, WIRE_PEN_REVERSE }),
	    8);
}

/* Values that need decisions, in as few octets as possible. */
static void
prepare_steps(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA,
	    OF({ 8, 1, 0 }, { 27, 1, 0 }, { 15, 1, 0 }, { 62, 1, 0 },
		{ 218, 1, 0 }, { 176, 1, 0 }, { 180, 1, 0 }, { 9, 1, 0 }),
	    8);
}

static void
prepare_tunnels(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA,
	    OF({ 8, 1, 0 }, { 12, 1, 0 }, { 8, 1, 0 }, { 12, 1, 0 },
		{ 8, 1, 0 }, { 12, 1, 0 }, { 8, 1, 0 }, { 12, 1, 0 }),
	    8);
}

static void
prepare_variable(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA, OF({ 1, WIRE_VARIABLE, 0 }), 1);
}

static void
flood_variable(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++)
		hostile_data(h, HOSTILE_DATA, 0, HOSTILE_LARGE);
}

static void
prepare_vendor(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA, OF({ 14, 1, 6871 }, { 15, 1, 6871 }),
	    2);
}

/* basicList, subTemplateList and subTemplateMultiList (RFC 6313). */
static void
prepare_structured(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA,
	    OF({ 291, WIRE_VARIABLE, 0 }, { 292, WIRE_VARIABLE, 0 },
		{ 293, WIRE_VARIABLE, 0 }),
	    3);
}

/* Octets of a packet with many headers. */
static void
prepare_packet(struct hostile *h, const struct attack *a)
{
	hostile_define(h, HOSTILE_DATA,
	    OF({ (uint16_t)a->size, WIRE_VARIABLE, 0 }), 1);
}

/* Frames in frames: MAC addresses and the tag of a backbone. */
static void
frame_in_frame(struct wire *w, size_t len)
{
	for (; len >= 18; len -= 18) {
		wire_fill(w, 1, 12);
		wire_uint(w, 0x88e7, 2);
		wire_fill(w, 0, 4);
	}
	wire_fill(w, 0, len);
}

static void
flood_frames(struct hostile *h, const struct attack *a)
{
	size_t i;

	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, HOSTILE_DATA);
		while (wire_len(&h->w) + 1 + a->fields <= HOSTILE_LARGE) {
			wire_uint(&h->w, a->fields, 1);
			frame_in_frame(&h->w, a->fields);
		}
		hostile_send(h);
	}
}

/* IPv6 with as many extension headers as fit. */
static void
flood_extensions(struct hostile *h, const struct attack *a)
{
	size_t i, k;

	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		wire_set(&h->w, HOSTILE_DATA);
		while (wire_len(&h->w) + 1 + a->fields <= HOSTILE_LARGE) {
			wire_uint(&h->w, a->fields, 1);
			wire_uint(&h->w, 0x60000000, 4);
			wire_uint(&h->w, 0, 4);
			wire_fill(&h->w, 1, 32);
			for (k = 40; k + 8 <= a->fields; k += 8) {
				wire_fill(&h->w, 0, 8);
			}
			wire_fill(&h->w, 0, a->fields - k);
		}
		hostile_send(h);
	}
}

/* Sets */

static void
flood_sets(struct hostile *h, const struct attack *a)
{
	size_t i;

	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		while (wire_len(&h->w) + 4 <= HOSTILE_LARGE)
			wire_set(&h->w, (uint16_t)a->size);
		hostile_send(h);
	}
}

static void
empty_data_sets(struct hostile *h, const struct attack *a)
{
	const struct attack sets = { .size = HOSTILE_DATA };

	prepare_octet(h, a);
	h->queueing = true;
	flood_sets(h, &sets);
}

/* Data that wait for an init time in the rest of the message. */
static void
prepare_deferred(struct hostile *h, const struct attack *a)
{
	(void)a;
	hostile_define(h, HOSTILE_DATA, OF({ 22, 1, 0 }), 1);
}

static void
flood_deferred(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++) {
		hostile_begin(h);
		while (wire_len(&h->w) + 13 <= HOSTILE_LARGE) {
			wire_set(&h->w, HOSTILE_DATA);
			wire_fill(&h->w, 1, 1);
			wire_set(&h->w, IPFIX_SET_OPTIONS);
			wire_fill(&h->w, 0, 4);
		}
		hostile_send(h);
	}
}

/* Datagrams that are refused at once */

static void
invalid(struct hostile *h, const struct attack *a)
{
	static const uint8_t octets[16] = { 0 };
	size_t i;

	for (i = 0; i < HOSTILE_COUNTED; i++)
		hostile_send_raw(h, octets, a->size);
}

/* Flows in small datagrams: each pays for what a datagram costs. */
static void
small_flows(struct hostile *h, const struct attack *a)
{
	size_t i;

	(void)a;
	for (i = 0; i < HOSTILE_COUNTED; i++)
		hostile_data(h, HOSTILE_DATA, 1, 80);
}

#define MANY_RULES                                                           \
	"table <t> { 10.0.0.0/8, 192.0.2.0/24 }\n"                           \
	"discard src 192.0.2.1\naccept tag 1 src <t>\n"                      \
	"accept tag 2 dst <t> proto tcp\ndiscard dst any port 7 proto tcp\n" \
	"accept tag 3 src any port 80 proto udp\nlogfile \"/dev/zero\" tag 9"

const struct attack hostile_flows[] = {
	{ .name = "ordinary",
	    .prepare = prepare_ordinary,
	    .attack = send_ordinary },
	{ .name = "ordinary-rules",
	    .config = MANY_RULES,
	    .prepare = prepare_ordinary,
	    .attack = send_ordinary },
	{ .name = "flows-1-octet",
	    .prepare = prepare_octet,
	    .attack = flood_data },
	{ .name = "flows-1-octet-rules",
	    .config = MANY_RULES,
	    .prepare = prepare_octet,
	    .attack = flood_data },
	{ .name = "flows-steps",
	    .prepare = prepare_steps,
	    .attack = flood_data },
	{ .name = "flows-tunnels",
	    .prepare = prepare_tunnels,
	    .attack = flood_data },
	{ .name = "flows-variable",
	    .prepare = prepare_variable,
	    .attack = flood_variable },
	{ .name = "flows-vendor",
	    .prepare = prepare_vendor,
	    .attack = flood_data },
	{ .name = "flows-structured",
	    .prepare = prepare_structured,
	    .attack = flood_variable },
	{ .name = "flows-small",
	    .prepare = prepare_octet,
	    .attack = small_flows },
	{ .name = "biflow", .prepare = prepare_biflow, .attack = flood_data },
	{ .name = "biflow-steps",
	    .prepare = prepare_biflow_steps,
	    .attack = flood_data },
	{ .name = "packet-frames",
	    .prepare = prepare_packet,
	    .attack = flood_frames,
	    .size = 315,
	    .fields = 254 },
	{ .name = "packet-frames-short",
	    .prepare = prepare_packet,
	    .attack = flood_frames,
	    .size = 315,
	    .fields = 18 },
	{ .name = "packet-empty",
	    .prepare = prepare_packet,
	    .attack = flood_frames,
	    .size = 315 },
	{ .name = "packet-extensions",
	    .prepare = prepare_packet,
	    .attack = flood_extensions,
	    .size = 313,
	    .fields = 248 },
	{ .name = "sets-empty", .attack = empty_data_sets },
	{ .name = "sets-reserved", .attack = flood_sets, .size = 5 },
	{ .name = "sets-deferred",
	    .prepare = prepare_deferred,
	    .attack = flood_deferred },
	{ .name = "logsock",
	    .config = "logsock \"/var/run/x\"",
	    .prepare = prepare_octet,
	    .attack = flood_data },
	{ .name = "logsock-small",
	    .config = "logsock \"/var/run/x\"",
	    .prepare = prepare_octet,
	    .attack = small_flows },
	{ .name = "invalid-0", .attack = invalid },
	{ .name = "invalid-16", .attack = invalid, .size = 16 },
	{ .name = NULL },
};
