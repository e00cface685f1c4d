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
 * The state that survives a restart is restored unchanged, and no damaged file
 * does harm.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collect9.h"
#include "crc32.h"
#include "errors.h"
#include "decode/exporters.h"
#include "netflow.h"
#include "decode/state.h"
#include "wire9.h"

#define V9          NF_VERSION_9
#define IPFIX       NF_VERSION_IPFIX
#define CRC_OFFSET  8
#define BODY_OFFSET 12

static struct collect before, after;
static struct wire w;
static uint8_t *data;
static size_t len;

static int
setup(void **state)
{
	(void)state;
	collect_start(&before, NULL);
	collect_start(&after, NULL);
	wire_init(&w);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	collect_stop(&before);
	collect_stop(&after);
	free(data);
	data = NULL;
	return (0);
}

static const struct wire_field plain[] = { { 2, 4, 0 }, { 1, 4, 0 } };
static const struct wire_field mixed[] = {
	{ 8, 4, 0 },
	{ 82, WIRE_VARIABLE, 0 },
	{ 1, 4, WIRE_PEN_REVERSE },
	{ 22, 4, 0 },
	{ 21, 4, 0 },
	{ 7, 0, 0 },
	{ 1, 4, 0 },
};

static void
transmit(struct collect *c, enum decoded want)
{
	assert_int_equal(collect_wire(c, &w), want);
}

static void
send_options(uint16_t version, uint32_t n)
{
	static const struct wire_field fields[] = {
		{ 10, 4, 0 },
		{ 82, 8, 0 },
		{ 83, 4, 0 },
		{ 48, 1, 0 },
		{ 49, 1, 0 },
		{ 50, 4, 0 },
		{ 160, 8, 0 },
		{ 40, 8, 0 },
	};

	wire_start(&w, version);
	wire_options(&w, 400, fields, WIRE_NFIELDS(fields), 0);
	wire_set(&w, 400);
	wire_uint(&w, n, 4);
	wire_bytes(&w, "GigE0/0", 8);
	wire_bytes(&w, "link", 4);
	wire_uint(&w, n, 1);
	wire_uint(&w, 2, 1);
	wire_uint(&w, 100 + n, 4);
	wire_uint(&w, (uint64_t)WIRE_EXPORT_SEC * 1000 - 50000, 8);
	wire_uint(&w, 123456, 8);
	transmit(&before, DECODED);
}

/* Every kind of state, for two exporters; the last one is current. */
static void
learn_much(void)
{
	(void)collect_from(&before, 0xc0000299);
	wire_start(&w, IPFIX);
	wire_template(&w, 300, plain, 2);
	wire_template(&w, 301, plain, 1);
	transmit(&before, DECODED);
	(void)collect_from(&before, 0xc0000201);
	wire_start(&w, V9);
	wire_template(&w, 256, plain, 2);
	transmit(&before, DECODED);
	wire_start(&w, IPFIX);
	wire_template(&w, 256, mixed, WIRE_NFIELDS(mixed));
	wire_template(&w, 257, plain, 2);
	transmit(&before, DECODED);
	send_options(V9, 1);
	send_options(IPFIX, 2);
	send_options(IPFIX, 3);
}

static void
pack(const struct collect *c)
{
	free(data);
	assert_int_equal(state_pack(c->table, true, &data, &len), 0);
	assert_non_null(data);
}

/* Unpacks from an allocation of exactly n bytes. */
static int
unpack(struct collect *c, const uint8_t *from, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);
	int r;

	assert_non_null(copy);
	memcpy(copy, from, n);
	r = state_unpack(c->table, n == 0 ? copy + 1 : copy, n, c->recv_sec,
	    NULL, NULL);
	free(copy);
	collect_check(c);
	return (r);
}

static void
restart(void)
{
	pack(&before);
	assert_int_equal(unpack(&after, data, len), 0);
	(void)collect_from(&after, 0xc0000201);
}

