/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The register as careful as the gate: a broker that comes back with other messages than it left with, check-ins that
 * nobody should have sent, gates that know less than the register, and kills between COMMIT and the word about it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e2e/gate_rig.h"
#include "e2e/gates.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "sys/file.h"
#include "unit/unit.h"

#define ROOT "schoolpoort/sint-jan/"
#define CHECK TEST_SOURCE_DIR "/broker-config/mosquitto/check-persistence"
#define CARD_STRANGE "0411aa22bb33cc"
#define AT_ONCE_MS 20000 /* on any machine; less than a minute's turn */
#define CARD_NEW "0455667788990a"

static const char *const gate_one[] = { "gate-1" };
static const char *const both_gates[] = { "gate-1", "gate-2" };

static struct stage_program *start_register(struct stage *s)
{
	struct stage_program *p = stage_start(s, "schoolpoort-register", "register", NULL, NULL);

	stage_disconnect(s, stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL));
	return p;
}

static int64_t status_of(struct stage *s, const char *unit, const char *key)
{
	struct wire_node *status =
		school_ctl_json(s, unit, (const char *const[]){ "status", NULL });
	int64_t value = wire_node_get_int(status, key, -1);

	wire_node_destroy(status);
	return value;
}

static void copy_file(const char *from, const char *to)
{
	char source[512], *bytes = NULL;

	(void)snprintf(source, sizeof(source), "%s", from);
	int64_t len = file_read(source, 64 << 20, &bytes);
	assert_true(len >= 0);
	ran_write(to, bytes, (size_t)len);
	free(bytes);
}

/* Waits for the emptying of a retained topic. */
static size_t wait_emptied(struct stage *s, size_t from, const char *topic)
{
	do
		from = stage_wait_message(s, from, topic, NULL) + 1;
	while (stage_message(s, from - 1)->payload[0]);
	return from - 1;
}

/* ---- M13: what the broker keeps ---- */

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* Cut anywhere, or scribbled over: after the check the broker starts, and a file that was well is still used. */
static void m13_unreadable_persistence_is_moved_aside(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	char db[300], good[300], damaged[320], topic[64];
	char *bytes = NULL;
	int n_moved = 0;

	(void)snprintf(db, sizeof(db), "%s", stage_path(s, "mosquitto.db"));
	(void)snprintf(good, sizeof(good), "%s", stage_path(s, "good.db"));
	(void)snprintf(damaged, sizeof(damaged), "%s.damaged", db);
	stage_broker_start(s, false);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(topic, sizeof(topic), "stage/kept/%d", i);
		stage_publish(s, topic, "{\"some\":\"payload\"}");
	}
	stage_publish_retained(s, "stage/kept", "{\"retained\":\"payload\"}");
	stage_broker_stop(s, false);
	copy_file(db, good);
	int64_t len = file_read(good, 1 << 20, &bytes);
	assert_true(len > 60);
	for (int64_t cut = len; cut > 0; cut -= len / 12) {
		ran_write(db, bytes, (size_t)cut);
		(void)unlink(damaged);
		struct stage_program *check = stage_start(
			s, CHECK, NULL, (const char *const[]){ stage_dir(s), NULL }, NULL);
		assert_int_equal(stage_wait_exit(s, check), 0);
		assert_int_equal(is_there(db), !is_there(damaged));
		if (cut == len)
			assert_true(is_there(db));
		n_moved += is_there(damaged);
		assert_int_equal(stage_said(check, "can't be read"), is_there(damaged));
		stage_forget(s, check);
	}
	assert_true(n_moved >= 3);
	/* And a real start on one that it had moved. */
	ran_write(db, bytes, (size_t)len - 1);
	struct stage_program *check =
		stage_start(s, CHECK, NULL, (const char *const[]){ stage_dir(s), NULL }, NULL);
	assert_int_equal(stage_wait_exit(s, check), 0);
	assert_true(is_there(damaged));
	stage_broker_start(s, false);
	free(bytes);
	stage_close(s);
}

