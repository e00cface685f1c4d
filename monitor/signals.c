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

#include <unistd.h>

#include "monitor/signals.h"

static const struct {
	int signo;
	enum signal_order order;
} handled[] = {
	{ SIGINT, ORDER_STOP },
	{ SIGTERM, ORDER_STOP },
	{ SIGHUP, ORDER_RELOAD },
	{ SIGUSR1, ORDER_REOPEN },
	{ SIGUSR2, ORDER_STATISTICS },
#ifdef SIGINFO
	{ SIGINFO, ORDER_STATISTICS },
#endif
};
#define NHANDLED (sizeof(handled) / sizeof(handled[0]))

static volatile sig_atomic_t received[NORDERS];

/* The process that waits for the result of a reload; 0: none. */
static volatile pid_t asker;

/* A SIGHUP that flowd -r sends.  Other users must not have signals sent. */
static bool
is_answered(int signo, const siginfo_t *info)
{
#ifdef HAVE_SIGQUEUE
	return (signo == SIGHUP && info->si_code == SI_QUEUE &&
	    info->si_value.sival_int == SIGNALS_ANSWER &&
	    (info->si_uid == 0 || info->si_uid == geteuid()));
#else
	(void)signo;
	(void)info;
	return (false);
#endif
}

/* A child has ended: the wait for it must end. */
static void
on_child(int signo)
{
	(void)signo;
}

static void
on_signal(int signo, siginfo_t *info, void *context)
{
	size_t i;

	(void)context;
	if (is_answered(signo, info))
		asker = info->si_pid;
	for (i = 0; i < NHANDLED; i++) {
		if (handled[i].signo == signo)
			received[handled[i].order] = 1;
	}
}

void
signals_catch(sigset_t *unblocked)
{
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};
	struct sigaction child = {
		.sa_handler = on_child,
		.sa_flags = SA_NOCLDSTOP,
	};
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigemptyset(&sa.sa_mask);
	sigemptyset(&child.sa_mask);
	for (i = 0; i < NHANDLED; i++) {
		sigaddset(&set, handled[i].signo);
		(void)sigaction(handled[i].signo, &sa, NULL);
	}
	sigaddset(&set, SIGCHLD);
	(void)sigaction(SIGCHLD, &child, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &set, unblocked);
}

void
signals_deliver(const sigset_t *unblocked)
{
	sigset_t blocked;

	(void)sigprocmask(SIG_SETMASK, unblocked, &blocked);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
}

bool
signals_received(enum signal_order order)
{
	const bool was = received[order] != 0;

	/* The signals are blocked: no handler runs between these lines. */
	received[order] = 0;
	return (was);
}

void
signals_answer(bool success)
{
	if (asker > 0)
		(void)kill(asker, success ? SIGUSR1 : SIGUSR2);
	asker = 0;
}

void
signals_ignore(void)
{
	sigset_t none;
	size_t i;

	for (i = 0; i < NHANDLED; i++)
		(void)signal(handled[i].signo, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
