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
 * The monitor.  It keeps the rights that flowd was started with, opens what
 * needs them, and hands descriptors to the collector, which has none:
 *
 *   monitor    root, never reads from the network; relays signals, reaps the
 *              collector, says why it died and starts another, with the same
 *              listening sockets, so that the kernel goes on queueing.
 *   collector  unprivileged user, chrooted, confined (sandbox.h); collector_run
 *              in flowd.c.  With "workers" there are several, which have sockets
 *              of their own to the same addresses, and the same logs.
 *   parser     a child that lives as long as it takes to read flowd.conf;
 *              config-load.c.
 *
 * Nothing that the collector says has a path, a length or a text in it: the
 * requests are those that answer_request knows, each exactly one struct
 * priv_msg without anything, and anything else ends the collector.  What it
 * has to say to people comes another way: log-relay.h.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"
#include "child.h"
#include "clock.h"
#include "control-socket.h"
#include "crashdump.h"
#include "deaths.h"
#include "listen.h"
#include "listeners.h"
#include "log-limit.h"
#include "log-relay.h"
#include "log.h"
#include "logfiles.h"
#include "notify.h"
#include "pidfile.h"
#include "priv-msg.h"
#include "privsep.h"
#include "rights.h"
#include "statefile.h"
#include "turns.h"

#define DEFAULT_PIDFILE   PACKAGE_RUNSTATEDIR "/flowd.pid"
#define START_SECONDS     20          /* for a collector to become ready */
#define STOP_SECONDS      30          /* for it to write everything */
#define SEND_SECONDS      10          /* for it to take a message */
#define WISHES_MAX        20          /* that it may have in a second */
#define NANOSECONDS       1000000000L /* in a second */
#define NANOSECONDS_IN_MS 1000000L

/* A collector, or its place. */
struct worker {
	uint32_t number;           /* from 1 on */
	pid_t pid;                 /* -1: none */
	int sock;                  /* to it; -1: none */
	struct log_relay messages; /* its */
	bool ready;                /* it said so, at least once */
	uint32_t configuring;      /* it has yet to say so of */
	uint32_t given_logs;       /* it has yet to take, on top */
	uint32_t wishes;           /* it had, in this second: */
	time_t wished;             /* monotonic */
	int state;                 /* begun, -1: none */
	struct batch *batch;       /* shared with it */
	struct deaths deaths;
};

struct monitor {
	const struct monitor_options *opts;
	collector_main *collect;
	struct config *conf;
	struct listeners listeners;
	struct logfiles logs;
	struct control_sockets controls;
	struct turns *turns; /* shared with the collectors */
	int waiting;         /* who started us; -1: nobody */
	struct pidfile pidfile;
	bool state_off; /* statefile names another's */
	bool reloading; /* conf is not yet in force everywhere */
	bool reopening; /* a collector may still write to a log moved away */
	bool stopping;
	bool failed;    /* a collector ended badly while stopping */
	time_t stop_by; /* monotonic */
	struct log_limit logsock_warned;
	uint32_t nworkers;
	struct worker workers[CONFIG_WORKERS_MAX];
};

static volatile sig_atomic_t got_stop, got_reload, got_reopen, got_stats;

static void
on_signal(int sig)
{
	switch (sig) {
	case SIGINT:
	case SIGTERM:
		got_stop = 1;
		break;
	case SIGHUP:
		got_reload = 1;
		break;
	case SIGUSR1:
		got_reopen = 1;
		break;
	default: /* SIGUSR2, SIGINFO */
		got_stats = 1;
	}
}

static const int handled_signals[] = {
	SIGINT,
	SIGTERM,
	SIGHUP,
	SIGUSR1,
	SIGUSR2,
#ifdef SIGINFO
	SIGINFO,
#endif
};
#define NSIGNALS (sizeof(handled_signals) / sizeof(handled_signals[0]))

/* Blocks the signals; they come through in ppoll, with the mask as it was. */
static void
catch_signals(sigset_t *before)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < NSIGNALS; i++) {
		sigaddset(&set, handled_signals[i]);
		(void)sigaction(handled_signals[i], &sa, NULL);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &set, before);
}

