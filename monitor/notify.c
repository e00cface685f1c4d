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
#include <sys/un.h>

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor/notify.h"

#define NS_IN_USEC 1000 /* nanoseconds in a microsecond */

static int sock = -1;
static uint64_t watchdog_usec; /* interval; 0: no watchdog */
static uint64_t last_alive;    /* monotonic, usec; 0: never */

/* name is a path, or after @ a name in Linux's abstract namespace. */
static int
connect_to(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(sun.sun_path))
		return (-1);
	memcpy(sun.sun_path, name, len);
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	if ((sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return (-1);
	len += offsetof(struct sockaddr_un, sun_path);
	if (connect(sock, (struct sockaddr *)&sun, (socklen_t)len) == 0)
		return (0);
	(void)close(sock);
	sock = -1;
	return (-1);
}

/* The number in an environment variable; 0 if it is absent or invalid. */
static uint64_t
number(const char *variable)
{
	const char *value = getenv(variable), *error;

	if (value == NULL)
		return (0);
	return ((uint64_t)strtonum(value, 1, INT_MAX * 1000LL, &error));
}

void
notify_begin(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	uint64_t pid = number("WATCHDOG_PID");

	if (name != NULL && connect_to(name) == -1)
		log_warnx(
		    "NOTIFY_SOCKET %s cannot be reached; the service manager "
		    "is not notified",
		    name);
	if (sock != -1 && (pid == 0 || pid == (uint64_t)getpid()))
		watchdog_usec = number("WATCHDOG_USEC");
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

/* Errors are ignored: flowd works without a service manager. */
static void
send_state(const char *state)
{
	if (sock != -1)
		(void)send(sock, state, strlen(state), MSG_DONTWAIT);
}

void
notify_ready(void)
{
	send_state("READY=1");
}

void
notify_reloading(void)
{
	char state[64];

	(void)snprintf(state, sizeof(state),
	    "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_ns() / NS_IN_USEC);
	send_state(state);
}

void
notify_stopping(void)
{
	send_state("STOPPING=1");
}

int
notify_alive(void)
{
	uint64_t every = watchdog_usec / 2, now, since;

	if (every == 0)
		return (-1);
	now = clock_ns() / NS_IN_USEC;
	since = now - last_alive;
	if (last_alive != 0 && since < every)
		return ((int)((every - since) / 1000 + 1));
	send_state("WATCHDOG=1");
	last_alive = now;
	return ((int)(every / 1000 + 1));
}
