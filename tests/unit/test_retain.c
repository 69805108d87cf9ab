/* SPDX-License-Identifier: EUPL-1.2 */
/* R29: what is too old leaves the register and the gate, on the dates of domain.md section 7. */
#include "register/retain.h"

#include <string.h>

#include "store/db.h"
#include "store/kiosk_store.h"
#include "unit/brussels.h"
#include "unit/tempdir.h"
#include "unit/unit.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define MANY 1200 /* marks of one day: more than two slices */

static const struct retention_until AUGUST = { 8, 31 };
static char dir[TEMPDIR_MAX];
static char path[TEMPDIR_PATH_MAX];
static struct civil_zone zone;

static int setup(void **state)
{
	(void)state;
	zone = brussels_zone();
	if (tempdir_make(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/x.db", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(dir);
	return 0;
}

static struct retain_moment moment_of(struct civil_date date, int at_s)
{
	return (struct retain_moment){
		.now_ms = civil_instant_of(&zone, date, at_s), .clock_judges = true, .idle = true
	};
}

static void put_checkin(
	struct register_store *s, struct civil_date date, int64_t pupil, int64_t seq)
{
	struct checkin c = { .seq = seq,
		.revision = 1,
		.gate = "gate-1",
		.result = CHECKIN_PRESENT,
		.at_ms = civil_instant_of(&zone, date, HMS(8, 20, 0)),
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = -1,
		.pupil = pupil };
	int64_t through;
	c.id.b[0] = c.log.b[0] = 1;
	c.id.b[15] = (uint8_t)seq;
	assert_int_equal(register_store_checkin_put(s, &c, civil_day_number(date), c.at_ms), 0);
	assert_int_equal(register_store_number_put(s, c.log, c.seq, c.gate, &c.id, &through), 0);
}

static void put_alert(struct register_store *s, struct civil_date date, int64_t pupil)
{
	struct alert a;
	char id[ALERT_ID_MAX];
	alert_id_pupil(date, HALFDAY_AM, pupil, id);
	alert_raise(&a, id, ALERT_LATE, ALERT_CONFIRMED, date, HALFDAY_AM, 1);
	a.pupil = pupil;
	a.state = ALERT_RESOLVED;
	assert_int_equal(register_store_alert_put(s, &a), 0);
}

static void put_mark(struct register_store *s, struct civil_date date, int64_t pupil)
{
	struct register_store_mark mark = { .day = civil_day_number(date),
		.half = HALFDAY_AM,
		.pupil = pupil,
		.value = MARK_PRESENT,
		.arrived_at_ms = -1 };
	assert_int_equal(register_store_mark_put(s, &mark), 0);
}

/* All that one date can leave of pupil @pupil. */
static void put_date(struct register_store *s, struct civil_date date, int64_t pupil, int64_t seq)
{
	struct roster_excuse excuse = {
		.pupil = 1, .from = date, .to = date, .from_half = HALFDAY_AM, .to_half = HALFDAY_PM
	};
	struct roster_pupil leaver = { .id = pupil, .class_name = "3A" };
	struct roster_card card = { .pupil = pupil };
	struct register_store_refused refused = { .seq = 1000 + seq, .gate = "gate-1" };
	char id[ALERT_ID_MAX];
	int64_t at_ms = civil_instant_of(&zone, date, HMS(8, 20, 0));
	put_checkin(s, date, pupil, seq);
	put_mark(s, date, pupil);
	put_alert(s, date, pupil);
	card.hash.b[0] = (uint8_t)seq;
	refused.received_ms = at_ms;
	alert_id_pupil(date, HALFDAY_AM, pupil, id);
	struct register_store_correction said = { .pupil = pupil,
		.day = civil_day_number(date),
		.half = HALFDAY_AM,
		.code = 'B',
		.who = "an" };
	struct uuid request = { { (uint8_t)seq } };
	assert_int_equal(register_store_excuse_put(s, &excuse), 0);
	assert_int_equal(register_store_correction_put(s, &said), 0);
	assert_int_equal(register_store_done_put(s, request, "an", at_ms, "{}", 0), 0);
	assert_int_equal(register_store_pupil_put(s, &leaver), 0);
	assert_int_equal(register_store_pupil_leave(s, pupil, at_ms), 0);
	assert_int_equal(register_store_card_put(s, &card), 0);
	assert_int_equal(register_store_refuse(s, &refused, "{}", 2), 0);
	assert_int_equal(register_store_exported_put(
				 s, civil_day_number(date), HALFDAY_AM, pupil, 'L', at_ms),
		0);
	assert_int_equal(register_store_journal(s, at_ms, "an", "resolve", id, ""), 0);
	assert_int_equal(register_store_journal(s, at_ms, "an", "import", "pupils", "5 rows"), 0);
}

static struct register_store *open_store(void)
{
	struct register_store *s;
	assert_int_equal(register_store_open(path, true, &s), 0);
	return s;
}

enum count {
	CHECKINS,
	NUMBERS,
	MARKS,
	ALERTS,
	EXCUSES,
	REFUSED,
	EXPORTED,
	CORRECTIONS,
	REPLIES,
	JOURNAL,
	CARDS,
	PUPILS,
	N_COUNTS,
};

/* What is in the file, by a reader of our own: the store has no question for all of it. */
static void count_rows(int64_t *ret_counts)
{
	static const struct db_migration first[] = { { 1, 1, "SELECT 1" } };
	static const char *const statements[] = {
		[CHECKINS] = "SELECT count(*) FROM checkin",
		[NUMBERS] = "SELECT count(*) FROM number",
		[MARKS] = "SELECT count(*) FROM mark",
		[ALERTS] = "SELECT count(*) FROM alert",
		[EXCUSES] = "SELECT count(*) FROM excuse",
		[REFUSED] = "SELECT count(*) FROM refused",
		[EXPORTED] = "SELECT count(*) FROM exported",
		[CORRECTIONS] = "SELECT count(*) FROM correction",
		[REPLIES] = "SELECT count(*) FROM command_done",
		[JOURNAL] = "SELECT count(*) FROM journal",
		[CARDS] = "SELECT count(*) FROM card",
		[PUPILS] = "SELECT count(*) FROM pupil",
	};
	static const struct db_schema schema = { first, 1, statements, N_COUNTS, 0 };
	struct db *db;
	assert_int_equal(db_open(path, &schema, true, &db), 0);
	for (int i = 0; i < N_COUNTS; i++) {
		struct db_query q = db_query(db, i);
		assert_int_equal(db_step(&q), 1);
		ret_counts[i] = db_get_int(&q);
		db_end(&q);
	}
	db_close(db);
}

/* A whole run at that moment. Return: slices. */
static int run(struct register_store *s, const struct retain_moment *moment)
{
	struct retain retain;
	int slices = 0;
	assert_int_equal(retain_open(&retain, s), 0);
	int more;
	do {
		more = retain_slice(&retain, s, &zone, AUGUST, moment);
		assert_true(more >= 0);
		slices++;
	} while (more);
	assert_false(retain.running);
	assert_int_equal(retain.last.run_ms, moment->now_ms);
	return slices;
}

static const struct civil_date kept_dates[] = { { 2026, 9, 1 }, { 2027, 8, 31 }, { 2027, 9, 1 } };

static void fill_store(void)
{
	struct register_store *s = open_store();
	assert_int_equal(register_store_begin(s), 0);
	for (size_t i = 0; i < ARRAY_LEN(kept_dates); i++)
		put_date(s, kept_dates[i], 501 + (int64_t)i, 1 + (int64_t)i);
	struct roster_pupil stays = { .id = 7, .class_name = "3A" };
	struct roster_card card = { .pupil = 7, .hash.b[0] = 200 };
	assert_int_equal(register_store_pupil_put(s, &stays), 0);
	assert_int_equal(register_store_card_put(s, &card), 0);
	card.hash.b[0] = 201; /* a day card of 2026 */
	card.from = card.to = (struct civil_date){ 2026, 9, 7 };
	assert_int_equal(register_store_card_put(s, &card), 0);
	assert_int_equal(register_store_end(s, 0), 0);
	register_store_close(s);
}

/* Of each kind one a date, and what concerns no pupil or one who is still there. */
static void expect_left(int dates, int day_cards)
{
	int64_t n[N_COUNTS];
	count_rows(n);
	for (int i = 0; i < N_COUNTS; i++) {
		int64_t want = i == JOURNAL  ? (int64_t)ARRAY_LEN(kept_dates) + dates
			       : i == CARDS  ? dates + 1 + day_cards
			       : i == PUPILS ? dates + 1
					     : dates;
		if (n[i] != want)
			fail_msg("count %d: %lld, want %lld", i, (long long)n[i], (long long)want);
	}
}

/* 2026-27 stays up to and including 31 August 2028. */
static void test_dates(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct civil_date today;
		int at_s, dates, day_cards;
		int64_t dropped;
	} row[] = {
		{ "in the year after", { 2027, 12, 24 }, HMS(2, 0, 0), 3, 1, 0 },
		{ "the last day's last second", { 2028, 8, 31 }, HMS(23, 59, 59), 3, 1, 0 },
		{ "the next second", { 2028, 9, 1 }, 0, 1, 0, 2 * 11 + 1 },
		{ "again", { 2028, 9, 2 }, 0, 1, 0, 0 },
		{ "after months switched off", { 2029, 11, 5 }, HMS(10, 0, 0), 0, 0, 11 },
	};
	fill_store();
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct retain_moment moment = moment_of(row[i].today, row[i].at_s);
		struct register_store *s = open_store();
		struct retain retain;
		run(s, &moment);
		assert_int_equal(retain_open(&retain, s), 0); /* and a restart knows */
		if (retain.last.dropped != row[i].dropped)
			fail_msg("%s: %lld rows", row[i].name, (long long)retain.last.dropped);
		register_store_close(s);
		expect_left(row[i].dates, row[i].day_cards);
	}
}

