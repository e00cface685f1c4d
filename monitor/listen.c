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

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if HAVE_DECL_SO_ATTACH_REUSEPORT_CBPF
#include <linux/filter.h>
#endif

#include "base/log.h"
#include "ipc/udp-socket.h"
#include "lib/endpoint.h"
#include "monitor/listen.h"

#define RCVBUF_MIN 65536U /* bytes; below that no smaller size is tried */

const char *
listen_name(const struct conf_listen *conf, char buf[LISTEN_STRLEN])
{
	char addr[ADDR_STRLEN];

	addr_ntop(&conf->addr, addr);
	(void)snprintf(buf, LISTEN_STRLEN,
	    conf->addr.family == ADDR_V6 ? "[%s]:%u%s%s" : "%s:%u%s%s", addr,
	    conf->port, conf->ifname[0] != '\0' ? " interface " : "",
	    conf->ifname);
	return (buf);
}

static int
set_rcvbuf(int fd, uint32_t bytes)
{
	int n = (int)bytes;

#if HAVE_DECL_SO_RCVBUFFORCE
	/* Exceeds the system's limit if the monitor has CAP_NET_ADMIN. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &n, sizeof(n)) == 0)
		return (0);
#endif
	return (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n)));
}

static size_t
buffer_of(int fd)
{
	const size_t bytes = udp_buffer(fd);

	if (bytes == 0)
		log_warn("cannot read the size of a receive buffer");
	return (bytes);
}

void
listen_set_buffer(const int *fds, uint32_t n, const struct conf_listen *conf)
{
	uint32_t want = conf->bufsize != 0 ? conf->bufsize : RCVBUF_WANTED;
	uint32_t i;

	for (i = 0; i < n; i++) {
		/* Linux cuts a size beyond its limit; the BSDs refuse it. */
		while (set_rcvbuf(fds[i], want) == -1 && want > RCVBUF_MIN)
			want /= 2;
	}
}

void
listen_report(int fd, const struct conf_listen *conf)
{
	const size_t actual = buffer_of(fd);
	char name[LISTEN_STRLEN];

	log_info("listening on %s, receive buffer %zu bytes",
	    listen_name(conf, name), actual);
	if (conf->bufsize > actual)
		log_warnx("%s: bufsize %" PRIu32
			  " exceeds the system's limit; bursts over %zu bytes "
			  "will be lost",
		    name, conf->bufsize, actual);
}

/*
 * Binds the socket to the interface.  For a link-local address, bind(2) does so
 * by *scope, the index of the interface.
 */
static int
bind_interface(int fd, const struct conf_listen *conf, uint32_t *scope)
{
	*scope = 0;
	if (conf->ifname[0] == '\0')
		return (0);
	if (endpoint_is_scoped(&conf->addr)) {
		*scope = if_nametoindex(conf->ifname);
		return (*scope == 0 ? -1 : 0);
	}
#ifdef SO_BINDTODEVICE
	return (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, conf->ifname,
	    (socklen_t)strlen(conf->ifname)));
#else
	(void)fd;
	errno = EOPNOTSUPP;
	return (-1);
#endif
}

static int
set_sharing(int fd, bool share)
{
	int on = share;

	return (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
}

void
listen_share(int fd, const struct conf_listen *conf, bool share)
{
	char name[LISTEN_STRLEN];

	/* A socket on a group always shares it, also with other programs. */
	if (!addr_is_multicast(&conf->addr) && set_sharing(fd, share) == -1)
		log_warn("%s: cannot change SO_REUSEADDR",
		    listen_name(conf, name));
}

/* The loopback address instead of a wildcard, with the same port. */
static void
name_loopback(struct sockaddr_storage *self)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)self;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)self;

	if (self->ss_family == AF_INET)
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		sin6->sin6_addr = in6addr_loopback;
}

/*
 * A socket connected to itself receives only from itself.  Not every system
 * takes a wildcard address as its own.
 */
static int
connect_to_self(int fd, struct sockaddr_storage *self, socklen_t len)
{
	if (connect(fd, (struct sockaddr *)self, len) == 0)
		return (0);
	if (errno != EADDRNOTAVAIL)
		return (-1);
	name_loopback(self);
	return (connect(fd, (struct sockaddr *)self, len));
}

