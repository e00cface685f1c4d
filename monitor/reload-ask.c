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

#include <sys/types.h>

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor/reload-ask.h"
#include "monitor/signals.h"

#ifdef HAVE_SIGQUEUE

#define ANSWER_SECONDS 60

/* The process that has locked the pidfile, or -1 after a message. */
static pid_t
find_monitor(const char *pidfile)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(pidfile, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1) {
		log_warn("pidfile %s; no flowd was told to reload", pidfile);
		return (-1);
	}
	if (fcntl(fd, F_GETLK, &lock) == -1)
		fatal("pidfile %s", pidfile);
	(void)close(fd);
	if (lock.l_type != F_UNLCK && lock.l_pid > 0)
		return (lock.l_pid);
	log_warnx("pidfile %s: no flowd runs that wrote it", pidfile);
	return (-1);
}

/* Returns SIGUSR1 or SIGUSR2 from this process, or -1 if neither arrives. */
static int
wait_for_answer(const sigset_t *answers, pid_t monitor)
{
	const time_t until = clock_sec() + ANSWER_SECONDS;
	const struct timespec second = { .tv_sec = 1 };
	siginfo_t info;

	while (clock_sec() < until) {
		if (sigtimedwait(answers, &info, &second) != -1 &&
		    info.si_pid == monitor)
			return (info.si_signo);
	}
	return (-1);
}

int
reload_ask(const char *pidfile)
{
	const union sigval value = { .sival_int = SIGNALS_ANSWER };
	const pid_t monitor = find_monitor(pidfile);
	sigset_t answers;

	if (monitor == -1)
		return (-1);
	sigemptyset(&answers);
	sigaddset(&answers, SIGUSR1);
	sigaddset(&answers, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &answers, NULL);
	if (sigqueue(monitor, SIGHUP, value) == -1) {
		log_warn("cannot signal flowd, process %ld", (long)monitor);
		return (-1);
	}
	switch (wait_for_answer(&answers, monitor)) {
	case SIGUSR1:
		return (0);
	case SIGUSR2:
		log_warnx(
		    "flowd, process %ld, keeps its old configuration; "
		    "its log has the reason",
		    (long)monitor);
		return (-1);
	default:
		log_warnx(
		    "flowd, process %ld, has not answered within %d "
		    "seconds",
		    (long)monitor, ANSWER_SECONDS);
		return (-1);
	}
}

#else

int
reload_ask(const char *pidfile)
{
	log_warnx(
	    "this system cannot report the result of a reload; send "
	    "SIGHUP to the process in %s instead",
	    pidfile);
	return (-1);
}

#endif
