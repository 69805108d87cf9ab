/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wire_examples FILE: a line {"topic":…,"payload":…} of every encoder's output, for
 * tests/e2e/validate.py. Full, spare, and with texts that are too long or no UTF-8.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/wire_samples.h"
#include "wire/page.h"

static FILE *file;
static int missing;

/* Takes the payload. */
static void put(const char *topic, char *payload)
{
	if (!payload) {
		fprintf(stderr, "%s: not encoded\n", topic);
		missing = 1;
		return;
	}
	fprintf(file, "{\"topic\":\"schoolpoort/sample/%s\",\"payload\":%s}\n", topic, payload);
	free(payload);
}

static void put_checkins(void)
{
	struct checkin c = sample_checkin();
	for (int clock = 0; clock <= CHECKIN_CLOCK_TRUSTED; clock++)
		for (int result = CHECKIN_PRESENT; result <= CHECKIN_TALK; result++) {
			c.clock = (enum checkin_clock)clock;
			c.result = (enum checkin_result)result;
			put("gate/gate-1/checkin", wire_checkin_encode(&c, &sample_brussels));
		}
	c = sample_checkin_spare();
	put("gate/g/checkin", wire_checkin_encode(&c, NULL));
}

static void put_states(void)
{
	struct wire_context rehearsal = { .zone = sample_brussels.zone, .rehearsal = true };
	struct wire_gate_state g = sample_gate_state();
	put("gate/gate-1/state", wire_gate_state_encode(&g, &sample_brussels));
	memset(g.reader_fault, 'x', sizeof(g.reader_fault) - 1);
	memset(g.version, '\xFF', sizeof(g.version) - 1);
	put("gate/gate-1/state", wire_gate_state_encode(&g, &sample_brussels));
	g = sample_gate_state_spare();
	put("gate/gate-1/state", wire_gate_state_encode(&g, NULL));
	put("gate/gate-1/state", wire_gate_state_encode(&g, &rehearsal));
	struct wire_register_state r = sample_register_state();
	put("register/state", wire_register_state_encode(&r, &sample_brussels));
	r = sample_register_state_spare();
	put("register/state", wire_register_state_encode(&r, &rehearsal));
	struct wire_arrival a = sample_arrival();
	put("gates/arrival", wire_arrival_encode(&a, &sample_brussels));
	static struct wire_confirm c;
	sample_confirm(&c, 0);
	put("gate/gate-1/confirm", wire_confirm_encode(&c));
	sample_confirm(&c, WIRE_REFUSED_MAX);
	put("gate/gate-1/confirm", wire_confirm_encode(&c));
}

static void put_alerts(void)
{
	static struct roster_pupil p = { .id = 17, .class_name = "3 A" };
	struct wire_context rehearsal = { .zone = sample_brussels.zone, .rehearsal = true };
	struct alert a = sample_alert();

	memset(p.first_name, 'a', sizeof(p.first_name) - 1);
	memset(p.last_name, 'b', sizeof(p.last_name) - 1);
	for (int kind = ALERT_ABSENT; kind <= ALERT_TALK; kind++)
		for (int what = ALERT_ARRIVED; what <= ALERT_OTHER; what++) {
			a.kind = (enum alert_kind)kind;
			a.what = (enum alert_what)what;
			put("care/event", wire_alert_encode(&a, &p, &rehearsal));
		}
	put("care/alert/2026-11-23-am-p0000000017", wire_alert_encode(&a, NULL, NULL));
	for (int state = ALERT_OPEN; state <= ALERT_RETRACTED; state++) {
		a = sample_alert_spare();
		a.state = (enum alert_state)state;
		put("care/event", wire_alert_encode(&a, NULL, &sample_brussels));
	}
	memset(a.acknowledged_by, 'x', sizeof(a.acknowledged_by) - 1);
	memset(a.note, '\x01', sizeof(a.note) - 1);
	memset(a.class_name, 'x', sizeof(a.class_name) - 1);
	a.what = ALERT_OTHER;
	put("care/event", wire_alert_encode(&a, NULL, &sample_brussels));
}

static void put_commands(void)
{
	struct wire_command c = sample_command();
	struct wire_reply r = sample_reply();

	for (int kind = WIRE_COMMAND_ACKNOWLEDGE; kind <= WIRE_COMMAND_HISTORY; kind++) {
		c.command = (enum wire_command_kind)kind;
		put("care/command/an-peeters", wire_command_encode(&c));
	}
	c = (struct wire_command){ .request = sample_id, .command = WIRE_COMMAND_REOPEN };
	put("care/command/an-peeters", wire_command_encode(&c));
	for (int error = WIRE_REPLY_NOT_FOUND; error <= WIRE_REPLY_FAILED; error++) {
		r.error = (enum wire_reply_error)error;
		put("care/reply/an-peeters", wire_reply_encode(&r, &sample_brussels));
	}
	memset(r.now.note, '\x01', sizeof(r.now.note) - 1);
	memset(r.now.by, '\xFF', sizeof(r.now.by) - 1);
	for (r.n_cards = 0; r.n_cards < WIRE_REPLY_CARDS_MAX; r.n_cards++)
		r.cards[r.n_cards].hash = sample_hash;
	put("care/reply/an-peeters", wire_reply_encode(&r, &sample_brussels));
	r = (struct wire_reply){ .request = sample_id, .ok = true };
	put("care/reply/an-peeters", wire_reply_encode(&r, &sample_brussels));
}

