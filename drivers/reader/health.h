/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/health.h: what to do next with a reader: open it, look, ping, close it, or end.
 *
 * Results and times go in, the next step comes out. Pure: no clock, no I/O, no allocation. Here is
 * the order of library-facts.md 1.4; the rungs above it (reset line, power of the USB port) are
 * the unit's, which pulses them before each start: hence the end after HEALTH_OPENS_MAX failures
 * of a chip that is there. A port that isn't there is waited for instead: no reset helps, and a
 * plug does. An opening counts as good by its first good look, so that a chip which opens and then
 * never finds a card is not opened in a circle for ever. One that reads for a moment only is opened
 * at once the first time, then after 1, 2, 4, 5 s, and ends after HEALTH_SHORT_MAX of these. Each end costs the journal
 * some eight lines, the service manager's and ours: after HEALTH_STARTS_FAST starts in a row that came to nothing it
 * lives for HEALTH_HOLD_US first, opening all the time. Source: library-facts.md 1.2, 1.4; faults N1 to N3, N8, N9, P5.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_ERRORS_MAX 3 /* in a row, then close */
#define HEALTH_OPENS_MAX 3 /* failed in a row, then end */
#define HEALTH_STEADY_US 10000000 /* an opening that lives shorter is one of a row */
#define HEALTH_SHORT_MAX 10 /* short-lived in a row, then end: half a minute of coming and going */
#define HEALTH_PING_US 2000000
#define HEALTH_STARTS_FAST 50 /* seven minutes of a mute chip; then its reset comes less often */
#define HEALTH_HOLD_US                                                                             \
	INT64_C(600000000) /* a thousand starts a week: 7 MB of journal at 800 bytes a line */

enum health_step {
	HEALTH_WAIT, /* until health_wait_us() */
	HEALTH_OPEN,
	HEALTH_LOOK,
	HEALTH_PING,
	HEALTH_CLOSE,
	HEALTH_END, /* exit status 1 */
};

struct health {
	bool open;
	bool good; /* a look has worked since the open: the reader's status is ok */
	bool lost; /* to be closed at once */
	bool hopeless; /* no further open can help */
	bool absent; /* the last open found no device */
	int errors; /* in a row */
	int failed; /* openings that came to nothing, in a row */
	int n_short; /* openings in a row that read, and not for long */
	int64_t end_at_us; /* not before */
	int64_t open_at_us; /* not before */
	int64_t opened_us;
	int64_t pinged_us;
};

/** health_begin() - @n_before: starts in a row before this one that never read steadily */
void health_begin(struct health *h, int n_before, int64_t now_us);

/** health_next() - the step for now. @has_card: a card was told and not yet gone */
enum health_step health_next(const struct health *h, bool has_card, int64_t now_us);

/** health_wait_us() - with HEALTH_WAIT: microseconds until the next open, or the end. */
int64_t health_wait_us(const struct health *h, int64_t now_us);

/** health_opened() - @err: what open gave, 0 or a reader_err */
void health_opened(struct health *h, int err, int64_t now_us);

/** health_answered() - @err: what look or ping gave; 0 or more is good. @is_look: a good one proves
 * the opening */
void health_answered(struct health *h, int err, bool is_look, int64_t now_us);

/** health_refreshed() - closed of our own will while all was well: opens again at once, and nothing is counted. */
void health_refreshed(struct health *h, int64_t now_us);

/** health_is_steady() - it reads, and not as one of a row of short-lived openings. */
bool health_is_steady(const struct health *h);

/** health_closed() - after the close that HEALTH_CLOSE asked for. */
void health_closed(struct health *h, int64_t now_us);
