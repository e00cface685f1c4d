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
 * seccomp of Linux: a list of the system calls that a role needs, with tests
 * of their arguments.  Any other system call kills the process with SIGSYS.  In
 * the monitor it fails with EPERM instead, so that the monitor survives a C
 * library that uses another system call.  The kernel's log has the number of
 * the call.
 *
 * The list is for x86-64, aarch64 and i386.  It has the system calls by which
 * glibc and musl implement the functions that flowd uses.
 */
#include "compat/compat.h"

#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#undef SYS_mmap /* its arguments are in memory, where no filter sees them */
#define SYS_mmap       SYS_mmap2
#define SYS_newfstatat SYS_fstatat64
#else
#error "no list of system calls for this architecture"
#endif

/* Numbers from here on are system calls of x32, which has the same ARCH. */
#define FOREIGN_CALLS 0x40000000U

/* Operations of socketcall.  linux/net.h conflicts with musl's headers. */
enum {
	CALL_SOCKET = 1,
	CALL_BIND = 2,
	CALL_CONNECT = 3,
	CALL_LISTEN = 4,
	CALL_ACCEPT = 5,
	CALL_GETSOCKNAME = 6,
	CALL_SOCKETPAIR = 8,
	CALL_SEND = 9,
	CALL_RECV = 10,
	CALL_RECVFROM = 12,
	CALL_SETSOCKOPT = 14,
	CALL_GETSOCKOPT = 15,
	CALL_SENDMSG = 16,
	CALL_RECVMSG = 17,
};

#define C   (1U << SANDBOX_COLLECTOR)
#define P   (1U << SANDBOX_PARSER)
#define F   (1U << SANDBOX_FILES)
#define M   (1U << SANDBOX_MONITOR)
#define ANY (C | P | F)

/*
 * The test by which a rule matches a call.  A call is permitted if one of its
 * rules matches.
 */
enum test {
	ALWAYS,
	ARG_IS,    /* the int argument equals the value */
	ARG_LACKS, /* the int argument has none of the bits of the value */
	ARG_NULL,  /* the pointer is NULL */
	ARG_SELF,  /* the process ID is that of this process */
};

struct rule {
	unsigned int roles;
	uint32_t call;
	enum test test;
	unsigned int arg;
	uint32_t value;
	bool refused; /* the call fails with EACCES */
};

#define ALLOW(roles, name)                             \
	{                                              \
		roles, SYS_##name, ALWAYS, 0, 0, false \
	}
#define ALLOW_IF(roles, name, arg, test, value)            \
	{                                                  \
		roles, SYS_##name, test, arg, value, false \
	}
#define REFUSE(roles, name)                           \
	{                                             \
		roles, SYS_##name, ALWAYS, 0, 0, true \
	}
#define REFUSE_IF(roles, name, arg, test, value)          \
	{                                                 \
		roles, SYS_##name, test, arg, value, true \
	}

#define NEW_NAMESPACES                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define TO_WRITE (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

/*
 * A row for each call, the most frequent first.  A child inherits the monitor's
 * filter and must pass both, so the monitor's list includes all rows of its
 * children: see is_for.
 */
