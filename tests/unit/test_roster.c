/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/roster.h"

#include <string.h>

#include "unit/brussels.h"
#include "unit/unit.h"

#define AM HALFDAY_AM
#define PM HALFDAY_PM
#define FROM_TO(h1, m1, h2, m2)                                                                    \
	{                                                                                          \
		HMS(h1, m1, 0), HMS(h2, m2, 0)                                                     \
	}

/* As the contract's sample: Wednesday afternoon free, 5B with rows of its own. */
static const struct timetable_row sample_rows[] = {
	{ "*", 0, AM, FROM_TO(8, 25, 12, 5) },
	{ "*", 0, PM, FROM_TO(13, 10, 16, 0) },
	{ "*", 1, AM, FROM_TO(8, 25, 12, 5) },
	{ "*", 1, PM, FROM_TO(13, 10, 16, 0) },
	{ "*", 2, AM, FROM_TO(8, 25, 12, 5) },
	{ "*", 3, AM, FROM_TO(8, 25, 12, 5) },
	{ "*", 3, PM, FROM_TO(13, 10, 16, 0) },
	{ "*", 4, AM, FROM_TO(8, 25, 12, 5) },
	{ "*", 4, PM, FROM_TO(13, 10, 15, 10) },
	{ "5B", 0, AM, FROM_TO(9, 15, 12, 5) },
	{ "5B", 0, PM, FROM_TO(13, 10, 16, 0) },
	{ "5B", 1, AM, FROM_TO(8, 25, 12, 5) },
};

static const struct roster_size sample_size = {
	.pupils = 4,
	.cards = 5,
	.rows = 20,
	.days = 400,
	.excuses = 8,
};

static void put_text(char *ret_text, const char *text)
{
	memcpy(ret_text, text, strlen(text) + 1);
}

static void put_pupil(struct roster *r, int64_t id, const char *first_name, const char *class_name)
{
	struct roster_pupil *pupil = &r->pupils[r->n_pupils++];
	pupil->id = id;
	put_text(pupil->first_name, first_name);
	put_text(pupil->class_name, class_name);
}

static struct card_hash hash_of(uint8_t first)
{
	return (struct card_hash){ { first, 0xab } };
}

static void put_card(struct roster *r, uint8_t first, int64_t pupil)
{
	r->cards[r->n_cards++] = (struct roster_card){ .hash = hash_of(first), .pupil = pupil };
}

static void put_day(struct roster *r, struct civil_date date, enum halfday half, const char *name)
{
	struct calendar_day *day = &r->days[r->n_days++];
	day->date = date;
	day->half = half;
	put_text(day->name, name);
}

/* The computed holidays, as the register puts them in, latest first; then the school's own. */
static void put_days_off(struct roster *r)
{
	struct civil_date date = { 2027, 8, 31 };
	for (; civil_school_year(date) == 2026; date = civil_date_add(date, -1)) {
		const char *name = calendar_legal_name(date);
		if (name)
			put_day(r, date, HALFDAY_NONE, name);
	}
	put_day(r, (struct civil_date){ 2026, 10, 5 }, HALFDAY_NONE, "facultatieve verlofdag");
	put_day(r, (struct civil_date){ 2026, 12, 18 }, PM, "klassenraad");
}

static struct roster *sample_roster(void)
{
	struct roster *r = roster_create(&sample_size);
	assert_non_null(r);
	put_pupil(r, 9999999999, "Noor", "5B");
	put_pupil(r, 1002, "Milan", "3A");
	put_pupil(r, 1001, "Aya", "3A");
	put_pupil(r, 1003, "Lowie", "OKAN");
	put_card(r, 0xf0, 1001);
	put_card(r, 0x01, 1002);
	put_card(r, 0x80, 9999999999);
	put_card(r, 0x7f, 1001);
	put_card(r, 0x33, 4444); /* nobody's */
	memcpy(r->rows, sample_rows, sizeof(sample_rows));
	r->n_rows = ARRAY_LEN(sample_rows);
	put_days_off(r);
	return r;
}

static struct roster *indexed_roster(void)
{
	struct roster *r = sample_roster();
	assert_int_equal(roster_index(r), 0);
	return r;
}

