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
 * Capability mode and rights of descriptors, as FreeBSD 14's capabilities.conf
 * and rights(4) have them, with the calls that Linux has for the same
 * functions.
 *
 * Linux passes no rights with a descriptor.  So cap_rights_limit records them
 * by device and inode in memory that all processes share.  A descriptor that a
 * process had when it entered capability mode has the rights that this process
 * has limited it to, or all; any other has those of the record.
 */
#include "compat/compat.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>

#include "ipc/shared-memory.h"
#include "tests/model/calls.h"
#include "tests/model/model.h"
#include "tests/model/sys/capsicum.h"

#define RECORDS_MAX 4096
#define FDS_MAX     1024
#define ALL_RIGHTS  UINT64_MAX

struct record {
	dev_t device;
	ino_t inode;
	uint64_t rights;
};

static struct {
	atomic_uint n;
	struct record list[RECORDS_MAX];
} * records;

/* Rights of this process's own descriptors; 0: look into the records. */
static uint64_t own[FDS_MAX];

/* The process that limited it: a child has other files by the same number. */
static pid_t limited_by[FDS_MAX];

__attribute__((constructor)) static void
share_records(void)
{
	if ((records = shared_memory_new(sizeof(*records))) == NULL)
		abort();
}

static bool
identify(int fd, struct stat *st)
{
	return (model_system_call(SYS_newfstatat, (uint64_t)fd,
		    (uint64_t)(uintptr_t) "", (uint64_t)(uintptr_t)st,
		    AT_EMPTY_PATH, 0) == 0);
}

/* The latest record counts. */
static uint64_t
recorded(int fd)
{
	unsigned int i = atomic_load(&records->n);
	struct stat st;

	if (!identify(fd, &st))
		return (ALL_RIGHTS); /* the call itself fails */
	while (i-- > 0) {
		if (records->list[i].device == st.st_dev &&
		    records->list[i].inode == st.st_ino)
			return (records->list[i].rights);
	}
	return (ALL_RIGHTS);
}

static bool
has(uint64_t fd, uint64_t right)
{
	const int n = (int)fd;
	uint64_t rights;

	if (n < 0 || n >= FDS_MAX)
		return (true);
	rights = own[n] != 0 ? own[n] : recorded(n);
	return ((rights & right) == right);
}

static int
record(int fd, uint64_t rights)
{
	struct stat st;
	unsigned int i;

	if (!identify(fd, &st))
		return (-1);
	i = atomic_fetch_add(&records->n, 1);
	if (i >= RECORDS_MAX)
		abort();
	records->list[i] = (struct record){ st.st_dev, st.st_ino, rights };
	return (0);
}

cap_rights_t *
cap_rights_init(cap_rights_t *rights)
{
	rights->bits = 0;
	return (rights);
}

cap_rights_t *
cap_rights_set(cap_rights_t *rights, uint64_t right)
{
	rights->bits |= right;
	return (rights);
}

int
cap_rights_limit(int fd, const cap_rights_t *rights)
{
	if (fd >= 0 && fd < FDS_MAX) {
		own[fd] = rights->bits;
		limited_by[fd] = getpid();
	}
	return (record(fd, rights->bits));
}

/* Calls on a descriptor, and the rights that they need. */
static const struct {
	long number;
	uint64_t right;
} needs[] = {
	{ SYS_read, CAP_READ },
	{ SYS_readv, CAP_READ },
	{ SYS_pread64, CAP_READ | CAP_SEEK },
	{ SYS_write, CAP_WRITE },
	{ SYS_writev, CAP_WRITE },
	{ SYS_pwrite64, CAP_WRITE | CAP_SEEK },
	{ SYS_fstat, CAP_FSTAT },
	{ SYS_lseek, CAP_SEEK },
	{ SYS_fsync, CAP_FSYNC },
	{ SYS_fdatasync, CAP_FSYNC },
	{ SYS_ftruncate, CAP_FTRUNCATE },
	{ SYS_fcntl, CAP_FCNTL },
	{ SYS_ioctl, CAP_IOCTL },
	{ SYS_recvfrom, CAP_RECV },
	{ SYS_recvmsg, CAP_RECV },
	{ SYS_recvmmsg, CAP_RECV },
	{ SYS_sendmsg, CAP_SEND },
	{ SYS_accept, CAP_ACCEPT },
	{ SYS_accept4, CAP_ACCEPT },
	{ SYS_listen, CAP_LISTEN },
	{ SYS_getsockopt, CAP_GETSOCKOPT },
	{ SYS_setsockopt, CAP_SETSOCKOPT },
};

