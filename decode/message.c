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
 * Decodes messages of NetFlow v9 (RFC 3954) and IPFIX (RFC 7011).  The two
 * differ in the header, in the ids of sets and in the form of templates.
 *
 * A message is read twice.  The first pass checks the lengths of all sets: if
 * one is invalid, the whole message is dropped.  The second pass decodes each
 * set.  Damage inside a set does not affect the others.
 */
#include <inttypes.h>
#include <string.h>

#include "base/log-limit.h"
#include "base/log.h"
#include "decode/decode.h"
#include "decode/exporter-log.h"
#include "decode/exporters.h"
#include "decode/protocol.h"
#include "decode/record.h"
#include "decode/template-run.h"
#include "lib/cursor.h"
#include "netflow.h"

#define DEFERRED_MAX 8

struct set {
	uint16_t id;
	struct cursor data; /* without the header of the set */
};

/* One message that is being decoded. */
struct walk {
	enum protocol_id protocol;
	struct message_header msg;
	uint32_t session; /* its bit */
	struct cursor sets;
	struct exporter *exporter;
	struct flow_sink *sink;
	struct held_datagram *held; /* NULL: no set is held */
	uint32_t records;           /* data records read */
	uint32_t options;           /* of these, records of options data */
	bool unknown;               /* a set had no template */
	bool dropped;               /* and could not be held */
	/* Of the set: see record_finish, and what its flows are compared with. */
	uint64_t init_time;
	struct time_base *base; /* NULL: nothing */
	/* Data sets that wait for an init time in the rest of the message. */
	struct set deferred[DEFERRED_MAX];
	size_t ndeferred;
	bool looked_ahead;
	size_t after_init_time; /* octets after the last such set */
};

enum set_kind { SET_TEMPLATE, SET_OPTIONS, SET_DATA, SET_RESERVED };

static enum decoded
refuse(struct walk *w, const char *why, size_t len)
{
	exporter_warnx(w->exporter, EXPORTER_INVALID, w->msg.recv_sec,
	    "%s: %s; message of %zu octets dropped",
	    protocols[w->protocol].name, why, len);
	return (DECODE_INVALID);
}

static int
read_header_v9(struct cursor *c, struct message_header *msg)
{
	uint16_t count;

	/* The count is ignored: in some exporters it is wrong. */
	if (cur_u16(c, &count) != 0 || cur_u32(c, &msg->sys_uptime_ms) != 0 ||
	    cur_u32(c, &msg->export_sec) != 0 ||
	    cur_u32(c, &msg->sequence) != 0)
		return (FLOWD_ESHORT);
	return (cur_u32(c, &msg->domain));
}

/* Octets of the datagram after the message's own length are ignored. */
static int
read_header_ipfix(struct cursor *c, struct message_header *msg)
{
	struct cursor sets;
	uint16_t len;

	if (cur_u16(c, &len) != 0 || cur_u32(c, &msg->export_sec) != 0 ||
	    cur_u32(c, &msg->sequence) != 0 || cur_u32(c, &msg->domain) != 0)
		return (FLOWD_ESHORT);
	if (len < IPFIX_HEADER_LEN ||
	    cur_sub(c, len - IPFIX_HEADER_LEN, &sets) != 0)
		return (FLOWD_EHEADER);
	*c = sets;
	return (0);
}

static bool
all_zero(struct cursor c)
{
	uint8_t byte;

	while (cur_u8(&c, &byte) == 0) {
		if (byte != 0)
			return (false);
	}
	return (true);
}

/*
 * Removes the next set from the front of sets.  1 for a set; 0 at the end,
 * where up to 3 stray octets or zeroes are accepted; FLOWD_EHEADER for an
 * invalid length.
 */
static int
next_set(struct cursor *sets, struct set *set)
{
	struct cursor rest = *sets;
	uint16_t len;

	if (cur_u16(sets, &set->id) != 0 || cur_u16(sets, &len) != 0)
		return (0);
	if (len < NF_SET_HEADER_LEN)
		return (all_zero(rest) ? 0 : FLOWD_EHEADER);
	if (cur_sub(sets, len - NF_SET_HEADER_LEN, &set->data) != 0)
		return (FLOWD_EHEADER);
	return (1);
}

