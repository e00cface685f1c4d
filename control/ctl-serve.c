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
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/ctl-check.h"
#include "control/ctl-connect.h"
#include "control/ctl-print.h"
#include "control/ctl-serve.h"
#include "lib/endpoint.h"

#define BACKLOG     1024 /* a client beyond it waits a second or longer */
#define CLIENTS     64
#define SECONDS     20   /* limit for one request and its reply */
#define REQUEST_MAX 4096 /* bytes; requests of Prometheus are shorter */
#define PAGES       4    /* kept at once, for slow clients */
#define TICK_MS     1000

/* A reply.  The metrics of one second are one page for all clients. */
struct page {
	size_t users; /* clients, and the server */
	time_t made;
	char *text; /* owned: head and body */
	size_t len;
};

/* First reads its request, then gets a page. */
struct client {
	int fd;
	time_t since;
	size_t got; /* bytes of the request */
	char request[REQUEST_MAX + 1];
	bool whole;        /* the request */
	struct page *page; /* NULL: not chosen yet */
	size_t sent;
};

/* One process serves all clients, so that they cannot multiply its memory. */
struct server {
	const char *socket;       /* of flowd */
	const char *acknowledged; /* a file of findings; or NULL */
	int listener;
	struct client *clients[CLIENTS]; /* the oldest first */
	size_t n;
	struct page *pages[PAGES]; /* of metrics, the newest first; or NULL */
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
set_nonblocking(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	return (flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK));
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
	    listen(fd, BACKLOG) == 0 && set_nonblocking(fd) == 0)
		return (fd);
	log_warn("cannot listen on %s", endpoint);
	if (fd != -1)
		(void)close(fd);
	return (-1);
}

static void
page_release(struct page *page)
{
	if (page == NULL || --page->users > 0)
		return;
	free(page->text);
	free(page);
}

