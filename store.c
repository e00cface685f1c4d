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

#include "compat.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "crc32.h"
#include "cursor.h"
#include "store.h"

#define LOG_BUFFER	(256 * 1024)	/* bytes read or written at a time */

#define CRC_LEN		4

/* The single-family address bits; the IPv6 bit is the next one up. */
#define ADDR4_BITS							\
	(STORE_FIELD_AGENT_ADDR4 | STORE_FIELD_SRC_ADDR4 |		\
	STORE_FIELD_DST_ADDR4 | STORE_FIELD_GATEWAY_ADDR4)
#define ADDR6_BITS	(ADDR4_BITS << 1)

/*
 * The sizes of the fields in 4-byte words, from 1 to 4, by binary digit: a
 * field is in WORDS_n where its size has the digit n.
 */
#define WORDS_1								\
	(STORE_FIELD_TAG | STORE_FIELD_PROTO_FLAGS_TOS | ADDR4_BITS |	\
	STORE_FIELD_SRCDST_PORT | STORE_FIELD_AS_INFO |			\
	STORE_FIELD_FLOW_ENGINE_INFO | STORE_FIELD_CRC32)
#define WORDS_2								\
	(STORE_FIELD_RECV_TIME | STORE_FIELD_PACKETS |			\
	STORE_FIELD_OCTETS | STORE_FIELD_IF_INDICES |			\
	STORE_FIELD_FLOW_TIMES | STORE_FIELD_AS_INFO |			\
	STORE_FIELD_FLOW_ENGINE_INFO)
#define WORDS_4		(ADDR6_BITS | STORE_FIELD_AGENT_INFO)

static const struct {
	const char	*name;
	uint32_t	 mask;
} field_names[] = {
	{ "ALL",		STORE_FIELD_ALL },
	{ "TAG",		STORE_FIELD_TAG },
	{ "RECV_TIME",		STORE_FIELD_RECV_TIME },
	{ "PROTO_FLAGS_TOS",	STORE_FIELD_PROTO_FLAGS_TOS },
	{ "AGENT_ADDR",		STORE_FIELD_AGENT_ADDR },
	{ "AGENT_ADDR4",	STORE_FIELD_AGENT_ADDR4 },
	{ "AGENT_ADDR6",	STORE_FIELD_AGENT_ADDR6 },
	{ "SRC_ADDR",		STORE_FIELD_SRC_ADDR },
	{ "SRC_ADDR4",		STORE_FIELD_SRC_ADDR4 },
	{ "SRC_ADDR6",		STORE_FIELD_SRC_ADDR6 },
	{ "DST_ADDR",		STORE_FIELD_DST_ADDR },
	{ "DST_ADDR4",		STORE_FIELD_DST_ADDR4 },
	{ "DST_ADDR6",		STORE_FIELD_DST_ADDR6 },
	{ "SRCDST_ADDR",	STORE_FIELD_SRCDST_ADDR },
	{ "GATEWAY_ADDR",	STORE_FIELD_GATEWAY_ADDR },
	{ "GATEWAY_ADDR4",	STORE_FIELD_GATEWAY_ADDR4 },
	{ "GATEWAY_ADDR6",	STORE_FIELD_GATEWAY_ADDR6 },
	{ "SRCDST_PORT",	STORE_FIELD_SRCDST_PORT },
	{ "PACKETS",		STORE_FIELD_PACKETS },
	{ "OCTETS",		STORE_FIELD_OCTETS },
	{ "IF_INDICES",		STORE_FIELD_IF_INDICES },
	{ "AGENT_INFO",		STORE_FIELD_AGENT_INFO },
	{ "FLOW_TIMES",		STORE_FIELD_FLOW_TIMES },
	{ "AS_INFO",		STORE_FIELD_AS_INFO },
	{ "FLOW_ENGINE_INFO",	STORE_FIELD_FLOW_ENGINE_INFO },
	{ "CRC32",		STORE_FIELD_CRC32 },
};

struct store_reader {
	int		fd;
	int		error, saved_errno;	/* what stays, once it is set */
	bool		started, gzip;
	bool		in_member;		/* gzip: inside a member */
	uint64_t	offset;			/* of the last record */
	uint64_t	next_offset;		/* of the byte at pos */
	size_t		pos, len;		/* buf[pos] to buf[len - 1] */
	z_stream	z;
	uint8_t		buf[LOG_BUFFER];
	uint8_t		gzip_buf[LOG_BUFFER];
};

