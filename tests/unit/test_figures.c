/* SPDX-License-Identifier: EUPL-1.2 */
/* A pupil's own figures (R16), and the public ones (R22, R23), from a real store. */
#include "register/figures.h"

#include <time.h>

#include "unit/register_school.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER 10
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOWER 10
#endif
#endif
#ifndef SLOWER
#define SLOWER 1
#endif

#define FILL_MS                                                                                    \
	3000 /* for 2,000 pupils; 100 on a quiet machine, and a table without its index takes minutes */
#define DATA_BYTES 1600000 /* of gates/data for 1,500 pupils */

static struct school school;

static int open_it(void **state)
{
	*state = &school;
	school_open(&school, 1);
	return 0;
}

static int close_it(void **state)
{
	school_close(*state);
	return 0;
}

static void put_mark(struct register_store *s, int64_t pupil, struct civil_date date,
	enum halfday half, enum mark_value value)
{
	struct register_store_mark mark = { .day = civil_day_number(date),
		.half = half,
		.pupil = pupil,
		.value = value,
		.minutes_late = value == MARK_LATE ? 3 : 0,
		.arrived_at_ms = -1 };
	assert_int_equal(register_store_mark_put(s, &mark), 0);
}

static const struct roster_pupil *record_of(const struct school *s, int64_t pupil)
{
	const struct roster_pupil *p = roster_pupil_of(s->roster, pupil);
	assert_non_null(p);
	assert_true(p->has_record);
	return p;
}

static void expect_recent(
	const struct roster_pupil *p, int index, struct civil_date date, const char *marks)
{
	assert_true(index < p->n_recent);
	assert_int_equal(civil_date_compare(p->recent[index].date, date), 0);
	assert_string_equal(p->recent[index].marks, marks);
}

/* R16: school days only, thirty calendar days, up to yesterday. The autumn holiday is 2 to 8 November,
 * and 11 November is off: fifteen school days reach back to 23 October. */
