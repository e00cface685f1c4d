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
 * Counts the instructions that hostile datagrams cost.  It runs under callgrind,
 * which counts between two requests; hostile.py starts it there, and compares
 * the counts with those of ordinary datagrams.
 *
 * Each datagram takes the path that it takes in the collector: source address,
 * exporter, decoder, filter, records and log.  Only receiving it from the
 * kernel is left out.
 *
 *	hostile [-s scale] [case ...]
 *
 * For each datagram it prints its length, and callgrind dumps its cost.  -s
 * fills tables only to that part of their limits, and leaves out large cases.
 */
#include "compat/compat.h"

#include <sys/socket.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_VALGRIND_CALLGRIND_H
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(text) ((void)(text))
#endif

#include "bench/hostile.h"
#include "collector/output.h"
#include "config/config.h"
#include "decode/exporters.h"

#define CONFIG_MAX 1024 /* bytes */
#define TEXT_MAX   32
#define LOGS_MAX   4

static void
outcome(void *owner, uint64_t stored, uint64_t lost)
{
	exporter_count_outcome(owner, stored, lost);
}

static struct config *
parse(const char *statements)
{
	char text[CONFIG_MAX];
	struct config *conf;
	FILE *fp;
	int n;

	n = snprintf(text, sizeof(text),
	    "logfile \"/dev/null\"\nlisten on 127.0.0.1:2055\nstore ALL\n%s\n",
	    statements == NULL ? "" : statements);
	if (n < 0 || (fp = fmemopen(text, (size_t)n, "r")) == NULL)
		err(1, NULL);
	conf = config_parse(fp, "the configuration", CONFIG_DAEMON, NULL, 0);
	if (conf == NULL)
		exit(1);
	(void)fclose(fp);
	return (conf);
}

static struct exporter_limits
limits_of(const struct conf_limits *l)
{
	return ((struct exporter_limits){
	    .exporters = l->exporters != 0 ? l->exporters : EXPORTERS_DEFAULT,
	    .templates = l->templates != 0 ? l->templates : TEMPLATES_DEFAULT,
	    .memory = l->memory != 0 ? (size_t)l->memory : MEMORY_DEFAULT,
	});
}

/* All logs are devices, which take everything. */
static void
open_logs(const struct config *conf, struct output_log logs[LOGS_MAX])
{
	size_t i;

	if (conf->nlogs > LOGS_MAX)
		errx(1, "too many logs");
	for (i = 0; i < conf->nlogs; i++) {
		logs[i].fd = open(conf->logs[i].path, O_WRONLY);
		if (logs[i].fd == -1)
			err(1, "%s", conf->logs[i].path);
		logs[i].lock = (uint32_t)i;
	}
}

/* Gives the log socket a reader, if the configuration has one. */
static void
connect_reader(struct hostile *h)
{
	int fds[2];

	h->logsock = -1;
	if (h->conf->logsock == NULL)
		return;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == -1)
		err(1, "socketpair");
	output_use_logsock(h->output, true);
	output_set_logsock(h->output, fds[0]);
	h->logsock = fds[1];
}

static void
start(struct hostile *h, const char *statements)
{
	struct output_log logs[LOGS_MAX];
	struct flowlog_locks *locks = flowlog_locks_new();
	struct exporter_limits limits;

	h->conf = parse(statements);
	limits = limits_of(&h->conf->limits);
	if (locks == NULL || (h->exporters = exporters_new(&limits)) == NULL ||
	    (h->output = output_new(locks, 1, outcome)) == NULL ||
	    (h->intake = intake_new(h->exporters, h->output)) == NULL)
		err(1, NULL);
	open_logs(h->conf, logs);
	output_set_logs(h->output, h->conf, logs);
	connect_reader(h);
	intake_configure(h->intake, h->conf);
	wire_init(&h->w);
	h->from = 0x7f000001;
	h->port = 5000;
	h->now = HOSTILE_NOW;
	h->queueing = false;
	h->n = 0;
}

/* The process ends soon: what is not needed again stays. */
static void
stop(struct hostile *h)
{
	size_t i;

	output_end(h->output);
	for (i = 0; i < h->n; i++)
		free(h->queue[i].data);
	if (h->logsock != -1)
		(void)close(h->logsock);
	exporters_free(h->exporters);
}