struct store_writer {
	int		fd;
	int		saved_errno;		/* of the first failure, or 0 */
	size_t		len;
	uint8_t		buf[LOG_BUFFER];
};

uint32_t
store_addr_bit(uint32_t pair, uint32_t family)
{
	switch (family) {
	case ADDR_V4:
		return (pair & ADDR4_BITS);
	case ADDR_V6:
		return (pair & ADDR6_BITS);
	default:
		return (0);
	}
}

uint32_t
store_field_mask(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(field_names) / sizeof(field_names[0]); i++) {
		if (strcmp(field_names[i].name, name) == 0)
			return (field_names[i].mask);
	}
	return (0);
}

static inline size_t
record_len(uint32_t fields)
{
	return (STORE_HEADER_LEN + 4 *
	    ((size_t)__builtin_popcount(fields & WORDS_1) +
	    2 * (size_t)__builtin_popcount(fields & WORDS_2) +
	    4 * (size_t)__builtin_popcount(fields & WORDS_4)));
}

size_t
store_record_len(uint32_t fields)
{
	return (record_len(fields));
}

/*
 * The put_ and get_ functions below move a pointer over a record whose whole
 * length has been checked against record_len, which is the sum of their steps.
 */
static inline uint8_t *
put_addr(uint8_t *p, uint32_t fields, uint32_t pair, const struct addr *a)
{
	if ((fields & pair & ADDR4_BITS) != 0) {
		memcpy(p, a->bytes, 4);
		p += 4;
	}
	if ((fields & pair & ADDR6_BITS) != 0) {
		memcpy(p, a->bytes, 16);
		p += 16;
	}
	return (p);
}

