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
 * flowd-reader: prints flow logs, filters them, and copies what passed.
 */

#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "filter.h"
#include "format.h"
#include "log.h"
#include "store.h"

#define STDOUT_BUFFER	(256 * 1024)	/* bytes */

struct job {
	bool			 utc, csv, verbose;
	bool			 print;		/* text to standard output */
	uint64_t		 head;		/* flows of a log; 0: all */
	const char		*out_path;	/* NULL: no -o */
	struct store_writer	*out;
	struct filter		*filter;	/* NULL: no -f */
	uint32_t		 store_mask;	/* with filter */
	uint64_t		 nread, npassed;	/* flows */
	/* Here, since a buffer on the stack may be cleared for each flow. */
	char			 line[FORMAT_LINE_MAX + 1];
};

enum outcome { READ_ON, STOP };

static void
usage(FILE *fp)
{
	(void)fputs("usage: flowd-reader [-Ucdhqv] [-H n] [-f filter] "
	    "[-o out] log ...\n"
	    "  -U         show times in UTC\n"
	    "  -c         print flow-tools CSV\n"
	    "  -d         say what happens, and count the rules of -f\n"
	    "  -f filter  use the rules and store statements of this file\n"
	    "  -H n       read the first n flows of each log\n"
	    "  -h         show this help\n"
	    "  -o out     write the flows that passed to this log\n"
	    "  -q         print no flows\n"
	    "  -v         print all fields, and the name of each log\n"
	    "A log may be compressed by gzip; \"-\" is standard input, and "
	    "with -o standard\noutput.\n", fp);
}

/*
 * A standard descriptor that came closed must not become that of a log.
 * Using it still fails, as nothing can be written here, and nothing read.
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
load_filter(struct job *job, const char *path)
{
	struct config *conf;
	FILE *fp;

	if ((fp = fopen(path, "r")) == NULL)
		fatal("cannot open %s", path);
	conf = config_parse(fp, path, CONFIG_READER, NULL, 0);
	(void)fclose(fp);
	if (conf == NULL)
		fatalx("%s has errors, nothing was read", path);
	job->store_mask = conf->store_mask;
	job->filter = filter_new(conf->rules, conf->nrules, conf->tables,
	    conf->ntables);
	if (job->filter == NULL)
		fatal("cannot use the rules of %s", path);
	log_debug("%s: %zu rules, compiled to %zu bytes", path, conf->nrules,
	    filter_memory(job->filter));
	config_free(conf);
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

/* Opening the output empties it: the inputs are compared before. */
static void
open_out(struct job *job, char *const *logs)
{
	const char *path = job->out_path;
	struct stat out;
	bool exists;
	int error;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDOUT_FILENO))
			fatalx("a flow log is binary: not written to a "
			    "terminal");
		exists = fstat(STDOUT_FILENO, &out) == 0;
	} else
		exists = stat(path, &out) == 0;
	/* A device such as /dev/null can be both. */
	for (; exists && !S_ISCHR(out.st_mode) && *logs != NULL; logs++) {
		if (is_input(&out, *logs))
			fatalx("%s is read as well as written to: refused",
			    *logs);
	}
	if ((error = store_writer_open(path, &job->out)) == FLOWD_EIO)
		fatal("cannot write %s", path);
	if (error != 0)
		fatalx("cannot write %s: %s", path, flowd_strerror(error));
}

static enum outcome
stdout_failed(void)
{
	log_warn("cannot write to standard output");
	return (STOP);
}