static const struct rule rules[] = {
	ALLOW(C, recvmmsg),
	ALLOW(ANY, write),
#ifdef SYS_poll
	ALLOW(C, poll),
#endif
	ALLOW(C, ppoll),
	ALLOW_IF(ANY, sendto, 4, ARG_NULL, 0), /* and send */
	ALLOW(ANY, read),
	ALLOW(C, recvmsg),
	ALLOW(C, recvfrom), /* recv */
	ALLOW(C, getsockopt),
#ifdef SYS_accept
	ALLOW_IF(C, accept, 1, ARG_NULL, 0), /* on the control socket */
#endif
	ALLOW(ANY, writev),
	ALLOW(C, epoll_create1), /* where there are many listeners */
	ALLOW(C, epoll_ctl),
#ifdef SYS_epoll_wait
	ALLOW(C, epoll_wait),
#endif
	ALLOW(C, epoll_pwait),
	ALLOW(F, ftruncate),
	ALLOW(C | F, fsync),
	ALLOW(C | F, fdatasync),
	ALLOW(ANY, close),

	/* Open descriptors.  glibc implements fstat by newfstatat. */
	ALLOW(ANY, fstat),
	ALLOW(P, newfstatat),
	ALLOW_IF(C | F, newfstatat, 3, ARG_IS, AT_EMPTY_PATH),
#ifdef __i386__
	/* With 64-bit times glibc uses statx instead. */
	ALLOW(P, statx),
	ALLOW_IF(C | F, statx, 2, ARG_IS, AT_EMPTY_PATH | AT_NO_AUTOMOUNT),
#endif
	ALLOW(ANY, lseek),
	ALLOW(F, pread64),
	ALLOW_IF(ANY, fcntl, 1, ARG_IS, F_GETFL),
	ALLOW_IF(ANY, fcntl, 1, ARG_IS, F_GETFD),

	/* Memory, but none that can be executed. */
	ALLOW_IF(ANY, mmap, 2, ARG_LACKS, PROT_EXEC),
	ALLOW_IF(ANY, mprotect, 2, ARG_LACKS, PROT_EXEC),
	ALLOW(ANY, munmap),
	ALLOW(ANY, mremap),
	ALLOW(ANY, madvise),
	ALLOW(ANY, brk),

	/* Time, where the vDSO does not have it; sysinfo is for qsort. */
	ALLOW(ANY, clock_gettime),
	ALLOW(ANY, gettimeofday),
#ifdef SYS_time
	ALLOW(ANY, time),
#endif
	ALLOW(ANY, sysinfo),
	ALLOW(ANY, getrandom),
	ALLOW(ANY, getpid),
	ALLOW(ANY, gettid),
	ALLOW(ANY, getuid),
	ALLOW(ANY, geteuid),
	ALLOW(ANY, getgid),
	ALLOW(ANY, getegid),
	ALLOW(ANY, futex),

	/* Exit, and abort with its signal. */
	ALLOW(ANY, exit),
	ALLOW(ANY, exit_group),
	ALLOW(ANY, rt_sigaction),
	ALLOW(ANY, rt_sigprocmask),
	ALLOW(ANY, rt_sigreturn),
#ifdef SYS_sigreturn
	ALLOW(ANY, sigreturn),
#endif
	ALLOW(ANY, restart_syscall),
	ALLOW_IF(ANY, tgkill, 0, ARG_SELF, 0),
	ALLOW_IF(ANY, tkill, 0, ARG_SELF, 0), /* of musl */
	ALLOW_IF(ANY, kill, 0, ARG_SELF, 0),

	/* syslog(3) calls these after a restart of syslogd; it must survive. */
	REFUSE(P | F, socket),
	REFUSE(P | F, connect),

/* The parser: files that flowd.conf includes, protocols, the time zone. */
#ifdef SYS_open
	ALLOW_IF(P, open, 1, ARG_LACKS, TO_WRITE),
	ALLOW(M, open),
#endif
	ALLOW_IF(P, openat, 2, ARG_LACKS, TO_WRITE),
	ALLOW_IF(P, fcntl, 1, ARG_IS, F_SETFD),
#ifdef SYS_stat
	ALLOW(P, stat),
	ALLOW(P, lstat),
#endif
	ALLOW_IF(P, ioctl, 1, ARG_IS, TIOCGWINSZ),
	ALLOW(P, readv),

	/* The monitor: files and directories. */
	ALLOW(M, openat),
	ALLOW_IF(M, fcntl, 1, ARG_IS, F_SETFL),
	ALLOW_IF(M, fcntl, 1, ARG_IS, F_SETFD), /* of opendir, in some libcs */
	ALLOW_IF(M, fcntl, 1, ARG_IS, F_DUPFD_CLOEXEC),
	ALLOW_IF(M, fcntl, 1, ARG_IS, F_SETLK),
	ALLOW_IF(M, fcntl, 1, ARG_IS, F_GETLK),
#ifdef SYS_dup2
	ALLOW(M, dup2),
#endif
	ALLOW(M, dup3),
#ifdef SYS_unlink
	ALLOW(M, unlink),
	ALLOW(M, rename),
#endif
	ALLOW(M, unlinkat),
	ALLOW(M, renameat),
#ifdef SYS_renameat2
	ALLOW(M, renameat2),
#endif
	ALLOW(M, umask),
	ALLOW(M, getdents64),
	ALLOW(M, utimensat),
	ALLOW(M, fchown),
	ALLOW(M, fchownat),
	ALLOW(M, fchmod),

	/* The monitor: sockets, and the index of an interface. */
	ALLOW_IF(M, socket, 0, ARG_IS, AF_INET),
	ALLOW_IF(M, socket, 0, ARG_IS, AF_INET6),
	ALLOW_IF(M, socket, 0, ARG_IS, AF_UNIX),
	ALLOW_IF(M, socketpair, 0, ARG_IS, AF_UNIX),
	ALLOW(M, bind),
	ALLOW(M, listen),
	ALLOW(M, connect),
	ALLOW_IF(M, setsockopt, 1, ARG_IS, SOL_SOCKET),
	ALLOW_IF(M, setsockopt, 1, ARG_IS, IPPROTO_IP),
	ALLOW_IF(M, setsockopt, 1, ARG_IS, IPPROTO_IPV6),
	ALLOW(M, getsockname),
	ALLOW(M, sendmsg),
	ALLOW_IF(M, ioctl, 1, ARG_IS, SIOCGIFINDEX),

	/* The monitor: starting children, which then drop their rights. */
	ALLOW_IF(M, clone, 0, ARG_LACKS, NEW_NAMESPACES),
#ifdef SYS_fork
	ALLOW(M, fork),
#endif
#ifdef SYS_pipe
	ALLOW(M, pipe),
#endif
	ALLOW(M, pipe2),
	ALLOW(M, wait4),
	ALLOW(M, setpriority),
	ALLOW(M, kill),
	/* Children may call abort before they enter their own sandbox. */
	ALLOW(M, tgkill),
	ALLOW(M, tkill),
	ALLOW(M, set_robust_list),
	ALLOW(M, set_tid_address),
#ifdef SYS_rseq
	ALLOW(M, rseq),
#endif
	ALLOW(M, chroot),
	ALLOW(M, chdir),
	ALLOW(M, setgroups),
	ALLOW(M, setgid),
	ALLOW(M, setuid),
	ALLOW(M, setregid),
	ALLOW(M, setreuid),
	ALLOW(M, setresgid),
	ALLOW(M, setresuid),
	ALLOW(M, capget),
	ALLOW(M, capset),
	ALLOW_IF(M, prctl, 0, ARG_IS, PR_SET_NO_NEW_PRIVS),
	ALLOW_IF(M, prctl, 0, ARG_IS, PR_SET_SECCOMP),
	ALLOW_IF(M, prctl, 0, ARG_IS, PR_SET_DUMPABLE),
	ALLOW_IF(M, prctl, 0, ARG_IS, PR_CAPBSET_DROP),
	ALLOW_IF(M, prctl, 0, ARG_IS, PR_CAP_AMBIENT),
	ALLOW(M, prlimit64),
#ifdef SYS_setrlimit
	ALLOW(M, setrlimit),
	ALLOW(M, getrlimit),
#endif
#ifdef SYS_close_range
	ALLOW(M, close_range),
#endif
	ALLOW(M, seccomp),

#ifdef SYS_socketcall
	/*
	 * glibc for i386 calls socketcall for sockets.  A filter sees only its
	 * first argument, so roles that may not name an address use send, not
	 * sendto.
	 */
	ALLOW_IF(C, socketcall, 0, ARG_IS, CALL_RECVMSG),
	ALLOW_IF(C, socketcall, 0, ARG_IS, CALL_RECVFROM),
	ALLOW_IF(C, socketcall, 0, ARG_IS, CALL_RECV),
	ALLOW_IF(C, socketcall, 0, ARG_IS, CALL_GETSOCKOPT),
	ALLOW_IF(C, socketcall, 0, ARG_IS, CALL_ACCEPT),
	ALLOW_IF(ANY, socketcall, 0, ARG_IS, CALL_SEND),
	REFUSE_IF(P | F, socketcall, 0, ARG_IS, CALL_SOCKET),
	REFUSE_IF(P | F, socketcall, 0, ARG_IS, CALL_CONNECT),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_SOCKET),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_SOCKETPAIR),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_BIND),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_CONNECT),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_LISTEN),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_SETSOCKOPT),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_GETSOCKNAME),
	ALLOW_IF(M, socketcall, 0, ARG_IS, CALL_SENDMSG),
