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
 * Messages of NetFlow v9 and IPFIX: framing, order, and the conversion of
 * record values.  Held data are tested in held.c, options data in options.c.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/exporters.h"
#include "fixture9.h"
#include "random.h"

#define EXPORT_MS ((int64_t)WIRE_EXPORT_SEC * 1000)
#define DAY_MS    INT64_C(86400000)

/* Continues as a new exporter. */
static void
restart_with(uint16_t version)
{
	collect_stop(&c);
	collect_start(&c, NULL);
	wire_init(&w);
	wire_start(&w, version);
}

/* A usual template, and records for it that contain the number n. */
static const struct wire_field usual[] = {
	{ 8, 4, 0 },
	{ 12, 4, 0 },
	{ 7, 2, 0 },
	{ 11, 2, 0 },
	{ 4, 1, 0 },
	{ 1, 4, 0 },
	{ 2, 4, 0 },
};
#define USUAL_LEN 21

static void
put_template(uint16_t id)
{
	wire_template(&w, id, usual, WIRE_NFIELDS(usual));
}

static void
put_record(uint32_t n)
{
	wire_uint(&w, 0xc0000200 + n, 4);
	wire_uint(&w, 0xc6336400 + n, 4);
	wire_uint(&w, 1024 + n, 2);
	wire_uint(&w, 80, 2);
	wire_uint(&w, 6, 1);
	wire_uint(&w, 1000 + n, 4);
	wire_uint(&w, n, 4);
}

static void
put_data(uint16_t id, uint32_t n)
{
	wire_set(&w, id);
	put_record(n);
}

static void
assert_record(const struct flow *f, uint32_t n)
{
	assert_true((f->fields & STORE_FIELD_OCTETS) != 0);
	assert_int_equal(be32(f->src.bytes), 0xc0000200 + n);
	assert_int_equal(be32(f->dst.bytes), 0xc6336400 + n);
	assert_int_equal(f->src_port, 1024 + n);
	assert_int_equal(f->dst_port, 80);
	assert_int_equal(f->protocol, 6);
	assert_int_equal(f->octets, 1000 + n);
	assert_int_equal(f->packets, n);
}

/* The flows of the last datagram are those of these records, in order. */
static void
assert_records(const uint32_t *numbers, size_t n)
{
	size_t i;

	assert_int_equal(c.n, n);
	for (i = 0; i < n; i++)
		assert_record(&c.flows[i], numbers[i]);
}

static enum decoded
transmit(void)
{
	return (collect_wire(&c, &w));
}

/* Sends one template, and begins a message for its data. */
static void
send_template(uint16_t version, uint16_t id, const struct wire_field *fields,
    size_t n)
{
	wire_start(&w, version);
	wire_template(&w, id, fields, n);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 0);
	wire_start(&w, version);
	wire_set(&w, id);
}

/* Returns the only flow of the message. */
static const struct flow *
only_flow(void)
{
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 1);
	return (&c.flows[0]);
}

static void
a_record_becomes_a_flow(void **state)
{
	static const struct wire_field fields[] = {
		{ 8, 4, 0 },
		{ 12, 4, 0 },
		{ 15, 4, 0 },
		{ 10, 2, 0 },
		{ 14, 4, 0 },
		{ 2, 4, 0 },
		{ 1, 8, 0 },
		{ 7, 2, 0 },
		{ 11, 2, 0 },
		{ 6, 1, 0 },
		{ 4, 1, 0 },
		{ 5, 1, 0 },
		{ 16, 2, 0 },
		{ 17, 4, 0 },
		{ 9, 1, 0 },
		{ 13, 1, 0 },
		{ 38, 1, 0 },
		{ 39, 1, 0 },
	};
	const struct flow *f;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		w.sequence = 4711;
		send_template(versions[i], 300, fields, WIRE_NFIELDS(fields));
		wire_uint(&w, 0xc0000201, 4);
		wire_uint(&w, 0xc0000202, 4);
		wire_uint(&w, 0xc0000203, 4);
		wire_uint(&w, 501, 2);
		wire_uint(&w, 0x80000001, 4);
		wire_uint(&w, 12, 4);
		wire_uint(&w, UINT64_C(0x123456789a), 8);
		wire_uint(&w, 53, 2);
		wire_uint(&w, 5353, 2);
		wire_uint(&w, 0x1b, 1);
		wire_uint(&w, 17, 1);
		wire_uint(&w, 0xb8, 1);
		wire_uint(&w, 64500, 2);
		wire_uint(&w, 4200000000, 4);
		wire_uint(&w, 24, 1);
		wire_uint(&w, 25, 1);
		wire_uint(&w, 3, 1);
		wire_uint(&w, 7, 1);
		f = only_flow();
		assert_int_equal(f->fields,
		    (STORE_FIELD_ALL &
			~(STORE_FIELD_TAG | STORE_FIELD_CRC32 |
			    STORE_FIELD_AGENT_ADDR6 | STORE_FIELD_SRC_ADDR6 |
			    STORE_FIELD_DST_ADDR6 |
			    STORE_FIELD_GATEWAY_ADDR6)));
		assert_int_equal(f->recv_sec, COLLECT_RECV_SEC);
		assert_int_equal(f->recv_usec, COLLECT_RECV_USEC);
		assert_true(addr_equal(&f->agent, &c.exporter->addr));
		assert_int_equal(f->src.family, ADDR_V4);
		assert_int_equal(be32(f->src.bytes), 0xc0000201);
		assert_int_equal(f->dst.family, ADDR_V4);
		assert_int_equal(be32(f->dst.bytes), 0xc0000202);
		assert_int_equal(f->gateway.family, ADDR_V4);
		assert_int_equal(be32(f->gateway.bytes), 0xc0000203);
		assert_int_equal(f->if_index_in, 501);
		assert_int_equal(f->if_index_out, 0x80000001);
		assert_int_equal(f->packets, 12);
		assert_true(f->octets == UINT64_C(0x123456789a));
		assert_int_equal(f->src_port, 53);
		assert_int_equal(f->dst_port, 5353);
		assert_int_equal(f->tcp_flags, 0x1b);
		assert_int_equal(f->protocol, 17);
		assert_int_equal(f->tos, 0xb8);
		assert_int_equal(f->src_as, 64500);
		assert_int_equal(f->dst_as, 4200000000);
		assert_int_equal(f->src_mask, 24);
		assert_int_equal(f->dst_mask, 25);
		assert_int_equal(f->engine_type, 3);
		assert_int_equal(f->engine_id, 7);
		assert_int_equal(f->netflow_version, versions[i]);
		assert_int_equal(f->flow_sequence, 4711);
		assert_int_equal(f->source_id, WIRE_DOMAIN);
		assert_int_equal(f->time_sec, WIRE_EXPORT_SEC);
		assert_int_equal(f->time_nanosec, 0);
	}
}

static void
ipv6_records_become_flows(void **state)
{
	static const struct wire_field fields[] = {
		{ 27, 16, 0 },
		{ 28, 16, 0 },
		{ 62, 16, 0 },
		{ 29, 1, 0 },
		{ 30, 1, 0 },
	};
	const struct flow *f;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		send_template(versions[i], 300, fields, WIRE_NFIELDS(fields));
		wire_fill(&w, 0x27, 16);
		wire_fill(&w, 0x28, 16);
		wire_fill(&w, 0x62, 16);
		wire_uint(&w, 48, 1);
		wire_uint(&w, 64, 1);
		f = only_flow();
		assert_int_equal(f->fields &
			(STORE_FIELD_SRCDST_ADDR | STORE_FIELD_GATEWAY_ADDR),
		    STORE_FIELD_SRC_ADDR6 | STORE_FIELD_DST_ADDR6 |
			STORE_FIELD_GATEWAY_ADDR6);
		assert_int_equal(f->src.family, ADDR_V6);
		assert_int_equal(f->src.bytes[15], 0x27);
		assert_int_equal(f->dst.family, ADDR_V6);
		assert_int_equal(f->dst.bytes[0], 0x28);
		assert_int_equal(f->gateway.family, ADDR_V6);
		assert_int_equal(f->gateway.bytes[7], 0x62);
		assert_int_equal(f->src_mask, 48);
		assert_int_equal(f->dst_mask, 64);
	}
}

static void
fields_not_exported_are_absent(void **state)
{
	static const uint32_t always = STORE_FIELD_RECV_TIME |
	    STORE_FIELD_AGENT_ADDR4 | STORE_FIELD_AGENT_INFO |
	    STORE_FIELD_FLOW_TIMES | STORE_FIELD_FLOW_ENGINE_INFO;
	static const struct {
		uint16_t id;
		uint32_t fields;
	} rows[] = {
		{ 1, STORE_FIELD_OCTETS },
		{ 86, STORE_FIELD_PACKETS },
		{ 4, STORE_FIELD_PROTO_FLAGS_TOS },
		{ 5, STORE_FIELD_PROTO_FLAGS_TOS },
		{ 6, STORE_FIELD_PROTO_FLAGS_TOS },
		{ 7, STORE_FIELD_SRCDST_PORT },
		{ 11, STORE_FIELD_SRCDST_PORT },
		{ 32, STORE_FIELD_SRCDST_PORT | STORE_FIELD_PROTO_FLAGS_TOS },
		{ 178, STORE_FIELD_SRCDST_PORT | STORE_FIELD_PROTO_FLAGS_TOS },
		{ 182, STORE_FIELD_SRCDST_PORT | STORE_FIELD_PROTO_FLAGS_TOS },
		{ 8, STORE_FIELD_SRC_ADDR4 },
		{ 12, STORE_FIELD_DST_ADDR4 },
		{ 27, STORE_FIELD_SRC_ADDR6 },
		{ 28, STORE_FIELD_DST_ADDR6 },
		{ 15, STORE_FIELD_GATEWAY_ADDR4 },
		{ 62, STORE_FIELD_GATEWAY_ADDR6 },
		{ 10, STORE_FIELD_IF_INDICES },
		{ 14, STORE_FIELD_IF_INDICES },
		{ 16, STORE_FIELD_AS_INFO },
		{ 17, STORE_FIELD_AS_INFO },
		{ 9, STORE_FIELD_AS_INFO },
		{ 30, STORE_FIELD_AS_INFO },
		{ 60, 0 },
		{ 22, 0 },
		{ 38, 0 },
		{ 300, 0 },
		{ 48, 0 },
	};
	struct wire_field field = { 0, 4, 0 };
	size_t i, v;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (v = 0; v < 2; v++) {
			field.id = rows[i].id;
			send_template(versions[v], 256, &field, 1);
			wire_uint(&w, 0x01020304, 4);
			assert_int_equal(only_flow()->fields,
			    always | rows[i].fields);
		}
	}
}

static void
template_and_data_may_share_a_datagram(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_template(256);
		put_data(256, 1);
		put_record(2);
		assert_int_equal(transmit(), DECODED);
		assert_records((const uint32_t[]){ 1, 2 }, 2);
	}
}

static void
data_may_precede_their_template(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_data(256, 1);
		put_template(256);
		put_data(256, 2);
		assert_int_equal(transmit(), DECODE_HELD);
		assert_records((const uint32_t[]){ 1, 2 }, 2);
		assert_int_equal(counters()->decoded, 1);
		assert_int_equal(counters()->held, 0);
	}
}

static void
sets_are_accepted_in_any_order(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_data(300, 1);
		put_template(256);
		put_data(256, 2);
		put_template(300);
		put_data(300, 3);
		put_data(256, 4);
		assert_int_equal(transmit(), DECODE_HELD);
		assert_records((const uint32_t[]){ 2, 1, 3, 4 }, 4);
	}
}

static void
a_set_may_define_several_templates(void **state)
{
	static const struct wire_field other[] = { { 1, 4, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		wire_set(&w, wire_template_set(versions[i]));
		wire_define(&w, 256, other, 1);
		wire_define(&w, 257, usual, WIRE_NFIELDS(usual));
		wire_define(&w, 65535, usual, WIRE_NFIELDS(usual));
		put_data(65535, 1);
		put_data(257, 2);
		assert_int_equal(transmit(), DECODED);
		assert_records((const uint32_t[]){ 1, 2 }, 2);
		assert_int_equal(counters()->templates, 3);
	}
}

static void
a_new_definition_applies_from_its_position(void **state)
{
	static const struct wire_field other[] = { { 1, 4, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_template(256);
		put_data(256, 1);
		wire_template(&w, 256, other, 1);
		wire_set(&w, 256);
		wire_uint(&w, 77, 4);
		assert_int_equal(transmit(), DECODED);
		assert_int_equal(c.n, 2);
		assert_record(&c.flows[0], 1);
		assert_int_equal(c.flows[1].octets, 77);
		assert_int_equal(counters()->templates, 2);
	}
}

static void
a_repeated_template_is_not_counted(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 10; i++) {
		wire_start(&w, V9);
		put_template(256);
		assert_int_equal(transmit(), DECODED);
	}
	assert_int_equal(counters()->templates, 1);
	assert_int_equal(counters()->templates_refused, 0);
}

static void
domains_have_separate_templates(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_template(256);
		assert_int_equal(transmit(), DECODED);
		w.domain++;
		wire_start(&w, versions[i]);
		put_data(256, 1);
		assert_int_equal(transmit(), DECODE_HELD);
		assert_int_equal(c.n, 0);
	}
}