static bool
is_framed(struct cursor sets)
{
	struct set set;
	int r;

	while ((r = next_set(&sets, &set)) == 1)
		;
	return (r == 0);
}

static enum set_kind
kind_of(uint16_t version, uint16_t id)
{
	if (id >= NF_SET_DATA_MIN)
		return (SET_DATA);
	if (version == NF_VERSION_9)
		return (id == NF9_SET_TEMPLATE ? SET_TEMPLATE :
			id == NF9_SET_OPTIONS  ? SET_OPTIONS :
						 SET_RESERVED);
	return (id == IPFIX_SET_TEMPLATE ? SET_TEMPLATE :
		id == IPFIX_SET_OPTIONS  ? SET_OPTIONS :
					   SET_RESERVED);
}

/* Tells the sampling of n flows in the sink, if somebody asks for it. */
static void
tell_sampling(struct walk *w, const struct tmpl *t, size_t n,
    const struct flow *flows, const struct ie_values *values, bool reverse)
{
	size_t i;

	if (w->sink->sampling == NULL)
		return;
	for (i = 0; i < n; i++)
		*sink_sampling(w->sink, &flows[i]) =
		    sampling_of_flow(options_samplers(&w->exporter->options), t,
			&w->msg, &flows[i], &values[i], reverse);
}

/*
 * Writes one or two flows for a record of two directions: a direction without
 * traffic is left out if the other one has traffic.
 */
static void
finish_biflow(struct walk *w, const struct tmpl *t,
    const struct ie_values *values, struct flow *flow)
{
	struct flow *reverse = flow;

	tell_sampling(w, t, 1, flow, values, false);
	if (!record_has_reverse(t, values))
		return;
	if (record_has_forward(flow)) {
		const struct flow forward = *flow;

		reverse = sink_next(w->sink);
		*reverse = forward;
	}
	exporter_count_times(w->exporter,
	    record_reverse(reverse, t, &w->msg, w->init_time, values));
	tell_sampling(w, t, 1, reverse, values, true);
}

/* Finds the init time for a set of flows.  v9 has its uptime in the header. */
static void
find_base(struct walk *w, const struct tmpl *t)
{
	struct time_base *base = NULL;

	if (w->msg.version == NF_VERSION_IPFIX)
		base = options_time_base(&w->exporter->options, w->msg.version,
		    w->msg.domain, w->msg.port, record_needs_init_time(t));
	w->init_time = base == NULL ? 0 : time_base_init_time(base);
	w->base = base != NULL && record_needs_init_time(t) ? base : NULL;
}

/* Finds out by a flow whether the exporter has restarted. */
static void
check_base(struct walk *w, const struct tmpl *t, const struct ie_values *values)
{
	const bool was_lost = w->base->lost;

	time_base_check(w->base, &w->msg, record_uptime(t, values));
	w->init_time = time_base_init_time(w->base);
	if (!w->base->lost)
		return;
	w->exporter->counters.times_restarted++;
	if (was_lost)
		return;
	w->exporter->shared->changed = true;
	exporter_info(w->exporter, EXPORTER_UPTIME, w->msg.recv_sec,
	    "domain %" PRIu32
	    ": uptimes start again; flows get the export time until options "
	    "data have the time of the start",
	    w->msg.domain);
}

/*
 * Completes a flow of the sink.  It is the last one in the sink if the template
 * is of biflows.
 */
static void
finish_flow(struct walk *w, const struct tmpl *t,
    const struct ie_values *values, struct flow *flow)
{
	enum flow_times times;

	if (w->base != NULL)
		check_base(w, t, values);
	times = record_finish(flow, t, &w->msg, w->init_time, values);
	if (times != FLOW_TIMES_GOOD)
		exporter_count_times(w->exporter, times);
	if (record_is_biflow(t))
		finish_biflow(w, t, values, flow);
}

