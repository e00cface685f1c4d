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
#include <langinfo.h>
#include <string.h>

#include "base/utf8.h"
#include "control/ctl-print.h"
#include "format.h"

#define NAME_WIDTH   26
#define NUMBER_WIDTH 12

/* Whether the output is UTF-8. */
static bool
is_utf8(bool quoted)
{
	return (quoted || strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
}

/* The length of the character that may be printed as it is, or 0. */
static size_t
printable(const uint8_t *text, size_t len, bool utf8)
{
	if (text[0] >= 0x20 && text[0] <= 0x7e)
		return (1);
	return (utf8 ? utf8_length(text, len) : 0);
}

void
ctl_put_text(FILE *fp, const struct pack_view *text, bool quoted)
{
	const bool utf8 = is_utf8(quoted);
	const uint8_t *at;
	size_t i, n;

	for (i = 0; i < text->len; i += n) {
		at = text->data + i;
		n = printable(at, text->len - i, utf8);
		if (*at == '\\' || (quoted && *at == '"'))
			(void)fprintf(fp, "\\%c", *at);
		else if (n == 0)
			(void)fprintf(fp, quoted ? "\\\\%03o" : "\\%03o", *at);
		else
			(void)fwrite(at, 1, n, fp);
		if (n == 0)
			n = 1;
	}
}

const char *
ctl_versions(uint64_t versions, char buf[CTL_VERSIONS_MAX])
{
	size_t len = 0;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < 64; i++) {
		if ((versions & UINT64_C(1) << i) != 0)
			len += (size_t)snprintf(buf + len,
			    CTL_VERSIONS_MAX - len, len == 0 ? "%u" : ",%u", i);
	}
	return (buf);
}

const char *
ctl_number(const struct control_field *f, uint64_t value, const char *unknown,
    char buf[CTL_NUMBER_MAX])
{
	if (f->nature != CONTROL_SHARE && f->nature != CONTROL_OFFSET)
		(void)snprintf(buf, CTL_NUMBER_MAX, "%" PRIu64, value);
	else if (value == CONTROL_UNKNOWN)
		(void)strlcpy(buf, unknown, CTL_NUMBER_MAX);
	else if (f->nature == CONTROL_SHARE)
		(void)snprintf(buf, CTL_NUMBER_MAX, "%.6f",
		    (double)value / 1e6);
	else
		(void)snprintf(buf, CTL_NUMBER_MAX, "%.3f",
		    (double)(int64_t)value / 1e3);
	return (buf);
}

/* The time of the answer, in seconds of the epoch. */
static uint64_t
now_of(const struct answer *a)
{
	const struct control_hello *hello = answer_record(a, CONTROL_HELLO, 0);

	return (hello->now);
}

/* Formats the time since then: "3m4s". */
static const char *
ago(const struct answer *a, uint64_t then, char buf[32])
{
	const uint64_t now = now_of(a);

	return (format_interval((uint32_t)(now > then ? now - then : 0), buf));
}

/* Writes a name as in flowd(8): "no-template". */
static void
put_name(FILE *fp, const char *name)
{
	int width = NAME_WIDTH;

	for (; *name != '\0'; name++, width--)
		(void)fputc(*name == '_' ? '-' : *name, fp);
	for (; width > 0; width--)
		(void)fputc(' ', fp);
}

/* Writes a line for each member with a help text. */
static void
put_explained(FILE *fp, enum control_type type, const void *record)
{
	const struct control_layout *l = control_layout(type);
	struct control_field f;
	char number[CTL_NUMBER_MAX];
	size_t i;

	for (i = 0; control_field(l, i, &f); i++) {
		/* ctl_print_exporter prints times and shares itself. */
		if (f.help == NULL || f.nature == CONTROL_TIME ||
		    (type == CONTROL_EXPORTER && f.nature == CONTROL_SHARE))
			continue;
		put_name(fp, f.name);
		(void)fprintf(fp, " %*s  %s\n", NUMBER_WIDTH,
		    ctl_number(&f,
			*(const uint64_t *)((const uint8_t *)record + f.offset),
			"unknown", number),
		    f.help);
	}
}

