/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/upkeep.h: what a reader needs while all is well and nobody comes.
 *
 * After ten minutes without a card it is opened anew: a chip that fell asleep, or lost its field or its set-up in a
 * way that neither look nor ping shows, reads again (hardware-notes/pn532.md, "After a brown-out"). Between 03:00 and
 * 04:00 it ends, and its unit starts it anew: what libnfc leaks at an open is gone. Rejected: a timer of the system,
 * which doesn't know whether a card lies there, and RuntimeMaxSec, which counts from the start and so ends it in some
 * morning's peak. A clock that is wrong can move that hour, but nothing here happens within a minute of a card. Pure.
 * Source: library-facts.md 1.2 "open and close, again and again".
 */
#pragma once

#include <stdint.h>

#define UPKEEP_REFRESH_MS INT64_C(600000) /* 144 opens a day; each 80 ms without looking */
#define UPKEEP_HOUR                                                                                \
	3 /* of the school's time; nobody is there, and 04:00 is past it in both nights of change */
#define UPKEEP_RAN_MS                                                                              \
	INT64_C(7200000) /* ends once a night, also where a night has two such hours */
#define UPKEEP_IDLE_MS INT64_C(60000)

enum upkeep_step {
	UPKEEP_NONE,
	UPKEEP_REFRESH, /* close and open */
	UPKEEP_END, /* exit status 0 */
};

struct upkeep {
	int64_t started_ms, opened_ms; /* milliseconds that only run on: boot_ms */
	int64_t card_ms; /* a card was last in the field; or the start */
};

/** upkeep_init() - the program starts now. */
void upkeep_init(struct upkeep *u, int64_t at_ms);

/** upkeep_opened() - the reader was opened. */
void upkeep_opened(struct upkeep *u, int64_t at_ms);

/** upkeep_card() - a card is in the field. */
void upkeep_card(struct upkeep *u, int64_t at_ms);

/** upkeep_next() - what is due; asked while the reader is open and well. @hour: 0..23, of the school's time */
enum upkeep_step upkeep_next(const struct upkeep *u, int64_t at_ms, int hour);
