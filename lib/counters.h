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
 * The counters of a collector.  A row has a counter's number, its member, which
 * is also its key in JSON, its name in the statistics and in flowd(8), its
 * kind, its metric without the prefix, and its help text.
 *
 * Logs and scripts contain numbers and names, so these never change.  A new
 * counter gets the next number and the last row of its list.  CONTRIBUTING.md
 * lists the other places.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum counter_kind {
	COUNTER_TOTAL, /* never falls */
	COUNTER_LEVEL, /* grows and falls */
};

/* clang-format off */

/* Counters of each exporter. */
#define COUNTERS_OF_EXPORTER(ROW) \
	ROW(1, datagrams, "datagrams", COUNTER_TOTAL, \
	    "datagrams_total", "Datagrams received.") \
	ROW(2, decoded, "decoded", COUNTER_TOTAL, \
	    "decoded_total", "Datagrams decoded.") \
	ROW(3, invalid, "invalid", COUNTER_TOTAL, \
	    "invalid_total", "Malformed datagrams, dropped.") \
	ROW(4, unsupported, "unsupported", COUNTER_TOTAL, \
	    "unsupported_total", \
	    "Datagrams of unsupported versions, dropped.") \
	ROW(6, held, "held", COUNTER_LEVEL, \
	    "held_datagrams", "Datagrams that currently wait for a template.") \
	ROW(7, no_template, "no-template", COUNTER_TOTAL, \
	    "no_template_total", \
	    "Datagrams whose template never arrived.") \
	ROW(8, flows, "flows", COUNTER_TOTAL, \
	    "flows_total", "Flows decoded.") \
	ROW(9, stored, "stored", COUNTER_TOTAL, \
	    "stored_total", "Flows stored.") \
	ROW(10, discarded, "discarded", COUNTER_TOTAL, \
	    "discarded_total", "Flows that the filter discarded.") \
	ROW(11, lost, "lost", COUNTER_TOTAL, \
	    "lost_total", "Flows lost to output errors.") \
	ROW(12, buffered, "buffered", COUNTER_LEVEL, \
	    "buffered_flows", \
	    "Flows that currently wait for a log or the log socket.") \
	ROW(13, records_refused, "records-refused", COUNTER_TOTAL, \
	    "records_refused_total", \
	    "Data records that are no flow.") \
	ROW(14, options, "options", COUNTER_TOTAL, \
	    "options_total", "Options data records applied.") \
	ROW(15, templates, "templates", COUNTER_TOTAL, \
	    "templates_total", \
	    "Template definitions that were new or changed.") \
	ROW(16, templates_refused, "templates-refused", COUNTER_TOTAL, \
	    "templates_refused_total", "Template definitions refused.") \
	ROW(17, templates_evicted, "templates-evicted", COUNTER_TOTAL, \
	    "templates_evicted_total", \
	    "Templates evicted at a limit.") \
	ROW(18, withdrawals, "withdrawals", COUNTER_TOTAL, \
	    "withdrawals_total", "Withdrawals of templates, which have no effect.") \
	ROW(19, sets_reserved, "sets-reserved", COUNTER_TOTAL, \
	    "sets_reserved_total", "Sets with a reserved ID.") \
	ROW(20, sequence_lost, "sequence-lost", COUNTER_LEVEL, \
	    "sequence_lost_flows", \
	    "Flows missing according to the sequence numbers.") \
	ROW(21, sequence_lost_datagrams, "sequence-lost-datagrams", \
	    COUNTER_LEVEL, "sequence_lost_datagrams", \
	    "Datagrams missing according to sequence numbers that count them.") \
	ROW(22, sequence_late, "sequence-late", COUNTER_LEVEL, \
	    "sequence_late", \
	    "Flows or datagrams that arrived late or twice.") \
	ROW(23, restarts, "restarts", COUNTER_LEVEL, \
	    "sequence_restarts", "Restarts of sequence numbers.") \
	ROW(35, times_old, "times-old", COUNTER_TOTAL, \
	    "times_old_total", \
	    "Flows more than 24.8 days old, stored with the export time.") \
	ROW(36, times_impossible, "times-impossible", COUNTER_TOTAL, \
	    "times_impossible_total", \
	    "Flows with impossible times, stored with the export time.") \
	ROW(37, octets, "octets", COUNTER_TOTAL, \
	    "octets_total", "Octets that the decoded flows count.") \
	ROW(38, packets, "packets", COUNTER_TOTAL, \
	    "packets_total", "Packets that the decoded flows count.") \
	ROW(40, sets_without_record, "sets-without-record", COUNTER_TOTAL, \
	    "sets_without_record_total", \
	    "Data sets that end inside a record, or have none.") \
	ROW(41, templates_changed, "templates-changed", COUNTER_TOTAL, \
	    "templates_changed_total", \
	    "Definitions that replaced a template in use.") \
	ROW(42, templates_doubtful, "templates-doubtful", COUNTER_TOTAL, \
	    "templates_doubtful_total", \
	    "Definitions that would have replaced a template in use.") \
	ROW(43, sequence_doubtful, "sequence-doubtful", COUNTER_LEVEL, \
	    "sequence_doubtful", \
	    "Sequence numbers far from the due one that no other followed.") \
	ROW(45, state_evicted, "state-evicted", COUNTER_TOTAL, \
	    "state_evicted_total", \
	    "Templates, names and held sets evicted for other exporters.") \
	ROW(46, memory_refused, "memory-refused", COUNTER_TOTAL, \
	    "memory_refused_total", \
	    "Requests for memory that exceeded the exporter's share.") \
	ROW(50, no_content, "no-content", COUNTER_TOTAL, \
	    "no_content_total", \
	    "Flows without address, octets and packets, not stored.") \
	ROW(51, amplified, "amplified", COUNTER_TOTAL, \
	    "amplified_total", \
	    "Flows not stored: the log would grow too much by a datagram.") \
	ROW(60, times_restarted, "times-restarted", COUNTER_TOTAL, \
	    "times_restarted_total", \
	    "Flows with uptimes since an unknown restart, stored with the " \
	    "export time.") \
	ROW(65, options_dropped, "options-dropped", COUNTER_TOTAL, \
	    "options_dropped_total", \
	    "Options data records that a limit of memory kept from being " \
	    "applied.") \
	ROW(66, options_ignored, "options-ignored", COUNTER_TOTAL, \
	    "options_ignored_total", \
	    "Options data records without data that flowd reads.")