static void
exporters_and_versions_have_separate_templates(void **state)
{
	(void)state;
	send_template(V9, 256, usual, WIRE_NFIELDS(usual));
	wire_start(&w, IPFIX);
	put_data(256, 1);
	assert_int_equal(transmit(), DECODE_HELD);
	(void)collect_from(&c, 0xc0000299);
	wire_start(&w, V9);
	put_data(256, 1);
	assert_int_equal(transmit(), DECODE_HELD);
}

static void
padding_of_data_sets_is_not_a_record(void **state)
{
	size_t i, padding;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (padding = 0; padding < USUAL_LEN; padding++) {
			restart_with(versions[i]);
			put_template(256);
			put_data(256, 1);
			wire_fill(&w, 0, padding);
			put_data(256, 2);
			wire_fill(&w, 0xff, padding);
			assert_int_equal(transmit(), DECODED);
			assert_records((const uint32_t[]){ 1, 2 }, 2);
		}
	}
}

static void
padding_of_template_sets_is_not_a_template(void **state)
{
	size_t i, padding;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (padding = 1; padding < 40; padding++) {
			restart_with(versions[i]);
			put_template(256);
			wire_fill(&w, 0, padding);
			put_data(256, 1);
			assert_int_equal(transmit(), DECODED);
			assert_records((const uint32_t[]){ 1 }, 1);
			assert_int_equal(counters()->templates_refused, 0);
			assert_int_equal(counters()->withdrawals, 0);
		}
	}
}

/* One to three octets cannot be a set; they end the message. */
static void
stray_octets_at_the_end_are_ignored(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xff };
	size_t i, b, n;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (b = 0; b < sizeof(bytes); b++) {
			for (n = 1; n <= 3; n++) {
				restart_with(versions[i]);
				put_template(256);
				put_data(256, 1);
				wire_close_set(&w);
				wire_fill(&w, bytes[b], n);
				assert_int_equal(transmit(), DECODED);
				assert_records((const uint32_t[]){ 1 }, 1);
			}
		}
	}
}

static void
a_tail_of_zeroes_is_ignored(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (n = 4; n < 70; n++) {
			restart_with(versions[i]);
			put_template(256);
			put_data(256, 1);
			wire_close_set(&w);
			wire_fill(&w, 0, n);
			assert_int_equal(transmit(), DECODED);
			assert_records((const uint32_t[]){ 1 }, 1);
		}
	}
}

static void
octets_after_an_ipfix_message_are_ignored(void **state)
{
	size_t len;

	(void)state;
	wire_start(&w, IPFIX);
	put_template(256);
	put_data(256, 1);
	len = wire_end(&w);
	wire_set(&w, 256);
	put_record(2);
	wire_fill(&w, 0xee, 9);
	assert_int_equal(collect_datagram(&c, w.buf, len + 4 + USUAL_LEN + 9),
	    DECODED);
	assert_records((const uint32_t[]){ 1 }, 1);
}

/* The exporter's state does not change, but for the count. */
static void
assert_refused(size_t len)
{
	struct exporter before = *c.exporter;

	assert_int_equal(collect_datagram(&c, w.buf, len), DECODE_INVALID);
	assert_int_equal(c.n, 0);
	before.counters.datagrams++;
	before.counters.invalid++;
	assert_memory_equal(&before.counters, &c.exporter->counters,
	    sizeof(before.counters));
	assert_memory_equal(&before.sequences, &c.exporter->sequences,
	    sizeof(before.sequences));
	assert_memory_equal(&before.templates, &c.exporter->templates,
	    sizeof(before.templates));
	assert_memory_equal(&before.options, &c.exporter->options,
	    sizeof(before.options));
	assert_memory_equal(&before.held, &c.exporter->held,
	    sizeof(before.held));
}

static void
less_than_a_header_is_refused(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < 2; i++) {
		wire_start(&w, versions[i]);
		len = wire_end(&w);
		assert_int_equal(collect_datagram(&c, w.buf, len), DECODED);
		while (len-- > 0)
			assert_refused(len);
	}
}

static void
a_set_of_impossible_length_invalidates_the_message(void **state)
{
	size_t i, len, room, bad;

	(void)state;
	for (i = 0; i < 2; i++) {
		wire_start(&w, versions[i]);
		put_template(256);
		assert_int_equal(transmit(), DECODED);
		for (room = 0; room < 30; room += 7) {
			wire_start(&w, versions[i]);
			put_data(256, 1);
			put_template(257);
			put_data(258, 1);
			wire_set(&w, 256);
			wire_fill(&w, 0x11, room);
			len = wire_end(&w);
			for (bad = 0; bad <= 65535; bad += bad < 99 ? 1 : 999) {
				if (bad >= 4 && bad <= room + 4)
					continue;
				be16_put(w.buf + len - room - 2, (uint16_t)bad);
				assert_refused(len);
			}
		}
	}
}

static void
reserved_and_template_sets_of_length_0_are_refused(void **state)
{
	static const uint16_t ids[] = { 1, 2, 3, 7, 9, 255 };
	size_t i, k, len;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (k = 0; k < WIRE_NFIELDS(ids); k++) {
			wire_start(&w, versions[i]);
			put_template(256);
			wire_set(&w, ids[k]);
			wire_fill(&w, 0, 8);
			len = wire_end(&w);
			be16_put(w.buf + len - 10, 0);
			assert_refused(len);
		}
	}
	/* Set 0 of v9 is a tail of zeroes only if nothing else follows. */
	wire_start(&w, V9);
	wire_set(&w, 0);
	wire_fill(&w, 0, 8);
	wire_uint(&w, 1, 1);
	len = wire_end(&w);
	be16_put(w.buf + len - 11, 0);
	assert_refused(len);
}

static void
ipfix_messages_of_wrong_length_are_refused(void **state)
{
	size_t len, said;

	(void)state;
	wire_start(&w, IPFIX);
	put_template(256);
	put_data(256, 1);
	len = wire_end(&w);
	for (said = 0; said < 16; said++) {
		be16_put(w.buf + 2, (uint16_t)said);
		assert_refused(len);
	}
	for (said = len + 1; said < 65536; said += 1000) {
		be16_put(w.buf + 2, (uint16_t)said);
		assert_refused(len);
	}
	be16_put(w.buf + 2, 16);
	assert_int_equal(collect_datagram(&c, w.buf, len), DECODED);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.exporter->templates.count, 0);
	be16_put(w.buf + 2, (uint16_t)len);
	assert_int_equal(collect_datagram(&c, w.buf, len), DECODED);
	assert_records((const uint32_t[]){ 1 }, 1);
}

static void
the_count_of_a_v9_header_is_not_trusted(void **state)
{
	static const uint16_t counts[] = { 0, 1, 3, 1000, 65535 };
	size_t i, len;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(counts); i++) {
		wire_start(&w, V9);
		put_template(256);
		put_data(256, 1);
		put_record(2);
		len = wire_end(&w);
		be16_put(w.buf + 2, counts[i]);
		assert_int_equal(collect_datagram(&c, w.buf, len), DECODED);
		assert_records((const uint32_t[]){ 1, 2 }, 2);
	}
}

static void
reserved_sets_are_counted_and_ignored(void **state)
{
	uint16_t id;
	size_t i, n;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_template(256);
		for (id = 0, n = 0; id < 256; id++) {
			if (id == wire_template_set(versions[i]) ||
			    id == wire_options_set(versions[i]))
				continue;
			wire_set(&w, id);
			wire_fill(&w, (uint8_t)id, id % 9);
			n++;
		}
		put_data(256, 1);
		assert_int_equal(transmit(), DECODED);
		assert_records((const uint32_t[]){ 1 }, 1);
		assert_int_equal(counters()->sets_reserved, n);
		assert_int_equal(n, 254);
	}
}

static void
template_ids_below_256_are_refused(void **state)
{
	uint16_t id;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_template(256);
		for (id = 1; id < 256; id += 17)
			put_template(id);
		put_data(256, 1);
		assert_int_equal(transmit(), DECODED);
		assert_records((const uint32_t[]){ 1 }, 1);
		assert_int_equal(counters()->templates_refused, 15);
		assert_int_equal(c.exporter->templates.count, 1);
	}
}

static void
a_bad_template_does_not_harm_the_next(void **state)
{
	static const struct wire_field empty[] = { { 4, 0, 0 }, { 1, 0, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		wire_set(&w, wire_template_set(versions[i]));
		wire_define(&w, 256, empty, 2);
		wire_define(&w, 257, usual, WIRE_NFIELDS(usual));
		put_data(257, 1);
		assert_int_equal(transmit(), DECODED);
		assert_records((const uint32_t[]){ 1 }, 1);
		assert_int_equal(counters()->templates_refused, 1);
	}
}

static void
a_template_that_crosses_the_end_of_its_set_is_refused(void **state)
{
	static const struct wire_field fields[] = {
		{ 8, 4, 0 },
		{ 12, 4, 0 },
		{ 1, 4, 9 },
	};
	uint8_t whole[64];
	size_t i, cut, len;

	(void)state;
	for (i = 0; i < 2; i++) {
		wire_start(&w, versions[i]);
		wire_template(&w, 256, fields, versions[i] == V9 ? 2 : 3);
		len = wire_set_len(&w) - 4;
		memcpy(whole, w.set + 4, len);
		for (cut = 2; cut < len; cut++) {
			restart_with(versions[i]);
			wire_set(&w, wire_template_set(versions[i]));
			wire_bytes(&w, whole, cut);
			put_template(257);
			put_data(257, 1);
			assert_int_equal(transmit(), DECODED);
			assert_records((const uint32_t[]){ 1 }, 1);
			assert_int_equal(counters()->templates_refused, 1);
			assert_int_equal(c.exporter->templates.count, 1);
		}
	}
}

static void
a_template_without_fields_is_refused_in_v9(void **state)
{
	(void)state;
	send_template(V9, 256, usual, WIRE_NFIELDS(usual));
	wire_start(&w, V9);
	wire_template(&w, 256, NULL, 0);
	put_data(256, 1);
	assert_int_equal(transmit(), DECODED);
	assert_records((const uint32_t[]){ 1 }, 1);
	assert_int_equal(counters()->templates_refused, 1);
	assert_int_equal(counters()->withdrawals, 0);
	assert_int_equal(c.exporter->templates.count, 1);
}

static void
a_set_shorter_than_a_record_has_no_flow(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (n = 0; n < USUAL_LEN; n++) {
			restart_with(versions[i]);
			put_template(256);
			wire_set(&w, 256);
			wire_fill(&w, 0x77, n);
			put_data(256, 1);
			assert_int_equal(transmit(), DECODED);
			assert_records((const uint32_t[]){ 1 }, 1);
		}
	}
}

static void
a_truncated_record_of_variable_length_is_not_a_flow(void **state)
{
	static const struct wire_field fields[] = {
		{ 1, 4, 0 },
		{ 82, WIRE_VARIABLE, 0 },
	};

	(void)state;
	send_template(IPFIX, 256, fields, 2);
	wire_uint(&w, 1, 4);
	wire_variable(&w, "ab", 2, 0);
	wire_uint(&w, 2, 4);
	wire_variable(&w, "", 0, 1);
	wire_uint(&w, 3, 4);
	wire_uint(&w, 2, 1);
	wire_uint(&w, 'a', 1);
	wire_set(&w, 256);
	wire_uint(&w, 4, 4);
	wire_variable(&w, "", 0, 0);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 3);
	assert_int_equal(c.flows[0].octets, 1);
	assert_int_equal(c.flows[1].octets, 2);
	assert_int_equal(c.flows[2].octets, 4);
}

static void
the_longest_datagram_is_decoded_completely(void **state)
{
	uint32_t n;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_template(256);
		wire_set(&w, 256);
		for (n = 0; wcur_left(&w.at) >= USUAL_LEN; n++)
			put_record(n % 200);
		wire_fill(&w, 0, wcur_left(&w.at));
		assert_int_equal(wire_end(&w), 65535);
		assert_int_equal(transmit(), DECODED);
		assert_int_equal(c.n, n);
		assert_record(&c.flows[1000], 0);
		assert_record(&c.flows[1023], 23);
	}
}

