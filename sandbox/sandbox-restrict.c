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

#ifdef HAVE_CAP_RIGHTS_LIMIT
#include <sys/capsicum.h>
#endif

#include "sandbox/sandbox.h"

#ifdef HAVE_CAP_RIGHTS_LIMIT
#define RIGHTS_MAX 4

static const struct {
	uint64_t rights[RIGHTS_MAX]; /* up to the first 0 */
} uses[] = {
	[SANDBOX_USE_MONITOR] = { { CAP_RECV, CAP_SEND, CAP_EVENT } },
	[SANDBOX_USE_STDERR] = { { CAP_WRITE, CAP_EVENT } },
	[SANDBOX_USE_LISTENER] = { { CAP_RECV, CAP_EVENT, CAP_GETSOCKOPT } },
	[SANDBOX_USE_FORWARD] = { { CAP_SEND } },
	[SANDBOX_USE_FLOWLOG] = { { CAP_WRITE, CAP_FSTAT, CAP_SEEK,
	    CAP_EVENT } },
	[SANDBOX_USE_LOGSOCK] = { { CAP_SEND, CAP_EVENT } },
	/* Clients have the rights of the socket that accepts them. */
	[SANDBOX_USE_CONTROL] = { { CAP_ACCEPT, CAP_RECV, CAP_SEND,
	    CAP_EVENT } },
	[SANDBOX_USE_STATE] = { { CAP_READ, CAP_FSTAT } },
	[SANDBOX_USE_STATE_FILE] = { { CAP_WRITE } },
};

int
sandbox_restrict(int fd, enum sandbox_use use)
{
	cap_rights_t rights;
	size_t i;

	(void)cap_rights_init(&rights);
	for (i = 0; i < RIGHTS_MAX && uses[use].rights[i] != 0; i++)
		(void)cap_rights_set(&rights, uses[use].rights[i]);
	return (cap_rights_limit(fd, &rights));
}
#else
int
sandbox_restrict(int fd, enum sandbox_use use)
{
	(void)fd;
	(void)use;
	return (0);
}
#endif
