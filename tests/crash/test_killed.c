/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * S2: the kiosk and the register killed at each write, sync, truncation and deletion of their lives, by strace.
 *
 * A kiosk's life: a first start, three taps, a stop. A register's: a start at the hour of the cut-off, two alerts, an import, a
 * late tap that ends one of them, a stop. Each begins anew for each kill. strace counts each kind of call by itself; a kind
 * is done when a life runs through without a kill. Without "full" some numbers of each kind.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash/sweep.h"
#include "e2e/ran.h"
#include "e2e/school.h"
#include "e2e/stores.h"
#include "e2e/tap_client.h"
#include "unit/unit.h"

#define SKIPPED 77
#define TAPS 3
#define CALLS_MAX 2000 /* of one kind in one life; there are some hundred at most */
#define KIOSK_DB "gate-1-state/kiosk.db"
#define REGISTER_DB "register-state/register.db"

static const char *const kinds[] = { "pwrite64", "fdatasync", "ftruncate", "unlink" };

static bool full;

struct rig {
	struct stage *s;
	struct stage_program *kiosk, *reg;
	struct tap_client reader, screen;
	int n_uid, n_results;
	size_t n_told, n_kills, n_told_before;
	struct uuid told[4096]; /* check-ins that a screen was told, over all lives */
};

/* ---- a program under strace --------------------------------------------------------------------- */

