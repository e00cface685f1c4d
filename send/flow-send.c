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
 * flow-send sends NetFlow to a collector: made-up flows, a flow log, a capture
 * or a small sample.  This file parses the command line.  flow-load.c prepares
 * the datagrams, or flow-replay.c makes them from a log while it is read.
 * flow-transmit.c sends them.
 */
#include "compat/compat.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "base/program.h"
#include "codec/codec.h"
#include "lib/endpoint.h"
#include "netflow.h"
#include "send/flow-generate.h"
#include "send/flow-load.h"
#include "send/flow-pcap.h"
#include "send/flow-replay.h"
#include "send/flow-transmit.h"

#define FLOWS_DEFAULT 30
#define RATE_MAX      1000000000 /* datagrams a second */
#define SOURCES_MAX   65536
#define SPEED_MAX     1e9
#define UPTIME_MS     (24U * 60 * 60 * 1000) /* at the first datagram */

/* The sources of datagrams, and the other options that each accepts. */
enum source { MADE_UP, LOG, CAPTURE, SAMPLE };

static const struct {
	char option; /* that selects it */
	const char *takes;
} sources[] = {
	[MADE_UP] = { '\0', "46cefnrSsTtvV" },
	[LOG] = { 'l', "46mrSvV" },
	[CAPTURE] = { 'p', "46rSv" },
	[SAMPLE] = { 'x', "46rStv" },
};

struct options {
	struct transmit_how how;
	enum source source;
	const char *path; /* of a log or a capture */
	bool given[UCHAR_MAX + 1];
	bool verbose;
	uint64_t flows;      /* 0: no end */
	size_t per_datagram; /* flows; 0: the usual number */
	size_t templates;    /* of each source */
	struct generator gen;
};

static const struct program send_program = {
	.name = "flow-send",
	.letters = "46c:e:f:hl:m:n:p:r:S:s:T:t:vV:x",
	.usage =
	    "usage: flow-send [-46v] [-c flows] [-e [type/]id] [-f family] "
	    "[-n flows]\n"
	    "                 [-r rate] [-S address[,count]] [-s seed] "
	    "[-T templates]\n"
	    "                 [-t time] [-V version] host:port\n"
	    "       flow-send -l log [-46v] [-m speed | -r rate] "
	    "[-S address[,count]]\n"
	    "                 [-V version] host:port\n"
	    "       flow-send -p file [-46v] [-r rate] [-S address[,count]] "
	    "host:port\n"
	    "       flow-send -x [-46v] [-r rate] [-S address[,count]] "
	    "[-t time] host:port\n"
	    "       flow-send -h | --help | --version\n"
	    "  -4                  send over IPv4 only\n"
	    "  -6                  send over IPv6 only\n"
	    "  -c flows            put this number of flows into a datagram\n"
	    "  -e [type/]id        name this engine in version 5 (0/0)\n"
	    "  -f family           make up addresses of family 4 or 6 (4)\n"
	    "  -h, --help          print this help\n"
	    "  -l log              send the flows of a flow log\n"
	    "  -m speed            with -l, multiply the recorded speed by this\n"
	    "  -n flows            send this number of flows, 0: no end (30)\n"
	    "  -p file             send the UDP datagrams of a packet capture\n"
	    "  -r rate             send this number of datagrams a second\n"
	    "  -S address[,count]  send from this address, or from several\n"
	    "  -s seed             seed the made-up flows (0)\n"
	    "  -T templates        templates of each source (1)\n"
	    "  -t time             use this export time, in seconds since 1970\n"
	    "  -V version          send version 1, 5, 7, 9 or 10 (5; with -l 10)\n"
	    "  -v                  report at the end what was sent\n"
	    "  -x                  send a sample in versions 1, 5 and 7\n"
	    "  --version           print version\n",
	.feature = "libpcap",
	.feature_version = flow_pcap_version,
};

static uint64_t
number(char option, const char *text, long long min, long long max)
{
	const char *wrong;
	long long n;

	n = strtonum(text, min, max, &wrong);
	if (wrong != NULL)
		errx(1, "-%c %s: %s; %lld to %lld are possible", option, text,
		    wrong, min, max);
	return ((uint64_t)n);
}

/* "id" or "type/id" */
static void
parse_engine(struct generator *gen, char *text)
{
	char *slash = strchr(text, '/');

	gen->engine_type = 0;
	if (slash != NULL) {
		*slash++ = '\0';
		gen->engine_type = (uint8_t)number('e', text, 0, UINT8_MAX);
		text = slash;
	}
	gen->engine_id = (uint8_t)number('e', text, 0, UINT8_MAX);
}

