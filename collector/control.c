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

#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "collector/control.h"
#include "decode/completeness.h"
#include "decode/exporter.h"
#include "decode/exporters.h"
#include "decode/held.h"
#include "decode/protocol.h"
#include "errors.h"
#include "lib/bits.h"

#define BUFFER_LEN       (CONTROL_HEADER_LEN + CONTROL_BODY_MAX)
#define SELECTORS_STRLEN (SELECTORS_MAX * 21)

/* The position in an answer. */
struct progress {
	enum control_type type; /* the next record */
	struct filter_walk rules;
	size_t listener;      /* index of the next one */
	struct addr exporter; /* current; ADDR_NONE: before the first */
	size_t part;          /* the next records of that exporter */
	uint32_t now;         /* epoch seconds of the request */
	struct template_position template; /* the last one written */
	size_t index;                      /* in an array of the exporter */
};

struct client {
	int fd; /* -1: this entry is free */
	bool answering;
	uint32_t came, progressed; /* epoch seconds */
	struct control_request request;
	struct progress at;
	struct control_summary summary; /* of the time of the request */
	size_t begin, end;              /* of the unsent octets in buf */
	uint8_t *buf; /* BUFFER_LEN; the request, then the answer */
};

struct control {
	int fd; /* -1: no socket */
	uint32_t started;
	struct control_source source;
	struct client clients[CONTROL_CLIENTS];
	struct log_limit accept_warned;
};

struct control *
control_new(uint32_t now)
{
	struct control *c;
	size_t i;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	c->fd = -1;
	c->started = now;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
	return (c);
}

static void
drop(struct client *client)
{
	if (client->fd == -1)
		return;
	(void)close(client->fd);
	free(client->buf);
	*client = (struct client){ .fd = -1 };
}

void
control_use(struct control *c, int fd, const struct control_source *source)
{
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++)
		drop(&c->clients[i]);
	if (c->fd != -1)
		(void)close(c->fd);
	c->fd = fd;
	c->source = *source;
}

static struct client *
free_entry(struct control *c)
{
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (c->clients[i].fd == -1)
			return (&c->clients[i]);
	}
	return (NULL);
}

void
control_pollfds(const struct control *c, struct pollfd *pfds)
{
	const struct client *client;
	bool room = false;
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		client = &c->clients[i];
		room = room || client->fd == -1;
		pfds[1 + i] = (struct pollfd){
			.fd = client->fd,
			.events = client->answering ? POLLOUT : POLLIN,
		};
	}
	pfds[0] = (struct pollfd){ .fd = room ? c->fd : -1, .events = POLLIN };
}

/* Signed, as the clock may be set back. */
static bool
is_over(uint32_t since, uint32_t now, int32_t limit)
{
	return ((int32_t)(now - since) > limit);
}

void
control_expire(struct control *c, uint32_t now)
{
	const int32_t patience =
	    free_entry(c) == NULL ? CONTROL_CROWDED : CONTROL_PATIENCE;
	struct client *client;
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		client = &c->clients[i];
		if (is_over(client->progressed, now, patience) ||
		    is_over(client->came, now, CONTROL_SECONDS))
			drop(client);
	}
}

static void
accept_client(struct control *c, uint32_t now)
{
	struct client *client = free_entry(c);
	uint32_t held_back;
	int fd;

	if (client == NULL || (fd = accept(c->fd, NULL, NULL)) == -1)
		return; /* the client may have disconnected */
	*client = (struct client){ .fd = fd, .came = now, .progressed = now };
	if ((client->buf = malloc(BUFFER_LEN)) != NULL)
		return;
	if (log_limit_pass(&c->accept_warned, now, &held_back))
		log_warnx("control: no memory for a client; disconnected");
	drop(client);
}

/*
 * Each of these functions writes the next records.  FLOWD_ESPACE: the buffer is
 * full, and the next call continues.
 */
static int
put_hello(const struct control *c, const struct client *client,
    struct wcursor *w)
{
	static const char release[] = PACKAGE_VERSION;
	const struct control_hello hello = {
		.version = CONTROL_VERSION,
		.worker = c->source.worker,
		.workers = c->source.workers,
		.now = client->progressed,
		.started = c->started,
		.release = { (const uint8_t *)release, sizeof(release) - 1 },
	};

	return (control_pack(w, CONTROL_HELLO, &hello));
}

