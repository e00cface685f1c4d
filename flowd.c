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
 * flowd: the command line, and the collector's loop, in which datagrams are
 * received in batches, decoded, filtered, and encoded into the log's buffer.
 */
#include "compat/compat.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config.h"
#include "monitor/control-socket.h"
#include "collector/control.h"
#include "decode/decode.h"
#include "decode/exporter.h"
#include "decode/exporters.h"
#include "filter.h"
#include "format.h"
#include "collector/receive.h"
#include "ipc/udp-socket.h"
#include "base/log-limit.h"
#include "base/log.h"
#include "collector/output.h"
#include "collector/pace.h"
#include "ipc/priv-msg.h"
#include "privsep.h"
#include "base/program.h"
#include "base/read-whole.h"
#include "collector/report.h"
#include "sandbox/sandbox.h"
#include "decode/state.h"
#include "lib/write-whole.h"

#define DEFAULT_CONFIG     PACKAGE_SYSCONFDIR "/flowd.conf"
#define SINK_FLOWS         64
#define DATAGRAM_OVERHEAD  256          /* bytes; what systems charge is more */
#define BATCHES_AT_ONCE    16           /* of one socket, before the others */
#define TICK               CLOCK_SECOND /* ns between looks at what is due */
#define STATE_SECONDS      60           /* between two writes of the state */
#define LAST_WRITE_SECONDS 5            /* for the log to take the rest */
#define REFUSED_SECONDS    600 /* without one, for sources to be at rest */

/* Descriptors and configuration on their way in, until PRIV_COMMIT. */
struct staged {
	struct config *conf;        /* NULL: nothing is on its way */
	struct listener *listeners; /* conf->nlistens of them */
	size_t nlisteners;
	int *forwards; /* conf->nforwards */
	size_t nforwards;
	struct output_log *logs; /* conf->nlogs */
	size_t nlogs;
	int logsock; /* -1: none, or its reader is away */
	int control; /* -1: none */
};

struct collector {
	int sock;            /* to the monitor */
	uint32_t number;     /* among config_workers, from 1 on */
	struct config *conf; /* NULL before the first */
	struct filter *filter;
	struct prefix_map *sources; /* to SOURCE_* */
	struct listener *listeners;
	size_t nlisteners;
	struct pollfd *pfds; /* of sock, output, control, listeners */
	struct staged staged;
	struct batch *batch; /* the monitor has it too */
	struct receiver *receiver;
	struct exporter_table *exporters;
	struct output *output;
	struct control *control;
	struct pace pace;
	uint64_t unauthorised; /* datagrams */
	uint64_t kernel_drops; /* datagrams */
	struct log_state unauthorised_said;
	struct log_limit receive_warned;
	uint32_t last_tick;   /* epoch seconds */
	uint32_t state_saved; /* epoch seconds */
	bool state_asked;
	bool state_due;      /* if only for a new place */
	bool cut_asked;      /* logs are held until it is answered */
	uint32_t cut_before; /* epoch seconds; when it was asked last */

	/* The datagram that is being decoded. */
	struct exporter *exporter;
	struct flow_sink sink;
	struct flow flows[SINK_FLOWS];
	uint8_t records[SINK_FLOWS * STORE_RECORD_MAX];
};

static void take_message(struct collector *c);

static uint32_t
now_sec(void)
{
	return ((uint32_t)time(NULL));
}

static void
show_flows(const struct flow *flows, size_t n)
{
	char line[FORMAT_LINE_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)format_flow(&flows[i], STORE_DISPLAY_BRIEF, false, line);
		log_debug("%s", line);
	}
}

static void
settle(void *owner, uint64_t stored, uint64_t lost)
{
	exporter_settle(owner, stored, lost);
}

/* Moves the flows that the filter lets through to the front; their number. */
static size_t
choose_flows(struct filter *filter, struct flow *flows, size_t n)
{
	enum filter_verdict verdicts[SINK_FLOWS];
	size_t i, kept = 0;

	filter_flows(filter, flows, n, verdicts);
	for (i = 0; i < n; i++) {
		if (verdicts[i] == FILTER_DISCARD)
			continue;
		if (kept != i)
			flows[kept] = flows[i];
		kept++;
	}
	return (kept);
}

