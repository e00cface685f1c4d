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

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "collector/report.h"
#include "decode/completeness.h"
#include "decode/exporters.h"
#include "decode/protocol.h"

#define LINE_MAX_LEN  (COUNTERS * (32 + 22)) /* names and numbers */
#define QUOTED_STRLEN (4 * OPTION_TEXT_MAX + 1)
#define SCOPE_STRLEN  320 /* of all parts */
#define SHARE_STRLEN  32

/*
 * The counters are in three lines, each short enough for all syslogs: counters
 * of datagrams and flows, other counters of exporters, and counters of the
 * collector.
 */
enum counter_line { LINE_TRAFFIC, LINE_EXPORTER, LINE_COLLECTOR };

#define TRAFFIC_LAST 12 /* the number of "buffered" */

static enum counter_line
line_of(unsigned int number, bool of_exporter)
{
	if (number <= TRAFFIC_LAST)
		return (LINE_TRAFFIC);
	return (of_exporter ? LINE_EXPORTER : LINE_COLLECTOR);
}

/*
 * Formats the counters of one line as "NAME N NAME N", in the order of their
 * numbers.  Those of the collector are 0 if collector is NULL.
 */
static const char *
counter_text(enum counter_line line, const struct counters *exporter,
    const struct collector_counters *collector, char buf[LINE_MAX_LEN])
{
	static const struct collector_counters none;
	const struct counter *c;
	unsigned int number;
	bool of_exporter;
	size_t len = 0;

	if (collector == NULL)
		collector = &none;
	buf[0] = '\0';
	for (number = 1; number <= COUNTER_LAST && len < LINE_MAX_LEN;
	     number++) {
		c = counter_find(number, &of_exporter);
		if (c == NULL || line_of(number, of_exporter) != line)
			continue;
		len += (size_t)snprintf(buf + len, LINE_MAX_LEN - len,
		    "%s%s %" PRIu64, len == 0 ? "" : " ", c->name,
		    of_exporter ? counter_value(c, exporter) :
				  counter_value(c, collector));
	}
	return (buf);
}

static void
report_counters(const char *name, const struct counters *n,
    const struct collector_counters *collector)
{
	char line[LINE_MAX_LEN];

	log_info("%s: %s", name,
	    counter_text(LINE_TRAFFIC, n, collector, line));
	log_info("%s: %s", name,
	    counter_text(LINE_EXPORTER, n, collector, line));
}

/* Formats a share as "99.95%"; only the whole is 100%. */
static const char *
share_name(const struct exporter_period *p, char buf[SHARE_STRLEN])
{
	const int32_t ppm = exporter_complete(p);

	if (ppm == -1)
		(void)snprintf(buf, SHARE_STRLEN, "unknown");
	else
		(void)snprintf(buf, SHARE_STRLEN, "%d.%02d%%", (int)ppm / 10000,
		    (int)ppm / 100 % 100);
	return (buf);
}

static void
report_periods(const char *name, const struct exporter_period spans[3])
{
	char minute[SHARE_STRLEN], hour[SHARE_STRLEN], start[SHARE_STRLEN];
	const struct exporter_period *m = &spans[EXPORTER_MINUTE];

	log_info(
	    "%s: complete: minute %s hour %s start %s, "
	    "datagrams/s %.1f flows/s %.1f",
	    name, share_name(m, minute),
	    share_name(&spans[EXPORTER_HOUR], hour),
	    share_name(&spans[EXPORTER_START], start),
	    (double)m->datagrams / m->seconds, (double)m->flows / m->seconds);
}

/* Escapes what would end the quotes; log_info escapes all else. */
static const char *
in_quotes(const char *text, char buf[QUOTED_STRLEN])
{
	size_t len = 0;

	for (; text != NULL && *text != '\0' && len < QUOTED_STRLEN - 4;
	     text++) {
		if (*text == '"' || *text == '\\')
			len += (size_t)snprintf(buf + len, QUOTED_STRLEN - len,
			    "\\%03o", (unsigned int)*text);
		else
			buf[len++] = *text;
	}
	buf[len] = '\0';
	return (buf);
}

/* ", interface 3" for a sampler of an interface; the sampler has its place. */
static const char *
scope_name(const struct sampler *s, char buf[SCOPE_STRLEN])
{
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < SAMPLER_PARTS; i++) {
		if (i != PART_SELECTOR && s->part[i] != 0)
			len += (size_t)snprintf(buf + len, SCOPE_STRLEN - len,
			    ", %s %" PRIu64, sampler_part_names[i], s->part[i]);
	}
	return (buf);
}

