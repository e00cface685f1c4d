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
#include <stdarg.h>
#include <stdio.h>

#include "control/ctl-check.h"
#include "control/ctl-print.h"
#include "format.h"
#include "netflow.h"

/*
 * The default of templateRefreshTimeout, RFC 6728 section 4.4.2.  After packet
 * loss, or a start without a state file, data can wait for a template as long.
 */
#define REFRESH_MAX 600 /* seconds */

#define CLOCK_OFF_MS  5000   /* v9 and IPFIX send whole seconds */
#define COMPLETE_PPM  999000 /* a lower share is a finding */
#define LOOKED_AT_MIN 20     /* flows; fewer are not significant */
#define NARROW        4      /* bytes of a counter that wraps at 4 GiB */

#define TEXT_LEN 256 /* of a finding */

enum {
	OCTET_DELTA = 1,
	FLOW_END_UPTIME = 21,
	FLOW_START_UPTIME = 22,
	POST_OCTET_DELTA = 23,
	SAMPLER_ID = 48,
	OCTET_TOTAL = 85,
	FLOW_START_SECONDS = 150,
	FLOW_END_DELTA_MICRO = 159,
	SYSTEM_INIT_TIME = 160,
	SELECTOR_ID = 302,
};

/* The elements of a template of flows that checks depend on. */
struct elements {
	bool uptimes;    /* times since the start of the exporter's system */
	bool times;      /* absolute times */
	bool init_time;  /* the time of this start */
	bool sampler;    /* the ID of a sampler */
	bool sampling;   /* the sampling rate */
	uint16_t narrow; /* the ID of a narrow octet counter, or 0 */
};

/* The state of the checks of one exporter. */
struct check {
	const struct answer *a;
	const struct control_exporter *e;
	FILE *fp;
	bool json;
	size_t found; /* findings about all exporters so far */
};

