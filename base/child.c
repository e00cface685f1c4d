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

#include <sys/wait.h>

#include <errno.h>

#include "base/child.h"

int
child_wait(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) == -1) {
		if (errno != EINTR)
			return (-1);
	}
	return (0);
}

static int
result_of(int status)
{
	return (WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
}

int
child_result(pid_t pid)
{
	int status;

	return (child_wait(pid, &status) == -1 ? errno : result_of(status));
}

bool
child_has_ended(pid_t pid, int *error)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return (false);
	*error = result_of(status);
	return (true);
}
