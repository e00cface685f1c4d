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
 * 8-byte header and the fields that its mask names.  flowd-log(5) describes the
 * layout.  All values in memory are in host byte order.
 */
#ifndef STORE_H
#define STORE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "errors.h"
#include "version.h"

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
 * One flow.  A member is valid if the bit of its field is set in fields.  The
 * family of an address agrees with its bits; it is ADDR_NONE if neither is set.
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

/*
 * The absolute times of a flow: of its receipt, of its export, of its first and
 * of its last packet.
 */
enum store_time {
	STORE_TIME_RECV = 0,
	STORE_TIME_EXPORT = 1,
	STORE_TIME_START = 2,
	STORE_TIME_END = 3,
};

#define STORE_TIME_ABSENT INT64_MIN /* as numpy's NaT */

/*
 * Returns a time of flow in nanoseconds since the epoch, in UTC.  It is signed,
 * since an exporter with a wrong clock may be before the epoch.  No record has
 * a finer unit, and every time of a record fits.  Returns STORE_TIME_ABSENT if
 * flow lacks the fields: RECV_TIME; AGENT_INFO; and for start and end
 * AGENT_INFO and FLOW_TIMES.
 */
int64_t store_flow_time(const struct flow *flow, enum store_time which);

/*
 * Returns the bit of pair, such as STORE_FIELD_SRC_ADDR, for this family, or 0
 * for ADDR_NONE.
 */
uint32_t store_addr_bit(uint32_t pair, uint32_t family);

/*
 * Returns the mask of the fields that have this name in the configuration
 * ("OCTETS", "SRC_ADDR", "ALL"), or 0 if the name is unknown.
 */
uint32_t store_field_mask(const char *name);

/*
 * Returns the bytes of a record with these fields, header included: from 8 to
 * STORE_RECORD_MAX.  Unknown bits add nothing.
 */
size_t store_record_len(uint32_t fields);

/*
 * Encodes the fields of flow that are also in mask into buf, and sets *len to
 * the bytes written.  With STORE_FIELD_CRC32 in mask the record has a checksum,
 * even if flow->fields lacks that bit.  FLOWD_ESPACE if size is too small.
 */
int store_encode(const struct flow *flow, uint32_t mask, uint8_t *buf,
    size_t size, size_t *len) __attribute__((warn_unused_result));

/*
 * Encodes n flows as consecutive records.  buf has n * STORE_RECORD_MAX bytes.
 * Sets lens[i] to the bytes of record i.  Returns the bytes of all records.
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
 * Decodes the record at buf, and sets *len to its bytes.  Unknown fields of a
 * newer minor version are skipped.  Returns the errors of store_check_header,
 * FLOWD_ESHORT also if the record is incomplete, and FLOWD_ECRC.  After an
 * error all of flow is 0, and *len is 0 or, for FLOWD_ECRC, the record's
 * length.
 */
int store_decode(const uint8_t *buf, size_t size, struct flow *flow,
    size_t *len) __attribute__((warn_unused_result));

/*
 * Reads a log, plain or compressed by gzip.  The caller owns the reader and
 * frees it with store_reader_close, which closes the descriptor, too.  Options
 * are set before the first store_read.
 */
struct store_reader;

/* path "-" is standard input.  FLOWD_EIO, FLOWD_ENOMEM. */
int store_reader_open(const char *path, struct store_reader **reader)
    __attribute__((warn_unused_result));
/* The reader owns fd; a failure closes it.  FLOWD_ENOMEM. */
int store_reader_fdopen(int fd, struct store_reader **reader)
    __attribute__((warn_unused_result));
/* Reads the len bytes at data, which must exist until the close.  FLOWD_ENOMEM.
 */
int store_reader_memopen(const void *data, size_t len,
    struct store_reader **reader) __attribute__((warn_unused_result));

/*
 * Works like read(2): stores up to size bytes in buf and returns their number,
 * 0 at the end, or -1 with errno set.  After EINTR it is called again.
 */
typedef ssize_t store_read_fn(void *arg, void *buf, size_t size);

/* Reads the bytes that fn returns; its argument is arg.  FLOWD_ENOMEM. */
int store_reader_funopen(store_read_fn *fn, void *arg,
    struct store_reader **reader) __attribute__((warn_unused_result));

/* reader may be NULL. */
void store_reader_close(struct store_reader *reader);

/*
 * Reports damage of len bytes at offset, both uncompressed.  error is the error
 * at its beginning.  FLOWD_EGZIP means that compressed data are damaged or cut
 * off.  Its len is 0, since the lost records are reported separately.
 */
typedef void store_damage_fn(void *arg, int error, uint64_t offset,
    uint64_t len);

/*
 * Makes store_read continue after damage.  It returns every intact record, as
 * defined in flowd-log(5) under "Damage", and calls report for the bytes
 * between them and after the last.  If all records of the log have checksums,
 * these are the records that match them.  Its only errors are then FLOWD_EEOF,
 * FLOWD_EIO, FLOWD_ENOMEM, FLOWD_ELEGACY, FLOWD_EXZ, FLOWD_EZSTD and
 * FLOWD_EBZIP2.  FLOWD_ENOMEM.
 */
int store_reader_recover(struct store_reader *reader, store_damage_fn *report,
    void *arg) __attribute__((warn_unused_result));

