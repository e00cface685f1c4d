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
 * flowd-reader: prints, filters and copies flow logs.
 */

#include "compat/compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "codec/codec.h"
#include "config/config.h"
#include "config/period.h"
#include "filter.h"
#include "format.h"
#include "lib/fields.h"
#include "lib/format-columns.h"
#include "store.h"

#define STDOUT_BUFFER   (256 * 1024) /* bytes */
#define FOLLOW_INTERVAL 50           /* milliseconds */

#define EXIT_DAMAGE 3 /* -R skipped damage */

enum layout { TEXT, CSV, JSON };

struct job {
	enum layout layout;
	const char *column_list; /* of --columns; NULL: flow-tools' columns */
	struct format_columns columns;
	bool utc, verbose;
	bool legacy, recover;
	bool follow, only_new; /* -F, --new */
	bool print;            /* flows to standard output */
	uint64_t head;         /* limit of flows per log, -H */
	const char *out_path;  /* NULL: no -o */
	struct store_writer *out;
	struct filter *filter;    /* NULL: no -f */
	char *rules_text;         /* of -e, a line each, until compiled */
	struct filter *rules;     /* NULL: no -e */
	struct period_ns *period; /* NULL: no -t */
	enum period_by by;
	uint32_t store_mask;           /* with filter */
	uint64_t nread, npassed;       /* flows */
	const char *log;               /* the current log */
	struct store_reader *followed; /* with -F, the reader of the log */
	uint64_t left; /* remaining flows of head, in this log */
	int status;    /* the exit status so far */
	/* Not on the stack, where it may be cleared for each flow. */
	char line[FORMAT_LINE_MAX + 1];
};

enum outcome { READ_ON, STOP };

static volatile sig_atomic_t interrupted; /* with -F */

enum word { BY = PROGRAM_WORD, COLUMNS, NEW };

static const struct program_word reader_words[] = {
	{ "by", true, BY },
	{ "columns", true, COLUMNS },
	{ "new", false, NEW },
	{ NULL, false, 0 },
};

static const struct program reader_program = {
	.name = "flowd-reader",
	.words = reader_words,
	.letters = "FH:JLRUVcde:f:ho:qt:v",
	.usage =
	    "usage: flowd-reader [-FJLRUVcdhqv] [-H n] [-e rule] [-f filter] "
	    "[-o out]\n"
	    "                    [-t period] [--by active] [--columns list] "
	    "[--new] log ...\n"
	    "  -F             follow the last log as it grows and is rotated; "
	    "it may be a\n"
	    "                 directory, or a pattern of names\n"
	    "  -H n           read the first n flows of each log\n"
	    "  -J             print JSON, one object a line\n"
	    "  -L             read logs of version 2, from before flowd 0.9\n"
	    "  -R             recover: skip damage and read the rest\n"
	    "  -U             show times in UTC\n"
	    "  -V, --version  print version\n"
	    "  --by active    with -t, read flows that were active in the period\n"
	    "  -c             print flow-tools CSV\n"
	    "  --columns list\n"
	    "                 print CSV with these columns, such as "
	    "recv_time,src_addr\n"
	    "  -d             count the flows of each log and matches of rules\n"
	    "  -e rule        read only flows that match this or another -e\n"
	    "  -f filter      use the rules and store statements of this file\n"
	    "  -h, --help     print this help\n"
	    "  --new          with -F, begin at the end of the newest log\n"
	    "  -o out         write the flows that passed to this log\n"
	    "  -q             print no flows\n"
	    "  -t period      read only flows received in this period, as in\n"
	    "                 02:00-02:15, 20261130T0200-0215, yesterday, "
	    "last-15m\n"
	    "  -v             print all fields, and the name of each log\n"
	    "A log may be compressed by gzip, xz, zstd or bzip2; \"-\" is "
	    "standard input,\nand with -o standard output.\n",
};

/*
 * Opens standard descriptors that are closed, so that no log gets one of their
 * numbers.  The program can then read nothing from them, and not write to them.
 */
static void
claim_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

static uint64_t
parse_head(const char *text)
{
	const char *errstr;
	uint64_t n;

	n = (uint64_t)strtonum(text, 1, LLONG_MAX, &errstr);
	if (errstr != NULL)
		fatalx("the number of flows for -H is %s: %s", errstr, text);
	return (n);
}

