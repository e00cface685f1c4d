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

#include <stdlib.h>

#include "base/log.h"
#include "collector/staged.h"
#include "config/flowlog-name.h"
#include "ipc/flowlog-lock.h"
#include "ipc/priv-msg.h"

void
staged_init(struct staged *s)
{
	*s = (struct staged){ .logsock = -1, .control = -1 };
}

static void *
allocate(size_t n, size_t size)
{
	void *p;

	if ((p = calloc(n == 0 ? 1 : n, size)) == NULL)
		fatal("memory exhausted");
	return (p);
}

int
staged_begin(struct staged *s, int sock, size_t len)
{
	uint8_t *data;
	int r;

	if (s->conf != NULL || len > CONFIG_PACKED_MAX)
		fatalx("the monitor sent an unexpected configuration");
	data = allocate(len, 1);
	if (priv_receive_body(sock, data, len) == -1) {
		free(data);
		return (-1);
	}
	r = config_unpack(data, len, &s->conf);
	free(data);
	if (r != 0)
		fatalx("the monitor sent an invalid configuration");
	s->listeners = allocate(s->conf->nlistens, sizeof(*s->listeners));
	s->forwards = allocate(s->conf->nforwards, sizeof(*s->forwards));
	s->logs = allocate(s->conf->nlogs, sizeof(*s->logs));
	return (0);
}

void
staged_add_listener(struct staged *s, const struct listener *listener)
{
	if (s->conf == NULL || s->nlisteners == s->conf->nlistens)
		fatalx("the monitor sent an unexpected listener");
	s->listeners[s->nlisteners] = *listener;
	s->listeners[s->nlisteners].number =
	    filter_listener_number(s->conf->listens[s->nlisteners].name);
	s->nlisteners++;
}

void
staged_add_forward(struct staged *s, const struct output_forward *forward)
{
	if (s->conf == NULL || s->nforwards == s->conf->nforwards)
		fatalx("the monitor sent an unexpected forward");
	s->forwards[s->nforwards++] = *forward;
}

void
staged_add_log(struct staged *s, int fd, uint32_t lock)
{
	if (s->conf == NULL || s->nlogs == s->conf->nlogs ||
	    lock >= FLOWLOG_LOCKS_MAX ||
	    (fd == -1) != flowlog_name_has_exporter(&s->conf->logs[s->nlogs]))
		fatalx("the monitor sent an unexpected log");
	s->logs[s->nlogs++] = (struct output_log){ fd, lock };
}

void
staged_set_control(struct staged *s, int fd)
{
	if (s->conf == NULL || s->control != -1 || fd == -1)
		fatalx("the monitor sent an unexpected control socket");
	s->control = fd;
}

bool
staged_is_complete(const struct staged *s)
{
	return (s->conf != NULL && s->nlisteners == s->conf->nlistens &&
	    s->nlogs == s->conf->nlogs);
}
