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

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log-cause.h"
#include "base/log.h"
#include "config/flowlog-name.h"
#include "monitor/flowlog-check.h"
#include "monitor/flowlog-compressors.h"
#include "monitor/flowlog-dir.h"
#include "monitor/flowlog-locks.h"
#include "monitor/flowlog-open.h"
#include "monitor/flowlog-sync.h"
#include "monitor/flowlogs.h"
#include "monitor/group.h"
#include "monitor/paths.h"

#define RETRY_SECONDS 60 /* after a failed rotation */
#define LOOK_SECONDS  60 /* between looks for files that expire by time */

#define DESCRIPTORS_OTHER 256 /* that are not those of logs */

/*
 * Opens the current file of log i, whose name may contain the date.  -1 with
 * the cause.
 */
static int
open_log(const struct flowlogs *l, size_t i, const struct flowlogs *users,
    struct flowlog_file *f, bool *made, struct log_cause *cause)
{
	const struct flowlog_users in_use = { &users->open, &users->sync };

	*f = l->open.list[i];
	f->retry = 0;
	if (flowlog_open(l->open.rights, &in_use, f, made, cause) == -1)
		return (-1);
	if (log_state_end(&f->conditions.unopened))
		log_info("logfile %s was opened again", f->path);
	return (0);
}

/* Frees the configuration of an exporter's log. */
static void
free_exporter(struct flowlog_file *f)
{
	if (!f->of_exporter)
		return;
	free(f->log->path);
	free((void *)(uintptr_t)f->log);
	f->log = NULL;
}

static bool
has_exporter(const struct flowlogs *l, size_t i)
{
	return (i < l->open.conf->nlogs &&
	    flowlog_name_has_exporter(&l->open.conf->logs[i]));
}

static int
open_or_check(struct flowlogs *l, size_t i, const struct flowlogs *before,
    bool *made, struct log_cause *cause)
{
	*made = false;
	return (has_exporter(l, i) ?
		flowlog_dir_check(l->open.list[i].log, cause) :
		open_log(l, i, before, &l->open.list[i], made, cause));
}

/*
 * Opens log i and those after it, all or none.  The logs of exporters are opened
 * when their first flow arrives.  -1 after a message.
 */
static int
open_from(struct flowlogs *l, size_t i, const struct flowlogs *before)
{
	struct log_cause cause;
	bool made;

	if (i == l->open.conf->nlogs)
		return (0);
	if (open_or_check(l, i, before, &made, &cause) == -1) {
		log_cause_write(&cause);
		return (-1);
	}
	if (open_from(l, i + 1, before) == 0)
		return (0);
	if (l->open.list[i].fd != -1)
		flowlog_file_close(&l->open.list[i]);
	if (made)
		(void)unlink(l->open.list[i].path);
	return (-1);
}

/* (gid_t)-1 if the log has no group.  -1 after a message. */
static int
find_group(const struct conf_log *log, gid_t *gid)
{
	*gid = (gid_t)-1;
	if (log->group == NULL)
		return (0);
	return (group_find("logfile", log->path, log->group, gid));
}

int
flowlogs_check(const struct config *conf)
{
	gid_t gid;
	size_t i;

	for (i = 0; i < conf->nlogs; i++) {
		if (find_group(&conf->logs[i], &gid) == -1)
			return (-1);
	}
	return (0);
}

/* -1 after a message. */
static int
find_groups(struct flowlogs *l)
{
	size_t i;

	for (i = 0; i < l->open.conf->nlogs; i++) {
		if (find_group(&l->open.conf->logs[i], &l->open.list[i].gid) ==
		    -1)
			return (-1);
	}
	return (0);
}

static bool
is_rotated(const struct conf_log *log)
{
	return (log->rotate_seconds != 0 || log->rotate_size != 0);
}

