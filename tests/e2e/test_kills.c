/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * S1: kiosk, reader, screen, register and broker killed at random moments under taps.
 *
 *	test_kills [KILLS [SEED]]
 *
 * Each id that a screen was told is in its gate's database at the moment of a kill, and at the register exactly once in
 * the end; alerts at the broker are those of the register; nobody is told to be missing whose tap is stored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "e2e/kills.h"
#include "e2e/stores.h"
#include "unit/unit.h"

#define KILLS_DEFAULT 40
#define MEAN_MS_DEFAULT 100 /* between two kills */
#define VALIDATED_MAX 400 /* kills: beyond it the messages are too many for the validator */
#define AWAY_MS 40000 /* long enough for the longest wait between two attempts */
#define D2_SPEED 30
#define D2_MS 5500 /* from 08:43:30 past 08:46, when a silent gate is waited for no longer */
#define D2_KILLS_MAX 1000 /* more than come in that time */
#define CUT_OFF_S (8 * 3600 + 45 * 60) /* 08:25 and twenty minutes */

static const char *const units[] = { "gate-1", "gate-2", "register", NULL };
static int n_kills = KILLS_DEFAULT;
static unsigned seed = 1;

/* ---- what the broker keeps ------------------------------------------------------------------- */

static void take_retained(struct stores *st, char *line)
{
	char *tab = strchr(line, '\t');
	char *id = tab ? strstr(line, "/care/alert/") : NULL;
	char *revision = tab ? strstr(tab, "\"revision\":") : NULL;

	if (!id)
		return;
	*tab = 0;
	assert_non_null(revision);
	stores_put_retained(st, id + strlen("/care/alert/"),
		strtoll(revision + strlen("\"revision\":"), NULL, 10));
}

static void compare_retained(struct kills *k, struct stores *st, int reg)
{
	char port[16];
	char *save = NULL;

	(void)snprintf(port, sizeof(port), "%d", stage_broker_port(k->stage));
	struct stage_program *sub = stage_start(k->stage, "mosquitto_sub", NULL,
		(const char *const[]){ "-V", "5", "-h", "127.0.0.1", "-p", port, "-q", "1",
			"--retained-only", "-t", "schoolpoort/+/care/alert/#", "-F", "%t\t%p", "-W",
			"1", NULL },
		NULL);
	(void)stage_wait_exit(k->stage, sub); /* by its time limit */
	char *text = strdup(stage_text(sub));
	assert_non_null(text);
	stage_forget(k->stage, sub);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_retained(st, line);
	free(text);
	stores_none(st, "alerts: in one of broker and register alone, or in another revision",
		"SELECT b.id, b.revision, r.id, r.revision, r.state FROM retained AS b"
		" FULL JOIN (SELECT * FROM u%d.alert WHERE state IN ('open', 'acknowledged')) AS r"
		" ON r.id = b.id WHERE b.revision IS NOT r.revision",
		reg);
}

/* ---- S1 -------------------------------------------------------------------------------------- */

/* The broker is away, taps go on; how long after its return until the register's word is there? */
static void measure_return(struct kills *k, int away_ms)
{
	stage_broker_stop(k->stage, true);
	k->taps = true;
	for (int64_t until_us = tap_now_us() + away_ms * INT64_C(1000); tap_now_us() < until_us;)
		stage_turn(k->stage, 20);
	k->taps = false;
	stage_broker_start(k->stage, true);
	int64_t back_us = tap_now_us();
	size_t from = stage_n_messages(k->stage);
	for (int g = 0; g < KILLS_GATES; g++) {
		char topic[64];
		(void)snprintf(topic, sizeof(topic), "%s/confirm", k->gates[g].unit);
		while (stage_find(k->stage, from, topic, NULL) < 0) {
			if (tap_now_us() - back_us > 60000000)
				fail_msg("no confirm for %s in a minute", k->gates[g].unit);
			stage_turn(k->stage, 20);
		}
	}
	printf("figure: first delivery after the broker's return %lld ms (away %d ms, seed %u)\n",
		(long long)(tap_now_us() - back_us) / 1000, away_ms, seed);
}

static void print_sums(struct kills *k, struct stores *st)
{
	printf("figure: stored %lld at the gates, %lld at the register, told as stored %lld; lost "
	       "0, "
	       "doubled 0 (%d kills, seed %u)\n",
		(long long)stores_number(st,
			"SELECT (SELECT count(*) FROM u0.checkin) + (SELECT count(*) FROM "
			"u1.checkin)"),
		(long long)stores_number(st, "SELECT count(*) FROM u2.checkin"),
		(long long)stores_number(st, "SELECT count(*) FROM told"), k->n_kills, k->seed);
}

