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
 * Capsicum's interface as far as flowd uses it, for the model on Linux.  A
 * right is a bit here.
 */
#ifndef MODEL_CAPSICUM_H
#define MODEL_CAPSICUM_H

#include <stdint.h>

#define CAP_READ       UINT64_C(0x0001)
#define CAP_WRITE      UINT64_C(0x0002)
#define CAP_SEEK       UINT64_C(0x0004)
#define CAP_MMAP       UINT64_C(0x0008)
#define CAP_FSTAT      UINT64_C(0x0010)
#define CAP_FSYNC      UINT64_C(0x0020)
#define CAP_FTRUNCATE  UINT64_C(0x0040)
#define CAP_FCNTL      UINT64_C(0x0080)
#define CAP_IOCTL      UINT64_C(0x0100)
#define CAP_EVENT      UINT64_C(0x0200)
#define CAP_ACCEPT     UINT64_C(0x0400)
#define CAP_LISTEN     UINT64_C(0x0800)
#define CAP_GETSOCKOPT UINT64_C(0x1000)
#define CAP_SETSOCKOPT UINT64_C(0x2000)
#define CAP_RECV       CAP_READ
#define CAP_SEND       CAP_WRITE

typedef struct {
	uint64_t bits;
} cap_rights_t;

cap_rights_t *cap_rights_init(cap_rights_t *rights);
cap_rights_t *cap_rights_set(cap_rights_t *rights, uint64_t right);
int cap_rights_limit(int fd, const cap_rights_t *rights);
int cap_enter(void);

#endif
