/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every message out and in again, with all members and with as few as may be; and what encoders refuse
 * or cut.
 */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/wire_samples.h"

static char reason[WIRE_REASON_MAX];

static void same_checkin(const struct checkin *a, const struct checkin *b)
{
	assert_true(uuid_equal(a->log, b->log) && uuid_equal(a->id, b->id));
	assert_true(uuid_equal(a->boot, b->boot));
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->revision, b->revision);
	assert_string_equal(a->gate, b->gate);
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->at_ms, b->at_ms);
	assert_int_equal(a->clock, b->clock);
	assert_int_equal(a->clock_error_ms, b->clock_error_ms);
	assert_int_equal(a->boot_ms, b->boot_ms);
	assert_int_equal(a->pupil, b->pupil);
	assert_int_equal(card_hash_compare(a->card, b->card), 0);
	assert_int_equal(civil_date_compare(a->date, b->date), 0);
	assert_int_equal(a->half, b->half);
	assert_int_equal(a->minutes_late, b->minutes_late);
	assert_int_equal(a->source, b->source);
}

static void test_checkin(void **state)
{
	struct checkin c[] = { sample_checkin(), sample_checkin_spare(), sample_checkin() };
	(void)state;
	c[2].result = CHECKIN_PRESENT;
	c[2].minutes_late = 0;
	c[2].source = CHECKIN_SOURCE_CARD;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct checkin back;
		char *text = wire_checkin_encode(&c[i], &sample_brussels);
		assert_non_null(text);
		assert_int_equal(wire_checkin_decode(text, strlen(text), &back, reason), 0);
		same_checkin(&c[i], &back);
		assert_true(
			(strstr(text, "minutes_late") != NULL) == (c[i].result == CHECKIN_LATE));
		assert_true((strstr(text, "\"date\"") != NULL) == (c[i].date.year != 0));
		free(text);
	}
}

static void test_checkin_text(void **state)
{
	struct checkin c = sample_checkin();
	char *text = wire_checkin_encode(&c, &sample_brussels);
	(void)state;
	/* Byte for byte once, so that a change of form can't pass unseen. */
	assert_string_equal(text,
		"{\"v\":1,\"log\":\"11010203-0405-4607-8809-0a0b0c0d0e0f\",\"seq\":41,"
		"\"id\":\"22010203-0405-4607-8809-0a0b0c0d0e0f\",\"revision\":2,"
		"\"gate\":\"gate-1\",\"result\":\"late\",\"at\":\"2026-11-23T07:30:00.123+01:00\","
		"\"clock\":\"holdover\",\"clock_error_ms\":40,"
		"\"boot\":\"33010203-0405-4607-8809-0a0b0c0d0e0f\",\"boot_ms\":86400123,"
		"\"pupil\":\"0000000017\",\"card\":\"a00102030405060708090a0b0c0d0e0f\","
		"\"date\":\"2026-11-23\",\"half\":\"pm\",\"minutes_late\":7,\"source\":\"desk\"}");
	free(text);
}

static void break_log(struct checkin *c)
{
	c->log = (struct uuid){ { 0 } };
}
static void break_seq(struct checkin *c)
{
	c->seq = 0;
}
static void break_id(struct checkin *c)
{
	c->id = (struct uuid){ { 0 } };
}
static void break_revision(struct checkin *c)
{
	c->revision = 0;
}
static void break_gate(struct checkin *c)
{
	c->gate[0] = '\0';
}
static void break_gate_form(struct checkin *c)
{
	c->gate[0] = 'G';
}
static void break_result(struct checkin *c)
{
	c->result = CHECKIN_RESULT_NONE;
}
static void break_at(struct checkin *c)
{
	c->at_ms = -1;
}
static void break_at_far(struct checkin *c)
{
	c->at_ms = INT64_MAX;
}
static void break_pupil(struct checkin *c)
{
	c->pupil = CHECKIN_PUPIL_MAX + 1;
}
static void break_minutes(struct checkin *c)
{
	c->minutes_late = 1441;
}
static void break_date(struct checkin *c)
{
	c->date.month = 13;
}

