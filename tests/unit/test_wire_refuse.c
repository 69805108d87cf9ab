/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What decoders refuse: each row is a valid message with one thing changed. A refusal names the field,
 * shows no value, and leaves the result as it was.
 */
#include "unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/wire_samples.h"

enum message {
	CHECKIN,
	CONFIRM,
	GATE,
	REGISTER,
	ARRIVAL,
	ALERT,
	COMMAND,
	REPLY,
	DATA,
	CARD,
	VIEW,
	FAULT,
	OVERVIEW,
};

#define RESULT_MAX (256 * 1024)
static unsigned char result[RESULT_MAX];

/* Into result[]; a roster is ended at once, since only the refusal is looked at. */
static int decode(enum message m, const void *bytes, size_t len, char *reason)
{
	struct roster *roster = NULL;
	int err;

	switch (m) {
	case CHECKIN:
		return wire_checkin_decode(bytes, len, (void *)result, reason);
	case CONFIRM:
		return wire_confirm_decode(bytes, len, (void *)result, reason);
	case GATE:
		return wire_gate_state_decode(bytes, len, (void *)result, reason);
	case REGISTER:
		return wire_register_state_decode(bytes, len, (void *)result, reason);
	case ARRIVAL:
		return wire_arrival_decode(bytes, len, (void *)result, reason);
	case ALERT:
		return wire_alert_decode(bytes, len, (void *)result, reason);
	case COMMAND:
		return wire_command_decode(bytes, len, (void *)result, reason);
	case REPLY:
		return wire_reply_decode(bytes, len, (void *)result, reason);
	case DATA:
		err = wire_gates_data_decode(bytes, len, &roster, reason);
		assert_true((err == 0) == (roster != NULL));
		roster_destroy(roster);
		return err;
	case CARD:
	case VIEW:
	case FAULT:
	case OVERVIEW:
		return wire_local_decode(bytes, len, (void *)result, reason);
	}
	return 0;
}

static char *encode_local(enum message m)
{
	static struct wire_local l;

	l = (struct wire_local){ .type = m == CARD ? WIRE_LOCAL_CARD : WIRE_LOCAL_VIEW };
	l.card = (struct wire_card){ { 4, 0xa1, 0xb2, 0xc3 }, 7, 32, "0344", 5 };
	l.view = sample_view(m == FAULT      ? WIRE_VIEW_FAULT
			     : m == OVERVIEW ? WIRE_VIEW_OVERVIEW
					     : WIRE_VIEW_RESULT);
	return wire_local_encode(&l);
}

/* A valid message with all its fields. */
static char *encode(enum message m)
{
	static struct wire_confirm confirm;
	struct checkin checkin = sample_checkin();
	struct wire_gate_state gate = sample_gate_state();
	struct wire_register_state reg = sample_register_state();
	struct wire_arrival arrival = sample_arrival();
	struct alert alert = sample_alert();
	struct wire_command command = sample_command();
	struct wire_reply reply = sample_reply();
	struct roster_pupil pupil = {
		.first_name = "Zo", .last_name = "Voorbeeld", .class_name = "3"
	};
	struct roster *roster = NULL;
	char *text = NULL;

	switch (m) {
	case CHECKIN:
		return wire_checkin_encode(&checkin, &sample_brussels);
	case CONFIRM:
		sample_confirm(&confirm, 2);
		return wire_confirm_encode(&confirm);
	case GATE:
		return wire_gate_state_encode(&gate, &sample_brussels);
	case REGISTER:
		return wire_register_state_encode(&reg, &sample_brussels);
	case ARRIVAL:
		return wire_arrival_encode(&arrival, &sample_brussels);
	case ALERT:
		return wire_alert_encode(&alert, &pupil, &sample_brussels);
	case COMMAND:
		return wire_command_encode(&command);
	case REPLY:
		return wire_reply_encode(&reply, NULL);
	case DATA:
		roster = sample_roster(2);
		text = wire_gates_data_encode(
			roster, WIRE_NAMES_FULL, sample_date, &sample_brussels);
		roster_destroy(roster);
		return text;
	case CARD:
	case VIEW:
	case FAULT:
	case OVERVIEW:
		return encode_local(m);
	}
	return NULL;
}

#define LEN(n, c) "\x01" #n ":" c /* a string of n times c */
#define BIG "9007199254740993"

