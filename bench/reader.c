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
 * The cost of flowd-reader's modes, compared with nfdump on the same flows, and
 * with the least work on the same bytes.  bench/README.md explains the figures.
 *
 *	bench/reader [million flows]
 *
 * The exit status is 1 if flowd-reader is slower than its targets.
 */
#include "compat/compat.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
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
#define ZLIB_CONST
#include <zlib.h>

#include "base/log.h"
#include "bench/reader-data.h"

#define ROUNDS    7
#define MILLION   1000000U
#define FLOWS     2            /* million, by default */
#define FLOWS_MAX 1000         /* million */
#define BLOCK     (256 * 1024) /* bytes */
#define ARGS      10

enum number {
	READ_ALL,
	READ_BRIEF,
	READ_GZIP,
	NFDUMP_NULL,
	NFDUMP_FILTER,
	NFDUMP_LINE,
	NFDUMP_PIPE,
	NFDUMP_CSV,
	NFDUMP_RAW,
	NFDUMP_JSON,
	SCAN,
	SCAN_BRIEF,
	FILTER,
	GZIP,
	TEXT,
	TEXT_PIPE,
	CSV,
	VERBOSE,
	JSON,
	NCASES
};

#define NONE NCASES

/* nfdump needs microseconds to print a flow, so it prints fewer, by -c. */
#define PRINTED      100000
#define NFDUMP       "nfdump -q -r " DATA_NFDUMP " -o "
#define NFDUMP_PRINT "nfdump -q -c 100000 -r " DATA_NFDUMP " -o "

/* floor, other and least are those of flowd-reader's cases. */
static struct bench {
	const char *name;
	const char *file;         /* read here; NULL: a command is run */
	const char *command;      /* words with a space between */
	uint64_t flows;           /* 0: all */
	bool piped;               /* into a process that reads all */
	enum number floor, other; /* the case compared with, or NONE */
	double least;             /* million flows a second, or 0 */
	bool left_out;
	double ns[ROUNDS]; /* of CPU time, a flow */
} benches[NCASES] = {
	[READ_ALL] = { .name = "read, and zlib's crc32: all fields",
	    .file = DATA_ALL },
	[READ_BRIEF] = { .name = "read, and zlib's crc32: brief",
	    .file = DATA_BRIEF },
	[READ_GZIP] = { .name = "read, and zlib's inflate", .file = DATA_GZIP },
	[NFDUMP_NULL] = { .name = "nfdump -o null", .command = NFDUMP "null" },
	[NFDUMP_FILTER] = { .name = "nfdump -o null -f FILTER",
	    .command = NFDUMP "null -f " DATA_FILTER },
	[NFDUMP_LINE] = { .name = "nfdump -o line",
	    .flows = PRINTED,
	    .command = NFDUMP_PRINT "line" },
	[NFDUMP_PIPE] = { .name = "nfdump -o line, piped",
	    .piped = true,
	    .flows = PRINTED,
	    .command = NFDUMP_PRINT "line" },
	[NFDUMP_CSV] = { .name = "nfdump -o csv",
	    .flows = PRINTED,
	    .command = NFDUMP_PRINT "csv" },
	[NFDUMP_RAW] = { .name = "nfdump -o raw",
	    .flows = PRINTED,
	    .command = NFDUMP_PRINT "raw" },
	[NFDUMP_JSON] = { .name = "nfdump -o json",
	    .flows = PRINTED,
	    .command = NFDUMP_PRINT "json" },
	[SCAN] = { .name = "flowd-reader -q",
	    .floor = READ_ALL,
	    .other = NFDUMP_NULL,
	    .least = 10,
	    .command = "flowd-reader -q " DATA_ALL },
	[SCAN_BRIEF] = { .name = "flowd-reader -q: brief",
	    .floor = READ_BRIEF,
	    .other = NFDUMP_NULL,
	    .least = 10,
	    .command = "flowd-reader -q " DATA_BRIEF },
	[FILTER] = { .name = "flowd-reader -q -f RULES",
	    .floor = READ_ALL,
	    .other = NFDUMP_FILTER,
	    .least = 8,
	    .command = "flowd-reader -q -f " DATA_RULES " " DATA_ALL },
	[GZIP] = { .name = "flowd-reader -q: gzip",
	    .floor = READ_GZIP,
	    .other = NONE,
	    .command = "flowd-reader -q " DATA_GZIP },
	[TEXT] = { .name = "flowd-reader",
	    .floor = READ_ALL,
	    .other = NFDUMP_LINE,
	    .least = 2,
	    .command = "flowd-reader " DATA_ALL },
	[TEXT_PIPE] = { .name = "flowd-reader, piped",
	    .floor = READ_ALL,
	    .other = NFDUMP_PIPE,
	    .least = 2,
	    .piped = true,
	    .command = "flowd-reader " DATA_ALL },
	[CSV] = { .name = "flowd-reader -c",
	    .floor = READ_ALL,
	    .other = NFDUMP_CSV,
	    .least = 2,
	    .command = "flowd-reader -c " DATA_ALL },
	[VERBOSE] = { .name = "flowd-reader -v",
	    .floor = READ_ALL,
	    .other = NFDUMP_RAW,
	    .command = "flowd-reader -v " DATA_ALL },
	[JSON] = { .name = "flowd-reader -J",
	    .floor = READ_ALL,
	    .other = NFDUMP_JSON,
	    .command = "flowd-reader -J " DATA_ALL },
};