/*
 * Makes the reader read a log of version 2, and reads the header of the log.
 * Sets *start_sec to the time at which the log was started, in seconds since
 * the epoch.  FLOWD_EVERSION for another log, FLOWD_ETORN, FLOWD_EEOF,
 * FLOWD_EIO, FLOWD_EGZIP.  Recovery and following do not work for such a log.
 */
int store_reader_legacy(struct store_reader *reader, uint32_t *start_sec)
    __attribute__((warn_unused_result));

/*
 * Turns following of the open file on or off.  While it is on, FLOWD_EEOF and
 * FLOWD_ETORN are not final: the next store_read looks for more data after the
 * last record.  If the file became shorter than was read, it is read from its
 * beginning.  The reader must have been opened at the beginning of the file.
 */
void store_reader_follow(struct store_reader *reader, bool follow);

/* Flags of store_reader_open_following. */
#define STORE_FOLLOW_NEW  (1U << 0) /* read only flows written from now on */
#define STORE_FOLLOW_WAIT (1U << 1) /* the path need not exist yet */

enum store_follow_event {
	STORE_FOLLOW_WAITING = 1, /* there is no log yet; errno, or 0 */
	STORE_FOLLOW_BEGIN = 2,   /* flows of this file follow */
	STORE_FOLLOW_CUT = 3,     /* truncated; read from its beginning */
	STORE_FOLLOW_TORN = 4,    /* ends inside a record, which is left out */
	STORE_FOLLOW_CLOSED = 5,  /* no more can come */
};

/*
 * Called by store_read.  path is the path of the file, valid during the call;
 * for STORE_FOLLOW_WAITING it is the path that is followed.  For
 * STORE_FOLLOW_CLOSED it is a pattern that names the log and all others with
 * another date in the name, or NULL if its name has no date.
 */
typedef void store_follow_fn(void *arg, enum store_follow_event event,
    const char *path);

/*
 * Follows a log by its name across truncation, rotation and compression; each
 * flow is returned once.  path is a log; or a directory, or a directory and a
 * pattern of fnmatch(3), whose newest log is read first.  A reader of such a
 * path never waits: FLOWD_EEOF and FLOWD_ETORN mean that there are no more flows
 * for now, and the next store_read looks again.  FLOWD_ECLOSED means that no
 * more can come: the log has a date in its name, and another file has succeeded
 * it or it was compressed.  report may be NULL.
 *
 * FLOWD_EIO, without STORE_FOLLOW_WAIT also if the path does not exist;
 * FLOWD_EINVAL: neither a regular file nor a directory, or another flag is set;
 * FLOWD_ENOMEM.
 */
int store_reader_open_following(const char *path, unsigned int flags,
    store_follow_fn *report, void *arg, struct store_reader **reader)
    __attribute__((warn_unused_result));

/*
 * The path of the file that such a reader reads, until the next store_read.
 * NULL: the reader follows no name.
 */
const char *store_reader_path(const struct store_reader *reader);

/*
 * Reads the next flow.  FLOWD_EEOF at the end; FLOWD_ETORN if the log ends
 * inside a record; FLOWD_EVERSION, FLOWD_EHEADER and FLOWD_ECRC for a damaged
 * record; FLOWD_EGZIP; FLOWD_ELEGACY; FLOWD_EXZ, FLOWD_EZSTD and FLOWD_EBZIP2
 * for a file in such a format, and FLOWD_ELARGE in programs that decompress it;
 * FLOWD_EIO; FLOWD_ECLOSED.  All of these are final: each later call returns the
 * same.
 */
int store_read(struct store_reader *reader, struct flow *flow)
    __attribute__((warn_unused_result));

/*
 * Returns the offset in uncompressed bytes of the record that the last
 * store_read returned, or at which it failed.
 */
uint64_t store_reader_offset(const struct store_reader *reader);

/*
 * Returns whether no complete record is buffered, so that the next store_read
 * reads from the file and may block.
 */
bool store_reader_drained(const struct store_reader *reader);

/*
 * Checks the end of a log before records are appended.  Sets *keep to the
 * number of bytes up to the end of its last intact record.  A torn record or
 * blocks of zeros follow there, which the caller should cut off.  Only the last
 * MiB before any zeros at the end is read.  fd is a regular file that is open
 * for reading; neither its offset nor the file changes.
 *
 * After other results the caller must leave the file alone, and *keep is 0:
 * FLOWD_ELEGACY, FLOWD_ENOTLOG (by the beginning of the file), FLOWD_EHEADER
 * (no record in the bytes that were read), FLOWD_ESHORT (the file shrank during
 * the call), FLOWD_EIO, FLOWD_ENOMEM.
 */
int store_check_tail(int fd, uint64_t *keep)
    __attribute__((warn_unused_result));

/*
 * Writes a log.  path "-" is standard output.  A file is created (mode 0600) or
 * truncated.  Records are buffered until the buffer is full, or until
 * store_writer_flush or store_writer_close.  Check the result of the latter,
 * too; it frees the writer in any case.  After a failure nothing more is
 * written, and each call returns FLOWD_EIO with the same errno.
 */
struct store_writer;

/* FLOWD_EIO, FLOWD_ENOMEM. */
int store_writer_open(const char *path, struct store_writer **writer)
    __attribute__((warn_unused_result));
/*
 * The writer owns fd, and writes from its offset; a failure closes it.
 * FLOWD_ENOMEM.
 */
int store_writer_fdopen(int fd, struct store_writer **writer)
    __attribute__((warn_unused_result));
/* mask is that of store_encode.  FLOWD_EIO. */
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
