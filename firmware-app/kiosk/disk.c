/* SPDX-License-Identifier: EUPL-1.2 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/retention.h"
#include "kiosk/kiosk.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/memory.h"

#define REMEMBER_MS (24 * 3600 * INT64_C(1000)) /* who is in is a matter of today */
#define PURGE_EVERY_MS (3600 * INT64_C(1000)) /* by the clock of the domain */
#define PURGE_SLICE 200 /* rows a slice: under 50 ms on a slow card, library-facts.md section 3 */
#define DAMAGED_DAYS 30 /* a damaged file is kept that long, for a person who wants to know why */
#define DISK_LOOK_US (60 * INT64_C(1000000))
#define REDATE_SLICE 32 /* rows a transaction: one fdatasync, which a tap may have to wait for */
#define FULL_UNTIL_MB 2 /* free space from which a full disk counts as usable again */
#define BALLAST_LOOK_US                                                                            \
	(2 * INT64_C(1000000)) /* between two looks whether there is room for it again */

static struct uuid draw_uuid(void)
{
	uint8_t random[UUID_BYTES];

	secret_random(random, sizeof(random));
	return uuid_from_random(random);
}

static void tell_store(struct kiosk *k, enum wire_store_state state)
{
	bool usable = state == WIRE_STORE_OK || state == WIRE_STORE_RECOVERED;

	k->store_state = state;
	(void)kiosk_push(k, &(struct kiosk_input){ .kind = KIOSK_INPUT_STORE, .flag = usable }, 0);
}

static void follow_log(struct kiosk *k)
{
	const struct kiosk_store_info *info = kiosk_store_info(k->store);

	k->followed_log = info->log;
	k->redated_seq = INT64_MIN; /* numbers may be others by now */
	deliver_init(&k->deliver, info->last_seq, info->confirmed_seq);
	k->saved_confirm = k->deliver.confirmed;
	clock_newest_event(&k->clock, info->newest_trusted_ms);
}

void disk_remember(struct kiosk *k)
{
	struct checkin *rows = calloc(KIOSK_RECENT_MAX, sizeof(*rows));
	if (!rows)
		return;
	struct civil_date today = civil_local_of(&k->zone, k->now.wall_ms).date;
	int n = kiosk_store_latest(
		k->store, k->now.wall_ms - REMEMBER_MS, k->config.unit_id, rows, KIOSK_RECENT_MAX);
	if (n == STORE_ERR_DAMAGED) {
		free(rows);
		disk_failed(k, n); /* comes again once it is opened anew */
		return;
	}
	k->taps_date = today;
	k->taps_today = 0;
	for (int i = n - 1; i >= 0; i--) {
		kiosk_remember(&k->state, &rows[i], &k->now);
		if (rows[i].revision == 1 && rows[i].result != CHECKIN_TALK &&
			civil_date_compare(civil_local_of(&k->zone, rows[i].at_ms).date, today) ==
				0)
			k->taps_today++;
	}
	free(rows);
}

/* Return: what the database has of gates/data, for roster_destroy(), or NULL. */
static struct roster *read_data(struct kiosk *k)
{
	struct roster *roster = NULL;
	char *bytes = NULL;
	char reason[WIRE_REASON_MAX];
	int64_t len = kiosk_store_data_load(k->store, &bytes);

	if (len > 0 && wire_gates_data_decode(bytes, (size_t)len, &roster, reason) < 0)
		log_error("data_unreadable reason=\"%s\" next=wait_for_gates_data", reason);
	free(bytes);
	return roster;
}

static void load_data(struct kiosk *k)
{
	struct roster *roster = read_data(k);

	if (!roster)
		return;
	roster_destroy(k->roster);
	k->roster = roster;
	k->state.roster = roster;
	memory_trim();
}

/* A file that was rescued may have lost what is in use. As it was made, so that no excuse of its days is left out. */
static void save_roster_again(struct kiosk *k)
{
	struct roster *have = read_data(k);
	bool older = !have || have->generation < k->roster->generation;

	roster_destroy(have);
	if (!older || k->unsaved_data)
		return;
	const struct wire_context ctx = { .zone = &k->zone, .rehearsal = k->clock.simulated };
	struct civil_date made = civil_local_of(&k->zone, k->roster->made_at_ms).date;
	k->unsaved_data = wire_gates_data_encode(k->roster, WIRE_NAMES_FULL, made, &ctx);
	k->unsaved_len = k->unsaved_data ? strlen(k->unsaved_data) : 0;
}

