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

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log-limit.h"
#include "base/log.h"
#include "collector/intake.h"
#include "decode/decode.h"
#include "decode/exporter-log.h"
#include "decode/exporter.h"
#include "format.h"
#include "store.h"

#define SINK_FLOWS    64  /* decoded before they are filtered and stored */
#define QUIET_SECONDS 600 /* without unauthorised datagrams */

/*
 * What a datagram may add to the logs at most, so that few octets cannot fill a
 * disk.  Flows of real exporters are stored in 2 to 5 bytes for an octet.
 */
#define BYTES_PER_OCTET 8
#define BYTES_EXTRA     2048

struct intake {
	const struct config *conf;
	struct filter *filter;
	struct prefix_map *sources; /* to SOURCE_* */
	struct exporter_table *exporters;
	struct output *output;
	uint64_t unauthorised; /* datagrams */
	uint64_t looped;       /* datagrams that flowd itself forwarded */
	struct log_state looped_logged;
	struct log_state unauthorised_logged;

	/* The datagram that is being decoded. */
	struct exporter *exporter;
	struct flow_sink sink;
	uint64_t bytes; /* that it added to the logs */
	size_t refused; /* flows that would have added too much */
	struct flow flows[SINK_FLOWS];
	uint8_t records[SINK_FLOWS * STORE_RECORD_MAX];
};

static void
log_flows(const struct flow *flows, size_t n)
{
	char line[FORMAT_LINE_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)format_flow(&flows[i], STORE_DISPLAY_BRIEF, false, line);
		log_debug("%s", line);
	}
}

/* Moves the flows that the filter keeps to the front; returns their number. */
static size_t
apply_filter(struct filter *filter, struct flow *flows, size_t n)
{
	enum filter_verdict verdicts[SINK_FLOWS];
	size_t i, kept = 0;

	filter_flows(filter, flows, n, verdicts);
	for (i = 0; i < n; i++) {
		if (verdicts[i] == FILTER_DISCARD)
			continue;
		if (kept != i)
			flows[kept] = flows[i];
		kept++;
	}
	return (kept);
}

/*
 * Counts flows whose two interfaces are equal.  One flow of each sink is enough
 * to see that an exporter does not tell input and output apart.  Interface 0 is
 * none: exporters that know no interfaces send it for both.
 */
static void
check_interfaces(struct exporter *e, const struct flow *flow)
{
	if (e->looked_at == UINT32_MAX ||
	    (flow->fields & STORE_FIELD_IF_INDICES) == 0 ||
	    (flow->if_index_in == 0 && flow->if_index_out == 0))
		return;
	e->looked_at++;
	e->in_is_out += flow->if_index_in == flow->if_index_out;
}

/*
 * Adds what the flows count, before the filter.  Absent values are 0.  Numbers
 * that an exporter invented may wrap a sum, as every counter wraps.
 */
static void
count_traffic(struct exporter *e, const struct flow *flows, size_t n)
{
	uint64_t octets = 0, packets = 0, large = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		octets += flows[i].octets;
		packets += flows[i].packets;
		large += flows[i].octets >= EXPORTER_LARGE_FLOW;
	}
	e->counters.octets += octets;
	e->counters.packets += packets;
	e->large = large > UINT32_MAX - e->large ? UINT32_MAX :
						   e->large + (uint32_t)large;
}

/*
 * Returns how many of n records the datagram may add to the logs, *len being the
 * bytes of these.  Counts the others.
 */
static size_t
within_limit(struct intake *in, const size_t *lens, size_t n, size_t *len)
{
	const uint64_t limit =
	    (uint64_t)in->sink.octets * BYTES_PER_OCTET + BYTES_EXTRA;
	size_t fit = n;

	while (*len > limit - in->bytes)
		*len -= lens[--fit];
	in->bytes += *len;
	in->refused += n - fit;
	return (fit);
}

/* Stores each flow in the output that its tag selects. */
static void
store_each(struct intake *in, const struct flow *flows, size_t n)
{
	struct counters *count = &in->exporter->counters;
	const uint8_t *record = in->records;
	size_t lens[SINK_FLOWS], len, i;

	len = store_encode_many(flows, n, in->conf->store_mask, in->records,
	    lens);
	n = within_limit(in, lens, n, &len);
	for (i = 0; i < n; record += lens[i++]) {
		switch (output_put(in->output, &in->exporter->addr, &flows[i],
		    record, lens[i], in->exporter)) {
		case OUTPUT_STORED:
			count->stored++;
			break;
		case OUTPUT_BUFFERED:
			count->buffered++;
			break;
		case OUTPUT_LOST:
			count->lost++;
			break;
		case OUTPUT_NOWHERE:
			count->discarded++;
			break;
		}
	}
}

/* Encodes directly into the log's buffer if all flows go to the same log. */
static void
store_flows(struct intake *in, const struct flow *flows, size_t n)
{
	size_t lens[SINK_FLOWS], len;
	uint8_t *room;

	if (n == 0)
		return;
	room =
	    output_room(in->output, &in->exporter->addr, n * STORE_RECORD_MAX);
	if (room == NULL) {
		store_each(in, flows, n);
		return;
	}
	len = store_encode_many(flows, n, in->conf->store_mask, room, lens);
	n = within_limit(in, lens, n, &len);
	output_commit(in->output, len, n, in->exporter);
	in->exporter->counters.buffered += n;
}