/* One flow of many is enough to tell what the exporter makes of interfaces. */
static void
look_at(struct exporter *e, const struct flow *flow)
{
	if ((flow->fields & STORE_FIELD_IF_INDICES) == 0)
		return;
	e->looked_at++;
	e->in_is_out += flow->if_index_in == flow->if_index_out;
}

/* Stores each flow where it belongs. */
static void
store_each(struct collector *c, const struct flow *flows, size_t n)
{
	struct counters *mine = &c->exporter->counters;
	const uint8_t *record = c->records;
	size_t lens[SINK_FLOWS], i;

	(void)store_encode_many(flows, n, c->conf->store_mask, c->records,
	    lens);
	for (i = 0; i < n; record += lens[i++]) {
		switch (output_put(c->output, &flows[i], record, lens[i],
		    c->exporter)) {
		case OUTPUT_STORED:
			mine->stored++;
			break;
		case OUTPUT_BUFFERED:
			mine->buffered++;
			break;
		case OUTPUT_LOST:
			mine->lost++;
			break;
		case OUTPUT_NOWHERE:
			mine->discarded++;
			break;
		}
	}
}

/* Encodes straight into the log where there is but one place for them all. */
static void
store_flows(struct collector *c, const struct flow *flows, size_t n)
{
	size_t lens[SINK_FLOWS];
	uint8_t *room = output_room(c->output, n * STORE_RECORD_MAX);

	if (room == NULL) {
		store_each(c, flows, n);
		return;
	}
	output_commit(c->output,
	    store_encode_many(flows, n, c->conf->store_mask, room, lens), n,
	    c->exporter);
	c->exporter->counters.buffered += n;
}

/* Empties the sink: filters and stores what was decoded. */
static void
take_flows(struct flow_sink *sink)
{
	struct collector *c = sink->arg;
	struct counters *mine = &c->exporter->counters;
	size_t n;

	if (sink->n > 0)
		look_at(c->exporter, &sink->flows[0]);
	n = filter_is_empty(c->filter) ?
	    sink->n :
	    choose_flows(c->filter, sink->flows, sink->n);
	mine->flows += sink->n;
	mine->discarded += sink->n - n;
	sink->n = 0;
	store_flows(c, sink->flows, n);
	if (log_is_debug())
		show_flows(sink->flows, n);
}

static void
refuse_source(struct collector *c, const struct addr *from, uint32_t now)
{
	char addr[ADDR_STRLEN];
	uint32_t held_back;

	c->unauthorised++;
	if (!log_state_begin(&c->unauthorised_said, now, &held_back))
		return;
	log_warnx(
	    "%s: no \"flow source\" allows it, datagram dropped "
	    "(%" PRIu32 " of others held back)",
	    addr_ntop(from, addr), held_back);
}

static void
note_rest(struct collector *c, uint32_t now)
{
	if (log_state_expire(&c->unauthorised_said, now, REFUSED_SECONDS))
		log_info(
		    "no more datagrams from where no \"flow source\" "
		    "allows it; %" PRIu64 " were dropped",
		    c->unauthorised);
}

static void
count_datagram(struct counters *count, enum decoded r)
{
	count->datagrams++;
	switch (r) {
	case DECODED:
		count->decoded++;
		break;
	case DECODE_INVALID:
		count->invalid++;
		break;
	case DECODE_UNSUPPORTED:
		count->unsupported++;
		break;
	case DECODE_NO_TEMPLATE:
		count->no_template++;
		break;
	case DECODE_HELD:
		break;
	}
}

static void
take_datagram(struct collector *c, const struct batch_datagram *in,
    const struct timespec *now)
{
	const struct datagram dgram = {
		.data = in->data,
		.len = in->len,
		.recv_sec = (uint32_t)now->tv_sec,
		.recv_usec = (uint32_t)(now->tv_nsec / 1000),
	};
	unsigned int source = prefix_map_find(c->sources, &in->from);
	enum decoded r;

	if (source == SOURCE_REFUSED) {
		refuse_source(c, &in->from, dgram.recv_sec);
		return;
	}
	output_forward(c->output, in->data, in->len);
	c->exporter = exporter_get(c->exporters, &in->from, dgram.recv_sec,
	    source == SOURCE_NAMED);
	if (c->exporter == NULL)
		fatal("no memory for an exporter");
	r = netflow_decode(&dgram, c->exporter, &c->sink);
	take_flows(&c->sink);
	count_datagram(&c->exporter->counters, r);
}

