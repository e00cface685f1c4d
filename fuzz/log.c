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
 * Logs of version 3, plain or compressed, and of version 2.
 *
 * An input is a byte that selects what the rest is (LOG_*); the length at which
 * a growing log is first read, u16; with LOG_DAMAGE an offset, u16, and the
 * bits to flip there; and the rest.
 */
#include "compat/compat.h"

#include <zlib.h>

#include "fuzz.h"

#include "codec/codec.h"
#include "crc32.h"
#include "format.h"
#include "lib/cursor.h"
#include "lib/fields.h"
#include "lib/store-v2.h"
#include "store.h"

#define LOG_KIND     0x03
#define LOG_PLAIN    0    /* bytes of a log */
#define LOG_COMPRESS 1    /* the same, but compressed here */
#define LOG_LEGACY   2    /* of version 2 */
#define LOG_AS_IT_IS 3    /* perhaps compressed */
#define LOG_SIGN     0x04 /* checksums are corrected */
#define LOG_DAMAGE   0x08 /* after compressing */
#define LOG_FOLLOW   0x10 /* the log grows while it is read */

#define LOG_MAX   65536 /* bytes */
#define CRC_LEN   4
#define FLOWS_MAX 100000 /* at most, if it inflates to more */

typedef int decode_fn(const uint8_t *, size_t, struct flow *, size_t *);

/* The result of reading a log. */
struct reading {
	size_t flows;
	uint32_t sum; /* of all flows */
	int error;    /* at the end */
	bool checked; /* every record had its checksum */
};

/*
 * The records and damages that recovery reports, which must add up to the log.
 */
struct account {
	uint64_t at; /* bytes accounted for */
	size_t damages;
	bool plain;
};

static void
sign(uint8_t *data, size_t len, decode_fn *decode)
{
	struct flow flow;
	size_t at = 0, n;
	int r;

	while (at < len) {
		r = decode(data + at, len - at, &flow, &n);
		if (r == FLOWD_ECRC)
			be32_put(data + at + n - CRC_LEN,
			    flowd_crc32(0, data + at, n - CRC_LEN));
		at += n == 0 ? 1 : n;
	}
}

static void
check_lines(const struct flow *flow)
{
	char line[FORMAT_LINE_MAX];

	assert_int_equal(format_flow(flow, FIELDS_KNOWN, true, line),
	    strlen(line));
	assert_int_equal(format_flow(flow, STORE_DISPLAY_BRIEF, false, line),
	    strlen(line));
	assert_int_equal(format_csv(flow, line), strlen(line));
	assert_int_equal(format_json(flow, true, line), strlen(line));
	assert_int_equal(format_json(flow, false, line), strlen(line));
}

/* A flow that was read can be written, and reads back the same. */
static uint32_t
check_flow(const struct flow *flow, uint32_t sum)
{
	uint8_t first[STORE_RECORD_MAX], second[STORE_RECORD_MAX];
	struct flow back;
	size_t len, len2;

	check_lines(flow);
	assert_int_equal(
	    store_encode(flow, FIELDS_KNOWN, first, sizeof(first), &len), 0);
	assert_int_equal(store_decode(first, len, &back, &len2), 0);
	assert_int_equal(len, len2);
	assert_int_equal(back.fields & ~STORE_FIELD_CRC32,
	    flow->fields & FIELDS_KNOWN & ~STORE_FIELD_CRC32);
	assert_int_equal(
	    store_encode(&back, FIELDS_KNOWN, second, sizeof(second), &len2),
	    0);
	assert_int_equal(len, len2);
	assert_memory_equal(first, second, len);
	return (flowd_crc32(sum, first, len));
}

/* Reads to the present end of the log. */
static void
read_on(struct store_reader *reader, struct reading *reading,
    struct account *account)
{
	struct flow flow;

	while (reading->flows < FLOWS_MAX &&
	    (reading->error = store_read(reader, &flow)) == 0) {
		reading->sum = check_flow(&flow, reading->sum);
		reading->flows++;
		if ((flow.fields & STORE_FIELD_CRC32) == 0)
			reading->checked = false;
		if (account == NULL || !account->plain)
			continue;
		assert_int_equal(store_reader_offset(reader), account->at);
		/* Unless records have fields of a newer version. */
		account->at += flow.version == STORE_VERSION ?
		    store_record_len(flow.fields) :
		    0;
		account->plain = flow.version == STORE_VERSION;
	}
}

static struct store_reader *
open_reader(int fd)
{
	struct store_reader *reader;

	assert_int_equal(store_reader_fdopen(fd, &reader), 0);
	return (reader);
}

static struct reading
read_log(const uint8_t *data, size_t len)
{
	struct store_reader *reader = open_reader(fuzz_file(data, len));
	struct reading reading = { .checked = true };

	read_on(reader, &reading, NULL);
	store_reader_close(reader);
	return (reading);
}

static void
take_damage(void *arg, int error, uint64_t offset, uint64_t len)
{
	struct account *account = arg;

	assert_true(error < 0);
	account->damages++;
	if (!account->plain || error == FLOWD_EGZIP)
		return;
	assert_int_equal(offset, account->at);
	assert_true(len > 0);
	account->at += len;
}

/*
 * Every byte of a plain log is part of a record or of damage, and a log with
 * correct checksums reads as without recovery.
 */