/* Counters of the collector, not of an exporter. */
#define COUNTERS_OF_COLLECTOR(ROW) \
	ROW(26, evicted, "exporters-evicted", COUNTER_TOTAL, \
	    "exporters_evicted_total", \
	    "Exporters evicted at the limit, or forgotten.") \
	ROW(5, unauthorised, "unauthorised", COUNTER_TOTAL, \
	    "unauthorised_total", \
	    "Datagrams from addresses that are no flow source.") \
	ROW(24, kernel_drops, "kernel-drops", COUNTER_TOTAL, \
	    "kernel_drops_total", \
	    "Datagrams that the kernel dropped: receive buffer full.") \
	ROW(25, skipped, "skipped", COUNTER_TOTAL, \
	    "skipped_total", \
	    "Datagrams skipped: they crashed two collectors, or one hung.") \
	ROW(27, log_bytes, "log-bytes", COUNTER_TOTAL, \
	    "log_written_bytes_total", "Bytes written to the logs.") \
	ROW(28, log_errors, "log-errors", COUNTER_TOTAL, \
	    "log_errors_total", "Writes to logs that failed.") \
	ROW(29, log_lost, "log-lost", COUNTER_TOTAL, \
	    "log_lost_total", "Flows buffered for a log, but not written.") \
	ROW(30, logsock_sent, "logsock-sent", COUNTER_TOTAL, \
	    "logsock_sent_total", "Flows sent to the log socket.") \
	ROW(31, logsock_lost, "logsock-lost", COUNTER_TOTAL, \
	    "logsock_lost_total", \
	    "Flows that no program received from the log socket.") \
	ROW(32, forwarded, "forwarded", COUNTER_TOTAL, \
	    "forwarded_total", \
	    "Datagrams forwarded, counted for each target.") \
	ROW(33, forward_lost, "forward-lost", COUNTER_TOTAL, \
	    "forward_lost_total", \
	    "Datagrams that the system refused to forward.") \
	ROW(34, forward_looped, "forward-looped", COUNTER_TOTAL, \
	    "forward_looped_total", \
	    "Datagrams that flowd forwarded and received again, dropped.") \
	ROW(39, logs_evicted, "logs-evicted", COUNTER_TOTAL, \
	    "logs_evicted_total", \
	    "Logs of exporters closed at the limit of open logs.") \
	ROW(55, collector_deaths, "collector-deaths", COUNTER_TOTAL, \
	    "collector_deaths_total", \
	    "Collectors that died and were replaced.")

#define COUNTER_MEMBER(number, member, name, kind, metric, help) \
	uint64_t member;
struct counters {
	COUNTERS_OF_EXPORTER(COUNTER_MEMBER)
};
struct collector_counters {
	COUNTERS_OF_COLLECTOR(COUNTER_MEMBER)
};
#undef COUNTER_MEMBER

/* clang-format on */

#define EXPORTER_COUNTERS (sizeof(struct counters) / sizeof(uint64_t))
#define COLLECTOR_COUNTERS \
	(sizeof(struct collector_counters) / sizeof(uint64_t))

#define COUNTERS (EXPORTER_COUNTERS + COLLECTOR_COUNTERS)

#define COUNTER_LAST 69 /* no counter has a higher number; some have none */

struct counter {
	unsigned int number;
	const char *key;  /* "no_template" */
	const char *name; /* "no-template" */
	enum counter_kind kind;
	const char *metric; /* "no_template_total" */
	const char *help;
	size_t offset; /* of the member in its structure */
};

/* In the order of the lists. */
extern const struct counter exporter_counters[EXPORTER_COUNTERS];
extern const struct counter collector_counters[COLLECTOR_COUNTERS];

/* Returns the value of a counter; counters is its structure. */
static inline uint64_t
counter_value(const struct counter *counter, const void *counters)
{
	return (
	    *(const uint64_t *)((const uint8_t *)counters + counter->offset));
}

/* Adds the counters of an exporter to a sum. */
void counters_add(struct counters *sum, const struct counters *more);

/*
 * Finds the counter with this number.  *of_exporter: struct counters has it,
 * not struct collector_counters.  NULL: no such counter.
 */
const struct counter *counter_find(unsigned int number, bool *of_exporter);

#endif
