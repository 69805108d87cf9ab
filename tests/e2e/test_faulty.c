/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * M9: whole gates and a register, every connection to the broker through a proxy that cuts it at random bytes.
 *
 * test_faulty [CHECKINS [GATES [SEED]]]. An eighth of the check-ins stands in each gate's database before it starts, some of
 * them with a corrected time under a higher revision; the others are taps at the socket. At the end both sides' databases
 * must hold the same ids, each once, without a gap in the numbers. Source: faults.md M9; contract, topics.md "Delivery".
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "e2e/school.h"
#include "proxy/fault.h"
#include "store/kiosk_store.h"
#include "unit/unit.h"

#define GATES_MAX 4
#define STUCK_MS                                                                                   \
	120000 /* nothing at all was stored for so long: longer than any wait of the link */
#define WEATHERS 6 /* each for its share of the run */
#define PUPILS                                                                                     \
	500 /* beside the sample's five; more than fit into a socket, so that no card is a repeat there */
#define FIRST_PUPIL 20000
#define STRANGERS 20 /* cards that nobody knows, at each gate */
#define CARD_FORMAT "0455aa%08lx"
#define REVISED_EVERY 10 /* of what is in a database before it starts */

static long n_checkins = 2000, n_gates = 2;
static uint64_t seed = 20261123;

struct gate {
	char unit[16];
	struct stage_program *kiosk;
	struct stage_client *reader;
	long tapped, to_tap;
	int64_t numbers; /* rows of its database at the end */
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* ---- more pupils than the sample has ---- */

static void import(struct stage *s, const char *what, const char *head, const char *row, long from)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "%s.csv", what));
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	(void)fprintf(f, "%s\n", head);
	for (long i = 0; i < PUPILS; i++) {
		if (from)
			(void)fprintf(f, "%ld;Invented %ld;%s\n", from + i, i, row);
		else
			(void)fprintf(f, CARD_FORMAT ";%ld;;\n", i, FIRST_PUPIL + i);
	}
	assert_int_equal(fclose(f), 0);
	free(school_ctl(s, "register", (const char *const[]){ "import", what, path, NULL }));
}

static void import_pupils(struct stage *s)
{
	import(s, "pupils", "pupil_id;last_name;first_name;class;language", "Pupil;3A;nl",
		FIRST_PUPIL);
	import(s, "cards", "uid;pupil_id;from;to", "", 0);
}

/* ---- what stands in a gate's database before it starts ---- */

static struct uuid a_uuid(int gate, long n, int kind)
{
	uint8_t bytes[UUID_BYTES] = { (uint8_t)gate, (uint8_t)kind };

	memcpy(bytes + UUID_BYTES - 4, &(uint32_t){ (uint32_t)n }, 4);
	return uuid_from_random(bytes);
}

static struct checkin backlog_row(int gate, long n)
{
	struct checkin c = {
		.id = a_uuid(gate, n, 1),
		.revision = 1,
		.result = CHECKIN_PRESENT,
		.at_ms = INT64_C(1795410000000) + n * 250, /* 2026-11-23 06:00 and on */
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = -1,
		.boot = a_uuid(gate, 0, 2),
		.boot_ms = 1000 + n * 250,
		.pupil = FIRST_PUPIL + n % PUPILS,
		.date = { 2026, 11, 23 },
		.half = HALFDAY_AM,
		.source = CHECKIN_SOURCE_CARD,
	};

	return c;
}

