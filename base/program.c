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

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "base/program.h"

static void
print_version(const struct program *p)
{
	(void)printf("%s %s\n", p->name, PACKAGE_VERSION);
	(void)printf("zlib: %s", zlibVersion());
	if (strcmp(zlibVersion(), ZLIB_VERSION) != 0)
		(void)printf(", built with %s", ZLIB_VERSION);
	(void)printf("\n");
	if (p->feature != NULL)
		(void)printf("%s: %s\n", p->feature, p->feature_version());
	(void)printf("licence: ISC\n");
}

/* Exits with an error unless all of standard output was written. */
static _Noreturn void
finish_output(void)
{
	bool failed;

	(void)signal(SIGPIPE, SIG_IGN);
	failed = fflush(stdout) == EOF || ferror(stdout) != 0;
	if (failed || fclose(stdout) == EOF) {
		program_output_failed("standard output");
		exit(1);
	}
	exit(0);
}

static bool
has_argument(const char *letters, char letter)
{
	const char *at = strchr(letters, letter);

	return (at != NULL && at[1] == ':');
}

/*
 * The word of a long option, which getopt(3) reports as the wrong letter "-"
 * without moving optind on; NULL where "-" ends a cluster of letters.
 */
static const char *
long_option(char *const *argv)
{
	const char *word = argv[optind];

	if (optopt != '-' || word == NULL || strncmp(word, "--", 2) != 0)
		return (NULL);
	return (word + 2);
}

/* The letter of an option that getopt(3) refused; exits where it is wrong. */
static int
refused_option(const struct program *p, char *const *argv)
{
	const char *word = long_option(argv);

	if (word == NULL && strchr(p->letters, optopt) != NULL)
		program_misused(p, "option -%c needs an argument", optopt);
	if (word == NULL)
		program_misused(p, "unknown option -%c", optopt);
	if (strcmp(word, "help") == 0)
		return ('h');
	if (strcmp(word, "version") != 0)
		program_misused(p, "unknown option --%s", word);
	print_version(p);
	finish_output();
}

int
program_option(const struct program *p, int argc, char **argv)
{
	int ch;

	opterr = 0; /* the messages are those of this file */
	ch = getopt(argc, argv, p->letters);
	if (ch == '?')
		ch = refused_option(p, argv);
	switch (ch) {
	case 'h':
		(void)fputs(p->usage, stdout);
		finish_output();
	case 'V':
		if (has_argument(p->letters, 'V'))
			return (ch);
		print_version(p);
		finish_output();
	default:
		return (ch);
	}
}

void
program_misused(const struct program *p, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%s: ", p->name);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n%s", p->usage);
	exit(1);
}

void
program_output_failed(const char *name)
{
	if (errno != EPIPE)
		log_warn("cannot write to %s", name);
}