static void
data_of_an_options_template_are_not_flows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(versions[i]);
		put_template(256);
		wire_options(&w, 256, usual, WIRE_NFIELDS(usual), 1);
		put_data(256, 1);
		put_template(256);
		put_data(256, 2);
		assert_int_equal(transmit(), DECODED);
		assert_records((const uint32_t[]){ 2 }, 1);
		assert_int_equal(counters()->options_ignored, 1);
		assert_int_equal(counters()->options, 0);
	}
}

/* A record of counters for two directions, either of which may be 0. */
struct counts {
	uint64_t octets, packets, rev_octets, rev_packets;
};

static void
put_biflow(const struct counts *n)
{
	wire_uint(&w, 0xc0000201, 4);
	wire_uint(&w, 0xc0000202, 4);
	wire_uint(&w, 40000, 2);
	wire_uint(&w, 443, 2);
	wire_uint(&w, 11, 4);
	wire_uint(&w, 22, 4);
	wire_uint(&w, 64501, 4);
	wire_uint(&w, 64502, 4);
	wire_uint(&w, 24, 1);
	wire_uint(&w, 25, 1);
	wire_uint(&w, 0xc0000203, 4);
	wire_uint(&w, 6, 1);
	wire_uint(&w, 0x13, 1);
	wire_uint(&w, 0x08, 1);
	wire_uint(&w, n->octets, 8);
	wire_uint(&w, n->packets, 8);
	wire_uint(&w, n->rev_octets, 8);
	wire_uint(&w, n->rev_packets, 8);
}

/* clang-format off */
#define BIFLOW_COMMON	\
	{ 8, 4, 0 }, { 12, 4, 0 }, { 7, 2, 0 }, { 11, 2, 0 }, { 10, 4, 0 }, \
	{ 14, 4, 0 }, { 16, 4, 0 }, { 17, 4, 0 }, { 9, 1, 0 }, { 13, 1, 0 }, \
	{ 15, 4, 0 }, { 4, 1, 0 }, { 6, 1, 0 }, { 5, 1, 0 }
/* clang-format on */

static const struct wire_field biflow[] = {
	BIFLOW_COMMON,
	{ 231, 8, 0 },
	{ 298, 8, 0 },
	{ 232, 8, 0 },
	{ 299, 8, 0 },
};
static const struct wire_field biflow_reverse[] = {
	BIFLOW_COMMON,
	{ 1, 8, 0 },
	{ 2, 8, 0 },
	{ 1, 8, WIRE_PEN_REVERSE },
	{ 2, 8, WIRE_PEN_REVERSE },
	{ 6, 2, WIRE_PEN_REVERSE },
	{ 5, 1, WIRE_PEN_REVERSE },
};
static const struct wire_field biflow_totals[] = {
	BIFLOW_COMMON,
	{ 85, 8, 0 },
	{ 86, 8, 0 },
	{ 85, 8, WIRE_PEN_REVERSE },
	{ 86, 8, WIRE_PEN_REVERSE },
};

static void
assert_forward(const struct flow *f, const struct counts *n)
{
	assert_int_equal(be32(f->src.bytes), 0xc0000201);
	assert_int_equal(be32(f->dst.bytes), 0xc0000202);
	assert_int_equal(f->src_port, 40000);
	assert_int_equal(f->dst_port, 443);
	assert_int_equal(f->if_index_in, 11);
	assert_int_equal(f->if_index_out, 22);
	assert_int_equal(f->src_as, 64501);
	assert_int_equal(f->dst_as, 64502);
	assert_int_equal(f->src_mask, 24);
	assert_int_equal(f->dst_mask, 25);
	assert_int_equal(be32(f->gateway.bytes), 0xc0000203);
	assert_int_equal(f->protocol, 6);
	assert_int_equal(f->tcp_flags, 0x13);
	assert_int_equal(f->tos, 0x08);
	assert_int_equal(f->octets, n->octets);
	assert_int_equal(f->packets, n->packets);
}

static void
assert_reverse(const struct flow *f, const struct counts *n, bool own)
{
	assert_int_equal(be32(f->src.bytes), 0xc0000202);
	assert_int_equal(be32(f->dst.bytes), 0xc0000201);
	assert_int_equal(f->src_port, 443);
	assert_int_equal(f->dst_port, 40000);
	assert_int_equal(f->if_index_in, own ? 0 : 22);
	assert_int_equal(f->if_index_out, own ? 0 : 11);
	assert_int_equal(f->fields & STORE_FIELD_IF_INDICES,
	    own ? 0 : STORE_FIELD_IF_INDICES);
	assert_int_equal(f->fields & STORE_FIELD_FLOW_TIMES,
	    own && n->packets != 0 ? 0 : STORE_FIELD_FLOW_TIMES);
	assert_int_equal(f->src_as, 64502);
	assert_int_equal(f->dst_as, 64501);
	assert_int_equal(f->src_mask, 25);
	assert_int_equal(f->dst_mask, 24);
	/* The next hop belongs to the other direction. */
	assert_int_equal(f->fields & STORE_FIELD_GATEWAY_ADDR, 0);
	assert_int_equal(f->protocol, 6);
	assert_int_equal(f->octets, n->rev_octets);
	assert_int_equal(f->packets, n->rev_packets);
}

/* own: the values of the forward direction do not count for the reverse one. */
static void
check_biflow(uint16_t version, const struct wire_field *fields, size_t nfields,
    bool own)
{
	static const struct counts both = { 1000, 10, 2000, 20 },
				   forward = { 1000, 10, 0, 0 },
				   back = { 0, 0, 2000, 20 },
				   neither = { 0, 0, 0, 0 };
	size_t i;

	send_template(version, 256, fields, nfields);
	for (i = 0; i < 4; i++)
		put_biflow(i == 0 ? &both :
			i == 1    ? &forward :
			i == 2    ? &back :
				    &neither);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 5);
	assert_forward(&c.flows[0], &both);
	assert_reverse(&c.flows[1], &both, own);
	assert_int_equal(c.flows[1].tcp_flags, own ? 0 : 0x13);
	assert_int_equal(c.flows[1].tos, own ? 0 : 0x08);
	assert_forward(&c.flows[2], &forward);
	assert_reverse(&c.flows[3], &back, own);
	assert_forward(&c.flows[4], &neither);
}

static void
a_biflow_is_a_flow_for_each_direction_with_traffic(void **state)
{
	(void)state;
	check_biflow(V9, biflow, WIRE_NFIELDS(biflow), false);
	check_biflow(IPFIX, biflow, WIRE_NFIELDS(biflow), false);
	check_biflow(IPFIX, biflow_totals, WIRE_NFIELDS(biflow_totals), true);
}

static void
reverse_elements_are_the_other_direction(void **state)
{
	static const struct counts both = { 1, 2, 3, 4 };

	(void)state;
	send_template(IPFIX, 256, biflow_reverse, WIRE_NFIELDS(biflow_reverse));
	put_biflow(&both);
	wire_uint(&w, 0x0114, 2);
	wire_uint(&w, 0x10, 1);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	assert_forward(&c.flows[0], &both);
	assert_reverse(&c.flows[1], &both, true);
	assert_int_equal(c.flows[1].tcp_flags, 0x14);
	assert_int_equal(c.flows[1].tos, 0x10);
}

static void
reverse_icmp_is_the_other_directions_port(void **state)
{
	static const struct wire_field fields[] = {
		{ 8, 4, 0 },
		{ 1, 4, 0 },
		{ 32, 2, 0 },
		{ 1, 4, 29305 },
		{ 32, 2, 29305 },
	};

	(void)state;
	send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
	wire_uint(&w, 0xc0000201, 4);
	wire_uint(&w, 84, 4);
	wire_uint(&w, 0x0800, 2);
	wire_uint(&w, 168, 4);
	wire_uint(&w, 0x0001, 2);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.flows[0].src_port, 0);
	assert_int_equal(c.flows[0].dst_port, 0x0800);
	assert_int_equal(c.flows[1].src_port, 0);
	assert_int_equal(c.flows[1].dst_port, 0x0001);
}

/* The type and code of the reply are not those of the request. */
static void
icmp_of_a_connection_is_of_its_initiator(void **state)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 231, 4, 0 },
		{ 176, 1, 0 },
		{ 232, 4, 0 },
	};

	(void)state;
	send_template(V9, 256, fields, WIRE_NFIELDS(fields));
	wire_uint(&w, 1, 1);
	wire_uint(&w, 84, 4);
	wire_uint(&w, 8, 1);
	wire_uint(&w, 84, 4);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.flows[0].dst_port, 0x0800);
	assert_int_equal(c.flows[1].fields & STORE_FIELD_SRCDST_PORT, 0);
	assert_true((c.flows[1].fields & STORE_FIELD_FLOW_TIMES) != 0);
}

/* Whether or not an exporter has put the type into the destination port. */
static void
replies_of_icmp_have_no_ports_of_the_request(void **state)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 7, 2, 0 },
		{ 11, 2, 0 },
		{ 1, 4, 0 },
		{ 1, 4, 29305 },
	};
	static const uint8_t numbers[] = { 1, 58, 6 };
	size_t i;

	(void)state;
	send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
	for (i = 0; i < 3; i++) {
		wire_uint(&w, numbers[i], 1);
		wire_uint(&w, 0, 2);
		wire_uint(&w, 0x0800, 2);
		wire_uint(&w, 84, 4);
		wire_uint(&w, 168, 4);
	}
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(c.flows[i].dst_port, i % 2 == 0 ? 0x0800 : 0);
	assert_int_equal(c.flows[1].src_port, 0);
	assert_int_equal(c.flows[1].fields & STORE_FIELD_SRCDST_PORT, 0);
	assert_int_equal(c.flows[3].fields & STORE_FIELD_SRCDST_PORT, 0);
	assert_int_equal(c.flows[5].src_port, 0x0800);
}

/* Fills the memory with other exporters' templates; returns their number. */
static uint32_t
fill_memory(size_t limit)
{
	const struct exporter_limits limits = {
		.exporters = 100000,
		.templates = TEMPLATES_DEFAULT,
		.memory = limit,
	};
	uint32_t n = 0;

	collect_stop(&c);
	collect_start(&c, &limits);
	do {
		/* None of them is idle: their pauses are long. */
		c.recv_sec -= 2 * EXPORTER_IDLE;
		(void)collect_from(&c, 0x0a000000 + n);
		wire_start(&w, V9);
		put_template(256);
		assert_int_equal(transmit(), DECODED);
		c.recv_sec += 2 * EXPORTER_IDLE;
		(void)collect_from(&c, 0x0a000000 + n++);
		wire_start(&w, V9);
		assert_int_equal(transmit(), DECODED);
	} while (counters()->templates_refused == 0);
	return (n);
}

static void
memory_is_taken_from_idle_exporters(void **state)
{
	const uint32_t n = fill_memory(30000);
	struct counters sum;

	(void)state;
	assert_true(n > 10);
	/*
	 * Exporters in use keep their templates; later the first one's are
	 * evicted.
	 */
	c.recv_sec += EXPORTER_IDLE;
	(void)collect_from(&c, 0xc0000299);
	wire_start(&w, V9);
	put_template(256);
	put_data(256, 1);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(counters()->templates_refused, 0);
	assert_records((const uint32_t[]){ 1 }, 1);
	exporters_sum(c.table, &sum);
	assert_int_equal(sum.templates_evicted, 1);
	assert_int_equal(sum.state_evicted, 1);
	assert_true(exporters_count(c.table) + 2 > n);
}

static void
a_named_exporter_gets_memory_from_others(void **state)
{
	static const uint8_t bytes[4] = { 192, 0, 2, 200 };
	const struct addr addr = addr_v4(bytes);

	(void)state;
	(void)fill_memory(30000);
	c.exporter = exporter_get(c.table, &addr, c.recv_sec, true);
	wire_start(&w, V9);
	put_template(256);
	put_data(256, 1);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(counters()->templates_refused, 0);
	assert_records((const uint32_t[]){ 1 }, 1);
}