static char directory[] = "/dev/shm/bench-XXXXXX"; /* or in /tmp */
static char *reader_path;                          /* of flowd-reader */
static volatile sig_atomic_t stopped;

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void
remove_directory(void)
{
	const struct dirent *entry;
	DIR *dir;

	if ((dir = opendir(directory)) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	(void)rmdir(directory);
}

/* In memory, if the system has a directory there. */
static void
enter_directory(void)
{
	if (access("/dev/shm", W_OK) == -1)
		(void)strlcpy(directory, "/tmp/bench-XXXXXX",
		    sizeof(directory));
	if (mkdtemp(directory) == NULL)
		fatal("%s", directory);
	(void)atexit(remove_directory);
	if (chdir(directory) == -1)
		fatal("%s", directory);
}

/* The least work that reads each byte of a log. */
static void
read_plain(int fd)
{
	static uint8_t buf[BLOCK];
	unsigned long crc = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		crc = crc32(crc, buf, (unsigned int)n);
	if (n == -1 || crc == 0)
		_exit(1);
}

static void
read_gzip(int fd)
{
	static uint8_t buf[BLOCK];
	gzFile gz = gzdopen(fd, "rb");
	int n;

	if (gz == NULL || gzbuffer(gz, BLOCK) != 0)
		_exit(1);
	while ((n = gzread(gz, buf, sizeof(buf))) > 0)
		continue;
	if (n == -1)
		_exit(1);
}

static _Noreturn void
run_command(const char *command)
{
	char *argv[ARGS] = { NULL }, *words = strdup(command);
	size_t i;

	for (i = 0; words != NULL && i < ARGS - 1; i++)
		argv[i] = strsep(&words, " ");
	if (argv[0] != NULL)
		(void)execvp(strcmp(argv[0], "flowd-reader") == 0 ?
			reader_path :
			argv[0],
		    argv);
	_exit(127);
}

static __attribute__((noreturn)) void
run_child(const struct bench *bench, int out)
{
	int fd;

	if (dup2(out, STDOUT_FILENO) == -1)
		_exit(1);
	if (bench->file == NULL)
		run_command(bench->command);
	if ((fd = open(bench->file, O_RDONLY)) == -1)
		_exit(1);
	if (strcmp(bench->file, DATA_GZIP) == 0)
		read_gzip(fd);
	else
		read_plain(fd);
	_exit(0);
}

static void
drain(int fd)
{
	static uint8_t buf[BLOCK];

	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
}

/* Returns the output descriptor; *drained is the pipe's other end, or -1. */
static int
open_output(const struct bench *bench, int *drained)
{
	int fds[2];

	*drained = -1;
	if (!bench->piped)
		fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	else if (pipe(fds) == 0)
		*drained = fds[0];
	else
		fds[1] = -1;
	if (fds[1] == -1)
		fatal("output");
	return (fds[1]);
}

static double
cpu_seconds(const struct rusage *usage)
{
	return ((double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	    (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) /
		MILLION);
}

/*
 * Sets *ns to the CPU time per flow, user and system.  Returns false if the
 * command failed.
 */
static bool
run(const struct bench *bench, uint64_t nflows, double *ns)
{
	struct rusage usage;
	int drained, out, status;
	pid_t pid;

	out = open_output(bench, &drained);
	(void)fflush(stdout);
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		if (drained != -1)
			(void)close(drained);
		run_child(bench, out);
	}
	(void)close(out);
	if (drained != -1) {
		drain(drained);
		(void)close(drained);
	}
	while (wait4(pid, &status, 0, &usage) == -1) {
		if (errno != EINTR)
			fatal("wait4");
	}
	*ns = cpu_seconds(&usage) * 1e9 /
	    (double)(bench->flows != 0 ? bench->flows : nflows);
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Returns the first number after text in a command's output, or 0. */
static uint64_t
number_said(const char *command, const char *text)
{
	char line[1024];
	const char *at;
	uint64_t n = 0;
	FILE *fp;

	/* NOLINTNEXTLINE(cert-env33-c): the command is the bench's own. */
	if ((fp = popen(command, "r")) == NULL)
		fatal("%s", command);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (n == 0 && (at = strstr(line, text)) != NULL)
			n = strtoull(at + strlen(text), NULL, 10);
	}
	(void)pclose(fp);
	return (n);
}

/* The ratios mean little unless both programs read the same flows. */
static void
check_nfdump(uint64_t nflows)
{
	char command[PATH_MAX + 100];
	uint64_t n, ours, theirs;

	n = number_said("nfdump -r " DATA_NFDUMP " -o null", "total flows: ");
	(void)snprintf(command, sizeof(command),
	    "'%s' -d -q -f " DATA_RULES " " DATA_ALL " 2>&1", reader_path);
	ours = number_said(command, "flows read, ");
	theirs =
	    number_said("nfdump -r " DATA_NFDUMP " -o null -f " DATA_FILTER,
		"total flows: ");
	printf("nfdump has %" PRIu64 " of the %" PRIu64
	       " flows; the ten "
	       "rules take %" PRIu64 " here and %" PRIu64 " there\n",
	    n, nflows, ours, theirs);
	if (n < nflows - nflows / 100)
		printf("TOO FEW were received for a fair comparison\n");
}

static void
leave_out_nfdump(void)
{
	size_t i;

	for (i = NFDUMP_NULL; i <= NFDUMP_JSON; i++)
		benches[i].left_out = true;
}

static void
measure(uint64_t nflows)
{
	struct bench *bench;
	size_t round;

	for (round = 0; round < ROUNDS && !stopped; round++) {
		for (bench = benches; bench < benches + NCASES && !stopped;
		     bench++) {
			if (!bench->left_out &&
			    !run(bench, nflows, &bench->ns[round]) && !stopped)
				fatalx("%s: fails", bench->name);
		}
	}
	if (stopped)
		fatalx("stopped");
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

static double
median(enum number i)
{
	qsort(benches[i].ns, ROUNDS, sizeof(benches[i].ns[0]), compare);
	return (benches[i].ns[ROUNDS / 2]);
}

/* Prints the speed relative to other, or blanks. */
static void
print_ratio(enum number i, enum number other)
{
	if (other == NONE || benches[other].left_out)
		printf("%9s", "-");
	else
		printf("%9.2f", median(other) / median(i));
}

/* Returns whether the case meets its target. */
static bool
print_case(enum number i)
{
	const struct bench *bench = &benches[i];
	const double rate = 1000 / median(i); /* millions a second */
	const bool good = rate >= bench->least;

	printf("%-34s%8.1f%9.2f", bench->name, median(i), rate);
	if (i >= SCAN) {
		print_ratio(i, bench->other);
		print_ratio(i, bench->floor);
	}
	if (bench->least != 0)
		printf("%9.0f%s", bench->least, good ? "" : "  TOO SLOW");
	printf("\n");
	return (good);
}

static bool
report(void)
{
	bool good = true;
	size_t i;

	printf("%-34s%8s%9s%9s%9s%9s\n", "CPU time, user and system", "ns/flow",
	    "M flow/s", "x nfdump", "x floor", "at least");
	for (i = 0; i < NCASES; i++) {
		if (!benches[i].left_out && !print_case(i))
			good = false;
	}
	return (good);
}

static uint64_t
parse_flows(const char *text)
{
	const char *errstr;
	uint64_t n;

	n = (uint64_t)strtonum(text, 1, FLOWS_MAX, &errstr);
	if (errstr != NULL)
		fatalx("million flows: %s is %s", text, errstr);
	return (n * MILLION);
}

int
main(int argc, char **argv)
{
	uint64_t nflows = FLOWS * MILLION;

	log_init("bench-reader", LOG_TO_STDERR, false);
	if (argc > 1)
		nflows = parse_flows(argv[1]);
	if ((reader_path = realpath("flowd-reader", NULL)) == NULL)
		fatal("flowd-reader");
	(void)signal(SIGINT, stop);
	(void)signal(SIGTERM, stop);
	enter_directory();
	data_make_logs(nflows);
	if (!stopped && data_make_nfdump(nflows))
		check_nfdump(nflows);
	else
		leave_out_nfdump();
	measure(nflows);
	return (report() ? 0 : 1);
}
