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
 * Confines a process that has dropped its other rights.  configure chooses one
 * sandbox-MECHANISM.c to implement this header; sandbox-limits.c is common to
 * all of them.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

/* Every role has its own list of permitted operations. */
enum sandbox_role {
	SANDBOX_COLLECTOR, /* uses open descriptors, and receives others */
	SANDBOX_PARSER,  /* reads configurations, writes the result to a pipe */
	SANDBOX_FILES,   /* uses the files that are open */
	SANDBOX_MONITOR, /* opens files and sockets, starts the others */
};

#define SANDBOX_NONE "none" /* the name of the missing sandbox */

/* The name of the mechanism, for the message at start.  Static. */
const char *sandbox_name(void);

/*
 * Confines this process irrevocably.  If a collector, parser or log check does
 * anything that its role does not permit, the system kills the process or
 * refuses the operation.  For the monitor it refuses the operation.  -1 with
 * errno if the system lacks the mechanism.
 */
int sandbox_enter(enum sandbox_role role) __attribute__((warn_unused_result));

/* Sets resource limits, which every system has.  sandbox_enter calls it. */
int sandbox_limit(enum sandbox_role role) __attribute__((warn_unused_result));

/*
 * A program built with AddressSanitizer looks for leaks when it exits: it
 * starts a process that reads /proc and traces the program.
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
