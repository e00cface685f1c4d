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

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log-limit.h"
#include "base/log.h"
#include "collector/ready-sockets.h"
#include "collector/sockets.h"
#include "ipc/udp-socket.h"

#define DATAGRAM_OVERHEAD 256 /* bytes; each system charges more */
#define BATCHES_AT_ONCE   16  /* of one socket, before the others */
#define MANY              16  /* listeners, for which poll is slow */
#define READY_AT_ONCE     64  /* of them */

struct sockets {
	struct listener *list;
	size_t n;
	int set; /* of ready-sockets.h; -1: poll finds those that are ready */
	struct batch *batch;
	struct receiver *receiver;
	struct intake *intake;
	uint64_t dropped; /* datagrams, by the kernel */
	struct log_limit failure_logged;
};

struct sockets *
sockets_new(struct batch *batch, struct intake *intake)
{
	struct sockets *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->batch = batch;
	s->intake = intake;
	s->set = -1;
	if ((s->receiver = receiver_new(batch)) == NULL) {
		free(s);
		return (NULL);
	}
	return (s);
}

/*
 * Processes the n datagrams of a batch.  Returns the number of bytes that they
 * occupied in the receive buffer at least.
 */
static size_t
process(struct sockets *s, int n)
{
	const struct timespec *now = receiver_time(s->receiver);
	struct batch_datagram datagram;
	size_t bytes = 0;
	int i;

	for (i = 0; i < n; i++) {
		receiver_begin(s->receiver, i, &datagram);
		intake_datagram(s->intake, &datagram, now);
		bytes += datagram.len + DATAGRAM_OVERHEAD;
	}
	receiver_end(s->receiver);
	return (bytes);
}

void
sockets_resume(struct sockets *s)
{
	(void)process(s, (int)batch_count(s->batch));
}

/* Receives one batch, of *n datagrams; otherwise as process(). */
static size_t
read_batch(struct sockets *s, struct listener *listener, int *n)
{
	uint32_t held_back;

	*n = receiver_batch(s->receiver, listener, &s->dropped);
	if (*n == -1 &&
	    log_limit_pass(&s->failure_logged, (uint32_t)time(NULL),
		&held_back))
		log_warn("cannot receive datagrams (%" PRIu32
			 " similar held back)",
		    held_back);
	return (*n <= 0 ? 0 : process(s, *n));
}

/*
 * Reads some batches and adds the number of datagrams to *count.  True if the
 * socket is empty, as far as the last batch shows.
 */
static bool
read_some(struct sockets *s, struct listener *listener, size_t *count)
{
	int i, n;

	for (i = 0; i < BATCHES_AT_ONCE; i++) {
		(void)read_batch(s, listener, &n);
		*count += n > 0 ? (size_t)n : 0;
		if (n < BATCH_MAX)
			return (true);
	}
	return (false);
}

/* The same as sockets_read with a set. */
static bool
read_set(struct sockets *s, size_t *n)
{
	size_t ready[READY_AT_ONCE];
	const int nready = ready_sockets_find(s->set, ready, READY_AT_ONCE);
	bool more = nready == READY_AT_ONCE;
	int i;

	for (i = 0; i < nready; i++) {
		if (!read_some(s, &s->list[ready[i]], n))
			more = true;
	}
	return (more);
}

bool
sockets_read(struct sockets *s, const struct pollfd *pfds, size_t *n)
{
	bool more = false;
	size_t i;

	if (s->set != -1)
		return (pfds[0].revents != 0 && read_set(s, n));
	for (i = 0; i < s->n; i++) {
		if (pfds[i].revents != 0 && !read_some(s, &s->list[i], n))
			more = true;
	}
	return (more);
}

static void
drain(struct sockets *s, struct listener *listener)
{
	const size_t size = udp_buffer(listener->fd);
	size_t bytes = 0;
	int n = 1;

	while (n > 0 && bytes <= size)
		bytes += read_batch(s, listener, &n);
}

void
sockets_drain(struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->list[i].fd != -1)
			drain(s, &s->list[i]);
	}
}

uint64_t
sockets_dropped(struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->list[i].fd != -1)
			listener_drops(&s->list[i], &s->dropped);
	}
	return (s->dropped);
}

int
sockets_move(struct sockets *s, size_t i, struct listener *out)
{
	if (i >= s->n || s->list[i].fd == -1)
		return (-1);
	if (s->set != -1)
		ready_sockets_remove(s->set, s->list[i].fd);
	*out = s->list[i];
	s->list[i].fd = -1;
	return (0);
}

/* The queue holds datagrams that were sent while the address was in use. */
static void
close_one(struct sockets *s, struct listener *listener)
{
	if (listener->fd == -1)
		return;
	drain(s, listener);
	listener_drops(listener, &s->dropped);
	(void)close(listener->fd);
}

static size_t
smallest_buffer(const struct sockets *s)
{
	size_t i, size, smallest = SIZE_MAX;

	for (i = 0; i < s->n; i++) {
		size = udp_buffer(s->list[i].fd);
		smallest = size < smallest ? size : smallest;
	}
	return (smallest);
}

static int
add_to_set(struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->list[i].fd != -1 &&
		    ready_sockets_add(s->set, s->list[i].fd, i) == -1)
			return (-1);
	}
	return (0);
}

/* Makes a set of many listeners.  After a failure, poll does. */
static void
make_set(struct sockets *s)
{
	if (s->set != -1)
		(void)close(s->set);
	s->set = s->n < MANY ? -1 : ready_sockets_new();
	if (s->set == -1 || add_to_set(s) == 0)
		return;
	(void)close(s->set);
	s->set = -1;
}

size_t
sockets_replace(struct sockets *s, struct listener *listeners, size_t n)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		close_one(s, &s->list[i]);
	free(s->list);
	s->list = listeners;
	s->n = n;
	make_set(s);
	return (smallest_buffer(s));
}

int
sockets_renew(struct sockets *s, size_t i, int fd, size_t *smallest)
{
	if (i >= s->n)
		return (-1);
	close_one(s, &s->list[i]);
	s->list[i].fd = fd;
	s->list[i].kernel_drops = 0;
	make_set(s);
	*smallest = smallest_buffer(s);
	return (0);
}

size_t
sockets_count(const struct sockets *s)
{
	return (s->n);
}

uint64_t
sockets_received(const struct sockets *s, size_t i)
{
	return (s->list[i].datagrams);
}

bool
sockets_lost_interface(const struct sockets *s, size_t i)
{
	return (listener_lost_interface(&s->list[i]));
}

size_t
sockets_npollfds(const struct sockets *s)
{
	return (s->set != -1 ? 1 : s->n);
}

void
sockets_pollfds(const struct sockets *s, struct pollfd *pfds)
{
	size_t i;

	if (s->set != -1) {
		pfds[0] = (struct pollfd){ .fd = s->set, .events = POLLIN };
		return;
	}
	for (i = 0; i < s->n; i++)
		pfds[i] = (struct pollfd){
			.fd = s->list[i].fd,
			.events = POLLIN,
		};
}
