/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The desk and the care team over a real broker: forgotten, unknown, lost and borrowed cards, commands sent
 * twice or too late, enrolment by the next tap. Readers are clients of the socket, all else is real.
 */
#include "e2e/school.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#define MORNING "2026-11-23-am-p"
#define JAN "0000012399" /* 3A, beside the sample; he never taps */
#define CARD_NEW "0411aa22bb33cc"
#define CARD_SPARE "0455667788990a"
#define CARD_ENROLLED "04c0ffee001122"

struct gate {
	const char *unit;
	struct stage_program *kiosk;
	struct stage_client *reader, *views;
};

static void start_gate(struct stage *s, const char *unit, struct gate *g)
{
	g->unit = unit;
	g->kiosk = stage_start(s, "schoolpoort-kiosk", unit, NULL, NULL);
	g->reader = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	g->views = stage_connect(s, unit, "kiosk.sock", WIRE_ROLE_SCREEN);
}

static void stop_gate(struct stage *s, struct gate *g)
{
	stage_disconnect(s, g->reader);
	stage_disconnect(s, g->views);
	stage_stop(s, g->kiosk);
}

struct desk {
	struct stage *s;
	struct stage_program *reg;
	struct gate one, two;
	char stray[33]; /* a card that was tapped on Monday, and was nobody's */
};

static void start_all(struct desk *d, const char *time)
{
	stage_clock(d->s, time);
	d->reg = stage_start(d->s, "schoolpoort-register", "register", NULL, NULL);
	start_gate(d->s, "gate-1", &d->one);
	start_gate(d->s, "gate-2", &d->two);
}

static void stop_all(struct desk *d)
{
	stop_gate(d->s, &d->one);
	stop_gate(d->s, &d->two);
	stage_stop(d->s, d->reg);
}

static void tap(struct stage *s, struct gate *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);

	stage_tap(s, g->reader, uid);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, want);
}

struct data_wait {
	const char *unit;
	int64_t generation;
};

static bool has_generation(struct stage *s, void *ctx)
{
	const struct data_wait *w = ctx;
	struct wire_node *status =
		school_ctl_json(s, w->unit, (const char *const[]){ "status", NULL });
	int64_t generation = wire_node_get_int(status, "data_generation", -1);

	wire_node_destroy(status);
	return generation >= w->generation;
}

/* Both gates have the data that holds @text, told from @from on. */
static void wait_data(struct desk *d, size_t from, const char *text)
{
	size_t at = stage_wait_message(d->s, from, "gates/data", text);
	const char *payload = stage_message(d->s, at)->payload;
	char reason[WIRE_REASON_MAX];
	struct wire_node *data = wire_node_parse(payload, strlen(payload), reason);
	struct data_wait w = { "gate-1", wire_node_get_int(data, "generation", -1) };

	wire_node_destroy(data);
	stage_until(d->s, has_generation, &w, "gates/data at gate-1");
	w.unit = "gate-2";
	stage_until(d->s, has_generation, &w, "gates/data at gate-2");
}

/* Ask as @user, wait for the reply. @n: makes the request's id. Return: the reply, borrowed. */
static const char *ask(struct stage *s, const char *user, int n, const char *rest)
{
	char topic[100], text[600], end[60], id[40];
	size_t from = stage_n_messages(s);

	(void)snprintf(topic, sizeof(topic), "schoolpoort/sint-jan/care/command/%s", user);
	(void)snprintf(end, sizeof(end), "care/reply/%s", user);
	(void)snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", n);
	(void)snprintf(text, sizeof(text), "{\"v\":1,\"request\":\"%s\",%s}", id, rest);
	stage_publish(s, topic, text);
	return stage_message(s, stage_wait_message(s, from, end, id))->payload;
}

#define ASSERT_SAYS(payload, text)                                                                 \
	do {                                                                                       \
		if (!strstr(payload, text))                                                        \
			fail_msg("no %s in %s", text, payload);                                    \
	} while (0)

/* The hash of the unknown card whose alert came last. */
static void unknown_hash(struct stage *s, size_t from, char ret_hash[33], char ret_alert[40])
{
	size_t at = stage_wait_message(s, from, "care/event", "\"kind\":\"unknown_card\"");
	char reason[WIRE_REASON_MAX];
	const char *payload = stage_message(s, at)->payload;
	struct wire_node *alert = wire_node_parse(payload, strlen(payload), reason);

	(void)snprintf(ret_hash, 33, "%s", wire_node_get_text(alert, "card"));
	(void)snprintf(ret_alert, 40, "%s", wire_node_get_text(alert, "id"));
	wire_node_destroy(alert);
}

