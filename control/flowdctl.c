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
 * flowdctl: shows the state of a running flowd, and sends signals to it.
 */
#include "compat/compat.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "config/config.h"
#include "control/ctl-check.h"
#include "control/ctl-connect.h"
#include "control/ctl-print.h"
#include "control/ctl-serve.h"
#include "control/ctl-top.h"
#include "sandbox/sandbox.h"

#define DEFAULT_SOCKET PACKAGE_RUNSTATEDIR "/flowd.ctl"
#define TOP_SECONDS    2
#define EXIT_FINDINGS  3

enum format { TEXT, JSON, PROMETHEUS };

struct ctl_options {
	const char *socket;
	const char *acknowledged; /* a file; or NULL */
	enum format format;
};

/* A command.  run gets the arguments after its words; it returns the status. */
struct command {
	const char *words[2];
	int min, max; /* of args */
	bool formats; /* -j and -p apply */
	bool checks;  /* -a applies */
	int (*run)(const struct command *command,
	    const struct ctl_options *opts, int nargs, char **args);
	uint32_t wants; /* CONTROL_WANT_* */
	void (*print)(FILE *fp, const struct answer *a);
	int signal;
};

static const struct program ctl_program = {
	.name = "flowdctl",
	.letters = "a:f:hjps:V",
	.usage =
	    "usage: flowdctl [-hjpV] [-a file] [-f file] [-s socket] command\n"
	    "  -a file        leave out the findings in this file, with check\n"
	    "                 and serve\n"
	    "  -f file        use the socket of this configuration\n"
	    "  -h, --help     print this help\n"
	    "  -j             print JSON, with show and check\n"
	    "  -p             print metrics for Prometheus, with show and check\n"
	    "  -s socket      use this socket (" DEFAULT_SOCKET
	    ")\n"
	    "  -V, --version  print version and sandbox\n"
	    "Commands:\n"
	    "  show summary               totals of flowd\n"
	    "  show exporters             counters of each exporter\n"
	    "  show exporter ADDRESS      everything known about one exporter\n"
	    "  show rules                 matches of each filter rule\n"
	    "  show listeners             names and datagrams of listeners\n"
	    "  show templates             templates of all exporters\n"
	    "  show memory                memory in use\n"
	    "  check [ADDRESS]            find problems with exporters\n"
	    "  top [SECONDS [ROUNDS]]     show rates, updated every SECONDS (2)\n"
	    "  log reopen                 reopen the logs\n"
	    "  reload                     load the configuration again\n"
	    "  serve ADDRESS:PORT         serve metrics over HTTP\n",
	.feature = "sandbox",
	.feature_version = sandbox_name,
};

/* Parses a number from 1 to 86400.  -1 after a message. */
static int
number(const char *what, const char *text)
{
	const char *errstr;
	long long n = strtonum(text, 1, 86400, &errstr);

	if (errstr == NULL)
		return ((int)n);
	log_warnx("%s %s: the number is %s", what, text, errstr);
	return (-1);
}

/* Whether the answer has all that the command needs.  False after a message. */
static bool
has_all(const struct command *command, const struct ctl_options *opts,
    const struct control_request *request, const struct answer *a)
{
	char addr[ADDR_STRLEN];

	if (((command->wants & CONTROL_WANT_SUMMARY) != 0 &&
		answer_record(a, CONTROL_SUMMARY, 0) == NULL) ||
	    ((command->wants & CONTROL_WANT_MEMORY) != 0 &&
		answer_record(a, CONTROL_MEMORY, 0) == NULL)) {
		log_warnx("%s: the answer is invalid", opts->socket);
		return (false);
	}
	if (request->addr.family == ADDR_NONE ||
	    answer_record(a, CONTROL_EXPORTER, 0) != NULL)
		return (true);
	log_warnx("%s: flowd knows no such exporter",
	    addr_ntop(&request->addr, addr));
	return (false);
}

