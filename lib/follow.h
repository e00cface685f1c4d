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
 * Follows a log by its name across truncation, rotation and compression.  It
 * finds the files; store-read.c reads them, one at a time, each once.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct follow;

enum follow_event {
	FOLLOW_SAME,   /* the same file, which may have grown */
	FOLLOW_NEXT,   /* another file has unread bytes */
	FOLLOW_CLOSED, /* the file is closed, and no other has its name */
};

/* Where reading of a file begins. */
struct follow_start {
	uint64_t end; /* bytes that were read before, uncompressed */
	bool exact;   /* a record ends there; else flows up to there repeat */
};

/*
 * path is a file, a directory, or a directory and a pattern of fnmatch(3).
 * FLOWD_EIO: it does not exist; FLOWD_EINVAL: it is none of these;
 * FLOWD_ENOMEM.
 */
int follow_new(const char *path, struct follow **follow)
    __attribute__((warn_unused_result));

/* f may be NULL.  Closes the current file. */
void follow_free(struct follow *f);

/*
 * Opens the first file: the one at the path, or the newest.  Only with only_new
 * reading starts at its end.  There may be none yet.  FLOWD_EIO, also while the
 * path has no file, FLOWD_ENOMEM.
 */
int follow_begin(struct follow *f, bool only_new, struct follow_start *start)
    __attribute__((warn_unused_result));

/* The descriptor of the current file, or -1. */
int follow_fd(const struct follow *f);

/*
 * The path of the current file when it was opened, or else the path that is
 * followed.
 */
const char *follow_path(const struct follow *f);

/*
 * The pattern of the names of all logs with another date in place of that in
 * the path, or NULL if there is no date.
 */
const char *follow_pattern(const struct follow *f);

/*
 * Whether the current file was truncated or overwritten since offset bytes of
 * it were read.
 */
bool follow_was_cut(struct follow *f, uint64_t offset);

/*
 * Looks for other files after the current file was read to its end; end bytes
 * are complete records.  After FOLLOW_NEXT and FOLLOW_CLOSED the caller must
 * read it to its end once more.
 */
enum follow_event follow_look(struct follow *f, uint64_t end);

/*
 * Makes the file that follow_look has found the current file.  end bytes of the
 * one before were read.
 */
void follow_next(struct follow *f, uint64_t end, struct follow_start *start);

#endif