#endif

#if SANDBOX_SANITIZED
	/* See sandbox.h. */
	ALLOW(ANY, sigaltstack),
	ALLOW(ANY, sched_yield),
	ALLOW(ANY, prctl),
	ALLOW(ANY, ptrace),
	ALLOW(ANY, clone),
	ALLOW(ANY, wait4),
	ALLOW(ANY, getppid),
	ALLOW(ANY, getdents64),
	ALLOW(ANY, newfstatat),
	ALLOW(ANY, prlimit64),
	ALLOW(ANY, process_vm_readv),
	ALLOW_IF(ANY, openat, 2, ARG_LACKS, TO_WRITE),
#ifdef SYS_open
	ALLOW(ANY, getdents),
	ALLOW_IF(ANY, open, 1, ARG_LACKS, TO_WRITE),
	ALLOW(ANY, readlink),
	ALLOW(ANY, stat),
#endif
	ALLOW(ANY, readlinkat),
#endif
};

#ifdef __i386__
/*
 * Newer calls with wider times, sizes or IDs, and the same arguments.  A C
 * library uses the one or the other.
 */
static const struct {
	uint32_t call, wide;
} wide_calls[] = {
	{ SYS_clock_gettime, SYS_clock_gettime64 },
	{ SYS_fchown, SYS_fchown32 },
	{ SYS_fcntl, SYS_fcntl64 },
	{ SYS_fstat, SYS_fstat64 },
	{ SYS_ftruncate, SYS_ftruncate64 },
	{ SYS_futex, SYS_futex_time64 },
	{ SYS_getegid, SYS_getegid32 },
	{ SYS_geteuid, SYS_geteuid32 },
	{ SYS_getgid, SYS_getgid32 },
	{ SYS_getrlimit, SYS_ugetrlimit },
	{ SYS_getuid, SYS_getuid32 },
	{ SYS_lseek, SYS__llseek },
	{ SYS_lstat, SYS_lstat64 },
	{ SYS_ppoll, SYS_ppoll_time64 },
	{ SYS_recvmmsg, SYS_recvmmsg_time64 },
	{ SYS_setgid, SYS_setgid32 },
	{ SYS_setgroups, SYS_setgroups32 },
	{ SYS_setregid, SYS_setregid32 },
	{ SYS_setresgid, SYS_setresgid32 },
	{ SYS_setresuid, SYS_setresuid32 },
	{ SYS_setreuid, SYS_setreuid32 },
	{ SYS_setuid, SYS_setuid32 },
	{ SYS_stat, SYS_stat64 },
	{ SYS_utimensat, SYS_utimensat_time64 },
};
#endif

