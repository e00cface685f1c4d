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
 * Neighbouring flows of the log that were in one datagram are sent in one
 * datagram, since the times of flows are relative to its header.  Other flows
 * are not combined: flowd writes logs datagram by datagram, so that the order
 * of flows is kept.
 */
#include "compat/compat.h"

#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/hash.h"
#include "netflow.h"
#include "send/flow-message.h"
#include "send/flow-replay.h"
#include "store.h"

#define BUF_LEN         1472  /* bytes, over IPv4 and Ethernet */
#define MESSAGE_LEN     1452  /* the same over IPv6 */
#define TEMPLATES_EVERY 20    /* datagrams of a stream */
#define ANNOUNCED_MAX   16    /* templates that a stream remembers */
#define STREAMS_MAX     65536 /* known at the same time */
#define BUCKETS         16384

_Static_assert(NF5_HEADER_LEN + NF5_RECORDS_MAX * NF5_RECORD_LEN <= BUF_LEN,
    "room for a whole datagram of version 5");

/* Reasons why a flow cannot be sent. */
enum reason { IPV6, COUNTER, NUMBER, ENGINE, FAMILIES, REASONS, NONE };

static const char *const reasons[REASONS] = {
	[IPV6] = "with IPv6 addresses",
	[COUNTER] = "with counters beyond 32 bits",
	[NUMBER] = "with interface or AS numbers beyond 16 bits",
	[ENGINE] = "with engines beyond 8 bits",
	[FAMILIES] = "with addresses of both families",
};

/* Datagrams with one sequence number, as the collector counts. */
struct stream {
	struct stream *next;
	size_t source;
	uint32_t domain;   /* of v5: engine type and id */
	uint32_t sequence; /* of the next datagram */
	/* The templates announced since all were due. */
	uint32_t datagrams;
	size_t nannounced;
	struct shape announced[ANNOUNCED_MAX];
};

struct replay {
	const char *path;
	struct store_reader *reader;
	uint16_t version;
	uint32_t fields; /* that records can have */
	uint32_t now;    /* epoch seconds */
	enum replay_status status;
	uint64_t left_out[REASONS];

	/* A flow that was read, and is in no datagram yet. */
	struct flow flow;
	bool has_flow;
	bool ended;

	/* The datagram that is being made. */
	struct flow first; /* of its flows */
	size_t nflows;
	struct stream *stream;
	struct flow flows[NF5_RECORDS_MAX]; /* v5 */
	struct message_writer message;      /* v9 and IPFIX */

	struct packet packets[LOAD_AGAIN]; /* in turn */
	size_t packet;

	struct exporters agents;
	size_t nsources;
	struct stream *streams[BUCKETS];
	size_t nstreams;
};

struct replay *
replay_open(const char *path, uint16_t version, size_t nsources)
{
	struct replay *rp;
	size_t i;
	int r;

	if ((rp = calloc(1, sizeof(*rp))) == NULL)
		err(1, NULL);
	rp->path = path;
	rp->version = version;
	rp->fields = message_fields();
	rp->nsources = nsources;
	rp->now = (uint32_t)time(NULL);
	for (i = 0; i < LOAD_AGAIN; i++) {
		if ((rp->packets[i].data = malloc(BUF_LEN)) == NULL)
			err(1, NULL);
	}
	if ((r = store_reader_open(path, &rp->reader)) == FLOWD_EIO)
		err(1, "%s", path);
	if (r != 0)
		errx(1, "%s: %s", path, flowd_strerror(r));
	return (rp);
}

static void
forget_streams(struct replay *rp)
{
	struct stream *s;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		while ((s = rp->streams[i]) != NULL) {
			rp->streams[i] = s->next;
			free(s);
		}
	}
	rp->nstreams = 0;
}

/*
 * A new stream begins with the sequence number in the log.  If there are too
 * many streams, all are forgotten and begin again like this.
 */
