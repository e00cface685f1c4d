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

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/cursor.h"
#include "monitor/crashdump.h"

/* The file format of pcap, draft-ietf-opsawg-pcap. */
#define PCAP_MAGIC         0xa1b2c3d4U /* with microseconds */
#define PCAP_VERSION_MAJOR 2
#define PCAP_VERSION_MINOR 4
#define PCAP_SNAPLEN       (1U << 18)
#define PCAP_LINKTYPE_RAW  101 /* IPv4 or IPv6 */
#define PCAP_HEADER_LEN    24
#define PCAP_RECORD_LEN    16

/* The headers before each datagram: RFC 791, 8200, 768. */
#define IPV4_LEN      20
#define IPV4_CHECKSUM 10 /* offset */
#define IPV6_LEN      40
#define UDP_LEN       8
#define UDP           17
#define IP_HOPS       64
#define HEADERS_MAX   (PCAP_RECORD_LEN + IPV6_LEN + UDP_LEN)

/*
 * The destination port.  A batch does not have the real one; other programs
 * recognise NetFlow by this one.
 */
#define PORT_TO 2055

#define NAME_LEN 32

static const struct addr to_v4 = { .family = ADDR_V4,
	.bytes = { 127, 0, 0, 1 } };
static const struct addr to_v6 = { .family = ADDR_V6, .bytes = { [15] = 1 } };

/* Adds data to the unfolded checksum of RFC 1071. */
static uint32_t
add_up(uint32_t sum, const uint8_t *data, size_t len)
{
	for (; len >= 2; data += 2, len -= 2)
		sum += be16(data);
	return (len == 1 ? sum + ((uint32_t)data[0] << 8) : sum);
}

static uint16_t
checksum(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

static int
put_ipv4(struct wcursor *w, const struct addr *from, size_t len)
{
	uint8_t *start = wcur_take(w, IPV4_LEN);
	struct wcursor header;

	if (start == NULL)
		return (-1);
	wcur_init(&header, start, IPV4_LEN);
	if (wcur_u16(&header, 0x4500) != 0 ||
	    wcur_u16(&header, (uint16_t)(IPV4_LEN + UDP_LEN + len)) != 0 ||
	    wcur_u32(&header, 0) != 0 ||
	    wcur_u16(&header, IP_HOPS << 8 | UDP) != 0 ||
	    wcur_u16(&header, 0) != 0 ||
	    wcur_bytes(&header, from->bytes, 4) != 0 ||
	    wcur_bytes(&header, to_v4.bytes, 4) != 0)
		return (-1);
	be16_put(start + IPV4_CHECKSUM, checksum(add_up(0, start, IPV4_LEN)));
	return (0);
}

static int
put_ipv6(struct wcursor *w, const struct addr *from, size_t len)
{
	if (wcur_u32(w, 0x60000000) != 0 ||
	    wcur_u16(w, (uint16_t)(UDP_LEN + len)) != 0 ||
	    wcur_u16(w, UDP << 8 | IP_HOPS) != 0 ||
	    wcur_bytes(w, from->bytes, 16) != 0 ||
	    wcur_bytes(w, to_v6.bytes, 16) != 0)
		return (-1);
	return (0);
}

/* Required over IPv6.  It includes both addresses. */
static uint16_t
udp_checksum(const struct batch_datagram *d)
{
	const uint32_t len = (uint32_t)(UDP_LEN + d->len);
	uint32_t sum = UDP + d->port + PORT_TO + 2 * len;
	uint16_t result;

	sum = add_up(sum, d->from.bytes, 16);
	sum = add_up(sum, to_v6.bytes, 16);
	result = checksum(add_up(sum, d->data, d->len));
	return (result == 0 ? 0xffff : result);
}

static int
put_udp(struct wcursor *w, const struct batch_datagram *d)
{
	const bool v6 = d->from.family == ADDR_V6;

	if (wcur_u16(w, d->port) != 0 || wcur_u16(w, PORT_TO) != 0 ||
	    wcur_u16(w, (uint16_t)(UDP_LEN + d->len)) != 0 ||
	    wcur_u16(w, v6 ? udp_checksum(d) : 0) != 0)
		return (-1);
	return (0);
}

static int
put_record(struct wcursor *w, const struct timespec *when, size_t len)
{
	if (wcur_u32(w, (uint32_t)when->tv_sec) != 0 ||
	    wcur_u32(w, (uint32_t)(when->tv_nsec / 1000) % 1000000) != 0 ||
	    wcur_u32(w, (uint32_t)len) != 0 || wcur_u32(w, (uint32_t)len) != 0)
		return (-1);
	return (0);
}

static int
write_datagram(FILE *fp, const struct batch_datagram *datagram,
    const struct timespec *when)
{
	struct batch_datagram d = *datagram;
	const bool v6 = d.from.family == ADDR_V6;
	const size_t headers = (v6 ? IPV6_LEN : IPV4_LEN) + UDP_LEN;
	uint8_t buf[HEADERS_MAX];
	struct wcursor w;

	/* The length in the headers has 16 bits. */
	if (d.len > UINT16_MAX - headers)
		d.len = UINT16_MAX - headers;
	wcur_init(&w, buf, sizeof(buf));
	if (put_record(&w, when, headers + d.len) != 0 ||
	    (v6 ? put_ipv6(&w, &d.from, d.len) :
		  put_ipv4(&w, &d.from, d.len)) != 0 ||
	    put_udp(&w, &d) != 0)
		return (-1);
	if (fwrite(buf, sizeof(buf) - wcur_left(&w), 1, fp) != 1)
		return (-1);
	return (d.len == 0 || fwrite(d.data, d.len, 1, fp) == 1 ? 0 : -1);
}

static int
write_header(FILE *fp)
{
	uint8_t buf[PCAP_HEADER_LEN];
	struct wcursor w;

	wcur_init(&w, buf, sizeof(buf));
	if (wcur_u32(&w, PCAP_MAGIC) != 0 ||
	    wcur_u16(&w, PCAP_VERSION_MAJOR) != 0 ||
	    wcur_u16(&w, PCAP_VERSION_MINOR) != 0 || wcur_u64(&w, 0) != 0 ||
	    wcur_u32(&w, PCAP_SNAPLEN) != 0 ||
	    wcur_u32(&w, PCAP_LINKTYPE_RAW) != 0)
		return (-1);
	return (fwrite(buf, sizeof(buf), 1, fp) == 1 ? 0 : -1);
}

static int
write_batch(FILE *fp, const struct batch *b)
{
	const size_t n = batch_count(b);
	const struct timespec when = b->received;
	struct batch_datagram d;
	size_t i;

	if (write_header(fp) == -1)
		return (-1);
	for (i = 0; i < n; i++) {
		batch_get(b, i, &d);
		if (write_datagram(fp, &d, &when) == -1)
			return (-1);
	}
	return (0);
}

static void
name_of(int i, char name[NAME_LEN])
{
	(void)snprintf(name, NAME_LEN, "crash-%d.pcap", i);
}

static bool
is_before(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec :
					 a->tv_nsec < b->tv_nsec);
}

