/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Clocks under whole programs: without time, wrong, set while they run, over a restart and over a boot. The rows C1 to
 * C6; each limit is in the tables of unit/test_clock.c, test_kiosk_step.c and test_register_step.c.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/civil.h"
#include "e2e/clock_stage.h"
#include "unit/unit.h"

struct clocks {
	struct stage *s;
	struct clock_unit at_register, at_gate;
	struct stage_program *reg, *kiosk;
	struct stage_client *reader, *screen;
};

/* The register; its time is known unless a test says otherwise. */
static void open_register(struct clocks *c, int64_t wall_ms, int64_t error_ms)
{
	c->s = stage_open();
	stage_broker_start(c->s, true);
	clock_unit_open(&c->at_register, c->s, "register", wall_ms);
	clock_unit_sync(&c->at_register, error_ms);
	c->reg = school_register_as(c->s, "gate-1", c->at_register.env);
	/* A card that is held again at once is to show its tap, not the pupil's record. */
	stage_unit(c->s, "gate-1", (const char *const[]){ "screen.overview = off", NULL });
	clock_unit_open(&c->at_gate, c->s, "gate-1", wall_ms);
}

static void reader_is_well(struct clocks *c)
{
	stage_send_text(c->s, c->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
}

static void start_gate(struct clocks *c)
{
	c->kiosk = stage_start(c->s, "schoolpoort-kiosk", "gate-1", NULL, c->at_gate.env);
	c->reader = stage_connect(c->s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	reader_is_well(c);
	c->screen = stage_connect(c->s, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
	school_wait_status(c->s, "gate-1", "cards", 5);
}

static void leave_gate(struct clocks *c)
{
	stage_disconnect(c->s, c->reader);
	stage_disconnect(c->s, c->screen);
	c->reader = c->screen = NULL;
}

static void stop_gate(struct clocks *c)
{
	leave_gate(c);
	stage_stop(c->s, c->kiosk);
	c->kiosk = NULL;
}

static void close_clocks(struct clocks *c)
{
	if (c->kiosk)
		stop_gate(c);
	if (c->reg)
		stage_stop(c->s, c->reg);
	stage_validate(c->s);
	stage_close(c->s);
	clock_unit_close(&c->at_register);
	clock_unit_close(&c->at_gate);
}

static void tap(struct clocks *c, const char *uid, enum wire_view_result result)
{
	size_t from = stage_views(c->screen);

	reader_is_well(c);
	stage_tap(c->s, c->reader, uid);
	(void)stage_wait_view(c->s, c->screen, from, WIRE_VIEW_RESULT, result);
}

/* The first card alone is a pupil's: Noor, then a crowd that nobody knows. */
static void tap_many(struct clocks *c, int n)
{
	tap(c, CARD_NOOR, WIRE_RESULT_UNJUDGED);
	for (int i = 1; i < n; i++) {
		char uid[32]; /* of 7 bytes */
		(void)snprintf(uid, sizeof(uid), "04aa%08d00", i);
		tap(c, uid, WIRE_RESULT_UNKNOWN_CARD);
	}
}

struct text_wait {
	const char *unit, *node, *key, *value;
};

static bool has_text(struct stage *s, void *ctx)
{
	struct text_wait *w = ctx;
	struct wire_node *status =
		school_ctl_json(s, w->unit, (const char *const[]){ "status", NULL });
	const char *text = wire_node_get_text(wire_node_get_node(status, w->node), w->key);
	bool has = text && strcmp(text, w->value) == 0;

	wire_node_destroy(status);
	return has;
}

static void wait_clock(struct clocks *c, const char *unit, const char *state)
{
	struct text_wait w = { unit, "clock", "state", state };
	char what[120];

	(void)snprintf(what, sizeof(what), "clock of %s: %s", unit, state);
	stage_until(c->s, has_text, &w, what);
}

/* How many of all pupils have this in a half day. */
static int64_t total(struct clocks *c, const char *date, const char *half, const char *key)
{
	struct wire_node *day = school_ctl_json(c->s, "register",
		(const char *const[]){ "day", "--date", date, "--half", half, NULL });
	int64_t n = wire_node_get_int(wire_node_get_node(day, "total"), key, -1);

	wire_node_destroy(day);
	return n;
}

static size_t n_undated(struct clocks *c)
{
	struct wire_node *day = school_ctl_json(c->s, "register",
		(const char *const[]){ "day", "--date", MONDAY, "--half", "am", NULL });
	size_t n = wire_node_count(wire_node_get_node(day, "undated"));

	wire_node_destroy(day);
	return n;
}

/* Noor's or Yassine's morning: its mark, and when it was made. */
static void check_mark(struct clocks *c, const char *pupil, const char *mark, int64_t at_ms)
{
	struct wire_node *n = school_ctl_json(
		c->s, "register", (const char *const[]){ "pupil", "show", pupil, NULL });
	const struct wire_node *halves = wire_node_get_node(n, "half_days");
	const struct wire_node *am = wire_node_at(halves, 0);
	const char *text = wire_node_get_text(am, "arrived_at");
	int64_t arrived_ms = -1;

	assert_true(wire_node_count(halves) >= 1 && wire_node_count(halves) <= 2);
	assert_string_equal(wire_node_get_text(am, "mark"), mark);
	assert_non_null(text);
	assert_int_equal(civil_parse_time(text, &arrived_ms), 0);
	assert_true(arrived_ms > at_ms - 5 * CLOCK_S && arrived_ms < at_ms + 60 * CLOCK_S);
	wire_node_destroy(n);
}

static int64_t ask(const char *path, const char *question)
{
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, question, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* Both databases, once nobody has them open: @n taps, each once more under its id with its true time, and the register
 * has what the gate has. */
static void check_redated(struct clocks *c, int n)
{
	char path[600], question[1600];

	stop_gate(c);
	stage_stop(c->s, c->reg);
	c->reg = NULL;
	(void)snprintf(path, sizeof(path), "%s", stage_path(c->s, "gate-1-state/kiosk.db"));
	assert_int_equal(ask(path, "SELECT count(*) FROM checkin"), 2 * n);
	assert_int_equal(ask(path, "SELECT count(DISTINCT id) FROM checkin"), n);
	assert_int_equal(ask(path, "SELECT count(*) FROM checkin WHERE revision = 2"
				   " AND clock = 'trusted'"),
		n);
	assert_int_equal(ask(path, "SELECT count(*) FROM checkin AS b JOIN checkin AS a USING (id)"
				   " WHERE a.revision = 1 AND b.revision = 2"
				   " AND a.boot_ms = b.boot_ms AND a.clock = 'unknown'"
				   " AND abs(b.at_ms - a.at_ms - 3600000) < 2000"),
		n);
	(void)snprintf(question, sizeof(question), "ATTACH '%s' AS gate",
		stage_path(c->s, "gate-1-state/kiosk.db"));
	sqlite3 *db;
	assert_int_equal(
		sqlite3_open(stage_path(c->s, "register-state/register.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, question, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_stmt *q;
	assert_int_equal(sqlite3_prepare_v2(db,
				 "SELECT count(*) FROM main.checkin AS r JOIN gate.checkin AS g"
				 " ON r.id = g.id AND r.revision = g.revision AND r.at = g.at_ms"
				 " AND r.result = g.result AND r.pupil = g.pupil"
				 " AND r.clock = 'trusted' AND r.revision = 2",
				 -1, &q, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), n);
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void c1_taps_of_a_start_without_time(void **state)
{
	(void)state;
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS, 5);
	/* An hour behind, as the saved time of the last stop is: plausible, and no time at all. */
	clock_unit_jump(&c.at_gate, -CLOCK_HOUR);
	start_gate(&c);
	wait_clock(&c, "gate-1", "unknown");
	tap_many(&c, 20);
	school_wait_status(c.s, "gate-1", "queue", 0);
	(void)stage_wait_message(c.s, 0, "gate/gate-1/state", "\"clock\":\"unknown\"");
	assert_int_equal(stage_find(c.s, 0, "gate/gate-1/state", "\"complete_until\":\"2037"), -1);
	assert_int_equal(n_undated(&c), 20);
	assert_int_equal(total(&c, MONDAY, "am", "present"), 0);
	school_wait_status(c.s, "register", "undated_checkins", 20);

	clock_unit_jump(&c.at_gate, CLOCK_HOUR);
	clock_unit_sync(&c.at_gate, 5);
	stage_wait_log(c.s, c.kiosk, "taps_redated count=20");
	school_wait_status(c.s, "gate-1", "last_seq", 40);
	school_wait_status(c.s, "gate-1", "queue", 0);
	(void)stage_wait_message(
		c.s, 0, "gate/gate-1/state", "\"complete_until\":\"2037-11-23T08:1");
	school_wait_status(c.s, "register", "undated_checkins", 0);
	assert_int_equal(n_undated(&c), 0);
	check_mark(&c, NOOR, "|", MONDAY_0810_MS);
	/* The card that was held to it a moment ago is still the same tap. */
	tap(&c, CARD_NOOR, WIRE_RESULT_ALREADY);
	school_wait_status(c.s, "gate-1", "last_seq", 40);
	assert_int_equal(stage_said_count(c.kiosk, "clock_jumped"), 1);
	assert_int_equal(stage_said_count(c.kiosk, "clock_state state=unknown"), 1);
	assert_int_equal(stage_said_count(c.kiosk, "clock_state state=trusted"), 1);
	check_redated(&c, 20);
	close_clocks(&c);
}

/* Killed at the first correction that is seen: the rest comes after the restart, none a second time. */
static void c1_killed_while_taps_are_dated_anew(void **state)
{
	(void)state;
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS, 5);
	clock_unit_jump(&c.at_gate, -CLOCK_HOUR);
	start_gate(&c);
	tap_many(&c, 100);
	clock_unit_jump(&c.at_gate, CLOCK_HOUR);
	clock_unit_sync(&c.at_gate, 5);
	(void)stage_wait_message(c.s, 0, "gate/gate-1/checkin", "\"revision\":2");
	stage_kill(c.s, c.kiosk);
	leave_gate(&c);
	start_gate(&c);
	school_wait_status(c.s, "gate-1", "last_seq", 200);
	school_wait_status(c.s, "gate-1", "queue", 0);
	check_mark(&c, NOOR, "|", MONDAY_0810_MS);
	check_redated(&c, 100);
	close_clocks(&c);
}

static void pass_both(struct clocks *c, int64_t ms)
{
	clock_unit_pass(&c->at_register, ms);
	clock_unit_pass(&c->at_gate, ms);
	reader_is_well(c);
}

static void jump_both(struct clocks *c, int64_t ms)
{
	clock_unit_jump(&c->at_register, ms);
	clock_unit_jump(&c->at_gate, ms);
	stage_wait_log(c->s, c->reg, "clock_jumped");
	stage_wait_log(c->s, c->kiosk, "clock_jumped");
}

static size_t n_absent(struct clocks *c)
{
	return stage_count(c->s, "care/event", "\"kind\":\"absent\"") +
	       stage_count(c->s, "care/event", "\"kind\":\"class_missing\"");
}

static void c2_the_wall_clock_jumps(void **state)
{
	(void)state;
	static const int64_t jumps[] = { -CLOCK_HOUR, CLOCK_HOUR, 3 * CLOCK_DAY, -3 * CLOCK_DAY };
	static const char *const days[] = { "2037-11-24", "2037-11-25", "2037-11-26" };
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS, 5);
	clock_unit_sync(&c.at_gate, 5);
	start_gate(&c);
	tap(&c, CARD_NOOR, WIRE_RESULT_PRESENT);
	/* The worst of it: the kernel says that it is synchronised all the time. */
	for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
		jump_both(&c, jumps[i]);
		tap(&c, CARD_NOOR, WIRE_RESULT_ALREADY);
	}
	school_wait_status(c.s, "gate-1", "last_seq", 1);
	/* Three days that stay: Thursday, once a minute has passed; and back again. */
	jump_both(&c, 3 * CLOCK_DAY);
	pass_both(&c, 61 * CLOCK_S);
	stage_wait_log(c.s, c.reg, "new_day");
	school_wait_status(c.s, "register", "open_alerts", 0);
	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		assert_int_equal(total(&c, days[i], "am", "absent"), 0);
		assert_int_equal(total(&c, days[i], "am", "unconfirmed"), 0);
	}
	jump_both(&c, -3 * CLOCK_DAY);
	pass_both(&c, 61 * CLOCK_S);
	stage_wait_log(c.s, c.reg, "new_day");
	assert_int_equal(total(&c, MONDAY, "am", "present"), 1);
	assert_int_equal(
		total(&c, MONDAY, "am", "absent") + total(&c, MONDAY, "am", "unconfirmed"), 0);
	assert_int_equal(n_absent(&c), 0);
	assert_int_equal(stage_said_count(c.kiosk, "clock_jumped"), 6);
	assert_int_equal(stage_said_count(c.reg, "clock_jumped"), 6);
	assert_int_equal(stage_said_count(c.kiosk, "broker_down"), 0);
	/* The day goes on as if nothing had been: at 08:45 Yassine is missing, and Noor isn't. */
	pass_both(&c, MONDAY_0810_MS + 35 * 60 * CLOCK_S + 500 - clock_unit_now(&c.at_gate));
	size_t at = stage_wait_message(
		c.s, 0, "care/alert/" MONDAY "-am-p" YASSINE, "\"certainty\":\"confirmed\"");
	assert_non_null(strstr(stage_message(c.s, at)->payload, "\"kind\":\"absent\""));
	assert_int_equal(stage_find(c.s, 0, "care/alert/" MONDAY "-am-p" NOOR, NULL), -1);
	close_clocks(&c);
}

/* A gate that was in 2041, synchronised as it said: it isn't locked by that, nor is the register. */
static void c3_c4_an_event_of_the_future(void **state)
{
	(void)state;
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS, 5);
	clock_unit_wall(&c.at_gate, MONDAY_0810_MS + 1463 * CLOCK_DAY);
	clock_unit_sync(&c.at_gate, 5);
	start_gate(&c);
	size_t from = stage_views(c.screen);
	stage_tap(c.s, c.reader, CARD_NOOR);
	(void)stage_wait_view(c.s, c.screen, from, WIRE_VIEW_RESULT, WIRE_RESULT_PRESENT);
	school_wait_status(c.s, "gate-1", "queue", 0);
	assert_int_equal(n_undated(&c), 1); /* the register doesn't believe it */
	clock_unit_sync(&c.at_register, -1);
	wait_clock(&c, "register", "holdover");
	stop_gate(&c);
	/* Started again without a source, at the right time: what is stored is later. */
	clock_unit_boot(&c.at_gate, 2);
	clock_unit_wall(&c.at_gate, clock_unit_now(&c.at_register));
	clock_unit_sync(&c.at_gate, -1);
	start_gate(&c);
	wait_clock(&c, "gate-1", "regressed");
	tap(&c, CARD_YASSINE, WIRE_RESULT_UNJUDGED);
	/* An update ends it, for good. */
	clock_unit_sync(&c.at_gate, 5);
	stage_wait_log(c.s, c.kiosk, "taps_redated count=1");
	tap(&c, CARD_MARIE, WIRE_RESULT_PRESENT);
	school_wait_status(c.s, "gate-1", "queue", 0);
	check_mark(&c, YASSINE, "|", MONDAY_0810_MS);
	clock_unit_sync(&c.at_gate, -1);
	wait_clock(&c, "gate-1", "holdover");
	clock_unit_pass(&c.at_gate, CLOCK_HOUR / 2);
	clock_unit_pass(&c.at_register, CLOCK_HOUR / 2);
	tap(&c, CARD_ELIF, WIRE_RESULT_LATE); /* verdicts go on */
	(void)stage_wait_message(c.s, 0, "gate/gate-1/checkin", "\"clock\":\"holdover\"");
	(void)stage_wait_message(c.s, 0, "gate/gate-1/state", "\"clock\":\"holdover\"");
	stop_gate(&c);
	/* Over a restart in the same boot too, though the one of 2041 is still in its database. */
	start_gate(&c);
	wait_clock(&c, "gate-1", "holdover");
	assert_int_equal(stage_said_count(c.kiosk, "regressed"), 0);
	/* And past a minute's bound it is unknown: after 14 days. */
	clock_unit_pass(&c.at_gate, 14 * CLOCK_DAY);
	wait_clock(&c, "gate-1", "unknown");
	close_clocks(&c);
}

/* Two boots, time in the second: the first one's tap has none for good. */
static void c6_a_boot_that_never_had_time(void **state)
{
	(void)state;
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS, 5);
	clock_unit_sync(&c.at_gate, 5);
	start_gate(&c);
	tap(&c, CARD_YASSINE, WIRE_RESULT_PRESENT);
	school_wait_status(c.s, "gate-1", "queue", 0);
	stop_gate(&c);

	clock_unit_boot(&c.at_gate, 2);
	clock_unit_jump(&c.at_gate, -CLOCK_HOUR);
	clock_unit_sync(&c.at_gate, -1);
	start_gate(&c);
	tap(&c, CARD_NOOR, WIRE_RESULT_UNJUDGED);
	school_wait_status(c.s, "gate-1", "queue", 0);
	stop_gate(&c);

	clock_unit_boot(&c.at_gate, 3);
	clock_unit_wall(&c.at_gate, clock_unit_now(&c.at_register));
	clock_unit_sync(&c.at_gate, 5);
	start_gate(&c);
	tap(&c, CARD_MARIE, WIRE_RESULT_PRESENT);
	school_wait_status(c.s, "gate-1", "queue", 0);
	school_wait_status(c.s, "gate-1", "last_seq", 3);
	assert_int_equal(stage_said_count(c.kiosk, "taps_redated"), 0);

	/* Shown to the secretariat between its neighbours. */
	struct wire_node *day = school_ctl_json(c.s, "register",
		(const char *const[]){ "day", "--date", MONDAY, "--half", "am", NULL });
	const struct wire_node *undated = wire_node_get_node(day, "undated");
	assert_int_equal(wire_node_count(undated), 1);
	const struct wire_node *u = wire_node_at(undated, 0);
	const char *after = wire_node_get_text(u, "after"),
		   *before = wire_node_get_text(u, "before");
	assert_string_equal(wire_node_get_text(u, "pupil"), NOOR);
	assert_string_equal(wire_node_get_text(u, "gate"), "gate-1");
	assert_non_null(after);
	assert_non_null(before);
	assert_int_equal(strncmp(after, MONDAY "T08:1", 15), 0);
	assert_true(strcmp(after, before) < 0);
	wire_node_destroy(day);
	char *text = school_ctl(c.s, "register",
		(const char *const[]){ "day", "--date", MONDAY, "--half", "am", NULL });
	assert_non_null(strstr(text, "Taps without a time"));
	assert_non_null(strstr(text, NOOR));
	free(text);

	/* Its gate has told everything, and isn't complete for that time: at 08:46 Elif is missing without certainty. */
	pass_both(&c, MONDAY_0810_MS + 36 * 60 * CLOCK_S + 500 - clock_unit_now(&c.at_gate));
	(void)stage_wait_message(
		c.s, 0, "care/alert/" MONDAY "-am-p" ELIF, "\"certainty\":\"unconfirmed\"");
	(void)stage_wait_message(c.s, 0, "care/event", "\"kind\":\"gate_silent\"");
	assert_int_equal(stage_count(c.s, "care/event",
				 "\"kind\":\"absent\",\"state\":\"open\","
				 "\"certainty\":\"confirmed\""),
		0);
	assert_int_equal(stage_find(c.s, 0, "care/alert/" MONDAY "-am-p" NOOR, NULL), -1);
	assert_int_equal(total(&c, MONDAY, "am", "absent"), 0);
	close_clocks(&c);
}

/* The last that was told of an alert. */
static const char *last_event(struct clocks *c, const char *pupil)
{
	char id[80];
	long last = -1;

	(void)snprintf(id, sizeof(id), "\"id\":\"" MONDAY "-am-p%s\"", pupil);
	for (long at = -1; (at = stage_find(c->s, (size_t)(at + 1), "care/event", id)) >= 0;)
		last = at;
	return last < 0 ? "" : stage_message(c->s, (size_t)last)->payload;
}

/* Taps of 08:24 and 08:30 come after the cut-off, and have no time until later still: absences that were raised without
 * certainty are corrected under their ids (R10, R13). */
static void c1_alerts_follow_the_new_dates(void **state)
{
	(void)state;
	const int64_t at_0824 = MONDAY_0810_MS + 14 * 60 * CLOCK_S;
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS, 5);
	clock_unit_jump(&c.at_gate, -CLOCK_HOUR);
	start_gate(&c);
	wait_clock(&c, "gate-1", "unknown");
	clock_unit_pass(&c.at_gate, at_0824 - CLOCK_HOUR - clock_unit_now(&c.at_gate));
	clock_unit_pass(&c.at_register,
		MONDAY_0810_MS + 36 * 60 * CLOCK_S + 500 - clock_unit_now(&c.at_register));
	(void)stage_wait_message(
		c.s, 0, "care/alert/" MONDAY "-am-p" NOOR, "\"certainty\":\"unconfirmed\"");
	(void)stage_wait_message(
		c.s, 0, "care/alert/" MONDAY "-am-p" YASSINE, "\"certainty\":\"unconfirmed\"");
	tap(&c, CARD_NOOR, WIRE_RESULT_UNJUDGED);
	clock_unit_pass(&c.at_gate, 6 * 60 * CLOCK_S);
	tap(&c, CARD_YASSINE, WIRE_RESULT_UNJUDGED);
	school_wait_status(c.s, "gate-1", "queue", 0);
	assert_non_null(strstr(last_event(&c, NOOR), "\"state\":\"open\""));
	/* The gate's time comes. */
	int64_t behind_ms =
		clock_unit_now(&c.at_register) - CLOCK_HOUR - clock_unit_now(&c.at_gate);
	clock_unit_pass(&c.at_gate, behind_ms);
	clock_unit_jump(&c.at_gate, CLOCK_HOUR);
	clock_unit_sync(&c.at_gate, 5);
	stage_wait_log(c.s, c.kiosk, "taps_redated count=2");
	(void)stage_wait_message(c.s, 0, "care/event", "\"state\":\"retracted\"");
	(void)stage_wait_message(c.s, 0, "care/event", "\"what\":\"arrived\"");
	assert_non_null(strstr(last_event(&c, NOOR), "\"state\":\"retracted\""));
	assert_non_null(strstr(last_event(&c, NOOR), "\"what\":\"was_present\""));
	assert_non_null(strstr(last_event(&c, YASSINE), "\"state\":\"resolved\""));
	check_mark(&c, NOOR, "|", at_0824);
	check_mark(&c, YASSINE, "L", at_0824 + 6 * 60 * CLOCK_S);
	/* Nobody else was at the gate, and now it can say so. */
	(void)stage_wait_message(
		c.s, 0, "care/alert/" MONDAY "-am-p" ELIF, "\"certainty\":\"confirmed\"");
	(void)stage_wait_message(c.s, 0, "care/event", "\"what\":\"gate_back\"");
	assert_int_equal(stage_count(c.s, "care/event", "\"kind\":\"late\""), 0);
	close_clocks(&c);
}

