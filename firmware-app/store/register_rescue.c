/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/register_rescue.c: a damaged register.db, replaced by one with all that can be read.
 *
 * What a table lost comes from the nightly backup, where there is a good one; of lists that an import replaces whole the
 * backup's is taken whole, since half of each would be neither. What was stored of each gate's log is never taken over: a
 * mark that stands above rows which are gone would keep the gates from sending them again, and pupils would be absent who
 * were in. So every gate delivers anew what it still keeps; what is here already is known by its id.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/register_store.h"
#include "store/register_store_internal.h"

#define META_LOST "rescue_lost"
#define META_REFILLING "rescue_refilling"
#define META_BASE "rescue_revision_base"
#define META_DAY "rescue_day"
#define META_CHECKED "checked_day"
#define REVISIONS 1000
#define REVISIONS_TEXT "1000" /* more than an alert of one day ever has */

#define DAYS "BETWEEN 0 AND 80000"
#define HALVES "IN ('am', 'pm')"
#define LESSONS "half NOT " HALVES " OR start_s < 0 OR end_s <= start_s OR end_s > 86400"
#define PUPIL "BETWEEN 1 AND 9999999999"

/*
 * With what no program ever wrote: a flipped byte can pass for a value, and would stop the next program that reads it.
 * NULL where any value can be read.
 */
static const struct {
	const char *name;
	unsigned lost; /* what can't be relied on where rows are missing; 0: nothing that decides */
	bool list; /* replaced whole by its import */
	const char *nonsense;
} tables[] = {
	{ "pupil", REGISTER_LOST_PUPILS, false, "id NOT " PUPIL " OR class = ''" },
	{ "card", REGISTER_LOST_CARDS, false,
		"length(hash) <> 16 OR pupil NOT " PUPIL " OR from_day NOT " DAYS
		" OR to_day NOT " DAYS },
	{ "timetable", REGISTER_LOST_TIMETABLE, true, "weekday NOT BETWEEN 0 AND 6 OR " LESSONS },
	{ "timetable_day", REGISTER_LOST_TIMETABLE, true, "day NOT " DAYS " OR " LESSONS },
	{ "day_off", REGISTER_LOST_CALENDAR, true,
		"from_day NOT " DAYS " OR to_day NOT " DAYS
		" OR to_day - from_day NOT BETWEEN 0 AND 400 OR half NOT IN ('am', 'pm', '')"
		" OR length(name) > 80" },
	{ "excuse", REGISTER_LOST_EXCUSED, false,
		"from_day NOT " DAYS " OR to_day NOT " DAYS " OR from_half NOT " HALVES
		" OR to_half NOT " HALVES },
	{ "correction", REGISTER_LOST_CORRECTIONS, false, "day NOT " DAYS " OR half NOT " HALVES },
	/* The gates have them. */
	{ "checkin", 0, false,
		"length(id) <> 16 OR length(log) <> 16 OR length(boot) <> 16 OR length(card) <> 16"
		" OR day NOT " DAYS " OR gate_day NOT " DAYS " OR revision < 1"
		" OR at NOT BETWEEN 0 AND 8000000000000"
		" OR result NOT IN ('present', 'late', 'unjudged', 'not_expected', 'unknown_card',"
		" 'blocked_card', 'talk')" },
	{ "refused", 0, false, "length(log) <> 16" },
	/* These follow from the others. */
	{ "mark", 0, false, "day NOT " DAYS " OR half NOT " HALVES },
	{ "alert", 0, false,
		"day NOT " DAYS " OR half NOT IN ('am', 'pm', '') OR revision < 1"
		" OR length(card) <> 16"
		" OR state NOT IN ('open', 'acknowledged', 'resolved', 'retracted')"
		" OR kind NOT IN ('absent', 'late', 'gate_silent', 'class_missing',"
		" 'unknown_card', 'talk')" },
	{ "journal", 0, false, NULL },
	{ "exported", 0, false, "day NOT " DAYS },
	{ "event", 0, false, NULL },
	{ "counts", 0, false, "day NOT " DAYS },
	{ "counts_group", 0, false, "day NOT " DAYS },
	{ "command_done", 0, false, NULL },
	/* The fresh one's own keys stay. */
	{ "meta", 0, false, "key LIKE 'rescue_%' AND typeof(value) <> 'integer'" },
};

/* Return: 0 or a store_err. *ret_whole: nothing had to go. */
static int drop_nonsense(struct db *fresh, size_t i, bool *ret_whole)
{
	char sql[1024];

	*ret_whole = true;
	if (!tables[i].nonsense)
		return 0;
	snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s", tables[i].name, tables[i].nonsense);
	int err = db_exec(fresh, sql);
	*ret_whole = err || db_changes(fresh) == 0;
	return err;
}

/* Rows of the fresh table go where the backup's take their place. */
static int take_from_backup(struct db *fresh, const char *backup, size_t i, bool *ret_whole)
{
	struct db_copied copied = { 0 };
	char sql[64];
	int err = 0;

	*ret_whole = false;
	if (access(backup, R_OK) < 0)
		return 0;
	snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i].name);
	if (tables[i].list)
		err = db_exec(fresh, sql);
	if (!err)
		err = db_copy_table(backup, fresh, tables[i].name, &copied);
	if (!err)
		*ret_whole = copied.whole;
	return err;
}