/*
 * The same for n records of one flow each, after template_run, which began at
 * octets.
 */
static void
finish_flows(struct walk *w, const struct tmpl *t, struct cursor octets,
    size_t n, struct ie_values *values, struct flow *flows)
{
	size_t i;

	if (w->sink->sampling != NULL)
		template_run_sampling(t, octets, n, flows, values);
	for (i = 0; i < n; i++)
		finish_flow(w, t, &values[i], &flows[i]);
	if (!record_is_biflow(t))
		tell_sampling(w, t, n, flows, values, false);
}

/*
 * Reads a record whose template describes the headers of a tunnelled packet.
 * Returns the template for the innermost header that the record has, or NULL
 * at the end of data.
 */
static const struct tmpl *
read_tunnelled(struct walk *w, const struct tmpl *t, struct cursor *data,
    struct flow *flow, struct ie_values *values)
{
	const struct cursor record = *data;

	for (;; t = t->outer) {
		*data = record;
		record_start(flow, t, &w->msg, &w->exporter->addr);
		if (template_run(t, data, 1, flow, values) != 0)
			return (NULL);
		if (t->outer == NULL || record_has_header(flow, t, values))
			return (t);
	}
}

/* n records of the set have no content. */
static void
refuse_records(struct walk *w, const struct tmpl *t, uint64_t n)
{
	struct exporter *e = w->exporter;

	if (n == 0)
		return;
	e->counters.flows += n;
	e->counters.no_content += n;
	exporter_warnx(e, EXPORTER_NO_CONTENT, w->msg.recv_sec,
	    "domain %" PRIu32
	    ": records of template %u have no address, octets or packets; "
	    "they are not stored",
	    w->msg.domain, t->key.id);
}

static bool
keeps_all(const struct walk *w, const struct tmpl *t)
{
	return (t->content == CONTENT_ALWAYS || w->sink->keep_empty);
}

/* Refuses the last flow of the sink if it has no content. */
static void
check_content(struct walk *w, const struct tmpl *t)
{
	struct flow_sink *sink = w->sink;

	if (keeps_all(w, t) || record_has_content(&sink->flows[sink->n - 1]))
		return;
	sink->n--;
	refuse_records(w, t, 1);
}

/*
 * Counts the records of a template without content; makes no flows.  False if
 * the set ends inside a record.
 */
static bool
skip_records(struct walk *w, const struct tmpl *t, struct cursor *data)
{
	struct ie_values *values = w->exporter->shared->values;
	const uint32_t before = w->records;
	struct flow flow;
	int r = 0;

	if (!t->variable)
		w->records += (uint32_t)(cur_left(data) / t->record_len);
	while (t->variable && r == 0 && cur_left(data) >= t->record_len) {
		r = template_run(t, data, 1, &flow, values);
		w->records += r == 0;
	}
	refuse_records(w, t, w->records - before);
	return (r == 0);
}

/* False if the set ends inside a record. */
static bool
decode_tunnelled(struct walk *w, const struct tmpl *t, struct cursor *data)
{
	struct ie_values *values = w->exporter->shared->values;
	const struct tmpl *header;
	struct cursor octets;
	struct flow *flow;

	while (cur_left(data) >= t->record_len) {
		octets = *data;
		flow = sink_next(w->sink);
		header = read_tunnelled(w, t, data, flow, values);
		if (header == NULL) {
			w->sink->n--;
			return (false);
		}
		w->records++;
		finish_flows(w, header, octets, 1, values, flow);
		check_content(w, header);
	}
	return (true);
}