void
ctl_print_summary(FILE *fp, const struct answer *a)
{
	const struct control_hello *hello;
	char since[32], interval[32];
	size_t i;

	for (i = 0; (hello = answer_record(a, CONTROL_HELLO, i)) != NULL; i++) {
		(void)fputs("flowd ", fp);
		ctl_put_text(fp, &hello->release, false);
		(void)fprintf(fp,
		    ", collector %" PRIu64 " of %" PRIu64 ", since %s (%s)\n",
		    hello->worker, hello->workers,
		    format_iso_time((uint32_t)hello->started, false, since),
		    ago(a, hello->started, interval));
	}
	put_explained(fp, CONTROL_SUMMARY,
	    answer_record(a, CONTROL_SUMMARY, 0));
}

void
ctl_print_memory(FILE *fp, const struct answer *a)
{
	const struct control_memory *m = answer_record(a, CONTROL_MEMORY, 0);

	put_explained(fp, CONTROL_MEMORY, m);
	(void)fprintf(fp,
	    "%-*s %*" PRIu64 "  %" PRIu64 " exporters of %" PRIu64
	    " bytes each.\n",
	    NAME_WIDTH, "exporters", NUMBER_WIDTH,
	    m->exporters * m->exporter_size, m->exporters, m->exporter_size);
}

static void
put_option(FILE *fp, const char *keyword, const struct pack_view *value)
{
	if (value->len == 0)
		return;
	(void)fputs(keyword, fp);
	ctl_put_text(fp, value, false);
}

void
ctl_print_rules(FILE *fp, const struct answer *a)
{
	const struct control_rule *r;
	size_t i;

	(void)fprintf(fp, "%*s %*s %*s  RULE\n", NUMBER_WIDTH, "EVALUATIONS",
	    NUMBER_WIDTH, "MATCHES", NUMBER_WIDTH, "WINS");
	for (i = 0; (r = answer_record(a, CONTROL_RULE, i)) != NULL; i++) {
		(void)fprintf(fp, "%*" PRIu64 " %*" PRIu64 " %*" PRIu64 "  ",
		    NUMBER_WIDTH, r->evaluations, NUMBER_WIDTH, r->matches,
		    NUMBER_WIDTH, r->wins);
		ctl_put_text(fp, &r->text, false);
		(void)fputs(r->text.len < r->length ? " ...\n" : "\n", fp);
	}
}

void
ctl_print_listeners(FILE *fp, const struct answer *a)
{
	const struct control_listener *l;
	char addr[ADDR_STRLEN];
	size_t i;

	(void)fprintf(fp, "%*s  LISTENER\n", NUMBER_WIDTH, "DATAGRAMS");
	for (i = 0; (l = answer_record(a, CONTROL_LISTENER, i)) != NULL; i++) {
		addr_ntop(&l->addr, addr);
		(void)fprintf(fp, "%*" PRIu64 "  ", NUMBER_WIDTH, l->datagrams);
		if (l->addr.family == ADDR_V6)
			(void)fprintf(fp, "[%s]:%" PRIu64, addr, l->port);
		else
			(void)fprintf(fp, "%s:%" PRIu64, addr, l->port);
		put_option(fp, " interface ", &l->interface);
		if (l->gone != 0)
			(void)fputs(" (gone)", fp);
		put_option(fp, " name ", &l->name);
		(void)fputc('\n', fp);
	}
}

int
ctl_address_width(const struct answer *a)
{
	const struct control_exporter *e;
	size_t i, width = strlen("EXPORTER"), len;
	char addr[ADDR_STRLEN];

	for (i = 0; (e = answer_record(a, CONTROL_EXPORTER, i)) != NULL; i++) {
		len = strlen(addr_ntop(&e->addr, addr));
		width = len > width ? len : width;
	}
	return ((int)width);
}

/* The rate per second in the period.  A hostile answer may have 0 seconds. */
static double
rate(uint64_t n, const struct control_period *p)
{
	return (p->seconds == 0 ? 0 : (double)n / (double)p->seconds);
}

/* Formats the share as "99.95%". */
static const char *
percentage(const struct control_period *p, char buf[CTL_NUMBER_MAX])
{
	if (p->complete == CONTROL_UNKNOWN)
		return ("unknown");
	(void)snprintf(buf, CTL_NUMBER_MAX, "%" PRIu64 ".%02" PRIu64 "%%",
	    p->complete / 10000, p->complete / 100 % 100);
	return (buf);
}

