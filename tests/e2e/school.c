/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/school.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#define SAMPLE TEST_SOURCE_DIR "/broker-config/contract/sample/"

char *school_ctl(struct stage *s, const char *unit, const char *const *args)
{
	int status;
	char *said = stage_ctl(s, unit, args, &status);

	if (status != 0)
		fail_msg("schoolpoortctl %s: status %d\n%s", args[0], status, said);
	return said;
}

struct wire_node *school_ctl_json(struct stage *s, const char *unit, const char *const *args)
{
	const char *all[16] = { "--json" };
	char reason[WIRE_REASON_MAX];

	for (size_t i = 0; args[i] && i < 14; i++)
		all[i + 1] = args[i];
	char *said = school_ctl(s, unit, all);
	struct wire_node *node = wire_node_parse(said, strlen(said), reason);
	if (!node)
		fail_msg("schoolpoortctl %s: %s in\n%s", args[0], reason, said);
	free(said);
	return node;
}

static void import(struct stage *s, const char *what, const char *file)
{
	free(school_ctl(s, "register", (const char *const[]){ "import", what, file, NULL }));
}

void school_import(struct stage *s)
{
	stage_disconnect(s, stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL));
	import(s, "pupils", SAMPLE "pupils.csv");
	import(s, "timetable", SAMPLE "timetable.csv");
	import(s, "calendar", SAMPLE "calendar.csv");
	import(s, "excused", SAMPLE "excused.csv");
	import(s, "cards", SAMPLE "cards.csv");
}

struct stage_program *school_register(struct stage *s, const char *gates)
{
	return school_register_as(s, gates, NULL);
}

struct stage_program *school_register_as(struct stage *s, const char *gates, const char *const *env)
{
	char line[200];

	(void)snprintf(line, sizeof(line), "register.gates = %s", gates);
	stage_unit(s, "register", (const char *const[]){ line, NULL });
	struct stage_program *p = stage_start(s, "schoolpoort-register", "register", NULL, env);
	school_import(s);
	return p;
}

struct status_wait {
	const char *unit, *key;
	int64_t value;
};

static bool has_value(struct stage *s, void *ctx)
{
	struct status_wait *w = ctx;
	struct wire_node *status =
		school_ctl_json(s, w->unit, (const char *const[]){ "status", NULL });
	int64_t value = wire_node_get_int(status, w->key, -1);

	wire_node_destroy(status);
	return value == w->value;
}

void school_wait_status(struct stage *s, const char *unit, const char *key, int64_t value)
{
	struct status_wait w = { unit, key, value };
	char what[160];

	(void)snprintf(what, sizeof(what), "status of %s: %s %lld", unit, key, (long long)value);
	stage_until(s, has_value, &w, what);
}
