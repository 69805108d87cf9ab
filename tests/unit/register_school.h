/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/register_school.h: a small school for the register's tests: the sample files, a class of ten,
 * a scripted clock, and a database in which all effects of a step are written.
 *
 * After each event the day is built a second time from the database and settled: that must change
 * nothing, so every scenario is a test of a restart at every moment of it.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "register/day.h"
#include "register/import.h"
#include "register/step.h"
#include "store/register_store.h"
#include "sys/file.h"
#include "unit/brussels.h"
#include "unit/unit.h"

#ifndef TEST_SOURCE_DIR
#define TEST_SOURCE_DIR "." /* the build says where */
#endif

#define NOOR 12345 /* 3A */
#define YASSINE 12346 /* 3A */
#define ELIF 12347 /* 3A, excused the whole week */
#define MARIE 12348 /* 5B, which starts at 09:15 on Monday */
#define AN 12349 /* 5B */
#define FIRST_OF_4C 20001 /* ten pupils */

static const struct civil_date MONDAY = { 2026, 11, 23 };

struct school {
	char folder[64], path[96];
	struct civil_zone zone;
	struct register_store *store;
	struct roster *roster;
	struct day_rules rules;
	struct register_state state;
	struct day *day;
	struct register_effects *fx;
	struct secret_key key;
	struct uuid log;
	int64_t seq;
	size_t n_arrivals;
};

static inline int64_t instant(struct civil_date date, int at_s)
{
	static struct civil_zone zone;
	if (!zone.n_changes)
		zone = brussels_zone();
	return civil_instant_of(&zone, date, at_s);
}

static inline void school_import_bytes(
	struct school *s, enum import_what what, const char *bytes, size_t len)
{
	struct import_result *result = calloc(1, sizeof(*result));
	struct roster *fresh;
	assert_int_equal(register_store_roster(s->store, MONDAY, 1, &fresh), 0);
	struct import_order order = { .what = what, .now_ms = 1, .roster = fresh, .key = &s->key };
	import_run(s->store, &order, bytes, len, result);
	if (result->end != IMPORT_DONE)
		fail_msg("import: line %ld column %d: %s", result->line, result->column,
			result->reason);
	roster_destroy(fresh);
	free(result);
}

static inline void school_import(struct school *s, enum import_what what)
{
	char path[512];
	char *bytes;
	snprintf(path, sizeof(path), "%s/broker-config/contract/sample/%s.csv", TEST_SOURCE_DIR,
		import_what_word(what));
	int64_t len = file_read(path, IMPORT_FILE_MAX, &bytes);
	assert_true(len > 0);
	school_import_bytes(s, what, bytes, (size_t)len);
	free(bytes);
}

static inline int load_alert(void *ctx, const struct alert *alert)
{
	static char gates[2][CHECKIN_GATE_MAX] = { "gate-1", "gate-2" };
	day_load_alert(ctx, alert, gates, 2);
	return 0;
}

static inline int load_mark(void *ctx, const struct register_store_mark *m)
{
	day_load_mark(ctx, m->pupil, m->half, m->value, m->minutes_late, m->arrived_at_ms);
	return 0;
}

static inline int load_correction(void *ctx, const struct register_store_correction *correction)
{
	assert_true(day_correct(ctx, correction));
	return 0;
}

static inline int load_checkin(void *ctx, const struct checkin *c, int64_t received_ms)
{
	day_load_checkin(ctx, c, received_ms);
	return 0;
}

static inline struct day *school_build(struct school *s, struct civil_date date)
{
	struct day *day = day_create(s->roster, &s->zone, &s->rules, date);
	int32_t number = civil_day_number(date);
	assert_non_null(day);
	assert_int_equal(register_store_each_alert(s->store, number, load_alert, day), 0);
	assert_int_equal(register_store_each_mark(s->store, number, load_mark, day), 0);
	assert_int_equal(register_store_each_correction(s->store, number, load_correction, day), 0);
	assert_int_equal(register_store_each_checkin(s->store, number, load_checkin, day), 0);
	return day;
}