/*
 * The n datagrams of a batch.  Returns what they took of the receive buffer
 * at the least, in bytes.
 */
static size_t
take_datagrams(struct collector *c, int n)
{
	const struct timespec *now = receiver_time(c->receiver);
	struct batch_datagram in;
	size_t bytes = 0;
	int i;

	for (i = 0; i < n; i++) {
		receiver_begin(c->receiver, i, &in);
		take_datagram(c, &in, now);
		bytes += in.len + DATAGRAM_OVERHEAD;
	}
	receiver_end(c->receiver);
	return (bytes);
}

/* One batch, of *n datagrams; else as take_datagrams. */
static size_t
take_batch(struct collector *c, struct listener *listener, int *n)
{
	uint32_t held_back;

	*n = receiver_batch(c->receiver, listener, &c->kernel_drops);
	if (*n == -1 &&
	    log_limit_pass(&c->receive_warned, now_sec(), &held_back))
		log_warn("receive (%" PRIu32 " more held back)", held_back);
	return (*n <= 0 ? 0 : take_datagrams(c, *n));
}

/*
 * True when the socket is empty, as far as can be told.  Adds the datagrams to
 * *taken.
 */
static bool
drain(struct collector *c, struct listener *listener, size_t *taken)
{
	int i, n;

	for (i = 0; i < BATCHES_AT_ONCE; i++) {
		(void)take_batch(c, listener, &n);
		*taken += n > 0 ? (size_t)n : 0;
		if (n < BATCH_MAX)
			return (true);
	}
	return (false);
}

/*
 * Takes what had been received when the order to stop came: the kernel holds
 * no more octets than the socket's buffer has, so with a sender that never
 * rests this ends too.
 */
static void
drain_for_good(struct collector *c, struct listener *listener)
{
	const size_t size = udp_buffer(listener->fd);
	size_t taken = 0;
	int n = 1;

	while (n > 0 && taken <= size)
		taken += take_batch(c, listener, &n);
}

static void
drain_all_for_good(struct collector *c)
{
	size_t i;

	for (i = 0; i < c->nlisteners; i++) {
		/* It may have been handed on to a configuration to be. */
		if (c->listeners[i].fd != -1)
			drain_for_good(c, &c->listeners[i]);
	}
}

static void
wait_for(struct pollfd *pfds, size_t n, uint64_t ns)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000),
	};

	if (ppoll(pfds, n, &ts, NULL) == -1 && errno != EINTR)
		fatal("poll");
}

/* Writes the rest, for as long as logs and log socket need within reason. */
static size_t
flush_for_good(struct collector *c)
{
	const uint64_t give_up = clock_ns() + LAST_WRITE_SECONDS * TICK;
	size_t i, left, n = output_npollfds(c->output);
	bool blocked;

	for (;;) {
		left = output_flush(c->output);
		output_pollfds(c->output, c->pfds);
		for (i = 0, blocked = false; i < n; i++)
			blocked = blocked || c->pfds[i].fd != -1;
		if ((left == 0 && !blocked) || clock_ns() >= give_up)
			return (left);
		wait_for(c->pfds, n, left > 0 && !blocked ? PACE_WRITE : TICK);
	}
}

/*
 * Without its monitor a collector has no business but what it has received,
 * and nobody to say so to.
 */
static _Noreturn void
orphaned(struct collector *c)
{
	drain_all_for_good(c);
	output_hold_logs(c->output, false);
	output_end(c->output);
	exit(1);
}

static void
count_drops(struct collector *c)
{
	size_t i;

	for (i = 0; i < c->nlisteners; i++) {
		if (c->listeners[i].fd != -1)
			listener_drops(&c->listeners[i], &c->kernel_drops);
	}
}