static struct stream *
find_stream(struct replay *rp, size_t source, uint32_t domain,
    uint32_t sequence)
{
	struct stream *s, **bucket;

	bucket =
	    &rp->streams[hash_mix((uint64_t)source << 32 | domain) % BUCKETS];
	for (s = *bucket; s != NULL; s = s->next) {
		if (s->source == source && s->domain == domain)
			return (s);
	}
	if (rp->nstreams == STREAMS_MAX)
		forget_streams(rp);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		err(1, NULL);
	s->source = source;
	s->domain = domain;
	s->sequence = sequence;
	s->next = *bucket;
	*bucket = s;
	rp->nstreams++;
	return (s);
}

/* Version 5 has 8 bits for an engine; flowd 0.9.1 stored the bytes swapped. */
static void
unswap_engine(uint16_t *engine)
{
	if ((*engine & 0xff) == 0)
		*engine >>= 8;
}

/*
 * Adds values that the log may lack, but all versions have.  The time of export
 * becomes that of receipt or, if that is absent, now.  A flow without times
 * ends at the export, as flowd assumes for such flows.
 */
static void
complete(const struct replay *rp, struct flow *flow)
{
	if ((flow->fields & STORE_FIELD_AGENT_INFO) == 0) {
		flow->time_sec = rp->now;
		if ((flow->fields & STORE_FIELD_RECV_TIME) != 0) {
			flow->time_sec = flow->recv_sec;
			flow->time_nanosec = flow->recv_usec * 1000;
		}
		flow->sys_uptime_ms = flow->flow_finish;
	}
	if ((flow->fields & STORE_FIELD_FLOW_TIMES) == 0)
		flow->flow_start = flow->flow_finish = flow->sys_uptime_ms;
	if (rp->version == NF_VERSION_5) {
		unswap_engine(&flow->engine_type);
		unswap_engine(&flow->engine_id);
	}
}

static enum reason
why_not_v5(const struct flow *flow)
{
	if (flow->src.family == ADDR_V6 || flow->dst.family == ADDR_V6 ||
	    flow->gateway.family == ADDR_V6)
		return (IPV6);
	if (flow->packets > UINT32_MAX || flow->octets > UINT32_MAX)
		return (COUNTER);
	if (flow->if_index_in > UINT16_MAX || flow->if_index_out > UINT16_MAX ||
	    flow->src_as > UINT16_MAX || flow->dst_as > UINT16_MAX)
		return (NUMBER);
	if (flow->engine_type > UINT8_MAX || flow->engine_id > UINT8_MAX)
		return (ENGINE);
	return (NONE);
}

/* Collectors refuse a record with addresses of both families. */
static enum reason
why_not(const struct replay *rp, const struct flow *flow)
{
	if (rp->version == NF_VERSION_5)
		return (why_not_v5(flow));
	if (flow->src.family != ADDR_NONE && flow->dst.family != ADDR_NONE &&
	    flow->src.family != flow->dst.family)
		return (FAMILIES);
	return (NONE);
}

static void
report_end(struct replay *rp, int error)
{
	const uint64_t offset = store_reader_offset(rp->reader);

	switch (error) {
	case FLOWD_EEOF:
		return;
	case FLOWD_ETORN:
		warnx("%s: offset %" PRIu64 ": %s, which is left out", rp->path,
		    offset, flowd_strerror(error));
		return;
	case FLOWD_EIO:
		warn("%s: offset %" PRIu64 ": cannot read the rest", rp->path,
		    offset);
		break;
	case FLOWD_ELEGACY:
		warnx("%s: %s: flowd-reader -L can make one of today of it",
		    rp->path, flowd_strerror(error));
		break;
	case FLOWD_EXZ:
	case FLOWD_EZSTD:
	case FLOWD_EBZIP2:
		warnx("%s: %s", rp->path, flowd_strerror(error));
		break;
	default:
		warnx("%s: offset %" PRIu64
		      ": %s, the rest of this log is left out",
		    rp->path, offset, flowd_strerror(error));
		break;
	}
	rp->status = REPLAY_FAILED;
}