/* False if the set ends inside a record. */
static bool
decode_flow_records(struct walk *w, const struct tmpl *t, struct cursor *data)
{
	const bool sure = keeps_all(w, t);
	const size_t at_once =
	    sure && record_is_one_flow(t) ? EXPORTER_RECORDS : 1;
	struct ie_values *values = w->exporter->shared->values;
	struct flow common, *flows;
	struct cursor octets;
	size_t i, n;

	find_base(w, t);
	if (t->outer != NULL)
		return (decode_tunnelled(w, t, data));
	record_start(&common, t, &w->msg, &w->exporter->addr);
	while ((n = cur_left(data) / t->record_len) > 0) {
		flows = sink_more(w->sink, n < at_once ? n : at_once, &n);
		for (i = 0; i < n; i++)
			flows[i] = common;
		octets = *data;
		if (template_run(t, data, n, flows, values) != 0) {
			w->sink->n -= n;
			return (false);
		}
		w->records += (uint32_t)n;
		finish_flows(w, t, octets, n, values, flows);
		if (!sure)
			check_content(w, t);
	}
	return (true);
}

/* The options data were applied, unless there was no memory. */
static void
hear_init_time(struct walk *w, uint64_t init_time)
{
	struct time_base *base = options_time_base(&w->exporter->options,
	    w->msg.version, w->msg.domain, w->msg.port, false);

	if (base != NULL && base->init_time == init_time)
		time_base_told(base, &w->msg);
}

static void
count_options(struct counters *counters, const struct options_result *result)
{
	if (result->dropped)
		counters->options_dropped++;
	else if (result->applied)
		counters->options++;
	else
		counters->options_ignored++;
}

static void
apply_options(struct walk *w, const struct options_record *record)
{
	struct exporter *e = w->exporter;
	const struct options_result result =
	    options_apply(&e->options, &e->memory, &e->sessions, record);

	count_options(&e->counters, &result);
	if (result.changed)
		e->shared->changed = true;
	if (result.resampled.of != 0)
		exporter_info(e, EXPORTER_RESAMPLED, w->msg.recv_sec,
		    "domain %" PRIu32 ": sampling changed to %" PRIu64
		    " of %" PRIu64 " packets",
		    w->msg.domain, result.resampled.sampled,
		    result.resampled.of);
	if (result.doubtful)
		exporter_warnx(e, EXPORTER_UPTIME, w->msg.recv_sec,
		    "domain %" PRIu32
		    ": port %u, which sends no flows, told "
		    "another start of the system; it counts when it is told "
		    "again",
		    w->msg.domain, w->msg.port);
	if (slots_have(&record->tmpl->slots, SLOT_INIT_TIME))
		hear_init_time(w, record->values->init_time);
}

/* False if the set ends inside a record. */
static bool
decode_options_records(struct walk *w, const struct tmpl *t,
    struct cursor *data)
{
	struct ie_values *values = w->exporter->shared->values;
	struct flow flow;
	struct options_record record = {
		.version = w->msg.version,
		.port = w->msg.port,
		.domain = w->msg.domain,
		.tmpl = t,
		.flow = &flow,
		.values = values,
	};

	while (cur_left(data) >= t->record_len) {
		record.octets = *data;
		if (template_run(t, data, 1, &flow, values) != 0)
			return (false);
		w->records++;
		w->options++;
		apply_options(w, &record);
	}
	return (true);
}

/*
 * Octets after the last record are padding (RFC 7011 section 3.3.1), if they are
 * too few for a record.  A set without a record, or with more than padding after
 * the last one, does not match its template: this may be the wrong one.
 */
static void
decode_records(struct walk *w, const struct tmpl *t, struct cursor *data)
{
	const uint32_t before = w->records;
	bool whole;

	if (t->options)
		whole = decode_options_records(w, t, data);
	else if (t->content == CONTENT_NONE && t->outer == NULL &&
	    !w->sink->keep_empty)
		whole = skip_records(w, t, data);
	else
		whole = decode_flow_records(w, t, data);
	if (!whole || w->records == before)
		w->exporter->counters.sets_without_record++;
}

/* The set's template is unknown, or doubtful, which a message has said. */
static void
hold_set(struct walk *w, const struct set *set, bool doubtful)
{
	const int r =
	    held_add(&w->exporter->held, &w->msg, set->id, set->data, &w->held);

	w->unknown = true;
	w->dropped = w->dropped || r == -1;
	if (r == -1)
		exporter_warnx(w->exporter, EXPORTER_NO_TEMPLATE,
		    w->msg.recv_sec,
		    "domain %" PRIu32
		    ": no room to hold data that wait for template %u; data "
		    "dropped",
		    w->msg.domain, set->id);
	else if (!doubtful)
		exporter_warnx(w->exporter, EXPORTER_NO_TEMPLATE,
		    w->msg.recv_sec,
		    "domain %" PRIu32
		    ": template %u not received yet; its "
		    "data are held until it arrives",
		    w->msg.domain, set->id);
}

