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
 * The cost of decoding and encoding a flow, without sockets, filter and log.
 * With a version and a number of flows, only these are decoded, for programs
 * that count instructions.
 */
#include "compat/compat.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "decode/decode.h"
#include "decode/exporter.h"
#include "decode/exporters.h"
#include "lib/cursor.h"
#include "netflow.h"
#include "send/flow-generate.h"
#include "store.h"

#define RING         256 /* datagrams */
#define DATAGRAM_MAX 4096
#define SINK_FLOWS   64                  /* as in flowd */
#define FLOWS        (UINT32_C(3) << 20) /* in a round */
#define ROUNDS       7

struct bench {
	struct exporter_table *exporters;
	uint16_t version;
	struct datagram templates; /* empty: none */
	struct datagram ring[RING];
	size_t per_datagram; /* flows */
	uint8_t buffers[RING + 1][DATAGRAM_MAX];
};

static void
encode(struct flow_sink *sink)
{
	static uint8_t out[1 << 18];
	static size_t at;
	size_t lens[SINK_FLOWS];

	if (sizeof(out) - at < SINK_FLOWS * STORE_RECORD_MAX)
		at = 0;
	at += store_encode_many(sink->flows, sink->n, STORE_FIELD_ALL, out + at,
	    lens);
	sink->n = 0;
}

static size_t
number(const char *text)
{
	const char *error;
	long long n = strtonum(text, 1, UINT32_MAX, &error);

	if (error != NULL)
		errx(1, "%s is %s", text, error);
	return ((size_t)n);
}

static void
prepare(struct bench *b, uint16_t version, bool ipv6)
{
	struct generator gen = {
		.version = version,
		.ipv6 = ipv6,
		.template_id = NF_SET_DATA_MIN,
		.sys_uptime_ms = 86400000,
		.time_sec = 1700000000,
	};
	const struct exporter_limits limits = {
		.exporters = 16,
		.templates = 16,
		.memory = 1 << 20,
	};
	struct flow flows[SINK_FLOWS];
	struct datagram *d;
	size_t i, k;

	b->version = version;
	if ((b->exporters = exporters_new(&limits)) == NULL)
		err(1, NULL);
	b->per_datagram = generate_usual(&gen);
	if (b->per_datagram == 0 || b->per_datagram > SINK_FLOWS)
		errx(1, "version %u", version);
	b->templates.data = b->buffers[RING];
	if (generate_templates(&gen, 1, b->buffers[RING], DATAGRAM_MAX,
		&b->templates.len) != 0)
		b->templates.len = 0;
	for (i = 0; i < RING; i++) {
		for (k = 0; k < b->per_datagram; k++)
			generate_flow(&gen, &flows[k]);
		d = &b->ring[i];
		d->data = b->buffers[i];
		if (generate_datagram(&gen, flows, k, b->buffers[i],
			DATAGRAM_MAX, &d->len) != 0)
			errx(1, "version %u", version);
	}
}

/* Numbers continue in each turn of the ring, as an exporter's do. */
static void
set_number(struct bench *b, size_t i, uint32_t number)
{
	const size_t offset = b->version == NF_VERSION_IPFIX ? 8 :
	    b->version == NF_VERSION_9                       ? 12 :
							       NF_HEADER_SEQUENCE;

	if (b->version != NF_VERSION_1)
		be32_put(b->buffers[i % RING] + offset, number);
}

static void
run(struct bench *b, size_t flows)
{
	const uint32_t step =
	    b->version == NF_VERSION_9 ? 1 : (uint32_t)b->per_datagram;
	const struct addr addr = addr_v4((const uint8_t[]){ 192, 0, 2, 1 });
	struct flow array[SINK_FLOWS];
	struct flow_sink sink = {
		.flows = array,
		.max = SINK_FLOWS,
		.flush = encode,
	};
	struct exporter *e;
	size_t i;

	if ((e = exporter_get(b->exporters, &addr, 0, false)) == NULL ||
	    (b->templates.len != 0 &&
		netflow_decode(&b->templates, e, &sink) != DECODED))
		errx(1, "templates");
	for (i = 0; i < flows / b->per_datagram; i++) {
		set_number(b, i, (uint32_t)i * step);
		if (netflow_decode(&b->ring[i % RING], e, &sink) != DECODED)
			errx(1, "datagram");
		encode(&sink);
	}
}

static double
cpu_seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
measure(const char *name, uint16_t version, bool ipv6)
{
	static struct bench b;
	double best = 0, spent;
	int i;

	memset(&b, 0, sizeof(b));
	prepare(&b, version, ipv6);
	for (i = 0; i < ROUNDS; i++) {
		spent = cpu_seconds();
		run(&b, FLOWS);
		spent = cpu_seconds() - spent;
		if (i == 0 || spent < best)
			best = spent;
	}
	(void)printf("%-12s %5.1f ns/flow\n", name, best * 1e9 / FLOWS);
	exporters_free(b.exporters);
}

int
main(int argc, char **argv)
{
	static struct bench b;

	if (argc == 3) {
		prepare(&b, (uint16_t)number(argv[1]), false);
		run(&b, number(argv[2]));
		exporters_free(b.exporters);
		return (0);
	}
	measure("v5", NF_VERSION_5, false);
	measure("v9", NF_VERSION_9, false);
	measure("v9, IPv6", NF_VERSION_9, true);
	measure("IPFIX", NF_VERSION_IPFIX, false);
	measure("IPFIX, IPv6", NF_VERSION_IPFIX, true);
	return (0);
}