/* The monitor has two descriptors for each log. */
static void
allow_descriptors(size_t nlogs)
{
	const rlim_t want = 2 * (rlim_t)nlogs + DESCRIPTORS_OTHER;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur < want)
		log_warnx(
		    "%zu logs can be open, but the system allows only %ju "
		    "descriptors; reduce limit logs",
		    nlogs, (uintmax_t)limit.rlim_cur);
}

/* Makes a list of logs that are not open. */
static void
make_list(struct flowlogs *l)
{
	const struct config *conf = l->open.conf;
	const uint32_t workers = config_workers(conf);
	const size_t each = flowlog_name_exporters_max(conf);
	size_t i;

	l->open.n = conf->nlogs + each * workers;
	l->open.list =
	    calloc(l->open.n == 0 ? 1 : l->open.n, sizeof(*l->open.list));
	if (l->open.list == NULL)
		fatal("no memory for logs");
	for (i = 0; i < l->open.n; i++) {
		l->open.list[i].fd = l->open.list[i].append_fd = -1;
		if (i < conf->nlogs)
			l->open.list[i].log = &conf->logs[i];
	}
	flowlog_places_init(&l->places, workers, each);
	if (each != 0)
		allow_descriptors(l->open.n);
}

static void
free_list(struct flowlogs *l)
{
	size_t i;

	for (i = l->open.conf->nlogs; i < l->open.n; i++)
		free_exporter(&l->open.list[i]);
	free(l->open.list);
	flowlog_places_free(&l->places);
	*l = (struct flowlogs){ .open.conf = NULL };
}

int
flowlogs_open(struct flowlogs *l, const struct config *conf,
    const struct rights_options *rights, const struct flowlogs *before)
{
	const time_t now = flowlog_open_time();
	size_t i;

	*l = (struct flowlogs){
		.open = { .conf = conf, .rights = rights },
		.sync = { .syncer = -1, .synced = now },
		.ticked = now,
		.clock = before->clock,
	};
	(void)clock_step_in_doubt(&l->clock);
	make_list(l);
	flowlog_locks_assign(&l->open, &before->open, &before->sync);
	if (find_groups(l) == -1 || open_from(l, 0, before) == -1) {
		free_list(l);
		return (-1);
	}
	for (i = 0; i < conf->nlogs; i++)
		flowlog_compressors_clean_up(&conf->logs[i]);
	flowlog_compressors_init(&l->compressors, conf);
	flowlog_look_init(&l->look, conf);
	return (0);
}

/* Opens log i again; users as in open_log.  -1 with the cause. */
static int
replace(struct flowlogs *l, size_t i, const struct flowlogs *users,
    struct log_cause *cause)
{
	struct flowlog_file f;
	bool made;

	if (open_log(l, i, users, &f, &made, cause) == -1)
		return (-1);
	flowlog_sync_retire(&l->sync, &l->open.list[i]);
	l->open.list[i] = f;
	/* Its former file may have another name now. */
	flowlog_look_soon(&l->look, i);
	return (0);
}

/* Retires the log of an exporter that no collector has. */
static void
retire_exporter(struct flowlogs *l, size_t i)
{
	struct flowlog_file *f = &l->open.list[i];

	flowlog_sync_retire(&l->sync, f);
	free_exporter(f);
	*f = (struct flowlog_file){ .fd = -1, .append_fd = -1 };
}

/*
 * Closes the log of an exporter in the collectors, which ask for it again with
 * its next flow.
 */
static void
close_exporter(struct flowlogs *l, size_t i, flowlog_send *send, void *arg)
{
	send(arg, i);
	flowlog_places_forget(&l->places, i);
	retire_exporter(l, i);
}

/* After a failure the old file stays open, after a message. */
static void
reopen(struct flowlogs *l, size_t i, flowlog_send *send, void *arg)
{
	struct log_cause cause;

	if (replace(l, i, l, &cause) == 0) {
		send(arg, i);
		return;
	}
	log_cause_write(&cause);
	log_warnx(
	    "the log was not reopened; flows are still "
	    "written to the old file");
}

