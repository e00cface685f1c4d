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
 * A model of another system's sandbox: seccomp stops every system call whose
 * permission depends on more than its number, and a function decides.  A call
 * that the other system would not permit is reported on standard error, and
 * ends the process by SIGABRT.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The arguments of a system call, as the kernel received them. */
typedef bool model_permits(long number, const uint64_t *args);

struct model_call {
	long number;
	model_permits *permits; /* NULL: always permitted */
};

/* Called after a call that was permitted, if not NULL. */
typedef void model_done(long number, const uint64_t *args, long result);

/* For permits: a system call of the model itself, which passes the filter. */
long model_system_call(long number, uint64_t a, uint64_t b, uint64_t c,
    uint64_t d, uint64_t e);

/* Whether a signal is for this process, and memory is not for code. */
model_permits model_is_self;
model_permits model_is_no_code;

/* The list must exist as long as the process.  -1 with errno. */
int model_enter(const char *name, const struct model_call *calls, size_t n,
    model_done *done);

#endif