/* What the schema forbids is not written. */
static void test_checkin_refused(void **state)
{
	static void (*const breakers[])(struct checkin *) = { break_log, break_seq, break_id,
		break_revision, break_gate, break_gate_form, break_result, break_at, break_at_far,
		break_pupil, break_minutes, break_date };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(breakers); i++) {
		struct checkin c = sample_checkin();
		breakers[i](&c);
		char *text = wire_checkin_encode(&c, &sample_brussels);
		if (text)
			fail_msg("breaker %zu: %s", i, text);
	}
}

static void test_null_is_none(void **state)
{
	static const char text[] =
		"{\"v\":1.0,\"log\":\"11010203-0405-4607-8809-0a0b0c0d0e0f\",\"seq\":41.0,"
		"\"id\":\"22010203-0405-4607-8809-0A0B0C0D0E0F\",\"revision\":1,\"gate\":\"g\","
		"\"result\":\"present\",\"at\":\"2026-11-23T06:30:00Z\",\"clock\":\"unknown\","
		"\"boot\":\"33010203-0405-4607-8809-0a0b0c0d0e0f\",\"boot_ms\":0,\"pupil\":null,"
		"\"card\":null,\"half\":null,\"minutes_late\":9}";
	struct checkin c;
	(void)state;
	assert_int_equal(wire_checkin_decode(text, strlen(text), &c, reason), 0);
	assert_int_equal(c.seq, 41);
	assert_int_equal(c.at_ms, SAMPLE_AT_MS);
	assert_int_equal(c.pupil, 0);
	assert_true(card_hash_is_none(c.card) && c.half == HALFDAY_NONE && c.date.year == 0);
	assert_int_equal(c.minutes_late, 0); /* only late has minutes */
	assert_int_equal(c.clock_error_ms, -1);
	assert_int_equal(c.source, CHECKIN_SOURCE_CARD);
}

static void test_confirm(void **state)
{
	static struct wire_confirm c;
	static struct wire_confirm back;
	(void)state;
	for (size_t n = 0; n <= WIRE_REFUSED_MAX; n += WIRE_REFUSED_MAX / 2) {
		sample_confirm(&c, n);
		char *text = wire_confirm_encode(&c);
		assert_non_null(text);
		/* The worst that an encoder writes, its own decoder takes. */
		assert_true(strlen(text) <= WIRE_PAYLOAD_MAX);
		assert_int_equal(wire_confirm_decode(text, strlen(text), &back, reason), 0);
		assert_true(uuid_equal(c.log, back.log));
		assert_int_equal(back.through, 99);
		assert_int_equal(back.n_refused, n);
		assert_memory_equal(c.refused, back.refused, n * sizeof(c.refused[0]));
		free(text);
	}
}

static void same_gate_state(const struct wire_gate_state *a, const struct wire_gate_state *b)
{
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->gate, b->gate);
	assert_int_equal(a->at_ms, b->at_ms);
	assert_true(uuid_equal(a->session, b->session) && uuid_equal(a->log, b->log));
	assert_string_equal(a->version, b->version);
	assert_int_equal(a->last_seq, b->last_seq);
	assert_int_equal(a->confirmed_seq, b->confirmed_seq);
	assert_int_equal(a->complete_until_ms, b->complete_until_ms);
	assert_int_equal(a->clock, b->clock);
	assert_int_equal(a->clock_error_ms, b->clock_error_ms);
	assert_int_equal(a->reader, b->reader);
	assert_string_equal(a->reader_fault, b->reader_fault);
	assert_int_equal(a->screen_ok, b->screen_ok);
	assert_int_equal(a->store, b->store);
	assert_int_equal(a->data_generation, b->data_generation);
	assert_int_equal(a->disk_free_mb, b->disk_free_mb);
	assert_int_equal(a->uptime_s, b->uptime_s);
	assert_int_equal(a->rehearsal, b->rehearsal);
	assert_int_equal(a->taps_today, b->taps_today);
	assert_float_equal(a->p50_ms, b->p50_ms, 1e-9);
	assert_float_equal(a->p95_ms, b->p95_ms, 1e-9);
	assert_float_equal(a->p99_ms, b->p99_ms, 1e-9);
}