static const struct row {
	enum message message;
	const char *path; /* names and indices with / between */
	const char *value; /* JSON; NULL: the field is taken out; or LEN() */
	const char *reason; /* begins so */
} rows[] = {
	{ CHECKIN, "v", NULL, "v: missing" },
	{ CHECKIN, "v", "2", "v: another version" },
	{ CHECKIN, "v", "0", "v: another version" },
	{ CHECKIN, "v", "\"1\"", "v: no integer" },
	{ CHECKIN, "v", "null", "v: no integer" },
	{ CHECKIN, "log", NULL, "log: missing" },
	{ CHECKIN, "log", "7", "log: no string" },
	{ CHECKIN, "log", "\"secret\"", "log: no identifier" },
	{ CHECKIN, "log", "\"11010203-0405-4607-8809-0a0b0c0d0e0\"", "log: no identifier" },
	{ CHECKIN, "log", "\"11010203-0405-4607-8809-0a0b0c0d0e0fe\"", "log: no identifier" },
	{ CHECKIN, "log", "\"00000000-0000-0000-0000-000000000000\"", "log: no identifier" },
	{ CHECKIN, "seq", NULL, "seq: missing" },
	{ CHECKIN, "seq", "0", "seq: out of range" },
	{ CHECKIN, "seq", "-1", "seq: out of range" },
	{ CHECKIN, "seq", BIG, "seq: out of range" },
	{ CHECKIN, "seq", "1.5", "seq: no integer" },
	{ CHECKIN, "seq", "1e300", "seq: no integer" },
	{ CHECKIN, "seq", "\"1\"", "seq: no integer" },
	{ CHECKIN, "seq", "true", "seq: no integer" },
	{ CHECKIN, "id", NULL, "id: missing" },
	{ CHECKIN, "id", "null", "id: no string" },
	{ CHECKIN, "revision", NULL, "revision: missing" },
	{ CHECKIN, "revision", "0", "revision: out of range" },
	{ CHECKIN, "revision", "2147483648", "revision: out of range" },
	{ CHECKIN, "gate", NULL, "gate: missing" },
	{ CHECKIN, "gate", "\"\"", "gate: no id" },
	{ CHECKIN, "gate", "\"Gate\"", "gate: no id" },
	{ CHECKIN, "gate", "\"gate-1\\n\"", "gate: no id" },
	{ CHECKIN, "gate", LEN(033, "g"), "gate: no id" },
	{ CHECKIN, "result", NULL, "result: missing" },
	{ CHECKIN, "result", "\"already\"", "result: no such word" },
	{ CHECKIN, "result", "\"\"", "result: no such word" },
	{ CHECKIN, "result", "1", "result: no string" },
	{ CHECKIN, "at", NULL, "at: missing" },
	{ CHECKIN, "at", "\"2026-11-23\"", "at: no time" },
	{ CHECKIN, "at", "\"2026-02-30T08:00:00.000+01:00\"", "at: no time" },
	{ CHECKIN, "at", "\"1969-12-31T23:00:00.000+00:00\"", "at: no time" },
	{ CHECKIN, "at", "\"1970-01-01T00:00:00.000+01:00\"", "at: no time" },
	{ CHECKIN, "at", "1795415400", "at: no string" },
	{ CHECKIN, "clock", NULL, "clock: missing" },
	{ CHECKIN, "clock", "\"fine\"", "clock: no such word" },
	{ CHECKIN, "boot", NULL, "boot: missing" },
	{ CHECKIN, "boot_ms", NULL, "boot_ms: missing" },
	{ CHECKIN, "boot_ms", "-1", "boot_ms: out of range" },
	{ CHECKIN, "pupil", "\"17\"", "pupil: no pupil number" },
	{ CHECKIN, "pupil", "\"00000000017\"", "pupil: no pupil number" },
	{ CHECKIN, "pupil", "\"0000000000\"", "pupil: no pupil number" },
	{ CHECKIN, "pupil", "\"000000001a\"", "pupil: no pupil number" },
	{ CHECKIN, "pupil", "17", "pupil: no string" },
	{ CHECKIN, "card", "\"a0\"", "card: no card hash" },
	{ CHECKIN, "card", "\"A00102030405060708090A0B0C0D0E0F\"", "card: no card hash" },
	{ CHECKIN, "card", LEN(032, "0"), "card: no card hash" },
	{ CHECKIN, "date", "\"2026-02-29\"", "date: no date" },
	{ CHECKIN, "date", "\"23/11/2026\"", "date: no date" },
	{ CHECKIN, "date", "null", "date: no string" },
	{ CHECKIN, "half", "\"noon\"", "half: no such word" },
	{ CHECKIN, "half", "\"\"", "half: no such word" },
	{ CHECKIN, "minutes_late", "1441", "minutes_late: out of range" },
	{ CHECKIN, "minutes_late", "-1", "minutes_late: out of range" },
	{ CHECKIN, "minutes_late", "null", "minutes_late: no integer" },
	{ CHECKIN, "clock_error_ms", "-1", "clock_error_ms: out of range" },
	{ CHECKIN, "source", "\"hand\"", "source: no such word" },

	{ CONFIRM, "v", "3", "v: another version" },
	{ CONFIRM, "log", NULL, "log: missing" },
	{ CONFIRM, "through", NULL, "through: missing" },
	{ CONFIRM, "through", "-1", "through: out of range" },
	{ CONFIRM, "through", "\"9\"", "through: no integer" },
	{ CONFIRM, "refused", "{}", "refused: no array" },
	{ CONFIRM, "refused", "null", "refused: no array" },
	{ CONFIRM, "refused/1", "7", "refused[1].element: no object" },
	{ CONFIRM, "refused/1/seq", NULL, "refused[1].seq: missing" },
	{ CONFIRM, "refused/0/seq", "0", "refused[0].seq: out of range" },
	{ CONFIRM, "refused/0/reason", NULL, "refused[0].reason: missing" },
	{ CONFIRM, "refused/0/reason", LEN(201, "x"), "refused[0].reason: too long" },
	{ CONFIRM, "refused/0/reason", LEN(201, "\xC3\xA9"), "refused[0].reason: too long" },

	{ GATE, "v", "2", "v: another version" },
	{ GATE, "state", NULL, "state: missing" },
	{ GATE, "state", "\"up\"", "state: no such word" },
	{ GATE, "gate", NULL, "gate: missing" },
	{ GATE, "at", "\"now\"", "at: no time" },
	{ GATE, "session", "\"x\"", "session: no identifier" },
	{ GATE, "version", LEN(041, "1"), "version: too long" },
	{ GATE, "log", "\"x\"", "log: no identifier" },
	{ GATE, "last_seq", "-1", "last_seq: out of range" },
	{ GATE, "confirmed_seq", "-1", "confirmed_seq: out of range" },
	{ GATE, "complete_until", "\"\"", "complete_until: no time" },
	{ GATE, "clock", "\"\"", "clock: no such word" },
	{ GATE, "clock_error_ms", "-1", "clock_error_ms: out of range" },
	{ GATE, "reader", "\"slow\"", "reader: no such word" },
	{ GATE, "reader_fault", LEN(201, "x"), "reader_fault: too long" },
	{ GATE, "screen", "\"off\"", "screen: no such word" },
	{ GATE, "store", "\"gone\"", "store: no such word" },
	{ GATE, "data_generation", "-1", "data_generation: out of range" },
	{ GATE, "disk_free_mb", "\"1\"", "disk_free_mb: no integer" },
	{ GATE, "uptime_s", "0.5", "uptime_s: no integer" },
	{ GATE, "rehearsal", "1", "rehearsal: no boolean" },
	{ GATE, "taps", "[]", "taps: no object" },
	{ GATE, "taps/today", "-1", "taps.today: out of range" },
	{ GATE, "taps/p95_ms", "\"44\"", "taps.p95_ms: no number" },

	{ REGISTER, "v", NULL, "v: missing" },
	{ REGISTER, "state", NULL, "state: missing" },
	{ REGISTER, "state", "\"\"", "state: no such word" },
	{ REGISTER, "at", "0", "at: no string" },
	{ REGISTER, "session", "null", "session: no string" },
	{ REGISTER, "version", LEN(041, "1"), "version: too long" },
	{ REGISTER, "generation", "-1", "generation: out of range" },
	{ REGISTER, "pupils", "-1", "pupils: out of range" },
	{ REGISTER, "open_alerts", "-1", "open_alerts: out of range" },
	{ REGISTER, "refused_checkins", "-1", "refused_checkins: out of range" },
	{ REGISTER, "store", "\"OK\"", "store: no such word" },
	{ REGISTER, "disk_free_mb", "-1", "disk_free_mb: out of range" },
	{ REGISTER, "uptime_s", "-1", "uptime_s: out of range" },
	{ REGISTER, "rehearsal", "null", "rehearsal: no boolean" },

	{ ARRIVAL, "v", "2", "v: another version" },
	{ ARRIVAL, "pupil", NULL, "pupil: missing" },
	{ ARRIVAL, "pupil", "null", "pupil: no string" },
	{ ARRIVAL, "date", NULL, "date: missing" },
	{ ARRIVAL, "half", NULL, "half: missing" },
	{ ARRIVAL, "half", "null", "half: no string" },
	{ ARRIVAL, "at", NULL, "at: missing" },
	{ ARRIVAL, "gate", NULL, "gate: missing" },

	{ ALERT, "v", "2", "v: another version" },
	{ ALERT, "id", NULL, "id: missing" },
	{ ALERT, "id", LEN(121, "x"), "id: too long" },
	{ ALERT, "id", "\"\"", "id: empty" },
	{ ALERT, "kind", NULL, "kind: missing" },
	{ ALERT, "kind", "\"fire\"", "kind: no such word" },
	{ ALERT, "state", NULL, "state: missing" },
	{ ALERT, "state", "\"\"", "state: no such word" },
	{ ALERT, "certainty", NULL, "certainty: missing" },
	{ ALERT, "certainty", "\"sure\"", "certainty: no such word" },
	{ ALERT, "date", NULL, "date: missing" },
	{ ALERT, "raised_at", NULL, "raised_at: missing" },
	{ ALERT, "changed_at", NULL, "changed_at: missing" },
	{ ALERT, "revision", NULL, "revision: missing" },
	{ ALERT, "revision", "0", "revision: out of range" },
	{ ALERT, "half", "null", "half: no string" },
	{ ALERT, "pupil", "\"0000000017\"", "pupil: no object" },
	{ ALERT, "pupil/id", NULL, "pupil.id: missing" },
	{ ALERT, "pupil/name", LEN(201, "x"), "pupil.name: too long" },
	{ ALERT, "pupil/class", LEN(021, "x"), "pupil.class: too long" },
	{ ALERT, "gate", "\"A\"", "gate: no id" },
	{ ALERT, "class", LEN(021, "x"), "class: too long" },
	{ ALERT, "card", "null", "card: no string" },
	{ ALERT, "expected_at", "\"x\"", "expected_at: no time" },
	{ ALERT, "arrived_at", "\"x\"", "arrived_at: no time" },
	{ ALERT, "minutes_late", "1441", "minutes_late: out of range" },
	{ ALERT, "missing", "-1", "missing: out of range" },
	{ ALERT, "expected", "-1", "expected: out of range" },
	{ ALERT, "acknowledged/by", NULL, "acknowledged.by: missing" },
	{ ALERT, "acknowledged/by", LEN(065, "x"), "acknowledged.by: too long" },
	{ ALERT, "acknowledged/at", NULL, "acknowledged.at: missing" },
	{ ALERT, "resolution/what", NULL, "resolution.what: missing" },
	{ ALERT, "resolution/what", "\"done\"", "resolution.what: no such word" },
	{ ALERT, "resolution/by", LEN(065, "x"), "resolution.by: too long" },
	{ ALERT, "resolution/at", NULL, "resolution.at: missing" },
	{ ALERT, "resolution/note", LEN(1001, "x"), "resolution.note: too long" },
	{ ALERT, "rehearsal", "\"yes\"", "rehearsal: no boolean" },

	{ COMMAND, "v", "2", "v: another version" },
	{ COMMAND, "request", NULL, "request: missing" },
	{ COMMAND, "command", NULL, "command: missing" },
	{ COMMAND, "command", "\"delete\"", "command: no such word" },
	{ COMMAND, "alert", LEN(121, "x"), "alert: too long" },
	{ COMMAND, "pupil", "null", "pupil: no string" },
	{ COMMAND, "card", "\"x\"", "card: no card hash" },
	{ COMMAND, "date", "\"x\"", "date: no date" },
	{ COMMAND, "half", "\"x\"", "half: no such word" },
	{ COMMAND, "what", "\"arrived\"", "what: no such word" },
	{ COMMAND, "what", "\"\"", "what: no such word" },
	{ COMMAND, "code", "\"L\"", "code: no such word" },
	{ COMMAND, "code", "\"\"", "code: no such word" },
	{ COMMAND, "code", "\"RZ\"", "code: no such word" },
	{ COMMAND, "note", LEN(1001, "x"), "note: too long" },
	{ COMMAND, "if_revision", "0", "if_revision: out of range" },
	{ COMMAND, "year", "1989", "year: out of range" },
	{ COMMAND, "year", "\"2026\"", "year: no integer" },
	{ COMMAND, "after", "\"\"", "after: empty" },
	{ COMMAND, "after", LEN(065, "x"), "after: too long" },

	{ REPLY, "v", "2", "v: another version" },
	{ REPLY, "request", NULL, "request: missing" },
	{ REPLY, "ok", NULL, "ok: missing" },
	{ REPLY, "ok", "1", "ok: no boolean" },
	{ REPLY, "error", "\"bad\"", "error: no such word" },
	{ REPLY, "reason", LEN(201, "x"), "reason: too long" },
	{ REPLY, "alert", LEN(121, "x"), "alert: too long" },
	{ REPLY, "revision", "0", "revision: out of range" },
	{ REPLY, "now/state", "\"gone\"", "now.state: no such word" },
	{ REPLY, "now/at", NULL, "now.at: missing" },
	{ REPLY, "now/by", LEN(065, "x"), "now.by: too long" },
	{ REPLY, "now/what", "\"done\"", "now.what: no such word" },
	{ REPLY, "now/note", LEN(1001, "x"), "now.note: too long" },
	{ REPLY, "cards", "{}", "cards: no array" },
	{ REPLY, "cards/0/card", NULL, "cards[0].card: missing" },
	{ REPLY, "cards/1/blocked", "0", "cards[1].blocked: no boolean" },

	{ DATA, "v", "2", "v: another version" },
	{ DATA, "generation", NULL, "generation: missing" },
	{ DATA, "generation", "0", "generation: out of range" },
	{ DATA, "made_at", NULL, "made_at: missing" },
	{ DATA, "pupils", NULL, "pupils: missing" },
	{ DATA, "pupils", "{}", "pupils: no array" },
	{ DATA, "pupils/1", "[]", "pupils[1].element: no object" },
	{ DATA, "pupils/1/id", NULL, "pupils[1].id: missing" },
	{ DATA, "pupils/1/id", "\"0000000001\"", "pupils or cards: one of them twice" },
	{ DATA, "pupils/1/class", NULL, "pupils[1].class: missing" },
	{ DATA, "pupils/1/class", "\"\"", "pupils[1].class: empty" },
	{ DATA, "pupils/1/class", LEN(021, "\xC3\xA9"), "pupils[1].class: too long" },
	{ DATA, "pupils/0/first_name", LEN(101, "x"), "pupils[0].first_name: too long" },
	{ DATA, "pupils/0/last_name", LEN(101, "x"), "pupils[0].last_name: too long" },
	{ DATA, "pupils/0/language", "\"it\"", "pupils[0].language: no such word" },
	{ DATA, "pupils/0/record", "[]", "pupils[0].record: no object" },
	{ DATA, "pupils/0/record/late_30_days", "-1",
		"pupils[0].record.late_30_days: out of range" },
	{ DATA, "pupils/0/record/recent", "{}", "pupils[0].record.recent: no array" },
	{ DATA, "pupils/0/record/recent", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]",
		"pupils[0].record.recent: too many" },
	{ DATA, "pupils/0/record/recent/3", "1", "pupils[0].record.recent[3].day: no pair" },
	{ DATA, "pupils/0/record/recent/3", "[]", "pupils[0].record.recent[3].day: no pair" },
	{ DATA, "pupils/0/record/recent/3", "[\"2026-11-20\",\"||\",1]",
		"pupils[0].record.recent[3].day: no pair" },
	{ DATA, "pupils/0/record/recent/3/0", "\"x\"", "pupils[0].record.recent[3].date: no date" },
	{ DATA, "pupils/0/record/recent/3/1", "\"|\"", "pupils[0].record.recent[3].marks: no two" },
	{ DATA, "pupils/0/record/recent/3/1", "\"|||\"",
		"pupils[0].record.recent[3].marks: no two" },
	{ DATA, "pupils/0/record/recent/3/1", "\"|LB\"",
		"pupils[0].record.recent[3].marks: no two" },
	{ DATA, "pupils/0/record/recent/3/1", "\"|B\"",
		"pupils[0].record.recent[3].marks: no two" },
	{ DATA, "pupils/0/excused",
		"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,"
		"24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41]",
		"pupils[0].excused: too many" },
	{ DATA, "pupils/0/excused/1/date", NULL, "pupils[0].excused[1].date: missing" },
	{ DATA, "pupils/0/excused/1/half", NULL, "pupils[0].excused[1].half: missing" },
	{ DATA, "pupils/0/excused/1", "null", "pupils[0].excused[1].element: no object" },
	{ DATA, "cards", NULL, "cards: missing" },
	{ DATA, "cards/1", "1", "cards[1].element: no object" },
	{ DATA, "cards/1/card", NULL, "cards[1].card: missing" },
	{ DATA, "cards/1/card", "\"04a1b2c3\"", "cards[1].card: no card hash" },
	{ DATA, "cards/1/card", "\"a00000030405060708090a0b0c0d0e0f\"", "pupils or cards: one of" },
	{ DATA, "cards/1/pupil", NULL, "cards[1].pupil: missing" },
	{ DATA, "cards/0/blocked", "1", "cards[0].blocked: no boolean" },
	{ DATA, "cards/0/from", "\"x\"", "cards[0].from: no date" },
	{ DATA, "cards/0/to", "null", "cards[0].to: no string" },
	{ DATA, "timetable", NULL, "timetable: missing" },
	{ DATA, "timetable/2/class", NULL, "timetable[2].class: missing" },
	{ DATA, "timetable/2/weekday", NULL, "timetable[2].weekday: missing" },
	{ DATA, "timetable/2/weekday", "\"Mon\"", "timetable[2].weekday: no such word" },
	{ DATA, "timetable/2/half", NULL, "timetable[2].half: missing" },
	{ DATA, "timetable/2/start", NULL, "timetable[2].start: missing" },
	{ DATA, "timetable/2/start", "\"8:25\"", "timetable[2].start: no time of day" },
	{ DATA, "timetable/2/end", NULL, "timetable[2].end: missing" },
	{ DATA, "timetable/2/end", "\"24:00\"", "timetable[2].end: no time of day" },
	{ DATA, "timetable/2/end", "\"08:60\"", "timetable[2].end: no time of day" },
	{ DATA, "timetable/2/end", "\"00:00\"", "timetable[2].end: not after the start" },
	{ DATA, "days_off", NULL, "days_off: missing" },
	{ DATA, "days_off/0/date", NULL, "days_off[0].date: missing" },
	{ DATA, "days_off/0/half", "null", "days_off[0].half: no string" },
	{ DATA, "days_off/0/name", NULL, "days_off[0].name: missing" },
	{ DATA, "days_off/0/name", LEN(101, "x"), "days_off[0].name: too long" },

	{ CARD, "v", "2", "v: another version" },
	{ CARD, "type", NULL, "type: missing" },
	{ CARD, "type", "\"cards\"", "type: no such word" },
	{ CARD, "uid", NULL, "uid: missing" },
	{ CARD, "uid", "\"04a1b2\"", "uid: no 4, 7 or 10" },
	{ CARD, "uid", "\"04a1b2c3d4\"", "uid: no 4, 7 or 10" },
	{ CARD, "uid", "\"04A1B2C3\"", "uid: no 4, 7 or 10" },
	{ CARD, "uid", "\"04a1b2c\"", "uid: no 4, 7 or 10" },
	{ CARD, "uid", "\"\"", "uid: no 4, 7 or 10" },
	{ CARD, "uid", LEN(022, "0"), "uid: no 4, 7 or 10" },
	{ CARD, "sak", "256", "sak: out of range" },
	{ CARD, "atqa", "\"344\"", "atqa: no four" },
	{ CARD, "atqa", "\"03440\"", "atqa: too long" },
	{ CARD, "atqa", "\"03xx\"", "atqa: no four" },
	{ CARD, "seen_us", "-1", "seen_us: out of range" },
	{ CARD, "type", "\"hello\"", "role: missing" },
	{ CARD, "type", "\"welcome\"", "gate: missing" },
	{ CARD, "type", "\"status\"", "state: missing" },
	{ CARD, "type", "\"presented\"", "number: missing" },
	{ CARD, "type", "\"touch\"", "action: missing" },
	{ CARD, "type", "\"error\"", "reason: missing" },

	{ VIEW, "number", NULL, "number: missing" },
	{ VIEW, "number", "0", "number: out of range" },
	{ VIEW, "state", NULL, "state: missing" },
	{ VIEW, "state", "\"off\"", "state: no such word" },
	{ VIEW, "offline", NULL, "offline: missing" },
	{ VIEW, "clock", NULL, "clock: missing" },
	{ VIEW, "at", "\"25:00\"", "at: no time of day" },
	{ VIEW, "at", "\"08:31:00\"", "at: too long" },
	{ VIEW, "result", NULL, "result: missing" },
	{ VIEW, "result", "\"fine\"", "result: no such word" },
	{ VIEW, "checkin", "\"x\"", "checkin: no identifier" },
	{ VIEW, "name", LEN(202, "x"), "name: too long" },
	{ VIEW, "language", "\"es\"", "language: no such word" },
	{ VIEW, "minutes_late", "1441", "minutes_late: out of range" },
	{ FAULT, "fault", NULL, "fault: missing" },
	{ FAULT, "fault", "\"screen\"", "fault: no such word" },
	{ FAULT, "taps_count", "1", "taps_count: no boolean" },
	{ OVERVIEW, "talk", "1", "talk: no boolean" },
	{ OVERVIEW, "record", "1", "record: no object" },
	{ OVERVIEW, "record/recent/2", "[]", "record.recent[2].day: no pair" },
};