/* What happened: the fields up to OCTETS. */
static inline uint8_t *
put_traffic(uint8_t *p, uint32_t fields, const struct flow *flow)
{
	if ((fields & STORE_FIELD_TAG) != 0) {
		be32_put(p, flow->tag);
		p += 4;
	}
	if ((fields & STORE_FIELD_RECV_TIME) != 0) {
		be32_put(p, flow->recv_sec);
		be32_put(p + 4, flow->recv_usec);
		p += 8;
	}
	if ((fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0) {
		p[0] = flow->tcp_flags;
		p[1] = flow->protocol;
		p[2] = flow->tos;
		p[3] = 0;
		p += 4;
	}
	p = put_addr(p, fields, STORE_FIELD_AGENT_ADDR, &flow->agent);
	p = put_addr(p, fields, STORE_FIELD_SRC_ADDR, &flow->src);
	p = put_addr(p, fields, STORE_FIELD_DST_ADDR, &flow->dst);
	p = put_addr(p, fields, STORE_FIELD_GATEWAY_ADDR, &flow->gateway);
	if ((fields & STORE_FIELD_SRCDST_PORT) != 0) {
		be16_put(p, flow->src_port);
		be16_put(p + 2, flow->dst_port);
		p += 4;
	}
	if ((fields & STORE_FIELD_PACKETS) != 0) {
		be64_put(p, flow->packets);
		p += 8;
	}
	if ((fields & STORE_FIELD_OCTETS) != 0) {
		be64_put(p, flow->octets);
		p += 8;
	}
	return (p);
}

/* How the exporter saw it: the fields from IF_INDICES. */
static inline uint8_t *
put_export(uint8_t *p, uint32_t fields, const struct flow *flow)
{
	if ((fields & STORE_FIELD_IF_INDICES) != 0) {
		be32_put(p, flow->if_index_in);
		be32_put(p + 4, flow->if_index_out);
		p += 8;
	}
	if ((fields & STORE_FIELD_AGENT_INFO) != 0) {
		be32_put(p, flow->sys_uptime_ms);
		be32_put(p + 4, flow->time_sec);
		be32_put(p + 8, flow->time_nanosec);
		be16_put(p + 12, flow->netflow_version);
		be16_put(p + 14, 0);
		p += 16;
	}
	if ((fields & STORE_FIELD_FLOW_TIMES) != 0) {
		be32_put(p, flow->flow_start);
		be32_put(p + 4, flow->flow_finish);
		p += 8;
	}
	if ((fields & STORE_FIELD_AS_INFO) != 0) {
		be32_put(p, flow->src_as);
		be32_put(p + 4, flow->dst_as);
		p[8] = flow->src_mask;
		p[9] = flow->dst_mask;
		be16_put(p + 10, 0);
		p += 12;
	}
	if ((fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0) {
		be16_put(p, flow->engine_type);
		be16_put(p + 2, flow->engine_id);
		be32_put(p + 4, flow->flow_sequence);
		be32_put(p + 8, flow->source_id);
		p += 12;
	}
	return (p);
}

int
store_encode(const struct flow *flow, uint32_t mask, uint8_t *buf, size_t size,
    size_t *len)
{
	const uint32_t fields = (flow->fields & mask & STORE_FIELD_ALL) |
	    (mask & STORE_FIELD_CRC32);
	const size_t total = record_len(fields);
	uint8_t *p = buf + STORE_HEADER_LEN;

	*len = 0;
	if (size < total)
		return (FLOWD_ESPACE);
	buf[0] = STORE_VERSION;
	buf[1] = (uint8_t)((total - STORE_HEADER_LEN) / 4);
	be16_put(buf + 2, 0);
	be32_put(buf + 4, fields);
	p = put_traffic(p, fields, flow);
	p = put_export(p, fields, flow);
	if ((fields & STORE_FIELD_CRC32) != 0)
		be32_put(p, flowd_crc32(0, buf, total - CRC_LEN));
	*len = total;
	return (0);
}

static inline int
check_header(const uint8_t *buf, size_t size, size_t *len)
{
	uint32_t fields;
	size_t total, known;

	*len = 0;
	if (size < STORE_HEADER_LEN)
		return (FLOWD_ESHORT);
	if (buf[0] >> 5 != STORE_VER_MAJOR)
		return (FLOWD_EVERSION);
	fields = be32(buf + 4);
	if (be16(buf + 2) != 0 || (fields & STORE_FIELD_RESERVED) != 0 ||
	    ((fields & ADDR4_BITS) << 1 & fields) != 0)
		return (FLOWD_EHEADER);
	total = STORE_HEADER_LEN + 4 * (size_t)buf[1];
	known = record_len(fields);
	if ((fields & ~STORE_FIELD_ALL) == 0) {
		if (total != known)
			return (FLOWD_EHEADER);
	} else if (buf[0] == STORE_VERSION || total <= known) {
		/* 3.0 has no other fields, and no field is empty. */
		return (FLOWD_EHEADER);
	}
	*len = total;
	return (0);
}

int
store_check_header(const uint8_t *buf, size_t size, size_t *len)
{
	return (check_header(buf, size, len));
}

/* a is zero before. */
static inline const uint8_t *
get_addr(const uint8_t *p, uint32_t fields, uint32_t pair, struct addr *a)
{
	if ((fields & pair & ADDR4_BITS) != 0) {
		a->family = ADDR_V4;
		memcpy(a->bytes, p, 4);
		p += 4;
	} else if ((fields & pair & ADDR6_BITS) != 0) {
		a->family = ADDR_V6;
		memcpy(a->bytes, p, 16);
		p += 16;
	}
	return (p);
}

static inline const uint8_t *
get_traffic(const uint8_t *p, uint32_t fields, struct flow *flow)
{
	if ((fields & STORE_FIELD_TAG) != 0) {
		flow->tag = be32(p);
		p += 4;
	}
	if ((fields & STORE_FIELD_RECV_TIME) != 0) {
		flow->recv_sec = be32(p);
		flow->recv_usec = be32(p + 4);
		p += 8;
	}
	if ((fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0) {
		flow->tcp_flags = p[0];
		flow->protocol = p[1];
		flow->tos = p[2];
		p += 4;
	}
	p = get_addr(p, fields, STORE_FIELD_AGENT_ADDR, &flow->agent);
	p = get_addr(p, fields, STORE_FIELD_SRC_ADDR, &flow->src);
	p = get_addr(p, fields, STORE_FIELD_DST_ADDR, &flow->dst);
	p = get_addr(p, fields, STORE_FIELD_GATEWAY_ADDR, &flow->gateway);
	if ((fields & STORE_FIELD_SRCDST_PORT) != 0) {
		flow->src_port = be16(p);
		flow->dst_port = be16(p + 2);
		p += 4;
	}
	if ((fields & STORE_FIELD_PACKETS) != 0) {
		flow->packets = be64(p);
		p += 8;
	}
	if ((fields & STORE_FIELD_OCTETS) != 0) {
		flow->octets = be64(p);
		p += 8;
	}
	return (p);
}

static inline void
get_export(const uint8_t *p, uint32_t fields, struct flow *flow)
{
	if ((fields & STORE_FIELD_IF_INDICES) != 0) {
		flow->if_index_in = be32(p);
		flow->if_index_out = be32(p + 4);
		p += 8;
	}
	if ((fields & STORE_FIELD_AGENT_INFO) != 0) {
		flow->sys_uptime_ms = be32(p);
		flow->time_sec = be32(p + 4);
		flow->time_nanosec = be32(p + 8);
		flow->netflow_version = be16(p + 12);
		p += 16;
	}
	if ((fields & STORE_FIELD_FLOW_TIMES) != 0) {
		flow->flow_start = be32(p);
		flow->flow_finish = be32(p + 4);
		p += 8;
	}
	if ((fields & STORE_FIELD_AS_INFO) != 0) {
		flow->src_as = be32(p);
		flow->dst_as = be32(p + 4);
		flow->src_mask = p[8];
		flow->dst_mask = p[9];
		p += 12;
	}
	if ((fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0) {
		flow->engine_type = be16(p);
		flow->engine_id = be16(p + 2);
		flow->flow_sequence = be32(p + 4);
		flow->source_id = be32(p + 8);
	}
}

int
store_decode(const uint8_t *buf, size_t size, struct flow *flow, size_t *len)
{
	uint32_t fields, crc = 0;
	size_t total;
	int error;

	*len = 0;
	memset(flow, 0, sizeof(*flow));
	if ((error = check_header(buf, size, &total)) != 0)
		return (error);
	if (size < total)
		return (FLOWD_ESHORT);
	*len = total;
	fields = be32(buf + 4);
	if ((fields & STORE_FIELD_CRC32) != 0) {
		crc = be32(buf + total - CRC_LEN);
		if (flowd_crc32(0, buf, total - CRC_LEN) != crc)
			return (FLOWD_ECRC);
	}
	flow->version = buf[0];
	flow->fields = fields & STORE_FIELD_ALL;
	flow->crc = crc;
	get_export(get_traffic(buf + STORE_HEADER_LEN, fields, flow), fields,
	    flow);
	return (0);
}

/* read(2), tried again when a signal comes between. */
static ssize_t
read_some(int fd, uint8_t *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n == -1 && errno == EINTR);
	return (n);
}

/*
 * The fill functions append at least one byte of the log to the buffer, which
 * has room.  FLOWD_EEOF, FLOWD_EIO, FLOWD_EGZIP, FLOWD_ENOMEM.
 */
static int
fill_plain(struct store_reader *r)
{
	const ssize_t n = read_some(r->fd, r->buf + r->len,
	    sizeof(r->buf) - r->len);

	if (n == -1)
		return (FLOWD_EIO);
	if (n == 0)
		return (FLOWD_EEOF);
	r->len += (size_t)n;
	return (0);
}

static int
fill_gzip_input(struct store_reader *r)
{
	const ssize_t n = read_some(r->fd, r->gzip_buf, sizeof(r->gzip_buf));

	if (n == -1)
		return (FLOWD_EIO);
	if (n == 0)
		return (r->in_member ? FLOWD_EGZIP : FLOWD_EEOF);
	r->z.next_in = r->gzip_buf;
	r->z.avail_in = (unsigned int)n;
	return (0);
}

/* A gzip file is a sequence of members (RFC 1952 section 2.2). */
static int
fill_gzip(struct store_reader *r)
{
	const size_t room = sizeof(r->buf) - r->len;
	int error, ret = Z_OK;

	r->z.next_out = r->buf + r->len;
	r->z.avail_out = (unsigned int)room;
	while (r->z.avail_out == room) {
		if (r->z.avail_in == 0 && (error = fill_gzip_input(r)) != 0)
			return (error);
		if (!r->in_member && (ret = inflateReset(&r->z)) != Z_OK)
			return (FLOWD_EGZIP);
		ret = inflate(&r->z, Z_NO_FLUSH);
		r->in_member = ret != Z_STREAM_END;
		if (ret != Z_OK && ret != Z_STREAM_END)
			break;
	}
	r->len += room - r->z.avail_out;
	/* inflate says it again after the bytes before the damage. */
	if (r->z.avail_out != room)
		return (0);
	return (ret == Z_MEM_ERROR ? FLOWD_ENOMEM : FLOWD_EGZIP);
}

/*
 * Looks at the first bytes: no version of the log begins like gzip does
 * (RFC 1952 section 2.3.1).
 */
static int
start(struct store_reader *r)
{
	int error;

	while (r->len < 2) {
		if ((error = fill_plain(r)) != 0)
			return (error);
	}
	r->started = true;
	if (r->buf[0] != 0x1f || r->buf[1] != 0x8b)
		return (0);
	if (inflateInit2(&r->z, 16 + MAX_WBITS) != Z_OK)
		return (FLOWD_ENOMEM);
	r->gzip = true;
	memcpy(r->gzip_buf, r->buf, r->len);
	r->z.next_in = r->gzip_buf;
	r->z.avail_in = (unsigned int)r->len;
	r->len = 0;
	return (fill_gzip(r));
}

/* Makes room in the buffer, and puts more of the log there. */
static int
fill(struct store_reader *r)
{
	memmove(r->buf, r->buf + r->pos, r->len - r->pos);
	r->len -= r->pos;
	r->pos = 0;
	if (!r->started)
		return (start(r));
	return (r->gzip ? fill_gzip(r) : fill_plain(r));
}

int
store_reader_fdopen(int fd, struct store_reader **reader)
{
	struct store_reader *r;

	*reader = NULL;
	/* The buffers need no zeros; z does, for inflateInit2. */
	if ((r = malloc(sizeof(*r))) == NULL) {
		close(fd);
		return (FLOWD_ENOMEM);
	}
	memset(r, 0, offsetof(struct store_reader, buf));
	r->fd = fd;
	*reader = r;
	return (0);
}

int
store_reader_open(const char *path, struct store_reader **reader)
{
	int fd;

	*reader = NULL;
	if (strcmp(path, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return (FLOWD_EIO);
	return (store_reader_fdopen(fd, reader));
}

void
store_reader_close(struct store_reader *r)
{
	if (r == NULL)
		return;
	if (r->gzip)
		inflateEnd(&r->z);
	close(r->fd);
	free(r);
}

static int
read_next(struct store_reader *r, struct flow *flow)
{
	size_t len;
	int error;

	r->offset = r->next_offset;
	while ((error = store_decode(r->buf + r->pos, r->len - r->pos, flow,
	    &len)) == FLOWD_ESHORT) {
		if ((error = fill(r)) == FLOWD_EEOF && r->len != 0)
			return (FLOWD_ETORN);
		if (error != 0)
			return (error);
	}
	if (error != 0)
		return (error);
	r->pos += len;
	r->next_offset += len;
	return (0);
}

int
store_read(struct store_reader *r, struct flow *flow)
{
	if (r->error == 0) {
		if ((r->error = read_next(r, flow)) == 0)
			return (0);
		r->saved_errno = errno;
	}
	memset(flow, 0, sizeof(*flow));
	errno = r->saved_errno;
	return (r->error);
}

bool
store_reader_drained(const struct store_reader *r)
{
	const size_t left = r->len - r->pos;
	size_t len;

	return (check_header(r->buf + r->pos, left, &len) == FLOWD_ESHORT ||
	    len > left);
}

uint64_t
store_reader_offset(const struct store_reader *r)
{
	return (r->offset);
}

int
store_writer_open(const char *path, struct store_writer **writer)
{
	struct store_writer *w;
	int fd;

	*writer = NULL;
	if (strcmp(path, "-") == 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return (FLOWD_EIO);
	if ((w = malloc(sizeof(*w))) == NULL) {
		close(fd);
		return (FLOWD_ENOMEM);
	}
	w->fd = fd;
	w->saved_errno = 0;
	w->len = 0;
	*writer = w;
	return (0);
}

static int
writer_result(const struct store_writer *w)
{
	if (w->saved_errno == 0)
		return (0);
	errno = w->saved_errno;
	return (FLOWD_EIO);
}

int
store_writer_flush(struct store_writer *w)
{
	size_t done = 0;
	ssize_t n;

	while (w->saved_errno == 0 && done < w->len) {
		n = write(w->fd, w->buf + done, w->len - done);
		if (n != -1)
			done += (size_t)n;
		else if (errno != EINTR)
			w->saved_errno = errno;
	}
	w->len = 0;
	return (writer_result(w));
}

int
store_write(struct store_writer *w, const struct flow *flow, uint32_t mask)
{
	size_t len;
	int error;

	if (sizeof(w->buf) - w->len < STORE_RECORD_MAX)
		error = store_writer_flush(w);
	else
		error = writer_result(w);
	if (error != 0)
		return (error);
	error = store_encode(flow, mask, w->buf + w->len,
	    sizeof(w->buf) - w->len, &len);
	w->len += len;
	return (error);
}

int
store_writer_close(struct store_writer *w)
{
	int error, cause;

	error = store_writer_flush(w);
	if (close(w->fd) == -1 && error == 0) {
		w->saved_errno = errno;
		error = FLOWD_EIO;
	}
	cause = w->saved_errno;
	free(w);
	if (error != 0)
		errno = cause;
	return (error);
}