static void
parse_columns(struct job *job, const char *list)
{
	const char *wrong;
	size_t len;

	job->column_list = list;
	switch (format_columns_parse(list, &job->columns, &wrong, &len)) {
	case 0:
		return;
	case FLOWD_EINVAL:
		fatalx(
		    "--columns: \"%.*s\" is not the name of a column, "
		    "expected names from flowd-fields(7), such as octets",
		    (int)len, wrong);
	default:
		fatalx(
		    "--columns: \"%.*s\" is a column that the list has "
		    "already",
		    (int)len, wrong);
	}
}

/* Parses the file at path, or standard input for "-". */
static struct config *
parse_file(const char *path)
{
	struct config *conf;
	FILE *fp;

	if (strcmp(path, "-") == 0)
		return (config_parse(stdin, "standard input", CONFIG_READER,
		    NULL, 0));
	if ((fp = fopen(path, "r")) == NULL)
		fatal("cannot open %s", path);
	conf = config_parse(fp, path, CONFIG_READER, NULL, 0);
	(void)fclose(fp);
	return (conf);
}

static void
load_filter(struct job *job, const char *path)
{
	struct config *conf;

	if ((conf = parse_file(path)) == NULL)
		fatalx("%s has errors; no log was read", path);
	job->store_mask = conf->store_mask;
	job->filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	if (job->filter == NULL)
		fatal("cannot use the rules of %s", path);
	log_debug("%s: %zu rules, compiled to %zu bytes", path, conf->nrules,
	    filter_memory(job->filter));
	config_free(conf);
}

/*
 * Adds a line "accept WORDS".  WORDS can only be parameters of a rule then: the
 * grammar refuses statements, and nothing defines a macro or a table.
 */
static void
add_rule(struct job *job, const char *words)
{
	char *rules;

	if (strchr(words, '\n') != NULL || strchr(words, '\r') != NULL)
		fatalx("-e: a rule has a line break, expected one line");
	if (words[strspn(words, " \t")] == '\0')
		fatalx("-e: empty rule, expected parameters or all");
	if (asprintf(&rules, "%saccept %s\n",
		job->rules_text == NULL ? "" : job->rules_text, words) == -1)
		fatal("-e");
	free(job->rules_text);
	job->rules_text = rules;
}

/* Compiles the rules of -e, after a rule that discards all flows. */
static void
compile_rules(struct job *job)
{
	struct filter_rule *rules;
	struct config *conf;
	FILE *fp;

	fp = fmemopen(job->rules_text, strlen(job->rules_text), "r");
	if (fp == NULL)
		fatal("-e");
	conf = config_parse(fp, "-e", CONFIG_TEXT, NULL, 0);
	(void)fclose(fp);
	if (conf == NULL)
		fatalx("-e has errors; no log was read");
	if ((rules = calloc(conf->nrules + 1, sizeof(*rules))) == NULL)
		fatal("-e");
	rules[0].verdict = FILTER_DISCARD;
	memcpy(rules + 1, conf->rules, conf->nrules * sizeof(*rules));
	job->rules = filter_new(rules, conf->nrules + 1, NULL, 0);
	if (job->rules == NULL)
		fatal("cannot use the rules of -e");
	free(rules);
	config_free(conf);
	free(job->rules_text);
	job->rules_text = NULL;
}

static bool
is_input(const struct stat *out, const char *path)
{
	struct stat in;

	if ((strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &in) :
				      stat(path, &in)) == -1)
		return (false);
	return (in.st_dev == out->st_dev && in.st_ino == out->st_ino);
}

/* Compares the output with all inputs before opening it, which truncates it. */
static void
open_out(struct job *job, char *const *logs)
{
	const char *path = job->out_path;
	struct stat out;
	bool exists;
	int error;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDOUT_FILENO))
			fatalx(
			    "a flow log is binary: not written to a "
			    "terminal");
		exists = fstat(STDOUT_FILENO, &out) == 0;
	} else
		exists = stat(path, &out) == 0;
	/* A device such as /dev/null can be both. */
	for (; exists && !S_ISCHR(out.st_mode) && *logs != NULL; logs++) {
		if (is_input(&out, *logs))
			fatalx("%s is both input and output; no log was read",
			    *logs);
	}
	if (codec_is_name(path))
		fatalx(
		    "cannot write %s: logs are written uncompressed; "
		    "compress the complete log",
		    path);
	if ((error = store_writer_open(path, &job->out)) == FLOWD_EIO)
		fatal("cannot write %s", path);
	if (error != 0)
		fatalx("cannot write %s: %s", path, flowd_strerror(error));
}

