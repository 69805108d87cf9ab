/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/threshold.h"

#include <string.h>

#include "unit/unit.h"

#define HALVES_MAX 700
#define SUMMER_2027                                                                                \
	(struct civil_date)                                                                        \
	{                                                                                          \
		2027, 8, 31                                                                        \
	}

static const struct threshold_before nothing_before;

/* A pupil's half days, Monday to Friday, Wednesday afternoon free; in every time. */
struct pupil {
	size_t n;
	struct threshold_half half[HALVES_MAX];
};

static void fill(struct pupil *p, struct civil_date from, size_t n)
{
	p->n = 0;
	for (int day = 0; p->n < n; day++) {
		struct civil_date date = civil_date_add(from, day);
		int weekday = civil_weekday(date);
		if (weekday >= 5)
			continue;
		p->half[p->n++] = (struct threshold_half){ date, HALFDAY_AM, '|', 0, false };
		if (weekday != 2 && p->n < n)
			p->half[p->n++] =
				(struct threshold_half){ date, HALFDAY_PM, '|', 0, false };
	}
}

static struct threshold_row row_named(const char *name)
{
	for (size_t i = 0; i < threshold_n_shipped; i++)
		if (strcmp(threshold_shipped[i].name, name) == 0) {
			struct threshold_row row = threshold_shipped[i];
			row.on = true;
			return row;
		}
	fail_msg("no row %s", name);
	return threshold_shipped[0];
}

/* The first @n half days get a code; the rest has none. */
static struct threshold_tally tally_of_codes(
	const struct threshold_row *row, struct pupil *p, char code, size_t n)
{
	for (size_t i = 0; i < p->n; i++)
		p->half[i].code = i < n ? code : (char)0;
	return threshold_tally_of(row, SUMMER_2027, p->half, p->n, nothing_before);
}

/* R6: the rows as delivered, domain.md section 4. */
static void test_shipped(void **state)
{
	(void)state;
	static const struct {
		const char *name, *letters;
		int at;
		bool on;
	} want[] = {
		{ "contact_parents", "B", 1, true },
		{ "tell_clb", "B", 5, true },
		{ "school_norm", "B", 10, false },
		{ "b30", "B", 30, true },
		{ "b30_twice", "B", 30, true },
		{ "z_clb", "Z", 0, false },
		{ "any_10", "*", 0, false },
		{ "late_repeat", "L", 3, false },
	};
	assert_int_equal(threshold_n_shipped, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct threshold_row *got = &threshold_shipped[i];
		assert_string_equal(got->name, want[i].name);
		assert_string_equal(got->letters, want[i].letters);
		assert_int_equal(got->at, want[i].at);
		assert_int_equal(got->on, want[i].on);
		assert_true(threshold_row_valid(got));
	}
}

/* R7: reached at the number, not one below. */
static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t at;
	} row[] = { { "contact_parents", 1 }, { "tell_clb", 5 }, { "school_norm", 10 },
		{ "b30", 30 } };
	struct pupil p;
	fill(&p, (struct civil_date){ 2026, 9, 1 }, 60);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct threshold_row r = row_named(row[i].name);
		struct threshold_tally below = tally_of_codes(&r, &p, 'B', row[i].at - 1);
		struct threshold_tally at = tally_of_codes(&r, &p, 'B', row[i].at);
		if (below.reached || !at.reached || at.count != (int)row[i].at ||
			civil_date_compare(at.since, p.half[row[i].at - 1].date) != 0)
			fail_msg("%s", row[i].name);
		r.on = false;
		if (tally_of_codes(&r, &p, 'B', 60).reached)
			fail_msg("%s is off", row[i].name);
	}
}

