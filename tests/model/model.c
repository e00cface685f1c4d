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

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>

#include "tests/model/model.h"

/*
 * The sixth argument of calls that pass the filter.  No call that the model
 * repeats uses its sixth argument: addresses of sendto and recvfrom are NULL.
 */
#define PASS UINT64_C(0x6d6f64656c70616e)

#define CALLS_MAX 128

#if defined(__x86_64__)
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#define ARGUMENTS(c)                                           \
	{                                                      \
		(uint64_t)(c)->uc_mcontext.gregs[REG_RDI],     \
		    (uint64_t)(c)->uc_mcontext.gregs[REG_RSI], \
		    (uint64_t)(c)->uc_mcontext.gregs[REG_RDX], \
		    (uint64_t)(c)->uc_mcontext.gregs[REG_R10], \
		    (uint64_t)(c)->uc_mcontext.gregs[REG_R8],  \
		    (uint64_t)(c)->uc_mcontext.gregs[REG_R9],  \
	}
#elif defined(__aarch64__)
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#define ARGUMENTS(c)                                                    \
	{                                                               \
		(c)->uc_mcontext.regs[0], (c)->uc_mcontext.regs[1],     \
		    (c)->uc_mcontext.regs[2], (c)->uc_mcontext.regs[3], \
		    (c)->uc_mcontext.regs[4], (c)->uc_mcontext.regs[5], \
	}
#else
#error "the model does not know this architecture's registers"
#endif

static struct {
	const char *name;
	const struct model_call *calls;
	size_t n;
	model_done *done;
} model;

long
model_system_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
    uint64_t e)
{
	const long r = syscall(number, a, b, c, d, e, PASS);

	return (r == -1 ? -errno : r);
}

bool
model_is_self(long number, const uint64_t *args)
{
	(void)number;
	return ((pid_t)args[0] == getpid());
}

bool
model_is_no_code(long number, const uint64_t *args)
{
	(void)number;
	return ((args[2] & PROT_EXEC) == 0);
}

static _Noreturn void
end(long number, const uint64_t *args)
{
	const struct sigaction dfl = { .sa_handler = SIG_DFL };
	char line[128];
	int n;

	n = snprintf(line, sizeof(line),
	    "<3>model: %s forbids system call %ld (%#llx, %#llx, %#llx)\n",
	    model.name, number, (unsigned long long)args[0],
	    (unsigned long long)args[1], (unsigned long long)args[2]);
	(void)model_system_call(SYS_write, STDERR_FILENO,
	    (uint64_t)(uintptr_t)line, (uint64_t)n, 0, 0);
	(void)sigaction(SIGABRT, &dfl, NULL);
	for (;;)
		(void)model_system_call(SYS_kill, (uint64_t)getpid(), SIGABRT,
		    0, 0, 0);
}

static void
on_call(int sig, siginfo_t *info, void *context)
{
	ucontext_t *const uc = context;
	const uint64_t args[6] = ARGUMENTS(uc);
	const int saved = errno;
	size_t i;
	long r;

	(void)sig;
	for (i = 0; i < model.n; i++) {
		if (model.calls[i].number == info->si_syscall)
			break;
	}
	if (i == model.n || model.calls[i].permits == NULL ||
	    !model.calls[i].permits(info->si_syscall, args))
		end(info->si_syscall, args);
	r = model_system_call(info->si_syscall, args[0], args[1], args[2],
	    args[3], args[4]);
	if (model.done != NULL)
		model.done(info->si_syscall, args, r);
	RESULT(uc) = (__typeof__(RESULT(uc)))r;
	errno = saved;
}

struct filter {
	struct sock_filter code[2 * CALLS_MAX + 16];
	unsigned short n;
};

static void
add(struct filter *f, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	f->code[f->n++] = (struct sock_filter){ code, yes, no, k };
}

/* Loads half of an argument.  The models' systems store the low one first. */
static void
load_argument(struct filter *f, unsigned int number, bool high)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    (uint32_t)(offsetof(struct seccomp_data, args) +
		number * sizeof(uint64_t) + (high ? sizeof(uint32_t) : 0)));
}

static void
answer(struct filter *f, uint32_t action)
{
	add(f, BPF_RET | BPF_K, 0, 0, action);
}

static void
compile(struct filter *f)
{
	size_t i;

	load_argument(f, 5, false);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, (uint32_t)PASS);
	load_argument(f, 5, true);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)(PASS >> 32));
	answer(f, SECCOMP_RET_ALLOW);
	add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    offsetof(struct seccomp_data, nr));
	/* mmap uses all arguments: anonymous memory without code passes. */
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, SYS_mmap);
	load_argument(f, 3, false);
	add(f, BPF_JMP | BPF_JSET | BPF_K, 0, 3, MAP_ANONYMOUS);
	load_argument(f, 2, false);
	add(f, BPF_JMP | BPF_JSET | BPF_K, 1, 0, PROT_EXEC);
	answer(f, SECCOMP_RET_ALLOW);
	answer(f, SECCOMP_RET_TRAP);
	for (i = 0; i < model.n; i++) {
		if (model.calls[i].permits != NULL)
			continue;
		add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1,
		    (uint32_t)model.calls[i].number);
		answer(f, SECCOMP_RET_ALLOW);
	}
	answer(f, SECCOMP_RET_TRAP);
}

static int
install_filter(void)
{
	struct filter f = { .n = 0 };
	struct sock_fprog prog = { .filter = f.code };

	compile(&f);
	prog.len = f.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (-1);
	return (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

int
model_enter(const char *name, const struct model_call *calls, size_t n,
    model_done *done)
{
	/* A call that permits makes is stopped, too, and is handled. */
	const struct sigaction sa = {
		.sa_sigaction = on_call,
		.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART,
	};

	if (n > CALLS_MAX) {
		errno = E2BIG;
		return (-1);
	}
	model.name = name;
	model.calls = calls;
	model.n = n;
	model.done = done;
	if (sigaction(SIGSYS, &sa, NULL) == -1)
		return (-1);
	return (install_filter());
}
