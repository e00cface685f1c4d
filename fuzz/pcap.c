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

/* Packet captures that flow-send reads. */
#include "compat/compat.h"

#include "fuzz.h"

#include "send/flow-pcap.h"

static char path[FUZZ_PATH_MAX];

static void
remove_file(void)
{
	(void)unlink(path);
}

static int
make_file(void)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	(void)snprintf(path, sizeof(path), "%s/fuzz-XXXXXX",
	    dir == NULL ? "/tmp" : dir);
	fd = mkstemp(path);
	assert_true(fd != -1 && atexit(remove_file) == 0);
	return (fd);
}

/* Reads every octet, so that a sanitizer sees it. */
static void
sum_packet(void *arg, const struct addr *src, const uint8_t *data, size_t len)
{
	uint32_t *sum = arg;
	size_t i;

	assert_true(src->family == ADDR_V4 || src->family == ADDR_V6);
	for (i = 0; i < len; i++)
		*sum += data[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct flow_pcap_skipped skipped;
	int r;
	uint32_t sum = 0;

	if (fd == -1)
		fd = make_file();
	assert_true(ftruncate(fd, 0) == 0);
	assert_true(pwrite(fd, data, size, 0) == (ssize_t)size);
	r = flow_pcap_read(path, sum_packet, &sum, &skipped);
	assert_true(r == 0 || r == -1);
	return (0);
}