void
flowlogs_reopen(struct flowlogs *l, flowlog_send *send, void *arg)
{
	size_t i;

	for (i = 0; i < l->open.n; i++) {
		if (l->open.list[i].fd == -1)
			continue;
		if (l->open.list[i].of_exporter)
			close_exporter(l, i, send, arg);
		else
			reopen(l, i, send, arg);
	}
}

/* Empties a place of a collector, and closes its log if no other has it. */
static void
empty_place(struct flowlogs *l, uint32_t number, size_t place)
{
	size_t *log = flowlog_place(&l->places, number, place);
	const size_t i = *log;

	*log = FLOWLOG_PLACE_EMPTY;
	if (i != FLOWLOG_PLACE_EMPTY && !flowlog_places_have(&l->places, i))
		retire_exporter(l, i);
}

void
flowlogs_release(struct flowlogs *l, uint32_t number)
{
	size_t place;

	for (place = 0; place < l->places.each; place++)
		empty_place(l, number, place);
}

/*
 * Returns the index of the exporter's log with this path, or of an unused entry;
 * the number of logs if all are in use.
 */
static size_t
find_exporter(const struct flowlogs *l, const char *path)
{
	size_t i, unused = l->open.n;

	for (i = l->open.conf->nlogs; i < l->open.n; i++) {
		if (l->open.list[i].log == NULL)
			unused = i;
		else if (strcmp(l->open.list[i].log->path, path) == 0)
			return (i);
	}
	return (unused);
}

/* Opens the log of an exporter.  Few of the messages about failures are logged. */
static int
open_exporter(struct flowlogs *l, size_t i, struct flowlog_file *f)
{
	const uint32_t now = (uint32_t)flowlog_open_time();
	struct log_cause cause;
	uint32_t held_back;
	bool made;

	if (open_log(l, i, l, f, &made, &cause) == 0)
		return (0);
	if (!log_limit_pass(&l->exporter_failed, now, &held_back))
		return (-1);
	log_cause_write(&cause);
	log_warnx(
	    "flows of this exporter are buffered; flowd tries again (%" PRIu32
	    " similar held back)",
	    held_back);
	return (-1);
}

/* Makes entry i the log of an exporter.  -1 if it cannot be opened. */
static int
begin_exporter(struct flowlogs *l, size_t i, size_t whole, const char *path)
{
	struct flowlog_file *f = &l->open.list[i], opened;
	struct conf_log *log = malloc(sizeof(*log));

	if (log == NULL ||
	    (*log = l->open.conf->logs[whole], log->path = strdup(path)) ==
		NULL)
		fatal("no memory for logs");
	f->log = log;
	f->of_exporter = true;
	f->whole = whole;
	f->gid = l->open.list[whole].gid;
	f->lock = flowlog_locks_of(&l->open, &l->sync, path);
	if (open_exporter(l, i, &opened) == 0) {
		*f = opened;
		return (0);
	}
	free_exporter(f);
	*f = (struct flowlog_file){ .fd = -1, .append_fd = -1 };
	return (-1);
}

/* The bytes may be hostile. */
static bool
is_address(const struct addr *a)
{
	struct addr same = { .family = ADDR_NONE };

	if (a->family == ADDR_V4)
		same = addr_v4(a->bytes);
	else if (a->family == ADDR_V6)
		same = addr_v6(a->bytes);
	return (same.family != ADDR_NONE && addr_equal(a, &same));
}

bool
flowlogs_may_want(const struct flowlogs *l, const struct priv_want_log *want)
{
	return (want->place < l->places.each && has_exporter(l, want->log) &&
	    is_address(&want->exporter) &&
	    config_allows(l->open.conf, &want->exporter));
}

