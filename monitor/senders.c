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

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/senders.h"

/* The collector asks for a socket once a second. */
static void
warn(struct log_state *state, const struct config *conf, const char *event)
{
	uint32_t held_back;

	if (log_state_begin(state, (uint32_t)time(NULL), &held_back))
		log_warn("logsock %s: %s", conf->logsock, event);
}

static void
set_bufsize(int fd, const struct config *conf, struct log_state *small)
{
	int size = (int)conf->logsock_bufsize;

	if (size != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == -1)
		warn(small, conf, "cannot set the bufsize");
}

int
sender_open_logsock(const struct config *conf,
    struct sender_conditions *conditions)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	(void)strlcpy(sun.sun_path, conf->logsock, sizeof(sun.sun_path));
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1) {
		warn(&conditions->unconnected, conf, "cannot create a socket");
		return (-1);
	}
	set_bufsize(fd, conf, &conditions->small);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		warn(&conditions->unconnected, conf, "no reader; retrying");
		(void)close(fd);
		return (-1);
	}
	if (log_state_end(&conditions->unconnected))
		log_info("logsock %s: a reader is there", conf->logsock);
	return (fd);
}
