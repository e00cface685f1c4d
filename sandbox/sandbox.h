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

/*
 * The reason for the death of a process that a signal killed, to follow "killed
 * by signal", if the sandbox may have sent it; else "".  Static.
 */
const char *sandbox_explain(int signal);

/* The operations that a collector needs on a descriptor. */
enum sandbox_use {
	SANDBOX_USE_MONITOR,    /* messages from and to the monitor */
	SANDBOX_USE_STDERR,     /* messages to be logged */
	SANDBOX_USE_LISTENER,   /* datagrams */
	SANDBOX_USE_FORWARD,    /* datagrams that are sent on */
	SANDBOX_USE_FLOWLOG,    /* a file or FIFO to append to */
	SANDBOX_USE_LOGSOCK,    /* records as datagrams */
	SANDBOX_USE_CONTROL,    /* a socket that listens, and its clients */
	SANDBOX_USE_STATE,      /* a state file to read */
	SANDBOX_USE_STATE_FILE, /* a state file to write */
};

/*
 * Restricts fd to the operations of its use, if the system has rights for each
 * descriptor (Capsicum).  A process that receives fd has the same rights; other
 * duplicates of fd keep theirs.  -1 with errno.
 */
int sandbox_restrict(int fd, enum sandbox_use use)
    __attribute__((warn_unused_result));

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
