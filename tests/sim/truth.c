/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What is so. Dates, lessons, lateness, carry and certainty are written here a second time, as a person would
 * reckon them, and share no code with core: a rule that is wrong there is not wrong here too.
 */
#include "sim/sim.h"

#include <string.h>

#define HM(h, m) (((h)*60 + (m)) * 60)

struct span {
	int from, to; /* yyyymmdd */
};

/* domain.md section 3; the school's own days are at the end of each list. */
static const struct {
	int year, first_weekday; /* of 1 September */
	struct span off[14];
	int pm_off[2]; /* class council */
	int late_start; /* "*" begins at 10:10 */
	int spring, autumn; /* last Sundays of March and October */
} years[] = {
	{ 2025, 0,
		{ { 20251027, 20251102 }, { 20251111, 20251111 }, { 20251222, 20260104 },
			{ 20260216, 20260222 }, { 20260406, 20260419 }, { 20260501, 20260501 },
			{ 20260514, 20260515 }, { 20260525, 20260525 }, { 20251006, 20251006 } },
		{ 20250912, 20251219 }, 20250911, 20260329, 20251026 },
	{ 2026, 1,
		{ { 20261102, 20261108 }, { 20261111, 20261111 }, { 20261221, 20270103 },
			{ 20270208, 20270214 }, { 20270329, 20270411 }, { 20270501, 20270501 },
			{ 20270506, 20270507 }, { 20270517, 20270517 }, { 20261005, 20261005 } },
		{ 20260911, 20261218 }, 20260910, 20270328, 20261025 },
	{ 2027, 2,
		{ { 20271101, 20271107 }, { 20271111, 20271111 }, { 20271227, 20280109 },
			{ 20280228, 20280305 }, { 20280403, 20280417 }, { 20280501, 20280501 },
			{ 20280525, 20280526 }, { 20280605, 20280605 }, { 20271004, 20271004 } },
		{ 20270910, 20271224 }, 20270909, 20280326, 20271031 },
};

static size_t row_of(const struct sim *s)
{
	return (size_t)(s->year - years[0].year);
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && year % 4 == 0 ? 29 : days[month - 1]; /* no century is near */
}

struct civil_date truth_date(const struct sim *s, int day)
{
	struct civil_date d = { s->year, 9, 1 };
	while (day >= days_in(d.year, d.month)) {
		day -= days_in(d.year, d.month);
		if (++d.month > 12) {
			d.month = 1;
			d.year++;
		}
	}
	d.day = 1 + day;
	return d;
}

static int as_number(struct civil_date d)
{
	return d.year * 10000 + d.month * 100 + d.day;
}

int truth_weekday(const struct sim *s, int day)
{
	return (years[row_of(s)].first_weekday + day) % 7;
}

void truth_year(struct sim *s)
{
	int64_t utc_ms = 0;
	for (int year = 1970; year < s->year; year++)
		utc_ms += (year % 4 ? 365 : 366) * INT64_C(86400000);
	for (int month = 1; month < 9; month++)
		utc_ms += days_in(s->year, month) * INT64_C(86400000);
	s->n_days = s->year % 4 == 3 ? 304 : 303;
	for (int day = 0; day <= s->n_days; day++) {
		int date = as_number(truth_date(s, day));
		/* Midnight of a Sunday of change still has the old time. */
		bool winter = date > years[row_of(s)].autumn && date <= years[row_of(s)].spring;
		s->midnight_ms[day] =
			utc_ms + day * INT64_C(86400000) - (winter ? 1 : 2) * INT64_C(3600000);
	}
}

int truth_day_at(const struct sim *s, int64_t at_ms)
{
	int day = s->today;
	while (day > 0 && at_ms < s->midnight_ms[day])
		day--;
	while (day < s->n_days && at_ms >= s->midnight_ms[day + 1])
		day++;
	return day;
}

static bool is_off(const struct sim *s, int date, int half)
{
	size_t y = row_of(s);
	for (size_t i = 0; i < sizeof(years[y].off) / sizeof(years[y].off[0]); i++)
		if (date >= years[y].off[i].from && date <= years[y].off[i].to)
			return true;
	return half == 1 && (date == years[y].pm_off[0] || date == years[y].pm_off[1]);
}

