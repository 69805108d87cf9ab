/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The register's own clock: what is said of it, and what a jump means for days and absence.
 *
 * A first time after none is no jump: the days before it were over, whoever was in. But a clock that judged and is set
 * by hours or days had been wrong, or is now. Then nothing is judged for a minute, in which a mistake can be taken back
 * and the gates tell how they see it; wall time that was left out has no cut-offs, and days that were left out no
 * absences. Source: faults.md C2; library-facts.md section 6.
 */
#include "register/register.h"
#include "sys/log.h"

#define DOUBT_MS (60 * INT64_C(1000)) /* rules.absent_hold_s' default: three states of each gate */

void time_open(struct register_program *r)
{
	r->clock_said = -1;
	clock_keeper_open(&r->keeper, &r->clock, r->config.paths_state_dir);
}

static void take_jump(struct register_program *r)
{
	int64_t jump_ms = r->now.jump_ms;
	bool judged = r->clock_said >= 0 && clock_judges((enum clock_state)r->clock_said);

	log_warn("clock_jumped by_ms=%lld state=%s next=durations_unmoved", (long long)jump_ms,
		clock_state_word(r->now.state));
	/* How long it has been connected is a duration. */
	if (r->state.connected_since_ms >= 0) {
		int64_t since_ms = r->state.connected_since_ms + jump_ms;
		r->state.connected_since_ms = since_ms > 0 ? since_ms : 0;
	}
	if (!judged || !clock_judges(r->now.state))
		return;
	r->jumped = true;
	r->doubt_until_boot_ms = r->now.boot_ms + DOUBT_MS;
	r->state.skipped_from_ms = r->now.wall_ms - jump_ms;
	r->state.skipped_to_ms =
		r->now.wall_ms; /* before _from after a jump back: nothing was left out */
}

static void tell_state(struct register_program *r)
{
	if ((int)r->now.state == r->clock_said)
		return;
	r->clock_said = (int)r->now.state;
	if (clock_judges(r->now.state))
		log_info("clock_state state=%s error_ms=%lld", clock_state_word(r->now.state),
			(long long)r->now.error_ms);
	else
		log_warn("clock_state state=%s next=decide_no_absence",
			clock_state_word(r->now.state));
}

void time_turn(struct register_program *r)
{
	if (r->now.jump_ms)
		take_jump(r);
	tell_state(r);
	r->state.now_ms = r->now.wall_ms;
	r->state.clock_judges =
		clock_judges(r->now.state) && r->now.boot_ms >= r->doubt_until_boot_ms;
	/* Within the day, or taken back: the date is what it was. */
	if (r->state.clock_judges && r->jumped &&
		civil_date_compare(civil_local_of(&r->zone, r->now.wall_ms).date, r->state.today) ==
			0)
		r->jumped = false;
	if (r->state.clock_judges && r->store && !r->past_opened && past_open(r) < 0)
		log_warn("past_unreadable next=again");
	clock_keeper_care(&r->keeper, &r->clock, &r->now);
}

void time_new_date(struct register_program *r, struct civil_date date)
{
	bool back = civil_date_compare(date, r->state.today) < 0;

	if (r->jumped || back)
		past_jumped(r, r->jumped);
	r->jumped = false;
}
