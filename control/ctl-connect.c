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

#include <sys/time.h>
#include <sys/un.h>
#ifdef HAVE_SYS_UCRED_H
#include <sys/ucred.h>
#endif

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/ctl-connect.h"
#include "errors.h"
#include "ipc/local-socket.h"

#define ANSWER_MAX       ((size_t)1 << 30) /* bytes; more is refused */
#define ANSWER_FIRST_LEN ((size_t)1 << 17)
#define SECONDS          10  /* limit for a part of the answer */
#define SECONDS_ALL      120 /* limit for the whole answer */
#define TRIES            5   /* flowd may be reloading */

/* With a timeout, signals interrupt connect even with SA_RESTART. */
static int
connect_again(int fd, const struct sockaddr_un *sun)
{
	int r;

	do
		r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	while (r == -1 && errno == EINTR);
	return (r);
}

/* Why connect failed. */
static void
explain_connect(const char *path, int error)
{
	errno = error;
	if (error == ENOENT)
		log_warnx(
		    "%s: no such socket; flowd creates it if flowd.conf "
		    "has a control statement",
		    path);
	else if (error == ECONNREFUSED && local_socket_is_stale(path))
		log_warnx("%s: flowd is not running", path);
	else if (error == EAGAIN || error == ETIMEDOUT || error == ECONNREFUSED)
		log_warnx("%s: flowd is busy with other clients; try again",
		    path);
	else
		log_warn("%s", path);
}

static int
connect_to(const char *path)
{
	const struct timeval tv = { .tv_sec = SECONDS };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		log_warnx("%s: too long for the path of a socket", path);
		return (-1);
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1) {
		log_warn("cannot create a socket");
		return (-1);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0 &&
	    connect_again(fd, &sun) == 0)
		return (fd);
	explain_connect(path, errno);
	(void)close(fd);
	return (-1);
}

static int
send_request(int fd, const struct control_request *request)
{
	uint8_t buf[CONTROL_REQUEST_LEN];

	control_pack_request(request, buf);
	return (
	    send(fd, buf, sizeof(buf), MSG_NOSIGNAL) == sizeof(buf) ? 0 : -1);
}

static int
more_room(uint8_t **data, size_t *size)
{
	const size_t more = *size == 0 ? ANSWER_FIRST_LEN : *size * 2;
	uint8_t *grown;

	if (more > ANSWER_MAX) {
		errno = EMSGSIZE;
		return (-1);
	}
	if ((grown = realloc(*data, more)) == NULL)
		return (-1);
	*data = grown;
	*size = more;
	return (0);
}

/* Receives until flowd closes.  The caller frees *data.  -1 with errno. */
static int
receive_all(int fd, uint8_t **data, size_t *len)
{
	const time_t give_up = clock_sec() + SECONDS_ALL;
	size_t size = 0;
	ssize_t n;

	*data = NULL;
	*len = 0;
	do {
		if (*len == size && more_room(data, &size) == -1)
			return (-1);
		if (clock_sec() >= give_up) {
			errno = ETIMEDOUT;
			return (-1);
		}
		n = recv(fd, *data + *len, size - *len, 0);
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			errno = ETIMEDOUT;
		if (n == -1 && errno == EINTR)
			continue;
		/* flowd closes if the client is too slow, and on reload. */
		if (n == -1 && errno == ECONNRESET)
			n = 0;
		if (n == -1)
			return (-1);
		*len += (size_t)n;
	} while (n != 0);
	return (0);
}

/* Returns as answer_add, or FLOWD_EIO after a message. */
static int
ask_once(const char *path, const struct control_request *request,
    struct answer *answer)
{
	uint8_t *data = NULL;
	size_t len = 0;
	int fd, r;

	if ((fd = connect_to(path)) == -1)
		return (FLOWD_EIO);
	if ((r = send_request(fd, request)) == 0)
		r = receive_all(fd, &data, &len);
	if (r == -1 && errno != EPIPE) {
		log_warn("%s: no answer", path);
		(void)close(fd);
		free(data);
		return (FLOWD_EIO);
	}
	(void)close(fd);
	return (answer_add(answer, data, len));
}

