/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The register's nights: a copy of the database beside it (register.db.backup), slice by slice, and once a week a whole
 * check. The copy is what a damaged database is filled up from (store/register_rescue.c).
 */
#include "core/night.h"

#include <stdio.h>
#include <unistd.h>

#include "register/register.h"
#include "sys/file.h"
#include "sys/log.h"

#define SLICE_US INT64_C(50000)
#define SLICE_PAGES 16
#define CHECK_YIELD_US INT64_C(300000) /* so long a message may wait for the check */
#define CHECK_MAX_US INT64_C(5000000) /* well before the watchdog */
#define CHECK_TRIES 20
#define DAMAGED_LOOK_US (60 * INT64_C(1000000))
#define DAMAGED_DAYS 30 /* as at a gate: time to look at it, and no second store of pupils' data */

static void copied(struct register_program *r, int err)
{
	int closed = store_backup_close(r->night.copy);

	r->night.copy = NULL;
	err = err ? err : closed;
	if (err)
		log_warn("backup_failed error=\"%s\" next=tomorrow", store_err_text(err));
	else
		log_info("backup_made file=%s.backup", r->db_path);
}

static void slice(struct register_program *r)
{
	int64_t until_us = clock_mono_us() + SLICE_US;
	int more = 1;

	while (more == 1 && clock_mono_us() < until_us)
		more = store_backup_step(r->night.copy, SLICE_PAGES);
	if (more != 1)
		copied(r, more);
}

static void begin(struct register_program *r)
{
	char path[sizeof(r->db_path) + 16];

	(void)snprintf(path, sizeof(path), "%s.backup", r->db_path);
	int err = register_store_backup_open(r->store, path, &r->night.copy);
	if (err)
		log_warn("backup_failed error=\"%s\" next=tomorrow", store_err_text(err));
}

struct checking {
	const struct register_program *r;
	int64_t start_us;
};

static bool should_stop(void *ctx)
{
	const struct checking *c = ctx;
	int64_t took_us = clock_mono_us() - c->start_us;

	return took_us > CHECK_MAX_US || (took_us > CHECK_YIELD_US && loop_is_ready(c->r->loop));
}

/* Return: whether it is done for this week. */
static bool check(struct register_program *r)
{
	struct checking c = { r, clock_mono_us() };
	int found = register_store_check(r->store, should_stop, &c);

	if (found == 0)
		return ++r->night.tries >= CHECK_TRIES;
	if (found == 1)
		log_info("database_checked result=ok");
	else
		log_error("database_damaged next=open_again_and_recover");
	if (found < 0)
		r->store_failed_us = r->now.mono_us;
	return found == 1;
}

/* Of a copy for the command line that a power cut left: none is being made now. */
static void drop_cut_copy(const struct register_program *r)
{
	static const char *const ends[] = { ".copy", ".copy.part" };
	char path[sizeof(r->db_path) + 16];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", r->db_path, ends[i]);
		if (unlink(path) == 0)
			log_info("cut_copy_removed file=%s", path);
	}
}

bool night_care(struct register_program *r)
{
	struct register_night *n = &r->night;
	struct civil_local now = civil_local_of(&r->zone, r->now.wall_ms);
	int32_t today = civil_day_number(now.date);
	bool idle = r->now.mono_us - r->last_write_us >= REGISTER_IDLE_US;

	if (!n->copy && (!idle || !r->state.clock_judges || !night_due(now, n->done)))
		return false;
	loop_patience();
	if (n->copy) {
		slice(r);
	} else if (!n->copied) {
		n->copied = true;
		begin(r);
	} else {
		bool due = register_store_check_due(r->store, today, NIGHT_CHECK_DAYS);
		if (due && !check(r))
			return true;
		if (due)
			(void)register_store_checked(r->store, today);
		drop_cut_copy(r);
		*n = (struct register_night){ .done = now.date };
	}
	return true;
}

void night_drop_damaged(struct register_program *r)
{
	char path[sizeof(r->db_path) + 300];
	int64_t before_s = r->now.wall_ms / 1000 - DAMAGED_DAYS * INT64_C(86400);

	if (!r->state.clock_judges || r->now.mono_us < r->damaged_due_us)
		return;
	r->damaged_due_us = r->now.mono_us + DAMAGED_LOOK_US;
	if (file_drop_oldest(r->config.paths_state_dir, REGISTER_STORE_FILE ".damaged-", before_s,
		    path, sizeof(path)) == 1)
		log_warn("damaged_file_removed file=%s reason=old", path);
}

void night_close(struct register_program *r)
{
	(void)store_backup_close(r->night.copy);
	r->night.copy = NULL;
}