static void
everything_is_restored(void **state)
{
	uint8_t *first;
	size_t first_len;

	(void)state;
	learn_much();
	restart();
	assert_int_equal(exporters_count(after.table), 2);
	assert_int_equal(after.exporter->templates.count, 5);
	assert_int_equal(options_samplers(&after.exporter->options)->table.n,
	    3);
	assert_int_equal(after.exporter->options.interfaces.n, 3);
	assert_int_equal(after.exporter->options.domains.n, 2);
	assert_int_equal(after.exporter->shared->memory.used,
	    before.exporter->shared->memory.used);
	first = data;
	first_len = len;
	data = NULL;
	pack(&after);
	assert_int_equal(len, first_len);
	assert_memory_equal(data, first, len);
	free(first);
}

static void
an_empty_state_is_restored(void **state)
{
	struct exporter_table *empty;
	const struct exporter_limits limits = {
		.exporters = 1,
		.templates = 1,
		.memory = 1,
	};

	(void)state;
	empty = exporters_new(&limits);
	assert_non_null(empty);
	assert_int_equal(state_pack(empty, true, &data, &len), 0);
	assert_int_equal(
	    state_unpack(empty, data, len, COLLECT_RECV_SEC, NULL, NULL), 0);
	assert_int_equal(exporters_count(empty), 0);
	exporters_free(empty);
}

static void
put_mixed_record(void)
{
	wire_set(&w, 256);
	wire_uint(&w, 0xc0000207, 4);
	wire_variable(&w, "eth0", 4, 0);
	wire_uint(&w, 0, 4);
	wire_uint(&w, 4000, 4);
	wire_uint(&w, 9000, 4);
	wire_uint(&w, 777, 4);
}

static void
data_without_template_are_decoded_after_a_restart(void **state)
{
	(void)state;
	learn_much();
	restart();
	wire_start(&w, V9);
	wire_set(&w, 256);
	wire_uint(&w, 5, 4);
	wire_uint(&w, 500, 4);
	transmit(&after, DECODED);
	assert_int_equal(after.n, 1);
	assert_int_equal(after.flows[0].packets, 5);
	assert_int_equal(after.flows[0].octets, 500);
	wire_start(&w, IPFIX);
	put_mixed_record();
	transmit(&after, DECODED);
	assert_int_equal(after.n, 1);
	assert_int_equal(after.flows[0].octets, 777);
	/* The system's init time is known as well. */
	assert_int_equal(after.flows[0].sys_uptime_ms, 50000);
	assert_int_equal(after.flows[0].flow_start, 4000);
	assert_int_equal(after.flows[0].flow_finish, 9000);
	(void)collect_from(&after, 0xc0000299);
	wire_start(&w, IPFIX);
	wire_set(&w, 300);
	wire_uint(&w, 6, 4);
	wire_uint(&w, 600, 4);
	transmit(&after, DECODED);
	assert_int_equal(after.flows[0].octets, 600);
}

static void
options_are_restored(void **state)
{
	const struct options *o;

	(void)state;
	learn_much();
	restart();
	o = &after.exporter->options;
	assert_int_equal(samplers_at(options_samplers(o), 0)->version, V9);
	assert_int_equal(samplers_at(options_samplers(o), 2)->version, IPFIX);
	assert_int_equal(samplers_at(options_samplers(o), 2)->domain,
	    WIRE_DOMAIN);
	assert_int_equal(
	    samplers_at(options_samplers(o), 2)->part[PART_SELECTOR], 3);
	assert_int_equal(samplers_at(options_samplers(o), 2)->mode, 2);
	assert_int_equal(samplers_at(options_samplers(o), 2)->rate.of, 103);
	assert_int_equal(options_interface(o, 1)->index, 2);
	assert_string_equal(options_interface(o, 1)->name, "GigE0/0");
	assert_string_equal(options_interface(o, 1)->description, "link");
	/* The exporter repeats totals; restored ones would be outdated. */
	assert_int_equal(options_domain(o, 0)->exported_octets, 0);
}

