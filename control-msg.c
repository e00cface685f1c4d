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

#include "compat.h"

#include <string.h>

#include "addr-pack.h"
#include "control-msg.h"
#include "errors.h"

#define COUNT(field) (sizeof(field) / sizeof((field)[0]))

/* clang-format off */
#define ROW(type, member, kind, nature, metric, help) \
	{ #member, metric, help, offsetof(struct control_##type, member), \
	    CONTROL_##kind, CONTROL_##nature }
#define NUMBER(type, member, nature, metric, help) \
	ROW(type, member, NUMBER, nature, metric, help)
#define COUNTER(type, member, help) \
	{ #member, #member "_total", help, \
	    offsetof(struct control_##type, counters.member), \
	    CONTROL_NUMBER, CONTROL_COUNTER }
#define OUTPUT(member, metric, help) \
	{ #member, metric, help, \
	    offsetof(struct control_summary, out.member), \
	    CONTROL_NUMBER, CONTROL_COUNTER }

/* A member of a period. */
#define PERIOD(type, which, prefix, member, nature, metric, help) \
	/* A string to be joined.  NOLINTNEXTLINE(bugprone-macro-parentheses) */ \
	{ prefix #member, metric, help, \
	    offsetof(struct control_##type, periods[which].member), \
	    CONTROL_NUMBER, CONTROL_##nature }
#define PERIOD_ROWS(type, which, prefix, words) \
	PERIOD(type, which, prefix, seconds, IDENTITY, NULL, NULL), \
	PERIOD(type, which, prefix, datagrams, GAUGE, NULL, NULL), \
	PERIOD(type, which, prefix, flows, GAUGE, NULL, NULL), \
	PERIOD(type, which, prefix, missing, GAUGE, NULL, NULL), \
	PERIOD(type, which, prefix, complete, SHARE, \
	    prefix "complete_ratio", \
	    "Share of the flows sent that are there, " words ".")
#define PERIODS_ROWS(type) \
	PERIOD_ROWS(type, EXPORTER_MINUTE, "minute_", \
	    "of the latest minute"), \
	PERIOD_ROWS(type, EXPORTER_HOUR, "hour_", "of the latest hour"), \
	PERIOD_ROWS(type, EXPORTER_START, "start_", \
	    "since the exporter is known")

/* A member of struct counters that goes up and down. */
#define QUANTITY(type, member, metric, help) \
	{ #member, metric, help, \
	    offsetof(struct control_##type, counters.member), \
	    CONTROL_NUMBER, CONTROL_GAUGE }

/* Every member of struct counters but unauthorised, which no exporter has. */
#define COUNTER_ROWS(type) \
	COUNTER(type, datagrams, "Datagrams received."), \
	COUNTER(type, decoded, "Datagrams that gave their flows."), \
	COUNTER(type, invalid, "Malformed datagrams, dropped."), \
	COUNTER(type, unsupported, \
	    "Datagrams of a version that flowd does not read."), \
	QUANTITY(type, held, "held_datagrams", \
	    "Datagrams that wait for a template now."), \
	COUNTER(type, no_template, \
	    "Datagrams that waited for a template in vain."), \
	COUNTER(type, flows, "Flows decoded."), \
	COUNTER(type, stored, "Flows stored."), \
	COUNTER(type, discarded, "Flows that the filter discarded."), \
	COUNTER(type, lost, "Flows lost to output errors."), \
	QUANTITY(type, buffered, "buffered_flows", \
	    "Flows that wait for a log or the log socket now."), \
	COUNTER(type, records_refused, "Data records that are no flow."), \
	COUNTER(type, options, "Options data records applied."), \
	COUNTER(type, templates, \
	    "Template definitions that were new or changed."), \
	COUNTER(type, templates_refused, "Template definitions refused."), \
	COUNTER(type, templates_evicted, \
	    "Templates gone for others at a limit."), \
	COUNTER(type, withdrawals, "Templates withdrawn."), \
	COUNTER(type, sets_reserved, "Sets with an ID of no meaning."), \
	QUANTITY(type, sequence_lost, "sequence_lost_flows", \
	    "Flows that a sequence number is missing for."), \
	QUANTITY(type, sequence_lost_datagrams, "sequence_lost_datagrams", \
	    "NetFlow v9 datagrams that a sequence number is missing for."), \
	QUANTITY(type, sequence_late, "sequence_late", \
	    "Flows or datagrams behind their turn, or twice."), \
	QUANTITY(type, restarts, "sequence_restarts", \
	    "Sequences that began anew.")

static const struct control_field hello_fields[] = {
	NUMBER(hello, version, IDENTITY, NULL, NULL),
	NUMBER(hello, worker, IDENTITY, NULL, NULL),
	NUMBER(hello, workers, IDENTITY, NULL, NULL),
	NUMBER(hello, now, TIME, NULL, NULL),
	NUMBER(hello, started, TIME, "collector_start_time_seconds",
	    "When the collector started, in seconds of the epoch."),
	ROW(hello, release, TEXT, IDENTITY, NULL, NULL),
};

static const struct control_field summary_fields[] = {
	NUMBER(summary, exporters, GAUGE, "exporters", "Exporters known."),
	NUMBER(summary, evicted, COUNTER, "exporters_evicted_total",
	    "Exporters gone for others at the limit."),
	PERIODS_ROWS(summary),
	COUNTER_ROWS(summary),
	COUNTER(summary, unauthorised, "Datagrams from no flow source."),
	NUMBER(summary, kernel_drops, COUNTER, "kernel_drops_total",
	    "Datagrams that the kernel dropped, its receive buffer full."),
	NUMBER(summary, skipped, COUNTER, "skipped_total",
	    "Datagrams that had killed a collector, skipped."),
	OUTPUT(log_bytes, "log_written_bytes_total",
	    "Bytes written to the logs."),
	OUTPUT(log_errors, "log_errors_total", "Writes to logs that failed."),
	OUTPUT(log_lost, "log_lost_total",
	    "Flows taken for a log, but never written."),
	OUTPUT(logsock_sent, "logsock_sent_total",
	    "Flows sent to the log socket."),
	OUTPUT(logsock_lost, "logsock_lost_total",
	    "Flows that nobody took from the log socket."),
	OUTPUT(forwarded, "forwarded_total",
	    "Datagrams forwarded, for each target."),
	OUTPUT(forward_lost, "forward_lost_total",
	    "Datagrams that the system refused to forward."),
};

static const struct control_field memory_fields[] = {
	NUMBER(memory, state_used, GAUGE, "state_bytes",
	    "Memory of templates, options and data that waits for them."),
	NUMBER(memory, state_limit, GAUGE, "state_limit_bytes",
	    "Limit of the memory of templates, options and waiting data."),
	NUMBER(memory, held_sets, GAUGE, "held_sets",
	    "Data sets that wait for a template."),
	NUMBER(memory, held_limit, GAUGE, "held_sets_limit",
	    "Data sets that may wait for a template."),
	NUMBER(memory, exporters, GAUGE, NULL, NULL),
	NUMBER(memory, exporters_limit, GAUGE, "exporters_limit",
	    "Exporters that are remembered at most."),
	NUMBER(memory, exporter_size, IDENTITY, NULL, NULL),
	NUMBER(memory, templates_limit, IDENTITY, "exporter_templates_limit",
	    "Templates kept of each exporter at most."),
	NUMBER(memory, filter_used, GAUGE, "filter_bytes",
	    "Memory of filter rules and tables."),
};

static const struct control_field rule_fields[] = {
	NUMBER(rule, number, IDENTITY, NULL, NULL),
	NUMBER(rule, evaluations, COUNTER, "evaluations_total",
	    "Flows that the rule was tried on."),
	NUMBER(rule, matches, COUNTER, "matches_total",
	    "Flows that the rule matched."),
	NUMBER(rule, wins, COUNTER, "wins_total",
	    "Flows that the rule decided."),
	NUMBER(rule, length, IDENTITY, NULL, NULL),
	ROW(rule, text, TEXT, IDENTITY, NULL, NULL),
};

static const struct control_field exporter_fields[] = {
	{ "exporter", NULL, NULL, offsetof(struct control_exporter, addr),
	    CONTROL_ADDR, CONTROL_IDENTITY },
	NUMBER(exporter, first_seen, TIME, "first_seen_timestamp_seconds",
	    "When the first datagram came, in seconds of the epoch."),
	NUMBER(exporter, last_seen, TIME, "last_seen_timestamp_seconds",
	    "When the latest datagram came, in seconds of the epoch."),
	NUMBER(exporter, named, FLAG, NULL, NULL),
	NUMBER(exporter, versions, VERSIONS, NULL, NULL),
	NUMBER(exporter, unsupported, IDENTITY, NULL, NULL),
	NUMBER(exporter, v5_interval, IDENTITY, NULL, NULL),
	NUMBER(exporter, v5_mode, IDENTITY, NULL, NULL),
	NUMBER(exporter, known_templates, GAUGE, "known_templates",
	    "Templates known."),
	NUMBER(exporter, samplers, GAUGE, NULL, NULL),
	NUMBER(exporter, domains, GAUGE, NULL, NULL),
	NUMBER(exporter, interfaces, GAUGE, NULL, NULL),
	NUMBER(exporter, held_sets, GAUGE, "held_sets",
	    "Data sets that wait for a template."),
	NUMBER(exporter, held_bytes, GAUGE, "held_bytes",
	    "Bytes of data that wait for a template."),
	NUMBER(exporter, looked_at, COUNTER, NULL, NULL),
	NUMBER(exporter, in_is_out, COUNTER, NULL, NULL),
	NUMBER(exporter, clock, OFFSET, "clock_offset_seconds",
	    "How far the clock of the exporter is ahead of ours."),
	PERIODS_ROWS(exporter),
	COUNTER_ROWS(exporter),
};

static const struct control_field template_fields[] = {
	ROW(template, exporter, ADDR, IDENTITY, NULL, NULL),
	NUMBER(template, version, IDENTITY, NULL, NULL),
	NUMBER(template, domain, IDENTITY, NULL, NULL),
	NUMBER(template, id, IDENTITY, NULL, NULL),
	NUMBER(template, options, FLAG, NULL, NULL),
	NUMBER(template, withdrawn, FLAG, NULL, NULL),
	NUMBER(template, scopes, IDENTITY, NULL, NULL),
	NUMBER(template, fields, IDENTITY, NULL, NULL),
	NUMBER(template, announced, TIME, NULL, NULL),
	NUMBER(template, interval, IDENTITY, NULL, NULL),
	ROW(template, raw, TEXT, IDENTITY, NULL, NULL),
};

static const struct control_field sampler_fields[] = {
	ROW(sampler, exporter, ADDR, IDENTITY, NULL, NULL),
	NUMBER(sampler, version, IDENTITY, NULL, NULL),
	NUMBER(sampler, domain, IDENTITY, NULL, NULL),
	NUMBER(sampler, id, IDENTITY, NULL, NULL),
	NUMBER(sampler, mode, IDENTITY, NULL, NULL),
	NUMBER(sampler, one_of, IDENTITY, NULL, NULL),
};

static const struct control_field domain_fields[] = {
	ROW(domain, exporter, ADDR, IDENTITY, NULL, NULL),
	NUMBER(domain, version, IDENTITY, NULL, NULL),
	NUMBER(domain, domain, IDENTITY, NULL, NULL),
	NUMBER(domain, init_time, IDENTITY, NULL, NULL),
	NUMBER(domain, exported_octets, IDENTITY, NULL, NULL),
	NUMBER(domain, exported_messages, IDENTITY, NULL, NULL),
	NUMBER(domain, exported_flows, IDENTITY, NULL, NULL),
	NUMBER(domain, ignored_packets, IDENTITY, NULL, NULL),
	NUMBER(domain, ignored_octets, IDENTITY, NULL, NULL),
	NUMBER(domain, unsent_flows, IDENTITY, NULL, NULL),
	NUMBER(domain, unsent_packets, IDENTITY, NULL, NULL),
};

static const struct control_field interface_fields[] = {
	ROW(interface, exporter, ADDR, IDENTITY, NULL, NULL),
	NUMBER(interface, index, IDENTITY, NULL, NULL),
	ROW(interface, name, TEXT, IDENTITY, NULL, NULL),
	ROW(interface, description, TEXT, IDENTITY, NULL, NULL),
};

#define LAYOUT(type) \
	{ type##_fields, COUNT(type##_fields), sizeof(struct control_##type), \
	    #type }
static const struct control_layout layouts[CONTROL_TYPES] = {
	[CONTROL_HELLO] = LAYOUT(hello),
	[CONTROL_SUMMARY] = LAYOUT(summary),
	[CONTROL_MEMORY] = LAYOUT(memory),
	[CONTROL_RULE] = LAYOUT(rule),
	[CONTROL_EXPORTER] = LAYOUT(exporter),
	[CONTROL_TEMPLATE] = LAYOUT(template),
	[CONTROL_SAMPLER] = LAYOUT(sampler),
	[CONTROL_DOMAIN] = LAYOUT(domain),
	[CONTROL_INTERFACE] = LAYOUT(interface),
};
/* clang-format on */

/* What is added to a structure has to be told here, too. */
_Static_assert(COUNT(summary_fields) ==
	sizeof(struct control_summary) / sizeof(uint64_t),
    "summary_fields has all members");
_Static_assert(COUNT(exporter_fields) ==
	(sizeof(struct control_exporter) -
	    offsetof(struct control_exporter, first_seen)) /
	    sizeof(uint64_t),
    "exporter_fields has all members, with addr for counters.unauthorised");

const struct control_layout *
control_layout(unsigned int type)
{
	return (type < CONTROL_TYPES && layouts[type].nfields > 0 ?
		&layouts[type] :
		NULL);
}

static int
pack_text(struct wcursor *w, const struct control_text *text)
{
	if (wcur_u32(w, (uint32_t)text->len) != 0)
		return (FLOWD_ESPACE);
	return (text->len == 0 ? 0 : wcur_bytes(w, text->data, text->len));
}

static int
unpack_text(struct cursor *c, struct control_text *text)
{
	struct cursor sub;
	uint32_t len;

	*text = (struct control_text){ 0 };
	if (cur_u32(c, &len) != 0 || cur_sub(c, len, &sub) != 0)
		return (FLOWD_EINVAL);
	*text = (struct control_text){ sub.at, len };
	return (0);
}

static int
pack_field(struct wcursor *w, const struct control_field *f, const void *record)
{
	const void *member = (const uint8_t *)record + f->offset;

	switch (f->kind) {
	case CONTROL_ADDR:
		return (addr_pack(w, member));
	case CONTROL_TEXT:
		return (pack_text(w, member));
	default:
		return (wcur_u64(w, *(const uint64_t *)member));
	}
}

static int
unpack_field(struct cursor *c, const struct control_field *f, void *record)
{
	void *member = (uint8_t *)record + f->offset;

	switch (f->kind) {
	case CONTROL_ADDR:
		return (addr_unpack(c, member));
	case CONTROL_TEXT:
		return (unpack_text(c, member));
	default:
		return (cur_u64(c, member));
	}
}

int
control_pack(struct wcursor *w, enum control_type type, const void *record)
{
	const struct control_layout *l = &layouts[type];
	struct wcursor header, body;
	size_t i;

	if (wcur_left(w) < CONTROL_HEADER_LEN)
		return (FLOWD_ESPACE);
	wcur_init(&header, w->at, CONTROL_HEADER_LEN);
	wcur_init(&body, header.end, wcur_left(w) - CONTROL_HEADER_LEN);
	for (i = 0; i < l->nfields; i++) {
		if (pack_field(&body, &l->fields[i], record) != 0)
			return (FLOWD_ESPACE);
	}
	if (wcur_u16(&header, (uint16_t)type) != 0 ||
	    wcur_u32(&header, (uint32_t)(body.at - header.end)) != 0)
		return (FLOWD_ESPACE);
	w->at = body.at;
	return (0);
}

int
control_unpack(struct cursor *c, enum control_type *type,
    union control_record *record)
{
	const struct control_layout *l;
	struct cursor at = *c, body;
	uint16_t number;
	uint32_t len;
	size_t i;

	if (cur_u16(&at, &number) != 0 || cur_u32(&at, &len) != 0)
		return (FLOWD_ESHORT);
	if (number == 0 || number >= CONTROL_TYPES || len > CONTROL_BODY_MAX)
		return (FLOWD_EINVAL);
	if (cur_sub(&at, len, &body) != 0)
		return (FLOWD_ESHORT);
	l = &layouts[number];
	for (i = 0; i < l->nfields; i++) {
		if (unpack_field(&body, &l->fields[i], record) != 0)
			return (FLOWD_EINVAL);
	}
	if (cur_left(&body) != 0)
		return (FLOWD_EINVAL);
	*type = (enum control_type)number;
	*c = at;
	return (0);
}

void
control_pack_request(const struct control_request *request,
    uint8_t buf[CONTROL_REQUEST_LEN])
{
	be32_put(buf, CONTROL_MAGIC);
	be16_put(buf + 4, CONTROL_VERSION);
	be16_put(buf + 6, (uint16_t)request->wants);
	buf[8] = (uint8_t)request->addr.family;
	memcpy(buf + 9, request->addr.bytes, sizeof(request->addr.bytes));
}

int
control_unpack_request(const uint8_t buf[CONTROL_REQUEST_LEN],
    struct control_request *request)
{
	struct cursor c;
	uint16_t version, wants;
	uint32_t magic;

	cur_init(&c, buf, CONTROL_REQUEST_LEN);
	if (cur_u32(&c, &magic) != 0 || magic != CONTROL_MAGIC ||
	    cur_u16(&c, &version) != 0 || cur_u16(&c, &wants) != 0 ||
	    addr_unpack(&c, &request->addr) != 0 || cur_left(&c) != 0 ||
	    wants == 0 || (wants & ~CONTROL_WANT_ALL) != 0)
		return (FLOWD_EINVAL);
	request->wants = wants;
	return (version == CONTROL_VERSION ? 0 : FLOWD_EVERSION);
}