/* Sets every counter that belongs to no exporter. */
static void
count_all(struct collector *c, struct collector_counters *counters)
{
	count_drops(c);
	output_count(c->output, counters);
	counters->evicted = exporters_evicted(c->exporters);
	counters->unauthorised = c->unauthorised;
	counters->kernel_drops = c->kernel_drops;
	counters->skipped = c->batch->skipped;
}

static void
report(struct collector *c)
{
	struct collector_counters counters;

	/* Data that can be written must not count as buffered. */
	(void)output_flush(c->output);
	count_all(c, &counters);
	log_wait_for_room(true);
	report_statistics(c->exporters, now_sec(), &counters, c->filter);
	log_wait_for_room(false);
}

static void
apply_limits(struct collector *c, const struct config *conf)
{
	const struct conf_limits *l = &conf->limits;
	struct exporter_limits limits = {
		.exporters =
		    l->exporters == 0 ? EXPORTERS_DEFAULT : l->exporters,
		.templates =
		    l->templates == 0 ? TEMPLATES_DEFAULT : l->templates,
		.memory = l->memory == 0 ? MEMORY_DEFAULT :
		    l->memory > SIZE_MAX ? SIZE_MAX :
					   (size_t)l->memory,
	};
	const uint32_t workers = config_workers(conf);

	limits.exporters = (limits.exporters + workers - 1) / workers;
	limits.memory /= workers;
	exporters_set_limits(c->exporters, &limits);
}

/* The first collector alone hears what is sent to groups, by whomever. */
static bool
is_mine(void *arg, const struct addr *addr)
{
	const struct collector *c = arg;
	const struct config *conf = c->staged.conf;

	return ((c->number == 1 && conf->njoins > 0) ||
	    udp_worker(addr, config_workers(conf)) + 1 == c->number);
}

/* Templates and the like, as they were when flowd was last here. */
static void
load_state(struct collector *c, int fd)
{
	struct stat st;
	uint8_t *data = NULL;
	size_t len;
	int r = FLOWD_EIO;

	if (c->staged.conf == NULL || fd == -1)
		fatalx("state out of turn");
	apply_limits(c, c->staged.conf);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    read_whole(fd, STATE_LEN_MAX, &data, &len) == 0)
		r = state_unpack(c->exporters, data, len, now_sec(), is_mine,
		    c);
	if (r != 0)
		log_warnx("statefile: %s; starting without what is missing",
		    r == FLOWD_EVERSION ? "it is no state file of flowd's" :
					  flowd_strerror(r));
	else
		log_info("statefile: %zu exporters",
		    exporters_count(c->exporters));
	exporters_saved(c->exporters);
	free(data);
	(void)close(fd);
}

/* fd is what the monitor has begun, or -1 where it could not. */
static void
save_state(struct collector *c, int fd)
{
	uint8_t *data;
	size_t len;

	c->state_asked = false;
	if (fd == -1)
		return;
	if (state_pack(c->exporters, &data, &len) != 0)
		log_warnx("statefile: no memory to write it");
	else if (flowd_write_whole(fd, data, len) == -1)
		log_warn("statefile");
	else if (priv_send(c->sock, PRIV_STATE_WRITTEN, 0, NULL, 0, -1) == -1)
		orphaned(c);
	else {
		exporters_saved(c->exporters);
		c->state_due = false;
	}
	free(data);
	(void)close(fd);
}

static void
ask_for_state_file(struct collector *c)
{
	c->state_asked = true;
	if (priv_send(c->sock, PRIV_WANT_STATE, 0, NULL, 0, -1) == -1)
		orphaned(c);
}

static void
save_state_for_good(struct collector *c)
{
	struct pollfd pfd = { .fd = c->sock, .events = POLLIN };

	if (c->conf->statefile == NULL)
		return;
	if (!c->state_asked)
		ask_for_state_file(c);
	while (c->state_asked && poll(&pfd, 1, LAST_WRITE_SECONDS * 1000) == 1)
		take_message(c);
}

/* Where a log ends with part of a record; once a second at most. */
static void
ask_for_cut(struct collector *c)
{
	const uint32_t now = now_sec();

	if (c->cut_asked || now == c->cut_before || !output_was_torn(c->output))
		return;
	c->cut_asked = true;
	c->cut_before = now;
	output_hold_logs(c->output, true);
	if (priv_send(c->sock, PRIV_WANT_CUT, 0, NULL, 0, -1) == -1)
		orphaned(c);
}