static void
one_counter_is_enough_for_traffic(void **state)
{
	static const struct wire_field fields[] = {
		{ 8, 4, 0 },
		{ 298, 8, 0 },
		{ 232, 8, 0 },
	};

	(void)state;
	send_template(IPFIX, 256, fields, 3);
	wire_uint(&w, 0xc0000201, 4);
	wire_uint(&w, 7, 8);
	wire_uint(&w, 8000, 8);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.flows[0].packets, 7);
	assert_int_equal(c.flows[0].fields &
		(STORE_FIELD_OCTETS | STORE_FIELD_PACKETS |
		    STORE_FIELD_SRCDST_ADDR),
	    STORE_FIELD_PACKETS | STORE_FIELD_SRC_ADDR4);
	assert_int_equal(c.flows[1].octets, 8000);
	assert_int_equal(c.flows[1].fields &
		(STORE_FIELD_OCTETS | STORE_FIELD_PACKETS |
		    STORE_FIELD_SRCDST_ADDR),
	    STORE_FIELD_OCTETS | STORE_FIELD_DST_ADDR4);
}

/* The result does not depend on the room left in the sink. */
static void
biflows_pass_a_full_sink(void **state)
{
	static const struct counts both = { 1, 2, 3, 4 };
	size_t i;

	(void)state;
	send_template(IPFIX, 256, biflow, WIRE_NFIELDS(biflow));
	for (i = 0; i < 100; i++)
		put_biflow(&both);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 200);
	for (i = 0; i < 200; i += 2) {
		assert_forward(&c.flows[i], &both);
		assert_reverse(&c.flows[i + 1], &both, false);
	}
}

/* A template of both families; 0 leaves an address zero. */
static const struct wire_field dual[] = {
	{ 8, 4, 0 },
	{ 12, 4, 0 },
	{ 27, 16, 0 },
	{ 28, 16, 0 },
	{ 9, 1, 0 },
	{ 13, 1, 0 },
	{ 29, 1, 0 },
	{ 30, 1, 0 },
	{ 60, 1, 0 },
};

static void
put_dual(uint8_t src4, uint8_t dst4, uint8_t src6, uint8_t dst6)
{
	wire_fill(&w, src4, 4);
	wire_fill(&w, dst4, 4);
	wire_fill(&w, src6, 16);
	wire_fill(&w, dst6, 16);
	wire_uint(&w, 24, 1);
	wire_uint(&w, 25, 1);
	wire_uint(&w, 64, 1);
	wire_uint(&w, 65, 1);
}

static void
assert_dual(const struct flow *f, uint32_t family, uint8_t src, uint8_t dst)
{
	uint32_t fields = family == ADDR_V4 ?
	    STORE_FIELD_SRC_ADDR4 | STORE_FIELD_DST_ADDR4 :
	    STORE_FIELD_SRC_ADDR6 | STORE_FIELD_DST_ADDR6;

	assert_int_equal(f->fields & STORE_FIELD_SRCDST_ADDR, fields);
	assert_int_equal(f->src.family, family);
	assert_int_equal(f->dst.family, family);
	assert_int_equal(f->src.bytes[3], src);
	assert_int_equal(f->dst.bytes[3], dst);
	assert_int_equal(f->src_mask, family == ADDR_V4 ? 24 : 64);
	assert_int_equal(f->dst_mask, family == ADDR_V4 ? 25 : 65);
	if (family == ADDR_V4)
		assert_int_equal(f->src.bytes[4] | f->dst.bytes[15], 0);
}

static void
the_family_that_is_not_zero_is_stored(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		send_template(versions[i], 256, dual, WIRE_NFIELDS(dual) - 1);
		put_dual(1, 2, 0, 0);
		put_dual(0, 0, 3, 4);
		put_dual(1, 0, 0, 0);
		put_dual(0, 0, 0, 4);
		put_dual(0, 0, 0, 0);
		assert_int_equal(transmit(), DECODED);
		assert_int_equal(c.n, 5);
		assert_dual(&c.flows[0], ADDR_V4, 1, 2);
		assert_dual(&c.flows[1], ADDR_V6, 3, 4);
		assert_dual(&c.flows[2], ADDR_V4, 1, 0);
		assert_dual(&c.flows[3], ADDR_V6, 0, 4);
		assert_dual(&c.flows[4], ADDR_V4, 0, 0);
	}
}

static void
ip_version_selects_the_family(void **state)
{
	(void)state;
	send_template(V9, 256, dual, WIRE_NFIELDS(dual));
	put_dual(1, 2, 3, 4);
	wire_uint(&w, 6, 1);
	put_dual(1, 2, 3, 4);
	wire_uint(&w, 4, 1);
	put_dual(0, 0, 3, 4);
	wire_uint(&w, 4, 1);
	put_dual(1, 2, 0, 0);
	wire_uint(&w, 6, 1);
	/* A version that is neither 4 nor 6 is ignored. */
	put_dual(0, 0, 3, 4);
	wire_uint(&w, 0, 1);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 5);
	assert_dual(&c.flows[0], ADDR_V6, 3, 4);
	assert_dual(&c.flows[1], ADDR_V4, 1, 2);
	assert_dual(&c.flows[2], ADDR_V4, 0, 0);
	assert_dual(&c.flows[3], ADDR_V6, 0, 0);
	assert_dual(&c.flows[4], ADDR_V6, 3, 4);
}

static uint16_t
tunnel_len(uint16_t id)
{
	switch (id) {
	case 27:
	case 28:
		return (16);
	case 8:
	case 12:
	case 225:
		return (4);
	case 7:
	case 11:
	case 227:
		return (2);
	default:
		return (1);
	}
}

/*
 * Two headers without repeated elements: the addresses of the later family are
 * of the inner one, and fields between the addresses of the outer one.
 */
static void
addresses_of_both_families_are_a_tunnel(void **state)
{
	static const struct {
		uint16_t ids[6];
		uint8_t value, family, protocol, port;
	} rows[] = {
		{ { 27, 28, 4, 8, 12, 7 }, 4, 4, 0, 6 },
		{ { 27, 28, 4, 8, 12, 7 }, 6, 4, 0, 6 },
		{ { 27, 28, 8, 12, 4, 7 }, 6, 4, 6, 6 },
		{ { 27, 28, 8, 12, 4, 7 }, 4, 4, 0, 6 },
		{ { 8, 12, 27, 28, 4, 7 }, 17, 6, 17, 6 },
		{ { 8, 12, 7, 27, 28, 4 }, 41, 6, 0, 0 },
	};
	struct wire_field fields[6];
	const struct flow *f;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (k = 0; k < 6; k++)
			fields[k] = (struct wire_field){ rows[i].ids[k],
				tunnel_len(rows[i].ids[k]), 0 };
		send_template(V9, 256, fields, 6);
		for (k = 0; k < 6; k++)
			wire_fill(&w,
			    rows[i].ids[k] == 4 ? rows[i].value :
						  (uint8_t)(k + 1),
			    fields[k].len);
		f = only_flow();
		assert_int_equal(f->src.family, rows[i].family);
		assert_int_equal(f->dst.family, rows[i].family);
		assert_int_equal(f->protocol, rows[i].protocol);
		assert_int_equal(f->fields & STORE_FIELD_PROTO_FLAGS_TOS,
		    rows[i].protocol == 0 ? 0 : STORE_FIELD_PROTO_FLAGS_TOS);
		assert_int_equal(f->src_port, rows[i].port * 257);
		assert_int_equal(f->fields & STORE_FIELD_SRCDST_PORT,
		    rows[i].port == 0 ? 0 : STORE_FIELD_SRCDST_PORT);
	}
}

static void
prefix_lengths_follow_the_family_of_the_flow(void **state)
{
	static const struct wire_field four[] = {
		{ 29, 1, 0 }, { 9, 1, 0 }, { 8, 4, 0 }, { 13, 1, 0 },
		{ 30, 1, 0 },
	}, six[] = {
		{ 9, 1, 0 }, { 29, 1, 0 }, { 28, 16, 0 }, { 30, 1, 0 },
		{ 13, 1, 0 },
	}, none[] = {
		{ 29, 1, 0 }, { 30, 1, 0 },
	};

	(void)state;
	send_template(V9, 256, four, WIRE_NFIELDS(four));
	wire_fill(&w, 0x7f, 1);
	wire_fill(&w, 24, 6);
	wire_fill(&w, 0x7f, 1);
	assert_int_equal(only_flow()->src_mask, 24);
	assert_int_equal(c.flows[0].dst_mask, 24);
	send_template(V9, 256, six, WIRE_NFIELDS(six));
	wire_fill(&w, 0x1f, 1);
	wire_fill(&w, 64, 18);
	wire_fill(&w, 0x1f, 1);
	assert_int_equal(only_flow()->src_mask, 64);
	assert_int_equal(c.flows[0].dst_mask, 64);
	/* Without addresses, those of either family are stored. */
	send_template(V9, 256, none, WIRE_NFIELDS(none));
	wire_fill(&w, 48, 2);
	assert_int_equal(only_flow()->src_mask, 48);
	assert_int_equal(c.flows[0].dst_mask, 48);
}

static void
source_and_destination_may_be_of_two_families(void **state)
{
	static const struct wire_field mixed[] = {
		{ 8, 4, 0 },
		{ 28, 16, 0 },
	};
	static const uint32_t fields[] = {
		STORE_FIELD_SRC_ADDR4 | STORE_FIELD_DST_ADDR6,
		STORE_FIELD_SRC_ADDR4,
		STORE_FIELD_DST_ADDR6,
	};
	size_t i;

	(void)state;
	send_template(V9, 256, mixed, 2);
	wire_fill(&w, 1, 4);
	wire_fill(&w, 4, 16);
	wire_fill(&w, 1, 4);
	wire_fill(&w, 0, 16);
	wire_fill(&w, 0, 4);
	wire_fill(&w, 4, 16);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(c.flows[i].fields & STORE_FIELD_SRCDST_ADDR,
		    fields[i]);
	assert_int_equal(c.flows[0].src.bytes[0], 1);
	assert_int_equal(c.flows[0].dst.bytes[0], 4);
	send_template(V9, 257, dual, WIRE_NFIELDS(dual));
	put_dual(0, 2, 3, 0);
	wire_uint(&w, 6, 1);
	assert_int_equal(only_flow()->fields & STORE_FIELD_SRCDST_ADDR,
	    STORE_FIELD_SRC_ADDR6 | STORE_FIELD_DST_ADDR4);
	assert_int_equal(c.flows[0].src_mask, 64);
	assert_int_equal(c.flows[0].dst_mask, 25);
}

static void
check_icmp(const struct wire_field *fields, size_t n, uint64_t value,
    uint16_t port)
{
	size_t len = 0, i;

	for (i = 0; i < n; i++)
		len += fields[i].len;
	send_template(IPFIX, 256, fields, n);
	wire_uint(&w, value, len);
	assert_int_equal(only_flow()->dst_port, port);
	assert_int_equal(c.flows[0].src_port, 0);
	assert_true((c.flows[0].fields & STORE_FIELD_SRCDST_PORT) != 0);
}

static void
icmp_type_and_code_become_the_destination_port(void **state)
{
	static const struct wire_field v4[] = { { 32, 2, 0 } },
				       v6[] = { { 139, 2, 0 } },
				       type[] = { { 176, 1, 0 } },
				       pair4[] = { { 176, 1, 0 },
					       { 177, 1, 0 } },
				       pair6[] = { { 179, 1, 0 },
					       { 178, 1, 0 } };

	(void)state;
	check_icmp(v4, 1, 0x0301, 0x0301);
	check_icmp(v6, 1, 0x8000, 0x8000);
	check_icmp(type, 1, 0x08, 0x0800);
	check_icmp(pair4, 2, 0x0b01, 0x0b01);
	check_icmp(pair6, 2, 0x0187, 0x8701);
}

/* Returns the flow of a record whose template has ports, too. */
static const struct flow *
icmp_with_ports(uint8_t protocol, uint16_t icmp4, uint8_t type6)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 7, 2, 0 },
		{ 11, 2, 0 },
		{ 32, 2, 0 },
		{ 178, 1, 0 },
	};

	send_template(V9, 256, fields, WIRE_NFIELDS(fields));
	wire_uint(&w, protocol, 1);
	wire_uint(&w, 53, 2);
	wire_uint(&w, 54, 2);
	wire_uint(&w, icmp4, 2);
	wire_uint(&w, type6, 1);
	return (only_flow());
}

static void
the_protocol_selects_ports_or_icmp_type_and_code(void **state)
{
	(void)state;
	assert_int_equal(icmp_with_ports(6, 0x0800, 128)->dst_port, 54);
	assert_int_equal(c.flows[0].src_port, 53);
	assert_int_equal(icmp_with_ports(1, 0x0301, 0)->dst_port, 0x0301);
	assert_int_equal(c.flows[0].src_port, 0);
	assert_int_equal(icmp_with_ports(1, 0, 128)->dst_port, 0);
	assert_int_equal(icmp_with_ports(58, 0x0800, 128)->dst_port, 0x8000);
	assert_int_equal(c.flows[0].src_port, 0);
}

