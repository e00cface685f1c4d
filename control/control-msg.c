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

#include <string.h>

#include "control/control-msg.h"
#include "errors.h"
#include "lib/addr-pack.h"

#define COUNT(field) (sizeof(field) / sizeof((field)[0]))

/* clang-format off */
#define FIELD(type, member, kind, nature, metric, help) \
	{ #member, metric, help, offsetof(struct control_##type, member), \
	    PACK_##kind, CONTROL_##nature }

/* The offset of a member of one period in the array periods. */
#define PERIOD(span, member) \
	CONTROL_##span * sizeof(struct control_period) + \
	    offsetof(struct control_period, member)

static const struct control_field period_fields[] = {
	{ "minute_seconds", NULL, NULL, PERIOD(MINUTE, seconds),
	    PACK_NUMBER, CONTROL_IDENTITY },
	{ "minute_datagrams", NULL, NULL, PERIOD(MINUTE, datagrams),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "minute_flows", NULL, NULL, PERIOD(MINUTE, flows),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "minute_missing", NULL, NULL, PERIOD(MINUTE, missing),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "minute_complete", "minute_complete_ratio",
	    "Share of the sent flows that arrived, in the last minute.",
	    PERIOD(MINUTE, complete), PACK_NUMBER, CONTROL_SHARE },
	{ "hour_seconds", NULL, NULL, PERIOD(HOUR, seconds),
	    PACK_NUMBER, CONTROL_IDENTITY },
	{ "hour_datagrams", NULL, NULL, PERIOD(HOUR, datagrams),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "hour_flows", NULL, NULL, PERIOD(HOUR, flows),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "hour_missing", NULL, NULL, PERIOD(HOUR, missing),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "hour_complete", "hour_complete_ratio",
	    "Share of the sent flows that arrived, in the last hour.",
	    PERIOD(HOUR, complete), PACK_NUMBER, CONTROL_SHARE },
	{ "start_seconds", NULL, NULL, PERIOD(START, seconds),
	    PACK_NUMBER, CONTROL_IDENTITY },
	{ "start_datagrams", NULL, NULL, PERIOD(START, datagrams),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "start_flows", NULL, NULL, PERIOD(START, flows),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "start_missing", NULL, NULL, PERIOD(START, missing),
	    PACK_NUMBER, CONTROL_GAUGE },
	{ "start_complete", "start_complete_ratio",
	    "Share of the sent flows that arrived, since the first datagram.",
	    PERIOD(START, complete), PACK_NUMBER, CONTROL_SHARE },
};

static const struct control_field hello_fields[] = {
	FIELD(hello, version, NUMBER, IDENTITY, NULL, NULL),
	FIELD(hello, worker, NUMBER, IDENTITY, NULL, NULL),
	FIELD(hello, workers, NUMBER, IDENTITY, NULL, NULL),
	FIELD(hello, now, NUMBER, TIME, NULL, NULL),
	FIELD(hello, started, NUMBER, TIME, "collector_start_time_seconds",
	    "Start time of the collector, in seconds of the epoch."),
	FIELD(hello, release, VIEW, IDENTITY, NULL, NULL),
};

static const struct control_field summary_fields[] = {
	FIELD(summary, exporters, NUMBER, GAUGE, "exporters",
	    "Exporters in memory."),
	FIELD(summary, last_death, NUMBER, TIME,
	    "collector_last_death_time_seconds",
	    "Latest death of a collector, in seconds of the epoch; 0: none."),
};

static const struct control_field memory_fields[] = {
	FIELD(memory, state_used, NUMBER, GAUGE, "state_bytes",
	    "Memory for templates, options and waiting data."),
	FIELD(memory, state_limit, NUMBER, GAUGE, "state_limit_bytes",
	    "Limit of memory for templates, options and waiting data."),
	FIELD(memory, held_sets, NUMBER, GAUGE, "held_sets",
	    "Data sets that wait for a template."),
	FIELD(memory, held_limit, NUMBER, GAUGE, "held_sets_limit",
	    "Limit of data sets that wait for a template."),
	FIELD(memory, exporters, NUMBER, GAUGE, NULL, NULL),
	FIELD(memory, exporters_limit, NUMBER, GAUGE, "exporters_limit",
	    "Limit of exporters in memory."),
	FIELD(memory, exporter_size, NUMBER, IDENTITY, NULL, NULL),
	FIELD(memory, templates_limit, NUMBER, IDENTITY,
	    "exporter_templates_limit",
	    "Limit of templates of each exporter."),
	FIELD(memory, filter_used, NUMBER, GAUGE, "filter_bytes",
	    "Memory for filter rules and tables."),
};

static const struct control_field rule_fields[] = {
	FIELD(rule, number, NUMBER, IDENTITY, NULL, NULL),
	FIELD(rule, evaluations, NUMBER, COUNTER, "evaluations_total",
	    "Flows for which the rule was evaluated."),
	FIELD(rule, matches, NUMBER, COUNTER, "matches_total",
	    "Flows that the rule matched."),
	FIELD(rule, wins, NUMBER, COUNTER, "wins_total",
	    "Flows that the rule decided."),
	FIELD(rule, length, NUMBER, IDENTITY, NULL, NULL),
	FIELD(rule, text, VIEW, IDENTITY, NULL, NULL),
};

static const struct control_field exporter_fields[] = {
	{ "exporter", NULL, NULL, offsetof(struct control_exporter, addr),
	    PACK_ADDR, CONTROL_IDENTITY },
	FIELD(exporter, first_seen, NUMBER, TIME,
	    "first_seen_timestamp_seconds",
	    "Time of the first datagram, in seconds of the epoch."),
	FIELD(exporter, last_seen, NUMBER, TIME, "last_seen_timestamp_seconds",
	    "Time of the latest datagram, in seconds of the epoch."),
	FIELD(exporter, named, NUMBER, FLAG, NULL, NULL),
	FIELD(exporter, versions, NUMBER, VERSIONS, NULL, NULL),
	FIELD(exporter, unsupported, NUMBER, IDENTITY, NULL, NULL),
	FIELD(exporter, unsupported_sflow, NUMBER, FLAG, NULL, NULL),
	FIELD(exporter, v5_interval, NUMBER, IDENTITY, NULL, NULL),
	FIELD(exporter, v5_mode, NUMBER, IDENTITY, NULL, NULL),
	FIELD(exporter, known_templates, NUMBER, GAUGE, "known_templates",
	    "Templates in memory."),
	FIELD(exporter, samplers, NUMBER, GAUGE, NULL, NULL),
	FIELD(exporter, domains, NUMBER, GAUGE, NULL, NULL),
	FIELD(exporter, interfaces, NUMBER, GAUGE, NULL, NULL),
	FIELD(exporter, samplers_evicted, NUMBER, COUNTER, NULL,
	    "Samplers evicted by others at a limit."),
	FIELD(exporter, domains_evicted, NUMBER, COUNTER, NULL,
	    "Domains of options data evicted by others at a limit."),
	FIELD(exporter, interfaces_evicted, NUMBER, COUNTER, NULL,
	    "Names of interfaces evicted by others at a limit."),
	FIELD(exporter, options_refused, NUMBER, COUNTER, NULL,
	    "Values of options data ignored for want of memory."),
	FIELD(exporter, sessions, NUMBER, GAUGE, "sessions",
	    "Source ports in memory."),
	FIELD(exporter, brief_sessions, NUMBER, COUNTER, NULL,
	    "Source ports that sent one datagram and were evicted."),
	FIELD(exporter, held_sets, NUMBER, GAUGE, "held_sets",
	    "Data sets that wait for a template."),
	FIELD(exporter, held_bytes, NUMBER, GAUGE, "held_bytes",
	    "Bytes of data that wait for a template."),
	FIELD(exporter, looked_at, NUMBER, COUNTER, NULL, NULL),
	FIELD(exporter, in_is_out, NUMBER, COUNTER, NULL, NULL),
	FIELD(exporter, large, NUMBER, COUNTER, NULL,
	    "Flows of 2 GiB or more."),
	FIELD(exporter, clock, NUMBER, OFFSET, "clock_offset_seconds",
	    "Clock of the exporter minus clock of the collector."),
};

static const struct control_field template_fields[] = {
	FIELD(template, exporter, ADDR, IDENTITY, NULL, NULL),
	FIELD(template, version, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, domain, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, id, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, port, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, sessions, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, in_use, NUMBER, FLAG, NULL, NULL),
	FIELD(template, used, NUMBER, FLAG, NULL, NULL),
	FIELD(template, waiting, NUMBER, FLAG, NULL, NULL),
	FIELD(template, doubtful, NUMBER, FLAG, NULL, NULL),
	FIELD(template, changes, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, options, NUMBER, FLAG, NULL, NULL),
	FIELD(template, scopes, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, fields, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, announced, NUMBER, TIME, NULL, NULL),
	FIELD(template, interval, NUMBER, IDENTITY, NULL, NULL),
	FIELD(template, raw, VIEW, IDENTITY, NULL, NULL),
};

static const struct control_field sampler_fields[] = {
	FIELD(sampler, exporter, ADDR, IDENTITY, NULL, NULL),
	FIELD(sampler, version, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, domain, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, id, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, interface, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, line_card, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, port, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, output_interface, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, metering_process, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, exporting_process, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, template, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, sequence, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, selectors, VIEW, IDENTITY, NULL, NULL),
	FIELD(sampler, name, VIEW, IDENTITY, NULL, NULL),
	FIELD(sampler, sent_in, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, mode, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, algorithm, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, sampled, NUMBER, IDENTITY, NULL, NULL),
	FIELD(sampler, one_of, NUMBER, IDENTITY, NULL, NULL),
};

static const struct control_field domain_fields[] = {
	FIELD(domain, exporter, ADDR, IDENTITY, NULL, NULL),
	FIELD(domain, version, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, domain, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, port, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, init_time, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, exported_octets, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, exported_messages, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, exported_flows, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, ignored_packets, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, ignored_octets, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, unsent_flows, NUMBER, IDENTITY, NULL, NULL),
	FIELD(domain, unsent_packets, NUMBER, IDENTITY, NULL, NULL),
};

static const struct control_field interface_fields[] = {
	FIELD(interface, exporter, ADDR, IDENTITY, NULL, NULL),
	FIELD(interface, index, NUMBER, IDENTITY, NULL, NULL),
	FIELD(interface, port, NUMBER, IDENTITY, NULL, NULL),
	FIELD(interface, name, VIEW, IDENTITY, NULL, NULL),
	FIELD(interface, description, VIEW, IDENTITY, NULL, NULL),
};

static const struct control_field session_fields[] = {
	FIELD(session, exporter, ADDR, IDENTITY, NULL, NULL),
	FIELD(session, port, NUMBER, IDENTITY, NULL, NULL),
	FIELD(session, datagrams, NUMBER, COUNTER, NULL, NULL),
	FIELD(session, last_seen, NUMBER, TIME, NULL, NULL),
};

static const struct control_field stream_fields[] = {
	FIELD(stream, exporter, ADDR, IDENTITY, NULL, NULL),
	FIELD(stream, version, NUMBER, IDENTITY, NULL, NULL),
	FIELD(stream, domain, NUMBER, IDENTITY, NULL, NULL),
	FIELD(stream, port, NUMBER, IDENTITY, NULL, NULL),
	FIELD(stream, pending, NUMBER, FLAG, NULL, NULL),
	FIELD(stream, unit, VIEW, IDENTITY, NULL, NULL),
};

static const struct control_field listener_fields[] = {
	FIELD(listener, number, NUMBER, IDENTITY, NULL, NULL),
	FIELD(listener, addr, ADDR, IDENTITY, NULL, NULL),
	FIELD(listener, port, NUMBER, IDENTITY, NULL, NULL),
	FIELD(listener, interface, VIEW, IDENTITY, NULL, NULL),
	FIELD(listener, name, VIEW, IDENTITY, NULL, NULL),
	FIELD(listener, datagrams, NUMBER, COUNTER, NULL, NULL),
	FIELD(listener, gone, NUMBER, FLAG, NULL, NULL),
};

#define FIELDS(type) { type##_fields, NULL, COUNT(type##_fields), 0 }
#define PERIODS(type) \
	{ period_fields, NULL, COUNT(period_fields), \
	    offsetof(struct control_##type, periods) }
#define COUNTERS_OF(type) \
	{ NULL, exporter_counters, EXPORTER_COUNTERS, \
	    offsetof(struct control_##type, counters) }
/* n counters of the collector, beginning with the one at index first. */
#define COLLECTOR(first, n) \
	{ NULL, collector_counters + (first), n, \
	    offsetof(struct control_summary, collector) }

static const struct control_layout layouts[CONTROL_TYPES] = {
	[CONTROL_HELLO] = { { FIELDS(hello) }, sizeof(struct control_hello) },
	[CONTROL_SUMMARY] = {
		{
			FIELDS(summary),
			COLLECTOR(0, 1), /* evicted, next to exporters */
			PERIODS(summary),
			COUNTERS_OF(summary),
			COLLECTOR(1, COLLECTOR_COUNTERS - 1),
		},
		sizeof(struct control_summary) },
	[CONTROL_MEMORY] = { { FIELDS(memory) },
		sizeof(struct control_memory) },
	[CONTROL_RULE] = { { FIELDS(rule) }, sizeof(struct control_rule) },
	[CONTROL_EXPORTER] = {
		{
			FIELDS(exporter),
			PERIODS(exporter),
			COUNTERS_OF(exporter),
		},
		sizeof(struct control_exporter) },
	[CONTROL_TEMPLATE] = { { FIELDS(template) },
		sizeof(struct control_template) },
	[CONTROL_SAMPLER] = { { FIELDS(sampler) },
		sizeof(struct control_sampler) },
	[CONTROL_DOMAIN] = { { FIELDS(domain) },
		sizeof(struct control_domain) },
	[CONTROL_INTERFACE] = { { FIELDS(interface) },
		sizeof(struct control_interface) },
	[CONTROL_STREAM] = { { FIELDS(stream) },
		sizeof(struct control_stream) },
	[CONTROL_SESSION] = { { FIELDS(session) },
		sizeof(struct control_session) },
	[CONTROL_LISTENER] = { { FIELDS(listener) },
		sizeof(struct control_listener) },
};
/* clang-format on */

/* Each member of a structure needs a field above. */
_Static_assert(COUNT(summary_fields) + COUNT(period_fields) +
	    EXPORTER_COUNTERS + COLLECTOR_COUNTERS ==
	sizeof(struct control_summary) / sizeof(uint64_t),
    "each member of a summary has a field");
_Static_assert(COUNT(exporter_fields) - 1 + COUNT(period_fields) +
	    EXPORTER_COUNTERS ==
	(sizeof(struct control_exporter) -
	    offsetof(struct control_exporter, first_seen)) /
	    sizeof(uint64_t),
    "each member of an exporter has a field, including the address");

const struct control_layout *
control_layout(unsigned int type)
{
	return (type < CONTROL_TYPES && layouts[type].size > 0 ?
		&layouts[type] :
		NULL);
}

static struct control_field
field_of_counter(const struct counter *c)
{
	return ((struct control_field){
	    .name = c->key,
	    .metric = c->metric,
	    .help = c->help,
	    .offset = c->offset,
	    .kind = PACK_NUMBER,
	    .nature =
		c->kind == COUNTER_TOTAL ? CONTROL_COUNTER : CONTROL_GAUGE,
	});
}

bool
control_field(const struct control_layout *l, size_t i,
    struct control_field *field)
{
	const struct control_part *p;

	for (p = l->parts; p < l->parts + CONTROL_PARTS; i -= p->n, p++) {
		if (i >= p->n)
			continue;
		*field = p->fields != NULL ? p->fields[i] :
					     field_of_counter(&p->counters[i]);
		field->offset += p->base;
		return (true);
	}
	return (false);
}

static struct pack_row
row_of(const struct control_field *f)
{
	return ((struct pack_row){
	    .kind = f->kind,
	    .offset = f->offset,
	    .size = sizeof(uint64_t), /* of a number */
	    .max = UINT64_MAX,
	});
}

int
control_pack(struct wcursor *w, enum control_type type, const void *record)
{
	const struct control_layout *l = &layouts[type];
	struct wcursor header, body = *w;
	struct control_field field;
	struct pack_row row;
	size_t i, begin;
	uint8_t *start;

	if ((start = wcur_take(&body, CONTROL_HEADER_LEN)) == NULL)
		return (FLOWD_ESPACE);
	begin = wcur_len(&body);
	for (i = 0; control_field(l, i, &field); i++) {
		row = row_of(&field);
		if (pack_member(&body, &row, record) != 0)
			return (FLOWD_ESPACE);
	}
	wcur_init(&header, start, CONTROL_HEADER_LEN);
	if (wcur_u16(&header, (uint16_t)type) != 0 ||
	    wcur_u32(&header, (uint32_t)(wcur_len(&body) - begin)) != 0)
		return (FLOWD_ESPACE);
	*w = body;
	return (0);
}

int
control_unpack(struct cursor *c, enum control_type *type,
    union control_record *record)
{
	const struct control_layout *l;
	struct cursor at = *c, body;
	struct control_field field;
	struct pack_row row;
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
	for (i = 0; control_field(l, i, &field); i++) {
		row = row_of(&field);
		if (unpack_member(&body, &row, record) != 0)
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