static void
take_cut(struct collector *c)
{
	c->cut_asked = false;
	output_hold_logs(c->output, false);
}

static void
wait_for_cut(struct collector *c)
{
	struct pollfd pfd = { .fd = c->sock, .events = POLLIN };

	while (c->cut_asked && poll(&pfd, 1, LAST_WRITE_SECONDS * 1000) == 1)
		take_message(c);
	take_cut(c);
}

static _Noreturn void
stop(struct collector *c)
{
	size_t left;

	if (c->conf == NULL)
		exit(0);
	wait_for_cut(c);
	drain_all_for_good(c);
	left = flush_for_good(c);
	output_end(c->output);
	save_state_for_good(c);
	report(c);
	output_free(c->output);
	exit(left > 0 ? 1 : 0);
}

static void *
allocate(size_t n, size_t size)
{
	void *p;

	if ((p = calloc(n == 0 ? 1 : n, size)) == NULL)
		fatal("no memory");
	return (p);
}

static void
begin_config(struct collector *c, const struct priv_msg *msg)
{
	struct staged *s = &c->staged;
	uint8_t *data;

	if (s->conf != NULL || msg->body_len > CONFIG_PACKED_MAX)
		fatalx("configuration out of turn");
	data = allocate(msg->body_len, 1);
	if (priv_receive_body(c->sock, data, msg->body_len) == -1)
		orphaned(c);
	if (config_unpack(data, msg->body_len, &s->conf) != 0)
		fatalx("configuration cannot be unpacked");
	free(data);
	s->listeners = allocate(s->conf->nlistens, sizeof(*s->listeners));
	s->forwards = allocate(s->conf->nforwards, sizeof(*s->forwards));
	s->logs = allocate(s->conf->nlogs, sizeof(*s->logs));
	s->nlisteners = s->nforwards = s->nlogs = 0;
	s->logsock = s->control = -1;
}

static void
stage_listener(struct collector *c, const struct priv_msg *msg, int fd)
{
	struct staged *s = &c->staged;
	struct listener *l;

	if (s->conf == NULL || s->nlisteners == s->conf->nlistens)
		fatalx("listener out of turn");
	l = &s->listeners[s->nlisteners++];
	if (fd != -1) {
		l->fd = fd;
		return;
	}
	if (msg->value == 0 || msg->value > c->nlisteners ||
	    c->listeners[msg->value - 1].fd == -1)
		fatalx("no such listener");
	*l = c->listeners[msg->value - 1];
	c->listeners[msg->value - 1].fd = -1;
}

static void
stage_forward(struct collector *c, int fd)
{
	struct staged *s = &c->staged;

	if (s->conf == NULL || s->nforwards == s->conf->nforwards || fd == -1)
		fatalx("forward out of turn");
	s->forwards[s->nforwards++] = fd;
}

static void
take_log(struct collector *c, const struct priv_msg *msg, int fd)
{
	struct staged *s = &c->staged;

	if (fd == -1)
		fatalx("log without descriptor");
	if (s->conf == NULL) {
		output_reopen_log(c->output, msg->value, fd);
		/* Of the file before, as long as the monitor has it. */
		ask_for_cut(c);
		if (priv_send(c->sock, PRIV_LOG_TAKEN, 0, NULL, 0, -1) == -1)
			orphaned(c);
	} else if (s->nlogs == s->conf->nlogs || msg->value >= TURNS_MAX)
		fatalx("log out of turn");
	else
		s->logs[s->nlogs++] = (struct output_log){ fd, msg->value };
}

static void
take_logsock(struct collector *c, int fd)
{
	if (c->staged.conf != NULL)
		c->staged.logsock = fd;
	else
		output_set_logsock(c->output, fd);
}

static void
stage_control(struct collector *c, int fd)
{
	if (c->staged.conf == NULL || c->staged.control != -1 || fd == -1)
		fatalx("control socket out of turn");
	c->staged.control = fd;
}