/* The socket of worker 1 is path, that of worker K is path.K. */
static int
ask_all(const char *path, const struct control_request *request,
    struct answer *answer)
{
	const struct control_hello *hello;
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 16];
	uint64_t worker;
	int r;

	if ((r = ask_once(path, request, answer)) != 0)
		return (r);
	for (worker = 1;; worker++) {
		hello = answer_record(answer, CONTROL_HELLO, worker - 1);
		if (hello->worker != worker)
			return (FLOWD_EINVAL);
		if (worker >= hello->workers)
			return (0);
		(void)snprintf(name, sizeof(name), "%s.%" PRIu64, path,
		    worker + 1);
		if ((r = ask_once(name, request, answer)) != 0)
			return (r);
	}
}

static void
explain(const char *path, int error)
{
	switch (error) {
	case FLOWD_EIO:
		return;
	case FLOWD_ESHORT:
		log_warnx("%s: flowd ended its answer early", path);
		return;
	case FLOWD_EVERSION:
		log_warnx(
		    "%s: flowd is of another release than this flowdctl; "
		    "restart flowd",
		    path);
		return;
	case FLOWD_ENOMEM:
		log_warnx("%s: no memory for the answer", path);
		return;
	default:
		log_warnx("%s: the answer is invalid", path);
	}
}

int
ctl_ask(const char *path, const struct control_request *request,
    struct answer *answer)
{
	int r = FLOWD_ESHORT, tries;

	for (tries = 0; tries < TRIES && r == FLOWD_ESHORT; tries++) {
		*answer = (struct answer){ 0 };
		if ((r = ask_all(path, request, answer)) == 0) {
			answer_sort(answer);
			return (0);
		}
		answer_free(answer);
	}
	explain(path, r);
	return (-1);
}

/*
 * Returns the process that listens on the socket, according to the kernel.  0:
 * it is in another PID namespace; -1 with errno.
 */
#if defined(HAVE_STRUCT_SOCKPEERCRED) || defined(HAVE_STRUCT_UCRED)
static pid_t
peer_pid(int fd)
{
#ifdef HAVE_STRUCT_SOCKPEERCRED
	struct sockpeercred cred;
#else
	struct ucred cred;
#endif
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return (-1);
	return (cred.pid);
}
#elif defined(HAVE_STRUCT_XUCRED_CR_PID)
static pid_t
peer_pid(int fd)
{
	struct xucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, 0, LOCAL_PEERCRED, &cred, &len) == -1)
		return (-1);
	return (cred.cr_pid);
}
#elif defined(HAVE_STRUCT_UNPCBID)
static pid_t
peer_pid(int fd)
{
	struct unpcbid cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, 0, LOCAL_PEEREID, &cred, &len) == -1)
		return (-1);
	return (cred.unp_pid);
}
#elif HAVE_DECL_LOCAL_PEERPID
static pid_t
peer_pid(int fd)
{
	pid_t pid;
	socklen_t len = sizeof(pid);

	if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &len) == -1)
		return (-1);
	return (pid);
}
#else
static pid_t
peer_pid(int fd)
{
	(void)fd;
	errno = ENOSYS;
	return (-1);
}
#endif

int
ctl_signal(const char *path, int signal)
{
	pid_t pid;
	int fd;

	if ((fd = connect_to(path)) == -1)
		return (-1);
	pid = peer_pid(fd);
	(void)close(fd);
	if (pid == -1)
		log_warn("%s: cannot find the process of the socket", path);
	else if (pid == 0)
		log_warnx(
		    "%s: flowd is in another container; send the signal "
		    "there",
		    path);
	else if (kill(pid, signal) == 0)
		return (0);
	else if (errno == EPERM)
		log_warnx(
		    "only root and flowd's own user may send signals to "
		    "flowd, process %ld",
		    (long)pid);
	else
		log_warn("cannot send a signal to flowd, process %ld",
		    (long)pid);
	return (-1);
}