static char mark_of(struct stage *s, const char *pupil, const char *date)
{
	struct wire_node *shown = school_ctl_json(
		s, "register", (const char *const[]){ "pupil", "show", pupil, NULL });
	const struct wire_node *halves = wire_node_get_node(shown, "half_days");
	char mark = '.';

	for (size_t i = 0; i < wire_node_count(halves); i++) {
		const struct wire_node *h = wire_node_at(halves, i);
		if (!strcmp(wire_node_get_text(h, "date"), date) &&
			!strcmp(wire_node_get_text(h, "half"), "am"))
			mark = wire_node_get_text(h, "mark")[0];
	}
	wire_node_destroy(shown);
	return mark;
}

/* ---- the day ---- */

static void import_jan(struct stage *s)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/jan.csv", stage_dir(s));
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(f, "pupil_id;last_name;first_name;class\n" JAN ";Claes;Jan;3A\n");
	assert_int_equal(fclose(f), 0);
	free(school_ctl(s, "register", (const char *const[]){ "import", "pupils", path, NULL }));
}

static void open_school(struct desk *d)
{
	d->s = stage_open();
	stage_clock(d->s, "2026-11-23T08:20:00+01:00");
	stage_broker_start(d->s, true);
	d->reg = school_register(d->s, "gate-1,gate-2");
	import_jan(d->s);
	/* A clock that is set on between two programs leaves seconds between two days' taps. */
	stage_unit(d->s, "gate-1", (const char *const[]){ "kiosk.repeat_s = 0", NULL });
	stage_unit(d->s, "gate-2", (const char *const[]){ "kiosk.repeat_s = 0", NULL });
	start_gate(d->s, "gate-1", &d->one);
	start_gate(d->s, "gate-2", &d->two);
	wait_data(d, 0, AN);
}

static void forgotten_card(struct desk *d)
{
	struct stage *s = d->s;
	size_t alert = stage_wait_message(s, 0, "care/alert/" MORNING YASSINE, "\"absent\"");
	const char *reply = ask(s, "ann", 1,
		"\"command\":\"mark_present\",\"pupil\":\"" YASSINE "\",\"half\":\"am\"");

	ASSERT_SAYS(reply, "\"ok\":true");
	ASSERT_SAYS(reply, "\"alert\":\"" MORNING YASSINE "\"");
	ASSERT_SAYS(reply, "\"revision\":2");
	const char *event =
		stage_message(s, stage_wait_message(s, alert, "care/event", "\"retracted\""))
			->payload;
	ASSERT_SAYS(event, "\"what\":\"was_present\"");
	ASSERT_SAYS(event, "\"by\":\"ann\"");
	assert_int_equal(mark_of(s, YASSINE, "2026-11-23"), '|');
	/* Told twice, done once, answered alike. */
	size_t events = stage_count(s, "care/event", NULL);
	char before[400];
	(void)snprintf(before, sizeof(before), "%s", reply);
	reply = ask(s, "ann", 1,
		"\"command\":\"mark_present\",\"pupil\":\"" YASSINE "\",\"half\":\"am\"");
	assert_string_equal(reply, before);
	assert_int_equal(stage_count(s, "care/event", NULL), events);
}

static void quicker_colleague(struct desk *d)
{
	struct stage *s = d->s;

	(void)stage_wait_message(s, 0, "care/alert/" MORNING NOOR, "\"absent\"");
	ASSERT_SAYS(ask(s, "bob", 2,
			    "\"command\":\"acknowledge\",\"alert\":\"" MORNING NOOR
			    "\",\"if_revision\":1"),
		"\"revision\":2");
	const char *reply = ask(s, "ann", 3,
		"\"command\":\"resolve\",\"alert\":\"" MORNING NOOR
		"\",\"what\":\"reached\",\"if_revision\":1");
	ASSERT_SAYS(reply, "\"ok\":false");
	ASSERT_SAYS(reply, "\"error\":\"stale\"");
	ASSERT_SAYS(reply, "\"revision\":2");
	ASSERT_SAYS(ask(s, "ann", 4, "\"command\":\"acknowledge\",\"alert\":\"2026-11-23-am-p1\""),
		"\"error\":\"not_found\"");
	ASSERT_SAYS(ask(s, "ann", 5, "\"command\":\"resolve\""), "\"error\":\"invalid\"");
}