#define NRULES       (sizeof(rules) / sizeof(rules[0]))
#define RULE_LEN_MAX 8 /* instructions */
#define FRAME_LEN    6

/* The filter under construction. */
struct program {
	struct sock_filter code[FRAME_LEN + 2 * NRULES * RULE_LEN_MAX];
	unsigned short len;
};

static void
add(struct program *p, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	p->code[p->len++] = (struct sock_filter){ code, yes, no, k };
}

static void
load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void
add_return(struct program *p, uint32_t action)
{
	add(p, BPF_RET | BPF_K, 0, 0, action);
}

/* Loads 32 bits of an argument.  An int is in the low half. */
static void
load_argument(struct program *p, unsigned int arg, bool high)
{
	load(p,
	    offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) +
		(high ? sizeof(uint32_t) : 0));
}

/* If the test fails, the filter skips that many instructions after it. */
static void
add_test(struct program *p, const struct rule *r, uint8_t skip)
{
	switch (r->test) {
	case ALWAYS:
		break;
	case ARG_IS:
		load_argument(p, r->arg, false);
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, r->value);
		break;
	case ARG_SELF:
		load_argument(p, r->arg, false);
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, (uint32_t)getpid());
		break;
	case ARG_LACKS:
		load_argument(p, r->arg, false);
		add(p, BPF_JMP | BPF_JSET | BPF_K, skip, 0, r->value);
		break;
	case ARG_NULL:
		load_argument(p, r->arg, false);
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(skip + 2), 0);
		load_argument(p, r->arg, true);
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, 0);
		break;
	}
}