/* Return: 0 or a store_err; what the kiosk knew stays then. */
static int open_store(struct kiosk *k)
{
	int err = kiosk_store_open(k->db_path, k->clock.simulated, draw_uuid(), &k->store);

	if (err)
		return err;
	if (kiosk_store_info(k->store)->recovered) {
		log_error("database_recovered checkins=%lld next=deliver_under_new_log",
			(long long)kiosk_store_info(k->store)->last_seq);
		k->recovered = true;
	}
	k->store_state = k->recovered ? WIRE_STORE_RECOVERED : WIRE_STORE_OK;
	follow_log(k);
	if (!k->roster)
		load_data(k);
	else if (kiosk_store_info(k->store)->recovered)
		save_roster_again(k);
	if (!k->taps_date.year)
		disk_remember(k);
	return 0;
}

/* ---- a full disk ---- */

/* Only where it leaves the database room of its own: ballast that is the last straw would be given up at once. */
static void look_at_ballast(struct kiosk *k)
{
	const int64_t wanted_mb = KIOSK_BALLAST_MB + FULL_UNTIL_MB;

	if (k->has_ballast || k->now.mono_us - k->ballast_looked_us < BALLAST_LOOK_US)
		return;
	k->ballast_looked_us = k->now.mono_us;
	k->disk_free_mb = file_free_mb(k->config.paths_state_dir);
	if (k->disk_free_mb < wanted_mb)
		return;
	int err = file_reserve(k->ballast_path, KIOSK_BALLAST_MB * INT64_C(1048576));
	k->has_ballast = err == 0;
	k->disk_free_mb = file_free_mb(k->config.paths_state_dir);
	if (k->has_ballast)
		log_info("ballast_laid_by mb=%d", KIOSK_BALLAST_MB);
}

static bool give_up_ballast(struct kiosk *k)
{
	bool had = unlink(k->ballast_path) == 0; /* also one of a run before this one */

	k->has_ballast = false;
	k->ballast_looked_us = k->now.mono_us;
	if (had)
		log_warn("disk_full ballast=given_up next=drop_oldest_confirmed");
	return had;
}

/* Everything in them that can be read is in the database that took their place. Return: whether one went. */
static bool drop_oldest_damaged(struct kiosk *k, int64_t before_s, const char *reason)
{
	char path[sizeof(k->db_path) + 300];

	if (file_drop_oldest(k->config.paths_state_dir, KIOSK_STORE_FILE ".damaged-", before_s,
		    path, sizeof(path)) != 1)
		return false;
	log_warn("damaged_file_removed file=%s reason=%s", path, reason);
	return true;
}

/* Of a copy for the command line that was cut, and is nobody's any more. */
static void drop_cut_copies(struct kiosk *k)
{
	static const char *const ends[] = { ".copy", ".copy.part", ".backup.part" };
	char path[sizeof(k->db_path) + 16];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", k->db_path, ends[i]);
		if (unlink(path) == 0)
			log_info("cut_copy_removed file=%s", path);
	}
}

/*
 * A damaged file of before, then the ballast: without room in the WAL nothing can be dropped either. What was confirmed and goes makes room
 * inside the file, and the checkpoint gives the WAL's back; so a tap can be stored on a disk that stays full.
 * Return: whether there was anything to give.
 */
static bool make_room(struct kiosk *k)
{
	if (drop_oldest_damaged(k, INT64_MAX, "disk_full") &&
		file_free_mb(k->config.paths_state_dir) >= FULL_UNTIL_MB)
		return true;
	bool had = give_up_ballast(k);
	int n = 0;

	/* The numbers of another log say nothing about these rows. */
	if (!k->store || !uuid_equal(kiosk_store_info(k->store)->log, k->followed_log))
		return had;
	if (kiosk_store_truncate(k->store) == 0) /* else the retry says what is wrong */
		n = kiosk_store_free_up(k->store, k->deliver.confirmed, PURGE_SLICE);
	if (n <= 0)
		return had;
	k->saved_confirm = k->deliver.confirmed;
	log_warn("purged checkins=%d reason=disk_full", n);
	return true;
}

