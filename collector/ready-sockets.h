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
 * Which of many sockets can be read, at a cost that does not grow with those
 * that cannot: epoll or kqueue.
 */
#ifndef READY_SOCKETS_H
#define READY_SOCKETS_H

#include <stddef.h>

/*
 * Returns the descriptor of a new, empty set, which poll finds readable while a
 * socket of the set is.  -1 with errno; ENOSYS: the system has no such sets.
 */
int ready_sockets_new(void);

/* Adds a socket with a number.  -1 with errno. */
int ready_sockets_add(int set, int fd, size_t number);

/* Removes a socket, which may stay open in another process. */
void ready_sockets_remove(int set, int fd);

/*
 * Sets the numbers of sockets that can be read, max at most, and returns how
 * many there are.  Does not wait.  -1 with errno.
 */
int ready_sockets_find(int set, size_t *numbers, int max);

#endif