/* Two at once: one has it, the other is shown who. Given back by who had it alone. */
static void both_at_once(struct desk *d)
{
	struct stage *s = d->s;
	static const char topic[] = "schoolpoort/sint-jan/care/command/%s";
	static const char text[] =
		"{\"v\":1,\"request\":\"00000000-0000-4000-8000-%012d\","
		"\"command\":\"acknowledge\",\"alert\":\"" MORNING NOOR "\",\"if_revision\":3}";
	char to[100], what[300];
	size_t from = stage_n_messages(s);

	const char *reply =
		ask(s, "ann", 20, "\"command\":\"release\",\"alert\":\"" MORNING NOOR "\"");
	ASSERT_SAYS(reply, "\"error\":\"not_allowed\"");
	ASSERT_SAYS(reply, "\"now\":{\"state\":\"acknowledged\"");
	ASSERT_SAYS(reply, "\"by\":\"bob\"");
	ASSERT_SAYS(
		ask(s, "bob", 21,
			"\"command\":\"release\",\"alert\":\"" MORNING NOOR "\",\"if_revision\":2"),
		"\"revision\":3");
	(void)stage_wait_message(s, from, "care/alert/" MORNING NOOR, "\"state\":\"open\"");
	from = stage_n_messages(s);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(to, sizeof(to), topic, i ? "bob" : "ann");
		(void)snprintf(what, sizeof(what), text, 22 + i);
		stage_publish(s, to, what);
	}
	const char *ann =
		stage_message(s, stage_wait_message(s, from, "care/reply/ann", "22"))->payload;
	const char *bob =
		stage_message(s, stage_wait_message(s, from, "care/reply/bob", "23"))->payload;
	bool first = strstr(ann, "\"ok\":true") != NULL;
	ASSERT_SAYS(first ? bob : ann, "\"error\":\"stale\"");
	ASSERT_SAYS(first ? bob : ann, first ? "\"by\":\"ann\"" : "\"by\":\"bob\"");
	ASSERT_SAYS(first ? ann : bob, "\"revision\":4");
	ASSERT_SAYS(ask(s, "ann", 24, "\"command\":\"history\",\"alert\":\"" MORNING NOOR "\""),
		"\"did\":\"release\"");
}

/* Linked to the wrong pupil, and taken back: unknown again, and Marie's morning is as it was. */
static void wrong_pupil(struct desk *d, const char *alert, const char *hash)
{
	struct stage *s = d->s;
	char text[200];
	char before = mark_of(s, MARIE, "2026-11-23");
	size_t from = stage_n_messages(s);

	(void)snprintf(text, sizeof(text),
		"\"command\":\"link_card\",\"alert\":\"%s\",\"pupil\":\"" MARIE "\"", alert);
	ASSERT_SAYS(ask(s, "ann", 25, text), hash);
	assert_int_equal(mark_of(s, MARIE, "2026-11-23"), '|');
	(void)snprintf(text, sizeof(text),
		"\"command\":\"unlink_card\",\"card\":\"%s\",\"pupil\":\"" MARIE "\"", hash);
	const char *reply = ask(s, "ann", 26, text);
	ASSERT_SAYS(reply, "\"ok\":true");
	ASSERT_SAYS(reply, alert);
	assert_int_equal(mark_of(s, MARIE, "2026-11-23"), before);
	(void)stage_wait_message(s, from, alert, "\"revision\":3");
	/* Sent twice it is done once. */
	char once[400];
	(void)snprintf(once, sizeof(once), "%s", reply);
	assert_string_equal(ask(s, "ann", 26, text), once);
}

/* Noor tapped a card of hers in time that nobody knew: linked, it takes her absence back. */
static void linked_card(struct desk *d, const char *alert, const char *hash)
{
	struct stage *s = d->s;
	char text[200];
	size_t from = stage_n_messages(s);

	(void)snprintf(text, sizeof(text),
		"\"command\":\"link_card\",\"alert\":\"%s\",\"pupil\":\"" NOOR "\"", alert);
	ASSERT_SAYS(ask(s, "ann", 6, text), "\"ok\":true");
	const char *event =
		stage_message(s, stage_wait_message(s, from, "care/event", "\"card_linked\""))
			->payload;
	ASSERT_SAYS(event, alert);
	ASSERT_SAYS(event, "\"by\":\"ann\"");
	event = stage_message(s, stage_wait_message(s, from, "care/event", MORNING NOOR))->payload;
	ASSERT_SAYS(event, "\"state\":\"retracted\"");
	ASSERT_SAYS(event, "\"arrived_at\":\"2026-11-23T08:2");
	assert_int_equal(mark_of(s, NOOR, "2026-11-23"), '|');
	wait_data(d, from, hash);
	tap(s, &d->two, CARD_NEW, WIRE_RESULT_ALREADY);
}