/* Class 10 * (year - 1) + letter. Year 5 begins at 09:15 on Mondays, J has no Friday afternoon, 1D ends late. */
bool truth_lessons(
	const struct sim *s, int day, int class_of, int half, int *ret_start_s, int *ret_end_s)
{
	int weekday = truth_weekday(s, day);
	int date = as_number(truth_date(s, day));
	bool fifth = class_of / 10 == 4;
	bool j = class_of % 10 == 9;
	bool own = fifth || j || class_of == 3;
	if (weekday > 4 || is_off(s, date, half))
		return false;
	if (half == 1 && (weekday == 2 || (j && weekday == 4)))
		return false;
	*ret_start_s = half ? HM(13, 10) : fifth && weekday == 0 ? HM(9, 15) : HM(8, 25);
	*ret_end_s = !half ? HM(12, 5) : class_of == 3 && weekday == 3 ? HM(16, 50) : HM(16, 0);
	if (half == 0 && !own && date == years[row_of(s)].late_start)
		*ret_start_s = HM(10, 10);
	return true;
}

bool truth_school_day(const struct sim *s, int day)
{
	int start_s, end_s;
	return truth_lessons(s, day, 0, 0, &start_s, &end_s) ||
	       truth_lessons(s, day, 0, 1, &start_s, &end_s);
}

static int half_at(const struct sim *s, int day, int class_of, int at_s)
{
	int start_s[2], end_s[2];
	bool has[2];
	for (int h = 0; h < 2; h++)
		has[h] = truth_lessons(s, day, class_of, h, &start_s[h], &end_s[h]);
	for (int h = 0; h < 2; h++)
		if (has[h] && start_s[h] <= at_s && at_s < end_s[h])
			return h;
	for (int h = 0; h < 2; h++)
		if (has[h] && at_s < start_s[h] &&
			start_s[h] - at_s <= 60 * s->rules.opens_before_min)
			return h;
	return -1;
}

int truth_verdict(const struct sim *s, int class_of, int64_t at_ms, int *ret_minutes)
{
	int start_s, end_s;
	int day = truth_day_at(s, at_ms);
	int at_s = (int)((at_ms - s->midnight_ms[day]) / 1000);
	int half = half_at(s, day, class_of, at_s);
	*ret_minutes = 0;
	if (half < 0)
		return half;
	truth_lessons(s, day, class_of, half, &start_s, &end_s);
	if (at_s > start_s + 60 * s->rules.grace_min) {
		*ret_minutes = (at_s - start_s) / 60;
		if ((at_s - start_s) % 60)
			++*ret_minutes;
	}
	return half;
}

static int64_t cutoff_of(const struct sim *s, int day, int class_of, int half)
{
	int start_s, end_s;
	if (!truth_lessons(s, day, class_of, half, &start_s, &end_s))
		sim_fail(s, "class %d is decided on a half day without lessons", class_of);
	return s->midnight_ms[day] + 1000 * (int64_t)start_s + SIM_MIN * s->rules.absent_after_min;
}

/* Whose tap it was, as far as the register can know. */
static int owner_of(const struct sim *s, const struct sim_tap *tap)
{
	const struct sim_card *card = &s->cards[tap->card];
	bool blocked = tap->told == 1 ? tap->refused : tap->at_ms >= card->blocked_ms;
	return card->linked && !blocked ? card->pupil : -1;
}

void truth_certain(struct sim *s, int day, int class_of, int half, const char *where)
{
	int64_t cutoff_ms = cutoff_of(s, day, class_of, half);
	if (s->now_ms < cutoff_ms)
		sim_fail(s, "%s: certain before the cut-off", where);
	if (!s->broker)
		sim_fail(s, "%s: certain without a broker", where);
	for (int i = 0; i < SIM_GATES; i++) {
		const struct sim_gate *g = &s->gates[i];
		if (!g->up && g->down_ms <= cutoff_ms)
			sim_fail(s, "%s: certain, but gate %d is away", where, i);
		if (!g->reader && g->reader_down_ms <= cutoff_ms)
			sim_fail(s, "%s: certain, but gate %d can't read", where, i);
		if (!g->clock && g->clock_lost_ms <= cutoff_ms)
			sim_fail(s, "%s: certain, but gate %d has no time", where, i);
		if (g->n_numbered < g->n_rows &&
			g->taps[g->rows[g->n_numbered].tap].at_ms <= cutoff_ms)
			sim_fail(s, "%s: certain, but gate %d has not told a tap of before", where,
				i);
	}
}