/* Monday's alerts stand in yesterday's copy; Tuesday's broker is started on it. */
static void m13_old_retained_alerts_are_emptied_again(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	char db[300], old[300];

	(void)snprintf(db, sizeof(db), "%s", stage_path(s, "mosquitto.db"));
	(void)snprintf(old, sizeof(old), "%s", stage_path(s, "yesterday.db"));
	stage_clock(s, "2026-11-23T08:45:01+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	(void)stage_wait_message(s, 0, "care/alert/2026-11-23-am-p" NOOR, "\"absent\"");
	(void)stage_wait_message(s, 0, "care/alert/2026-11-23-am-p" YASSINE, "\"absent\"");
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_broker_stop(s, false);
	copy_file(db, old);

	stage_clock(s, "2026-11-24T07:50:00+01:00");
	size_t from = stage_n_messages(s);
	stage_broker_start(s, true);
	reg = start_register(s);
	(void)wait_emptied(s, from, "care/alert/2026-11-23-am-p" NOOR);
	(void)wait_emptied(s, from, "care/alert/2026-11-23-am-p" YASSINE);
	stage_wait_log(s, reg, "broker_up");
	/* The recorder comes before the register, which would else be quicker. */
	assert_int_equal(kill(stage_pid(reg), SIGSTOP), 0);
	stage_broker_stop(s, true);
	copy_file(old, db);
	from = stage_n_messages(s);
	stage_broker_start(s, true);
	(void)stage_wait_message(s, from, "care/alert/2026-11-23-am-p" NOOR, "\"absent\"");
	assert_int_equal(kill(stage_pid(reg), SIGCONT), 0);
	stage_wait_log(s, reg, "broker_up");
	int64_t up = gate_now_ms();
	(void)wait_emptied(s, from, "care/alert/2026-11-23-am-p" NOOR);
	(void)wait_emptied(s, from, "care/alert/2026-11-23-am-p" YASSINE);
	printf("figure: alerts of an older broker empty again %lld ms after CONNACK (1 run)\n",
		(long long)(gate_now_ms() - up));
	assert_true(gate_now_ms() - up < AT_ONCE_MS);

	/* A broker with nothing at all is told everything again. */
	stage_broker_stop(s, true);
	assert_int_equal(unlink(db), 0);
	from = stage_n_messages(s);
	stage_broker_start(s, true);
	(void)stage_wait_message(s, from, "register/state", "\"state\":\"online\"");
	(void)stage_wait_message(s, from, "gates/data", "\"generation\"");
	(void)stage_wait_message(s, from, "care/day/2026-11-24/am", NULL);
	(void)stage_wait_message(s, from, "care/day/2026-11-24/pm", NULL);
	stage_validate(s);
	stage_stop(s, reg);
	stage_close(s);
}

/* ---- care/event and commands ---- */

/* Kills @p at its next fdatasync: what was to be committed is, and nobody was told. Waits for its end. */
static pid_t kill_at_commit(const struct stage_program *p)
{
	pid_t tracer = gate_rig_inject(stage_pid(p), "fdatasync", "signal=SIGKILL:when=1");

	if (tracer < 0) {
		print_message("no strace here, or no right to trace\n");
		skip();
	}
	return tracer;
}

static void wait_killed(struct stage *s, struct stage_program *p, pid_t tracer)
{
	assert_int_equal(stage_wait_exit(s, p), 128 + SIGKILL);
	assert_int_equal(waitpid(tracer, NULL, 0), tracer);
}

static bool all_said(struct stage *s, void *ctx)
{
	(void)ctx;
	if (gate_rows(s, "register", "SELECT count(*) FROM event") == 0)
		return true;
	stage_turn(s, 20); /* nothing announces it */
	return false;
}

