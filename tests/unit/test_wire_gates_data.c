/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * gates/data out and in again: what each setting of names tells, the fortnight of excuses, a large school.
 */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit/wire_samples.h"

static char reason[WIRE_REASON_MAX];

static struct roster *there_and_back(const struct roster *r, enum wire_names names)
{
	struct roster *back = NULL;
	char *text = wire_gates_data_encode(r, names, sample_date, &sample_brussels);
	assert_non_null(text);
	int err = wire_gates_data_decode(text, strlen(text), &back, reason);
	if (err)
		fail_msg("%d %s", err, reason);
	free(text);
	return back;
}

static void same_pupil(const struct roster_pupil *a, const struct roster_pupil *b)
{
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->first_name, b->first_name);
	assert_string_equal(a->last_name, b->last_name);
	assert_string_equal(a->class_name, b->class_name);
	assert_int_equal(a->language, b->language);
	assert_int_equal(a->has_record, b->has_record);
	assert_int_equal(a->late_30_days, b->late_30_days);
	assert_int_equal(a->n_recent, b->n_recent);
	for (int i = 0; i < a->n_recent; i++) {
		assert_int_equal(civil_date_compare(a->recent[i].date, b->recent[i].date), 0);
		assert_string_equal(a->recent[i].marks, b->recent[i].marks);
	}
}

static void test_round_trip(void **state)
{
	struct roster *a = sample_roster(3);
	(void)state;
	a->pupils[2].has_record = false;
	a->pupils[2].n_recent = 0;
	a->pupils[2].late_30_days = 0;
	struct roster *b = there_and_back(a, WIRE_NAMES_FULL);
	assert_int_equal(b->generation, 7);
	assert_int_equal(b->made_at_ms, SAMPLE_AT_MS);
	assert_int_equal(b->n_pupils, 3);
	for (size_t i = 0; i < 3; i++)
		same_pupil(&a->pupils[i], &b->pupils[i]);
	assert_int_equal(b->n_cards, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(card_hash_compare(a->cards[i].hash, b->cards[i].hash), 0);
		assert_int_equal(a->cards[i].pupil, b->cards[i].pupil);
		assert_int_equal(a->cards[i].blocked, b->cards[i].blocked);
		assert_int_equal(civil_date_compare(a->cards[i].from, b->cards[i].from), 0);
		assert_int_equal(civil_date_compare(a->cards[i].to, b->cards[i].to), 0);
	}
	assert_int_equal(b->n_rows, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(a->rows[i].class_name, b->rows[i].class_name);
		assert_int_equal(a->rows[i].weekday, b->rows[i].weekday);
		assert_int_equal(a->rows[i].half, b->rows[i].half);
		assert_int_equal(a->rows[i].slot.start_s, b->rows[i].slot.start_s);
		assert_int_equal(a->rows[i].slot.end_s, b->rows[i].slot.end_s);
	}
	assert_int_equal(b->n_days, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(civil_date_compare(a->days[i].date, b->days[i].date), 0);
		assert_int_equal(a->days[i].half, b->days[i].half);
		assert_string_equal(a->days[i].name, b->days[i].name);
	}
	/* Indexed: look-ups work at once. */
	assert_non_null(roster_pupil_of(b, 2));
	assert_non_null(roster_slot_of(b, roster_pupil_of(b, 2), sample_date, HALFDAY_AM));
	roster_destroy(a);
	roster_destroy(b);
}

static void test_excuses(void **state)
{
	static const struct {
		int64_t pupil;
		int day; /* after 2026-11-23 */
		enum halfday half;
		bool want;
	} row[] = {
		{ 1, -1, HALFDAY_PM, false }, /* past days are not told */
		{ 1, 0, HALFDAY_AM, true },
		{ 1, 13, HALFDAY_PM, true },
		{ 1, 14, HALFDAY_AM, false }, /* nor what lies beyond the fortnight */
		{ 2, 0, HALFDAY_AM, false },
		{ 2, 0, HALFDAY_PM, true },
		{ 2, 1, HALFDAY_AM, false },
		{ 3, 0, HALFDAY_AM, false },
	};
	struct roster *a = sample_roster(3);
	struct roster *b = there_and_back(a, WIRE_NAMES_NONE);
	(void)state;
	assert_int_equal(b->n_excuses, 29);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct civil_date date = civil_date_add(sample_date, row[i].day);
		const struct roster_excuse *e =
			roster_excuse_of(b, row[i].pupil, date, row[i].half);
		if ((e != NULL) != row[i].want)
			fail_msg("row %zu", i);
		/* Neither reason nor code leaves the register. */
		assert_true(!e || (e->reason == ROSTER_EXCUSED && e->code == 0));
	}
	roster_destroy(a);
	roster_destroy(b);
}

static void test_names(void **state)
{
	static const struct {
		enum wire_names names;
		const char *first, *last;
	} row[] = {
		{ WIRE_NAMES_NONE, "", "" },
		{ WIRE_NAMES_FIRST, "Zo\xC3\xAB", "" },
		{ WIRE_NAMES_FULL, "Zo\xC3\xAB", "Voorbeeld 0" },
	};
	struct roster *a = sample_roster(1);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct roster *b = there_and_back(a, row[i].names);
		assert_string_equal(b->pupils[0].first_name, row[i].first);
		assert_string_equal(b->pupils[0].last_name, row[i].last);
		roster_destroy(b);
	}
	roster_destroy(a);
}

static void test_refused(void **state)
{
	struct roster *a = sample_roster(2);
	(void)state;
	a->generation = 0;
	assert_null(wire_gates_data_encode(a, WIRE_NAMES_NONE, sample_date, NULL));
	a->generation = 1;
	a->pupils[1].class_name[0] = '\0';
	assert_null(wire_gates_data_encode(a, WIRE_NAMES_NONE, sample_date, NULL));
	memcpy(a->pupils[1].class_name, "1", 2);
	a->pupils[1].recent[0].marks[1] = 'B';
	assert_null(wire_gates_data_encode(a, WIRE_NAMES_NONE, sample_date, NULL));
	a->pupils[1].recent[0].marks[1] = '|';
	/* The contract has no 24:00. */
	a->rows[1].slot.end_s = CIVIL_DAY_S;
	struct roster *b = there_and_back(a, WIRE_NAMES_NONE);
	assert_int_equal(b->rows[1].slot.end_s, CIVIL_DAY_S - 60);
	roster_destroy(a);
	roster_destroy(b);
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A large school with every record. The times are told, not judged: the machine may be busy. */
static void test_large_school(void **state)
{
	struct roster *a = sample_roster(2000);
	struct roster *b = NULL;
	(void)state;
	double t0 = now_ms();
	char *text = wire_gates_data_encode(a, WIRE_NAMES_FULL, sample_date, &sample_brussels);
	double t1 = now_ms();
	assert_non_null(text);
	size_t len = strlen(text);
	assert_int_equal(wire_gates_data_decode(text, len, &b, reason), 0);
	double t2 = now_ms();
	print_message(
		"2000 pupils: %zu bytes, encode %.1f ms, decode %.1f ms\n", len, t1 - t0, t2 - t1);
	assert_true(len < WIRE_GATES_DATA_MAX / 4);
	for (size_t i = 0; i < 2000; i++)
		same_pupil(&a->pupils[i], &b->pupils[i]);
	free(text);
	roster_destroy(a);
	roster_destroy(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_excuses),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_large_school),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
