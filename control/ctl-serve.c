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

#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "base/child.h"
#include "base/log.h"
#include "control/ctl-connect.h"
#include "control/ctl-print.h"
#include "control/ctl-serve.h"
#include "lib/endpoint.h"
#include "lib/write-whole.h"

#define BACKLOG     64
#define CHILDREN    16
#define SECONDS     20   /* limit for one request and its reply */
#define REQUEST_MAX 4096 /* bytes; requests of Prometheus are shorter */
#define REAP_MS     1000

/* Child processes, the oldest first. */
struct children {
	pid_t pids[CHILDREN];
	size_t n;
};

static volatile sig_atomic_t ended;

static void
on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

/* Parses ADDR:PORT. */
static int
parse_endpoint(const char *text, struct addr *addr, uint16_t *port)
{
	struct endpoint e;
	const char *wrong;

	if (endpoint_split(text, &e) != 0 || endpoint_addr(&e, addr) != 0)
		return (-1);
	*port = (uint16_t)strtonum(e.port, 1, UINT16_MAX, &wrong);
	return (wrong == NULL ? 0 : -1);
}

static int
listen_at(const char *endpoint)
{
	struct sockaddr_storage ss;
	struct addr addr;
	const int on = 1;
	socklen_t len;
	uint16_t port;
	int fd;

	if (parse_endpoint(endpoint, &addr, &port) == -1) {
		log_warnx("serve %s: expected ADDRESS:PORT", endpoint);
		return (-1);
	}
	len = addr_to_sockaddr(&addr, port, 0, &ss);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&ss, len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return (fd);
	log_warn("cannot listen on %s", endpoint);
	if (fd != -1)
		(void)close(fd);
	return (-1);
}

/* Reads the head of a request and adds a NUL.  -1: it is incomplete. */
static int
read_request(int fd, char buf[REQUEST_MAX + 1])
{
	size_t len = 0;
	ssize_t n;

	while (len < REQUEST_MAX) {
		if ((n = recv(fd, buf + len, REQUEST_MAX - len, 0)) <= 0)
			return (-1);
		len += (size_t)n;
		buf[len] = '\0';
		if (strstr(buf, "\r\n\r\n") != NULL ||
		    strstr(buf, "\n\n") != NULL)
			return (0);
	}
	return (-1);
}

static void
reply(int fd, const char *status, const char *type, const char *body,
    size_t len)
{
	char head[256];
	int n;

	n = snprintf(head, sizeof(head),
	    "HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    status, type, len);
	if (n < 0 || (size_t)n >= sizeof(head) ||
	    flowd_write_whole(fd, head, (size_t)n) == -1 ||
	    flowd_write_whole(fd, body, len) == -1)
		log_debug("serve: the client closed the connection");
}

static void
reply_text(int fd, const char *status, const char *text)
{
	reply(fd, status, "text/plain; charset=utf-8", text, strlen(text));
}

/* Makes the whole page before the status is sent, which depends on it. */
static int
make_page(const char *path, char **page, size_t *len)
{
	const struct control_request request = {
		.wants = CONTROL_WANT_SUMMARY | CONTROL_WANT_MEMORY |
		    CONTROL_WANT_RULES | CONTROL_WANT_EXPORTERS,
	};
	struct answer answer;
	FILE *fp;
	int r;

	if (ctl_ask(path, &request, &answer) == -1)
		return (-1);
	if ((fp = open_memstream(page, len)) == NULL) {
		answer_free(&answer);
		return (-1);
	}
	ctl_print_prometheus(fp, &answer);
	answer_free(&answer);
	r = ferror(fp) != 0 ? -1 : 0;
	return (fclose(fp) == 0 ? r : -1);
}

static void
answer_request(int fd, const char *path)
{
	char request[REQUEST_MAX + 1], *page = NULL;
	size_t len;

	if (read_request(fd, request) == -1)
		return;
	if (strncmp(request, "GET ", 4) != 0) {
		reply_text(fd, "405 Method Not Allowed",
		    "only GET is supported\n");
		return;
	}
	if (strcspn(request + 4, " ?\r\n") != strlen("/metrics") ||
	    strncmp(request + 4, "/metrics", strlen("/metrics")) != 0) {
		reply_text(fd, "404 Not Found", "only /metrics exists\n");
		return;
	}
	if (make_page(path, &page, &len) == -1)
		reply_text(fd, "503 Service Unavailable",
		    "flowd does not answer\n");
	else
		reply(fd, "200 OK", "text/plain; version=0.0.4; charset=utf-8",
		    page, len);
	free(page);
}

static void
remove_child(struct children *all, size_t i)
{
	memmove(&all->pids[i], &all->pids[i + 1],
	    (--all->n - i) * sizeof(all->pids[0]));
}

static void
reap(struct children *all)
{
	size_t i = 0;
	int error;

	while (i < all->n) {
		if (child_has_ended(all->pids[i], &error))
			remove_child(all, i);
		else
			i++;
	}
}

static void
end_oldest(struct children *all)
{
	int status;

	(void)kill(all->pids[0], SIGKILL);
	(void)child_wait(all->pids[0], &status);
	remove_child(all, 0);
}

static void
accept_client(int listener, const char *path, struct children *all)
{
	pid_t pid;
	int fd;

	if ((fd = accept(listener, NULL, NULL)) == -1)
		return;
	reap(all);
	if (all->n == CHILDREN)
		end_oldest(all);
	if ((pid = fork()) == 0) {
		(void)close(listener);
		(void)signal(SIGTERM, SIG_DFL);
		(void)signal(SIGINT, SIG_DFL);
		(void)alarm(SECONDS);
		answer_request(fd, path);
		_exit(0);
	}
	if (pid == -1)
		log_warn("serve: cannot start a process for a request");
	else
		all->pids[all->n++] = pid;
	(void)close(fd);
}

int
ctl_serve(const char *path, const char *endpoint)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	struct children all = { .n = 0 };
	struct pollfd pfd = { .events = POLLIN };

	if ((pfd.fd = listen_at(endpoint)) == -1)
		return (1);
	if (geteuid() == 0)
		log_warnx(
		    "serve does not need root; run it as a user of the "
		    "socket's group");
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	while (!ended) {
		reap(&all);
		if (poll(&pfd, 1, REAP_MS) == 1)
			accept_client(pfd.fd, path, &all);
	}
	while (all.n > 0)
		end_oldest(&all);
	(void)close(pfd.fd);
	return (0);
}
