/*
 * Copyright (c) 2026 The flowd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in locks copies.
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

#include <poll.h>
#include <stdatomic.h>

#include "ipc/flowlog-lock.h"
#include "ipc/shared-memory.h"

struct flowlog_locks {
	_Atomic uint32_t owners[FLOWLOG_LOCKS_MAX];
};

struct flowlog_locks *
flowlog_locks_new(void)
{
	return (shared_memory_new(sizeof(struct flowlog_locks)));
}

void
flowlog_locks_free(struct flowlog_locks *locks)
{
	shared_memory_free(locks, sizeof(*locks));
}

bool
flowlog_lock_try(const struct flowlog_lock *lock)
{
	uint32_t before = FLOWLOG_UNLOCKED;

	return (atomic_compare_exchange_strong(
		    &lock->locks->owners[lock->index], &before, lock->owner) ||
	    before == lock->owner);
}

bool
flowlog_lock_wait(const struct flowlog_lock *lock, int ms)
{
	for (; !flowlog_lock_try(lock); ms--) {
		if (ms <= 0)
			return (false);
		(void)poll(NULL, 0, 1);
	}
	return (true);
}

bool
flowlog_lock_is_held(const struct flowlog_lock *lock)
{
	return (atomic_load(&lock->locks->owners[lock->index]) == lock->owner);
}

void
flowlog_unlock(const struct flowlog_lock *lock)
{
	uint32_t mine = lock->owner;

	(void)atomic_compare_exchange_strong(&lock->locks->owners[lock->index],
	    &mine, FLOWLOG_UNLOCKED);
}

void
flowlog_locks_release(struct flowlog_locks *locks, uint32_t owner)
{
	struct flowlog_lock lock = { .locks = locks, .owner = owner };

	for (lock.index = 0; lock.index < FLOWLOG_LOCKS_MAX; lock.index++)
		flowlog_unlock(&lock);
}