/* Without the zero. Return: what was added. */
static size_t add(char *to, const char *piece)
{
	size_t n = 0;
	for (; piece[n]; n++)
		to[n] = piece[n];
	return n;
}

static json_t *value_of(const char *spec)
{
	char text[8192];
	size_t n = 0;
	char *colon;

	if (spec[0] != '\x01')
		return json_loads(spec, JSON_DECODE_ANY, NULL);
	for (long left = strtol(spec + 1, &colon, 10); left > 0; left--)
		n += add(text + n, colon + 1);
	return json_stringn(text, n);
}

static void put(json_t *at, const char *name, json_t *value)
{
	if (json_is_array(at))
		assert_int_equal(json_array_set_new(at, strtoul(name, NULL, 10), value), 0);
	else if (value)
		assert_int_equal(json_object_set_new(at, name, value), 0);
	else
		assert_int_equal(json_object_del(at, name), 0); /* else the row changes nothing */
}

/* The row's message, for free(). */
static char *change(const struct row *row)
{
	char *text = encode(row->message);
	assert_non_null(text);
	json_t *root = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(root);
	json_t *at = root;
	char path[64];
	char *name = path;
	snprintf(path, sizeof(path), "%s", row->path);
	for (char *slash = strchr(name, '/'); slash; slash = strchr(name, '/')) {
		*slash = '\0';
		at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
				       : json_object_get(at, name);
		if (!at)
			fail_msg("%s: no %s in the sample", row->path, name);
		name = slash + 1;
	}
	put(at, name, row->value ? value_of(row->value) : NULL);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	assert_non_null(text);
	return text;
}