/* R7: B alone moves the counters of B; and a mark never does. */
static void test_only_b_counts(void **state)
{
	(void)state;
	struct pupil p;
	fill(&p, (struct civil_date){ 2026, 9, 1 }, 60);
	for (size_t i = 0; i < threshold_n_shipped; i++) {
		struct threshold_row r = threshold_shipped[i];
		if (strcmp(r.letters, "B") != 0)
			continue;
		r.on = true;
		for (const char *code = "RZDPHMTUYCJLOQAb|-x"; *code; code++)
			if (tally_of_codes(&r, &p, *code, 60).count != 0)
				fail_msg("%s moved by %c", r.name, *code);
		for (const char *mark = "-L|x."; *mark; mark++) {
			for (size_t k = 0; k < p.n; k++)
				p.half[k].mark = *mark;
			if (tally_of_codes(&r, &p, 0, 0).count != 0)
				fail_msg("%s moved by mark %c", r.name, *mark);
		}
	}
}

/* What one row and one pupil go through, a number of B half days at a time. */
static void check_life(const char *name, const char *steps, const int *numbers)
{
	struct threshold_row r = row_named(name);
	struct pupil p;
	struct threshold_event event;
	char first_id[THRESHOLD_ID_MAX], id[THRESHOLD_ID_MAX];
	int revision = 0;
	fill(&p, (struct civil_date){ 2026, 9, 1 }, 60);
	threshold_event_begin(12345, &r, 2026, &event);
	threshold_event_id(&event, first_id);
	for (size_t i = 0; steps[i]; i++) {
		struct threshold_tally tally = tally_of_codes(&r, &p, 'B', (size_t)numbers[i]);
		struct civil_date today =
			civil_date_add((struct civil_date){ 2026, 11, 2 }, (int)i);
		bool changed = threshold_apply(&event, &r, &tally, today);
		if (changed != (steps[i] != '='))
			fail_msg("%s, step %d: told or not", name, (int)i);
		if (changed && event.state != (steps[i] == 'o'          ? THRESHOLD_OPEN
						      : steps[i] == 'w' ? THRESHOLD_WITHDRAWN
									: THRESHOLD_PASSED))
			fail_msg("%s, step %d: state %d", name, (int)i, (int)event.state);
		if (changed && civil_date_compare(event.changed_on, today) != 0)
			fail_msg("%s, step %d: date", name, (int)i);
		revision += changed;
		assert_int_equal(event.revision, revision);
		threshold_event_id(&event, id);
		assert_string_equal(id, first_id);
	}
}

/* R7: = nothing, o opens, w withdrawn, p another row stands for it. */
static void test_life(void **state)
{
	(void)state;
	check_life("tell_clb", "=o===w=o=", (const int[]){ 4, 5, 5, 6, 7, 4, 3, 5, 8 });
	check_life("tell_clb", "==owowo", (const int[]){ 0, 4, 30, 0, 5, 4, 5 });
	check_life("contact_parents", "o===p=ow=", (const int[]){ 1, 2, 3, 4, 5, 6, 4, 0, 0 });
	check_life("contact_parents", "=ow==o", (const int[]){ 5, 4, 0, 0, 7, 2 });
	check_life("contact_parents", "opw", (const int[]){ 1, 9, 0 });
	check_life("b30", "=o=w", (const int[]){ 29, 30, 31, 29 });
}

static void test_ids(void **state)
{
	(void)state;
	struct threshold_row r = row_named("contact_parents");
	struct threshold_event event;
	char id[THRESHOLD_ID_MAX];
	threshold_event_begin(12345, &r, 2026, &event);
	threshold_event_id(&event, id);
	assert_string_equal(id, "2026-2027-contact_parents-p0000012345");
	memcpy(event.row, "abcdefghijklmnopqrstuvw", THRESHOLD_NAME_MAX);
	event.pupil = INT64_C(9999999999);
	threshold_event_id(&event, id);
	assert_string_equal(id, "2026-2027-abcdefghijklmnopqrstuvw-p9999999999");
}

