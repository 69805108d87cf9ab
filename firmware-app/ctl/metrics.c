/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/civil.h"
#include "ctl/doctor.h"

#define LABELS_MAX 200 /* two names of 32 letters, of which none needs escaping */

struct out {
	FILE *to;
	char unit[LABELS_MAX]; /* school="…",unit="…" */
	const char *said; /* the metric whose HELP and TYPE stand there */
};

/* Three decimals at most, by hand: printf writes a comma for the point where people do, and then nothing is read. */
static void put_value(FILE *to, double value)
{
	int64_t thousandths = llround(value * 1000);
	int64_t size = thousandths < 0 ? -thousandths : thousandths;

	(void)fprintf(to, "%s%lld", thousandths < 0 ? "-" : "", (long long)(size / 1000));
	if (size % 1000)
		(void)fprintf(to, ".%03d", (int)(size % 1000));
	(void)fputc('\n', to);
}

/* A metric's lines stand together, below one HELP and TYPE. @labels: further ones, "" none */
static void put(struct out *o, const char *name, const char *type, const char *help,
	const char *labels, double value)
{
	if (!o->said || strcmp(o->said, name) != 0)
		(void)fprintf(o->to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
	o->said = name;
	(void)fprintf(o->to, "%s{%s%s%s} ", name, o->unit, *labels ? "," : "", labels);
	put_value(o->to, value);
}

static void gauge(struct out *o, const char *name, const char *help, double value)
{
	put(o, name, "gauge", help, "", value);
}

/* A number of the status; one that isn't there isn't told. */
static void number(struct out *o, const struct wire_node *from, const char *key, const char *name,
	const char *help, double factor)
{
	double value = from ? wire_node_get_real(from, key, -1) : -1;

	if (value >= 0)
		gauge(o, name, help, value * factor);
}

/* 1 for the word that holds, 0 for the others: so a rule can ask for either. */
static void words(struct out *o, const struct wire_node *from, const char *key, const char *name,
	const char *help, const char *const *list)
{
	const char *holds = from ? wire_node_get_text(from, key) : NULL;

	for (; holds && *list; list++) {
		char label[64];
		(void)snprintf(label, sizeof(label), "state=\"%s\"", *list);
		put(o, name, "gauge", help, label, strcmp(holds, *list) == 0);
	}
}

static void put_common(struct out *o, const struct wire_node *s)
{
	static const char *const clocks[] = { "trusted", "holdover", "unknown", "regressed", NULL };
	static const char *const stores[] = { "ok", "full", "failing", "recovered", NULL };
	const struct wire_node *clock = wire_node_get_node(s, "clock");
	const struct wire_node *broker = wire_node_get_node(s, "broker");
	const struct wire_node *store = wire_node_get_node(s, "store");

	number(o, s, "uptime_s", "schoolpoort_uptime_seconds", "Since the program started.", 1);
	gauge(o, "schoolpoort_rehearsal", "1 under a simulated clock.",
		wire_node_get_bool(s, "rehearsal", false));
	words(o, clock, "state", "schoolpoort_clock_state", "How far the time is trusted.", clocks);
	number(o, clock, "error_ms", "schoolpoort_clock_error_seconds",
		"Bound of the clock's error.", 1e-3);
	gauge(o, "schoolpoort_broker_connected", "1 while the broker lets the unit in.",
		wire_node_get_bool(broker, "connected", false));
	gauge(o, "schoolpoort_broker_refused_topics",
		"Kinds of topics that the broker takes nothing on.",
		(double)wire_node_count(wire_node_get_node(broker, "refused")));
	words(o, store, "state", "schoolpoort_store_state", "The database.", stores);
	number(o, store, "disk_free_mb", "schoolpoort_disk_free_bytes", "Free space of state_dir.",
		1024.0 * 1024);
	number(o, s, "pupils", "schoolpoort_pupils", "Pupils in the data.", 1);
	if (wire_node_get_real(s, "not_understood", -1) >= 0)
		put(o, "schoolpoort_not_understood_total", "counter",
			"Datagrams and payloads that fitted nothing, since the start.", "",
			wire_node_get_real(s, "not_understood", 0));
}

static void put_taps(struct out *o, const struct wire_node *s)
{
	static const struct {
		const char *key, *label;
	} row[] = {
		{ "p50_ms", "quantile=\"0.5\"" },
		{ "p95_ms", "quantile=\"0.95\"" },
		{ "p99_ms", "quantile=\"0.99\"" },
	};

	number(o, s, "taps_today", "schoolpoort_taps_today", "Taps stored today.", 1);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		double ms = wire_node_get_real(s, row[i].key, -1);
		if (ms >= 0)
			put(o, "schoolpoort_tap_seconds", "gauge",
				"From card seen to result shown, last 1,000 taps.", row[i].label,
				ms / 1e3);
	}
}

