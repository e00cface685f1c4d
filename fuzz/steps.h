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
 * Counts the steps of code that was compiled with -fsanitize-coverage=trace-pc
 * and linked with --wrap for the functions below.  Included by one source file.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stddef.h>
#include <stdint.h>

static uint64_t steps;

#ifdef FUZZ_STEPS

#define STEP_OCTETS 16 /* of memory that one instruction handles */

void __wrap___sanitizer_cov_trace_pc(void);
void *__real_memcpy(void *to, const void *from, size_t len);
void *__wrap_memcpy(void *to, const void *from, size_t len);
void *__real_memmove(void *to, const void *from, size_t len);
void *__wrap_memmove(void *to, const void *from, size_t len);
void *__real_memset(void *to, int c, size_t len);
void *__wrap_memset(void *to, int c, size_t len);
int __real_memcmp(const void *a, const void *b, size_t len);
int __wrap_memcmp(const void *a, const void *b, size_t len);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

__attribute__((no_sanitize("coverage"))) void
__wrap___sanitizer_cov_trace_pc(void)
{
	steps++;
}

void *
__wrap_memcpy(void *to, const void *from, size_t len)
{
	steps += len / STEP_OCTETS;
	return (__real_memcpy(to, from, len));
}

void *
__wrap_memmove(void *to, const void *from, size_t len)
{
	steps += len / STEP_OCTETS;
	return (__real_memmove(to, from, len));
}

void *
__wrap_memset(void *to, int c, size_t len)
{
	steps += len / STEP_OCTETS;
	return (__real_memset(to, c, len));
}

int
__wrap_memcmp(const void *a, const void *b, size_t len)
{
	steps += len / STEP_OCTETS;
	return (__real_memcmp(a, b, len));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	steps += n * size / STEP_OCTETS;
	return (__real_calloc(n, size));
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	steps += n * size / STEP_OCTETS;
	return (__real_reallocarray(p, n, size));
}

#endif
#endif
