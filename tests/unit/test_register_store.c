/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/register_store.h"
#include "unit/unit.h"

static const struct civil_date MONDAY = { 2026, 11, 23 };

static char folder[64], path[96];
static struct register_store *store;

static int open_store(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/register-store-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/register.db", folder);
	assert_int_equal(register_store_open(path, true, &store), 0);
	assert_int_equal(register_store_begin(store), 0);
	return 0;
}

static int close_store(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".copy", ".copy-wal", ".copy-shm" };
	(void)state;
	register_store_end(store, 0);
	register_store_close(store);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char name[112];
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return rmdir(folder);
}

static void open_again(void)
{
	assert_int_equal(register_store_end(store, 0), 0);
	register_store_close(store);
	assert_int_equal(register_store_open(path, true, &store), 0);
	assert_int_equal(register_store_begin(store), 0);
}

static struct checkin make_checkin(int n)
{
	struct checkin c = { .log = { { 1 } },
		.seq = n,
		.id = { { 2 } },
		.revision = 1,
		.gate = "gate-1",
		.result = CHECKIN_LATE,
		.at_ms = 1795418700000 + n,
		.clock = CHECKIN_CLOCK_HOLDOVER,
		.clock_error_ms = 12,
		.boot = { { 3 } },
		.boot_ms = 4000,
		.pupil = 12345,
		.card = { { 5 } },
		.date = MONDAY,
		.half = HALFDAY_AM,
		.minutes_late = 7,
		.source = CHECKIN_SOURCE_DESK };
	c.id.b[15] = (uint8_t)n;
	return c;
}

static int64_t put_number(int64_t seq)
{
	struct uuid id = make_checkin((int)seq).id;
	int64_t through = -1;
	assert_int_equal(register_store_number_put(
				 store, (struct uuid){ { 1 } }, seq, "gate-1", &id, &through),
		0);
	return through;
}

/* A log begins at 0, and a gap is never skipped. */
static void test_through(void **state)
{
	static const struct {
		int64_t seq, through;
	} row[] = { { 6, 0 }, { 2, 0 }, { 1, 2 }, { 1, 2 }, { 4, 2 }, { 3, 4 }, { 5, 6 },
		{ 7, 7 } };
	int64_t through;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_int_equal(put_number(row[i].seq), row[i].through);
	open_again();
	assert_int_equal(register_store_through(store, (struct uuid){ { 1 } }, &through), 0);
	assert_int_equal(through, 7);
	assert_int_equal(register_store_through(store, (struct uuid){ { 9 } }, &through), 0);
	assert_int_equal(through, 0);
}

/* What a transaction keeps of logs goes with it, and each log has its own. */
static void test_through_of_a_transaction(void **state)
{
	struct uuid id = make_checkin(1).id, other = { { 7 } };
	struct register_store_known known;
	int64_t through;
	(void)state;
	assert_int_equal(put_number(1), 1);
	assert_int_equal(put_number(2), 2);
	assert_int_equal(register_store_number_put(store, other, 2, "gate-2", &id, &through), 0);
	assert_int_equal(through, 0);
	assert_int_equal(register_store_known(store, (struct uuid){ { 1 } }, 2, id, &known), 0);
	assert_true(known.number_known && known.through == 2);
	assert_int_equal(register_store_known(store, (struct uuid){ { 1 } }, 3, id, &known), 0);
	assert_false(known.number_known);
	assert_int_equal(register_store_known(store, other, 2, id, &known), 0);
	assert_true(known.number_known && known.through == 0);
	open_again();
	assert_int_equal(put_number(3), 3);
	assert_int_equal(register_store_number_put(store, other, 1, "gate-2", &id, &through), 0);
	assert_int_equal(through, 2);
	assert_int_equal(register_store_end(store, STORE_ERR_IO), STORE_ERR_IO); /* rolled back */
	assert_int_equal(register_store_through(store, other, &through), 0);
	assert_int_equal(through, 0);
	assert_int_equal(register_store_begin(store), 0);
	assert_int_equal(put_number(4), 2);
	assert_int_equal(put_number(3), 4);
	/* More logs than are kept at a time. */
	for (int n = 0; n < 200; n++) {
		struct uuid many = { { 8, (uint8_t)(n % 100) } };
		assert_int_equal(register_store_number_put(
					 store, many, 1 + n / 100, "gate-3", &id, &through),
			0);
		assert_int_equal(through, 1 + n / 100);
	}
	open_again();
	for (int n = 0; n < 100; n++) {
		assert_int_equal(
			register_store_through(store, (struct uuid){ { 8, (uint8_t)n } }, &through),
			0);
		assert_int_equal(through, 2);
	}
	assert_int_equal(put_number(5), 5);
}

