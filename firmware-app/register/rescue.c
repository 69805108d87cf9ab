/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * After a database was damaged or lost: what may not be said until the gates and the school have filled it again.
 *
 * Lost taps would make pupils absent who were in, so nothing is decided until every gate has delivered what it still
 * keeps; lost pupils, cards, lessons or excuses would do the same, so nobody is surely absent until they are imported
 * anew, and the gates keep the data that they have. Alerts that are raised again go on above the revisions that people
 * have seen.
 */
#include <string.h>

#include "register/register.h"
#include "sys/log.h"

#define REFILL_MAX_MS (30 * 60 * INT64_C(1000)) /* 45,000 check-ins of 30 days at 25 a second */

static const struct {
	unsigned bit;
	const char *word;
	enum import_what what;
} lost_words[] = {
	{ REGISTER_LOST_PUPILS, "pupils", IMPORT_PUPILS },
	{ REGISTER_LOST_CARDS, "cards", IMPORT_CARDS },
	{ REGISTER_LOST_TIMETABLE, "timetable", IMPORT_TIMETABLE },
	{ REGISTER_LOST_CALENDAR, "calendar", IMPORT_CALENDAR },
	{ REGISTER_LOST_EXCUSED, "excused", IMPORT_EXCUSED },
};
#define N_WORDS (sizeof(lost_words) / sizeof(lost_words[0]))

static void follow(struct register_program *r)
{
	/* Until the clock judges no day is known to be another. */
	bool its_day = r->rescue.day < 0 || r->rescue.day == civil_day_number(r->state.today);

	r->state.refilling = r->rescue.refilling;
	r->state.roster_lost = r->rescue.lost != 0;
	r->state.revision_base = its_day ? r->rescue.revision_base : 0;
}

static int keep(struct register_program *r)
{
	int err = school_begin(r);

	if (!err)
		err = register_store_rescue_put(r->store, &r->rescue);
	if (err && !r->err)
		r->err = err;
	return err;
}

static void tell(const struct register_program *r)
{
	log_error("database_recovered rows=%lld backup=%s next=gates_deliver_again",
		(long long)r->rescue.n_rows, r->rescue.from_backup ? "used" : "not_used");
	for (size_t i = 0; i < N_WORDS; i++)
		if (r->rescue.lost & lost_words[i].bit)
			log_error("rows_lost table=%s next=import_anew", lost_words[i].word);
}

int rescue_open(struct register_program *r)
{
	int err = register_store_rescue(r->store, &r->rescue);

	if (err)
		return err;
	r->recovered = r->recovered || r->rescue.now;
	if (r->rescue.now)
		tell(r);
	follow(r);
	return 0;
}

void rescue_turn(struct register_program *r)
{
	struct register_store_rescue *rescue = &r->rescue;
	int32_t today = civil_day_number(r->state.today);
	struct register_store_rescue was = *rescue;
	bool long_enough = r->state.connected_since_ms >= 0 &&
			   r->now.wall_ms - r->state.connected_since_ms > REFILL_MAX_MS;

	if (!r->store ||
		(!rescue->refilling && !rescue->lost && !r->rescue_changed && rescue->day >= 0))
		return;
	if (rescue->day < 0 && r->state.clock_judges)
		rescue->day = today;
	/* What people said counts again from the next morning on. */
	if (rescue->day >= 0 && r->state.clock_judges && today > rescue->day)
		rescue->lost &= ~(unsigned)REGISTER_LOST_CORRECTIONS;
	if (rescue->refilling && (long_enough || (r->state.connected_since_ms >= 0 &&
							 register_delivered(&r->state)))) {
		rescue->refilling = false;
		r->roster_changed = true; /* the day is built anew: what waited is raised */
		log_info("refilled complete=%d", !long_enough);
	}
	bool changed = r->rescue_changed || was.day != rescue->day || was.lost != rescue->lost ||
		       was.refilling != rescue->refilling;
	r->rescue_changed = changed && keep(r) != 0; /* then again at the next turn */
	follow(r);
}

void rescue_older(struct register_program *r, const char *gate, int64_t confirmed, int64_t through)
{
	struct register_store_rescue *rescue = &r->rescue;
	int32_t today = civil_day_number(r->state.today);
	bool before = rescue->day > 0 || rescue->revision_base > 0;

	/* After a rescue no log counts as stored, and a gate that was away all the time says what it heard before. */
	if (!r->store || confirmed <= through || rescue->refilling || rescue->day < 0 ||
		(before && (through == 0 || rescue->day == today)))
		return;
	if (school_begin(r))
		return;
	rescue->day = r->state.clock_judges ? today : -1;
	int err = register_store_older(r->store, rescue);
	if (err && !r->err)
		r->err = err;
	school_forget_days(r); /* their alerts go on above what people have seen */
	r->all_due = true;
	follow(r);
	log_error("database_older gate=%s confirmed=%lld stored=%lld next=gates_deliver_again",
		gate, (long long)confirmed, (long long)through);
}

void rescue_imported(struct register_program *r, enum import_what what)
{
	unsigned lost = r->rescue.lost;

	for (size_t i = 0; i < N_WORDS; i++)
		if (lost_words[i].what == what)
			lost &= ~lost_words[i].bit;
	if (lost == r->rescue.lost)
		return;
	r->rescue.lost = lost; /* written by the turn that follows */
	r->rescue_changed = true;
	follow(r);
}

bool rescue_holds_data(const struct register_program *r)
{
	return r->rescue.lost & (REGISTER_LOST_PUPILS | REGISTER_LOST_CARDS);
}

void rescue_show(const struct register_program *r, struct wire_node *store)
{
	struct wire_node *lost = wire_node_array();

	for (size_t i = 0; i < N_WORDS; i++)
		if (r->rescue.lost & lost_words[i].bit)
			wire_node_set_text(lost, NULL, lost_words[i].word);
	wire_node_set_bool(store, "refilling", r->rescue.refilling);
	wire_node_set_node(store, "lost", lost);
}

void rescue_hears(struct register_program *r, const char *id, int revision)
{
	size_t i = 0;

	/* Every connection brings them again. */
	while (i < r->state.n_heard && strcmp(r->heard[i].id, id) != 0)
		i++;
	if (i == REGISTER_HEARD_MAX)
		return;
	struct register_heard *heard = &r->heard[i];
	if (i == r->state.n_heard) {
		r->state.n_heard++;
		*heard = (struct register_heard){ 0 };
		memcpy(heard->id, id, strnlen(id, sizeof(heard->id) - 1));
	}
	if (revision > heard->revision)
		heard->revision = revision;
	r->state.heard = r->heard;
}

void rescue_new_date(struct register_program *r)
{
	char today[CIVIL_DATE_TEXT];
	size_t n = 0;

	civil_format_date(r->state.today, today);
	for (size_t i = 0; i < r->state.n_heard; i++)
		if (strncmp(r->heard[i].id, today, strlen(today)) == 0)
			r->heard[n++] = r->heard[i];
	r->state.n_heard = n;
}
