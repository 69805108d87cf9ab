/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * reader/field.h: what lies before the antenna, from one look to the next.
 *
 * Looks and their times go in, card, gone and two_cards come out. Pure: no clock, no I/O, no
 * allocation. A card is gone once it has been unseen for removed_after_ms and at two looks at
 * least, never by one empty look: a card may answer at every second look only. Another card
 * without an empty look between must be seen twice; A, B, A are two cards in one wallet. After an
 * answer that came too late to be waited for, it may still come, and would be read as the answer
 * to a later look: until that can't be any more, a card must be seen once more than there are such
 * answers. Source: library-facts.md 1.4 and section 2; faults N5, N11, N12, N13.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/reader.h"

#define FIELD_EVENTS_MAX 2 /* gone, and the card that came instead */
#define FIELD_EMPTIES 2 /* looks without a card before one is gone */
#define FIELD_AWAY_US 2000000 /* not looked for so long: whoever is there has come anew */
#define FIELD_DOUBT_US 3000000 /* an answer later than this isn't expected: N5 has 0.5 to 2 s */
#define FIELD_DOUBT_MAX 6 /* late answers held against a card: two openings of three errors */

enum field_event_kind { FIELD_NOTHING, FIELD_CARD, FIELD_GONE, FIELD_TWO_CARDS };

struct field_event {
	enum field_event_kind kind;
	struct reader_card card; /* FIELD_CARD */
	int64_t seen_us; /* FIELD_CARD: right after the look that found it first */
};

struct field_events {
	size_t n;
	struct field_event event[FIELD_EVENTS_MAX]; /* in this order */
};

enum field_state { FIELD_EMPTY, FIELD_ONE, FIELD_TWO };

struct field {
	int64_t removed_after_us;
	enum field_state state;
	struct reader_card card; /* FIELD_ONE: the one that was told */
	int64_t seen_us; /* FIELD_ONE: when it was found; FIELD_TWO: when the two were */
	int64_t card_us; /* FIELD_ONE: the last time that it was seen */
	int64_t last_us; /* the last time that any card was seen */
	int empties; /* looks without a card since, up to FIELD_EMPTIES */
	struct reader_card
		before; /* who was told before the present one; len 0: nobody, or long ago */
	int64_t before_us; /* when it was seen last */
	bool before_unbroken; /* no look without a card since */
	struct reader_card next; /* seen, not yet often enough to be told; len 0: none */
	int64_t next_us; /* when it was found */
	int n_next; /* how often since, without a break */
	struct reader_card other; /* seen just before next, not told either; len 0: none */
	int doubt; /* answers that may still come, 0..FIELD_DOUBT_MAX */
	int64_t doubt_until_us;
};

/** field_init() - an empty field. @removed_after_ms: reader.removed_after_ms, 0 or more */
void field_init(struct field *f, int removed_after_ms);

/** field_seen() - a look found a card. @at_us: right after it; times never go back.
 * Return: what is to be told, in order. */
struct field_events field_seen(struct field *f, const struct reader_card *card, int64_t at_us);

/** field_unseen() - a look worked and found none. Return: as field_seen(). */
struct field_events field_unseen(struct field *f, int64_t at_us);

/** field_missed() - a look failed: it says nothing about the field.
 * @late: its answer may still come */
void field_missed(struct field *f, int64_t at_us, bool late);

/** field_now() - what is in the field, for somebody who has just come: FIELD_CARD with the time at
 * which it was found, FIELD_TWO_CARDS, or FIELD_NOTHING. */
struct field_event field_now(const struct field *f);
