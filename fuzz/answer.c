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
 * Answers that flowdctl reads from the control socket.  An input is one or
 * several answers, each preceded by its length (u16).  Every accepted answer
 * must print in every format as printable ASCII and newlines.
 */
#include "compat/compat.h"

#include "fuzz.h"

#include "control/ctl-check.h"
#include "control/ctl-print.h"
#include "lib/cursor.h"

static void
check_text(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		assert_true(
		    text[i] == '\n' || (text[i] >= 0x20 && text[i] <= 0x7e));
}

static void
check(FILE *fp, const struct answer *a)
{
	struct findings found = { .n = 0 }, none = { .n = 0 };

	assert_true(ctl_check(a, &found) == 0);
	(void)findings_acknowledge(&found, &none);
	findings_print_text(fp, &found);
	findings_print_json(fp, &found);
	findings_print_prometheus(fp, &found);
	findings_free(&found);
}

static void
show(FILE *fp, const struct answer *a)
{
	ctl_print_json(fp, a, CONTROL_WANT_ALL);
	ctl_print_prometheus(fp, a);
	ctl_print_rules(fp, a);
	ctl_print_exporters(fp, a);
	ctl_print_templates(fp, a);
	if (answer_record(a, CONTROL_SUMMARY, 0) != NULL)
		ctl_print_summary(fp, a);
	if (answer_record(a, CONTROL_MEMORY, 0) != NULL)
		ctl_print_memory(fp, a);
	if (answer_record(a, CONTROL_EXPORTER, 0) != NULL)
		ctl_print_exporter(fp, a);
	if (answer_record(a, CONTROL_SUMMARY, 0) == NULL)
		return;
	check(fp, a);
}

static void
use(struct answer *a)
{
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	assert_non_null(fp);
	answer_sort(a);
	show(fp, a);
	assert_true(fclose(fp) == 0);
	check_text(text, len);
	free(text);
}

/* False if it is not a valid answer, or there is no other. */
static bool
add(struct answer *a, struct cursor *in)
{
	size_t part;
	uint8_t *data;
	uint16_t len;

	if (cur_u16(in, &len) != 0)
		return (false);
	part = cur_left(in) < len ? cur_left(in) : len;
	data = malloc(part + 1);
	assert_non_null(data);
	(void)cur_bytes(in, data, part);
	return (answer_add(a, data, part) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a = { .ndata = 0 };
	struct cursor in;

	cur_init(&in, data, size);
	if (add(&a, &in)) {
		use(&a);
		while (add(&a, &in))
			use(&a);
	}
	answer_free(&a);
	return (0);
}
