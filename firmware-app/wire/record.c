/* SPDX-License-Identifier: EUPL-1.2 */
/* A pupil's own figures: in gates/data for every pupil, in the view of an overview for one. */
#include <limits.h>
#include <string.h>

#include "wire/json.h"

static bool marks_valid(const char *marks)
{
	return strlen(marks) == 2 && strspn(marks, "|L-x.") == 2;
}

void wire_out_record(struct wire_out *out, json_t *at, int late_30_days,
	const struct roster_recent *recent, int n_recent)
{
	json_t *record = wire_out_object(out, at, "record");
	wire_out_said(out, record, "late_30_days", late_30_days);
	json_t *list = wire_out_array(out, record, "recent");
	for (int i = 0; i < n_recent && i < ROSTER_RECENT_MAX; i++) {
		json_t *day = wire_out_array(out, list, NULL);
		wire_out_date(out, day, NULL, recent[i].date);
		wire_out_word(out, day, NULL, recent[i].marks);
		if (json_array_size(day) != 2 || !marks_valid(recent[i].marks))
			out->failed = true;
	}
}

static void decode_recent(
	struct wire_in *in, json_t *list, struct roster_recent *ret_recent, int *ret_n_recent)
{
	for (size_t i = 0; i < json_array_size(list) && !in->err; i++) {
		struct roster_recent *r = &ret_recent[*ret_n_recent];
		json_t *day = json_array_get(list, i);
		const char *date = json_string_value(json_array_get(day, 0));
		const char *marks = json_string_value(json_array_get(day, 1));
		wire_in_enter(in, "recent", i);
		if (json_array_size(day) != 2 || !date || !marks)
			wire_in_refuse(in, "day", "no pair of date and marks");
		else if (civil_parse_date(date, &r->date))
			wire_in_refuse(in, "date", "no date");
		else if (!marks_valid(marks))
			wire_in_refuse(in, "marks", "no two marks");
		else
			memcpy(r->marks, marks, sizeof(r->marks));
		wire_in_leave(in);
		++*ret_n_recent;
	}
}

bool wire_in_record(struct wire_in *in, json_t *at, int *ret_late_30_days,
	struct roster_recent *ret_recent, int *ret_n_recent)
{
	json_t *record = wire_in_object(in, at, "record", WIRE_OPTIONAL);
	if (!record)
		return false;
	wire_in_enter(in, "record", SIZE_MAX);
	wire_in_int32(in, record, "late_30_days", WIRE_OPTIONAL, 0, INT_MAX, ret_late_30_days);
	json_t *list = wire_in_array(in, record, "recent", WIRE_OPTIONAL, ROSTER_RECENT_MAX);
	decode_recent(in, list, ret_recent, ret_n_recent);
	wire_in_leave(in);
	return true;
}
