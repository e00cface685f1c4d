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
 * A lock per flow log, in memory that the monitor and the collectors share.  A
 * process writes to a log only while it has the log's lock, so that records of
 * several collectors do not mix.  A collector that left a partial record keeps
 * the lock until the monitor has repaired the file.
 */
#ifndef FLOWLOG_LOCK_H
#define FLOWLOG_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOWLOG_LOCKS_MAX 4096

/* Owners; a collector has its number, from 1 on. */
#define FLOWLOG_UNLOCKED     0
#define FLOWLOG_LOCK_MONITOR UINT32_MAX

struct flowlog_locks;

/* The lock of one log, and the process that uses it here. */
struct flowlog_lock {
	struct flowlog_locks *locks;
	uint32_t index; /* below FLOWLOG_LOCKS_MAX */
	uint32_t owner;
};

/* Shared with processes that are started later.  NULL with errno. */
struct flowlog_locks *flowlog_locks_new(void);
void flowlog_locks_free(struct flowlog_locks *locks);

/* Locks without waiting.  True if the owner has the lock now. */
bool flowlog_lock_try(const struct flowlog_lock *lock);

/* Waits for the lock, ms milliseconds at most. */
bool flowlog_lock_wait(const struct flowlog_lock *lock, int ms);

bool flowlog_lock_is_held(const struct flowlog_lock *lock);

/* Has no effect unless the owner has the lock. */
void flowlog_unlock(const struct flowlog_lock *lock);

/* Unlocks all locks of an owner that has ended. */
void flowlog_locks_release(struct flowlog_locks *locks, uint32_t owner);

#endif
