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
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sandbox/capabilities.h"
#include "sandbox/rights.h"
#include "sandbox/sandbox.h"

/* Whether this process changes its user and its root directory. */
static bool
is_to_drop(const struct rights_options *opts)
{
	return (geteuid() == 0 && !opts->insecure);
}

struct account {
	uid_t uid;
	gid_t gid;
	bool found;
};

/*
 * The user to become, or NULL.  It is looked up once, before any right is
 * dropped: the lookup may need files or a socket of a name service.
 */
static const struct account *
find_user(void)
{
	static struct account account;
	const struct passwd *pw;

	if (account.found)
		return (&account);
	if ((pw = getpwnam(PRIVSEP_USER)) == NULL)
		return (NULL);
	account = (struct account){ pw->pw_uid, pw->pw_gid, true };
	return (&account);
}

/* Ends the process after a step of dropping rights failed. */
static void __attribute__((noreturn))
not_permitted(const char *step, const char *capability)
{
	if (errno == EPERM)
		fatal(
		    "cannot %s, since root lacks the capability %s; add it "
		    "to the container or service, or run flowd as another "
		    "user",
		    step, capability);
	fatal("cannot %s", step);
}

static int
set_group(gid_t gid)
{
#ifdef HAVE_SETRESGID
	return (setresgid(gid, gid, gid));
#else
	return (setgid(gid));
#endif
}

static int
set_user(uid_t uid)
{
#ifdef HAVE_SETRESUID
	return (setresuid(uid, uid, uid));
#else
	return (setuid(uid));
#endif
}

static void
become_user(const struct account *user)
{
	const uid_t uid = user->uid;
	const gid_t gid = user->gid;

	if (setgroups(0, NULL) == -1 || set_group(gid) == -1)
		not_permitted("become the group of " PRIVSEP_USER,
		    "CAP_SETGID");
	if (set_user(uid) == -1)
		not_permitted("become " PRIVSEP_USER, "CAP_SETUID");
	if (uid == 0 || setuid(0) != -1 || seteuid(0) != -1 ||
	    setgid(0) != -1 || setegid(0) != -1 || getuid() != uid ||
	    geteuid() != uid || getgid() != gid || getegid() != gid)
		fatalx("rights could be regained after becoming " PRIVSEP_USER);
}

/* The lowest descriptor in keep that is at least fd, or -1. */
static int
next_kept(const int *keep, size_t n, int fd)
{
	int next = -1;
	size_t i;

	for (i = 0; i < n; i++) {
		if (keep[i] >= fd && (next == -1 || keep[i] < next))
			next = keep[i];
	}
	return (next);
}

static void
close_others(const int *keep, size_t n)
{
	int fd = STDERR_FILENO + 1, next;

	while ((next = next_kept(keep, n, fd)) != -1) {
		while (fd < next)
			(void)close(fd++);
		fd++;
	}
	closefrom(fd);
	/* The descriptor of syslog is closed as well. */
	log_reopen();
}

/* Loads files that the C library cannot open after the rights are dropped. */
static void
read_ahead(enum sandbox_role role)
{
	clock_read_zone();
	/* Loads the name service, since filter rules name protocols. */
	if (role == SANDBOX_PARSER)
		(void)getprotobyname("udp");
}

static void
enter_sandbox(const struct rights_options *opts, enum sandbox_role role)
{
	if (!opts->unconfined && sandbox_enter(role) == -1)
		fatal(
		    "cannot enter the sandbox %s (-X NOSANDBOX runs flowd "
		    "without it)",
		    sandbox_name());
}

void
rights_drop(const struct rights_options *opts, enum sandbox_role role,
    const int *keep, size_t n)
{
	const struct account *user = NULL;

	close_others(keep, n);
	read_ahead(role);
	if (is_to_drop(opts) && (user = find_user()) == NULL)
		fatalx("the user " PRIVSEP_USER " does not exist");
	if (user != NULL && role != SANDBOX_PARSER &&
	    (chroot(PRIVSEP_PATH) == -1 || chdir("/") == -1))
		not_permitted("chroot to " PRIVSEP_PATH, "CAP_SYS_CHROOT");
	if (capabilities_bound() == -1)
		fatal("cannot empty the capability bounding set");
	if (user != NULL)
		become_user(user);
	if (capabilities_drop() == -1)
		fatal("cannot drop capabilities");
#ifdef HAVE_SYS_PRCTL_H
	/* Other processes of the same user cannot trace it. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("prctl");
#endif
	enter_sandbox(opts, role);
}

void
rights_reduce(const struct rights_options *opts)
{
	if (capabilities_bound() == -1 || capabilities_keep() == -1)
		fatal("cannot drop capabilities");
	enter_sandbox(opts, SANDBOX_MONITOR);
}

const char *
rights_summary(const struct rights_options *opts)
{
	static char text[256];
	const bool drop = is_to_drop(opts);

	(void)snprintf(text, sizeof(text), "%s, root %s, sandbox %s",
	    drop ? PRIVSEP_USER : "the user who started it",
	    drop ? PRIVSEP_PATH : "not changed",
	    opts->unconfined ? SANDBOX_NONE : sandbox_name());
	return (text);
}

static int
check_sandbox(const struct rights_options *opts)
{
	if (opts->unconfined) {
		log_warnx(
		    "-X NOSANDBOX: no sandbox; a bug in the collector has all "
		    "rights of its user");
		return (0);
	}
	if (strcmp(sandbox_name(), SANDBOX_NONE) != 0)
		return (0);
	log_warnx("built without a sandbox; flowd runs only with -X NOSANDBOX");
	return (-1);
}

/* Whether the collector can change to its user and root directory. */
static int
check_user_and_root(void)
{
	struct stat st;

	if (find_user() == NULL) {
		log_warnx("the collector's user " PRIVSEP_USER
			  " does not exist; create it");
		return (-1);
	}
	if (stat(PRIVSEP_PATH, &st) == -1) {
		log_warn("the collector's root " PRIVSEP_PATH);
		return (-1);
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		log_warnx("the collector's root " PRIVSEP_PATH
			  " must be a directory that only root can write to");
		return (-1);
	}
	return (0);
}

int
rights_check(const struct rights_options *opts)
{
	if (check_sandbox(opts) == -1)
		return (-1);
	if (opts->insecure)
		log_warnx(
		    "-X INSECURE: user and root directory stay as they "
		    "are");
	else if (geteuid() != 0)
		log_warnx(
		    "not started by root: user and root directory stay "
		    "as they are");
	else
		return (check_user_and_root());
	return (0);
}