/* Empties the sink: filters and stores the decoded flows. */
static void
flush_sink(struct flow_sink *sink)
{
	struct intake *in = sink->arg;
	struct counters *count = &in->exporter->counters;
	size_t n;

	if (sink->n > 0)
		check_interfaces(in->exporter, &sink->flows[0]);
	count_traffic(in->exporter, sink->flows, sink->n);
	filter_set_listener(in->filter, sink->listener);
	n = filter_is_empty(in->filter) ?
	    sink->n :
	    apply_filter(in->filter, sink->flows, sink->n);
	count->flows += sink->n;
	count->discarded += sink->n - n;
	sink->n = 0;
	store_flows(in, sink->flows, n);
	if (log_is_debug())
		log_flows(sink->flows, n);
}

static void
refuse(struct intake *in, const struct addr *from, uint32_t now)
{
	char addr[ADDR_STRLEN];
	uint32_t held_back;

	in->unauthorised++;
	if (!log_state_begin(&in->unauthorised_logged, now, &held_back))
		return;
	log_warnx(
	    "%s: no \"flow source\" allows this address; "
	    "datagram dropped (%" PRIu32 " similar held back)",
	    addr_ntop(from, addr), held_back);
}

/* Forwarding it again would be a loop. */
static void
drop_looped(struct intake *in, const struct batch_datagram *datagram,
    uint32_t now)
{
	char addr[ADDR_STRLEN];
	uint32_t held_back;

	in->looped++;
	if (!log_state_begin(&in->looped_logged, now, &held_back))
		return;
	log_warnx(
	    "%s: flowd itself forwarded this datagram, and received it again; "
	    "dropped; check the \"forward to\" statements (%" PRIu32
	    " similar held back)",
	    addr_ntop(&datagram->from, addr), held_back);
}

static void
refuse_amplified(struct intake *in, const struct datagram *dgram)
{
	in->exporter->counters.amplified += in->refused;
	exporter_warnx(in->exporter, EXPORTER_AMPLIFIED, dgram->recv_sec,
	    "%zu flows of a datagram of %zu octets are not stored: the log "
	    "would grow by more than %d bytes an octet",
	    in->refused, dgram->len, BYTES_PER_OCTET);
}

static void
count_datagram(struct counters *count, enum decoded r)
{
	count->datagrams++;
	switch (r) {
	case DECODED:
		count->decoded++;
		break;
	case DECODE_INVALID:
		count->invalid++;
		break;
	case DECODE_UNSUPPORTED:
		count->unsupported++;
		break;
	case DECODE_NO_TEMPLATE:
		count->no_template++;
		break;
	case DECODE_HELD:
		break;
	}
}

void
intake_datagram(struct intake *in, const struct batch_datagram *datagram,
    const struct timespec *now)
{
	const struct datagram dgram = {
		.data = datagram->data,
		.len = datagram->len,
		.recv_sec = (uint32_t)now->tv_sec,
		.recv_usec = (uint32_t)(now->tv_nsec / 1000),
		.listener = datagram->listener,
		.port = datagram->port,
	};
	unsigned int source = prefix_map_find(in->sources, &datagram->from);
	enum decoded r;

	if (output_is_forward(in->output, &datagram->from, datagram->port)) {
		drop_looped(in, datagram, dgram.recv_sec);
		return;
	}
	if (source == SOURCE_REFUSED) {
		refuse(in, &datagram->from, dgram.recv_sec);
		return;
	}
	output_forward(in->output, datagram->data, datagram->len);
	in->exporter = exporter_get(in->exporters, &datagram->from,
	    dgram.recv_sec, source == SOURCE_NAMED);
	if (in->exporter == NULL)
		fatal("memory exhausted");
	in->sink.octets = 0;
	in->bytes = in->refused = 0;
	r = netflow_decode(&dgram, in->exporter, &in->sink);
	flush_sink(&in->sink);
	if (in->refused > 0)
		refuse_amplified(in, &dgram);
	count_datagram(&in->exporter->counters, r);
}

void
intake_tick(struct intake *in, uint32_t now)
{
	if (log_state_expire(&in->unauthorised_logged, now, QUIET_SECONDS))
		log_info(
		    "no more datagrams from addresses that no "
		    "\"flow source\" allows; %" PRIu64 " were dropped",
		    in->unauthorised);
	if (log_state_expire(&in->looped_logged, now, QUIET_SECONDS))
		log_info(
		    "flowd no longer receives datagrams that it "
		    "forwarded; %" PRIu64 " were dropped",
		    in->looped);
}

const struct filter *
intake_filter(const struct intake *in)
{
	return (in->filter);
}

uint64_t
intake_looped(const struct intake *in)
{
	return (in->looped);
}

uint64_t
intake_unauthorised(const struct intake *in)
{
	return (in->unauthorised);
}

static bool
is_refused(const void *sources, const struct exporter *e)
{
	return (prefix_map_find(sources, &e->addr) == SOURCE_REFUSED);
}

void
intake_configure(struct intake *in, const struct config *conf)
{
	size_t n;

	prefix_map_free(in->sources);
	in->sources = config_sources(conf);
	filter_zone_set(conf->offsets, conf->noffsets);
	filter_free(in->filter);
	in->filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	if (in->sources == NULL || in->filter == NULL)
		fatal("memory exhausted");
	in->conf = conf;
	n = exporters_forget(in->exporters, is_refused, in->sources);
	if (n > 0)
		log_info(
		    "%zu exporters forgotten that no \"flow source\" allows "
		    "any more",
		    n);
}

struct intake *
intake_new(struct exporter_table *exporters, struct output *output)
{
	struct intake *in;

	if ((in = calloc(1, sizeof(*in))) == NULL)
		return (NULL);
	in->exporters = exporters;
	in->output = output;
	in->sink = (struct flow_sink){
		.flows = in->flows,
		.max = SINK_FLOWS,
		.flush = flush_sink,
		.arg = in,
	};
	return (in);
}
