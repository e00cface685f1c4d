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

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/flowlog-file.h"

void
flowlog_file_close(struct flowlog_file *f)
{
	(void)close(f->fd);
	if (f->append_fd != -1)
		(void)close(f->append_fd);
	f->fd = f->append_fd = -1;
}

int
flowlog_file_collector_fd(const struct flowlog_file *f)
{
	return (f->append_fd == -1 ? f->fd : f->append_fd);
}

bool
flowlog_file_is_among(const struct flowlog_file *list, size_t n, dev_t dev,
    ino_t ino)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (list[i].fd != -1 && list[i].dev == dev &&
		    list[i].ino == ino)
			return (true);
	}
	return (false);
}

bool
open_flowlogs_have(const struct open_flowlogs *logs, dev_t dev, ino_t ino)
{
	return (flowlog_file_is_among(logs->list, logs->n, dev, ino));
}

static int
compare_inodes(const void *va, const void *vb)
{
	const struct flowlog_inode *a = va, *b = vb;

	if (a->dev != b->dev)
		return (a->dev < b->dev ? -1 : 1);
	return (a->ino < b->ino ? -1 : a->ino > b->ino);
}

void
flowlog_inodes_make(struct flowlog_inodes *inodes,
    const struct open_flowlogs *logs)
{
	const struct flowlog_file *f;

	inodes->n = 0;
	inodes->list = calloc(logs->n + 1, sizeof(*inodes->list));
	if (inodes->list == NULL)
		fatal("no memory for logs");
	for (f = logs->list; f < logs->list + logs->n; f++) {
		if (f->fd != -1)
			inodes->list[inodes->n++] =
			    (struct flowlog_inode){ f->dev, f->ino };
	}
	qsort(inodes->list, inodes->n, sizeof(*inodes->list), compare_inodes);
}

bool
flowlog_inodes_have(const struct flowlog_inodes *inodes, dev_t dev, ino_t ino)
{
	const struct flowlog_inode key = { dev, ino };

	return (bsearch(&key, inodes->list, inodes->n, sizeof(key),
		    compare_inodes) != NULL);
}

void
flowlog_inodes_free(struct flowlog_inodes *inodes)
{
	free(inodes->list);
	*inodes = (struct flowlog_inodes){ .list = NULL };
}