/*
 * The collector takes its orders from the monitor alone; a Ctrl-C reaches
 * both, and the monitor passes it on.
 */
static void
ignore_signals(void)
{
	sigset_t none;
	size_t i;

	for (i = 0; i < NSIGNALS; i++)
		(void)signal(handled_signals[i], SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
open_logsock(struct monitor *m, const struct config *conf)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, size = (int)conf->logsock_bufsize;
	uint32_t held_back;

	(void)strlcpy(sun.sun_path, conf->logsock, sizeof(sun.sun_path));
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1) {
		log_warn("logsock");
		return (-1);
	}
	if (size != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == -1)
		log_warn("logsock %s: bufsize %d", conf->logsock, size);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		if (log_limit_pass(&m->logsock_warned, (uint32_t)time(NULL),
			&held_back))
			log_warn("logsock %s: nobody reads it, trying on",
			    conf->logsock);
		(void)close(fd);
		return (-1);
	}
	return (fd);
}

static int
open_forward(const struct conf_forward *f)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&f->addr, f->port, 0, &ss);
	char addr[ADDR_STRLEN];
	int fd;

	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&ss, len) == -1) {
		log_warn("forward to %s port %u", addr_ntop(&f->addr, addr),
		    f->port);
		if (fd != -1)
			(void)close(fd);
		return (-1);
	}
	return (fd);
}

/* Sends and closes the descriptor; -1 passes none. */
static int
send_fd(const struct worker *w, enum priv_type type, int fd)
{
	int r = priv_send(w->sock, type, 0, NULL, 0, fd);

	if (fd != -1)
		(void)close(fd);
	return (r);
}

static int
give_log(const struct worker *w, const struct logfiles *logs, size_t i)
{
	return (priv_send(w->sock, PRIV_LOG, (uint32_t)i, NULL, 0,
	    logfiles_give(logs, i)));
}

/*
 * All there is, whoever wrote it, as there may have been more or fewer of them;
 * the latest last, which then is what counts.
 */
static int
send_states(const struct monitor *m, const struct worker *w,
    const struct config *conf)
{
	int fds[CONFIG_WORKERS_MAX], r = 0;
	size_t i, n;

	if (conf->statefile == NULL || m->state_off)
		return (0);
	n = statefile_open_all(conf->statefile, CONFIG_WORKERS_MAX, fds);
	for (i = 0; i < n; i++) {
		if (r == 0)
			r = send_fd(w, PRIV_STATE, fds[i]);
		else
			(void)close(fds[i]);
	}
	return (r);
}

/* What send_config sends; -1 with errno: the collector does not listen. */
static int
try_send_config(struct monitor *m, const struct worker *w,
    const struct config *conf, const struct listeners *l,
    const struct logfiles *logs, const struct control_sockets *controls,
    bool fresh)
{
	const struct open_listener *li;
	uint8_t *data;
	size_t len, i;
	int r, fd;

	if (config_pack(conf, &data, &len) != 0)
		fatalx("the configuration cannot be packed");
	r = priv_send(w->sock, PRIV_CONFIG, 0, data, len, -1);
	free(data);
	if (r == 0 && fresh)
		r = send_states(m, w, conf);
	for (i = 0; r == 0 && i < l->n; i++) {
		li = &l->list[i];
		r = fresh || li->kept == 0 ?
		    priv_send(w->sock, PRIV_LISTENER, 0, NULL, 0,
			li->fds[w->number - 1]) :
		    priv_send(w->sock, PRIV_LISTENER, li->kept, NULL, 0, -1);
	}
	for (i = 0; r == 0 && i < conf->nforwards; i++) {
		if ((fd = open_forward(&conf->forwards[i])) != -1)
			r = send_fd(w, PRIV_FORWARD, fd);
	}
	for (i = 0; r == 0 && i < conf->nlogs; i++)
		r = priv_send(w->sock, PRIV_LOG, logs->open.list[i].turn, NULL,
		    0, logfiles_give(logs, i));
	if (r == 0 && conf->logsock != NULL)
		r = send_fd(w, PRIV_LOGSOCK, open_logsock(m, conf));
	if (r == 0 && (fd = control_sockets_fd(controls, w->number)) != -1)
		r = priv_send(w->sock, PRIV_CONTROL, 0, NULL, 0, fd);
	if (r == 0)
		r = priv_send(w->sock, PRIV_COMMIT, 0, NULL, 0, -1);
	return (r);
}

