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
 * The logfile statement, its options and tags, and conflicts between logs.
 */
#include "compat/compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/flowlog-name.h"
#include "config/flowlog-names.h"
#include "config/parse-error.h"
#include "config/parse-index.h"
#include "config/parse-logfile.h"
#include "config/parse-memory.h"
#include "config/parse-statement.h"
#include "config/parse-value.h"

#define ROTATE_SIZE_MIN UINT64_C(1024)

#define MODE_WITH_GROUP 0640 /* if the statement has no mode */

/* The options of the current logfile statement. */
static struct conf_log options;
static struct token options_group;

/* The first statement with %{exporter}; path.text is NULL if there is none. */
static struct {
	const char *file;
	struct token statement, path;
} with_exporter;

/* What the logs of the configuration have. */
static struct {
	struct parse_index paths, tags;
	struct flowlog_names names;
	bool none_of_tags; /* a log without tags */
} seen;

/* Whether a log has the tag. */
static bool
tag_has_log(uint32_t tag)
{
	size_t value;

	return (parse_index_find(&seen.tags, &tag, sizeof(tag), &value));
}

/* Sets the tags of log to the items.  False after a message. */
static bool
add_tags(struct conf_log *log)
{
	struct token what = { "tag", 0 }, value;
	uint64_t n;
	size_t i;

	log->tags = calloc(parsing.nitems + 1, sizeof(*log->tags));
	if (log->tags == NULL) {
		parse_no_memory();
		return (false);
	}
	for (i = 0; i < parsing.nitems; i++) {
		value = parsing.items[i].token;
		what.line = value.line;
		if (!value_number(what, value, 0, UINT32_MAX, &n))
			return (false);
		if (tag_has_log((uint32_t)n)) {
			parse_bad_value(what, value,
			    "another logfile has this tag");
			return (false);
		}
		log->tags[log->ntags++] = (uint32_t)n;
	}
	qsort(log->tags, log->ntags, sizeof(*log->tags), value_compare_u32);
	for (i = 1; i < log->ntags; i++) {
		if (log->tags[i - 1] == log->tags[i]) {
			parse_error(what.line,
			    "tag %" PRIu32 " is specified twice", log->tags[i]);
			return (false);
		}
	}
	return (true);
}

/* Whether no other log has this path, or lacks tags if this one lacks them. */
static bool
log_is_new(struct token statement, struct token path)
{
	size_t value;

	if (parse_index_find(&seen.paths, path.text, strlen(path.text),
		&value)) {
		parse_bad_value(statement, path, "specified twice");
		return (false);
	}
	if (parsing.nitems == 0 && seen.none_of_tags) {
		parse_bad_value(statement, path,
		    "another logfile has no tags and gets all flows, "
		    "expected tag NUMBER[,...] after the path");
		return (false);
	}
	return (true);
}

/* Whether all files of log, and those of other logs, have different names. */
static bool
log_can_rotate(struct token statement, struct token path, struct conf_log *log)
{
	const char *wrong = flowlog_name_check(log);

	if (wrong == NULL && log->utc && log->rotate_seconds == 0)
		wrong = "utc needs rotate every DURATION";
	if (wrong == NULL && log->rotate_seconds == 0 &&
	    log->rotate_size == 0 &&
	    (log->compress || log->keep_files != 0 || log->keep_seconds != 0 ||
		log->keep_size != 0))
		wrong = "keep and compress need rotate";
	if (wrong == NULL && flowlog_names_meet(&seen.names, log))
		wrong =
		    "its files can have the same names as those of another "
		    "logfile";
	if (wrong == NULL)
		return (true);
	parse_bad_value(statement, path, wrong);
	return (false);
}

void
conf_log_clear(void)
{
	options = (struct conf_log){ .path = NULL };
	options_group = (struct token){ NULL, 0 };
}

void
conf_log_free(void)
{
	conf_log_clear();
	parse_index_free(&seen.paths);
	parse_index_free(&seen.tags);
	flowlog_names_free(&seen.names);
	seen.none_of_tags = false;
	memset(&with_exporter, 0, sizeof(with_exporter));
}

/* An address can be forged, and each makes a file. */
void
conf_log_check(void)
{
	const struct place *const outer = parsing.place;
	const struct place place = { with_exporter.file, NO_LINE };

	if (with_exporter.path.text == NULL ||
	    (!parsing.saw_any_source &&
		!config_allows_more(parsing.conf, CONFIG_EXPORTERS_MAX)))
		return;
	parsing.place = &place;
	parse_bad_value(with_exporter.statement, with_exporter.path,
	    "%{exporter} makes a file for each address, which a sender can "
	    "forge; expected flow source statements that allow at most 65536 "
	    "addresses");
	parsing.place = outer;
}