static void put_gate(struct out *o, const struct wire_node *s)
{
	static const char *const readers[] = { "ok", "starting", "fault", NULL };
	const char *screen = wire_node_get_text(s, "screen");
	const char *at = wire_node_get_text(s, "at"),
		   *last = wire_node_get_text(s, "last_delivery");
	int64_t at_ms, last_ms;

	words(o, s, "reader", "schoolpoort_reader_state", "The card reader.", readers);
	if (!screen || strcmp(screen, "none") != 0)
		gauge(o, "schoolpoort_screen_ok", "1 while the display shows what it is told.",
			screen && strcmp(screen, "ok") == 0);
	number(o, s, "queue", "schoolpoort_queue", "Check-ins that no register has confirmed.", 1);
	if (at && last && civil_parse_time(at, &at_ms) == 0 &&
		civil_parse_time(last, &last_ms) == 0)
		gauge(o, "schoolpoort_last_delivery_age_seconds",
			"Since the register last confirmed.", (double)(at_ms - last_ms) / 1e3);
	number(o, s, "data_generation", "schoolpoort_data_generation", "Generation of gates/data.",
		1);
	put_taps(o, s);
}

static double gate_online(const struct wire_node *gate)
{
	const char *state = wire_node_get_text(gate, "state");

	return state && strcmp(state, "online") == 0;
}

static double gate_twice(const struct wire_node *gate)
{
	return wire_node_get_bool(gate, "twice", false);
}

static double gate_queue(const struct wire_node *gate)
{
	int64_t queue = wire_node_get_int(gate, "last_seq", 0) -
			wire_node_get_int(gate, "stored_through", 0);

	return queue > 0 ? (double)queue : 0;
}

static void put_gates(struct out *o, const struct wire_node *gates)
{
	static const struct {
		const char *name, *help;
		double (*of)(const struct wire_node *gate);
	} row[] = {
		{ "schoolpoort_gate_online", "1 while the gate says so.", gate_online },
		{ "schoolpoort_gate_twice", "1 where two units use one identity.", gate_twice },
		{ "schoolpoort_gate_queue", "Check-ins that the gate has and the register hasn't.",
			gate_queue },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (size_t g = 0; g < wire_node_count(gates); g++) {
			const struct wire_node *gate = wire_node_at(gates, g);
			const char *id = wire_node_get_text(gate, "gate");
			char label[64];
			if (!id || !wire_node_get_bool(gate, "expected", false))
				continue; /* a stranger's name is a stranger's choice */
			(void)snprintf(label, sizeof(label), "gate=\"%s\"", id);
			put(o, row[i].name, "gauge", row[i].help, label, row[i].of(gate));
		}
}

static void put_register(struct out *o, const struct wire_node *s)
{
	number(o, s, "generation", "schoolpoort_data_generation", "Generation of gates/data.", 1);
	number(o, s, "cards", "schoolpoort_cards", "Cards that are known.", 1);
	number(o, s, "open_alerts", "schoolpoort_open_alerts", "Alerts that nobody has closed.", 1);
	number(o, s, "refused_checkins", "schoolpoort_refused_checkins",
		"Check-ins kept aside with a reason.", 1);
	number(o, s, "undated_checkins", "schoolpoort_undated_checkins",
		"Check-ins without a time.", 1);
	number(o, s, "waiting", "schoolpoort_waiting", "Messages that wait for the broker.", 1);
	put_gates(o, wire_node_get_node(s, "gates"));
}

char *metrics_text(const struct metrics *m)
{
	char *text = NULL;
	size_t len;
	struct out o = { .to = open_memstream(&text, &len) };
	bool gate = strcmp(m->config->unit_id, "register") != 0;

	if (!o.to)
		return NULL;
	(void)snprintf(o.unit, sizeof(o.unit), "school=\"%s\",unit=\"%s\"", m->config->school_id,
		m->config->unit_id);
	gauge(&o, "schoolpoort_up", "1 while the unit's program answers.", m->status != NULL);
	gauge(&o, "schoolpoort_written_timestamp_seconds", "When these lines were written.",
		(double)m->now_ms / 1e3);
	if (m->cert_until_ms > 0)
		gauge(&o, "schoolpoort_certificate_remaining_seconds",
			"Until the unit's certificate ends; below 0 since.",
			(double)(m->cert_until_ms - m->now_ms) / 1e3);
	if (m->updates)
		gauge(&o, "schoolpoort_updates_on", "1 while new releases are looked for.",
			m->updates->program && m->updates->timed && !m->updates->barred);
	if (m->updates && m->updates->last_s)
		gauge(&o, "schoolpoort_updates_age_seconds",
			"Since new releases were last looked for and installed without a fault.",
			(double)(m->now_ms - m->updates->last_s * 1000) / 1e3);
	if (m->status)
		put_common(&o, m->status);
	if (m->status && gate)
		put_gate(&o, m->status);
	else if (m->status)
		put_register(&o, m->status);
	bool whole = !ferror(o.to);
	if (fclose(o.to) != 0 || !whole) {
		free(text);
		return NULL;
	}
	return text;
}