/* What rates are about, and their sources: RFC 5476 sections 6.5.1 and 6.5.2. */
static void
samplers_keep_their_parts(void **state)
{
	static const struct wire_field selector[] = {
		{ 302, 4, 0 },
		{ 143, 4, 0 },
		{ 14, 4, 0 },
		{ 304, 2, 0 },
		{ 309, 4, 0 },
		{ 310, 4, 0 },
		{ 335, 4, 0 },
	}, sequence[] = { { 301, 4, 0 }, { 302, 4, 0 }, { 302, 4, 0 } };
	const struct samplers *s;
	size_t i;

	(void)state;
	(void)collect_from(&before, 0xc0000201);
	wire_start(&w, IPFIX);
	wire_options(&w, 400, selector, WIRE_NFIELDS(selector), 1);
	wire_options(&w, 401, sequence, WIRE_NFIELDS(sequence), 1);
	wire_set(&w, 400);
	for (i = 1; i <= 3; i++)
		wire_uint(&w, i, 4);
	wire_uint(&w, 3, 2);
	wire_uint(&w, 5, 4);
	wire_uint(&w, 1000, 4);
	wire_bytes(&w, "name", 4);
	wire_set(&w, 401);
	for (i = 9; i <= 11; i++)
		wire_uint(&w, i, 4);
	transmit(&before, DECODED);
	restart();
	s = options_samplers(&after.exporter->options);
	assert_int_equal(s->table.n, 2);
	assert_int_equal(samplers_at(s, 0)->part[PART_SELECTOR], 1);
	assert_int_equal(samplers_at(s, 0)->part[PART_METERING], 2);
	assert_int_equal(samplers_at(s, 0)->part[PART_OUTPUT], 3);
	assert_int_equal(samplers_at(s, 0)->algorithm, 3);
	assert_int_equal(samplers_at(s, 0)->sent_in, WIRE_DOMAIN);
	assert_int_equal(samplers_at(s, 0)->rate.sampled, 5);
	assert_int_equal(samplers_at(s, 0)->rate.of, 1000);
	assert_string_equal(samplers_at(s, 0)->name, "name");
	assert_int_equal(samplers_at(s, 1)->part[PART_SEQUENCE], 9);
	assert_int_equal(samplers_at(s, 1)->nselectors, 2);
	assert_int_equal(samplers_at(s, 1)->selectors[0], 10);
	assert_int_equal(samplers_at(s, 1)->selectors[1], 11);
	assert_int_equal(s->nshapes, 2);
}

static void
sequences_continue_after_a_restart(void **state)
{
	(void)state;
	w.sequence = 100;
	wire_start(&w, V9);
	transmit(&before, DECODED);
	restart();
	w.sequence = 104;
	wire_start(&w, V9);
	transmit(&after, DECODED);
	assert_int_equal(after.exporter->counters.sequence_lost_datagrams, 3);
}

/* Nothing is known about the numbers between the file and its reading. */
static void
old_numbers_are_no_gap(void **state)
{
	(void)state;
	w.sequence = 100;
	wire_start(&w, V9);
	transmit(&before, DECODED);
	free(data);
	assert_int_equal(state_pack(before.table, false, &data, &len), 0);
	assert_int_equal(unpack(&after, data, len), 0);
	(void)collect_from(&after, 0xc0000201);
	w.sequence = 104;
	wire_start(&w, V9);
	transmit(&after, DECODED);
	assert_int_equal(after.exporter->counters.sequence_lost_datagrams, 0);
	w.sequence = 107;
	wire_start(&w, V9);
	transmit(&after, DECODED);
	assert_int_equal(after.exporter->counters.sequence_lost_datagrams, 2);
	exporters_doubt_sequences(after.table);
	w.sequence = 117;
	wire_start(&w, V9);
	transmit(&after, DECODED);
	assert_int_equal(after.exporter->counters.sequence_lost_datagrams, 2);
	assert_int_equal(after.exporter->counters.sequence_late, 0);
}

static void
the_order_of_use_is_restored(void **state)
{
	struct exporter_limits limits = {
		.exporters = 4,
		.templates = 3,
		.memory = MEMORY_DEFAULT,
	};
	uint16_t id;

	(void)state;
	for (id = 256; id < 259; id++) {
		wire_start(&w, V9);
		wire_template(&w, id, plain, 2);
		transmit(&before, DECODED);
	}
	wire_start(&w, V9);
	wire_set(&w, 256);
	transmit(&before, DECODED);
	collect_stop(&after);
	collect_start(&after, &limits);
	restart();
	wire_start(&w, V9);
	wire_template(&w, 259, plain, 2);
	wire_set(&w, 258);
	wire_set(&w, 256);
	transmit(&after, DECODED);
	wire_start(&w, V9);
	wire_set(&w, 257);
	transmit(&after, DECODE_HELD);
}