/* Without an element for the protocol, other elements tell it. */
static void
elements_of_one_protocol_tell_the_protocol(void **state)
{
	static const struct {
		uint16_t id, len;
		uint32_t value;
		uint8_t protocol;
	} rows[] = {
		{ 32, 2, 0, 1 },
		{ 139, 2, 0x8000, 58 },
		{ 176, 1, 8, 1 },
		{ 178, 1, 128, 58 },
		{ 181, 2, 53, 17 },
		{ 182, 2, 443, 6 },
		{ 11, 2, 443, 0 },
	};
	struct wire_field field = { 0, 0, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		field.id = rows[i].id;
		field.len = rows[i].len;
		send_template(IPFIX, 256, &field, 1);
		wire_uint(&w, rows[i].value, rows[i].len);
		assert_int_equal(only_flow()->protocol, rows[i].protocol);
	}
}

/* 180 to 183 in one template, of which the protocol has two or none. */
static void
the_protocol_selects_ports_of_udp_or_tcp(void **state)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 180, 2, 0 },
		{ 181, 2, 0 },
		{ 182, 2, 0 },
		{ 183, 2, 0 },
	};
	static const uint8_t udp_tcp_sctp[] = { 17, 6, 132 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
		wire_uint(&w, udp_tcp_sctp[i], 1);
		wire_uint(&w, 180, 2);
		wire_uint(&w, 181, 2);
		wire_uint(&w, 182, 2);
		wire_uint(&w, 183, 2);
		assert_int_equal(only_flow()->src_port,
		    i == 0     ? 180 :
			i == 1 ? 182 :
				 0);
		assert_int_equal(c.flows[0].dst_port,
		    i == 0     ? 181 :
			i == 1 ? 183 :
				 0);
	}
}

#define TUNNEL_MAX 20

/*
 * A template by its elements, up to 0.  The octets of each field are its
 * number, from 1 on, and the flow has those with these numbers; 0: none.
 */
struct tunnel {
	uint16_t ids[TUNNEL_MAX];
	uint8_t src, dst, src_port, protocol, tos, src_mask;
};

static void
send_tunnel(const struct tunnel *t, bool inner_is_zero)
{
	struct wire_field fields[TUNNEL_MAX] = { { 0, 0, 0 } };
	size_t i, n;

	for (n = 0; t->ids[n] != 0; n++)
		fields[n] =
		    (struct wire_field){ t->ids[n], tunnel_len(t->ids[n]), 0 };
	send_template(IPFIX, 256, fields, n);
	for (i = 0; i < n; i++)
		wire_fill(&w,
		    inner_is_zero && i >= n / 2 ? 0 : (uint8_t)(i + 1),
		    fields[i].len);
}

static void
a_tunnelled_flow_is_that_of_the_inner_header(void **state)
{
	static const struct tunnel rows[] = {
		/* SRv6: IPv4 in IPv6, then IPv6 in IPv6. */
		{ { 27, 28, 152, 7, 11, 30, 29, 4, 6, 5, 8, 12, 7, 11, 4, 6,
		      5 },
		    11, 12, 13, 15, 17, 0 },
		{ { 27, 28, 4, 5, 27, 28, 29, 7, 11, 4, 5 }, 5, 6, 8, 10, 11,
		    7 },
		/* IPv4 in IPv4, GRE, IPv6 in IPv4. */
		{ { 8, 12, 8, 12, 4, 7, 11 }, 3, 4, 6, 5, 0, 0 },
		{ { 8, 12, 4, 5, 8, 12, 4, 7, 11 }, 5, 6, 8, 7, 0, 0 },
		{ { 4, 8, 12, 4, 27, 28, 7, 11 }, 5, 6, 7, 4, 0, 0 },
		/* The protocol first, and the addresses last. */
		{ { 4, 5, 7, 11, 8, 12, 4, 5, 7, 11, 8, 12 }, 11, 12, 9, 7, 8,
		    0 },
		/* VXLAN: MAC addresses and a VLAN between the headers. */
		{ { 8, 12, 4, 7, 11, 351, 56, 80, 58, 8, 12, 4, 7, 11, 5 }, 10,
		    11, 13, 12, 15, 0 },
		/* GTP-U: IPv6, with a third header of the other family. */
		{ { 27, 28, 4, 7, 11, 507, 8, 12, 27, 28, 7, 11, 4 }, 9, 10, 11,
		    13, 0, 0 },
		/* Both families in each header, which are four headers. */
		{ { 8, 12, 27, 28, 4, 7, 8, 12, 27, 28, 4, 7 }, 9, 10, 12, 11,
		    0, 0 },
		/* Three headers. */
		{ { 27, 28, 4, 8, 12, 4, 8, 12, 4, 7, 5 }, 7, 8, 10, 9, 11, 0 },
		/* One header: NAT and repetitions are none. */
		{ { 8, 12, 7, 11, 225, 226, 227, 228, 4 }, 1, 2, 3, 9, 0, 0 },
		{ { 8, 12, 4, 7, 11, 4, 5, 8 }, 1, 2, 4, 3, 7, 0 },
		{ { 4, 4, 8, 12, 7, 11 }, 3, 4, 5, 1, 0, 0 },
	};
	const struct tunnel *t;
	const struct flow *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = &rows[i];
		send_tunnel(t, false);
		f = only_flow();
		assert_int_equal(f->src.bytes[0], t->src);
		assert_int_equal(f->dst.bytes[0], t->dst);
		assert_int_equal(f->src_port, t->src_port * 257);
		assert_int_equal(f->protocol, t->protocol);
		assert_int_equal(f->tos, t->tos);
		assert_int_equal(f->src_mask, t->src_mask);
		assert_int_equal(f->fields & STORE_FIELD_AS_INFO,
		    t->src_mask == 0 ? 0 : STORE_FIELD_AS_INFO);
	}
}

/* The fields of the inner header are zero. */
static void
a_flow_without_a_tunnel_is_that_of_its_only_header(void **state)
{
	static const struct tunnel four = { .ids = { 8, 12, 4, 7, 11, 8, 12, 4,
						7, 11 } },
				   six = { .ids = { 8, 12, 4, 5, 27, 28, 4,
					       5 } };

	(void)state;
	send_tunnel(&four, true);
	assert_int_equal(only_flow()->src.bytes[0], 1);
	assert_int_equal(c.flows[0].src_port, 4 * 257);
	send_tunnel(&six, true);
	assert_int_equal(only_flow()->src.family, ADDR_V4);
	assert_int_equal(c.flows[0].src.bytes[0], 1);
	assert_int_equal(c.flows[0].tos, 4);
}

/* One of the families of the inner header is zero. */
static void
an_inner_header_may_be_of_either_family(void **state)
{
	static const struct wire_field fields[] = {
		{ 27, 16, 0 },
		{ 28, 16, 0 },
		{ 4, 1, 0 },
		{ 8, 4, 0 },
		{ 12, 4, 0 },
		{ 27, 16, 0 },
		{ 28, 16, 0 },
		{ 4, 1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
		wire_fill(&w, 1, 32);
		wire_uint(&w, 4, 1);
		wire_fill(&w, i == 0 ? 2 : 0, 8);
		wire_fill(&w, i == 0 ? 0 : 3, 32);
		wire_uint(&w, 17, 1);
		assert_int_equal(only_flow()->src.family,
		    i == 0 ? ADDR_V4 : ADDR_V6);
		assert_int_equal(c.flows[0].src.bytes[0], i == 0 ? 2 : 3);
		assert_int_equal(c.flows[0].dst.bytes[0], i == 0 ? 2 : 3);
		assert_int_equal(c.flows[0].protocol, 17);
	}
}

/* tenantSourceIPv4 and others of VMware, which are 0 outside a tunnel. */
static void
vendors_elements_may_be_the_inner_header(void **state)
{
	static const struct wire_field fields[] = {
		{ 881, 4, 6876 },
		{ 882, 4, 6876 },
		{ 886, 2, 6876 },
		{ 880, 1, 6876 },
		{ 8, 4, 0 },
		{ 12, 4, 0 },
		{ 7, 2, 0 },
		{ 4, 1, 0 },
		{ 5, 1, 0 },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < 2; i++) {
		send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
		for (k = 0; k < WIRE_NFIELDS(fields); k++)
			wire_fill(&w, k < 4 && i == 1 ? 0 : (uint8_t)(k + 1),
			    fields[k].len);
		assert_int_equal(only_flow()->src.bytes[0], i == 0 ? 1 : 5);
		assert_int_equal(c.flows[0].dst.bytes[0], i == 0 ? 2 : 6);
		assert_int_equal(c.flows[0].src_port, 257 * (i == 0 ? 3 : 7));
		assert_int_equal(c.flows[0].protocol, i == 0 ? 4 : 8);
		assert_int_equal(c.flows[0].tos, i == 0 ? 0 : 9);
	}
}

/* 218 to 223; YAF has those of the first packet and of the others. */
static void
flags_are_those_with_a_count(void **state)
{
	static const struct wire_field counts[] = {
		{ 218, 4, 0 }, { 219, 4, 0 }, { 220, 8, 0 }, { 221, 1, 0 },
		{ 222, 4, 0 }, { 223, 4, 0 },
	}, yaf[] = {
		{ 14, 1, 6871 }, { 15, 1, 6871 }, { 1, 4, 0 },
		{ 1, 4, WIRE_PEN_REVERSE }, { 16398, 1, 6871 },
		{ 16399, 1, 6871 },
	};

	(void)state;
	send_template(IPFIX, 256, counts, WIRE_NFIELDS(counts));
	wire_uint(&w, 1, 4);
	wire_uint(&w, 2, 4);
	wire_uint(&w, 0, 8);
	wire_uint(&w, 3, 1);
	wire_uint(&w, 0x100, 4);
	wire_uint(&w, 0, 4);
	assert_int_equal(only_flow()->tcp_flags, 0x1b);
	assert_true((c.flows[0].fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0);
	send_template(IPFIX, 256, yaf, WIRE_NFIELDS(yaf));
	wire_uint(&w, 0x02, 1);
	wire_uint(&w, 0x18, 1);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 0x12, 1);
	wire_uint(&w, 0x11, 1);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.flows[0].tcp_flags, 0x1a);
	assert_int_equal(c.flows[1].tcp_flags, 0x13);
}

static void
elements_of_the_type_of_service(void **state)
{
	static const struct {
		uint16_t id;
		uint8_t value, tos;
	} rows[] = {
		{ 257, 5, 0xa0 },
		{ 98, 46, 0xb8 },
		{ 55, 0xb8, 0xb8 },
		{ 196, 6, 0xc0 },
		{ 195, 10, 0x28 },
		{ 5, 0x2a, 0x2a },
	};
	struct wire_field fields[6];
	size_t i, k;

	(void)state;
	/* Each has priority over those before it. */
	for (i = 0; i < 6; i++) {
		fields[i] = (struct wire_field){ rows[i].id, 1, 0 };
		send_template(V9, 256, fields, i + 1);
		for (k = 0; k <= i; k++)
			wire_uint(&w, rows[k].value, 1);
		assert_int_equal(only_flow()->tos, rows[i].tos);
	}
}

/* A frame with IPv4, UDP and 2 octets, and its packet. */
static const uint8_t frame[] = { 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x5e, 0, 0x53, 2,
	8, 0, 0x45, 0xb8, 0, 30, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198,
	51, 100, 1, 4, 0, 0, 53, 0, 20, 0, 0, 1, 2 };
#define FRAME_PACKET  14 /* where the packet begins */
#define FRAME_PAYLOAD 34

