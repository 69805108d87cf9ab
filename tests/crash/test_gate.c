/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A gate's database and the power: cut at each write of everything that a kiosk does with it, and again while it starts.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crash/gate_rows.h"
#include "crash/sweep.h"
#include "unit/unit.h"

#define BEFORE 12 /* rows that are there when the work begins */
#define PAYLOAD_PUPILS 5000
#define PAYLOAD_ROW 96 /* bytes of a pupil in gates/data, about */

static struct sweep_size size;
static struct sweep_result total;

static void run(const struct sweep_work *work)
{
	sweep_add(&total, sweep_run(work, &size));
}

/* As disk.c does on a quiet gate: a log that is partly confirmed, a cached gates/data. */
static void prepare(const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 1);

	for (int i = 0; i < BEFORE; i++)
		gate_add(s, i, 1);
	assert_int_equal(kiosk_store_confirm(s, 5), 0);
	assert_int_equal(kiosk_store_data_save(s, 1, "{\"generation\":1}", 16), 0);
	kiosk_store_close(s);
}

#define GATE_WORK(name_, work_)                                                                    \
	{                                                                                          \
		.name = name_, .file = KIOSK_STORE_FILE, .prepare = prepare, .work = work_,        \
		.recover = gate_recover, .next = gate_next                                         \
	}

static void checkins(struct sweep *t, const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 2);

	for (int i = 0; i < 4; i++) {
		gate_add(s, BEFORE + i, 1);
		sweep_told(t);
	}
	kiosk_store_close(s);
}

static void s3_s4_power_loss_checkin(void **state)
{
	(void)state;
	run(&(struct sweep_work)GATE_WORK("check-in", checkins));
}

static void first_start(struct sweep *t, const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 2);

	for (int i = 0; i < 2; i++) {
		gate_add(s, i, 1);
		sweep_told(t);
	}
	kiosk_store_close(s);
}

/* Nothing is there yet: the file, its schema and its log are made on the way. */
static void s3_s4_power_loss_first_start(void **state)
{
	(void)state;
	struct sweep_work work = GATE_WORK("first start", first_start);
	work.prepare = NULL;
	work.what = "SELECT c.*, (SELECT value FROM meta WHERE key = 'log') FROM checkin AS c"
		    " ORDER BY seq";
	run(&work);
}

static void batches(struct sweep *t, const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 2);

	gate_add(s, BEFORE, 50);
	sweep_told(t);
	gate_add(s, BEFORE + 50, 30);
	sweep_told(t);
	kiosk_store_close(s);
}

static void s3_s4_power_loss_batch(void **state)
{
	(void)state;
	run(&(struct sweep_work)GATE_WORK("batch", batches));
}

static void confirms(struct sweep *t, const char *dir)
{
	static const int64_t through[] = { 8, 12, 3, 12 };
	struct kiosk_store *s = gate_open(dir, 2);

	for (size_t i = 0; i < ARRAY_LEN(through); i++) {
		assert_int_equal(kiosk_store_confirm(s, through[i]), 0);
		sweep_told(t);
	}
	kiosk_store_close(s);
}

static void s3_s4_power_loss_confirm(void **state)
{
	(void)state;
	run(&(struct sweep_work)GATE_WORK("confirm", confirms));
}

static void relogs(struct sweep *t, const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 2);

	assert_int_equal(kiosk_store_relog(s, gate_uuid(9, 3), false), 0);
	sweep_told(t);
	gate_add(s, BEFORE, 1);
	sweep_told(t);
	assert_int_equal(kiosk_store_relog(s, gate_uuid(9, 4), true), 0);
	assert_int_equal(kiosk_store_info(s)->last_seq, BEFORE + 1);
	sweep_told(t);
	kiosk_store_close(s);
}

static void s3_s4_power_loss_relog(void **state)
{
	(void)state;
	run(&(struct sweep_work)GATE_WORK("relog", relogs));
}