static enum outcome
stdout_failed(void)
{
	program_output_failed("standard output");
	return (STOP);
}

static enum outcome
out_failed(const struct job *job)
{
	program_output_failed(job->out_path);
	return (STOP);
}

/* Prints the n characters of job->line, and a newline. */
static enum outcome
print_line(struct job *job, size_t n)
{
	job->line[n] = '\n';
	if (fwrite(job->line, n + 1, 1, stdout) != 1)
		return (stdout_failed());
	return (READ_ON);
}

static const char *
csv_header(const struct job *job)
{
	return (
	    job->column_list == NULL ? format_csv_header() : job->column_list);
}

/* Returns the length of the line in job->line. */
static size_t
csv_line(struct job *job, const struct flow *flow)
{
	if (job->column_list == NULL)
		return (format_csv(flow, job->line));
	return (format_columns(&job->columns, flow, job->utc, job->line));
}

static enum outcome
print_flow(struct job *job, const struct flow *flow)
{
	const uint32_t mask = job->verbose ? FIELDS_KNOWN : STORE_DISPLAY_BRIEF;

	switch (job->layout) {
	case CSV:
		return (print_line(job, csv_line(job, flow)));
	case JSON:
		return (
		    print_line(job, format_json(flow, job->utc, job->line)));
	default:
		return (print_line(job,
		    format_flow(flow, mask, job->utc, job->line)));
	}
}

/* Filters a flow, and prints and writes it if it passes. */
static enum outcome
process_flow(struct job *job, struct flow *flow)
{
	uint32_t mask;

	job->nread++;
	if (job->period != NULL && !period_has_flow(job->period, job->by, flow))
		return (READ_ON);
	if (job->filter != NULL &&
	    filter_flow(job->filter, flow) == FILTER_DISCARD)
		return (READ_ON);
	if (job->rules != NULL &&
	    filter_flow(job->rules, flow) == FILTER_DISCARD)
		return (READ_ON);
	mask = flow->fields; /* a rule may have added a tag */
	if (job->filter != NULL) {
		mask = job->store_mask;
		flow->fields &= mask;
	}
	job->npassed++;
	if (job->print && print_flow(job, flow) == STOP)
		return (STOP);
	if (job->out != NULL && store_write(job->out, flow, mask) != 0)
		return (out_failed(job));
	return (READ_ON);
}

/* Writes all buffered output; called before waits for input and messages. */
static enum outcome
flush_all(struct job *job)
{
	if (fflush(stdout) == EOF)
		return (stdout_failed());
	if (job->out != NULL && store_writer_flush(job->out) != 0)
		return (out_failed(job));
	return (READ_ON);
}

/* Keeps the worst status: an error, then damage, then success. */
static void
set_status(struct job *job, int status)
{
	if (job->status != 1)
		job->status = status;
}

/* Reports why reading ended, and sets the exit status. */
static void
report_end(struct job *job, const struct store_reader *reader, int error)
{
	const uint64_t offset = store_reader_offset(reader);

	switch (error) {
	case 0:
	case FLOWD_EEOF:
		return;
	case FLOWD_ETORN:
		log_warnx("%s: offset %" PRIu64 ": %s, which is left out",
		    job->log, offset, flowd_strerror(error));
		return;
	case FLOWD_EIO:
		log_warn("%s: offset %" PRIu64 ": cannot read the rest",
		    job->log, offset);
		break;
	case FLOWD_ELEGACY:
		log_warnx("%s: %s: use -L to read it", job->log,
		    flowd_strerror(error));
		break;
	case FLOWD_EXZ:
	case FLOWD_EZSTD:
	case FLOWD_EBZIP2:
		if (codec_name(error) != NULL)
			log_warnx(
			    "%s: compressed with %s, which is not followed: "
			    "read it without -F",
			    job->log, codec_name(error));
		else
			log_warnx("%s: %s", job->log, flowd_strerror(error));
		break;
	case FLOWD_EVERSION:
	case FLOWD_EHEADER:
		if (offset == 0) {
			log_warnx(
			    "%s: not a flow log, or damaged: offset 0: %s; "
			    "use -R to search it for records",
			    job->log, flowd_strerror(error));
			break;
		}
		/* FALLTHROUGH */
	default:
		log_warnx("%s: offset %" PRIu64
			  ": %s, the rest of this log is "
			  "left out",
		    job->log, offset, flowd_strerror(error));
		break;
	}
	set_status(job, 1);
}

