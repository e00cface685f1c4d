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

#include <sys/ioctl.h>

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/ctl-connect.h"
#include "control/ctl-print.h"
#include "control/ctl-top.h"
#include "format.h"

/*
 * The alternate screen is not used: the terminal would erase error messages
 * with it.  While a round is drawn, the terminal cuts long lines.
 */
#define CLEAR       "\033[H\033[2J\033[?7l"
#define WRAP        "\033[?7h"
#define CURSOR_HIDE "\033[?25l"
#define CURSOR_SHOW "\033[?25h"
#define LINES_HEAD  4 /* above the exporters */

struct row {
	const struct control_exporter *e;
	uint64_t datagrams, flows, missing; /* since the previous round */
};

struct top {
	struct answer now, before;
	bool has_before;
	double seconds; /* between the two answers */
	struct row *rows;
	size_t nrows;
};

static volatile sig_atomic_t ended, resized, suspended;

static void
on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else if (sig == SIGTSTP)
		suspended = 1;
	else
		ended = 1;
}

static uint64_t
missing(const struct control_exporter *e)
{
	return (e->periods[CONTROL_START].missing);
}

/* If flowd evicted the exporter in between, its counters started at 0. */
static uint64_t
difference(uint64_t now, uint64_t before)
{
	return (now >= before ? now - before : now);
}

static struct row
make_row(const struct top *top, const struct control_exporter *e)
{
	static const struct control_exporter none;
	const struct control_exporter *was;
	size_t i = ANSWER_FIRST;

	was = answer_record_of(&top->before, CONTROL_EXPORTER, &e->addr, &i);
	if (was == NULL)
		was = &none;
	return ((struct row){
	    .e = e,
	    .datagrams =
		difference(e->counters.datagrams, was->counters.datagrams),
	    .flows = difference(e->counters.flows, was->counters.flows),
	    .missing = difference(missing(e), missing(was)),
	});
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->flows != y->flows)
		return (x->flows > y->flows ? -1 : 1);
	if (x->datagrams != y->datagrams)
		return (x->datagrams > y->datagrams ? -1 : 1);
	/* In the order of the answer. */
	return (x->e < y->e ? -1 : 1);
}

static int
make_rows(struct top *top)
{
	const struct control_exporter *e;
	const size_t n = top->now.lists[CONTROL_EXPORTER].n;
	size_t i;

	free(top->rows);
	top->nrows = 0;
	top->rows = calloc(n == 0 ? 1 : n, sizeof(*top->rows));
	if (top->rows == NULL) {
		log_warn("top");
		return (-1);
	}
	for (i = 0; (e = answer_record(&top->now, CONTROL_EXPORTER, i)) != NULL;
	     i++)
		top->rows[top->nrows++] = make_row(top, e);
	qsort(top->rows, top->nrows, sizeof(*top->rows), compare_rows);
	return (0);
}

static double
rate(const struct top *top, uint64_t n)
{
	return (top->has_before ? (double)n / top->seconds : 0);
}

static void
put_head(const struct top *top, const char *end)
{
	const struct control_summary *s =
	    answer_record(&top->now, CONTROL_SUMMARY, 0);
	const struct control_hello *hello =
	    answer_record(&top->now, CONTROL_HELLO, 0);
	char time[32];

	(void)printf("flowd %s  %" PRIu64 " exporters%s",
	    format_iso_time((uint32_t)hello->now, false, time), s->exporters,
	    end);
	(void)printf("flows %" PRIu64 " stored %" PRIu64 " discarded %" PRIu64
		     " lost %" PRIu64 "%s",
	    s->counters.flows, s->counters.stored, s->counters.discarded,
	    s->counters.lost, end);
	(void)printf("datagrams %" PRIu64 " invalid %" PRIu64
		     " kernel drops %" PRIu64 "%s",
	    s->counters.datagrams, s->counters.invalid,
	    s->collector.kernel_drops, end);
	(void)printf("%-*s %12s %12s %12s%s", ctl_address_width(&top->now),
	    "EXPORTER", "DATAGRAMS/s", "FLOWS/s", "MISSING/s", end);
}

static void
put_rows(const struct top *top, size_t max, const char *end)
{
	const int width = ctl_address_width(&top->now);
	char addr[ADDR_STRLEN];
	const struct row *r;
	size_t i;

	for (i = 0; i < top->nrows && i < max; i++) {
		r = &top->rows[i];
		(void)printf("%-*s %12.1f %12.1f %12.1f%s", width,
		    addr_ntop(&r->e->addr, addr), rate(top, r->datagrams),
		    rate(top, r->flows), rate(top, r->missing), end);
	}
}

