/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Days that are over. Two things are left of them, each a day a turn, so that neither is a pause:
 *
 * - Half days that nobody decided, because the register was off or had no broker until their date had passed, get their
 *   marks: else they would be missing from every export. How far that has got is kept in the database.
 * - Excuses that were entered afterwards make marks and alerts of their own pupil others. Looked at again after an
 *   import of excuses and at every start, so that a program that died in between forgets none.
 *
 * Nothing else reaches back: a timetable or a class of today says nothing about a day that is over.
 */
#include "register/command.h"
#include "register/register.h"

/* Return: the last day that is over, by the clock of now. */
static int32_t yesterday_of(const struct register_program *r)
{
	return civil_day_number(civil_local_of(&r->zone, r->now.wall_ms).date) - 1;
}

int past_open(struct register_program *r)
{
	int64_t closed;
	/* A new school has no past. */
	int err = register_store_closed(r->store, yesterday_of(r), &closed);
	if (err)
		return err;
	r->closed_day = (int32_t)closed;
	r->settle_day = yesterday_of(r);
	r->past_opened = true;
	return 0;
}

void past_jumped(struct register_program *r, bool skip)
{
	int32_t yesterday = yesterday_of(r);
	if (!r->past_opened || r->closed_day == yesterday || (!skip && r->closed_day < yesterday))
		return;
	if (school_begin(r))
		return;
	r->err = register_store_closed_put(r->store, yesterday);
	if (!r->err)
		r->closed_day = yesterday;
}

void past_settle(struct register_program *r)
{
	r->settle_day = civil_day_number(r->state.today) - 1;
}

static bool has_lessons(const struct register_program *r, const struct day *day)
{
	for (size_t i = 0; i < r->roster->n_classes; i++)
		if (day_class_of(day, i, HALFDAY_AM)->slot ||
			day_class_of(day, i, HALFDAY_PM)->slot)
			return true;
	return false;
}

static void decide_all(struct register_program *r, struct day *day)
{
	for (size_t p = 0; p < r->roster->n_pupils && !r->err; p++) {
		register_effects_clear(r->fx);
		register_decide_over(&r->state, day, p, r->fx);
		school_write(r, day);
	}
}

/* One day with lessons a turn; those without are passed over at once, so that a summer is one write. */
static void close_day(struct register_program *r)
{
	int32_t yesterday = civil_day_number(r->state.today) - 1;
	if (r->closed_day >= yesterday || r->err)
		return;
	int32_t next = r->closed_day + 1;
	/* Further back the computed holidays aren't in memory. */
	if (next <= yesterday - COMMAND_DAYS_BACK)
		next = yesterday - COMMAND_DAYS_BACK + 1;
	struct day *day = school_day(r, civil_date_of_day(next));
	while (day && next < yesterday && !has_lessons(r, day))
		day = school_day(r, civil_date_of_day(++next));
	if (!day || school_begin(r))
		return;
	decide_all(r, day);
	if (!r->err)
		r->err = register_store_closed_put(r->store, next);
	if (!r->err)
		r->closed_day = next;
}

/* An excuse covers the half day, or did when its mark was made; and the lessons of then are still known. */
static bool is_concerned(const struct register_program *r, const struct day *day, size_t pupil)
{
	static const enum halfday halves[] = { HALFDAY_AM, HALFDAY_PM };
	const struct roster_pupil *p = &r->roster->pupils[pupil];
	bool concerned = false;
	for (size_t i = 0; i < 2; i++) {
		const struct day_half *h = day_half_of(day, pupil, halves[i]);
		bool lessons = day_class_of(day, p->class_index, halves[i])->slot;
		if (!lessons && h->mark.value != MARK_NONE && h->mark.value != MARK_AWAITED)
			return false;
		concerned |= lessons &&
			     (h->mark.value == MARK_EXCUSED ||
				     roster_excuse_of(r->roster, p->id, day->date, halves[i]));
	}
	return concerned;
}

static void settle_day(struct register_program *r)
{
	int32_t last = civil_day_number(r->state.today) - COMMAND_DAYS_BACK;
	while (r->settle_day >= last && !school_has_marks(r, r->settle_day))
		r->settle_day--;
	if (r->settle_day < last || r->err) {
		r->settle_day = r->err ? r->settle_day : 0;
		return;
	}
	struct day *day = school_day(r, civil_date_of_day(r->settle_day));
	for (size_t p = 0; day && p < r->roster->n_pupils && !r->err; p++) {
		if (!is_concerned(r, day, p))
			continue;
		register_effects_clear(r->fx);
		register_settle_pupil(&r->state, day, p, r->fx);
		school_write(r, day);
		register_effects_clear(r->fx);
		register_decide_over(&r->state, day, p, r->fx); /* an excuse that was taken back */
		school_write(r, day);
	}
	if (day && !r->err) /* else again at the next turn */
		r->settle_day--;
}

void past_turn(struct register_program *r)
{
	close_day(r);
	if (r->settle_day > 0)
		settle_day(r);
}
