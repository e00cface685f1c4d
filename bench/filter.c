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
 * The filter's cost per flow, by the number of rules and the size of tables,
 * and the cost of loading a large table.  Each number is the median of several
 * rounds.  The cases alternate in each round, so that other load on the machine
 * affects all of them.  The exit status is 1 if a ratio or the load exceeds its
 * target.
 */
#include "compat/compat.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "filter.h"

#define ROUNDS           9
#define BATCH            30              /* flows, as in a datagram of v5 */
#define FLOWS            (BATCH * 8192U) /* in each case */
#define TURNS            4               /* through all cases in a round */
#define LOAD_SECONDS_MAX 2.0
#define LOAD_MIB_MAX     200

/* The members that differ between flows. */
struct sample {
	struct addr agent, src, dst;
	uint16_t src_port, dst_port;
	uint32_t octets, packets, if_index_in;
	uint8_t protocol;
};

/* How the rules of a case are made. */
enum kind { KIND_SRC, KIND_MIXED, KIND_TABLE4, KIND_TABLE6 };

static struct bench {
	const char *name;
	enum kind kind;
	uint32_t n; /* rules, or prefixes of the table */
	struct filter *filter;
	struct sample *flows; /* FLOWS, half of them in a prefix */
	double ns[ROUNDS];    /* per flow */
} benches[] = {
	{ .name = "0 rules", .kind = KIND_SRC, .n = 0 },
	{ .name = "10 rules: src", .kind = KIND_SRC, .n = 10 },
	{ .name = "100 rules: src", .kind = KIND_SRC, .n = 100 },
	{ .name = "1,000 rules: src", .kind = KIND_SRC, .n = 1000 },
	{ .name = "10,000 rules: src", .kind = KIND_SRC, .n = 10000 },
	{ .name = "10 rules: mixed", .kind = KIND_MIXED, .n = 10 },
	{ .name = "1,000 rules: mixed", .kind = KIND_MIXED, .n = 1000 },
	{ .name = "10,000 rules: mixed", .kind = KIND_MIXED, .n = 10000 },
	{ .name = "table, IPv4: 1,000", .kind = KIND_TABLE4, .n = 1000 },
	{ .name = "table, IPv4: 1,000,000", .kind = KIND_TABLE4, .n = 1000000 },
	{ .name = "table, IPv6: 1,000", .kind = KIND_TABLE6, .n = 1000 },
	{ .name = "table, IPv6: 1,000,000", .kind = KIND_TABLE6, .n = 1000000 },
};
#define NBENCHES (sizeof(benches) / sizeof(benches[0]))

/* The targets. */
static const struct {
	size_t large, small; /* of benches */
	double max;
} ratios[] = {
	{ 4, 1, 5 },
	{ 9, 8, 3 },
	{ 11, 10, 3 },
};

static uint64_t
random_bits(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state);
}

static uint32_t
below(uint32_t n)
{
	return ((uint32_t)((random_bits() >> 32) % n));
}

static double
seconds(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == -1)
		fatal("clock_gettime");
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/*
 * Writes the prefix of number i: adjacent /24s for rules; for tables, prefixes
 * of several lengths in the whole address space.
 */
