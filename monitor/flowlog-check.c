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
#include <inttypes.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "monitor/flowlog-check.h"
#include "store.h"

/* Exit status of the child.  Lower ones are an errno. */
enum {
	STATUS_LEGACY = 200,
	STATUS_NOT_A_LOG,
	STATUS_DAMAGED,
};

/* ftruncate would make a log longer that another program has just emptied. */
static bool
has_shrunk(int fd, uint64_t size)
{
	struct stat st;

	return (fstat(fd, &st) == 0 && (uint64_t)st.st_size < size);
}

/* 0, or the status of the child. */
static int
cut_off(const char *name, int fd, uint64_t keep, uint64_t size, bool report)
{
	if (keep == size || has_shrunk(fd, size))
		return (0);
	if (ftruncate(fd, (off_t)keep) == -1)
		return (errno);
	if (report)
		log_warnx("logfile %s: removed a partial record of %" PRIu64
			  " bytes from the end",
		    name, size - keep);
	return (0);
}

/* 0, or the status of the child. */
static int
check(const char *name, int fd, uint64_t size, bool report)
{
	uint64_t keep;

	switch (store_check_tail(fd, &keep)) {
	case 0:
		return (cut_off(name, fd, keep, size, report));
	case FLOWD_ELEGACY:
		return (STATUS_LEGACY);
	case FLOWD_EIO:
		return (errno);
	case FLOWD_ENOTLOG:
		return (STATUS_NOT_A_LOG);
	default:
		return (STATUS_DAMAGED);
	}
}

static void
explain(const char *name, int status, struct log_cause *cause)
{
	switch (status) {
	case STATUS_LEGACY:
		log_cause_setx(cause,
		    "logfile %s: flowd cannot append to a log of version 2; "
		    "move it away",
		    name);
		return;
	case STATUS_NOT_A_LOG:
		log_cause_setx(cause,
		    "logfile %s: not a flow log; flowd does not change it",
		    name);
		return;
	case STATUS_DAMAGED:
		log_cause_setx(cause,
		    "logfile %s: its end is damaged; move it away "
		    "(flowd-reader -R recovers the intact records)",
		    name);
		return;
	default:
		errno = status;
		log_cause_set(cause,
		    "logfile %s: cannot read its end, or remove a partial "
		    "record from it",
		    name);
	}
}

int
flowlog_check(const struct rights_options *opts, const char *name, int fd,
    bool report, struct log_cause *cause)
{
	struct stat st;
	int status;
	pid_t pid;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return (0);
	if ((pid = fork()) == -1) {
		log_cause_set(cause,
		    "logfile %s: cannot start a process to check it", name);
		return (-1);
	}
	if (pid == 0) {
		rights_drop(opts, SANDBOX_FILES, &fd, 1);
		_exit(check(name, fd, (uint64_t)st.st_size, report));
	}
	if ((status = child_result(pid)) == 0)
		return (0);
	explain(name, status, cause);
	return (-1);
}
