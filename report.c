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

#include "log.h"
#include "report.h"

static void
report_counters(const char *who, const struct counters *n)
{
	log_info("%s: datagrams %" PRIu64 " decoded %" PRIu64
		 " invalid %" PRIu64 " unsupported %" PRIu64
		 " unauthorised %" PRIu64 " held %" PRIu64
		 " no-template %" PRIu64 " flows %" PRIu64 " stored %" PRIu64
		 " discarded %" PRIu64 " lost %" PRIu64,
	    who, n->datagrams, n->decoded, n->invalid, n->unsupported,
	    n->unauthorised, n->held, n->no_template, n->flows, n->stored,
	    n->discarded, n->lost);
	log_info("%s: sequence-lost %" PRIu64
		 " sequence-lost-datagrams %" PRIu64 " sequence-late %" PRIu64
		 " restarts %" PRIu64 " templates %" PRIu64
		 " templates-refused %" PRIu64 " withdrawals %" PRIu64
		 " sets-reserved %" PRIu64 " records-refused %" PRIu64
		 " options %" PRIu64,
	    who, n->sequence_lost, n->sequence_lost_datagrams, n->sequence_late,
	    n->restarts, n->templates, n->templates_refused, n->withdrawals,
	    n->sets_reserved, n->records_refused, n->options);
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

static void
report_exporter(void *arg, const struct exporter *e)
{
	char addr[ADDR_STRLEN];

	(void)arg;
	report_counters(addr_ntop(&e->addr, addr), &e->counters);
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

void
report_statistics(const struct exporter_table *exporters, uint64_t unauthorised,
    uint64_t kernel_drops, uint64_t skipped, const struct output_counters *out,
    const struct filter *filter)
{
	struct counters all;

	log_info("exporters %zu", exporters_count(exporters));
	exporters_each(exporters, report_exporter, NULL);
	exporters_sum(exporters, &all);
	all.unauthorised = unauthorised;
	all.datagrams += unauthorised;
	report_counters("all", &all);
	log_info("kernel-drops %" PRIu64 " skipped %" PRIu64
		 " log-bytes %" PRIu64 " log-errors %" PRIu64
		 " log-lost %" PRIu64 " logsock-sent %" PRIu64
		 " logsock-lost %" PRIu64 " forwarded %" PRIu64
		 " forward-lost %" PRIu64,
	    kernel_drops, skipped, out->log_bytes, out->log_errors,
	    out->log_lost, out->logsock_sent, out->logsock_lost, out->forwarded,
	    out->forward_lost);
	filter_report(filter, report_line, NULL);
}
