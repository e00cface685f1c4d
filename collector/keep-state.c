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

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/read-whole.h"
#include "collector/keep-state.h"
#include "collector/progress.h"
#include "decode/state.h"
#include "errors.h"
#include "ipc/priv-msg.h"
#include "ipc/udp-socket.h"
#include "lib/write-whole.h"

#define INTERVAL 60 /* seconds between two writes */
#define PUT_COST 50 /* the time between two puts, in the time of one */

/* Of which exporters a collector reads the state. */
struct share {
	const struct config *conf;
	uint32_t number; /* of the collector, from 1 on */
};

/* Datagrams to multicast groups, from any address, are for collector 1. */
static bool
is_mine(void *arg, const struct addr *addr)
{
	const struct share *share = arg;
	const struct config *conf = share->conf;

	return ((share->number == 1 && conf->njoins > 0) ||
	    udp_worker(addr, config_workers(conf)) + 1 == share->number);
}

void
keep_state_load(struct keep_state *k, int fd, const struct config *conf,
    uint32_t number, uint32_t now)
{
	struct share share = { conf, number };
	struct stat st;
	uint8_t *data = NULL;
	size_t len;
	int r = FLOWD_EIO;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    read_whole(fd, STATE_LEN_MAX, &data, &len) == 0)
		r = state_unpack(k->exporters, data, len, now, is_mine, &share);
	if (r != 0)
		log_warnx("statefile: %s; starting without complete state",
		    r == FLOWD_EVERSION ? "not a state file of this flowd" :
					  flowd_strerror(r));
	else
		log_info("statefile: %zu exporters",
		    exporters_count(k->exporters));
	/* A former collector may have used the numbers in the file. */
	if (k->successor)
		exporters_doubt_sequences(k->exporters);
	exporters_saved(k->exporters);
	/* The numbers in the file will soon be old. */
	k->due = true;
	free(data);
	(void)close(fd);
}

void
keep_state_take_over(struct keep_state *k, uint32_t now)
{
	const uint8_t *state;
	size_t len;
	int r;

	if (!takeover_state(k->takeover, &state, &len))
		return;
	r = state_unpack(k->exporters, state, len, now, NULL, NULL);
	if (r != 0)
		log_warnx("the state of the former collector is damaged: %s",
		    flowd_strerror(r));
	exporters_doubt_sequences(k->exporters);
	log_info("took over the state of %zu exporters",
	    exporters_count(k->exporters));
}

/* Both the file and the memory need what has changed. */
static void
note_changes(struct keep_state *k)
{
	if (!exporters_changed(k->exporters))
		return;
	exporters_saved(k->exporters);
	k->due = k->changed = true;
}

void
keep_state_put(struct keep_state *k)
{
	uint64_t began, ended;
	size_t len;

	note_changes(k);
	if (!k->changed || (began = clock_ns()) < k->put_after)
		return;
	if (state_pack_into(k->exporters, false, takeover_room(k->takeover),
		TAKEOVER_STATE_MAX, &len) == 0) {
		takeover_commit(k->takeover, len);
		k->too_large = false;
	} else if (!k->too_large) {
		k->too_large = true;
		log_info(
		    "the state of exporters is too large to be taken over "
		    "by the next collector");
	}
	ended = clock_ns();
	k->put_after = ended + PUT_COST * (ended - began);
	k->changed = false;
}

void
keep_state_renew(struct keep_state *k)
{
	k->due = true;
	k->saved = 0;
}

int
keep_state_ask(struct keep_state *k)
{
	if (k->asked)
		return (0);
	k->asked = true;
	return (priv_send(k->sock, PRIV_WANT_STATE, 0, NULL, 0, -1));
}

int
keep_state_tick(struct keep_state *k, uint32_t now)
{
	note_changes(k);
	if (k->asked || !k->due || now - k->saved < INTERVAL)
		return (0);
	k->saved = now;
	return (keep_state_ask(k));
}

/* -1 with errno. */
static int
write_state(const struct exporter_table *exporters, bool last, int fd)
{
	uint8_t *data;
	size_t len;
	int r;

	if (state_pack(exporters, last, &data, &len) != 0) {
		errno = ENOMEM;
		return (-1);
	}
	progress_waits(true);
	r = flowd_write_whole(fd, data, len);
	progress_waits(false);
	free(data);
	return (r);
}

/* Logs the result of write_state, with its errno. */
static void
report(struct keep_state *k, int r)
{
	if (r == -1) {
		if (log_state_hourly(&k->unsaved, (uint32_t)time(NULL)))
			log_warn("statefile: cannot write it");
	} else if (log_state_end(&k->unsaved))
		log_info("statefile: it was written again");
}

int
keep_state_write(struct keep_state *k, int fd)
{
	int r;

	k->asked = false;
	if (fd == -1)
		return (0);
	r = write_state(k->exporters, k->last, fd);
	report(k, r);
	(void)close(fd);
	if (r == -1)
		return (0);
	if (priv_send(k->sock, PRIV_STATE_WRITTEN, 0, NULL, 0, -1) == -1)
		return (-1);
	k->due = false;
	return (0);
}