/* Whether the set has an init time, or may define a template with one. */
static bool
may_have_init_time(const struct walk *w, const struct set *set)
{
	const struct template_key key = {
		.domain = w->msg.domain,
		.version = w->msg.version,
		.id = set->id,
	};
	const enum set_kind kind = kind_of(w->msg.version, set->id);
	const struct tmpl *t;

	if (kind != SET_DATA)
		return (kind == SET_OPTIONS);
	t = template_find(&w->exporter->templates, &key, w->session);
	return (
	    t != NULL && t->options && slots_have(&t->slots, SLOT_INIT_TIME));
}

/* Finds the last set of the rest that may have an init time. */
static void
find_init_time(struct walk *w)
{
	struct cursor sets = w->sets;
	struct set set;

	w->looked_ahead = true;
	w->after_init_time = SIZE_MAX;
	while (next_set(&sets, &set) == 1) {
		if (may_have_init_time(w, &set))
			w->after_init_time = cur_left(&sets);
	}
}

/*
 * Options data with a new init time may be in the rest of the message: RFC 7011
 * has no order of sets, and an exporter that restarted may send them last.
 */
static bool
is_to_defer(struct walk *w, const struct tmpl *t)
{
	if (w->msg.version != NF_VERSION_IPFIX || t->options ||
	    w->ndeferred == DEFERRED_MAX || !record_needs_init_time(t))
		return (false);
	if (!w->looked_ahead)
		find_init_time(w);
	return (cur_left(&w->sets) > w->after_init_time);
}

static void
decode_data_set(struct walk *w, struct set *set, bool may_defer)
{
	const struct template_key key = {
		.domain = w->msg.domain,
		.version = w->msg.version,
		.id = set->id,
	};
	struct tmpl *t =
	    template_find(&w->exporter->templates, &key, w->session);

	if (t == NULL || template_is_doubtful(t, w->session)) {
		hold_set(w, set, t != NULL);
		return;
	}
	template_used(&w->exporter->templates, t, w->session, w->msg.recv_sec);
	if (may_defer)
		w->sink->octets += NF_SET_HEADER_LEN + cur_left(&set->data);
	if (may_defer && is_to_defer(w, t))
		w->deferred[w->ndeferred++] = *set;
	else
		decode_records(w, t, &set->data);
}

static void
decode_deferred(struct walk *w)
{
	size_t i;

	for (i = 0; i < w->ndeferred; i++)
		decode_data_set(w, &w->deferred[i], false);
	w->ndeferred = 0;
}

/* Decodes deferred sets before their template changes. */
static void
decode_deferred_of(struct walk *w, uint16_t id)
{
	size_t i;

	for (i = 0; i < w->ndeferred; i++) {
		if (id < NF_SET_DATA_MIN || w->deferred[i].id == id) {
			decode_deferred(w);
			return;
		}
	}
}

/*
 * Decodes held sets of the template with the times of their messages, and each
 * with the template that its session uses now.  If port is not NULL, it decodes
 * only those that came from it.
 */
static void
release_held(struct walk *w, const struct template_key *key,
    const uint16_t *port)
{
	struct exporter *e = w->exporter;
	struct walk past = *w;
	struct held_set *set;
	struct cursor data;
	struct tmpl *t;

	while ((set = held_take(&e->held, key, port)) != NULL) {
		past.session = sessions_bit(&e->sessions, set->message.port);
		t = template_find(&e->templates, key, past.session);
		template_used(&e->templates, t, past.session, w->msg.recv_sec);
		cur_init(&data, set->data, set->len);
		past.msg = set->message;
		sink_set_listener(w->sink, set->message.listener);
		w->sink->octets += NF_SET_HEADER_LEN + set->len;
		decode_records(&past, t, &data);
		held_done(set, true);
	}
	sink_set_listener(w->sink, w->msg.listener);
}

