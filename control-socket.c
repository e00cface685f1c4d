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

#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "control-socket.h"
#include "log.h"

#define BACKLOG      16   /* clients that wait for their turn */
#define SOCKET_UMASK 0117 /* for mode 0660 */

static const struct control_socket no_socket = { .fd = -1 };

/* Whether path still leads to the socket that is open. */
static bool
is_in_place(const struct control_socket *s, const char *path)
{
	struct stat st;

	return (s->fd != -1 && lstat(path, &st) == 0 &&
	    st.st_dev == s->device && st.st_ino == s->inode);
}

static int
make_socket(const char *path, struct sockaddr_un *sun)
{
	int fd, flags;

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)strlcpy(sun->sun_path, path, sizeof(sun->sun_path));
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (-1);
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		(void)close(fd);
		return (-1);
	}
	return (fd);
}

/* Whether path is a socket that nobody listens at. */
static bool
is_stale(const char *path)
{
	struct sockaddr_un sun;
	struct stat st;
	bool stale;
	int fd;

	if (lstat(path, &st) == -1 || !S_ISSOCK(st.st_mode) ||
	    (fd = make_socket(path, &sun)) == -1)
		return (false);
	stale = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 &&
	    errno == ECONNREFUSED;
	(void)close(fd);
	return (stale);
}

static int
bind_privately(int fd, const struct sockaddr_un *sun)
{
	const mode_t before = umask(SOCKET_UMASK);
	int r = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));

	(void)umask(before);
	return (r);
}

static int
bind_in_place(int fd, const struct sockaddr_un *sun)
{
	if (bind_privately(fd, sun) == 0)
		return (0);
	if (errno != EADDRINUSE)
		return (-1);
	if (!is_stale(sun->sun_path)) {
		errno = EADDRINUSE;
		return (-1);
	}
	if (unlink(sun->sun_path) == -1)
		return (-1);
	return (bind_privately(fd, sun));
}

/* -1 after a message. */
static int
find_group(const struct config *conf, gid_t *gid)
{
	const struct group *group;

	*gid = getegid();
	if (conf->control == NULL || conf->control_group == NULL)
		return (0);
	if ((group = getgrnam(conf->control_group)) == NULL) {
		log_warnx("control %s: there is no group %s", conf->control,
		    conf->control_group);
		return (-1);
	}
	*gid = group->gr_gid;
	return (0);
}

int
control_socket_check(const struct config *conf)
{
	gid_t gid;

	return (find_group(conf, &gid));
}

static int
set_group(const struct config *conf)
{
	gid_t gid;

	if (find_group(conf, &gid) == -1)
		return (-1);
	if (fchownat(AT_FDCWD, conf->control, (uid_t)-1, gid,
		AT_SYMLINK_NOFOLLOW) == 0)
		return (0);
	log_warn("control %s: group", conf->control);
	return (-1);
}

static int
open_new(struct control_socket *s, const struct config *conf)
{
	struct sockaddr_un sun;
	struct stat st;

	if ((s->fd = make_socket(conf->control, &sun)) == -1 ||
	    bind_in_place(s->fd, &sun) == -1) {
		log_warn("control %s", conf->control);
		if (s->fd != -1)
			(void)close(s->fd);
		*s = no_socket;
		return (-1);
	}
	if (lstat(conf->control, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
	/* Nobody connects before it belongs to whom it should. */
	if (set_group(conf) == -1) {
		control_socket_remove(s, conf);
		return (-1);
	}
	if (listen(s->fd, BACKLOG) == -1) {
		log_warn("control %s", conf->control);
		control_socket_remove(s, conf);
		return (-1);
	}
	return (0);
}

int
control_socket_open(struct control_socket *s, const struct config *conf,
    const struct control_socket *before, const struct config *conf_before)
{
	*s = no_socket;
	if (conf->control == NULL)
		return (0);
	if (before == NULL || before->fd == -1 ||
	    strcmp(conf->control, conf_before->control) != 0 ||
	    !is_in_place(before, conf->control))
		return (open_new(s, conf));
	*s = *before;
	s->kept = true;
	return (set_group(conf));
}

void
control_socket_back_out(struct control_socket *s, const struct config *conf,
    const struct config *conf_before)
{
	if (s->kept)
		(void)set_group(conf_before);
	else
		control_socket_remove(s, conf);
	*s = no_socket;
}

void
control_socket_replace(struct control_socket *s, struct control_socket *before,
    const struct config *conf_before)
{
	if (!s->kept)
		control_socket_remove(before, conf_before);
	*before = *s;
	before->kept = false;
}

void
control_socket_remove(struct control_socket *s, const struct config *conf)
{
	if (s->fd == -1)
		return;
	if (is_in_place(s, conf->control) && unlink(conf->control) == -1)
		log_warn("control %s", conf->control);
	(void)close(s->fd);
	*s = no_socket;
}
