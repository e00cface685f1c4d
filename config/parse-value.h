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
 * Values of statements and parameters.  All functions return false for an
 * invalid value.  Functions with the parameter what report it; for the others,
 * the caller reports it.
 */
#ifndef PARSE_VALUE_H
#define PARSE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/parse-state.h"

/* A number from min to max: decimal, 0x hexadecimal or 0 octal. */
bool value_number(struct token what, struct token value, uint64_t min,
    uint64_t max, uint64_t *out);

/* Bytes: a number, optionally with K, M or G, powers of 1024. */
bool value_size(struct token value, uint64_t *size);

/* A size of at least min bytes, which is a number of K or of M. */
bool value_size_from(struct token what, struct token value, uint64_t min,
    uint64_t *size);

/* A number and its unit: s, m, h, d or w. */
bool value_duration(struct token value, uint32_t *seconds);

/*
 * ADDR:PORT, or [ADDR]:PORT for IPv6, or [ADDR%IFNAME]:PORT for a link-local
 * address.  Sets ifname only in the last case.
 */
bool value_address_and_port(struct token what, struct token value,
    struct addr *addr, uint16_t *port, char ifname[IF_NAMESIZE]);

/*
 * Whether the address has an interface, if it needs one; value is its token.
 */
bool value_has_interface(struct token what, struct token value,
    const struct addr *addr, const char *ifname);

bool value_prefix(struct token what, struct token value, struct prefix *prefix);
bool value_path_is_valid(struct token statement, struct token value);

/* Compares two uint32_t, for qsort and bsearch. */
int value_compare_u32(const void *a, const void *b);

#endif
