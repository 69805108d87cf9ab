/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * doctor and metrics of a whole gate and its register: well, with each program away or hung, with a broker that refuses.
 */
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/gates.h"
#include "e2e/promtext.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ANY (-1) /* exit status: 0 or 1, as the screen is at that moment */
#define ROOT "schoolpoort/sint-jan/"

static struct ran ctl(struct stage *s, const char *unit, const char *const *args)
{
	char config[600];
	const char *all[10] = { "--config", config };

	(void)snprintf(config, sizeof(config), "%s", stage_path(s, "%s.conf", unit));
	for (size_t i = 0; args[i] && i < 7; i++)
		all[i + 2] = args[i];
	return ran_run("schoolpoortctl", all);
}

/* doctor --json of a unit, which must end with @status. For wire_node_destroy(). */
static struct wire_node *doctor(struct stage *s, const char *unit, int status)
{
	char reason[WIRE_REASON_MAX];
	struct ran r = ctl(s, unit, ARGS("doctor", "--json"));
	struct wire_node *node = wire_node_parse(r.out, strlen(r.out), reason);

	if (!node || (status != ANY && r.status != status) || r.err[0])
		fail_msg("%s: status %d and not %d\n%s%s", unit, r.status, status, r.out, r.err);
	assert_int_equal(wire_node_get_bool(node, "ok", false), r.status == 0);
	ran_finish(&r);
	return node;
}

static const struct wire_node *check_of(const struct wire_node *node, const char *name)
{
	const struct wire_node *list = wire_node_get_node(node, "checks");

	for (size_t i = 0; i < wire_node_count(list); i++) {
		const struct wire_node *row = wire_node_at(list, i);
		if (!strcmp(wire_node_get_text(row, "check"), name))
			return row;
	}
	return NULL;
}

/* @found, @remedy: held by them; NULL anything */
static void expect(struct stage *s, const char *unit, int status, const char *name,
	const char *state, const char *found, const char *remedy)
{
	struct wire_node *node = doctor(s, unit, status);
	const struct wire_node *row = check_of(node, name);
	const char *has = row ? wire_node_get_text(row, "state") : "no line";
	const char *says = row ? wire_node_get_text(row, "found") : "";
	const char *cure = row ? wire_node_get_text(row, "remedy") : NULL;

	if (strcmp(has, state) != 0 || (found && !strstr(says, found)) ||
		(remedy && (!cure || !strstr(cure, remedy))))
		fail_msg("%s of %s: %s, \"%s\", remedy \"%s\"", name, unit, has, says,
			cure ? cure : "");
	wire_node_destroy(node);
}

/* The stage's files are open to all, as no school's are. */
static void close_key(struct stage *s)
{
	assert_int_equal(chmod(stage_path(s, "card.key"), 0600), 0);
}

