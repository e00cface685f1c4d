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
 * Flows and the flow log, version 3: a plain sequence of records, each an
 * 8-byte header and the fields that its mask names.  flowd-log(5) has the
 * layout.  Everything in memory is in host byte order.
 */
#ifndef STORE_H
#define STORE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "errors.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the shared library exports this */

#define STORE_VER_MAJOR 3
#define STORE_VER_MINOR 0
#define STORE_VERSION   (STORE_VER_MAJOR << 5 | STORE_VER_MINOR)

#define STORE_HEADER_LEN 8                            /* bytes */
#define STORE_RECORD_MAX (STORE_HEADER_LEN + 255 * 4) /* bytes */

/* Field bits, in the order of the fields on disk. */
#define STORE_FIELD_TAG              (1U << 0)
#define STORE_FIELD_RECV_TIME        (1U << 1)
#define STORE_FIELD_PROTO_FLAGS_TOS  (1U << 2)
#define STORE_FIELD_AGENT_ADDR4      (1U << 3)
#define STORE_FIELD_AGENT_ADDR6      (1U << 4)
#define STORE_FIELD_SRC_ADDR4        (1U << 5)
#define STORE_FIELD_SRC_ADDR6        (1U << 6)
#define STORE_FIELD_DST_ADDR4        (1U << 7)
#define STORE_FIELD_DST_ADDR6        (1U << 8)
#define STORE_FIELD_GATEWAY_ADDR4    (1U << 9)
#define STORE_FIELD_GATEWAY_ADDR6    (1U << 10)
#define STORE_FIELD_SRCDST_PORT      (1U << 11)
#define STORE_FIELD_PACKETS          (1U << 12)
#define STORE_FIELD_OCTETS           (1U << 13)
#define STORE_FIELD_IF_INDICES       (1U << 14)
#define STORE_FIELD_AGENT_INFO       (1U << 15)
#define STORE_FIELD_FLOW_TIMES       (1U << 16)
#define STORE_FIELD_AS_INFO          (1U << 17)
#define STORE_FIELD_FLOW_ENGINE_INFO (1U << 18)
#define STORE_FIELD_CRC32            (1U << 30)
#define STORE_FIELD_RESERVED         (1U << 31) /* never set */

#define STORE_FIELD_AGENT_ADDR \
	(STORE_FIELD_AGENT_ADDR4 | STORE_FIELD_AGENT_ADDR6)
#define STORE_FIELD_SRC_ADDR    (STORE_FIELD_SRC_ADDR4 | STORE_FIELD_SRC_ADDR6)
#define STORE_FIELD_DST_ADDR    (STORE_FIELD_DST_ADDR4 | STORE_FIELD_DST_ADDR6)
#define STORE_FIELD_SRCDST_ADDR (STORE_FIELD_SRC_ADDR | STORE_FIELD_DST_ADDR)
#define STORE_FIELD_GATEWAY_ADDR \
	(STORE_FIELD_GATEWAY_ADDR4 | STORE_FIELD_GATEWAY_ADDR6)

#define STORE_FIELD_ALL     0x4007ffffU /* bits 0-18 and 30 */
#define STORE_DISPLAY_ALL   STORE_FIELD_ALL
#define STORE_DISPLAY_BRIEF 0x000039ffU

/*
 * One flow.  A member is meaningful where its bit is set in fields; the
 * family of an address agrees with its bits (ADDR_NONE where neither is set).
 */
struct flow {
	uint32_t fields; /* STORE_FIELD_* */
	uint32_t tag;
	uint32_t recv_sec, recv_usec; /* epoch, at receipt */
	struct addr agent, src, dst, gateway;
	uint64_t packets, octets;
	uint32_t if_index_in, if_index_out; /* SNMP ifIndex */
	uint32_t sys_uptime_ms;             /* of the exporter, at export */
	uint32_t time_sec, time_nanosec;    /* epoch, at export */
	uint32_t flow_start, flow_finish;   /* ms of its uptime */
	uint32_t src_as, dst_as;
	uint32_t flow_sequence, source_id;
	uint32_t crc; /* as read */
	uint16_t netflow_version;
	uint16_t src_port, dst_port;
	uint16_t engine_type, engine_id;
	uint8_t tcp_flags, protocol, tos;
	uint8_t src_mask, dst_mask; /* prefix lengths, bits */
	uint8_t version;            /* of the record, as read */
};

