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
 * The results of configure, and replacements for functions that this system
 * lacks.  Included before any system header, since autoconf.h selects the
 * system's interfaces.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <autoconf.h>

#include <sys/types.h>
#include <sys/socket.h>

#include <stddef.h>

/* For functions whose callers pass constants, which the compiler then folds. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

#ifndef HAVE_STRLCPY
/* OpenBSD's: always terminates, returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size);
#endif

#ifndef HAVE_STRTONUM
/* OpenBSD's: *errstr is NULL, or the error: "invalid", "too small", ... */
long long strtonum(const char *text, long long min, long long max,
    const char **errstr);
#endif

#ifndef HAVE_REALLOCARRAY
void *reallocarray(void *ptr, size_t n, size_t size);
#endif

#ifndef HAVE_CLOSEFROM
void closefrom(int first);
#endif

#ifndef HAVE_RECVMMSG
struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned int msg_len;
};
struct timespec;
int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
    struct timespec *timeout);
int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags);
#endif

/* flowd never executes another program, so it can do without these. */
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

#endif