/* A check-in that comes again after its row has gone is known all the same, by the log's mark. */
static void test_sent_again(void **state)
{
	(void)state;
	struct uuid log = { .b[0] = 1 };
	struct uuid id = { .b[0] = 1, .b[15] = 1 };
	struct register_store_known known;
	fill_store();
	struct register_store *s = open_store();
	struct retain_moment moment = moment_of((struct civil_date){ 2028, 9, 1 }, 0);
	run(s, &moment);
	assert_int_equal(register_store_known(s, log, 1, id, &known), 0);
	assert_false(known.number_known);
	assert_int_equal(known.through, 3);
	/* A number behind a gap is not covered by the mark, so it stays. */
	assert_int_equal(register_store_begin(s), 0);
	put_checkin(s, (struct civil_date){ 2026, 10, 1 }, 501, 9);
	assert_int_equal(register_store_end(s, 0), 0);
	run(s, &moment);
	id.b[15] = 9;
	assert_int_equal(register_store_known(s, log, 9, id, &known), 0);
	assert_true(known.number_known);
	assert_false(known.id_known);
	register_store_close(s);
}

static void test_untrusted_clock(void **state)
{
	(void)state;
	struct retain retain = { .last.run_ms = -1 };
	struct retain_moment moment = moment_of((struct civil_date){ 2099, 1, 1 }, HMS(3, 0, 0));
	moment.clock_judges = false;
	assert_false(retain_due(&retain, &zone, &moment));
	fill_store();
	struct register_store *s = open_store();
	run(s, &moment); /* whoever asks: nothing goes */
	register_store_close(s);
	expect_left(3, 1);
}