static void test_gate_state(void **state)
{
	struct wire_gate_state s[] = { sample_gate_state(), sample_gate_state_spare(),
		sample_gate_state() };
	(void)state;
	s[2].screen_ok = 0;
	s[2].p50_ms = -1;
	s[2].rehearsal = false;
	for (size_t i = 0; i < ARRAY_LEN(s); i++) {
		struct wire_gate_state back;
		char *text = wire_gate_state_encode(&s[i], &sample_brussels);
		assert_non_null(text);
		assert_int_equal(wire_gate_state_decode(text, strlen(text), &back, reason), 0);
		same_gate_state(&s[i], &back);
		free(text);
	}
	char *text = wire_gate_state_encode(&s[1], NULL);
	assert_string_equal(text, "{\"v\":1,\"state\":\"offline\",\"gate\":\"gate-1\"}");
	free(text);
}

static void test_register_state(void **state)
{
	struct wire_register_state s[] = { sample_register_state(), sample_register_state_spare() };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(s); i++) {
		struct wire_register_state back;
		char *text = wire_register_state_encode(&s[i], &sample_brussels);
		assert_non_null(text);
		assert_int_equal(wire_register_state_decode(text, strlen(text), &back, reason), 0);
		assert_int_equal(s[i].state, back.state);
		assert_int_equal(s[i].at_ms, back.at_ms);
		assert_true(uuid_equal(s[i].session, back.session));
		assert_string_equal(s[i].version, back.version);
		assert_int_equal(s[i].generation, back.generation);
		assert_int_equal(s[i].pupils, back.pupils);
		assert_int_equal(s[i].open_alerts, back.open_alerts);
		assert_int_equal(s[i].refused_checkins, back.refused_checkins);
		assert_int_equal(s[i].store, back.store);
		assert_int_equal(s[i].disk_free_mb, back.disk_free_mb);
		assert_int_equal(s[i].uptime_s, back.uptime_s);
		assert_int_equal(s[i].rehearsal, back.rehearsal);
		free(text);
	}
}

static void test_arrival(void **state)
{
	struct wire_arrival a = sample_arrival();
	struct wire_arrival back;
	char *text = wire_arrival_encode(&a, &sample_brussels);
	(void)state;
	assert_non_null(text);
	assert_int_equal(wire_arrival_decode(text, strlen(text), &back, reason), 0);
	assert_int_equal(a.pupil, back.pupil);
	assert_int_equal(civil_date_compare(a.date, back.date), 0);
	assert_int_equal(a.half, back.half);
	assert_int_equal(a.at_ms, back.at_ms);
	assert_string_equal(a.gate, back.gate);
	free(text);
	a.pupil = 0;
	assert_null(wire_arrival_encode(&a, &sample_brussels));
}

static void same_alert(const struct alert *a, const struct alert *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->certainty, b->certainty);
	assert_int_equal(civil_date_compare(a->date, b->date), 0);
	assert_int_equal(a->half, b->half);
	assert_int_equal(a->raised_at_ms, b->raised_at_ms);
	assert_int_equal(a->changed_at_ms, b->changed_at_ms);
	assert_int_equal(a->revision, b->revision);
	assert_int_equal(a->pupil, b->pupil);
	assert_string_equal(a->gate, b->gate);
	assert_string_equal(a->class_name, b->class_name);
	assert_int_equal(card_hash_compare(a->card, b->card), 0);
	assert_int_equal(a->expected_at_ms, b->expected_at_ms);
	assert_int_equal(a->arrived_at_ms, b->arrived_at_ms);
	assert_int_equal(a->minutes_late, b->minutes_late);
	assert_int_equal(a->missing, b->missing);
	assert_int_equal(a->expected, b->expected);
	assert_string_equal(a->acknowledged_by, b->acknowledged_by);
	assert_int_equal(a->acknowledged_at_ms, b->acknowledged_at_ms);
	assert_int_equal(a->what, b->what);
	assert_string_equal(a->resolved_by, b->resolved_by);
	assert_int_equal(a->resolved_at_ms, b->resolved_at_ms);
	assert_string_equal(a->note, b->note);
}

