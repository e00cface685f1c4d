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
 * libpcap reads the file and determines the link layer.  This file parses the
 * headers from there to the payload of UDP.
 */
#include "compat/compat.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#ifdef HAVE_PCAP
#include <pcap/pcap.h>
#endif

#include "lib/cursor.h"
#include "send/flow-pcap.h"

#ifdef HAVE_PCAP
#define ETHERTYPE_8021Q  0x8100
#define ETHERTYPE_8021AD 0x88a8
#define ETHERTYPE_IPV4   0x0800
#define ETHERTYPE_IPV6   0x86dd

/* RFC 791 */
#define IPV4_HEADER_MIN    20
#define IPV4_LENGTH        2
#define IPV4_FRAGMENT      6
#define IPV4_FRAGMENT_MASK 0x3fff /* more fragments, and the offset */
#define IPV4_PROTOCOL      9
#define IPV4_SRC           12

/* RFC 8200 */
#define IPV6_HEADER_LEN    40
#define IPV6_LENGTH        4
#define IPV6_NEXT          6
#define IPV6_SRC           8
#define IPV6_NEXT_HOPOPTS  0
#define IPV6_NEXT_ROUTING  43
#define IPV6_NEXT_FRAGMENT 44
#define IPV6_NEXT_DSTOPTS  60

/* RFC 768 */
#define IPPROTO_NUMBER_UDP 17
#define UDP_HEADER_LEN     8
#define UDP_LENGTH         4

/* The known link layers, and the offset of the protocol in each. */
static const struct link {
	int dlt;
	size_t header_len;
	int type_off; /* bytes; -1: they carry nothing but IP */
} links[] = {
	{ DLT_EN10MB, 14, 12 },
	{ DLT_LINUX_SLL, 16, 14 },
#ifdef DLT_LINUX_SLL2
	{ DLT_LINUX_SLL2, 20, 0 },
#endif
	{ DLT_RAW, 0, -1 },
	{ DLT_IPV4, 0, -1 },
	{ DLT_IPV6, 0, -1 },
	{ DLT_NULL, 4, -1 },
	{ DLT_LOOP, 4, -1 },
};

/* The kinds of packets. */
enum kind { KIND_UDP, KIND_OTHER, KIND_FRAGMENT, KIND_DAMAGED };

static const struct link *
link_find(int dlt)
{
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (links[i].dlt == dlt)
			return (&links[i]);
	}
	return (NULL);
}

/* Sets c to the packet after the link layer and its VLAN tags. */
static enum kind
walk_link(const struct link *l, struct cursor *c)
{
	const uint8_t *header = cur_take(c, l->header_len);
	uint16_t type;

	if (header == NULL)
		return (KIND_DAMAGED);
	if (l->type_off == -1)
		return (KIND_UDP);
	type = be16(header + l->type_off);
	while (type == ETHERTYPE_8021Q || type == ETHERTYPE_8021AD) {
		if (cur_skip(c, 2) != 0 || cur_u16(c, &type) != 0)
			return (KIND_DAMAGED);
	}
	if (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6)
		return (KIND_OTHER);
	return (KIND_UDP);
}