static bool one_unsaid(struct stage *s, void *ctx)
{
	(void)ctx;
	if (gate_rows(s, "register", "SELECT count(*) FROM event") == 1)
		return true;
	stage_turn(s, 20);
	return false;
}

/* Nothing is left to be written about what was: the next commit is the test's. */
static void wait_said(struct stage *s)
{
	stage_until(s, all_said, NULL, "every change to have left the outbox");
}

/* 08:45:01 with nobody in: Noor and Yassine are absent. */
static struct gate open_absent(struct stage *s, struct stage_program **reg)
{
	stage_clock(s, "2026-11-23T08:45:01+01:00");
	stage_broker_start(s, true);
	*reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	(void)stage_wait_message(s, 0, "care/event", "-p" NOOR "\"");
	(void)stage_wait_message(s, 0, "care/event", "-p" YASSINE "\"");
	gate_wait_cards(s, "gate-1", 5);
	return g;
}

/* Changes made while nobody could hear of them come when somebody can, each with its revision. */
static void m12_every_change_reaches_care_event(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct stage_program *reg;
	struct gate g = open_absent(s, &reg);

	/* The desk sees Yassine while the broker is away; then the register dies as well. */
	stage_broker_stop(s, true);
	stage_wait_log(s, reg, "broker_down");
	char file[300];
	(void)snprintf(file, sizeof(file), "%s", stage_path(s, "excused.csv"));
	const char *csv = "pupil_id;from;from_half;to;to_half;reason\n"
			  "12346;2026-11-23;am;2026-11-23;am;excused\n";
	ran_write(file, csv, strlen(csv));
	free(school_ctl(s, "register", (const char *const[]){ "import", "excused", file, NULL }));
	stage_until(s, one_unsaid, NULL, "a change in the outbox");
	stage_kill(s, reg);
	size_t from = stage_n_messages(s);
	stage_broker_start(s, true);
	reg = start_register(s);
	size_t at = stage_wait_message(s, from, "care/event", "-p" YASSINE "\"");
	assert_non_null(strstr(stage_message(s, at)->payload, "\"revision\":2"));
	assert_non_null(strstr(stage_message(s, at)->payload, "\"what\":\"excused\""));

	/* Killed between COMMIT and publish: Noor's arrival is stored, and said after the restart. */
	wait_said(s);
	pid_t tracer = kill_at_commit(reg);
	(void)gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_LATE);
	wait_killed(s, reg, tracer);
	assert_int_equal(gate_rows(s, "register",
				 "SELECT count(*) FROM event WHERE payload LIKE '%" NOOR "%'"),
		1);
	from = stage_n_messages(s);
	reg = start_register(s);
	at = stage_wait_message(s, from, "care/event", "-p" NOOR "\"");
	assert_non_null(strstr(stage_message(s, at)->payload, "\"what\":\"arrived\""));
	school_wait_status(s, "gate-1", "queue", 0);
	stage_validate(s);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

#define REQUEST "00000000-0000-4000-8000-000000000001"
#define SEEN                                                                                       \
	"{\"v\":1,\"request\":\"" REQUEST "\",\"command\":\"mark_present\",\"pupil\":\"" NOOR      \
	"\",\"date\":\"2026-11-23\",\"half\":\"am\"}"

