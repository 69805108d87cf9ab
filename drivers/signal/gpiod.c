/* SPDX-License-Identifier: EUPL-1.2 */
/* The only place with libgpiod; its version 1. A line keeps its level where the chip does so when it is given back. */
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signal/lines.h"

#define CONSUMER "schoolpoort-signal"
#define CHIP_MAX 48 /* bytes; a configured line has 40 at most */

struct signal_line_handle {
	struct gpiod_chip *chip;
	struct gpiod_line *line;
};

static struct signal_line_handle *fail(
	struct signal_line_handle *h, char *ret_reason, const char *what, const char *where)
{
	(void)snprintf(
		ret_reason, SIGNAL_REASON_MAX, "can't %s %s: %s", what, where, strerror(errno));
	if (h && h->chip)
		gpiod_chip_close(h->chip);
	free(h);
	return NULL;
}

struct signal_line_handle *signal_line_open(const char *where, bool active_low, char *ret_reason)
{
	struct signal_line_handle *h = calloc(1, sizeof(*h));
	const char *colon = strchr(where, ':');
	char chip[CHIP_MAX];

	if (!h || !colon || (size_t)(colon - where) >= sizeof(chip)) {
		errno = h ? EINVAL : ENOMEM;
		return fail(h, ret_reason, "name", where);
	}
	(void)snprintf(chip, sizeof(chip), "%.*s", (int)(colon - where), where);
	h->chip = gpiod_chip_open_by_name(chip);
	if (!h->chip)
		return fail(h, ret_reason, "open", chip);
	h->line = gpiod_chip_get_line(h->chip, (unsigned)strtoul(colon + 1, NULL, 10));
	if (!h->line)
		return fail(h, ret_reason, "find", where);
	if (gpiod_line_request_output_flags(
		    h->line, CONSUMER, active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0, 0) < 0)
		return fail(h, ret_reason, "have", where);
	return h;
}

int signal_line_set(struct signal_line_handle *h, bool on)
{
	return gpiod_line_set_value(h->line, on) < 0 ? -errno : 0;
}

void signal_line_close(struct signal_line_handle *h)
{
	if (!h)
		return;
	(void)gpiod_line_set_value(h->line, 0);
	gpiod_line_release(h->line);
	gpiod_chip_close(h->chip);
	free(h);
}
