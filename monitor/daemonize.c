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

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/daemonize.h"

static int
open_null(void)
{
	int fd;

	if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		fatal("/dev/null");
	return (fd);
}

void
daemonize_forget_terminal(int last)
{
	const int null = open_null();
	int fd;

	for (fd = STDIN_FILENO; fd <= last; fd++) {
		if (dup2(null, fd) == -1)
			fatal("/dev/null");
	}
	if (null > last)
		(void)close(null);
}

int
daemonize_begin(void)
{
	char status = 1;
	pid_t pid;
	int p[2];

	if (pipe(p) == -1 || (pid = fork()) == -1)
		fatal("cannot detach");
	if (pid != 0) {
		(void)close(p[1]);
		if (read(p[0], &status, 1) != 1)
			status = 1;
		_exit(status);
	}
	(void)close(p[0]);
	if (setsid() == -1)
		fatal("setsid");
	(void)umask(022);
	return (p[1]);
}

void
daemonize_finish(int waiting, bool debug)
{
	const char ok = 0;

	log_init("monitor", LOG_TO_SYSLOG, debug);
	daemonize_forget_terminal(STDERR_FILENO);
	if (write(waiting, &ok, 1) != 1)
		log_debug(
		    "the process that started flowd has exited; it does "
		    "not learn that the start succeeded");
	(void)close(waiting);
}