const struct flowlog_file *
flowlogs_want(struct flowlogs *l, uint32_t number,
    const struct priv_want_log *want)
{
	char path[PATH_MAX];
	size_t i;

	empty_place(l, number, want->place);
	/* They accumulate while a slow disk delays a sync. */
	if (l->sync.nretired > l->open.n)
		return (NULL);
	if (flowlog_name_of_exporter(&l->open.conf->logs[want->log],
		&want->exporter, path) == -1 ||
	    (i = find_exporter(l, path)) == l->open.n)
		return (NULL);
	/* Two addresses, IPv4-mapped and IPv4, can have the same log. */
	if (flowlog_place_of(&l->places, number, i) ||
	    (l->open.list[i].log == NULL &&
		begin_exporter(l, i, want->log, path) == -1))
		return (NULL);
	*flowlog_place(&l->places, number, want->place) = i;
	return (&l->open.list[i]);
}

static bool
is_due(const struct flowlogs *l, size_t i, time_t now)
{
	const struct flowlog_file *f = &l->open.list[i];
	const struct conf_log *log = f->log;
	struct stat st;
	uint64_t size;

	if (now < f->retry && f->retry - now <= RETRY_SECONDS)
		return (false);
	if (f->fd == -1 || !is_rotated(log) || fstat(f->fd, &st) == -1 ||
	    !S_ISREG(st.st_mode))
		return (false);
	/* Unequal also if the clock was set back. */
	if (f->until != flowlog_name_until(log, now))
		return (true);
	size = (uint64_t)st.st_size;
	return (log->rotate_size != 0 && size >= log->rotate_size);
}

/*
 * Renames the open file from its plain name, if it still has that name; *moved:
 * whether it was renamed.  -1 with the cause.
 */
static int
move_away(const struct conf_log *log, struct flowlog_file *f, bool *moved,
    struct log_cause *cause)
{
	struct stat open, there;

	*moved = false;
	if (fstat(f->fd, &open) == -1 || stat(f->path, &there) == -1 ||
	    open.st_dev != there.st_dev || open.st_ino != there.st_ino)
		return (0);
	if (lstat(f->path, &there) == -1 || S_ISLNK(there.st_mode)) {
		log_cause_setx(cause,
		    "logfile %s: cannot rotate a symbolic link", f->path);
		return (-1);
	}
	*moved = true;
	return (flowlog_dir_shift(log, &f->above, cause));
}

static int
rotate_plain(struct flowlogs *l, size_t i, struct log_cause *cause)
{
	const struct conf_log *log = l->open.list[i].log;
	bool moved;

	if (move_away(log, &l->open.list[i], &moved, cause) == -1)
		return (-1);
	if (l->open.list[i].of_exporter || replace(l, i, l, cause) == 0)
		return (0);
	if (moved)
		flowlog_dir_unshift(log, cause);
	return (-1);
}

static int
rotate_pattern(struct flowlogs *l, size_t i, struct log_cause *cause)
{
	return (l->open.list[i].of_exporter ? 0 : replace(l, i, l, cause));
}

/* The collectors get the new file of a log, or close that of an exporter. */
static void
send_rotated(struct flowlogs *l, size_t i, flowlog_send *send, void *arg)
{
	const size_t whole = l->open.list[i].whole;

	if (!l->open.list[i].of_exporter) {
		send(arg, i);
		return;
	}
	close_exporter(l, i, send, arg);
	l->open.list[whole].uncompressed = l->open.conf->logs[whole].compress;
	flowlog_look_soon(&l->look, whole);
}

static void
rotate(struct flowlogs *l, size_t i, time_t now, flowlog_send *send, void *arg)
{
	struct flowlog_file *f = &l->open.list[i];
	const bool is_pattern = flowlog_name_is_pattern(f->log);
	struct log_cause cause;
	struct stat st;

	/* An empty file is not rotated. */
	if (!is_pattern && fstat(f->fd, &st) == 0 && st.st_size == 0) {
		f->until = flowlog_name_until(f->log, now);
		return;
	}
	if ((is_pattern ? rotate_pattern(l, i, &cause) :
			  rotate_plain(l, i, &cause)) == 0) {
		send_rotated(l, i, send, arg);
		return;
	}
	f->retry = now + RETRY_SECONDS;
	if (log_cause_hourly(&cause, &f->conditions.unopened, (uint32_t)now))
		log_warnx(
		    "the log was not rotated; flows are still written to %s",
		    f->path);
}