/* Bytes in a block of just their size, so that a read past the end is found. */
static int decode_exactly(enum message m, const void *bytes, size_t len, char *reason)
{
	unsigned char *copy = malloc(len > 0 ? len : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	int err = decode(m, copy, len, reason);
	free(copy);
	return err;
}

static void expect_refusal(
	enum message m, const void *bytes, size_t len, int want, const char *name)
{
	char reason[WIRE_REASON_MAX] = "";

	memset(result, 0xA5, sizeof(result));
	int err = decode_exactly(m, bytes, len, reason);
	if (err != want || !reason[0])
		fail_msg("message %d, %s: got %d '%s'", (int)m, name, err, reason);
	for (size_t i = 0; i < sizeof(result); i++)
		if (result[i] != 0xA5)
			fail_msg("message %d, %s: result touched at %zu", (int)m, name, i);
}

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		char reason[WIRE_REASON_MAX] = "";
		char *text = change(row);
		int err = decode_exactly(row->message, text, strlen(text), reason);
		if (err != WIRE_ERR_SCHEMA ||
			strncmp(reason, row->reason, strlen(row->reason)) != 0)
			fail_msg("row %zu %s: got %d '%s', not '%s'", i, row->path, err, reason,
				row->reason);
		expect_refusal(row->message, text, strlen(text), WIRE_ERR_SCHEMA, row->path);
		free(text);
	}
}