static void test_pupils(void **state)
{
	(void)state;
	struct roster *r = indexed_roster();
	static const struct {
		int64_t id;
		const char *first_name; /* NULL: nobody */
		const char *class_name;
	} row[] = {
		{ 1000, NULL, NULL },
		{ 1001, "Aya", "3A" },
		{ 1002, "Milan", "3A" },
		{ 1003, "Lowie", "OKAN" },
		{ 1004, NULL, NULL },
		{ 9999999999, "Noor", "5B" },
		{ 9999999999 - (INT64_C(1) << 32), NULL, NULL }, /* the same low 32 bits */
		{ 0, NULL, NULL },
		{ -1, NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct roster_pupil *pupil = roster_pupil_of(r, row[i].id);
		if ((pupil != NULL) != (row[i].first_name != NULL))
			fail_msg("%lld", (long long)row[i].id);
		if (!pupil)
			continue;
		assert_string_equal(pupil->first_name, row[i].first_name);
		assert_string_equal(r->classes[pupil->class_index].name, row[i].class_name);
	}
	roster_destroy(r);
}

static void test_classes(void **state)
{
	(void)state;
	struct roster *r = sample_roster();
	r->rows[r->n_rows++] = (struct timetable_row){ "7C", 3, AM, FROM_TO(8, 25, 12, 5) };
	assert_int_equal(roster_index(r), 0);
	static const char *const names[] = { "3A", "5B", "7C", "OKAN" };
	assert_int_equal(r->n_classes, ARRAY_LEN(names)); /* 7C by its row alone; no "*" */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_string_equal(r->classes[i].name, names[i]);
		assert_true(r->classes[i].has_lessons);
		struct timetable_week week; /* the same rule, class by class */
		assert_true(timetable_week_of(r->rows, r->n_rows, names[i], &week));
		assert_memory_equal(&r->classes[i].week, &week, sizeof(week));
	}
	roster_destroy(r);
}

static void test_class_without_lessons(void **state)
{
	(void)state;
	struct roster *r = roster_create(&sample_size);
	put_pupil(r, 1, "Aya", "3A");
	put_pupil(r, 2, "Noor", "5B");
	r->rows[r->n_rows++] = sample_rows[9];
	assert_int_equal(roster_index(r), 0);
	struct civil_date monday = { 2026, 11, 23 };
	assert_false(r->classes[roster_pupil_of(r, 1)->class_index].has_lessons);
	assert_true(r->classes[roster_pupil_of(r, 2)->class_index].has_lessons);
	assert_null(roster_slot_of(r, roster_pupil_of(r, 1), monday, AM));
	assert_non_null(roster_slot_of(r, roster_pupil_of(r, 2), monday, AM));
	roster_destroy(r);
}