/* Read by doctor alone: whether anything sets the clock of the test's machine is not its matter. */
static void trust_clock(struct stage *s, const char *unit)
{
	FILE *f = fopen(stage_path(s, "%s.conf", unit), "ae");

	assert_non_null(f);
	assert_true(fputs("[clock]\ntrust = always\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
}

#define READER_OK "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}"
#define READER_GONE "{\"v\":1,\"type\":\"status\",\"state\":\"fault\",\"reason\":\"port_gone\"}"

/* A reader says how it is every second, and counts as hung after two of silence: the test's does so too, however long
 * a doctor takes meanwhile. */
struct beat {
	pthread_t thread;
	int end[2];
	struct stage_client *reader;
	_Atomic(const char *) says;
};

static void *beats(void *ctx)
{
	struct beat *b = ctx;
	struct pollfd end = { .fd = b->end[0], .events = POLLIN };

	do
		(void)stage_try_text(b->reader, atomic_load(&b->says));
	while (poll(&end, 1, 300) == 0);
	return NULL;
}

static void beat_start(struct beat *b, struct stage_client *reader)
{
	b->reader = reader;
	stage_hush(reader);
	atomic_store(&b->says, READER_OK);
	assert_int_equal(pipe2(b->end, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&b->thread, NULL, beats, b), 0);
}

static void beat_end(struct beat *b)
{
	(void)close(b->end[1]);
	assert_int_equal(pthread_join(b->thread, NULL), 0);
	(void)close(b->end[0]);
}

/* A screen that says at once that it shows what it was told. */
static void present(struct stage *s, struct gate *g, const struct wire_view *v)
{
	char text[200];

	(void)snprintf(text, sizeof(text),
		"{\"v\":1,\"type\":\"presented\",\"number\":%lld,\"at_us\":%lld}",
		(long long)v->number, (long long)clock_mono_us());
	stage_send_text(s, g->views, text);
}

/* A view that isn't presented within 2 s is a screen that is absent, and one comes whenever the gate has something to
 * show: so the newest is presented right before. */
static void present_newest(struct stage *s, struct gate *g)
{
	stage_turn(s, 0);
	present(s, g, stage_view(g->views, stage_views(g->views) - 1));
}

static bool is_well(struct stage *s, void *ctx)
{
	struct gate *g = ctx;

	present_newest(s, g);
	struct ran r = ctl(s, "gate-1", ARGS("doctor"));
	bool well = r.status == 0;
	if (!well)
		print_message("%s", r.out);
	ran_finish(&r);
	return well;
}

static bool drained(struct stage *s, void *ctx)
{
	struct wire_node *status = school_ctl_json(s, "gate-1", ARGS("status"));
	bool up = wire_node_get_bool(wire_node_get_node(status, "broker"), "connected", false) &&
		  wire_node_get_int(status, "queue", -1) == 0 &&
		  wire_node_get_int(status, "data_generation", 0) > 0;

	(void)ctx;
	wire_node_destroy(status);
	return up;
}

static bool gate_is_online(struct stage *s, void *ctx)
{
	present_newest(s, ctx);
	struct wire_node *status = school_ctl_json(s, "register", ARGS("status"));
	const struct wire_node *gate = wire_node_at(wire_node_get_node(status, "gates"), 0);
	const char *reader = gate ? wire_node_get_text(gate, "reader") : NULL;
	bool online = reader && !strcmp(reader, "ok");

	wire_node_destroy(status);
	return online;
}

/* Return: the unit's figures, checked by the format's rules, for free(). */
static char *metrics(struct stage *s, const char *unit)
{
	char why[PROMTEXT_REASON_MAX];
	struct ran r = ctl(s, unit, ARGS("metrics"));
	int line = r.status == 0 ? promtext_check(r.out, why) : -1;

	if (line)
		fail_msg("%s: status %d, line %d: %s\n%s%s", unit, r.status, line, why, r.out,
			r.err);
	char *text = strdup(r.out);
	ran_finish(&r);
	return text;
}

static double value(const char *text, const char *name, const char *label)
{
	double v = -1;

	if (!promtext_value(text, name, label, &v))
		fail_msg("no %s in\n%s", name, text);
	return v;
}

static void no_pupil_in(const char *text)
{
	static const char *const words[] = { NOOR, YASSINE, "12345", "Noor", "Yassine", "Elif",
		"3A", CARD_NOOR, CARD_YASSINE };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strstr(text, words[i]))
			fail_msg("%s in\n%s", words[i], text);
}

static void figures(struct stage *s)
{
	char *gate = metrics(s, "gate-1"), *reg = metrics(s, "register");

	assert_true(value(gate, "schoolpoort_up", "unit=\"gate-1\"") == 1);
	assert_true(value(gate, "schoolpoort_taps_today", NULL) == 1);
	assert_true(value(gate, "schoolpoort_queue", NULL) == 0);
	assert_true(value(gate, "schoolpoort_reader_state", "state=\"ok\"") == 1);
	assert_true(value(gate, "schoolpoort_last_delivery_age_seconds", NULL) >= 0);
	assert_true(value(gate, "schoolpoort_tap_seconds", "quantile=\"0.99\"") >= 0);
	assert_true(value(reg, "schoolpoort_pupils", NULL) == 5);
	assert_true(value(reg, "schoolpoort_gate_online", "gate=\"gate-1\"") == 1);
	no_pupil_in(gate);
	no_pupil_in(reg);
	free(gate);
	free(reg);
}

/* Whole or not at all, in place of the one before, and nothing beside it. */
static void figures_in_a_file(struct stage *s)
{
	char folder[600], path[700];
	struct stat before, after;
	char why[PROMTEXT_REASON_MAX];

	(void)snprintf(folder, sizeof(folder), "%s", stage_path(s, "textfile"));
	(void)snprintf(path, sizeof(path), "%s/gate-1.prom", folder);
	struct ran r = ctl(s, "gate-1", ARGS("metrics", "--out", path));
	assert_int_equal(r.status, 1); /* no such folder */
	assert_true(ran_is_line(r.err, "schoolpoortctl: "));
	ran_finish(&r);
	assert_int_equal(mkdir(folder, 0755), 0);
	ran_write(path, "old", 3);
	assert_int_equal(stat(path, &before), 0);
	r = ctl(s, "gate-1", ARGS("metrics", "--out", path));
	assert_int_equal(r.status, 0);
	assert_string_equal(r.out, "");
	ran_finish(&r);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_mode & 0777, 0644);
	assert_int_equal(ran_entries(folder), 1);
	char *text = ran_read(path);
	assert_int_equal(promtext_check(text, why), 0);
	free(text);
}