#define RECEIVED_MS INT64_C(1795900000077) /* days after the check-ins were made */

static int take_checkin(void *ctx, const struct checkin *c, int64_t received_ms)
{
	struct checkin *got = ctx;
	assert_int_equal(received_ms, RECEIVED_MS);
	*got = *c;
	return 0;
}

static void test_checkin_comes_back_whole(void **state)
{
	struct checkin c = make_checkin(1);
	struct checkin got = { 0 };
	struct register_store_known known;
	(void)state;
	assert_int_equal(register_store_checkin_put(store, &c, 20780, RECEIVED_MS), 0);
	put_number(1);
	open_again();
	assert_int_equal(register_store_each_checkin(store, 20780, take_checkin, &got), 0);
	assert_true(uuid_equal(got.log, c.log) && uuid_equal(got.id, c.id) &&
		    uuid_equal(got.boot, c.boot));
	assert_int_equal(got.seq, c.seq);
	assert_int_equal(got.revision, c.revision);
	assert_string_equal(got.gate, c.gate);
	assert_int_equal(got.result, c.result);
	assert_int_equal(got.at_ms, c.at_ms);
	assert_int_equal(got.clock, c.clock);
	assert_int_equal(got.clock_error_ms, c.clock_error_ms);
	assert_int_equal(got.boot_ms, c.boot_ms);
	assert_int_equal(got.pupil, c.pupil);
	assert_int_equal(card_hash_compare(got.card, c.card), 0);
	assert_int_equal(civil_date_compare(got.date, c.date), 0);
	assert_int_equal(got.half, c.half);
	assert_int_equal(got.minutes_late, c.minutes_late);
	assert_int_equal(got.source, c.source);
	assert_int_equal(register_store_known(store, c.log, 1, c.id, &known), 0);
	assert_true(known.number_known && known.id_known);
	assert_true(uuid_equal(known.number_id, c.id));
	assert_int_equal(known.revision, 1);
	assert_int_equal(known.day, 20780);
	assert_int_equal(known.through, 1);
	assert_int_equal(register_store_number(store, REGISTER_STORE_NEWEST_MS), c.at_ms);
}

static void test_higher_revision_moves_the_day(void **state)
{
	struct checkin c = make_checkin(1);
	struct checkin got = { 0 };
	(void)state;
	assert_int_equal(register_store_checkin_put(store, &c, 20780, RECEIVED_MS), 0);
	c.revision = 2;
	c.at_ms += 86400000;
	assert_int_equal(register_store_checkin_put(store, &c, 20781, RECEIVED_MS + 22), 0);
	assert_int_equal(register_store_each_checkin(store, 20780, take_checkin, &got), 0);
	assert_int_equal(got.revision, 0);
	/* received_ms stays that of the first time: see take_checkin(). */
	assert_int_equal(register_store_each_checkin(store, 20781, take_checkin, &got), 0);
	assert_int_equal(got.revision, 2);
	assert_int_equal(register_store_number(store, REGISTER_STORE_CHECKINS), 1);
}

static void test_refused_are_kept_aside(void **state)
{
	struct register_store_refused refused = { .log = { { 1 } },
		.seq = 1,
		.gate = "gate-1",
		.reason = "at: no time",
		.received_ms = 5 };
	struct register_store_refused got[2];
	struct register_store_known known;
	char reason[REGISTER_STORE_REASON_MAX];
	int64_t through;
	(void)state;
	assert_int_equal(register_store_refuse(store, &refused, "{}", 2), 0);
	assert_int_equal(
		register_store_number_put(store, refused.log, 1, "gate-1", NULL, &through), 0);
	assert_int_equal(through, 1);
	open_again();
	assert_int_equal(register_store_refused(store, got, 2), 1);
	assert_string_equal(got[0].reason, "at: no time");
	assert_int_equal(register_store_refused_of(store, refused.log, 1, reason), 1);
	assert_int_equal(register_store_refused_of(store, refused.log, 2, reason), 0);
	assert_int_equal(
		register_store_known(store, refused.log, 1, make_checkin(1).id, &known), 0);
	assert_true(known.number_known && uuid_is_none(known.number_id) && !known.id_known);
	assert_int_equal(register_store_number(store, REGISTER_STORE_REFUSED), 1);
}

