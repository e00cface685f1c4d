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
 * Resource limits: no new process, no core file, which would contain memory,
 * and no new descriptor for roles that need none.
 */
#include "compat/compat.h"

#include <sys/resource.h>

#include "sandbox/sandbox.h"

static int
limit_to_nothing(int resource)
{
	const struct rlimit none = { 0, 0 };

	return (setrlimit(resource, &none));
}

int
sandbox_limit(enum sandbox_role role)
{
	if (limit_to_nothing(RLIMIT_CORE) == -1)
		return (-1);
	if (role == SANDBOX_MONITOR)
		return (0);
#if defined(RLIMIT_NPROC) && !SANDBOX_SANITIZED
	if (limit_to_nothing(RLIMIT_NPROC) == -1)
		return (-1);
#endif
	/* The other roles open files or receive descriptors. */
	if (role == SANDBOX_FILES && limit_to_nothing(RLIMIT_NOFILE) == -1)
		return (-1);
	return (0);
}