/* An event that stands is left alone by a row that is switched off. */
static void test_switched_off(void **state)
{
	(void)state;
	struct threshold_row r = row_named("tell_clb");
	struct threshold_event event;
	struct pupil p;
	fill(&p, (struct civil_date){ 2026, 9, 1 }, 60);
	threshold_event_begin(1, &r, 2026, &event);
	struct threshold_tally tally = tally_of_codes(&r, &p, 'B', 5);
	assert_true(threshold_apply(&event, &r, &tally, SUMMER_2027));
	r.on = false;
	tally = tally_of_codes(&r, &p, 'B', 5);
	assert_false(tally.reached);
	assert_false(threshold_apply(&event, &r, &tally, SUMMER_2027));
	assert_int_equal(event.state, THRESHOLD_OPEN);
}

/* R6: the counters begin again on 1 September; what lies ahead of today doesn't count yet. */
static void test_school_years(void **state)
{
	(void)state;
	struct threshold_row r = row_named("tell_clb");
	struct pupil p;
	static const struct {
		const char *name;
		struct civil_date today;
		int count;
	} row[] = {
		{ "31 August 2026", { 2026, 8, 31 }, 2 },
		{ "1 September", { 2026, 9, 1 }, 2 },
		{ "2 September, a Wednesday", { 2026, 9, 2 }, 3 },
		{ "the weekend", { 2026, 9, 6 }, 7 },
		{ "Monday", { 2026, 9, 7 }, 9 },
		{ "31 August 2027", { 2027, 8, 31 }, 98 },
		{ "the year after", { 2027, 9, 1 }, 0 },
		{ "the year before", { 2025, 9, 1 }, 0 },
	};
	fill(&p, (struct civil_date){ 2026, 8, 31 }, 100); /* a Monday */
	for (size_t i = 0; i < p.n; i++)
		p.half[i].code = 'B';
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct threshold_tally got =
			threshold_tally_of(&r, row[i].today, p.half, p.n, nothing_before);
		if (got.count != row[i].count || got.reached != (row[i].count >= 5))
			fail_msg("%s: %d", row[i].name, got.count);
	}
}

/* R6: b30_twice needs 30 in both years; a number brought from another school counts, without a date. */
static void test_what_was_before(void **state)
{
	(void)state;
	static const struct {
		const char *name, *row;
		size_t now;
		struct threshold_before before;
		int count;
		bool reached, dated;
	} row[] = {
		{ "both years", "b30_twice", 30, { 0, 30 }, 30, true, true },
		{ "one less now", "b30_twice", 29, { 0, 30 }, 29, false, false },
		{ "one less then", "b30_twice", 30, { 0, 29 }, 0, false, false },
		{ "last year doesn't matter", "b30", 30, { 0, 0 }, 30, true, true },
		{ "nor does it help", "b30", 29, { 0, 99 }, 29, false, false },
		{ "brought along", "tell_clb", 0, { 5, 0 }, 5, true, false },
		{ "brought one less", "tell_clb", 0, { 4, 0 }, 4, false, false },
		{ "and one here", "tell_clb", 1, { 4, 0 }, 5, true, true },
		{ "twice, with an opening", "b30_twice", 1, { 29, 31 }, 30, true, true },
		{ "no Z by it", "z_clb", 0, { 9, 9 }, 0, false, false },
		{ "no share by it", "any_10", 0, { 9, 9 }, 0, false, false },
		{ "no lateness by it", "late_repeat", 0, { 9, 9 }, 0, false, false },
	};
	struct pupil p;
	fill(&p, (struct civil_date){ 2026, 9, 1 }, 60);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct threshold_row r = row_named(row[i].row);
		if (strcmp(r.name, "z_clb") == 0)
			r = (struct threshold_row){ "z", "Z", .on = true, .at = 1 };
		for (size_t k = 0; k < p.n; k++)
			p.half[k].code = k < row[i].now ? 'B' : (char)0;
		struct threshold_tally got =
			threshold_tally_of(&r, SUMMER_2027, p.half, p.n, row[i].before);
		if (got.count != row[i].count || got.reached != row[i].reached ||
			(got.since.year != 0) != row[i].dated)
			fail_msg("%s: %d, %d", row[i].name, got.count, (int)got.reached);
	}
}

