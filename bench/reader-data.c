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
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "bench/reader-data.h"
#include "netflow.h"
#include "send/flow-generate.h"
#include "store.h"
#include "tests/unit/wire9.h"

#define START_SEC      1700000000U
#define UPTIME_MS      864000000U
#define FLOWS_A_SECOND 20000U
#define V6_OF          4       /* every fourth flow is IPv6 */
#define BATCH          128     /* flows in a datagram */
#define PAUSE_NS       500000L /* between datagrams */
#define TEMPLATE_V4    256
#define TEMPLATE_V6    257
#define NFCAPD_BUFFER  "16777216" /* bytes */
#define PATIENCE       100        /* tenths of a second */

static const char rules[] =
    "discard all\n"
    "accept tag 1 src 10.0.0.0/8\n"
    "accept tag 2 dst 172.16.0.0/12\n"
    "accept tag 3 src 2001:db8:1000::/36\n"
    "accept tag 4 dst any port 25 proto tcp\n"
    "accept tag 5 dst any port 53 proto udp\n"
    "accept tag 6 src 192.0.0.0/8 port 443 proto tcp\n"
    "accept tag 7 packets > 3000\n"
    "accept tag 8 octets > 2000000\n"
    "accept tag 9 tos 184\n";

static const char nfdump_filter[] =
    "src net 10.0.0.0/8 or dst net 172.16.0.0/12 or "
    "src net 2001:db8:1000::/36 or (dst port 25 and proto tcp) or "
    "(dst port 53 and proto udp) or "
    "(src net 192.0.0.0/8 and src port 443 and proto tcp) or "
    "packets > 3000 or bytes > 2000000 or tos 184\n";

/* Flows of version 9, as RFC 3954 section 8 numbers their fields. */
/* clang-format off */
#define COMMON_FIELDS							\
	{ 1, 4, 0 }, { 2, 4, 0 }, { 4, 1, 0 }, { 5, 1, 0 },		\
	{ 6, 1, 0 }, { 7, 2, 0 }, { 11, 2, 0 }, { 10, 2, 0 },		\
	{ 14, 2, 0 }, { 16, 4, 0 }, { 17, 4, 0 }, { 21, 4, 0 },		\
	{ 22, 4, 0 }
/* clang-format on */

static const struct wire_field fields_v4[] = {
	COMMON_FIELDS,
	{ 8, 4, 0 },
	{ 12, 4, 0 },
	{ 15, 4, 0 },
	{ 9, 1, 0 },
	{ 13, 1, 0 },
};
static const struct wire_field fields_v6[] = {
	COMMON_FIELDS,
	{ 27, 16, 0 },
	{ 28, 16, 0 },
	{ 62, 16, 0 },
	{ 29, 1, 0 },
	{ 30, 1, 0 },
};

/* A generator and its position. */
struct source {
	struct generator gen;
	uint64_t nth; /* of the next flow, from 0 up */
};

static void
source_init(struct source *source)
{
	memset(source, 0, sizeof(*source));
	source->gen.version = NF_VERSION_5;
	source->gen.random = 1;
	source->gen.sys_uptime_ms = UPTIME_MS;
	source->gen.time_sec = START_SEC;
}

/* Spreads the bits of v, so that similar numbers give unrelated results. */
static uint64_t
spread(uint64_t v)
{
	v *= UINT64_C(0x9e3779b97f4a7c15);
	v ^= v >> 29;
	return (v * UINT64_C(0xbf58476d1ce4e5b9));
}