/* No reason holds a piece of what was refused: it goes to a log. */
static void test_reasons_hold_no_value(void **state)
{
	static const char *const bad[] = {
		"{\"v\":1,\"id\":\"Anneke\" Anneke",
		"\"Anneke",
		"{\"Anneke\":1,\"Anneke\":2}",
		"{\"v\":\"Anneke\"}",
		"{\"v\":1,\"log\":\"Anneke\",\"state\":\"Anneke\",\"pupil\":\"Anneke\"}",
		"{\"v\":1,\"type\":\"Anneke\",\"generation\":1,\"made_at\":\"Anneke\"}",
		"[\"Anneke\"]",
		"Anneke",
		"{\"v\":1,\"x\":\"Anneke\xFF\"}",
	};
	(void)state;
	for (int m = CHECKIN; m <= OVERVIEW; m++)
		for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
			char reason[WIRE_REASON_MAX] = "";
			assert_int_not_equal(
				decode((enum message)m, bad[i], strlen(bad[i]), reason), 0);
			if (strstr(reason, "Ann") || !reason[0])
				fail_msg("message %d, text %zu: '%s'", m, i, reason);
		}
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	for (int m = CHECKIN; m <= OVERVIEW; m++) {
		char reason[WIRE_REASON_MAX];
		char *text = encode((enum message)m);
		size_t len = strlen(text);
		assert_int_equal(decode_exactly((enum message)m, text, len, reason), 0);
		assert_string_equal(reason, "");
		for (size_t i = 0; i<len; i += len> 4000 ? 7 : 1)
			assert_int_equal(
				decode_exactly((enum message)m, text, i, reason), WIRE_ERR_SYNTAX);
		expect_refusal((enum message)m, text, len - 1, WIRE_ERR_SYNTAX, "cut");
		expect_refusal((enum message)m, text, 0, WIRE_ERR_SYNTAX, "empty");
		text[len / 2] = '\0';
		expect_refusal((enum message)m, text, len, WIRE_ERR_SYNTAX, "zero byte");
		text[len / 2] = '\xFF';
		expect_refusal((enum message)m, text, len, WIRE_ERR_SYNTAX, "no UTF-8");
		free(text);
	}
}

