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
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/read-whole.h"
#include "control/ctl-findings.h"

#define FILE_MAX (16 << 20) /* bytes of acknowledged findings */
#define BLANKS   " \t\r"

/* The names of findings: flowdctl(8) explains them. */
static const char *const names[] = {
	"amplification",
	"clock-off",
	"collector-died",
	"in-is-out",
	"incomplete",
	"interface-gone",
	"malformed",
	"memory-share",
	"narrow-counters",
	"no-content",
	"no-template",
	"no-time-base",
	"no-times",
	"options-limit",
	"sampling-unknown",
	"set-without-record",
	"slow-refresh",
	"template-changed",
	"template-conflict",
	"template-doubtful",
	"template-refused",
	"times-impossible",
	"times-old",
	"times-restarted",
	"unsupported-version",
	"waiting-for-template",
};

/* Returns the name in the table, or NULL. */
static const char *
find_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return (names[i]);
	}
	return (NULL);
}

/* Sets *addr to that of the exporter in word, or to none for FINDINGS_FLOWD. */
static int
read_subject(const char *word, struct addr *addr)
{
	if (strcmp(word, FINDINGS_FLOWD) != 0)
		return (addr_pton(word, addr));
	*addr = (struct addr){ .family = ADDR_NONE };
	return (0);
}

static const char *
subject_of(const struct finding *f, char buf[ADDR_STRLEN])
{
	return (f->exporter.family == ADDR_NONE ? FINDINGS_FLOWD :
						  addr_ntop(&f->exporter, buf));
}

/* Makes room for one more.  False: memory is exhausted. */
static bool
make_room(struct findings *found)
{
	const size_t room = found->room == 0 ? 64 : 2 * found->room;
	struct finding *all;

	if (found->n < found->room)
		return (true);
	if ((all = reallocarray(found->all, room, sizeof(*all))) == NULL)
		return (false);
	found->all = all;
	found->room = room;
	return (true);
}

void
findings_add(struct findings *found, const struct addr *exporter,
    const char *name, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL || !make_room(found)) {
		free(copy);
		found->incomplete = true;
		return;
	}
	found->all[found->n++] = (struct finding){
		.exporter = *exporter,
		.name = name,
		.text = copy,
	};
}

void
findings_free(struct findings *found)
{
	size_t i;

	for (i = 0; i < found->n; i++)
		free(found->all[i].text);
	free(found->all);
	*found = (struct findings){ .n = 0 };
}

/* Cuts the next word, without a colon at its end, out of *line, or NULL. */
static char *
next_word(char **line)
{
	char *word = *line + strspn(*line, BLANKS);
	size_t len = strcspn(word, BLANKS);

	if (len == 0)
		return (NULL);
	*line = word + len + (word[len] != '\0');
	word[len] = '\0';
	if (len > 1 && word[len - 1] == ':')
		word[len - 1] = '\0';
	return (word);
}

/* Returns what is wrong with the line, or NULL. */
static const char *
read_line(struct findings *acknowledged, char *line)
{
	const char *address, *name, *word;
	struct addr addr;

	if (strncmp(line, FINDINGS_NONE, strlen(FINDINGS_NONE)) == 0)
		return (NULL);
	address = next_word(&line);
	word = next_word(&line);
	if (address == NULL || address[0] == '#')
		return (NULL);
	if (read_subject(address, &addr) != 0)
		return ("expected the address of an exporter");
	if (word == NULL)
		return ("expected the name of a finding after the address");
	if ((name = find_name(word)) == NULL)
		return ("no finding has this name; flowdctl(8) lists them");
	findings_add(acknowledged, &addr, name, "");
	return (NULL);
}

static int
read_lines(struct findings *acknowledged, const char *path, char *text)
{
	unsigned int number = 0;
	const char *wrong;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		number++;
		if ((wrong = read_line(acknowledged, line)) != NULL) {
			log_warnx("%s:%u: %s", path, number, wrong);
			return (-1);
		}
	}
	if (acknowledged->incomplete)
		log_warnx("%s: memory exhausted", path);
	return (acknowledged->incomplete ? -1 : 0);
}

/* Returns the text of the file, which the caller frees, or NULL. */
static char *
read_text(const char *path)
{
	uint8_t *data = NULL;
	char *text = NULL;
	size_t len;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (NULL);
	if (read_whole(fd, FILE_MAX, &data, &len) == 0)
		text = strndup((const char *)data, len);
	free(data);
	(void)close(fd);
	return (text);
}

int
findings_read(struct findings *acknowledged, const char *path)
{
	struct findings more = { .n = 0 };
	char *text = read_text(path);
	int r;

	if (text == NULL) {
		log_warn("cannot read %s", path);
		return (-1);
	}
	r = read_lines(&more, path, text);
	free(text);
	if (r == -1) {
		findings_free(&more);
		return (-1);
	}
	findings_free(acknowledged);
	*acknowledged = more;
	return (0);
}

static int
compare(const void *a, const void *b)
{
	const struct finding *one = a, *other = b;
	const struct prefix x = { .addr = one->exporter };
	const struct prefix y = { .addr = other->exporter };
	const int order = prefix_compare(&x, &y);

	return (order != 0 ? order : strcmp(one->name, other->name));
}

size_t
findings_acknowledge(struct findings *found,
    const struct findings *acknowledged)
{
	size_t i, rest = 0;

	if (acknowledged->n > 0)
		qsort(acknowledged->all, acknowledged->n,
		    sizeof(acknowledged->all[0]), compare);
	for (i = 0; i < found->n; i++) {
		found->all[i].acknowledged = acknowledged->n > 0 &&
		    bsearch(&found->all[i], acknowledged->all, acknowledged->n,
			sizeof(acknowledged->all[0]), compare) != NULL;
		rest += !found->all[i].acknowledged;
	}
	return (rest);
}

void
findings_print_text(FILE *fp, const struct findings *found)
{
	const struct finding *f;
	char addr[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < found->n; i++) {
		f = &found->all[i];
		if (!f->acknowledged)
			(void)fprintf(fp, "%s: %s: %s\n", subject_of(f, addr),
			    f->name, f->text);
	}
}

void
findings_print_json(FILE *fp, const struct findings *found)
{
	const struct finding *f;
	char addr[ADDR_STRLEN];
	size_t i;

	(void)fputs("{\"findings\":[", fp);
	for (i = 0; i < found->n; i++) {
		f = &found->all[i];
		(void)fprintf(fp,
		    "%s\n{\"exporter\":\"%s\",\"finding\":\"%s\","
		    "\"acknowledged\":%s,\"text\":\"%s\"}",
		    i == 0 ? "" : ",", subject_of(f, addr), f->name,
		    f->acknowledged ? "true" : "false", f->text);
	}
	(void)fputs("]}\n", fp);
}

void
findings_print_prometheus(FILE *fp, const struct findings *found)
{
	const struct finding *f;
	char addr[ADDR_STRLEN];
	size_t i;

	(void)fputs(
	    "# HELP flowd_exporter_finding Problems that flowdctl check "
	    "reports.\n"
	    "# TYPE flowd_exporter_finding gauge\n",
	    fp);
	for (i = 0; i < found->n; i++) {
		f = &found->all[i];
		if (!f->acknowledged)
			(void)fprintf(fp,
			    "flowd_exporter_finding{exporter=\"%s\","
			    "finding=\"%s\"} 1\n",
			    subject_of(f, addr), f->name);
	}
}