/* Called with -R for damage, after the flows before it. */
static void
report_damage(void *arg, int error, uint64_t offset, uint64_t len)
{
	struct job *job = arg;

	(void)flush_all(job);
	if (error == FLOWD_EGZIP)
		log_warnx("%s: offset %" PRIu64 ": %s or cut off", job->log,
		    offset, flowd_strerror(error));
	else if (error == FLOWD_ELARGE)
		log_warnx("%s: offset %" PRIu64 ": %s", job->log, offset,
		    flowd_strerror(error));
	else
		log_warnx("%s: offset %" PRIu64 ": %" PRIu64
			  " damaged bytes "
			  "are left out: %s",
		    job->log, offset, len, flowd_strerror(error));
	set_status(job, EXIT_DAMAGE);
}

static void
cannot_open(struct job *job, int error)
{
	if (error == FLOWD_EIO)
		log_warn("cannot open %s", job->log);
	else
		log_warnx("%s: %s", job->log, flowd_strerror(error));
	set_status(job, 1);
}

static enum outcome
print_name(struct job *job, uint32_t start_sec)
{
	char start[32];

	if (!job->print || !job->verbose || job->layout != TEXT)
		return (READ_ON);
	if ((job->legacy ? printf("LOGFILE %s started at %s\n", job->log,
			       format_iso_time(start_sec, job->utc, start)) :
			   printf("LOGFILE %s\n", job->log)) < 0)
		return (stdout_failed());
	return (READ_ON);
}

/* Reads until the log ends, with the reason in *error, or job->left is 0. */
static enum outcome
read_flows(struct job *job, struct store_reader *reader, int *error)
{
	struct flow flow;

	*error = 0;
	while (job->left > 0 && !interrupted) {
		if (store_reader_drained(reader) && flush_all(job) == STOP)
			return (STOP);
		if ((*error = store_read(reader, &flow)) != 0)
			break;
		job->left--;
		if (process_flow(job, &flow) == STOP)
			return (STOP);
	}
	return (flush_all(job));
}

/* Sets the options of a reader, and prints the name of the log. */
static enum outcome
begin_log(struct job *job, struct store_reader *reader, int *error)
{
	uint32_t start_sec = 0;

	*error = 0;
	if (job->legacy)
		*error = store_reader_legacy(reader, &start_sec);
	else if (job->recover)
		*error = store_reader_recover(reader, report_damage, job);
	return (*error != 0 ? READ_ON : print_name(job, start_sec));
}

/* An error of the output ends the job; an error of the log ends this log. */
static enum outcome
read_log(struct job *job)
{
	struct store_reader *reader;
	enum outcome outcome;
	int error;

	if ((error = store_reader_open(job->log, &reader)) != 0) {
		cannot_open(job, error);
		return (READ_ON);
	}
	outcome = begin_log(job, reader, &error);
	if (outcome == READ_ON && error == 0)
		outcome = read_flows(job, reader, &error);
	if (outcome == READ_ON)
		report_end(job, reader, error);
	store_reader_close(reader);
	return (outcome);
}

static void
interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void
catch_signals(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = interrupt;
	(void)sigemptyset(&sa.sa_mask);
	if (sigaction(SIGINT, &sa, NULL) == -1 ||
	    sigaction(SIGTERM, &sa, NULL) == -1)
		fatal("cannot catch signals");
}

/*
 * Waits for the interval between two looks at a log.  STOP: standard output is
 * a pipe whose reader has ended; no write is needed to notice it.
 */
static enum outcome
wait_a_moment(const struct job *job)
{
	const bool used = job->print ||
	    (job->out_path != NULL && strcmp(job->out_path, "-") == 0);
	struct pollfd pfd = { .fd = used ? STDOUT_FILENO : -1 };

	if (poll(&pfd, 1, FOLLOW_INTERVAL) == 1 &&
	    (pfd.revents & (POLLERR | POLLHUP)) != 0)
		return (STOP);
	return (READ_ON);
}