/* The number of lines of the terminal; 0: unknown. */
static size_t
screen_lines(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1)
		return (0);
	return (size.ws_row);
}

/* False: cannot write to standard output. */
static bool
draw(const struct top *top, bool on_screen)
{
	const size_t lines = on_screen ? screen_lines() : 0;
	/* The last line stays empty: writing it would scroll. */
	const size_t rows = lines == 0 ? SIZE_MAX :
	    lines > LINES_HEAD + 1     ? lines - LINES_HEAD - 1 :
					 0;

	if (on_screen)
		(void)fputs(CLEAR, stdout);
	put_head(top, "\n");
	put_rows(top, rows, "\n");
	(void)fputs(on_screen ? WRAP : "\n", stdout);
	return (fflush(stdout) == 0);
}

static double
seconds_now(void)
{
	return ((double)clock_ns() / (double)NS_PER_SECOND);
}

static int
ask(struct top *top, const char *path)
{
	const struct control_request request = {
		.wants = CONTROL_WANT_SUMMARY | CONTROL_WANT_EXPORTERS,
	};
	struct answer answer;

	if (ctl_ask(path, &request, &answer) == -1)
		return (-1);
	answer_free(&top->before);
	top->before = top->now;
	top->now = answer;
	top->has_before = top->before.ndata > 0;
	if (answer_record(&answer, CONTROL_SUMMARY, 0) != NULL)
		return (make_rows(top));
	log_warnx("%s: the answer is invalid", path);
	return (-1);
}

/*
 * Reads single keys without echo.  NOFLSH: an interrupt does not discard the
 * output that the terminal has not yet read, which may be the end of a table.
 */
static void
enter_screen(const struct termios *before)
{
	struct termios raw = *before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_lflag |= NOFLSH;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	(void)fputs(CURSOR_HIDE, stdout);
}

/* The table may have ended early, so line wrap is switched on again. */
static void
leave_screen(const struct termios *before)
{
	(void)fputs(WRAP CURSOR_SHOW, stdout);
	(void)fflush(stdout);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
}

/* Gives the terminal back to the shell, until the user continues the job. */
static void
suspend(const struct termios *before)
{
	leave_screen(before);
	(void)kill(getpid(), SIGSTOP);
	enter_screen(before);
}

/* Waits for the next round.  True: the user pressed q. */
static bool
wait_for_q(struct top *top, double until, const struct termios *screen)
{
	struct pollfd pfd = { .fd = screen != NULL ? STDIN_FILENO : -1,
		.events = POLLIN };
	double left;
	char key;

	while (!ended && (left = until - seconds_now()) > 0) {
		if (resized || suspended) {
			if (suspended && screen != NULL)
				suspend(screen);
			resized = suspended = 0;
			(void)draw(top, screen != NULL);
		}
		if (poll(&pfd, 1, (int)(left * 1000) + 1) == 1) {
			if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
				return (true);
		}
	}
	return (false);
}

/* screen: the terminal's state before; NULL: the output is no terminal. */
static int
run(struct top *top, const char *path, unsigned int seconds,
    unsigned int rounds, const struct termios *screen)
{
	double at, last = 0;
	unsigned int round;

	for (round = 1; !ended; round++) {
		at = seconds_now();
		top->seconds = at - last;
		last = at;
		if (ask(top, path) == -1)
			return (1);
		if (!draw(top, screen != NULL))
			return (1);
		if (round == rounds || wait_for_q(top, at + seconds, screen))
			break;
	}
	return (0);
}

/* SA_RESTART: signals interrupt poll, but no other system call. */
static void
catch_signals(bool on_screen)
{
	static const int always[] = { SIGINT, SIGTERM, SIGWINCH };
	static const int of_screen[] = { SIGHUP, SIGQUIT, SIGTSTP };
	const struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};
	size_t i;

	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		(void)sigaction(always[i], &sa, NULL);
	for (i = 0; on_screen && i < sizeof(of_screen) / sizeof(of_screen[0]);
	     i++)
		(void)sigaction(of_screen[i], &sa, NULL);
}

int
ctl_top(const char *path, unsigned int seconds, unsigned int rounds)
{
	struct termios before;
	const bool on_screen =
	    isatty(STDOUT_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before) == 0;
	struct top top = { .rows = NULL };
	int status;

	catch_signals(on_screen);
	if (on_screen)
		enter_screen(&before);
	status = run(&top, path, seconds, rounds, on_screen ? &before : NULL);
	if (on_screen)
		leave_screen(&before);
	free(top.rows);
	answer_free(&top.now);
	answer_free(&top.before);
	return (status);
}
