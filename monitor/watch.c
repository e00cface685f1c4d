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

#include "monitor/watch.h"

time_t
watch_interval(void)
{
	return (WATCH_SECONDS);
}

bool
watch_finds_hang(struct watch *w, const struct batch *b, time_t now,
    time_t interval, bool ready)
{
	const uint32_t progress = b->progress;

	if (now < w->next || w->hangs)
		return (false);
	w->next = now + interval;
	if (progress != w->seen || b->waits != 0) {
		w->seen = progress;
		w->looks = 0;
		return (false);
	}
	w->hangs = ++w->looks >= (ready ? WATCH_LOOKS : WATCH_STARTS);
	return (w->hangs);
}