/* @text with @extra as its first field. */
static char *with(const char *text, const char *extra)
{
	size_t size = strlen(text) + strlen(extra) + 2;
	char *longer = malloc(size);
	assert_non_null(longer);
	snprintf(longer, size, "{%s,%s", extra, text + 1);
	return longer;
}

static void test_added_fields(void **state)
{
	static const struct {
		const char *extra;
		int want;
	} row[] = {
		{ "\"later\":{\"a\":[1,2,null]}", 0 },
		{ "\"v\":1", WIRE_ERR_SYNTAX },
		{ "\"x\":1,\"x\":1", WIRE_ERR_SYNTAX },
		{ "\"x\":\"\\u0000\"", WIRE_ERR_SYNTAX },
		{ "\"\\u0000\":1", WIRE_ERR_SYNTAX },
		{ "\"x\":\"\\ud800\"", WIRE_ERR_SYNTAX },
		{ "\"x\":99999999999999999999", WIRE_ERR_SYNTAX },
		{ "\"x\":NaN", WIRE_ERR_SYNTAX },
		{ "\"x\":1e999", WIRE_ERR_SYNTAX },
		{ "\"x\":'a'", WIRE_ERR_SYNTAX },
		{ "\"x\":01", WIRE_ERR_SYNTAX },
	};
	(void)state;
	for (int m = CHECKIN; m <= OVERVIEW; m++) {
		char *text = encode((enum message)m);
		for (size_t i = 0; i < ARRAY_LEN(row); i++) {
			char reason[WIRE_REASON_MAX];
			char *longer = with(text, row[i].extra);
			int err = decode_exactly((enum message)m, longer, strlen(longer), reason);
			if (err != row[i].want)
				fail_msg("message %d, %s: %d '%s'", m, row[i].extra, err, reason);
			free(longer);
		}
		free(text);
	}
}

