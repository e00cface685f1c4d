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

#include "base/log-cause.h"
#include "base/log.h"
#include "config/flowlog-name.h"
#include "monitor/flowlog-expire.h"
#include "monitor/flowlog-look.h"
#include "monitor/paths.h"

/* A log and the length of its directory, with the last "/". */
struct place {
	const char *path;
	size_t len;
	size_t log;
};

static int
compare_places(const void *va, const void *vb)
{
	const struct place *a = va, *b = vb;
	int order;

	if (a->len != b->len)
		return (a->len < b->len ? -1 : 1);
	if ((order = memcmp(a->path, b->path, a->len)) != 0)
		return (order);
	return (a->log < b->log ? -1 : a->log > b->log);
}

static bool
is_same_place(const struct place *a, const struct place *b)
{
	return (a->len == b->len && memcmp(a->path, b->path, a->len) == 0);
}

static void *
make(size_t n, size_t size)
{
	void *made = calloc(n == 0 ? 1 : n, size);

	if (made == NULL)
		fatal("no memory for logs");
	return (made);
}

/* The places of the logs whose files are listed, sorted. */
static struct place *
find_places(struct flowlog_look *k, const struct config *conf, size_t *n)
{
	struct place *places = make(conf->nlogs, sizeof(*places));
	const struct conf_log *log;
	size_t i;

	for (i = *n = 0; i < conf->nlogs; i++) {
		log = &conf->logs[i];
		if (!log->compress && !flowlog_expires(log))
			continue;
		places[(*n)++] = (struct place){ log->path,
			(size_t)(flowlog_name_base(log->path) - log->path), i };
		if (flowlog_names_add(k->names, log, (uint32_t)i) != 0)
			fatal("no memory for logs");
	}
	qsort(places, *n, sizeof(*places), compare_places);
	return (places);
}

/* Adds a directory, with the logs in n places. */
static void
add_dir(struct flowlog_look *k, const struct config *conf,
    const struct place *places, size_t n)
{
	struct flowlog_look_dir *dir = &k->dirs[k->n];
	size_t i;

	dir->list = (struct flowlog_list){
		.path = strndup(places[0].path, places[0].len),
		.conf = conf,
		.names = k->names,
		.fd = -1,
	};
	if (dir->list.path == NULL)
		fatal("no memory for logs");
	dir->logs = make(n, sizeof(*dir->logs));
	dir->n = n;
	dir->due = true;
	for (i = 0; i < n; i++) {
		dir->logs[i] = places[i].log;
		k->dir_of[places[i].log] = k->n;
	}
	k->n++;
	k->ndue++;
}

void
flowlog_look_init(struct flowlog_look *k, const struct config *conf)
{
	struct place *places;
	size_t i, n, same;

	*k = (struct flowlog_look){ .n = 0 };
	k->names = make(1, sizeof(*k->names));
	k->dirs = make(conf->nlogs, sizeof(*k->dirs));
	k->dir_of = make(conf->nlogs, sizeof(*k->dir_of));
	for (i = 0; i < conf->nlogs; i++)
		k->dir_of[i] = SIZE_MAX;
	places = find_places(k, conf, &n);
	for (i = 0; i < n; i += same) {
		for (same = 1; i + same < n &&
		     is_same_place(&places[i], &places[i + same]);
		     same++)
			continue;
		add_dir(k, conf, &places[i], same);
	}
	free(places);
}

void
flowlog_look_free(struct flowlog_look *k)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		flowlog_list_free(&k->dirs[i].list);
		free(k->dirs[i].logs);
	}
	free(k->dirs);
	free(k->dir_of);
	flowlog_names_free(k->names);
	free(k->names);
	*k = (struct flowlog_look){ .n = 0 };
}

static void
make_due(struct flowlog_look *k, struct flowlog_look_dir *dir)
{
	if (!dir->due)
		k->ndue++;
	dir->due = true;
}