static void test_when(void **state)
{
	(void)state;
	static const struct civil_date today = { 2026, 11, 24 };
	static const struct {
		int at_s;
		bool idle, want;
	} row[] = {
		{ 0, true, true },
		{ 1, false, false },
		{ HMS(6, 59, 59), true, true },
		{ HMS(7, 0, 0), true, false },
		{ HMS(8, 25, 0), true, false },
		{ HMS(9, 29, 59), true, false },
		{ HMS(9, 30, 0), true, true },
		{ HMS(23, 59, 59), true, true },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct retain_moment moment = moment_of(today, row[i].at_s);
		struct retain retain = { .last.run_ms = -1 };
		moment.idle = row[i].idle;
		assert_int_equal(retain_due(&retain, &zone, &moment), row[i].want);
		/* Once a day: yesterday's doesn't count, today's does. */
		retain.last.run_ms = civil_instant_of(&zone, today, 0) - 1;
		assert_int_equal(retain_due(&retain, &zone, &moment), row[i].want);
		retain.last.run_ms++;
		assert_false(retain_due(&retain, &zone, &moment));
		/* A store that refused is left alone for an hour. */
		retain.last.run_ms = -1;
		retain.failed_ms = moment.now_ms - HOUR_MS + 1;
		assert_false(retain_due(&retain, &zone, &moment));
		retain.failed_ms--;
		assert_int_equal(retain_due(&retain, &zone, &moment), row[i].want);
	}
}

