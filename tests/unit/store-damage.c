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
 * Random damage to logs whose records all have checksums, plain and compressed:
 * recovery returns no flow that was not written, and from plain logs all flows
 * whose records are intact.
 *
 * FLOWD_TEST_LONG=1 tries a hundred times as many logs.  FLOWD_TEST_SEED is the
 * seed of the first log; the next log has the next seed.
 */

#include "compat/compat.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <zlib.h>

#include "lib/cursor.h"
#include "lib/fields.h"
#include "store.h"

#define LOGS      300
#define LOGS_LONG 30000

#define BYTES_MAX (4 * 1024 * 1024) /* of one log */
#define SLOTS     (1U << 17)        /* of the table of records */
#define CHECKED   FIELDS_KNOWN
#define HALF      40 /* bytes; a record is longer */
#define PLAIN     (FIELDS_KNOWN & ~STORE_FIELD_CRC32)

struct bytes {
	uint8_t data[BYTES_MAX];
	size_t len;
};

/* The log before and after compression, and another log. */
static struct bytes plain, packed, other, scratch;

/* The records of logs with checksums, by their checksums. */
static struct record {
	size_t len;
	uint8_t data[STORE_RECORD_MAX];
} * slots[SLOTS];

static struct totals {
	uint64_t logs, returned, invented, intact, lost;
} totals;

static uint64_t state;

/* Xorshift, which is the same on every system. */
static uint32_t
below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((uint32_t)((state >> 32) % n));
}

static bool
one_in(uint32_t n)
{
	return (below(n) == 0);
}

/* Returns the slot of a record, which is empty if it was not written. */
static struct record **
slot_of(const uint8_t *data, size_t len)
{
	uint32_t i = be32(data + len - 4) % SLOTS;

	while (slots[i] != NULL &&
	    (slots[i]->len != len || memcmp(slots[i]->data, data, len) != 0))
		i = (i + 1) % SLOTS;
	return (&slots[i]);
}

static void
remember(const uint8_t *data, size_t len)
{
	struct record **slot = slot_of(data, len);

	if (*slot != NULL)
		return;
	*slot = malloc(sizeof(**slot));
	assert_non_null(*slot);
	(*slot)->len = len;
	memcpy((*slot)->data, data, len);
}

static void
forget_all(void)
{
	size_t i;

	for (i = 0; i < SLOTS; i++)
		free(slots[i]);
	memset(slots, 0, sizeof(slots));
}

/* An address whose bytes look like a header, or like a whole record. */
static void
set_hostile(struct flow *flow)
{
	struct flow inner;
	uint8_t buf[32];
	size_t len;

	memset(&inner, 0, sizeof(inner));
	memset(buf, 0, sizeof(buf));
	inner.fields = one_in(2) ? STORE_FIELD_OCTETS : 0;
	inner.octets = below(1000);
	assert_int_equal(store_encode(&inner, one_in(4) ? PLAIN : CHECKED, buf,
			     sizeof(buf), &len),
	    0);
	flow->src.family = flow->dst.family = ADDR_V6;
	memcpy(flow->src.bytes, buf, 16);
	memcpy(flow->dst.bytes, buf + 16, 16);
}

static void
set_addr(struct addr *addr, bool six)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = six ? ADDR_V6 : ADDR_V4;
	addr->bytes[0] = six ? 0x20 : 192;
	addr->bytes[1] = six ? 1 : 0;
	addr->bytes[six ? 15 : 3] = (uint8_t)below(100);
}

