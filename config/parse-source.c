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
 * The input of the lexer: files that include others, and values of macros.
 */
#include "compat/compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/parse-error.h"
#include "config/parse-memory.h"
#include "config/parse-source.h"

#define DEPTH_MAX    16   /* files that are open at once */
#define INCLUDES_MAX 1024 /* in all */

/* A file that is being read. */
struct source {
	struct source *parent; /* the file that includes it, or NULL */
	struct place place;    /* of the next byte */
	char *text;            /* the whole file */
	const char *at, *end;  /* the unread part */
	dev_t dev;
	ino_t ino;
	bool is_file; /* dev and ino are set */
};

static struct {
	struct source *innermost;
	size_t nincludes;
	size_t nbytes;         /* of all files so far */
	const char *expansion; /* the unread part of a macro, or NULL */
} input;

/* The length of the line end at p, "\n" or "\r\n", or 0. */
static size_t
line_end_len(const char *p)
{
	const char *end = input.innermost->end;

	if (p < end && *p == '\n')
		return (1);
	if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
		return (2);
	return (0);
}

int
source_peek(void)
{
	struct source *source = input.innermost;
	size_t len;

	if (parsing.stopped)
		return (EOF);
	if (input.expansion != NULL) {
		if (*input.expansion != '\0')
			return ((unsigned char)*input.expansion);
		input.expansion = NULL;
	}
	/* A backslash at the end of a line joins it to the next. */
	while (source->at < source->end && *source->at == '\\' &&
	    (len = line_end_len(source->at + 1)) != 0) {
		source->at += 1 + len;
		source->place.line++;
	}
	if (source->at == source->end)
		return (EOF);
	return (
	    line_end_len(source->at) != 0 ? '\n' : (unsigned char)*source->at);
}

void
source_advance(void)
{
	struct source *source = input.innermost;
	size_t len;

	if (input.expansion != NULL) {
		input.expansion++;
		return;
	}
	if ((len = line_end_len(source->at)) != 0)
		source->place.line++;
	source->at += len == 0 ? 1 : len;
}

void
source_expand(const char *value)
{
	input.expansion = value;
}

bool
source_is_expanding(void)
{
	return (input.expansion != NULL);
}

const char *
source_rest(size_t *len)
{
	const struct source *source = input.innermost;

	*len = (size_t)(source->end - source->at);
	return (source->at);
}

void
source_skip(size_t len)
{
	input.innermost->at += len;
}

/* Reads fp, the innermost file, completely.  False after a message. */
static bool
read_file(FILE *fp)
{
	struct source *source = input.innermost;
	size_t len = 0, size = 0;
	char *grown;

	do {
		size = size == 0 ? 4096 : size * 2;
		if (input.nbytes + len > CONFIG_PACKED_MAX) {
			parse_error(NO_LINE,
			    "too large, expected at most %u bytes in all "
			    "files together",
			    CONFIG_PACKED_MAX);
			return (false);
		}
		if ((grown = realloc(source->text, size)) == NULL) {
			log_warn("%s", source->place.file);
			return (false);
		}
		source->text = grown;
		len += fread(source->text + len, 1, size - len, fp);
	} while (len == size);
	if (ferror(fp)) {
		log_warn("%s", source->place.file);
		return (false);
	}
	input.nbytes += len;
	source->at = source->text;
	source->end = source->text + len;
	source->place.line = 1;
	return (true);
}

const char *
source_path(const char *path)
{
	const char *here = parsing.place->file, *slash = strrchr(here, '/');
	const size_t len =
	    slash == NULL || path[0] == '/' ? 0 : (size_t)(slash + 1 - here);
	char *text;

	if (len == 0)
		return (path);
	if ((text = parse_text(len + strlen(path))) == NULL)
		return (path);
	memcpy(text, here, len);
	memcpy(text + len, path, strlen(path));
	return (text);
}

/* Reports that a file cannot be opened, and by which user. */
static void
bad_file(struct token what, struct token value, int error)
{
	char why[160];

	(void)snprintf(why, sizeof(why), "%s", strerror(error));
	if (error == EACCES)
		(void)snprintf(why, sizeof(why),
		    "%s; the parser process reads it with user ID %lu",
		    strerror(error), (unsigned long)geteuid());
	parse_bad_value(what, value, why);
}

FILE *
source_open(struct token what, struct token value, const char *path)
{
	struct stat st;
	FILE *fp = NULL;
	int fd;

	if (parsing.use == CONFIG_TEXT) {
		parse_bad_value(what, value,
		    "rules that are given as text cannot read files");
		return (NULL);
	}
	/* O_NONBLOCK: opening a FIFO does not wait for a writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1 ||
	    (S_ISREG(st.st_mode) && (fp = fdopen(fd, "r")) == NULL))
		bad_file(what, value, errno);
	else if (fp == NULL)
		parse_bad_value(what, value, "not a regular file");
	if (fp == NULL && fd != -1)
		(void)close(fd);
	return (fp);
}

/*
 * Makes fp the innermost file.  False after a message, which names the place
 * in the including file.
 */
static bool
push(FILE *fp, const char *name, struct token what, struct token value)
{
	struct source *source, *other;
	struct stat st;
	size_t depth = 1;

	if ((source = calloc(1, sizeof(*source))) == NULL) {
		log_warn("%s", name);
		parsing.errors++;
		return (false);
	}
	source->place.file = name;
	source->parent = input.innermost;
	if (fileno(fp) != -1 && fstat(fileno(fp), &st) == 0) {
		source->dev = st.st_dev;
		source->ino = st.st_ino;
		source->is_file = true;
	}
	for (other = input.innermost; other != NULL; other = other->parent) {
		depth++;
		if (other->is_file && source->is_file &&
		    other->dev == source->dev && other->ino == source->ino) {
			parse_bad_value(what, value,
			    "the file would include itself");
			free(source);
			return (false);
		}
	}
	if (depth > DEPTH_MAX) {
		parse_bad_value(what, value, "includes are nested too deeply");
		free(source);
		return (false);
	}
	input.innermost = source;
	parsing.place = &source->place;
	return (true);
}

void
source_include(struct token path)
{
	const struct token what = { "include", path.line };
	const char *name = source_path(path.text);
	FILE *fp;

	if (input.nincludes++ == INCLUDES_MAX) {
		parse_bad_value(what, path, "too many includes");
		return;
	}
	if ((fp = source_open(what, path, name)) == NULL)
		return;
	if (push(fp, name, what, path) && !read_file(fp))
		parsing.errors++;
	(void)fclose(fp);
}

bool
source_begin(FILE *fp, const char *name)
{
	const struct token none = { NULL, NO_LINE };

	return (push(fp, name, none, none) && read_file(fp));
}

static void
pop(void)
{
	struct source *source = input.innermost;

	input.innermost = source->parent;
	parsing.place = source->parent == NULL ? NULL : &source->parent->place;
	free(source->text);
	free(source);
}

bool
source_return(void)
{
	if (input.innermost->parent == NULL)
		return (false);
	pop();
	return (true);
}

void
source_free(void)
{
	while (input.innermost != NULL)
		pop();
	memset(&input, 0, sizeof(input));
}