static void test_alert(void **state)
{
	static const struct roster_pupil pupil = {
		.first_name = "An", .last_name = "Voorbeeld", .class_name = "3 A"
	};
	struct alert a[] = { sample_alert(), sample_alert_spare() };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(a); i++) {
		struct alert back;
		char *text = wire_alert_encode(&a[i], i ? NULL : &pupil, &sample_brussels);
		assert_non_null(text);
		assert_int_equal(wire_alert_decode(text, strlen(text), &back, reason), 0);
		same_alert(&a[i], &back);
		assert_true((strstr(text, "\"An Voorbeeld\",\"class\":\"3 A\"") != NULL) == !i);
		assert_null(strstr(text, "rehearsal"));
		free(text);
	}
	a[1].revision = 0;
	assert_null(wire_alert_encode(&a[1], NULL, NULL));
}

/* Cut to the schema's length between characters, bytes that are no UTF-8 replaced one by one. */
static void test_texts(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "caf\xC3\xA9", "caf\xC3\xA9" },
		{ "caf\xC3", "caf?" },
		{ "\xE2\x82\xAC \xE2\x82", "\xE2\x82\xAC ??" },
		{ "\xF0\x9F\x9A\xAB", "\xF0\x9F\x9A\xAB" },
		{ "\xC0\x80\xED\xA0\x80", "?????" },
		{ "\xF4\x90\x80\x80", "????" },
		{ "a\nb\tc\x01\x1f", "a\nb\tc??" },
	};
	struct wire_gate_state s = sample_gate_state_spare();
	struct wire_gate_state back;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		snprintf(s.reader_fault, sizeof(s.reader_fault), "%s", row[i].in);
		char *text = wire_gate_state_encode(&s, NULL);
		assert_int_equal(wire_gate_state_decode(text, strlen(text), &back, reason), 0);
		assert_string_equal(back.reader_fault, row[i].out);
		free(text);
	}
	for (size_t i = 0; i < 400; i++)
		memcpy(s.reader_fault + 2 * i, "\xC3\xA9", 2);
	s.reader_fault[800] = '\0';
	char *text = wire_gate_state_encode(&s, NULL);
	assert_int_equal(wire_gate_state_decode(text, strlen(text), &back, reason), 0);
	assert_int_equal(strlen(back.reader_fault), 400);
	free(text);
}

static void test_day(void **state)
{
	static const struct wire_day_class classes[] = { { "3 A", 21, 1, 2, 3, 4, 5, 6 } };
	struct wire_day d = { sample_date, HALFDAY_AM, SAMPLE_AT_MS, 1, classes };
	char *text = wire_day_encode(&d, &sample_brussels);
	(void)state;
	assert_string_equal(text,
		"{\"v\":1,\"date\":\"2026-11-23\",\"half\":\"am\","
		"\"at\":\"2026-11-23T07:30:00.000+01:00\",\"classes\":[{\"class\":\"3 A\","
		"\"expected\":21,\"present\":1,\"late\":2,\"absent\":3,\"unconfirmed\":4,"
		"\"excused\":5,\"awaited\":6}]}");
	free(text);
	d.half = HALFDAY_NONE;
	assert_null(wire_day_encode(&d, NULL));
}