/* Reports an event of a log that is followed, after the flows before it. */
static void
report_following(void *arg, enum store_follow_event event, const char *path)
{
	struct job *job = arg;
	const int error = errno;

	(void)flush_all(job);
	errno = error;
	switch (event) {
	case STORE_FOLLOW_WAITING:
		if (errno == 0)
			log_warnx("%s has no log, waiting for one", path);
		else
			log_warn("cannot open %s, waiting for it", path);
		break;
	case STORE_FOLLOW_BEGIN:
		job->log = path;
		(void)print_name(job, 0);
		break;
	case STORE_FOLLOW_CUT:
		log_warnx("%s was truncated, and is read from its beginning",
		    path);
		(void)print_name(job, 0);
		break;
	case STORE_FOLLOW_TORN:
		report_end(job, job->followed, FLOWD_ETORN);
		break;
	case STORE_FOLLOW_CLOSED:
		if (path == NULL)
			log_warnx("%s was closed, and gets no more flows",
			    job->log);
		else
			log_warnx(
			    "%s was closed, and gets no more flows; this "
			    "command follows all logs: flowd-reader -F '%s'",
			    job->log, path);
		break;
	}
}

/* Reads a log while it grows and other files succeed it. */
static enum outcome
follow_flows(struct job *job, struct store_reader *reader, int *error)
{
	enum outcome outcome;

	while ((outcome = read_flows(job, reader, error)) == READ_ON &&
	    !interrupted && (*error == FLOWD_EEOF || *error == FLOWD_ETORN)) {
		if (wait_a_moment(job) == STOP)
			return (STOP);
	}
	return (outcome);
}

static enum outcome
follow_log(struct job *job)
{
	const unsigned int flags =
	    STORE_FOLLOW_WAIT | (job->only_new ? STORE_FOLLOW_NEW : 0);
	enum outcome outcome = READ_ON;
	struct store_reader *reader;
	int error;

	catch_signals();
	error = store_reader_open_following(job->log, flags, report_following,
	    job, &reader);
	if (error == FLOWD_EINVAL) {
		log_warnx("%s is not a regular file and cannot be followed",
		    job->log);
		set_status(job, 1);
		return (READ_ON);
	}
	if (error != 0) {
		cannot_open(job, error);
		return (READ_ON);
	}
	job->followed = reader;
	if (job->recover)
		error = store_reader_recover(reader, report_damage, job);
	if (error == 0)
		outcome = follow_flows(job, reader, &error);
	if (outcome == READ_ON && !interrupted && error != FLOWD_ECLOSED)
		report_end(job, reader, error);
	store_reader_close(reader);
	return (outcome);
}

static enum outcome
read_logs(struct job *job, char *const *logs)
{
	enum outcome outcome = READ_ON;

	if (job->print && job->layout == CSV &&
	    printf("%s\n", csv_header(job)) < 0)
		return (stdout_failed());
	for (; *logs != NULL && outcome == READ_ON; logs++) {
		job->log = *logs;
		job->left = job->head;
		job->nread = job->npassed = 0;
		outcome = job->follow && logs[1] == NULL ? follow_log(job) :
							   read_log(job);
		if (outcome == READ_ON)
			log_debug("%s: %" PRIu64 " flows read, %" PRIu64
				  " passed",
			    *logs, job->nread, job->npassed);
	}
	return (outcome);
}

/* Does not use log_debug, which cuts long lines: a rule can be long. */
static void
print_rule(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "final: %s\n", text);
}

static void
report_filter(const struct filter *filter)
{
	if (filter == NULL || !log_is_debug())
		return;
	if (filter_report(filter, print_rule, NULL) != 0)
		log_warnx(
		    "memory exhausted; "
		    "the report on the filter is incomplete");
}

/* Closes the output, reports on the filter, and returns the exit status. */
static int
finish(struct job *job, enum outcome outcome)
{
	if (outcome == STOP)
		job->status = 1;
	if (job->out != NULL && store_writer_close(job->out) != 0 &&
	    outcome == READ_ON) {
		(void)out_failed(job);
		job->status = 1;
	}
	if (fclose(stdout) == EOF && outcome == READ_ON) {
		(void)stdout_failed();
		job->status = 1;
	}
	if (job->filter != NULL && log_is_debug())
		(void)fprintf(stderr, "final: # store mask %" PRIx32 "\n",
		    job->store_mask);
	report_filter(job->filter);
	report_filter(job->rules);
	filter_free(job->filter);
	filter_free(job->rules);
	return (job->status);
}