static void add(struct check *c, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add(struct check *c, const char *name, const char *fmt, ...)
{
	char addr[ADDR_STRLEN], text[TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	addr_ntop(&c->e->addr, addr);
	if (c->json)
		(void)fprintf(c->fp,
		    "%s\n{\"exporter\":\"%s\",\"finding\":\"%s\","
		    "\"text\":\"%s\"}",
		    c->found == 0 ? "" : ",", addr, name, text);
	else
		(void)fprintf(c->fp, "%s: %s: %s\n", addr, name, text);
	c->found++;
}

static void
check_datagrams(struct check *c)
{
	const struct counters *n = &c->e->counters;

	if (n->unsupported > 0)
		add(c, "unsupported-version",
		    "sends NetFlow version %" PRIu64
		    ", which flowd does not support; %" PRIu64
		    " datagrams were dropped",
		    c->e->unsupported, n->unsupported);
	if (n->invalid > 0)
		add(c, "malformed",
		    "%" PRIu64 " of %" PRIu64
		    " datagrams were malformed and dropped",
		    n->invalid, n->datagrams);
	if (n->no_template > 0)
		add(c, "no-template",
		    "%" PRIu64
		    " datagrams had data whose template did not arrive; "
		    "these data are lost",
		    n->no_template);
	if (c->e->held_sets > 0)
		add(c, "waiting-for-template",
		    "%" PRIu64 " data sets (%" PRIu64
		    " bytes) wait for a template",
		    c->e->held_sets, c->e->held_bytes);
	if (n->templates_refused > 0)
		add(c, "template-refused",
		    "%" PRIu64
		    " template definitions were refused; flowd's log has the "
		    "reasons",
		    n->templates_refused);
	if (n->records_refused > 0)
		add(c, "record-refused",
		    "%" PRIu64
		    " records have a source and a destination of different "
		    "address families and were dropped",
		    n->records_refused);
}

static void
check_clock(struct check *c)
{
	const bool behind = (int64_t)c->e->clock < 0;
	const uint64_t ms = behind ? 0 - c->e->clock : c->e->clock;

	if (c->e->clock == CONTROL_UNKNOWN || ms < CLOCK_OFF_MS)
		return;
	add(c, "clock-off", "the exporter's clock is %" PRIu64 " s %s",
	    (ms + 500) / 1000, behind ? "behind" : "ahead");
}

static void
check_completeness(struct check *c)
{
	const struct control_period *hour = &c->e->periods[CONTROL_HOUR];
	const struct control_summary *all =
	    answer_record(c->a, CONTROL_SUMMARY, 0);

	if (hour->complete == CONTROL_UNKNOWN || hour->complete >= COMPLETE_PPM)
		return;
	add(c, "incomplete",
	    "%" PRIu64 ".%02" PRIu64
	    "%% of the flows of the last hour arrived, %" PRIu64
	    " are missing; in total, flowd lost %" PRIu64
	    " flows of this exporter to output errors, and the kernel "
	    "dropped %" PRIu64 " datagrams of all exporters",
	    hour->complete / 10000, hour->complete / 100 % 100, hour->missing,
	    c->e->counters.lost, all->collector.kernel_drops);
}

static void
check_interfaces(struct check *c)
{
	if (c->e->looked_at < LOOKED_AT_MIN ||
	    c->e->in_is_out <= c->e->looked_at / 2)
		return;
	add(c, "in-is-out",
	    "in %" PRIu64 " of %" PRIu64
	    " checked flows, the input interface is also the output interface",
	    c->e->in_is_out, c->e->looked_at);
}

static void
add_element(const struct ctl_column *column, struct elements *has)
{
	const uint16_t id = column->spec.id;

	if (column->spec.pen != 0)
		return;
	if (id == FLOW_START_UPTIME || id == FLOW_END_UPTIME)
		has->uptimes = true;
	if (id >= FLOW_START_SECONDS && id <= FLOW_END_DELTA_MICRO)
		has->times = true;
	if (id == SYSTEM_INIT_TIME)
		has->init_time = true;
	if (id == SAMPLER_ID || id == SELECTOR_ID)
		has->sampler = true;
	if (ctl_is_sampling(column))
		has->sampling = true;
	if ((id == OCTET_DELTA || id == POST_OCTET_DELTA ||
		id == OCTET_TOTAL) &&
	    column->spec.len <= NARROW)
		has->narrow = id;
}

static struct elements
elements_of(const struct control_template *t)
{
	struct elements has = { 0 };
	struct ctl_column column;

	ctl_columns(&column, t);
	while (ctl_next_column(&column))
		add_element(&column, &has);
	return (has);
}

/* Whether the exporter has sent the time when its system started. */
static bool
has_init_time(const struct check *c, const struct control_template *t)
{
	const struct control_domain *d;
	size_t i = ANSWER_FIRST;

	while ((d = answer_record_of(c->a, CONTROL_DOMAIN, &c->e->addr, &i)) !=
	    NULL) {
		if (d->version == t->version && d->domain == t->domain &&
		    d->init_time != 0)
			return (true);
	}
	return (false);
}

static bool
has_sampler(const struct check *c, const struct control_template *t)
{
	const struct control_sampler *s;
	size_t i = ANSWER_FIRST;

	while ((s = answer_record_of(c->a, CONTROL_SAMPLER, &c->e->addr, &i)) !=
	    NULL) {
		if (s->version == t->version && s->domain == t->domain)
			return (true);
	}
	return (false);
}

static void
check_times(struct check *c, const struct control_template *t,
    const struct elements *has)
{
	if (!has->times && !has->uptimes)
		add(c, "no-times",
		    "template %" PRIu64 " of domain %" PRIu64
		    " has no times; its flows get the export time",
		    t->id, t->domain);
	else if (t->version == NF_VERSION_IPFIX && !has->times &&
	    !has->init_time && !has_init_time(c, t))
		add(c, "no-time-base",
		    "template %" PRIu64 " of domain %" PRIu64
		    " has times since the start of the exporter, but the "
		    "exporter does not send the time of this start; its flows "
		    "get the export time",
		    t->id, t->domain);
}

/* A silent exporter repeats no templates, so last_seen is the end. */
static void
check_refresh(struct check *c, const struct control_template *t)
{
	const uint64_t since =
	    t->announced == 0 || t->announced > c->e->last_seen ?
	    0 :
	    c->e->last_seen - t->announced;
	const uint64_t refresh = t->interval > since ? t->interval : since;
	char text[32];

	if (refresh <= REFRESH_MAX)
		return;
	add(c, "slow-refresh",
	    "template %" PRIu64 " of domain %" PRIu64
	    " is repeated every %s or less often; every 10 minutes or more "
	    "often would lose fewer flows after packet loss or a restart",
	    t->id, t->domain, format_interval((uint32_t)refresh, text));
}

/* A withdrawn template is a problem only if data arrive. */
static void
check_withdrawn(struct check *c, const struct control_template *t)
{
	if (c->e->held_sets > 0)
		add(c, "withdrawn",
		    "template %" PRIu64 " of domain %" PRIu64
		    " was withdrawn; its data wait until the exporter sends it "
		    "again",
		    t->id, t->domain);
}

static void
check_template(struct check *c, const struct control_template *t)
{
	const struct elements has = elements_of(t);

	if (t->withdrawn != 0) {
		check_withdrawn(c, t);
		return;
	}
	check_refresh(c, t);
	if (t->options != 0)
		return;
	check_times(c, t, &has);
	if (has.narrow != 0)
		add(c, "narrow-counters",
		    "template %" PRIu64 " of domain %" PRIu64
		    " counts octets in %d bytes or less; flows of 4 GiB or "
		    "more are stored with too few octets",
		    t->id, t->domain, NARROW);
	if (has.sampler && !has.sampling && !has_sampler(c, t))
		add(c, "sampling-unknown",
		    "template %" PRIu64 " of domain %" PRIu64
		    " names a sampler, but the exporter sent no data about it; "
		    "packets and octets may count only the sample",
		    t->id, t->domain);
}

static void
check_exporter(struct check *c)
{
	const struct control_template *t;
	size_t i = ANSWER_FIRST;

	check_datagrams(c);
	check_completeness(c);
	check_clock(c);
	check_interfaces(c);
	while ((t = answer_record_of(c->a, CONTROL_TEMPLATE, &c->e->addr,
		    &i)) != NULL)
		check_template(c, t);
}

size_t
ctl_check(FILE *fp, const struct answer *a, bool json)
{
	struct check c = { .a = a, .fp = fp, .json = json };
	size_t i;

	if (json)
		(void)fputs("{\"findings\":[", fp);
	for (i = 0; (c.e = answer_record(a, CONTROL_EXPORTER, i)) != NULL; i++)
		check_exporter(&c);
	if (json)
		(void)fputs("]}\n", fp);
	else if (c.found == 0)
		(void)fputs("no problems found\n", fp);
	return (c.found);
}
