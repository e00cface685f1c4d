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
 * What confines a process after it has given up its user and its root.  One
 * sandbox-MECHANISM.c stands behind this header; configure chooses which.
 * sandbox-limits.c is common to all of them.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

/* Each has a list of its own of what it may still do. */
enum sandbox_role {
	SANDBOX_COLLECTOR, /* works with descriptors it has or is handed */
	SANDBOX_PARSER,    /* reads files, says what is in them */
	SANDBOX_FILES,     /* works with the files that it has */
	SANDBOX_MONITOR,   /* opens what the others use, and starts them */
};

#define SANDBOX_NONE "none" /* the name where nothing confines */

/* The name of the mechanism, for the message at start.  Static. */
const char *sandbox_name(void);

/*
 * Confines this process for good.  A collector, parser or log check that does
 * what its role has no use for is ended by the system, or refused; the
 * monitor is refused.  -1 with errno where the system has no such mechanism.
 */
int sandbox_enter(enum sandbox_role role) __attribute__((warn_unused_result));

/* Resource limits, which every system has; every mechanism begins with them. */
int sandbox_limit(enum sandbox_role role) __attribute__((warn_unused_result));

/*
 * Programs built with AddressSanitizer look for leaks when they end, for which
 * they start a process that reads /proc and traces the first.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

#endif
