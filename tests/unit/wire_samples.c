/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/wire_samples.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const struct uuid sample_log = { { 0x11, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14,
	15 } };
const struct uuid sample_id = { { 0x22, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14, 15 } };
const struct uuid sample_boot = { { 0x33, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14,
	15 } };
const struct card_hash sample_hash = { { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15 } };
const struct civil_date sample_date = { 2026, 11, 23 };
static const struct civil_zone brussels = { .n_changes = 1, .change = { { 0, 3600 } } };
const struct wire_context sample_brussels = { .zone = &brussels };

struct checkin sample_checkin(void)
{
	return (struct checkin){
		.log = sample_log,
		.seq = 41,
		.id = sample_id,
		.revision = 2,
		.gate = "gate-1",
		.result = CHECKIN_LATE,
		.at_ms = SAMPLE_AT_MS + 123,
		.clock = CHECKIN_CLOCK_HOLDOVER,
		.clock_error_ms = 40,
		.boot = sample_boot,
		.boot_ms = 86400123,
		.pupil = 17,
		.card = sample_hash,
		.date = sample_date,
		.half = HALFDAY_PM,
		.minutes_late = 7,
		.source = CHECKIN_SOURCE_DESK,
	};
}

struct checkin sample_checkin_spare(void)
{
	return (struct checkin){
		.log = sample_log,
		.seq = 1,
		.id = sample_id,
		.revision = 1,
		.gate = "g",
		.result = CHECKIN_UNKNOWN_CARD,
		.clock_error_ms = -1,
		.boot = sample_boot,
	};
}

void sample_confirm(struct wire_confirm *ret_confirm, size_t n_refused)
{
	memset(ret_confirm, 0, sizeof(*ret_confirm));
	ret_confirm->log = sample_log;
	ret_confirm->through = 99;
	ret_confirm->n_refused = n_refused;
	for (size_t i = 0; i < n_refused; i++) {
		ret_confirm->refused[i].seq = (int64_t)i + 1;
		/* The longest that fits: 200 characters of four bytes. */
		for (size_t j = 0; j < 200; j++)
			memcpy(ret_confirm->refused[i].reason + 4 * j, "\xF0\x9F\x9A\xAB", 4);
	}
}

struct wire_gate_state sample_gate_state(void)
{
	return (struct wire_gate_state){
		.state = WIRE_UNIT_ONLINE,
		.gate = "gate-1",
		.at_ms = SAMPLE_AT_MS,
		.session = sample_id,
		.version = "0.1.0",
		.log = sample_log,
		.last_seq = 12,
		.confirmed_seq = 11,
		.complete_until_ms = SAMPLE_AT_MS - 500,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = 3,
		.reader = WIRE_READER_FAULT,
		.reader_fault = "the reader doesn't answer",
		.screen_ok = 1,
		.store = WIRE_STORE_RECOVERED,
		.data_generation = 5,
		.disk_free_mb = 20000,
		.uptime_s = 3600,
		.rehearsal = true,
		.taps_today = 311,
		.p50_ms = 21.5,
		.p95_ms = 44.125,
		.p99_ms = 0.1,
	};
}

struct wire_gate_state sample_gate_state_spare(void)
{
	return (struct wire_gate_state){
		.state = WIRE_UNIT_OFFLINE,
		.gate = "gate-1",
		.at_ms = -1,
		.last_seq = -1,
		.confirmed_seq = -1,
		.complete_until_ms = -1,
		.clock = -1,
		.clock_error_ms = -1,
		.screen_ok = -1,
		.data_generation = -1,
		.disk_free_mb = -1,
		.uptime_s = -1,
		.taps_today = -1,
		.p50_ms = -1,
		.p95_ms = -1,
		.p99_ms = -1,
	};
}

