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

#include "sandbox/capabilities.h"

#ifdef HAVE_LINUX_CAPABILITY_H
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

static const uint64_t monitor_capabilities =
    BIT(CAP_DAC_OVERRIDE) |            /* logs in directories of other users */
    BIT(CAP_CHOWN) | BIT(CAP_FOWNER) | /* compressed logs keep their owner */
    BIT(CAP_NET_BIND_SERVICE) |        /* ports below 1024 */
    BIT(CAP_NET_ADMIN) |               /* receive buffers above the limit */
    BIT(CAP_NET_RAW) |                 /* listeners on one interface */
    BIT(CAP_KILL) |                    /* a collector that does not exit */
    BIT(CAP_SETUID) | /* this and the next two: children drop rights */
    BIT(CAP_SETGID) | BIT(CAP_SYS_CHROOT);

int
capabilities_bound(void)
{
	unsigned long i = 0;

	while (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
		i++;
	/* EINVAL: the kernel has no capability of this number. */
	if (errno != EINVAL && errno != EPERM)
		return (-1);
#ifdef PR_CAP_AMBIENT
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
#endif
	return (0);
}

/* The system call itself, since glibc has no function for it. */
static int
set(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ (uint32_t)effective, (uint32_t)permitted, 0 },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), 0 }
	};

	return ((int)syscall(SYS_capset, &header, data));
}

static uint64_t
permitted(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) == -1)
		return (0);
	return (data[0].permitted | (uint64_t)data[1].permitted << 32);
}

int
capabilities_keep(void)
{
	const uint64_t kept = permitted() & monitor_capabilities;

	return (set(kept, kept));
}

int
capabilities_drop(void)
{
	return (set(0, 0));
}
#else
int
capabilities_bound(void)
{
	return (0);
}

int
capabilities_keep(void)
{
	return (0);
}

int
capabilities_drop(void)
{
	return (0);
}
#endif
