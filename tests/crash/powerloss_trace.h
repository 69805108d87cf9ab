/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * crash/powerloss_trace.h: what the recorder (powerloss.c) writes down and the cut (powerloss_cut.c) reads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "crash/powerloss.h"
#include "unit/unit.h"

#define PL_NAME_MAX 96 /* bytes of a name in the folder with the zero */
#define PL_FILES_MAX 128 /* that ever were */

enum pl_kind {
	PL_WRITE,
	PL_TRUNCATE,
	PL_SYNC,
	PL_SYNC_FAILED,
	PL_CREATE,
	PL_UNLINK,
	PL_RENAME,
	PL_FOLDER_SYNC,
};

struct pl_moment {
	enum pl_kind kind;
	int file; /* index into files; -1: none (folder sync, name of a file not known) */
	int64_t offset; /* PL_WRITE; PL_TRUNCATE: the new length */
	size_t len;
	uint8_t *bytes; /* PL_WRITE */
	char name[PL_NAME_MAX], to[PL_NAME_MAX];
	int told; /* steps told before it */
};

struct pl_bytes {
	uint8_t *b;
	size_t len, room;
};

struct pl_file {
	char name[PL_NAME_MAX]; /* as it is now; "" when it has none any more */
	char start_name[PL_NAME_MAX]; /* of what was there, and safe; "" made later */
	struct pl_bytes start;
};

struct powerloss {
	char dir[256];
	size_t n_files;
	struct pl_file files[PL_FILES_MAX];
	size_t n_moments, room;
	struct pl_moment *moments;
	int told, n_syncs;
	int fail_in; /* syncs until one fails; 0: none will */
};

/** pl_check() - a test's means must not fail on their own: ends the program, saying where. */
#define pl_check(ok) assert_true(ok)

/** pl_bytes_put() - write into it as into a file; what is skipped becomes zeros. */
void pl_bytes_put(struct pl_bytes *to, int64_t offset, const uint8_t *b, size_t len);
/** pl_bytes_cut() - set its length as ftruncate() does. */
void pl_bytes_cut(struct pl_bytes *to, int64_t len);
