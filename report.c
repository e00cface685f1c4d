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
#include <stddef.h>
#include <stdio.h>

#include "log.h"
#include "report.h"

#define COUNTER_NAME_MAX 32
#define SHARE_STRLEN     32

/* " NAME N" for each counter from first up to last. */
static void
report_some(const char *who, const struct counters *n, size_t first,
    size_t last)
{
	const uint64_t *values = (const uint64_t *)n;
	char line[COUNTERS * (COUNTER_NAME_MAX + 22)];
	size_t i, len = 0;

	for (i = first; i < last && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len,
		    " %s %" PRIu64, counter_names[i], values[i]);
	log_info("%s:%s", who, line);
}

/* In two lines, so that each has a length that all syslogs take. */
static void
report_counters(const char *who, const struct counters *n)
{
	const size_t second =
	    offsetof(struct counters, records_refused) / sizeof(uint64_t);

	report_some(who, n, 0, second);
	report_some(who, n, second, COUNTERS);
}

/* "99.95%", and 100% only for all. */
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
report_periods(const char *who, const struct exporter_period spans[3])
{
	char minute[SHARE_STRLEN], hour[SHARE_STRLEN], start[SHARE_STRLEN];
	const struct exporter_period *m = &spans[EXPORTER_MINUTE];

	log_info(
	    "%s: complete: minute %s hour %s start %s, "
	    "datagrams/s %.1f flows/s %.1f",
	    who, share_name(m, minute), share_name(&spans[EXPORTER_HOUR], hour),
	    share_name(&spans[EXPORTER_START], start),
	    (double)m->datagrams / m->seconds, (double)m->flows / m->seconds);
}

static void
report_options(const char *who, const struct options *o)
{
	const struct sampler *s;
	const struct domain *d;
	const struct interface *in;
	size_t i;

	for (i = 0; i < o->nsamplers; i++) {
		s = &o->samplers[i];
		log_info("%s: domain %" PRIu32 " sampler %" PRIu64
			 " takes 1 of %" PRIu64 " packets, mode %u",
		    who, s->domain, s->id, s->one_of, s->mode);
	}
	for (i = 0; i < o->ndomains; i++) {
		d = &o->domains[i];
		log_info("%s: domain %" PRIu32 " init-time-ms %" PRIu64
			 " exported octets %" PRIu64 " messages %" PRIu64
			 " flows %" PRIu64 " ignored packets %" PRIu64
			 " octets %" PRIu64 " unsent flows %" PRIu64
			 " packets %" PRIu64,
		    who, d->id, d->init_time, d->exported_octets,
		    d->exported_messages, d->exported_flows, d->ignored_packets,
		    d->ignored_octets, d->unsent_flows, d->unsent_packets);
	}
	for (i = 0; i < o->ninterfaces; i++) {
		in = &o->interfaces[i];
		log_info("%s: interface %" PRIu32
			 " name \"%s\" description \"%s\"",
		    who, in->index, in->name, in->description);
	}
}

/* "clock +0.013 s, v5 200 v9 3" and so on. */
static void
report_manners(const char *who, const struct exporter *e, uint32_t now)
{
	static const char *const names[EXPORTER_VERSIONS] = { "v1", "v5", "v7",
		"v9", "IPFIX" };
	char line[EXPORTER_VERSIONS * 32];
	size_t i, len = 0;
	int64_t ms;

	line[0] = '\0';
	for (i = 0; i < EXPORTER_VERSIONS && len < sizeof(line); i++) {
		if (e->versions[i] != 0)
			len += (size_t)snprintf(line + len, sizeof(line) - len,
			    " %s %" PRIu64, names[i], e->versions[i]);
	}
	if (exporter_skew_ms(e, now, &ms))
		log_info("%s: clock %+.3f s, versions%s", who,
		    (double)ms / 1000, line);
	else if (len > 0)
		log_info("%s: versions%s", who, line);
}

static void
report_exporter(void *arg, const struct exporter *e)
{
	const uint32_t *now = arg;
	struct exporter_period spans[3];
	char addr[ADDR_STRLEN];
	int i;

	report_counters(addr_ntop(&e->addr, addr), &e->counters);
	for (i = EXPORTER_MINUTE; i <= EXPORTER_START; i++)
		exporter_period(e, *now, (enum exporter_span)i, &spans[i]);
	report_periods(addr, spans);
	report_manners(addr, e, *now);
	if (e->sampling_interval > 1)
		log_info("%s: v5 takes 1 of %u packets, mode %u", addr,
		    e->sampling_interval, e->sampling_mode);
	report_options(addr, &e->options);
}

static void
report_line(void *arg, const char *text)
{
	(void)arg;
	log_info("%s", text);
}

static void
report_all(const struct exporter_table *exporters, uint32_t now,
    uint64_t unauthorised)
{
	struct exporter_period spans[3];
	struct counters all;
	int i;

	exporters_sum(exporters, &all);
	all.unauthorised = unauthorised;
	all.datagrams += unauthorised;
	report_counters("all", &all);
	for (i = EXPORTER_MINUTE; i <= EXPORTER_START; i++)
		exporters_period(exporters, now, (enum exporter_span)i,
		    &spans[i]);
	report_periods("all", spans);
}

void
report_statistics(const struct exporter_table *exporters, uint32_t now,
    uint64_t unauthorised, uint64_t kernel_drops, uint64_t skipped,
    const struct output_counters *out, const struct filter *filter)
{
	log_info("exporters %zu", exporters_count(exporters));
	exporters_each(exporters, report_exporter, &now);
	report_all(exporters, now, unauthorised);
	log_info("kernel-drops %" PRIu64 " skipped %" PRIu64
		 " exporters-evicted %" PRIu64 " log-bytes %" PRIu64
		 " log-errors %" PRIu64 " log-lost %" PRIu64
		 " logsock-sent %" PRIu64 " logsock-lost %" PRIu64
		 " forwarded %" PRIu64 " forward-lost %" PRIu64,
	    kernel_drops, skipped, exporters_evicted(exporters), out->log_bytes,
	    out->log_errors, out->log_lost, out->logsock_sent,
	    out->logsock_lost, out->forwarded, out->forward_lost);
	if (filter_report(filter, report_line, NULL) != 0)
		log_warnx(
		    "memory exhausted; "
		    "the report on the filter is incomplete");
}
