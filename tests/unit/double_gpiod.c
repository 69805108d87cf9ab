/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/double_gpiod.h"

#include <errno.h>
#include <gpiod.h>
#include <string.h>

struct double_gpiod double_gpiod;

struct gpiod_chip {
	int one;
};

struct gpiod_line {
	unsigned offset;
};

static struct gpiod_chip chip;
static struct gpiod_line lines[DOUBLE_LINES];

struct gpiod_chip *gpiod_chip_open_by_name(const char *name)
{
	if (double_gpiod.fault == DOUBLE_NO_CHIP || strcmp(name, "gpiochip0") != 0) {
		errno = ENOENT;
		return NULL;
	}
	double_gpiod.chips_open++;
	return &chip;
}

void gpiod_chip_close(struct gpiod_chip *c)
{
	(void)c;
	double_gpiod.chips_open--;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *c, unsigned int offset)
{
	(void)c;
	if (offset >= DOUBLE_LINES) {
		errno = EINVAL;
		return NULL;
	}
	lines[offset].offset = offset;
	return &lines[offset];
}

int gpiod_line_request_output_flags(
	struct gpiod_line *line, const char *consumer, int flags, int value)
{
	if (double_gpiod.fault == DOUBLE_BUSY || double_gpiod.had[line->offset] ||
		strcmp(consumer, "schoolpoort-signal") != 0) {
		errno = EBUSY;
		return -1;
	}
	double_gpiod.had[line->offset] = true;
	double_gpiod.lines_had++;
	double_gpiod.active_low[line->offset] = flags == GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
	double_gpiod.high[line->offset] = (value != 0) != double_gpiod.active_low[line->offset];
	return 0;
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
	if (double_gpiod.fault == DOUBLE_UNPLUGGED || !double_gpiod.had[line->offset]) {
		errno = ENODEV;
		return -1;
	}
	double_gpiod.high[line->offset] = (value != 0) != double_gpiod.active_low[line->offset];
	return 0;
}

void gpiod_line_release(struct gpiod_line *line)
{
	double_gpiod.had[line->offset] = false;
	double_gpiod.lines_had--;
}
