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
 * The files of a followed log that were read, and how far.
 */
#ifndef FOLLOW_SEEN_H
#define FOLLOW_SEEN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct seen_file {
	dev_t dev;
	ino_t ino;
	uint64_t size; /* bytes, when it was last seen */
	struct timespec mtime;
	uint64_t end;  /* bytes that were read, uncompressed */
	uint32_t head; /* of follow_head, or 0 */
	uint32_t stem; /* a checksum of its stem; see lib/follow-name.h */
	bool exact;    /* end is the end of a record */
	bool listed;   /* found by the last search */
};

/* Sorted by device and inode.  All zeros is an empty one. */
struct seen {
	struct seen_file *files;
	size_t n, room;
};

void seen_free(struct seen *s);

/* NULL: the file is not known. */
struct seen_file *seen_find(const struct seen *s, dev_t dev, ino_t ino);

/*
 * Adds the file, or replaces its entry.  If the file had another beginning,
 * those bytes stay known: they may have been copied to another file.
 * FLOWD_ENOMEM.
 */
int seen_put(struct seen *s, const struct seen_file *file)
    __attribute__((warn_unused_result));

/*
 * Finds the file, other than this one, of which it may be a copy: the beginning
 * and the stem of the name are the same.  Of several it is the one of which
 * most was read.
 */
const struct seen_file *seen_find_same(const struct seen *s,
    const struct seen_file *file);

/* Forgets files that were not found by the last search. */
void seen_forget_unlisted(struct seen *s);

/*
 * Returns a checksum of the first record of the plain or compressed log at fd,
 * or 0 if it does not begin with a complete record.  Sets *length to the
 * uncompressed length in bytes.  The offset of fd does not change.
 */
uint32_t follow_head(int fd, uint64_t size, uint64_t *length);

#endif