/* Sends the command's request, about the exporter in args if there is one. */
static int
ask(const struct command *command, const struct ctl_options *opts, int nargs,
    char **args, struct answer *answer)
{
	struct control_request request = { .wants = command->wants };

	if (nargs == 1 && addr_pton(args[0], &request.addr) != 0) {
		log_warnx("%s: expected the address of an exporter", args[0]);
		return (-1);
	}
	if (ctl_ask(opts->socket, &request, answer) == -1)
		return (-1);
	if (has_all(command, opts, &request, answer))
		return (0);
	answer_free(answer);
	return (-1);
}

static int
show(const struct command *command, const struct ctl_options *opts, int nargs,
    char **args)
{
	struct answer answer;

	if (ask(command, opts, nargs, args, &answer) == -1)
		return (1);
	switch (opts->format) {
	case JSON:
		ctl_print_json(stdout, &answer, command->wants);
		break;
	case PROMETHEUS:
		ctl_print_prometheus(stdout, &answer);
		break;
	case TEXT:
		command->print(stdout, &answer);
		break;
	}
	answer_free(&answer);
	return (0);
}

/* Prints findings; rest is the number of those that are new. */
static void
print_findings(const struct ctl_options *opts, const struct findings *found,
    size_t rest)
{
	switch (opts->format) {
	case JSON:
		findings_print_json(stdout, found);
		break;
	case PROMETHEUS:
		findings_print_prometheus(stdout, found);
		break;
	case TEXT:
		findings_print_text(stdout, found);
		/* Without a file, as a person uses it, silence is no answer. */
		if (rest == 0 && opts->acknowledged == NULL)
			(void)puts(FINDINGS_NONE);
		break;
	}
}

static int
check(const struct command *command, const struct ctl_options *opts, int nargs,
    char **args)
{
	struct findings found = { .n = 0 }, acknowledged = { .n = 0 };
	struct answer answer;
	size_t rest;
	int r;

	if (opts->acknowledged != NULL &&
	    findings_read(&acknowledged, opts->acknowledged) == -1)
		return (1);
	if (ask(command, opts, nargs, args, &answer) == -1) {
		findings_free(&acknowledged);
		return (1);
	}
	if ((nargs == 0 && (r = ctl_check_flowd(&answer, &found)) != 0) ||
	    (r = ctl_check(&answer, &found)) != 0)
		log_warnx("check: %s", flowd_strerror(r));
	answer_free(&answer);
	rest = findings_acknowledge(&found, &acknowledged);
	print_findings(opts, &found, rest);
	findings_free(&found);
	findings_free(&acknowledged);
	if (r != 0)
		return (1);
	return (rest > 0 && opts->format != PROMETHEUS ? EXIT_FINDINGS : 0);
}

static int
top(const struct command *command, const struct ctl_options *opts, int nargs,
    char **args)
{
	int seconds = TOP_SECONDS, rounds = 0;

	(void)command;
	if ((nargs > 0 && (seconds = number("seconds", args[0])) == -1) ||
	    (nargs > 1 && (rounds = number("rounds", args[1])) == -1))
		return (1);
	return (
	    ctl_top(opts->socket, (unsigned int)seconds, (unsigned int)rounds));
}

static int
send_signal(const struct command *command, const struct ctl_options *opts,
    int nargs, char **args)
{
	(void)nargs;
	(void)args;
	return (ctl_signal(opts->socket, command->signal) == 0 ? 0 : 1);
}

static int
serve(const struct command *command, const struct ctl_options *opts, int nargs,
    char **args)
{
	(void)command;
	(void)nargs;
	return (ctl_serve(opts->socket, args[0], opts->acknowledged));
}

#define OF_EXPORTERS                                       \
	(CONTROL_WANT_EXPORTERS | CONTROL_WANT_TEMPLATES | \
	    CONTROL_WANT_OPTIONS | CONTROL_WANT_SESSIONS)

