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

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <netinet/in.h>
#include <netinet/udp.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "netflow.h"
#include "send/flow-transmit.h"

#define BATCH_MAX       64      /* datagrams in a system call */
#define BATCHES_PER_SEC 1000    /* with a rate */
#define JOINED_MAX      64000   /* bytes, of datagrams sent as one */
#define TURN            32      /* datagrams of a source in a row at most, */
#define TURN_RUN        128     /* and if it has at least that many */
#define RETRY_NSEC      1000000 /* until a full queue is tried again */
#define NSEC_PER_SEC    1000000000U
#define NSEC_PER_MSEC   1000000
#define FAR_NSEC        INT64_C(4000000000000000000) /* a century */

_Static_assert(BATCH_MAX <= LOAD_AGAIN, "a batch holds a packet only once");

struct sender {
	const struct transmit_how *how;
	const struct load *load;
	struct transmitted *sent;
	int *socks; /* one for each source */
	size_t nsocks;
	uint64_t turn;       /* datagrams in a row of each */
	bool joins;          /* UDP_SEGMENT works */
	uint64_t start;      /* clock_ns() */
	uint64_t first_usec; /* as of the first packet; 0: not yet */
};

/* Datagrams for one socket. */
struct batch {
	struct mmsghdr msgs[BATCH_MAX];
	struct iovec iovs[BATCH_MAX];
	uint32_t flows[BATCH_MAX];
	unsigned int n;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int signo)
{
	(void)signo;
	stopped = 1;
}

static void
catch_signals(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	/* The second signal interrupts a read that blocks. */
	sa.sa_flags = (int)SA_RESETHAND;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGINT, &sa, NULL) == -1 ||
	    sigaction(SIGTERM, &sa, NULL) == -1)
		err(1, "sigaction");
}

/* Sets addr to the next address.  Returns false after the last one. */
static bool
addr_next(struct addr *addr)
{
	size_t i = addr_bits(addr->family) / 8;

	while (i > 0 && ++addr->bytes[i - 1] == 0)
		i--;
	return (i > 0);
}

/* Opens a socket from source (ADDR_NONE: any) to ai.  -1 with errno. */
static int
open_socket(const struct addrinfo *ai, const struct addr *source)
{
	const struct sockaddr_in6 *sin6;
	struct sockaddr_storage ss;
	uint32_t scope = 0;
	socklen_t len;
	char text[ADDR_STRLEN];
	int fd, saved;

	if ((fd = socket(ai->ai_family, SOCK_DGRAM, 0)) == -1)
		return (-1);
	if (source->family != ADDR_NONE) {
		if (ai->ai_family == AF_INET6) {
			sin6 = (const void *)ai->ai_addr;
			scope = sin6->sin6_scope_id;
		}
		len = addr_to_sockaddr(source, 0, scope, &ss);
		if (bind(fd, (struct sockaddr *)&ss, len) == -1)
			err(1, "source address %s", addr_ntop(source, text));
	}
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
		saved = errno;
		(void)close(fd);
		errno = saved;
		return (-1);
	}
	return (fd);
}

/*
 * Raises the limit of descriptors for many sources; socket(2) reports a
 * failure.
 */
static void
raise_descriptor_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "getrlimit");
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

/* With UDP_SEGMENT the kernel splits one datagram into several. */
#ifdef UDP_SEGMENT
static bool
can_join(int fd)
{
	int value;
	socklen_t len = sizeof(value);

	return (getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &value, &len) == 0);
}