void
listen_retire(int fd, const struct conf_listen *conf)
{
	struct sockaddr_storage self;
	socklen_t len = sizeof(self);
	char name[LISTEN_STRLEN];

	if (getsockname(fd, (struct sockaddr *)&self, &len) == -1 ||
	    connect_to_self(fd, &self, len) == -1)
		log_warn("%s: the last datagrams may be lost",
		    listen_name(conf, name));
}

bool
listen_can_divide(void)
{
#if HAVE_DECL_SO_ATTACH_REUSEPORT_CBPF
	return (true);
#else
	return (false);
#endif
}

#if HAVE_DECL_SO_ATTACH_REUSEPORT_CBPF
/* From the sum of the address's words to the worker, as in udp_worker(). */
/* clang-format off */
#define TO_WORKER(n) \
	BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, udp_secret()), \
	BPF_STMT(BPF_MISC | BPF_TAX, 0), \
	BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, UDP_MIX_SHIFT), \
	BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0), \
	BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, UDP_SPREAD), \
	BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, UDP_SPREAD_SHIFT), \
	BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n)
#define TO_WORKER_LEN 7 /* instructions */
/* clang-format on */

/* Makes the kernel choose the socket by source address, like udp_worker(). */
static int
divide(int fd, uint32_t n)
{
	const uint32_t ip = (uint32_t)SKF_NET_OFF;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ip),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 12),
		BPF_JUMP(BPF_JMP | BPF_JA, 10, 0, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 8),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 12),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 16),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 20),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		TO_WORKER(n),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog,
	    sizeof(prog)));
}

/*
 * All n sockets receive a broadcast, so the filter of each accepts only those
 * of its share of the senders.  The kernel counts the others as dropped.
 */
static int
divide_broadcasts(int fd, uint32_t which, uint32_t n)
{
	const uint32_t ip = (uint32_t)SKF_NET_OFF;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 16),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 28),
		/* A group. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 14, TO_WORKER_LEN + 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 12),
		TO_WORKER(n),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, which, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return (
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
}

/* The socket does not receive from groups that other sockets have joined. */
static int
refuse_groups(int fd, const struct conf_listen *conf)
{
	int off = 0;

	if (conf->addr.family == ADDR_V6)
		return (setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off,
		    sizeof(off)));
	return (
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off)));
}

/*
 * Prepares socket number which of n on the same address, before bind: a first
 * socket that already has a filter does not join the sockets of another flowd,
 * whose datagrams it would receive.
 */
static int
prepare_shared(int fd, const struct conf_listen *conf, uint32_t which,
    uint32_t n)
{
	int on = 1;

	if (n == 1)
		return (0);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
		return (-1);
	return (which == 0 ? divide(fd, n) : refuse_groups(fd, conf));
}
#else
static int
divide_broadcasts(int fd, uint32_t which, uint32_t n)
{
	(void)fd;
	(void)which;
	(void)n;
	return (0);
}

static int
prepare_shared(int fd, const struct conf_listen *conf, uint32_t which,
    uint32_t n)
{
	(void)fd;
	(void)conf;
	(void)which;
	(void)n;
	return (0);
}
#endif

static int
set_options(int fd, const struct conf_listen *conf, bool beside)
{
	int on = 1;

	if (conf->addr.family == ADDR_V6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1)
		return (-1);
	if (set_sharing(fd, beside || addr_is_multicast(&conf->addr)) == -1)
		return (-1);
	return (0);
}

static int
bind_listener(int fd, const struct conf_listen *conf, bool beside,
    uint32_t which, uint32_t n)
{
	struct sockaddr_storage ss;
	uint32_t scope;
	socklen_t len;

	if (set_options(fd, conf, beside) == -1 ||
	    bind_interface(fd, conf, &scope) == -1 ||
	    prepare_shared(fd, conf, which, n) == -1)
		return (-1);
	len = addr_to_sockaddr(&conf->addr, conf->port, scope, &ss);
	return (bind(fd, (struct sockaddr *)&ss, len));
}

/* Makes the kernel report drops.  A failure is only logged. */
static void
count_drops(int fd, const struct conf_listen *conf)
{
#if HAVE_DECL_SO_RXQ_OVFL
	char name[LISTEN_STRLEN];
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) == -1) {
		log_warn("%s: cannot count the datagrams that the kernel drops",
		    listen_name(conf, name));
	}