static bool
has_right(long number, const uint64_t *args)
{
	size_t i;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (needs[i].number == number)
			return (has(args[0], needs[i].right));
	}
	return (false);
}

/* An address is a global name. */
static bool
may_send(long number, const uint64_t *args)
{
	(void)number;
	return (args[4] == 0 && has(args[0], CAP_SEND));
}

static bool
may_stat(long number, const uint64_t *args)
{
	(void)number;
	return ((args[3] & AT_EMPTY_PATH) != 0 &&
	    *(const char *)(uintptr_t)args[1] == '\0' &&
	    has(args[0], CAP_FSTAT));
}

static bool
may_poll(long number, const uint64_t *args)
{
	const struct pollfd *fds = (const struct pollfd *)(uintptr_t)args[0];
	uint64_t i;

	(void)number;
	for (i = 0; i < args[1]; i++) {
		if (fds[i].fd >= 0 && !has((uint64_t)fds[i].fd, CAP_EVENT))
			return (false);
	}
	return (true);
}

static bool
may_watch(long number, const uint64_t *args)
{
	(void)number;
	return (has(args[2], CAP_EVENT));
}

static bool
may_close(long number, const uint64_t *args)
{
	(void)number;
	if (args[0] < FDS_MAX)
		own[args[0]] = 0;
	return (true);
}

static const struct model_call calls[] = {
	MODEL_CALLS,
	{ SYS_close, may_close },
	{ SYS_read, has_right },
	{ SYS_readv, has_right },
	{ SYS_pread64, has_right },
	{ SYS_write, has_right },
	{ SYS_writev, has_right },
	{ SYS_pwrite64, has_right },
	{ SYS_fstat, has_right },
	{ SYS_newfstatat, may_stat },
	{ SYS_lseek, has_right },
	{ SYS_fsync, has_right },
	{ SYS_fdatasync, has_right },
	{ SYS_ftruncate, has_right },
	{ SYS_fcntl, has_right },
	{ SYS_ioctl, has_right },
	{ SYS_recvfrom, has_right },
	{ SYS_recvmsg, has_right },
	{ SYS_recvmmsg, has_right },
	{ SYS_sendto, may_send },
	{ SYS_sendmsg, has_right },
	{ SYS_accept, has_right },
	{ SYS_accept4, has_right },
	{ SYS_listen, has_right },
	{ SYS_getsockopt, has_right },
	{ SYS_setsockopt, has_right },
	{ SYS_socket, NULL },
	{ SYS_socketpair, NULL },
	{ SYS_pipe2, NULL },
	{ SYS_umask, NULL },
#ifdef SYS_poll
	{ SYS_poll, may_poll },
#endif
	{ SYS_ppoll, may_poll },
	{ SYS_epoll_create1, NULL }, /* for kqueue and kevent */
	{ SYS_epoll_ctl, may_watch },
#ifdef SYS_epoll_wait
	{ SYS_epoll_wait, NULL },
#endif
	{ SYS_epoll_pwait, NULL },
};

/* A client has the rights of the socket that accepted it. */
static void
inherit(long number, const uint64_t *args, long result)
{
	const bool accepts = number == SYS_accept || number == SYS_accept4;

	if (accepts && result >= 0 && result < FDS_MAX)
		own[result] =
		    own[args[0]] != 0 ? own[args[0]] : recorded((int)args[0]);
}

int
cap_enter(void)
{
	int fd;

	for (fd = 0; fd < FDS_MAX; fd++) {
		if (fcntl(fd, F_GETFD) == -1)
			own[fd] = 0;
		else if (own[fd] == 0 || limited_by[fd] != getpid())
			own[fd] = ALL_RIGHTS;
	}
	return (model_enter("capsicum", calls, sizeof(calls) / sizeof(calls[0]),
	    inherit));
}