void truth_missing(struct sim *s, int day, int pupil, int half, const char *where)
{
	struct sim_day *d = sim_day_of(s, day);
	int class_of = pupil / SIM_CLASS_SIZE;
	int64_t cutoff_ms = cutoff_of(s, day, class_of, half);
	int minutes;
	if (d->excused[pupil][half])
		sim_fail(s, "%s: pupil %d is excused", where, pupil);
	if (d->seen[pupil][half])
		sim_fail(s, "%s: pupil %d was seen", where, pupil);
	for (size_t i = 0; i < d->n_taps; i++) {
		const struct sim_tap *tap = &s->gates[d->taps[i].gate].taps[d->taps[i].tap];
		if (owner_of(s, tap) != pupil || tap->day != day || tap->at_ms > cutoff_ms)
			continue;
		int of = truth_verdict(s, class_of, tap->at_ms, &minutes);
		if (of == half || (of == 0 && s->rules.carry))
			sim_fail(s, "%s: pupil %d tapped at gate %d %d s before the cut-off%s",
				where, pupil, d->taps[i].gate,
				(int)((cutoff_ms - tap->at_ms) / 1000),
				s->cards[tap->card].blocked_ms == SIM_NEVER
					? ""
					: ", and lost the card later");
	}
}

/* ---- the marks of a day ---- */

struct known {
	int64_t first_ms[SIM_PUPILS][2];
	bool unjudged[SIM_PUPILS][2];
};

/* What the register has been told of a day. */
static void learn(const struct sim *s, int day, struct known *k)
{
	const struct sim_day *d = s->days[day];
	memset(k->first_ms, 0xff, sizeof(k->first_ms)); /* -1 */
	memset(k->unjudged, 0, sizeof(k->unjudged));
	for (size_t i = 0; i < d->n_taps; i++) {
		const struct sim_tap *tap = &s->gates[d->taps[i].gate].taps[d->taps[i].tap];
		int pupil = owner_of(s, tap);
		int64_t at_ms = tap->told == 1 ? tap->received_ms : tap->at_ms;
		int minutes;
		if (pupil < 0 || !tap->told || truth_day_at(s, at_ms) != day)
			continue;
		int half = truth_verdict(s, pupil / SIM_CLASS_SIZE, at_ms, &minutes);
		if (half < 0)
			continue;
		int64_t *first_ms = &k->first_ms[pupil][half];
		if (tap->told == 1)
			k->unjudged[pupil][half] = true;
		else if (*first_ms < 0 || at_ms < *first_ms)
			*first_ms = at_ms;
	}
}

/* Either one value, or one of those that say "missing". */
struct wanted {
	enum mark_value value; /* MARK_ABSENT: missing, by whatever certainty */
	int minutes_late;
	bool doubtful; /* never absent with certainty */
};

static struct wanted want_of(
	const struct sim *s, int day, const struct known *k, int pupil, int half, bool was_in)
{
	const struct sim_day *d = s->days[day];
	int64_t tap_ms = k->first_ms[pupil][half];
	struct wanted w = { MARK_PRESENT, 0, false };
	int start_s, end_s;
	if (!truth_lessons(s, day, pupil / SIM_CLASS_SIZE, half, &start_s, &end_s)) {
		w.value = MARK_NONE;
	} else if (d->seen[pupil][half]) {
		w.value = MARK_PRESENT;
	} else if (d->excused[pupil][half]) {
		w.value = tap_ms < 0 ? MARK_EXCUSED : MARK_PRESENT;
	} else if (half == 1 && s->rules.carry && was_in) {
		w.value = MARK_PRESENT;
	} else if (tap_ms >= 0) {
		truth_verdict(s, pupil / SIM_CLASS_SIZE, tap_ms, &w.minutes_late);
		if (w.minutes_late)
			w.value = MARK_LATE;
	} else {
		w.value = MARK_ABSENT;
		w.doubtful = k->unjudged[pupil][half] ||
			     (half == 1 && s->rules.carry && k->unjudged[pupil][0]);
	}
	return w;
}

static void check_missing(
	struct sim *s, int day, int pupil, int half, enum mark_value got, struct wanted w)
{
	int64_t cutoff_ms = cutoff_of(s, day, pupil / SIM_CLASS_SIZE, half);
	int64_t hold_ms = 1000 * (int64_t)s->rules.hold_s + 2000;
	int64_t from_ms = s->blind_ms > cutoff_ms ? s->blind_ms : cutoff_ms;
	bool may_wait = w.doubtful || day != s->today || s->now_ms <= from_ms + hold_ms;
	if (got == MARK_AWAITED           ? may_wait
		: got == MARK_UNCONFIRMED ? day != s->today || s->faulty
					  : got == MARK_ABSENT && !w.doubtful)
		return;
	sim_fail(s, "day %d half %d pupil %d: missing, but its mark is %d", day, half, pupil,
		(int)got);
}

