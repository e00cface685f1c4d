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
 * The files of flow logs that the monitor has open.
 */
#ifndef FLOWLOG_FILE_H
#define FLOWLOG_FILE_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/log-limit.h"
#include "config/config.h"
#include "sandbox/rights.h"

/* Conditions of a log, which are logged when they begin and end. */
struct flowlog_conditions {
	struct log_state unopened;     /* its file cannot be opened again */
	struct log_state unrepaired;   /* its end cannot be repaired */
	struct log_state unlisted;     /* its directory cannot be read */
	struct log_state uncompressed; /* a closed file cannot be compressed */
	/* Closed files cannot be removed after compression, and for keep. */
	struct log_state leftover, unremovable;
};

struct flowlog_file {
	/*
	 * In the configuration, or owned.  The log of an exporter has the path
	 * of that exporter.  NULL: replaced, or not in use.
	 */
	const struct conf_log *log;
	bool of_exporter; /* log is owned, and made of the log whole */
	size_t whole;     /* index of the log with %{exporter} */
	int fd;        /* -1: not open; also of a log with %{exporter} itself */
	int append_fd; /* for the collectors; -1: these get fd */
	dev_t dev;     /* of fd; fstat may fail later */
	ino_t ino;
	char path[PATH_MAX];
	uint32_t lock;  /* of the log in flowlog-lock.h, also after rotation */
	gid_t gid;      /* of its files; (gid_t)-1: not changed */
	time_t until;   /* epoch; 0: not rotated by time */
	time_t retry;   /* epoch; no rotation before, since one failed */
	uint32_t above; /* for flowlog_dir_shift */
	struct flowlog_conditions conditions;
	/* For flowlog-compressors.h. */
	bool uncompressed;         /* there may be closed files to compress */
	bool compressing;          /* a compressor runs */
	bool leftover;             /* a compressed file cannot be removed */
	size_t compress_next;      /* index of a file in the list */
	uint32_t compress_version; /* of the list with this index */
};

/* The open logs of a configuration. */
struct open_flowlogs {
	const struct config *conf; /* NULL: none are open */
	const struct rights_options *rights;
	/*
	 * First those of the configuration, conf->nlogs, and then those of
	 * exporters.
	 */
	struct flowlog_file *list;
	size_t n;
};

void flowlog_file_close(struct flowlog_file *f);

/* The descriptor for collectors.  It stays open and is not owned. */
int flowlog_file_collector_fd(const struct flowlog_file *f);

/* The inodes of the open logs, sorted. */
struct flowlog_inodes {
	struct flowlog_inode {
		dev_t dev;
		ino_t ino;
	} * list;
	size_t n;
};

void flowlog_inodes_make(struct flowlog_inodes *inodes,
    const struct open_flowlogs *logs);
bool flowlog_inodes_have(const struct flowlog_inodes *inodes, dev_t dev,
    ino_t ino);
void flowlog_inodes_free(struct flowlog_inodes *inodes);

/* Whether one of n files has this inode. */
bool flowlog_file_is_among(const struct flowlog_file *list, size_t n, dev_t dev,
    ino_t ino);

/* The same for the open logs. */
bool open_flowlogs_have(const struct open_flowlogs *logs, dev_t dev, ino_t ino);

#endif
