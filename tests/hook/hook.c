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
 * A collector that an attacker controls.  It is linked with flowd's objects, of
 * which it replaces some functions, and obeys datagrams that are text:
 *
 *   HOOK die			dies of this datagram
 *   HOOK pause MILLISECONDS	processes it for that long
 *   HOOK exit CODE
 *   HOOK request TYPE SIZE	sends SIZE bytes that begin like a message
 *   HOOK field TYPE VALUE LENGTH	sends a message with these fields
 *   HOOK descriptor COUNT	sends a request with that many descriptors
 *   HOOK flood TYPE MILLISECONDS	sends requests for that long
 *   HOOK write HEX		writes these bytes to standard error
 *   HOOK shout MILLISECONDS	writes lines to it for that long
 *   HOOK say COUNT		logs that many messages
 *   HOOK last COUNT		does the same, and dies
 *   HOOK dead ERRNO		the descriptor of the log fails from now on
 *   HOOK step SECONDS		sets the real-time clock of all processes forward
 *   HOOK sleep SECONDS		suspends the system: sets the boot clock, too
 *   HOOK monitor		the monitor tries each of monitor_attempts[]
 *   HOOK try NAME PID		tries one of attempts[]; PID is the monitor
 *
 * Requests and messages go to the monitor.  After "HOOK bad" instead of "HOOK",
 * the collector waits for the monitor to end it.  It logs the result of an
 * attempt that it survives.
 */
#include "compat/compat.h"

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "decode/decode.h"
#include "ipc/priv-msg.h"
#include "ipc/takeover.h"
#include "monitor/deaths.h"

#define BYTES_MAX 256
#define PATIENCE  20000 /* ms */
#define X32_BIT   0x40000000

enum decoded __real_netflow_decode(const struct datagram *dgram,
    struct exporter *exporter, struct flow_sink *sink);
enum decoded __wrap_netflow_decode(const struct datagram *dgram,
    struct exporter *exporter, struct flow_sink *sink);
int __real_priv_send(int sock, enum priv_type type, uint32_t value,
    const void *body, size_t len, int fd);
int __wrap_priv_send(int sock, enum priv_type type, uint32_t value,
    const void *body, size_t len, int fd);
pid_t __real_fork(void);
pid_t __wrap_fork(void);
bool __real_takeover_state(const struct takeover *t, const uint8_t **state,
    size_t *len);
bool __wrap_takeover_state(const struct takeover *t, const uint8_t **state,
    size_t *len);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
time_t __wrap_deaths_wait(struct deaths *d, time_t now, uint32_t count);

time_t __wrap_watch_interval(void);
time_t __real_watch_interval(void);

static int monitor_sock = -1;
static pid_t monitor;
static int dead_fd = -1;
static int dead_errno;
static unsigned int slow_ms; /* that the next write to a log takes */

/* Shared by the processes. */
static struct skew {
	volatile int real, boot; /* seconds */
	volatile bool try_all;   /* the monitor has to */
	pid_t monitor;           /* if it stays in the foreground */
} * skew;

__attribute__((constructor)) static void
share_skew(void)
{
	void *page = mmap(NULL, sizeof(*skew), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		abort();
	skew = page;
	skew->monitor = getpid();
}

static long
try_open(void)
{
	return (open("/etc/passwd", O_RDONLY));
}

static long
try_open_proc(void)
{
	return (open("/proc/self/status", O_RDONLY));
}

static long
try_create(void)
{
	return (open("made", O_WRONLY | O_CREAT, 0600));
}

static long
try_openat2(void)
{
#ifdef SYS_openat2
	const uint64_t how[3] = { O_RDONLY, 0, 0 };

	return (syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof(how)));
#else
	return (-1);
#endif
}

static long
try_stat(void)
{
	struct stat st;

	return (stat("/etc/passwd", &st));
}

static long
try_unlink(void)
{
	return (unlinkat(AT_FDCWD, "made", 0));
}

static long
try_mkdir(void)
{
	return (mkdirat(AT_FDCWD, "made", 0700));
}

/* Returns the first descriptor of a file that is not empty: the log. */
static int
find_log(void)
{
	struct stat st;
	int fd;

	for (fd = 3; fd < 64; fd++) {
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_size > 0)
			return (fd);
	}
	log_warnx("hook: SUCCEEDED: found no log to attack");
	return (-1);
}

static long
try_empty_log(void)
{
	return (ftruncate(find_log(), 0));
}

static long
try_read_log(void)
{
	char byte;

	(void)lseek(find_log(), 0, SEEK_SET);
	return (read(find_log(), &byte, 1));
}