static void check_alert(struct sim *s, const struct day *d, int pupil, int half, enum mark_value v)
{
	int32_t index = d->pupils[pupil].half[half].alert;
	const struct alert *a = index < 0 ? NULL : &d->alerts[index];
	if (!a)
		return;
	if (a->pupil != SIM_FIRST_PUPIL + pupil || (a->half == HALFDAY_PM) != half)
		sim_fail(s, "alert %s stands at pupil %d", a->id, pupil);
	if ((v == MARK_PRESENT || v == MARK_EXCUSED) && a->state != ALERT_RETRACTED)
		sim_fail(s, "alert %s is %s, but its mark is %d", a->id, alert_state_word(a->state),
			(int)v);
	if (v == MARK_LATE && a->state == ALERT_RETRACTED)
		sim_fail(s, "alert %s is retracted, but its pupil is late", a->id);
}

static void check_class(struct sim *s, int day, int half, const struct wire_day_class *rows,
	size_t n, const int (*want)[MARK_EXCUSED + 1])
{
	size_t row = 0;
	for (int c = 0; c < SIM_CLASSES; c++) {
		const char name[] = { (char)('1' + c / 10), (char)('A' + c % 10), 0 };
		int start_s, end_s;
		if (!truth_lessons(s, day, c, half, &start_s, &end_s))
			continue;
		const struct wire_day_class *r = &rows[row++];
		if (row > n || strcmp(r->class_name, name) != 0)
			sim_fail(s, "day %d half %d: class %s has no counts", day, half, name);
		if (r->expected != SIM_CLASS_SIZE ||
			r->expected != r->present + r->late + r->absent + r->unconfirmed +
					       r->excused + r->awaited)
			sim_fail(s, "day %d half %d: class %s doesn't add up", day, half, name);
		if (r->present != want[c][MARK_PRESENT] || r->late != want[c][MARK_LATE] ||
			r->excused != want[c][MARK_EXCUSED] ||
			r->absent + r->unconfirmed + r->awaited != want[c][MARK_ABSENT])
			sim_fail(s, "day %d half %d: class %s is counted wrong", day, half, name);
	}
	if (row != n)
		sim_fail(s, "day %d half %d: a class without lessons is counted", day, half);
}

/* ret_in: who was in, for the afternoon. */
static void check_half(
	struct sim *s, int day, const struct day *d, const struct known *k, int half, bool *in)
{
	static int want[SIM_CLASSES][MARK_EXCUSED + 1];
	static struct wire_day_class rows[SIM_CLASSES];
	memset(want, 0, sizeof(want));
	for (int p = 0; p < SIM_PUPILS; p++) {
		const struct day_half *h = &d->pupils[p].half[half];
		struct wanted w = want_of(s, day, k, p, half, in[p]);
		enum mark_value got = h->mark.value;
		if (w.value == MARK_ABSENT)
			check_missing(s, day, p, half, got, w);
		else if (got != w.value || h->mark.minutes_late != w.minutes_late)
			sim_fail(s,
				"day %d half %d pupil %d: mark %d of %d min, but it is %d of %d",
				day, half, p, (int)got, h->mark.minutes_late, (int)w.value,
				w.minutes_late);
		check_alert(s, d, p, half, got);
		in[p] = w.value == MARK_PRESENT || w.value == MARK_LATE;
		want[p / SIM_CLASS_SIZE][w.value]++;
		s->count.unconfirmed_marks += got == MARK_UNCONFIRMED;
		s->count.absent_marks += got == MARK_ABSENT;
	}
	size_t n = day_counts(d, half ? HALFDAY_PM : HALFDAY_AM, rows, SIM_CLASSES);
	check_class(s, day, half, rows, n, (const int(*)[MARK_EXCUSED + 1]) want);
}

void truth_check(struct sim *s, int day, const struct day *d)
{
	static struct known known;
	bool in[SIM_PUPILS] = { false };
	int start_s, end_s;
	learn(s, day, &known);
	for (int half = 0; half < 2; half++) {
		/* A half day that still runs has pupils who are nothing yet. */
		bool over = day != s->today;
		for (int c = 0; c < SIM_CLASSES && !over; c++)
			over = truth_lessons(s, day, c, half, &start_s, &end_s) &&
			       s->now_ms >= s->midnight_ms[day] + 1000 * (int64_t)end_s;
		if (over || (half == 1 && s->now_ms >= s->midnight_ms[day] + 1000 * HM(16, 59)))
			check_half(s, day, d, &known, half, in);
	}
}
