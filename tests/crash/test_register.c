/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The register's database and the power: a turn with check-ins, marks and alerts, an import, a backup; and a gate's that was
 * damaged, cut while it is rescued.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/gate_rows.h"
#include "crash/sweep.h"
#include "store/register_store.h"
#include "unit/unit.h"

#define DAY 20780 /* 2026-11-23 */
#define PUPILS 200 /* of an import */
#define TAPS 12 /* in one turn */
#define COPY "backup.db"

static struct sweep_size size;
static struct sweep_result total;

static struct register_store *reg_open(const char *dir)
{
	struct register_store *s = NULL;
	int err = register_store_open(sweep_path(dir, REGISTER_STORE_FILE), false, &s);

	if (err)
		fail_msg("the register's store doesn't open: %s", store_err_text(err));
	return s;
}

static void recover(const char *dir, int told)
{
	(void)told;
	register_store_close(reg_open(dir));
}

/* One check-in as a turn of the register takes it: its number, its row, its mark. */
static void take(struct register_store *s, int kind, int seq)
{
	struct checkin c = gate_checkin(kind, seq);
	struct register_store_known known;
	int64_t through;

	c.log = gate_uuid(9, kind);
	c.seq = seq;
	assert_int_equal(register_store_known(s, c.log, seq, c.id, &known), 0);
	assert_false(known.number_known || known.id_known);
	assert_int_equal(register_store_checkin_put(s, &c, DAY, c.at_ms + 90), 0);
	assert_int_equal(register_store_number_put(s, c.log, seq, c.gate, &c.id, &through), 0);
	assert_int_equal(through, seq);
	struct register_store_mark mark = { .day = DAY,
		.half = HALFDAY_AM,
		.pupil = 20000 + seq,
		.value = MARK_PRESENT,
		.arrived_at_ms = c.at_ms,
		.gate = "gate-1",
		.class_name = "3A" };
	assert_int_equal(register_store_mark_put(s, &mark), 0);
}

static void raise_alert(struct register_store *s, int64_t pupil)
{
	const struct civil_date date = { 2026, 11, 23 };
	char id[ALERT_ID_MAX];
	struct alert a;

	alert_id_pupil(date, HALFDAY_AM, pupil, id);
	alert_raise(&a, id, ALERT_ABSENT, ALERT_CONFIRMED, date, HALFDAY_AM, GATE_MORNING_MS);
	a.pupil = pupil;
	assert_int_equal(register_store_alert_put(s, &a), 0);
	assert_int_equal(register_store_event_add(s, GATE_MORNING_MS, id), 0);
	assert_int_equal(register_store_journal(
				 s, GATE_MORNING_MS, "register", "alert_raised", id, "revision=1"),
		0);
}

static void turn(struct register_store *s, int from)
{
	assert_int_equal(register_store_begin(s), 0);
	for (int i = 0; i < TAPS; i++)
		take(s, 1, from + i);
	raise_alert(s, 30000 + from);
	assert_int_equal(register_store_end(s, 0), 0);
}

/* After any cut it takes a turn more, of a gate of its own. */
static void next(const char *dir, int nth)
{
	struct register_store *s = reg_open(dir);

	assert_int_equal(register_store_begin(s), 0);
	take(s, 10 + nth, 1);
	raise_alert(s, 40000 + nth);
	assert_int_equal(register_store_end(s, 0), 0);
	register_store_close(s);
}

static void prepare(const char *dir)
{
	struct register_store *s = reg_open(dir);

	turn(s, 1);
	register_store_close(s);
}

static void turns(struct sweep *t, const char *dir)
{
	struct register_store *s = reg_open(dir);

	for (int i = 1; i <= 3; i++) {
		turn(s, 1 + i * TAPS);
		sweep_told(t);
		if (i == 2)
			assert_int_equal(register_store_checkpoint(s, false), 0);
	}
	assert_int_equal(register_store_checkpoint(s, true), 0);
	register_store_close(s);
}

#define REGISTER_WORK(name_, prepare_, work_)                                                      \
	{                                                                                          \
		.name = name_, .file = REGISTER_STORE_FILE, .prepare = prepare_, .work = work_,    \
		.recover = recover, .next = next                                                   \
	}

static void s3_s4_power_loss_register_turn(void **state)
{
	(void)state;
	struct sweep_work work = REGISTER_WORK("the register's turns", prepare, turns);
	sweep_add(&total, sweep_run(&work, &size));
}

static void put_pupils(struct register_store *s, int from)
{
	for (int i = 0; i < PUPILS; i++) {
		struct roster_pupil p = { .id = from + i, .language = ROSTER_NL };
		struct roster_card card = { .pupil = p.id };
		(void)snprintf(p.first_name, sizeof(p.first_name), "First %d", i);
		(void)snprintf(p.last_name, sizeof(p.last_name), "Last %d", i);
		(void)snprintf(p.class_name, sizeof(p.class_name), "%dA", 1 + i % 6);
		card.hash.b[0] = 8;
		memcpy(card.hash.b + 4, &from, sizeof(from));
		memcpy(card.hash.b + 8, &i, sizeof(i));
		assert_int_equal(register_store_pupil_put(s, &p), 0);
		assert_int_equal(register_store_card_put(s, &card), 0);
	}
}