struct wire_register_state sample_register_state(void)
{
	return (struct wire_register_state){
		.state = WIRE_UNIT_STOPPING,
		.at_ms = SAMPLE_AT_MS,
		.session = sample_id,
		.version = "0.1.0",
		.generation = 5,
		.pupils = 640,
		.open_alerts = 0,
		.refused_checkins = 1,
		.store = WIRE_STORE_FULL,
		.disk_free_mb = 0,
		.uptime_s = 3600,
		.rehearsal = true,
	};
}

struct wire_register_state sample_register_state_spare(void)
{
	return (struct wire_register_state){
		.state = WIRE_UNIT_OFFLINE,
		.at_ms = -1,
		.generation = -1,
		.pupils = -1,
		.open_alerts = -1,
		.refused_checkins = -1,
		.disk_free_mb = -1,
		.uptime_s = -1,
	};
}

struct wire_arrival sample_arrival(void)
{
	return (struct wire_arrival){ 9999999999, sample_date, HALFDAY_AM, SAMPLE_AT_MS, "gate-2" };
}

struct alert sample_alert(void)
{
	return (struct alert){
		.id = "2026-11-23-am-p0000000017",
		.kind = ALERT_ABSENT,
		.state = ALERT_RESOLVED,
		.certainty = ALERT_CONFIRMED,
		.date = sample_date,
		.half = HALFDAY_AM,
		.raised_at_ms = SAMPLE_AT_MS,
		.changed_at_ms = SAMPLE_AT_MS + 1000,
		.revision = 3,
		.pupil = 17,
		.gate = "gate-1",
		.class_name = "3 Latijn A\xC3\xA9",
		.card = sample_hash,
		.expected_at_ms = SAMPLE_AT_MS - 1000,
		.arrived_at_ms = SAMPLE_AT_MS + 999,
		.minutes_late = 1440,
		.missing = 12,
		.expected = 20,
		.acknowledged_by = "an.peeters",
		.acknowledged_at_ms = SAMPLE_AT_MS + 500,
		.what = ALERT_ARRIVED,
		.resolved_by = "an.peeters",
		.resolved_at_ms = SAMPLE_AT_MS + 1000,
		.note = "called:\n\"on the bus\" \\ \xE2\x82\xAC",
	};
}

struct alert sample_alert_spare(void)
{
	return (struct alert){
		.id = "2026-11-23-rgate",
		.kind = ALERT_TALK,
		.state = ALERT_OPEN,
		.date = sample_date,
		.revision = 1,
		.expected_at_ms = -1,
		.arrived_at_ms = -1,
		.minutes_late = -1,
		.missing = -1,
		.expected = -1,
	};
}

static void fill_pupil(struct roster_pupil *p, size_t i)
{
	*p = (struct roster_pupil){ .id = (int64_t)i + 1, .first_name = "Zo\xC3\xAB" };
	snprintf(p->last_name, sizeof(p->last_name), "Voorbeeld %zu", i);
	snprintf(p->class_name, sizeof(p->class_name), "%zu A", i % 80);
	p->language = (enum roster_language)(i % 5);
	p->has_record = true;
	p->late_30_days = (int)(i % 4);
	p->n_recent = ROSTER_RECENT_MAX;
	for (int d = 0; d < ROSTER_RECENT_MAX; d++) {
		p->recent[d].date = civil_date_add(sample_date, d - ROSTER_RECENT_MAX);
		memcpy(p->recent[d].marks, d % 2 ? "|L" : "-x", 3);
	}
}

