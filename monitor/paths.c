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

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "config/flowlog-name.h"
#include "monitor/paths.h"

const char *
path_directory(const char *path, char buf[PATH_MAX])
{
	const size_t len = (size_t)(flowlog_name_base(path) - path);

	/* Without the slash at the end, except that of the root. */
	(void)snprintf(buf, PATH_MAX, "%.*s", len <= 1 ? 1 : (int)len - 1,
	    len == 0 ? "." : path);
	return (buf);
}

const char *
path_hint(const char *path)
{
	const int error = errno;
	char dir[PATH_MAX];
	struct stat st;
	bool missing;

	missing = error == ENOENT &&
	    stat(path_directory(path, dir), &st) == -1 && errno == ENOENT;
	errno = error;
	return (missing ? ": its directory does not exist" : "");
}

/* In a sticky directory, only its owner and that of a file can replace it. */
static bool
is_writable(const struct stat *st, bool sticky)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return (true);
	return ((st->st_mode & S_IWOTH) != 0 &&
	    !(sticky && (st->st_mode & S_ISVTX) != 0));
}

bool
path_is_shared(const char *dir)
{
	char above[PATH_MAX], next[PATH_MAX];
	struct stat st;

	if (stat(dir, &st) == 0 && is_writable(&st, false))
		return (true);
	for (path_directory(dir, above); stat(above, &st) == 0;
	     memcpy(above, next, sizeof(above))) {
		if (is_writable(&st, true))
			return (true);
		if (strcmp(path_directory(above, next), above) == 0)
			break;
	}
	return (false);
}

/* O_NOFOLLOW if others can replace a file or directory in dir, or 0. */
static int
nofollow_in(const char *dir)
{
	return (path_is_shared(dir) ? O_NOFOLLOW : 0);
}

int
path_open_directory(const char *path)
{
	char dir[PATH_MAX], above[PATH_MAX];

	(void)path_directory(path_directory(path, dir), above);
	return (
	    open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | nofollow_in(above)));
}

int
path_open(const char *path, int flags, mode_t mode)
{
	char dir[PATH_MAX], above[PATH_MAX];
	int fd, in, error;

	(void)path_directory(path_directory(path, dir), above);
	flags |= nofollow_in(dir);
	/* A directory that cannot be listed is opened only where necessary. */
	if (!path_is_shared(above))
		return (open(path, flags, mode));
	if ((in = path_open_directory(path)) == -1)
		return (-1);
	fd = openat(in, flowlog_name_base(path), flags, mode);
	error = errno;
	(void)close(in);
	errno = error;
	return (fd);
}

static void
warn_directory(const char *statement, const char *path, const char *dir)
{
	if (path_is_shared(dir))
		log_warnx(
		    "%s %s: other users can write to the directory %s or above "
		    "it, and replace files; only root should",
		    statement, path, dir);
}

void
path_warn(const char *statement, const char *path)
{
	char dir[PATH_MAX];

	if (path != NULL)
		warn_directory(statement, path, path_directory(path, dir));
}

void
paths_warn(const struct config *conf)
{
	size_t i;

	for (i = 0; i < conf->nlogs; i++)
		path_warn("logfile", conf->logs[i].path);
	path_warn("statefile", conf->statefile);
	path_warn("control", conf->control);
	if (conf->crashdump != NULL)
		warn_directory("crashdump", conf->crashdump, conf->crashdump);
}

/* 0 if this process may create files in dir, else an errno. */
static int
try_directory(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) == -1)
		return (errno);
	if (!S_ISDIR(st.st_mode))
		return (ENOTDIR);
	return (access(dir, W_OK | X_OK) == -1 ? errno : 0);
}

static int
check_directory(const char *statement, const char *path, const char *dir)
{
	const int error = try_directory(dir);

	if (error == 0)
		return (0);
	if (error == EACCES && geteuid() != 0) {
		log_warnx(
		    "%s %s: this user may not write to the directory %s; "
		    "flowd -n cannot tell whether another user may",
		    statement, path, dir);
		return (0);
	}
	errno = error;
	if (error == ENOENT)
		log_warnx("%s %s: the directory %s does not exist", statement,
		    path, dir);
	else
		log_warn("%s %s: cannot write to the directory %s", statement,
		    path, dir);
	return (-1);
}

static int
check_directory_of(const char *statement, const char *path)
{
	char dir[PATH_MAX];

	if (path == NULL)
		return (0);
	return (check_directory(statement, path, path_directory(path, dir)));
}

/* A file that exists and can be written needs nothing of its directory. */
static int
check_file(const char *statement, const char *path)
{
	if (path == NULL || access(path, W_OK) == 0)
		return (0);
	return (check_directory_of(statement, path));
}

/* Its reader creates the socket, at any time. */
static void
check_logsock(const char *path)
{
	if (path != NULL && access(path, F_OK) == -1 &&
	    path_hint(path)[0] != '\0')
		log_warnx("logsock %s: its directory does not exist", path);
}

static int
check_crashdump(const char *dir)
{
	return (dir == NULL ? 0 : check_directory("crashdump", dir, dir));
}

static int
check_log(const struct conf_log *log, time_t now)
{
	char path[PATH_MAX];

	if (flowlog_name_has_exporter(log))
		return (check_directory_of("logfile", log->path));
	if (flowlog_name_at(log, now, path) == 0)
		return (check_file("logfile", path));
	log_warnx("logfile %s: the name is too long", log->path);
	return (-1);
}

static int
check_logs(const struct config *conf)
{
	const time_t now = time(NULL);
	size_t i;
	int r = 0;

	for (i = 0; i < conf->nlogs; i++) {
		if (check_log(&conf->logs[i], now) == -1)
			r = -1;
	}
	return (r);
}

int
paths_check(const struct config *conf, const char *pidfile)
{
	const int results[] = {
		check_logs(conf),
		check_file("pidfile", pidfile),
		check_directory_of("statefile", conf->statefile),
		check_directory_of("control", conf->control),
		check_crashdump(conf->crashdump),
	};
	size_t i;

	check_logsock(conf->logsock);
	paths_warn(conf);
	path_warn("pidfile", pidfile);
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		if (results[i] == -1)
			return (-1);
	}
	return (0);
}
