/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * signal/lines.h: GPIO lines that are outputs of ours.
 *
 * What lies behind it is gpiod.c alone: libgpiod 1 of Debian 12. Its version 2 has another interface; it changes that
 * one file. One thread. A call takes a few microseconds; none waits.
 */
#pragma once

#include <stdbool.h>

#define SIGNAL_REASON_MAX 160

struct signal_line_handle; /* opaque */

/**
 * signal_line_open() - have a line as an output, off from the first moment.
 * @where: CHIP:LINE, as the configuration checked it; @active_low: off is high
 * Return: a handle, or NULL with *ret_reason (SIGNAL_REASON_MAX bytes).
 */
struct signal_line_handle *signal_line_open(const char *where, bool active_low, char *ret_reason);

/** signal_line_set() - Return: 0 or negative errno; then close it, and open it again later. */
int signal_line_set(struct signal_line_handle *h, bool on);

/** signal_line_close() - off, and given back; accepts NULL. */
void signal_line_close(struct signal_line_handle *h);
