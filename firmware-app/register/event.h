/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/event.h: which changes of alerts care/event is still to be told, and when again.
 *
 * Pure. The changes themselves are rows of the database, numbered, written in the transaction that made
 * them; so neither a broker that is away nor a register that dies between COMMIT and publish loses one.
 * They go out in order. One is done once the broker has taken it for somebody; with nobody there it waits
 * as long as clients need to be back after a broker's restart. Numbers that were sent before one that
 * failed go again after it: whoever listens drops them by id and revision. Source: contract, topics.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define EVENT_WINDOW 32 /* posted and not acknowledged */
#define EVENT_FEW (EVENT_WINDOW / 2) /* room for less is no reason to ask the database for more */
#define EVENT_DROP 512 /* said, and still in the database: each time that they go is a COMMIT */
#define EVENT_NOBODY_US INT64_C(60000000) /* clients come back within 30 s; then nobody listens */
#define EVENT_AGAIN_US INT64_C(2000000) /* after nobody listened */
#define EVENT_REFUSED_US INT64_C(30000000) /* after the broker refused: a person has to mend it */

struct event_outbox {
	bool up;
	bool more; /* rows after `posted` may be there */
	int64_t posted; /* newest number that the link was given */
	int64_t done; /* all up to here were said, or are not worth it any more */
	int64_t dropped; /* all up to here have left the database */
	int64_t dropping; /* what this turn's transaction drops */
	int waiting; /* posted and not acknowledged */
	int64_t failed; /* the oldest that was not said: all from here on go again; 0: none */
	int64_t up_us, again_us;
};

/** event_up() - connected: all that is not done goes out again. */
void event_up(struct event_outbox *o, int64_t mono_us);
/** event_down() - the connection is gone, and every PUBACK with it. */
void event_down(struct event_outbox *o);
/** event_added() - a row was committed. */
void event_added(struct event_outbox *o);
/** event_room() - how many rows after o->posted may be posted now; 0: none. */
int event_room(const struct event_outbox *o, int64_t mono_us);
/** event_drops() - what is done leaves the database now: where nothing is on its way any more, or much of it stands there.
 * What a power cut leaves there is told twice, as what had no PUBACK is. */
bool event_drops(const struct event_outbox *o);
/** event_posted() - one of them was. */
void event_posted(struct event_outbox *o, int64_t number);
/** event_acked() - its PUBACK. @code: MQTT 5 reason */
void event_acked(struct event_outbox *o, int64_t number, int code, int64_t mono_us);