static long fill(struct stage *s, int gate, const char *unit, long n)
{
	struct kiosk_store *store = NULL;
	const char *path = stage_path(s, "%s-state/" KIOSK_STORE_FILE, unit);
	long rows = 0;

	assert_int_equal(kiosk_store_open(path, true, a_uuid(gate, 0, 4), &store), 0);
	for (long i = 0; i < n; i++) {
		struct checkin both[2] = { backlog_row(gate, i), backlog_row(gate, i) };
		size_t n_both = i % REVISED_EVERY == 0 ? 2 : 1;
		if (n_both == 2) {
			both[0].clock = CHECKIN_CLOCK_UNKNOWN;
			both[0].result = CHECKIN_UNJUDGED;
			both[0].at_ms -= 3600000;
			both[1].revision = 2;
		}
		/* One transaction for both would do; a correction comes later in life. */
		for (size_t b = 0; b < n_both; b++, rows++)
			assert_int_equal(kiosk_store_add(store, &both[b], 1), 0);
	}
	kiosk_store_close(store);
	return rows;
}

/* ---- taps ---- */

static bool tap_one(struct gate *g)
{
	char text[200];
	struct timespec t;

	if (g->tapped % 100 == 0 &&
		!stage_try_text(g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}"))
		return false;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	long card = g->tapped % (n_checkins / STRANGERS) ? g->tapped % PUPILS : PUPILS + g->tapped;
	(void)snprintf(text, sizeof(text),
		"{\"v\":1,\"type\":\"card\",\"uid\":\"" CARD_FORMAT
		"\",\"sak\":32,\"atqa\":\"0344\",\"seen_us\":%lld}",
		card, t.tv_sec * 1000000LL + t.tv_nsec / 1000);
	if (!stage_try_text(g->reader, text))
		return false;
	g->tapped++;
	return true;
}

/* ---- the weather ---- */

/* A connection lives for up to so many bytes. Each end costs up to 30 s of back-off, so a long run has longer ones. */
static long cut_bytes(void)
{
	return n_checkins < 10000 ? 1200000 : 12 * n_checkins;
}

static void change_weather(struct fault *f, int turn)
{
	static const char *const lines[][3] = {
		{ "* hold 700", "* pieces both 1400", "* latency both 0" },
		{ "* latency up 30", "* latency down 20", "* pieces both 300" },
		{ "gate-1 drop rst", "* latency both 0", "* pieces both 0" },
		{ "register drop fin", "register refuse 300", "* latency down 40" },
		{ "gate-2 drop fin", "gate-1 refuse 200", "* latency down 5" },
		{ "* pieces both 700", "* latency down 0", "* latency up 10" },
	};

	fault_tell(f, "* cut any 0 %ld any", cut_bytes());
	for (size_t i = 0; i < 3; i++)
		fault_tell(f, "%s", lines[(size_t)turn % ARRAY_LEN(lines)][i]);
}

/* ---- what the register has ---- */

/* @gate: stands where the query has ?1. */
static int64_t ask(const char *path, const char *attach, const char *gate, const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	char sql[700];

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
	if (attach) {
		(void)snprintf(sql, sizeof(sql), "ATTACH 'file:%s?mode=ro' AS gate", attach);
		if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	}
	if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", query, sqlite3_errmsg(db));
	if (gate)
		assert_int_equal(
			sqlite3_bind_text(statement, 1, gate, -1, SQLITE_STATIC), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

static int64_t stored(struct stage *s)
{
	return ask(stage_path(s, "register-state/register.db"), NULL, NULL,
		"SELECT coalesce(sum(through), 0) FROM log");
}

/* Same ids, same revisions, each once, under the same numbers without a gap. */
static void compare(struct stage *s, struct gate *g)
{
	char reg[256], path[256];

	(void)snprintf(reg, sizeof(reg), "%s", stage_path(s, "register-state/register.db"));
	(void)snprintf(
		path, sizeof(path), "%s", stage_path(s, "%s-state/" KIOSK_STORE_FILE, g->unit));
	g->numbers = ask(path, NULL, NULL, "SELECT count(*) FROM checkin");
	assert_int_equal(ask(path, NULL, NULL, "SELECT max(seq) FROM checkin"), g->numbers);
	static const char *const nothing[] = {
		/* A number of the gate that the register has for another id, or not at all. */
		"SELECT count(*) FROM gate.checkin AS k WHERE NOT EXISTS (SELECT 1 FROM log CROSS "
		"JOIN number AS n WHERE n.log = log.log AND log.gate = ?1 AND n.seq = k.seq AND "
		"n.checkin = k.id)",
		/* A check-in of the gate that is not there, or under an older revision. */
		"SELECT count(*) FROM (SELECT id, max(revision) AS r FROM gate.checkin GROUP BY "
		"id) AS "
		"k WHERE (SELECT count(*) FROM checkin AS c WHERE c.gate = ?1 AND c.id = k.id AND "
		"c.revision = k.r) <> 1",
		/* One in the register that the gate doesn't have. */
		"SELECT count(*) FROM checkin AS c WHERE c.gate = ?1 AND c.id NOT IN (SELECT id "
		"FROM "
		"gate.checkin)",
		"SELECT count(*) FROM refused WHERE gate = ?1",
		"SELECT count(*) - 1 FROM log WHERE gate = ?1",
	};
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
		int64_t n = ask(reg, path, g->unit, nothing[i]);
		if (n != 0)
			fail_msg("%s: %lld of %s", g->unit, (long long)n, nothing[i]);
	}
	assert_int_equal(
		ask(reg, NULL, g->unit, "SELECT through FROM log WHERE gate = ?1"), g->numbers);
}

/*
 * The last confirm covers the log whole, and to the gate none has ever gone back: the order in which check-ins count.
 * (On the broker a lower one may stand behind a higher one: a check-in that came twice is confirmed by its own number.)
 */
static void check_confirms(struct stage *s, const struct gate *g)
{
	char topic[64];
	long long most = 0;

	(void)snprintf(topic, sizeof(topic), "gate/%s/confirm", g->unit);
	for (long at = -1; (at = stage_find(s, (size_t)(at + 1), topic, NULL)) >= 0;) {
		const char *through = strstr(stage_message(s, (size_t)at)->payload, "\"through\":");
		assert_non_null(through);
		long long n = strtoll(through + strlen("\"through\":"), NULL, 10);
		most = n > most ? n : most;
	}
	assert_int_equal(most, g->numbers);
	assert_false(stage_said(g->kiosk, "register_has"));
}

/* Not wrong, since only numbers without a gap count: how often one came before an older one. */
static int64_t overtook(struct stage *s)
{
	return ask(stage_path(s, "register-state/register.db"), NULL, NULL,
		"SELECT count(*) FROM (SELECT seq, revision, max(seq) OVER (PARTITION BY log ORDER "
		"BY "
		"rowid) AS high FROM checkin) WHERE seq < high AND revision = 1");
}

/* ---- the run ---- */

static void open_gates(struct stage *s, struct fault *f, struct gate *gates, int64_t *ret_rows)
{
	static const char *const no_repeats[] = { "kiosk.repeat_s = 0", NULL };

	for (int i = 0; i < n_gates; i++) {
		struct gate *g = &gates[i];
		long prefilled = n_checkins / n_gates / 4;
		(void)snprintf(g->unit, sizeof(g->unit), "gate-%d", i + 1);
		stage_unit_port(s, fault_port(f, g->unit));
		stage_unit(s, g->unit, no_repeats);
		*ret_rows += fill(s, i, g->unit, prefilled);
		g->to_tap = n_checkins / n_gates - prefilled;
		*ret_rows += g->to_tap;
		g->kiosk = stage_start(s, "schoolpoort-kiosk", g->unit, NULL, NULL);
		g->reader = stage_connect(s, g->unit, "kiosk.sock", WIRE_ROLE_READER);
	}
}

/* As fast as the gates take them. */
static void tap_all(struct stage *s, struct gate *gates)
{
	long total = 0, all = 0;

	for (int i = 0; i < n_gates; i++)
		all += gates[i].to_tap;
	while (total < all) {
		bool any = false;
		for (int i = 0; i < n_gates; i++)
			for (int n = 0; n < 8 && gates[i].tapped < gates[i].to_tap; n++) {
				if (!tap_one(&gates[i]))
					break;
				any = true;
				total++;
			}
		stage_turn(s, any ? 0 : 2);
	}
}

static void wait_delivered(struct stage *s, struct fault *f, int64_t rows)
{
	int64_t have = -1, since = now_ms();
	int weather = 0;

	while (have < rows) {
		int64_t n = stored(s);
		if (n != have)
			since = now_ms();
		have = n;
		if (now_ms() - since > STUCK_MS)
			fail_msg("stuck at %lld of %lld", (long long)have, (long long)rows);
		/* As the register gets on, so that each weather is had. */
		if (have * WEATHERS > (weather + 1) * rows)
			change_weather(f, ++weather);
		stage_turn(s, 50);
	}
}

static void m9_every_checkin_exactly_once_through_the_faulty_proxy(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate gates[GATES_MAX] = { 0 };
	struct fault f;
	const char *links[GATES_MAX + 2] = { 0 };
	static char specs[GATES_MAX + 1][48];
	char names[128] = "";
	int64_t rows = 0;
	bool record = n_checkins <= 5000;

	stage_clock(s, "2026-11-23T07:00:00+01:00");
	for (int i = 0; i <= n_gates; i++) {
		char name[16] = "register";
		if (i < n_gates) {
			(void)snprintf(name, sizeof(name), "gate-%d", i + 1);
			size_t len = strlen(names);
			(void)snprintf(
				names + len, sizeof(names) - len, "%s%s", i ? "," : "", name);
		}
		(void)snprintf(specs[i], sizeof(specs[i]), "%s=%d", name, stage_broker_port(s));
		links[i] = specs[i];
	}
	fault_start(&f, seed, links);
	change_weather(&f, 0);
	stage_broker_start(s, record);
	stage_unit_port(s, fault_port(&f, "register"));
	struct stage_program *reg = school_register(s, names);
	import_pupils(s);
	int64_t from = now_ms();
	open_gates(s, &f, gates, &rows);
	tap_all(s, gates);
	int64_t tapped = now_ms();
	wait_delivered(s, &f, rows);
	int64_t took = now_ms() - from;
	uint64_t cuts = 0;
	for (int i = 0; i <= n_gates; i++)
		cuts += fault_figure(&f, i < n_gates ? gates[i].unit : "register", "cuts");
	fault_tell(&f, "* clear");
	for (int i = 0; i < n_gates; i++) {
		stage_disconnect(s, gates[i].reader);
		stage_stop(s, gates[i].kiosk);
	}
	stage_stop(s, reg);
	for (int i = 0; i < n_gates; i++) {
		compare(s, &gates[i]);
		if (record)
			check_confirms(s, &gates[i]);
	}
	(void)printf("figure: check-ins exactly once through the faulty proxy %lld of %lld (1 run, "
		     "seed %llu, %ld gates, %llu cuts)\n",
		(long long)rows, (long long)rows, (unsigned long long)seed, n_gates,
		(unsigned long long)cuts);
	(void)printf("figure: delivery through the faulty proxy %.0f check-ins/s (1 run, %lld ms, "
		     "taps alone %lld ms, %lld overtook an older one)\n",
		(double)rows * 1000 / (double)took, (long long)took, (long long)(tapped - from),
		(long long)overtook(s));
	(void)fflush(stdout);
	assert_true(cuts > 0);
	if (record)
		stage_validate(s);
	stage_close(s);
	fault_stop(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m9_every_checkin_exactly_once_through_the_faulty_proxy),
	};

	if (argc > 1)
		n_checkins = strtol(argv[1], NULL, 10);
	if (argc > 2)
		n_gates = strtol(argv[2], NULL, 10);
	if (argc > 3)
		seed = strtoull(argv[3], NULL, 10);
	if (n_gates < 1 || n_gates > GATES_MAX)
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