static const struct command commands[] = {
	{ { "show", "summary" }, 0, 0, true, false, show, CONTROL_WANT_SUMMARY,
	    ctl_print_summary, 0 },
	{ { "show", "exporters" }, 0, 0, true, false, show,
	    CONTROL_WANT_EXPORTERS, ctl_print_exporters, 0 },
	{ { "show", "exporter" }, 1, 1, true, false, show, OF_EXPORTERS,
	    ctl_print_exporter, 0 },
	{ { "show", "rules" }, 0, 0, true, false, show, CONTROL_WANT_RULES,
	    ctl_print_rules, 0 },
	{ { "show", "listeners" }, 0, 0, true, false, show,
	    CONTROL_WANT_LISTENERS, ctl_print_listeners, 0 },
	{ { "show", "templates" }, 0, 0, true, false, show,
	    CONTROL_WANT_TEMPLATES, ctl_print_templates, 0 },
	{ { "show", "memory" }, 0, 0, true, false, show, CONTROL_WANT_MEMORY,
	    ctl_print_memory, 0 },
	{ { "check", NULL }, 0, 1, true, true, check, CTL_CHECK_WANTS, NULL,
	    0 },
	{ { "top", NULL }, 0, 2, false, false, top, 0, NULL, 0 },
	{ { "log", "reopen" }, 0, 0, false, false, send_signal, 0, NULL,
	    SIGUSR1 },
	{ { "reload", NULL }, 0, 0, false, false, send_signal, 0, NULL,
	    SIGHUP },
	{ { "serve", NULL }, 1, 1, false, true, serve, 0, NULL, 0 },
};

/* Finds the command that words begin with, or returns NULL. */
static const struct command *
find_command(int nwords, char **words)
{
	const struct command *c;
	size_t i;
	int n;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		c = &commands[i];
		n = c->words[1] == NULL ? 1 : 2;
		if (nwords >= n && strcmp(words[0], c->words[0]) == 0 &&
		    (n == 1 || strcmp(words[1], c->words[1]) == 0) &&
		    nwords - n >= c->min && nwords - n <= c->max)
			return (c);
	}
	return (NULL);
}

/* Returns the socket in a configuration, which the caller frees, or NULL. */
static char *
socket_of(const char *conf_path)
{
	const struct config_source source = { .path = conf_path };
	struct config *conf;
	char *path = NULL;

	if ((conf = config_load(&source, NULL)) == NULL)
		return (NULL);
	if (conf->control == NULL)
		log_warnx("%s: no control statement", conf_path);
	else if ((path = strdup(conf->control)) == NULL)
		log_warn("%s", conf_path);
	config_free(conf);
	return (path);
}

static int
run(const struct command *command, const struct ctl_options *opts, int nwords,
    char **words)
{
	const int skip = command->words[1] == NULL ? 1 : 2;
	int status;

	if (opts->format != TEXT && !command->formats) {
		log_warnx("%s: options -j and -p do not apply", words[0]);
		return (1);
	}
	if (opts->acknowledged != NULL && !command->checks) {
		log_warnx("%s: option -a does not apply", words[0]);
		return (1);
	}
	status = command->run(command, opts, nwords - skip, words + skip);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		program_output_failed("standard output");
		return (1);
	}
	return (status);
}

int
main(int argc, char **argv)
{
	struct ctl_options opts = { .socket = DEFAULT_SOCKET };
	const struct command *command;
	const char *conf_path = NULL;
	char *path = NULL;
	int ch, status;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)setlocale(LC_CTYPE, ""); /* whether text is UTF-8 */
	while ((ch = program_option(&ctl_program, argc, argv)) != -1) {
		switch (ch) {
		case 'a':
			opts.acknowledged = optarg;
			break;
		case 'f':
			conf_path = optarg;
			break;
		case 'j':
			opts.format = JSON;
			break;
		case 'p':
			opts.format = PROMETHEUS;
			break;
		case 's':
			opts.socket = optarg;
			break;
		}
	}
	command = find_command(argc - optind, argv + optind);
	if (command == NULL && optind == argc)
		program_misused(&ctl_program, "no command given");
	if (command == NULL)
		program_misused(&ctl_program,
		    "%s: unknown command, or wrong number of arguments",
		    argv[optind]);
	log_init("flowdctl", LOG_TO_STDERR, false);
	if (conf_path != NULL) {
		if ((path = socket_of(conf_path)) == NULL)
			return (1);
		opts.socket = path;
	}
	status = run(command, &opts, argc - optind, argv + optind);
	free(path);
	return (status);
}