/* Each card has its pupil: where one has not, a number was flipped in one of the two tables. */
static int compare_cards(struct db *fresh, struct register_store_rescue *rescue)
{
	int err = db_exec(
		fresh, "UPDATE card SET pupil = pupil WHERE pupil NOT IN (SELECT id FROM pupil)");

	if (!err && db_changes(fresh) > 0)
		rescue->lost |= REGISTER_LOST_PUPILS | REGISTER_LOST_CARDS;
	return err;
}

static int take_table(struct db *fresh, const char *damaged, const char *backup, size_t i,
	struct register_store_rescue *rescue)
{
	struct db_copied copied = { 0 };
	bool sound = true, whole = false;
	int err = db_copy_table(damaged, fresh, tables[i].name, &copied);

	if (!err)
		err = drop_nonsense(fresh, i, &sound);
	rescue->n_rows += copied.n_rows;
	if (err || (copied.whole && sound))
		return err;
	/* Also where the backup has the table whole: what was entered since is not in it. */
	rescue->lost |= tables[i].lost;
	err = take_from_backup(fresh, backup, i, &whole);
	rescue->from_backup |= whole;
	return err ? err : drop_nonsense(fresh, i, &sound);
}

/*
 * Of a row that was read nobody knows whether it is the last that was told: so it goes on above that as well. And nobody
 * is surely absent by it while taps are missing.
 */
static int raise_alerts(struct db *db)
{
	return db_exec(db, "UPDATE alert SET revision = revision + " REVISIONS_TEXT
			   ", confirmed = confirmed AND (kind NOT IN ('absent', 'class_missing')"
			   " OR state IN ('resolved', 'retracted'))");
}

int register_store_refill(void *context, struct db *fresh, const char *damaged)
{
	struct register_store_rescue *rescue = context;
	char backup[DB_PATH_MAX];
	int64_t base = 0, lost = 0;

	int n = snprintf(backup, sizeof(backup), "%s.backup", damaged);
	if (n < 0 || (size_t)n >= sizeof(backup))
		return STORE_ERR_IO;
	int err = db_begin(fresh);
	if (err)
		return err;
	for (size_t i = 0; !err && i < sizeof(tables) / sizeof(tables[0]); i++)
		err = take_table(fresh, damaged, backup, i, rescue);
	if (!err)
		err = compare_cards(fresh, rescue);
	if (!err)
		err = raise_alerts(fresh);
	if (!err)
		err = db_meta_int(fresh, META_BASE, 0, &base);
	if (!err)
		err = db_meta_int(fresh, META_LOST, 0, &lost);
	if (!err)
		err = db_meta_put_int(fresh, META_BASE, base + REVISIONS);
	if (!err)
		err = db_meta_put_int(fresh, META_LOST, lost | rescue->lost);
	if (!err)
		err = db_meta_put_int(fresh, META_REFILLING, 1);
	if (!err)
		err = db_meta_put_int(fresh, META_DAY, -1); /* today: who has a clock says which */
	return db_end_with(fresh, err);
}

int register_store_rescue(struct register_store *s, struct register_store_rescue *ret_rescue)
{
	struct register_store_rescue rescue = s->rescue;
	int64_t lost = 0, refilling = 0, base = 0, day = 0;
	int err = db_meta_int(s->db, META_LOST, 0, &lost);

	if (!err)
		err = db_meta_int(s->db, META_REFILLING, 0, &refilling);
	if (!err)
		err = db_meta_int(s->db, META_BASE, 0, &base);
	if (!err)
		err = db_meta_int(s->db, META_DAY, 0, &day);
	if (err)
		return err;
	rescue.lost = (unsigned)lost & REGISTER_LOST_ALL;
	rescue.refilling = refilling != 0;
	rescue.revision_base = base > 0 && base < 1000000 ? (int)base : 0;
	rescue.day = (int32_t)day;
	*ret_rescue = rescue;
	return 0;
}

int register_store_rescue_put(struct register_store *s, const struct register_store_rescue *rescue)
{
	int err = db_meta_put_int(s->db, META_LOST, rescue->lost);

	if (!err)
		err = db_meta_put_int(s->db, META_BASE, rescue->revision_base);
	if (!err)
		err = db_meta_put_int(s->db, META_REFILLING, rescue->refilling);
	if (!err)
		err = db_meta_put_int(s->db, META_DAY, rescue->day);
	return err;
}

int register_store_older(struct register_store *s, struct register_store_rescue *rescue)
{
	int err = raise_alerts(s->db);

	rescue->lost |= REGISTER_LOST_CORRECTIONS;
	rescue->refilling = true;
	rescue->revision_base += REVISIONS;
	return err ? err : register_store_rescue_put(s, rescue);
}

int register_store_backup_open(
	struct register_store *s, const char *path, struct db_backup **ret_backup)
{
	return db_backup_open(s->db, path, ret_backup);
}

int register_store_check(struct register_store *s, bool (*stop)(void *ctx), void *ctx)
{
	return db_check(s->db, stop, ctx);
}

bool register_store_check_due(struct register_store *s, int32_t today, int days)
{
	int64_t last = 0;

	return db_meta_int(s->db, META_CHECKED, 0, &last) == 0 &&
	       (last > today || today - last >= days);
}

int register_store_checked(struct register_store *s, int32_t today)
{
	int err = register_store_begin(s);

	if (!err)
		err = db_meta_put_int(s->db, META_CHECKED, today);
	return register_store_end(s, err);
}