static void
warn_template(struct walk *w, const struct template_key *key, const char *why)
{
	exporter_warnx(w->exporter, EXPORTER_TEMPLATE, w->msg.recv_sec,
	    "domain %" PRIu32 ": template %u: %s; template ignored",
	    w->msg.domain, key->id, why);
}

static struct template_session
session_of(const struct walk *w)
{
	return ((struct template_session){
	    .bit = w->session,
	    .port = w->msg.port,
	    .now = w->msg.recv_sec,
	});
}

/*
 * RFC 7011 section 8.4 forbids withdrawals over UDP, where they may be forged
 * or late: they change nothing.
 */
static bool
is_withdrawal(const struct template_key *key, bool options, uint16_t nfields)
{
	return (key->version == NF_VERSION_IPFIX && nfields == 0 &&
	    (key->id >= NF_SET_DATA_MIN ||
		key->id == (options ? IPFIX_SET_OPTIONS : IPFIX_SET_TEMPLATE)));
}

/* Logged once for all exporters; another message names each exporter. */
static void
warn_memory(struct exporter *e, uint32_t now)
{
	uint32_t held_back;

	if (log_state_begin(&e->shared->memory_full, now, &held_back))
		log_warnx(
		    "memory limit of %zu bytes reached, new templates are "
		    "ignored; see \"limit memory\"",
		    e->shared->memory.limit);
}

/* Logs whether limits are reached, after a new template. */
static void
report_limits(struct walk *w)
{
	struct exporter *e = w->exporter;
	struct exporters_shared *shared = e->shared;
	const bool full = e->templates.count >= shared->templates_max;

	if (full)
		exporter_warnx(e, EXPORTER_TEMPLATES_FULL, w->msg.recv_sec,
		    "limit of %zu templates reached, each new one evicts one "
		    "without data; see \"limit templates\"",
		    shared->templates_max);
	else if (e->templates_full)
		exporter_info(e, EXPORTER_TEMPLATES_ROOM, w->msg.recv_sec,
		    "limit of templates no longer reached");
	e->templates_full = full;
	if (memory_left(&shared->memory) > shared->memory.limit / 16 &&
	    log_state_end(&shared->memory_full))
		log_info("memory limit no longer reached");
}

static void
refuse_template(struct walk *w, const struct template_key *key,
    enum template_result r)
{
	struct exporter *e = w->exporter;

	e->counters.templates_refused++;
	if (r == TEMPLATE_LIMIT) {
		exporter_warnx(e, EXPORTER_MEMORY, w->msg.recv_sec,
		    "limit of %zu templates reached, and all are in use; "
		    "template %u of domain %" PRIu32
		    " ignored; see \"limit "
		    "templates\"",
		    e->shared->templates_max, key->id, w->msg.domain);
		return;
	}
	warn_memory(e, w->msg.recv_sec);
	exporter_warnx(e, EXPORTER_MEMORY, w->msg.recv_sec,
	    "domain %" PRIu32 ": no memory for template %u; template ignored",
	    w->msg.domain, key->id);
}

static void
report_change(struct walk *w, const struct template_key *key)
{
	exporter_info(w->exporter, EXPORTER_TEMPLATE_CHANGED, w->msg.recv_sec,
	    "domain %" PRIu32 ": template %u redefined", w->msg.domain,
	    key->id);
}

static void
report_doubt(struct walk *w, const struct template_key *key)
{
	exporter_warnx(w->exporter, EXPORTER_TEMPLATE_DOUBTFUL, w->msg.recv_sec,
	    "domain %" PRIu32
	    ": template %u is in use, and port %u, which is "
	    "not that of its data, redefined it; data without a template of "
	    "their own port are held until a definition is repeated",
	    w->msg.domain, key->id, w->msg.port);
}

