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

#include <sys/wait.h>

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "monitor/deaths.h"
#include "sandbox/sandbox.h"

void
deaths_explain(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_warnx(
		    "collector %d was killed by signal %d (%s)%s; "
		    "flows that it had not written are lost",
		    (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)),
		    sandbox_explain(WTERMSIG(status)));
	else
		log_warnx("collector %d exited with code %d", (int)pid,
		    WEXITSTATUS(status));
}

uint32_t
deaths_count(struct deaths *d, time_t now)
{
	uint32_t n = 0;

	memmove(&d->when[1], &d->when[0],
	    (CONFIG_DEATHS_MAX - 1) * sizeof(d->when[0]));
	d->when[0] = now;
	d->number++;
	d->latest = time(NULL);
	while (n < CONFIG_DEATHS_MAX && d->when[n] != 0 &&
	    now - d->when[n] < DEATHS_SECONDS)
		n++;
	return (n);
}

time_t
deaths_wait(struct deaths *d, time_t now, uint32_t count)
{
	if (now - d->born >= DEATHS_SECONDS)
		d->wait = 0;
	else if (d->wait > 0)
		d->wait *= 2;
	else if (count > DEATHS_FREE)
		d->wait = 1;
	if (d->wait > DEATHS_WAIT_MAX)
		d->wait = DEATHS_WAIT_MAX;
	if (d->wait > 0)
		log_warnx("%" PRIu32
			  " collectors died within %d seconds; the next one "
			  "starts in %lld seconds, and datagrams wait",
		    count, DEATHS_SECONDS, (long long)d->wait);
	return (d->wait);
}

static void
report_datagram(const struct batch *b, int which, const char *collectors,
    const char *consequence)
{
	struct batch_datagram d;
	char addr[ADDR_STRLEN];

	batch_get(b, (size_t)which, &d);
	log_warnx("%s: %s while processing a datagram of %zu bytes; %s",
	    d.from.family == ADDR_NONE ? "unknown exporter" :
					 addr_ntop(&d.from, addr),
	    collectors, d.len, consequence);
}

struct batch *
deaths_inherit(struct deaths *d, const struct batch *old, bool hung)
{
	const int in_process = batch_in_process(old);
	/* The datagram that was retried is still the first unprocessed one. */
	const bool again = d->retried && old->resumed == 1 &&
	    (in_process == 0 || old->at == BATCH_NONE_YET);
	struct batch *b;
	size_t first;

	if ((b = batch_new()) == NULL)
		return (NULL);
	(void)batch_left(old, &first);
	d->retried = again || in_process != -1;
	if ((again && in_process == 0) || (hung && in_process != -1)) {
		report_datagram(old, in_process,
		    hung ? "the collector hung" : "two collectors died",
		    "the datagram is skipped");
		d->skipped++;
		d->retried = false;
		first++;
	} else if (in_process != -1)
		report_datagram(old, in_process, "the collector died",
		    "the next one retries it");
	batch_resume(b, old, first);
	b->skipped = d->skipped;
	b->deaths = d->number;
	b->last_death = (uint64_t)d->latest;
	return (b);
}
