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

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "log-sync.h"

#define LAST_SYNC_SECONDS 5        /* for the disk, at the end */
#define PAUSE             10000000 /* nanoseconds, between looks at it */

void
log_sync_retire(struct logfiles *l, const struct logfile *f)
{
	struct logfile *grown;

	grown = reallocarray(l->retired, l->nretired + 1, sizeof(*grown));
	if (grown == NULL)
		fatal("logs");
	l->retired = grown;
	/* The collector has what it writes to. */
	if (f->end != -1)
		(void)close(f->end);
	l->retired[l->nretired] = *f;
	l->retired[l->nretired++].end = -1;
}

static void
close_retired(struct logfiles *l)
{
	while (l->nretired > 0)
		logfile_close(&l->retired[--l->nretired]);
	/* After many at once it is large. */
	free(l->retired);
	l->retired = NULL;
}

/* 0, or the errno of what failed. */
static int
sync_file(int fd)
{
	/* There is nothing to be synced in a FIFO. */
	if (fdatasync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return (0);
	return (errno);
}

static int
sync_files(const struct logfiles *l)
{
	int failed = 0, r;
	size_t i;

	for (i = 0; i < l->nretired; i++) {
		if ((r = sync_file(l->retired[i].fd)) != 0)
			failed = r;
	}
	for (i = 0; i < l->conf->nlogs; i++) {
		if ((r = sync_file(l->list[i].fd)) != 0)
			failed = r;
	}
	return (failed);
}

/*
 * Without what is not a log, so that nothing but logs stays open for as long as
 * a disk hangs.
 */
static _Noreturn void
run_syncer(const struct logfiles *l)
{
	int *keep = calloc(l->conf->nlogs + l->nretired, sizeof(*keep));
	size_t i, n = 0;

	if (keep == NULL)
		_exit(errno);
	for (i = 0; i < l->conf->nlogs; i++)
		keep[n++] = l->list[i].fd;
	for (i = 0; i < l->nretired; i++)
		keep[n++] = l->retired[i].fd;
	rights_drop(l->rights, SANDBOX_FILES, keep, n);
	_exit(sync_files(l));
}

/* at_rest: the files that are retired get no more than they have. */
static void
start_syncer(struct logfiles *l, bool at_rest, time_t now)
{
	l->synced = now;
	if ((l->syncer = fork()) == -1) {
		log_warn("the logs cannot be synced");
		return;
	}
	if (l->syncer == 0)
		run_syncer(l);
	if (at_rest)
		close_retired(l);
}

/* False while there is a syncer that goes on. */
static bool
reap_syncer(struct logfiles *l)
{
	int error;

	if (l->syncer == -1)
		return (true);
	if (!logfiles_has_ended(l->syncer, &error))
		return (false);
	l->syncer = -1;
	if (error != 0)
		log_warnx("the logs cannot be synced: %s", strerror(error));
	return (true);
}

void
log_sync_when_due(struct logfiles *l, bool at_rest, time_t now)
{
	if (!reap_syncer(l))
		return;
	if (l->conf->sync_seconds == 0) {
		if (at_rest)
			close_retired(l);
	} else if ((at_rest && l->nretired > 0) || now < l->synced ||
	    now - l->synced >= (time_t)l->conf->sync_seconds)
		start_syncer(l, at_rest, now);
}

void
log_sync_for_good(struct logfiles *l)
{
	const struct timespec pause = { .tv_nsec = PAUSE };
	int looks = LAST_SYNC_SECONDS * (1000000000 / PAUSE);

	if (l->conf->sync_seconds == 0)
		return;
	if (reap_syncer(l))
		start_syncer(l, true, time(NULL));
	while (!reap_syncer(l)) {
		if (looks-- == 0) {
			log_warnx("the logs are not synced within %d seconds",
			    LAST_SYNC_SECONDS);
			return;
		}
		(void)nanosleep(&pause, NULL);
	}
}
