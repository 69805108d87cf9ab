/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader/field.h"

#include <assert.h>
#include <string.h>

static bool same(const struct reader_card *a, const struct reader_card *b)
{
	return a->len && a->len == b->len && memcmp(a->uid, b->uid, a->len) == 0;
}

static void tell(struct field_events *e, enum field_event_kind kind)
{
	assert(e->n < FIELD_EVENTS_MAX);
	e->event[e->n++].kind = kind;
}

static void forget_next(struct field *f)
{
	f->next.len = 0;
	f->other.len = 0;
	f->n_next = 0;
}

void field_init(struct field *f, int removed_after_ms)
{
	memset(f, 0, sizeof(*f));
	f->removed_after_us = (int64_t)removed_after_ms * 1000;
}

static void leave(struct field *f, struct field_events *e)
{
	if (f->state != FIELD_EMPTY)
		tell(e, FIELD_GONE);
	f->state = FIELD_EMPTY;
	f->before.len = 0;
}

static void arrive(struct field *f, bool unbroken, int64_t at_us, struct field_events *e)
{
	struct reader_card old = f->card;
	bool replaces = f->state == FIELD_ONE;

	leave(f, e);
	if (replaces) {
		f->before = old;
		f->before_us = f->card_us;
		f->before_unbroken = unbroken;
	}
	f->state = FIELD_ONE;
	f->card = f->next;
	f->seen_us = f->next_us;
	f->card_us = at_us;
	tell(e, FIELD_CARD);
	e->event[e->n - 1].card = f->card;
	e->event[e->n - 1].seen_us = f->seen_us;
	forget_next(f);
}

static bool in_doubt(struct field *f, int64_t at_us)
{
	if (f->doubt && at_us >= f->doubt_until_us)
		f->doubt = 0;
	return f->doubt > 0;
}

/* How often the card in f->next must be seen before it is told. */
static int sights_needed(struct field *f, bool unbroken, int64_t at_us)
{
	int needed = in_doubt(f, at_us) ? f->doubt + 1 : 1;

	return unbroken && needed < 2 ? 2 : needed;
}

static void count_next(struct field *f, const struct reader_card *card, int64_t at_us)
{
	if (!same(&f->next, card)) {
		f->other = f->next;
		f->next = *card;
		f->next_us = at_us;
		f->n_next = 0;
	}
	f->n_next++;
}

static void become_two(struct field *f, int64_t at_us, struct field_events *e)
{
	f->state = FIELD_TWO;
	f->seen_us = at_us;
	forget_next(f);
	tell(e, FIELD_TWO_CARDS);
}

/* The card that was told is seen again. If another one was, between, there are two. */
static void seen_again(struct field *f, bool unbroken, int64_t at_us, struct field_events *e)
{
	f->card_us = at_us;
	if (f->next.len && unbroken && !in_doubt(f, at_us))
		become_two(f, at_us, e);
	else
		forget_next(f);
}

/* Nobody goes and comes within removed_after_ms: who seems to has been there all the time. */
static bool came_back(const struct field *f, const struct reader_card *card, int64_t at_us)
{
	return same(&f->before, card) &&
	       (f->before_unbroken || at_us - f->before_us < f->removed_after_us);
}

struct field_events field_seen(struct field *f, const struct reader_card *card, int64_t at_us)
{
	struct field_events e = { 0 };
	bool away = at_us - f->last_us > FIELD_AWAY_US && f->state != FIELD_EMPTY;
	bool unbroken = f->state == FIELD_ONE && f->empties == 0 && !away;

	if (away)
		leave(f, &e);
	f->last_us = at_us;
	f->empties = 0;
	if (f->state == FIELD_TWO)
		return e;
	if (f->state == FIELD_ONE && same(&f->card, card)) {
		seen_again(f, unbroken, at_us, &e);
		return e;
	}
	if (f->state == FIELD_ONE && !in_doubt(f, at_us) && came_back(f, card, at_us)) {
		become_two(f, at_us, &e);
		return e;
	}
	/* A wallet right after another pupil's card: neither of its two is ever seen twice in a row. */
	if (same(&f->other, card) && !in_doubt(f, at_us)) {
		leave(f, &e);
		become_two(f, at_us, &e);
		return e;
	}
	count_next(f, card, at_us);
	if (f->n_next >= sights_needed(f, unbroken, at_us))
		arrive(f, unbroken, at_us, &e);
	return e;
}

struct field_events field_unseen(struct field *f, int64_t at_us)
{
	struct field_events e = { 0 };

	forget_next(f);
	f->before_unbroken = false;
	if (f->empties < FIELD_EMPTIES)
		f->empties++;
	if (f->state != FIELD_EMPTY && f->empties >= FIELD_EMPTIES &&
		at_us - f->last_us >= f->removed_after_us)
		leave(f, &e);
	return e;
}

void field_missed(struct field *f, int64_t at_us, bool late)
{
	forget_next(f);
	if (!late)
		return;
	(void)in_doubt(f, at_us); /* old doubts end first */
	if (f->doubt < FIELD_DOUBT_MAX)
		f->doubt++;
	f->doubt_until_us = at_us + FIELD_DOUBT_US;
}

struct field_event field_now(const struct field *f)
{
	switch (f->state) {
	case FIELD_EMPTY:
		break;
	case FIELD_ONE:
		return (struct field_event){ FIELD_CARD, f->card, f->seen_us };
	case FIELD_TWO:
		return (struct field_event){ .kind = FIELD_TWO_CARDS };
	}
	return (struct field_event){ 0 };
}