/* The bit of pair, such as STORE_FIELD_SRC_ADDR, for this family, or 0. */
uint32_t store_addr_bit(uint32_t pair, uint32_t family);

/*
 * The field mask that NAME stands for in the configuration ("OCTETS",
 * "SRC_ADDR", "ALL"), or 0 where there is no such name.
 */
uint32_t store_field_mask(const char *name);

/*
 * Bytes of a record that holds fields, header included, from 8 to
 * STORE_RECORD_MAX.  Bits that version 3.0 does not know count nothing.
 */
size_t store_record_len(uint32_t fields);

/*
 * Encodes the fields of flow that are also in mask into buf, and sets *len to
 * the bytes written.  With STORE_FIELD_CRC32 in mask the record has its
 * checksum, whatever flow->fields says.  FLOWD_ESPACE where size is too small.
 */
int store_encode(const struct flow *flow, uint32_t mask, uint8_t *buf,
    size_t size, size_t *len) __attribute__((warn_unused_result));

/*
 * The same for n flows, whose records stand one behind the other in buf, which
 * has n * STORE_RECORD_MAX bytes; lens has n.  Returns their sum.
 */
size_t store_encode_many(const struct flow *flows, size_t n, uint32_t mask,
    uint8_t *buf, size_t *lens);

/*
 * Checks the record header at buf and sets *len to the bytes of the whole
 * record.  FLOWD_ESHORT (fewer than 8 bytes), FLOWD_EVERSION, FLOWD_EHEADER.
 */
int store_check_header(const uint8_t *buf, size_t size, size_t *len)
    __attribute__((warn_unused_result));

/*
 * Decodes the record at buf, and sets *len to its bytes.  Fields of a newer
 * minor version are passed over.  As store_check_header, FLOWD_ESHORT also
 * where the record is not whole, and FLOWD_ECRC.  On failure flow is all
 * zero, and *len is 0 or, for FLOWD_ECRC, the record's length.
 */
int store_decode(const uint8_t *buf, size_t size, struct flow *flow,
    size_t *len) __attribute__((warn_unused_result));

/*
 * Reading a log, plain or gzip.  The reader belongs to the caller, who ends
 * it with store_reader_close; that closes the descriptor too.  What a reader
 * is to do differently it is told before the first store_read.
 */
struct store_reader;

/* path "-" is standard input.  FLOWD_EIO, FLOWD_ENOMEM. */
int store_reader_open(const char *path, struct store_reader **reader)
    __attribute__((warn_unused_result));
/* Takes over fd, also on failure.  FLOWD_ENOMEM. */
int store_reader_fdopen(int fd, struct store_reader **reader)
    __attribute__((warn_unused_result));
/* Reads the len bytes at data, which stay until the close.  FLOWD_ENOMEM. */
int store_reader_memopen(const void *data, size_t len,
    struct store_reader **reader) __attribute__((warn_unused_result));

/*
 * As read(2): puts up to size bytes into buf, and returns how many; 0 at the
 * end, or -1 with errno set.  It is called again after EINTR.
 */
typedef ssize_t store_read_fn(void *arg, void *buf, size_t size);

/* Reads what fn gives, which is called with arg.  FLOWD_ENOMEM. */
int store_reader_funopen(store_read_fn *fn, void *arg,
    struct store_reader **reader) __attribute__((warn_unused_result));

/* NULL is let pass. */
void store_reader_close(struct store_reader *reader);

/*
 * Damage at offset, of len bytes (uncompressed); error is what was wrong where
 * it begins.  For FLOWD_EGZIP, which says that compressed data are damaged or
 * cut off, len is 0: what that cost is reported on its own.
 */