/* R6: what 2027-28 will ask is a row: off and without a number until it is known. */
static void test_z_row(void **state)
{
	(void)state;
	struct threshold_row r = row_named("z_clb");
	struct pupil p;
	struct civil_date summer_2028 = { 2028, 8, 31 };
	fill(&p, (struct civil_date){ 2027, 9, 1 }, 60);
	for (size_t i = 0; i < 12; i++)
		p.half[i].code = i < 8 ? 'Z' : 'D';
	assert_false(threshold_tally_of(&r, summer_2028, p.half, p.n, nothing_before).reached);
	r.at = 8;
	assert_true(threshold_row_valid(&r));
	assert_true(threshold_tally_of(&r, summer_2028, p.half, p.n, nothing_before).reached);
	r.at = 9;
	assert_false(threshold_tally_of(&r, summer_2028, p.half, p.n, nothing_before).reached);
	memcpy(r.letters, "ZD", 3);
	r.at = 12;
	assert_true(threshold_tally_of(&r, summer_2028, p.half, p.n, nothing_before).reached);
	fill(&p, (struct civil_date){ 2026, 9, 1 }, 60);
	assert_false(tally_of_codes(&r, &p, 'Z', 60).reached);
	r.from_year = 2025;
	r.to_year = 2026;
	assert_true(tally_of_codes(&r, &p, 'Z', 60).reached);
	r.to_year = 2025;
	assert_false(tally_of_codes(&r, &p, 'Z', 60).reached);
}

/* R16: three times late within ten school days; weekends and days off don't lengthen the wait. */
static void test_late_repeat(void **state)
{
	(void)state;
	/* Mornings late, as numbers of the school day, the first 0. */
	static const struct {
		const char *name;
		int days[3];
		bool gap; /* two weeks of holidays after the fifth day */
		bool reached;
	} row[] = {
		{ "three in a row", { 0, 1, 2 }, false, true },
		{ "first and tenth", { 0, 5, 9 }, false, true },
		{ "first and eleventh", { 0, 5, 10 }, false, false },
		{ "second and eleventh", { 1, 5, 10 }, false, true },
		{ "across a holiday", { 0, 5, 9 }, true, true },
		{ "too far across it", { 0, 5, 10 }, true, false },
		{ "late in the year", { 11, 19, 20 }, false, true },
		{ "twice", { 3, 3, 4 }, false, false },
	};
	struct threshold_row r = row_named("late_repeat");
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct pupil p;
		fill(&p, (struct civil_date){ 2026, 9, 7 }, 90);
		int day = -1;
		struct civil_date last = { 0 };
		for (size_t k = 0; k < p.n; k++) {
			if (civil_date_compare(p.half[k].date, last) != 0) {
				last = p.half[k].date;
				day++;
				for (int n = 0; n < 3; n++)
					if (row[i].days[n] == day)
						p.half[k].mark = 'L';
			}
			if (row[i].gap && day >= 5)
				p.half[k].date = civil_date_add(p.half[k].date, 14);
		}
		struct threshold_tally got =
			threshold_tally_of(&r, SUMMER_2027, p.half, p.n, nothing_before);
		if (got.reached != row[i].reached)
			fail_msg("%s: %d", row[i].name, got.count);
	}
}

/* R16: both halves of a day count; what was reached stays when the window goes on; a correction takes
 * it back; a late half day that a person coded as missed is no lateness. */