/* Counts and logs the result of template_define, and decodes held data. */
static void
handle_definition(struct walk *w, const struct template_key *key,
    enum template_result r, int error)
{
	struct exporter *e = w->exporter;

	switch (r) {
	case TEMPLATE_SAME:
		return;
	case TEMPLATE_BAD:
		e->counters.templates_refused++;
		warn_template(w, key,
		    error == FLOWD_ESHORT ? "fields exceed the set" :
					    "length of its records is invalid");
		return;
	case TEMPLATE_NO_ROOM:
	case TEMPLATE_LIMIT:
		refuse_template(w, key, r);
		return;
	case TEMPLATE_NEW:
		e->counters.templates++;
		report_limits(w);
		release_held(w, key, NULL);
		break;
	case TEMPLATE_SETTLED:
		release_held(w, key, NULL);
		break;
	case TEMPLATE_CHANGED:
		/* Held data may belong to a previous definition. */
		held_drop(&e->held, key, NULL);
		e->counters.templates++;
		break;
	case TEMPLATE_WAITING:
		e->counters.templates++;
		report_doubt(w, key);
		/* FALLTHROUGH */
	case TEMPLATE_ADOPTED:
		if (w->session != 0)
			release_held(w, key, &w->msg.port);
		break;
	}
	e->shared->changed = true;
}

/*
 * Reads the counts in the header of an options template.  v9 has the octets of
 * the scope specifiers and of the option specifiers (RFC 3954 section 6.1),
 * IPFIX the number of all fields and the number of scope fields (RFC 7011
 * section 3.4.2.2).
 */
static int
read_options_counts(uint16_t version, struct cursor *c, uint16_t *nfields,
    uint16_t *scopes)
{
	uint16_t a, b;

	if (cur_u16(c, &a) != 0)
		return (FLOWD_ESHORT);
	*nfields = a;
	*scopes = 0;
	if (version == NF_VERSION_IPFIX && a == 0)
		return (0); /* a withdrawal has no more counts */
	if (cur_u16(c, &b) != 0)
		return (FLOWD_ESHORT);
	if (version == NF_VERSION_IPFIX) {
		*scopes = b;
		return (b > a ? FLOWD_EINVAL : 0);
	}
	if (a % NF_FIELD_SPEC_LEN != 0 || b % NF_FIELD_SPEC_LEN != 0)
		return (FLOWD_EINVAL);
	*scopes = a / NF_FIELD_SPEC_LEN;
	*nfields = (uint16_t)(*scopes + b / NF_FIELD_SPEC_LEN);
	return (0);
}

static const char *
header_error(int error)
{
	if (error == 0)
		return ("the id is reserved");
	return (error == FLOWD_ESHORT ? "header exceeds the set" :
					"field counts are invalid");
}

/* Defines the template, and counts those that it evicts. */
static enum template_result
define(struct walk *w, const struct template_key *key, bool options,
    uint16_t scopes, uint16_t nfields, struct cursor *c, int *error)
{
	struct exporter *e = w->exporter;
	const struct template_session session = session_of(w);
	const struct templates before = e->templates, *t = &e->templates;
	enum template_result r;

	r = template_define(&e->templates, &e->memory, e->shared->templates_max,
	    key, &session, options, scopes, nfields, c, error);
	e->counters.templates_evicted += t->evicted - before.evicted;
	e->counters.templates_doubtful += t->challenged - before.challenged;
	e->counters.templates_changed += t->changed - before.changed;
	if (t->changed != before.changed)
		report_change(w, key);
	return (r);
}

