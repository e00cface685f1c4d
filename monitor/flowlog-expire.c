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

#include <fcntl.h>
#include <stdint.h>

#include "base/log.h"
#include "config/flowlog-name.h"
#include "format.h"
#include "monitor/flowlog-expire.h"
#include "monitor/flowlog-owner.h"

/* A search for closed files of a log that exceed its limits. */
struct expiry {
	struct flowlog_list *list;
	const struct flowlog_inodes *open;
	time_t now;
	bool in_doubt; /* now may be wrong */
	struct flowlog_unremovable unremovable;
	size_t removed;
	time_t oldest; /* of the removed files; epoch */
};

/* The files of an owner that count. */
struct count {
	size_t closed;
	uint64_t bytes; /* also of open files */
};

bool
flowlog_expires(const struct conf_log *log)
{
	return (log->keep_files != 0 || log->keep_size != 0 ||
	    log->keep_seconds != 0);
}

/* Whether the oldest closed file exceeds a limit. */
static bool
is_too_much(const struct conf_log *log, const struct flowlog_list_file *oldest,
    const struct count *count, const struct expiry *e)
{
	const time_t bound = e->now - (time_t)log->keep_seconds;

	return ((log->keep_files != 0 && count->closed > log->keep_files) ||
	    (log->keep_size != 0 && count->bytes > log->keep_size) ||
	    (log->keep_seconds != 0 && !e->in_doubt &&
		oldest->mtime.tv_sec < bound));
}

static bool
counts(const struct flowlog_list_file *f)
{
	return (!f->gone && f->origin != ORIGIN_FOREIGN);
}

/* The bytes in the file with the plain name, which is not in the list. */
static uint64_t
plain_bytes(const struct expiry *e, const struct conf_log *log)
{
	struct stat st;

	if (flowlog_name_is_pattern(log) ||
	    fstatat(e->list->fd, flowlog_name_base(log->path), &st, 0) == -1 ||
	    !S_ISREG(st.st_mode))
		return (0);
	return ((uint64_t)st.st_size);
}

static struct count
count_files(const struct expiry *e, const struct flowlog_owner *o,
    const struct flowlog_list_file *files, size_t n)
{
	struct count count = { 0, plain_bytes(e, &o->log) };
	size_t i;

	for (i = 0; i < n; i++) {
		if (!counts(&files[i]))
			continue;
		count.bytes += files[i].size;
		if (flowlog_owner_closed(o, &files[i]))
			count.closed++;
	}
	return (count);
}

static void
note_removed(struct expiry *e, const struct flowlog_list_file *f)
{
	if (e->removed++ == 0 || f->mtime.tv_sec < e->oldest)
		e->oldest = f->mtime.tv_sec;
}

/* Removes f, which exceeds a limit, if it still does. */
static void
remove_file(struct expiry *e, struct flowlog_list_file *f, struct count *count)
{
	const uint64_t size = f->size;

	if (flowlog_list_verify(e->list, f, e->open, e->now)) {
		if (flowlog_remove(e->list, f, &e->unremovable))
			note_removed(e, f);
	} else if (!f->gone && f->origin == ORIGIN_OWN)
		return; /* It has changed, or is open. */
	count->closed--;
	count->bytes -= size;
}

/* Removes the oldest of the files that one owner has, to keep the limits. */
static void
expire_files(struct expiry *e, const struct conf_log *log,
    struct flowlog_list_file *files, size_t n)
{
	struct flowlog_owner o;
	struct count count;
	size_t i;

	if (flowlog_owner_of(&o, log, &files[0], e->now) == -1)
		return;
	count = count_files(e, &o, files, n);
	for (i = 0; i < n && count.closed > 0; i++) {
		if (!counts(&files[i]) || !flowlog_owner_closed(&o, &files[i]))
			continue;
		if (!is_too_much(log, &files[i], &count, e))
			break;
		remove_file(e, &files[i], &count);
	}
}

static void
report_removed(const struct conf_log *log, const struct expiry *e)
{
	char time[32];

	if (e->removed > 0)
		log_info("logfile %s: %zu logs removed, oldest of %s",
		    log->path, e->removed,
		    format_iso_time((uint32_t)e->oldest, false, time));
}

static bool
same_exporter(const struct flowlog_list_file *a,
    const struct flowlog_list_file *b)
{
	return (addr_equal(&a->parsed.exporter, &b->parsed.exporter));
}

void
flowlog_expire(const struct open_flowlogs *logs, size_t i,
    struct flowlog_list *list, const struct flowlog_inodes *open, time_t now,
    bool in_doubt)
{
	const struct conf_log *log = &logs->conf->logs[i];
	struct expiry e = {
		.list = list,
		.open = open,
		.now = now,
		.in_doubt = in_doubt,
	};
	struct flowlog_list_file *files;
	size_t j, n, same;

	if (!flowlog_expires(log))
		return;
	files = flowlog_list_of(list, (uint32_t)i, &n);
	for (j = 0; j < n; j += same) {
		for (same = 1;
		     j + same < n && same_exporter(&files[j], &files[j + same]);
		     same++)
			continue;
		expire_files(&e, log, &files[j], same);
	}
	report_removed(log, &e);
	flowlog_unremovable_report(log, &logs->list[i].conditions.unremovable,
	    &e.unremovable, "closed");
}