static void
make_flow(struct flow *flow, uint32_t n)
{
	const bool six = one_in(5);

	memset(flow, 0, sizeof(*flow));
	set_addr(&flow->agent, false);
	set_addr(&flow->src, six);
	set_addr(&flow->dst, six);
	if (one_in(50))
		set_hostile(flow);
	flow->recv_sec = 1700000000 + n;
	flow->recv_usec = n * 16 % 1000000;
	flow->protocol = 6;
	flow->tcp_flags = 27;
	flow->src_port = (uint16_t)below(65536);
	flow->dst_port = 443;
	flow->packets = 0x6000 + below(40);
	flow->octets = below(100000);
	flow->sys_uptime_ms = n * 100;
	flow->time_sec = 1700000000 + n;
	flow->flow_start = n * 100;
	flow->flow_finish = n * 100 + 5;
	flow->netflow_version = 9;
	flow->fields = STORE_FIELD_RECV_TIME | STORE_FIELD_PROTO_FLAGS_TOS |
	    STORE_FIELD_SRCDST_PORT | STORE_FIELD_AGENT_ADDR4 |
	    store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family) |
	    STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES;
	if (!one_in(10))
		flow->fields |= STORE_FIELD_PACKETS | STORE_FIELD_OCTETS;
	if (one_in(4))
		flow->fields |= STORE_FIELD_TAG | STORE_FIELD_AS_INFO;
}

static void
make_log(struct bytes *b, uint32_t nflows, uint32_t mask)
{
	const uint32_t first = below(100000);
	struct flow flow;
	uint32_t i;
	size_t len;

	b->len = 0;
	for (i = 0; i < nflows; i++) {
		make_flow(&flow, first + i);
		assert_int_equal(store_encode(&flow, mask, b->data + b->len,
				     sizeof(b->data) - b->len, &len),
		    0);
		if (mask == CHECKED)
			remember(b->data + b->len, len);
		b->len += len;
	}
}

static uint32_t
some_flows(void)
{
	static const uint32_t counts[] = { 1, 5, 60, 60, 300, 300, 300, 1500 };

	return (one_in(60) ? 9000 : 1 + below(counts[below(8)]));
}

static void
insert(struct bytes *b, size_t at, const uint8_t *data, size_t len)
{
	memmove(b->data + at + len, b->data + at, b->len - at);
	memcpy(b->data + at, data, len);
	b->len += len;
}

static void
overwrite(struct bytes *b, size_t at, const uint8_t *data, size_t len)
{
	if (len > b->len - at)
		len = b->len - at;
	memcpy(b->data + at, data, len);
}

static void
cut(struct bytes *b, size_t at, size_t len)
{
	if (len > b->len - at)
		len = b->len - at;
	b->len -= len;
	memmove(b->data + at, b->data + at + len, b->len - at);
}

/* A stretch of b, which may be all of it. */
static void
choose(const struct bytes *b, size_t *at, size_t *len)
{
	static const size_t lengths[] = { 1, 4, 300, 3000, 4096, 65536 };

	*at = one_in(10) ? 0 : below(b->len);
	*len = 1 + below(lengths[below(6)]);
	if (one_in(4))
		*len = 4096;
	if (one_in(8)) /* as of a block device */
		*at &= ~(size_t)511;
	if (*len > b->len - *at)
		*len = b->len - *at;
}

/* Returns the offset of the last record that begins before the end at to. */
static size_t
last_record(const struct bytes *b, size_t to)
{
	size_t i, len;

	for (i = 0;; i += len) {
		assert_int_equal(
		    store_check_header(b->data + i, b->len - i, &len), 0);
		if (len >= to - i)
			return (i);
	}
}

/*
 * Returns a stretch of another log.  If it has no checksums, it ends inside a
 * header: whole records of such a log and then whole records of this one would
 * be a sound log of both.
 */
static const uint8_t *
choose_other(bool checked, size_t *len)
{
	const uint32_t mask = checked || one_in(2) ? CHECKED : PLAIN;
	size_t at, last;

	make_log(&other, some_flows(), mask);
	choose(&other, &at, len);
	if (one_in(3)) /* from the first record on */
		at = 0;
	if (mask == PLAIN) {
		last = last_record(&other, at + *len) + 5;
		if (last > at && last < at + *len)
			*len = last - at;
	}
	return (other.data + at);
}

/* Random bytes, zeros, or a stretch of another log. */
static const uint8_t *
choose_bytes(bool checked, size_t *len)
{
	size_t i;

	if (one_in(3))
		return (choose_other(checked, len));
	memset(scratch.data, 0, *len);
	if (one_in(3))
		return (scratch.data);
	for (i = 0; i < *len; i++)
		scratch.data[i] = (uint8_t)below(256);
	return (scratch.data);
}