static enum outcome
out_failed(const struct job *job)
{
	log_warn("cannot write to %s", job->out_path);
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

static enum outcome
print_flow(struct job *job, const struct flow *flow)
{
	const uint32_t mask = job->verbose ? STORE_DISPLAY_ALL :
	    STORE_DISPLAY_BRIEF;

	return (print_line(job, job->csv ? format_csv(flow, job->line) :
	    format_flow(flow, mask, job->utc, job->line)));
}

static enum outcome
take_flow(struct job *job, struct flow *flow)
{
	uint32_t mask = flow->fields;

	job->nread++;
	if (job->filter != NULL) {
		if (filter_flow(job->filter, flow) == FILTER_DISCARD)
			return (READ_ON);
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

/* Before waiting for input, and before messages, what is done is shown. */
static enum outcome
flush_all(struct job *job)
{
	if (fflush(stdout) == EOF)
		return (stdout_failed());
	if (job->out != NULL && store_writer_flush(job->out) != 0)
		return (out_failed(job));
	return (READ_ON);
}

/* Says why reading ended.  Returns the exit status that this asks for. */
static int
report_end(const struct store_reader *reader, const char *path, int error)
{
	const uint64_t offset = store_reader_offset(reader);

	switch (error) {
	case 0:
	case FLOWD_EEOF:
		return (0);
	case FLOWD_ETORN:
		log_warnx("%s: offset %" PRIu64 ": %s, which is left out", path,
		    offset, flowd_strerror(error));
		return (0);
	case FLOWD_EIO:
		log_warn("%s: offset %" PRIu64 ": cannot read the rest", path,
		    offset);
		return (1);
	default:
		log_warnx("%s: offset %" PRIu64 ": %s, the rest of this log is "
		    "left out", path, offset, flowd_strerror(error));
		return (1);
	}
}

static enum outcome
read_flows(struct job *job, struct store_reader *reader, int *error)
{
	struct flow flow;
	uint64_t n;

	for (n = 0; job->head == 0 || n < job->head; n++) {
		if (store_reader_drained(reader) && flush_all(job) == STOP)
			return (STOP);
		if ((*error = store_read(reader, &flow)) != 0)
			break;
		if (take_flow(job, &flow) == STOP)
			return (STOP);
	}
	return (flush_all(job));
}

/* Failure to write ends the job, failure to read only this log. */
static enum outcome
read_log(struct job *job, const char *path, int *status)
{
	struct store_reader *reader;
	enum outcome outcome = READ_ON;
	int error;

	if ((error = store_reader_open(path, &reader)) != 0) {
		if (error == FLOWD_EIO)
			log_warn("cannot open %s", path);
		else
			log_warnx("%s: %s", path, flowd_strerror(error));
		*status = 1;
		return (READ_ON);
	}
	if (job->print && job->verbose && !job->csv &&
	    printf("LOGFILE %s\n", path) < 0)
		outcome = stdout_failed();
	if (outcome == READ_ON)
		outcome = read_flows(job, reader, &error);
	if (outcome == READ_ON && report_end(reader, path, error) != 0)
		*status = 1;
	store_reader_close(reader);
	return (outcome);
}

static enum outcome
read_logs(struct job *job, char *const *logs, int *status)
{
	if (job->print && job->csv &&
	    printf("%s\n", format_csv_header()) < 0)
		return (stdout_failed());
	for (; *logs != NULL; logs++) {
		job->nread = job->npassed = 0;
		if (read_log(job, *logs, status) == STOP)
			return (STOP);
		log_debug("%s: %" PRIu64 " flows read, %" PRIu64 " passed",
		    *logs, job->nread, job->npassed);
	}
	return (READ_ON);
}

/* No log_debug: it cuts long lines, and a rule can be long. */
static void
print_rule(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "final: %s\n", text);
}

static void
report_filter(const struct job *job)
{
	if (job->filter == NULL || !log_is_debug())
		return;
	(void)fprintf(stderr, "final: # store mask %" PRIx32 "\n",
	    job->store_mask);
	filter_report(job->filter, print_rule, NULL);
}

/* The job's exit status, with status that of the reading. */
static int
finish(struct job *job, int status, enum outcome outcome)
{
	if (outcome == STOP)
		status = 1;
	if (job->out != NULL && store_writer_close(job->out) != 0 &&
	    outcome == READ_ON) {
		(void)out_failed(job);
		status = 1;
	}
	if (fclose(stdout) == EOF && outcome == READ_ON) {
		(void)stdout_failed();
		status = 1;
	}
	report_filter(job);
	filter_free(job->filter);
	return (status);
}

int
main(int argc, char **argv)
{
	static char stdout_buffer[STDOUT_BUFFER];
	static struct job job = { .print = true };
	const char *filter_path = NULL;
	bool debug = false;
	int ch, status = 0;
	enum outcome outcome;

	claim_standard_descriptors();
	/* A closed pipe is to be reported like a full disk. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, stdout_buffer, _IOFBF, sizeof(stdout_buffer));
	log_init("flowd-reader", LOG_TO_STDERR, false);
	while ((ch = getopt(argc, argv, "UcdH:f:ho:qv")) != -1) {
		switch (ch) {
		case 'U':
			job.utc = true;
			break;
		case 'c':
			job.csv = true;
			break;
		case 'd':
			debug = true;
			break;
		case 'H':
			job.head = parse_head(optarg);
			break;
		case 'f':
			filter_path = optarg;
			break;
		case 'h':
			usage(stdout);
			return (finish(&job, 0, READ_ON));
		case 'o':
			job.out_path = optarg;
			break;
		case 'q':
			job.print = false;
			break;
		case 'v':
			job.verbose = true;
			break;
		default:
			usage(stderr);
			return (1);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		usage(stderr);
		return (1);
	}
	log_init("flowd-reader", LOG_TO_STDERR, debug);
	if (filter_path != NULL)
		load_filter(&job, filter_path);
	if (job.out_path != NULL) {
		open_out(&job, argv);
		if (strcmp(job.out_path, "-") == 0)
			job.print = false;
	}
	outcome = read_logs(&job, argv, &status);
	return (finish(&job, status, outcome));
}
