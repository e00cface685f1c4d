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

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/forwards.h"
#include "monitor/listen.h"

static bool
can_bind(const struct addr *addr)
{
	struct sockaddr_storage ss;
	const socklen_t len = addr_to_sockaddr(addr, 0, 0, &ss);
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

/* A socket connected to the address; -1 with errno. */
static int
open_connected(const struct addr *addr, uint16_t port)
{
	struct sockaddr_storage ss;
	const socklen_t len = addr_to_sockaddr(addr, port, 0, &ss);
	const int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error;

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
	const int fd = open_connected(&f->addr, f->port);
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
	return (!addr_is_multicast(&f->addr) && can_bind(&f->addr) &&
	    !can_bind(&foreign));
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
	const struct conf_forward real = { real_target(&f->addr), f->port };

	if (l->port != f->port || l->addr.family != real.addr.family)
		return (false);
	/* Datagrams of this machine to itself arrive at its loopback. */
	if (l->ifname[0] != '\0' && strcmp(l->ifname, "lo") != 0)
		return (false);
	if (addr_equal(&l->addr, &real.addr))
		return (true);
	return ((addr_is_any(&l->addr) || addr_is_any(&real.addr)) &&
	    is_local(&real));
}

int
forwards_check(const struct config *conf)
{
	char target[ADDR_STRLEN], name[LISTEN_STRLEN];
	const struct conf_forward *f;
	size_t i, j;

	for (i = 0; i < conf->nforwards; i++) {
		f = &conf->forwards[i];
		for (j = 0; j < conf->nlistens; j++) {
			if (!is_received(&conf->listens[j], f))
				continue;
			log_warnx(
			    "forward to %s port %u: this is an address of this "
			    "machine, and listen on %s would receive and "
			    "forward the datagrams again in a loop; "
			    "choose another port or listen on one address",
			    addr_ntop(&f->addr, target), f->port,
			    listen_name(&conf->listens[j], name));
			return (-1);
		}
	}
	return (0);
}

static int
open_one(struct open_forward *open, const struct conf_forward *f)
{
	char addr[ADDR_STRLEN];

	if ((open->fd = open_connected(&f->addr, f->port)) == -1) {
		log_warn("cannot forward to %s port %u",
		    addr_ntop(&f->addr, addr), f->port);
		return (-1);
	}
	read_source(open->fd, &open->self);
	return (0);
}

void
forwards_open(struct forwards *f, const struct config *conf)
{
	size_t i;

	f->n = 0;
	f->list = calloc(conf->nforwards == 0 ? 1 : conf->nforwards,
	    sizeof(*f->list));
	if (f->list == NULL)
		fatal("no memory for forwards");
	for (i = 0; i < conf->nforwards; i++) {
		if (open_one(&f->list[f->n], &conf->forwards[i]) == 0)
			f->n++;
	}
}

void
forwards_close(struct forwards *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		(void)close(f->list[i].fd);
	free(f->list);
	*f = (struct forwards){ 0 };
}