/* checked: bytes of other logs have checksums. */
static void
damage_once(struct bytes *b, bool checked)
{
	const uint8_t *data;
	size_t at, len;

	if (b->len == 0)
		return;
	choose(b, &at, &len);
	switch (below(8)) {
	case 0:
	case 1:
		b->data[at] ^= (uint8_t)(1 << below(8));
		break;
	case 2:
		cut(b, at, len);
		break;
	case 3: /* it ends there */
		b->len = at;
		break;
	case 4: /* the stretch is doubled, or a copy replaces another */
		memcpy(scratch.data, b->data + at, len);
		if (one_in(2))
			insert(b, at, scratch.data, len);
		else
			overwrite(b, below(b->len), scratch.data, len);
		break;
	case 5:
	case 6:
		data = choose_bytes(checked, &len);
		overwrite(b, at, data, len);
		break;
	default:
		data = choose_bytes(checked, &len);
		insert(b, at, data, len);
		break;
	}
}

static void
damage(struct bytes *b, bool checked)
{
	uint32_t n = 1 + below(one_in(3) ? 6 : 2);

	/* No later damage makes the end of a stretch the end of a record. */
	while (n-- > 0)
		damage_once(b, n > 0 || checked);
}

/* Appends a member that has the len bytes at data. */
static void
compress_member(struct bytes *b, const uint8_t *data, size_t len)
{
	z_stream z;

	memset(&z, 0, sizeof(z));
	assert_int_equal(deflateInit2(&z, 1 + (int)below(9), Z_DEFLATED,
			     16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)data;
	z.avail_in = (unsigned int)len;
	z.next_out = b->data + b->len;
	z.avail_out = (unsigned int)(sizeof(b->data) - b->len);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b->len = sizeof(b->data) - z.avail_out;
	assert_int_equal(deflateEnd(&z), Z_OK);
}

/*
 * Compresses plain to packed in members of part bytes, some of which are
 * missing or doubled.
 */
static void
compress_members(size_t part)
{
	size_t at, before;

	packed.len = 0;
	if (part < plain.len / 100)
		part = plain.len / 100 + 1;
	for (at = 0; at < plain.len; at += part) {
		before = packed.len;
		compress_member(&packed, plain.data + at,
		    part < plain.len - at ? part : plain.len - at);
		if (one_in(20))
			packed.len = before;
		else if (one_in(20))
			insert(&packed, packed.len, packed.data + before,
			    packed.len - before);
	}
}

static void
ignore(void *arg, int error, uint64_t offset, uint64_t len)
{
	(void)arg;
	(void)error;
	(void)offset;
	(void)len;
}

static bool
was_written(const struct flow *flow)
{
	uint8_t buf[STORE_RECORD_MAX];
	size_t len;

	if ((flow->fields & STORE_FIELD_CRC32) == 0)
		return (false);
	assert_int_equal(store_encode(flow, CHECKED, buf, sizeof(buf), &len),
	    0);
	return (*slot_of(buf, len) != NULL);
}

/* Returns whether an intact record that was written is at this place. */
static bool
is_intact(const struct bytes *b, size_t at, size_t *len)
{
	struct flow flow;

	return (store_decode(b->data + at, b->len - at, &flow, len) == 0 &&
	    was_written(&flow));
}

/*
 * Returns whether the record is inside a record that is damaged, but has an
 * intact header and the next record behind it.
 */
static bool
is_enclosed(const struct bytes *b, size_t at, size_t len)
{
	size_t i = at > STORE_RECORD_MAX ? at - STORE_RECORD_MAX : 0, outer, n;

	for (; i < at; i++) {
		if (store_check_header(b->data + i, b->len - i, &outer) == 0 &&
		    i + outer > at + len && i + outer <= b->len &&
		    (be32(b->data + i + 4) & STORE_FIELD_CRC32) != 0 &&
		    (i + outer == b->len || is_intact(b, i + outer, &n)))
			return (true);
	}
	return (false);
}

/* Returns the offset of the next intact record from at on. */
static size_t
next_intact(const struct bytes *b, size_t at, size_t *len)
{
	for (; at < b->len; at++) {
		if (is_intact(b, at, len))
			return (at);
	}
	return (b->len);
}

/* Where the check of a log has come to. */
struct place {
	uint64_t seed;
	const struct bytes *b; /* NULL: compressed */
	size_t at, len;        /* the next intact record */
};

/* Moves to the next intact record from at on. */
static void
move_to(struct place *p, size_t at)
{
	p->at = next_intact(p->b, at, &p->len);
}

/* The intact records before this offset must have been returned. */
static void
count_lost(struct place *p, size_t before)
{
	for (; p->at < before; move_to(p, p->at + p->len)) {
		totals.intact++;
		if (is_enclosed(p->b, p->at, p->len))
			continue;
		totals.lost++;
		print_message("seed %" PRIu64 ": lost at %zu\n", p->seed,
		    p->at);
	}
}

static void
check_flow(struct place *p, const struct flow *flow, uint64_t offset)
{
	totals.returned++;
	if (!was_written(flow)) {
		totals.invented++;
		print_message("seed %" PRIu64 ": invented at %" PRIu64 "\n",
		    p->seed, offset);
	}
	if (p->b == NULL)
		return;
	count_lost(p, (size_t)offset);
	if (p->at != offset)
		return;
	totals.intact++;
	move_to(p, p->at + p->len);
}

static void
check(const struct bytes *b, bool compressed, uint64_t seed)
{
	struct place p = { .seed = seed, .b = compressed ? NULL : b };
	struct store_reader *reader;
	struct flow flow;
	int error;

	assert_int_equal(store_reader_memopen(b->data, b->len, &reader), 0);
	assert_int_equal(store_reader_recover(reader, ignore, NULL), 0);
	if (!compressed)
		move_to(&p, 0);
	while ((error = store_read(reader, &flow)) == 0)
		check_flow(&p, &flow, store_reader_offset(reader));
	if (!compressed)
		count_lost(&p, b->len);
	/* Bytes at the beginning may look like another format. */
	assert_true(error == FLOWD_EEOF || error == FLOWD_ELEGACY);
	store_reader_close(reader);
	totals.logs++;
}

/* Damages a log, its compressed form, or both.  Returns the result. */
static const struct bytes *
damage_log(void)
{
	const uint32_t kind = below(8);

	if (kind < 4 || kind > 6)
		damage(&plain, kind == 7);
	if (kind < 3)
		return (&plain);
	packed.len = 0;
	if (kind == 3)
		compress_member(&packed, plain.data, plain.len);
	else if (kind == 4)
		compress_members(plain.len);
	else
		compress_members(1 + below(plain.len + 1));
	if (kind > 3)
		damage(&packed, true);
	return (&packed);
}

static void
try_seed(uint64_t seed)
{
	const struct bytes *b;
	size_t len;

	state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	(void)below(2);
	make_log(&plain, some_flows(), CHECKED);
	b = damage_log();
	/* Without any of its records it is no log with checksums. */
	if (next_intact(&plain, 0, &len) < plain.len)
		check(b, b->len > 1 && b->data[0] == 0x1f, seed);
	forget_all();
}

static void
no_flow_is_invented(void **cmocka_state)
{
	const char *text = getenv("FLOWD_TEST_SEED");
	const uint64_t first = text != NULL ? strtoull(text, NULL, 10) :
					      (uint64_t)time(NULL) % 1000000;
	const uint64_t n = getenv("FLOWD_TEST_LONG") != NULL ? LOGS_LONG : LOGS;
	uint64_t i;

	(void)cmocka_state;
	for (i = 0; i < n; i++)
		try_seed(first + i);
	print_message("FLOWD_TEST_SEED=%" PRIu64 ": %" PRIu64
		      " damaged logs, %" PRIu64 " flows returned, %" PRIu64
		      " invented; %" PRIu64 " intact in plain logs, %" PRIu64
		      " lost\n",
	    first, totals.logs, totals.returned, totals.invented, totals.intact,
	    totals.lost);
	assert_int_equal(totals.invented, 0);
	assert_int_equal(totals.lost, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_flow_is_invented),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
