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
#include <getopt.h>
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

#define VERSION 256 /* of --version; no letter has this value */

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

/* The options --help and --version, and those of the program. */
static void
fill_words(const struct program *p, struct option *words)
{
	static const struct option standard[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, VERSION },
	};
	const struct program_word *w;

	memset(words, 0, (PROGRAM_WORDS_MAX + 3) * sizeof(*words));
	*words++ = standard[0];
	*words++ = standard[1];
	if (p->words == NULL)
		return;
	for (w = p->words; w->name != NULL; w++, words++) {
		words->name = w->name;
		words->has_arg = w->argument ? required_argument : no_argument;
		words->val = w->value;
	}
}

/* Reports an option that getopt_long(3) refused, and exits. */
static _Noreturn void
refuse_option(const struct program *p, char *const *argv)
{
	const char *word = argv[optind - 1];
	const int len = (int)strcspn(word, "=");

	/* It has moved past a word, and sets optopt if it knows the word. */
	if (strncmp(word, "--", 2) == 0 && optopt == 0)
		program_misused(p, "unknown option %.*s", len, word);
	if (strncmp(word, "--", 2) == 0)
		program_misused(p, "option %.*s %s", len, word,
		    word[len] == '=' ? "takes no argument" :
				       "needs an argument");
	if (strchr(p->letters, optopt) != NULL)
		program_misused(p, "option -%c needs an argument", optopt);
	program_misused(p, "unknown option -%c", optopt);
}

int
program_option(const struct program *p, int argc, char **argv)
{
	struct option words[PROGRAM_WORDS_MAX + 3];
	int ch;

	fill_words(p, words);
	opterr = 0; /* the messages are those of this file */
	ch = getopt_long(argc, argv, p->letters, words, NULL);
	switch (ch) {
	case '?':
		refuse_option(p, argv);
	case 'h':
		(void)fputs(p->usage, stdout);
		finish_output();
	case 'V':
		if (has_argument(p->letters, 'V'))
			return (ch);
		/* FALLTHROUGH */
	case VERSION:
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