/* Reads one definition.  1; 0 if the rest of the set is padding or invalid. */
static int
decode_template(struct walk *w, struct cursor *c, bool options)
{
	struct template_key key = {
		.domain = w->msg.domain,
		.version = w->msg.version,
	};
	struct exporter *e = w->exporter;
	uint16_t nfields, scopes = 0;
	enum template_result r;
	int error;

	if (all_zero(*c) || cur_u16(c, &key.id) != 0)
		return (0);
	decode_deferred_of(w, key.id);
	error = options ?
	    read_options_counts(key.version, c, &nfields, &scopes) :
	    cur_u16(c, &nfields);
	if (error == 0 && is_withdrawal(&key, options, nfields)) {
		e->counters.withdrawals++;
		return (1);
	}
	if (error != 0 || key.id < NF_SET_DATA_MIN) {
		e->counters.templates_refused++;
		warn_template(w, &key, header_error(error));
		return (0);
	}
	r = define(w, &key, options, scopes, nfields, c, &error);
	handle_definition(w, &key, r, error);
	return (r == TEMPLATE_BAD && error == FLOWD_ESHORT ? 0 : 1);
}

static void
decode_set(struct walk *w, struct set *set)
{
	enum set_kind kind = kind_of(w->msg.version, set->id);

	if (kind != SET_DATA)
		w->sink->octets += NF_SET_HEADER_LEN + cur_left(&set->data);
	switch (kind) {
	case SET_TEMPLATE:
	case SET_OPTIONS:
		while (decode_template(w, &set->data, kind == SET_OPTIONS))
			;
		break;
	case SET_DATA:
		decode_data_set(w, set, true);
		break;
	case SET_RESERVED:
		w->exporter->counters.sets_reserved++;
		break;
	}
}

static enum decoded
finish(struct walk *w)
{
	struct sequence_mark mark = {
		.port = w->msg.port,
		.domain = w->msg.domain,
		.number = w->msg.sequence,
		.flows =
		    w->unknown ? SEQUENCE_UNKNOWN : w->records - w->options,
		.records = w->unknown ? SEQUENCE_UNKNOWN : w->records,
		.uptime_ms = w->msg.sys_uptime_ms,
		.steady = (w->exporter->sessions.steady & w->session) != 0,
	};

	exporter_sequence(w->exporter, w->protocol, &mark);
	if (w->held != NULL) {
		held_close(&w->exporter->held, w->held, !w->dropped);
		return (DECODE_HELD);
	}
	return (w->dropped ? DECODE_NO_TEMPLATE : DECODED);
}

static enum decoded
decode_sets(struct walk *w, const struct datagram *dgram)
{
	struct set set;

	if (!is_framed(w->sets))
		return (refuse(w, "length of a set is invalid", dgram->len));
	w->session =
	    exporter_session(w->exporter, dgram->port, dgram->recv_sec);
	exporter_heard(w->exporter, w->protocol, dgram->recv_sec,
	    dgram->recv_usec, w->msg.export_sec, 0);
	/* Set by set, without those that are held until another datagram. */
	w->sink->octets -= cur_left(&w->sets);
	while (next_set(&w->sets, &set) == 1) {
		decode_set(w, &set);
		if (cur_left(&w->sets) <= w->after_init_time)
			decode_deferred(w);
	}
	return (finish(w));
}

static enum decoded
decode_message(enum protocol_id id, const struct datagram *dgram,
    struct exporter *exporter, struct flow_sink *sink,
    int (*read_header)(struct cursor *c, struct message_header *msg))
{
	struct walk w = {
		.protocol = id,
		.exporter = exporter,
		.sink = sink,
		.msg = { .version = protocols[id].number,
		    .recv_sec = dgram->recv_sec,
		    .recv_usec = dgram->recv_usec,
		    .listener = dgram->listener,
		    .port = dgram->port },
	};
	int r;

	cur_init(&w.sets, dgram->data, dgram->len);
	(void)cur_skip(&w.sets, NF_VERSION_LEN);
	r = read_header(&w.sets, &w.msg);
	if (r == FLOWD_ESHORT)
		return (refuse(&w, "header exceeds the message", dgram->len));
	if (r != 0)
		return (
		    refuse(&w, "length in the header is invalid", dgram->len));
	return (decode_sets(&w, dgram));
}

enum decoded
decode_v9(const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	return (
	    decode_message(PROTOCOL_V9, dgram, exporter, sink, read_header_v9));
}

enum decoded
decode_ipfix(const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	return (decode_message(PROTOCOL_IPFIX, dgram, exporter, sink,
	    read_header_ipfix));
}
