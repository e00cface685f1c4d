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
static uint64_t watchdog_usec; /* 0: nobody wants to know */
static uint64_t alive_said;    /* when; usec, monotonic */

/* A path, or with @ in front a name in Linux's abstract namespace. */
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

/* 0 where the variable is absent, or has no number, or one out of reason. */
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
		    "NOTIFY_SOCKET %s: cannot be reached, the service "
		    "manager is told nothing",
		    name);
	if (sock != -1 && (pid == 0 || pid == (uint64_t)getpid()))
		watchdog_usec = number("WATCHDOG_USEC");
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

/* A manager that does not listen changes nothing for flowd. */
static void
say(const char *state)
{
	if (sock != -1)
		(void)send(sock, state, strlen(state), MSG_DONTWAIT);
}

void
notify_ready(void)
{
	say("READY=1");
}

void
notify_reloading(void)
{
	char state[64];

	(void)snprintf(state, sizeof(state),
	    "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_ns() / NS_IN_USEC);
	say(state);
}

void
notify_stopping(void)
{
	say("STOPPING=1");
}

int
notify_alive(void)
{
	uint64_t every = watchdog_usec / 2, now, since;

	if (every == 0)
		return (-1);
	now = clock_ns() / NS_IN_USEC;
	since = now - alive_said;
	if (alive_said != 0 && since < every)
		return ((int)((every - since) / 1000 + 1));
	say("WATCHDOG=1");
	alive_said = now;
	return ((int)(every / 1000 + 1));
}