typedef void store_damage_fn(void *arg, int error, uint64_t offset,
    uint64_t len);

/*
 * Makes store_read go on behind damage: it returns every record that is
 * intact, as flowd-log(5) has it under "Damage", and calls report for what
 * lies between them and behind the last.  It then fails with FLOWD_EEOF,
 * FLOWD_EIO, FLOWD_ENOMEM or FLOWD_ELEGACY only.  FLOWD_ENOMEM.
 */
int store_reader_recover(struct store_reader *reader, store_damage_fn *report,
    void *arg) __attribute__((warn_unused_result));

/*
 * Makes the reader read a log of version 2, whose header it takes at once:
 * *start_sec is when the log was started, in epoch seconds.  FLOWD_EVERSION
 * for another log, FLOWD_ETORN, FLOWD_EEOF, FLOWD_EIO, FLOWD_EGZIP.  Such a log
 * is neither recovered nor followed.
 */
int store_reader_legacy(struct store_reader *reader, uint32_t *start_sec)
    __attribute__((warn_unused_result));

/*
 * Whether more may come: then FLOWD_EEOF and FLOWD_ETORN do not stay, and the
 * next store_read looks anew at what is behind the last record.  The reader
 * has to have been opened at the beginning of the file.
 */
void store_reader_follow(struct store_reader *reader, bool follow);

/*
 * The next flow.  FLOWD_EEOF at the end; FLOWD_ETORN where the log ends inside
 * a record; FLOWD_EVERSION, FLOWD_EHEADER and FLOWD_ECRC for a damaged record,
 * and FLOWD_EGZIP; FLOWD_ELEGACY; FLOWD_EIO.  All of these stay: the next call
 * says the same.
 */
int store_read(struct store_reader *reader, struct flow *flow)
    __attribute__((warn_unused_result));

/*
 * Offset in bytes, uncompressed, of the record that the last store_read
 * returned or failed at.
 */
uint64_t store_reader_offset(const struct store_reader *reader);

/*
 * Whether no whole record is at hand, so that the next store_read reads from
 * the file and may wait there.
 */
bool store_reader_drained(const struct store_reader *reader);

/*
 * Looks at the end of a log that is to be appended to, and sets *keep to the
 * bytes up to the end of its last intact record: what is behind that is a torn
 * record or blocks of zeros, and is to be cut off.  Only the last MiB is read,
 * apart from zeros before the end.  fd is that of a regular file, open for
 * reading; its offset stays, and nothing is changed.
 *
 * Other results are no reason to touch the file: FLOWD_ELEGACY, FLOWD_ENOTLOG
 * (judged by how it begins), FLOWD_EHEADER (no record in all that was read),
 * FLOWD_ESHORT (it shrank meanwhile), FLOWD_EIO, FLOWD_ENOMEM.  *keep is then
 * 0.
 */
int store_check_tail(int fd, uint64_t *keep)
    __attribute__((warn_unused_result));

/*
 * Writing a log.  path "-" is standard output; a file is created (mode 0600)
 * or emptied.  Records are buffered until there are many, store_writer_flush,
 * or store_writer_close, whose result has to be checked as well; it frees the
 * writer in any case.  After a failure nothing more is written, and each call
 * gives FLOWD_EIO and the same errno.
 */
struct store_writer;

/* FLOWD_EIO, FLOWD_ENOMEM. */
int store_writer_open(const char *path, struct store_writer **writer)
    __attribute__((warn_unused_result));
/* Takes over fd, also on failure, and writes from its offset.  FLOWD_ENOMEM. */
int store_writer_fdopen(int fd, struct store_writer **writer)
    __attribute__((warn_unused_result));
/* mask as for store_encode.  FLOWD_EIO. */
int store_write(struct store_writer *writer, const struct flow *flow,
    uint32_t mask) __attribute__((warn_unused_result));
int store_writer_flush(struct store_writer *writer)
    __attribute__((warn_unused_result));
int store_writer_close(struct store_writer *writer)
    __attribute__((warn_unused_result));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
