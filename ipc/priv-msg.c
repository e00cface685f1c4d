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
#include <sys/uio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ipc/priv-msg.h"

union fd_control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int
write_all(int sock, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = send(sock, data, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		data += n;
		len -= (size_t)n;
	}
	return (0);
}

static void
attach_fd(struct msghdr *hdr, union fd_control *control, int fd)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	hdr->msg_control = control;
	hdr->msg_controllen = sizeof(control->bytes);
	c = CMSG_FIRSTHDR(hdr);
	c->cmsg_len = CMSG_LEN(sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
}

int
priv_send(int sock, enum priv_type type, uint32_t value, const void *body,
    size_t body_len, int fd)
{
	struct priv_msg msg = {
		.type = (uint32_t)type,
		.value = value,
		.body_len = (uint32_t)body_len,
	};
	struct iovec iov = { .iov_base = &msg, .iov_len = sizeof(msg) };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_control control;
	ssize_t n;

	if (body_len > UINT32_MAX) {
		errno = EMSGSIZE;
		return (-1);
	}
	/* The collector's sandbox denies sendmsg, which can name a receiver. */
	if (fd == -1)
		return (write_all(sock, (uint8_t *)&msg, sizeof(msg)) == -1 ?
			-1 :
			write_all(sock, body, body_len));
	attach_fd(&hdr, &control, fd);
	do
		n = sendmsg(sock, &hdr, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return (-1);
	if (write_all(sock, (uint8_t *)&msg + n, sizeof(msg) - (size_t)n) == -1)
		return (-1);
	return (write_all(sock, body, body_len));
}

int
priv_receive_body(int sock, void *body, size_t len)
{
	uint8_t *at = body;
	ssize_t n;

	while (len > 0) {
		n = recv(sock, at, len, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EPROTO;
		if (n <= 0)
			return (-1);
		at += n;
		len -= (size_t)n;
	}
	return (0);
}

/*
 * Stores the first descriptor in *fd, or -1, and closes all others: alignment
 * may leave room for a second.  Returns the number of descriptors received.
 */
static size_t
receive_fds(const struct cmsghdr *c, int *fd)
{
	const size_t head = CMSG_LEN(0);
	size_t i, n;
	int next;

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len < head)
		return (0);
	n = (c->cmsg_len - head) / sizeof(int);
	for (i = 0; i < n; i++) {
		memcpy(&next, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if (*fd == -1)
			*fd = next;
		else
			(void)close(next);
	}
	return (n);
}

int
priv_receive(int sock, struct priv_msg *msg, int *fd)
{
	struct iovec iov = { .iov_base = msg, .iov_len = sizeof(*msg) };
	union fd_control control;
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		/* The BSDs deliver a descriptor only if the padding fits. */
		.msg_controllen = sizeof(control.bytes),
	};
	const struct cmsghdr *c;
	size_t nfds = 0;
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(sock, &hdr, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return ((int)n);
	/* There is room for one header. */
	if ((c = CMSG_FIRSTHDR(&hdr)) != NULL)
		nfds = receive_fds(c, fd);
	/*
	 * A message is sent in one piece.  Waiting for the rest of a shorter
	 * one would let a faulty sender block this process.
	 */
	if ((hdr.msg_flags & MSG_CTRUNC) == 0 && nfds <= 1 && n == sizeof(*msg))
		return (1);
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
	errno = EPROTO;
	return (-1);
}

int
priv_send_want_log(int sock, const struct priv_want_log *want)
{
	struct {
		struct priv_msg msg;
		struct priv_want_log want;
	} whole = {
		.msg = { .type = PRIV_WANT_EXPORTER_LOG,
		    .body_len = sizeof(*want) },
		.want = *want,
	};

	/* In one piece, since the monitor does not wait for a body. */
	return (write_all(sock, (uint8_t *)&whole, sizeof(whole)));
}

/* The body was sent together with the rest, so that it must have arrived. */
static int
receive_want_log(int sock, struct priv_want_log *want)
{
	ssize_t n;

	do
		n = recv(sock, want, sizeof(*want), MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return (n == sizeof(*want) ? 0 : -1);
}

int
priv_receive_request(int sock, struct priv_request *request)
{
	const size_t want_len = sizeof(request->want);
	struct priv_msg msg;
	int fd, r;

	*request = (struct priv_request){ .type = 0 };

	if ((r = priv_receive(sock, &msg, &fd)) == 0)
		return (0);
	if (r == -1)
		return (errno == ECONNRESET ? 0 : -1);
	if (fd != -1) {
		(void)close(fd);
		return (-1);
	}
	if (msg.value != 0 ||
	    msg.body_len != (msg.type == PRIV_WANT_EXPORTER_LOG ? want_len : 0))
		return (-1);
	request->type = msg.type;
	if (msg.type == PRIV_WANT_EXPORTER_LOG &&
	    receive_want_log(sock, &request->want) == -1)
		return (-1);
	return (1);
}
