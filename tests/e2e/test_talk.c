/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * "I'd like to talk", from the finger to the care team: screen and reader are clients of the socket, all else is real.
 *
 * R18: an alert of its own. It is stored before it is thanked for, survives the broker and the kiosk, counts once, and
 * leaves nothing on a gate that can be carried away.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "e2e/school.h"
#include "sys/file.h"
#include "unit/unit.h"

#define TALK_NOOR "2026-11-23-r" NOOR
#define KILLS 4

struct play {
	struct stage *s;
	struct stage_program *reg, *kiosk;
	struct stage_client *reader, *screen;
};

static void join(struct play *p)
{
	p->reader = stage_connect(p->s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(p->s, p->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	p->screen = stage_connect(p->s, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
}

static void leave(struct play *p)
{
	stage_disconnect(p->s, p->reader);
	stage_disconnect(p->s, p->screen);
}

static int open_play(void **state)
{
	static struct play play;
	struct play *p = &play;

	memset(p, 0, sizeof(*p));
	p->s = stage_open();
	stage_clock(p->s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(p->s, true);
	p->reg = school_register(p->s, "gate-1");
	/* A second tap long after the first is still the same tap, and its result still stands: machines are slow. */
	stage_unit(p->s, "gate-1",
		(const char *const[]){ "kiosk.repeat_s = 600", "screen.result_ms = 10000", NULL });
	p->kiosk = stage_start(p->s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	join(p);
	school_wait_status(p->s, "gate-1", "cards", 5);
	*state = p;
	return 0;
}

static int close_play(void **state)
{
	struct play *p = *state;

	stage_close(p->s);
	return 0;
}

/* Every message fits its schema, and every program ends as it was asked. */
static void end_play(struct play *p)
{
	stage_validate(p->s);
	leave(p);
	stage_stop(p->s, p->kiosk);
	stage_stop(p->s, p->reg);
}

static struct wire_view wait_view(
	struct play *p, size_t from, enum wire_view_state state, enum wire_view_result result)
{
	return *stage_view(p->screen, stage_wait_view(p->s, p->screen, from, state, result));
}

/* A card, and once more where it had been here a moment ago. Return: the record's view. */
static struct wire_view open_record(
	struct play *p, const char *uid, enum wire_view_result first, enum wire_view_result second)
{
	size_t from = stage_views(p->screen);

	stage_tap(p->s, p->reader, uid);
	(void)wait_view(p, from, WIRE_VIEW_RESULT, first);
	from = stage_views(p->screen);
	stage_tap(p->s, p->reader, uid);
	return wait_view(p, from, WIRE_VIEW_OVERVIEW, second);
}

static void touch(struct play *p, enum wire_touch what, struct uuid checkin)
{
	static struct wire_local m;

	memset(&m, 0, sizeof(m));
	m.type = WIRE_LOCAL_TOUCH;
	m.touch = what;
	m.checkin = checkin;
	stage_send(p->s, p->screen, &m);
}

static struct wire_view wait_thanks(struct play *p, size_t from, enum wire_view_result of)
{
	struct wire_view v = wait_view(p, from, WIRE_VIEW_OVERVIEW, of);

	assert_true(v.talk_asked);
	assert_false(v.talk);
	return v;
}

struct rest {
	struct play *p;
	size_t from;
};

/* What stands when nobody is here: idle, or that this test's reader says nothing any more. */
static bool rests(struct stage *s, void *ctx)
{
	const struct rest *r = ctx;

	(void)s;
	for (size_t i = r->from; i < stage_views(r->p->screen); i++) {
		enum wire_view_state state = stage_view(r->p->screen, i)->state;
		if (state == WIRE_VIEW_IDLE || state == WIRE_VIEW_FAULT)
			return true;
	}
	return false;
}

static void wait_rest(struct play *p, size_t from)
{
	struct rest r = { p, from };

	stage_until(p->s, rests, &r, "a picture of nobody");
}

/* In how many files of the gate's data partition this is. */
static int files_with(struct play *p, const char *text)
{
	char folder[300], path[600];
	int n = 0;

	(void)snprintf(folder, sizeof(folder), "%s", stage_path(p->s, "gate-1-state"));
	DIR *d = opendir(folder);
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		struct stat st;
		char *bytes;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
			continue;
		int64_t len = file_read(path, 64 << 20, &bytes);
		assert_true(len >= 0);
		n += memmem(bytes, (size_t)len, text, strlen(text)) != NULL;
		free(bytes);
	}
	closedir(d);
	return n;
}

/* Twice in a row is one alert; the care team takes it up like any other; the gate forgets. */
static void r18_touch_becomes_one_alert(void **state)
{
	struct play *p = *state;
	struct wire_view record =
		open_record(p, CARD_NOOR, WIRE_RESULT_PRESENT, WIRE_RESULT_ALREADY);

	assert_true(record.talk);
	size_t from = stage_views(p->screen);
	touch(p, WIRE_TOUCH_TALK, record.checkin);
	touch(p, WIRE_TOUCH_TALK, record.checkin);
	struct wire_view thanks = wait_thanks(p, from, WIRE_RESULT_ALREADY);
	assert_true(uuid_equal(thanks.checkin, record.checkin));
	size_t raised = stage_wait_message(p->s, 0, "care/alert/" TALK_NOOR, "\"kind\":\"talk\"");
	const char *payload = stage_message(p->s, raised)->payload;
	assert_true(stage_message(p->s, raised)->retained);
	assert_non_null(strstr(payload, "\"state\":\"open\""));
	assert_non_null(strstr(payload, "\"id\":\"" NOOR "\""));
	assert_non_null(strstr(payload, "\"gate\":\"gate-1\""));
	assert_null(strstr(payload, "\"half\""));
	/* It goes by itself, and shows nothing of it any more. */
	wait_rest(p, from);
	/* Once more: stored once more, and no second alert. */
	record = open_record(p, CARD_NOOR, WIRE_RESULT_ALREADY, WIRE_RESULT_ALREADY);
	assert_true(record.talk);
	assert_false(record.talk_asked);
	from = stage_views(p->screen);
	touch(p, WIRE_TOUCH_TALK, record.checkin);
	(void)wait_thanks(p, from, WIRE_RESULT_ALREADY);
	school_wait_status(p->s, "gate-1", "confirmed_seq", 3);
	stage_publish(p->s, "schoolpoort/sint-jan/care/command/ann",
		"{\"v\":1,\"request\":\"22010203-0405-4607-8809-0a0b0c0d0e0f\","
		"\"command\":\"acknowledge\",\"alert\":\"" TALK_NOOR "\"}");
	(void)stage_wait_message(p->s, raised, "care/alert/" TALK_NOOR, "\"by\":\"ann\"");
	(void)stage_wait_message(p->s, raised, "care/event", "\"by\":\"ann\"");
	assert_int_equal(stage_count(p->s, "care/event", "\"kind\":\"talk\""), 2);
	assert_int_equal(stage_count(p->s, "gates/arrival", NOOR), 1); /* by the tap alone */
	struct wire_node *day = school_ctl_json(p->s, "register",
		(const char *const[]){ "day", "--date", "2026-11-23", "--half", "am", NULL });
	assert_int_equal(wire_node_get_int(wire_node_get_node(day, "total"), "present", -1), 1);
	assert_int_equal(wire_node_get_int(wire_node_get_node(day, "total"), "late", -1), 0);
	wire_node_destroy(day);
	school_wait_status(p->s, "gate-1", "taps_today", 1);
	end_play(p);
	/* X1: what was asked for is not on the gate any more; the name is the proof that bytes are found. */
	assert_true(files_with(p, "Noor") > 0);
	assert_int_equal(files_with(p, "talk"), 0);
}

/* Without a broker, and with a kiosk that dies as soon as it has thanked, or before: thanked for is stored. */
static void r18_survives_broker_and_kiosk(void **state)
{
	static const struct {
		const char *uid, *pupil;
	} row[KILLS] = { { CARD_NOOR, NOOR }, { CARD_YASSINE, YASSINE }, { CARD_ELIF, ELIF },
		{ CARD_MARIE, MARIE } };
	struct play *p = *state;
	bool thanked[KILLS] = { false };
	char topic[80];

	stage_broker_stop(p->s, true);
	for (size_t i = 0; i < KILLS; i++) {
		struct wire_view record =
			open_record(p, row[i].uid, WIRE_RESULT_PRESENT, WIRE_RESULT_ALREADY);
		assert_true(record.talk);
		size_t from = stage_views(p->screen);
		touch(p, WIRE_TOUCH_TALK, record.checkin);
		/* The odd ones are killed between the touch and the thanks, wherever that is. */
		if (i % 2 == 0) {
			(void)wait_thanks(p, from, WIRE_RESULT_ALREADY);
			thanked[i] = true;
		}
		stage_kill(p->s, p->kiosk);
		leave(p);
		p->kiosk = stage_start(p->s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
		join(p);
	}
	assert_true(files_with(p, "talk") > 0); /* it waits here until the register has it */
	size_t from = stage_n_messages(p->s);
	stage_broker_start(p->s, true);
	school_wait_status(p->s, "gate-1", "queue", 0);
	for (size_t i = 0; i < KILLS; i++) {
		(void)snprintf(topic, sizeof(topic), "care/alert/2026-11-23-r%s", row[i].pupil);
		if (thanked[i])
			(void)stage_wait_message(p->s, from, topic, "\"kind\":\"talk\"");
		(void)snprintf(topic, sizeof(topic), "\"id\":\"2026-11-23-r%s\"", row[i].pupil);
		if (thanked[i])
			(void)stage_wait_message(p->s, from, "care/event", topic);
		size_t told = stage_count(p->s, "care/event", topic);
		assert_true(told == 1 || (told == 0 && !thanked[i]));
	}
	end_play(p);
	assert_int_equal(files_with(p, "talk"), 0);
}

/* The next card takes the picture at once; what was asked for is asked for all the same, and for nobody else. */
static void r18_next_card_takes_the_thanks(void **state)
{
	struct play *p = *state;
	struct wire_view record =
		open_record(p, CARD_NOOR, WIRE_RESULT_PRESENT, WIRE_RESULT_ALREADY);
	size_t from = stage_views(p->screen);

	touch(p, WIRE_TOUCH_TALK, record.checkin);
	(void)wait_thanks(
		p, from, WIRE_RESULT_ALREADY); /* else the card may be heard before the finger */
	stage_tap(p->s, p->reader, CARD_YASSINE);
	size_t next = stage_wait_view(p->s, p->screen, from, WIRE_VIEW_RESULT, WIRE_RESULT_PRESENT);
	assert_string_equal(stage_view(p->screen, next)->name, "Yassine");
	/* Yassine's own record is open; Noor's finger comes late, and doesn't speak for Yassine. */
	stage_tap(p->s, p->reader, CARD_YASSINE);
	size_t his =
		stage_wait_view(p->s, p->screen, next, WIRE_VIEW_OVERVIEW, WIRE_RESULT_ALREADY);
	touch(p, WIRE_TOUCH_TALK, record.checkin);
	touch(p, WIRE_TOUCH_CLOSE, stage_view(p->screen, his)->checkin);
	wait_rest(p, his);
	for (size_t i = next; i < stage_views(p->screen); i++)
		assert_false(stage_view(p->screen, i)->talk_asked);
	(void)stage_wait_message(p->s, 0, "care/event", "\"kind\":\"talk\"");
	school_wait_status(p->s, "gate-1", "confirmed_seq", 3);
	assert_int_equal(stage_count(p->s, "care/event", "\"kind\":\"talk\""), 1);
	assert_int_equal(stage_find(p->s, 0, "-r" YASSINE, NULL), -1);
	end_play(p);
}

int main(void)
{
#define PLAY(f) cmocka_unit_test_setup_teardown(f, open_play, close_play)
	static const struct CMUnitTest tests[] = {
		PLAY(r18_touch_becomes_one_alert),
		PLAY(r18_survives_broker_and_kiosk),
		PLAY(r18_next_card_takes_the_thanks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
