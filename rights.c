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

#include <sys/stat.h>

#include <grp.h>
#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "rights.h"

void
rights_drop(bool do_chroot)
{
	const struct passwd *pw;
	uid_t uid;
	gid_t gid;

	if ((pw = getpwnam(PRIVSEP_USER)) == NULL)
		fatalx("no user " PRIVSEP_USER);
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	tzset(); /* /etc/localtime is out of reach afterwards */
	if (do_chroot && (chroot(PRIVSEP_PATH) == -1 || chdir("/") == -1))
		fatal("chroot to " PRIVSEP_PATH);
	if (setgroups(1, &gid) == -1)
		fatal("setgroups");
#if defined(HAVE_SETRESUID) && defined(HAVE_SETRESGID)
	if (setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		fatal("cannot become " PRIVSEP_USER);
#else
	if (setgid(gid) == -1 || setuid(uid) == -1)
		fatal("cannot become " PRIVSEP_USER);
#endif
	if (uid == 0 || setuid(0) != -1 || seteuid(0) != -1 ||
	    setgid(0) != -1 || setegid(0) != -1 || getuid() != uid ||
	    geteuid() != uid || getgid() != gid || getegid() != gid)
		fatalx("rights could be regained after becoming " PRIVSEP_USER);
}

bool
rights_to_drop(const struct flowd_options *opts)
{
	return (geteuid() == 0 && !opts->insecure);
}

int
rights_check(const struct flowd_options *opts)
{
	struct stat st;

	if (opts->insecure) {
		log_warnx(
		    "-X INSECURE: user and root directory stay as they "
		    "are");
		return (0);
	}
	if (geteuid() != 0) {
		log_warnx(
		    "not started by root: user and root directory stay "
		    "as they are");
		return (0);
	}
	if (getpwnam(PRIVSEP_USER) == NULL) {
		log_warnx("there is no user " PRIVSEP_USER
			  ", which the collector runs as");
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