static void
assert_packet(const struct flow *f)
{
	assert_int_equal(be32(f->src.bytes), 0xc0000201);
	assert_int_equal(be32(f->dst.bytes), 0xc6336401);
	assert_int_equal(f->fields & STORE_FIELD_SRCDST_ADDR,
	    STORE_FIELD_SRC_ADDR4 | STORE_FIELD_DST_ADDR4);
	assert_int_equal(f->protocol, 17);
	assert_int_equal(f->tos, 0xb8);
	assert_int_equal(f->src_port, 1024);
	assert_int_equal(f->dst_port, 53);
	assert_true((f->fields & STORE_FIELD_SRCDST_PORT) != 0);
	assert_true((f->fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0);
}

/* Elements 315 and 104 have a frame, 313 and 317 a packet, 314 its payload. */
static void
octets_of_a_packet_are_decoded(void **state)
{
	static const struct {
		uint16_t id;
		size_t from;
	} rows[] = { { 315, 0 }, { 104, 0 }, { 313, FRAME_PACKET },
		{ 317, FRAME_PACKET } };
	struct wire_field field = { 0, WIRE_VARIABLE, 0 };
	static const struct wire_field halves[] = {
		{ 313, FRAME_PAYLOAD - FRAME_PACKET, 0 },
		{ 314, 10, 0 },
		{ 312, 2, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		field.id = rows[i].id;
		send_template(IPFIX, 256, &field, 1);
		wire_variable(&w, frame + rows[i].from,
		    sizeof(frame) - rows[i].from, 0);
		assert_packet(only_flow());
		assert_int_equal(c.flows[0].octets, 30);
		assert_int_equal(c.flows[0].packets, 1);
	}
	send_template(IPFIX, 256, halves, WIRE_NFIELDS(halves));
	wire_bytes(&w, frame + FRAME_PACKET, sizeof(frame) - FRAME_PACKET);
	wire_uint(&w, 60, 2);
	assert_packet(only_flow());
	assert_int_equal(c.flows[0].octets, 60);
	assert_int_equal(c.flows[0].packets, 1);
}

/* Elements of the flow have priority over its packet. */
static void
a_packet_fills_gaps_of_its_flow(void **state)
{
	static const struct wire_field fields[] = {
		{ 8, 4, 0 },
		{ 12, 4, 0 },
		{ 5, 1, 0 },
		{ 1, 4, 0 },
		{ 410, 2, 0 },
		{ 409, 2, 0 },
		{ 408, 2, 0 },
		{ 315, sizeof(frame), 0 },
	};
	static const struct {
		uint32_t src;
		uint16_t len, offset, type, port;
	} rows[] = {
		{ 0xc0000201, 0, 0, 1, 53 },
		{ 0xc0000201, sizeof(frame), 0, 1, 53 },
		{ 0xc0000202, 0, 0, 1, 0 },  /* another flow's packet */
		{ 0xc0000201, 34, 0, 1, 0 }, /* the rest is padding */
		{ 0xc0000201, 0, 4, 1, 0 },  /* does not begin the frame */
		{ 0xc0000201, 0, 0, 2, 0 },  /* IEEE 802.11 */
	};
	const struct flow *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
		wire_uint(&w, rows[i].src, 4);
		wire_uint(&w, 0xc6336401, 4);
		wire_uint(&w, 7, 1);
		wire_uint(&w, 1234, 4);
		wire_uint(&w, rows[i].len, 2);
		wire_uint(&w, rows[i].offset, 2);
		wire_uint(&w, rows[i].type, 2);
		wire_bytes(&w, frame, sizeof(frame));
		f = only_flow();
		assert_int_equal(be32(f->src.bytes), rows[i].src);
		assert_int_equal(f->tos, 7);
		assert_int_equal(f->octets, 1234);
		assert_int_equal(f->fields & STORE_FIELD_PACKETS, 0);
		assert_int_equal(f->dst_port, rows[i].port);
	}
}

/* Returns the flow of a record with this next hop; 0 leaves an address zero. */
static const struct flow *
gateway_of(uint8_t src6, uint8_t hop4, uint8_t hop6)
{
	static const struct wire_field four[] = {
		{ 8, 4, 0 }, { 18, 4, 0 }, { 63, 16, 0 },
	}, six[] = {
		{ 27, 16, 0 }, { 15, 4, 0 }, { 62, 16, 0 },
	};

	send_template(IPFIX, 256, src6 ? six : four, 3);
	wire_fill(&w, 1, src6 ? 16 : 4);
	wire_fill(&w, hop4, 4);
	wire_fill(&w, hop6, 16);
	return (only_flow());
}

static void
the_next_hop_follows_the_family_of_the_flow(void **state)
{
	(void)state;
	assert_int_equal(gateway_of(0, 1, 2)->gateway.family, ADDR_V4);
	assert_int_equal(gateway_of(1, 1, 2)->gateway.family, ADDR_V6);
	assert_int_equal(gateway_of(0, 0, 0)->gateway.family, ADDR_V4);
	assert_int_equal(gateway_of(1, 0, 0)->gateway.family, ADDR_V6);
	/* RFC 5549: the other family's next hop, if it is the only one. */
	assert_int_equal(gateway_of(0, 0, 2)->gateway.family, ADDR_V6);
	assert_int_equal(gateway_of(1, 1, 0)->gateway.family, ADDR_V4);
}

static void
physical_interfaces_are_stored_without_others(void **state)
{
	static const struct wire_field both[] = {
		{ 252, 4, 0 },
		{ 10, 4, 0 },
		{ 253, 4, 0 },
	};
	const struct flow *f;

	(void)state;
	send_template(IPFIX, 256, both, 3);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 2, 4);
	wire_uint(&w, 3, 4);
	f = only_flow();
	assert_int_equal(f->if_index_in, 2);
	assert_int_equal(f->if_index_out, 3);
}

/* A time element and its value, in the element's unit; ms for NTP. */
struct timed {
	uint16_t id;
	uint64_t value;
};

static uint16_t
time_len(uint16_t id)
{
	static const uint16_t four[] = { 21, 22, 150, 151, 322 };
	size_t i;

	for (i = 0; i < WIRE_NFIELDS(four); i++) {
		if (four[i] == id)
			return (4);
	}
	return (8);
}

static void
put_time(const struct timed *t)
{
	if ((t->id >= 154 && t->id <= 157) || t->id == 324 || t->id == 325)
		wire_ntp(&w, t->value);
	else
		wire_uint(&w, t->value, time_len(t->id));
}

/* Returns the flow of one record with these times, up to the id 0. */
static const struct flow *
flow_at(uint16_t version, const struct timed *times)
{
	struct wire_field fields[8] = { { 4, 1, 0 } };
	size_t i;

	for (i = 0; times[i].id != 0; i++)
		fields[i + 1] = (struct wire_field){ times[i].id,
			time_len(times[i].id), 0 };
	send_template(version, 256, fields, i + 1);
	wire_uint(&w, 6, 1);
	for (i = 0; times[i].id != 0; i++)
		put_time(&times[i]);
	return (only_flow());
}

/* Returns the time of a flow as every reader computes it. */
static int64_t
absolute(const struct flow *f, uint32_t time)
{
	return ((int64_t)f->time_sec * 1000 + f->time_nanosec / 1000000 -
	    ((int64_t)f->sys_uptime_ms - time));
}

/* Times relative to the export, in ms. */
static void
assert_times(uint16_t version, const struct timed *times, int64_t start,
    int64_t end)
{
	const struct flow *f = flow_at(version, times);

	assert_true(absolute(f, f->flow_start) - EXPORT_MS == start);
	assert_true(absolute(f, f->flow_finish) - EXPORT_MS == end);
	assert_true(f->flow_finish <= f->sys_uptime_ms);
	if (start <= end)
		assert_true(f->flow_start <= f->flow_finish);
}

#define TIMES(...) ((const struct timed[]){ __VA_ARGS__, { 0, 0 } })
#define AGO(ms)    ((uint64_t)(EXPORT_MS - (ms)))

static void
uptimes_of_v9_are_stored_unchanged(void **state)
{
	const struct flow *f;

	(void)state;
	f = flow_at(V9,
	    TIMES({ 22, WIRE_UPTIME - 5000 }, { 21, WIRE_UPTIME - 1000 }));
	assert_int_equal(f->sys_uptime_ms, WIRE_UPTIME);
	assert_int_equal(f->flow_start, WIRE_UPTIME - 5000);
	assert_int_equal(f->flow_finish, WIRE_UPTIME - 1000);
	assert_int_equal(f->time_sec, WIRE_EXPORT_SEC);
	assert_int_equal(f->time_nanosec, 0);
}

static void
uptimes_of_v9_may_have_wrapped(void **state)
{
	(void)state;
	w.uptime_ms = 1000;
	assert_times(V9, TIMES({ 22, 0xffffff00 }, { 21, 500 }), -1256, -500);
	assert_times(V9, TIMES({ 22, 0xfffffe00 }, { 21, 0xffffff00 }), -1512,
	    -1256);
	/* With a time that the v9 uptimes alone cannot express. */
	assert_times(V9, TIMES({ 22, 0xffffff00 }, { 21, 500 }, { 158, 70000 }),
	    -70, -500);
	w.uptime_ms = 0x90000000;
	assert_times(V9, TIMES({ 22, 0x10000001 }, { 21, 0x8fffffff }),
	    -0x7fffffffLL, -1);
}

static void
flows_may_end_after_their_export(void **state)
{
	(void)state;
	assert_times(V9,
	    TIMES({ 22, WIRE_UPTIME - 10 }, { 21, WIRE_UPTIME + 1700 }), -10,
	    1700);
	assert_times(V9, TIMES({ 152, AGO(10) }, { 153, AGO(-1700) }), -10,
	    1700);
	assert_times(IPFIX, TIMES({ 152, AGO(-10) }, { 153, AGO(-1700) }), 10,
	    1700);
	w.uptime_ms = 0xffffff00;
	assert_times(V9, TIMES({ 22, 0xfffffe00 }, { 21, 0x100 }), -256, 512);
}

static void
absolute_times_are_kept_to_the_ms(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_times(versions[i],
		    TIMES({ 152, AGO(61001) }, { 153, AGO(1) }), -61001, -1);
		assert_times(versions[i],
		    TIMES({ 150, WIRE_EXPORT_SEC - 60 },
			{ 151, WIRE_EXPORT_SEC - 2 }),
		    -60000, -2000);
		assert_times(versions[i],
		    TIMES({ 154, AGO(61877) }, { 155, AGO(123) }), -61877,
		    -123);
		assert_times(versions[i],
		    TIMES({ 156, AGO(61999) }, { 157, AGO(999) }), -61999,
		    -999);
		assert_times(versions[i],
		    TIMES({ 158, 5000000 }, { 159, 2001 }), -5000, -3);
	}
}

static void
v9_keeps_its_uptime_with_absolute_times(void **state)
{
	(void)state;
	assert_int_equal(
	    flow_at(V9, TIMES({ 152, AGO(61001) }, { 153, AGO(1) }))
		->sys_uptime_ms,
	    WIRE_UPTIME);
	assert_int_equal(c.flows[0].flow_start, WIRE_UPTIME - 61001);
	assert_int_equal(c.flows[0].flow_finish, WIRE_UPTIME - 1);
}

static void
ipfix_has_an_uptime_in_the_middle_of_the_range(void **state)
{
	(void)state;
	assert_int_equal(
	    flow_at(IPFIX, TIMES({ 152, AGO(61001) }, { 153, AGO(1) }))
		->sys_uptime_ms,
	    0x80000000);
	assert_int_equal(c.flows[0].time_sec, WIRE_EXPORT_SEC);
}

static void
the_finer_time_is_stored(void **state)
{
	(void)state;
	assert_times(IPFIX,
	    TIMES({ 150, WIRE_EXPORT_SEC - 9 }, { 152, AGO(8001) },
		{ 154, AGO(7001) }, { 156, AGO(6001) }, { 157, AGO(101) },
		{ 155, AGO(201) }, { 153, AGO(301) }),
	    -6001, -101);
	assert_times(V9,
	    TIMES({ 150, WIRE_EXPORT_SEC - 9 }, { 152, AGO(8001) },
		{ 151, WIRE_EXPORT_SEC - 1 }, { 153, AGO(301) }),
	    -8001, -301);
}

static void
absolute_times_have_priority_over_deltas_and_uptimes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_times(versions[i],
		    TIMES({ 22, 1 }, { 21, 2 }, { 158, 99 }, { 159, 9 },
			{ 152, AGO(70) }, { 153, AGO(30) }),
		    -70, -30);
		assert_times(versions[i],
		    TIMES({ 22, 1 }, { 21, 2 }, { 158, 70000 }, { 159, 30000 }),
		    -70, -30);
	}
}

static void
uptimes_of_ipfix_need_the_init_time(void **state)
{
	const struct flow *f;

	(void)state;
	f = flow_at(IPFIX,
	    TIMES({ 22, 4000 }, { 21, 9000 }, { 160, AGO(20000) }));
	assert_int_equal(f->sys_uptime_ms, 20000);
	assert_int_equal(f->flow_start, 4000);
	assert_int_equal(f->flow_finish, 9000);
	assert_times(IPFIX, TIMES({ 22, 0 }, { 21, 9000 }, { 160, AGO(20000) }),
	    -20000, -11000);
	/* Without it they only give the duration. */
	assert_times(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }), -5000, 0);
	assert_times(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }, { 160, 0 }),
	    -5000, 0);
	assert_times(IPFIX, TIMES({ 22, 0xffffff00 }, { 21, 0x100 }), -512, 0);
	assert_times(IPFIX, TIMES({ 22, 9000 }, { 21, 4000 }), 0, 0);
}