static void fail(struct kiosk *k, int err)
{
	enum wire_store_state state = err == STORE_ERR_FULL ? WIRE_STORE_FULL : WIRE_STORE_FAILING;

	/* On the edge alone: a queue at a full disk must not fill the journal. */
	if (state != k->store_state)
		log_error("store_failed error=\"%s\" next=open_again", store_err_text(err));
	k->store_failed_us = k->now.mono_us;
	tell_store(k, state);
}

/*
 * A disk that is full or fails now is no reason to leave the gate dark: it starts, sends people to the desk, and opens the
 * database once the disk takes it. Everything else wants a person, and ends the start.
 */
int disk_open(struct kiosk *k)
{
	drop_cut_copies(k);
	int err = open_store(k);

	if (err == STORE_ERR_FULL && make_room(k))
		err = open_store(k);
	bool no_folder = access(k->config.paths_state_dir, F_OK) < 0 && errno == ENOENT;
	if (no_folder || (err != STORE_ERR_FULL && err != STORE_ERR_IO))
		return err;
	deliver_init(&k->deliver, 0, 0);
	fail(k, err);
	return 0;
}

/* A disk on which a commit took that long isn't asked for more before somebody else had a turn. */
static bool is_slow_turn(const struct kiosk *k)
{
	return clock_mono_us() - k->now.mono_us > KIOSK_SLOW_US;
}

void disk_redate(struct kiosk *k)
{
	struct checkin rows[REDATE_SLICE];

	if (!k->redate || k->fx.n_rows || !k->store || !k->state.store_ok || is_slow_turn(k))
		return;
	if (!clock_judges(k->now.state)) {
		k->redate = false; /* lost again; it begins anew with the next trust */
		return;
	}
	int n = kiosk_store_undated(k->store, &k->state.settings.boot, k->redated_seq,
		k->config.unit_id, rows, REDATE_SLICE);
	int64_t last = n > 0 ? rows[n - 1].seq : 0;
	for (int i = 0; i < n; i++)
		kiosk_redate(&k->state, &rows[i], &k->now);
	int err = n > 0 ? kiosk_store_add(k->store, rows, (size_t)n) : n;
	if (err) {
		fail(k, err);
		return;
	}
	if (n > 0) {
		k->redated_seq = last;
		k->n_redated += n;
		deliver_stored(&k->deliver, kiosk_store_info(k->store)->last_seq);
		return;
	}
	k->redate = false;
	if (k->n_redated)
		log_info("taps_redated count=%lld", (long long)k->n_redated);
}

/* Return: 0, or -1 where memory is out. */
static int keep_unsaved(struct kiosk *k, const char *payload, size_t len)
{
	char *copy = malloc(len);

	if (!copy)
		return -1;
	memcpy(copy, payload, len);
	free(k->unsaved_data);
	k->unsaved_data = copy;
	k->unsaved_len = len;
	return 0;
}

static void forget_unsaved(struct kiosk *k)
{
	free(k->unsaved_data);
	k->unsaved_data = NULL;
	k->unsaved_len = 0;
}

/* Return: 0 or a store_err. */
static int save_unsaved(struct kiosk *k)
{
	int err = k->unsaved_data ? kiosk_store_data_save(k->store, k->roster->generation,
					    k->unsaved_data, k->unsaved_len)
				  : 0;

	if (!err)
		forget_unsaved(k);
	return err;
}

/*
 * Retained, so it comes once: what can't be written is used all the same, and written when the disk takes it. A gate
 * that is started anew meanwhile has the older one for as long as it has no broker.
 */
void disk_data(struct kiosk *k, struct roster *roster, const char *payload, size_t len)
{
	loop_patience(); /* taps of the same turn come on top */
	int err = k->store ? kiosk_store_data_save(k->store, roster->generation, payload, len)
			   : STORE_ERR_IO;

	if (err) {
		if (k->store)
			fail(k, err);
		if (keep_unsaved(k, payload, len) < 0) {
			roster_destroy(roster);
			return;
		}
	} else {
		forget_unsaved(k);
	}
	/* Since the turn began that found it in the mailbox: taps of this turn wait for so long. */
	log_info("data_applied generation=%lld pupils=%zu cards=%zu took_us=%lld%s",
		(long long)roster->generation, roster->n_pupils, roster->n_cards,
		(long long)(clock_mono_us() - k->now.mono_us),
		err ? " next=save_when_possible" : "");
	struct roster *old = k->roster;
	k->roster = roster;
	k->state.roster = roster;
	roster_destroy(old);
	memory_trim();
}

