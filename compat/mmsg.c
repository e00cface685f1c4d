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

int
compat_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
    struct timespec *timeout)
{
	unsigned int i;
	ssize_t len;

	(void)timeout;
	flags &= ~MSG_WAITFORONE;
	for (i = 0; i < n; i++) {
		if ((len = recvmsg(fd, &msgs[i].msg_hdr, flags)) == -1)
			break;
		msgs[i].msg_len = (unsigned int)len;
		flags |= MSG_DONTWAIT;
	}
	return (i == 0 && n > 0 ? -1 : (int)i);
}

int
compat_sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	unsigned int i;
	ssize_t len;

	for (i = 0; i < n; i++) {
		if ((len = sendmsg(fd, &msgs[i].msg_hdr, flags)) == -1)
			break;
		msgs[i].msg_len = (unsigned int)len;
	}
	return (i == 0 && n > 0 ? -1 : (int)i);
}
