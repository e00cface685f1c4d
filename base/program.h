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
 * Options that every program has: -h and --help, -V and --version; and the
 * message about a wrong command line.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>

#define PROGRAM_WORDS_MAX 8
#define PROGRAM_WORD      512 /* the values of words begin here */

/* An option that is a word after two dashes. */
struct program_word {
	const char *name;
	bool argument;
	int value; /* what program_option returns: a letter, or PROGRAM_WORD
		      and up */
};

struct program {
	const char *name;    /* as users call it */
	const char *letters; /* its options, as for getopt(3) */
	const char *usage;   /* the usage message, ends with a newline */
	/* At most PROGRAM_WORDS_MAX, and then one without name; NULL: none. */
	const struct program_word *words;
	/* A library or mechanism beside zlib that -V prints. */
	const char *feature; /* NULL: none */
	const char *(*feature_version)(void);
};

/*
 * Returns the letter of the next option, or the value of a word, with optarg
 * and optind as getopt_long(3) sets them, or -1 after the last one.  Help and version are printed here, and
 * a wrong option is reported here; then the process exits.  -V is the version
 * unless letters has it with an argument ("V:").
 */
int program_option(const struct program *program, int argc, char **argv);

/*
 * Reports a wrong command line on standard error, with the usage message, and
 * exits with status 1.
 */
void program_misused(const struct program *program, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/*
 * Reports that output cannot be written, with errno as the cause.  name is the
 * output's name in the message.  EPIPE is not reported: the reader of the pipe
 * has ended, as head(1) does.  The caller must ignore SIGPIPE.
 */
void program_output_failed(const char *name);

#endif
