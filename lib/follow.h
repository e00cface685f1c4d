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
 * Following a log by its name, as tail -F does.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdint.h>

struct follow {
	const char *path;
	int fd;   /* of the current file, or -1 */
	int next; /* of that which has taken its place */
};

enum follow_event {
	FOLLOW_SAME, /* the same file, which may have grown */
	FOLLOW_CUT,  /* it was emptied, and begins anew */
	FOLLOW_NEXT, /* another is at the path: this one is whole */
};

/* path stays the caller's, and is kept.  There is no current file yet. */
void follow_init(struct follow *f, const char *path);
void follow_close(struct follow *f);

/*
 * Opens what is at the path for the current file.  FLOWD_EIO; FLOWD_EINVAL
 * where that is no regular file.
 */
int follow_open(struct follow *f) __attribute__((warn_unused_result));

/*
 * A descriptor to read the current file with: from its beginning, and by the
 * way for follow_look to see how far that got.  The caller closes it.
 * FLOWD_EIO.
 */
int follow_descriptor(struct follow *f, int *fd)
    __attribute__((warn_unused_result));

/*
 * What became of the current file, which was read to its end; offset is where
 * the last record ended.  With FOLLOW_NEXT that descriptor has to be read to
 * its end once more, and the next file is the current one.
 */
enum follow_event follow_look(struct follow *f, uint64_t offset);

#endif