static void imports(struct sweep *t, const char *dir)
{
	struct register_store *s = reg_open(dir);
	struct register_store_day_off off = { { 2026, 12, 21 }, { 2027, 1, 3 }, HALFDAY_NONE,
		"Christmas" };

	for (int i = 0; i < 2; i++) {
		assert_int_equal(register_store_begin(s), 0);
		put_pupils(s, 50000 + i * (PUPILS / 2)); /* half of them changed */
		assert_int_equal(register_store_days_off_replace(s, &off, 1), 0);
		assert_int_equal(register_store_generation_put(s, i + 1), 0);
		assert_int_equal(register_store_end(s, 0), 0);
		sweep_told(t);
	}
	register_store_close(s);
}

static void s3_s4_power_loss_import(void **state)
{
	(void)state;
	struct sweep_work work = REGISTER_WORK("import", prepare, imports);
	sweep_add(&total, sweep_run(&work, &size));
}

/* ---- backup ------------------------------------------------------------------------------------ */

static uint64_t copied[2]; /* what the copies hold, by step */

static void backups(struct sweep *t, const char *dir)
{
	struct register_store *s = reg_open(dir);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(register_store_backup(s, sweep_path(dir, COPY)), 0);
		sweep_told(t);
		copied[i] = sweep_hash(sweep_path(dir, REGISTER_STORE_FILE), NULL);
		turn(s, 1 + (i + 1) * TAPS);
		sweep_told(t);
	}
	register_store_close(s);
}

/* There is a whole copy under the name, or none: after the first was told always one, the old or the new. */
static void check_copy(const char *dir, int told)
{
	const char *path = sweep_path(dir, COPY);

	if (access(path, F_OK) < 0) {
		if (told >= 1)
			fail_msg("the backup is gone");
		return;
	}
	sweep_integrity(path);
	uint64_t has = sweep_hash(sweep_path(dir, COPY), NULL);
	if (has != copied[1] && (told >= 3 || has != copied[0]))
		fail_msg("the backup is neither the old nor the new one");
}

static void s3_s4_power_loss_backup(void **state)
{
	(void)state;
	struct sweep_work work = REGISTER_WORK("backup", prepare, backups);
	work.found = check_copy;
	sweep_add(&total, sweep_run(&work, &size));
}

/* ---- rescue of a gate's damaged file ---------------------------------------------------------- */

#define RESCUED 15 /* rows, the last three of them in the WAL alone */

static void copy_file(const char *from, const char *to)
{
	char bytes[8192];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
	assert_int_equal(n, 0);
	assert_int_equal(close(in), 0);
	assert_int_equal(close(out), 0);
}

/* A kiosk that was killed with rows in the WAL, and whose cached gates/data has rotted since. */
static void prepare_damaged(const char *dir)
{
	static const char junk[512] = "rotten";
	struct kiosk_store *s = gate_open(dir, 1);

	for (int i = 0; i < RESCUED - 3; i++)
		gate_add(s, i, 1);
	assert_int_equal(kiosk_store_confirm(s, 5), 0);
	assert_int_equal(kiosk_store_data_save(s, 1, "{\"generation\":1}", 16), 0);
	kiosk_store_close(s);
	const char *file = sweep_path(dir, KIOSK_STORE_FILE);
	int64_t page = sweep_number(file, "SELECT rootpage FROM sqlite_schema WHERE name = 'data'");
	int64_t page_bytes = sweep_number(file, "SELECT page_size FROM pragma_page_size");
	assert_true(page > 1);
	s = gate_open(dir, 1);
	gate_add(s, RESCUED - 3, 3);
	copy_file(sweep_path(dir, KIOSK_STORE_FILE), sweep_path(dir, "kept"));
	copy_file(sweep_path(dir, KIOSK_STORE_FILE "-wal"), sweep_path(dir, "kept-wal"));
	kiosk_store_close(s);
	assert_int_equal(rename(sweep_path(dir, "kept"), sweep_path(dir, KIOSK_STORE_FILE)), 0);
	assert_int_equal(
		rename(sweep_path(dir, "kept-wal"), sweep_path(dir, KIOSK_STORE_FILE "-wal")), 0);
	int fd = open(sweep_path(dir, KIOSK_STORE_FILE), O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), (page - 1) * page_bytes), sizeof(junk));
	assert_int_equal(close(fd), 0);
}

static void rescue(struct sweep *t, const char *dir)
{
	struct kiosk_store *s = gate_open(dir, 2);

	assert_true(kiosk_store_info(s)->recovered);
	assert_int_equal(kiosk_store_info(s)->last_seq, RESCUED);
	assert_int_equal(kiosk_store_info(s)->confirmed_seq, 0);
	sweep_told(t);
	gate_add(s, 100, 1);
	sweep_told(t);
	kiosk_store_close(s);
}

static void recover_damaged(const char *dir, int told)
{
	(void)told;
	kiosk_store_close(gate_open(dir, 77));
}

static void s3_s4_power_loss_rescue(void **state)
{
	(void)state;
	struct sweep_work work = { .name = "rescue",
		.file = KIOSK_STORE_FILE,
		.prepare = prepare_damaged,
		.work = rescue,
		.recover = recover_damaged,
		.next = gate_next,
		/* By the table alone: an index isn't whole before. */
		.what = "SELECT id, revision, result, at_ms, pupil, card, date, half FROM checkin"
			" NOT INDEXED ORDER BY at_ms" };
	sweep_add(&total, sweep_run(&work, &size));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(s3_s4_power_loss_register_turn, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_import, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_backup, sweep_teardown),
		cmocka_unit_test_teardown(s3_s4_power_loss_rescue, sweep_teardown),
	};

	size = sweep_size(argc, argv);
	if (!size.most) { /* a larger schema than a gate's: each opening costs as much as ten of those */
		size.firsts = 1;
		size.second_seeds = 2;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sweep_figures("register, and rescue of a gate", &total, &size, failed);
	return failed;
}