static void
report_samplers(const char *name, const struct exporter *e)
{
	const struct samplers *samplers = options_samplers(&e->options);
	const struct sampler *s;
	struct sampling_rate rate;
	char scope[SCOPE_STRLEN];
	uint8_t algorithm;
	size_t i;

	for (i = 0; i < samplers->table.n; i++) {
		if (!exporter_has_sampler(e, i))
			continue;
		s = samplers_at(samplers, i);
		rate = sampling_reduced(samplers_rate(samplers, s, &algorithm));
		log_info("%s: domain %" PRIu32 " sampler %" PRIu64
			 " takes %" PRIu64 " of %" PRIu64 " packets, mode %u%s",
		    name, s->domain, s->part[PART_SELECTOR], rate.sampled,
		    rate.of, s->mode, scope_name(s, scope));
	}
}

static void
report_options(const char *name, const struct exporter *e)
{
	const struct options *o = &e->options;
	const struct domain *d;
	const struct interface *in;
	char text[QUOTED_STRLEN];
	char description[QUOTED_STRLEN];
	size_t i;

	report_samplers(name, e);
	for (i = 0; i < o->domains.n; i++) {
		if (!exporter_has_domain(e, i))
			continue;
		d = options_domain(o, i);
		log_info("%s: domain %" PRIu32 " init-time-ms %" PRIu64
			 " exported octets %" PRIu64 " messages %" PRIu64
			 " flows %" PRIu64 " ignored packets %" PRIu64
			 " octets %" PRIu64 " unsent flows %" PRIu64
			 " packets %" PRIu64,
		    name, d->id, time_base_init_time(&d->base),
		    d->exported_octets, d->exported_messages, d->exported_flows,
		    d->ignored_packets, d->ignored_octets, d->unsent_flows,
		    d->unsent_packets);
	}
	for (i = 0; i < o->interfaces.n; i++) {
		in = options_interface(o, i);
		log_info("%s: interface %" PRIu32
			 " name \"%s\" description \"%s\"",
		    name, in->index, in_quotes(in->name, text),
		    in_quotes(in->description, description));
	}
}

/* Logs for example "clock +0.013 s, versions v5 200 v9 3". */
static void
report_protocols(const char *name, const struct exporter *e, uint32_t now)
{
	char line[PROTOCOLS * 32];
	size_t i, len = 0;
	int64_t ms;

	line[0] = '\0';
	for (i = 0; i < PROTOCOLS && len < sizeof(line); i++) {
		if (e->versions[i] != 0)
			len += (size_t)snprintf(line + len, sizeof(line) - len,
			    " %s %" PRIu64, protocols[i].name, e->versions[i]);
	}
	if (exporter_skew_ms(e, now, &ms))
		log_info("%s: clock %+.3f s, versions%s", name,
		    (double)ms / 1000, line);
	else if (len > 0)
		log_info("%s: versions%s", name, line);
}

static void
report_exporter(void *arg, const struct exporter *e)
{
	const uint32_t *now = arg;
	struct exporter_period spans[3];
	char addr[ADDR_STRLEN];
	int i;

	report_counters(addr_ntop(&e->addr, addr), &e->counters, NULL);
	for (i = EXPORTER_MINUTE; i <= EXPORTER_START; i++)
		exporter_period(e, *now, (enum exporter_span)i, &spans[i]);
	report_periods(addr, spans);
	report_protocols(addr, e, *now);
	if (e->sampling_interval > 1)
		log_info("%s: v5 takes 1 of %u packets, mode %u", addr,
		    e->sampling_interval, e->sampling_mode);
	report_options(addr, e);
}

static void
report_line(void *arg, const char *text)
{
	(void)arg;
	log_info("%s", text);
}

static void
report_all(const struct exporter_table *exporters, uint32_t now,
    const struct collector_counters *collector)
{
	struct exporter_period spans[3];
	struct counters all;
	int i;

	exporters_sum(exporters, &all);
	all.datagrams += collector->unauthorised;
	report_counters("all", &all, collector);
	for (i = EXPORTER_MINUTE; i <= EXPORTER_START; i++)
		exporters_period(exporters, now, (enum exporter_span)i,
		    &spans[i]);
	report_periods("all", spans);
}

void
report_statistics(const struct exporter_table *exporters, uint32_t now,
    const struct collector_counters *collector, const struct filter *filter)
{
	char line[LINE_MAX_LEN];

	log_info("exporters %zu", exporters_count(exporters));
	exporters_each(exporters, report_exporter, &now);
	report_all(exporters, now, collector);
	log_info("%s", counter_text(LINE_COLLECTOR, NULL, collector, line));
	if (filter_report(filter, report_line, NULL) != 0)
		log_warnx(
		    "memory exhausted; "
		    "the report on the filter is incomplete");
}
