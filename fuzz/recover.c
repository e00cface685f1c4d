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
 * Logs with damage whose intact records are known: recovery must return all of
 * these, but may leave out short ones, and cutting the end must keep them.
 *
 * An input is a sequence of steps, each a byte (enum step) and its arguments.
 * All intact records have checksums.  The rest of a damaged record may contain
 * another record, but one without a checksum.
 */
#include "compat/compat.h"

#include "fuzz.h"

#include "lib/cursor.h"
#include "lib/fields.h"
#include "store.h"

enum step {
	STEP_RECORD,  /* an intact record */
	STEP_TORN,    /* the first octets of a record */
	STEP_FLIPPED, /* a record with one bit flipped */
	STEP_OTHER,   /* octets that are not a record */
	STEP_ZEROS,
	STEPS
};

#define LOG_MAX     (24 * 1024) /* bytes */
#define ZEROS_MAX   4096        /* in one step, bytes */
#define RECORDS_MAX (LOG_MAX / STORE_HEADER_LEN)
#define SHORT       32 /* of a record that may be the value of another */

/* The log, and the intact records in it. */
static struct made {
	uint8_t data[LOG_MAX + STORE_RECORD_MAX + UINT16_MAX];
	size_t len;
	struct {
		size_t at, len;
	} intact[RECORDS_MAX];
	size_t nintact;
} made;

static uint32_t
one_family(uint32_t fields, uint32_t pair)
{
	return ((fields & pair) == pair ? fields & ~pair : fields);
}

static void
set_address(struct addr *a, uint32_t fields, uint32_t pair, uint8_t byte)
{
	const uint32_t v4 = store_addr_bit(pair, ADDR_V4);

	a->family = (fields & pair) == 0 ? ADDR_NONE :
	    (fields & v4) != 0           ? ADDR_V4 :
					   ADDR_V6;
	memset(a->bytes, byte, addr_bits(a->family) / 8);
}

/* Appends a record; the input chooses its fields and some of its values. */
static size_t
append_record(struct cursor *in)
{
	struct flow flow = { .netflow_version = 9 };
	uint32_t fields;
	uint8_t byte;
	size_t len;

	(void)cur_u32(in, &fields);
	(void)cur_u8(in, &byte);
	fields = one_family(fields & FIELDS_KNOWN, STORE_FIELD_AGENT_ADDR);
	fields = one_family(fields, STORE_FIELD_SRC_ADDR);
	fields = one_family(fields, STORE_FIELD_DST_ADDR);
	fields = one_family(fields, STORE_FIELD_GATEWAY_ADDR);
	flow.fields = fields;
	set_address(&flow.agent, fields, STORE_FIELD_AGENT_ADDR, byte);
	set_address(&flow.src, fields, STORE_FIELD_SRC_ADDR, 0x60);
	set_address(&flow.dst, fields, STORE_FIELD_DST_ADDR, byte);
	set_address(&flow.gateway, fields, STORE_FIELD_GATEWAY_ADDR, 0x60);
	(void)cur_u64(in, &flow.octets);
	flow.packets = (uint64_t)byte << 56;
	assert_int_equal(store_encode(&flow, FIELDS_KNOWN, made.data + made.len,
			     STORE_RECORD_MAX, &len),
	    0);
	return (len);
}

static void
append_other(struct cursor *in, uint16_t len)
{
	uint8_t byte;

	for (; len > 0; len--) {
		(void)cur_u8(in, &byte);
		/* 0x28 at the beginning may be a file of zstd, not damage. */
		if (byte >> 5 == STORE_VER_MAJOR ||
		    (made.len == 0 && byte == 0x28))
			byte ^= 0x80;
		made.data[made.len++] = byte;
	}
}

static void
keep_record(size_t len)
{
	made.intact[made.nintact].at = made.len;
	made.intact[made.nintact].len = len;
	made.nintact++;
	made.len += len;
}

static void
take_step(struct cursor *in, enum step step)
{
	uint16_t n;
	size_t len;

	switch (step) {
	case STEP_RECORD:
		keep_record(append_record(in));
		break;
	case STEP_TORN:
		len = append_record(in);
		(void)cur_u16(in, &n);
		made.len += n % len;
		break;
	case STEP_FLIPPED:
		len = append_record(in);
		(void)cur_u16(in, &n);
		made.data[made.len + (n >> 3) % len] ^= (uint8_t)(1 << (n & 7));
		made.len += len;
		break;
	case STEP_OTHER:
		(void)cur_u16(in, &n);
		append_other(in, n > cur_left(in) ? (uint16_t)cur_left(in) : n);
		break;
	case STEP_ZEROS:
	case STEPS:
		(void)cur_u16(in, &n);
		n %= ZEROS_MAX;
		memset(made.data + made.len, 0, n);
		made.len += n;
		break;
	}
}

static void
ignore_damage(void *arg, int error, uint64_t offset, uint64_t len)
{
	(void)arg;
	(void)error;
	assert_true(offset + len <= made.len);
}

static void
check_recovery(void)
{
	struct store_reader *reader;
	struct flow flow;
	size_t i = 0;
	int r;

	r = store_reader_fdopen(fuzz_file(made.data, made.len), &reader);
	assert_int_equal(r, 0);
	assert_int_equal(store_reader_recover(reader, ignore_damage, NULL), 0);
	while ((r = store_read(reader, &flow)) == 0) {
		if ((flow.fields & STORE_FIELD_CRC32) == 0)
			continue;
		while (i < made.nintact && made.intact[i].len <= SHORT &&
		    made.intact[i].at != store_reader_offset(reader))
			i++;
		assert_true(i < made.nintact);
		assert_int_equal(store_reader_offset(reader),
		    made.intact[i].at);
		i++;
	}
	assert_true(r == FLOWD_EEOF);
	while (i < made.nintact && made.intact[i].len <= SHORT)
		i++;
	assert_int_equal(i, made.nintact);
	store_reader_close(reader);
}

/* A log that begins with a record keeps everything up to its last one. */
static void
check_tail(void)
{
	uint64_t keep;
	size_t last;
	int fd;

	if (made.nintact == 0 || made.intact[0].at != 0)
		return;
	fd = fuzz_file(made.data, made.len);
	assert_int_equal(store_check_tail(fd, &keep), 0);
	last = made.nintact - 1;
	assert_true(keep >= made.intact[last].at + made.intact[last].len);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in;
	uint8_t step;

	made.len = made.nintact = 0;
	cur_init(&in, data, size);
	while (made.len < LOG_MAX && cur_u8(&in, &step) == 0)
		take_step(&in, (enum step)(step % STEPS));
	check_recovery();
	check_tail();
	return (0);
}