/* Works like sendmmsg, for n datagrams that can be joined. */
static int
send_joined(int fd, struct iovec *iovs, unsigned int n)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
	} control;
	const uint16_t len = (uint16_t)iovs[0].iov_len;
	struct msghdr hdr;
	struct cmsghdr *cmsg;

	memset(&control, 0, sizeof(control));
	memset(&hdr, 0, sizeof(hdr));
	hdr.msg_iov = iovs;
	hdr.msg_iovlen = n;
	hdr.msg_control = control.bytes;
	hdr.msg_controllen = sizeof(control.bytes);
	cmsg = CMSG_FIRSTHDR(&hdr);
	cmsg->cmsg_level = IPPROTO_UDP;
	cmsg->cmsg_type = UDP_SEGMENT;
	cmsg->cmsg_len = CMSG_LEN(sizeof(len));
	memcpy(CMSG_DATA(cmsg), &len, sizeof(len));
	return (sendmsg(fd, &hdr, 0) == -1 ? -1 : (int)n);
}
#else
static bool
can_join(int fd)
{
	(void)fd;
	return (false);
}

static int
send_joined(int fd, struct iovec *iovs, unsigned int n)
{
	(void)fd;
	(void)iovs;
	(void)n;
	errno = EINVAL;
	return (-1);
}
#endif

static void
open_sockets(struct sender *s)
{
	const struct transmit_how *how = s->how;
	struct addrinfo hints, *list, *ai;
	struct addr source = how->source;
	char text[ADDR_STRLEN];
	int fd = -1, r;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = how->family;
	hints.ai_socktype = SOCK_DGRAM;
	hints.ai_flags = AI_NUMERICSERV;
	if ((r = getaddrinfo(how->host, how->port, &hints, &list)) != 0)
		errx(1, "%s: %s", how->host, gai_strerror(r));
	raise_descriptor_limit();
	s->socks = reallocarray(NULL, how->nsources, sizeof(*s->socks));
	if (s->socks == NULL)
		err(1, NULL);
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		if ((fd = open_socket(ai, &source)) != -1)
			break;
	}
	while (fd != -1) {
		s->socks[s->nsocks++] = fd;
		if (s->nsocks == how->nsources)
			break;
		if (!addr_next(&source))
			errx(1, "there are not %zu addresses from %s on",
			    how->nsources, addr_ntop(&how->source, text));
		fd = open_socket(ai, &source);
	}
	if (fd == -1)
		err(1, "%s", how->target);
	s->joins = can_join(fd);
	freeaddrinfo(list);
}

static void
nap(int64_t nsec)
{
	const struct timespec ts = { nsec / NSEC_PER_SEC, nsec % NSEC_PER_SEC };

	(void)nanosleep(&ts, NULL);
}

/* Returns when datagram i is due at the given rate, ns from the start. */
static int64_t
rate_due(const struct sender *s, uint64_t i)
{
	const uint64_t rate = s->how->rate;

	if (rate == 0)
		return (0);
	return ((
	    int64_t)(i / rate * NSEC_PER_SEC + i % rate * NSEC_PER_SEC / rate));
}

/*
 * The same at the recorded speed, from the first datagram that has a time.  A
 * datagram with an earlier time than the one before is due at once.
 */
static int64_t
recorded_due(struct sender *s, const struct packet *p)
{
	double nsec;

	if (s->how->speed <= 0 || p->usec == 0)
		return (0);
	if (s->first_usec == 0)
		s->first_usec = p->usec;
	if (p->usec <= s->first_usec)
		return (0);
	nsec = (double)(p->usec - s->first_usec) * 1000 / s->how->speed;
	return (nsec < (double)FAR_NSEC ? (int64_t)nsec : FAR_NSEC);
}

/* Returns ns from now until due, which is relative to the start. */
static int64_t
time_left(const struct sender *s, int64_t due)
{
	return (due == 0 ? 0 : due - (int64_t)(clock_ns() - s->start));
}

static void
wait_until(const struct sender *s, int64_t due)
{
	int64_t left;

	while (!stopped && (left = time_left(s, due)) > 0)
		nap(left);
}

static void
batch_count(struct sender *s, const struct batch *b, unsigned int first,
    unsigned int n)
{
	for (; n > 0; first++, n--) {
		s->sent->datagrams++;
		s->sent->flows += b->flows[first];
		s->sent->octets += b->iovs[first].iov_len;
	}
}

/*
 * Returns how many datagrams from first on can be joined into one call.  The
 * kernel splits them into pieces of the length of the first one.  Only the last
 * may be shorter, but not empty.
 */