#else
	(void)fd;
	(void)conf;
#endif
}

/* -1 with errno. */
static int
open_one(const struct conf_listen *conf, bool beside, uint32_t which,
    uint32_t n)
{
	int fd, error;

	fd = socket(conf->addr.family == ADDR_V6 ? AF_INET6 : AF_INET,
	    SOCK_DGRAM, 0);
	if (fd == -1)
		return (-1);
	if (bind_listener(fd, conf, beside, which, n) == -1) {
		error = errno;
		(void)close(fd);
		errno = error;
		return (-1);
	}
	listen_share(fd, conf, false);
	count_drops(fd, conf);
	return (fd);
}

/* -1 with errno. */
static int
open_all(const struct conf_listen *conf, bool beside, int *fds, uint32_t n)
{
	uint32_t i;
	int error;

	for (i = 0; i < n; i++) {
		if ((fds[i] = open_one(conf, beside, i, n)) == -1)
			break;
	}
	if (i == n)
		return (0);
	error = errno;
	while (i-- > 0)
		(void)close(fds[i]);
	errno = error;
	return (-1);
}

int
listen_open(const struct conf_listen *conf, bool beside, int *fds, uint32_t n)
{
	char name[LISTEN_STRLEN];
	uint32_t i;

	if (open_all(conf, beside, fds, n) == -1)
		return (-1);
	listen_set_buffer(fds, n, conf);
	if (n == 1 || conf->addr.family != ADDR_V4)
		return (0);
	/* Now that all are bound: earlier, a filter would lose broadcasts. */
	for (i = 0; i < n; i++) {
		if (divide_broadcasts(fds[i], i, n) == -1)
			log_warn("%s: broadcasts will be stored several times",
			    listen_name(conf, name));
	}
	return (0);
}

static int
membership(int fd, const struct conf_join *join, bool leave,
    unsigned int ifindex)
{
#ifdef HAVE_STRUCT_IP_MREQN
	struct ip_mreqn four = { .imr_ifindex = (int)ifindex };
#else
	struct ip_mreq four = { .imr_interface.s_addr = htonl(INADDR_ANY) };
#endif
	struct ipv6_mreq six = { .ipv6mr_interface = ifindex };

	if (join->group.family == ADDR_V6) {
		memcpy(&six.ipv6mr_multiaddr, join->group.bytes, 16);
		return (setsockopt(fd, IPPROTO_IPV6,
		    leave ? IPV6_LEAVE_GROUP : IPV6_JOIN_GROUP, &six,
		    sizeof(six)));
	}
#ifndef HAVE_STRUCT_IP_MREQN
	/* NetBSD selects an interface only by one of its addresses. */
	if (ifindex != 0) {
		errno = EOPNOTSUPP;
		return (-1);
	}
#endif
	memcpy(&four.imr_multiaddr, join->group.bytes, 4);
	return (setsockopt(fd, IPPROTO_IP,
	    leave ? IP_DROP_MEMBERSHIP : IP_ADD_MEMBERSHIP, &four,
	    sizeof(four)));
}

int
listen_join(int fd, const struct conf_listen *conf,
    const struct conf_join *join)
{
	unsigned int ifindex = 0;

	if (join->group.family != conf->addr.family)
		return (0);
	if (join->ifname[0] != '\0' &&
	    (ifindex = if_nametoindex(join->ifname)) == 0) {
		/* The BSDs set ENXIO. */
		if (errno == ENXIO)
			errno = ENODEV;
		return (-1);
	}
	if (membership(fd, join, false, ifindex) == 0 || errno == EADDRINUSE)
		return (0);
	return (-1);
}

void
listen_leave(int fd, const struct conf_listen *conf,
    const struct conf_join *join)
{
	if (join->group.family != conf->addr.family)
		return;
	/* A removed interface has left its groups already. */
	(void)membership(fd, join, true,
	    join->ifname[0] == '\0' ? 0 : if_nametoindex(join->ifname));
}

int
listen_rejoin(int fd, const struct conf_listen *conf,
    const struct conf_join *join, unsigned int old_index)
{
	/* The system limits the groups of a socket, and counts this one. */
	if (join->group.family == conf->addr.family)
		(void)membership(fd, join, true, old_index);
	return (listen_join(fd, conf, join));
}
