/* SPDX-License-Identifier: EUPL-1.2 */
/* Half days out of the database, after a day of the register's own steps. */
#include "register/export.h"
#include "unit/register_school.h"

/* The day of broker-config/contract/sample/informat. */
static const struct civil_date TUESDAY = { 2018, 1, 30 };
static const struct informat_slots SLOTS = { 1, 6 };

/* The sample school, its clock put back to that day. */
static void open_on_tuesday(struct school *s)
{
	school_open(s, 1);
	day_destroy(s->day);
	register_effects_destroy(s->fx);
	roster_destroy(s->roster);
	assert_int_equal(register_store_roster(s->store, TUESDAY, 1, &s->roster), 0);
	s->fx = register_effects_create(s->roster);
	assert_non_null(s->fx);
	s->state.today = TUESDAY;
	s->state.connected_since_ms = instant(TUESDAY, HMS(6, 0, 0));
	school_now(s, HMS(6, 0, 0));
	s->day = school_build(s, TUESDAY);
}

/* Everybody but two comes, one of them late; then the cut-off passes. */
static void live_the_morning(struct school *s)
{
	school_now(s, HMS(8, 10, 0));
	school_tap(s, MARIE, "gate-1", HMS(8, 10, 0));
	school_tap(s, AN, "gate-1", HMS(8, 24, 59));
	for (int i = 0; i < 10; i++)
		school_tap(s, FIRST_OF_4C + i, "gate-1", HMS(8, 11, i));
	school_now(s, HMS(8, 31, 0));
	school_tap(s, ELIF, "gate-1", HMS(8, 30, 1));
	school_gate(s, 0, HMS(8, 45, 0));
	school_at(s, HMS(8, 45, 0));
}

static struct informat_half half_of(enum halfday half)
{
	return (struct informat_half){ TUESDAY, half, SLOTS };
}

struct exported {
	long n;
	struct informat_row *rows;
};

static struct exported rows_of(struct school *s, enum halfday which)
{
	struct informat_half half = half_of(which);
	struct exported e = { 0 };
	e.n = export_informat_rows(s->store, s->roster, &half, &e.rows);
	assert_true(e.n >= 0);
	return e;
}

static const struct informat_row *row_of(const struct exported *e, int64_t pupil)
{
	for (long i = 0; i < e->n; i++)
		if (e->rows[i].pupil == pupil)
			return &e->rows[i];
	fail_msg("%lld isn't among the rows", (long long)pupil);
	return NULL;
}

static void keep(struct school *s, const struct exported *e)
{
	struct informat_half half = half_of(HALFDAY_AM);
	assert_int_equal(export_informat_keep(s->store, &half, e->rows, (size_t)e->n, 1), 0);
}

static void expect_file(const struct exported *e, enum informat_file file, const char *want_name)
{
	char name[INFORMAT_NAME_MAX];
	char path[512];
	char bytes[4096];
	char *want;
	struct informat_half half = half_of(HALFDAY_AM);
	struct sink_buffer got = { .bytes = bytes, .size = sizeof(bytes) };
	informat_file_name(file, &half, name);
	assert_string_equal(name, want_name);
	assert_true(informat_write(file, &half, e->rows, (size_t)e->n, sink_to_buffer, &got) > 0);
	snprintf(path, sizeof(path), "%s/broker-config/contract/sample/informat/%s",
		TEST_SOURCE_DIR, name);
	int64_t len = file_read(path, 4096, &want);
	assert_true(len > 0);
	assert_int_equal(got.used, len);
	assert_memory_equal(bytes, want, (size_t)len);
	free(want);
}

/* R19: byte for byte, from an import and the taps of that date. */
static void test_the_sample(void **state)
{
	struct school s;
	(void)state;
	open_on_tuesday(&s);
	live_the_morning(&s);
	struct exported e = rows_of(&s, HALFDAY_AM);
	assert_int_equal(e.n, 15);
	expect_file(&e, INFORMAT_ABSENT, "absent-300118-T1.txt");
	expect_file(&e, INFORMAT_LATE, "late-300118-T1.txt");
	struct informat_half half = half_of(HALFDAY_AM);
	assert_int_equal(informat_write(INFORMAT_CODED, &half, e.rows, (size_t)e.n, NULL, NULL), 0);
	free(e.rows);
	e = rows_of(&s, HALFDAY_PM);
	assert_int_equal(
		e.n, 11); /* carried over; 5B has no lessons then, nobody else is decided yet */
	free(e.rows);
	school_close(&s);
}

/* What Informat was told and is no longer true is named until somebody has put it right, again and
 * again: it can't be seen from here. */
static void test_corrections_are_named(void **state)
{
	struct school s;
	(void)state;
	open_on_tuesday(&s);
	live_the_morning(&s);
	struct exported e = rows_of(&s, HALFDAY_AM);
	assert_int_equal(informat_left_of(row_of(&e, NOOR)), INFORMAT_LEFT_NOT);
	keep(&s, &e);
	free(e.rows);
	/* A gate that was offline tells it an hour later. */
	school_now(&s, HMS(9, 45, 0));
	school_tap(&s, NOOR, "gate-1", HMS(8, 20, 0));
	for (int again = 0; again < 2; again++) {
		e = rows_of(&s, HALFDAY_AM);
		assert_int_equal(row_of(&e, NOOR)->exported, INFORMAT_UNKNOWN);
		assert_int_equal(informat_left_of(row_of(&e, NOOR)), INFORMAT_LEFT_PRESENT);
		assert_int_equal(informat_left_of(row_of(&e, YASSINE)), INFORMAT_LEFT_NOT);
		assert_int_equal(informat_left_of(row_of(&e, ELIF)), INFORMAT_LEFT_NOT);
		assert_int_equal(row_of(&e, ELIF)->exported, 'L');
		keep(&s, &e);
		free(e.rows);
	}
	school_close(&s);
}

