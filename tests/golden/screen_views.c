/* SPDX-License-Identifier: EUPL-1.2 */
#include "golden/screen_views.h"

#define OK .clock = CHECKIN_CLOCK_TRUSTED
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a string in them can't fill an array */
#define RESULT(what, hour) .state = WIRE_VIEW_RESULT, .result = (what), .at = hour, OK

/* Three school weeks of November 2026. */
#define DAY(d, m)                                                                                  \
	{                                                                                          \
		{ 2026, 11, d }, m                                                                 \
	}
#define RECORD                                                                                     \
	.has_record = true, .n_recent = 15,                                                        \
	.recent = { DAY(2, "xx"), DAY(3, "||"), DAY(4, "|."), DAY(5, "L|"), DAY(6, "||"),          \
		DAY(9, "||"), DAY(10, "||"), DAY(12, "--"), DAY(13, "||"), DAY(16, "||"),          \
		DAY(17, "L|"), DAY(18, "|."), DAY(19, "||"), DAY(20, "||"), DAY(23, "|.") }

const struct screen_view_row screen_view_rows[] = {
	{ "idle", false, false, { .state = WIRE_VIEW_IDLE, .at = "08:07", OK } },
	{ "idle_staff_signs", false, false,
		{ .state = WIRE_VIEW_IDLE, .clock = CHECKIN_CLOCK_UNKNOWN, .offline = true } },
	{ "idle_night", false, false, { .state = WIRE_VIEW_IDLE, .at = "23:10", OK } },
	{ "reading", false, false, { .state = WIRE_VIEW_READING, .at = "08:07", OK } },
	{ "present", false, false, { RESULT(WIRE_RESULT_PRESENT, "08:14"), .name = "Noor" } },
	{ "present_no_name", false, false, { RESULT(WIRE_RESULT_PRESENT, "13:02") } },
	{ "late_discreet", false, false,
		{ RESULT(WIRE_RESULT_LATE, "08:29"), .name = "Ilyas", .minutes_late = 4 } },
	{ "late_open", true, false,
		{ RESULT(WIRE_RESULT_LATE, "08:29"), .name = "Ilyas", .minutes_late = 4 } },
	{ "already", false, false, { RESULT(WIRE_RESULT_ALREADY, "08:16"), .name = "Noor" } },
	{ "not_expected", false, false,
		{ RESULT(WIRE_RESULT_NOT_EXPECTED, "16:40"), .name = "Wout" } },
	{ "unjudged", false, false,
		{ .state = WIRE_VIEW_RESULT,
			.result = WIRE_RESULT_UNJUDGED,
			.name = "Wout",
			.clock = CHECKIN_CLOCK_UNKNOWN } },
	{ "unknown_card", false, false, { RESULT(WIRE_RESULT_UNKNOWN_CARD, "08:15") } },
	{ "blocked_card", false, false, { RESULT(WIRE_RESULT_BLOCKED_CARD, "08:15") } },
	{ "refused_card", false, false, { RESULT(WIRE_RESULT_REFUSED_CARD, "08:15") } },
	{ "two_cards", false, false, { RESULT(WIRE_RESULT_TWO_CARDS, "08:15") } },
	{ "not_stored", false, false, { RESULT(WIRE_RESULT_NOT_STORED, "08:15") } },
	{ "fault_reader", false, false,
		{ .state = WIRE_VIEW_FAULT, .fault = WIRE_FAULT_READER, .at = "08:15", OK } },
	{ "fault_store", false, false,
		{ .state = WIRE_VIEW_FAULT, .fault = WIRE_FAULT_STORE, .at = "08:15", OK } },
	{ "fault_counts", false, false,
		{ .state = WIRE_VIEW_FAULT,
			.fault = WIRE_FAULT_READER,
			.taps_count = true,
			.at = "08:15",
			OK } },
	{ "away", false, true, { OK } },
	{ "overview", false, false,
		{ .state = WIRE_VIEW_OVERVIEW,
			.at = "08:14",
			OK,
			.name = "Noor",
			.talk = true,
			.late_30_days = 2,
			RECORD } },
	{ "overview_thanks", false, false,
		{ .state = WIRE_VIEW_OVERVIEW,
			.at = "08:14",
			OK,
			.name = "Noor",
			.talk_asked = true,
			.late_30_days = 2,
			RECORD } },
	{ "overview_empty", false, false,
		{ .state = WIRE_VIEW_OVERVIEW, .at = "08:14", OK, .name = "Ilyas" } },
	{ "name_long", false, false,
		{ RESULT(WIRE_RESULT_PRESENT, "08:14"),
			.name = "Maria-Magdalena Alexandrina Wilhelmina van den "
				"Broecke-Vanderstraeten "
				"de Ribaucourt d'Aspremont" } },
	{ "name_double", false, false,
		{ RESULT(WIRE_RESULT_PRESENT, "08:14"),
			.name = "Marie-Antoinette Josephine van den Broecke" } },
	{ "name_chinese", false, false,
		{ RESULT(WIRE_RESULT_PRESENT, "08:14"), .name = "\u738b\u5c0f\u660e" } },
	{ "name_two_scripts", false, false,
		{ RESULT(WIRE_RESULT_PRESENT, "08:14"),
			.name = "Noor \u0646\u0648\u0631 \u0627\u0644\u0647\u062f\u0649" } },
	{ "name_arabic", false, false,
		{ RESULT(WIRE_RESULT_PRESENT, "08:14"), .name = "نور الهدى" } },
	{ NULL, false, false, { OK } },
};