static unsigned int
batch_joinable(const struct batch *b, unsigned int first)
{
	const size_t len = b->iovs[first].iov_len;
	unsigned int n = 1;

	while (first + n < b->n && len <= JOINED_MAX / (n + 1) &&
	    b->iovs[first + n - 1].iov_len == len &&
	    b->iovs[first + n].iov_len <= len &&
	    b->iovs[first + n].iov_len != 0)
		n++;
	return (n);
}

/* Returns the number of datagrams sent, from first on, or -1 with errno. */
static int
batch_send(struct sender *s, struct batch *b, unsigned int first, int fd)
{
	unsigned int n;
	int r;

	if (!s->joins || (n = batch_joinable(b, first)) == 1)
		return (sendmmsg(fd, b->msgs + first, b->n - first, 0));
	r = send_joined(fd, b->iovs + first, n);
	/* Not over this interface, or not above its MTU. */
	if (r == -1 && (errno == EINVAL || errno == EIO)) {
		s->joins = false;
		return (0);
	}
	return (r);
}

/*
 * Sends the datagrams in b.  An ICMP error for an earlier datagram is stored,
 * and sending continues.  If the queue is full, it waits.
 */
static void
batch_flush(struct sender *s, struct batch *b, int fd)
{
	unsigned int done = 0;
	int n;

	while (done < b->n) {
		n = batch_send(s, b, done, fd);
		if (n >= 0) {
			batch_count(s, b, done, (unsigned int)n);
			done += (unsigned int)n;
		} else if (errno == ECONNREFUSED)
			s->sent->error = errno;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			err(1, "%s", s->how->target);
		else if (stopped)
			break;
		else if (errno != EINTR)
			nap(RETRY_NSEC);
	}
	b->n = 0;
}

static void
batch_add(struct batch *b, struct packet *p)
{
	struct iovec *iov = &b->iovs[b->n];
	struct msghdr *hdr = &b->msgs[b->n].msg_hdr;

	iov->iov_base = p->data;
	iov->iov_len = p->len;
	memset(hdr, 0, sizeof(*hdr));
	hdr->msg_iov = iov;
	hdr->msg_iovlen = 1;
	b->flows[b->n++] = p->flows;
}

/* Advances the generator's clocks by the time since the start, unless still. */
static void
set_clocks(struct generator *gen, const struct sender *s)
{
	struct timespec now;

	*gen = s->load->gen;
	if (s->how->still)
		return;
	gen->sys_uptime_ms +=
	    (uint32_t)((clock_ns() - s->start) / NSEC_PER_MSEC);
	if (clock_gettime(CLOCK_REALTIME, &now) == -1)
		err(1, "clock_gettime");
	gen->time_sec = (uint32_t)now.tv_sec;
	gen->time_nanosec = (uint32_t)now.tv_nsec;
}

/*
 * Returns the source of made-up datagram i; the sources alternate.  Sets *nth
 * to the number of earlier datagrams from the same source.
 */
static size_t
source_of(const struct sender *s, uint64_t i, uint64_t *nth)
{
	const uint64_t round = s->turn * s->nsocks;

	*nth = i / round * s->turn + i % s->turn;
	return ((size_t)(i % round / s->turn));
}

static void
stamp(const struct generator *gen, struct packet *p)
{
	if (generate_stamp(gen, p->data, p->len) != 0)
		errx(1, "datagram too short for a stamp");
}

/*
 * Stamps p as made-up datagram nth of its source.  If templates are due, it
 * sends them first; one packet of templates serves all sources.
 */
static void
prepare(struct sender *s, struct batch *b, int fd, struct generator *gen,
    struct packet *p, uint64_t nth)
{
	const struct load *load = s->load;
	struct packet templates = load->templates;
	uint64_t announced = 0;