static void excuse(struct school *s, const char *line)
{
	char file[200];
	snprintf(file, sizeof(file), "pupil_id;from;from_half;to;to_half;reason;code\n%s\n", line);
	struct roster *fresh;
	school_import_bytes(s, IMPORT_EXCUSED, file, strlen(file));
	assert_int_equal(register_store_roster(s->store, TUESDAY, 1, &fresh), 0);
	struct day *old = s->day;
	struct roster *old_roster = s->roster;
	s->roster = fresh;
	register_effects_destroy(s->fx);
	s->fx = register_effects_create(fresh);
	assert_non_null(s->fx);
	s->day = school_build(s, TUESDAY);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
	day_destroy(old);
	roster_destroy(old_roster);
}

/* R19: only B, D, L, R and Z; a row with P is named. An excuse's code goes with the excuse alone. */
static void test_codes_of_excuses(void **state)
{
	struct school s;
	(void)state;
	open_on_tuesday(&s);
	live_the_morning(&s);
	struct exported e = rows_of(&s, HALFDAY_AM);
	keep(&s, &e);
	free(e.rows);
	excuse(&s, "12345;2018-01-30;am;2018-01-30;am;excused;Z");
	excuse(&s, "12346;2018-01-30;am;2018-01-30;am;excursion;P");
	excuse(&s, "12347;2018-01-30;am;2018-01-30;am;excused;Z");
	e = rows_of(&s, HALFDAY_AM);
	assert_int_equal(informat_exported(row_of(&e, NOOR)), 'Z');
	assert_int_equal(informat_left_of(row_of(&e, YASSINE)), INFORMAT_LEFT_CODE);
	assert_int_equal(row_of(&e, ELIF)->code, 0); /* came in anyway */
	free(e.rows);
	school_close(&s);
}

static char *csv_of(struct school *s, struct civil_date from, struct civil_date to, long want_rows)
{
	static char bytes[8192];
	struct sink_buffer out = { .bytes = bytes, .size = sizeof(bytes) - 1 };
	long rows = -1;
	assert_int_equal(
		export_csv(s->store, s->roster, &s->zone, from, to, sink_to_buffer, &out, &rows),
		0);
	bytes[out.used] = 0;
	assert_int_equal(rows, want_rows);
	return bytes;
}

static void expect_line(const char *csv, const char *line)
{
	if (!strstr(csv, line))
		fail_msg("no \"%s\" in\n%s", line, csv);
}

/* R20, R23: a period is its days. */
static void test_csv(void **state)
{
	struct civil_date monday = { 2018, 1, 29 };
	struct civil_date wednesday = { 2018, 1, 31 };
	struct school s;
	(void)state;
	open_on_tuesday(&s);
	live_the_morning(&s);
	const char *csv = csv_of(&s, monday, wednesday, 15 + 11);
	assert_memory_equal(csv,
		"\xef\xbb\xbf"
		"date;half;pupil_id;",
		22);
	expect_line(csv, "\r\n30/01/2018;am;0000012345;Peeters;Noor;3A;-;;;\r\n");
	expect_line(csv, ";am;0000012347;\xc3\x87"
			 "elik;Elif;3A;L;;08:30;6\r\n");
	expect_line(csv, ";am;0000012349;");
	expect_line(csv, ";pm;0000012347;\xc3\x87"
			 "elik;Elif;3A;|;;;\r\n"); /* carried over */
	assert_null(strstr(csv, "29/01/2018"));
	csv_of(&s, monday, monday, 0);
	csv_of(&s, TUESDAY, TUESDAY, 15 + 11);
	/* Who has left stays in what was. */
	assert_int_equal(register_store_pupil_leave(s.store, NOOR, 2), 0);
	struct roster *old = s.roster;
	assert_int_equal(register_store_roster(s.store, TUESDAY, 1, &s.roster), 0);
	expect_line(csv_of(&s, TUESDAY, TUESDAY, 15 + 11), ";am;0000012345;Peeters;Noor;3A;-;;;");
	roster_destroy(s.roster);
	s.roster = old;
	school_close(&s);
}

/* A sink that is full ends it, and what it said comes back. */
static void test_full_sink(void **state)
{
	char bytes[100];
	struct sink_buffer out = { .bytes = bytes, .size = sizeof(bytes) };
	struct school s;
	long rows = -1;
	(void)state;
	open_on_tuesday(&s);
	live_the_morning(&s);
	assert_int_equal(export_csv(s.store, s.roster, &s.zone, TUESDAY, TUESDAY, sink_to_buffer,
				 &out, &rows),
		-1);
	assert_int_equal(rows, -1);
	school_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sample),
		cmocka_unit_test(test_corrections_are_named),
		cmocka_unit_test(test_codes_of_excuses),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_full_sink),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