/* The newest retained state says each thing that its schema has a field for: IT reads nothing else. */
static void state_says_all(struct stage *s, const char *topic_end, const char *schema)
{
	char path[300];
	const char *key;
	json_t *value;
	long at = -1, next = 0;

	while ((next = stage_find(s, (size_t)(at + 1), topic_end, NULL)) >= 0)
		at = next;
	assert_true(at >= 0 && stage_message(s, (size_t)at)->retained);
	(void)snprintf(path, sizeof(path), TEST_SOURCE_DIR "/broker-config/contract/schema/%s.json",
		schema);
	json_t *wanted = json_load_file(path, 0, NULL);
	json_t *said = json_loads(stage_message(s, (size_t)at)->payload, 0, NULL);
	assert_non_null(wanted);
	assert_non_null(said);
	json_object_foreach(
		json_object_get(wanted, "properties"), key, value) if (!json_object_get(said, key))
		fail_msg("%s doesn't say %s", topic_end, key);
	json_decref(wanted);
	json_decref(said);
}

static void program_away_or_hung(struct stage *s, struct gate *g)
{
	char *text;

	assert_int_equal(kill(stage_pid(g->kiosk), SIGSTOP), 0);
	expect(s, "gate-1", 1, "program", "bad", "no answer in time",
		"journalctl -u schoolpoort-kiosk");
	assert_int_equal(kill(stage_pid(g->kiosk), SIGCONT), 0);
	gate_stop(s, g);
	expect(s, "gate-1", 1, "program", "bad", "nobody answers there", "systemctl start");
	expect(s, "gate-1", 1, "reader", "unknown", NULL, NULL);
	expect(s, "gate-1", 1, "state-folder", "ok", NULL, NULL);
	text = metrics(s, "gate-1");
	assert_true(value(text, "schoolpoort_up", NULL) == 0);
	free(text);
}

static void a_unit_that_is_well_and_then_is_not(void **state)
{
	struct stage *s = stage_open();

	(void)state;
	close_key(s);
	stage_clock(s, "2026-11-23T08:10:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", ARGS("clock.trust = always"));
	struct gate g = gate_start(s, "gate-1", NULL, NULL);
	static struct beat beat;
	beat_start(&beat, g.reader);
	gate_wait_cards(s, "gate-1", 5);
	struct wire_view result = gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_PRESENT);
	present(s, &g, &result);
	/* Nothing new is shown from then on. */
	size_t at = stage_wait_view(s, g.views, 0, WIRE_VIEW_RESULT, WIRE_RESULT_PRESENT);
	(void)stage_wait_view(s, g.views, at, WIRE_VIEW_IDLE, WIRE_RESULT_NONE);
	stage_until(s, drained, NULL, "the tap's delivery");
	stage_until(s, is_well, &g, "a gate in which nothing is bad");
	expect(s, "gate-1", ANY, "reader", "ok", NULL, NULL);
	expect(s, "gate-1", ANY, "rehearsal", "note", NULL, "--clock");
	stage_until(s, gate_is_online, &g, "the gate at the register");
	trust_clock(s, "register");
	expect(s, "register", 0, "gates", "ok", "1, all well", NULL);
	expect(s, "register", 0, "lists", "ok", "5 pupils", NULL);
	figures(s);
	figures_in_a_file(s);
	atomic_store(&beat.says, READER_GONE);
	(void)stage_wait_message(s, 0, "gate/gate-1/state", "port_gone");
	state_says_all(s, "gate/gate-1/state", "gate-state");
	state_says_all(s, "register/state", "register-state");
	expect(s, "gate-1", 1, "reader", "bad", "fault: port_gone", "journalctl");
	/* As people read it: a line each, with the remedy. */
	struct ran r = ctl(s, "gate-1", ARGS("doctor"));
	assert_int_equal(r.status, 1);
	assert_non_null(strstr(
		r.out, "\nBAD      reader             fault: port_gone -> the checks below"));
	assert_non_null(strstr(r.out, "\nok       broker             127.0.0.1, connected\n"));
	ran_finish(&r);
	beat_end(&beat);
	program_away_or_hung(s, &g);
	stage_stop(s, reg);
	stage_validate(s);
	stage_close(s);
}

