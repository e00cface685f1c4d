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

#include <sys/socket.h>

#include "ipc/udp-socket.h"
#include "lib/cursor.h"

static uint32_t secret = 1;

int
udp_secret_init(void)
{
	if (getentropy(&secret, sizeof(secret)) == -1)
		return (-1);
	secret |= 1;
	return (0);
}

uint32_t
udp_secret(void)
{
	return (secret);
}

uint32_t
udp_worker(const struct addr *from, uint32_t n)
{
	const size_t len = from->family == ADDR_V6 ? 16 : 4;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i += 4)
		sum ^= be32(from->bytes + i);
	sum *= secret;
	sum ^= sum >> UDP_MIX_SHIFT;
	return ((sum * UDP_SPREAD >> UDP_SPREAD_SHIFT) % n);
}

size_t
udp_buffer(int fd)
{
	socklen_t len = sizeof(int);
	int size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) == -1)
		return (0);
	return (size < 0 ? 0 : (size_t)size);
}
