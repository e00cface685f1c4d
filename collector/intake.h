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
 * Decodes datagrams, filters their flows, and stores them in the outputs.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include <stdint.h>
#include <time.h>

#include "collector/output.h"
#include "config/config.h"
#include "decode/exporters.h"
#include "filter.h"
#include "ipc/batch.h"

struct intake;

/*
 * Both must outlive the intake.  NULL if memory is exhausted.  No datagram may
 * be passed before the first intake_configure().
 */
struct intake *intake_new(struct exporter_table *exporters,
    struct output *output);

/*
 * Applies flow sources, filter and stored fields of conf, which must outlive
 * the next call.  The counters of filter rules start at 0.  Ends the process
 * if memory is exhausted.
 */
void intake_configure(struct intake *in, const struct config *conf);

/*
 * Processes one datagram that was received at now (epoch).  Its flows are in
 * the outputs, or in their buffers, when it returns.  A datagram from an
 * address that no flow source allows is dropped and counted.
 */
void intake_datagram(struct intake *in, const struct batch_datagram *datagram,
    const struct timespec *now);

/*
 * Logs that no more unauthorised datagrams arrive, if there was a message about
 * them and none arrived for 10 minutes.  now is in epoch seconds.
 */
void intake_tick(struct intake *in, uint32_t now);

/* The filter in force; valid until the next intake_configure(). */
const struct filter *intake_filter(const struct intake *in);

/* Datagrams from addresses that no flow source allowed. */
uint64_t intake_unauthorised(const struct intake *in);

/* The number of datagrams that flowd itself had forwarded; dropped. */
uint64_t intake_looped(const struct intake *in);

#endif
