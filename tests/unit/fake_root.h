/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/fake_root.h: a folder that stands for a machine's /proc, /sys, /etc and /boot.
 */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/unit.h"

static inline int fake_root_drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/** fake_root_remove() - the folder and all below it. */
static inline void fake_root_remove(const char *root)
{
	(void)nftw(root, fake_root_drop, 16, FTW_DEPTH | FTW_PHYS);
}

/** fake_root_put() - a file with its folders. @text: ended by a zero; | in it stands for the zero that parts the words of
 * a /proc/N/cmdline; "->X" makes a link to X */
static inline void fake_root_put(const char *root, const char *path, const char *text)
{
	char whole[1024], bytes[8192];
	size_t len = strlen(text);

	(void)snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		(void)mkdir(whole, 0755);
		*at = '/';
	}
	if (!strncmp(text, "->", 2)) {
		assert_int_equal(symlink(text + 2, whole), 0);
		return;
	}
	assert_true(len < sizeof(bytes));
	for (size_t i = 0; i < len; i++)
		bytes[i] = text[i] == '|' ? '\0' : text[i];
	FILE *f = fopen(whole, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}
