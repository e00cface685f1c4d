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

#include <sys/select.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

struct sets {
	fd_set read, write;
	int end; /* the highest descriptor + 1 */
};

/* -1 with errno.  Descriptors below 0 are left out, as ppoll does. */
static int
fill(struct sets *s, const struct pollfd *fds, nfds_t n)
{
	nfds_t i;

	FD_ZERO(&s->read);
	FD_ZERO(&s->write);
	s->end = 0;
	for (i = 0; i < n; i++) {
		if (fds[i].fd < 0)
			continue;
		if (fds[i].fd >= FD_SETSIZE) {
			errno = EINVAL;
			return (-1);
		}
		if ((fds[i].events & POLLIN) != 0)
			FD_SET(fds[i].fd, &s->read);
		if ((fds[i].events & POLLOUT) != 0)
			FD_SET(fds[i].fd, &s->write);
		if (fds[i].fd >= s->end)
			s->end = fds[i].fd + 1;
	}
	return (0);
}

static int
answer(const struct sets *s, struct pollfd *fds, nfds_t n)
{
	int ready = 0;
	nfds_t i;

	for (i = 0; i < n; i++) {
		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		if (FD_ISSET(fds[i].fd, &s->read))
			fds[i].revents |= POLLIN;
		if (FD_ISSET(fds[i].fd, &s->write))
			fds[i].revents |= POLLOUT;
		ready += fds[i].revents != 0;
	}
	return (ready);
}

/* pselect fails for all descriptors if one of them is not open. */
static int
find_closed(struct pollfd *fds, nfds_t n)
{
	int closed = 0;
	bool open;
	nfds_t i;

	for (i = 0; i < n; i++) {
		open = fds[i].fd < 0 || fcntl(fds[i].fd, F_GETFD) != -1;
		fds[i].revents = open ? 0 : POLLNVAL;
		closed += !open;
	}
	return (closed);
}

int
compat_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	struct sets s;

	if (fill(&s, fds, n) == -1)
		return (-1);
	if (pselect(s.end, &s.read, &s.write, NULL, timeout, mask) != -1)
		return (answer(&s, fds, n));
	if (errno != EBADF)
		return (-1);
	return (find_closed(fds, n));
}
