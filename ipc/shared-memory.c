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

#include <sys/mman.h>

#include "ipc/shared-memory.h"

/* The name on FreeBSD; OpenBSD and NetBSD have the other. */
#if !defined(INHERIT_NONE) && defined(MAP_INHERIT_NONE)
#define INHERIT_NONE MAP_INHERIT_NONE
#endif

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

void *
shared_memory_new(size_t len)
{
	void *memory;

	memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return (NULL);
	return (memory);
}

void
shared_memory_keep_from_children(void *memory, size_t len)
{
#if defined(MADV_DONTFORK)
	(void)madvise(memory, len, MADV_DONTFORK);
#elif defined(INHERIT_NONE)
	(void)minherit(memory, len, INHERIT_NONE);
#else
	(void)memory;
	(void)len;
#endif
}

void
shared_memory_free(void *memory, size_t len)
{
	if (memory != NULL)
		(void)munmap(memory, len);
}
