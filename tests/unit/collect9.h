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
 * A small collector for the tests of NetFlow v9 and IPFIX: it decodes, keeps
 * the flows, and counts as flowd does.  After each datagram it checks what must
 * always hold: the counters add up, the accounted memory is the memory in use,
 * and each flow can be stored and read back.
 *
 * Include cmocka.h and its requirements first.
 */
#ifndef COLLECT9_H
#define COLLECT9_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "decode/exporter-log.h"
#include "decode/exporter.h"
#include "decode/exporters.h"
#include "store.h"
#include "wire9.h"

#define COLLECT_FLOWS     1024 /* kept of one datagram */
#define COLLECT_RECV_SEC  (WIRE_EXPORT_SEC + 1)
#define COLLECT_RECV_USEC 250000U

struct collect {
	struct exporter_table *table;
	struct exporter *exporter; /* that sends the datagrams */
	struct exporter *stand_in; /* NULL: not used yet */
	uint32_t recv_sec;
	uint16_t port; /* of the following datagrams */
	bool aloud;    /* messages go to standard error */
	bool
	    unchecked; /* collect_check is left out: there are many exporters */
	size_t n;      /* flows of the last datagram */
	struct flow flows[COLLECT_FLOWS];
	struct sampling sampling[COLLECT_FLOWS]; /* of each */
};

struct collect_search {
	const struct exporter *for_what;
	bool found;
};

static inline void
collect_compare(void *arg, const struct exporter *e)
{
	struct collect_search *search = arg;

	search->found |= e == search->for_what;
}

/* Sets the exporter of the following datagrams. */
static inline struct exporter *
collect_from_addr(struct collect *c, const struct addr *addr, bool named)
{
	struct collect_search search = { .found = false };

	c->exporter = exporter_get(c->table, addr, c->recv_sec, named);
	assert_non_null(c->exporter);
	search.for_what = c->exporter;
	if (!c->unchecked)
		exporters_each(c->table, collect_compare, &search);
	if (!c->unchecked && !search.found)
		c->stand_in = c->exporter;
	return (c->exporter);
}

/* The same, with an IPv4 address by number. */
static inline struct exporter *
collect_from(struct collect *c, uint32_t number)
{
	uint8_t bytes[4];
	struct addr addr;

	be32_put(bytes, number);
	addr = addr_v4(bytes);
	return (collect_from_addr(c, &addr, false));
}

/* Starts without an exporter. limits may be NULL for the usual ones. */
static inline void
collect_open(struct collect *c, const struct exporter_limits *limits,
    uint32_t recv_sec)
{
	static const struct exporter_limits usual = {
		.exporters = 16,
		.templates = TEMPLATES_DEFAULT,
		.memory = MEMORY_DEFAULT,
	};

	memset(c, 0, sizeof(*c));
	c->table = exporters_new(limits != NULL ? limits : &usual);
	assert_non_null(c->table);
	c->recv_sec = recv_sec;
}

/* Starts with the exporter that sends datagrams. */
static inline void
collect_start(struct collect *c, const struct exporter_limits *limits)
{
	collect_open(c, limits, COLLECT_RECV_SEC);
	(void)collect_from(c, 0xc0000201);
}

/* The family of an address must match its bits in the mask. */
static inline void
collect_check_address(const struct flow *flow, const struct addr *a,
    uint32_t pair)
{
	assert_int_equal(flow->fields & pair, store_addr_bit(pair, a->family));
}

/* Whatever was received, the log must be able to store this flow. */
static inline void
collect_check_flow(const struct flow *flow)
{
	uint8_t first[STORE_RECORD_MAX], second[STORE_RECORD_MAX];
	struct flow back;
	size_t len, len2;

	assert_true(flow->flow_finish <= flow->sys_uptime_ms);
	/* Older versions may have any number in the exporter's nanoseconds. */
	assert_true(
	    flow->netflow_version < 9 || flow->time_nanosec < 1000000000);
	collect_check_address(flow, &flow->agent, STORE_FIELD_AGENT_ADDR);
	collect_check_address(flow, &flow->src, STORE_FIELD_SRC_ADDR);
	collect_check_address(flow, &flow->dst, STORE_FIELD_DST_ADDR);
	collect_check_address(flow, &flow->gateway, STORE_FIELD_GATEWAY_ADDR);
	assert_int_equal(
	    store_encode(flow, STORE_FIELD_ALL, first, sizeof(first), &len), 0);
	assert_int_equal(store_decode(first, len, &back, &len2), 0);
	assert_int_equal(len, len2);
	assert_int_equal(back.fields, flow->fields | STORE_FIELD_CRC32);
	assert_int_equal(
	    store_encode(&back, STORE_FIELD_ALL, second, sizeof(second), &len2),
	    0);
	assert_int_equal(len, len2);
	assert_memory_equal(first, second, len);
}

static inline void
collect_take(struct flow_sink *sink)
{
	struct collect *c = sink->arg;
	size_t i;

	for (i = 0; i < sink->n; i++) {
		collect_check_flow(&sink->flows[i]);
		if (c->n < COLLECT_FLOWS) {
			c->flows[c->n] = sink->flows[i];
			c->sampling[c->n] = sink->sampling[i];
		}
		c->n++;
	}
	c->exporter->counters.flows += sink->n;
	sink->n = 0;
}

