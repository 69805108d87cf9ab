/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/reader.h: the contract of a driver: one way of reading cards.
 *
 * A driver is a row of four functions. It is called by one thread, may block for as long as each
 * function says, and never decides anything: what a look means for a pupil is field.h's business,
 * when to give up health.h's. Source: library-facts.md section 1; style.md "Driver table".
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define READER_UID_MAX 10 /* bytes; ISO/IEC 14443-3 has 4, 7 and 10 */
#define READER_REASON_MAX 160 /* bytes with the zero; goes into a status */
#define READER_NOT_SAID (-1)

/* With what the caller does; values of errno.h, so a stray one reads right. */
enum reader_err {
	READER_ERR_IO =
		-EIO, /* a damaged or refused exchange: look again, the third in a row closes */
	READER_ERR_TIMEOUT =
		-ETIMEDOUT, /* no answer in time, it may come later: likewise, and doubt
					    what the next looks say; from open: the chip is mute */
	READER_ERR_LOST = -ENODEV, /* this opening is of no more use: close and open */
	READER_ERR_ABSENT = -ENOENT, /* from open: nothing is plugged in: try again for ever */
	READER_ERR_USAGE = -EINVAL, /* from open: no such connstring: end with the reason */
	READER_ERR_MEMORY = -ENOMEM, /* from open: the same */
};

struct reader_card {
	uint8_t uid[READER_UID_MAX];
	size_t len; /* 4, 7 or 10; a driver keeps anything else to itself */
	int sak; /* 0..255, or READER_NOT_SAID */
	int atqa; /* 0..65535 as it is printed, 0x0344; or READER_NOT_SAID */
};

/* One reader, the caller's memory; all zero but driver and started_us before the first open. */
struct reader {
	const struct reader_driver *driver;
	void *state; /* the driver's own, NULL while closed */
	int64_t started_us; /* CLOCK_MONOTONIC as the program began to read; set by the caller */
	int pause_ms; /* how long to wait between two looks, 0: none; set by open */
	char reason[READER_REASON_MAX]; /* what the last failed call says to people, never a UID;
					   set by the driver with each error */
};

/* A way of reading cards. All members are mandatory; a call that hangs ends by the unit's
 * watchdog. */
struct reader_driver {
	const char *name; /* what a connstring begins with, before its first colon */
	/* Bounded at 1.9 s. 0 or a reader_err; may be called again after close, and after a failure
	 * without one. */
	int (*open)(struct reader *r, const char *connstring);
	/* Bounded at 0.65 s. 1: a card, in *ret_card; 0: a look that worked and saw none; or a
	 * reader_err. An error is never told as 0: the caller would take a dead chip for an empty
	 * field. */
	int (*look)(struct reader *r, struct reader_card *ret_card);
	/* Bounded at 0.65 s. 0: the device answers, and it is the device; or a reader_err. */
	int (*ping)(struct reader *r);
	/* Bounded at 1 s. Accepts a reader that never opened. */
	void (*close)(struct reader *r);
};

extern const struct reader_driver reader_nfc; /* nfc.c: whatever libnfc knows */
extern const struct reader_driver reader_replay; /* replay.c: a recorded session */
extern const struct reader_driver reader_template; /* TEMPLATE.c: to copy; only in tests */

/** reader_driver_of() - the driver of a connstring by its first word; libnfc's for all that isn't
 * ours. Static storage, never NULL. */
const struct reader_driver *reader_driver_of(const char *connstring);