static int
put_memory(const struct control *c, struct wcursor *w)
{
	const struct exporter_table *t = c->source.exporters;
	const struct exporters_shared *shared = exporters_shared(t);
	const struct control_memory memory = {
		.state_used = shared->memory.used,
		.state_limit = shared->memory.limit,
		.held_sets = shared->held.count,
		.held_limit = HELD_SETS_MAX,
		.exporters = exporters_count(t),
		.exporters_limit = exporters_limit(t),
		.exporter_size = sizeof(struct exporter),
		.templates_limit = shared->templates_max,
		.filter_used = filter_memory(c->source.filter),
	};

	return (control_pack(w, CONTROL_MEMORY, &memory));
}

static int
put_rules(const struct control *c, struct progress *at, struct wcursor *w)
{
	struct control_rule rule;
	struct filter_walk before;
	struct filter_count n;

	filter_resume(c->source.filter, &at->rules);
	for (before = at->rules; filter_next(c->source.filter, &at->rules, &n);
	     before = at->rules) {
		rule = (struct control_rule){
			.number = at->rules.rule,
			.evaluations = n.evaluations,
			.matches = n.matches,
			.wins = n.wins,
			.length = n.text_len,
			.text = { (const uint8_t *)n.text,
			    n.text_len < CONTROL_TEXT_MAX ? n.text_len :
							    CONTROL_TEXT_MAX },
		};
		if (control_pack(w, CONTROL_RULE, &rule) != 0) {
			at->rules = before;
			return (FLOWD_ESPACE);
		}
	}
	return (0);
}

static struct pack_view
view(const char *text)
{
	return ((struct pack_view){ (const uint8_t *)text, strlen(text) });
}

