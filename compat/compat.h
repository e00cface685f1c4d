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
#include <sys/stat.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* For functions whose callers pass constants, which the compiler then folds. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/*
 * Each replacement has a name of its own, so that every system compiles and
 * tests it, also those that use their own function.
 */

/* OpenBSD's: always terminates, returns strlen(src). */
size_t compat_strlcpy(char *dst, const char *src, size_t size);
#ifndef HAVE_STRLCPY
#define strlcpy compat_strlcpy
#endif

/* OpenBSD's: *errstr is NULL, or the error: "invalid", "too small", ... */
long long compat_strtonum(const char *text, long long min, long long max,
    const char **errstr);
#ifndef HAVE_STRTONUM
#define strtonum compat_strtonum
#endif

void *compat_reallocarray(void *ptr, size_t n, size_t size);
#ifndef HAVE_REALLOCARRAY
#define reallocarray compat_reallocarray
#endif

void compat_closefrom(int first);
#ifndef HAVE_CLOSEFROM
#define closefrom compat_closefrom
#endif

/*
 * One call for each datagram.  The first waits as flags say; the others do not
 * wait, as if MSG_WAITFORONE were set.  The timeout is ignored.
 */
#ifndef HAVE_RECVMMSG
struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned int msg_len;
};
#endif
#ifndef MSG_WAITFORONE
#define MSG_WAITFORONE 0
#endif
int compat_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
    struct timespec *timeout);
int compat_sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags);
#ifndef HAVE_RECVMMSG
#define recvmmsg compat_recvmmsg
#define sendmmsg compat_sendmmsg
#endif

/* Over pselect: EINVAL for descriptors from FD_SETSIZE on. */
int compat_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask);
#ifndef HAVE_PPOLL
#define ppoll compat_ppoll
#endif

/* Writes the data, and more, to the medium. */
int compat_fdatasync(int fd);
#if !HAVE_DECL_FDATASYNC
#define fdatasync compat_fdatasync
#endif

#if defined(HAVE_STRUCT_STAT_ST_MTIMESPEC) && !defined(HAVE_STRUCT_STAT_ST_MTIM)
#define st_mtim st_mtimespec
#endif

/* flowd never executes another program, so it can do without these. */
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

#endif