static void test_shapes(void **state)
{
	static const char *const syntax[] = { "nonsense", "{} {}", "{\"v\":1}x", "{,}", " ",
		"{\"v\"}" };
	static const char *const schema[] = { "[]", "[1,2]", "{}" };
	(void)state;
	for (int m = CHECKIN; m <= OVERVIEW; m++) {
		for (size_t i = 0; i < ARRAY_LEN(syntax); i++)
			expect_refusal((enum message)m, syntax[i], strlen(syntax[i]),
				WIRE_ERR_SYNTAX, syntax[i]);
		for (size_t i = 0; i < ARRAY_LEN(schema); i++)
			expect_refusal((enum message)m, schema[i], strlen(schema[i]),
				WIRE_ERR_SCHEMA, schema[i]);
	}
}

static void test_depth_and_length(void **state)
{
	size_t size = WIRE_GATES_DATA_MAX + 1;
	char *text = malloc(size);
	(void)state;
	assert_non_null(text);
	for (int m = CHECKIN; m <= OVERVIEW; m++) {
		size_t max = m == DATA ? WIRE_GATES_DATA_MAX : WIRE_PAYLOAD_MAX;
		char reason[WIRE_REASON_MAX];
		add(text, "{\"v\":");
		memset(text + 5, '[', 60000);
		expect_refusal((enum message)m, text, 60005, WIRE_ERR_SYNTAX, "deep");
		/* Blanks after a valid message count too: the limit is looked at before all else. */
		char *valid = encode((enum message)m);
		memset(text, ' ', size);
		add(text, valid);
		free(valid);
		assert_int_equal(decode_exactly((enum message)m, text, max, reason), 0);
		expect_refusal((enum message)m, text, max + 1, WIRE_ERR_SYNTAX, "long");
	}
	free(text);
}