/*
 * Locks the log, unless the collector with this number, which waits, has locked
 * it.  False if another collector has.
 */
static bool
lock_log(const struct flowlog_file *f, struct flowlog_locks *locks,
    uint32_t number)
{
	const struct flowlog_lock collector = { locks, f->lock, number };
	const struct flowlog_lock monitor = { locks, f->lock,
		FLOWLOG_LOCK_MONITOR };

	return (flowlog_lock_is_held(&collector) || flowlog_lock_try(&monitor));
}

/* Undoes lock_log. */
static void
unlock_log(const struct flowlog_file *f, struct flowlog_locks *locks)
{
	const struct flowlog_lock monitor = { locks, f->lock,
		FLOWLOG_LOCK_MONITOR };

	flowlog_unlock(&monitor);
}

static void
repair(const struct flowlogs *l, struct flowlog_file *f,
    struct flowlog_locks *locks, uint32_t number, bool report)
{
	struct log_cause cause;

	if (!lock_log(f, locks, number))
		return;
	if (flowlog_check(l->open.rights, f->path, f->fd, report, &cause) == -1)
		(void)log_cause_hourly(&cause, &f->conditions.unrepaired,
		    (uint32_t)flowlog_open_time());
	else if (log_state_end(&f->conditions.unrepaired))
		log_info("logfile %s: its end was repaired", f->path);
	unlock_log(f, locks);
}

void
flowlogs_repair(const struct flowlogs *l, struct flowlog_locks *locks,
    uint32_t number, bool report)
{
	size_t i;

	for (i = 0; i < l->open.n; i++) {
		if (l->open.list[i].fd != -1)
			repair(l, &l->open.list[i], locks, number, report);
	}
	for (i = 0; i < l->sync.nretired; i++)
		repair(l, &l->sync.retired[i], locks, number, report);
}

/* Whether the file, or else its file system, is there.  False with the cause. */
static bool
is_there(const struct flowlog_file *f, struct log_cause *cause)
{
	char dir[PATH_MAX];
	struct stat st;

	if (stat(f->path, &st) == 0)
		return (true);
	log_cause_set(cause, "logfile %s: flowd waits for it", f->path);
	if (errno != ENOENT)
		return (false);
	return (stat(path_directory(f->path, dir), &st) == 0 &&
	    st.st_dev == f->dev);
}

/* Reopens a log, or closes that of an exporter, which is opened again then. */
static int
revive(struct flowlogs *l, size_t i, flowlog_send *send, void *arg,
    struct log_cause *cause)
{
	static const struct flowlogs unused = { .open.conf = NULL };

	if (l->open.list[i].of_exporter) {
		close_exporter(l, i, send, arg);
		return (0);
	}
	if (replace(l, i, &unused, cause) == -1)
		return (-1);
	send(arg, i);
	return (0);
}

static void
revive_locked(struct flowlogs *l, size_t i, struct flowlog_locks *locks,
    uint32_t number, flowlog_send *send, void *arg)
{
	const struct flowlog_file locked = l->open.list[i];
	struct log_cause cause;

	if (!lock_log(&locked, locks, number))
		return;
	if (!is_there(&locked, &cause) || revive(l, i, send, arg, &cause) == -1)
		(void)log_cause_hourly(&cause,
		    &l->open.list[i].conditions.unopened,
		    (uint32_t)flowlog_open_time());
	unlock_log(&locked, locks);
}

void
flowlogs_revive(struct flowlogs *l, struct flowlog_locks *locks,
    uint32_t number, flowlog_send *send, void *arg)
{
	size_t i;

	for (i = 0; i < l->open.n; i++) {
		if (l->open.list[i].fd != -1)
			revive_locked(l, i, locks, number, send, arg);
	}
}

