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
 * The closed files of logs in one directory, which are remembered.  The
 * directory is read again only after it has changed, in steps that are short,
 * and then only files that are new to the list are looked at.  No file is
 * opened for the list.
 */
#ifndef FLOWLOG_LIST_H
#define FLOWLOG_LIST_H

#include <sys/types.h>

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "config/flowlog-name.h"
#include "config/flowlog-names.h"
#include "monitor/flowlog-file.h"

/* Whether a file is empty, begins as a flow log, or was compressed by flowd. */
enum flowlog_list_origin { ORIGIN_UNKNOWN, ORIGIN_OWN, ORIGIN_FOREIGN };

struct flowlog_list_file {
	char *name;   /* in the directory */
	uint32_t log; /* index in the configuration */
	struct flowlog_name parsed;
	struct timespec mtime;
	uint64_t size; /* bytes */
	dev_t dev;
	ino_t ino;
	ino_t entry;   /* the inode in the directory's entry */
	time_t opened; /* epoch; the last look at which it was open */
	enum flowlog_list_origin origin;
	uint32_t seen; /* the last reading with the file */
	bool open;     /* flowd writes to it */
	bool settled;  /* it does not change any more */
	bool gone;     /* to be removed from the list */
	bool failed;   /* it could not be compressed */
};

struct flowlog_list {
	char *path; /* of the directory, with "/"; "": the working directory */
	const struct config *conf;         /* of the logs */
	const struct flowlog_names *names; /* of the logs */
	struct flowlog_list_file
	    *files; /* by log and exporter, the oldest first */
	size_t n;
	uint32_t version; /* of the order of files */
	int fd;           /* of the directory, or -1 */
	bool is_current;  /* the list has all files, if fd is not -1 */

	/* For flowlog-list.c. */
	size_t room;             /* for files */
	bool has_gone;           /* files has some that are gone */
	bool unsorted;           /* in files */
	bool in_doubt;           /* the directory may have changed */
	DIR *reading;            /* NULL: no */
	struct timespec changed; /* of the directory, when it was read */
	time_t read;             /* epoch; 0: never */
	uint32_t readings;
	uint32_t *table; /* indices by the hash of the name; while reading */
	size_t nslots;
};

/*
 * Begins to use the directory, which is opened.  is_current tells whether it is
 * unchanged.  -1 with errno.
 */
int flowlog_list_open(struct flowlog_list *l, time_t now);

/*
 * Reads some entries of the directory.  1: there are more.  0: the list is
 * current.  -1 with errno.
 */
int flowlog_list_read(struct flowlog_list *l, time_t now);

/*
 * Looks at the files that may have changed: those that are open, or were written
 * lately.  Then removes those that are gone, and sorts the rest.
 */
void flowlog_list_refresh(struct flowlog_list *l,
    const struct flowlog_inodes *open, time_t now);

/* Reads the status of a file.  False if it is no regular file any more. */
bool flowlog_list_look(struct flowlog_list *l, struct flowlog_list_file *f,
    time_t now);

/*
 * Looks at a file that is to be removed or compressed, and opens it if its
 * origin is unknown.  Whether it is unchanged, not open, and flowd's own.
 */
bool flowlog_list_verify(struct flowlog_list *l, struct flowlog_list_file *f,
    const struct flowlog_inodes *open, time_t now);

/*
 * The end of using the directory, which is closed.  If the list was current,
 * changes that flowd made meanwhile, and noted in the list, leave it current.
 */
void flowlog_list_close(struct flowlog_list *l);

/* The files of a log.  Returns the first, and *n. */
struct flowlog_list_file *flowlog_list_of(const struct flowlog_list *l,
    uint32_t log, size_t *n);

/* Removes a file from the list when it is closed or refreshed. */
void flowlog_list_drop(struct flowlog_list *l, struct flowlog_list_file *f);

/* Gives a file another name, and reads its status.  It keeps its place. */
void flowlog_list_rename(struct flowlog_list *l, struct flowlog_list_file *f,
    const char *name, time_t now);

void flowlog_list_free(struct flowlog_list *l);

#endif
