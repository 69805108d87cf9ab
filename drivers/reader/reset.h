/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/reset.h: the last rung of recovery: the chip's reset line, or the port of a USB reader.
 *
 * For schoolpoort-reader-reset, which the reader's unit runs before each start, outside the reader's sandbox. A PN532
 * that has wedged is revived by RSTPD_N low or by no power alone (library-facts.md 1.3). The line goes through the
 * kernel's GPIO character device, version 2: five lines of ioctl, and no library. Blocks for 150 ms a line, 350 ms a
 * port. Errors are negative values of errno.h; the caller logs and goes on.
 */
#pragma once

#include <stddef.h>

#define RESET_LOW_MS                                                                               \
	100 /* RSTPD_N; the chip's datasheet asks for 20 ns, boards have a capacitor there */
#define RESET_WAKE_MS 50 /* until the chip has started: 2 ms; until a board's regulator is steady */
#define RESET_PORT_MS 300 /* without power to its functions; a hub's own settling time is 100 ms */
#define RESET_REASON_MAX 160

/* Where the machine is touched; another one in tests. */
struct reset_machine {
	const char *devices; /* /dev */
	const char *usb; /* /sys/bus/usb/devices */
	int (*ioctl)(int fd, unsigned long request, void *arg); /* as ioctl(): -1 and errno */
	void (*wait_ms)(int ms);
};

extern const struct reset_machine reset_machine;

/** reset_line() - low and high again. @line: reader.reset_line, CHIP:LINE. @ret_reason: on errors, RESET_REASON_MAX */
int reset_line(const struct reset_machine *m, const char *line, char *ret_reason)
	__attribute__((warn_unused_result));

/**
 * reset_usb() - the port of every reader that the connstring may mean: authorized 0, then 1.
 * @connstring: of another transport than USB: nothing happens
 * Return: how many, 0 for none.
 */
int reset_usb(const struct reset_machine *m, const char *connstring, char *ret_reason)
	__attribute__((warn_unused_result));