bool
flowlogs_need_ticks(const struct flowlogs *l)
{
	size_t i;

	if (l->open.conf->sync_seconds != 0 || l->sync.nretired > 0 ||
	    l->sync.syncer != -1)
		return (true);
	for (i = 0; i < l->open.conf->nlogs; i++) {
		if (is_rotated(&l->open.conf->logs[i]))
			return (true);
	}
	return (false);
}

bool
flowlogs_are_due(const struct flowlogs *l)
{
	return (l->looked != 0 && flowlog_look_is_due(&l->look));
}

/* The first look follows the first rotation. */
static void
look(struct flowlogs *l, bool at_rest, time_t now)
{
	if (l->looked != 0)
		flowlog_look_step(&l->look, &l->open, now,
		    clock_step_in_doubt(&l->clock));
	if (!flowlog_look_is_due(&l->look))
		flowlog_compressors_run(&l->compressors, &l->open, &l->look,
		    at_rest, now);
}

static void
look_when_due(struct flowlogs *l, time_t now)
{
	if (now >= l->looked && now - l->looked < LOOK_SECONDS)
		return;
	l->looked = now;
	flowlog_look_for_old(&l->look, l->open.conf);
}

/* The files of exporters that do not send any more are closed by the clock. */
static void
note_interval(struct flowlogs *l, size_t i, time_t now)
{
	struct flowlog_file *f = &l->open.list[i];
	const time_t until = flowlog_name_until(f->log, now);

	if (f->until == until)
		return;
	f->until = until;
	f->uncompressed = f->log->compress;
	flowlog_look_soon(&l->look, i);
}

static void
rotate_when_due(struct flowlogs *l, time_t now, flowlog_send *send, void *arg)
{
	size_t i;

	for (i = 0; i < l->open.n; i++) {
		if (has_exporter(l, i))
			note_interval(l, i, now);
		else if (is_due(l, i, now))
			rotate(l, i, now, send, arg);
	}
}

void
flowlogs_tick(struct flowlogs *l, bool at_rest, flowlog_send *send, void *arg)
{
	const time_t now = flowlog_open_time();

	/* Before the return below, so that retired files do not accumulate. */
	flowlog_sync_when_due(&l->sync, &l->open, at_rest, now);
	look(l, at_rest, now);
	if (now == l->ticked)
		return;
	l->ticked = now;
	/* If the disk is slow, at most one retired file waits for a sync. */
	if (at_rest && (l->sync.syncer == -1 || l->sync.nretired == 0))
		rotate_when_due(l, now, send, arg);
	look_when_due(l, now);
}

static void
hand_over(struct flowlogs *l, struct flowlogs *after)
{
	size_t i;

	after->sync.syncer = l->sync.syncer;
	after->sync.failed = l->sync.failed;
	for (i = 0; i < l->open.n; i++) {
		if (l->open.list[i].fd != -1)
			flowlog_sync_retire(&after->sync, &l->open.list[i]);
	}
	while (l->sync.nretired > 0)
		flowlog_sync_retire(&after->sync,
		    &l->sync.retired[--l->sync.nretired]);
}

static void
close_all(struct flowlogs *l)
{
	size_t i;

	for (i = 0; i < l->open.n; i++) {
		if (l->open.list[i].fd != -1)
			flowlog_file_close(&l->open.list[i]);
	}
	for (i = 0; i < l->sync.nretired; i++)
		flowlog_file_close(&l->sync.retired[i]);
}

void
flowlogs_close(struct flowlogs *l, struct flowlogs *after)
{
	flowlog_compressors_stop(&l->compressors, &l->open);
	flowlog_look_free(&l->look);
	if (after != NULL)
		hand_over(l, after);
	else {
		flowlog_sync_finish(&l->sync, &l->open);
		close_all(l);
	}
	free(l->sync.retired);
	free_list(l);
}