/* The number of the first free name, or else that of the oldest file. */
static int
choose(int dirfd)
{
	char name[NAME_LEN];
	struct stat st;
	struct timespec oldest = { 0 };
	int i, which = 0;

	for (i = 1; i <= CRASHDUMPS_MAX; i++) {
		name_of(i, name);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return (i);
		if (which == 0 || is_before(&st.st_mtim, &oldest)) {
			oldest = st.st_mtim;
			which = i;
		}
	}
	return (which);
}

static FILE *
create(int dirfd, const char *name)
{
	FILE *fp;
	int fd;

	(void)unlinkat(dirfd, name, 0);
	fd = openat(dirfd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return (NULL);
	if ((fp = fdopen(fd, "w")) == NULL)
		(void)close(fd);
	return (fp);
}

static int
open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		log_warn("crashdump %s", dir);
	return (fd);
}

int
crashdump_check(const char *dir)
{
	int fd = open_dir(dir);

	if (fd == -1)
		return (-1);
	(void)close(fd);
	return (0);
}

void
crashdump_write(const char *dir, const struct batch *b)
{
	char name[NAME_LEN];
	int dirfd, in_process = batch_in_process(b), r;
	FILE *fp;

	if (batch_count(b) == 0 || (dirfd = open_dir(dir)) == -1)
		return;
	name_of(choose(dirfd), name);
	if ((fp = create(dirfd, name)) == NULL)
		log_warn("crashdump %s/%s", dir, name);
	else {
		r = write_batch(fp, b);
		if (fclose(fp) == EOF || r == -1)
			log_warn("crashdump %s/%s is incomplete", dir, name);
		else if (in_process == -1)
			log_info("crashdump %s/%s: the last %zu datagrams", dir,
			    name, batch_count(b));
		else
			log_info(
			    "crashdump %s/%s: the last %zu datagrams; "
			    "the collector was processing number %d",
			    dir, name, batch_count(b), in_process + 1);
	}
	(void)close(dirfd);
}