size_t
hostile_scaled(const struct hostile *h, size_t n)
{
	return (n < h->scale ? 1 : n / h->scale);
}

static void
deliver(struct hostile *h, const struct hostile_datagram *d)
{
	const struct batch_datagram datagram = {
		.data = d->data,
		.len = d->len,
		.from = d->from,
		.port = d->port,
	};
	const struct timespec now = { .tv_sec = d->at };

	intake_datagram(h->intake, &datagram, &now);
}

static void
enqueue(struct hostile *h, const struct hostile_datagram *d)
{
	struct hostile_datagram *to;

	if (h->n == h->room) {
		h->room = h->room == 0 ? 64 : 2 * h->room;
		h->queue = reallocarray(h->queue, h->room, sizeof(*h->queue));
		if (h->queue == NULL)
			err(1, NULL);
	}
	to = &h->queue[h->n++];
	*to = *d;
	if ((to->data = malloc(d->len == 0 ? 1 : d->len)) == NULL)
		err(1, NULL);
	memcpy(to->data, d->data, d->len);
}

void
hostile_send_raw(struct hostile *h, const uint8_t *data, size_t len)
{
	uint8_t from[4];
	struct hostile_datagram d = {
		.data = (uint8_t *)(uintptr_t)data,
		.len = len,
		.port = h->port,
		.at = h->now,
	};

	be32_put(from, h->from);
	d.from = addr_v4(from);
	if (h->queueing)
		enqueue(h, &d);
	else
		deliver(h, &d);
}

void
hostile_send(struct hostile *h)
{
	hostile_send_raw(h, h->w.buf, wire_end(&h->w));
}

static void
drain(int fd)
{
	uint8_t record[512];

	while (fd != -1 && recv(fd, record, sizeof(record), MSG_DONTWAIT) > 0)
		;
}

/* Counts each datagram of the queue. */
static void
count(struct hostile *h, const struct attack *a)
{
	char text[TEXT_MAX];
	size_t i;

	(void)printf("%s\n", a->name);
	CALLGRIND_START_INSTRUMENTATION;
	for (i = 0; i < h->n; i++) {
		(void)printf("%zu\n", h->queue[i].len);
		(void)snprintf(text, sizeof(text), "%zu", i);
		drain(h->logsock);
		CALLGRIND_ZERO_STATS;
		deliver(h, &h->queue[i]);
		CALLGRIND_DUMP_STATS_AT(text);
	}
	CALLGRIND_STOP_INSTRUMENTATION;
}

static void
run(struct hostile *h, const struct attack *a)
{
	start(h, a->config);
	if (a->prepare != NULL)
		a->prepare(h, a);
	h->queueing = true;
	a->attack(h, a);
	(void)output_flush(h->output);
	count(h, a);
	stop(h);
}

static bool
is_chosen(const struct attack *a, char *const *names)
{
	if (*names == NULL)
		return (true);
	while (*names != NULL && strcmp(a->name, *names) != 0)
		names++;
	return (*names != NULL);
}

/* The ordinary datagram is always measured. */
static void
run_all(struct hostile *h, const struct attack *table, char *const *names)
{
	const struct attack *a;

	for (a = table; a->name != NULL; a++) {
		if ((h->scale == 1 || !a->large) &&
		    (a == hostile_flows || is_chosen(a, names)))
			run(h, a);
	}
}

int
main(int argc, char **argv)
{
	static const struct attack *const tables[] = { hostile_flows,
		hostile_state, hostile_options };
	static struct hostile h;
	const char *error;
	size_t i;
	int c;

	h.scale = 1;
	while ((c = getopt(argc, argv, "s:")) != -1) {
		if (c != 's')
			errx(1, "usage: hostile [-s scale] [case ...]");
		h.scale = (size_t)strtonum(optarg, 1, UINT16_MAX, &error);
		if (error != NULL)
			errx(1, "%s is %s", optarg, error);
	}
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		run_all(&h, tables[i], argv + optind);
	return (0);
}
