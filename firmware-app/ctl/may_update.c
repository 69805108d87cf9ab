/* SPDX-License-Identifier: EUPL-1.2 */
/* May new programs be installed now? Never while pupils come: broker-config/contract/programs.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "ctl/ctl.h"
#include "sys/clock.h"
#include "sys/clock_stamp.h"
#include "sys/zone.h"

#define MORNING_FROM_S (7 * 3600) /* faults.md P7 */
#define MORNING_UNTIL_S (9 * 3600 + 30 * 60)
#define QUIET_S 900 /* between two taps of a half day that is running */

/* By the school's clock. Return: why not, or NULL. */
static const char *refused_by_time(const struct now *now, const struct civil_zone *zone)
{
	if (now->state != CLOCK_STATE_TRUSTED && now->state != CLOCK_STATE_HOLDOVER)
		return _("the time isn't known");
	int at_s = civil_local_of(zone, now->wall_ms).at_s;
	if (at_s >= MORNING_FROM_S && at_s < MORNING_UNTIL_S)
		return _("not between 07:00 and 09:30");
	return NULL;
}

/* By the unit itself; one that doesn't answer may need the update. */
static const char *refused_by_pupils(const struct ctl *ctl)
{
	char reason[ASK_REASON_MAX];
	struct wire_node *status = ctl_status_of(ctl, reason);
	int64_t quiet_s = wire_node_get_int(status, "last_tap_s", QUIET_S);
	bool arrival = wire_node_get_bool(status, "arrival", false);

	wire_node_destroy(status);
	if (quiet_s < QUIET_S)
		return _("pupils are tapping");
	return arrival ? _("pupils are expected now, by the timetable") : NULL;
}

int ctl_may_update(const struct ctl *ctl, int argc, char **argv)
{
	struct clock clock;
	struct clock_keeper keeper;
	const char *why = NULL;
	struct civil_zone *zone = calloc(1, sizeof(*zone));

	if (argc > 1) {
		(void)fprintf(stderr, "schoolpoortctl: %s: %s\n", _("one word too many"), argv[1]);
		free(zone);
		return CTL_USAGE;
	}
	if (clock_init(&clock, ctl->options.clock_spec,
		    ctl->config.clock_trust == CONFIG_TRUST_ALWAYS, &why) < 0) {
		(void)fprintf(stderr, "schoolpoortctl: --clock: %s\n", why);
		free(zone);
		return CTL_USAGE;
	}
	if (!ctl->options.clock_spec)
		clock_keeper_open(&keeper, &clock, ctl->config.paths_state_dir);
	struct now now = clock_read(&clock);
	if (!zone || zone_load(ctl->config.school_timezone, civil_zone_add, zone) < 0)
		why = _("the school's time zone isn't known");
	else
		why = refused_by_time(&now, zone);
	if (!why)
		why = refused_by_pupils(ctl);
	free(zone);
	if (ctl->options.json)
		(void)printf("{\"may\":%s,\"reason\":%s%s%s}\n", why ? "false" : "true",
			why ? "\"" : "", why ? why : "null", why ? "\"" : "");
	else
		(void)printf("%s%s%s\n", why ? _("no") : _("yes"), why ? ": " : "", why ? why : "");
	return why ? CTL_FAILED : CTL_DONE;
}
