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

#include <stdlib.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/store-recover.h"
#include "lib/store-scan.h"

_Static_assert(INPUT_BUFFER >= 2 * SCAN_BYTES, "a window has no room");
_Static_assert(INPUT_BUFFER >= SCAN_RUN + STORE_RECORD_MAX,
    "a run has no room");

struct recovery {
	struct input *in;
	store_damage_fn *report;
	void *arg;
	uint64_t expected; /* offset where the last record ended */
	int cause;         /* the error there */
	bool in_step;      /* nothing was skipped since, or the log begins */
	bool planned;      /* scan has a plan from here on */
	bool partial;      /* the plan's window may still grow */
	/* The kinds of records that the log is known to have. */
	bool has_checked, has_plain;
	uint64_t known_to; /* by the bytes up to this offset */
	struct scan scan;
};

static void
report_lost(void *arg, int error, uint64_t offset)
{
	const struct recovery *v = arg;

	v->report(v->arg, error, offset, 0);
}

void
recovery_restart(struct recovery *v)
{
	v->expected = v->in->offset;
	v->known_to = 0;
	v->cause = 0;
	v->in_step = true;
	v->planned = v->partial = v->has_checked = v->has_plain = false;
	scan_init(&v->scan);
	v->scan.strict = true;
}

int
recovery_new(store_damage_fn *report, void *arg, struct input *in,
    struct recovery **recovery)
{
	struct recovery *v;

	*recovery = NULL;
	if ((v = malloc(sizeof(*v))) == NULL)
		return (FLOWD_ENOMEM);
	v->in = in;
	v->report = report;
	v->arg = arg;
	recovery_restart(v);
	input_recover(in, report_lost, v);
	*recovery = v;
	return (0);
}

void
recovery_free(struct recovery *v)
{
	free(v);
}

/* Whether the log ends with the buffered bytes, and nothing was lost there. */
static bool
ends_here(const struct input *in)
{
	return (in->end == FLOWD_EEOF && !in->lost);
}

/*
 * Looks which kinds of records follow.  Each byte is looked at about once.
 */
static void
look_ahead(struct recovery *v)
{
	struct input *in = v->in;
	unsigned int kinds;
	size_t known;

	if (v->has_plain || in->offset < v->known_to)
		return;
	input_want(in, INPUT_BUFFER);
	kinds = scan_kinds(input_data(in), input_left(in), v->in_step,
	    ends_here(in), &known);
	v->has_checked = v->has_checked || (kinds & SCAN_CHECKED) != 0;
	v->has_plain = (kinds & SCAN_PLAIN) != 0;
	v->known_to = in->offset + known;
}

/*
 * Returns whether a record without checksum can be one of this log: a log whose
 * records all have checksums has none.  As long as nothing is known about the
 * log, it can, unless the beginning of the log is lost.
 */
static bool
may_be_plain(struct recovery *v)
{
	look_ahead(v);
	return (v->has_plain || (!v->has_checked && !v->in->after_loss));
}

/*
 * Where compressed data are damaged, wrong bytes follow which may look like
 * records.
 */
static enum scan_trust
trust_plain(struct recovery *v)
{
	if (!may_be_plain(v))
		return (TRUST_NOWHERE);
	return (input_is_sound(v->in) ? TRUST_ANYWHERE : TRUST_IN_STEP);
}

/*
 * Returns whether the next record is certain without weighing it against
 * others.
 */
static bool
next_undoubted(struct recovery *v, struct flow *flow, size_t *len)
{
	struct input *in = v->in;
	int error;

	if (input_is_after_gap(in))
		v->in_step = true;
	if (!v->in_step)
		return (false);
	while ((error = store_decode(input_data(in), input_left(in), flow,
		    len)) == FLOWD_ESHORT &&
	    input_fill(in) == 0)
		continue;
	if (error != 0)
		return (false);
	if ((flow->fields & STORE_FIELD_CRC32) != 0) {
		v->has_checked = true;
		if (scan_needs_next(&v->scan, input_data(in)))
			input_want(in, *len + STORE_RECORD_MAX);
	} else {
		input_want(in, *len + STORE_HEADER_LEN);
		if (!may_be_plain(v))
			return (false);
	}
	if (!scan_undoubted(&v->scan, input_data(in), input_left(in), *len))
		return (false);
	v->has_plain = v->has_plain || (flow->fields & STORE_FIELD_CRC32) == 0;
	(void)scan_learn(&v->scan, input_data(in));
	return (true);
}