/* Returns one of 200,000 hosts, which have an address of each family. */
static struct addr
host(uint64_t v, bool v6)
{
	const uint64_t bits = spread(v % 200000);
	uint8_t bytes[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	if (!v6) {
		be32_put(bytes, (uint32_t)(bits >> 32) | 0x01000000);
		if (bits % 4 == 0)
			bytes[0] = 10;
		return (addr_v4(bytes));
	}
	be32_put(bytes + 4, (uint32_t)(bits >> 32) & 0xffffff00);
	if (bits % 2 == 0)
		be64_put(bytes + 8, spread(bits)); /* a client */
	else
		bytes[15] = (uint8_t)(1 + bits % 100); /* a server */
	return (addr_v6(bytes));
}

static void
next_flow(struct source *source, struct flow *flow)
{
	static const uint8_t agent[4] = { 192, 0, 2, 1 };
	static const uint8_t gateway4[4] = { 198, 51, 100, 254 };
	static const uint8_t gateway6[16] = { 0xfe, 0x80, [15] = 1 };
	const uint64_t bits = spread(source->nth + 1);
	const bool v6 = source->nth % V6_OF == V6_OF - 1;
	const uint32_t family = v6 ? ADDR_V6 : ADDR_V4;

	source->gen.time_sec =
	    START_SEC + (uint32_t)(source->nth / FLOWS_A_SECOND);
	source->gen.sys_uptime_ms =
	    UPTIME_MS + (uint32_t)(source->nth / FLOWS_A_SECOND * 1000);
	source->gen.sequence = (uint32_t)source->nth;
	generate_flow(&source->gen, flow);
	flow->fields &= ~(STORE_FIELD_SRCDST_ADDR | STORE_FIELD_GATEWAY_ADDR);
	flow->fields |= STORE_FIELD_TAG | STORE_FIELD_RECV_TIME |
	    STORE_FIELD_AGENT_ADDR4 |
	    store_addr_bit(STORE_FIELD_SRCDST_ADDR, family) |
	    store_addr_bit(STORE_FIELD_GATEWAY_ADDR, family);
	flow->tag = (uint32_t)(bits % 10);
	flow->recv_sec = flow->time_sec;
	flow->recv_usec = (uint32_t)(source->nth % FLOWS_A_SECOND) *
	    (1000000 / FLOWS_A_SECOND);
	flow->agent = addr_v4(agent);
	flow->src = host(bits >> 16, v6);
	flow->dst = host(bits >> 40, v6);
	flow->gateway = v6 ? addr_v6(gateway6) : addr_v4(gateway4);
	source->nth++;
}

static void
make_log(const char *path, uint32_t mask, uint64_t nflows)
{
	struct store_writer *writer;
	struct source source;
	struct flow flow;

	source_init(&source);
	if (store_writer_open(path, &writer) != 0)
		fatal("%s", path);
	while (source.nth < nflows) {
		next_flow(&source, &flow);
		if (store_write(writer, &flow, mask) != 0)
			fatal("%s", path);
	}
	if (store_writer_close(writer) != 0)
		fatal("%s", path);
}

static void
compress_log(const char *from, const char *to)
{
	static uint8_t buf[256 * 1024];
	const int fd = open(from, O_RDONLY | O_CLOEXEC);
	gzFile gz = gzopen(to, "wb");
	ssize_t n;

	if (fd == -1 || gz == NULL)
		fatal("%s", to);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (gzwrite(gz, buf, (unsigned int)n) != n)
			fatal("%s", to);
	}
	if (n == -1 || gzclose(gz) != Z_OK)
		fatal("%s", to);
	(void)close(fd);
}

static void
write_text(const char *path, const char *text)
{
	FILE *fp;

	if ((fp = fopen(path, "w")) == NULL || fputs(text, fp) == EOF ||
	    fclose(fp) == EOF)
		fatal("%s", path);
}

void
data_make_logs(uint64_t nflows)
{
	make_log(DATA_ALL, STORE_FIELD_ALL, nflows);
	make_log(DATA_BRIEF, STORE_DISPLAY_BRIEF, nflows);
	compress_log(DATA_ALL, DATA_GZIP);
	write_text(DATA_RULES, rules);
	write_text(DATA_FILTER, nfdump_filter);
}

/* Puts the fields of COMMON_FIELDS, and then those of the family. */
static void
put_flow(struct wire *w, const struct flow *flow)
{
	const size_t len = addr_bits(flow->src.family) / 8;

	wire_uint(w, flow->octets, 4);
	wire_uint(w, flow->packets, 4);
	wire_uint(w, flow->protocol, 1);
	wire_uint(w, flow->tos, 1);
	wire_uint(w, flow->tcp_flags, 1);
	wire_uint(w, flow->src_port, 2);
	wire_uint(w, flow->dst_port, 2);
	wire_uint(w, flow->if_index_in, 2);
	wire_uint(w, flow->if_index_out, 2);
	wire_uint(w, flow->src_as, 4);
	wire_uint(w, flow->dst_as, 4);
	wire_uint(w, flow->flow_finish, 4);
	wire_uint(w, flow->flow_start, 4);
	wire_bytes(w, flow->src.bytes, len);
	wire_bytes(w, flow->dst.bytes, len);
	wire_bytes(w, flow->gateway.bytes, len);
	wire_uint(w, flow->src_mask, 1);
	wire_uint(w, flow->dst_mask, 1);
}

