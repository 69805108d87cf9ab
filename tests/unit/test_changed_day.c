/* SPDX-License-Identifier: EUPL-1.2 */
/* A day whose rules change while it runs: a start for that date alone, a whole class that is elsewhere. */
#include "unit/register_school.h"

#define T "class;weekday;half;start;end;date\n"
#define WEEK "*;mon;am;08:25;12:05;\n*;mon;pm;13:10;16:00;\n*;tue;am;08:25;12:05;\n"
#define E "class;from;from_half;to;to_half;reason\n"

/* As the program does after an import: another roster, the day built anew and settled. */
static void import(struct school *s, enum import_what what, const char *file)
{
	school_import_bytes(s, what, file, strlen(file));
	day_destroy(s->day);
	register_effects_destroy(s->fx);
	roster_destroy(s->roster);
	assert_int_equal(register_store_roster(s->store, MONDAY, 1, &s->roster), 0);
	s->fx = register_effects_create(s->roster);
	assert_non_null(s->fx);
	s->day = school_build(s, MONDAY);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
	school_restart(s);
}

static void until(struct school *s, int at_s)
{
	school_now(s, at_s);
	school_gate(s, 0, at_s);
	school_at(s, at_s);
}

/* Who was late for 08:25 is in time for ten o'clock; who was missing is awaited again. */
static void test_a_later_start(void **state)
{
	struct school s;
	(void)state;
	school_open(&s, 1);
	school_now(&s, HMS(8, 31, 0));
	school_tap(&s, NOOR, "gate-1", HMS(8, 30, 1));
	until(&s, HMS(8, 45, 0));
	assert_int_equal(school_mark(&s, NOOR, HALFDAY_AM), 'L');
	assert_int_equal(school_mark(&s, YASSINE, HALFDAY_AM), '-');
	EXPECT_ALERT(&s, "am-p0000012345", "late open confirmed 1");
	EXPECT_ALERT(&s, "am-p0000012346", "absent open confirmed 1");
	import(&s, IMPORT_TIMETABLE, T WEEK "3A;;am;10:00;12:05;2026-11-23\n");
	assert_int_equal(school_mark(&s, NOOR, HALFDAY_AM), '|');
	assert_int_equal(
		day_half_of(s.day, (size_t)(roster_pupil_of(s.roster, NOOR) - s.roster->pupils),
			HALFDAY_AM)
			->mark.minutes_late,
		0);
	const struct alert *late = school_alert(&s, "am-p0000012345");
	assert_true(late && alert_is_over(late));
	/* Another class keeps the week's start; ten minutes past ten is late for this one. */
	school_now(&s, HMS(10, 11, 0));
	school_tap(&s, YASSINE, "gate-1", HMS(10, 10, 0));
	assert_int_equal(school_mark(&s, YASSINE, HALFDAY_AM), 'L');
	const struct alert *absent = school_alert(&s, "am-p0000012346");
	assert_true(absent && alert_is_over(absent));
	school_close(&s);
}

/* The cut-off of a class moves with its start; the others have theirs. */
static void test_the_cut_off_moves(void **state)
{
	struct school s;
	(void)state;
	school_open(&s, 1);
	import(&s, IMPORT_TIMETABLE,
		T WEEK "3A;;am;10:00;12:05;2026-11-23\n"
		       "5B;;am;07:30;12:05;2026-11-24\n");
	for (int i = 0; i < 10; i++)
		school_tap(&s, FIRST_OF_4C + i, "gate-1", HMS(8, 11, i));
	until(&s, HMS(8, 45, 0));
	assert_int_equal(school_mark(&s, NOOR, HALFDAY_AM), '.');
	assert_int_equal(school_mark(&s, MARIE, HALFDAY_AM), '-'); /* follows * in this file */
	until(&s, HMS(10, 19, 59));
	assert_int_equal(school_mark(&s, NOOR, HALFDAY_AM), '.');
	until(&s, HMS(10, 20, 0));
	assert_int_equal(school_mark(&s, NOOR, HALFDAY_AM), '-');
	school_close(&s);
}

/* R11, for a class at once: whatever the reason, the alerts that it makes untrue are retracted. */
static void test_a_class_elsewhere(void **state)
{
	static const char *const reasons[] = { "excused", "trajectory", "internship", "excursion",
		"exam_free" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct school s;
		char file[200];
		school_open(&s, 1);
		for (int k = 0; k < 10; k++)
			school_tap(&s, FIRST_OF_4C + k, "gate-1", HMS(8, 11, k));
		until(&s, HMS(8, 45, 0));
		EXPECT_ALERT(&s, "am-p0000012345", "absent open confirmed 1");
		EXPECT_ALERT(&s, "am-p0000012346", "absent open confirmed 1");
		snprintf(file, sizeof(file), E "3A;2026-11-23;am;2026-11-23;pm;%s\n", reasons[i]);
		import(&s, IMPORT_EXCUSED, file);
		EXPECT_ALERT(&s, "am-p0000012345", "absent retracted excused confirmed 2");
		EXPECT_ALERT(&s, "am-p0000012346", "absent retracted excused confirmed 2");
		assert_int_equal(school_mark(&s, NOOR, HALFDAY_PM), 'x');
		until(&s, HMS(9, 35, 0));
		assert_int_equal(school_mark(&s, MARIE, HALFDAY_AM), '-'); /* 5B isn't excused */
		school_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_later_start),
		cmocka_unit_test(test_the_cut_off_moves),
		cmocka_unit_test(test_a_class_elsewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