/*
 * Sends conf and what goes with it; fresh, to a collector that has nothing
 * yet.  logs are those of conf, open.  A collector that does not take all of
 * it is ended, and its successor gets it.
 */
static void
send_config(struct monitor *m, struct worker *w, const struct config *conf,
    const struct listeners *l, const struct logfiles *logs,
    const struct control_sockets *controls, bool fresh)
{
	w->configuring++;
	/* With another one it may want all anew. */
	w->wishes = 0;
	if (try_send_config(m, w, conf, l, logs, controls, fresh) == 0)
		return;
	log_warn("the collector does not take its configuration");
	(void)kill(w->pid, SIGKILL);
}

static int
open_null(void)
{
	int fd;

	if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		fatal("/dev/null");
	return (fd);
}

/* The descriptors from standard input to last become /dev/null. */
static void
forget_terminal(int last)
{
	const int null = open_null();
	int fd;

	for (fd = STDIN_FILENO; fd <= last; fd++) {
		if (dup2(null, fd) == -1)
			fatal("/dev/null");
	}
	if (null > last)
		(void)close(null);
}

static _Noreturn void
become_collector(struct monitor *m, const struct worker *w, int sock,
    int messages)
{
	const struct collector_place place = {
		.sock = sock,
		.batch = w->batch,
		.turns = m->turns,
		.number = w->number,
	};
	const char *summary = rights_summary(&m->opts->rights);

	ignore_signals();
	log_relay_enter(&w->messages, messages, m->opts->debug);
	forget_terminal(STDOUT_FILENO);
	rights_drop(&m->opts->rights, SANDBOX_COLLECTOR, &sock, 1);
	log_info("collector runs as %s", summary);
	m->collect(&place);
	exit(1);
}

/* Starts a collector and gives it the configuration in force. */
static int
start_collector(struct monitor *m, struct worker *w)
{
	const struct timeval tv = { .tv_sec = SEND_SECONDS };
	int pair[2], messages;

	w->ready = false;
	w->configuring = 0;
	w->given_logs = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		log_warn("socketpair");
		return (-1);
	}
	if ((messages = log_relay_open(&w->messages)) == -1 ||
	    (w->pid = fork()) == -1) {
		log_warn("the collector cannot be started");
		return (-1);
	}
	if (w->pid == 0) {
		(void)close(pair[0]);
		become_collector(m, w, pair[1], messages);
	}
	(void)close(pair[1]);
	(void)close(messages);
	batch_keep_from_children(w->batch);
	w->sock = pair[0];
	(void)setsockopt(w->sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	send_config(m, w, m->conf, &m->listeners, &m->logs, &m->controls, true);
	return (0);
}

/* Whether the collectors have taken all that they were given. */
static bool
all_at_rest(const struct monitor *m)
{
	uint32_t i;

	for (i = 0; i < m->nworkers; i++) {
		if (m->workers[i].configuring != 0 ||
		    m->workers[i].given_logs != 0)
			return (false);
	}
	return (true);
}

/* Once for all collectors, be some of them successors of those that were. */
static void
note_in_force(struct monitor *m)
{
	uint32_t i;

	for (i = 0; i < m->nworkers; i++) {
		if (m->workers[i].configuring != 0)
			return;
	}
	if (!m->reloading)
		return;
	m->reloading = false;
	log_info("new configuration in force");
	notify_ready();
}

/*
 * Reports that no collector writes to the former log files any more, so that
 * other programs may compress, empty or remove them.
 */
static void
note_reopened(struct monitor *m)
{
	if (!m->reopening || !all_at_rest(m))
		return;
	m->reopening = false;
	log_info("logs reopened");
}