static int
put_listeners(const struct control *c, struct progress *at, struct wcursor *w)
{
	const struct config *conf = c->source.conf;
	const struct conf_listen *l;
	struct control_listener record;

	for (; at->listener < conf->nlistens; at->listener++) {
		l = &conf->listens[at->listener];
		record = (struct control_listener){
			.number = at->listener + 1,
			.addr = l->addr,
			.port = l->port,
			.interface = view(l->ifname),
			.name = view(l->name),
			.datagrams =
			    sockets_received(c->source.sockets, at->listener),
			.gone = sockets_lost_interface(c->source.sockets,
			    at->listener),
		};
		if (control_pack(w, CONTROL_LISTENER, &record) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static uint64_t
versions_of(const struct exporter *e)
{
	uint64_t versions = 0;
	size_t i;

	for (i = 0; i < PROTOCOLS; i++) {
		if (e->versions[i] != 0)
			versions |= UINT64_C(1) << protocols[i].number;
	}
	return (versions);
}

/* The span of each period in an answer. */
static const enum exporter_span spans[CONTROL_PERIODS] = {
	[CONTROL_MINUTE] = EXPORTER_MINUTE,
	[CONTROL_HOUR] = EXPORTER_HOUR,
	[CONTROL_START] = EXPORTER_START,
};

static struct control_period
control_period(const struct exporter_period *p)
{
	const int32_t complete = exporter_complete(p);

	return ((struct control_period){
	    .seconds = p->seconds,
	    .datagrams = p->datagrams,
	    .flows = p->flows,
	    .missing = p->missing,
	    .complete = complete == -1 ? CONTROL_UNKNOWN : (uint64_t)complete,
	});
}

static int
put_exporter(const struct exporter *e, struct progress *at, struct wcursor *w)
{
	struct exporter_period period;
	struct control_exporter record = {
		.addr = e->addr,
		.first_seen = e->first_seen,
		.last_seen = e->last_seen,
		.named = e->named,
		.versions = versions_of(e),
		.unsupported = e->unsupported,
		.unsupported_sflow = e->unsupported_sflow,
		.v5_interval = e->sampling_interval,
		.v5_mode = e->sampling_mode,
		.known_templates = e->templates.count - e->templates.superseded,
		.samplers = options_samplers(&e->options)->table.n,
		.domains = e->options.domains.n,
		.interfaces = e->options.interfaces.n,
		.samplers_evicted =
		    options_samplers(&e->options)->table.evicted,
		.domains_evicted = e->options.domains.evicted,
		.interfaces_evicted = e->options.interfaces.evicted,
		.options_refused = e->options.refused,
		.sessions = sessions_count(&e->sessions),
		.brief_sessions = e->sessions.brief,
		.held_sets = e->held.count,
		.held_bytes = e->held.bytes,
		.looked_at = e->looked_at,
		.in_is_out = e->in_is_out,
		.large = e->large,
		.clock = CONTROL_UNKNOWN,
		.counters = e->counters,
	};
	int64_t ms;
	int i;

	if (exporter_skew_ms(e, at->now, &ms))
		record.clock = (uint64_t)ms;
	for (i = 0; i < CONTROL_PERIODS; i++) {
		exporter_period(e, at->now, spans[i], &period);
		record.periods[i] = control_period(&period);
	}
	return (control_pack(w, CONTROL_EXPORTER, &record));
}

static int
put_templates(const struct exporter *e, struct progress *at, struct wcursor *w)
{
	const struct tmpl *t;
	struct control_template record;

	for (; (t = templates_next(&e->templates, &at->template)) != NULL;
	     at->template = (struct template_position){ t->key, t->born }) {
		if (t->superseded)
			continue;
		record = (struct control_template){
			.exporter = e->addr,
			.version = t->key.version,
			.domain = t->key.domain,
			.id = t->key.id,
			.port = t->port,
			.sessions = bits_count(t->owners),
			.in_use = t->in_use,
			.used = t->used,
			.waiting = t->waiting,
			.doubtful = t->challenged,
			.changes = t->changes,
			.options = t->options,
			.scopes = t->scopes,
			.fields = t->nfields,
			.announced = t->announced,
			.interval = t->interval,
			.raw = { t->raw, t->raw_len },
		};
		if (control_pack(w, CONTROL_TEMPLATE, &record) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static struct pack_view
text_of(const char *text)
{
	return ((struct pack_view){ (const uint8_t *)text,
	    text == NULL ? 0 : strlen(text) });
}

/* The numbers of a sequence's selectors, such as "3 4". */
static struct pack_view
selector_list(const struct sampler *s, char buf[SELECTORS_STRLEN])
{
	size_t i, len = 0;

	for (i = 0; i < s->nselectors; i++)
		len += (size_t)snprintf(buf + len, SELECTORS_STRLEN - len,
		    "%s%" PRIu64, i == 0 ? "" : " ", s->selectors[i]);
	return ((struct pack_view){ (const uint8_t *)buf, len });
}

static int
put_sampler(const struct exporter *e, const struct sampler *s,
    struct wcursor *w)
{
	char selectors[SELECTORS_STRLEN];
	uint8_t algorithm;
	const struct sampling_rate rate = sampling_reduced(
	    samplers_rate(options_samplers(&e->options), s, &algorithm));
	const struct control_sampler record = {
		.exporter = e->addr,
		.version = s->version,
		.domain = s->domain,
		.id = s->part[PART_SELECTOR],
		.port = s->port,
		.mode = s->mode,
		.interface = s->part[PART_INTERFACE],
		.line_card = s->part[PART_LINE_CARD],
		.output_interface = s->part[PART_OUTPUT],
		.metering_process = s->part[PART_METERING],
		.exporting_process = s->part[PART_EXPORTING],
		.template = s->part[PART_TEMPLATE],
		.sequence = s->part[PART_SEQUENCE],
		.selectors = selector_list(s, selectors),
		.name = text_of(s->name),
		.sent_in = s->sent_in,
		.algorithm = algorithm,
		.sampled = rate.sampled,
		.one_of = rate.of,
	};

	return (control_pack(w, CONTROL_SAMPLER, &record));
}

static int
put_samplers(const struct exporter *e, struct progress *at, struct wcursor *w)
{
	const struct samplers *samplers = options_samplers(&e->options);

	for (; at->index < samplers->table.n; at->index++) {
		if (exporter_has_sampler(e, at->index) &&
		    put_sampler(e, samplers_at(samplers, at->index), w) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
put_domains(const struct exporter *e, struct progress *at, struct wcursor *w)
{
	const struct domain *d;
	struct control_domain record;

	for (; at->index < e->options.domains.n; at->index++) {
		if (!exporter_has_domain(e, at->index))
			continue;
		d = options_domain(&e->options, at->index);
		record = (struct control_domain){
			.exporter = e->addr,
			.version = d->version,
			.domain = d->id,
			.port = d->port,
			.init_time = time_base_init_time(&d->base),
			.exported_octets = d->exported_octets,
			.exported_messages = d->exported_messages,
			.exported_flows = d->exported_flows,
			.ignored_packets = d->ignored_packets,
			.ignored_octets = d->ignored_octets,
			.unsent_flows = d->unsent_flows,
			.unsent_packets = d->unsent_packets,
		};
		if (control_pack(w, CONTROL_DOMAIN, &record) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
put_interfaces(const struct exporter *e, struct progress *at, struct wcursor *w)
{
	const struct interface *in;
	struct control_interface record;

	for (; at->index < e->options.interfaces.n; at->index++) {
		in = options_interface(&e->options, at->index);
		record = (struct control_interface){
			.exporter = e->addr,
			.index = in->index,
			.port = in->port,
			.name = text_of(in->name),
			.description = text_of(in->description),
		};
		if (control_pack(w, CONTROL_INTERFACE, &record) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
put_sessions(const struct exporter *e, struct progress *at, struct wcursor *w)
{
	const struct session *s;
	struct control_session record;

	for (; at->index < e->sessions.n; at->index++) {
		s = &e->sessions.at[at->index];
		if (!s->used)
			continue;
		record = (struct control_session){
			.exporter = e->addr,
			.port = s->port,
			.datagrams = s->datagrams,
			.last_seen = s->last_seen,
		};
		if (control_pack(w, CONTROL_SESSION, &record) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
put_streams(const struct exporter *e, struct progress *at, struct wcursor *w)
{
	const struct sequence_stream *s;
	struct control_stream record;

	for (; at->index < SEQUENCES_MAX; at->index++) {
		s = &e->sequences.streams[at->index];
		if (s->version == 0)
			continue;
		record = (struct control_stream){
			.exporter = e->addr,
			.version = s->version,
			.domain = s->domain,
			.port = s->port,
			.pending = sequences_are_pending(&e->sequences, s),
			.unit = text_of(sequence_unit_name(s->unit)),
		};
		if (control_pack(w, CONTROL_STREAM, &record) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static bool
wants(const struct client *client, uint32_t records)
{
	return ((client->request.wants & records) != 0);
}

/* The records of an exporter, in the order of an answer. */
static const struct exporter_part {
	uint32_t want; /* CONTROL_WANT_* */
	int (*put)(const struct exporter *e, struct progress *at,
	    struct wcursor *w);
} parts[] = {
	{ CONTROL_WANT_EXPORTERS, put_exporter },
	{ CONTROL_WANT_TEMPLATES, put_templates },
	{ CONTROL_WANT_OPTIONS, put_samplers },
	{ CONTROL_WANT_OPTIONS, put_domains },
	{ CONTROL_WANT_OPTIONS, put_interfaces },
	{ CONTROL_WANT_SESSIONS, put_sessions },
	{ CONTROL_WANT_SESSIONS, put_streams },
};
#define NPARTS (sizeof(parts) / sizeof(parts[0]))

/*
 * Writes the remaining records of the current exporter; none if the exporter
 * has been evicted.
 */
static int
put_rest_of_exporter(const struct control *c, const struct client *client,
    struct progress *at, struct wcursor *w)
{
	const struct exporter *e =
	    exporter_find(c->source.exporters, &at->exporter);

	for (; e != NULL && at->part < NPARTS; at->part++) {
		if (wants(client, parts[at->part].want) &&
		    parts[at->part].put(e, at, w) != 0)
			return (FLOWD_ESPACE);
		at->index = 0;
	}
	at->part = NPARTS;
	return (0);
}

/* Moves to the next exporter.  False after the last. */
static bool
next_exporter(const struct control *c, const struct client *client,
    struct progress *at)
{
	const bool one = client->request.addr.family != ADDR_NONE;
	const struct exporter *e;

	if (one && at->exporter.family != ADDR_NONE)
		return (false);
	e = one ? exporter_find(c->source.exporters, &client->request.addr) :
		  exporters_next(c->source.exporters, &at->exporter);
	if (e == NULL)
		return (false);
	at->exporter = e->addr;
	at->part = 0;
	at->template = (struct template_position){ .born = 0 };
	at->index = 0;
	return (true);
}

static int
put_exporters(const struct control *c, const struct client *client,
    struct progress *at, struct wcursor *w)
{
	const uint32_t of_exporters = CONTROL_WANT_EXPORTERS |
	    CONTROL_WANT_TEMPLATES | CONTROL_WANT_OPTIONS |
	    CONTROL_WANT_SESSIONS;

	if (!wants(client, of_exporters))
		return (0);
	do {
		if (at->exporter.family != ADDR_NONE &&
		    put_rest_of_exporter(c, client, at, w) != 0)
			return (FLOWD_ESPACE);
	} while (next_exporter(c, client, at));
	return (0);
}

/* The lists that do not belong to exporters. */
static int
put_lists(const struct control *c, struct client *client, struct wcursor *w)
{
	struct progress *at = &client->at;

	if (wants(client, CONTROL_WANT_RULES) && put_rules(c, at, w) != 0)
		return (FLOWD_ESPACE);
	return (wants(client, CONTROL_WANT_LISTENERS) ?
		put_listeners(c, at, w) :
		0);
}

/* Writes the records of one type.  0 when all of them are written. */
static int
put_part(const struct control *c, struct client *client, struct wcursor *w)
{
	struct progress *at = &client->at;

	switch (at->type) {
	case CONTROL_HELLO:
		return (put_hello(c, client, w));
	case CONTROL_SUMMARY:
		return (wants(client, CONTROL_WANT_SUMMARY) ?
			control_pack(w, CONTROL_SUMMARY, &client->summary) :
			0);
	case CONTROL_MEMORY:
		return (
		    wants(client, CONTROL_WANT_MEMORY) ? put_memory(c, w) : 0);
	case CONTROL_RULE:
		return (put_lists(c, client, w));
	case CONTROL_EXPORTER:
		return (put_exporters(c, client, at, w));
	case CONTROL_END:
		return (control_pack(w, CONTROL_END, NULL));
	default: /* within CONTROL_EXPORTER */
		return (0);
	}
}

static void
fill(const struct control *c, struct client *client)
{
	struct wcursor w;

	wcur_init(&w, client->buf, BUFFER_LEN);
	for (; client->at.type <= CONTROL_END; client->at.type++) {
		if (put_part(c, client, &w) != 0)
			break;
	}
	client->begin = 0;
	client->end = BUFFER_LEN - wcur_left(&w);
}

/* Reads every exporter, so this is done only if the client asks for sums. */
static void
sum(const struct control *c, struct client *client)
{
	const struct exporter_table *t = c->source.exporters;
	struct control_summary *s = &client->summary;
	struct exporter_period period;
	int i;

	s->exporters = exporters_count(t);
	s->last_death = c->source.last_death;
	exporters_sum(t, &s->counters);
	c->source.count(c->source.arg, &s->collector);
	s->counters.datagrams += s->collector.unauthorised;
	for (i = 0; i < CONTROL_PERIODS; i++) {
		exporters_period(t, client->progressed, spans[i], &period);
		s->periods[i] = control_period(&period);
	}
}

static void
begin_answer(const struct control *c, struct client *client)
{
	client->at = (struct progress){ .type = CONTROL_HELLO,
		.now = client->progressed };
	if (wants(client, CONTROL_WANT_SUMMARY))
		sum(c, client);
	client->begin = client->end = 0;
	client->answering = true;
}

static bool
has_to_wait(void)
{
	return (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static void
receive_request(const struct control *c, struct client *client, uint32_t now)
{
	ssize_t n;
	int r;

	n = recv(client->fd, client->buf + client->end,
	    CONTROL_REQUEST_LEN - client->end, MSG_DONTWAIT);
	if (n == -1 && has_to_wait())
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	client->end += (size_t)n;
	client->progressed = now;
	if (client->end < CONTROL_REQUEST_LEN)
		return;
	r = control_unpack_request(client->buf, &client->request);
	if (r == FLOWD_EVERSION) /* the answer only has flowd's version */
		client->request.wants = 0;
	else if (r != 0) {
		drop(client);
		return;
	}
	begin_answer(c, client);
}

static void
send_answer(const struct control *c, struct client *client, uint32_t now)
{
	ssize_t n;

	if (client->begin == client->end)
		fill(c, client);
	if (client->begin == client->end) {
		drop(client); /* the answer is complete */
		return;
	}
	n = send(client->fd, client->buf + client->begin,
	    client->end - client->begin, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -1 && has_to_wait())
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	client->begin += (size_t)n;
	client->progressed = now;
}

void
control_serve(struct control *c, const struct pollfd *pfds, uint32_t now)
{
	struct client *client;
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		client = &c->clients[i];
		if (client->fd == -1 || pfds[1 + i].revents == 0)
			continue;
		if (client->answering)
			send_answer(c, client, now);
		else
			receive_request(c, client, now);
	}
	if (pfds[0].revents != 0)
		accept_client(c, now);
}