#define REPLY "care/reply/an-peeters"

static void put_list(const struct roster *r)
{
	struct wire_page *page = wire_page_create(sample_id, &sample_brussels);
	wire_page_set_total(page, (int64_t)r->n_pupils);
	for (size_t i = 0; i < r->n_pupils; i++)
		(void)wire_page_add_pupil(page, &r->pupils[i], i % 2, i % 3);
	put(REPLY, wire_page_close(page));
	page = wire_page_create(sample_id, NULL);
	wire_page_set_total(page, 0);
	put(REPLY, wire_page_close(page));
}

/* Full, cut, and with texts that are too long or no UTF-8. */
static void put_year(const struct roster *r)
{
	static char junk[8000];
	struct wire_page *page = wire_page_create(sample_id, &sample_brussels);
	struct alert a = sample_alert();
	struct wire_half_day half = { .half = HALFDAY_PM, .mark = MARK_LATE, .arrived_at_ms = -1 };
	struct wire_line line = { .by = junk, .did = "resolve", .note = junk, .half = HALFDAY_AM };
	int32_t day = civil_day_number(sample_date);

	memset(junk, '\xFF', sizeof(junk) - 1);
	memset(half.by, '\x01', sizeof(half.by) - 1);
	memset(half.gate, 'g', sizeof(half.gate) - 1);
	line.card = sample_hash;
	line.date = sample_date;
	line.what = ALERT_NOT_REACHED;
	memset(line.alert, 'x', sizeof(line.alert) - 1);
	wire_page_set_days(page, day, day + 200);
	wire_page_set_pupil(page, &r->pupils[3], true, true);
	for (size_t i = 0; i < WIRE_REPLY_CARDS_MAX; i++)
		wire_page_add_card(page, &r->cards[i % 2]);
	for (int32_t i = 0; i <= 200; i++) {
		a.date = half.date = civil_date_of_day(day + i);
		half.mark = MARK_PRESENT + (enum mark_value)(i % 5);
		(void)wire_page_add_half_day(page, &half);
		(void)wire_page_add_alert(page, &a);
		for (int n = 0; n < 2 * WIRE_PAGE_LINES && i == 0; n++)
			(void)wire_page_add_line(page, day + i, &line);
	}
	put(REPLY, wire_page_close(page));
	page = wire_page_create(sample_id, NULL);
	wire_page_set_alert(page, &a);
	(void)wire_page_add_alert(page, &a);
	put(REPLY, wire_page_close(page));
}

static void put_pages(void)
{
	struct roster *r = sample_roster(1200);
	memset(r->pupils[3].last_name, '\xFF', sizeof(r->pupils[3].last_name) - 1);
	put_list(r);
	put_year(r);
	roster_destroy(r);
}

static void put_day(void)
{
	static struct wire_day_class classes[WIRE_DAY_CLASSES_MAX];
	struct wire_day d = { sample_date, HALFDAY_PM, SAMPLE_AT_MS, 0, classes };

	put("care/day/2026-11-23/pm", wire_day_encode(&d, &sample_brussels));
	d.n_classes = WIRE_DAY_CLASSES_MAX;
	for (size_t i = 0; i < d.n_classes; i++) {
		classes[i] = (struct wire_day_class){ "", 21, 1, 2, 3, 4, 5, 6 };
		snprintf(classes[i].class_name, sizeof(classes[i].class_name), "%zu \xC3\xA9", i);
	}
	put("care/day/2026-11-23/pm", wire_day_encode(&d, &sample_brussels));
}

static void put_counts(void)
{
	static const struct counts_group groups[] = { { "1", { 24, 20, 1, 2, 1 } },
		{ "99999999999999999999", { 5, 0, 0, 0, 0 } }, { "other", { 6, 6, 0, 0, 0 } },
		{ "all", { 35, 26, 1, 2, 1 } } };
	struct wire_context rehearsal = { .zone = sample_brussels.zone, .rehearsal = true };
	struct wire_counts c = { "sint-jan-01", sample_date, HALFDAY_AM, SAMPLE_AT_MS,
		sizeof(groups) / sizeof(groups[0]), groups, 0 };

	put("public/counts/2026-11-23/am", wire_counts_encode(&c, &sample_brussels));
	c.n_groups = 0;
	c.withheld = 3;
	c.half = HALFDAY_PM;
	put("public/counts/2026-11-23/pm", wire_counts_encode(&c, &rehearsal));
}

static void put_gates_data(void)
{
	struct roster_size none = { 0 };
	struct roster *r = sample_roster(100);
	memset(r->pupils[3].last_name, 'x', sizeof(r->pupils[3].last_name) - 1);
	for (int names = WIRE_NAMES_NONE; names <= WIRE_NAMES_FULL; names++)
		put("gates/data", wire_gates_data_encode(r, (enum wire_names)names, sample_date,
					  &sample_brussels));
	roster_destroy(r);
	r = roster_create(&none);
	if (r) {
		r->generation = 1;
		put("gates/data", wire_gates_data_encode(r, WIRE_NAMES_FULL, sample_date, NULL));
	}
	roster_destroy(r);
}

int main(int argc, char **argv)
{
	file = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!file) {
		fprintf(stderr, "usage: wire_examples FILE\n");
		return 2;
	}
	put_checkins();
	put_states();
	put_alerts();
	put_commands();
	put_pages();
	put_day();
	put_counts();
	put_gates_data();
	return fclose(file) || missing;
}
