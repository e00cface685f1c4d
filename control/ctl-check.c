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
#include "control/ctl-findings.h"
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

#define LISTED_MAX 20   /* templates in a finding */
#define LIST_LEN   1024 /* bytes, for the list of these templates */
#define TEXT_LEN   1536 /* of a finding */

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
	OBSERVATION_SECONDS = 322,
	OBSERVATION_NANOSECONDS = 325,
};

/* The elements of a template of flows that checks depend on. */
struct elements {
	bool uptimes;   /* times since the start of the exporter's system */
	bool times;     /* absolute times */
	bool init_time; /* the time of this start */
	bool sampler;   /* the ID of a sampler */
	bool sampling;  /* the sampling rate */
	bool narrow;    /* a narrow octet counter */
	bool content;   /* addresses or counters */
};

/* What the list of a finding has with each template. */
enum detail { DETAIL_NONE, DETAIL_INTERVAL, DETAIL_PORT, DETAIL_CHANGES };

/* The state of the checks of one exporter. */
struct check {
	const struct answer *a;
	const struct control_exporter *e;
	struct findings *found;
};

static void add(struct check *c, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add(struct check *c, const char *name, const char *fmt, ...)
{
	char text[TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	findings_add(c->found, &c->e->addr, name, text);
}

static void
check_datagrams(struct check *c)
{
	const struct counters *n = &c->e->counters;

	if (n->unsupported > 0)
		add(c, "unsupported-version",
		    "sends %s version %" PRIu64
		    ", which flowd does not support; %" PRIu64
		    " datagrams were dropped",
		    c->e->unsupported_sflow != 0 ? "sFlow" : "NetFlow",
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
	if (n->sets_without_record > 0)
		add(c, "set-without-record",
		    "%" PRIu64
		    " data sets had no record, or ended inside one; their "
		    "template may not be the one that they were sent with",
		    n->sets_without_record);
	if (n->templates_doubtful > 0)
		add(c, "template-doubtful",
		    "%" PRIu64
		    " definitions would have changed a template in use, but "
		    "did not come from the source port of its data; %" PRIu64
		    " definitions changed one; data are held until it is "
		    "clear which template is theirs",
		    n->templates_doubtful, n->templates_changed);
	if (n->memory_refused > 0)
		add(c, "memory-share",
		    "%" PRIu64
		    " requests for memory exceeded its share of limit "
		    "memory; it lost older templates, held data or names, "
		    "or new ones",
		    n->memory_refused);
	if (n->templates_refused > 0)
		add(c, "template-refused",
		    "%" PRIu64
		    " template definitions were refused; flowd's log has the "
		    "reasons",
		    n->templates_refused);
}

static void
check_times(struct check *c)
{
	const struct counters *n = &c->e->counters;

	if (n->times_old > 0)
		add(c, "times-old",
		    "%" PRIu64
		    " flows begin or end more than 24.8 days before the "
		    "export, which the log cannot hold; the export time was "
		    "stored instead",
		    n->times_old);
	if (n->times_impossible > 0)
		add(c, "times-impossible",
		    "%" PRIu64
		    " flows begin or end more than a day after the export, "
		    "or before 1990; the export time was stored instead",
		    n->times_impossible);
	if (n->times_restarted > 0)
		add(c, "times-restarted",
		    "%" PRIu64
		    " flows give the uptime after a restart of the exporter, "
		    "and came before the time of this start; the export time "
		    "was stored instead",
		    n->times_restarted);
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
check_options(struct check *c)
{
	const struct control_exporter *e = c->e;

	if (e->samplers_evicted == 0 && e->domains_evicted == 0 &&
	    e->interfaces_evicted == 0 && e->options_refused == 0)
		return;
	add(c, "options-limit",
	    "limits of options data were reached: %" PRIu64
	    " samplers, %" PRIu64 " domains and %" PRIu64
	    " names of interfaces, the least recently used ones, were evicted "
	    "by others, and %" PRIu64 " values were ignored for want of memory",
	    e->samplers_evicted, e->domains_evicted, e->interfaces_evicted,
	    e->options_refused);
}

static void
add_element(const struct ctl_column *column, struct elements *has)
{
	const uint16_t id = column->spec.id;

	if (ctl_is_content(column))
		has->content = true;
	if (column->spec.pen != 0)
		return;
	if (id == FLOW_START_UPTIME || id == FLOW_END_UPTIME)
		has->uptimes = true;
	if ((id >= FLOW_START_SECONDS && id <= FLOW_END_DELTA_MICRO) ||
	    (id >= OBSERVATION_SECONDS && id <= OBSERVATION_NANOSECONDS))
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
		has->narrow = true;
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

/* Some exporters tell about all domains in one of them. */
static bool
has_sampler(const struct check *c, const struct control_template *t)
{
	const struct control_sampler *s;
	size_t i = ANSWER_FIRST;

	while ((s = answer_record_of(c->a, CONTROL_SAMPLER, &c->e->addr, &i)) !=
	    NULL) {
		if (s->version == t->version)
			return (true);
	}
	return (false);
}

/*
 * Seconds between two definitions of a template.  A silent exporter repeats no
 * templates, so last_seen is the end.
 */
static uint64_t
refresh_of(const struct check *c, const struct control_template *t)
{
	const uint64_t since =
	    t->announced == 0 || t->announced > c->e->last_seen ?
	    0 :
	    c->e->last_seen - t->announced;

	return (t->interval > since ? t->interval : since);
}

static bool
is_of_flows(const struct control_template *t)
{
	return (t->options == 0);
}

static bool
is_slow(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	(void)has;
	return (refresh_of(c, t) > REFRESH_MAX);
}

/*
 * Templates without content may only describe structured data (RFC 6313); then
 * no data come by them.
 */
static bool
has_no_times(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	(void)c;
	return (is_of_flows(t) && (has->content || t->used != 0) &&
	    !has->times && !has->uptimes);
}

static bool
has_no_content(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	(void)c;
	return (is_of_flows(t) && t->used != 0 && !has->content);
}

static bool
has_no_time_base(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	return (is_of_flows(t) && t->version == NF_VERSION_IPFIX &&
	    !has->times && has->uptimes && !has->init_time &&
	    !has_init_time(c, t));
}

/* Most flows are small, so that 4 bytes are enough for most exporters. */
static bool
is_narrow(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	return (is_of_flows(t) && has->narrow && c->e->large > 0);
}

static bool
has_unknown_sampler(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	return (is_of_flows(t) && has->sampler && !has->sampling &&
	    !has_sampler(c, t));
}

/*
 * Whether data were decoded with another definition of the same template, too,
 * since the newer of them is known.
 */
static bool
has_rival(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	const struct control_template *other;
	size_t i = ANSWER_FIRST;

	(void)has;
	if (t->in_use == 0 || t->sessions == 0)
		return (false);
	while ((other = answer_record_of(c->a, CONTROL_TEMPLATE, &c->e->addr,
		    &i)) != NULL) {
		if (other != t && other->version == t->version &&
		    other->domain == t->domain && other->id == t->id &&
		    other->in_use != 0 && other->sessions != 0)
			return (true);
	}
	return (false);
}

static bool
has_changed(const struct check *c, const struct control_template *t,
    const struct elements *has)
{
	return (t->changes > 0 && !has_rival(c, t, has));
}

/*
 * Findings about templates.  Each is reported once per exporter, with a list of
 * the templates that the function selects.
 */
static const struct template_check {
	const char *name;
	bool (*selects)(const struct check *, const struct control_template *,
	    const struct elements *);
	enum detail detail; /* of each template in the list */
	const char *text;
} template_checks[] = {
	{ "template-conflict", has_rival, DETAIL_PORT,
	    "processes at different source ports of this address define one "
	    "template differently; flowd decodes the data of each with its own "
	    "definition, but data from further ports may be decoded wrongly; "
	    "give each process an observation domain of its own" },
	{ "template-changed", has_changed, DETAIL_CHANGES,
	    "the definition of templates changed after data of them; if this "
	    "repeats, several processes may use one template, and flowd cannot "
	    "tell them apart" },
	{ "slow-refresh", is_slow, DETAIL_INTERVAL,
	    "templates are repeated less often than every 10 minutes; "
	    "shorter intervals would lose fewer flows after packet loss or a "
	    "restart" },
	{ "no-times", has_no_times, DETAIL_NONE,
	    "templates have no times; their flows get the export time" },
	{ "no-time-base", has_no_time_base, DETAIL_NONE,
	    "templates have times since the start of the exporter, but the "
	    "exporter has not sent the time of this start; their flows get "
	    "the export time" },
	{ "narrow-counters", is_narrow, DETAIL_NONE,
	    "flows of 2 GiB or more arrived, and templates count octets in 4 "
	    "bytes or less; flows of 4 GiB or more are stored with too few "
	    "octets" },
	{ "sampling-unknown", has_unknown_sampler, DETAIL_NONE,
	    "templates name a sampler, but the exporter sent no data about "
	    "it; packets and octets may count only the sample" },
};
#define NTEMPLATE_CHECKS (sizeof(template_checks) / sizeof(template_checks[0]))

static const struct template_check content_check = { "no-content",
	has_no_content, DETAIL_NONE,
	"data arrived for templates without addresses and counters that flowd "
	"stores; they are not stored" };

struct text_list {
	size_t n;
	size_t len;
	char text[LIST_LEN];
};

static void add_text(struct text_list *list, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_text(struct text_list *list, const char *fmt, ...)
{
	const size_t room = sizeof(list->text) - list->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(list->text + list->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		list->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void
add_template(const struct check *c, struct text_list *list,
    const struct control_template *t, enum detail detail)
{
	char text[32];

	if (list->n++ >= LISTED_MAX)
		return;
	add_text(list, "%stemplate %" PRIu64 " of domain %" PRIu64,
	    list->n == 1 ? "" : ", ", t->id, t->domain);
	if (detail == DETAIL_INTERVAL)
		add_text(list, " (every %s)",
		    format_interval((uint32_t)refresh_of(c, t), text));
	else if (detail == DETAIL_PORT)
		add_text(list, " from port %" PRIu64, t->port);
	else if (detail == DETAIL_CHANGES)
		add_text(list, " (%" PRIu64 " %s)", t->changes,
		    t->changes == 1 ? "time" : "times");
}

/* Whether it has a finding. */
static bool
check_templates(struct check *c, const struct template_check *check)
{
	struct text_list list = { .n = 0 };
	const struct control_template *t;
	struct elements has;
	size_t i = ANSWER_FIRST;

	while ((t = answer_record_of(c->a, CONTROL_TEMPLATE, &c->e->addr,
		    &i)) != NULL) {
		has = elements_of(t);
		if (check->selects(c, t, &has))
			add_template(c, &list, t, check->detail);
	}
	if (list.n > LISTED_MAX)
		add_text(&list, " and %zu more", list.n - LISTED_MAX);
	if (list.n > 0)
		add(c, check->name, "%s: %s", check->text, list.text);
	return (list.n > 0);
}

static void
check_content(struct check *c)
{
	const struct counters *n = &c->e->counters;

	/* Templates with addresses may have records without. */
	if (!check_templates(c, &content_check) && n->no_content > 0)
		add(c, "no-content",
		    "%" PRIu64
		    " flows had no addresses, octets and packets; they are "
		    "not stored",
		    n->no_content);
	if (n->amplified > 0)
		add(c, "amplification",
		    "%" PRIu64
		    " flows were not stored, since their datagrams would have "
		    "added more than 8 bytes an octet, and 2 KiB, to the log",
		    n->amplified);
}

static void
check_exporter(struct check *c)
{
	size_t i;

	check_datagrams(c);
	check_completeness(c);
	check_clock(c);
	check_times(c);
	check_interfaces(c);
	check_options(c);
	for (i = 0; i < NTEMPLATE_CHECKS; i++)
		(void)check_templates(c, &template_checks[i]);
	check_content(c);
}

static void add_about_flowd(struct findings *found, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
add_about_flowd(struct findings *found, const char *name, const char *fmt, ...)
{
	static const struct addr none = { .family = ADDR_NONE };
	char text[TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	findings_add(found, &none, name, text);
}

static void
check_deaths(const struct answer *a, struct findings *found)
{
	const struct control_summary *s = answer_record(a, CONTROL_SUMMARY, 0);
	char when[32];

	if (s != NULL && s->collector.collector_deaths > 0)
		add_about_flowd(found, "collector-died",
		    "collectors died and were replaced, %" PRIu64
		    " in all, the latest at %s; flowd's log has the causes",
		    s->collector.collector_deaths,
		    format_iso_time((uint32_t)s->last_death, false, when));
}

/* One finding, as each has one acknowledgement. */
static void
check_listeners(const struct answer *a, struct findings *found)
{
	const struct control_listener *l;
	struct text_list list = { .n = 0 };
	char addr[ADDR_STRLEN];
	size_t i;

	for (i = 0; (l = answer_record(a, CONTROL_LISTENER, i)) != NULL; i++) {
		if (l->gone != 0)
			add_text(&list,
			    "%slistener %" PRIu64 " at %s port %" PRIu64,
			    list.n++ == 0 ? "" : ", ", l->number,
			    addr_ntop(&l->addr, addr), l->port);
	}
	if (list.n > 0)
		add_about_flowd(found, "interface-gone",
		    "interfaces of listeners were removed, and flowd receives "
		    "nothing through them: %s",
		    list.text);
}

int
ctl_check_flowd(const struct answer *a, struct findings *found)
{
	check_deaths(a, found);
	check_listeners(a, found);
	return (found->incomplete ? FLOWD_ENOMEM : 0);
}

int
ctl_check(const struct answer *a, struct findings *found)
{
	struct check c = { .a = a, .found = found };
	size_t i;

	for (i = 0; (c.e = answer_record(a, CONTROL_EXPORTER, i)) != NULL; i++)
		check_exporter(&c);
	return (found->incomplete ? FLOWD_ENOMEM : 0);
}