/* Whether the flows are to be IPv6. */
static bool
parse_family(const char *text)
{
	if (strcmp(text, "4") != 0 && strcmp(text, "6") != 0)
		errx(1, "-f %s: 4 and 6 are possible", text);
	return (text[0] == '6');
}

/* "address" or "address,count" */
static void
parse_sources(struct transmit_how *how, char *text)
{
	char *comma = strchr(text, ',');

	how->nsources = 1;
	if (comma != NULL) {
		*comma++ = '\0';
		how->nsources = (size_t)number('S', comma, 1, SOURCES_MAX);
	}
	if (addr_pton(text, &how->source) != 0)
		errx(1, "-S %s: not a numeric IPv4 or IPv6 address", text);
}

/* HOST:PORT; the host may be a name. */
static void
parse_target(struct transmit_how *how, const char *target)
{
	struct endpoint e;
	const char *wrong;

	if (endpoint_split(target, &e) != 0)
		errx(1, "%s: not of the form host:port", target);
	how->target = target;
	how->port = e.port;
	(void)strtonum(how->port, 1, UINT16_MAX, &wrong);
	if (wrong != NULL)
		errx(1, "%s: the port is %s", target, wrong);
	if (!e.brackets && memchr(e.host, ':', e.host_len) != NULL)
		errx(1, "%s: an IPv6 address has to stand in brackets", target);
	if (e.host_len == 0 || e.host_len >= sizeof(how->host))
		errx(1, "%s: the host is missing or too long", target);
	memcpy(how->host, e.host, e.host_len);
	how->host[e.host_len] = '\0';
}

static void
check_family(struct transmit_how *how)
{
	const int family = how->source.family == ADDR_V6 ? AF_INET6 : AF_INET;

	if (how->source.family == ADDR_NONE)
		return;
	if (how->family != AF_UNSPEC && how->family != family)
		errx(1, "-%d: the source address is of the other family",
		    how->family == AF_INET ? 4 : 6);
	how->family = family;
}

static double
parse_speed(const char *text)
{
	double speed;
	char *end;

	errno = 0;
	speed = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !isfinite(speed) ||
	    speed < 0 || speed > SPEED_MAX)
		errx(1, "-m %s: not a number from 0 to %.0f", text, SPEED_MAX);
	return (speed);
}

static void
set_source(struct options *opts, enum source source, const char *path)
{
	if (opts->source != MADE_UP && opts->source != source)
		errx(1, "-%c and -%c exclude each other",
		    sources[opts->source].option, sources[source].option);
	opts->source = source;
	opts->path = path;
}

static void
check_given(const struct options *opts)
{
	const char option = sources[opts->source].option;
	int ch;

	for (ch = 0; ch <= UCHAR_MAX; ch++) {
		if (!opts->given[ch] || ch == option ||
		    strchr(sources[opts->source].takes, ch) != NULL)
			continue;
		if (opts->source == MADE_UP)
			errx(1, "-%c is for use with -l only", ch);
		errx(1, "-%c is not for use with -%c", ch, option);
	}
	if (opts->given['m'] && opts->given['r'])
		errx(1, "-m and -r exclude each other");
}

static void
check_made_up(struct options *opts)
{
	const bool has_templates = generate_has_templates(opts->gen.version);
	const size_t most = generate_most(&opts->gen);

	if (most == 0)
		errx(1,
		    "-V %u: only versions 1, 5, 7, 9 and 10 can be made "
		    "up",
		    opts->gen.version);
	if (opts->gen.ipv6 && !has_templates)
		errx(1, "-f 6: version %u has no room for IPv6 addresses",
		    opts->gen.version);
	if (opts->templates > 1 && !has_templates)
		errx(1, "-T %zu: version %u has no templates", opts->templates,
		    opts->gen.version);
	if (opts->per_datagram == 0)
		opts->per_datagram = generate_usual(&opts->gen);
	if (opts->per_datagram > most)
		errx(1,
		    "-c %zu: a datagram of version %u takes up to %zu flows",
		    opts->per_datagram, opts->gen.version, most);
}

static void
check_log(struct options *opts)
{
	if (!opts->given['V'])
		opts->gen.version = NF_VERSION_IPFIX;
	if (opts->gen.version != NF_VERSION_5 &&
	    !generate_has_templates(opts->gen.version))
		errx(1, "-V %u: a log is sent as version 5, 9 or 10",
		    opts->gen.version);
	if (!opts->given['m'])
		opts->how.speed = 1;
}

static void
check_options(struct options *opts)
{
	check_family(&opts->how);
	check_given(opts);
	if (opts->source == MADE_UP)
		check_made_up(opts);
	else if (opts->source == LOG)
		check_log(opts);
}

