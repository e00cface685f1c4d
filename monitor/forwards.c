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

#include <net/if.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/forwards.h"
#include "monitor/listen.h"

#define TARGET_STRLEN (ADDR_STRLEN + sizeof("% port 65535") + IF_NAMESIZE)

/* scope is the index of the interface of a link-local address. */
static bool
can_bind(const struct addr *addr, uint32_t scope)
{
	struct sockaddr_storage ss;
	const socklen_t len = addr_to_sockaddr(addr, 0, scope, &ss);
	const int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool can;

	if (fd == -1)
		return (false);
	can = bind(fd, (struct sockaddr *)&ss, len) == 0;
	(void)close(fd);
	return (can);
}

/*
 * Sets *self to the source of the datagrams that fd, which is connected, sends.
 */
static void
read_source(int fd, struct priv_forward *self)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint16_t port = 0;

	memset(self, 0, sizeof(*self));
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    addr_from_sockaddr((struct sockaddr *)&ss, &self->addr, &port) == 0)
		self->port = port;
}

/* 0: the target has no interface, or it does not exist, with errno. */
static uint32_t
scope_of(const struct conf_forward *f)
{
	return (f->ifname[0] == '\0' ? 0 : if_nametoindex(f->ifname));
}

/* A socket connected to the target; -1 with errno. */
static int
open_connected(const struct conf_forward *f)
{
	struct sockaddr_storage ss;
	const uint32_t scope = scope_of(f);
	socklen_t len;
	int fd, error;

	if (f->ifname[0] != '\0' && scope == 0)
		return (-1);
	len = addr_to_sockaddr(&f->addr, f->port, scope, &ss);
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&ss, len) == 0)
		return (fd);
	error = errno;
	(void)close(fd);
	errno = error;
	return (-1);
}

/* Whether datagrams to the address also come from it. */
static bool
is_own_source(const struct conf_forward *f)
{
	const int fd = open_connected(f);
	struct priv_forward self;

	if (fd == -1)
		return (false);
	read_source(fd, &self);
	(void)close(fd);
	return (addr_equal(&self.addr, &f->addr));
}

/* An address that is reserved for documentation, of the same family. */
static struct addr
foreign_address(uint32_t family)
{
	static const uint8_t v4[4] = { 203, 0, 113, 254 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0xfe };

	return (family == ADDR_V4 ? addr_v4(v4) : addr_v6(v6));
}

/*
 * Whether this machine receives datagrams to the address.  bind(2) tells, but
 * not where the system permits it for any address (ip_nonlocal_bind of Linux).
 */
static bool
is_local(const struct conf_forward *f)
{
	const struct addr foreign = foreign_address(f->addr.family);

	if (addr_is_any(&f->addr) ||
	    (f->addr.family == ADDR_V4 && f->addr.bytes[0] == 127) ||
	    is_own_source(f))
		return (true);
	/*
	 * Whether a group comes back depends on joins; the collector sees it.
	 */
	return (!addr_is_multicast(&f->addr) &&
	    can_bind(&f->addr, scope_of(f)) && !can_bind(&foreign, 0));
}

/* A datagram to ::ffff:a.b.c.d is sent over IPv4. */
static struct addr
real_target(const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return (a->family == ADDR_V6 &&
		    memcmp(a->bytes, mapped, sizeof(mapped)) == 0 ?
		addr_v4(a->bytes + sizeof(mapped)) :
		*a);
}

static bool
is_received(const struct conf_listen *l, const struct conf_forward *f)
{
	struct conf_forward real = *f;

	real.addr = real_target(&f->addr);
	if (l->port != f->port || l->addr.family != real.addr.family)
		return (false);
	/*
	 * Datagrams of this machine to itself arrive at its loopback, or at the
	 * interface of a link-local address.
	 */
	if (l->ifname[0] != '\0' && strcmp(l->ifname, "lo") != 0 &&
	    strcmp(l->ifname, f->ifname) != 0)
		return (false);
	if (addr_equal(&l->addr, &real.addr))
		return (true);
	return ((addr_is_any(&l->addr) || addr_is_any(&real.addr)) &&
	    is_local(&real));
}

/* "192.0.2.1 port 2055" or "fe80::1%eth0 port 2055".  Returns buf. */
static const char *
target_name(const struct conf_forward *f, char buf[TARGET_STRLEN])
{
	char addr[ADDR_STRLEN];

	(void)snprintf(buf, TARGET_STRLEN, "%s%s%s port %u",
	    addr_ntop(&f->addr, addr), f->ifname[0] != '\0' ? "%" : "",
	    f->ifname, f->port);
	return (buf);
}

int
forwards_check(const struct config *conf)
{
	char target[TARGET_STRLEN], name[LISTEN_STRLEN];
	const struct conf_forward *f;
	size_t i, j;

	for (i = 0; i < conf->nforwards; i++) {
		f = &conf->forwards[i];
		for (j = 0; j < conf->nlistens; j++) {
			if (!is_received(&conf->listens[j], f))
				continue;
			log_warnx(
			    "forward to %s: this is an address of this "
			    "machine, and listen on %s would receive and "
			    "forward the datagrams again in a loop; "
			    "choose another port or listen on one address",
			    target_name(f, target),
			    listen_name(&conf->listens[j], name));
			return (-1);
		}
	}
	return (0);
}

/* -1 with errno. */
static int
open_one(struct open_forward *open, const struct conf_forward *f)
{
	*open = (struct open_forward){ .fd = open_connected(f) };
	if (open->fd == -1)
		return (-1);
	read_source(open->fd, &open->self);
	return (0);
}

void
forwards_open(struct forwards *f, const struct config *conf)
{
	char target[TARGET_STRLEN];
	size_t i;

	f->n = conf->nforwards;
	f->list = calloc(f->n == 0 ? 1 : f->n, sizeof(*f->list));
	if (f->list == NULL)
		fatal("no memory for forwards");
	for (i = 0; i < f->n; i++) {
		if (open_one(&f->list[i], &conf->forwards[i]) == -1)
			log_warn("cannot forward to %s",
			    target_name(&conf->forwards[i], target));
	}
}

static void
close_one(const struct open_forward *open)
{
	if (open->fd != -1)
		(void)close(open->fd);
}

int
forwards_renew(struct forwards *f, const struct config *conf,
    const struct new_interface *interface, void (*send)(void *arg, size_t i),
    void *arg)
{
	struct open_forward new;
	int error = 0;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (strcmp(conf->forwards[i].ifname, interface->name) != 0)
			continue;
		if (open_one(&new, &conf->forwards[i]) == -1) {
			error = errno;
			continue;
		}
		close_one(&f->list[i]);
		f->list[i] = new;
		send(arg, i);
	}
	errno = error;
	return (error == 0 ? 0 : -1);
}

void
forwards_close(struct forwards *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		close_one(&f->list[i]);
	free(f->list);
	*f = (struct forwards){ 0 };
}