static void
large_states_are_packed(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		wire_start(&w, V9);
		wire_template(&w, (uint16_t)(256 + i), mixed,
		    WIRE_NFIELDS(mixed));
		transmit(&before, DECODED);
	}
	restart();
	assert_true(len > 65536);
	assert_int_equal(after.exporter->templates.count, 3000);
}

static void
smaller_limits_are_enforced(void **state)
{
	static const struct exporter_limits limits[] = {
		{ .exporters = 4, .templates = 2, .memory = MEMORY_DEFAULT },
		{ .exporters = 4, .templates = 100, .memory = 700 },
		{ .exporters = 4, .templates = 100, .memory = 150 },
		{ .exporters = 4, .templates = 100, .memory = 0 },
	};
	size_t i;

	(void)state;
	learn_much();
	pack(&before);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		collect_stop(&after);
		collect_start(&after, &limits[i]);
		assert_int_equal(unpack(&after, data, len), 0);
	}
}

static void
other_files_are_refused(void **state)
{
	static const char other[] = "flowd is something else than this file";

	(void)state;
	assert_int_equal(unpack(&after, (const uint8_t *)other, 0),
	    FLOWD_EVERSION);
	assert_int_equal(unpack(&after, (const uint8_t *)other, sizeof(other)),
	    FLOWD_EVERSION);
	pack(&before);
	data[7]++;
	assert_int_equal(unpack(&after, data, len), FLOWD_EVERSION);
}

static void
a_file_that_ends_early_is_refused(void **state)
{
	size_t n;

	(void)state;
	learn_much();
	pack(&before);
	for (n = 0; n < len; n++)
		assert_int_not_equal(unpack(&after, data, n), 0);
	/* Nothing of it was used. */
	assert_int_equal(after.exporter->templates.count, 0);
}

static void
a_damaged_file_is_refused(void **state)
{
	size_t i;
	int bit, r;

	(void)state;
	learn_much();
	pack(&before);
	for (i = 0; i < len; i++) {
		for (bit = 0; bit < 8; bit++) {
			data[i] ^= (uint8_t)(1 << bit);
			r = unpack(&after, data, len);
			if (i < CRC_OFFSET)
				assert_true(
				    r == FLOWD_EVERSION || r == FLOWD_ECRC);
			else
				assert_int_equal(r, FLOWD_ECRC);
			data[i] ^= (uint8_t)(1 << bit);
		}
	}
	assert_int_equal(after.exporter->templates.count, 0);
	assert_int_equal(unpack(&after, data, len), 0);
}

/* Sets the checksum to that of the file's content. */
static void
sign(uint8_t *file, size_t n)
{
	if (n >= BODY_OFFSET)
		be32_put(file + CRC_OFFSET,
		    flowd_crc32(file[CRC_OFFSET - 1] == 2 ?
			    0 :
			    flowd_crc32(0, file, CRC_OFFSET),
			file + BODY_OFFSET, n - BODY_OFFSET));
}

/* The collector must work with any state that was accepted. */
static void
use(struct collect *c)
{
	(void)collect_from(c, 0xc0000201);
	wire_start(&w, IPFIX);
	put_mixed_record();
	wire_set(&w, 257);
	wire_fill(&w, 1, 20);
	wire_set(&w, 400);
	wire_fill(&w, 1, 50);
	(void)collect_wire(c, &w);
}

static void
a_signed_file_that_ends_early_is_refused(void **state)
{
	uint8_t *file;
	size_t n;

	(void)state;
	learn_much();
	pack(&before);
	file = malloc(len);
	assert_non_null(file);
	for (n = 0; n < len; n++) {
		memcpy(file, data, n);
		sign(file, n);
		collect_stop(&after);
		collect_start(&after, NULL);
		assert_int_not_equal(unpack(&after, file, n), 0);
		use(&after);
	}
	free(file);
}