static void test_record(void **state)
{
	struct school *s = *state;
	static const struct {
		struct civil_date date;
		enum halfday half;
		enum mark_value value;
	} row[] = {
		{ { 2026, 10, 22 }, HALFDAY_AM, MARK_LATE }, /* too long ago for either */
		{ { 2026, 10, 23 }, HALFDAY_AM, MARK_LATE }, /* 31 days: in recent alone */
		{ { 2026, 10, 26 }, HALFDAY_AM, MARK_LATE },
		{ { 2026, 11, 10 }, HALFDAY_PM, MARK_LATE },
		{ { 2026, 11, 18 }, HALFDAY_AM, MARK_PRESENT }, /* a Wednesday */
		{ { 2026, 11, 19 }, HALFDAY_AM, MARK_UNCONFIRMED },
		{ { 2026, 11, 20 }, HALFDAY_AM, MARK_ABSENT },
		{ { 2026, 11, 20 }, HALFDAY_PM, MARK_EXCUSED },
		{ { 2026, 11, 23 }, HALFDAY_AM, MARK_LATE }, /* today: not final */
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		put_mark(s->store, NOOR, row[i].date, row[i].half, row[i].value);
	put_mark(s->store, MARIE, (struct civil_date){ 2026, 11, 10 }, HALFDAY_AM, MARK_PRESENT);
	assert_int_equal(figures_fill(s->store, s->roster, MONDAY), 0);
	const struct roster_pupil *noor = record_of(s, NOOR);
	assert_int_equal(noor->late_30_days, 2);
	assert_int_equal(noor->n_recent, ROSTER_RECENT_MAX);
	expect_recent(noor, 0, (struct civil_date){ 2026, 10, 23 }, "L.");
	expect_recent(noor, 1, (struct civil_date){ 2026, 10, 26 }, "L.");
	expect_recent(noor, 6, (struct civil_date){ 2026, 11, 9 }, "..");
	expect_recent(noor, 7, (struct civil_date){ 2026, 11, 10 }, ".L");
	expect_recent(noor, 8, (struct civil_date){ 2026, 11, 12 }, "..");
	expect_recent(noor, 12, (struct civil_date){ 2026, 11, 18 }, "|.");
	expect_recent(noor, 13, (struct civil_date){ 2026, 11, 19 }, "-.");
	expect_recent(noor, 14, (struct civil_date){ 2026, 11, 20 }, "-x");
	/* 5B has no lessons on Wednesday and Friday; who came on the 10th has nothing before it. */
	const struct roster_pupil *marie = record_of(s, MARIE);
	assert_int_equal(marie->n_recent, 5);
	expect_recent(marie, 0, (struct civil_date){ 2026, 11, 10 }, "|.");
	expect_recent(marie, 4, (struct civil_date){ 2026, 11, 19 }, "..");
	assert_int_equal(record_of(s, YASSINE)->n_recent, 0);
	assert_int_equal(record_of(s, YASSINE)->late_30_days, 0);
	/* Made again on the same day it says the same; on the next a day has moved in. */
	assert_int_equal(figures_fill(s->store, s->roster, MONDAY), 0);
	assert_int_equal(record_of(s, NOOR)->late_30_days, 2);
	assert_int_equal(figures_fill(s->store, s->roster, (struct civil_date){ 2026, 11, 24 }), 0);
	assert_int_equal(record_of(s, NOOR)->late_30_days, 3);
	expect_recent(record_of(s, NOOR), 14, MONDAY, "L.");
	put_mark(s->store, NOOR, MONDAY, HALFDAY_AM, MARK_NONE); /* no tap made it */
}

static int64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void add_many(struct school *s, int n)
{
	struct roster_pupil pupil = { .last_name = "Vandenbroucke-De Schepper",
		.first_name = "Marie-Ghislaine",
		.language = ROSTER_NL };
	struct roster_card card = { .pupil = 0 };
	int32_t today = civil_day_number(MONDAY);
	for (int i = 0; i < n; i++) {
		pupil.id = 100000 + i;
		snprintf(pupil.class_name, sizeof(pupil.class_name), "%d%c", 1 + i % 6,
			'A' + i / 6 % 12);
		assert_int_equal(register_store_pupil_put(s->store, &pupil), 0);
		card.pupil = pupil.id;
		card.hash.b[0] = 77;
		memcpy(card.hash.b + 1, &i, sizeof(i));
		assert_int_equal(register_store_card_put(s->store, &card), 0);
		for (int32_t day = today - 60; day < today; day++)
			for (int h = 0; h < 2; h++)
				put_mark(s->store, pupil.id, civil_date_of_day(day),
					h ? HALFDAY_PM : HALFDAY_AM,
					(day + i) % 9 ? MARK_PRESENT : MARK_LATE);
	}
}

static size_t data_bytes(struct school *s, int *ret_ms)
{
	struct roster *roster;
	struct wire_context ctx = { .zone = &s->zone };
	assert_int_equal(register_store_roster(s->store, MONDAY, 1, &roster), 0);
	int64_t from_us = now_us();
	assert_int_equal(figures_fill(s->store, roster, MONDAY), 0);
	*ret_ms = (int)((now_us() - from_us) / 1000);
	const struct roster_pupil *p = roster_pupil_of(roster, 100001);
	assert_int_equal(p->n_recent, ROSTER_RECENT_MAX);
	assert_true(p->late_30_days > 0);
	roster->generation = 1;
	char *text = wire_gates_data_encode(roster, WIRE_NAMES_FULL, MONDAY, &ctx);
	assert_non_null(text);
	size_t len = strlen(text);
	free(text);
	roster_destroy(roster);
	return len;
}

/* A school of the largest size that is promised, every pupil with full figures and both names. */
static void test_large_school(void **state)
{
	struct school *s = *state;
	int ms;
	add_many(s, 1500);
	size_t bytes = data_bytes(s, &ms);
	print_message("1500 pupils: %d ms, %zu bytes\n", ms, bytes);
	assert_true(bytes < DATA_BYTES);
	add_many(s, 2000);
	bytes = data_bytes(s, &ms);
	print_message("2000 pupils: %d ms, %zu bytes\n", ms, bytes);
	assert_true(bytes < WIRE_GATES_DATA_MAX);
	assert_true(ms < FILL_MS * SLOWER);
}

/* A half day of the sample: 3A 3 pupils, 5B 2, 4C 10. */
static void test_public_groups(void **state)
{
	struct school *s = *state;
	static struct counts_group groups[WIRE_DAY_CLASSES_MAX + 1];
	struct counts_result result;
	for (int i = 0; i < 7; i++)
		school_tap(s, FIRST_OF_4C + i, "gate-1", HMS(8, 15, i));
	school_now(s, HMS(8, 40, 0));
	school_tap(s, FIRST_OF_4C + 7, "gate-1", HMS(8, 30, 0));
	school_gate(s, 0, HMS(12, 5, 0));
	school_at(s, HMS(12, 5, 0));
	assert_int_equal(figures_counts(s->day, HALFDAY_AM, groups, &result), 0);
	assert_int_equal(result.withheld, 2);
	assert_int_equal(result.n_groups, 2); /* the two hidden ones are five together */
	assert_string_equal(groups[0].group, "4");
	assert_int_equal(groups[0].numbers.expected, 10);
	assert_int_equal(groups[0].numbers.present, 7);
	assert_int_equal(groups[0].numbers.late, 1);
	assert_int_equal(groups[0].numbers.absent, 2);
	assert_string_equal(groups[1].group, "all");
	assert_int_equal(groups[1].numbers.expected, 15);
	assert_int_equal(groups[1].numbers.excused, 1);

	/* Kept as told, and read back. */
	struct register_store_counts told = { .day = civil_day_number(MONDAY),
		.half = HALFDAY_AM,
		.at_ms = 42,
		.withheld = result.withheld,
		.n_groups = result.n_groups,
		.groups = groups };
	struct counts_group back_groups[4];
	struct register_store_counts back = { .groups = back_groups };
	assert_int_equal(register_store_counts(s->store, told.day, HALFDAY_AM, &back, 4), 0);
	assert_int_equal(register_store_counts_put(s->store, &told), 0);
	assert_int_equal(register_store_counts_put(s->store, &told), 0);
	assert_int_equal(register_store_counts(s->store, told.day, HALFDAY_AM, &back, 4), 1);
	assert_int_equal(back.at_ms, 42);
	assert_int_equal(back.withheld, 2);
	assert_int_equal(back.n_groups, 2);
	assert_memory_equal(&back_groups[1].numbers, &groups[1].numbers, sizeof(groups[1].numbers));
	assert_int_equal(register_store_counts(s->store, told.day, HALFDAY_PM, &back, 4), 0);
}

/* R22 over time: after the first message only the same people with other marks. */
static void test_what_may_follow(void **state)
{
	(void)state;
	struct counts_group told_groups[] = { { "3", { 20, 18, 1, 1, 0 } },
		{ "all", { 27, 25, 1, 1, 0 } } };
	struct register_store_counts told = { .withheld = 2, .n_groups = 2, .groups = told_groups };
	static const struct {
		const char *name;
		struct counts_group groups[3];
		struct counts_result result;
		bool may;
	} row[] = {
		{ "nothing new", { { "3", { 20, 18, 1, 1, 0 } }, { "all", { 27, 25, 1, 1, 0 } } },
			{ 2, 2 }, false },
		{ "a tap came late",
			{ { "3", { 20, 19, 1, 0, 0 } }, { "all", { 27, 26, 1, 0, 0 } } }, { 2, 2 },
			true },
		{ "among the hidden",
			{ { "3", { 20, 18, 1, 1, 0 } }, { "all", { 27, 24, 1, 2, 0 } } }, { 2, 2 },
			true },
		{ "one pupil more",
			{ { "3", { 21, 19, 1, 1, 0 } }, { "all", { 28, 26, 1, 1, 0 } } }, { 2, 2 },
			false },
		{ "a hidden one grew to five",
			{ { "3", { 20, 18, 1, 1, 0 } }, { "4", { 5, 5, 0, 0, 0 } } }, { 2, 1 },
			false },
		{ "all is gone", { { "3", { 20, 18, 1, 1, 0 } } }, { 1, 1 }, false },
		{ "another group", { { "4", { 20, 17, 1, 2, 0 } }, { "all", { 27, 25, 1, 1, 0 } } },
			{ 2, 2 }, false },
		{ "more hidden groups",
			{ { "3", { 20, 17, 1, 2, 0 } }, { "all", { 27, 24, 1, 2, 0 } } }, { 2, 3 },
			false },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (figures_may_follow(&told, row[i].groups, &row[i].result) != row[i].may)
			fail_msg("%s", row[i].name);
}

/* expected = present + late + absent + unconfirmed + excused + awaited, class by class. */
static void expect_sums(const struct school *s)
{
	static struct wire_day_class rows[WIRE_DAY_CLASSES_MAX];
	for (int h = 0; h < 2; h++) {
		enum halfday half = h ? HALFDAY_PM : HALFDAY_AM;
		size_t n = day_counts(s->day, half, rows, WIRE_DAY_CLASSES_MAX);
		assert_int_equal(n, 3);
		for (size_t i = 0; i < n; i++) {
			const struct wire_day_class *c = &rows[i];
			assert_int_equal(c->expected, c->present + c->late + c->absent +
							      c->unconfirmed + c->excused +
							      c->awaited);
			assert_int_equal(c->expected, i == 0 ? 3 : i == 1 ? 10 : 2);
		}
	}
}

/* Whatever comes: taps in time, late, twice, without a clock, of the excused; gates silent and back. */
static void test_sum_rule(void **state)
{
	struct school *s = *state;
	uint64_t random = 20261123;
	expect_sums(s);
	for (int at_s = HMS(8, 0, 0); at_s < HMS(16, 30, 0); at_s += 900) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		unsigned what = (unsigned)(random >> 33);
		school_now(s, at_s);
		struct checkin c =
			school_checkin(s, what % 3 ? FIRST_OF_4C + what % 10 : NOOR + what % 5,
				"gate-1", instant(MONDAY, at_s - (int)(what % 5000)));
		c.clock = what % 7 ? CHECKIN_CLOCK_TRUSTED : CHECKIN_CLOCK_UNKNOWN;
		school_take(s, &c);
		expect_sums(s);
		if (what % 4)
			school_gate(s, 0, at_s);
		school_tick(s);
		expect_sums(s);
	}
}

struct sum {
	int64_t of[MARK_EXCUSED + 1][2];
};

static int add_mark(void *ctx, const struct register_store_mark *mark)
{
	struct sum *sum = ctx;
	sum->of[mark->value][mark->half == HALFDAY_PM]++;
	return 0;
}

/* R23: a period is the sum of its half days, nothing at its edges. */
static void test_period_is_the_sum(void **state)
{
	struct school *s = *state;
	struct sum whole = { 0 };
	struct sum summed = { 0 };
	add_many(s, 40);
	int32_t from = civil_day_number((struct civil_date){ 2026, 10, 1 });
	int32_t to = civil_day_number((struct civil_date){ 2026, 10, 31 });
	assert_int_equal(register_store_each_mark_between(s->store, from, to, add_mark, &whole), 0);
	for (int32_t day = from; day <= to; day++)
		assert_int_equal(register_store_each_mark(s->store, day, add_mark, &summed), 0);
	assert_memory_equal(&whole, &summed, sizeof(whole));
	assert_int_equal(whole.of[MARK_PRESENT][0] + whole.of[MARK_LATE][0], 40 * 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_record, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_large_school, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_public_groups, open_it, close_it),
		cmocka_unit_test(test_what_may_follow),
		cmocka_unit_test_setup_teardown(test_sum_rule, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_period_is_the_sum, open_it, close_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