static long
try_map_log(void)
{
	return (mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, find_log(),
		    0) == MAP_FAILED ?
		-1 :
		0);
}

static long
try_overwrite_log(void)
{
	const int fd = find_log();

	if (fcntl(fd, F_SETFL, 0) == -1)
		return (-1);
	return (pwrite(fd, "", 1, 0));
}

static long
try_exec(void)
{
	return (execl("/bin/true", "true", (char *)NULL));
}

static long
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return (pid);
}

static long
try_socket(void)
{
	return (socket(AF_INET, SOCK_DGRAM, 0));
}

static long
try_unix_socket(void)
{
	return (socket(AF_UNIX, SOCK_STREAM, 0));
}

static long
try_socketpair(void)
{
	int pair[2];

	return (socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static long
try_connect(void)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return (
	    connect(monitor_sock, (const struct sockaddr *)&sin, sizeof(sin)));
}

static long
try_sendto(void)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return (sendto(monitor_sock, "x", 1, 0, (const struct sockaddr *)&sin,
	    sizeof(sin)));
}

/* The collector would become the peer that control clients see. */
static long
try_listen(void)
{
	return (listen(STDERR_FILENO, 1));
}

static long
try_bind(void)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET };

	return (bind(monitor_sock, (const struct sockaddr *)&sin, sizeof(sin)));
}

static long
try_ptrace(void)
{
	return (ptrace(PTRACE_ATTACH, monitor, NULL, NULL));
}

static long
try_signal(void)
{
	return (kill(monitor, SIGTERM));
}

static long
try_thread_signal(void)
{
	return (syscall(SYS_tgkill, monitor, monitor, SIGTERM));
}

static long
try_read_memory(void)
{
	char c;
	struct iovec local = { &c, 1 }, remote = { &monitor_sock, 1 };

	return (
	    syscall(SYS_process_vm_readv, monitor, &local, 1, &remote, 1, 0));
}

static long
try_map_code(void)
{
	return (mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ?
		-1 :
		0);
}

static long
try_make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return (page == MAP_FAILED ?
		-1 :
		mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static long
try_setuid(void)
{
	return (syscall(SYS_setuid, 0));
}

static long
try_chroot(void)
{
	return (chroot("."));
}

static long
try_prctl(void)
{
	return (syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0));
}

static long
try_ioctl(void)
{
	return (syscall(SYS_ioctl, monitor_sock, 0x5412 /* TIOCSTI */, "x"));
}

static long
try_io_uring(void)
{
	return (syscall(425 /* io_uring_setup */, 1, NULL));
}

static long
try_namespace(void)
{
	return (syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */));
}

static long
try_foreign(void)
{
	return (syscall(X32_BIT | SYS_getpid));
}

static long
try_32_bit(void)
{
#ifdef __x86_64__
	long r = 20; /* getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return (r);
#else
	errno = ENOSYS;
	return (-1);
#endif
}

static const struct {
	const char *name;
	long (*attempt)(void);
} attempts[] = {
	{ "open", try_open },
	{ "open-proc", try_open_proc },
	{ "create", try_create },
	{ "openat2", try_openat2 },
	{ "stat", try_stat },
	{ "unlink", try_unlink },
	{ "mkdir", try_mkdir },
	{ "exec", try_exec },
	{ "fork", try_fork },
	{ "socket", try_socket },
	{ "unix-socket", try_unix_socket },
	{ "socketpair", try_socketpair },
	{ "connect", try_connect },
	{ "sendto", try_sendto },
	{ "bind", try_bind },
	{ "listen", try_listen },
	{ "empty-log", try_empty_log },
	{ "read-log", try_read_log },
	{ "map-log", try_map_log },
	{ "overwrite-log", try_overwrite_log },
	{ "ptrace", try_ptrace },
	{ "signal", try_signal },
	{ "thread-signal", try_thread_signal },
	{ "read-memory", try_read_memory },
	{ "map-code", try_map_code },
	{ "make-code", try_make_code },
	{ "setuid", try_setuid },
	{ "chroot", try_chroot },
	{ "prctl", try_prctl },
	{ "ioctl", try_ioctl },
	{ "io-uring", try_io_uring },
	{ "namespace", try_namespace },
	{ "x32", try_foreign },
	{ "32-bit", try_32_bit },
};

static long
try_netlink(void)
{
	return (socket(16 /* AF_NETLINK */, SOCK_RAW, 0));
}

static long
try_packet_socket(void)
{
	return (socket(17 /* AF_PACKET */, SOCK_RAW, 0));
}