static void
put_exporter(FILE *fp, const struct answer *a, const struct control_exporter *e,
    int width)
{
	const struct control_period *minute = &e->periods[CONTROL_MINUTE];
	const struct control_period *start = &e->periods[CONTROL_START];
	char addr[ADDR_STRLEN], versions[CTL_VERSIONS_MAX], seen[32];
	char complete[CTL_NUMBER_MAX];

	(void)fprintf(fp,
	    "%-*s %-7s %8s %12" PRIu64 " %12" PRIu64 " %10.1f %10" PRIu64
	    " %9s %8" PRIu64 "\n",
	    width, addr_ntop(&e->addr, addr),
	    ctl_versions(e->versions, versions), ago(a, e->last_seen, seen),
	    e->counters.datagrams, e->counters.flows,
	    rate(minute->flows, minute), start->missing,
	    percentage(start, complete), e->counters.invalid);
}

void
ctl_print_exporters(FILE *fp, const struct answer *a)
{
	const int width = ctl_address_width(a);
	const struct control_exporter *e;
	size_t i;

	(void)fprintf(fp, "%-*s %-7s %8s %12s %12s %10s %10s %9s %8s\n", width,
	    "EXPORTER", "VERSION", "SEEN", "DATAGRAMS", "FLOWS", "FLOWS/s",
	    "MISSING", "COMPLETE", "INVALID");
	for (i = 0; (e = answer_record(a, CONTROL_EXPORTER, i)) != NULL; i++)
		put_exporter(fp, a, e, width);
}

static void
put_column(FILE *fp, const struct ctl_column *c)
{
	(void)fputs(c->scope ? "    scope " : "    ", fp);
	if (c->name != NULL && c->spec.pen == 0)
		(void)fprintf(fp, "%s (%u)", c->name, c->spec.id);
	else if (c->name != NULL)
		(void)fprintf(fp, "%s (%u of enterprise %" PRIu32 ")", c->name,
		    c->spec.id, c->spec.pen);
	else if (c->spec.pen == 0)
		(void)fprintf(fp, "element %u", c->spec.id);
	else
		(void)fprintf(fp, "element %u of enterprise %" PRIu32,
		    c->spec.id, c->spec.pen);
	if (c->spec.len == FIELDSPEC_VARIABLE)
		(void)fputs(", variable length\n", fp);
	else
		(void)fprintf(fp, ", %u bytes\n", c->spec.len);
}

static void
put_announced(FILE *fp, const struct answer *a,
    const struct control_template *t)
{
	char interval[32];

	if (t->announced == 0)
		(void)fputs(", from the state file", fp);
	else
		(void)fprintf(fp, ", announced %s ago",
		    ago(a, t->announced, interval));
	if (t->interval != 0)
		(void)fprintf(fp, ", interval %s",
		    format_interval((uint32_t)t->interval, interval));
	if (t->sessions > 1)
		(void)fprintf(fp, ", of %" PRIu64 " source ports", t->sessions);
	else if (t->port != 0)
		(void)fprintf(fp, ", of source port %" PRIu64, t->port);
	if (t->waiting != 0)
		(void)fputs(", waiting to be repeated", fp);
	if (t->doubtful != 0)
		(void)fputs(", doubtful", fp);
}

static void
put_template(FILE *fp, const struct answer *a, const struct control_template *t)
{
	struct ctl_column column;

	(void)fprintf(fp,
	    "  version %" PRIu64 " domain %" PRIu64 " %s %" PRIu64 ": %" PRIu64
	    " fields",
	    t->version, t->domain,
	    t->options != 0 ? "options template" : "template", t->id,
	    t->fields);
	put_announced(fp, a, t);
	(void)fputc('\n', fp);
	ctl_columns(&column, t);
	while (ctl_next_column(&column))
		put_column(fp, &column);
}

void
ctl_print_templates(FILE *fp, const struct answer *a)
{
	const struct control_template *t;
	struct addr last = { .family = ADDR_NONE };
	char addr[ADDR_STRLEN];
	size_t i;

	for (i = 0; (t = answer_record(a, CONTROL_TEMPLATE, i)) != NULL; i++) {
		if (!addr_equal(&t->exporter, &last))
			(void)fprintf(fp, "%s\n",
			    addr_ntop(&t->exporter, addr));
		last = t->exporter;
		put_template(fp, a, t);
	}
}