/* The number of the call is loaded before these instructions and after them. */
static void
add_rule(struct program *p, const struct rule *r, uint32_t call)
{
	unsigned short from = p->len;

	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, call);
	add_test(p, r, 1);
	add_return(p,
	    r->refused ? SECCOMP_RET_ERRNO | EACCES : SECCOMP_RET_ALLOW);
	if (p->len - from > 2)
		load(p, offsetof(struct seccomp_data, nr));
	p->code[from].jf = (uint8_t)(p->len - from - 1);
}

/* The action that kills the process, or the thread on an old kernel. */
static uint32_t
kill_action(void)
{
#ifdef SECCOMP_RET_KILL_PROCESS
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return (action);
#endif
	return (SECCOMP_RET_KILL);
}

static bool
is_for(const struct rule *r, enum sandbox_role role)
{
	if (role == SANDBOX_MONITOR)
		return (!r->refused);
	return ((r->roles & 1U << role) != 0);
}

/* The newer call with wider arguments, or the same call. */
static uint32_t
wide(uint32_t call)
{
#ifdef __i386__
	size_t i;

	for (i = 0; i < sizeof(wide_calls) / sizeof(wide_calls[0]); i++) {
		if (wide_calls[i].call == call)
			return (wide_calls[i].wide);
	}
#endif
	return (call);
}

static void
compile(struct program *p, enum sandbox_role role)
{
	const uint32_t kill = kill_action();
	size_t i;

	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	add_return(p, kill);
	load(p, offsetof(struct seccomp_data, nr));
	add(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, FOREIGN_CALLS);
	add_return(p, kill);
	for (i = 0; i < NRULES; i++) {
		const struct rule *r = &rules[i];

		if (!is_for(r, role))
			continue;
		add_rule(p, r, r->call);
		if (wide(r->call) != r->call)
			add_rule(p, r, wide(r->call));
	}
	add_return(p,
	    role == SANDBOX_MONITOR ? SECCOMP_RET_ERRNO | EPERM : kill);
}

const char *
sandbox_name(void)
{
	return ("seccomp");
}

const char *
sandbox_explain(int signal)
{
	return (signal == SIGSYS ? " for a call that the sandbox forbids" : "");
}

int
sandbox_enter(enum sandbox_role role)
{
	struct program program = { .len = 0 };
	struct sock_fprog prog = { .filter = program.code };

	if (sandbox_limit(role) == -1)
		return (-1);
	compile(&program, role);
	prog.len = program.len;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (-1);
	return (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}