static void
a_signed_file_with_extra_octets_is_refused(void **state)
{
	uint8_t *file;

	(void)state;
	learn_much();
	pack(&before);
	file = calloc(1, len + 1);
	assert_non_null(file);
	memcpy(file, data, len);
	sign(file, len + 1);
	assert_int_equal(unpack(&after, file, len + 1), FLOWD_EINVAL);
	free(file);
}

/* A correct checksum does not make the content trustworthy. */
static void
signed_damage_is_harmless(void **state)
{
	static const struct exporter_limits limits = {
		.exporters = 4,
		.templates = 4,
		.memory = 4000,
	};
	static const uint8_t flips[] = { 0x01, 0x80, 0xff, 0x10 };
	size_t i, k;

	(void)state;
	learn_much();
	pack(&before);
	for (i = BODY_OFFSET; i < len; i++) {
		for (k = 0; k < sizeof(flips); k++) {
			data[i] ^= flips[k];
			sign(data, len);
			collect_stop(&after);
			collect_start(&after, k % 2 == 0 ? NULL : &limits);
			(void)unpack(&after, data, len);
			use(&after);
			data[i] ^= flips[k];
		}
	}
}

/*
 * Offsets in a state of one exporter with one session and one template, up to
 * its specifiers.
 */
#define ONE_FAMILY       16
#define ONE_SESSIONS     (ONE_FAMILY + 1 + 16 + 1 + 4)
#define ONE_SESSIONS_LEN (1 + 2 + 4 + 1)
#define ONE_VERSION      (ONE_SESSIONS + ONE_SESSIONS_LEN + 1 + 4)
#define ONE_ID           (ONE_VERSION + 2 + 4)
#define ONE_OWNERS       (ONE_ID + 2 + 1 + 1 + 2 + 2 + 4)
#define ONE_OWNERS_LEN   (4 + 4 + 2 + 1 + 1 + 8)

static void
assert_refused_with(size_t off, uint16_t value, size_t width)
{
	collect_stop(&after);
	collect_start(&after, NULL);
	if (width == 1)
		data[off] = (uint8_t)value;
	else
		be16_put(data + off, value);
	sign(data, len);
	assert_int_equal(unpack(&after, data, len), FLOWD_EINVAL);
	pack(&before);
}

static void
learn_one_template(void)
{
	wire_start(&w, V9);
	wire_template(&w, 256, plain, 2);
	transmit(&before, DECODED);
	memset(&before.exporter->sequences, 0,
	    sizeof(before.exporter->sequences));
	pack(&before);
}

static void
cut(size_t off, size_t n)
{
	memmove(data + off, data + off + n, len - off - n);
	len -= n;
}

/* Version 2 had no sessions, and its checksum left out the version. */
static void
version_2_is_read(void **state)
{
	(void)state;
	before.port = 4000;
	learn_one_template();
	assert_int_equal(be32(data + ONE_OWNERS), 1);
	assert_int_equal(be16(data + ONE_OWNERS + 8), 4000);
	cut(ONE_OWNERS, ONE_OWNERS_LEN);
	cut(ONE_SESSIONS, ONE_SESSIONS_LEN);
	data[CRC_OFFSET - 1] = 2;
	sign(data, len);
	assert_int_equal(unpack(&after, data, len), 0);
	(void)collect_from(&after, 0xc0000201);
	assert_int_equal(after.exporter->templates.count, 1);
	/* Its template serves every session. */
	after.port = 5000;
	wire_start(&w, V9);
	wire_set(&w, 256);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 2, 4);
	transmit(&after, DECODED);
	assert_int_equal(after.n, 1);
}

/* Two sessions that define a template differently, and one withdrew it. */
static void
sessions_are_restored(void **state)
{
	static const uint16_t ports[] = { 4000, 5000 };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		before.port = ports[i];
		wire_start(&w, IPFIX);
		wire_template(&w, 256, plain + i, 2 - i);
		transmit(&before, DECODED);
	}
	restart();
	assert_int_equal(after.exporter->templates.count, 2);
	for (i = 0; i < 2; i++) {
		after.port = ports[i];
		wire_start(&w, IPFIX);
		wire_set(&w, 256);
		wire_uint(&w, 1, 4);
		wire_uint(&w, 2, 4);
		transmit(&after, DECODED);
		assert_int_equal(after.n, i == 0 ? 1 : 2);
	}
}

