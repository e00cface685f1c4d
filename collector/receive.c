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
#include <sys/uio.h>

#include <net/if.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if HAVE_DECL_SK_MEMINFO_DROPS
#include <linux/sock_diag.h>
#endif

#include "collector/receive.h"
#include "netflow.h"

struct receiver {
	struct batch *batch;
	int n; /* datagrams in it */
	struct iovec iovs[BATCH_MAX];
	/*
	 * For the kernel's count of drops, which only the first datagram of a
	 * batch receives.  Later drops are in the next batch's count.
	 */
	union {
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
		struct cmsghdr align;
	} control;
};

/* Prepares entry i of the batch for the next datagram. */
static void
vacate(struct receiver *r, size_t i)
{
	struct mmsghdr *msg = &r->batch->msgs[i];

	msg->msg_len = BATCH_EMPTY;
	msg->msg_hdr.msg_namelen = sizeof(r->batch->names[i]);
	msg->msg_hdr.msg_controllen = i == 0 ? sizeof(r->control) : 0;
}

struct receiver *
receiver_new(struct batch *batch)
{
	struct receiver *r;
	struct msghdr *hdr;
	size_t i;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (NULL);
	r->batch = batch;
	r->n = BATCH_MAX;
	for (i = 0; i < BATCH_MAX; i++) {
		r->iovs[i].iov_base = batch->buffers[i];
		r->iovs[i].iov_len = NF_DATAGRAM_MAX;
		hdr = &batch->msgs[i].msg_hdr;
		hdr->msg_iov = &r->iovs[i];
		hdr->msg_iovlen = 1;
		hdr->msg_name = &batch->names[i];
		hdr->msg_control = i == 0 ? &r->control : NULL;
	}
	return (r);
}

#if HAVE_DECL_SO_RXQ_OVFL
static void
add_drops(struct listener *listener, uint32_t total, uint64_t *dropped)
{
	*dropped += (uint32_t)(total - listener->kernel_drops);
	listener->kernel_drops = total;
}
#endif

/* Adds the kernel's count of drops, if it came with the datagram. */
static void
note_drops(struct msghdr *msg, struct listener *listener, uint64_t *dropped)
{
#if HAVE_DECL_SO_RXQ_OVFL
	struct cmsghdr *c;
	uint32_t total;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&total, CMSG_DATA(c), sizeof(total));
		/* The datagram was queued; listener_drops may have a newer
		 * count. */
		if (total - listener->kernel_drops <= INT32_MAX)
			add_drops(listener, total, dropped);
	}
#else
	(void)msg;
	(void)listener;
	(void)dropped;
#endif
}

void
listener_drops(struct listener *listener, uint64_t *dropped)
{
#if HAVE_DECL_SO_RXQ_OVFL && HAVE_DECL_SO_MEMINFO && HAVE_DECL_SK_MEMINFO_DROPS
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(listener->fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 &&
	    len > SK_MEMINFO_DROPS * sizeof(info[0]))
		add_drops(listener, info[SK_MEMINFO_DROPS], dropped);
#else
	(void)listener;
	(void)dropped;
#endif
}

bool
listener_lost_interface(const struct listener *listener)
{
#ifdef SO_BINDTODEVICE
	char name[IF_NAMESIZE];
	socklen_t len = sizeof(name);

	return (getsockopt(listener->fd, SOL_SOCKET, SO_BINDTODEVICE, name,
		    &len) == -1 &&
	    errno == ENODEV);
#else
	(void)listener;
	return (false);
#endif
}

int
receiver_batch(struct receiver *r, struct listener *listener, uint64_t *dropped)
{
	struct batch *b = r->batch;
	int i, n;

	/* If this process dies now, the monitor finds what was received. */
	for (i = 0; i < r->n; i++)
		vacate(r, (size_t)i);
	b->at = BATCH_NONE_YET;
	b->resumed = 0;
	b->listener = listener->number;
	n = recvmmsg(listener->fd, b->msgs, BATCH_MAX, MSG_DONTWAIT, NULL);
	r->n = n == -1 ? 0 : n;
	if (n == -1)
		return (
		    errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
			0 :
			-1);
	listener->datagrams += (uint64_t)n;
	(void)clock_gettime(CLOCK_REALTIME, &b->received);
	if (b->msgs[0].msg_hdr.msg_controllen != 0)
		note_drops(&b->msgs[0].msg_hdr, listener, dropped);
	return (n);
}

const struct timespec *
receiver_time(const struct receiver *r)
{
	return (&r->batch->received);
}

void
receiver_begin(struct receiver *r, int i, struct batch_datagram *out)
{
	r->batch->at = (uint32_t)i;
	r->batch->progress++;
	batch_get(r->batch, (size_t)i, out);
}

void
receiver_end(struct receiver *r)
{
	r->batch->at = BATCH_MAX;
}