static int take_alert(void *ctx, const struct alert *alert)
{
	struct alert *got = ctx;
	*got = *alert;
	return 0;
}

static void test_alert_comes_back_whole(void **state)
{
	struct alert *a = calloc(1, sizeof(*a));
	struct alert *got = calloc(1, sizeof(*got));
	int32_t day;
	(void)state;
	assert_true(a && got);
	alert_raise(a, "2026-11-23-am-p0000012345", ALERT_ABSENT, ALERT_UNCONFIRMED, MONDAY,
		HALFDAY_AM, 1000);
	a->pupil = 12345;
	a->card.b[3] = 4;
	snprintf(a->gate, sizeof(a->gate), "gate-1");
	snprintf(a->class_name, sizeof(a->class_name), "3A");
	a->expected_at_ms = 900;
	assert_int_equal(register_store_alert_put(store, a), 0);
	assert_int_equal(register_store_oldest_open_day(store, &day), 1);
	assert_int_equal(day, civil_day_number(MONDAY));
	assert_int_equal(register_store_number(store, REGISTER_STORE_OPEN_ALERTS), 1);
	struct alert_change acknowledge = {
		.event = ALERT_EVENT_ACKNOWLEDGE, .at_ms = 2000, .by = "ann"
	};
	struct alert_change resolve = { .event = ALERT_EVENT_RESOLVE,
		.at_ms = 3000,
		.what = ALERT_REACHED,
		.by = "ann",
		.note = "mother called" };
	assert_true(alert_apply(a, &acknowledge));
	assert_true(alert_apply(a, &resolve));
	assert_int_equal(register_store_alert_put(store, a), 0);
	open_again();
	assert_int_equal(register_store_each_alert(store, day, take_alert, got), 0);
	assert_memory_equal(a, got, sizeof(*a));
	assert_int_equal(register_store_oldest_open_day(store, &day), 0);
	assert_int_equal(register_store_number(store, REGISTER_STORE_OPEN_ALERTS), 0);
	free(a);
	free(got);
}

static int count_marks(void *ctx, const struct register_store_mark *mark)
{
	struct register_store_mark *last = ctx;
	*last = *mark;
	return 0;
}

static int64_t said[8];
static int n_said;

static int say(void *ctx, int64_t number, const char *payload)
{
	assert_ptr_equal(ctx, said);
	assert_int_equal(payload[0], '{');
	said[n_said++] = number;
	return 0;
}

/* What care/event was not told survives; numbers that were told never come again. */
static void m12_events_are_kept_until_said(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(register_store_event_add(store, 1000 + i, "{\"v\":1}"), 0);
	open_again();
	n_said = 0;
	assert_int_equal(register_store_events(store, 0, 8, say, said), 0);
	assert_int_equal(n_said, 3);
	assert_true(said[0] < said[1] && said[1] < said[2]);
	int64_t last = said[2];
	assert_int_equal(register_store_event_last(store), last);
	assert_int_equal(register_store_event_drop(store, last), 0);
	open_again();
	n_said = 0;
	assert_int_equal(register_store_events(store, 0, 8, say, said), 0);
	assert_int_equal(n_said, 0);
	assert_int_equal(register_store_event_add(store, 2000, "{}"), 0);
	assert_int_equal(register_store_events(store, 0, 8, say, said), 0);
	assert_int_equal(n_said, 1);
	assert_true(said[0] > last);
	/* Beyond the limit the oldest go, and the caller is told. */
	for (int i = 1; i < REGISTER_STORE_EVENTS_MAX; i++)
		assert_int_equal(register_store_event_add(store, 2000, "{}"), 0);
	assert_int_equal(register_store_event_add(store, 2000, "{}"), 1);
}