void disk_relog(struct kiosk *k, bool all)
{
	loop_patience();
	int err = k->store ? kiosk_store_relog(k->store, draw_uuid(), all) : STORE_ERR_IO;

	if (err) {
		fail(k, err);
		return;
	}
	log_warn("log_drawn_anew all=%d next=deliver_under_new_log", all);
	trace_renumbered(&k->trace);
	follow_log(k);
	if (k->deliver.up)
		deliver_up(&k->deliver, k->now.mono_us);
}

static int save_confirm(struct kiosk *k)
{
	bool judges = checkin_clock_judges(k->state.clock);

	loop_patience();
	int err = kiosk_store_confirm_at(
		k->store, k->deliver.confirmed, judges ? k->now.wall_ms : -1);

	k->last_save_us = k->now.mono_us;
	if (!err)
		k->saved_confirm = k->deliver.confirmed;
	return err;
}

void disk_confirm(struct kiosk *k)
{
	/* Going back is written at once: until then purge would count rows as confirmed that are not. */
	if (k->store && k->deliver.confirmed < k->saved_confirm) {
		int err = save_confirm(k);
		if (err)
			fail(k, err);
	}
}

static bool is_failing(const struct kiosk *k)
{
	return k->store_state == WIRE_STORE_FULL || k->store_state == WIRE_STORE_FAILING;
}

static void well_again(struct kiosk *k)
{
	log_info("store_back");
	tell_store(k, k->recovered ? WIRE_STORE_RECOVERED : WIRE_STORE_OK);
}

static void still_failing(struct kiosk *k, int err, enum wire_store_state was)
{
	k->store_state = was; /* opening it has changed that */
	fail(k, err);
}

/* Writing is the proof that it works again. */
static void open_again(struct kiosk *k)
{
	enum wire_store_state was = k->store_state;

	loop_patience();
	k->store_failed_us = k->now.mono_us;
	backup_close(k);
	kiosk_store_close(k->store);
	k->store = NULL;
	int64_t confirmed = k->deliver.confirmed;
	struct uuid log = k->followed_log;
	int err = open_store(k);
	if (err < 0) {
		still_failing(k, err, was);
		return;
	}
	/* Also where it is less: the register went back, and that could not be written. A file that was rescued has another
	 * log, whose numbers the register has never confirmed. */
	if (uuid_equal(log, k->followed_log) && confirmed != k->deliver.confirmed)
		(void)deliver_confirmed(&k->deliver, confirmed, k->now.mono_us);
	err = kiosk_store_prove(k->store, k->deliver.confirmed);
	if (!err)
		k->saved_confirm = k->deliver.confirmed;
	if (!err)
		err = save_unsaved(k);
	if (err) {
		still_failing(k, err, was);
		return;
	}
	well_again(k);
}

/* Return: 0 or a store_err; without a database what opening it said, so that the state stays what it is. */
static int add_rows(struct kiosk *k)
{
	if (!k->store)
		return k->store_state == WIRE_STORE_FULL ? STORE_ERR_FULL : STORE_ERR_IO;
	return kiosk_store_add(k->store, k->fx.rows, k->fx.n_rows);
}

static void note_taps(struct kiosk *k)
{
	k->last_tap_us = k->now.mono_us;
	struct civil_date today = civil_local_of(&k->zone, k->now.wall_ms).date;
	if (civil_date_compare(today, k->taps_date) != 0)
		k->taps_today = 0;
	k->taps_date = today;
	for (size_t i = 0; i < k->fx.n_rows; i++)
		k->taps_today += k->fx.rows[i].result != CHECKIN_TALK;
	if (k->now.state == CLOCK_STATE_TRUSTED)
		clock_newest_event(&k->clock, k->now.wall_ms);
}

