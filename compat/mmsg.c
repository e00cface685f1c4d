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

#ifndef HAVE_RECVMMSG
/* One datagram a call. */
int
recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
    struct timespec *timeout)
{
	ssize_t len;

	(void)timeout;
	if (n == 0)
		return (0);
	if ((len = recvmsg(fd, &msgs[0].msg_hdr, flags)) == -1)
		return (-1);
	msgs[0].msg_len = (unsigned int)len;
	return (1);
}

int
sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	ssize_t len;

	if (n == 0)
		return (0);
	if ((len = sendmsg(fd, &msgs[0].msg_hdr, flags)) == -1)
		return (-1);
	msgs[0].msg_len = (unsigned int)len;
	return (1);
}
#endif