/* Sets c to the payload, without bytes after the packet. */
static enum kind
walk_ipv4(struct cursor *c, struct addr *src)
{
	const uint8_t *header = cur_peek(c);
	size_t header_len;

	if (cur_left(c) < IPV4_HEADER_MIN)
		return (KIND_DAMAGED);
	header_len = (header[0] & 0x0fU) * 4U;
	if (header_len < IPV4_HEADER_MIN)
		return (KIND_DAMAGED);
	if (header[IPV4_PROTOCOL] != IPPROTO_NUMBER_UDP)
		return (KIND_OTHER);
	if ((be16(header + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) != 0)
		return (KIND_FRAGMENT);
	if (cur_truncate(c, be16(header + IPV4_LENGTH)) != 0 ||
	    cur_skip(c, header_len) != 0)
		return (KIND_DAMAGED);
	*src = addr_v4(header + IPV4_SRC);
	return (KIND_UDP);
}

/* Skips the extension headers (RFC 8200 section 4) from next on. */
static enum kind
walk_extensions(struct cursor *c, uint8_t next)
{
	uint8_t after, len;

	while (next == IPV6_NEXT_HOPOPTS || next == IPV6_NEXT_ROUTING ||
	    next == IPV6_NEXT_DSTOPTS) {
		if (cur_u8(c, &after) != 0 || cur_u8(c, &len) != 0 ||
		    cur_skip(c, len * 8U + 6U) != 0)
			return (KIND_DAMAGED);
		next = after;
	}
	if (next != IPV6_NEXT_FRAGMENT)
		return (next == IPPROTO_NUMBER_UDP ? KIND_UDP : KIND_OTHER);
	if (cur_u8(c, &after) != 0)
		return (KIND_DAMAGED);
	return (after == IPPROTO_NUMBER_UDP ? KIND_FRAGMENT : KIND_OTHER);
}

static enum kind
walk_ipv6(struct cursor *c, struct addr *src)
{
	const uint8_t *header = cur_take(c, IPV6_HEADER_LEN);

	if (header == NULL || cur_truncate(c, be16(header + IPV6_LENGTH)) != 0)
		return (KIND_DAMAGED);
	*src = addr_v6(header + IPV6_SRC);
	return (walk_extensions(c, header[IPV6_NEXT]));
}

/* Sets c to the payload. */
static enum kind
walk_udp(struct cursor *c)
{
	const uint8_t *header = cur_take(c, UDP_HEADER_LEN);
	size_t len;

	if (header == NULL)
		return (KIND_DAMAGED);
	len = be16(header + UDP_LENGTH);
	if (len < UDP_HEADER_LEN || cur_truncate(c, len - UDP_HEADER_LEN) != 0)
		return (KIND_DAMAGED);
	return (KIND_UDP);
}

static enum kind
walk(const struct link *l, struct cursor *c, struct addr *src)
{
	enum kind kind;

	if ((kind = walk_link(l, c)) != KIND_UDP)
		return (kind);
	if (cur_left(c) == 0)
		return (KIND_DAMAGED);
	switch (cur_peek(c)[0] >> 4) {
	case 4:
		kind = walk_ipv4(c, src);
		break;
	case 6:
		kind = walk_ipv6(c, src);
		break;
	default:
		kind = KIND_DAMAGED;
	}
	return (kind == KIND_UDP ? walk_udp(c) : kind);
}

/* Returns NULL after a message. */
static pcap_t *
capture_open(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	FILE *fp;

	fp = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (fp == NULL) {
		warn("%s", path);
		return (NULL);
	}
	if ((pcap = pcap_fopen_offline(fp, error)) == NULL) {
		warnx("%s: %s", path, error);
		(void)fclose(fp);
	}
	return (pcap);
}

int
flow_pcap_read(const char *path, flow_pcap_take *take, void *arg,
    struct flow_pcap_skipped *skipped)
{
	struct pcap_pkthdr *header;
	const struct link *l;
	const uint8_t *data;
	struct cursor c;
	struct addr src;
	pcap_t *pcap;
	int r = PCAP_ERROR;

	memset(skipped, 0, sizeof(*skipped));
	if ((pcap = capture_open(path)) == NULL)
		return (-1);
	if ((l = link_find(pcap_datalink(pcap))) == NULL) {
		warnx("%s: link type %d is not known", path,
		    pcap_datalink(pcap));
		goto out;
	}
	while ((r = pcap_next_ex(pcap, &header, &data)) == 1) {
		cur_init(&c, data, header->caplen);
		switch (walk(l, &c, &src)) {
		case KIND_UDP:
			take(arg, &src, cur_peek(&c), cur_left(&c));
			break;
		case KIND_OTHER:
			skipped->other++;
			break;
		case KIND_FRAGMENT:
			skipped->fragments++;
			break;
		case KIND_DAMAGED:
			skipped->damaged++;
			break;
		}
	}
	if (r == PCAP_ERROR)
		warnx("%s: %s", path, pcap_geterr(pcap));
out:
	pcap_close(pcap);
	return (r == PCAP_ERROR ? -1 : 0);
}

const char *
flow_pcap_version(void)
{
	static const char prefix[] = "libpcap version ";
	const char *version = pcap_lib_version();

	if (strncmp(version, prefix, sizeof(prefix) - 1) == 0)
		version += sizeof(prefix) - 1;
	return (version);
}
#else
int
flow_pcap_read(const char *path, flow_pcap_take *take, void *arg,
    struct flow_pcap_skipped *skipped)
{
	(void)take;
	(void)arg;
	memset(skipped, 0, sizeof(*skipped));
	warnx("%s: flow-send was built without libpcap, which reads captures",
	    path);
	return (-1);
}

const char *
flow_pcap_version(void)
{
	return ("none; -p is not available");
}
#endif
