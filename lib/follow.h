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
 * Follows a log by its name, like tail -F.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

struct follow {
	const char *path;
	int fd;   /* of the current file, or -1 */
	int next; /* of the file that replaced it, or -1 */
};

enum follow_event {
	FOLLOW_SAME, /* the same file, which may have grown */
	FOLLOW_CUT,  /* it was truncated; read it from its beginning */
	FOLLOW_NEXT, /* the path has another file: this one is complete */
};

/* The caller owns path, which must outlive f.  There is no current file yet. */
void follow_init(struct follow *f, const char *path);
void follow_close(struct follow *f);

/*
 * Opens the file at the path as the current file.  FLOWD_EIO; FLOWD_EINVAL if
 * it is not a regular file.
 */
int follow_open(struct follow *f) __attribute__((warn_unused_result));

/*
 * Returns a descriptor for reading the current file from its beginning.  It
 * shares its offset with follow_look.  The caller closes it.  FLOWD_EIO.
 */
int follow_descriptor(struct follow *f, int *fd)
    __attribute__((warn_unused_result));

/*
 * Checks the current file after it was read to its end; offset is the end of
 * its last record.  After FOLLOW_NEXT the caller must read the descriptor to
 * its end once more; the next file is then the current file.
 */
enum follow_event follow_look(struct follow *f, uint64_t offset);

#endif