/* Refuses options that contradict each other. */
static void
check_options(const struct job *job, bool csv, bool json, const char *last_log)
{
	if (csv && json)
		fatalx("%s and -J select different formats; use only one",
		    job->column_list == NULL ? "-c" : "--columns");
	if (job->legacy && (job->recover || job->follow))
		fatalx(
		    "-L cannot be combined with -R or -F: a log of version 2 "
		    "does not grow, and its records cannot be found after "
		    "damage");
	if (job->follow && strcmp(last_log, "-") == 0)
		fatalx("-F cannot follow standard input; name a log");
	if (job->only_new && !job->follow)
		fatalx("--new needs -F");
}

/* The arguments of -t and --by, or NULL. */
static void
set_period(struct job *job, const char *text, const char *by)
{
	static struct period_ns chosen;
	struct period period;
	const char *error;

	if (by != NULL && text == NULL)
		fatalx("--by needs -t");
	if (by != NULL && strcmp(by, "active") == 0)
		job->by = PERIOD_ACTIVE;
	else if (by != NULL && strcmp(by, "received") != 0)
		fatalx("--by %s: expected active or received", by);
	if (text == NULL)
		return;
	error = period_parse(text, time(NULL), job->utc, &period);
	if (error != NULL)
		fatalx("-t %s: %s", text, error);
	chosen = period_to_ns(&period);
	job->period = &chosen;
}

/* Refuses standard input as filter and log. */
static void
check_filter(const char *filter_path, char *const *logs)
{
	if (filter_path == NULL || strcmp(filter_path, "-") != 0)
		return;
	for (; *logs != NULL; logs++) {
		if (strcmp(*logs, "-") == 0)
			fatalx(
			    "standard input is both the filter and a log; "
			    "name one of them");
	}
}

int
main(int argc, char **argv)
{
	static char stdout_buffer[STDOUT_BUFFER];
	static struct job job = { .print = true, .head = UINT64_MAX };
	const char *filter_path = NULL, *period = NULL, *by = NULL;
	bool csv = false, debug = false, json = false;
	int ch;
	enum outcome outcome;

	claim_standard_descriptors();
	/* So that -o is complete when the reader of the pipe has ended. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, stdout_buffer, _IOFBF, sizeof(stdout_buffer));
	log_init("flowd-reader", LOG_TO_STDERR, false);
	codec_register();
	while ((ch = program_option(&reader_program, argc, argv)) != -1) {
		switch (ch) {
		case 'F':
			job.follow = true;
			break;
		case 'H':
			job.head = parse_head(optarg);
			break;
		case 'J':
			json = true;
			break;
		case 'L':
			job.legacy = true;
			break;
		case 'R':
			job.recover = true;
			break;
		case 'U':
			job.utc = true;
			break;
		case 'c':
			csv = true;
			break;
		case 'd':
			debug = true;
			break;
		case 'e':
			add_rule(&job, optarg);
			break;
		case 'f':
			filter_path = optarg;
			break;
		case 'o':
			job.out_path = optarg;
			break;
		case 'q':
			job.print = false;
			break;
		case 'v':
			job.verbose = true;
			break;
		case 't':
			period = optarg;
			break;
		case BY:
			by = optarg;
			break;
		case COLUMNS:
			csv = true;
			parse_columns(&job, optarg);
			break;
		case NEW:
			job.only_new = true;
			break;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		program_misused(&reader_program, "no log given");
	log_init("flowd-reader", LOG_TO_STDERR, debug);
	check_options(&job, csv, json, argv[argc - 1]);
	check_filter(filter_path, argv);
	set_period(&job, period, by);
	job.layout = csv ? CSV : json ? JSON : TEXT;
	if (filter_path != NULL)
		load_filter(&job, filter_path);
	if (job.rules_text != NULL)
		compile_rules(&job);
	if (job.out_path != NULL) {
		if (strcmp(job.out_path, "-") == 0)
			job.print = false;
		open_out(&job, argv);
	}
	outcome = read_logs(&job, argv);
	return (finish(&job, outcome));
}
