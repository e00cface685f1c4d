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
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/local-socket.h"
#include "monitor/control-socket.h"
#include "monitor/group.h"
#include "monitor/paths.h"

#define BACKLOG      16   /* clients that wait for the collector's accept */
#define SOCKET_UMASK 0117 /* for mode 0660 */

#define PATH_LEN sizeof(((struct sockaddr_un *)NULL)->sun_path)

static const char *
path_of(const struct config *conf, uint32_t i, char buf[PATH_LEN])
{
	(void)snprintf(buf, PATH_LEN, i == 0 ? "%s" : "%s.%" PRIu32,
	    conf->control, i + 1);
	return (buf);
}

/* Whether path is still the file of the open socket. */
static bool
is_in_place(const struct control_socket *s, const char *path)
{
	struct stat st;

	return (lstat(path, &st) == 0 && st.st_dev == s->device &&
	    st.st_ino == s->inode);
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
	if (!local_socket_is_stale(sun->sun_path)) {
		errno = EADDRINUSE;
		return (-1);
	}
	if (unlink(sun->sun_path) == -1)
		return (-1);
	return (bind_privately(fd, sun));
}

/* The group of the sockets, by default the monitor's.  -1 after a message. */
static int
find_group(const struct config *conf, gid_t *gid)
{
	*gid = getegid();
	if (conf->control == NULL || conf->control_group == NULL)
		return (0);
	return (group_find("control", conf->control, conf->control_group, gid));
}

int
control_socket_check(const struct config *conf)
{
	gid_t gid;

	return (find_group(conf, &gid));
}

static int
set_group(const char *path, gid_t gid)
{
	if (fchownat(AT_FDCWD, path, (uid_t)-1, gid, AT_SYMLINK_NOFOLLOW) == 0)
		return (0);
	log_warn("control %s: cannot change the group", path);
	return (-1);
}

static void
remove_one(struct control_socket *s, const char *path)
{
	if (is_in_place(s, path) && unlink(path) == -1)
		log_warn("control %s: cannot remove the socket", path);
	(void)close(s->fd);
}

static int
open_new(struct control_socket *s, const char *path, gid_t gid)
{
	struct sockaddr_un sun;
	struct stat st;

	*s = (struct control_socket){ .fd = make_socket(path, &sun) };
	if (s->fd == -1 || bind_in_place(s->fd, &sun) == -1) {
		log_warn("control %s: cannot create the socket%s", path,
		    path_hint(path));
		if (s->fd != -1)
			(void)close(s->fd);
		return (-1);
	}
	if (lstat(path, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
	/* Before listen, so that no client connects under the wrong group. */
	if (set_group(path, gid) == -1) {
		remove_one(s, path);
		return (-1);
	}
	if (listen(s->fd, BACKLOG) == -1) {
		log_warn("control %s: cannot listen", path);
		remove_one(s, path);
		return (-1);
	}
	return (0);
}

/* Opens a socket, or keeps before if it is still in place at the same path. */
static int
open_one(struct control_socket *s, const char *path, gid_t gid,
    const struct control_socket *before, const char *path_before)
{
	if (before == NULL || strcmp(path, path_before) != 0 ||
	    !is_in_place(before, path))
		return (open_new(s, path, gid));
	*s = *before;
	s->kept = true;
	return (set_group(path, gid));
}

int
control_sockets_open(struct control_sockets *s, const struct config *conf,
    uint32_t n, const struct control_sockets *before,
    const struct config *conf_before)
{
	char path[PATH_LEN], path_before[PATH_LEN] = "";
	const struct control_socket *old;
	gid_t gid;

	s->n = 0;
	if (conf->control == NULL)
		return (0);
	if (find_group(conf, &gid) == -1)
		return (-1);
	while (s->n < n) {
		old = before != NULL && s->n < before->n ? &before->list[s->n] :
							   NULL;
		if (old != NULL)
			(void)path_of(conf_before, s->n, path_before);
		if (open_one(&s->list[s->n], path_of(conf, s->n, path), gid,
			old, path_before) == -1)
			break;
		s->n++;
	}
	if (s->n == n)
		return (0);
	control_sockets_back_out(s, conf, conf_before);
	return (-1);
}

void
control_sockets_back_out(struct control_sockets *s, const struct config *conf,
    const struct config *conf_before)
{
	char path[PATH_LEN];
	gid_t gid;
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		(void)path_of(conf, i, path);
		if (!s->list[i].kept)
			remove_one(&s->list[i], path);
		else if (find_group(conf_before, &gid) == 0)
			(void)set_group(path, gid);
	}
	s->n = 0;
}

void
control_sockets_replace(struct control_sockets *s,
    struct control_sockets *before, const struct config *conf_before)
{
	char path[PATH_LEN];
	uint32_t i;

	for (i = 0; i < before->n; i++) {
		if (i >= s->n || !s->list[i].kept)
			remove_one(&before->list[i],
			    path_of(conf_before, i, path));
	}
	*before = *s;
	for (i = 0; i < before->n; i++)
		before->list[i].kept = false;
}

void
control_sockets_remove(struct control_sockets *s, const struct config *conf)
{
	char path[PATH_LEN];
	uint32_t i;

	for (i = 0; i < s->n; i++)
		remove_one(&s->list[i], path_of(conf, i, path));
	s->n = 0;
}

int
control_sockets_fd(const struct control_sockets *s, uint32_t number)
{
	return (number > s->n ? -1 : s->list[number - 1].fd);
}