/* The register's own clock: nothing is absent by it until it has proved itself, and a new school has no past. */
static void c1_a_register_without_time(void **state)
{
	(void)state;
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS + CLOCK_HOUR, -1); /* it shows 09:10 */
	clock_unit_sync(&c.at_gate, 5); /* the gate knows that it is so */
	start_gate(&c);
	wait_clock(&c, "register", "unknown");
	(void)stage_wait_message(
		c.s, 0, "gate/gate-1/state", "\"complete_until\":\"2037-11-23T09:1");
	tap(&c, CARD_NOOR, WIRE_RESULT_LATE);
	school_wait_status(c.s, "gate-1", "queue", 0);
	clock_unit_pass(&c.at_register, CLOCK_HOUR);
	school_wait_status(c.s, "register", "undated_checkins", 0);
	school_wait_status(
		c.s, "register", "open_alerts", 1); /* Noor is late: her gate says when */
	assert_int_equal(n_absent(&c), 0);
	assert_int_equal(stage_count(c.s, "care/event", "gate_silent"), 0);
	assert_int_equal(
		total(&c, MONDAY, "am", "absent") + total(&c, MONDAY, "am", "unconfirmed"), 0);
	clock_unit_jump(&c.at_register, -CLOCK_HOUR);
	clock_unit_sync(&c.at_register, 5);
	stage_wait_log(c.s, c.reg, "clock_state state=trusted");
	(void)stage_wait_message(
		c.s, 0, "care/alert/" MONDAY "-am-p" YASSINE, "\"certainty\":\"confirmed\"");
	struct wire_node *n = school_ctl_json(
		c.s, "register", (const char *const[]){ "pupil", "show", YASSINE, NULL });
	assert_int_equal(wire_node_count(wire_node_get_node(n, "half_days")), 1);
	wire_node_destroy(n);
	close_clocks(&c);
}