static void
replace_listeners(struct collector *c)
{
	size_t i, size, smallest = SIZE_MAX;

	for (i = 0; i < c->nlisteners; i++) {
		if (c->listeners[i].fd == -1)
			continue;
		/* What it still holds was sent to where we did listen. */
		drain_for_good(c, &c->listeners[i]);
		listener_drops(&c->listeners[i], &c->kernel_drops);
		(void)close(c->listeners[i].fd);
	}
	free(c->listeners);
	c->listeners = c->staged.listeners;
	c->nlisteners = c->staged.nlisteners;
	for (i = 0; i < c->nlisteners; i++) {
		size = udp_buffer(c->listeners[i].fd);
		smallest = size < smallest ? size : smallest;
	}
	pace_set_buffer(&c->pace, smallest);
}

static void
replace_outputs(struct collector *c)
{
	struct staged *s = &c->staged;

	output_set_logs(c->output, s->conf, s->logs);
	free(s->logs);
	output_set_forwards(c->output, s->forwards, s->nforwards);
	free(s->forwards);
	output_use_logsock(c->output, s->conf->logsock != NULL);
	output_set_logsock(c->output, s->logsock);
	c->last_tick = 0;
	free(c->pfds);
	c->pfds = allocate(1 + output_npollfds(c->output) + CONTROL_POLLFDS +
		c->nlisteners,
	    sizeof(*c->pfds));
}

static void
replace_filter(struct collector *c)
{
	const struct config *conf = c->staged.conf;

	prefix_map_free(c->sources);
	c->sources = config_sources(conf);
	filter_free(c->filter);
	c->filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	if (c->sources == NULL || c->filter == NULL)
		fatal("the filter");
}

static void
count_for_control(void *arg, struct collector_counters *counters)
{
	count_all(arg, counters);
}

static void
replace_control(struct collector *c)
{
	const struct control_source source = {
		.worker = c->number,
		.workers = config_workers(c->staged.conf),
		.exporters = c->exporters,
		.filter = c->filter,
		.count = count_for_control,
		.arg = c,
	};

	control_use(c->control, c->staged.control, &source);
}

static void
commit_config(struct collector *c)
{
	struct staged *s = &c->staged;
	bool first = c->conf == NULL;

	if (s->conf == NULL || s->nlisteners != s->conf->nlistens ||
	    s->nlogs != s->conf->nlogs)
		fatalx("incomplete configuration");
	replace_listeners(c);
	replace_outputs(c);
	apply_limits(c, s->conf);
	replace_filter(c);
	replace_control(c);
	config_free(c->conf);
	c->conf = s->conf;
	*s = (struct staged){ .logsock = -1, .control = -1 };
	/* The state file may be another one, or none had been stated. */
	c->state_due = !first;
	c->state_saved = 0;
	ask_for_cut(c);
	if (priv_send(c->sock, PRIV_READY, 0, NULL, 0, -1) == -1)
		orphaned(c);
}

static void
take_message(struct collector *c)
{
	struct priv_msg msg;
	int fd;

	if (priv_receive(c->sock, &msg, &fd) != 1)
		orphaned(c);
	switch ((enum priv_type)msg.type) {
	case PRIV_CONFIG:
		begin_config(c, &msg);
		return;
	case PRIV_LISTENER:
		stage_listener(c, &msg, fd);
		return;
	case PRIV_FORWARD:
		stage_forward(c, fd);
		return;
	case PRIV_COMMIT:
		commit_config(c);
		return;
	case PRIV_LOG:
		take_log(c, &msg, fd);
		return;
	case PRIV_LOGSOCK:
		take_logsock(c, fd);
		return;
	case PRIV_CONTROL:
		stage_control(c, fd);
		return;
	case PRIV_STATE:
		load_state(c, fd);
		return;
	case PRIV_STATE_FILE:
		save_state(c, fd);
		return;
	case PRIV_STATISTICS:
		report(c);
		return;
	case PRIV_LOGS_CUT:
		take_cut(c);
		return;
	case PRIV_STOP:
		stop(c);
	default:
		fatalx("unknown order %u", msg.type);
	}
}

