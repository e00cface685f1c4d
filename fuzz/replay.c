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
 * Runs a fuzz target once on each file in the arguments, and on each file in
 * their directories, without a fuzzer.
 */
#include "compat/compat.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define INPUT_MAX (1U << 20) /* bytes */

static size_t inputs;

/* Each input has its own allocation, so that a sanitizer sees its end. */
static int
run_file(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *fp = fopen(path, "rb");
	uint8_t *data;
	size_t len;

	if (fp == NULL) {
		perror(path);
		return (-1);
	}
	len = fread(buf, 1, sizeof(buf), fp);
	(void)fclose(fp);
	if ((data = malloc(len == 0 ? 1 : len)) == NULL) {
		perror(path);
		return (-1);
	}
	memcpy(data, buf, len);
	(void)fprintf(stderr, "input %s\n", path);
	(void)LLVMFuzzerTestOneInput(data, len);
	free(data);
	inputs++;
	return (0);
}

static int
run_directory(const char *path, DIR *dir)
{
	char name[FUZZ_PATH_MAX + sizeof(((struct dirent *)NULL)->d_name)];
	struct dirent *entry;
	int r = 0;

	while (r == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path,
		    entry->d_name);
		r = run_file(name);
	}
	return (r);
}

static int
run(const char *path)
{
	DIR *dir = opendir(path);
	int r;

	if (dir == NULL)
		return (run_file(path));
	r = run_directory(path, dir);
	(void)closedir(dir);
	return (r);
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (run(argv[i]) != 0)
			return (1);
	}
	(void)printf("%zu inputs\n", inputs);
	return (0);
}