static long
try_tcp_option(void)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	const int on = 1;
	const int r = setsockopt(fd, IPPROTO_TCP, 1, &on, sizeof(on));
	const int error = errno;

	(void)close(fd);
	errno = error;
	return (r);
}

static long
try_signal_owner(void)
{
	return (fcntl(STDERR_FILENO, F_SETOWN, getppid()));
}

static long
try_keep_capabilities(void)
{
	return (syscall(SYS_prctl, 8 /* PR_SET_KEEPCAPS */, 1, 0, 0, 0));
}

static const struct {
	const char *name;
	long (*attempt)(void);
} monitor_attempts[] = {
	{ "netlink", try_netlink },
	{ "packet-socket", try_packet_socket },
	{ "tcp-option", try_tcp_option },
	{ "signal-owner", try_signal_owner },
	{ "keep-capabilities", try_keep_capabilities },
};

static void
attempt_all(void)
{
	size_t i;

	for (i = 0; i < sizeof(monitor_attempts) / sizeof(monitor_attempts[0]);
	     i++) {
		if (monitor_attempts[i].attempt() < 0)
			log_warn("hook: monitor's %s is refused",
			    monitor_attempts[i].name);
		else
			log_warnx("hook: monitor's %s SUCCEEDED",
			    monitor_attempts[i].name);
	}
	log_info("hook: the monitor has tried all");
}

static void
attempt(const char *name)
{
	size_t i;
	long r;

	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (strcmp(attempts[i].name, name) != 0)
			continue;
		r = attempts[i].attempt();
		if (r < 0)
			log_warn("hook: %s is refused", name);
		else
			log_warnx("hook: %s SUCCEEDED", name);
	}
}

static void
send_bytes(uint32_t type, size_t len)
{
	uint8_t bytes[BYTES_MAX] = { 0 };
	const struct priv_msg msg = { .type = type };

	memcpy(bytes, &msg, sizeof(msg));
	if (send(monitor_sock, bytes, len, 0) == -1)
		log_warn("hook: send");
}

static void
send_fields(uint32_t type, uint32_t value, uint32_t body_len)
{
	const struct priv_msg msg = { type, value, body_len };

	if (send(monitor_sock, &msg, sizeof(msg), 0) == -1)
		log_warn("hook: send");
}

static long
ms_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((now.tv_sec - start->tv_sec) * 1000 +
	    (now.tv_nsec - start->tv_nsec) / 1000000);
}

/* Does not read the monitor's answers. */
static void
flood(uint32_t type, unsigned int ms)
{
	const struct priv_msg msg = { .type = type };
	struct timespec start;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (send(monitor_sock, &msg, sizeof(msg), MSG_NOSIGNAL) == -1)
			break;
	} while (ms_since(&start) < (long)ms);
}

static void
write_bytes(const char *hex)
{
	char bytes[BYTES_MAX];
	unsigned int byte;
	size_t n;

	for (n = 0; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		bytes[n] = (char)byte;
	if (write(STDERR_FILENO, bytes, n) == -1)
		log_warn("hook: write");
}

static void
shout(unsigned int ms)
{
	static const char line[] = "<2>hook: louder and louder and louder\n";
	struct timespec start;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (write(STDERR_FILENO, line, sizeof(line) - 1) == -1 &&
		    errno != EAGAIN)
			break;
	} while (ms_since(&start) < (long)ms);
}

static void
say(unsigned int n)
{
	unsigned int i;

	for (i = 1; i <= n; i++)
		log_warnx("hook: word %u of %u", i, n);
}

static void
send_descriptors(size_t n)
{
	struct priv_msg msg = { .type = PRIV_WANT_STATE };
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec iov = { &msg, sizeof(msg) };
	struct msghdr hdr = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&hdr);
	size_t i;

	if (c == NULL)
		return;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &monitor_sock,
		    sizeof(int));
	if (sendmsg(monitor_sock, &hdr, 0) == -1)
		log_warn("hook: sendmsg");
}

static void
kill_log(unsigned int error)
{
	dead_fd = find_log();
	dead_errno = (int)error;
}

static void
set_clocks(int real, int boot)
{
	skew->boot += boot;
	skew->real += real;
}