static void a_configuration_that_is_refused(void **state)
{
	struct stage *s = stage_open();

	(void)state;
	stage_unit(s, "gate-1", ARGS("kiosk.repeat_s = soon"));
	expect(s, "gate-1", 1, "configuration", "bad", "kiosk.repeat_s: ", "--print-config");
	struct ran r = ctl(s, "gate-1", ARGS("doctor", "twice"));
	assert_int_equal(r.status, 2);
	ran_finish(&r);
	r = ctl(s, "gate-1", ARGS("metrics", "--to", "x"));
	assert_int_equal(r.status, 2);
	ran_finish(&r);
	stage_close(s);
}

static bool code_is_known(struct stage *s, void *ctx)
{
	struct ran r = ctl(s, "gate-1", ARGS("doctor"));
	bool known = strstr(r.out, ctx) != NULL;

	ran_finish(&r);
	return known;
}

static void write_text(struct stage *s, const char *name, const char *text)
{
	ran_write(stage_path(s, "%s", name), text, strlen(text));
}

static struct gate start_with_password(struct stage *s, char *lines, size_t size, const char *word)
{
	(void)snprintf(lines, size, "password_file %s/passwords\nacl_file %s/acl\n", stage_dir(s),
		stage_dir(s));
	write_text(s, "passwords", "");
	write_text(s, "word", word);
	write_text(s, "acl",
		"topic readwrite #\nuser gate-1\ntopic write " ROOT
		"gate/gate-1/state\ntopic read " ROOT "gate/gate-1/confirm\ntopic read " ROOT
		"gates/#\n");
	struct stage_program *p = stage_start(s, "mosquitto_passwd", NULL,
		ARGS("-b", stage_path(s, "passwords"), "gate-1", "secret"), NULL);
	assert_int_equal(stage_wait_exit(s, p), 0);
	stage_forget(s, p);
	stage_broker_lines(s, lines);
	stage_broker_start(s, true);
	char file[600];
	(void)snprintf(file, sizeof(file), "broker.password_file = %s/word", stage_dir(s));
	stage_unit(s, "gate-1", ARGS("broker.username = gate-1", file));
	return gate_start(s, "gate-1", NULL, NULL);
}

static void m4_doctor_names_the_code(void **state)
{
	static char lines[2000];
	struct stage *s = stage_open();

	(void)state;
	struct gate g = start_with_password(s, lines, sizeof(lines), "wrong\n");
	stage_until(s, code_is_known, (char[]){ "CONNACK 135" }, "the code in doctor");
	expect(s, "gate-1", 1, "broker", "bad", "CONNACK 135", "broker.password_file");
	write_text(s, "word", "secret\n");
	stage_wait_log(s, g.kiosk, "broker_up");
	expect(s, "gate-1", 1, "broker", "ok", NULL, NULL);
	gate_stop(s, &g);
	stage_close(s);
}