static void
put_sampling_of(FILE *fp, const struct control_template *t)
{
	struct ctl_column column;

	if (t->options != 0)
		return;
	ctl_columns(&column, t);
	while (ctl_next_column(&column)) {
		if (!ctl_is_sampling(&column))
			continue;
		(void)fprintf(fp,
		    "sampling: %s in each record of template %" PRIu64
		    " of domain %" PRIu64 "\n",
		    column.name, t->id, t->domain);
		return;
	}
}

/* The names of what options data about sampling are about. */
static void
put_parts(FILE *fp, const struct control_sampler *s)
{
	const struct {
		const char *name;
		uint64_t number;
	} parts[] = {
		{ "interface", s->interface },
		{ "output interface", s->output_interface },
		{ "metering process", s->metering_process },
		{ "exporting process", s->exporting_process },
		{ "template", s->template },
		{ "line card", s->line_card },
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].number != 0)
			(void)fprintf(fp, ", %s %" PRIu64, parts[i].name,
			    parts[i].number);
	}
}

/* IANA's names of selectorAlgorithm. */
static const char *
algorithm_name(uint64_t number)
{
	static const char *const names[] = {
		[1] = "systematic count-based sampling",
		[2] = "systematic time-based sampling",
		[3] = "random n-out-of-N sampling",
		[4] = "uniform probabilistic sampling",
		[5] = "property match filtering",
		[6] = "hash based filtering using BOB",
		[7] = "hash based filtering using IPSX",
		[8] = "hash based filtering using CRC",
		[9] = "flow-state dependent selection",
	};

	return (
	    number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL);
}

static void
put_sampler(FILE *fp, const struct control_sampler *s)
{
	const char *algorithm = algorithm_name(s->algorithm);

	(void)fprintf(fp,
	    "sampling: %" PRIu64 " of %" PRIu64 " packets, mode %" PRIu64,
	    s->sampled, s->one_of, s->mode);
	if (s->sequence != 0)
		(void)fprintf(fp, ", selection sequence %" PRIu64, s->sequence);
	if (s->selectors.len != 0) {
		(void)fputs(" of selectors ", fp);
		ctl_put_text(fp, &s->selectors, false);
	}
	if (s->sequence == 0 || s->id != 0)
		(void)fprintf(fp, ", sampler %" PRIu64, s->id);
	(void)fprintf(fp, " of domain %" PRIu64, s->domain);
	put_parts(fp, s);
	(void)fprintf(fp,
	    ", in options data of version %" PRIu64
	    " from source port %" PRIu64,
	    s->version, s->port);
	if (algorithm != NULL)
		(void)fprintf(fp, ", %s", algorithm);
	if (s->sent_in != s->domain)
		(void)fprintf(fp, ", sent in domain %" PRIu64, s->sent_in);
	if (s->name.len != 0) {
		(void)fputs(", name ", fp);
		ctl_put_text(fp, &s->name, false);
	}
	(void)fputc('\n', fp);
}

static void
put_samplers(FILE *fp, const struct answer *a, const struct control_exporter *e)
{
	const struct control_sampler *s;
	const struct control_template *t;
	size_t i;

	if (e->v5_interval > 1)
		(void)fprintf(fp,
		    "sampling: 1 of %" PRIu64 " packets, mode %" PRIu64
		    ", in the headers of version 5\n",
		    e->v5_interval, e->v5_mode);
	for (i = 0; (s = answer_record(a, CONTROL_SAMPLER, i)) != NULL; i++)
		put_sampler(fp, s);
	for (i = 0; (t = answer_record(a, CONTROL_TEMPLATE, i)) != NULL; i++)
		put_sampling_of(fp, t);
}