static void test_counts(void **state)
{
	struct counts_group groups[] = { { "3", { 21, 17, 2, 1, 1 } } };
	struct wire_context rehearsal = { .zone = sample_brussels.zone, .rehearsal = true };
	struct wire_counts c = { "sint-jan", sample_date, HALFDAY_PM, SAMPLE_AT_MS, 1, groups, 2 };
	char *text = wire_counts_encode(&c, &rehearsal);
	(void)state;
	assert_string_equal(text,
		"{\"v\":1,\"school\":\"sint-jan\",\"date\":\"2026-11-23\",\"half\":\"pm\","
		"\"at\":\"2026-11-23T07:30:00.000+01:00\",\"groups\":[{\"group\":\"3\","
		"\"expected\":21,\"present\":17,\"late\":2,\"absent\":1,\"excused\":1}],"
		"\"withheld\":2,\"rehearsal\":true}");
	free(text);
	groups[0].numbers.expected = COUNTS_GROUP_MIN - 1; /* R22, whoever calls */
	assert_null(wire_counts_encode(&c, NULL));
	groups[0].numbers.expected = COUNTS_GROUP_MIN;
	c.half = HALFDAY_NONE;
	assert_null(wire_counts_encode(&c, NULL));
	c.half = HALFDAY_AM;
	c.school[0] = '\0';
	assert_null(wire_counts_encode(&c, NULL));
}

static void test_command(void **state)
{
	struct wire_command c[] = { sample_command(),
		{ .request = sample_id, .command = WIRE_COMMAND_DAY_CARD } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct wire_command back;
		char *text = wire_command_encode(&c[i]);
		assert_non_null(text);
		assert_int_equal(wire_command_decode(text, strlen(text), &back, reason), 0);
		assert_true(uuid_equal(c[i].request, back.request));
		assert_int_equal(c[i].command, back.command);
		assert_string_equal(c[i].alert, back.alert);
		assert_int_equal(c[i].pupil, back.pupil);
		assert_int_equal(card_hash_compare(c[i].card, back.card), 0);
		assert_int_equal(civil_date_compare(c[i].date, back.date), 0);
		assert_int_equal(c[i].half, back.half);
		assert_int_equal(c[i].what, back.what);
		assert_int_equal(c[i].code, back.code);
		assert_string_equal(c[i].note, back.note);
		assert_int_equal(c[i].if_revision, back.if_revision);
		assert_int_equal(c[i].year, back.year);
		assert_string_equal(c[i].after, back.after);
		free(text);
	}
	c[0].what = ALERT_ARRIVED; /* nobody asks for that */
	assert_null(wire_command_encode(&c[0]));
	c[1].code = 'L';
	assert_null(wire_command_encode(&c[1]));
}

static void test_reply(void **state)
{
	struct wire_reply r[] = { sample_reply(), { .request = sample_id, .ok = true } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		struct wire_reply back;
		char *text = wire_reply_encode(&r[i], &sample_brussels);
		assert_non_null(text);
		assert_int_equal(wire_reply_decode(text, strlen(text), &back, reason), 0);
		assert_true(uuid_equal(r[i].request, back.request));
		assert_int_equal(r[i].ok, back.ok);
		assert_int_equal(r[i].error, back.error);
		assert_string_equal(r[i].reason, back.reason);
		assert_string_equal(r[i].alert, back.alert);
		assert_int_equal(r[i].revision, back.revision);
		assert_int_equal(r[i].now.state, back.now.state);
		assert_int_equal(r[i].now.at_ms, back.now.at_ms);
		assert_int_equal(r[i].now.what, back.now.what);
		assert_string_equal(r[i].now.by, back.now.by);
		assert_string_equal(r[i].now.note, back.now.note);
		assert_int_equal(r[i].n_cards, back.n_cards);
		for (size_t c = 0; c < back.n_cards; c++) {
			assert_int_equal(
				card_hash_compare(r[i].cards[c].hash, back.cards[c].hash), 0);
			assert_int_equal(r[i].cards[c].blocked, back.cards[c].blocked);
			assert_int_equal(
				civil_date_compare(r[i].cards[c].from, back.cards[c].from), 0);
			assert_int_equal(civil_date_compare(r[i].cards[c].to, back.cards[c].to), 0);
		}
		free(text);
	}
	r[0].cards[1].hash = (struct card_hash){ { 0 } };
	assert_null(wire_reply_encode(&r[0], &sample_brussels));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checkin),
		cmocka_unit_test(test_checkin_text),
		cmocka_unit_test(test_checkin_refused),
		cmocka_unit_test(test_null_is_none),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_gate_state),
		cmocka_unit_test(test_register_state),
		cmocka_unit_test(test_arrival),
		cmocka_unit_test(test_alert),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