/* Return: 0 where strace is there and may trace. */
static int try_strace(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execlp("strace", "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e",
			"inject=unlink:signal=SIGKILL:when=99", "true", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* -D: the tracer stands aside, and the stage's process is the program itself. */
static struct stage_program *start_traced(
	struct stage *s, const char *name, const char *unit, const char *kind, int nth)
{
	char wrap[200];

	(void)snprintf(wrap, sizeof(wrap),
		"strace -D -f -qq -o /dev/null -e trace=%s -e inject=%s:signal=SIGKILL:when=%d",
		kind, kind, nth);
	assert_int_equal(setenv("STAGE_WRAP", wrap, 1), 0);
	/* Leaks can't be looked for in a program that is traced. */
	struct stage_program *p = stage_start(
		s, name, unit, NULL, (const char *const[]){ "ASAN_OPTIONS=detect_leaks=0", NULL });
	assert_int_equal(unsetenv("STAGE_WRAP"), 0);
	return p;
}

static bool is_alive(const struct stage_program *p)
{
	siginfo_t info = { 0 };

	assert_int_equal(waitid(P_PID, (id_t)stage_pid(p), &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == 0;
}

/* Return: whether it was killed; anything but that and a clean end fails the test. */
static bool ended_by_kill(struct stage *s, struct stage_program *p)
{
	if (is_alive(p))
		assert_int_equal(kill(stage_pid(p), SIGTERM), 0);
	int status = stage_wait_exit(s, p);
	if (status != 0 && status != 128 + SIGKILL)
		fail_msg("ended with status %d", status);
	stage_forget(s, p);
	return status != 0;
}

struct wait {
	struct rig *r;
	const struct stage_program *p; /* whose death ends the wait */
	bool (*done)(struct rig *r);
};

static bool is_over(struct stage *s, void *ctx)
{
	struct wait *w = ctx;

	tap_client_serve(&w->r->reader);
	tap_client_serve(&w->r->screen);
	if (w->done(w->r) || !is_alive(w->p))
		return true;
	stage_turn(s, 10); /* a death announces itself by no descriptor of ours */
	return false;
}

/* Return: whether it came to that; false: the program died before. */
static bool wait_or_death(
	struct rig *r, const struct stage_program *p, bool (*done)(struct rig *r), const char *what)
{
	struct wait w = { r, p, done };

	stage_until(r->s, is_over, &w, what);
	tap_client_drain(&r->screen);
	return done(r);
}

/* ---- a gate ------------------------------------------------------------------------------------- */

static void on_view(void *ctx, const struct wire_view *view)
{
	struct rig *r = ctx;

	if (view->state != WIRE_VIEW_RESULT)
		return;
	r->n_results++;
	if (uuid_is_none(view->checkin))
		fail_msg("a tap was not stored, and no fault was there");
	if (r->n_told > 0 && uuid_equal(r->told[r->n_told - 1], view->checkin))
		return; /* the same picture again */
	assert_true(r->n_told < ARRAY_LEN(r->told));
	r->told[r->n_told++] = view->checkin;
}

static bool are_welcome(struct rig *r)
{
	return r->reader.welcome && r->screen.welcome;
}

static bool has_result(struct rig *r)
{
	return r->n_results > 0;
}

/* Return: whether a result came. */
static bool tap(struct rig *r, const char *uid)
{
	r->n_results = 0;
	return wait_or_death(r, r->kiosk, are_welcome, "the kiosk's welcome") &&
	       tap_client_tap(&r->reader, uid) &&
	       wait_or_death(r, r->kiosk, has_result, "a result on the screen");
}

struct status_wait {
	struct rig *r;
	const char *unit, *key;
	int64_t value, last;
};

/* The reader goes on saying that it is there: a gate without one is not complete. */
static bool has_value(struct stage *s, void *ctx)
{
	struct status_wait *w = ctx;
	const char *const ask[] = { "status", NULL };

	tap_client_serve(&w->r->reader);
	tap_client_serve(&w->r->screen);
	struct wire_node *status = school_ctl_json(s, w->unit, ask);
	w->last = wire_node_get_int(status, w->key, -1);
	wire_node_destroy(status);
	return w->last == w->value;
}

static void wait_status(struct rig *r, const char *unit, const char *key, int64_t value)
{
	struct status_wait w = { r, unit, key, value, -1 };
	char what[100];

	(void)snprintf(what, sizeof(what), "%s of %s to be %lld", key, unit, (long long)value);
	stage_until(r->s, has_value, &w, what);
}

static void close_clients(struct rig *r)
{
	tap_client_close(&r->reader);
	tap_client_close(&r->screen);
}

static void remove_state(struct stage *s, const char *unit)
{
	char dir[300];

	(void)snprintf(dir, sizeof(dir), "%s", stage_path(s, "%s-state", unit));
	sweep_folder_remove(dir);
	stage_unit(s, unit,
		strcmp(unit, "gate-1") ? (const char *const[]){ "register.gates = gate-1", NULL }
				       : NULL);
}

static void check_integrity(struct stage *s, const char *file)
{
	char from[300], to[300];

	(void)snprintf(from, sizeof(from), "%s", stage_path(s, "%s", file));
	(void)snprintf(to, sizeof(to), "%s", stage_path(s, "copy.db"));
	if (access(from, F_OK) < 0)
		return; /* killed before it was made */
	stores_copy(from, to);
	sweep_integrity(to);
	(void)unlink(to);
	(void)unlink(stage_path(s, "copy.db-wal"));
	(void)unlink(stage_path(s, "copy.db-shm"));
}

/* Each that was told since the last look is at the register, once. */
static void check_told(struct rig *r)
{
	char sql[160], id[37], *to;

	for (size_t i = r->n_told_before; i < r->n_told; i++) {
		to = id;
		for (int b = 0; b < UUID_BYTES; b++, to += 2)
			(void)snprintf(to, 3, "%02x", r->told[i].b[b]);
		(void)snprintf(
			sql, sizeof(sql), "SELECT count(*) FROM checkin WHERE id = x'%s'", id);
		assert_int_equal(sweep_number(stage_path(r->s, REGISTER_DB), sql), 1);
	}
	r->n_told_before = r->n_told;
}

static struct rig *open_rig(const char *clock)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->s = stage_open();
	stage_clock(r->s, clock);
	stage_broker_start(r->s, true);
	r->reg = school_register(r->s, "gate-1");
	stage_unit(r->s, "gate-1", NULL);
	tap_client_init(&r->reader, r->s, "gate-1", WIRE_ROLE_READER);
	tap_client_init(&r->screen, r->s, "gate-1", WIRE_ROLE_SCREEN);
	r->screen.on_view = on_view;
	r->screen.ctx = r;
	return r;
}

static void start_kiosk(struct rig *r)
{
	r->kiosk = stage_start(r->s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
}

static void stop(struct rig *r, struct stage_program **p)
{
	stage_stop(r->s, *p);
	stage_forget(r->s, *p);
	*p = NULL;
}

/* One life of a kiosk with the @nth call of a kind as its end. Return: whether there was such a call. */
static bool kill_kiosk(struct rig *r, const char *kind, int nth)
{
	char uid[16];

	remove_state(r->s, "gate-1");
	r->kiosk = start_traced(r->s, "schoolpoort-kiosk", "gate-1", kind, nth);
	bool alive = true;
	for (int i = 0; i < TAPS && alive; i++) {
		(void)snprintf(uid, sizeof(uid), "04bb%010x", (unsigned)++r->n_uid);
		alive = tap(r, uid);
	}
	bool killed = ended_by_kill(r->s, r->kiosk);
	close_clients(r);
	check_integrity(r->s, KIOSK_DB);
	/* It starts by itself, takes a tap, and all arrives. */
	start_kiosk(r);
	(void)snprintf(uid, sizeof(uid), "04bb%010x", (unsigned)++r->n_uid);
	assert_true(tap(r, uid));
	wait_status(r, "gate-1", "queue", 0);
	close_clients(r);
	stop(r, &r->kiosk);
	check_integrity(r->s, KIOSK_DB);
	assert_int_equal(
		sweep_number(stage_path(r->s, KIOSK_DB), "SELECT count(*) - max(seq) FROM checkin"),
		0);
	check_told(r);
	r->n_kills += killed;
	return killed;
}

/* ---- the sweep ---------------------------------------------------------------------------------- */

/* All numbers of a kind, or some: the first ones are what a start does, the others lie apart. */
static void sweep(struct rig *r, bool (*life)(struct rig *r, const char *kind, int nth),
	const int *some, size_t n_some)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		if (!full) {
			if (k < n_some)
				(void)life(r, kinds[k], some[k]);
			continue;
		}
		int nth = 1;
		while (nth < CALLS_MAX && life(r, kinds[k], nth))
			nth++;
		print_message("%s: %d calls\n", kinds[k], nth - 1);
		assert_true(nth < CALLS_MAX);
	}
	assert_true(r->n_kills > 0);
}

static void figures(const struct rig *r, const char *who)
{
	printf("figure: %s killed at a write %zu kills (1 run, %s)\n", who, r->n_kills,
		full ? "each call" : "sampled");
	printf("figure: confirmed taps lost by kills of the %s 0 of %zu (%zu kills)\n", who,
		r->n_told, r->n_kills);
}

static void s2_kiosk_killed_at_each_write(void **state)
{
	static const int some[] = { 60, 9, 2 };

	(void)state;
	struct rig *r = open_rig("2026-11-23T08:10:00+01:00");
	sweep(r, kill_kiosk, some, ARRAY_LEN(some));
	figures(r, "kiosk");
	stop(r, &r->reg);
	stage_close(r->s);
	free(r);
}

/* ---- the register -------------------------------------------------------------------------------- */

#define ALERT_OF(pupil) "care/alert/2026-11-23-am-p" pupil

static size_t life_began; /* messages before are of an earlier life */

static long find_alert(const struct rig *r, const char *topic)
{
	return stage_find(r->s, life_began, topic, "\"kind\":\"absent\"");
}

static bool has_alerts(struct rig *r)
{
	return find_alert(r, ALERT_OF(NOOR)) >= 0 && find_alert(r, ALERT_OF(YASSINE)) >= 0;
}

static bool is_arrived(struct rig *r)
{
	for (long at = (long)life_began;
		(at = stage_find(r->s, (size_t)at, "care/event", "\"what\":\"arrived\"")) >= 0;
		at++)
		if (strstr(stage_message(r->s, (size_t)at)->payload, NOOR))
			return true;
	return false;
}

/* Return: whether the command line was told that it is done. */
static bool import_one(struct rig *r)
{
	int status;
	char file[300];

	(void)snprintf(file, sizeof(file), "%s", stage_path(r->s, "one.csv"));
	free(stage_ctl(r->s, "register", (const char *const[]){ "import", "pupils", file, NULL },
		&status));
	return status == 0;
}

static void restore_base(struct rig *r)
{
	remove_state(r->s, "register");
	char from[300], to[300];
	(void)snprintf(from, sizeof(from), "%s", stage_path(r->s, "base.db"));
	(void)snprintf(to, sizeof(to), "%s", stage_path(r->s, REGISTER_DB));
	stores_copy(from, to);
}

/* What was told before comes again: the same alert word for word, unless it is further than that by now. */
static void check_alerts_again(struct rig *r, const char *yassine, bool noor_was_over)
{
	size_t from = stage_n_messages(r->s);

	r->reg = stage_start(r->s, "schoolpoort-register", "register", NULL, NULL);
	stage_wait_log(r->s, r->reg, "broker_up");
	size_t at = stage_wait_message(r->s, from, ALERT_OF(YASSINE), "\"state\":\"open\"");
	assert_true(stage_message(r->s, at)->retained);
	if (yassine)
		assert_string_equal(stage_message(r->s, at)->payload, yassine);
	if (noor_was_over)
		wait_status(r, "register", "open_alerts", 1);
	assert_true(stage_count(r->s, "register/state", NULL) > 0);
}

static void check_noor(struct rig *r)
{
	wait_status(r, "gate-1", "queue", 0);
	wait_status(r, "register", "open_alerts", 1);
	struct wire_node *n = school_ctl_json(
		r->s, "register", (const char *const[]){ "pupil", "show", NOOR, NULL });
	const struct wire_node *alerts = wire_node_get_node(n, "alerts");
	/* Raised and over before a kill, or she came first: then there never was any. */
	assert_true(wire_node_count(alerts) <= 1);
	if (wire_node_count(alerts) == 1)
		assert_string_equal(
			wire_node_get_text(wire_node_at(alerts, 0), "state"), "resolved");
	wire_node_destroy(n);
}

static char *payload_of(const struct rig *r, const char *topic)
{
	long at = find_alert(r, topic);
	char *text = at >= 0 ? strdup(stage_message(r->s, (size_t)at)->payload) : NULL;

	assert_true(at < 0 || text);
	return text;
}

/* One life of a register. Return: whether it was killed. */
static bool kill_register(struct rig *r, const char *kind, int nth)
{
	restore_base(r);
	remove_state(r->s, "gate-1");
	life_began = stage_n_messages(r->s);
	r->reg = start_traced(r->s, "schoolpoort-register", "register", kind, nth);
	start_kiosk(r);
	bool imported = false, tapped = false;
	if (wait_or_death(r, r->reg, has_alerts, "two alerts")) {
		imported = import_one(r);
		tapped = tap(r, CARD_NOOR);
		assert_true(tapped);
		(void)wait_or_death(r, r->reg, is_arrived, "the end of an alert");
	}
	bool over = is_arrived(r);
	char *yassine = payload_of(r, ALERT_OF(YASSINE));
	bool killed = ended_by_kill(r->s, r->reg);
	check_integrity(r->s, REGISTER_DB);
	if (imported &&
		sweep_number(stage_path(r->s, REGISTER_DB),
			"SELECT count(*) FROM pupil WHERE id = 12348 AND last_name = 'Maes'") != 1)
		fail_msg("an import that was confirmed is lost");
	check_alerts_again(r, yassine, over);
	if (!tapped)
		assert_true(tap(r, CARD_NOOR));
	check_noor(r);
	close_clients(r);
	stop(r, &r->kiosk);
	stop(r, &r->reg);
	check_integrity(r->s, REGISTER_DB);
	check_told(r);
	free(yassine);
	r->n_kills += killed;
	return killed;
}

static void s2_register_killed_at_each_write(void **state)
{
	static const char one[] = "pupil_id;last_name;first_name;class\n12348;Maes;Marieke;5B\n";
	static const int some[] = { 40, 9 };
	char from[300], to[300];

	(void)state;
	struct rig *r = open_rig("2026-11-23T08:45:01+01:00");
	stop(r, &r->reg);
	ran_write(stage_path(r->s, "one.csv"), one, sizeof(one) - 1);
	(void)snprintf(from, sizeof(from), "%s", stage_path(r->s, REGISTER_DB));
	(void)snprintf(to, sizeof(to), "%s", stage_path(r->s, "base.db"));
	stores_copy(from, to);
	sweep(r, kill_register, some, ARRAY_LEN(some));
	figures(r, "register");
	stage_close(r->s);
	free(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s2_kiosk_killed_at_each_write),
		cmocka_unit_test(s2_register_killed_at_each_write),
	};

	full = argc > 1 && strcmp(argv[1], "full") == 0;
	if (try_strace() < 0) {
		print_message("strace isn't here or may not trace: skipped\n");
		return SKIPPED;
	}
	/* What isn't named is started as it is. */
	(void)setenv("STAGE_WRAP_ONLY", "schoolpoort-kiosk schoolpoort-register", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
