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
 * pledge(2) of OpenBSD.  The kernel kills a process that violates its promises.
 */
#include "compat/compat.h"

#include <signal.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

/*
 * The monitor starts processes that call chroot(2), which no promise permits.
 * The collector accepts clients on the control socket, which unix permits; it
 * must not open sockets to other hosts, which inet would permit.  The size of a
 * receive buffer may be read with any promise.
 */
static const char *const promises[] = {
	[SANDBOX_COLLECTOR] = "stdio recvfd unix",
	[SANDBOX_PARSER] = "stdio rpath",
	[SANDBOX_FILES] = "stdio",
	[SANDBOX_MONITOR] = NULL,
};

const char *
sandbox_name(void)
{
	return ("pledge");
}

const char *
sandbox_explain(int signal)
{
	return (signal == SIGABRT ?
		" for a call that the sandbox forbids, or by abort(3)" :
		"");
}

int
sandbox_enter(enum sandbox_role role)
{
	if (sandbox_limit(role) == -1)
		return (-1);
	if (promises[role] == NULL)
		return (0);
	/* Only the parser opens files, and it only reads them. */
	if (unveil("/", role == SANDBOX_PARSER ? "r" : "") == -1 ||
	    unveil(NULL, NULL) == -1)
		return (-1);
	return (pledge(promises[role], ""));
}
