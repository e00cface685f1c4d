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
 * pledge("stdio recvfd unix", "") after unveil("/", "") of OpenBSD 7.8, as its
 * kern_pledge.c has it, with the calls that Linux has for the same functions.
 * Other promises are not modelled: pledge does nothing for them.
 */
#include "compat/compat.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <sys/ioctl.h>

#include "tests/model/calls.h"
#include "tests/model/model.h"
#include "tests/model/pledge.h"

/* Whether a socket is of the domain that the promise unix permits. */
static bool
is_unix(long number, const uint64_t *args)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	(void)number;
	return (
	    model_system_call(SYS_getsockopt, args[0], SOL_SOCKET, SO_DOMAIN,
		(uint64_t)(uintptr_t)&domain, (uint64_t)(uintptr_t)&len) == 0 &&
	    domain == AF_UNIX);
}

static bool
makes_unix(long number, const uint64_t *args)
{
	(void)number;
	return (args[0] == AF_UNIX);
}

/* Options of protocols need the promise inet. */
static bool
is_socket_option(long number, const uint64_t *args)
{
	(void)number;
	return (args[1] == SOL_SOCKET);
}

/* Descriptors are sent with the promise sendfd alone. */
static bool
sends_no_descriptor(long number, const uint64_t *args)
{
	const struct msghdr *hdr = (const struct msghdr *)(uintptr_t)args[1];

	(void)number;
	return (hdr->msg_controllen == 0);
}

/* With an address: the promise unix permits it, on every socket. */
static bool
has_no_address(long number, const uint64_t *args)
{
	(void)number;
	return (args[4] == 0);
}

static bool
is_fstat(long number, const uint64_t *args)
{
	(void)number;
	return ((args[3] & AT_EMPTY_PATH) != 0 &&
	    *(const char *)(uintptr_t)args[1] == '\0');
}

static bool
is_fionread(long number, const uint64_t *args)
{
	(void)number;
	return (args[1] == FIONREAD || args[1] == FIONBIO);
}

/* Paths are hidden: no open, no stat, no connect by path. */
static const struct model_call calls[] = {
	MODEL_CALLS,
	{ SYS_read, NULL },
	{ SYS_readv, NULL },
	{ SYS_pread64, NULL },
	{ SYS_write, NULL },
	{ SYS_writev, NULL },
	{ SYS_pwrite64, NULL },
	{ SYS_close, NULL },
	{ SYS_dup, NULL },
	{ SYS_dup3, NULL },
	{ SYS_fcntl, NULL },
	{ SYS_fstat, NULL },
	{ SYS_newfstatat, is_fstat },
	{ SYS_lseek, NULL },
	{ SYS_fsync, NULL },
	{ SYS_fdatasync, NULL },
	{ SYS_ftruncate, NULL },
	{ SYS_getdents64, NULL },
	{ SYS_ioctl, is_fionread },
#ifdef SYS_poll
	{ SYS_poll, NULL },
	{ SYS_pipe, NULL },
#endif
	{ SYS_ppoll, NULL },
	{ SYS_epoll_create1, NULL }, /* for kqueue and kevent */
	{ SYS_epoll_ctl, NULL },
#ifdef SYS_epoll_wait
	{ SYS_epoll_wait, NULL },
#endif
	{ SYS_epoll_pwait, NULL },
	{ SYS_pselect6, NULL },
	{ SYS_pipe2, NULL },
	{ SYS_socketpair, NULL },
	{ SYS_shutdown, NULL },
	{ SYS_umask, NULL },
	{ SYS_wait4, NULL },
	{ SYS_recvfrom, NULL },
	{ SYS_recvmsg, NULL }, /* recvfd */
	{ SYS_recvmmsg, NULL },
	{ SYS_sendto, has_no_address },
	{ SYS_sendmsg, sends_no_descriptor },
	{ SYS_socket, makes_unix },
	{ SYS_accept, is_unix },
	{ SYS_accept4, is_unix },
	{ SYS_listen, is_unix },
	{ SYS_getsockname, is_unix },
	{ SYS_getpeername, is_unix },
	{ SYS_getsockopt, is_socket_option },
	{ SYS_setsockopt, is_socket_option },
};

int
unveil(const char *path, const char *permissions)
{
	(void)path;
	(void)permissions;
	return (0);
}

int
pledge(const char *promises, const char *execpromises)
{
	(void)execpromises;
	if (strcmp(promises, "stdio recvfd unix") != 0)
		return (0);
	return (model_enter("pledge", calls, sizeof(calls) / sizeof(calls[0]),
	    NULL));
}