/* What is done for each request: the policy is that there are no others. */
static int
answer_ready(struct monitor *m, struct worker *w)
{
	if (w->configuring == 0)
		return (-1);
	w->configuring--;
	w->ready = true;
	note_in_force(m);
	note_reopened(m);
	return (0);
}

static int
answer_want_logsock(struct monitor *m, const struct worker *w)
{
	if (m->conf->logsock == NULL)
		return (0); /* it went with a reload on the way */
	return (send_fd(w, PRIV_LOGSOCK, open_logsock(m, m->conf)));
}

static void
abandon_state(const struct monitor *m, struct worker *w)
{
	char path[PATH_MAX];

	if (w->state != -1)
		statefile_abandon(
		    statefile_name(m->conf->statefile, w->number, path),
		    w->state);
	w->state = -1;
}

static int
answer_want_state(struct monitor *m, struct worker *w)
{
	char path[PATH_MAX];

	abandon_state(m, w);
	if (m->conf->statefile != NULL && !m->state_off)
		w->state = statefile_begin(
		    statefile_name(m->conf->statefile, w->number, path));
	return (priv_send(w->sock, PRIV_STATE_FILE, 0, NULL, 0, w->state));
}

static int
answer_state_written(struct monitor *m, struct worker *w)
{
	char path[PATH_MAX];

	/* With a reload in between there may be none any more. */
	if (w->state != -1)
		statefile_finish(
		    statefile_name(m->conf->statefile, w->number, path),
		    w->state);
	w->state = -1;
	return (0);
}

static int
answer_log_taken(struct monitor *m, struct worker *w)
{
	if (w->given_logs == 0)
		return (-1);
	w->given_logs--;
	note_reopened(m);
	return (0);
}

/* It cannot do so by itself, lest it could empty a log. */
static int
answer_want_cut(struct monitor *m, const struct worker *w)
{
	logfiles_heal(&m->logs, m->turns, w->number, false);
	return (priv_send(w->sock, PRIV_LOGS_CUT, 0, NULL, 0, -1));
}

/*
 * Whether it may ask for something now.  One that asks without end would keep
 * signals from coming through, which ppoll lets in only while it waits.
 */
static bool
may_wish(struct worker *w)
{
	const time_t now = clock_sec();

	if (now != w->wished)
		w->wishes = 0;
	w->wished = now;
	return (++w->wishes <= WISHES_MAX);
}

/* READY and LOG_TAKEN answer what the monitor has counted. */
static bool
is_wish(enum priv_type type)
{
	return (type == PRIV_WANT_LOGSOCK || type == PRIV_WANT_STATE ||
	    type == PRIV_STATE_WRITTEN || type == PRIV_WANT_CUT);
}

/* 1; 0 at the end of file; -1 for what is no request, or none now. */
static int
answer_request(struct monitor *m, struct worker *w)
{
	enum priv_type type;
	int r;

	if ((r = priv_receive_request(w->sock, &type)) != 1)
		return (r);
	if (is_wish(type) && !may_wish(w))
		return (-1);
	switch (type) {
	case PRIV_READY:
		r = answer_ready(m, w);
		break;
	case PRIV_WANT_LOGSOCK:
		r = answer_want_logsock(m, w);
		break;
	case PRIV_WANT_STATE:
		r = answer_want_state(m, w);
		break;
	case PRIV_STATE_WRITTEN:
		r = answer_state_written(m, w);
		break;
	case PRIV_LOG_TAKEN:
		r = answer_log_taken(m, w);
		break;
	case PRIV_WANT_CUT:
		r = answer_want_cut(m, w);
		break;
	default:
		return (-1);
	}
	return (r == 0 ? 1 : -1);
}

/*
 * Reaps a collector, whose socket is closed or who has to go.  True if it had
 * ended as it should.
 */