static inline void school_write(struct school *s, const struct day *day)
{
	for (size_t i = 0; i < s->fx->n_marks; i++) {
		struct register_store_mark row;
		register_mark_row(day, s->fx->marks[i], &row);
		assert_int_equal(register_store_mark_put(s->store, &row), 0);
	}
	for (size_t i = 0; i < s->fx->n_alerts; i++)
		assert_int_equal(
			register_store_alert_put(s->store, &day->alerts[s->fx->alerts[i]]), 0);
	s->n_arrivals += s->fx->arrived;
}

/* A restart at this moment: the same marks, and nothing to say. */
static inline void school_restart(struct school *s)
{
	struct day *again = school_build(s, s->day->date);
	if (civil_date_compare(again->date, s->state.today) == 0) {
		register_effects_clear(s->fx);
		register_settle(&s->state, again, s->fx);
		assert_int_equal(s->fx->n_alerts, 0);
		assert_int_equal(s->fx->n_marks, 0);
	}
	for (size_t p = 0; p < s->roster->n_pupils; p++)
		for (int h = 0; h < 2; h++)
			if (again->pupils[p].half[h].mark.value != MARK_AWAITED &&
				again->pupils[p].half[h].mark.value != MARK_NONE)
				assert_int_equal(again->pupils[p].half[h].mark.value,
					s->day->pupils[p].half[h].mark.value);
	day_destroy(again);
}

