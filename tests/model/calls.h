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
 * Calls of Linux that both models always permit: memory, time, signals and the
 * process itself, as the C library makes them.  Calls of the C library that
 * have no counterpart on the modelled systems are among them.
 */
#ifndef MODEL_CALLS_H
#define MODEL_CALLS_H

#ifdef SYS_time
#define MODEL_TIME { SYS_time, NULL },
#else
#define MODEL_TIME
#endif

/* clang-format off */
#define MODEL_CALLS							\
	{ SYS_brk, NULL }, { SYS_munmap, NULL }, { SYS_mremap, NULL },	\
	{ SYS_madvise, NULL }, { SYS_futex, NULL },			\
	{ SYS_clock_gettime, NULL }, { SYS_gettimeofday, NULL },	\
	MODEL_TIME							\
	{ SYS_clock_nanosleep, NULL }, { SYS_nanosleep, NULL },		\
	{ SYS_getrandom, NULL }, { SYS_sysinfo, NULL },			\
	{ SYS_getpid, NULL }, { SYS_gettid, NULL },			\
	{ SYS_getuid, NULL }, { SYS_geteuid, NULL },			\
	{ SYS_getgid, NULL }, { SYS_getegid, NULL },			\
	{ SYS_rt_sigaction, NULL }, { SYS_rt_sigprocmask, NULL },	\
	{ SYS_rt_sigreturn, NULL }, { SYS_restart_syscall, NULL },	\
	{ SYS_exit, NULL }, { SYS_exit_group, NULL },			\
	{ SYS_kill, model_is_self }, { SYS_tgkill, model_is_self },	\
	{ SYS_mprotect, model_is_no_code }
/* clang-format on */

#endif