static void m7_doctor_names_the_topic(void **state)
{
	static char lines[2000];
	struct stage *s = stage_open();

	(void)state;
	struct gate g = start_with_password(s, lines, sizeof(lines), "secret\n");
	stage_wait_log(s, g.kiosk, "broker_up");
	(void)gate_tap(s, &g, CARD_NOOR, WIRE_RESULT_UNKNOWN_CARD);
	stage_wait_log(s, g.kiosk, "publish_refused topic=gate/checkin code=135");
	expect(s, "gate-1", 1, "broker-rights", "bad", "gate/checkin (135)", "topics.md");
	expect(s, "gate-1", 1, "delivery", "note", "1 taps wait", NULL);
	gate_stop(s, &g);
	stage_close(s);
}

/* What a gate without a screen says of it: missing, unless its configuration says that there is none. */
static void a_gate_without_a_display(void **state)
{
	static const struct {
		const char *line, *state, *status;
	} row[] = {
		{ "screen.display = on", "\"screen\":\"absent\"", "absent" },
		{ "screen.display = off", NULL, "none" },
	};
	struct stage *s = stage_open();

	(void)state;
	stage_broker_start(s, true);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		size_t from = stage_n_messages(s);
		stage_unit(s, "gate-1", ARGS(row[i].line));
		struct stage_program *kiosk =
			stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
		size_t at =
			stage_wait_message(s, from, "gate/gate-1/state", "\"state\":\"online\"");
		const char *said = strstr(stage_message(s, at)->payload, "\"screen\"");
		if (row[i].state ? !said || strncmp(said, row[i].state, strlen(row[i].state)) != 0
				 : said != NULL)
			fail_msg("%s: %s", row[i].line, stage_message(s, at)->payload);
		struct wire_node *status = school_ctl_json(s, "gate-1", ARGS("status"));
		assert_string_equal(wire_node_get_text(status, "screen"), row[i].status);
		wire_node_destroy(status);
		/* One that draws all the same is told. */
		struct stage_client *screen =
			stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
		(void)stage_wait_message(s, at, "gate/gate-1/state", "\"screen\":\"ok\"");
		stage_disconnect(s, screen);
		stage_stop(s, kiosk);
	}
	stage_validate(s);
	stage_close(s);
}

static void may_update(struct stage *s, const char *unit, const char *at, const char *want)
{
	struct ran r = ctl(s, unit, ARGS("--clock", at, "may-update"));

	if (r.status != (strcmp(want, "yes\n") != 0) || strcmp(r.out, want) != 0)
		fail_msg("%s at %s: status %d\n%s%s", unit, at, r.status, r.out, r.err);
	ran_finish(&r);
}

/* By day a unit updates itself where it was off at night: not while the afternoon's pupils come. Gate and register say
 * so by the timetable, before the first of them has tapped. */
static void p7_not_while_pupils_are_expected(void **state)
{
	static const struct {
		const char *at, *want;
	} row[] = {
		{ "2026-11-23T12:00:00+01:00", "yes\n" },
		{ "2026-11-23T12:30:00+01:00", "no: pupils are expected now, by the timetable\n" },
		{ "2026-11-23T13:40:00+01:00", "yes\n" },
	};
	struct stage *s = stage_open();

	(void)state;
	stage_broker_start(s, true);
	stage_unit(s, "gate-1", ARGS("clock.trust = always"));
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		stage_clock(s, row[i].at);
		struct stage_program *reg =
			i ? stage_start(s, "schoolpoort-register", "register", NULL, NULL)
			  : school_register(s, "gate-1");
		struct gate g = gate_start(s, "gate-1", NULL, NULL);
		gate_wait_cards(s, "gate-1", 5);
		school_wait_status(s, "register", "pupils", 5);
		may_update(s, "gate-1", row[i].at, row[i].want);
		may_update(s, "register", row[i].at, row[i].want);
		gate_stop(s, &g);
		stage_stop(s, reg);
	}
	/* One that doesn't run may need the update. */
	may_update(s, "gate-1", row[1].at, "yes\n");
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_that_is_well_and_then_is_not),
		cmocka_unit_test(a_configuration_that_is_refused),
		cmocka_unit_test(m4_doctor_names_the_code),
		cmocka_unit_test(m7_doctor_names_the_topic),
		cmocka_unit_test(a_gate_without_a_display),
		cmocka_unit_test(p7_not_while_pupils_are_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