static void lost_card(struct desk *d)
{
	size_t from = stage_n_messages(d->s);

	char text[200];
	const char *reply =
		ask(d->s, "bob", 7, "\"command\":\"block_card\",\"pupil\":\"" MARIE "\"");
	ASSERT_SAYS(reply, "\"ok\":true");
	/* In a pocket after all; and lost again. */
	const char *hash = strstr(reply, "\"card\":\"");
	assert_non_null(hash);
	(void)snprintf(text, sizeof(text), "\"command\":\"unblock_card\",%.41s", hash);
	ASSERT_SAYS(ask(d->s, "bob", 27, text), "\"blocked\":false");
	from = stage_n_messages(d->s);
	(void)snprintf(text, sizeof(text), "\"command\":\"block_card\",%.41s", hash);
	ASSERT_SAYS(ask(d->s, "bob", 28, text), "\"blocked\":true");
	wait_data(d, from, "\"blocked\":true");
	tap(d->s, &d->one, CARD_MARIE, WIRE_RESULT_BLOCKED_CARD);
	tap(d->s, &d->two, CARD_MARIE, WIRE_RESULT_BLOCKED_CARD);
}

static void day_card(struct desk *d)
{
	struct stage *s = d->s;
	char text[200], hash[33], alert[40];
	size_t from = stage_n_messages(s);

	tap(s, &d->one, CARD_SPARE, WIRE_RESULT_UNKNOWN_CARD);
	unknown_hash(s, from, hash, alert);
	from = stage_n_messages(s);
	(void)snprintf(text, sizeof(text),
		"\"command\":\"day_card\",\"card\":\"%s\",\"pupil\":\"" AN "\"", hash);
	ASSERT_SAYS(ask(s, "ann", 8, text), "\"ok\":true");
	wait_data(d, from, hash);
	tap(s, &d->two, CARD_SPARE, WIRE_RESULT_ALREADY); /* her tap of before counts */
	assert_int_equal(mark_of(s, AN, "2026-11-23"), '|');
}

static bool has_answer(struct stage *s, void *ctx)
{
	(void)s;
	return strstr(stage_last_text(ctx), "\"type\":\"response\"") != NULL;
}

static void enrolment(struct desk *d)
{
	struct stage *s = d->s;
	struct stage_client *c = stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL);
	size_t from = stage_n_messages(s);
	int status;

	stage_send_text(s, c,
		"{\"v\":1,\"type\":\"request\",\"id\":5,\"command\":\"enrol\",\"pupil\":\"" MARIE
		"\",\"gate\":\"gate-2\"}");
	/* One at a time; another gate's tap is not meant. */
	char *said =
		stage_ctl(s, "register", (const char *const[]){ "enrol", NOOR, NULL }, &status);
	assert_int_equal(status, 1);
	ASSERT_SAYS(said, "another card is waited for");
	free(said);
	tap(s, &d->one, "04010203040506", WIRE_RESULT_UNKNOWN_CARD);
	char alert[40];
	(void)stage_wait_message(s, from, "care/event", "\"gate-1\"");
	unknown_hash(s, from, d->stray, alert);
	assert_false(has_answer(s, c));
	tap(s, &d->two, "08aabbcc", WIRE_RESULT_REFUSED_CARD); /* a phone never gets there */
	tap(s, &d->two, CARD_ENROLLED, WIRE_RESULT_UNKNOWN_CARD);
	stage_until(s, has_answer, c, "the card to be enrolled");
	ASSERT_SAYS(stage_last_text(c), "\"id\":5");
	ASSERT_SAYS(stage_last_text(c), "\"result\":\"added\"");
	ASSERT_SAYS(stage_last_text(c), "\"gate\":\"gate-2\"");
	stage_disconnect(s, c);
	assert_int_equal(mark_of(s, MARIE, "2026-11-23"), '|'); /* the tap was hers */
	wait_data(d, from, "0000012348");
	tap(s, &d->one, CARD_ENROLLED, WIRE_RESULT_ALREADY);
	/* Nobody comes: said so, with what can't work. */
	c = stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL);
	stage_send_text(s, c,
		"{\"v\":1,\"type\":\"request\",\"id\":6,\"command\":\"enrol\",\"pupil\":\"" NOOR
		"\",\"wait_s\":1}");
	stage_until(s, has_answer, c, "the enrolment to end");
	ASSERT_SAYS(stage_last_text(c), "\"error\":\"refused\"");
	ASSERT_SAYS(stage_last_text(c), "phones");
	stage_disconnect(s, c);
}

