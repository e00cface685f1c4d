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

/*
 * The minimum cost of a collector: receives datagrams and writes their bytes to
 * a file.  With a length, it writes that many bytes for each datagram instead.
 * SIGTERM ends it.
 */
#include "compat/compat.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH    64         /* datagrams in a system call */
#define DATAGRAM 65536      /* bytes */
#define RCVBUF   (32 << 20) /* bytes, as flowd requests */

static volatile sig_atomic_t stopped;

static void
on_signal(int signo)
{
	(void)signo;
	stopped = 1;
}

static int
open_socket(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, size = RCVBUF;

	sin.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		err(1, "socket");
#if HAVE_DECL_SO_RCVBUFFORCE
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ==
	    -1)
#endif
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "port %s", port);
	return (fd);
}

int
main(int argc, char **argv)
{
	static uint8_t buffers[BATCH][DATAGRAM];
	static struct mmsghdr msgs[BATCH];
	static struct iovec in[BATCH], out[BATCH];
	struct sigaction sa = { .sa_handler = on_signal };
	size_t len = 0;
	int i, n, sock, fd;

	if (argc != 3 && argc != 4)
		errx(1, "usage: floor port file [length]");
	if (argc == 4 && (len = strtoul(argv[3], NULL, 10)) > DATAGRAM)
		errx(1, "%zu bytes are too many", len);
	sock = open_socket(argv[1]);
	if ((fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
		 0600)) == -1)
		err(1, "%s", argv[2]);
	for (i = 0; i < BATCH; i++) {
		in[i] = (struct iovec){ buffers[i], DATAGRAM };
		out[i].iov_base = buffers[i];
		msgs[i].msg_hdr.msg_iov = &in[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	(void)sigaction(SIGTERM, &sa, NULL);
	while (!stopped) {
		n = recvmmsg(sock, msgs, BATCH, MSG_WAITFORONE, NULL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(1, "recvmmsg");
		for (i = 0; i < n; i++)
			out[i].iov_len = len != 0 ? len : msgs[i].msg_len;
		if (writev(fd, out, n) == -1)
			err(1, "%s", argv[2]);
	}
	return (0);
}