/* R3, and what stands beside each of its days. */
static void test_lessons(void **state)
{
	(void)state;
	struct roster *r = indexed_roster();
	static const struct {
		const char *name;
		int64_t pupil;
		struct civil_date date;
		int am_s, pm_s; /* start; 0: no lessons */
	} row[] = {
		{ "Monday", 1001, { 2026, 11, 23 }, HMS(8, 25, 0), HMS(13, 10, 0) },
		{ "Monday of 5B", 9999999999, { 2026, 11, 23 }, HMS(9, 15, 0), HMS(13, 10, 0) },
		{ "Wednesday", 1001, { 2026, 11, 25 }, HMS(8, 25, 0), 0 },
		{ "Wednesday of 5B", 9999999999, { 2026, 11, 25 }, 0, 0 },
		{ "Saturday", 1001, { 2026, 11, 28 }, 0, 0 },
		{ "before herfst", 1001, { 2026, 10, 30 }, HMS(8, 25, 0), HMS(13, 10, 0) },
		{ "herfst", 1001, { 2026, 11, 2 }, 0, 0 },
		{ "herfst, Friday", 1001, { 2026, 11, 6 }, 0, 0 },
		{ "after herfst", 1001, { 2026, 11, 9 }, HMS(8, 25, 0), HMS(13, 10, 0) },
		{ "Armistice", 1001, { 2026, 11, 11 }, 0, 0 },
		{ "after Armistice", 1001, { 2026, 11, 12 }, HMS(8, 25, 0), HMS(13, 10, 0) },
		{ "own day", 1001, { 2026, 10, 5 }, 0, 0 },
		{ "own day, 5B", 9999999999, { 2026, 10, 5 }, 0, 0 },
		{ "before the council", 1001, { 2026, 12, 17 }, HMS(8, 25, 0), HMS(13, 10, 0) },
		{ "class council", 1001, { 2026, 12, 18 }, HMS(8, 25, 0), 0 },
		{ "before Hemelvaart", 1001, { 2027, 5, 5 }, HMS(8, 25, 0), 0 },
		{ "Hemelvaart", 1001, { 2027, 5, 6 }, 0, 0 },
		{ "the Friday after", 1001, { 2027, 5, 7 }, 0, 0 },
		{ "first day", 1001, { 2026, 9, 1 }, HMS(8, 25, 0), HMS(13, 10, 0) },
		{ "last day", 1001, { 2027, 6, 30 }, HMS(8, 25, 0), 0 },
		{ "summer, the last day off", 1001, { 2027, 8, 31 }, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct roster_pupil *pupil = roster_pupil_of(r, row[i].pupil);
		const struct timetable_slot *am = roster_slot_of(r, pupil, row[i].date, AM);
		const struct timetable_slot *pm = roster_slot_of(r, pupil, row[i].date, PM);
		if ((am ? am->start_s : 0) != row[i].am_s || (pm ? pm->start_s : 0) != row[i].pm_s)
			fail_msg("%s: %d, %d", row[i].name, am ? am->start_s : 0,
				pm ? pm->start_s : 0);
		const struct roster_class *c = &r->classes[pupil->class_index];
		assert_ptr_equal(roster_class_slot_of(r, c, row[i].date, AM), am);
		assert_null(roster_slot_of(r, pupil, row[i].date, HALFDAY_NONE));
	}
	roster_destroy(r);
}

/* Two rows of the same date, whichever comes first after sorting. */
static void test_days_of_two_halves(void **state)
{
	(void)state;
	struct civil_date monday = { 2026, 11, 23 };
	for (int turned = 0; turned < 2; turned++) {
		struct roster *r = sample_roster();
		put_day(r, monday, turned ? AM : PM, "eerste");
		put_day(r, monday, turned ? PM : AM, "tweede");
		assert_int_equal(roster_index(r), 0);
		const struct roster_pupil *pupil = roster_pupil_of(r, 1001);
		assert_null(roster_slot_of(r, pupil, monday, AM));
		assert_null(roster_slot_of(r, pupil, monday, PM));
		assert_non_null(roster_slot_of(r, pupil, civil_date_add(monday, 1), AM));
		roster_destroy(r);
	}
}

static void test_cards(void **state)
{
	(void)state;
	struct roster *r = indexed_roster();
	static const struct {
		uint8_t first;
		int64_t pupil; /* 0: unknown */
	} row[] = {
		{ 0x01, 1002 },
		{ 0x7f, 1001 },
		{ 0x80, 9999999999 },
		{ 0xf0, 1001 },
		{ 0x33, 0 }, /* of a pupil who is not there */
		{ 0x00, 0 },
		{ 0xff, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct roster_card *card = roster_card_of(r, hash_of(row[i].first));
		if ((card ? card->pupil : 0) != row[i].pupil)
			fail_msg("card %02x", row[i].first);
	}
	roster_destroy(r);
}

static void test_card_validity(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct roster_card card;
		struct civil_date date;
		bool want;
	} row[] = {
		{ "no bounds", { .pupil = 1 }, { 2026, 11, 23 }, true },
		{ "blocked", { .pupil = 1, .blocked = true }, { 2026, 11, 23 }, false },
		{ "before", { .from = { 2026, 11, 23 } }, { 2026, 11, 22 }, false },
		{ "first day", { .from = { 2026, 11, 23 } }, { 2026, 11, 23 }, true },
		{ "long after", { .from = { 2026, 11, 23 } }, { 2036, 1, 1 }, true },
		{ "last day", { .to = { 2026, 11, 23 } }, { 2026, 11, 23 }, true },
		{ "after", { .to = { 2026, 11, 23 } }, { 2026, 11, 24 }, false },
		{ "one day", { .from = { 2026, 11, 23 }, .to = { 2026, 11, 23 } }, { 2026, 11, 23 },
			true },
		{ "blocked within",
			{ .blocked = true, .from = { 2026, 9, 1 }, .to = { 2027, 8, 31 } },
			{ 2026, 11, 23 }, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (roster_card_valid(&row[i].card, row[i].date) != row[i].want)
			fail_msg("%s", row[i].name);
}

static void test_excuses(void **state)
{
	(void)state;
	static const struct roster_excuse excuse[] = {
		{ 1002, { 2026, 11, 23 }, { 2026, 11, 23 }, PM, PM, ROSTER_EXAM_FREE, 0 },
		{ 1001, { 2026, 11, 23 }, { 2026, 11, 25 }, PM, AM, ROSTER_INTERNSHIP, 0 },
		{ 1001, { 2026, 9, 1 }, { 2026, 9, 1 }, AM, PM, ROSTER_EXCURSION, 0 },
		{ 4444, { 2026, 9, 1 }, { 2027, 6, 30 }, AM, PM, ROSTER_EXCUSED, 'Z' },
		{ 1001, { 2026, 11, 24 }, { 2026, 11, 30 }, AM, PM, ROSTER_TRAJECTORY, 'P' },
	};
	static const struct {
		int64_t pupil;
		struct civil_date date;
		enum halfday half;
		int want; /* the reason, or -1 */
	} row[] = {
		{ 1001, { 2026, 8, 31 }, PM, -1 }, { 1001, { 2026, 9, 1 }, AM, ROSTER_EXCURSION },
		{ 1001, { 2026, 9, 1 }, PM, ROSTER_EXCURSION }, { 1001, { 2026, 9, 2 }, AM, -1 },
		{ 1001, { 2026, 11, 23 }, AM, -1 },
		{ 1001, { 2026, 11, 23 }, PM, ROSTER_INTERNSHIP },
		{ 1001, { 2026, 11, 24 }, AM, ROSTER_INTERNSHIP }, /* began before the trajectory */
		{ 1001, { 2026, 11, 25 }, AM, ROSTER_INTERNSHIP },
		{ 1001, { 2026, 11, 25 }, PM, ROSTER_TRAJECTORY },
		{ 1001, { 2026, 11, 30 }, PM, ROSTER_TRAJECTORY },
		{ 1001, { 2026, 12, 1 }, AM, -1 }, { 1002, { 2026, 11, 23 }, AM, -1 },
		{ 1002, { 2026, 11, 23 }, PM, ROSTER_EXAM_FREE },
		{ 1002, { 2026, 11, 24 }, AM, -1 }, { 1003, { 2026, 11, 23 }, PM, -1 },
		{ 4444, { 2026, 11, 23 }, PM, -1 }, /* not there */
	};
	struct roster *r = sample_roster();
	memcpy(r->excuses, excuse, sizeof(excuse));
	r->n_excuses = ARRAY_LEN(excuse);
	assert_int_equal(roster_index(r), 0);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct roster_excuse *got =
			roster_excuse_of(r, row[i].pupil, row[i].date, row[i].half);
		if ((got ? (int)got->reason : -1) != row[i].want)
			fail_msg("row %zu: %d", i, got ? (int)got->reason : -1);
	}
	roster_destroy(r);
}

static void test_contradictions(void **state)
{
	(void)state;
	for (int fault = 0; fault < 6; fault++) {
		struct roster *r = sample_roster();
		switch (fault) {
		case 0:
			r->pupils[0].id = r->pupils[2].id;
			break;
		case 1:
			r->cards[4].hash = r->cards[0].hash; /* of another pupil */
			break;
		case 2:
			r->pupils[1].id = 0;
			break;
		case 3:
			r->rows[3].weekday = 7;
			break;
		case 4:
			r->rows[3].half = HALFDAY_NONE;
			break;
		case 5:
			r->rows[3].slot.end_s = r->rows[3].slot.start_s;
			break;
		}
		if (roster_index(r) != -1)
			fail_msg("fault %d taken", fault);
		roster_destroy(r);
	}
}

static void test_limits(void **state)
{
	(void)state;
	static const struct roster_size most = {
		ROSTER_PUPILS_MAX,
		ROSTER_CARDS_MAX,
		ROSTER_ROWS_MAX,
		ROSTER_DAYS_MAX,
		ROSTER_EXCUSES_MAX,
		ROSTER_CHANGED_MAX,
	};
	struct roster *r = roster_create(&most);
	assert_non_null(r);
	roster_destroy(r);
	for (int i = 0; i < 6; i++) {
		struct roster_size over = { 0 };
		size_t *field[] = { &over.pupils, &over.cards, &over.rows, &over.days,
			&over.excuses, &over.changed };
		static const size_t max[] = { ROSTER_PUPILS_MAX, ROSTER_CARDS_MAX, ROSTER_ROWS_MAX,
			ROSTER_DAYS_MAX, ROSTER_EXCUSES_MAX, ROSTER_CHANGED_MAX };
		*field[i] = max[i] + 1;
		assert_null(roster_create(&over));
		*field[i] = SIZE_MAX;
		assert_null(roster_create(&over));
	}
	roster_destroy(NULL);
}

/* Filled to the last place: no array reaches into the next, and each is aligned. */
static void test_arrays_stay_apart(void **state)
{
	(void)state;
	static const struct roster_size size = { 3, 5, 7, 3, 5, 2 };
	struct roster *r = roster_create(&size);
	assert_non_null(r);
	assert_int_equal((uintptr_t)r->excuses % _Alignof(max_align_t), 0);
	assert_int_equal((uintptr_t)r->classes % _Alignof(max_align_t), 0);
	for (int i = 0; i < 3; i++)
		put_pupil(r, i + 1, "Aya", i ? "3A" : "4A");
	for (int i = 0; i < 5; i++)
		put_card(r, (uint8_t)(i + 1), i % 3 + 1);
	memcpy(r->rows, &sample_rows[5], 7 * sizeof(sample_rows[0]));
	r->n_rows = 7;
	for (int i = 0; i < 3; i++)
		put_day(r, (struct civil_date){ 2026, 12, 1 + i }, AM, "vrij");
	struct civil_date day = { 2026, 11, 23 };
	for (int i = 0; i < 5; i++)
		r->excuses[r->n_excuses++] =
			(struct roster_excuse){ i % 3 + 1, day, day, AM, PM, ROSTER_EXCUSED, 0 };
	assert_int_equal(roster_index(r), 0);
	assert_int_equal(r->n_classes, 3); /* 3A, 4A, 5B */
	for (int i = 0; i < 3; i++) {
		assert_string_equal(roster_pupil_of(r, i + 1)->first_name, "Aya");
		assert_non_null(roster_excuse_of(r, i + 1, day, PM));
		assert_string_equal(r->days[i].name, "vrij");
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(roster_card_of(r, hash_of((uint8_t)(i + 1)))->pupil, i % 3 + 1);
	roster_destroy(r);
}

static void put_changed(struct roster *r, const char *class_name, struct civil_date date,
	enum halfday half, int start_s)
{
	struct timetable_day *day = &r->changed[r->n_changed++];
	*day = (struct timetable_day){
		.date = date, .half = half, .slot = { start_s, start_s + 3600 }
	};
	put_text(day->class_name, class_name);
}

/* 3A follows "*", 5B has a week of its own: what a line for one date does to each. */
static const struct {
	const char *name, *class_name;
	struct civil_date date;
	enum halfday half;
	int start_s; /* -1: no lessons */
} changed_days[] = {
	{ "own line", "3A", { 2026, 11, 23 }, AM, HMS(9, 0, 0) },
	{ "the other half stays", "3A", { 2026, 11, 23 }, PM, HMS(13, 10, 0) },
	{ "a week later", "3A", { 2026, 11, 30 }, AM, HMS(8, 25, 0) },
	{ "a week before", "3A", { 2026, 11, 16 }, AM, HMS(8, 25, 0) },
	{ "who follows * takes its line", "3A", { 2026, 11, 24 }, AM, HMS(10, 0, 0) },
	{ "own line before that of *", "4A", { 2026, 11, 24 }, AM, HMS(11, 0, 0) },
	{ "who has own rows doesn't", "5B", { 2026, 11, 24 }, AM, HMS(8, 25, 0) },
	{ "where there were none", "3A", { 2026, 11, 25 }, PM, HMS(14, 0, 0) },
	{ "not for another class", "4A", { 2026, 11, 25 }, PM, -1 },
	{ "a day off stays one", "3A", { 2026, 11, 26 }, AM, -1 },
};

static struct roster *roster_with_changes(void)
{
	static const struct roster_size size = { .pupils = 3, .rows = 20, .days = 1, .changed = 8 };
	struct roster *r = roster_create(&size);
	assert_non_null(r);
	put_pupil(r, 1, "Aya", "3A");
	put_pupil(r, 2, "Bo", "4A");
	put_pupil(r, 3, "Cy", "5B");
	memcpy(r->rows, sample_rows, sizeof(sample_rows));
	r->n_rows = ARRAY_LEN(sample_rows);
	put_day(r, (struct civil_date){ 2026, 11, 26 }, HALFDAY_NONE, "vrij");
	put_changed(r, "4A", (struct civil_date){ 2026, 11, 24 }, AM, HMS(11, 0, 0));
	put_changed(r, "*", (struct civil_date){ 2026, 11, 24 }, AM, HMS(10, 0, 0));
	put_changed(r, "3A", (struct civil_date){ 2026, 11, 23 }, AM, HMS(9, 0, 0));
	put_changed(r, "3A", (struct civil_date){ 2026, 11, 25 }, PM, HMS(14, 0, 0));
	put_changed(r, "3A", (struct civil_date){ 2026, 11, 26 }, AM, HMS(9, 0, 0));
	assert_int_equal(roster_index(r), 0);
	return r;
}

static int start_of(const struct timetable_slot *slot)
{
	return slot ? slot->start_s : -1;
}

/* The register's own rule, and that of a gate which has nothing but the week that begins there. */
static void test_changed_days(void **state)
{
	static struct timetable_row rows[80];
	struct roster *r = roster_with_changes();
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changed_days); i++) {
		const struct roster_class *c = NULL;
		for (size_t k = 0; k < r->n_classes; k++)
			if (!strcmp(r->classes[k].name, changed_days[i].class_name))
				c = &r->classes[k];
		assert_non_null(c);
		int got = start_of(
			roster_class_slot_of(r, c, changed_days[i].date, changed_days[i].half));
		if (got != changed_days[i].start_s)
			fail_msg("%s: got %d", changed_days[i].name, got);
		size_t n = roster_rows_from(r, changed_days[i].date, rows, ARRAY_LEN(rows));
		struct timetable_week week;
		assert_true(timetable_week_of(rows, n, c->name, &week));
		got = start_of(timetable_slot_of(
			&week, civil_weekday(changed_days[i].date), changed_days[i].half));
		if (got != changed_days[i].start_s && changed_days[i].date.day != 26)
			fail_msg("%s: a gate got %d", changed_days[i].name, got);
	}
	/* Six days ahead are there as well, and the day before isn't. */
	struct timetable_week week;
	size_t n = roster_rows_from(r, (struct civil_date){ 2026, 11, 18 }, rows, ARRAY_LEN(rows));
	assert_true(timetable_week_of(rows, n, "3A", &week));
	assert_int_equal(week.slot[0][0].start_s, HMS(9, 0, 0));
	assert_int_equal(week.slot[1][0].start_s, HMS(10, 0, 0));
	assert_int_equal(week.slot[2][1].end_s, 0);
	/* No room: every week's rows, and nothing half done. */
	n = roster_rows_from(r, (struct civil_date){ 2026, 11, 23 }, rows, r->n_rows);
	assert_int_equal(n, r->n_rows);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rows[i].slot.start_s, r->rows[i].slot.start_s);
	roster_destroy(r);
}