static void
uptimes_of_ipfix_may_have_wrapped(void **state)
{
	/* Up for 60 days. */
	const uint32_t uptime = (uint32_t)(60 * DAY_MS);
	const uint64_t init = AGO(60 * DAY_MS);

	(void)state;
	assert_times(IPFIX,
	    TIMES({ 22, uptime - 7000 }, { 21, uptime - 10 }, { 160, init }),
	    -7000, -10);
	assert_times(IPFIX,
	    TIMES({ 22, uptime - 15 * DAY_MS }, { 21, uptime - 10 * DAY_MS },
		{ 160, init }),
	    -15 * DAY_MS, -10 * DAY_MS);
}

static void
the_init_time_may_be_in_options_data(void **state)
{
	const struct flow *f;

	(void)state;
	send_init_time(IPFIX, AGO(50000));
	f = flow_at(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }));
	assert_int_equal(f->sys_uptime_ms, 50000);
	assert_int_equal(f->flow_start, 4000);
	assert_int_equal(f->flow_finish, 9000);
	assert_times(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }), -46000, -41000);
	/*
	 * Absolute times do not need it, but are stored relative to it as well.
	 */
	assert_times(IPFIX, TIMES({ 152, AGO(3000) }, { 153, AGO(9) }), -3000,
	    -9);
	assert_int_equal(c.flows[0].sys_uptime_ms, 50000);
	/* Even those of flows before it. */
	assert_times(IPFIX, TIMES({ 152, AGO(53000) }, { 153, AGO(51000) }),
	    -53000, -51000);
	/* The record's own init time has priority. */
	assert_times(IPFIX,
	    TIMES({ 22, 4000 }, { 21, 9000 }, { 160, AGO(20000) }), -16000,
	    -11000);
}

/*
 * Options data with the init time follow the flows in one message, with or
 * without the definition of their template.
 */
static void
the_init_time_may_follow_in_the_message(void **state)
{
	static const struct wire_field options[] = {
		{ 149, 4, 0 },
		{ 160, 8, 0 },
	}, flow[] = {
		{ 1, 4, 0 },
		{ 22, 4, 0 },
		{ 21, 4, 0 },
	};
	size_t i;

	(void)state;
	send_init_time(IPFIX, AGO(20 * DAY_MS));
	for (i = 0; i < 4; i++) {
		wire_start(&w, IPFIX);
		wire_template(&w, 256, flow, WIRE_NFIELDS(flow));
		wire_set(&w, 256);
		wire_uint(&w, i, 4);
		wire_uint(&w, 4000, 4);
		wire_uint(&w, 9000, 4);
		if (i == 1)
			wire_options(&w, 400, options, 2, 1);
		/* If the template changes, its data are of the old one. */
		if (i == 2)
			wire_template(&w, 256, flow, 1);
		if (i == 3)
			wire_template(&w, 257, flow, 1);
		wire_set(&w, 400);
		wire_uint(&w, w.domain, 4);
		wire_uint(&w, AGO(20000 + i), 8);
		assert_int_equal(transmit(), DECODED);
		assert_int_equal(c.n, 1);
		assert_int_equal(c.flows[0].octets, i);
		assert_true(
		    absolute(&c.flows[0], c.flows[0].flow_start) - EXPORT_MS ==
		    4000 - (int64_t)(i == 2 ? 20001 : 20000 + i));
	}
}

static void
the_init_time_is_that_of_the_domain(void **state)
{
	(void)state;
	send_init_time(IPFIX, AGO(50000));
	w.domain++;
	assert_times(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }), -5000, 0);
	send_init_time(IPFIX, AGO(60000));
	assert_times(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }), -56000, -51000);
	w.domain--;
	assert_times(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }), -46000, -41000);
	/* v9 has its uptime in each header. */
	send_init_time(V9, AGO(70000));
	assert_times(V9,
	    TIMES({ 22, WIRE_UPTIME - 3 }, { 21, WIRE_UPTIME },
		{ 160, AGO(100) }),
	    -3, 0);
}

static void
a_flow_without_times_ends_with_the_export(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_times(versions[i], TIMES({ 500, 0 }), 0, 0);
		assert_times(versions[i], TIMES({ 161, 7000 }), -7000, 0);
		assert_times(versions[i], TIMES({ 162, 7000900 }), -7000, 0);
		assert_times(versions[i], TIMES({ 162, 1 }, { 161, 7000 }),
		    -7000, 0);
		assert_times(versions[i], TIMES({ 161, UINT64_MAX }), 0, 0);
		assert_times(versions[i], TIMES({ 162, UINT64_MAX }), 0, 0);
	}
}

static void
a_duration_of_0_is_a_duration(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_times(versions[i], TIMES({ 152, AGO(1000) }, { 161, 0 }),
		    -1000, -1000);
		assert_times(versions[i],
		    TIMES({ 152, AGO(1000) }, { 162, 999 }), -1000, -1000);
		assert_times(versions[i], TIMES({ 153, AGO(1000) }, { 161, 0 }),
		    -1000, -1000);
	}
}

static void
an_event_is_start_and_end_without_other_times(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_times(versions[i], TIMES({ 323, AGO(7001) }), -7001,
		    -7001);
		assert_times(versions[i],
		    TIMES({ 322, WIRE_EXPORT_SEC - 3 }, { 323, AGO(7001) },
			{ 324, AGO(6999) }),
		    -6999, -6999);
		assert_times(versions[i], TIMES({ 325, AGO(5) }), -5, -5);
		assert_times(versions[i],
		    TIMES({ 323, AGO(100) }, { 161, 900 }), -1000, -100);
		/* It is the end of a flow that has a start. */
		assert_times(versions[i],
		    TIMES({ 152, AGO(900) }, { 323, AGO(100) }), -900, -100);
		assert_times(versions[i],
		    TIMES({ 323, AGO(100) }, { 153, AGO(900) }), -900, -900);
	}
	/* Uptimes without a base are no times, but a duration. */
	assert_times(IPFIX, TIMES({ 22, 4000 }, { 21, 9000 }, { 323, AGO(10) }),
	    -5010, -10);
}

static void
times_that_do_not_fit_are_counted(void **state)
{
	static const struct {
		struct timed times[3];
		uint64_t old, impossible;
	} rows[] = {
		{ { { 152, AGO(24 * DAY_MS) }, { 153, AGO(-DAY_MS) } }, 0, 0 },
		{ { { 152, AGO(25 * DAY_MS) }, { 153, AGO(5) } }, 1, 0 },
		{ { { 152, AGO(9000 * DAY_MS) }, { 153, AGO(5) } }, 1, 0 },
		{ { { 152, AGO(0) }, { 153, AGO(-DAY_MS - 1) } }, 0, 1 },
		{ { { 152, AGO(12500 * DAY_MS) }, { 153, 0 } }, 0, 1 },
		{ { { 152, UINT64_MAX }, { 153, AGO(5) } }, 0, 1 },
		{ { { 323, 1 }, { 0, 0 } }, 0, 1 },
	};
	size_t i, v;

	(void)state;
	for (v = 0; v < 2; v++) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			restart_with(versions[v]);
			(void)flow_at(versions[v], rows[i].times);
			assert_int_equal(counters()->times_old, rows[i].old);
			assert_int_equal(counters()->times_impossible,
			    rows[i].impossible);
		}
	}
	/* Of IPFIX; the uptime of v9 is in its header. */
	restart_with(IPFIX);
	(void)flow_at(IPFIX,
	    TIMES({ 160, AGO(40 * DAY_MS) }, { 21, 10 * DAY_MS }));
	assert_int_equal(counters()->times_old, 1);
}

/* Each direction has its own times, interfaces, flags and type of service. */
static void
a_biflow_has_values_of_each_direction(void **state)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 1, 4, 0 },
		{ 152, 8, 0 },
		{ 153, 8, 0 },
		{ 10, 2, 0 },
		{ 6, 1, 0 },
		{ 5, 1, 0 },
		{ 1, 4, WIRE_PEN_REVERSE },
		{ 156, 8, WIRE_PEN_REVERSE },
		{ 161, 4, WIRE_PEN_REVERSE },
		{ 14, 2, WIRE_PEN_REVERSE },
		{ 218, 1, WIRE_PEN_REVERSE },
		{ 222, 1, WIRE_PEN_REVERSE },
		{ 195, 1, WIRE_PEN_REVERSE },
		{ 15, 4, WIRE_PEN_REVERSE },
	};
	const struct flow *f;

	(void)state;
	send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
	wire_uint(&w, 6, 1);
	wire_uint(&w, 100, 4);
	wire_uint(&w, AGO(9000), 8);
	wire_uint(&w, AGO(1000), 8);
	wire_uint(&w, 7, 2);
	wire_uint(&w, 0x1b, 1);
	wire_uint(&w, 0xb8, 1);
	wire_uint(&w, 200, 4);
	wire_ntp(&w, AGO(8900));
	wire_uint(&w, 6900, 4);
	wire_uint(&w, 8, 2);
	wire_uint(&w, 1, 1);
	wire_uint(&w, 5, 1);
	wire_uint(&w, 10, 1);
	wire_uint(&w, 0xc0000207, 4);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	f = &c.flows[1];
	assert_int_equal(f->octets, 200);
	assert_true(absolute(f, f->flow_start) - EXPORT_MS == -8900);
	assert_true(absolute(f, f->flow_finish) - EXPORT_MS == -2000);
	assert_int_equal(f->if_index_in, 0);
	assert_int_equal(f->if_index_out, 8);
	assert_int_equal(f->tcp_flags, 0x12);
	assert_int_equal(f->tos, 0x28);
	assert_int_equal(be32(f->gateway.bytes), 0xc0000207);
	f = &c.flows[0];
	assert_int_equal(f->octets, 100);
	assert_true(absolute(f, f->flow_start) - EXPORT_MS == -9000);
	assert_int_equal(f->if_index_in, 7);
	assert_int_equal(f->tos, 0xb8);
}

/* reverseFlowDeltaMilliseconds: the reply begins later, and ends with it. */
static void
the_reply_of_yaf_has_a_delay(void **state)
{
	static const struct wire_field fields[] = {
		{ 85, 4, 0 },
		{ 152, 8, 0 },
		{ 153, 8, 0 },
		{ 85, 4, WIRE_PEN_REVERSE },
		{ 21, 4, 6871 },
	};

	(void)state;
	send_template(IPFIX, 256, fields, WIRE_NFIELDS(fields));
	wire_uint(&w, 100, 4);
	wire_uint(&w, AGO(9000), 8);
	wire_uint(&w, AGO(1000), 8);
	wire_uint(&w, 200, 4);
	wire_uint(&w, 40, 4);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	assert_true(
	    absolute(&c.flows[1], c.flows[1].flow_start) - EXPORT_MS == -8960);
	assert_true(
	    absolute(&c.flows[1], c.flows[1].flow_finish) - EXPORT_MS == -1000);
}

static void
one_end_and_the_duration_give_the_other(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_times(versions[i],
		    TIMES({ 153, AGO(100) }, { 161, 900 }), -1000, -100);
		assert_times(versions[i],
		    TIMES({ 152, AGO(1000) }, { 161, 900 }), -1000, -100);
		assert_times(versions[i], TIMES({ 153, AGO(100) }), -100, -100);
		assert_times(versions[i], TIMES({ 152, AGO(1000) }), -1000, 0);
		assert_times(versions[i], TIMES({ 152, AGO(-1000) }), 1000,
		    1000);
	}
	assert_times(V9, TIMES({ 21, WIRE_UPTIME - 100 }, { 161, 900 }), -1000,
	    -100);
	assert_times(V9, TIMES({ 22, WIRE_UPTIME - 1000 }), -1000, 0);
}

/* FLOW_TIMES cannot represent them, and they are not plausible. */
static void
times_far_from_the_export_are_ignored(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_times(versions[i], TIMES({ 150, 0 }, { 151, 0 }), 0, 0);
		assert_times(versions[i],
		    TIMES({ 152, AGO(25 * DAY_MS) }, { 153, AGO(500) }), -500,
		    -500);
		assert_times(versions[i],
		    TIMES({ 152, AGO(24 * DAY_MS) }, { 153, AGO(500) }),
		    -24 * DAY_MS, -500);
		assert_times(versions[i],
		    TIMES({ 152, AGO(-25 * DAY_MS) }, { 153, UINT64_MAX },
			{ 161, 20 }),
		    -20, 0);
		assert_times(versions[i],
		    TIMES({ 154, 0 }, { 155, AGO(7) }, { 161, 20 }), -27, -7);
		assert_times(versions[i],
		    TIMES({ 158, UINT32_MAX }, { 159, UINT32_MAX }), -4294968,
		    -4294968);
		assert_times(versions[i],
		    TIMES({ 158, 25 * DAY_MS * 1000 }, { 159, UINT64_MAX }), 0,
		    0);
	}
}