/* Returns the error where a record should begin. */
static int
cause_of_damage(const struct input *in)
{
	struct flow flow;
	size_t len;
	const int error =
	    store_decode(input_data(in), input_left(in), &flow, &len);

	switch (error) {
	case FLOWD_ESHORT:
		return (FLOWD_ETORN);
	case 0:
		return (FLOWD_EHEADER); /* the next header is wrong */
	default:
		return (error);
	}
}

/* Reports the bytes between the last record and the next. */
static void
report_damage(const struct recovery *v)
{
	if (v->in->offset != v->expected)
		v->report(v->arg, v->cause, v->expected,
		    v->in->offset - v->expected);
}

static void
skip_damage(struct recovery *v, size_t len)
{
	if (v->in->offset == v->expected)
		v->cause = cause_of_damage(v->in);
	input_skip(v->in, len);
}

/*
 * Plans the next bytes, or skips records that are damaged only inside.  If the
 * log is followed, bytes at its end that may become a record wait for more
 * data, and so does the whole rest if the plan has no record.
 */
static int
make_plan(struct recovery *v, bool follow)
{
	struct input *in = v->in;
	bool found, growing;
	size_t inside;
	int error;

	input_want(in, SCAN_BYTES);
	growing = follow && in->end == FLOWD_EEOF;
	if (input_left(in) == 0) {
		if (!growing)
			report_damage(v);
		return (in->end);
	}
	if ((error = input_other_format(in)) != 0)
		return (error);
	if (growing && v->in_step && cause_of_damage(in) == FLOWD_ETORN)
		return (FLOWD_ETORN);
	inside = v->in_step ? scan_damaged_inside(&v->scan, input_data(in),
				  input_left(in), ends_here(in) && !growing) :
			      0;
	if (inside > 0) {
		skip_damage(v, inside);
		return (0);
	}
	v->scan.plain = trust_plain(v);
	found =
	    scan_window(&v->scan, input_data(in), input_left(in), v->in_step);
	v->partial = growing && input_left(in) < SCAN_BYTES;
	if (v->partial && !found)
		return (FLOWD_EEOF);
	v->planned = true;
	return (0);
}

/* Moves to the next record of the plan.  At its end it returns false. */
static bool
next_planned(struct recovery *v, struct flow *flow, size_t *len)
{
	struct input *in = v->in;
	size_t skip;

	v->planned = scan_next(&v->scan, &skip, len);
	if (skip > 0 && (v->planned || !v->partial)) {
		skip_damage(v, skip);
		v->in_step = false;
	}
	return (v->planned &&
	    store_decode(input_data(in), input_left(in), flow, len) == 0);
}

/* After a plan, records that are in step need no other plan. */
static bool
next_record(struct recovery *v, struct flow *flow, size_t *len)
{
	while (v->planned) {
		if (next_planned(v, flow, len))
			return (true);
	}
	return (next_undoubted(v, flow, len));
}

int
recovery_read(struct recovery *v, bool follow, struct flow *flow,
    uint64_t *offset)
{
	size_t len;
	int error = 0;

	while (error == 0 && !next_record(v, flow, &len))
		error = make_plan(v, follow);
	*offset = v->in->offset;
	if (error != 0)
		return (error);
	report_damage(v);
	input_skip(v->in, len);
	v->expected = v->in->offset;
	v->in_step = true;
	return (0);
}

/* The next header may be needed, too, or a whole window. */
bool
recovery_drained(const struct recovery *v)
{
	const struct input *in = v->in;
	const size_t left = input_left(in);
	size_t len;

	if (v->planned)
		return (false);
	if (store_check_header(input_data(in), left, &len) != 0 || len > left ||
	    left - len < STORE_HEADER_LEN ||
	    scan_needs_next(&v->scan, input_data(in)))
		return (true);
	return ((be32(input_data(in) + 4) & STORE_FIELD_CRC32) == 0 &&
	    !v->has_plain && in->offset >= v->known_to);
}