	if (templates.data != NULL) {
		announced = nth / LOAD_TEMPLATES_EVERY + 1;
		gen->template_id =
		    (uint16_t)(NF_SET_DATA_MIN + nth % load->ntemplates);
	}
	gen->sequence = generate_sequence(gen->version, nth + announced,
	    nth * load->per_datagram);
	stamp(gen, p);
	if (templates.data == NULL || nth % LOAD_TEMPLATES_EVERY != 0)
		return;
	batch_flush(s, b, fd);
	gen->sequence = generate_sequence(gen->version, nth + announced - 1,
	    nth * load->per_datagram);
	stamp(gen, &templates);
	batch_add(b, &templates);
	batch_flush(s, b, fd);
}

/* Sends datagrams first to first + n - 1; n is at most BATCH_MAX. */
static void
send_some(struct sender *s, struct batch *b, uint64_t first, uint64_t n)
{
	struct generator gen;
	struct packet *p;
	uint64_t i, nth = 0;
	int fd = -1, next_fd;

	set_clocks(&gen, s);
	for (i = first; i < first + n; i++) {
		p = load_at(s->load, i);
		next_fd = s->socks[s->load->stamped ? source_of(s, i, &nth) :
						      p->exporter % s->nsocks];
		if (next_fd != fd)
			batch_flush(s, b, fd);
		fd = next_fd;
		if (s->load->stamped)
			prepare(s, b, fd, &gen, p, nth);
		batch_add(b, p);
	}
	batch_flush(s, b, fd);
}

/*
 * Sends the datagrams of load->next; b is sent before a wait for the next one.
 */
static void
send_stream(struct sender *s, struct batch *b)
{
	const struct load *load = s->load;
	struct packet *p;
	int fd = -1, next_fd;
	int64_t due;
	uint64_t i;

	for (i = 0; !stopped && (p = load->next(load->arg)) != NULL; i++) {
		next_fd = s->socks[p->exporter % s->nsocks];
		due = s->how->rate != 0 ? rate_due(s, i) : recorded_due(s, p);
		if (next_fd != fd || b->n == BATCH_MAX || time_left(s, due) > 0)
			batch_flush(s, b, fd);
		fd = next_fd;
		wait_until(s, due);
		if (!stopped)
			batch_add(b, p);
	}
	batch_flush(s, b, fd);
}

static void
send_prepared(struct sender *s, struct batch *b)
{
	const uint64_t total = s->load->total;
	uint64_t i, n, most = BATCH_MAX;

	if (s->how->rate != 0 && s->how->rate / BATCHES_PER_SEC < most)
		most = s->how->rate / BATCHES_PER_SEC + 1;
	s->turn = s->how->rate != 0 ? most / s->nsocks : TURN;
	if (s->turn > TURN)
		s->turn = TURN;
	if (s->turn == 0 || (total != 0 && total / s->nsocks < TURN_RUN))
		s->turn = 1;
	for (i = 0; !stopped && (total == 0 || i < total); i += n) {
		n = total == 0 || total - i > most ? most : total - i;
		wait_until(s, rate_due(s, i));
		if (!stopped)
			send_some(s, b, i, n);
	}
}

/* Checks for an ICMP error after the last datagram. */
static void
close_sockets(struct sender *s)
{
	socklen_t len;
	size_t i;
	int error;

	for (i = 0; i < s->nsocks; i++) {
		len = sizeof(error);
		if (getsockopt(s->socks[i], SOL_SOCKET, SO_ERROR, &error,
			&len) == 0 &&
		    error != 0)
			s->sent->error = error;
		(void)close(s->socks[i]);
	}
	free(s->socks);
}

void
transmit(const struct transmit_how *how, const struct load *load,
    struct transmitted *sent)
{
	static struct batch b;
	struct sender s = { .how = how, .load = load, .sent = sent };

	memset(sent, 0, sizeof(*sent));
	open_sockets(&s);
	catch_signals();
	s.start = clock_ns();
	if (load->next != NULL)
		send_stream(&s, &b);
	else
		send_prepared(&s, &b);
	sent->seconds = (double)(clock_ns() - s.start) / NS_PER_SECOND;
	close_sockets(&s);
}
