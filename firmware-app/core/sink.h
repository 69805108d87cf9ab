/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/sink.h: where the writers of files put their bytes: a file, a descriptor, memory.
 *
 * Pure. The writer knows the format, the owner of the sink knows the outside.
 */
#pragma once

#include <stddef.h>

/* Takes @len bytes, not ended by a zero. Return: 0, or a negative value of the owner's: the writer
 * then stops and hands it on. */
typedef int sink_fn(void *ctx, const char *bytes, size_t len);

/* A sink in the caller's memory. */
struct sink_buffer {
	char *bytes;
	size_t size;
	size_t used; /* 0 to begin with */
};

/** sink_to_buffer() - a sink_fn for a struct sink_buffer. Return: 0, or -1 where the room is used up. */
int sink_to_buffer(void *buffer, const char *bytes, size_t len);