static void
recover(const uint8_t *data, size_t len, bool plain,
    const struct reading *strict)
{
	struct store_reader *reader = open_reader(fuzz_file(data, len));
	struct reading reading = { .checked = true };
	struct account account = { .plain = plain };

	assert_int_equal(store_reader_recover(reader, take_damage, &account),
	    0);
	read_on(reader, &reading, &account);
	store_reader_close(reader);
	if (strict->error == FLOWD_EEOF && strict->checked) {
		assert_int_equal(reading.flows, strict->flows);
		assert_int_equal(reading.sum, strict->sum);
		assert_int_equal(account.damages, 0);
	}
	if (account.plain && reading.error == FLOWD_EEOF)
		assert_int_equal(account.at, len);
}

/* Following a growing log returns the flows of the whole log. */
static void
follow(const uint8_t *data, size_t len, size_t first, bool recovering,
    const struct reading *strict)
{
	int fd = fuzz_file(data, first);
	struct store_reader *reader = open_reader(fd);
	struct reading reading = { .checked = true };
	struct account account = { .plain = false };

	if (recovering)
		assert_int_equal(
		    store_reader_recover(reader, take_damage, &account), 0);
	store_reader_follow(reader, true);
	read_on(reader, &reading, NULL);
	assert_true(pwrite(fd, data + first, len - first, (off_t)first) ==
	    (ssize_t)(len - first));
	read_on(reader, &reading, NULL);
	store_reader_follow(reader, false);
	read_on(reader, &reading, NULL);
	store_reader_close(reader);
	if (recovering)
		return;
	assert_int_equal(reading.flows, strict->flows);
	assert_int_equal(reading.sum, strict->sum);
	assert_int_equal(reading.error, strict->error);
}

/* A log that was cut for appending is not cut again. */
static void
check_tail(const uint8_t *data, size_t len)
{
	int fd = fuzz_file(data, len);
	uint64_t keep, again;
	int error = store_check_tail(fd, &keep);

	assert_true(keep <= len);
	assert_true(error == 0 || keep == 0);
	if (error == 0) {
		assert_true(ftruncate(fd, (off_t)keep) == 0);
		assert_int_equal(store_check_tail(fd, &again), 0);
		assert_int_equal(keep, again);
	}
	(void)close(fd);
}

static void
read_legacy(const uint8_t *data, size_t len)
{
	struct store_reader *reader = open_reader(fuzz_file(data, len));
	struct reading reading = { .checked = true };
	uint32_t start_sec;

	if (store_reader_legacy(reader, &start_sec) == 0)
		read_on(reader, &reading, NULL);
	store_reader_close(reader);
}

/* zlib writes through the pointer to. */
static size_t
/* NOLINTNEXTLINE(readability-non-const-parameter) */
compress_into(uint8_t *to, size_t size, const uint8_t *data, size_t len)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)data,
		.avail_in = (unsigned int)len,
		.next_out = to,
		.avail_out = (unsigned int)size };
	int r;

	r = deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 1,
	    Z_DEFAULT_STRATEGY);
	assert_int_equal(r, Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return (size - z.avail_out);
}

/* Whether this is not recognised as a compressed log. */
static bool
is_plain(const uint8_t *data, size_t len)
{
	static const char *const magics[] = { "\x1f\x8b", "\xfd\x37",
		"\x28\xb5", "BZ" };
	size_t i;

	for (i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (len >= 2 && memcmp(data, magics[i], 2) == 0)
			return (false);
	}
	return (true);
}

/* Compresses to two members; where and flip are the damage, if any. */
static void
read_compressed(const uint8_t *data, size_t len, size_t first, uint16_t where,
    uint8_t flip)
{
	static uint8_t packed[2 * LOG_MAX];
	struct reading reading, whole;
	size_t n;

	whole = read_log(data, len);
	n = compress_into(packed, sizeof(packed), data, first);
	n += compress_into(packed + n, sizeof(packed) - n, data + first,
	    len - first);
	packed[where % n] ^= flip;
	reading = read_log(packed, n);
	if (flip == 0 && len > 0 && is_plain(data, len)) {
		assert_int_equal(reading.flows, whole.flows);
		assert_int_equal(reading.sum, whole.sum);
		assert_int_equal(reading.error, whole.error);
	}
	recover(packed, n, false, &reading);
}

static void
read_plain(const uint8_t *data, size_t len, size_t first, bool followed)
{
	const bool plain = is_plain(data, len);
	const struct reading reading = read_log(data, len);

	if (followed && plain) {
		follow(data, len, first, false, &reading);
		follow(data, len, first, true, &reading);
		return;
	}
	recover(data, len, plain, &reading);
	check_tail(data, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t log[LOG_MAX];
	struct cursor in;
	uint8_t what, flip = 0;
	uint16_t first, where = 0;
	size_t len;

	codec_register();
	cur_init(&in, data, size);
	if (cur_u8(&in, &what) != 0 || cur_u16(&in, &first) != 0)
		return (0);
	if ((what & LOG_DAMAGE) != 0 &&
	    (cur_u16(&in, &where) != 0 || cur_u8(&in, &flip) != 0))
		return (0);
	if ((len = cur_left(&in)) > sizeof(log))
		return (0);
	(void)cur_bytes(&in, log, len);
	if ((what & LOG_SIGN) != 0)
		sign(log, len,
		    (what & LOG_KIND) == LOG_LEGACY ? store_v2_decode :
						      store_decode);
	if (first > len)
		first = (uint16_t)len;
	switch (what & LOG_KIND) {
	case LOG_COMPRESS:
		read_compressed(log, len, first, where, flip);
		break;
	case LOG_LEGACY:
		read_legacy(log, len);
		break;
	default:
		read_plain(log, len, first, (what & LOG_FOLLOW) != 0);
		break;
	}
	return (0);
}
