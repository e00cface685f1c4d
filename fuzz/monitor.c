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
 * Messages from the collector to the monitor.
 *
 * An input is a sequence of messages: a byte that describes the message
 * (WITH_*), and its octets, with the body of PRIV_WANT_EXPORTER_LOG.  The last one may be
 * truncated.
 */
#include "compat/compat.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#include "fuzz-config.h"
#include "ipc/priv-msg.h"
#include "lib/cursor.h"
#include "monitor/requests.h"
#include "monitor/worker.h"
#include "sandbox/rights.h"

#define WITH_DESCRIPTORS 0x03 /* number of descriptors */
#define WITH_RELOAD      0x04 /* another reload is to be confirmed */
#define WITH_LOG         0x08 /* another log is to be confirmed */

#define REQUESTS_MAX 64
#define EXPORTERS    4 /* that may have a log */

union descriptors {
	char bytes[CMSG_SPACE(3 * sizeof(int))];
	struct cmsghdr align;
};

static char dir[FUZZ_PATH_MAX];

static void
remove_dir(void)
{
	char path[FUZZ_PATH_MAX + sizeof("/192.0.2.255")];
	unsigned int i;

	(void)snprintf(path, sizeof(path), "%s/state", dir);
	(void)unlink(path);
	for (i = 0; i < EXPORTERS; i++) {
		(void)snprintf(path, sizeof(path), "%s/192.0.2.%u", dir, i);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static struct config *
make_config(void)
{
	const char *parent = getenv("TMPDIR");
	char text[8 * FUZZ_PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%s/fuzz-XXXXXX",
	    parent == NULL ? "/tmp" : parent);
	assert_non_null(mkdtemp(dir));
	assert_true(atexit(remove_dir) == 0);
	(void)snprintf(text, sizeof(text),
	    "listen on 127.0.0.1:1\nlogsock \"%s/sock\"\n"
	    "statefile \"%s/state\"\nlogfile \"%s/%%{exporter}\"\n"
	    "flow source 192.0.2.0/30\nlimit logs 2\n",
	    dir, dir, dir);
	return (fuzz_parse(text, strlen(text), CONFIG_DAEMON));
}

static void
transmit(int sock, const void *data, size_t len, size_t nfds)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data,
		.iov_len = len };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	union descriptors control = { .bytes = { 0 } };
	const int fds[] = { sock, sock, sock };
	struct cmsghdr *c;

	if (nfds > 0) {
		hdr.msg_control = &control;
		hdr.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&hdr);
		assert_non_null(c);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	assert_true(sendmsg(sock, &hdr, 0) == (ssize_t)len);
}

/* A message, and the body of PRIV_WANT_EXPORTER_LOG. */
struct message {
	struct priv_msg msg;
	struct priv_want_log want;
};

static bool
has_body(const struct message *m)
{
	return (m->msg.type == PRIV_WANT_EXPORTER_LOG &&
	    m->msg.body_len == sizeof(m->want));
}

/* Reads the message, or the rest of the input.  Returns its length. */
static size_t
read_message(struct cursor *in, struct message *m)
{
	size_t len = sizeof(m->msg), more = sizeof(m->want);

	memset(m, 0, sizeof(*m));
	if (cur_left(in) < len)
		len = cur_left(in);
	assert_int_equal(cur_bytes(in, &m->msg, len), 0);
	if (len < sizeof(m->msg) || !has_body(m))
		return (len);
	if (cur_left(in) < more)
		more = cur_left(in);
	assert_int_equal(cur_bytes(in, &m->want, more), 0);
	return (len + more);
}

/* Whether the monitor must answer the message. */
static bool
is_request(const struct message *m, size_t nfds, const struct worker *w,
    const struct opened *o)
{
	if (nfds != 0 || m->msg.value != 0 ||
	    !request_is_allowed(w, m->msg.type))
		return (false);
	if (m->msg.type != PRIV_WANT_EXPORTER_LOG)
		return (m->msg.body_len == 0);
	return (has_body(m) &&
	    (w->configuring > 0 || flowlogs_may_want(&o->logs, &m->want)));
}

/* False if the monitor must end the collector. */
static bool
request(struct workers *ws, struct opened *o, int sock, struct cursor *in)
{
	struct worker *w = &ws->list[0];
	struct message m;
	uint8_t with;
	size_t len, whole;
	int expected;

	if (cur_u8(in, &with) != 0) {
		assert_true(shutdown(sock, SHUT_WR) == 0);
		assert_true(request_answer(ws, w, o) == 0);
		return (false);
	}
	/* The rate limit is not part of the test. */
	w->requests = w->wanted_logs = 0;
	if ((with & WITH_RELOAD) != 0)
		w->configuring++;
	if ((with & WITH_LOG) != 0)
		w->sent_logs++;
	len = read_message(in, &m);
	whole = sizeof(m.msg) + (has_body(&m) ? sizeof(m.want) : 0);
	expected =
	    len == whole && is_request(&m, with & WITH_DESCRIPTORS, w, o) ? 1 :
									    -1;
	if (len > 0)
		transmit(sock, &m, len, with & WITH_DESCRIPTORS);
	if (len < whole)
		assert_true(shutdown(sock, SHUT_WR) == 0);
	if (len == 0)
		expected = 0;
	assert_true(request_answer(ws, w, o) == expected);
	return (expected == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *conf;
	const struct rights_options rights = { .unconfined = true };
	const struct flowlogs none = { .open.conf = NULL };
	struct workers ws = { .n = 1,
		.rights = &rights,
		.list = { { .number = 1, .pid = -1, .state = -1 } } };
	struct opened o = { .conf = NULL };
	struct worker *w = &ws.list[0];
	struct cursor in;
	size_t n = 0;
	int pair[2], again[2];

	if (conf == NULL)
		conf = make_config();
	assert_non_null(conf);
	o.conf = conf;
	assert_true(flowlogs_open(&o.logs, conf, &rights, &none) == 0);
	cur_init(&in, data, size);
	assert_true(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	w->sock = pair[0];
	while (n++ < REQUESTS_MAX && request(&ws, &o, pair[1], &in))
		;
	assert_true(o.conf == conf && w->sock == pair[0]);
	worker_abandon_state(w, conf);
	flowlogs_close(&o.logs, NULL);
	(void)close(pair[0]);
	(void)close(pair[1]);
	/* No descriptor is leaked: the new ones have the same numbers. */
	assert_true(socketpair(AF_UNIX, SOCK_STREAM, 0, again) == 0);
	assert_true(again[0] == pair[0] && again[1] == pair[1]);
	(void)close(again[0]);
	(void)close(again[1]);
	return (0);
}