static void
parse_options(struct options *opts, int argc, char **argv)
{
	struct transmit_how *how = &opts->how;
	struct generator *gen = &opts->gen;
	int ch;

	while ((ch = program_option(&send_program, argc, argv)) != -1) {
		opts->given[(unsigned char)ch] = true;
		switch (ch) {
		case '4':
			how->family = AF_INET;
			break;
		case '6':
			how->family = AF_INET6;
			break;
		case 'c':
			opts->per_datagram = number('c', optarg, 1, UINT16_MAX);
			break;
		case 'e':
			parse_engine(gen, optarg);
			break;
		case 'f':
			gen->ipv6 = parse_family(optarg);
			break;
		case 'l':
			set_source(opts, LOG, optarg);
			break;
		case 'm':
			how->speed = parse_speed(optarg);
			break;
		case 'n':
			opts->flows = number('n', optarg, 0, INT64_MAX);
			break;
		case 'p':
			set_source(opts, CAPTURE, optarg);
			break;
		case 'r':
			how->rate = number('r', optarg, 1, RATE_MAX);
			break;
		case 'S':
			parse_sources(how, optarg);
			break;
		case 's':
			gen->random = number('s', optarg, 0, INT64_MAX);
			break;
		case 'T':
			opts->templates =
			    number('T', optarg, 1, GENERATE_TEMPLATES_MAX);
			break;
		case 't':
			gen->time_sec =
			    (uint32_t)number('t', optarg, 0, UINT32_MAX);
			gen->time_nanosec = 0;
			how->still = true;
			break;
		case 'v':
			opts->verbose = true;
			break;
		case 'V':
			gen->version =
			    (uint16_t)number('V', optarg, 0, UINT16_MAX);
			break;
		case 'x':
			set_source(opts, SAMPLE, NULL);
			break;
		}
	}
	if (argc - optind != 1)
		program_misused(&send_program, "expected one host:port");
	parse_target(how, argv[optind]);
	check_options(opts);
}

static void
prepare(struct load *load, const struct options *opts)
{
	memset(load, 0, sizeof(*load));
	switch (opts->source) {
	case MADE_UP:
		load_generated(load, &opts->gen, opts->flows,
		    opts->per_datagram, opts->templates);
		break;
	case LOG:
		load->next = replay_next;
		load->arg = replay_open(opts->path, opts->gen.version,
		    opts->how.nsources);
		break;
	case CAPTURE:
		load_pcap(load, opts->path);
		break;
	case SAMPLE:
		load_sample(load, &opts->gen);
		break;
	}
}

static void
report(const struct options *opts, const struct transmitted *sent)
{
	if (opts->verbose && opts->source == CAPTURE)
		warnx("%" PRIu64 " datagrams, %" PRIu64 " octets in %.3f s",
		    sent->datagrams, sent->octets, sent->seconds);
	else if (opts->verbose)
		warnx("%" PRIu64 " datagrams, %" PRIu64 " flows, %" PRIu64
		      " octets in %.3f s",
		    sent->datagrams, sent->flows, sent->octets, sent->seconds);
	if (opts->source == SAMPLE &&
	    (printf("%" PRIu64 "\n", sent->flows) < 0 || fflush(stdout) != 0)) {
		program_output_failed("standard output");
		exit(1);
	}
	if (sent->error == ECONNREFUSED)
		errx(1, "%s: nobody listens there; datagrams were lost",
		    opts->how.target);
	if (sent->error != 0) {
		errno = sent->error;
		err(1, "%s: datagrams were lost", opts->how.target);
	}
}

int
main(int argc, char **argv)
{
	struct options opts = {
		.how = { .family = AF_UNSPEC, .nsources = 1 },
		.flows = FLOWS_DEFAULT,
		.templates = 1,
		.gen = {
			.version = NF_VERSION_5,
			.template_id = NF_SET_DATA_MIN,
			.sys_uptime_ms = UPTIME_MS,
		},
	};
	struct transmitted sent;
	struct timespec now;
	struct load load;
	int status = 0;

	if (clock_gettime(CLOCK_REALTIME, &now) == -1)
		err(1, "clock_gettime");
	opts.gen.time_sec = (uint32_t)now.tv_sec;
	opts.gen.time_nanosec = (uint32_t)now.tv_nsec;
	codec_register();
	parse_options(&opts, argc, argv);
	prepare(&load, &opts);
	transmit(&opts.how, &load, &sent);
	if (opts.source == LOG)
		status = (int)replay_close(load.arg);
	load_free(&load);
	report(&opts, &sent);
	return (status);
}
