/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/tempdir.h: a folder for one test's files, gone after it.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEMPDIR_MAX 64 /* bytes of the folder's name with the zero */
#define TEMPDIR_PATH_MAX 320

/** tempdir_make() - a new empty folder. @ret_dir: TEMPDIR_MAX bytes. Return: 0 or -1. */
static inline int tempdir_make(char *ret_dir)
{
	snprintf(ret_dir, TEMPDIR_MAX, "/tmp/schoolpoort-test-XXXXXX");
	return mkdtemp(ret_dir) ? 0 : -1;
}

/** tempdir_remove() - the folder and the files in it; it has no folders. */
static inline void tempdir_remove(const char *dir)
{
	DIR *d = opendir(dir);

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		unlinkat(dirfd(d), e->d_name, 0); /* fails for "." and "..", as it should */
	closedir(d);
	rmdir(dir);
}

/** tempdir_overwrite() - put @byte over @len bytes of a file, from @from. Return: 0 or -1. */
static inline int tempdir_overwrite(const char *path, long from, long len, int byte)
{
	FILE *f = fopen(path, "r+");

	if (!f)
		return -1;
	int r = fseek(f, from, SEEK_SET);
	for (long i = 0; !r && i < len; i++)
		r = putc(byte, f) == EOF;
	return fclose(f) || r ? -1 : 0;
}
