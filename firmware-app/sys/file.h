/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/file.h: small files, whole; free space; a lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** file_read() - a whole file of at most @max bytes. @ret_bytes: heap, a zero after the end, for free().
 * Return: its length, or negative errno (-EFBIG over @max). */
int64_t file_read(const char *path, size_t max, char **ret_bytes);
/** file_read_fd() - the same from an open descriptor, from its start where it can seek. */
int64_t file_read_fd(int fd, size_t max, char **ret_bytes);
/** file_is_regular() - whether it is the descriptor of a regular file: a pipe that nobody reads, or a terminal, would
 * hold a writer for as long as its other end likes. -1: false. */
bool file_is_regular(int fd);
/** file_free_mb() - free space of the file system of a folder, in MiB; negative errno where it can't be told. */
int64_t file_free_mb(const char *folder);
/** file_reserve() - a file that really takes up so many bytes of its disk, and holds nothing: given up (unlink) where
 * the disk is full. One that is there already is kept where it is large enough.
 * Return: 0, -ENOSPC or another negative errno; then there is none. Blocks for the disk. */
int file_reserve(const char *path, int64_t bytes);
/** file_oldest() - of the files of a folder whose names begin with @prefix, the one that was changed first.
 * @ret_path: @size bytes. @ret_at_s: when, by its content or its name, whichever is later; seconds of 1970.
 * Return: 1, 0 where there is none, or negative errno. */
int file_oldest(
	const char *folder, const char *prefix, char *ret_path, size_t size, int64_t *ret_at_s);
/** file_drop_oldest() - remove that file, and FILE-wal and FILE-shm beside it, where it was changed before @before_s.
 * @ret_path: as there. Return: 1, 0 where there is none so old, or negative errno. */
int file_drop_oldest(
	const char *folder, const char *prefix, int64_t before_s, char *ret_path, size_t size);
/** file_lock() - create and flock a file, exclusively, without waiting.
 * Return: a descriptor that holds the lock, -EWOULDBLOCK where another process has it, or negative errno. */
int file_lock(const char *path);
/** file_in_memory() - a file that is nowhere but in memory, with these bytes, at its start; to pass to another
 * process. Return: a descriptor, or negative errno. */
int file_in_memory(const char *name, const void *bytes, size_t len);
