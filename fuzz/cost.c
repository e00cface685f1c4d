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
 * Searches for datagrams that cost more than their octets justify.
 *
 * An input is a byte that chooses limits, and then bursts: a byte of HOW_*, a
 * byte with the binary logarithm of the number of repetitions, an offset, u16,
 * the length, u16, and the octets of a datagram.  What HOW_* names, and the
 * number of 16 bits at the offset, grows by one with each repetition, so that a
 * short input fills tables.
 *
 * The cost is the number of executed basic blocks, and of blocks of memory that
 * were copied or compared.  It is counted where the compiler calls
 * __sanitizer_cov_trace_pc; fuzz/run compiles this target so.  The fuzzer keeps
 * an input that has a more expensive datagram than any input before.  The most
 * expensive input is written to the file that FUZZ_WORST names.
 */
#include "compat/compat.h"

#include "decode/decode.h"
#include "decode/exporters.h"
#include "fuzz.h"
#include "fuzz/steps.h"
#include "lib/cursor.h"
#include "store.h"

#define HOW_ADDRESS 0x01
#define HOW_PORT    0x02
#define HOW_NUMBER  0x04 /* at the offset */
#define HOW_SECOND  0x08 /* each is received a second later */
#define HOW_NAMED   0x10 /* from an address of a flow source */
#define HOW_OTHER   0x20 /* from another address */
#define HOW_IDLE    0x40 /* after EXPORTER_IDLE */

#define REPEAT_LOG_MAX 13
#define DATAGRAMS_MAX  20000
#define OCTETS_MAX     (4U << 20) /* of all datagrams of an input */
#define SHORT_DATAGRAM 100        /* shorter ones count as this */
#define START          1700000000U
#define FIRST_PORT     5000
#define SINK_FLOWS     64 /* as in flowd */

static const struct exporter_limits limits[] = {
	{ .exporters = 65536, .templates = 4096, .memory = 64 << 20 },
	{ .exporters = 65536, .templates = 65536, .memory = 64 << 20 },
	{ .exporters = 300, .templates = 64, .memory = 1 << 20 },
};
#define NLIMITS (sizeof(limits) / sizeof(limits[0]))

/* Features of libFuzzer: the cost in steps of an eighth of its logarithm. */
#define COSTS 256
#ifdef FUZZ_STEPS
#define EXTRA __attribute__((section("__libfuzzer_extra_counters")))
#else
#define EXTRA
#endif
EXTRA static uint8_t costs[COSTS];

struct sender {
	struct exporter_table *exporters;
	struct flow_sink sink;
	struct flow flows[SINK_FLOWS];
	uint32_t now;
	uint32_t octets;
	size_t datagrams;
	double worst; /* steps per octet */
};

/* A part of the input. */
struct burst {
	uint8_t how, repeat;
	uint16_t offset;
	uint8_t *octets;
	size_t len;
};

static void
encode(struct flow_sink *sink)
{
	static uint8_t out[SINK_FLOWS * STORE_RECORD_MAX];
	size_t lens[SINK_FLOWS];

	(void)store_encode_many(sink->flows, sink->n, STORE_FIELD_ALL, out,
	    lens);
	sink->n = 0;
}

static void
start(struct sender *s, size_t which)
{
	s->exporters = exporters_new(&limits[which]);
	assert_non_null(s->exporters);
	s->sink = (struct flow_sink){
		.flows = s->flows,
		.max = SINK_FLOWS,
		.flush = encode,
	};
	s->now = START;
	s->octets = 0;
	s->datagrams = 0;
	s->worst = 0;
}

static uint64_t
deliver(struct sender *s, const struct burst *burst, uint32_t i)
{
	const uint32_t base = (burst->how & HOW_NAMED) != 0 ? 0xc0000201 :
	    (burst->how & HOW_OTHER) != 0                   ? 0x0a000000 :
							      0x7f000001;
	struct datagram d = {
		.data = burst->octets,
		.len = burst->len,
		.recv_sec = s->now,
		.port = (uint16_t)(FIRST_PORT +
		    ((burst->how & HOW_PORT) != 0 ? i : 0)),
	};
	const uint64_t before = steps;
	struct exporter *e;
	struct addr addr;
	uint8_t from[4];

	be32_put(from, base + ((burst->how & HOW_ADDRESS) != 0 ? i : 0));
	addr = addr_v4(from);
	e = exporter_get(s->exporters, &addr, s->now,
	    (burst->how & HOW_NAMED) != 0);
	assert_non_null(e);
	(void)netflow_decode(&d, e, &s->sink);
	encode(&s->sink);
	return (steps - before);
}

static void
vary(const struct burst *burst)
{
	uint8_t *at = burst->octets + burst->offset;

	if ((burst->how & HOW_NUMBER) != 0 && burst->len >= 2 &&
	    burst->offset <= burst->len - 2)
		be16_put(at, (uint16_t)((at[0] << 8 | at[1]) + 1));
}

static void
run(struct sender *s, const struct burst *burst)
{
	const uint32_t n = UINT32_C(1) << burst->repeat % (REPEAT_LOG_MAX + 1);
	double cost;
	uint32_t i;

	if ((burst->how & HOW_IDLE) != 0)
		s->now += EXPORTER_IDLE;
	for (i = 0; i < n; i++) {
		if (s->datagrams++ >= DATAGRAMS_MAX ||
		    (s->octets += (uint32_t)burst->len) > OCTETS_MAX)
			return;
		s->now += (burst->how & HOW_SECOND) != 0;
		cost = (double)deliver(s, burst, i) /
		    (burst->len < SHORT_DATAGRAM ? SHORT_DATAGRAM :
						   (double)burst->len);
		if (cost > s->worst)
			s->worst = cost;
		vary(burst);
	}
}

/* Tells libFuzzer the cost: every smaller one is a feature, too. */
static void
tell(double cost)
{
	size_t i = 0;

	while (i < COSTS && cost > 1) {
		costs[i++] = 1;
		cost /= 1.09;
	}
}

/* Keeps the most expensive input of this process. */
static void
keep(const uint8_t *data, size_t size, double cost)
{
	static double worst;
	const char *path = getenv("FUZZ_WORST");
	FILE *fp;

	if (path == NULL || cost <= worst)
		return;
	worst = cost;
	if ((fp = fopen(path, "w")) == NULL)
		return;
	(void)fwrite(data, 1, size, fp);
	(void)fclose(fp);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in;
	static struct sender s;
	struct burst burst;
	uint8_t which;
	uint16_t len;

	cur_init(&in, data, size);
	(void)cur_u8(&in, &which);
	start(&s, which % NLIMITS);
	while (cur_u8(&in, &burst.how) == 0 &&
	    cur_u8(&in, &burst.repeat) == 0 &&
	    cur_u16(&in, &burst.offset) == 0 && cur_u16(&in, &len) == 0) {
		burst.len = len > cur_left(&in) ? cur_left(&in) : len;
		burst.octets = malloc(burst.len + 1);
		assert_non_null(burst.octets);
		(void)cur_bytes(&in, burst.octets, burst.len);
		run(&s, &burst);
		free(burst.octets);
	}
	tell(s.worst);
	keep(data, size, s.worst);
	exporters_free(s.exporters);
	return (0);
}
