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

#include <unistd.h>

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