/* Text of no meaning to the store, but of the size that a large school's gates/data has. */
static char *payload_of(int generation, size_t *ret_len)
{
	char *text = malloc((size_t)PAYLOAD_PUPILS * PAYLOAD_ROW);
	size_t n = 0;

	assert_non_null(text);
	for (int i = 0; i < PAYLOAD_PUPILS; i++)
		n += (size_t)snprintf(text + n, PAYLOAD_ROW,
			"{\"id\":\"%010d\",\"name\":\"Pupil %d\",\"class\":\"%dA\",\"g\":%d},", i,
			i * 7919 % 10007, i % 7, generation);
	*ret_len = n;
	return text;
}

static void data_update(struct sweep *t, const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 2);
	size_t len;
	char *payload = payload_of(2, &len), *back = NULL;

	assert_int_equal(kiosk_store_data_save(s, 2, payload, len), 0);
	sweep_told(t);
	gate_add(s, BEFORE, 1);
	sweep_told(t);
	assert_int_equal(kiosk_store_checkpoint(s), 0);
	assert_int_equal(kiosk_store_data_load(s, &back), len);
	assert_memory_equal(back, payload, len);
	free(back);
	kiosk_store_close(s);
	free(payload);
}

/* 5,000 pupils: whole old or whole new, and nothing confirmed missing beside it. */
static void s3_s4_power_loss_gates_data(void **state)
{
	(void)state;
	run(&(struct sweep_work)GATE_WORK("gates-data", data_update));
}

static void purges(struct sweep *t, const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 2);

	assert_int_equal(kiosk_store_confirm(s, 10), 0);
	sweep_told(t);
	assert_int_equal(kiosk_store_purge(s, 1000, 1000, 4), 0); /* their time begins */
	sweep_told(t);
	assert_int_equal(kiosk_store_purge(s, 2000, 1001, 4), 4);
	sweep_told(t);
	assert_int_equal(kiosk_store_purge(s, 2000, 1001, 200), 6);
	sweep_told(t);
	assert_int_equal(kiosk_store_confirm(s, 12), 0);
	sweep_told(t);
	assert_int_equal(kiosk_store_purge(s, 3000, 1001, 200), 0);
	sweep_told(t);
	/* And the last rows of all: numbers must go on from what no row tells any more. */
	assert_int_equal(kiosk_store_purge(s, 4000, 3001, 200), 2);
	sweep_told(t);
	kiosk_store_close(s);
}

static void purges_next(const char *dir, int nth)
{
	struct kiosk_store *s = gate_open(dir, 77);
	struct checkin c = gate_checkin(3, nth);

	assert_int_equal(kiosk_store_add(s, &c, 1), 0);
	/* Of two that go on, the first may have been cut before it was stored. */
	assert_true(c.seq > BEFORE && c.seq <= BEFORE + nth);
	kiosk_store_close(s);
	gate_check_numbers(dir);
}

static void s3_s4_power_loss_purge(void **state)
{
	(void)state;
	struct sweep_work work = GATE_WORK("purge", purges);
	work.next = purges_next;
	run(&work);
}

static void checkpoints(struct sweep *t, const char *dir)
{
	for (int day = 0; day < 2; day++) {
		struct kiosk_store *s = gate_open(dir, 2);
		for (int i = 0; i < 3; i++) {
			gate_add(s, BEFORE + day * 3 + i, 1);
			sweep_told(t);
			if (i > 0) /* so that the WAL begins anew, and so that close has something to do */
				assert_int_equal(kiosk_store_checkpoint(s), 0);
		}
		gate_add(s, 100 + day, 1);
		sweep_told(t);
		kiosk_store_close(s);
	}
}

static void s3_s4_power_loss_checkpoint(void **state)
{
	(void)state;
	run(&(struct sweep_work)GATE_WORK("checkpoint", checkpoints));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(s3_s4_power_loss_checkin, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_first_start, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_batch, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_confirm, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_relog, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_gates_data, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_purge, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_checkpoint, sweep_teardown),
	};

	size = sweep_size(argc, argv);
	if (argc > 2)
		cmocka_set_test_filter(argv[2]); /* one of them, by name */
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sweep_figures("gate", &total, &size, failed);
	return failed;
}