/* A register that starts on another date says nothing by it: what is open stays, and is told again once it is Monday. */
static void c3_a_register_that_starts_on_a_wrong_date(void **state)
{
	static const char alert[] = "care/alert/" MONDAY "-am-p" YASSINE;
	(void)state;
	struct clocks c = { 0 };
	open_register(&c, MONDAY_0810_MS + CLOCK_HOUR, 5);
	clock_unit_sync(&c.at_gate, 5);
	start_gate(&c);
	(void)stage_wait_message(c.s, 0, alert, "\"state\":\"open\"");
	stage_kill(c.s, c.reg);
	clock_unit_wall(&c.at_register, MONDAY_0810_MS - 3 * CLOCK_DAY);
	clock_unit_sync(&c.at_register, -1);
	clock_unit_boot(&c.at_register, 2);
	size_t from = stage_n_messages(c.s);
	c.reg = stage_start(c.s, "schoolpoort-register", "register", NULL, c.at_register.env);
	stage_wait_log(c.s, c.reg, "next=decide_no_absence");
	stage_wait_log(c.s, c.reg, "gates_data_waits for=time");
	(void)stage_wait_message(c.s, from, "register/state", "\"state\":\"online\"");
	clock_unit_wall(&c.at_register, MONDAY_0810_MS + CLOCK_HOUR + 60 * CLOCK_S);
	clock_unit_sync(&c.at_register, 5);
	stage_wait_log(c.s, c.reg, "new_day");
	size_t again = stage_wait_message(c.s, from, alert, "\"state\":\"open\"");
	size_t data = stage_wait_message(c.s, from, "gates/data", "\"generation\"");
	for (size_t i = from; i < data; i++) /* none was emptied */
		assert_false(strstr(stage_message(c.s, i)->topic, "care/alert/" MONDAY) &&
			     stage_message(c.s, i)->payload[0] == 0);
	assert_true(data > again); /* none of another week */
	close_clocks(&c);
}