static void test_peek(void **state)
{
	static const struct {
		const char *text;
		int want;
	} row[] = {
		{ "{\"v\":2,\"log\":\"11010203-0405-4607-8809-0a0b0c0d0e0f\",\"seq\":41}", 0 },
		{ "{\"log\":\"11010203-0405-4607-8809-0a0b0c0d0e0f\",\"seq\":41,\"id\":1}", 0 },
		{ "{\"log\":\"11010203-0405-4607-8809-0a0b0c0d0e0f\"}", WIRE_ERR_SCHEMA },
		{ "{\"log\":\"11010203-0405-4607-8809-0a0b0c0d0e0f\",\"seq\":0}", WIRE_ERR_SCHEMA },
		{ "{\"log\":\"x\",\"seq\":41}", WIRE_ERR_SCHEMA },
		{ "{\"seq\":41}", WIRE_ERR_SCHEMA },
		{ "[]", WIRE_ERR_SCHEMA },
		{ "{\"log\":\"11010203", WIRE_ERR_SYNTAX },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct uuid log = sample_boot;
		int64_t seq = -5;
		int err = wire_checkin_peek(row[i].text, strlen(row[i].text), &log, &seq);
		if (err != row[i].want)
			fail_msg("%s: %d", row[i].text, err);
		assert_true(uuid_equal(log, err ? sample_boot : sample_log));
		assert_int_equal(seq, err ? -5 : 41);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_reasons_hold_no_value),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_added_fields),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_depth_and_length),
		cmocka_unit_test(test_peek),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
