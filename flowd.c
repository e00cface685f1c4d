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
 * flowd: the command line.
 */
#include "compat/compat.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "collector/collect.h"
#include "config/config.h"
#include "decode/state.h"
#include "monitor/control-socket.h"
#include "monitor/flowlogs.h"
#include "monitor/forwards.h"
#include "monitor/paths.h"
#include "monitor/reload-ask.h"
#include "privsep.h"
#include "sandbox/sandbox.h"

#define DEFAULT_CONFIG PACKAGE_SYSCONFDIR "/flowd.conf"

static const struct program flowd_program = {
	.name = "flowd",
	.letters = "dD:f:ghnp:rvVX:",
	.usage =
	    "usage: flowd [-dghnrvV] [-D macro=value] [-f file] [-p file]\n"
	    "             [-X INSECURE | NOSANDBOX]\n"
	    "  -D macro=value  set a macro of the configuration\n"
	    "  -d              debug: like -g, and print each stored flow\n"
	    "  -f file         read this configuration (" DEFAULT_CONFIG
	    ")\n"
	    "  -g              stay in the foreground, log to standard error\n"
	    "  -h, --help      print this help\n"
	    "  -n              check the configuration and exit\n"
	    "  -p file         write the process ID to this file, unless the\n"
	    "                  configuration names another\n"
	    "  -r              make the running flowd reload its configuration\n"
	    "  -V, --version   print version and sandbox\n"
	    "  -v              with -n, print the configuration\n"
	    "  -X INSECURE     for tests: keep the user and the root directory\n"
	    "  -X NOSANDBOX    for tests: run without the sandbox\n",
	.feature = "sandbox",
	.feature_version = sandbox_name,
};

static void
add_macro(struct config_source *source, struct conf_macro **macros, char *arg)
{
	char *value = strchr(arg, '=');

	if (value == NULL || value == arg) {
		program_misused(&flowd_program, "-D %s: not macro=value", arg);
	}
	*value++ = '\0';
	*macros = reallocarray(*macros, source->nmacros + 1, sizeof(**macros));
	if (*macros == NULL)
		fatal("no memory");
	(*macros)[source->nmacros++] = (struct conf_macro){ arg, value };
	source->macros = *macros;
}

/*
 * Does not rely on the process that started flowd: opens descriptors 0 to 2, so
 * that no other file gets these numbers, and unblocks signals.
 */
static void
prepare_process(void)
{
	sigset_t none;
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			fatal("/dev/null");
	} while (fd <= STDERR_FILENO);
	(void)close(fd);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	/* The write that causes one of these fails, too. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

/* Prints the result of -n for a valid configuration; returns the status. */
static int
show(const struct config *conf, const char *pidfile, bool print)
{
	if (control_socket_check(conf) == -1 || flowlogs_check(conf) == -1 ||
	    forwards_check(conf) == -1 || paths_check(conf, pidfile) == -1)
		return (1);
	if (print)
		config_print(conf, stdout);
	else
		(void)printf("configuration OK\n");
	if (fflush(stdout) == EOF || ferror(stdout)) {
		program_output_failed("standard output");
		return (1);
	}
	return (0);
}

/* The result of -r for a valid configuration; returns the status. */
static int
tell_to_reload(const struct monitor_options *opts, const struct config *conf)
{
	struct monitor_options daemon = *opts;

	daemon.foreground = false;
	return (reload_ask(monitor_pidfile(&daemon, conf)) == 0 ? 0 : 1);
}

int
main(int argc, char **argv)
{
	struct monitor_options opts = { .source.path = DEFAULT_CONFIG,
		.state_magic = STATE_MAGIC };
	struct conf_macro *macros = NULL;
	struct config *conf;
	bool check_only = false, print = false, ask = false;
	int ch, status = 0;

	prepare_process();
	while ((ch = program_option(&flowd_program, argc, argv)) != -1) {
		switch (ch) {
		case 'd':
			opts.debug = opts.foreground = true;
			break;
		case 'D':
			add_macro(&opts.source, &macros, optarg);
			break;
		case 'f':
			opts.source.path = optarg;
			break;
		case 'g':
			opts.foreground = true;
			break;
		case 'n':
			check_only = true;
			break;
		case 'p':
			opts.pidfile = optarg;
			break;
		case 'r':
			ask = true;
			break;
		case 'v':
			print = true;
			break;
		case 'X':
			if (strcmp(optarg, "INSECURE") == 0)
				opts.rights.insecure = true;
			else if (strcmp(optarg, "NOSANDBOX") == 0)
				opts.rights.unconfined = true;
			else
				program_misused(&flowd_program,
				    "-X %s: not INSECURE or NOSANDBOX", optarg);
			break;
		}
	}
	if (optind != argc)
		program_misused(&flowd_program, "unexpected argument %s",
		    argv[optind]);
	log_init("flowd", LOG_TO_STDERR, opts.debug);
	if ((conf = config_load(&opts.source, &opts.rights)) == NULL)
		status = 1;
	else if (check_only) {
		status = show(conf,
		    conf->pidfile != NULL ? conf->pidfile : opts.pidfile,
		    print);
		config_free(conf);
	} else if (ask) {
		status = tell_to_reload(&opts, conf);
		config_free(conf);
	} else
		status = monitor_run(&opts, conf, collect);
	free(macros);
	return (status);
}
