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
 * The file with the process ID of the monitor, for programs that signal it.
 */
#ifndef PIDFILE_H
#define PIDFILE_H

struct pidfile {
	char *path; /* NULL: none */
	int fd;     /* locked */
};

/*
 * Writes the file and locks it, so that a second flowd with the same pidfile
 * does not start.  -1 after a message.
 */
int pidfile_write(struct pidfile *p, const char *path);

/* Removes the file, if pidfile_write wrote it. */
void pidfile_remove(struct pidfile *p);

#endif