/* Done, and killed before the answer: who asks again gets the answer of then, and nothing is done twice. */
static void m12_a_command_is_answered_once_however_often_it_is_sent(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct stage_program *reg;
	struct gate g = open_absent(s, &reg);
	static const char done[] = "SELECT count(*) FROM journal WHERE what = 'mark_present'";

	wait_said(s);
	pid_t tracer = kill_at_commit(reg);
	stage_publish(s, ROOT "care/command/jan", SEEN);
	wait_killed(s, reg, tracer);
	assert_int_equal(stage_count(s, "care/reply/jan", NULL), 0);
	assert_int_equal(gate_rows(s, "register", "SELECT count(*) FROM command_done"), 1);
	assert_int_equal(gate_rows(s, "register", done), 1);
	reg = start_register(s);
	stage_wait_log(s, reg, "broker_up");
	size_t from = 0;
	char first[1024] = "";
	for (int i = 0; i < 3; i++) {
		stage_publish(s, ROOT "care/command/jan", SEEN);
		size_t at = stage_wait_message(s, from, "care/reply/jan", REQUEST);
		assert_non_null(strstr(stage_message(s, at)->payload, "\"ok\":true"));
		if (i == 0)
			(void)snprintf(first, sizeof(first), "%s", stage_message(s, at)->payload);
		assert_string_equal(stage_message(s, at)->payload, first);
		from = at + 1;
	}
	assert_int_equal(gate_rows(s, "register", done), 1);
	(void)stage_wait_message(s, 0, "care/event", "\"was_present\"");
	assert_int_equal(stage_count(s, "care/event", "\"was_present\""), 1);
	stage_validate(s);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* ---- M15: messages that nobody should have sent ---- */

#define LOG "11111111-1111-4111-8111-111111111111"

static const char *checkin(int v, int seq, const char *gate, const char *result)
{
	static char text[1024];

	(void)snprintf(text, sizeof(text),
		"{\"v\":%d,\"log\":\"" LOG "\",\"seq\":%d,\"id\":\"22222222-2222-4222-8222-%012d\","
		"\"revision\":1,\"gate\":\"%s\",\"result\":\"%s\","
		"\"at\":\"2026-11-23T08:20:%02d+01:00\",\"clock\":\"trusted\","
		"\"boot\":\"33333333-3333-4333-8333-333333333333\",\"boot_ms\":%d,"
		"\"pupil\":null,\"card\":\"%032d\",\"date\":\"2026-11-23\",\"half\":null}",
		v, seq, seq, gate, result, seq, seq, seq);
	return text;
}

static int stored(struct stage *s)
{
	return gate_rows(s, "register", "SELECT count(*) FROM checkin");
}

static void m15_register_refuses_one_and_goes_on(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	const char *topic = ROOT "gate/gate-1/checkin";
	static char big[70000]; /* over WIRE_PAYLOAD_MAX */

	stage_clock(s, "2026-11-23T08:30:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_wait_log(s, reg, "broker_up");
	stage_publish(s, topic, checkin(1, 1, "gate-1", "unknown_card"));
	(void)stage_wait_message(s, 0, "gate/gate-1/confirm", "\"through\":1");
	stage_publish(s, topic, checkin(1, 2, "gate-1", "nonsense"));
	size_t at = stage_wait_message(s, 0, "gate/gate-1/confirm", "\"refused\"");
	assert_non_null(strstr(stage_message(s, at)->payload, "\"seq\":2"));
	assert_non_null(strstr(stage_message(s, at)->payload, "\"through\":2"));
	stage_publish(s, topic, checkin(1, 3, "gate-1", "unknown_card"));
	(void)stage_wait_message(s, 0, "gate/gate-1/confirm", "\"through\":3");
	/* Of a program of later: kept aside with its reason like anything else that can't be accepted. */
	stage_publish(s, topic, checkin(2, 4, "gate-1", "unknown_card"));
	(void)stage_wait_message(s, 0, "gate/gate-1/confirm", "\"through\":4");
	assert_int_equal(status_of(s, "register", "refused_checkins"), 2);
	assert_int_equal(stored(s), 2);

	/* Each ignored whole: neither stored nor confirmed, and one line in the log for all of a topic. */
	char cut[300];
	(void)snprintf(cut, sizeof(cut), "%.200s", checkin(1, 5, "gate-1", "unknown_card"));
	size_t n =
		(size_t)snprintf(big, sizeof(big), "%s", checkin(1, 5, "gate-1", "unknown_card"));
	memset(big + n, ' ', sizeof(big) - n - 1);
	size_t confirms = stage_count(s, "gate/gate-1/confirm", NULL);
	int64_t not_understood = status_of(s, "register", "not_understood");
	for (int i = 0; i < 2; i++) {
		stage_publish(s, topic, cut);
		stage_publish(s, topic, "{}");
		stage_publish(s, topic, big);
		stage_publish(s, topic, checkin(1, 5, "gate-2", "unknown_card"));
	}
	school_wait_status(s, "register", "not_understood", not_understood + 8);
	assert_int_equal(stored(s), 2);
	assert_int_equal(stage_count(s, "gate/gate-1/confirm", NULL), confirms);
	assert_int_equal(stage_said_count(reg, "payload_refused"), 1);
	assert_int_equal(status_of(s, "register", "refused_checkins"), 2);
	stage_publish(s, topic, checkin(1, 5, "gate-1", "unknown_card"));
	(void)stage_wait_message(s, 0, "gate/gate-1/confirm", "\"through\":5");
	stage_stop(s, reg);
	stage_close(s);
}

static void m15_gate_ignores_what_is_not_for_it(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	const char *topic = ROOT "gate/gate-1/confirm";

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", (const char *const[]){ "kiosk.repeat_s = 0", NULL });
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	gate_wait_cards(s, "gate-1", 5);
	stage_kill(s, reg);
	(void)gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_PRESENT);
	(void)gate_tap(s, &g, CARD_STRANGE, WIRE_RESULT_UNKNOWN_CARD);
	size_t at = stage_wait_message(s, 0, "gate/gate-1/checkin", "\"seq\":2");
	char log[37] = "", text[300];
	(void)snprintf(log, sizeof(log), "%s",
		strstr(stage_message(s, at)->payload, "\"log\":\"") + strlen("\"log\":\""));
	int64_t generation = status_of(s, "gate-1", "data_generation");
	for (int i = 0; i < 2; i++) {
		stage_publish(s, topic, "{\"v\":1,\"log\":\"" LOG "\",\"through\":2}");
		(void)snprintf(text, sizeof(text), "{\"v\":2,\"log\":\"%s\",\"through\":2}", log);
		stage_publish(s, topic, text);
		(void)snprintf(text, sizeof(text), "{\"v\":1,\"log\":\"%s\",\"thro", log);
		stage_publish(s, topic, text);
		stage_publish(s, ROOT "gates/data", "{\"v\":1,\"generation\":");
		stage_publish(s, ROOT "gates/data", "{\"v\":2,\"generation\":99999999999}");
		stage_publish(s, ROOT "gates/arrival", "{\"v\":1}");
	}
	school_wait_status(s, "gate-1", "not_understood", 10);
	assert_int_equal(status_of(s, "gate-1", "queue"), 2);
	assert_int_equal(status_of(s, "gate-1", "pupils"), 5);
	assert_int_equal(status_of(s, "gate-1", "data_generation"), generation);
	assert_int_equal(stage_said_count(g.kiosk, "confirm_of_another_log"), 1);
	assert_int_equal(stage_said_count(g.kiosk, "payload_refused"), 3); /* one a topic */
	/* Beyond its last number: the contract wants a new log, and nothing counts as delivered. */
	(void)snprintf(text, sizeof(text), "{\"v\":1,\"log\":\"%s\",\"through\":50}", log);
	stage_publish(s, topic, text);
	stage_wait_log(s, g.kiosk, "register_has_more");
	assert_int_equal(status_of(s, "gate-1", "queue"), 2);
	reg = start_register(s);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_check_delivered(s, gate_one, 1);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* ---- X4 ---- */

static void x4_replayed_checkins_change_nothing(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct stage_program *reg;
	struct gate g = open_absent(s, &reg);

	(void)gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_LATE);
	(void)gate_tap(s, &g, CARD_STRANGE, WIRE_RESULT_UNKNOWN_CARD);
	school_wait_status(s, "gate-1", "queue", 0);
	(void)stage_wait_message(s, 0, "care/event", "\"unknown_card\"");
	char *said[2] = { 0 };
	long at = -1;
	for (int i = 0; i < 2; i++) {
		at = stage_find(s, (size_t)(at + 1), "gate/gate-1/checkin", NULL);
		assert_true(at >= 0);
		said[i] = strdup(stage_message(s, (size_t)at)->payload);
		assert_non_null(said[i]);
	}
	size_t events = stage_count(s, "care/event", NULL), from = stage_n_messages(s);
	for (int i = 0; i < 4; i++)
		stage_publish(s, ROOT "gate/gate-1/checkin", said[i % 2]);
	(void)stage_wait_message(s, from, "gate/gate-1/confirm", "\"through\":2");
	stage_publish(s, ROOT "care/command/jan", SEEN); /* a word after which all was dealt with */
	(void)stage_wait_message(s, from, "care/reply/jan", REQUEST);
	assert_int_equal(stored(s), 2);
	assert_int_equal(status_of(s, "register", "refused_checkins"), 0);
	assert_in_range(stage_count(s, "care/event", NULL), events, events + 1); /* jan's word */
	assert_int_equal(stage_count(s, "care/event", "\"unknown_card\""), 1);
	/* A copy of Noor's card on another chip. */
	stage_send_text(s, g.reader,
		"{\"v\":1,\"type\":\"card\",\"uid\":\"" CARD_NOOR
		"\",\"sak\":8,\"atqa\":\"0004\",\"seen_us\":1}");
	stage_wait_log(s, g.kiosk, "card_of_another_kind");
	assert_int_equal(stage_said_count(g.kiosk, "04a1b2c3"), 0);
	free(said[0]);
	free(said[1]);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* ---- gates that know less ---- */

static void import_cards(struct stage *s, const char *csv)
{
	char file[300];

	(void)snprintf(file, sizeof(file), "%s", stage_path(s, "cards.csv"));
	ran_write(file, csv, strlen(csv));
	free(school_ctl(s, "register", (const char *const[]){ "import", "cards", file, NULL }));
}

/* An's new card is known to gate-1 alone; she holds it to gate-2 first, and no broker is there. */
static void d1_two_gates_offline_with_different_data(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1,gate-2");
	stage_unit(s, "gate-1", NULL);
	stage_unit(s, "gate-2", NULL);
	struct gate one = gate_start(s, "gate-1", NULL, NULL);
	struct gate two = gate_start(s, "gate-2", NULL, NULL);
	gate_wait_cards(s, "gate-1", 5);
	gate_wait_cards(s, "gate-2", 5);
	gate_stop(s, &two);
	int64_t before = status_of(s, "gate-1", "data_generation");
	size_t from = stage_n_messages(s);
	import_cards(s, "uid;pupil_id;from;to\n" CARD_NEW ";12349;;\n");
	(void)stage_wait_message(s, from, "gates/data", NULL);
	while (status_of(s, "gate-1", "data_generation") == before)
		stage_turn(s, 50);
	stage_broker_stop(s, true);
	stage_wait_log(s, one.kiosk, "broker_down");
	two = gate_start(s, "gate-2", NULL, NULL);
	assert_true(status_of(s, "gate-2", "data_generation") <
		    status_of(s, "gate-1", "data_generation"));
	(void)gate_tap(s, &two, CARD_NEW, WIRE_RESULT_UNKNOWN_CARD);
	(void)gate_tap(s, &one, CARD_NEW, WIRE_RESULT_PRESENT);
	stage_broker_start(s, true);
	school_wait_status(s, "gate-1", "queue", 0);
	school_wait_status(s, "gate-2", "queue", 0);
	gate_check_delivered(s, both_gates, 2);
	/* Both are kept; the earlier counts, though its gate didn't know whose it was. */
	assert_int_equal(gate_rows(s, "register",
				 "SELECT count(*) FROM mark WHERE pupil = 12349 AND half = 'am'"
				 " AND mark = '|' AND gate = 'gate-2'"
				 " AND arrived_at = (SELECT min(at) FROM checkin)"),
		1);
	assert_int_equal(stage_count(s, "care/event", "\"unknown_card\""), 0);
	stage_validate(s);
	gate_stop(s, &one);
	gate_stop(s, &two);
	stage_stop(s, reg);
	stage_close(s);
}

/* A gate that never had data, out of reach of everybody: what it took is looked up by the register. */
static void d3_gate_without_data(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	stage_broker_stop(s, true);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	(void)gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_UNKNOWN_CARD);
	(void)gate_tap(s, &g, CARD_STRANGE, WIRE_RESULT_UNKNOWN_CARD);
	assert_int_equal(gate_rows(s, "gate-1",
				 "SELECT count(*) FROM main.checkin WHERE result = 'unknown_card'"
				 " AND length(card) = 16 AND pupil = 0"),
		2);
	stage_broker_start(s, true);
	school_wait_status(s, "gate-1", "queue", 0);
	gate_check_delivered(s, gate_one, 1);
	assert_int_equal(gate_rows(s, "register",
				 "SELECT count(*) FROM mark WHERE pupil = 12345 AND half = 'am'"
				 " AND mark = '|'"),
		1);
	(void)stage_wait_message(s, 0, "care/event", "\"unknown_card\"");
	assert_int_equal(stage_count(s, "care/event", "\"unknown_card\""), 1);
	gate_wait_cards(s, "gate-1", 5);
	/* Last week's data, published by a register that was put back: ignored. */
	int64_t generation = status_of(s, "gate-1", "data_generation");
	size_t at = stage_wait_message(s, 0, "gates/data", NULL);
	char *data = strdup(stage_message(s, at)->payload);
	assert_non_null(data);
	char *number = strstr(data, "\"generation\":");
	assert_non_null(number);
	number[strlen("\"generation\":")] =
		'0' + (number[strlen("\"generation\":")] == '1' ? 0 : 1);
	/* A first digit of 0 isn't JSON: blank it. */
	if (number[strlen("\"generation\":")] == '0')
		number[strlen("\"generation\":")] = ' ';
	stage_publish(s, ROOT "gates/data", data);
	stage_wait_log(s, g.kiosk, "data_older");
	assert_int_equal(status_of(s, "gate-1", "data_generation"), generation);
	free(data);
	gate_stop(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* ---- D5 ---- */

static void d5_what_is_too_old_goes_after_months_switched_off(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	gate_wait_cards(s, "gate-1", 5);
	(void)gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_PRESENT);
	school_wait_status(s, "gate-1", "queue", 0);
	stage_kill(s, reg);
	(void)gate_tap(s, &g, CARD_YASSINE, WIRE_RESULT_PRESENT);
	gate_stop(s, &g);
	stage_broker_stop(s, false);

	/* Three months in a cupboard: what was delivered has gone, what wasn't is still there. */
	stage_clock(s, "2027-02-23T20:00:00+01:00");
	g = gate_start(s, "gate-1", NULL, NULL);
	stage_wait_log(s, g.kiosk, "purged");
	assert_int_equal(gate_rows(s, "gate-1", "SELECT count(*) FROM main.checkin"), 1);
	school_wait_status(s, "gate-1", "queue", 1);
	size_t from = stage_n_messages(s);
	stage_broker_start(s, true);
	reg = start_register(s);
	school_wait_status(s, "gate-1", "queue", 0);
	assert_int_equal(stored(s), 2);
	gate_stop(s, &g);
	stage_stop(s, reg);

	/* After 31 August of the following school year the register has let go of both. */
	stage_clock(s, "2028-09-01T20:00:00+02:00");
	reg = start_register(s);
	stage_wait_log(s, reg, "retention kept_from");
	assert_int_equal(stored(s), 0);
	assert_int_equal(gate_rows(s, "register", "SELECT count(*) FROM mark"), 0);
	/* gate-1 said its last word 18 months ago; it is still of the school. */
	assert_int_equal(stage_find(s, from, "gate/gate-9/state", NULL), -1);
	stage_stop(s, reg);
	stage_close(s);
}

#define STATE_OF(gate, at)                                                                         \
	"{\"v\":1,\"state\":\"offline\",\"gate\":\"" gate "\",\"at\":\"" at                        \
	"\",\"session\":\"44444444-4444-4444-8444-444444444444\"}"

/* A gate that was sold, its last word kept by the broker; and one that is a spare, used an hour ago. */
static void d5_state_of_a_retired_gate_is_emptied(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	char topic[80], text[400];

	stage_clock(s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(s, true);
	stage_publish_retained(
		s, ROOT "gate/sold/state", STATE_OF("sold", "2026-06-30T16:00:00+02:00"));
	stage_publish_retained(
		s, ROOT "gate/spare/state", STATE_OF("spare", "2026-11-23T07:20:00+01:00"));
	stage_publish_retained(
		s, ROOT "gate/gate-1/state", STATE_OF("gate-1", "2026-06-30T16:00:00+02:00"));
	size_t from = stage_wait_message(s, 0, "gate/gate-1/state", NULL) + 1;
	struct stage_program *reg = school_register(s, "gate-1");
	(void)wait_emptied(s, from, "gate/sold/state");
	stage_wait_log(s, reg, "gate_not_expected gate=spare");
	assert_int_equal(stage_find(s, from, "gate/spare/state", NULL), -1);
	assert_int_equal(stage_find(s, from, "gate/gate-1/state", NULL), -1);
	/* Gates that somebody invents: eight are shown, and the school's own loses nothing. */
	for (int i = 0; i < 12; i++) {
		(void)snprintf(topic, sizeof(topic), ROOT "gate/invented-%d/state", i);
		(void)snprintf(text, sizeof(text),
			"{\"v\":1,\"state\":\"online\",\"gate\":\"invented-%d\","
			"\"at\":\"2026-11-23T08:20:00+01:00\","
			"\"session\":\"44444444-4444-4444-8444-444444444444\"}",
			i);
		stage_publish(s, topic, text);
	}
	stage_wait_log(s, reg, "gates_not_expected");
	assert_int_equal(stage_said_count(reg, "gate_not_expected"), 8);
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	const struct wire_node *gates = wire_node_get_node(status, "gates");
	assert_int_equal(wire_node_count(gates), 9);
	assert_string_equal(wire_node_get_text(wire_node_at(gates, 0), "gate"), "gate-1");
	assert_string_equal(wire_node_get_text(wire_node_at(gates, 8), "gate"), "invented-11");
	wire_node_destroy(status);
	stage_stop(s, reg);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m13_unreadable_persistence_is_moved_aside),
		cmocka_unit_test(m13_old_retained_alerts_are_emptied_again),
		cmocka_unit_test(m12_every_change_reaches_care_event),
		cmocka_unit_test(m12_a_command_is_answered_once_however_often_it_is_sent),
		cmocka_unit_test(m15_register_refuses_one_and_goes_on),
		cmocka_unit_test(m15_gate_ignores_what_is_not_for_it),
		cmocka_unit_test(x4_replayed_checkins_change_nothing),
		cmocka_unit_test(d1_two_gates_offline_with_different_data),
		cmocka_unit_test(d3_gate_without_data),
		cmocka_unit_test(d5_what_is_too_old_goes_after_months_switched_off),
		cmocka_unit_test(d5_state_of_a_retired_gate_is_emptied),
	};
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