static void
obey(const char *order)
{
	unsigned int a, b, c;
	int seconds;
	char name[32], hex[BYTES_MAX];

	if (strcmp(order, "die") == 0)
		abort();
	else if (strcmp(order, "monitor") == 0)
		skew->try_all = true;
	else if (sscanf(order, "pause %u", &a) == 1)
		(void)poll(NULL, 0, (int)a);
	else if (sscanf(order, "slow %u", &a) == 1)
		slow_ms = a;
	else if (sscanf(order, "exit %u", &a) == 1)
		_exit((int)a);
	else if (sscanf(order, "request %u %u", &a, &b) == 2 && b <= BYTES_MAX)
		send_bytes(a, b);
	else if (sscanf(order, "field %u %u %u", &a, &b, &c) == 3)
		send_fields(a, b, c);
	else if (sscanf(order, "flood %u %u", &a, &b) == 2)
		flood(a, b);
	else if (sscanf(order, "write %255s", hex) == 1)
		write_bytes(hex);
	else if (sscanf(order, "shout %u", &a) == 1)
		shout(a);
	else if (sscanf(order, "dead %u", &a) == 1)
		kill_log(a);
	else if (sscanf(order, "step %d", &seconds) == 1)
		set_clocks(seconds, 0);
	else if (sscanf(order, "sleep %d", &seconds) == 1)
		set_clocks(seconds, seconds);
	else if (sscanf(order, "say %u", &a) == 1)
		say(a);
	else if (sscanf(order, "last %u", &a) == 1) {
		say(a);
		abort();
	} else if (sscanf(order, "descriptor %u", &a) == 1 && a <= 8)
		send_descriptors(a);
	else if (sscanf(order, "try %31s %u", name, &a) == 2) {
		monitor = (pid_t)a;
		attempt(name);
	}
	log_info("hook: did %s", order);
}

enum decoded
__wrap_netflow_decode(const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	static const char prefix[] = "HOOK ", bad[] = "bad ";
	const size_t skip = sizeof(prefix) - 1;
	char order[BYTES_MAX];

	if (dgram->len < skip || dgram->len - skip >= sizeof(order) ||
	    memcmp(dgram->data, prefix, skip) != 0)
		return (__real_netflow_decode(dgram, exporter, sink));
	memcpy(order, dgram->data + skip, dgram->len - skip);
	order[dgram->len - skip] = '\0';
	if (strncmp(order, bad, sizeof(bad) - 1) != 0)
		obey(order);
	else {
		obey(order + sizeof(bad) - 1);
		(void)poll(NULL, 0, PATIENCE);
	}
	return (DECODED);
}

/* Learns the monitor's socket. */
int
__wrap_priv_send(int sock, enum priv_type type, uint32_t value,
    const void *body, size_t body_len, int fd)
{
	monitor_sock = sock;
	return (__real_priv_send(sock, type, value, body, body_len, fd));
}

/* Tests need many deaths. */
time_t
__wrap_deaths_wait(struct deaths *d, time_t now, uint32_t count)
{
	(void)d;
	(void)now;
	(void)count;
	return (0);
}

/* Tests need not wait for long. */
time_t
__wrap_watch_interval(void)
{
	return (
	    getenv("FLOWD_HOOK_WATCH") == NULL ? __real_watch_interval() : 1);
}

/* With FLOWD_HOOK_BAD_STATE, a state kills the collector that takes it over. */
bool
__wrap_takeover_state(const struct takeover *t, const uint8_t **state,
    size_t *len)
{
	const bool has = __real_takeover_state(t, state, len);

	if (has && getenv("FLOWD_HOOK_BAD_STATE") != NULL)
		abort();
	return (has);
}

/* Fails while the file FLOWD_HOOK_NO_FORK exists. */
pid_t
__wrap_fork(void)
{
	const char *name = getenv("FLOWD_HOOK_NO_FORK");
	struct stat st;

	if (name == NULL || stat(name, &st) == -1)
		return (__real_fork());
	errno = EAGAIN;
	return (-1);
}

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	if (slow_ms > 0 && fd > STDERR_FILENO) {
		(void)poll(NULL, 0, (int)slow_ms);
		slow_ms = 0;
	}
	if (fd != dead_fd)
		return (__real_write(fd, data, len));
	errno = dead_errno;
	return (-1);
}

/* Another file may get the number. */
int
__wrap_close(int fd)
{
	if (fd == dead_fd)
		dead_fd = -1;
	return (__real_close(fd));
}

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	const int r = __real_clock_gettime(id, ts);

	if (skew->try_all && getpid() == skew->monitor) {
		skew->try_all = false;
		attempt_all();
	}
	if (id == CLOCK_REALTIME)
		ts->tv_sec += skew->real;
#ifdef CLOCK_BOOTTIME
	if (id == CLOCK_BOOTTIME)
		ts->tv_sec += skew->boot;
#endif
	return (r);
}