static void
put_family(struct wire *w, uint16_t id, uint32_t family,
    const struct flow *flows, size_t n)
{
	size_t i;

	wire_set(w, id);
	for (i = 0; i < n; i++) {
		if (flows[i].src.family == family)
			put_flow(w, &flows[i]);
	}
}

/* Makes a datagram with the next n flows.  Returns its bytes. */
static size_t
make_datagram(struct wire *w, struct source *source, size_t n)
{
	static struct flow flows[BATCH];
	size_t i;

	for (i = 0; i < n; i++)
		next_flow(source, &flows[i]);
	w->export_sec = source->gen.time_sec;
	w->uptime_ms = source->gen.sys_uptime_ms;
	wire_start(w, WIRE_VERSION_9);
	w->sequence++;
	wire_template(w, TEMPLATE_V4, fields_v4, WIRE_NFIELDS(fields_v4));
	wire_template(w, TEMPLATE_V6, fields_v6, WIRE_NFIELDS(fields_v6));
	put_family(w, TEMPLATE_V4, ADDR_V4, flows, n);
	put_family(w, TEMPLATE_V6, ADDR_V6, flows, n);
	return (wire_end(w));
}

static void
pause_for(long nanoseconds)
{
	const struct timespec ts = { 0, nanoseconds };

	(void)nanosleep(&ts, NULL);
}

static void
send_flows(const struct sockaddr_in *sin, uint64_t nflows)
{
	static struct wire w;
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct source source;
	size_t len, n;

	if (fd == -1 || connect(fd, (const void *)sin, sizeof(*sin)) == -1)
		fatal("nfcapd's socket");
	source_init(&source);
	wire_init(&w);
	while (source.nth < nflows) {
		n = nflows - source.nth < BATCH ? nflows - source.nth : BATCH;
		len = make_datagram(&w, &source, n);
		if (send(fd, w.buf, len, 0) == -1)
			fatal("cannot send to nfcapd");
		pause_for(PAUSE_NS);
	}
	(void)close(fd);
}

/* Whether a loopback port is free; replaces port 0 by a free one. */
static bool
port_is_free(struct sockaddr_in *sin)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(*sin);
	bool is_free;

	if (fd == -1)
		fatal("socket");
	is_free = bind(fd, (const void *)sin, sizeof(*sin)) == 0;
	if (is_free && getsockname(fd, (void *)sin, &len) == -1)
		fatal("socket");
	(void)close(fd);
	return (is_free);
}

static pid_t
start_nfcapd(uint16_t port)
{
	char port_text[8];
	pid_t pid;
	int null;

	(void)snprintf(port_text, sizeof(port_text), "%u", port);
	(void)fflush(stdout);
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid != 0)
		return (pid);
	if ((null = open("/dev/null", O_RDWR)) != -1) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
	}
	(void)execlp("nfcapd", "nfcapd", "-w", ".", "-b", "127.0.0.1", "-p",
	    port_text, "-B", NFCAPD_BUFFER, "-t", "3600", (char *)NULL);
	_exit(127);
}

/* Returns false if it ended instead. */
static bool
wait_for_nfcapd(pid_t pid, struct sockaddr_in *sin)
{
	int i;

	for (i = 0; i < PATIENCE; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return (false);
		if (!port_is_free(sin))
			return (true);
		pause_for(100000000L);
	}
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	return (false);
}

/* nfcapd names its files by the time. */
static bool
take_nfcapd_file(void)
{
	const struct dirent *entry;
	DIR *dir;
	bool found = false;

	if ((dir = opendir(".")) == NULL)
		fatal("opendir");
	while (!found && (entry = readdir(dir)) != NULL)
		found = strncmp(entry->d_name, "nfcapd.2", 8) == 0 &&
		    rename(entry->d_name, DATA_NFDUMP) == 0;
	(void)closedir(dir);
	return (found);
}

bool
data_make_nfdump(uint64_t nflows)
{
	struct sockaddr_in sin;
	pid_t pid;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!port_is_free(&sin))
		fatal("no free port");
	pid = start_nfcapd(ntohs(sin.sin_port));
	if (!wait_for_nfcapd(pid, &sin)) {
		log_warnx("nfcapd does not run: no comparison with nfdump");
		return (false);
	}
	send_flows(&sin, nflows);
	pause_for(500000000L); /* until it has read its socket */
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	if (take_nfcapd_file())
		return (true);
	log_warnx("nfcapd made no file: no comparison with nfdump");
	return (false);
}
