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

#include <string.h>

#include "decode/option-text.h"
#include "errors.h"

size_t
option_text_size(const char *text)
{
	return (text == NULL ? 0 : strlen(text) + 1);
}

struct ie_octets
option_text_octets(const char *text)
{
	struct ie_octets octets = { .len = 0 };

	if (text == NULL)
		return (octets);
	octets.data = (const uint8_t *)text;
	octets.len = strlen(text);
	return (octets);
}

void
option_text_free(char *text, struct memory *memory)
{
	memory_put(memory, text, option_text_size(text));
}

static size_t
length_of(struct ie_octets octets)
{
	if (octets.len == 0)
		return (0);
	return (strnlen((const char *)octets.data,
	    octets.len < OPTION_TEXT_MAX ? octets.len : OPTION_TEXT_MAX));
}

int
option_text_set(char **text, struct ie_octets octets, struct memory *memory,
    bool *changed)
{
	const char *sent = (const char *)octets.data;
	const size_t len = length_of(octets);
	char *copy = NULL;

	if (*text == NULL ?
		len == 0 :
		strlen(*text) == len && memcmp(*text, sent, len) == 0)
		return (0);
	if (len != 0) {
		if ((copy = memory_get(memory, len + 1)) == NULL)
			return (FLOWD_ENOMEM);
		memcpy(copy, sent, len);
		copy[len] = '\0';
	}
	option_text_free(*text, memory);
	*text = copy;
	*changed = true;
	return (0);
}