/* Reads up to the next flow that can be sent.  Returns false at the end. */
static bool
read_flow(struct replay *rp)
{
	enum reason reason;
	int r;

	if (rp->ended)
		return (false);
	while ((r = store_read(rp->reader, &rp->flow)) == 0) {
		complete(rp, &rp->flow);
		if ((reason = why_not(rp, &rp->flow)) == NONE) {
			rp->has_flow = true;
			return (true);
		}
		rp->left_out[reason]++;
	}
	rp->ended = true;
	report_end(rp, r);
	return (false);
}

/* Returns whether two flows may have been in one datagram. */
static bool
share_datagram(const struct replay *rp, const struct flow *a,
    const struct flow *b)
{
	return (a->sys_uptime_ms == b->sys_uptime_ms &&
	    a->time_sec == b->time_sec && a->time_nanosec == b->time_nanosec &&
	    a->recv_sec == b->recv_sec && a->recv_usec == b->recv_usec &&
	    a->flow_sequence == b->flow_sequence &&
	    a->source_id == b->source_id && addr_equal(&a->agent, &b->agent) &&
	    (rp->version != NF_VERSION_5 ||
		(a->engine_type == b->engine_type &&
		    a->engine_id == b->engine_id)));
}

static void
begin_datagram(struct replay *rp)
{
	const struct flow *flow = &rp->flow;
	const uint32_t domain = rp->version == NF_VERSION_5 ?
	    (uint32_t)flow->engine_type << 8 | flow->engine_id :
	    flow->source_id;

	rp->first = *flow;
	rp->stream = find_stream(rp,
	    exporter_number(&rp->agents, &flow->agent, rp->nsources), domain,
	    flow->flow_sequence);
	if (rp->version == NF_VERSION_5)
		return;
	if (rp->stream->datagrams++ % TEMPLATES_EVERY == 0)
		rp->stream->nannounced = 0;
	message_begin(&rp->message, rp->version, rp->packets[rp->packet].data,
	    MESSAGE_LEN);
}

/*
 * Describes the records that the flow needs.  The id of their template is a
 * hash of their fields, so that no table of templates is needed.
 */
static struct shape
shape_of(const struct replay *rp, const struct flow *flow)
{
	const bool wide =
	    flow->engine_type > UINT8_MAX || flow->engine_id > UINT8_MAX;
	const bool engine = flow->engine_type != 0 || flow->engine_id != 0;
	struct shape shape = {
		.version = rp->version,
		.fields = (flow->fields & rp->fields) | STORE_FIELD_AGENT_INFO |
		    STORE_FIELD_FLOW_TIMES,
		.counter_len = 8,
		.engine_len = wide ? 2 : 1,
	};

	shape.fields &= ~STORE_FIELD_FLOW_ENGINE_INFO;
	if (engine)
		shape.fields |= STORE_FIELD_FLOW_ENGINE_INFO;
	shape.template_id = (uint16_t)(NF_SET_DATA_MIN +
	    hash_mix((uint64_t)shape.engine_len << 32 | shape.fields) %
		(UINT16_MAX + 1 - NF_SET_DATA_MIN));
	return (shape);
}

/* Another template of the same id, announced later, replaces this one. */
static bool
is_announced(const struct stream *s, const struct shape *shape)
{
	const struct shape *other;
	size_t i;

	for (i = 1; i <= s->nannounced && i <= ANNOUNCED_MAX; i++) {
		other = &s->announced[(s->nannounced - i) % ANNOUNCED_MAX];
		if (other->template_id == shape->template_id)
			return (other->fields == shape->fields &&
			    other->engine_len == shape->engine_len);
	}
	return (false);
}

static int
add_record(struct replay *rp)
{
	const struct shape shape = shape_of(rp, &rp->flow);
	struct stream *s = rp->stream;
	int r;

	if (!is_announced(s, &shape)) {
		if ((r = message_add_template(&rp->message, &shape)) != 0)
			return (r);
		s->announced[s->nannounced++ % ANNOUNCED_MAX] = shape;
	}
	return (message_add(&rp->message, &shape, &rp->flow));
}

static int
add_fixed(struct replay *rp)
{
	if (rp->nflows == NF5_RECORDS_MAX)
		return (FLOWD_ESPACE);
	rp->flows[rp->nflows] = rp->flow;
	return (0);
}