static bool
bury_collector(struct monitor *m, struct worker *w)
{
	int status = 0;

	/* Without its socket it is of no use, should it still run. */
	(void)kill(w->pid, SIGKILL);
	(void)child_wait(w->pid, &status);
	(void)close(w->sock);
	w->sock = -1;
	log_relay_close(&w->messages, clock_sec());
	abandon_state(m, w);
	if (m->stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (true);
	deaths_explain(w->pid, status);
	if (m->conf->crashdump != NULL)
		crashdump_write(m->conf->crashdump, w->batch);
	/* Before there is a batch that the children for this would share. */
	logfiles_heal(&m->logs, m->turns, w->number, true);
	turns_end_of(m->turns, w->number);
	return (false);
}

static int
restart_collector(struct monitor *m, struct worker *w)
{
	struct batch *rest;

	if (deaths_too_many(&w->deaths, clock_sec()))
		return (-1);
	if ((rest = deaths_inherit(&w->deaths, w->batch)) == NULL) {
		log_warn("no memory for datagrams");
		return (-1);
	}
	batch_free(w->batch);
	w->batch = rest;
	log_info("starting a new collector");
	return (start_collector(m, w));
}

/* Goes on with log i in another file. */
static void
change_log(void *arg, size_t i)
{
	struct monitor *m = arg;
	struct worker *w;

	for (w = m->workers; w < m->workers + m->nworkers; w++) {
		w->given_logs++;
		if (give_log(w, &m->logs, i) == 0)
			continue;
		log_warn("the collector does not take the log");
		(void)kill(w->pid, SIGKILL);
	}
}

static void
reopen_logs(struct monitor *m)
{
	size_t i;

	for (i = 0; i < m->conf->nlogs; i++) {
		if (logfiles_reopen(&m->logs, i) == -1)
			log_warnx("going on with the log that is open");
		else
			change_log(m, i);
	}
	m->reopening = true;
	note_reopened(m);
}

static void
tend_logs(struct monitor *m)
{
	if (!m->stopping && logfiles_need_ticks(&m->logs))
		logfiles_tick(&m->logs, all_at_rest(m), change_log, m);
}

/* In the foreground there is a pidfile only where one is stated. */
static int
write_pidfile(struct monitor *m)
{
	const char *path = m->conf->pidfile;

	if (path == NULL && m->opts->foreground)
		return (0);
	return (
	    pidfile_write(&m->pidfile, path == NULL ? DEFAULT_PIDFILE : path));
}

static bool
same_string(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (strcmp(a, b) == 0);
}

static bool
is_being_written(const struct monitor *m, const char *statefile)
{
	uint32_t i;

	for (i = 0; i < m->nworkers; i++) {
		if (m->workers[i].state != -1 &&
		    same_string(statefile, m->conf->statefile))
			return (true);
	}
	return (false);
}

/* As many collectors as there can be, or as there are. */
static void
settle_workers(const struct monitor *m, struct config *conf)
{
	const uint32_t want = config_workers(conf);

	if (m->conf != NULL) {
		if (want != m->nworkers)
			log_warnx("the workers change at the next start");
		conf->workers = m->nworkers;
		return;
	}
	if (want == 1 || listen_can_divide())
		return;
	log_warnx(
	    "this system cannot share out datagrams among workers; "
	    "there is one");
	conf->workers = 1;
}

static bool
has_foreign_state(const struct monitor *m, const struct config *conf)
{
	char path[PATH_MAX];
	uint32_t i;

	if (conf->statefile == NULL)
		return (false);
	for (i = 1; i <= config_workers(conf); i++) {
		if (statefile_is_foreign(
			statefile_name(conf->statefile, i, path),
			m->opts->state_magic))
			return (true);
	}
	return (false);
}

/*
 * Opens what conf wants, all of it or nothing: logs, listeners, and a state
 * file to be.  -1 after a message.
 */
static int
open_for(struct monitor *m, struct config *conf, struct logfiles *logs,
    struct listeners *l)
{
	settle_workers(m, conf);
	if (conf->statefile != NULL && !is_being_written(m, conf->statefile) &&
	    statefile_check(conf->statefile) == -1)
		return (-1);
	if (conf->crashdump != NULL && crashdump_check(conf->crashdump) == -1)
		return (-1);
	if (listeners_open(l, conf, &m->listeners, m->conf) == -1)
		return (-1);
	/* Last, since it may leave a new file behind. */
	if (logfiles_open(logs, conf, &m->opts->rights, &m->logs) == 0) {
		m->state_off = has_foreign_state(m, conf);
		return (0);
	}
	listeners_back_out(l, conf, m->conf);
	return (-1);
}

/* Everything new is open before anything old is closed. */
static void
reload(struct monitor *m)
{
	struct control_sockets controls = { .n = 0 };
	struct worker *w;
	struct config *conf;
	struct logfiles logs;
	struct listeners l;

	log_info("reading %s", m->opts->source.path);
	notify_reloading();
	conf = config_load(&m->opts->source, &m->opts->rights);
	if (conf == NULL ||
	    control_sockets_open(&controls, conf, m->nworkers, &m->controls,
		m->conf) == -1 ||
	    open_for(m, conf, &logs, &l) == -1) {
		log_warnx("the configuration stays as it was");
		control_sockets_back_out(&controls, conf, m->conf);
		notify_ready();
		config_free(conf);
		return;
	}
	m->reloading = true;
	listeners_retire(&l, &m->listeners);
	for (w = m->workers; w < m->workers + m->nworkers; w++) {
		send_config(m, w, conf, &l, &logs, &controls, false);
		abandon_state(m, w);
	}
	logfiles_close(&m->logs, &logs);
	m->logs = logs;
	control_sockets_replace(&controls, &m->controls, m->conf);
	listeners_replace(&l, conf, &m->listeners, m->conf);
	m->listeners = l;
	if (!same_string(conf->pidfile, m->conf->pidfile))
		log_warnx("the pidfile changes at the next start");
	config_free(m->conf);
	m->conf = conf;
}

/* What each collector is told, and gives its statistics upon. */
static void
tell_all(struct monitor *m, enum priv_type type)
{
	struct worker *w;

	for (w = m->workers; w < m->workers + m->nworkers; w++) {
		log_relay_expect_report(&w->messages, clock_sec());
		if (w->sock != -1 &&
		    priv_send(w->sock, type, 0, NULL, 0, -1) == -1)
			log_debug("a collector does not listen");
	}
}

static void
begin_stop(struct monitor *m)
{
	log_info("ending");
	notify_stopping();
	m->stopping = true;
	m->stop_by = clock_sec() + STOP_SECONDS;
	tell_all(m, PRIV_STOP);
}

static void
act_on_signals(struct monitor *m)
{
	if (got_stop && !m->stopping)
		begin_stop(m);
	if (m->stopping)
		return;
	if (got_reload) {
		got_reload = 0;
		reload(m);
	}
	if (got_reopen) {
		got_reopen = 0;
		reopen_logs(m);
	}
	if (got_stats) {
		got_stats = 0;
		tell_all(m, PRIV_STATISTICS);
	}
}

/* Until the next second begins, as logs are rotated by the clock. */
static int
ms_to_next_second(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ((int)((NANOSECONDS - ts.tv_nsec) / NANOSECONDS_IN_MS) + 1);
}

/* Whether a collector has said so much that it has to wait. */
static bool
is_held_back(const struct monitor *m)
{
	const time_t now = clock_sec();
	uint32_t i;

	for (i = 0; i < m->nworkers; i++) {
		if (log_relay_fd(&m->workers[i].messages, now) == -1)
			return (true);
	}
	return (false);
}

/*
 * How long to wait for the collector at most; NULL: for ever.  The service
 * manager hears of the monitor at least as often as it wants to.
 */
static const struct timespec *
patience(const struct monitor *m, struct timespec *ts)
{
	int ms = notify_alive(), tick = -1;

	if (m->stopping || logfiles_need_ticks(&m->logs) || is_held_back(m))
		tick = ms_to_next_second();
	if (ms == -1 || (tick != -1 && tick < ms))
		ms = tick;
	if (ms == -1)
		return (NULL);
	*ts = (struct timespec){ .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * NANOSECONDS_IN_MS };
	return (ts);
}

/* Those that came come through here, should there be no need to wait. */
static void
let_signals_in(const sigset_t *unblocked)
{
	sigset_t blocked;

	(void)sigprocmask(SIG_SETMASK, unblocked, &blocked);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* Of each collector's socket and messages, these behind all of those. */
#define POLLFDS_MAX ((size_t)2 * CONFIG_WORKERS_MAX)

/*
 * Waits for something to do, and says what the collectors say; what their
 * sockets have is in the first nworkers of pfds.  With a mask of signals that
 * are let in, or NULL.
 */
static void
wait_for_collectors(struct monitor *m, struct pollfd *pfds,
    const struct timespec *timeout, const sigset_t *unblocked)
{
	const time_t now = clock_sec();
	const uint32_t n = m->nworkers;
	struct worker *w;
	uint32_t i;
	bool any;

	for (i = 0; i < n; i++) {
		w = &m->workers[i];
		pfds[i] = (struct pollfd){ .fd = w->sock, .events = POLLIN };
		pfds[n + i] = (struct pollfd){
			.fd = log_relay_fd(&w->messages, now),
			.events = POLLIN,
		};
	}
	any = ppoll(pfds, (nfds_t)2 * n, timeout, unblocked) > 0;
	for (i = 0; i < n; i++) {
		if (!any)
			pfds[i].revents = 0;
		else if (pfds[n + i].revents != 0)
			(void)log_relay_read(&m->workers[i].messages, now);
	}
}

/* A collector has a request, or has ended.  -1: there is no way to go on. */
static int
tend_collector(struct monitor *m, struct worker *w)
{
	int r;

	if ((r = answer_request(m, w)) == 1)
		return (0);
	if (r == -1)
		log_warnx(
		    "the collector sent what is no request, "
		    "or more than it may");
	if (!bury_collector(m, w) && m->stopping)
		m->failed = true;
	return (m->stopping ? 0 : restart_collector(m, w));
}

static bool
all_gone(const struct monitor *m)
{
	uint32_t i;

	for (i = 0; i < m->nworkers; i++) {
		if (m->workers[i].sock != -1)
			return (false);
	}
	return (true);
}

static void
bury_all(struct monitor *m)
{
	struct worker *w;

	for (w = m->workers; w < m->workers + m->nworkers; w++) {
		if (w->sock != -1)
			(void)bury_collector(m, w);
	}
}

/* Until told to end, or there is no way to go on; returns the exit status. */
static int
monitor_loop(struct monitor *m, const sigset_t *unblocked)
{
	struct pollfd pfds[POLLFDS_MAX];
	struct timespec ts;
	uint32_t i;

	for (;;) {
		let_signals_in(unblocked);
		act_on_signals(m);
		tend_logs(m);
		wait_for_collectors(m, pfds, patience(m, &ts), unblocked);
		if (m->stopping && clock_sec() >= m->stop_by) {
			log_warnx("the collector does not end");
			bury_all(m);
			return (1);
		}
		for (i = 0; i < m->nworkers; i++) {
			if (pfds[i].revents != 0 &&
			    tend_collector(m, &m->workers[i]) == -1) {
				bury_all(m);
				return (1);
			}
		}
		if (all_gone(m))
			return (m->failed ? 1 : 0);
	}
}

static bool
all_ready(const struct monitor *m)
{
	uint32_t i;

	for (i = 0; i < m->nworkers; i++) {
		if (!m->workers[i].ready)
			return (false);
	}
	return (true);
}

/* Polls until the first collectors work; -1 when one does not. */
static int
wait_ready(struct monitor *m)
{
	const time_t give_up = clock_sec() + START_SECONDS;
	const struct timespec second = { .tv_sec = 1 };
	struct pollfd pfds[POLLFDS_MAX];
	uint32_t i;

	while (!all_ready(m)) {
		wait_for_collectors(m, pfds, &second, NULL);
		for (i = 0; i < m->nworkers; i++) {
			if (pfds[i].revents != 0 &&
			    answer_request(m, &m->workers[i]) != 1) {
				bury_all(m);
				return (-1);
			}
		}
		if (clock_sec() >= give_up) {
			log_warnx("the collector does not become ready");
			return (-1);
		}
	}
	return (0);
}

/*
 * Detaches.  The process that the caller waits for ends with the status that
 * the returned descriptor tells it, or with 1 when that closes.
 */
static int
detach(void)
{
	char status = 1;
	pid_t pid;
	int p[2];

	if (pipe(p) == -1 || (pid = fork()) == -1)
		fatal("cannot detach");
	if (pid != 0) {
		(void)close(p[1]);
		if (read(p[0], &status, 1) != 1)
			status = 1;
		_exit(status);
	}
	(void)close(p[0]);
	if (setsid() == -1)
		fatal("setsid");
	(void)umask(022);
	return (p[1]);
}

/* Tells whoever waits that flowd is up, and leaves the terminal. */
static void
finish_detaching(struct monitor *m)
{
	const char ok = 0;

	log_init("monitor", LOG_TO_SYSLOG, m->opts->debug);
	forget_terminal(STDERR_FILENO);
	if (write(m->waiting, &ok, 1) != 1)
		log_debug("nobody waits for the start");
	(void)close(m->waiting);
	m->waiting = -1;
}

/* Everything that can fail for want of rights or by a mistake. */
static int
open_everything(struct monitor *m, struct config *conf)
{
	struct logfiles logs;
	struct listeners l;

	if (rights_check(&m->opts->rights) == -1 ||
	    control_socket_check(conf) == -1 ||
	    open_for(m, conf, &logs, &l) == -1)
		return (-1);
	m->conf = conf;
	m->logs = logs;
	m->listeners = l;
	return (0);
}

/* The first collectors; -1 when one cannot be started. */
static int
start_collectors(struct monitor *m)
{
	struct worker *w;
	uint32_t i;

	m->nworkers = config_workers(m->conf);
	if ((m->turns = turns_new()) == NULL)
		fatal("no memory for turns");
	for (i = 0; i < m->nworkers; i++) {
		w = &m->workers[i];
		*w = (struct worker){ .number = i + 1,
			.pid = -1,
			.sock = -1,
			.state = -1 };
		log_relay_init(&w->messages, w->number, clock_sec());
		if ((w->batch = batch_new()) == NULL)
			fatal("no memory for datagrams");
		if (start_collector(m, w) == -1)
			return (-1);
	}
	return (0);
}

static int
run_until_told(struct monitor *m)
{
	sigset_t unblocked;
	int status = 1;

	catch_signals(&unblocked);
	rights_reduce(&m->opts->rights);
	/* By this process, which is the one that it names to clients. */
	if (control_sockets_open(&m->controls, m->conf, config_workers(m->conf),
		NULL, NULL) == -1)
		return (1);
	if (start_collectors(m) == 0 && wait_ready(m) == 0 &&
	    write_pidfile(m) == 0) {
		if (!m->opts->foreground)
			finish_detaching(m);
		log_info("flowd is running");
		notify_ready();
		status = monitor_loop(m, &unblocked);
	}
	control_sockets_remove(&m->controls, m->conf);
	pidfile_remove(&m->pidfile);
	return (status);
}

int
monitor_run(const struct monitor_options *opts, struct config *conf,
    collector_main *collect)
{
	struct monitor m = {
		.opts = opts,
		.collect = collect,
		.waiting = -1,
	};
	uint32_t i;
	int status;

	log_init("monitor", opts->foreground ? LOG_TO_STDERR : LOG_TO_BOTH,
	    opts->debug);
	notify_begin();
	if (open_everything(&m, conf) == -1) {
		config_free(conf);
		return (1);
	}
	if (!opts->foreground)
		m.waiting = detach();
	status = run_until_told(&m);
	logfiles_close(&m.logs, NULL);
	config_free(m.conf);
	free(m.listeners.list);
	for (i = 0; i < m.nworkers; i++)
		batch_free(m.workers[i].batch);
	turns_free(m.turns);
	return (status);
}
