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

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/priv-msg.h"

#define DESCRIPTORS_MAX 5
#define SIZE_MAX_TRIED  (3 * sizeof(struct priv_msg))

/*
 * Returns the result after the last request in these bytes; *taken is the
 * number of requests.
 */
static int
receive_all(const void *bytes, size_t len, size_t *taken)
{
	struct priv_request request;
	int pair[2], r = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	if (len > 0)
		assert_int_equal(send(pair[0], bytes, len, 0), len);
	assert_int_equal(shutdown(pair[0], SHUT_WR), 0);
	for (*taken = 0; r == 1; *taken += r == 1)
		r = priv_receive_request(pair[1], &request);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return (r);
}

static void
try_all_sizes(uint32_t type)
{
	const struct priv_msg msg = { .type = type };
	const size_t size = sizeof(msg);
	uint8_t bytes[SIZE_MAX_TRIED];
	size_t len, taken;
	int r;

	for (len = 0; len < sizeof(bytes); len += size)
		memcpy(bytes + len, &msg, size);
	for (len = 0; len <= sizeof(bytes); len++) {
		r = receive_all(bytes, len, &taken);
		assert_int_equal(taken, len / size);
		assert_int_equal(r, len % size == 0 ? 0 : -1);
	}
}

static void
test_every_type_with_every_size(void **state)
{
	uint32_t type;

	(void)state;
	for (type = 0; type < 512; type++) {
		if (type != PRIV_WANT_EXPORTER_LOG)
			try_all_sizes(type);
	}
	try_all_sizes(PRIV_READY + (1U << 31));
	try_all_sizes(PRIV_READY + (1U << 16));
	try_all_sizes(UINT32_MAX);
}

static void
test_every_bit_of_other_fields(void **state)
{
	struct priv_msg msg = { .type = PRIV_WANT_STATE };
	size_t taken;
	int bit;

	(void)state;
	for (bit = 0; bit < 32; bit++) {
		msg.value = UINT32_C(1) << bit;
		msg.body_len = 0;
		assert_int_equal(receive_all(&msg, sizeof(msg), &taken), -1);
		msg.value = 0;
		msg.body_len = UINT32_C(1) << bit;
		assert_int_equal(receive_all(&msg, sizeof(msg), &taken), -1);
	}
}

/* Only this request has a body, which has one size. */
static void
test_request_with_a_body(void **state)
{
	const struct priv_want_log want = { .place = 1, .log = 2 };
	struct {
		struct priv_msg msg;
		struct priv_want_log want;
		uint8_t more;
	} whole = { .msg = { .type = PRIV_WANT_EXPORTER_LOG }, .want = want };
	struct priv_request request;
	uint32_t len;
	size_t taken;
	int pair[2];

	(void)state;
	for (len = 0; len < 2 * sizeof(want); len++) {
		whole.msg.body_len = len;
		(void)receive_all(&whole, sizeof(whole), &taken);
		assert_int_equal(taken, len == sizeof(want));
	}
	whole.msg.body_len = sizeof(want);
	for (len = sizeof(whole.msg); len < sizeof(whole.msg) + sizeof(want);
	     len++)
		assert_int_equal(receive_all(&whole, len, &taken), -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(priv_send_want_log(pair[0], &want), 0);
	assert_int_equal(priv_receive_request(pair[1], &request), 1);
	assert_int_equal(request.type, PRIV_WANT_EXPORTER_LOG);
	assert_memory_equal(&request.want, &want, sizeof(want));
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* Returns the lowest free descriptor: none below it was left open. */
static int
lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	(void)close(fd);
	return (fd);
}

static void
test_descriptor_is_refused_and_closed(void **state)
{
	struct priv_request request;
	int pair[2], before;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	before = lowest_free();
	assert_int_equal(
	    priv_send(pair[0], PRIV_WANT_STATE, 0, NULL, 0, STDERR_FILENO), 0);
	assert_int_equal(priv_receive_request(pair[1], &request), -1);
	assert_int_equal(lowest_free(), before);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* A message with several descriptors, which priv_send does not send. */
static void
send_descriptors(int sock, size_t n)
{
	struct priv_msg msg = { .type = PRIV_LOG };
	struct iovec iov = { &msg, sizeof(msg) };
	union {
		char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&hdr);
	const int fd = STDERR_FILENO;
	size_t i;

	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(int));
	assert_int_equal(sendmsg(sock, &hdr, 0), sizeof(msg));
}

/* Two fit into the padding that a buffer for one has on 64-bit systems. */
static void
test_more_than_one_descriptor_is_refused(void **state)
{
	struct priv_msg msg;
	int pair[2], before, fd;
	size_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	before = lowest_free();
	for (n = 2; n <= DESCRIPTORS_MAX; n++) {
		send_descriptors(pair[0], n);
		assert_int_equal(priv_receive(pair[1], &msg, &fd), -1);
		assert_int_equal(errno, EPROTO);
		assert_int_equal(fd, -1);
		assert_int_equal(lowest_free(), before);
	}
	send_descriptors(pair[0], 1);
	assert_int_equal(priv_receive(pair[1], &msg, &fd), 1);
	assert_int_equal(fd, before);
	(void)close(fd);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_with_every_size),
		cmocka_unit_test(test_every_bit_of_other_fields),
		cmocka_unit_test(test_request_with_a_body),
		cmocka_unit_test(test_descriptor_is_refused_and_closed),
		cmocka_unit_test(test_more_than_one_descriptor_is_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