static void
send_plain(struct collect *c, uint16_t port, enum decoded want)
{
	c->port = port;
	wire_start(&w, IPFIX);
	wire_set(&w, 256);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 2, 4);
	transmit(c, want);
}

/* So that a forged definition does not succeed because of a restart. */
static void
doubts_are_restored(void **state)
{
	(void)state;
	before.port = 4000;
	wire_start(&w, IPFIX);
	wire_template(&w, 256, plain, 2);
	transmit(&before, DECODED);
	send_plain(&before, 4000, DECODED);
	send_plain(&before, 5000, DECODED);
	restart();
	after.port = 6000;
	wire_start(&w, IPFIX);
	wire_template(&w, 256, plain + 1, 1);
	transmit(&after, DECODED);
	send_plain(&after, 4000, DECODED);
	send_plain(&after, 5000, DECODE_HELD);
	pack(&after);
	collect_stop(&before);
	collect_start(&before, NULL);
	assert_int_equal(unpack(&before, data, len), 0);
	(void)collect_from(&before, 0xc0000201);
	assert_int_equal(before.exporter->templates.count, 2);
	send_plain(&before, 4000, DECODED);
	send_plain(&before, 5000, DECODE_HELD);
	before.port = 4000;
	wire_start(&w, IPFIX);
	wire_template(&w, 256, plain, 2);
	transmit(&before, DECODED);
	assert_int_equal(before.n, 1);
	send_plain(&before, 5000, DECODED);
}

static void
impossible_templates_are_refused(void **state)
{
	const struct template_key key = {
		.domain = WIRE_DOMAIN,
		.version = V9,
		.id = 256,
	};

	(void)state;
	learn_one_template();
	assert_int_equal(be16(data + ONE_VERSION), V9);
	assert_int_equal(be16(data + ONE_ID), 256);
	assert_refused_with(ONE_FAMILY, 5, 1);
	assert_refused_with(ONE_VERSION, 5, 2);
	assert_refused_with(ONE_ID, 255, 2);
	/* More scopes than fields, and other numbers of fields. */
	assert_refused_with(ONE_ID + 4, 3, 2);
	assert_refused_with(ONE_ID + 6, 0, 2);
	assert_refused_with(ONE_ID + 6, 1, 2);
	assert_refused_with(ONE_ID + 6, 3, 2);
	assert_int_equal(unpack(&after, data, len), 0);
	(void)collect_from(&after, 0xc0000201);
	assert_non_null(template_find(&after.exporter->templates, &key, 1));
}

/* Overwrites octets of the file's copy of text. */
static void
assert_text_refused(const char *text, size_t skip, uint8_t octet)
{
	size_t off = 0, n = strlen(text);

	pack(&before);
	while (off + n <= len && memcmp(data + off, text, n) != 0)
		off++;
	assert_true(off + n <= len);
	data[off + skip] = octet;
	sign(data, len);
	assert_int_equal(unpack(&after, data, len), FLOWD_EINVAL);
}

static void
names_with_nul_are_refused(void **state)
{
	(void)state;
	send_options(IPFIX, 1);
	assert_text_refused("GigE0/0", 3, 0);
	assert_text_refused("link", 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_is_restored),
		TEST(an_empty_state_is_restored),
		TEST(data_without_template_are_decoded_after_a_restart),
		TEST(options_are_restored),
		TEST(samplers_keep_their_parts),
		TEST(sequences_continue_after_a_restart),
		TEST(old_numbers_are_no_gap),
		TEST(the_order_of_use_is_restored),
		TEST(large_states_are_packed),
		TEST(smaller_limits_are_enforced),
		TEST(other_files_are_refused),
		TEST(a_file_that_ends_early_is_refused),
		TEST(a_damaged_file_is_refused),
		TEST(a_signed_file_that_ends_early_is_refused),
		TEST(a_signed_file_with_extra_octets_is_refused),
		TEST(signed_damage_is_harmless),
		TEST(version_2_is_read),
		TEST(sessions_are_restored),
		TEST(doubts_are_restored),
		TEST(impossible_templates_are_refused),
		TEST(names_with_nul_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