static inline void school_open(struct school *s, size_t n_gates)
{
	static const char class_4c[] = "pupil_id;last_name;first_name;class\n"
				       "20001;A;A;4C\n20002;B;B;4C\n20003;C;C;4C\n20004;D;D;4C\n"
				       "20005;E;E;4C\n20006;F;F;4C\n20007;G;G;4C\n20008;H;H;4C\n"
				       "20009;I;I;4C\n20010;J;J;4C\n";
	memset(s, 0, sizeof(*s));
	snprintf(s->folder, sizeof(s->folder), "/tmp/register-test-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	snprintf(s->path, sizeof(s->path), "%s/register.db", s->folder);
	s->zone = brussels_zone();
	memset(s->key.b, 7, sizeof(s->key.b));
	s->log.b[0] = 1;
	assert_int_equal(register_store_open(s->path, true, &s->store), 0);
	assert_int_equal(register_store_begin(s->store), 0);
	school_import(s, IMPORT_PUPILS);
	school_import_bytes(s, IMPORT_PUPILS, class_4c, strlen(class_4c));
	school_import(s, IMPORT_TIMETABLE);
	school_import(s, IMPORT_CALENDAR);
	school_import(s, IMPORT_EXCUSED);
	school_import(s, IMPORT_CARDS);
	assert_int_equal(register_store_roster(s->store, MONDAY, 1, &s->roster), 0);
	s->rules = (struct day_rules){ .opens_before_min = 90,
		.absent_after_min = 20,
		.absent_hold_s = 60,
		.mass_percent = 50,
		.carry = true };
	s->state.n_gates = n_gates;
	for (size_t g = 0; g < n_gates; g++) {
		snprintf(s->state.gates[g].id, CHECKIN_GATE_MAX, "gate-%zu", g + 1);
		s->state.gates[g].absence.clock = -1;
		s->state.gates[g].absence.last_seq = -1;
	}
	s->state.today = MONDAY;
	s->state.clock_judges = true;
	s->state.connected_since_ms = instant(MONDAY, HMS(6, 0, 0));
	s->state.now_ms = s->state.connected_since_ms;
	s->fx = register_effects_create(s->roster);
	assert_non_null(s->fx);
	s->day = school_build(s, MONDAY);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
}

static inline void school_close(struct school *s)
{
	school_restart(s);
	day_destroy(s->day);
	register_effects_destroy(s->fx);
	roster_destroy(s->roster);
	assert_int_equal(register_store_end(s->store, STORE_ERR_IO), STORE_ERR_IO);
	register_store_close(s->store);
	unlink(s->path);
	char path[112];
	snprintf(path, sizeof(path), "%s-wal", s->path);
	unlink(path);
	snprintf(path, sizeof(path), "%s-shm", s->path);
	unlink(path);
	assert_int_equal(rmdir(s->folder), 0);
}

static inline void school_now(struct school *s, int at_s)
{
	s->state.now_ms = instant(s->state.today, at_s);
}

static inline void school_tick(struct school *s)
{
	register_effects_clear(s->fx);
	register_tick(&s->state, s->day, s->fx);
	school_write(s, s->day);
	school_restart(s);
}

/* Time passes: a tick at that moment. */
static inline void school_at(struct school *s, int at_s)
{
	school_now(s, at_s);
	school_tick(s);
}

static inline struct checkin school_checkin(
	struct school *s, int64_t pupil, const char *gate, int64_t at_ms)
{
	struct checkin c = { .log = s->log,
		.seq = ++s->seq,
		.revision = 1,
		.result = CHECKIN_PRESENT,
		.at_ms = at_ms,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = -1,
		.pupil = pupil };
	c.id.b[0] = 9;
	c.id.b[15] = (uint8_t)s->seq;
	snprintf(c.gate, sizeof(c.gate), "%s", gate);
	return c;
}

static inline void school_take_at(struct school *s, const struct checkin *c, int64_t received_ms)
{
	int32_t day = civil_day_number(day_of_checkin(&s->zone, c, received_ms));
	assert_int_equal(register_store_checkin_put(s->store, c, day, received_ms), 0);
	register_effects_clear(s->fx);
	register_take_checkin(&s->state, s->day, c, received_ms, s->fx);
	school_write(s, s->day);
	school_restart(s);
}

static inline void school_take(struct school *s, const struct checkin *c)
{
	school_take_at(s, c, s->state.now_ms);
}

/* Delivered now, or as it is made where the scenario's clock isn't there yet. */
static inline void school_take_made(struct school *s, const struct checkin *c)
{
	school_take_at(s, c, c->at_ms > s->state.now_ms ? c->at_ms : s->state.now_ms);
}

/* A tap made at @at_s of the day in memory. */
static inline void school_tap(struct school *s, int64_t pupil, const char *gate, int at_s)
{
	struct checkin c = school_checkin(s, pupil, gate, instant(s->day->date, at_s));
	school_take_made(s, &c);
}

/* The gate has told everything up to @until_s. */
static inline void school_gate(struct school *s, size_t gate, int until_s)
{
	struct wire_gate_state state = { .state = WIRE_UNIT_ONLINE,
		.log = s->log,
		.last_seq = 0,
		.complete_until_ms = instant(s->state.today, until_s),
		.clock = CHECKIN_CLOCK_TRUSTED };
	state.session.b[0] = 1;
	assert_true(register_take_gate(&s->state.gates[gate], &state, 0));
}

/* | L - ? (unconfirmed) x . */
static inline char school_mark(const struct school *s, int64_t pupil, enum halfday half)
{
	const struct roster_pupil *p = roster_pupil_of(s->roster, pupil);
	enum mark_value value =
		day_half_of(s->day, (size_t)(p - s->roster->pupils), half)->mark.value;
	return value == MARK_UNCONFIRMED ? '?' : mark_letter(value);
}

static inline const struct alert *school_alert(const struct school *s, const char *tail)
{
	char id[ALERT_ID_MAX];
	char date[CIVIL_DATE_TEXT];
	civil_format_date(s->day->date, date);
	snprintf(id, sizeof(id), "%s-%s", date, tail);
	int32_t index = day_alert_find(s->day, id);
	return index < 0 ? NULL : &s->day->alerts[index];
}

/* One line for an alert as it stands: "absent open confirmed 1", "absent resolved arrived confirmed 2". */
static inline void school_expect_alert(
	const struct school *s, const char *tail, const char *want, int line)
{
	char got[160] = "none";
	const struct alert *a = school_alert(s, tail);
	if (a)
		snprintf(got, sizeof(got), "%s %s%s%s %s %d", alert_kind_word(a->kind),
			alert_state_word(a->state), a->what ? " " : "", alert_what_word(a->what),
			a->certainty == ALERT_CONFIRMED ? "confirmed" : "unconfirmed", a->revision);
	if (strcmp(got, want) != 0)
		fail_msg("line %d: %s: got \"%s\", want \"%s\"", line, tail, got, want);
}

#define EXPECT_ALERT(s, tail, want) school_expect_alert(s, tail, want, __LINE__)
