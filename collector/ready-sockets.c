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

#include <errno.h>
#include <stdint.h>

#if defined(HAVE_EPOLL_CREATE1)
#include <sys/epoll.h>
#elif defined(HAVE_KQUEUE)
#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>

#include <fcntl.h>
#endif

#include "collector/ready-sockets.h"

#define FIND_MAX 64 /* at a time */

#if defined(HAVE_EPOLL_CREATE1)

int
ready_sockets_new(void)
{
	return (epoll_create1(EPOLL_CLOEXEC));
}

int
ready_sockets_add(int set, int fd, size_t number)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u64 = number,
	};

	return (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
}

void
ready_sockets_remove(int set, int fd)
{
	(void)epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
}

int
ready_sockets_find(int set, size_t *numbers, int max)
{
	struct epoll_event events[FIND_MAX];
	int i, n;

	n = epoll_wait(set, events, max < FIND_MAX ? max : FIND_MAX, 0);
	for (i = 0; i < n; i++)
		numbers[i] = (size_t)events[i].data.u64;
	return (n);
}

#elif defined(HAVE_KQUEUE)

int
ready_sockets_new(void)
{
	int set = kqueue();

	if (set != -1)
		(void)fcntl(set, F_SETFD, FD_CLOEXEC);
	return (set);
}

int
ready_sockets_add(int set, int fd, size_t number)
{
	struct kevent change;

	EV_SET(&change, (uintptr_t)fd, EVFILT_READ, EV_ADD, 0, 0,
	    (void *)(uintptr_t)number);
	return (kevent(set, &change, 1, NULL, 0, NULL));
}

void
ready_sockets_remove(int set, int fd)
{
	struct kevent change;

	EV_SET(&change, (uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, 0, NULL);
	(void)kevent(set, &change, 1, NULL, 0, NULL);
}

int
ready_sockets_find(int set, size_t *numbers, int max)
{
	static const struct timespec no_time = { 0, 0 };
	struct kevent events[FIND_MAX];
	int i, n;

	n = kevent(set, NULL, 0, events, max < FIND_MAX ? max : FIND_MAX,
	    &no_time);
	for (i = 0; i < n; i++)
		numbers[i] = (size_t)(uintptr_t)events[i].udata;
	return (n);
}

#else

int
ready_sockets_new(void)
{
	errno = ENOSYS;
	return (-1);
}

int
ready_sockets_add(int set, int fd, size_t number)
{
	(void)set;
	(void)fd;
	(void)number;
	errno = ENOSYS;
	return (-1);
}

void
ready_sockets_remove(int set, int fd)
{
	(void)set;
	(void)fd;
}

int
ready_sockets_find(int set, size_t *numbers, int max)
{
	(void)set;
	(void)numbers;
	(void)max;
	errno = ENOSYS;
	return (-1);
}

#endif