static void test_marks(void **state)
{
	static const enum mark_value values[] = { MARK_PRESENT, MARK_LATE, MARK_ABSENT,
		MARK_UNCONFIRMED, MARK_EXCUSED };
	struct register_store_mark mark = { .day = 20780, .half = HALFDAY_PM, .pupil = 12345 };
	struct register_store_mark got;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		mark.value = values[i];
		mark.arrived_at_ms = i ? -1 : 555;
		mark.minutes_late = values[i] == MARK_LATE ? 4 : 0;
		assert_int_equal(register_store_mark_put(store, &mark), 0);
		assert_int_equal(register_store_each_mark(store, 20780, count_marks, &got), 0);
		assert_int_equal(got.value, values[i]);
		assert_int_equal(got.arrived_at_ms, mark.arrived_at_ms);
		assert_int_equal(got.minutes_late, mark.minutes_late);
		assert_int_equal(got.half, HALFDAY_PM);
	}
	mark.value = MARK_AWAITED; /* says nothing: not kept */
	assert_int_equal(register_store_mark_put(store, &mark), 0);
	got.pupil = 0;
	assert_int_equal(
		register_store_each_mark_of(store, 12345, 20780, 20780, count_marks, &got), 0);
	assert_int_equal(got.pupil, 0);
}

static void test_generation_never_goes_back(void **state)
{
	struct roster *roster;
	(void)state;
	assert_int_equal(register_store_generation_put(store, 41), 0);
	open_again();
	assert_int_equal(register_store_roster(store, MONDAY, 1, &roster), 0);
	assert_int_equal(roster->generation, 41);
	roster_destroy(roster);
}

/* Computed holidays and own days, in a window round today. */
static void test_days_off(void **state)
{
	struct register_store_day_off own[] = {
		{ { 2027, 1, 29 }, { 2027, 1, 29 }, HALFDAY_NONE, "studiedag" },
		{ { 2026, 12, 18 }, { 2026, 12, 18 }, HALFDAY_PM, "klassenraad" },
	};
	struct roster *roster;
	(void)state;
	assert_int_equal(register_store_days_off_replace(store, own, 2), 0);
	assert_int_equal(register_store_roster(store, MONDAY, 1, &roster), 0);
	static const struct {
		struct civil_date date;
		bool am, pm;
	} row[] = { { { 2026, 11, 11 }, true, true }, { { 2026, 12, 18 }, false, true },
		{ { 2026, 12, 21 }, true, true }, { { 2027, 1, 4 }, false, false },
		{ { 2027, 1, 29 }, true, true }, { { 2027, 7, 1 }, true, true },
		{ { 2027, 11, 1 }, true, true } };
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_int_equal(
			calendar_days_off(roster->days, roster->n_days, row[i].date, HALFDAY_AM),
			row[i].am);
		assert_int_equal(
			calendar_days_off(roster->days, roster->n_days, row[i].date, HALFDAY_PM),
			row[i].pm);
	}
	roster_destroy(roster);
}

static void test_rehearsal_and_rollback(void **state)
{
	struct register_store *other = NULL;
	struct checkin c = make_checkin(1);
	(void)state;
	assert_int_equal(register_store_checkin_put(store, &c, 1, 1), 0);
	assert_int_equal(register_store_end(store, STORE_ERR_FULL), STORE_ERR_FULL);
	assert_int_equal(register_store_number(store, REGISTER_STORE_CHECKINS), 0);
	register_store_close(store);
	assert_int_equal(register_store_open(path, false, &other), STORE_ERR_REHEARSAL);
	assert_null(other);
	assert_int_equal(register_store_open(path, true, &store), 0);
}

static void test_backup(void **state)
{
	char copy[112];
	struct checkin c = make_checkin(1);
	struct register_store *other;
	(void)state;
	snprintf(copy, sizeof(copy), "%s.copy", path);
	assert_int_equal(register_store_checkin_put(store, &c, 1, 1), 0);
	assert_int_equal(register_store_end(store, 0), 0);
	assert_int_equal(register_store_backup(store, copy), 0);
	assert_int_equal(register_store_open(copy, true, &other), 0);
	assert_int_equal(register_store_number(other, REGISTER_STORE_CHECKINS), 1);
	register_store_close(other);
}

#define WITH_STORE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_through),
		WITH_STORE(test_through_of_a_transaction),
		WITH_STORE(test_checkin_comes_back_whole),
		WITH_STORE(test_higher_revision_moves_the_day),
		WITH_STORE(test_refused_are_kept_aside),
		WITH_STORE(test_alert_comes_back_whole),
		WITH_STORE(m12_events_are_kept_until_said),
		WITH_STORE(test_marks),
		WITH_STORE(test_generation_never_goes_back),
		WITH_STORE(test_days_off),
		WITH_STORE(test_rehearsal_and_rollback),
		WITH_STORE(test_backup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