/* Both ends are in the range of the export, but not of each other. */
static void
long_flows_long_ago_keep_their_order(void **state)
{
	(void)state;
	assert_times(IPFIX,
	    TIMES({ 153, AGO(20 * DAY_MS) }, { 161, 15 * DAY_MS }),
	    -35 * DAY_MS, -20 * DAY_MS);
	w.uptime_ms = (uint32_t)(26 * DAY_MS);
	assert_times(V9, TIMES({ 153, AGO(20 * DAY_MS) }, { 161, 15 * DAY_MS }),
	    -35 * DAY_MS, -20 * DAY_MS);
	w.uptime_ms = 0;
	assert_times(V9, TIMES({ 153, AGO(24 * DAY_MS) }, { 161, 24 * DAY_MS }),
	    -48 * DAY_MS, -24 * DAY_MS);
}

static void
each_record_has_its_own_times(void **state)
{
	static const struct wire_field fields[] = {
		{ 153, 8, 0 },
		{ 160, 8, 0 },
	};

	(void)state;
	send_template(IPFIX, 256, fields, 2);
	wire_uint(&w, AGO(-7000), 8);
	wire_uint(&w, AGO(900000), 8);
	wire_uint(&w, AGO(3000), 8);
	wire_uint(&w, 0, 8);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 2);
	assert_true(
	    absolute(&c.flows[0], c.flows[0].flow_finish) == EXPORT_MS + 7000);
	assert_int_equal(c.flows[1].sys_uptime_ms, 0x80000000);
	assert_int_equal(c.flows[1].time_sec, WIRE_EXPORT_SEC);
	assert_true(
	    absolute(&c.flows[1], c.flows[1].flow_finish) == EXPORT_MS - 3000);
}

/* A value that is often near a bound. */
static uint64_t
random_time(uint16_t id)
{
	uint64_t near = (uint32_t)random_bits() >> random_number(32);

	switch (random_number(4)) {
	case 0:
		return (id == 21 || id == 22   ? w.uptime_ms - near :
			id == 150 || id == 151 ? WIRE_EXPORT_SEC - near :
						 AGO((int64_t)near));
	case 1:
		return (id == 21 || id == 22 ? w.uptime_ms + near :
					       AGO(-(int64_t)near));
	case 2:
		return (near);
	default:
		return (random_bits());
	}
}

/* The small collector checks each flow. */
static void
no_times_make_a_flow_end_after_its_export(void **state)
{
	static const uint16_t ids[] = { 21, 22, 150, 151, 152, 153, 154, 155,
		156, 157, 158, 159, 160, 161, 162 };
	struct timed times[8];
	size_t i, k, n;

	(void)state;
	for (i = 0; i < 20000; i++) {
		w.uptime_ms = (uint32_t)random_bits() >> random_number(32);
		n = 1 + random_number(7);
		for (k = 0; k < n; k++) {
			times[k].id = ids[random_number(WIRE_NFIELDS(ids))];
			times[k].value = random_time(times[k].id);
		}
		times[n].id = 0;
		(void)flow_at(versions[i % 2], times);
	}
}

/* Sends the message with sequence number seq; no flow is missing. */
static void
send_as(uint32_t seq, enum decoded want)
{
	size_t len = wire_end(&w);

	be32_put(w.buf + (w.version == V9 ? 12 : 8), seq);
	assert_int_equal(collect_datagram(&c, w.buf, len), want);
}

static void
assert_lost(uint64_t flows, uint64_t datagrams)
{
	assert_int_equal(counters()->sequence_lost, flows);
	assert_int_equal(counters()->sequence_lost_datagrams, datagrams);
	assert_int_equal(counters()->sequence_late, 0);
	assert_int_equal(counters()->restarts, 0);
}

static void
v9_numbers_count_datagrams(void **state)
{
	uint32_t seq;

	(void)state;
	for (seq = 100; seq < 110; seq++) {
		wire_start(&w, V9);
		put_template(256);
		put_data(256, 1);
		put_record(2);
		send_as(seq, DECODED);
	}
	assert_lost(0, 0);
	wire_start(&w, V9);
	send_as(113, DECODED);
	assert_lost(0, 3);
	/* Held data do not disturb the count. */
	wire_start(&w, V9);
	put_data(300, 1);
	send_as(114, DECODE_HELD);
	wire_start(&w, V9);
	send_as(116, DECODED);
	assert_lost(0, 4);
}

static void
ipfix_numbers_count_data_records(void **state)
{
	(void)state;
	wire_start(&w, IPFIX);
	put_template(256);
	send_as(5000, DECODED);
	wire_start(&w, IPFIX);
	put_data(256, 1);
	put_record(2);
	put_record(3);
	put_data(256, 4);
	wire_fill(&w, 0, 3);
	send_as(5000, DECODED);
	wire_start(&w, IPFIX);
	put_template(256);
	send_as(5004, DECODED);
	assert_lost(0, 0);
	wire_start(&w, IPFIX);
	send_as(5011, DECODED);
	assert_lost(7, 0);
}

static void
ipfix_numbers_count_options(void **state)
{
	(void)state;
	send_init_time(IPFIX, AGO(50000));
	wire_start(&w, IPFIX);
	put_template(256);
	send_as(1, DECODED);
	assert_lost(0, 0);
}

static void
a_biflow_is_one_record_of_the_sequence(void **state)
{
	static const struct counts both = { 1, 2, 3, 4 };

	(void)state;
	send_template(IPFIX, 256, biflow, WIRE_NFIELDS(biflow));
	put_biflow(&both);
	put_biflow(&both);
	send_as(0, DECODED);
	assert_int_equal(c.n, 4);
	wire_start(&w, IPFIX);
	send_as(2, DECODED);
	assert_lost(0, 0);
}

/* The number of held records is unknown. */
static void
ipfix_numbers_are_unknown_after_held_data(void **state)
{
	(void)state;
	wire_start(&w, IPFIX);
	put_template(256);
	send_as(100, DECODED);
	wire_start(&w, IPFIX);
	put_data(256, 1);
	put_data(300, 1);
	send_as(100, DECODE_HELD);
	wire_start(&w, IPFIX);
	put_data(256, 1);
	send_as(117, DECODED);
	assert_lost(0, 0);
	wire_start(&w, IPFIX);
	send_as(119, DECODED);
	assert_lost(1, 0);
}

static void
domains_have_separate_numbers(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 20; i++) {
		w.domain = i % 4;
		wire_start(&w, i % 2 == 0 ? IPFIX : V9);
		send_as(i % 4 * 1000 + (i % 2 == 0 ? 0 : i / 4), DECODED);
	}
	assert_lost(0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* For reports of how often templates are repeated. */
static void
template_refreshes_are_timed(void **state)
{
	static const struct wire_field field[] = { { 1, 4, 0 } };
	const struct template_key key = { WIRE_DOMAIN, V9, 256 };
	const struct tmpl *t;
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		wire_start(&w, V9);
		wire_template(&w, 256, field, 1);
		wire_template(&w, 256, field, 1);
		assert_int_equal(collect_wire(&c, &w), DECODED);
		t = template_find(&c.exporter->templates, &key, 1);
		assert_non_null(t);
		assert_int_equal(t->announced, c.recv_sec);
		assert_int_equal(t->interval, i == 0 ? 0 : 900);
		c.recv_sec += 900;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_becomes_a_flow),
		TEST(ipv6_records_become_flows),
		TEST(fields_not_exported_are_absent),
		TEST(template_and_data_may_share_a_datagram),
		TEST(data_may_precede_their_template),
		TEST(sets_are_accepted_in_any_order),
		TEST(a_set_may_define_several_templates),
		TEST(a_new_definition_applies_from_its_position),
		TEST(a_repeated_template_is_not_counted),
		TEST(domains_have_separate_templates),
		TEST(exporters_and_versions_have_separate_templates),
		TEST(padding_of_data_sets_is_not_a_record),
		TEST(padding_of_template_sets_is_not_a_template),
		TEST(stray_octets_at_the_end_are_ignored),
		TEST(a_tail_of_zeroes_is_ignored),
		TEST(octets_after_an_ipfix_message_are_ignored),
		TEST(less_than_a_header_is_refused),
		TEST(a_set_of_impossible_length_invalidates_the_message),
		TEST(reserved_and_template_sets_of_length_0_are_refused),
		TEST(ipfix_messages_of_wrong_length_are_refused),
		TEST(the_count_of_a_v9_header_is_not_trusted),
		TEST(reserved_sets_are_counted_and_ignored),
		TEST(template_refreshes_are_timed),
		TEST(template_ids_below_256_are_refused),
		TEST(a_bad_template_does_not_harm_the_next),
		TEST(a_template_that_crosses_the_end_of_its_set_is_refused),
		TEST(a_template_without_fields_is_refused_in_v9),
		TEST(a_set_shorter_than_a_record_has_no_flow),
		TEST(a_truncated_record_of_variable_length_is_not_a_flow),
		TEST(the_longest_datagram_is_decoded_completely),
		TEST(data_of_an_options_template_are_not_flows),
		TEST(a_biflow_is_a_flow_for_each_direction_with_traffic),
		TEST(reverse_elements_are_the_other_direction),
		TEST(reverse_icmp_is_the_other_directions_port),
		TEST(icmp_of_a_connection_is_of_its_initiator),
		TEST(replies_of_icmp_have_no_ports_of_the_request),
		TEST(memory_is_taken_from_idle_exporters),
		TEST(a_named_exporter_gets_memory_from_others),
		TEST(one_counter_is_enough_for_traffic),
		TEST(biflows_pass_a_full_sink),
		TEST(the_family_that_is_not_zero_is_stored),
		TEST(ip_version_selects_the_family),
		TEST(addresses_of_both_families_are_a_tunnel),
		TEST(prefix_lengths_follow_the_family_of_the_flow),
		TEST(source_and_destination_may_be_of_two_families),
		TEST(icmp_type_and_code_become_the_destination_port),
		TEST(the_protocol_selects_ports_or_icmp_type_and_code),
		TEST(elements_of_one_protocol_tell_the_protocol),
		TEST(the_protocol_selects_ports_of_udp_or_tcp),
		TEST(a_tunnelled_flow_is_that_of_the_inner_header),
		TEST(a_flow_without_a_tunnel_is_that_of_its_only_header),
		TEST(an_inner_header_may_be_of_either_family),
		TEST(vendors_elements_may_be_the_inner_header),
		TEST(flags_are_those_with_a_count),
		TEST(elements_of_the_type_of_service),
		TEST(octets_of_a_packet_are_decoded),
		TEST(a_packet_fills_gaps_of_its_flow),
		TEST(the_next_hop_follows_the_family_of_the_flow),
		TEST(physical_interfaces_are_stored_without_others),
		TEST(uptimes_of_v9_are_stored_unchanged),
		TEST(uptimes_of_v9_may_have_wrapped),
		TEST(flows_may_end_after_their_export),
		TEST(absolute_times_are_kept_to_the_ms),
		TEST(v9_keeps_its_uptime_with_absolute_times),
		TEST(ipfix_has_an_uptime_in_the_middle_of_the_range),
		TEST(the_finer_time_is_stored),
		TEST(absolute_times_have_priority_over_deltas_and_uptimes),
		TEST(uptimes_of_ipfix_need_the_init_time),
		TEST(uptimes_of_ipfix_may_have_wrapped),
		TEST(the_init_time_may_be_in_options_data),
		TEST(the_init_time_may_follow_in_the_message),
		TEST(the_init_time_is_that_of_the_domain),
		TEST(a_flow_without_times_ends_with_the_export),
		TEST(a_duration_of_0_is_a_duration),
		TEST(an_event_is_start_and_end_without_other_times),
		TEST(times_that_do_not_fit_are_counted),
		TEST(a_biflow_has_values_of_each_direction),
		TEST(the_reply_of_yaf_has_a_delay),
		TEST(one_end_and_the_duration_give_the_other),
		TEST(times_far_from_the_export_are_ignored),
		TEST(long_flows_long_ago_keep_their_order),
		TEST(each_record_has_its_own_times),
		TEST(no_times_make_a_flow_end_after_its_export),
		TEST(v9_numbers_count_datagrams),
		TEST(ipfix_numbers_count_data_records),
		TEST(ipfix_numbers_count_options),
		TEST(a_biflow_is_one_record_of_the_sequence),
		TEST(ipfix_numbers_are_unknown_after_held_data),
		TEST(domains_have_separate_numbers),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