/* Returns the bytes that the exporter's state uses; checks its lists too. */
static inline size_t
collect_memory_of(const struct exporter *e)
{
	const struct held_datagram *last = NULL;
	const struct held_set *set;
	const struct tmpl *t;
	struct recent *r;
	size_t bytes = 0, held = 0, sets = 0, datagrams = 0, n = 0;

	for (t = templates_oldest(&e->templates); t != NULL;
	     t = templates_newer(&e->templates, t)) {
		bytes += t->size;
		n++;
	}
	assert_int_equal(n, e->templates.count);
	assert_true(n <= e->shared->templates_max);
	bytes += buckets_bytes(&e->templates.buckets);
	bytes += options_memory(&e->options);
	bytes += e->sessions.room * sizeof(*e->sessions.at);
	for (r = e->held.sets.oldest; r != NULL; r = r->newer) {
		set = held_set_of(r, HELD_OF_EXPORTER);
		held += sizeof(*set) + set->len;
		sets++;
		/* The sets of one datagram are adjacent. */
		datagrams += set->datagram != last;
		last = set->datagram;
	}
	assert_int_equal(sets, e->held.count);
	assert_int_equal(held, e->held.bytes);
	assert_int_equal(datagrams, e->counters.held);
	assert_true(sets <= HELD_SETS_EXPORTER);
	assert_true(held <= HELD_BYTES_EXPORTER);
	return (bytes + held + datagrams * sizeof(struct held_datagram));
}

/* The sums of all exporters. */
struct collect_sums {
	size_t memory, sets; /* bytes; held sets */
};

static inline void
collect_add(void *arg, const struct exporter *e)
{
	struct collect_sums *sums = arg;

	sums->memory += collect_memory_of(e);
	sums->sets += e->held.count;
}

static inline void
collect_check(const struct collect *c)
{
	const struct exporters_shared *shared = exporters_shared(c->table);
	struct collect_sums sums = { 0, 0 };
	struct counters sum;

	exporters_each(c->table, collect_add, &sums);
	if (c->stand_in != NULL)
		collect_add(&sums, c->stand_in);
	assert_int_equal(sums.memory, shared->memory.used);
	assert_true(shared->memory.used <= shared->memory.limit);
	assert_int_equal(sums.sets, shared->held.count);
	assert_true(sums.sets <= HELD_SETS_MAX);
	exporters_sum(c->table, &sum);
	assert_int_equal(sum.datagrams,
	    sum.decoded + sum.invalid + sum.unsupported + sum.held +
		sum.no_template);
}

static inline void
collect_count(struct counters *count, enum decoded r)
{
	count->datagrams++;
	count->decoded += r == DECODED;
	count->invalid += r == DECODE_INVALID;
	count->unsupported += r == DECODE_UNSUPPORTED;
	count->no_template += r == DECODE_NO_TEMPLATE;
}

/*
 * Decodes from an allocation of exactly len bytes, so that a sanitizer sees
 * reads beyond it, into a sink that is too small for most datagrams.
 */
static inline enum decoded
collect_datagram(struct collect *c, const void *data, size_t len)
{
	struct flow flows[3];
	struct sampling sampling[3];
	struct flow_sink sink = {
		.flows = flows,
		.sampling = sampling,
		.max = 3,
		.flush = collect_take,
		.arg = c,
		/* Many tests have only the element that they are about. */
		.keep_empty = true,
	};
	struct datagram dgram = {
		.len = len,
		.recv_sec = c->recv_sec,
		.recv_usec = COLLECT_RECV_USEC,
		.port = c->port,
	};
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	enum decoded r;
	size_t i;

	assert_non_null(copy);
	/* The decoder sets all of them. */
	memset(sampling, 0xa5, sizeof(sampling));
	memcpy(copy, data, len);
	dgram.data = len == 0 ? copy + 1 : copy;
	/* Suppresses messages: they seem to have been logged just now. */
	for (i = 0; i < EXPORTER_CAUSES && !c->aloud; i++)
		exporter_log_limit(c->exporter, i)->last = c->recv_sec;
	if (!c->aloud)
		c->exporter->shared->memory_full = (struct log_state){
			.limit.last = c->recv_sec,
		};
	c->n = 0;
	r = netflow_decode(&dgram, c->exporter, &sink);
	collect_take(&sink);
	free(copy);
	collect_count(&c->exporter->counters, r);
	if (!c->unchecked)
		collect_check(c);
	return (r);
}

static inline enum decoded
collect_wire(struct collect *c, struct wire *w)
{
	return (collect_datagram(c, w->buf, wire_end(w)));
}

static inline void
collect_clear(struct exporter *e)
{
	held_drop_all(&e->held);
	templates_free(&e->templates, &e->memory);
	options_free(&e->options, &e->memory);
	sessions_free(&e->sessions, &e->memory);
}

struct collect_list {
	struct addr addrs[65536];
	size_t n;
};

static inline void
collect_list(void *arg, const struct exporter *e)
{
	struct collect_list *list = arg;

	assert_true(list->n < sizeof(list->addrs) / sizeof(list->addrs[0]));
	list->addrs[list->n++] = e->addr;
}

/* All memory that was counted as used must be freed. */
static inline void
collect_stop(struct collect *c)
{
	const struct exporters_shared *shared = exporters_shared(c->table);
	static struct collect_list list;
	struct exporter *e;
	size_t i;

	list.n = 0;
	exporters_each(c->table, collect_list, &list);
	for (i = 0; i < list.n; i++) {
		e = exporter_get(c->table, &list.addrs[i], c->recv_sec, false);
		assert_non_null(e);
		collect_clear(e);
	}
	if (c->stand_in != NULL)
		collect_clear(c->stand_in);
	assert_int_equal(shared->memory.used, 0);
	assert_int_equal(shared->held.count, 0);
	assert_null(shared->held.all.newest);
	assert_null(shared->held.all.oldest);
	exporters_free(c->table);
}

#endif
