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

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "monitor/flowlog-sync.h"

#define LAST_SYNC_SECONDS 5        /* until flowd exits without the sync */
#define PAUSE             10000000 /* nanoseconds between polls */

void
flowlog_sync_retire(struct flowlog_sync *s, const struct flowlog_file *f)
{
	struct flowlog_file *grown;

	grown = reallocarray(s->retired, s->nretired + 1, sizeof(*grown));
	if (grown == NULL)
		fatal("no memory for logs");
	s->retired = grown;
	/* The collectors have their own descriptors. */
	if (f->append_fd != -1)
		(void)close(f->append_fd);
	s->retired[s->nretired] = *f;
	s->retired[s->nretired].log = NULL;
	s->retired[s->nretired++].append_fd = -1;
}

static void
close_retired(struct flowlog_sync *s)
{
	while (s->nretired > 0)
		flowlog_file_close(&s->retired[--s->nretired]);
	/* The list can be large after many reloads in a short time. */
	free(s->retired);
	s->retired = NULL;
}

/* 0, or an errno. */
static int
sync_file(int fd)
{
	/* A FIFO cannot be synced. */
	if (fdatasync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return (0);
	return (errno);
}

static int
sync_files(const struct flowlog_sync *s, const struct open_flowlogs *logs)
{
	int failed = 0, r;
	size_t i;

	for (i = 0; i < s->nretired; i++) {
		if ((r = sync_file(s->retired[i].fd)) != 0)
			failed = r;
	}
	for (i = 0; i < logs->n; i++) {
		if (logs->list[i].fd != -1 &&
		    (r = sync_file(logs->list[i].fd)) != 0)
			failed = r;
	}
	return (failed);
}

/*
 * The syncer closes every descriptor that is not a log: it may run long if a
 * disk hangs, and must not keep sockets open.
 */
static _Noreturn void
run_syncer(const struct flowlog_sync *s, const struct open_flowlogs *logs)
{
	int *keep = calloc(logs->n + s->nretired, sizeof(*keep));
	size_t i, n = 0;

	if (keep == NULL)
		_exit(errno);
	for (i = 0; i < logs->n; i++) {
		if (logs->list[i].fd != -1)
			keep[n++] = logs->list[i].fd;
	}
	for (i = 0; i < s->nretired; i++)
		keep[n++] = s->retired[i].fd;
	rights_drop(logs->rights, SANDBOX_FILES, keep, n);
	_exit(sync_files(s, logs));
}

/* at_rest: no collector writes to the retired files any more. */
static void
start_syncer(struct flowlog_sync *s, const struct open_flowlogs *logs,
    bool at_rest, time_t now)
{
	s->synced = now;
	if ((s->syncer = fork()) == -1) {
		if (log_state_hourly(&s->failed, (uint32_t)now))
			log_warn("the logs cannot be synced");
		return;
	}
	if (s->syncer == 0)
		run_syncer(s, logs);
	if (at_rest)
		close_retired(s);
}

/* False while a syncer runs. */
static bool
reap_syncer(struct flowlog_sync *s)
{
	int error;

	if (s->syncer == -1)
		return (true);
	if (!child_has_ended(s->syncer, &error))
		return (false);
	s->syncer = -1;
	if (error == 0) {
		if (log_state_end(&s->failed))
			log_info("the logs are synced again");
	} else if (log_state_hourly(&s->failed, (uint32_t)time(NULL)))
		log_warnx("the logs cannot be synced: %s", strerror(error));
	return (true);
}

void
flowlog_sync_when_due(struct flowlog_sync *s, const struct open_flowlogs *logs,
    bool at_rest, time_t now)
{
	if (!reap_syncer(s))
		return;
	if (logs->conf->sync_seconds == 0) {
		if (at_rest)
			close_retired(s);
	} else if ((at_rest && s->nretired > 0) || now < s->synced ||
	    now - s->synced >= (time_t)logs->conf->sync_seconds)
		start_syncer(s, logs, at_rest, now);
}

void
flowlog_sync_finish(struct flowlog_sync *s, const struct open_flowlogs *logs)
{
	const struct timespec pause = { .tv_nsec = PAUSE };
	int polls = LAST_SYNC_SECONDS * (1000000000 / PAUSE);

	if (logs->conf->sync_seconds == 0)
		return;
	if (reap_syncer(s))
		start_syncer(s, logs, true, time(NULL));
	while (!reap_syncer(s)) {
		if (polls-- == 0) {
			log_warnx(
			    "the logs are not synced after %d seconds; "
			    "flowd exits",
			    LAST_SYNC_SECONDS);
			return;
		}
		(void)nanosleep(&pause, NULL);
	}
}