/* What is due once a second, if there is anything. */
static void
tick(struct collector *c)
{
	uint32_t now = now_sec();

	if (now == c->last_tick)
		return;
	c->last_tick = now;
	log_report_dropped();
	note_rest(c, now);
	exporters_expire(c->exporters, now);
	control_expire(c->control, now);
	if (output_wants_logsock(c->output) &&
	    priv_send(c->sock, PRIV_WANT_LOGSOCK, 0, NULL, 0, -1) == -1)
		orphaned(c);
	if (c->conf->statefile == NULL || c->state_asked ||
	    (!exporters_changed(c->exporters) && !c->state_due) ||
	    now - c->state_saved < STATE_SECONDS)
		return;
	c->state_saved = now;
	ask_for_state_file(c);
}

static struct pollfd *
pfds_of_control(const struct collector *c)
{
	return (c->pfds + 1 + output_npollfds(c->output));
}

/*
 * Waits for something to do, unless datagrams are known to wait, and lets them
 * gather before that.  Returns what was polled of the listeners.
 */
static const struct pollfd *
wait_for_work(struct collector *c, bool more)
{
	struct pollfd *const control = pfds_of_control(c);
	struct pollfd *const listeners = control + CONTROL_POLLFDS;
	const size_t nothers = (size_t)(listeners - c->pfds);
	uint64_t gather = more ? 0 : c->pace.gather;
	uint64_t timeout = TICK, until_write;
	size_t i;

	c->pfds[0] = (struct pollfd){ .fd = c->sock, .events = POLLIN };
	output_pollfds(c->output, c->pfds + 1);
	control_pollfds(c->control, control);
	for (i = 0; i < c->nlisteners; i++)
		listeners[i] = (struct pollfd){
			.fd = c->listeners[i].fd,
			.events = POLLIN,
		};
	until_write = pace_until_write(&c->pace, clock_ns());
	if (output_left(c->output) > 0 && until_write < timeout)
		timeout = until_write;
	if (gather > 0)
		wait_for(c->pfds, nothers, gather);
	wait_for(c->pfds, nothers + c->nlisteners,
	    more || gather > 0 ? 0 : timeout);
	return (listeners);
}

/* Takes what has come to the listeners.  True when there is more. */
static bool
look(struct collector *c, const struct pollfd *pfds)
{
	size_t i, n = 0;
	bool more = false;

	for (i = 0; i < c->nlisteners; i++) {
		if (pfds[i].revents != 0 && !drain(c, &c->listeners[i], &n))
			more = true;
	}
	pace_looked(&c->pace, clock_ns(), n);
	return (more);
}

/* Writes when it is time to, or a log that had to wait can go on. */
static void
write_when_due(struct collector *c)
{
	const uint64_t now = clock_ns();
	size_t i, n = output_npollfds(c->output);
	bool ready = false;

	for (i = 1; i <= n; i++)
		ready = ready || c->pfds[i].revents != 0;
	if (!ready &&
	    (output_left(c->output) == 0 ||
		pace_until_write(&c->pace, now) > 0))
		return;
	(void)output_flush(c->output);
	pace_wrote(&c->pace, now);
}

static _Noreturn void
collector_run(const struct collector_place *place)
{
	const struct exporter_limits limits = {
		.exporters = EXPORTERS_DEFAULT,
		.templates = TEMPLATES_DEFAULT,
		.memory = MEMORY_DEFAULT,
	};
	struct collector *c = allocate(1, sizeof(*c));
	bool more = false;

	c->sock = place->sock;
	c->number = place->number;
	c->staged.logsock = c->staged.control = -1;
	c->sink = (struct flow_sink){
		.flows = c->flows,
		.max = SINK_FLOWS,
		.flush = take_flows,
		.arg = c,
	};
	c->batch = place->batch;
	c->receiver = receiver_new(c->batch);
	c->exporters = exporters_new(&limits);
	c->output = output_new(place->turns, c->number, settle);
	c->control = control_new(now_sec());
	if (c->receiver == NULL || c->exporters == NULL || c->output == NULL ||
	    c->control == NULL)
		fatal("no memory");
	while (c->conf == NULL)
		take_message(c);
	/* What a collector before this one had received, and not yet done. */
	(void)take_datagrams(c, (int)batch_count(c->batch));
	for (;;) {
		tick(c);
		more = look(c, wait_for_work(c, more));
		write_when_due(c);
		control_serve(c->control, pfds_of_control(c), now_sec());
		ask_for_cut(c);
		if (c->pfds[0].revents != 0)
			take_message(c);
	}
}

