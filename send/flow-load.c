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

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "netflow.h"
#include "send/flow-load.h"
#include "send/flow-pcap.h"

#define RING_FLOWS 65536 /* prepared, for runs longer than that */

/*
 * The analyzer of gcc 12 reports memory that is stored in a load as leaked,
 * because it cannot follow the load through the void pointer of a callback.
 * Other ways to write these two functions were tried; it reports them, too.
 */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
/* Returns a copy of data. */
static void
packet_set(struct packet *p, const uint8_t *data, size_t len)
{
	/* A datagram may be empty, and malloc(0) may return NULL. */
	if ((p->data = malloc(len + 1)) == NULL)
		err(1, NULL);
	memcpy(p->data, data, len);
	p->len = len;
}

static void
load_add(struct load *load, const uint8_t *data, size_t len, size_t flows,
    size_t exporter)
{
	struct packet *p;
	size_t n;

	if (load->n == load->allocated) {
		n = load->allocated == 0 ? 64 : load->allocated * 2;
		p = reallocarray(load->packets, n, sizeof(*p));
		if (p == NULL)
			err(1, NULL);
		load->packets = p;
		load->allocated = n;
	}
	p = &load->packets[load->n++];
	packet_set(p, data, len);
	p->flows = (uint32_t)flows;
	p->exporter = exporter;
}
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#pragma GCC diagnostic pop
#endif

/* Appends a datagram of these flows, which agree with its generator. */
static void
load_add_flows(struct load *load, struct generator *gen,
    const struct flow *flows, size_t n, size_t exporter)
{
	static uint8_t buf[NF_DATAGRAM_MAX];
	size_t len;
	int r;

	r = generate_datagram(gen, flows, n, buf, sizeof(buf), &len);
	if (r != 0)
		errx(1, "version %u with %zu flows: %s", gen->version, n,
		    flowd_strerror(r));
	load_add(load, buf, len, n, exporter);
}

static void
load_add_generated(struct load *load, struct generator *gen, struct flow *flows,
    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		generate_flow(gen, &flows[i]);
	load_add_flows(load, gen, flows, n, 0);
}

static void
load_add_templates(struct load *load, struct generator gen, size_t n)
{
	static uint8_t buf[NF_DATAGRAM_MAX];
	size_t len;
	int r;

	if (!generate_has_templates(gen.version))
		return;
	r = generate_templates(&gen, n, buf, sizeof(buf), &len);
	if (r != 0)
		errx(1, "%zu templates: %s", n, flowd_strerror(r));
	packet_set(&load->templates, buf, len);
	load->ntemplates = n;
}

void
load_generated(struct load *load, const struct generator *start,
    uint64_t nflows, size_t per, size_t ntemplates)
{
	struct generator gen = *start;
	uint64_t ring = RING_FLOWS / per;
	struct flow *flows;

	if ((flows = reallocarray(NULL, per, sizeof(*flows))) == NULL)
		err(1, NULL);
	load->stamped = true;
	load->gen = *start;
	load->per_datagram = per;
	load_add_templates(load, gen, ntemplates);
	load->total = nflows / per + (nflows % per != 0);
	if (ring < LOAD_AGAIN)
		ring = LOAD_AGAIN;
	if (load->total != 0 && ring > load->total - 1)
		ring = load->total - 1;
	while (load->n < ring)
		load_add_generated(load, &gen, flows, per);
	if (load->total != 0)
		load_add_generated(load, &gen, flows,
		    (size_t)(nflows - (load->total - 1) * per));
	free(flows);
}

void
load_sample(struct load *load, const struct generator *start)
{
	struct flow flows[GENERATE_SAMPLE_FLOWS];
	struct generator gen = *start;
	size_t n, part;

	for (part = 0; (n = generate_sample(&gen, part, flows)) != 0; part++) {
		gen.sequence = 0;
		load_add_flows(load, &gen, flows, n, part);
	}
	load->total = load->n;
}

size_t
exporter_number(struct exporters *exporters, const struct addr *addr,
    size_t max)
{
	struct addr *more;
	size_t i;

	for (i = 0; i < exporters->n; i++) {
		if (addr_equal(&exporters->addrs[i], addr))
			return (i);
	}
	if (exporters->n + 1 >= max)
		return (max - 1);
	more = reallocarray(exporters->addrs, exporters->n + 1, sizeof(*more));
	if (more == NULL)
		err(1, NULL);
	exporters->addrs = more;
	exporters->addrs[exporters->n] = *addr;
	return (exporters->n++);
}

struct capture {
	struct load *load;
	struct exporters exporters;
};

static void
capture_take(void *arg, const struct addr *src, const uint8_t *data, size_t len)
{
	struct capture *cap = arg;

	load_add(cap->load, data, len, 0,
	    exporter_number(&cap->exporters, src, SIZE_MAX));
}

void
load_pcap(struct load *load, const char *path)
{
	struct capture cap = { .load = load };
	struct flow_pcap_skipped skipped;

	if (flow_pcap_read(path, capture_take, &cap, &skipped) != 0)
		exit(1);
	free(cap.exporters.addrs);
	if (skipped.other + skipped.fragments + skipped.damaged != 0)
		warnx("%s: packets passed over: %" PRIu64 " not UDP, %" PRIu64
		      " fragments, %" PRIu64 " damaged or cut short",
		    path, skipped.other, skipped.fragments, skipped.damaged);
	if (load->n == 0)
		errx(1, "%s: no UDP datagrams in it; nothing sent", path);
	load->total = load->n;
}

void
load_free(struct load *load)
{
	size_t i;

	for (i = 0; i < load->n; i++)
		free(load->packets[i].data);
	free(load->packets);
	free(load->templates.data);
}

struct packet *
load_at(const struct load *load, uint64_t i)
{
	if (load->total == 0)
		return (&load->packets[i % load->n]);
	if (i == load->total - 1)
		return (&load->packets[load->n - 1]);
	return (&load->packets[i % (load->n - 1)]);
}