/* When a unit isn't updated: an hour before the first bell until the last class's missing pupils are known. */
static void test_arrival(void **state)
{
	static const struct {
		const char *name;
		struct civil_date date;
		int at_s, until_min;
		bool want;
	} row[] = {
		{ "more than an hour before", { 2026, 11, 23 }, HMS(7, 24, 59), 20, false },
		{ "an hour before", { 2026, 11, 23 }, HMS(7, 25, 0), 20, true },
		{ "the bell", { 2026, 11, 23 }, HMS(8, 25, 0), 20, true },
		{ "5B begins later", { 2026, 11, 23 }, HMS(9, 34, 59), 20, true },
		{ "and is decided", { 2026, 11, 23 }, HMS(9, 35, 0), 20, false },
		{ "sooner by the rules", { 2026, 11, 23 }, HMS(9, 15, 0), 0, false },
		{ "in lessons", { 2026, 11, 23 }, HMS(12, 9, 59), 20, false },
		{ "at noon", { 2026, 11, 23 }, HMS(12, 10, 0), 20, true },
		{ "the afternoon's bell", { 2026, 11, 23 }, HMS(13, 29, 59), 20, true },
		{ "after it", { 2026, 11, 23 }, HMS(13, 30, 0), 20, false },
		{ "5B as the others", { 2026, 11, 24 }, HMS(8, 44, 59), 20, true },
		{ "decided together", { 2026, 11, 24 }, HMS(8, 45, 0), 20, false },
		{ "Wednesday's noon", { 2026, 11, 25 }, HMS(12, 30, 0), 20, false },
		{ "Sunday", { 2026, 11, 22 }, HMS(8, 0, 0), 20, false },
		{ "a day of the school's own", { 2026, 10, 5 }, HMS(8, 0, 0), 20, false },
		{ "its morning", { 2026, 12, 18 }, HMS(8, 0, 0), 20, true },
		{ "its free afternoon", { 2026, 12, 18 }, HMS(13, 0, 0), 20, false },
	};
	struct roster *r = indexed_roster();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (roster_arrival(r, row[i].date, row[i].at_s, row[i].until_min) != row[i].want)
			fail_msg("%s", row[i].name);
	roster_destroy(r);
	/* A line for that date alone: 3A comes on Wednesday, at two. */
	r = roster_with_changes();
	assert_false(roster_arrival(r, (struct civil_date){ 2026, 11, 25 }, HMS(12, 59, 59), 20));
	assert_true(roster_arrival(r, (struct civil_date){ 2026, 11, 25 }, HMS(13, 0, 0), 20));
	roster_destroy(r);
}

