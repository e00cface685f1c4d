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

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ipc/flowlog-lock.h"
#include "monitor/flowlog-locks.h"

/*
 * NULL if before has no log with this path.  Most often it has the place next in
 * both configurations.
 */
static const struct flowlog_file *
find_log(const struct open_flowlogs *before, const char *path, size_t next)
{
	const size_t n = before->conf == NULL ? 0 : before->conf->nlogs;
	size_t i, at;

	for (i = 0; i < n; i++) {
		at = (next + i) % n;
		if (strcmp(before->conf->logs[at].path, path) == 0)
			return (&before->list[at]);
	}
	return (NULL);
}

/* Marks the locks of the logs that collectors use. */
static void
mark_taken(const struct open_flowlogs *logs, const struct flowlog_sync *sync,
    bool taken[FLOWLOG_LOCKS_MAX])
{
	size_t i;

	for (i = 0; i < logs->n; i++) {
		if (logs->list[i].log != NULL)
			taken[logs->list[i].lock] = true;
	}
	for (i = 0; i < sync->nretired; i++)
		taken[sync->retired[i].lock] = true;
}

/* With thousands of logs, several share the last lock. */
static uint32_t
take_lock(bool taken[FLOWLOG_LOCKS_MAX])
{
	uint32_t next = 0;

	while (next < FLOWLOG_LOCKS_MAX - 1 && taken[next])
		next++;
	taken[next] = true;
	return (next);
}

void
flowlog_locks_assign(struct open_flowlogs *logs,
    const struct open_flowlogs *before, const struct flowlog_sync *sync)
{
	bool taken[FLOWLOG_LOCKS_MAX] = { false };
	const struct flowlog_file *same;
	size_t i, next = 0;

	mark_taken(before, sync, taken);
	for (i = 0; i < logs->conf->nlogs; i++) {
		same = find_log(before, logs->conf->logs[i].path, next);
		if (same == NULL) {
			logs->list[i].lock = take_lock(taken);
			continue;
		}
		logs->list[i].lock = same->lock;
		logs->list[i].conditions = same->conditions;
		next = (size_t)(same - before->list) + 1;
	}
}

uint32_t
flowlog_locks_of(const struct open_flowlogs *logs,
    const struct flowlog_sync *sync, const char *path)
{
	bool taken[FLOWLOG_LOCKS_MAX] = { false };
	size_t i;

	for (i = 0; i < sync->nretired; i++) {
		if (strcmp(sync->retired[i].path, path) == 0)
			return (sync->retired[i].lock);
	}
	mark_taken(logs, sync, taken);
	return (take_lock(taken));
}
