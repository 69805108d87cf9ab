/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/sink.h"

#include <string.h>

int sink_to_buffer(void *buffer, const char *bytes, size_t len)
{
	struct sink_buffer *b = buffer;
	if (len > b->size - b->used)
		return -1;
	memcpy(b->bytes + b->used, bytes, len);
	b->used += len;
	return 0;
}