/* A store that failed is opened and checked before the next tap, not only after a while: that tap may count. */
int disk_add(struct kiosk *k)
{
	if (k->store_state == WIRE_STORE_FAILING || (k->store && kiosk_store_is_suspect(k->store)))
		open_again(k);
	/* The first commit after a checkpoint syncs the head of the WAL by itself. */
	if (k->store && kiosk_store_wal_bytes(k->store) == 0)
		loop_patience();
	int err = add_rows(k);
	if (err == STORE_ERR_FULL) {
		loop_patience();
		bool had = make_room(k);
		/* A sync that met the full disk leaves what only a new start of the file can be sure of. */
		if (k->store ? kiosk_store_is_suspect(k->store) : had)
			open_again(k);
		err = add_rows(k);
	}
	if (err) {
		fail(k, err);
		return err;
	}
	if (is_failing(k))
		well_again(k);
	note_taps(k);
	deliver_stored(&k->deliver, kiosk_store_info(k->store)->last_seq);
	return 0;
}

/* Never under a clock that can't be trusted: it must decide neither what is old nor when a confirm came.
 * Return: 0 or a store_err. */
static int purge(struct kiosk *k)
{
	int64_t before_ms =
		retention_gate_before(k->now.wall_ms, k->config.retention_gate_days, true);

	loop_patience();
	int n = kiosk_store_purge(k->store, k->now.wall_ms, before_ms, PURGE_SLICE);
	if (n < 0)
		return n;
	k->n_purged += n;
	if (n == PURGE_SLICE)
		return 0; /* another slice at the next turn */
	if (drop_oldest_damaged(k, k->now.wall_ms / 1000 - DAMAGED_DAYS * INT64_C(86400), "old"))
		return 0; /* the next one too */
	k->last_purge_us = k->now.mono_us;
	if (k->n_purged)
		log_info("purged checkins=%lld", (long long)k->n_purged);
	k->n_purged = 0;
	return 0;
}

/* Without a tap. A disk that stays full isn't tried over and over: it would be well and full in turns. */
static void try_again(struct kiosk *k)
{
	bool roomy = k->disk_free_mb < 0 || k->disk_free_mb >= FULL_UNTIL_MB;

	k->store_failed_us = k->now.mono_us;
	if (k->store_state != WIRE_STORE_FULL || roomy || make_room(k))
		open_again(k);
}

/*
 * One thing a turn: each waits for the medium, some twice. What comes first is soon done and leaves the rest its turn.
 * Return: 0 or a store_err.
 */
static int care_once(struct kiosk *k, bool idle)
{
	int64_t mono_us = k->now.mono_us;
	int64_t wal = kiosk_store_wal_bytes(k->store);

	if (k->deliver.confirmed != k->saved_confirm &&
		(idle || mono_us - k->last_save_us > KIOSK_CONFIRM_SAVE_US))
		return save_confirm(k);
	if (k->unsaved_data)
		return save_unsaved(k); /* a tap had shown that the disk takes rows again */
	if (idle && checkin_clock_judges(k->state.clock) &&
		mono_us - k->last_purge_us > clock_real_us(&k->clock, PURGE_EVERY_MS))
		return purge(k);
	if (wal > KIOSK_WAL_MAX || (idle && wal > 0)) {
		loop_patience();
		return kiosk_store_checkpoint(k->store);
	}
	if (backup_runs(k))
		backup_slice(k);
	else if (idle)
		backup_night(k);
	return 0;
}

void disk_care(struct kiosk *k)
{
	int64_t mono_us = k->now.mono_us;
	bool failing = is_failing(k);

	if (failing || mono_us - k->last_disk_us > DISK_LOOK_US) {
		k->last_disk_us = mono_us;
		k->disk_free_mb = file_free_mb(k->config.paths_state_dir);
	}
	if (failing) {
		if (mono_us - k->store_failed_us > KIOSK_STORE_AGAIN_US)
			try_again(k);
		return;
	}
	if (is_slow_turn(k))
		return;
	look_at_ballast(k);
	int err = care_once(k, mono_us - k->last_tap_us > KIOSK_IDLE_US);
	if (err)
		fail(k, err);
}

void disk_failed(struct kiosk *k, int err)
{
	if (k->store_state !=
		WIRE_STORE_FAILING) /* else who asks every turn would put it off for ever */
		fail(k, err);
}

void disk_close(struct kiosk *k)
{
	if (k->store && k->deliver.confirmed != k->saved_confirm)
		(void)save_confirm(k);
	backup_close(k);
	kiosk_store_close(k->store);
	k->store = NULL;
	forget_unsaved(k);
}