static void
note_exporter(struct token statement, struct token path)
{
	if (with_exporter.path.text != NULL)
		return;
	with_exporter.file = parsing.place->file;
	with_exporter.statement = statement;
	with_exporter.path = path;
}

/* Remembers what no other log may have. */
static void
note_log(const struct conf_log *log)
{
	size_t i;

	parse_index_add(&seen.paths, log->path, strlen(log->path), 0);
	for (i = 0; i < log->ntags; i++)
		parse_index_add(&seen.tags, &log->tags[i], sizeof(log->tags[i]),
		    0);
	if (log->ntags == 0)
		seen.none_of_tags = true;
	if (flowlog_names_add(&seen.names, log, 0) != 0)
		parse_no_memory();
}

/* Copies the group.  False after a message. */
static bool
add_group(struct conf_log *log, const char *group)
{
	if (group == NULL)
		return (true);
	if (log->mode == 0)
		log->mode = MODE_WITH_GROUP;
	return ((log->group = parse_copy(group)) != NULL);
}

void
conf_log_add(struct token statement, struct token path)
{
	struct config *conf = parsing.conf;
	struct conf_log log = options, *grown;
	const char *group = options_group.text;

	conf_log_clear();
	parsing.saw_output = true;
	if (parsing.use != CONFIG_DAEMON ||
	    !value_path_is_valid(statement, path) ||
	    !log_is_new(statement, path))
		return;
	if ((log.path = parse_copy(path.text)) != NULL &&
	    log_can_rotate(statement, path, &log) && add_group(&log, group) &&
	    add_tags(&log)) {
		grown = parse_grow(conf->logs, conf->nlogs, sizeof(*grown));
		if (grown != NULL) {
			conf->logs = grown;
			conf->logs[conf->nlogs++] = log;
			note_log(&log);
			if (flowlog_name_has_exporter(&log))
				note_exporter(statement, path);
			return;
		}
	}
	free(log.path);
	free(log.tags);
	free(log.group);
}

void
conf_log_bad(const char *syntax)
{
	conf_log_clear();
	conf_bad_output(syntax);
}

void
conf_log_rotate_every(struct token what, struct token value)
{
	uint32_t seconds;

	if (conf_is_second(what, value,
		options.rotate_seconds != 0 || options.rotate_size != 0))
		return;
	if (!value_duration(value, &seconds) ||
	    !flowlog_name_interval_is_valid(seconds))
		parse_bad_value(what, value,
		    "expected a duration that divides a day evenly, such as "
		    "5m or 1h, or whole days or weeks, such as 1d or 2w");
	else
		options.rotate_seconds = seconds;
}

void
conf_log_rotate_size(struct token what, struct token value)
{
	uint64_t size;

	if (conf_is_second(what, value,
		options.rotate_seconds != 0 || options.rotate_size != 0))
		return;
	if (value_size_from(what, value, ROTATE_SIZE_MIN, &size))
		options.rotate_size = size;
}

void
conf_log_keep(struct token what, struct token value)
{
	uint32_t seconds;
	uint64_t size;

	if (value_duration(value, &seconds)) {
		if (!conf_is_second(what, value, options.keep_seconds != 0))
			options.keep_seconds = seconds;
	} else if (conf_is_second(what, value, options.keep_size != 0))
		return;
	else if (value_size(value, &size) && size >= LIMIT_BYTES_MIN)
		options.keep_size = size;
	else
		parse_bad_value(what, value,
		    "expected a duration such as 30d, a size such as 10G, at "
		    "least 1M, or NUMBER files");
}

void
conf_log_keep_files(struct token what, struct token value)
{
	uint64_t n;

	if (!conf_is_second(what, value, options.keep_files != 0) &&
	    value_number(what, value, 1, UINT32_MAX, &n))
		options.keep_files = (uint32_t)n;
}

void
conf_log_utc(void)
{
	options.utc = true;
}

void
conf_log_compress(void)
{
	options.compress = true;
}

/* Octal, as chmod(1) reads it; 0 if it is no mode. */
static uint32_t
read_mode(const char *text)
{
	const size_t len = strlen(text);

	if (len < 3 || len > 4 || strspn(text, "01234567") != len)
		return (0);
	return ((uint32_t)strtoul(text, NULL, 8));
}

void
conf_log_mode(struct token what, struct token value)
{
	const uint32_t mode = read_mode(value.text);

	if (conf_is_second(what, value, options.mode != 0))
		return;
	if (config_log_mode_is_valid(mode))
		options.mode = mode;
	else
		parse_bad_value(what, value, "expected 0600, 0640 or 0644");
}

void
conf_log_group(struct token what, struct token value)
{
	if (conf_is_second(what, value, options_group.text != NULL))
		return;
	if (value.text[0] != '\0')
		options_group = value;
	else
		parse_bad_value(what, value, "expected the name of a group");
}