static void c5_without_tzdata(void **state)
{
	(void)state;
	struct clocks c = { 0 };
	char folder[600];
	open_register(&c, MONDAY_0810_MS, 5);
	clock_unit_sync(&c.at_gate, 5);
	assert_int_equal(mkdir(stage_path(c.s, "empty"), 0700), 0);
	(void)snprintf(folder, sizeof(folder), "TZDIR=%s", stage_path(c.s, "empty"));
	c.at_gate.env[3] = folder;
	start_gate(&c);
	assert_int_equal(stage_said_count(c.kiosk, "zone_missing zone=Europe/Brussels"), 1);
	tap(&c, CARD_NOOR, WIRE_RESULT_UNJUDGED);
	school_wait_status(c.s, "gate-1", "queue", 0);
	/* Its time is right, so the register knows what it was. */
	check_mark(&c, NOOR, "|", MONDAY_0810_MS);
	stop_gate(&c);
	/* One that is misspelt, where tzdata is there, is a mistake in the configuration and refused as such. */
	c.at_gate.env[3] = NULL;
	stage_unit(
		c.s, "gate-1", (const char *const[]){ "school.timezone = Europe/Brusels", NULL });
	struct stage_program *p =
		stage_start(c.s, "schoolpoort-kiosk", "gate-1", NULL, c.at_gate.env);
	assert_int_equal(stage_wait_exit(c.s, p), 2);
	assert_true(stage_said(p, "school.timezone: \"Europe/Brusels\" is no time zone"));
	close_clocks(&c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c1_taps_of_a_start_without_time),
		cmocka_unit_test(c1_killed_while_taps_are_dated_anew),
		cmocka_unit_test(c2_the_wall_clock_jumps),
		cmocka_unit_test(c3_c4_an_event_of_the_future),
		cmocka_unit_test(c1_alerts_follow_the_new_dates),
		cmocka_unit_test(c6_a_boot_that_never_had_time),
		cmocka_unit_test(c1_a_register_without_time),
		cmocka_unit_test(c3_a_register_that_starts_on_a_wrong_date),
		cmocka_unit_test(c5_without_tzdata),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