static void test_slices(void **state)
{
	(void)state;
	struct register_store *s = open_store();
	struct retain_moment moment = moment_of((struct civil_date){ 2028, 9, 1 }, 0);
	struct retain retain;
	assert_int_equal(register_store_begin(s), 0);
	for (int i = 0; i < MANY; i++)
		put_mark(s, (struct civil_date){ 2026, 9, 1 }, 1 + i);
	assert_int_equal(register_store_end(s, 0), 0);
	assert_int_equal(retain_open(&retain, s), 0);
	assert_int_equal(retain_slice(&retain, s, &zone, AUGUST, &moment), 1);
	assert_int_equal(retain.dropped, RETAIN_SLICE);
	assert_true(retain.running);
	/* Cut off here and begun again: the rest goes, and the run is still owed until it is done. */
	assert_int_equal(retain_open(&retain, s), 0);
	assert_true(retain_due(&retain, &zone, &moment));
	assert_int_equal(retain_slice(&retain, s, &zone, AUGUST, &moment), 1);
	assert_int_equal(retain_slice(&retain, s, &zone, AUGUST, &moment), 1);
	assert_int_equal(retain_slice(&retain, s, &zone, AUGUST, &moment), 0);
	assert_int_equal(retain.last.dropped, MANY - RETAIN_SLICE);
	assert_int_equal(
		retain.last.kept_from, civil_day_number((struct civil_date){ 2027, 9, 1 }));
	assert_false(retain_due(&retain, &zone, &moment));
	register_store_close(s);
}

/* A table that names a pupil, and that retention doesn't know, would be kept for ever. */
static void test_every_table(void **state)
{
	(void)state;
	static const struct db_migration first[] = { { 1, 1, "SELECT 1" } };
	static const char *const statements[] = {
		"SELECT t.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
		" WHERE t.type = 'table' AND c.name = 'pupil'"
		" AND t.name NOT IN ('checkin', 'mark', 'exported', 'alert', 'excuse', 'card',"
		" 'correction')",
		"SELECT count(*) FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
		" WHERE t.type = 'table' AND c.name = 'pupil'",
	};
	static const struct db_schema schema = { first, 1, statements, ARRAY_LEN(statements), 0 };
	struct db *db;
	char name[64];
	register_store_close(open_store());
	assert_int_equal(db_open(path, &schema, true, &db), 0);
	struct db_query q = db_query(db, 0);
	if (db_step(&q) > 0) {
		db_get_text(&q, name, sizeof(name));
		fail_msg("table %s: register_store_drop() and test_dates don't know it", name);
	}
	q = db_query(db, 1);
	assert_int_equal(db_step(&q), 1);
	assert_int_equal(db_get_int(&q), 7);
	db_end(&q);
	db_close(db);
}

/* ---- the gate ---- */

static void add_tap(struct kiosk_store *s, int n, int64_t at_ms)
{
	struct checkin c = { .revision = 1,
		.result = CHECKIN_PRESENT,
		.at_ms = at_ms,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = -1,
		.boot.b[0] = 1,
		.pupil = 17 };
	c.id.b[0] = 1;
	c.id.b[15] = (uint8_t)n;
	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
}

/* A tap a day; the register hears of them five days late, and of the last never. A purge an hour. */
static void test_gate(void **state)
{
	(void)state;
	struct kiosk_store *s;
	struct uuid log = { .b[0] = 9 };
	int64_t start_ms = civil_instant_of(&zone, (struct civil_date){ 2026, 10, 12 }, 0);
	assert_int_equal(kiosk_store_open(path, true, log, &s), 0);
	for (int hour = 0; hour < 24 * 60; hour++) {
		int64_t now_ms = start_ms + hour * HOUR_MS;
		int day = hour / 24;
		if (hour % 24 == 8 && day < 5)
			add_tap(s, 1 + day, now_ms);
		if (hour == 24 * 5)
			assert_int_equal(kiosk_store_confirm(s, 4), 0);
		/* A clock that jumped decades ahead and isn't trusted takes nothing along. */
		int64_t wrong_ms = retention_gate_before(now_ms + 9000 * DAY_MS, 30, false);
		assert_int_equal(kiosk_store_purge(s, now_ms, wrong_ms, 100), 0);
		int64_t before_ms = retention_gate_before(now_ms, 30, true);
		int n = kiosk_store_purge(s, now_ms, before_ms, 100);
		if (n != (hour == 24 * 35 + 1 ? 4 : 0))
			fail_msg("hour %d: %d", hour, n);
	}
	assert_int_equal(kiosk_store_info(s)->oldest_seq, 5); /* never confirmed: still there */
	kiosk_store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sent_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_untrusted_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_when, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gate, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