static const struct program flowd_program = {
	.name = "flowd",
	.letters = "dD:f:ghnvVX:",
	.usage =
	    "usage: flowd [-dghnvV] [-D macro=value] [-f file] "
	    "[-X INSECURE | NOSANDBOX]\n"
	    "  -D macro=value  set a macro of the configuration\n"
	    "  -d              debug: like -g, and print each stored flow\n"
	    "  -f file         read this configuration (" DEFAULT_CONFIG
	    ")\n"
	    "  -g              stay in the foreground, log to standard error\n"
	    "  -h, --help      print this help\n"
	    "  -n              check the configuration and exit\n"
	    "  -V, --version   print version and sandbox\n"
	    "  -v              with -n, print the configuration\n"
	    "  -X INSECURE     for tests: keep the user and the root directory\n"
	    "  -X NOSANDBOX    for tests: run without the sandbox\n",
	.feature = "sandbox",
	.feature_version = sandbox_name,
};

static void
add_macro(struct config_source *source, struct conf_macro **macros, char *arg)
{
	char *value = strchr(arg, '=');

	if (value == NULL || value == arg) {
		program_misused(&flowd_program, "-D %s: not macro=value", arg);
	}
	*value++ = '\0';
	*macros = reallocarray(*macros, source->nmacros + 1, sizeof(**macros));
	if (*macros == NULL)
		fatal("no memory");
	(*macros)[source->nmacros++] = (struct conf_macro){ arg, value };
	source->macros = *macros;
}

/*
 * What whoever started flowd may have left undone: descriptors 0 to 2 are open,
 * so that nothing else gets these numbers, and signals come through.
 */
static void
settle_in(void)
{
	sigset_t none;
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			fatal("/dev/null");
	} while (fd <= STDERR_FILENO);
	(void)close(fd);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	/* What these say, the failed write says too. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

/* What -n says of a configuration without errors; the exit status. */
static int
show(const struct config *conf, bool print)
{
	if (control_socket_check(conf) == -1)
		return (1);
	if (print)
		config_print(conf, stdout);
	else
		(void)printf("configuration OK\n");
	if (fflush(stdout) == EOF || ferror(stdout)) {
		log_warn("standard output");
		return (1);
	}
	return (0);
}

int
main(int argc, char **argv)
{
	struct monitor_options opts = { .source.path = DEFAULT_CONFIG,
		.state_magic = STATE_MAGIC };
	struct conf_macro *macros = NULL;
	struct config *conf;
	bool check_only = false, print = false;
	int ch, status = 0;

	settle_in();
	while ((ch = program_option(&flowd_program, argc, argv)) != -1) {
		switch (ch) {
		case 'd':
			opts.debug = opts.foreground = true;
			break;
		case 'D':
			add_macro(&opts.source, &macros, optarg);
			break;
		case 'f':
			opts.source.path = optarg;
			break;
		case 'g':
			opts.foreground = true;
			break;
		case 'n':
			check_only = true;
			break;
		case 'v':
			print = true;
			break;
		case 'X':
			if (strcmp(optarg, "INSECURE") == 0)
				opts.rights.insecure = true;
			else if (strcmp(optarg, "NOSANDBOX") == 0)
				opts.rights.unconfined = true;
			else
				program_misused(&flowd_program,
				    "-X %s: not INSECURE or NOSANDBOX", optarg);
			break;
		}
	}
	if (optind != argc)
		program_misused(&flowd_program, "unexpected argument %s",
		    argv[optind]);
	log_init("flowd", LOG_TO_STDERR, opts.debug);
	if ((conf = config_load(&opts.source, &opts.rights)) == NULL)
		status = 1;
	else if (check_only) {
		status = show(conf, print);
		config_free(conf);
	} else
		status = monitor_run(&opts, conf, collector_run);
	free(macros);
	return (status);
}
