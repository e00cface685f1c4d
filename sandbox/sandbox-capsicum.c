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
 * Capability mode of FreeBSD: the process can no longer open anything by a
 * global name, such as a path, an address or a process ID.
 */
#include "compat/compat.h"

#include <sys/capsicum.h>

#include "sandbox/sandbox.h"

const char *
sandbox_name(void)
{
	return ("capsicum");
}

const char *
sandbox_explain(int signal)
{
	(void)signal;
	return ("");
}

int
sandbox_enter(enum sandbox_role role)
{
	if (sandbox_limit(role) == -1)
		return (-1);
	/* These two open files. */
	if (role == SANDBOX_PARSER || role == SANDBOX_MONITOR)
		return (0);
	return (cap_enter());
}
