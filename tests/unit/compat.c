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
 * The replacements in compat/, on every system: also where flowd uses the
 * system's own functions.
 */
#include "compat/compat.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define NMSGS 4

static volatile sig_atomic_t signals;

static void
on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void
test_strlcpy(void **state)
{
	char buf[4] = "???";

	(void)state;
	assert_int_equal(compat_strlcpy(buf, "ab", sizeof(buf)), 2);
	assert_string_equal(buf, "ab");
	assert_int_equal(compat_strlcpy(buf, "abc", sizeof(buf)), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(compat_strlcpy(buf, "abcdef", sizeof(buf)), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(compat_strlcpy(buf, "xyz", 0), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(compat_strlcpy(buf, "xyz", 1), 3);
	assert_string_equal(buf, "");
}

static void
check_number(const char *text, long long min, long long max, long long value,
    const char *error)
{
	const char *errstr = "unset";

	errno = ERANGE;
	assert_int_equal(compat_strtonum(text, min, max, &errstr), value);
	if (error == NULL) {
		assert_null(errstr);
		assert_int_equal(errno, ERANGE);
	} else {
		assert_string_equal(errstr, error);
		assert_int_equal(errno, EINVAL);
	}
}

static void
test_strtonum(void **state)
{
	(void)state;
	check_number("7", 0, 10, 7, NULL);
	check_number("-3", -3, 10, -3, NULL);
	check_number("10", 0, 10, 10, NULL);
	check_number("11", 0, 10, 0, "too large");
	check_number("-1", 0, 10, 0, "too small");
	check_number("", 0, 10, 0, "invalid");
	check_number("7x", 0, 10, 0, "invalid");
	check_number("7", 10, 0, 0, "invalid");
	check_number("9223372036854775807", 0, LLONG_MAX, LLONG_MAX, NULL);
	check_number("9223372036854775808", 0, LLONG_MAX, 0, "too large");
	check_number("-9223372036854775809", LLONG_MIN, 0, 0, "too small");
}

static void
test_reallocarray(void **state)
{
	char *p;

	(void)state;
	p = compat_reallocarray(NULL, 4, 8);
	assert_non_null(p);
	memset(p, 'x', 32);
	p = compat_reallocarray(p, 1024, 8);
	assert_non_null(p);
	assert_int_equal(p[31], 'x');
	errno = 0;
	assert_null(compat_reallocarray(p, SIZE_MAX / 8 + 1, 8));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(p[31], 'x');
	free(p);
}

static void
test_closefrom(void **state)
{
	const int low = dup(STDERR_FILENO), high = fcntl(low, F_DUPFD, 200);

	(void)state;
	assert_true(low >= 0 && high >= 200);
	compat_closefrom(high);
	assert_int_equal(fcntl(high, F_GETFD), -1);
	assert_int_not_equal(fcntl(low, F_GETFD), -1);
	(void)close(low);
}

static void
test_fdatasync(void **state)
{
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	assert_int_equal(compat_fdatasync(fileno(file)), 0);
	(void)fclose(file);
	assert_int_equal(compat_fdatasync(-1), -1);
	assert_int_equal(errno, EBADF);
}

struct messages {
	struct mmsghdr list[NMSGS];
	struct iovec iovs[NMSGS];
	char bytes[NMSGS][8];
};

static void
prepare(struct messages *m)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < NMSGS; i++) {
		m->iovs[i].iov_base = m->bytes[i];
		m->iovs[i].iov_len = sizeof(m->bytes[i]);
		m->list[i].msg_hdr.msg_iov = &m->iovs[i];
		m->list[i].msg_hdr.msg_iovlen = 1;
	}
}

static void
test_mmsg(void **state)
{
	struct messages in, out;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	prepare(&in);
	prepare(&out);
	(void)strcpy(out.bytes[0], "one");
	(void)strcpy(out.bytes[1], "second");
	out.iovs[0].iov_len = 3;
	out.iovs[1].iov_len = 6;
	assert_int_equal(compat_sendmmsg(pair[0], out.list, 2, 0), 2);
	assert_int_equal(out.list[1].msg_len, 6);

	assert_int_equal(
	    compat_recvmmsg(pair[1], in.list, NMSGS, MSG_WAITFORONE, NULL), 2);
	assert_int_equal(in.list[0].msg_len, 3);
	assert_int_equal(in.list[1].msg_len, 6);
	assert_memory_equal(in.bytes[0], "one", 3);
	assert_memory_equal(in.bytes[1], "second", 6);

	assert_int_equal(
	    compat_recvmmsg(pair[1], in.list, NMSGS, MSG_DONTWAIT, NULL), -1);
	assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
	assert_int_equal(compat_recvmmsg(pair[1], in.list, 0, 0, NULL), 0);
	assert_int_equal(compat_sendmmsg(pair[0], out.list, 0, 0), 0);

	/* One is left for the next call if there is no room for it. */
	assert_int_equal(compat_sendmmsg(pair[0], out.list, 2, 0), 2);
	assert_int_equal(compat_recvmmsg(pair[1], in.list, 1, 0, NULL), 1);
	assert_int_equal(compat_recvmmsg(pair[1], in.list, 1, 0, NULL), 1);
	assert_int_equal(in.list[0].msg_len, 6);
	(void)close(pair[0]);
	(void)close(pair[1]);
	assert_int_equal(compat_sendmmsg(-1, out.list, 2, 0), -1);
}

/* compat_ppoll and, where the system has it, its own answer the same. */
static int
poll_now(struct pollfd *fds, nfds_t n)
{
	const struct timespec now = { 0, 0 };
	const int ready = compat_ppoll(fds, n, &now, NULL);
	nfds_t i;
#ifdef HAVE_PPOLL
	struct pollfd copy[8];

	assert_true(n <= sizeof(copy) / sizeof(copy[0]));
	memcpy(copy, fds, n * sizeof(*fds));
	assert_int_equal(ppoll(copy, n, &now, NULL), ready);
	for (i = 0; i < n; i++)
		assert_int_equal(copy[i].revents, fds[i].revents);
#else
	for (i = 0; i < n; i++)
		assert_true(ready >= 0);
#endif
	return (ready);
}

static void
test_ppoll_of_descriptors(void **state)
{
	int pair[2], closed;
	struct pollfd fds[3];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fds[0] = (struct pollfd){ .fd = pair[0], .events = POLLIN | POLLOUT };
	fds[1] = (struct pollfd){ .fd = pair[1], .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 7 };
	assert_int_equal(poll_now(fds, 3), 1);
	assert_int_equal(fds[0].revents, POLLOUT);
	assert_int_equal(fds[1].revents, 0);
	assert_int_equal(fds[2].revents, 0);
	assert_int_equal(send(pair[0], "x", 1, 0), 1);
	assert_int_equal(poll_now(fds, 3), 2);
	assert_int_equal(fds[1].revents, POLLIN);

	closed = dup(pair[0]);
	(void)close(closed);
	fds[0].fd = closed;
	assert_int_equal(compat_ppoll(fds, 2, &(struct timespec){ 0, 0 }, NULL),
	    1);
	assert_int_equal(fds[0].revents, POLLNVAL);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
test_ppoll_waits_and_stops(void **state)
{
	const struct timespec soon = { 0, 20000000 };
	struct timespec before, after;
	struct pollfd fd = { .fd = FD_SETSIZE, .events = POLLIN };

	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(compat_ppoll(NULL, 0, &soon, NULL), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000000000LL +
		after.tv_nsec - before.tv_nsec >=
	    soon.tv_nsec);
	assert_int_equal(compat_ppoll(&fd, 1, &soon, NULL), -1);
	assert_int_equal(errno, EINVAL);
}

/* Signals arrive while it waits, and at no other time. */
static void
test_ppoll_lets_signals_in(void **state)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	sigset_t blocked, before, none;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &sa, NULL), 0);
	(void)sigemptyset(&none);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
	(void)kill(getpid(), SIGUSR1);
	assert_int_equal(signals, 0);
	assert_int_equal(compat_ppoll(NULL, 0, NULL, &none), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(signals, 1);
	(void)kill(getpid(), SIGUSR1);
	assert_int_equal(signals, 1);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(signals, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strlcpy),
		cmocka_unit_test(test_strtonum),
		cmocka_unit_test(test_reallocarray),
		cmocka_unit_test(test_closefrom),
		cmocka_unit_test(test_fdatasync),
		cmocka_unit_test(test_mmsg),
		cmocka_unit_test(test_ppoll_of_descriptors),
		cmocka_unit_test(test_ppoll_waits_and_stops),
		cmocka_unit_test(test_ppoll_lets_signals_in),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