static void test_late_repeat_lasts(void **state)
{
	(void)state;
	struct threshold_row r = row_named("late_repeat");
	struct pupil p;
	fill(&p, (struct civil_date){ 2026, 9, 7 }, 90);
	p.half[0].mark = p.half[1].mark = p.half[2].mark = 'L';
	struct threshold_tally got =
		threshold_tally_of(&r, SUMMER_2027, p.half, p.n, nothing_before);
	assert_true(got.reached);
	assert_int_equal(got.count, 3);
	assert_int_equal(civil_date_compare(got.since, p.half[2].date), 0);
	assert_false(threshold_tally_of(&r, p.half[0].date, p.half, p.n, nothing_before).reached);
	p.half[1].code = 'B';
	assert_false(threshold_tally_of(&r, SUMMER_2027, p.half, p.n, nothing_before).reached);
	p.half[1].code = 0;
	p.half[1].mark = '|';
	assert_false(threshold_tally_of(&r, SUMMER_2027, p.half, p.n, nothing_before).reached);
}

/* R17: ten percent of the half days so far, from 40 on. */
static void test_any_10(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t elapsed, absent;
		bool reached;
	} row[] = {
		{ "39, nearly all", 39, 39, false },
		{ "40, four", 40, 4, true },
		{ "40, three", 40, 3, false },
		{ "49, four at 40", 49, 4, true },
		{ "none", 300, 0, false },
	};
	struct threshold_row r = row_named("any_10");
	struct pupil p;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		fill(&p, (struct civil_date){ 2026, 9, 1 }, row[i].elapsed);
		for (size_t k = 0; k < row[i].absent; k++)
			p.half[k].mark = '-';
		struct threshold_tally got =
			threshold_tally_of(&r, SUMMER_2027, p.half, p.n, nothing_before);
		if (got.reached != row[i].reached || got.count != (int)row[i].absent)
			fail_msg("%s: %d", row[i].name, got.count);
	}
	/* Five of 50 on the fiftieth, of 51 no longer; what was reached stays. */
	fill(&p, (struct civil_date){ 2026, 9, 1 }, 51);
	for (size_t k = 46; k < 51; k++)
		p.half[k].mark = '-';
	assert_false(threshold_tally_of(&r, p.half[48].date, p.half, 49, nothing_before).reached);
	assert_false(threshold_tally_of(&r, p.half[49].date, p.half, 50, nothing_before).reached);
	p.half[45].mark = '-';
	p.half[50].mark = '|';
	struct threshold_tally got =
		threshold_tally_of(&r, SUMMER_2027, p.half, p.n, nothing_before);
	assert_true(got.reached);
	assert_int_equal(civil_date_compare(got.since, p.half[49].date), 0);
}

/* R17: a share is exact, and may be as small as one percent. */
static void test_shares(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int percent;
		size_t elapsed, absent; /* the last of them */
		bool reached;
	} row[] = {
		{ "10 of 100", 10, 100, 10, true },
		{ "10 of 101", 10, 101, 10, false },
		{ "33 of 329", 10, 329, 33, true },
		{ "32 of 329", 10, 329, 32, false },
		{ "1 of 100", 1, 100, 1, true },
		{ "1 of 101", 1, 101, 1, false },
		{ "all", 100, 40, 40, true },
	};
	struct threshold_row r = row_named("any_10");
	struct pupil p;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		fill(&p, (struct civil_date){ 2026, 9, 1 }, row[i].elapsed);
		for (size_t k = p.n - row[i].absent; k < p.n; k++)
			p.half[k].mark = '-';
		r.percent = row[i].percent;
		if (threshold_tally_of(&r, SUMMER_2027, p.half, p.n, nothing_before).reached !=
			row[i].reached)
			fail_msg("%s", row[i].name);
	}
}

/* A number without dates lies in no window, and is a share of nothing. */
static void test_opening_needs_no_dates(void **state)
{
	(void)state;
	static const struct threshold_row rows[] = {
		{ .name = "window", .letters = "B", .on = true, .at = 1, .window_days = 10 },
		{ .name = "share", .letters = "B", .on = true, .percent = 1 },
	};
	struct threshold_before before = { .opening_b = 9 };
	struct threshold_half half = { { 2026, 11, 23 }, HALFDAY_AM, '|', 0, false };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct threshold_tally got =
			threshold_tally_of(&rows[i], SUMMER_2027, &half, 1, before);
		if (got.count != 0 || got.reached)
			fail_msg("%s: %d", rows[i].name, got.count);
	}
}

