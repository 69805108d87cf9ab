/* SPDX-License-Identifier: EUPL-1.2 */
/* floor_json FILE RUNS: what jansson takes to parse the file, in the middle of so many runs. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS_MAX 1000

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;
	return (*x > *y) - (*x < *y);
}

static char *read_all(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	if (!f || fseek(f, 0, SEEK_END))
		return NULL;
	long len = ftell(f);
	rewind(f);
	char *bytes = len > 0 ? malloc((size_t)len) : NULL;
	if (bytes && fread(bytes, 1, (size_t)len, f) != (size_t)len) {
		free(bytes);
		bytes = NULL;
	}
	fclose(f);
	*ret_len = (size_t)len;
	return bytes;
}

int main(int argc, char **argv)
{
	static int64_t took_ns[RUNS_MAX];
	size_t len = 0;
	char *bytes = argc == 3 ? read_all(argv[1], &len) : NULL;
	long runs = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	if (!bytes || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "floor_json FILE RUNS\n");
		free(bytes);
		return 2;
	}
	for (long i = 0; i < runs; i++) {
		int64_t from_ns = now_ns();
		json_t *root = json_loadb(bytes, len, 0, NULL);
		took_ns[i] = now_ns() - from_ns;
		if (!root)
			return 1;
		json_decref(root);
	}
	qsort(took_ns, (size_t)runs, sizeof(took_ns[0]), compare);
	printf("bench: parse_us %lld\nbench: bytes %zu\n", (long long)(took_ns[runs / 2] / 1000),
		len);
	free(bytes);
	return 0;
}
