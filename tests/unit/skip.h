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
 * Skips a test and states why.  Include cmocka.h and its requirements first.
 */
#ifndef SKIP_H
#define SKIP_H

#include <stdlib.h>

#define SKIPPED_WITHOUT_DATA "FLOWD_TEST_DATA is not set"

/*
 * Skips the running test.  cmocka has no reasons; tests/lib/runner.py reads the
 * reason from this line of output.
 */
__attribute__((noreturn)) static inline void
skip_because(const char *reason)
{
	print_message("skipped: %s\n", reason);
	skip();
	abort(); /* not reached; cmocka does not declare that skip ends */
}

#endif
