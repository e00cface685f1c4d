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
 * Finds problems with the data of exporters, and explains them in text.
 */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include "control/ctl-answer.h"
#include "control/ctl-findings.h"

/* What an answer must have for ctl_check. */
#define CTL_CHECK_WANTS                                     \
	(CONTROL_WANT_SUMMARY | CONTROL_WANT_EXPORTERS |    \
	    CONTROL_WANT_TEMPLATES | CONTROL_WANT_OPTIONS | \
	    CONTROL_WANT_SESSIONS | CONTROL_WANT_LISTENERS)

/*
 * Checks every exporter of a sorted answer to CTL_CHECK_WANTS, and adds what it
 * finds.  FLOWD_ENOMEM: not all was added.
 */
int ctl_check(const struct answer *a, struct findings *found)
    __attribute__((warn_unused_result));

/* Adds what an answer to CTL_CHECK_WANTS shows about flowd itself. */
int ctl_check_flowd(const struct answer *a, struct findings *found)
    __attribute__((warn_unused_result));

#endif