static void
put_domains(FILE *fp, const struct answer *a)
{
	const struct control_domain *d;
	char time[32];
	size_t i;

	for (i = 0; (d = answer_record(a, CONTROL_DOMAIN, i)) != NULL; i++) {
		(void)fprintf(fp,
		    "domain %" PRIu64 " of version %" PRIu64
		    " from source port %" PRIu64 ":",
		    d->domain, d->version, d->port);
		if (d->init_time != 0)
			(void)fprintf(fp, " started %s,",
			    format_iso_time((uint32_t)(d->init_time / 1000),
				false, time));
		(void)fprintf(fp,
		    " exported %" PRIu64 " octets %" PRIu64 " messages %" PRIu64
		    " flows, ignored %" PRIu64 " packets %" PRIu64
		    " octets, not sent %" PRIu64 " flows %" PRIu64 " packets\n",
		    d->exported_octets, d->exported_messages, d->exported_flows,
		    d->ignored_packets, d->ignored_octets, d->unsent_flows,
		    d->unsent_packets);
	}
}

static void
put_interfaces(FILE *fp, const struct answer *a)
{
	const struct control_interface *in;
	size_t i;

	for (i = 0; (in = answer_record(a, CONTROL_INTERFACE, i)) != NULL;
	     i++) {
		(void)fprintf(fp, "interface %" PRIu64 ": ", in->index);
		ctl_put_text(fp, &in->name, false);
		if (in->description.len > 0)
			(void)fputs(" - ", fp);
		ctl_put_text(fp, &in->description, false);
		(void)fputc('\n', fp);
	}
}

static void
put_sessions(FILE *fp, const struct answer *a)
{
	const struct control_session *s;
	char interval[32];
	size_t i;

	for (i = 0; (s = answer_record(a, CONTROL_SESSION, i)) != NULL; i++)
		(void)fprintf(fp,
		    "source port %" PRIu64 ": %" PRIu64
		    " datagrams, last seen %s ago\n",
		    s->port, s->datagrams, ago(a, s->last_seen, interval));
}

static void
put_streams(FILE *fp, const struct answer *a)
{
	const struct control_stream *s;
	size_t i;

	for (i = 0; (s = answer_record(a, CONTROL_STREAM, i)) != NULL; i++) {
		(void)fprintf(fp,
		    "sequence numbers of version %" PRIu64 " domain %" PRIu64,
		    s->version, s->domain);
		if (s->port != 0)
			(void)fprintf(fp, " source port %" PRIu64, s->port);
		(void)fputs(": count ", fp);
		ctl_put_text(fp, &s->unit, false);
		(void)fputs(s->pending != 0 ? ", not certain yet\n" : "\n", fp);
	}
}

static void
put_periods(FILE *fp, const struct control_exporter *e)
{
	static const char *const names[CONTROL_PERIODS] = { "minute", "hour",
		"start" };
	const struct control_period *p;
	char complete[CTL_NUMBER_MAX];
	size_t i;

	for (i = 0; i < CONTROL_PERIODS; i++) {
		p = &e->periods[i];
		(void)fprintf(fp,
		    "%-6s     %.1f datagrams/s, %.1f flows/s, complete %s\n",
		    names[i], rate(p->datagrams, p), rate(p->flows, p),
		    percentage(p, complete));
	}
}

void
ctl_print_exporter(FILE *fp, const struct answer *a)
{
	const struct control_exporter *e =
	    answer_record(a, CONTROL_EXPORTER, 0);
	char addr[ADDR_STRLEN], versions[CTL_VERSIONS_MAX];
	char time[32], interval[32];

	(void)fprintf(fp, "%s: versions %s%s\n", addr_ntop(&e->addr, addr),
	    ctl_versions(e->versions, versions),
	    e->named != 0 ? ", named in a flow source statement" : "");
	(void)fprintf(fp, "first seen %s, %s ago\n",
	    format_iso_time((uint32_t)e->first_seen, false, time),
	    ago(a, e->first_seen, interval));
	(void)fprintf(fp, "last seen  %s, %s ago\n",
	    format_iso_time((uint32_t)e->last_seen, false, time),
	    ago(a, e->last_seen, interval));
	put_periods(fp, e);
	put_sessions(fp, a);
	put_streams(fp, a);
	put_samplers(fp, a, e);
	put_domains(fp, a);
	put_interfaces(fp, a);
	put_explained(fp, CONTROL_EXPORTER, e);
	if (answer_record(a, CONTROL_TEMPLATE, 0) != NULL)
		(void)fputs("templates:\n", fp);
	ctl_print_templates(fp, a);
}
