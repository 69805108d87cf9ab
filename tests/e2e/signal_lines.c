/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines of schoolpoort-signal that are a file: "MICROSECONDS WHERE LEVEL", as each is set. SIGNAL_LINES names it; a line
 * that begins with "none" can't be had. */
#include "signal/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct signal_line_handle {
	char where[48];
	FILE *file;
};

static void note(struct signal_line_handle *h, const char *what)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	(void)fprintf(h->file, "%" PRId64 " %s %s\n",
		t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000, h->where, what);
	(void)fflush(h->file);
}

struct signal_line_handle *signal_line_open(const char *where, bool active_low, char *ret_reason)
{
	struct signal_line_handle *h = calloc(1, sizeof(*h));
	const char *path = getenv("SIGNAL_LINES");

	(void)active_low;
	if (h && path && strncmp(where, "none", 4) != 0)
		h->file = fopen(path, "ae");
	if (!h || !h->file) {
		free(h);
		(void)snprintf(ret_reason, SIGNAL_REASON_MAX, "can't have %s", where);
		return NULL;
	}
	(void)snprintf(h->where, sizeof(h->where), "%s", where);
	note(h, "had");
	return h;
}

int signal_line_set(struct signal_line_handle *h, bool on)
{
	note(h, on ? "on" : "off");
	return 0;
}

void signal_line_close(struct signal_line_handle *h)
{
	if (!h)
		return;
	note(h, "off");
	(void)fclose(h->file);
	free(h);
}