/* R17: what any_10 counts, half day by half day. */
static void test_any_10_counts(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		char mark, code;
		bool elsewhere;
		int count;
	} row[] = {
		{ "no tap", '-', 0, false, 1 },
		{ "B", '-', 'B', false, 1 },
		{ "Z", 'x', 'Z', false, 1 },
		{ "D", 'x', 'D', false, 1 },
		{ "P in a trajectory", 'x', 'P', true, 1 },
		{ "suspended", 'x', 'U', false, 1 },
		{ "late, but missed", 'L', 'B', false, 1 },
		{ "reported ill, no code yet", 'x', 0, false, 1 },
		{ "on excursion", 'x', 0, true, 0 },
		{ "present", '|', 0, false, 0 },
		{ "late", 'L', 0, false, 0 },
		{ "nothing known", '.', 0, false, 0 },
		{ "no such code", '|', 'K', false, 0 },
	};
	struct threshold_row r = row_named("any_10");
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct threshold_half half = { { 2026, 11, 23 }, HALFDAY_AM, row[i].mark,
			row[i].code, row[i].elsewhere };
		struct threshold_tally got =
			threshold_tally_of(&r, SUMMER_2027, &half, 1, nothing_before);
		if (got.count != row[i].count)
			fail_msg("%s: %d", row[i].name, got.count);
	}
}

/* Rows come from a table: what makes no sense is refused. */
static void test_row_forms(void **state)
{
	(void)state;
	static const struct {
		struct threshold_row row;
		bool valid;
	} row[] = {
		{ { "a", "B", .at = 1 }, true },
		{ { "a_9", "ZD", .at = 1000, .window_days = 366 }, true },
		{ { "a", "*", .percent = 100, .from_elapsed = 1000 }, true },
		{ { "a", "B", .at = 4, .up_to = 4 }, true },
		{ { .name = "a", .letters = "B" }, true },
		{ { "", "B", .at = 1 }, false },
		{ { "A", "B", .at = 1 }, false },
		{ { "a b", "B", .at = 1 }, false },
		{ { "a", "", .at = 1 }, false },
		{ { "a", "B*", .at = 1 }, false },
		{ { "a", ".", .at = 1 }, false },
		{ { "a", "B", .at = -1 }, false },
		{ { "a", "B", .at = 1001 }, false },
		{ { "a", "B", .at = 5, .up_to = 4 }, false },
		{ { "a", "*", .percent = 101 }, false },
		{ { "a", "*", .percent = -1 }, false },
		{ { "a", "*", .percent = 10, .window_days = 10 }, false },
		{ { "a", "*", .percent = 10, .last_year_too = true }, false },
		{ { "a", "*", .percent = 10, .up_to = 10 }, false },
		{ { "a", "B", .at = 1, .window_days = 367 }, false },
		{ { "a", "B", .at = 1, .from_year = -1 }, false },
		{ { "a", "B", .at = 1, .to_year = 10000 }, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (threshold_row_valid(&row[i].row) != row[i].valid)
			fail_msg("row %d", (int)i);
	struct threshold_row r = { "a", "B", .at = 1 };
	memset(r.name, 'a', sizeof(r.name));
	assert_false(threshold_row_valid(&r));
	r = (struct threshold_row){ "a", "B", .at = 1 };
	memset(r.letters, 'B', sizeof(r.letters));
	assert_false(threshold_row_valid(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_only_b_counts),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_school_years),
		cmocka_unit_test(test_what_was_before),
		cmocka_unit_test(test_z_row),
		cmocka_unit_test(test_late_repeat),
		cmocka_unit_test(test_late_repeat_lasts),
		cmocka_unit_test(test_any_10),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_opening_needs_no_dates),
		cmocka_unit_test(test_any_10_counts),
		cmocka_unit_test(test_row_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