static void compare(struct kills *k, struct stores *st)
{
	for (int g = 0; g < KILLS_GATES; g++)
		stores_put_told(st, g, k->gates[g].told, k->gates[g].n_told);
	stores_compare(st, KILLS_GATES);
	compare_retained(k, st, KILLS_GATES);
}

static void s1_every_told_tap_is_stored_once_under_kills(void **state)
{
	(void)state;
	struct kills k;

	kills_open(&k, seed, n_kills, "2026-11-23T08:20:00+01:00", 1, 25);
	kills_run(&k, n_kills, MEAN_MS_DEFAULT);
	kills_drain(&k);
	if (n_kills > VALIDATED_MAX) {
		measure_return(&k, AWAY_MS);
		kills_drain(&k);
	}
	kills_figures(&k);
	assert_true(k.gates[0].n_told + k.gates[1].n_told > (size_t)n_kills / 4);
	kills_stop(&k);
	struct stores *st = stores_open(k.stage, units);
	compare(&k, st);
	print_sums(&k, st);
	stores_close(st);
	if (n_kills <= VALIDATED_MAX)
		stage_validate(k.stage);
	kills_close(&k);
}

/* ---- D2 among kills -------------------------------------------------------------------------- */

static bool sure_of_absence(const char *payload)
{
	return strstr(payload, "\"kind\":\"absent\"") &&
	       strstr(payload, "\"certainty\":\"confirmed\"");
}

static void put_absent(struct kills *k, struct stores *st)
{
	static const char key[] = "\"pupil\":{\"id\":\"";

	for (size_t i = 0; i < stage_n_messages(k->stage); i++) {
		const char *payload = stage_message(k->stage, i)->payload;
		const char *pupil = sure_of_absence(payload) ? strstr(payload, key) : NULL;
		if (pupil)
			stores_put_absent(st, strtoll(pupil + strlen(key), NULL, 10));
	}
}

/*
 * 08:43:30 at thirty times the speed, until everything is decided; half of the school taps around the cut-off of 08:45,
 * each once. Classes of four, so that each missing pupil has an alert of his own.
 */
static void d2_no_false_absence_among_kills(void **state)
{
	(void)state;
	struct kills k;

	kills_open(&k, seed + 1000, D2_KILLS_MAX, "2026-11-23T08:43:30+01:00", D2_SPEED, 4);
	k.once = true;
	k.last_pupil = KILLS_PUPILS / 2;
	k.tap_every_ms = 12;
	kills_run_for(&k, D2_MS, MEAN_MS_DEFAULT);
	kills_drain(&k);
	/* Who is missing is known by now, or a minute later. */
	(void)stage_wait_message(k.stage, 0, "care/event", "\"kind\":\"absent\"");
	kills_stop(&k);
	struct stores *st = stores_open(k.stage, units);
	compare(&k, st);
	put_absent(&k, st);
	stores_none(st, "told to be missing for sure, with a tap before the cut-off",
		"SELECT a.pupil, datetime(g.at_ms / 1000, 'unixepoch', '+1 hour') FROM"
		" (SELECT pupil FROM absent UNION SELECT pupil FROM u2.alert"
		"  WHERE kind = 'absent' AND confirmed = 1) AS a"
		" JOIN u1.checkin AS g ON g.pupil = a.pupil"
		" WHERE (g.at_ms / 1000 + 3600) %% 86400 < %d",
		CUT_OFF_S);
	stores_none(st, "a mark that isn't what the taps say",
		"SELECT m.pupil, m.mark FROM u2.mark AS m WHERE m.half = 'am'"
		" AND (m.mark = '-') <> (m.pupil NOT IN (SELECT pupil FROM u1.checkin))");
	printf("figure: absent %lld for sure, %lld not for sure, with a tap before the cut-off 0 "
	       "(%d kills, %lld tapped, seed %u)\n",
		(long long)stores_number(st,
			"SELECT count(*) FROM u2.alert WHERE kind = 'absent' AND confirmed = 1"),
		(long long)stores_number(st,
			"SELECT count(*) FROM u2.alert WHERE kind = 'absent' AND confirmed = 0"),
		k.n_kills,
		(long long)stores_number(st,
			"SELECT count(*) FROM u1.checkin WHERE (at_ms / 1000 + 3600) %% 86400 < %d",
			CUT_OFF_S),
		k.seed);
	stores_close(st);
	kills_close(&k);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s1_every_told_tap_is_stored_once_under_kills),
		cmocka_unit_test(d2_no_false_absence_among_kills),
	};

	if (argc > 1)
		n_kills = (int)strtol(argv[1], NULL, 10);
	if (argc > 2)
		seed = (unsigned)strtoul(argv[2], NULL, 10);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
