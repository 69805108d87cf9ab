/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * For clang's fuzzer: FUZZ_TARGET in the environment says which one. Built by the preset fuzz alone.
 */
#include "fuzz/fuzz.h"

/* The fuzzer's own names. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");

	(void)argc;
	(void)argv;
	target = name ? fuzz_find(name) : NULL;
	if (!target) {
		fprintf(stderr, "FUZZ_TARGET names no target\n");
		exit(2);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len <= FUZZ_INPUT_MAX)
		target->run(bytes, len);
	return 0;
}