/* Adds the flow to the datagram.  Returns false if that is full. */
static bool
add_flow(struct replay *rp)
{
	const int r =
	    rp->version == NF_VERSION_5 ? add_fixed(rp) : add_record(rp);

	if (r != 0 && rp->nflows == 0)
		errx(1, "%s: offset %" PRIu64 ": cannot be sent: %s", rp->path,
		    store_reader_offset(rp->reader), flowd_strerror(r));
	if (r == 0)
		rp->nflows++;
	return (r == 0);
}

/*
 * The headers of v9 and IPFIX have whole seconds.  Both clocks of the header
 * are set back to the last full second, and the times of flows do not change.
 */
static struct generator
header_of(const struct replay *rp)
{
	const struct flow *flow = &rp->first;
	struct generator gen = {
		.version = rp->version,
		.domain = flow->source_id,
		.engine_type = (uint8_t)flow->engine_type,
		.engine_id = (uint8_t)flow->engine_id,
		.time_sec = flow->time_sec,
		.time_nanosec = flow->time_nanosec,
		.sys_uptime_ms = flow->sys_uptime_ms,
		.sequence = rp->stream->sequence,
	};

	if (rp->version != NF_VERSION_5)
		gen.sys_uptime_ms -= flow->time_nanosec / 1000000;
	return (gen);
}

/* Returns the recorded time of receipt or export, us since the epoch, or 0. */
static uint64_t
recorded_usec(const struct flow *flow)
{
	if ((flow->fields & STORE_FIELD_RECV_TIME) != 0)
		return ((uint64_t)flow->recv_sec * 1000000 + flow->recv_usec);
	if ((flow->fields & STORE_FIELD_AGENT_INFO) != 0)
		return ((uint64_t)flow->time_sec * 1000000 +
		    flow->time_nanosec / 1000);
	return (0);
}

static struct packet *
end_datagram(struct replay *rp)
{
	struct generator gen = header_of(rp);
	struct packet *p = &rp->packets[rp->packet];
	int r;

	if (rp->version == NF_VERSION_5) {
		r = generate_datagram(&gen, rp->flows, rp->nflows, p->data,
		    BUF_LEN, &p->len);
		if (r != 0)
			errx(1, "%s: a flow of version 5: %s", rp->path,
			    flowd_strerror(r));
	} else
		p->len = message_end(&rp->message, &gen);
	p->flows = (uint32_t)rp->nflows;
	p->exporter = rp->stream->source;
	p->usec = recorded_usec(&rp->first);
	rp->stream->sequence += generate_sequence(rp->version, 1, rp->nflows);
	rp->nflows = 0;
	rp->packet = (rp->packet + 1) % LOAD_AGAIN;
	return (p);
}

struct packet *
replay_next(void *arg)
{
	struct replay *rp = arg;

	while (rp->has_flow || read_flow(rp)) {
		if (rp->nflows == 0)
			begin_datagram(rp);
		else if (!share_datagram(rp, &rp->first, &rp->flow))
			return (end_datagram(rp));
		if (!add_flow(rp))
			return (end_datagram(rp));
		rp->has_flow = false;
	}
	return (rp->nflows == 0 ? NULL : end_datagram(rp));
}

static void
report_left_out(struct replay *rp)
{
	size_t i;

	for (i = 0; i < REASONS; i++) {
		if (rp->left_out[i] == 0)
			continue;
		warnx("%s: %" PRIu64
		      " flows %s left out: version %u cannot carry them",
		    rp->path, rp->left_out[i], reasons[i], rp->version);
		if (rp->status == REPLAY_ALL)
			rp->status = REPLAY_LEFT_OUT;
	}
}

enum replay_status
replay_close(struct replay *rp)
{
	enum replay_status status;
	size_t i;

	report_left_out(rp);
	status = rp->status;
	store_reader_close(rp->reader);
	forget_streams(rp);
	free(rp->agents.addrs);
	for (i = 0; i < LOAD_AGAIN; i++)
		free(rp->packets[i].data);
	free(rp);
	return (status);
}