struct roster *sample_roster(size_t n_pupils)
{
	struct roster_size size = {
		.pupils = n_pupils, .cards = n_pupils, .rows = 3, .days = 2, .excuses = 2
	};
	struct roster *r = roster_create(&size);
	assert(r);
	r->generation = 7;
	r->made_at_ms = SAMPLE_AT_MS;
	for (size_t i = 0; i < n_pupils; i++) {
		fill_pupil(&r->pupils[r->n_pupils++], i);
		struct roster_card *c = &r->cards[r->n_cards++];
		*c = (struct roster_card){ .hash = sample_hash, .pupil = (int64_t)i + 1 };
		c->hash.b[1] = (uint8_t)(i >> 8);
		c->hash.b[2] = (uint8_t)i;
	}
	r->cards[0].blocked = true;
	r->cards[0].from = sample_date;
	r->cards[0].to = (struct civil_date){ 2027, 6, 30 };
	r->rows[r->n_rows++] = (struct timetable_row){ "*", 0, HALFDAY_AM, { 30300, 42600 } };
	r->rows[r->n_rows++] = (struct timetable_row){ "*", 0, HALFDAY_PM, { 47400, 86340 } };
	r->rows[r->n_rows++] = (struct timetable_row){ "0 A", 6, HALFDAY_AM, { 0, 60 } };
	r->days[r->n_days++] = (struct calendar_day){ { 2026, 12, 24 }, HALFDAY_PM, "Feest" };
	r->days[r->n_days++] = (struct calendar_day){ { 2026, 12, 25 }, HALFDAY_NONE, "Kerst" };
	/* From before the fortnight to beyond it, and one afternoon. */
	r->excuses[r->n_excuses++] = (struct roster_excuse){ 1, { 2026, 11, 20 }, { 2026, 12, 31 },
		HALFDAY_AM, HALFDAY_PM, ROSTER_INTERNSHIP, 'B' };
	r->excuses[r->n_excuses++] = (struct roster_excuse){ 2, sample_date, sample_date,
		HALFDAY_PM, HALFDAY_PM, ROSTER_EXCUSED, 'Z' };
	assert(roster_index(r) == 0);
	return r;
}

struct wire_command sample_command(void)
{
	return (struct wire_command){
		.request = sample_id,
		.command = WIRE_COMMAND_RESOLVE,
		.alert = "2026-11-23-am-p0000000017",
		.pupil = 17,
		.card = sample_hash,
		.date = sample_date,
		.half = HALFDAY_AM,
		.what = ALERT_REACHED,
		.code = 'Z',
		.note = "called back",
		.if_revision = 2,
		.year = 2026,
		.after = "2026-11-23",
	};
}

struct wire_reply sample_reply(void)
{
	return (struct wire_reply){
		.request = sample_id,
		.ok = false,
		.error = WIRE_REPLY_STALE,
		.reason = "changed by someone else",
		.alert = "2026-11-23-am-p0000000017",
		.revision = 3,
		.now = { .state = ALERT_RESOLVED,
			.at_ms = SAMPLE_AT_MS,
			.by = "ann",
			.what = ALERT_REACHED,
			.note = "called back" },
		.n_cards = 2,
		.cards = { { .hash = sample_hash,
				   .blocked = true,
				   .from = sample_date,
				   .to = sample_date },
			{ .hash = sample_hash } },
	};
}

struct wire_view sample_view(enum wire_view_state state)
{
	struct wire_view v = {
		.number = 9,
		.state = state,
		.seen_us = 123456789,
		.at = "08:31",
		.offline = true,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.minutes_late = -1,
	};
	if (state == WIRE_VIEW_FAULT) {
		v.fault = WIRE_FAULT_STORE;
		v.taps_count = true;
	}
	if (state != WIRE_VIEW_RESULT && state != WIRE_VIEW_OVERVIEW)
		return v;
	v.result = WIRE_RESULT_LATE;
	v.minutes_late = 6;
	v.checkin = sample_id;
	v.language = ROSTER_FR;
	snprintf(v.name, sizeof(v.name), "Zo\xC3\xAB");
	if (state == WIRE_VIEW_OVERVIEW) {
		struct roster_pupil p;
		fill_pupil(&p, 2);
		v.has_record = true;
		v.late_30_days = p.late_30_days;
		v.n_recent = p.n_recent;
		memcpy(v.recent, p.recent, sizeof(v.recent));
		v.talk = true;
		v.talk_asked = true; /* never both; each of its own here */
	}
	return v;
}