static void
prefix_text(enum kind kind, uint32_t i, char buf[ADDR_STRLEN], uint32_t *len)
{
	const uint64_t spread =
	    (uint64_t)(i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	if (kind == KIND_SRC || kind == KIND_MIXED) {
		*len = 24;
		(void)snprintf(buf, ADDR_STRLEN, "10.%u.%u.0", i >> 8 & 0xff,
		    i & 0xff);
	} else if (kind == KIND_TABLE4) {
		*len = 24;
		(void)snprintf(buf, ADDR_STRLEN, "%u.%u.%u.0",
		    (unsigned int)(spread >> 56),
		    (unsigned int)(spread >> 48 & 0xff),
		    (unsigned int)(spread >> 40 & 0xff));
	} else {
		*len = 48;
		(void)snprintf(buf, ADDR_STRLEN,
		    "2%03x:%x:%x::", (unsigned int)(spread >> 60 & 0xf),
		    (unsigned int)(spread >> 44 & 0xffff),
		    (unsigned int)(spread >> 28 & 0xffff));
	}
}

/* Returns an address in a prefix of the case, or in none. */
static struct addr
random_addr(const struct bench *bench)
{
	const uint32_t n = bench->n == 0 ? 10 : bench->n;
	char text[ADDR_STRLEN];
	struct addr addr;
	uint32_t len;

	prefix_text(bench->kind, below(2 * n), text, &len);
	if (addr_pton(text, &addr) != 0)
		fatalx("%s: no address", text);
	addr.bytes[addr_bits(addr.family) / 8 - 1] = (uint8_t)random_bits();
	return (addr);
}

static void
make_flows(struct bench *bench)
{
	struct sample *sample;
	uint32_t i;

	if ((bench->flows = calloc(FLOWS, sizeof(*bench->flows))) == NULL)
		fatal("flows");
	for (i = 0; i < FLOWS; i++) {
		sample = &bench->flows[i];
		sample->src = random_addr(bench);
		sample->dst = random_addr(bench);
		sample->agent = random_addr(bench);
		sample->src_port = (uint16_t)random_bits();
		sample->dst_port = (uint16_t)below(1024);
		sample->protocol = below(2) == 0 ? 6 : 17;
		sample->octets = below(100000);
		sample->packets = below(100);
		sample->if_index_in = below(100);
	}
}

/* Writes the prefixes of a table, and returns the path of the file. */
static const char *
write_table(const struct bench *bench)
{
	static char path[64];
	char text[ADDR_STRLEN];
	uint32_t i, len;
	FILE *fp;
	int fd;

	(void)strlcpy(path, "/tmp/bench-filter-XXXXXX", sizeof(path));
	if ((fd = mkstemp(path)) == -1 || (fp = fdopen(fd, "w")) == NULL)
		fatal("%s", path);
	for (i = 0; i < bench->n; i++) {
		prefix_text(bench->kind, i, text, &len);
		(void)fprintf(fp, "%s/%" PRIu32 "\n", text, len);
	}
	if (fclose(fp) == EOF)
		fatal("%s", path);
	return (path);
}

static void
write_mixed_rule(uint32_t i, const char *prefix, uint32_t len, FILE *fp)
{
	switch (i % 5) {
	case 0:
		(void)fprintf(fp, "accept tag %" PRIu32 " src %s/%" PRIu32 "\n",
		    i, prefix, len);
		break;
	case 1:
		(void)fprintf(fp,
		    "accept tag %" PRIu32 " dst %s/%" PRIu32
		    " port { 80, 443, 8000-8999 } proto tcp\n",
		    i, prefix, len);
		break;
	case 2:
		(void)fprintf(fp,
		    "discard src %s/%" PRIu32 " dst any port %" PRIu32
		    " proto udp\n",
		    prefix, len, i % 1024);
		break;
	case 3:
		(void)fprintf(fp,
		    "accept tag %" PRIu32 " in_ifndx %" PRIu32
		    " octets > %" PRIu32 "\n",
		    i, i, i);
		break;
	default:
		(void)fprintf(fp,
		    "discard agent %s/%" PRIu32 " packets < 3 proto ! tcp\n",
		    prefix, len);
		break;
	}
}

/* Returns the text of the case's configuration, which the caller frees. */
static char *
configuration(const struct bench *bench, const char *table)
{
	char prefix[ADDR_STRLEN], *text = NULL;
	size_t size;
	uint32_t i, len;
	FILE *fp;

	if ((fp = open_memstream(&text, &size)) == NULL)
		fatal("configuration");
	if (table != NULL)
		(void)fprintf(fp,
		    "table <t> file \"%s\"\n"
		    "accept tag 1 src <t>\n",
		    table);
	for (i = 0; i < bench->n && table == NULL; i++) {
		prefix_text(bench->kind, i, prefix, &len);
		if (bench->kind == KIND_MIXED)
			write_mixed_rule(i, prefix, len, fp);
		else
			(void)fprintf(fp,
			    "accept tag %" PRIu32 " src %s/%" PRIu32 "\n", i,
			    prefix, len);
	}
	if (fclose(fp) == EOF)
		fatal("configuration");
	return (text);
}

/* Loads as the daemon does: parse, pack, unpack, compile. */
static struct filter *
load(const char *text)
{
	struct config *conf;
	struct filter *filter;
	uint8_t *data;
	size_t len;
	FILE *fp;

	if (*text == '\0')
		return (filter_new(NULL, 0, NULL, 0));
	if ((fp = fmemopen((void *)(uintptr_t)text, strlen(text), "r")) == NULL)
		fatal("configuration");
	conf = config_parse(fp, "bench", CONFIG_READER, NULL, 0);
	(void)fclose(fp);
	if (conf == NULL || config_pack(conf, &data, &len) != 0)
		fatalx("the configuration does not parse");
	config_free(conf);
	if (config_unpack(data, len, &conf) != 0)
		fatalx("the configuration does not unpack");
	free(data);
	filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	config_free(conf);
	if (filter == NULL)
		fatal("filter");
	return (filter);
}

static bool
has_table(const struct bench *bench)
{
	return (bench->kind == KIND_TABLE4 || bench->kind == KIND_TABLE6);
}

/* Loads in a child process, to measure its memory alone. */
static bool
load_is_light(const struct bench *bench, const char *text)
{
	struct rusage usage;
	struct filter *filter;
	double start;
	bool good;
	pid_t pid;
	int status;

	(void)fflush(stdout);
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		start = seconds();
		filter = load(text);
		start = seconds() - start;
		if (getrusage(RUSAGE_SELF, &usage) == -1)
			fatal("getrusage");
		good = start <= LOAD_SECONDS_MAX &&
		    usage.ru_maxrss / 1024 <= LOAD_MIB_MAX;
		printf(
		    "%-24s loads in %.2f s (at most %.0f), %ld MiB (at "
		    "most %d), of which the filter %zu MiB%s\n",
		    bench->name, start, LOAD_SECONDS_MAX,
		    usage.ru_maxrss / 1024, LOAD_MIB_MAX,
		    filter_memory(filter) >> 20, good ? "" : "  TOO MUCH");
		(void)fflush(stdout);
		_exit(good ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) == -1)
		fatal("waitpid");
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool
prepare(struct bench *bench)
{
	const char *table = has_table(bench) ? write_table(bench) : NULL;
	char *text = configuration(bench, table);
	bool good = true;

	if (bench->n >= 10000)
		good = load_is_light(bench, text);
	bench->filter = load(text);
	free(text);
	if (table != NULL)
		(void)unlink(table);
	return (good);
}

static void
make_flow(const struct sample *sample, struct flow *flow)
{
	flow->fields = STORE_FIELD_PROTO_FLAGS_TOS | STORE_FIELD_SRCDST_PORT |
	    STORE_FIELD_PACKETS | STORE_FIELD_OCTETS | STORE_FIELD_IF_INDICES |
	    STORE_FIELD_RECV_TIME |
	    store_addr_bit(STORE_FIELD_AGENT_ADDR, sample->agent.family) |
	    store_addr_bit(STORE_FIELD_SRC_ADDR, sample->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, sample->dst.family);
	flow->agent = sample->agent;
	flow->src = sample->src;
	flow->dst = sample->dst;
	flow->src_port = sample->src_port;
	flow->dst_port = sample->dst_port;
	flow->protocol = sample->protocol;
	flow->octets = sample->octets;
	flow->packets = sample->packets;
	flow->if_index_in = sample->if_index_in;
}

/*
 * As in a collector, the flow is made from fewer bytes just before it is
 * filtered.  This is part of the measured time.
 */
static double
run(const struct bench *bench)
{
	enum filter_verdict verdicts[BATCH];
	struct flow flows[BATCH];
	const double start = seconds();
	uint32_t i, j, turn;

	memset(flows, 0, sizeof(flows));
	for (turn = 0; turn < TURNS; turn++) {
		for (i = 0; i < FLOWS; i += BATCH) {
			for (j = 0; j < BATCH; j++)
				make_flow(&bench->flows[i + j], &flows[j]);
			filter_flows(bench->filter, flows, BATCH, verdicts);
		}
	}
	return ((seconds() - start) * 1e9 / FLOWS / TURNS);
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

static double
median(struct bench *bench)
{
	qsort(bench->ns, ROUNDS, sizeof(bench->ns[0]), compare);
	return (bench->ns[ROUNDS / 2]);
}

int
main(void)
{
	double base, ratio;
	size_t i, round;
	int status = 0;

	log_init("bench-filter", LOG_TO_STDERR, false);
	for (i = 0; i < NBENCHES; i++) {
		if (!prepare(&benches[i]))
			status = 1;
	}
	for (i = 0; i < NBENCHES; i++)
		make_flows(&benches[i]);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < NBENCHES; i++)
			benches[i].ns[round] = run(&benches[i]);
	}
	base = median(&benches[0]);
	for (i = 0; i < NBENCHES; i++)
		printf("%-24s %7.1f ns a flow, %7.1f more than without rules\n",
		    benches[i].name, median(&benches[i]),
		    median(&benches[i]) - base);
	for (i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++) {
		ratio = median(&benches[ratios[i].large]) /
		    median(&benches[ratios[i].small]);
		printf("%-24s %5.2f times %s (at most %.0f)%s\n",
		    benches[ratios[i].large].name, ratio,
		    benches[ratios[i].small].name, ratios[i].max,
		    ratio <= ratios[i].max ? "" : "  TOO MUCH");
		if (ratio > ratios[i].max)
			status = 1;
	}
	for (i = 0; i < NBENCHES; i++) {
		free(benches[i].flows);
		filter_free(benches[i].filter);
	}
	return (status);
}