static void next_morning(struct desk *d)
{
	struct stage *s = d->s;

	stop_all(d);
	start_all(d, "2026-11-24T08:00:00+01:00");
	tap(s, &d->one, CARD_SPARE, WIRE_RESULT_UNKNOWN_CARD); /* it was a day's */
	tap(s, &d->one, CARD_NEW, WIRE_RESULT_PRESENT);
	tap(s, &d->two, CARD_MARIE, WIRE_RESULT_BLOCKED_CARD);
	school_wait_status(s, "gate-1", "queue", 0);
	/* What people said is still so, and who said it can be seen. */
	assert_int_equal(mark_of(s, YASSINE, "2026-11-23"), '|');
	assert_int_equal(mark_of(s, AN, "2026-11-23"), '|');
	ASSERT_SAYS(ask(s, "ann", 9,
			    "\"command\":\"set_code\",\"pupil\":\"" ELIF
			    "\",\"date\":\"2026-11-23\",\"half\":\"am\",\"code\":\"Z\""),
		"\"ok\":true");
	char *said =
		school_ctl(s, "register", (const char *const[]){ "pupil", "show", YASSINE, NULL });
	ASSERT_SAYS(said, "ann  mark_present  2026-11-23 am");
	free(said);
	said = school_ctl(s, "register", (const char *const[]){ "pupil", "show", ELIF, NULL });
	ASSERT_SAYS(said, "ann  set_code  2026-11-23 am\n");
	free(said);
}

/* Jan was absent on Monday. On Tuesday Monday's stray card is linked to him, by mistake: late, and then absent again. */
static void hindsight(struct desk *d)
{
	struct stage *s = d->s;
	char text[200];

	assert_int_equal(mark_of(s, JAN, "2026-11-23"), '-');
	(void)snprintf(text, sizeof(text),
		"\"command\":\"link_card\",\"card\":\"%s\",\"pupil\":\"" JAN "\"", d->stray);
	ASSERT_SAYS(ask(s, "ann", 30, text), d->stray);
	assert_int_equal(mark_of(s, JAN, "2026-11-23"), 'L');
	(void)snprintf(text, sizeof(text),
		"\"command\":\"unlink_card\",\"card\":\"%s\",\"pupil\":\"" JAN "\"", d->stray);
	ASSERT_SAYS(ask(s, "ann", 31, text), "\"ok\":true");
	assert_int_equal(mark_of(s, JAN, "2026-11-23"), '-');
	/* His year says it too, with who did what. */
	const char *year = ask(s, "bob", 32, "\"command\":\"pupil\",\"pupil\":\"" JAN "\"");
	ASSERT_SAYS(year,
		"{\"date\":\"2026-11-23\",\"half\":\"am\",\"mark\":\"-\",\"unconfirmed\":true}");
	ASSERT_SAYS(year, "\"did\":\"link_card\",\"card\":\"");
	ASSERT_SAYS(year, "\"did\":\"unlink_card\",\"card\":\"");
	ASSERT_SAYS(year, "\"id\":\"" MORNING JAN "\"");
	assert_null(strstr(year, "\"cards\""));
}

static void test_desk(void **state)
{
	(void)state;
	struct desk d = { 0 };
	char hash[33], alert[40];

	open_school(&d);
	tap(d.s, &d.one, CARD_NEW, WIRE_RESULT_UNKNOWN_CARD);
	unknown_hash(d.s, 0, hash, alert);
	school_wait_status(d.s, "gate-1", "queue", 0);
	stop_all(&d);
	start_all(&d, "2026-11-23T08:50:00+01:00");
	forgotten_card(&d);
	quicker_colleague(&d);
	both_at_once(&d);
	wrong_pupil(&d, alert, hash);
	linked_card(&d, alert, hash);
	day_card(&d);
	lost_card(&d);
	enrolment(&d);
	next_morning(&d);
	hindsight(&d);
	/* A code goes up and never down. */
	for (size_t i = 0; i < stage_n_messages(d.s); i++)
		if (!strstr(stage_message(d.s, i)->topic, "care/command/") &&
			strstr(stage_message(d.s, i)->payload, "\"code\""))
			fail_msg("a code on %s", stage_message(d.s, i)->topic);
	stage_validate(d.s);
	stop_all(&d);
	stage_close(d.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_desk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
