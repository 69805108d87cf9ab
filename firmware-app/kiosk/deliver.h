/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kiosk/deliver.h: which check-ins go out when, until the register has confirmed them.
 *
 * Pure. A PUBACK says only that a broker has a message, and a broker that is killed forgets it: only the register's
 * confirm moves `confirmed`. What stays unconfirmed is sent again from the oldest on. Numbers are those of one log.
 * Source: contract, topics.md "Delivery"; library-facts.md section 4 (reason codes).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DELIVER_UNACKED_MAX 10 /* without a PUBACK; library-facts.md section 4 */
#define DELIVER_AHEAD_MAX                                                                          \
	200 /* sent and not confirmed, while the register answers: one confirm covers many */
#define DELIVER_AHEAD_ALONE                                                                        \
	10 /* the same while nobody subscribes (reason 16): only this window is repeated */
#define DELIVER_REFUSED 128 /* MQTT 5: from here on a reason code is a refusal */
#define DELIVER_AGAIN_US INT64_C(10000000) /* unconfirmed for so long: send again; topics.md */
#define DELIVER_ASKED_US INT64_C(1000000) /* the same once the register has said a number twice */
#define DELIVER_ECHO_US                                                                            \
	INT64_C(2000000) /* so soon after a higher number a lower one is an answer to what came twice */

struct deliver {
	bool up;
	bool alone; /* the last PUBACK said that nobody subscribes, or that the broker refuses */
	int64_t last; /* newest number of the log */
	int64_t confirmed; /* the register has all up to here */
	int64_t next; /* the next number to send; above confirmed */
	int64_t waits_from_us; /* since when the oldest unconfirmed one that was sent waits; -1: none waits */
	int unacked;
	bool asked; /* the register has said again what it has: what was sent beyond it was lost on its side */
	int64_t moved_us; /* when `confirmed` last moved on */
	int64_t asked_us; /* when that was last believed; once in DELIVER_AGAIN_US, since what is sent twice is answered twice */
};

enum deliver_news {
	DELIVER_OLD, /* nothing new */
	DELIVER_CONFIRMED, /* `confirmed` moved on */
	DELIVER_DOUBTED, /* less than it said a moment ago: say how it is after DELIVER_ECHO_US, and hear whether it is so */
	DELIVER_BACK, /* the register has less than it had: send again from there */
	DELIVER_BEYOND, /* it has more than this log ever held: this database is an old copy; draw a new log */
};

/** deliver_init() - a log as it was found at start, or after a new one was drawn. */
void deliver_init(struct deliver *d, int64_t last, int64_t confirmed);

/** deliver_up() - connected: all that is unconfirmed goes out again from the oldest on. */
void deliver_up(struct deliver *d, int64_t mono_us);
/** deliver_down() - the connection is gone, and every PUBACK with it. */
void deliver_down(struct deliver *d);
/** deliver_stored() - the log has grown up to this number. */
void deliver_stored(struct deliver *d, int64_t last);

/** deliver_want() - how many check-ins from d->next on may be sent now; 0: none. Looks at the clock for what has to be
 * sent again. */
int deliver_want(struct deliver *d, int64_t mono_us);
/** deliver_sent() - d->next went out; it moves on. */
void deliver_sent(struct deliver *d, int64_t mono_us);
/** deliver_acked() - a PUBACK with its MQTT 5 reason; none of them closes a check-in. */
void deliver_acked(struct deliver *d, int code);
/** deliver_confirmed() - the register's word for this log. */
enum deliver_news deliver_confirmed(struct deliver *d, int64_t through, int64_t mono_us);

/** deliver_next_us() - microseconds until something is to be sent again; -1: nothing waits. */
int64_t deliver_next_us(const struct deliver *d, int64_t mono_us);