static void test_changed_days_contradict(void **state)
{
	static const struct roster_size size = { .changed = 2 };
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct roster *r = roster_create(&size);
		assert_non_null(r);
		put_changed(r, "3A", (struct civil_date){ 2026, 11, 23 }, AM, HMS(9, 0, 0));
		put_changed(r, "3A", (struct civil_date){ 2026, i == 1 ? 13 : 11, 23 },
			i == 0 ? AM : PM, HMS(10, 0, 0));
		assert_int_equal(roster_index(r), i == 2 ? 0 : -1); /* twice; no such date; well */
		roster_destroy(r);
	}
}

static void test_empty(void **state)
{
	(void)state;
	static const struct roster_size none = { 0 };
	struct roster *r = roster_create(&none);
	assert_non_null(r);
	assert_int_equal(roster_index(r), 0);
	assert_null(roster_pupil_of(r, 1));
	assert_null(roster_card_of(r, hash_of(1)));
	assert_null(roster_excuse_of(r, 1, (struct civil_date){ 2026, 11, 23 }, AM));
	roster_destroy(r);
}

static void test_words(void **state)
{
	(void)state;
	static const char *const languages[] = { "", "nl", "fr", "en", "de" };
	for (int i = 0; i < 5; i++) {
		assert_string_equal(roster_language_word((enum roster_language)i), languages[i]);
		assert_int_equal(roster_language_parse(languages[i]), i);
	}
	assert_int_equal(roster_language_parse("NL"), ROSTER_LANGUAGE_NONE);
	assert_int_equal(roster_language_parse(NULL), ROSTER_LANGUAGE_NONE);
	static const char *const reasons[] = { "excused", "trajectory", "internship", "excursion",
		"exam_free" };
	for (int i = 0; i < 5; i++) {
		assert_string_equal(roster_excuse_word((enum roster_excuse_reason)i), reasons[i]);
		assert_int_equal(roster_excuse_parse(reasons[i]), i);
	}
	assert_int_equal(roster_excuse_parse("ill"), -1);
	assert_int_equal(roster_excuse_parse(""), -1);
	assert_int_equal(roster_excuse_parse(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pupils),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_class_without_lessons),
		cmocka_unit_test(test_lessons),
		cmocka_unit_test(test_days_of_two_halves),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_card_validity),
		cmocka_unit_test(test_excuses),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_arrays_stay_apart),
		cmocka_unit_test(test_changed_days),
		cmocka_unit_test(test_arrival),
		cmocka_unit_test(test_changed_days_contradict),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
