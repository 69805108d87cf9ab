/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A sync that fails with EIO, the kiosk going on as disk.c does, and then the power.
 *
 * After a failed sync the kernel takes pages for clean that the medium never got: a later sync doesn't bring them, and whoever
 * reads the file sees them all the same. So what was not stored must not become the ground on which confirmed taps stand.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "crash/gate_rows.h"
#include "crash/sweep.h"
#include "unit/unit.h"

#define TAPS 7
#define SEEDS 8 /* each goes through every failed sync, three ways on, every moment after it */

/* How the kiosk comes back from an error. */
enum way {
	WAY_GO_ON, /* the next tap tries again, on the same connection */
	WAY_OPEN_AGAIN, /* disk.c: close, open, before the next tap */
	WAY_BOTH, /* one more tap, then open again */
	WAYS
};

struct morning {
	struct powerloss *record;
	enum way way;
	struct kiosk_store *s;
	int n_errors, n_since; /* taps since the last error */
	int n_told;
	struct checkin told[TAPS]; /* with their numbers */
};

static struct sweep_size size;
static char live[SWEEP_PATH_MAX], image_dir[SWEEP_PATH_MAX];
static struct sweep_result total;
static char where[500];

static int setup(void **state)
{
	(void)state;
	sweep_folder(live);
	sweep_folder(image_dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (where[0])
		print_error("%s\n", where);
	where[0] = '\0';
	sweep_folder_remove(live);
	sweep_folder_remove(image_dir);
	return 0;
}

/* Opened until it opens: a unit that can't is started again by systemd. */
static void open_again(struct morning *m)
{
	int err = -1;

	kiosk_store_close(m->s);
	m->s = NULL;
	for (int i = 0; err && i < 3; i++)
		err = kiosk_store_open(
			sweep_path(live, KIOSK_STORE_FILE), false, gate_uuid(9, 5), &m->s);
	assert_int_equal(err, 0);
	assert_false(kiosk_store_info(m->s)->recovered);
}

static void tap(struct morning *m, int n)
{
	struct checkin c = gate_checkin(1, n);
	bool failed_before = m->n_errors > 0;

	if (failed_before && (m->way == WAY_OPEN_AGAIN || (m->way == WAY_BOTH && m->n_since == 1)))
		if (m->n_since < 2)
			open_again(m);
	m->n_since++;
	if (kiosk_store_add(m->s, &c, 1)) {
		m->n_errors++;
		m->n_since = 0;
		return; /* "go to the desk" */
	}
	m->told[m->n_told++] = c;
	assert_int_equal(powerloss_told(m->record), m->n_told);
}

static void run_morning(struct morning *m, int fail_nth)
{
	m->record = powerloss_start(live);
	powerloss_fail_sync(m->record, fail_nth);
	open_again(m);
	for (int i = 0; i < TAPS; i++) {
		tap(m, 100 + i);
		if (i == 2 || i == 5) /* idle meanwhile */
			m->n_errors += kiosk_store_checkpoint(m->s) != 0;
	}
	kiosk_store_close(m->s);
	powerloss_stop(m->record);
}

static void check_told(const struct morning *m, int told)
{
	char sql[200], id[UUID_BYTES * 2 + 1];
	const char *path = sweep_path(image_dir, KIOSK_STORE_FILE);

	gate_recover(image_dir, told);
	sweep_integrity(path);
	for (int i = 0; i < told; i++) {
		for (int j = 0; j < UUID_BYTES; j++)
			(void)snprintf(id + 2 * j, 3, "%02x", m->told[i].id.b[j]);
		(void)snprintf(sql, sizeof(sql),
			"SELECT count(*) FROM checkin WHERE id = x'%s' AND seq = %lld", id,
			(long long)m->told[i].seq);
		if (sweep_number(path, sql) != 1)
			fail_msg("tap %d was confirmed and is lost", i);
	}
	gate_next(image_dir, 1);
}

static void cut_everywhere(const struct morning *m, int fail_nth)
{
	size_t n = powerloss_moments(m->record), from = 0;
	uint64_t seeds = size.seeds;
	int told;

	while (from < n && strncmp(powerloss_moment_text(m->record, from), "failed", 6) != 0)
		from++;
	total.moments += n - from;
	for (size_t moment = from; moment <= n; moment++)
		for (uint64_t seed = 0; seed < seeds; seed++) {
			if (size.most && (moment + seed + (uint64_t)fail_nth) % 61)
				continue;
			total.cuts++;
			(void)snprintf(where, sizeof(where),
				"sync %d fails, way %d; cut at moment %zu of %zu (%s), seed %llu",
				fail_nth, (int)m->way, moment, n,
				powerloss_moment_text(m->record, moment), (unsigned long long)seed);
			struct powerloss_image *image =
				powerloss_cut(m->record, moment, seed, &told);
			powerloss_image_write(image, image_dir);
			powerloss_image_destroy(image);
			check_told(m, told);
		}
	where[0] = '\0';
}

/* @fresh: nothing is there yet, so that making the file fails as well */
static void prepare(bool fresh)
{
	sweep_folder_remove(live);
	sweep_folder(live);
	if (fresh)
		return;
	struct kiosk_store *s = gate_open(live, 1);
	for (int i = 0; i < 3; i++)
		gate_add(s, i, 1);
	kiosk_store_close(s);
}

/* Return: how many errors the store met, with every sync failing in turn. */
static int sweep_syncs(enum way way, bool fresh)
{
	int n_errors = 0;

	for (int nth = 1;; nth++) {
		struct morning m = { .way = way };
		prepare(fresh);
		run_morning(&m, nth);
		bool failed = powerloss_syncs(m.record) >= nth;
		n_errors += m.n_errors;
		if (failed)
			cut_everywhere(&m, nth);
		powerloss_destroy(m.record);
		if (!failed)
			return n_errors;
	}
}

static void s3_power_loss_after_a_failed_sync(void **state)
{
	(void)state;
	for (int way = 0; way < WAYS; way++)
		assert_true(sweep_syncs((enum way)way, false) >= TAPS);
}

static void s3_power_loss_after_a_failed_sync_at_first_start(void **state)
{
	(void)state;
	for (int way = size.most ? WAY_BOTH : 0; way < WAYS; way++)
		assert_true(sweep_syncs((enum way)way, true) >= TAPS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(s3_power_loss_after_a_failed_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(
			s3_power_loss_after_a_failed_sync_at_first_start, setup, teardown),
	};

	size = sweep_size(argc, argv);
	size.seeds = size.most ? 3 : SEEDS;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sweep_figures("gate after a failed sync", &total, &size, failed);
	return failed;
}
