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

/*
 * The monitor's side of the logs: their files, which are opened and rotated by
 * names that the monitor makes; log-closed.c and log-sync.c do the rest.
 */
#ifndef LOGFILES_H
#define LOGFILES_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config.h"
#include "rights.h"
#include "turns.h"

struct logfile {
	int fd;
	/* What the collector gets: for appending only; -1 where that is fd. */
	int end;
	char path[PATH_MAX];
	uint32_t turn;          /* turns.h; of the log it is or was */
	time_t until;           /* epoch; 0: not rotated by time */
	time_t retry;           /* epoch; after a rotation that failed */
	bool look;              /* for closed files to be compressed */
	struct timespec failed; /* mtime; younger ones have their turn */
};

/* A process that compresses a closed file of a log. */
struct compressor {
	pid_t pid; /* -1: none */
	size_t log;
	int in, out;
	uint64_t size;         /* of in, when it was begun */
	struct timespec mtime; /* the same */
};

struct logfiles {
	const struct config *conf;
	const struct rights_options *rights;
	struct logfile *list;    /* conf->nlogs */
	time_t ticked;           /* epoch */
	time_t expired;          /* epoch */
	struct logfile *retired; /* not yet at rest, or not synced */
	size_t nretired;
	pid_t syncer;  /* -1: none */
	time_t synced; /* epoch */
	struct compressor compressor;
};

/*
 * Opens the logs of conf, which has to live as long as they do; before are
 * those that the collector writes to meanwhile.  0, or -1 after a message where
 * one cannot be, and then none is open and no new file is left.
 */
int logfiles_open(struct logfiles *l, const struct config *conf,
    const struct rights_options *rights, const struct logfiles *before);

/* Closes the descriptors, in a process that was forked. */
void logfiles_leave(struct logfiles *l);

/*
 * Closes them for good.  What is not yet at rest goes over to after; where that
 * is NULL the collector has ended, and what is yet to be synced is synced.
 */
void logfiles_close(struct logfiles *l, struct logfiles *after);

/* Opens log i anew by its name.  -1 after a message: it is as it was. */
int logfiles_reopen(struct logfiles *l, size_t i);

/*
 * Cuts off what there is of a record at their ends, where a collector that now
 * waits or is dead may have left it; which has number who in turns.  Other
 * collectors go on with logs that they are writing to at this moment, which
 * are whole then.  say, with messages.
 */
void logfiles_heal(const struct logfiles *l, struct turns *turns, uint32_t who,
    bool say);

/* The descriptor that the collector gets for log i. */
int logfiles_give(const struct logfiles *l, size_t i);

/*
 * Whether logfiles_tick has to be called soon after each full second, and
 * whenever at_rest may have become true.
 */
bool logfiles_need_ticks(const struct logfiles *l);

/*
 * Does what is due; give is called for each log that goes on in another file.
 * at_rest says that the collector has taken all files that it was given, and
 * writes to none that it had before.
 */
void logfiles_tick(struct logfiles *l, bool at_rest,
    void (*give)(void *arg, size_t i), void *arg);

/* For log-sync.c. */
void logfile_close(struct logfile *f);

/* For log-closed.c and log-sync.c: whether a log is open at dev and ino. */
bool logfiles_have_open(const struct logfiles *l, dev_t dev, ino_t ino);

/* True where pid has ended; what it failed with is in *error, or 0. */
bool logfiles_has_ended(pid_t pid, int *error);

#endif