/*
 * If a file was compressed or removed just before, the time of the directory
 * may be the same as then, although it has changed.
 */
void
flowlog_look_soon(struct flowlog_look *k, size_t i)
{
	struct flowlog_look_dir *dir;

	if (k->dir_of[i] == SIZE_MAX)
		return;
	dir = &k->dirs[k->dir_of[i]];
	dir->list.in_doubt = true;
	make_due(k, dir);
}

void
flowlog_look_for_old(struct flowlog_look *k, const struct config *conf)
{
	size_t i;

	for (i = 0; i < conf->nlogs; i++) {
		if (flowlog_expires(&conf->logs[i]))
			make_due(k, &k->dirs[k->dir_of[i]]);
	}
}

bool
flowlog_look_is_due(const struct flowlog_look *k)
{
	return (k->ndue > 0 || k->is_reading);
}

struct flowlog_list *
flowlog_look_list(const struct flowlog_look *k, size_t i)
{
	struct flowlog_look_dir *dir;

	if (k->dir_of[i] == SIZE_MAX)
		return (NULL);
	dir = &k->dirs[k->dir_of[i]];
	return (dir->due || dir->list.fd != -1 ? NULL : &dir->list);
}

/* Reports with errno that a directory cannot be read, for each of its logs. */
static void
report_unread(const struct flowlog_look_dir *dir, struct open_flowlogs *logs,
    time_t now)
{
	const bool is_open = dir->list.fd != -1;
	struct log_cause cause;
	char text[PATH_MAX];
	const char *path;
	size_t i;

	for (i = 0; i < dir->n; i++) {
		path = logs->conf->logs[dir->logs[i]].path;
		if (is_open)
			log_cause_set(&cause,
			    "logfile %s: cannot list its directory", path);
		else
			log_cause_set(&cause, "directory %s",
			    path_directory(path, text));
		(void)log_cause_hourly(&cause,
		    &logs->list[dir->logs[i]].conditions.unlisted,
		    (uint32_t)now);
	}
}

static void
report_read(const struct flowlog_look_dir *dir, struct open_flowlogs *logs)
{
	size_t i;

	for (i = 0; i < dir->n; i++) {
		if (log_state_end(
			&logs->list[dir->logs[i]].conditions.unlisted))
			log_info("logfile %s: its directory can be read again",
			    logs->conf->logs[dir->logs[i]].path);
	}
}

/* The files of a directory are known. */
static void
expire(struct flowlog_look_dir *dir, struct open_flowlogs *logs, time_t now,
    bool in_doubt)
{
	struct flowlog_inodes open;
	size_t i;

	flowlog_inodes_make(&open, logs);
	flowlog_list_refresh(&dir->list, &open, now);
	for (i = 0; i < dir->n; i++)
		flowlog_expire(logs, dir->logs[i], &dir->list, &open, now,
		    in_doubt);
	flowlog_inodes_free(&open);
}

static void
choose_next(struct flowlog_look *k)
{
	while (!k->dirs[k->next].due)
		k->next = (k->next + 1) % k->n;
	k->dirs[k->next].due = false;
	k->ndue--;
}

void
flowlog_look_step(struct flowlog_look *k, struct open_flowlogs *logs,
    time_t now, bool in_doubt)
{
	struct flowlog_look_dir *dir;
	int r = 0;

	if (!flowlog_look_is_due(k))
		return;
	if (!k->is_reading)
		choose_next(k);
	dir = &k->dirs[k->next];
	if (!k->is_reading)
		r = flowlog_list_open(&dir->list, now);
	if (r == 0 && !dir->list.is_current)
		r = flowlog_list_read(&dir->list, now);
	k->is_reading = r == 1;
	if (r == 1)
		return;
	if (r == -1)
		report_unread(dir, logs, now);
	else {
		report_read(dir, logs);
		expire(dir, logs, now, in_doubt);
	}
	if (dir->list.fd != -1)
		flowlog_list_close(&dir->list);
}