/* Returns a reply with one user, or NULL. */
static struct page *
page_new(const char *status, const char *type, const char *body, size_t len)
{
	struct page *page = calloc(1, sizeof(*page));
	FILE *fp;
	int failed;

	if (page == NULL)
		return (NULL);
	page->users = 1;
	page->made = clock_sec();
	if ((fp = open_memstream(&page->text, &page->len)) == NULL) {
		free(page);
		return (NULL);
	}
	(void)fprintf(fp,
	    "HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    status, type, len);
	(void)fwrite(body, 1, len, fp);
	failed = ferror(fp);
	if (fclose(fp) == 0 && failed == 0)
		return (page);
	page_release(page);
	return (NULL);
}

static struct page *
text_page(const char *status, const char *text)
{
	return (
	    page_new(status, "text/plain; charset=utf-8", text, strlen(text)));
}

/* Prints the metrics of an answer.  -1: they are incomplete. */
static int
put_metrics(FILE *fp, const struct answer *answer, const char *path)
{
	struct findings found = { .n = 0 }, acknowledged = { .n = 0 };
	int r;

	ctl_print_prometheus(fp, answer);
	if (path != NULL && findings_read(&acknowledged, path) == -1)
		return (-1);
	if ((r = ctl_check_flowd(answer, &found)) == 0)
		r = ctl_check(answer, &found);
	(void)findings_acknowledge(&found, &acknowledged);
	findings_print_prometheus(fp, &found);
	findings_free(&found);
	findings_free(&acknowledged);
	return (r != 0 || ferror(fp) != 0 ? -1 : 0);
}

/* Returns the body of the metrics, which the caller frees, or NULL. */
static char *
make_metrics(const struct server *s, size_t *len)
{
	const struct control_request request = {
		.wants =
		    CTL_CHECK_WANTS | CONTROL_WANT_MEMORY | CONTROL_WANT_RULES,
	};
	struct answer answer;
	char *text = NULL;
	FILE *fp;
	int r;

	if (ctl_ask(s->socket, &request, &answer) == -1)
		return (NULL);
	if ((fp = open_memstream(&text, len)) == NULL) {
		answer_free(&answer);
		return (NULL);
	}
	r = put_metrics(fp, &answer, s->acknowledged);
	answer_free(&answer);
	if (fclose(fp) == 0 && r == 0)
		return (text);
	free(text);
	return (NULL);
}

static struct page *
metrics_page(const struct server *s)
{
	struct page *page;
	size_t len = 0;
	char *text = make_metrics(s, &len);

	page = text == NULL ?
	    text_page("503 Service Unavailable", "flowd does not answer\n") :
	    page_new("200 OK", "text/plain; version=0.0.4; charset=utf-8", text,
		len);
	free(text);
	return (page);
}

static void
close_client(struct server *s, size_t i)
{
	struct client *c = s->clients[i];

	page_release(c->page);
	(void)close(c->fd);
	free(c);
	memmove(&s->clients[i], &s->clients[i + 1],
	    (--s->n - i) * sizeof(s->clients[0]));
}

/* Forgets a page, and the clients that have not read it yet. */
static void
drop_page(struct server *s, struct page *page)
{
	size_t i = 0;

	while (page != NULL && i < s->n) {
		if (s->clients[i]->page == page)
			close_client(s, i);
		else
			i++;
	}
	page_release(page);
}

/* Returns the place of the oldest page that nobody reads, or else the oldest. */
static size_t
least_needed_page(const struct server *s)
{
	size_t i = PAGES;

	while (i-- > 0) {
		if (s->pages[i] == NULL || s->pages[i]->users == 1)
			return (i);
	}
	return (PAGES - 1);
}

/* Returns the metrics, at most a second old, or NULL without memory. */
static struct page *
current_page(struct server *s)
{
	struct page *page = s->pages[0];
	size_t i;

	if (page != NULL && page->made == clock_sec())
		return (page);
	if ((page = metrics_page(s)) == NULL)
		return (NULL);
	i = least_needed_page(s);
	drop_page(s, s->pages[i]);
	memmove(&s->pages[1], &s->pages[0], i * sizeof(s->pages[0]));
	s->pages[0] = page;
	return (page);
}

/* Chooses the reply to a whole request.  NULL: without memory. */
static struct page *
reply_to(struct server *s, const char *request)
{
	struct page *page;

	if (strncmp(request, "GET ", 4) != 0)
		return (text_page("405 Method Not Allowed",
		    "only GET is supported\n"));
	if (strcspn(request + 4, " ?\r\n") != strlen("/metrics") ||
	    strncmp(request + 4, "/metrics", strlen("/metrics")) != 0)
		return (text_page("404 Not Found", "only /metrics exists\n"));
	if ((page = current_page(s)) != NULL)
		page->users++;
	return (page);
}

/* Reads the head of a request and adds a NUL.  1: it is whole; -1: close. */
static int
read_request(struct client *c)
{
	const ssize_t n =
	    recv(c->fd, c->request + c->got, REQUEST_MAX - c->got, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0)
		return (-1);
	c->got += (size_t)n;
	c->request[c->got] = '\0';
	if (strstr(c->request, "\r\n\r\n") != NULL ||
	    strstr(c->request, "\n\n") != NULL)
		return (1);
	return (c->got == REQUEST_MAX ? -1 : 0);
}

/* 1: the page is sent; -1: close. */
static int
send_page(struct client *c)
{
	const ssize_t n =
	    send(c->fd, c->page->text + c->sent, c->page->len - c->sent, 0);

	if (n == -1)
		return (errno == EAGAIN || errno == EINTR ? 0 : -1);
	c->sent += (size_t)n;
	return (c->sent == c->page->len);
}

/*
 * Returns the oldest client of the larger group: those that have still to send
 * their request, or those that get a page.  Neither group can thus end the
 * other.  If both are equal, a client without a request costs nobody a scrape.
 */
static size_t
least_needed_client(const struct server *s)
{
	size_t i, reading = 0;
	bool ends_reading;

	for (i = 0; i < s->n; i++)
		reading += s->clients[i]->page != NULL;
	ends_reading = reading > s->n - reading;
	i = 0;
	while ((s->clients[i]->page != NULL) != ends_reading)
		i++;
	return (i);
}

static void
accept_client(struct server *s)
{
	struct client *c;
	int fd;

	if ((fd = accept(s->listener, NULL, NULL)) == -1)
		return;
	if (set_nonblocking(fd) == -1 || (c = calloc(1, sizeof(*c))) == NULL) {
		(void)close(fd);
		return;
	}
	c->fd = fd;
	c->since = clock_sec();
	if (s->n == CLIENTS)
		close_client(s, least_needed_client(s));
	s->clients[s->n++] = c;
}

/* Reads from all clients without a page; closes those that are wrong or slow. */
static void
read_requests(struct server *s)
{
	const time_t now = clock_sec();
	struct client *c;
	size_t i = 0;
	int r;

	while (i < s->n) {
		c = s->clients[i];
		r = c->page == NULL && !c->whole ? read_request(c) : 0;
		if (r == -1 || now - c->since > SECONDS) {
			close_client(s, i);
			continue;
		}
		c->whole = c->whole || r == 1;
		i++;
	}
}

/* Returns a client with a whole request and no page, or NULL. */
static struct client *
waiting_client(const struct server *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->clients[i]->whole && s->clients[i]->page == NULL)
			return (s->clients[i]);
	}
	return (NULL);
}

/* Closes no client that waits for its page, but others. */
static void
give_pages(struct server *s)
{
	struct client *c;

	while ((c = waiting_client(s)) != NULL) {
		if ((c->page = reply_to(s, c->request)) == NULL) {
			log_warnx("serve: memory exhausted");
			c->whole = false;
		}
	}
}

static void
send_pages(struct server *s)
{
	size_t i = 0;

	while (i < s->n) {
		if (s->clients[i]->page != NULL &&
		    send_page(s->clients[i]) != 0)
			close_client(s, i);
		else
			i++;
	}
}

/* Waits until something can be done for a client, or for a tick. */
static void
serve_once(struct server *s)
{
	struct pollfd pfds[CLIENTS + 1];
	size_t i;

	pfds[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	for (i = 0; i < s->n; i++)
		pfds[i + 1] = (struct pollfd){
			.fd = s->clients[i]->fd,
			.events =
			    s->clients[i]->page == NULL ? POLLIN : POLLOUT,
		};
	if (poll(pfds, s->n + 1, TICK_MS) == -1)
		return;
	if (pfds[0].revents != 0)
		accept_client(s);
	read_requests(s);
	give_pages(s);
	send_pages(s);
}

int
ctl_serve(const char *socket, const char *endpoint, const char *acknowledged)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	struct server s = { .socket = socket, .acknowledged = acknowledged };
	size_t i;

	if ((s.listener = listen_at(endpoint)) == -1)
		return (1);
	if (geteuid() == 0)
		log_warnx(
		    "serve does not need root; run it as a user of the "
		    "socket's group");
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	while (!ended)
		serve_once(&s);
	while (s.n > 0)
		close_client(&s, 0);
	for (i = 0; i < PAGES; i++)
		page_release(s.pages[i]);
	(void)close(s.listener);
	return (0);
}
