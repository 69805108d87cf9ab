/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

#define LABEL_WIDTH 16

static const char *text_of(const struct wire_node *n, const char *key, const char *fallback)
{
	const char *text = n ? wire_node_get_text(n, key) : NULL;

	return text ? text : fallback;
}

/* Columns by characters, not bytes: names have accents. */
static void put_cell(const char *text, int width)
{
	int n = 0;

	for (const char *at = text; *at; at++)
		n += ((unsigned char)*at & 0xC0) != 0x80;
	(void)fputs(text, stdout);
	for (; n < width; n++)
		(void)putchar(' ');
}

static void put_line(const char *label, const char *value)
{
	put_cell(label, LABEL_WIDTH);
	(void)printf(" %s\n", value);
}

/* "2026-11-23T08:10:00.123+01:00" as people read it: 2026-11-23 08:10:00. */
static const char *time_of(const struct wire_node *n, const char *key, char ret_text[32])
{
	const char *text = text_of(n, key, NULL);

	if (!text || strlen(text) < 19)
		return "-";
	(void)snprintf(ret_text, 32, "%.10s %.8s", text, text + 11);
	return ret_text;
}

#define IDS_SHOWN 20 /* of a list on a terminal; --json has them all */

static void put_list(const char *label, const struct wire_node *list, size_t shown)
{
	size_t n = wire_node_count(list);

	if (!n)
		return;
	(void)printf("%s:", label);
	for (size_t i = 0; i < n && i < shown; i++)
		(void)printf(" %s", wire_node_get_text(wire_node_at(list, i), NULL));
	if (n > shown)
		(void)printf(_(" and %zu more (--json has all)"), n - shown);
	(void)putchar('\n');
}

/* Numbers of pupils, never names: what is on a terminal is easily sent on. */
static void print_roll_over(const struct wire_node *r)
{
	int64_t moved = wire_node_get_int(r, "moved", 0);

	put_list(_("new pupils"), wire_node_get_node(r, "pupils_added"), IDS_SHOWN);
	if (moved > 0)
		(void)printf(_("%lld in another class\n"), (long long)moved);
	put_list(_("in another class"), wire_node_get_node(r, "pupils_moved"), IDS_SHOWN);
	put_list(_("no longer here"), wire_node_get_node(r, "pupils_removed"), IDS_SHOWN);
	put_list(_("new classes"), wire_node_get_node(r, "classes_added"), SIZE_MAX);
	put_list(_("classes without pupils now"), wire_node_get_node(r, "classes_removed"),
		SIZE_MAX);
}

void print_import(const struct wire_node *r)
{
	const struct wire_node *warnings = wire_node_get_node(r, "warnings");

	(void)printf(_("%lld rows: %lld added, %lld changed, %lld removed, %lld unchanged\n"),
		(long long)wire_node_get_int(r, "rows", 0),
		(long long)wire_node_get_int(r, "added", 0),
		(long long)wire_node_get_int(r, "changed", 0),
		(long long)wire_node_get_int(r, "removed", 0),
		(long long)wire_node_get_int(r, "unchanged", 0));
	print_roll_over(r);
	for (size_t i = 0; i < wire_node_count(warnings); i++)
		(void)printf(
			_("warning: %s\n"), wire_node_get_text(wire_node_at(warnings, i), NULL));
	if (wire_node_get_bool(r, "dry_run", false))
		(void)fputs(_("dry run: nothing was changed\n"), stdout);
}

void print_calendar(const struct wire_node *r)
{
	const struct wire_node *periods = wire_node_get_node(r, "periods");
	int64_t year = wire_node_get_int(r, "year", 0);

	(void)printf(_("Days without lessons, school year %lld-%lld\n"), (long long)year,
		(long long)year + 1);
	for (size_t i = 0; i < wire_node_count(periods); i++) {
		const struct wire_node *p = wire_node_at(periods, i);
		const char *from = text_of(p, "from", ""), *to = text_of(p, "to", "");
		(void)printf("%s", from);
		(void)printf(strcmp(from, to) ? " - %s" : "   %10s", strcmp(from, to) ? to : "");
		(void)printf("  %-2s  %s%s\n", text_of(p, "half", ""), text_of(p, "name", ""),
			wire_node_get_bool(p, "own", false) ? _(" (own)") : "");
	}
}

static void print_card_rows(const struct wire_node *cards)
{
	for (size_t i = 0; i < wire_node_count(cards); i++) {
		const struct wire_node *c = wire_node_at(cards, i);
		(void)printf("  %s  %s - %s%s\n", text_of(c, "card", ""), text_of(c, "from", "…"),
			text_of(c, "to", "…"),
			wire_node_get_bool(c, "blocked", false) ? _("  blocked") : "");
	}
	if (!wire_node_count(cards))
		(void)fputs(_("  none\n"), stdout);
}

void print_cards(const struct wire_node *r)
{
	(void)printf(_("Cards of %s\n"), text_of(r, "pupil", ""));
	print_card_rows(wire_node_get_node(r, "cards"));
}

void print_card_change(const struct wire_node *r)
{
	(void)printf("%s  %s  %s\n", text_of(r, "card", ""), text_of(r, "pupil", "-"),
		text_of(r, "result", ""));
}

static void print_half_days(const struct wire_node *half_days)
{
	for (size_t i = 0; i < wire_node_count(half_days); i++) {
		const struct wire_node *h = wire_node_at(half_days, i);
		char at[32];
		(void)printf("  %s %s  %s", text_of(h, "date", ""), text_of(h, "half", ""),
			text_of(h, "mark", "?"));
		if (wire_node_get_bool(h, "unconfirmed", false))
			(void)fputs(_("  unconfirmed"), stdout);
		if (text_of(h, "arrived_at", NULL))
			(void)printf("  %s", time_of(h, "arrived_at", at) + 11);
		if (wire_node_get_int(h, "minutes_late", 0) > 0)
			(void)printf(_("  %lld min late"),
				(long long)wire_node_get_int(h, "minutes_late", 0));
		if (text_of(h, "gate", NULL))
			(void)printf("  %s", text_of(h, "gate", ""));
		(void)putchar('\n');
	}
}

static void print_alerts(const struct wire_node *alerts)
{
	for (size_t i = 0; i < wire_node_count(alerts); i++) {
		const struct wire_node *a = wire_node_at(alerts, i),
				       *done = wire_node_get_node(a, "resolution");
		char at[32];
		(void)printf("  %s  %s  %s", time_of(a, "raised_at", at), text_of(a, "kind", ""),
			text_of(a, "state", ""));
		if (done) {
			(void)printf("  %s %s", text_of(done, "what", ""), time_of(done, "at", at));
			if (text_of(done, "by", NULL))
				(void)printf(_(" by %s"), text_of(done, "by", ""));
			if (text_of(done, "note", NULL))
				(void)printf(": %s", text_of(done, "note", ""));
		}
		(void)putchar('\n');
	}
	if (!wire_node_count(alerts))
		(void)fputs(_("  none\n"), stdout);
}

static void print_journal(const struct wire_node *lines)
{
	for (size_t i = 0; i < wire_node_count(lines); i++) {
		const struct wire_node *l = wire_node_at(lines, i);
		char at[32];
		(void)printf("  %s  %s  %s  %s\n", time_of(l, "at", at), text_of(l, "who", ""),
			text_of(l, "what", ""), text_of(l, "detail", ""));
	}
	if (!wire_node_count(lines))
		(void)fputs(_("  none\n"), stdout);
}

void print_pupil(const struct wire_node *r)
{
	const struct wire_node *p = wire_node_get_node(r, "pupil");

	(void)printf("%s  %s %s  %s%s\n", text_of(p, "id", ""), text_of(p, "first_name", ""),
		text_of(p, "last_name", ""), text_of(p, "class", ""),
		p && wire_node_get_bool(p, "left", false) ? _("  (left)") : "");
	(void)fputs(_("Cards\n"), stdout);
	print_card_rows(wire_node_get_node(r, "cards"));
	(void)fputs(_("Half days\n"), stdout);
	print_half_days(wire_node_get_node(r, "half_days"));
	(void)fputs(_("Alerts\n"), stdout);
	print_alerts(wire_node_get_node(r, "alerts"));
	(void)fputs(_("What people did\n"), stdout);
	print_journal(wire_node_get_node(r, "journal"));
}

static const char *const day_keys[] = { "expected", "present", "late", "absent", "unconfirmed",
	"excused", "awaited" };
#define N_DAY_KEYS (sizeof(day_keys) / sizeof(day_keys[0]))

static void print_day_row(const char *name, const struct wire_node *n)
{
	put_cell(name, 12);
	for (size_t i = 0; i < N_DAY_KEYS; i++)
		(void)printf(" %11lld", (long long)wire_node_get_int(n, day_keys[i], 0));
	(void)putchar('\n');
}

/* Taps whose gate never had a time: who was there is known, when isn't. */
static void print_undated(const struct wire_node *list)
{
	if (wire_node_count(list))
		(void)fputs(_("Taps without a time\n"), stdout);
	for (size_t i = 0; i < wire_node_count(list); i++) {
		const struct wire_node *u = wire_node_at(list, i);
		char after[32], before[32];
		(void)printf(_("  %s  %s  after %s, before %s\n"),
			text_of(u, "pupil", _("unknown card")), text_of(u, "gate", ""),
			time_of(u, "after", after), time_of(u, "before", before));
	}
}

void print_day(const struct wire_node *r)
{
	const struct wire_node *classes = wire_node_get_node(r, "classes"),
			       *total = wire_node_get_node(r, "total");
	const char *const heads[N_DAY_KEYS] = { _("expected"), _("present"), _("late"), _("absent"),
		_("unconfirmed"), _("excused"), _("awaited") };

	(void)printf("%s %s\n", text_of(r, "date", ""), text_of(r, "half", ""));
	put_cell(_("class"), 12);
	for (size_t i = 0; i < N_DAY_KEYS; i++)
		(void)printf(" %11s", heads[i]);
	(void)putchar('\n');
	for (size_t i = 0; i < wire_node_count(classes); i++)
		print_day_row(
			text_of(wire_node_at(classes, i), "class", ""), wire_node_at(classes, i));
	if (total)
		print_day_row(_("all"), total);
	print_undated(wire_node_get_node(r, "undated"));
}

static void put_number(const char *label, const struct wire_node *n, const char *key)
{
	char text[32];
	int64_t value = wire_node_get_int(n, key, -1);

	if (value < 0)
		return;
	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	put_line(label, text);
}

static void print_broker(const struct wire_node *broker)
{
	char text[300], at[32];

	if (wire_node_get_bool(broker, "connected", false))
		(void)snprintf(
			text, sizeof(text), _("connected since %s"), time_of(broker, "since", at));
	else
		(void)snprintf(
			text, sizeof(text), _("not connected: %s"), text_of(broker, "reason", "-"));
	put_line(_("broker"), text);
	const struct wire_node *refused = wire_node_get_node(broker, "refused");
	for (size_t i = 0; i < wire_node_count(refused); i++) {
		const struct wire_node *row = wire_node_at(refused, i);
		(void)snprintf(text, sizeof(text), _("refuses %s with code %lld"),
			text_of(row, "topic", "-"), (long long)wire_node_get_int(row, "code", 0));
		put_line("", text);
	}
}

static void print_clock(const struct wire_node *clock)
{
	char text[100];
	int64_t error_ms = wire_node_get_int(clock, "error_ms", -1);

	(void)snprintf(text, sizeof(text), error_ms >= 0 ? "%s (± %lld ms)" : "%s",
		text_of(clock, "state", "-"), (long long)error_ms);
	put_line(_("clock"), text);
}

static void print_gate_line(const struct wire_node *g)
{
	char text[300], at[32];

	(void)snprintf(text, sizeof(text), _("%s, reader %s, clock %s, stored %lld of %lld, %s"),
		text_of(g, "state", "-"), text_of(g, "reader", "-"), text_of(g, "clock", "-"),
		(long long)wire_node_get_int(g, "stored_through", 0),
		(long long)wire_node_get_int(g, "last_seq", 0), time_of(g, "at", at));
	put_line(text_of(g, "gate", ""), text);
	if (wire_node_get_bool(g, "twice", false))
		put_line("", _("two units use this identity: find the one with a copied card"));
}

static void print_refused(const struct wire_node *refused)
{
	for (size_t i = 0; i < wire_node_count(refused); i++) {
		const struct wire_node *one = wire_node_at(refused, i);
		char text[300];
		(void)snprintf(text, sizeof(text), "%s %lld: %s", text_of(one, "gate", ""),
			(long long)wire_node_get_int(one, "seq", 0), text_of(one, "reason", ""));
		put_line(_("refused"), text);
	}
}

static void print_retention(const struct wire_node *retention)
{
	char text[300], at[32];

	if (!retention)
		return;
	if (text_of(retention, "last_run", NULL))
		(void)snprintf(text, sizeof(text), _("%s: kept from %s, %lld rows dropped"),
			time_of(retention, "last_run", at), text_of(retention, "kept_from", "-"),
			(long long)wire_node_get_int(retention, "rows_dropped", 0));
	else
		(void)snprintf(text, sizeof(text), "%s", _("not yet"));
	put_line(_("retention"), text);
}

void print_status(const struct wire_node *r)
{
	const struct wire_node *store = wire_node_get_node(r, "store"),
			       *gates = wire_node_get_node(r, "gates");
	char text[300], at[32];

	(void)snprintf(text, sizeof(text), "%s %s%s", text_of(r, "gate", text_of(r, "unit", "")),
		text_of(r, "version", ""),
		wire_node_get_bool(r, "rehearsal", false) ? _("  REHEARSAL") : "");
	put_line(_("unit"), text);
	put_line(_("time"), time_of(r, "at", at));
	print_clock(wire_node_get_node(r, "clock"));
	print_broker(wire_node_get_node(r, "broker"));
	(void)snprintf(text, sizeof(text), _("%s, %lld MB free"), text_of(store, "state", "-"),
		(long long)wire_node_get_int(store, "disk_free_mb", -1));
	put_line(_("database"), text);
	if (text_of(r, "reader", NULL)) {
		const char *fault = text_of(r, "reader_fault", "");
		(void)snprintf(text, sizeof(text), "%s%s%s", text_of(r, "reader", ""),
			*fault ? ": " : "", fault);
		put_line(_("reader"), text);
		put_line(_("screen"), text_of(r, "screen", "-"));
		put_line(_("last delivery"), time_of(r, "last_delivery", at));
	}
	put_number(_("queue"), r, "queue");
	put_number(_("taps today"), r, "taps_today");
	put_number(_("data"), r, "data_generation");
	put_number(_("data"), r, "generation");
	put_number(_("pupils"), r, "pupils");
	put_number(_("cards"), r, "cards");
	put_number(_("open alerts"), r, "open_alerts");
	put_number(_("refused taps"), r, "refused_checkins");
	put_number(_("taps without time"), r, "undated_checkins");
	for (size_t i = 0; i < wire_node_count(gates); i++)
		print_gate_line(wire_node_at(gates, i));
	print_refused(wire_node_get_node(r, "refused"));
	print_retention(wire_node_get_node(r, "retention"));
}

void print_trace(const struct wire_node *r)
{
	static const char *const stages[] = { "received", "committed", "presented", "published",
		"confirmed" };
	const struct wire_node *taps = wire_node_get_node(r, "taps");

	(void)printf("%-36s", _("check-in; microseconds from seen"));
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		(void)printf(" %10s", stages[i]);
	(void)putchar('\n');
	for (size_t i = 0; i < wire_node_count(taps); i++) {
		const struct wire_node *t = wire_node_at(taps, i);
		(void)printf("%-36s", text_of(t, "checkin", ""));
		for (size_t j = 0; j < sizeof(stages) / sizeof(stages[0]); j++) {
			int64_t us = wire_node_get_int(t, stages[j], -1);
			if (us < 0)
				(void)printf(" %10s", "-");
			else
				(void)printf(" %10lld", (long long)us);
		}
		(void)putchar('\n');
	}
	if (wire_node_get_real(r, "p50_ms", -1) >= 0)
		(void)printf(_("seen to presented: p50 %.1f ms, p95 %.1f ms, p99 %.1f ms\n"),
			wire_node_get_real(r, "p50_ms", -1), wire_node_get_real(r, "p95_ms", -1),
			wire_node_get_real(r, "p99_ms", -1));
}

static const char *left_out_text(const struct wire_node *row)
{
	const char *why = text_of(row, "why", "");

	if (!strcmp(why, "code"))
		return _("Informat's import doesn't take this code: enter it there");
	if (!strcmp(why, "present"))
		return _("was in after all: put it right there");
	return _("is no longer absent: put it right there");
}

static const char *file_text(const char *kind)
{
	if (!strcmp(kind, "late"))
		return _("late (L)");
	return !strcmp(kind, "coded") ? _("with a code") : _("absent, reason unknown");
}

void print_informat(const struct wire_node *r)
{
	const struct wire_node *files = wire_node_get_node(r, "files"),
			       *left = wire_node_get_node(r, "left_out");

	for (size_t i = 0; i < wire_node_count(files); i++) {
		const struct wire_node *f = wire_node_at(files, i);
		(void)printf("%s  %4lld  %s\n", text_of(f, "name", ""),
			(long long)wire_node_get_int(f, "pupils", 0),
			file_text(text_of(f, "kind", "")));
	}
	if (!wire_node_count(files))
		(void)fputs(_("nobody to report: no file was written\n"), stdout);
	if (wire_node_count(left))
		(void)fputs(_("To be done by hand in Informat:\n"), stdout);
	for (size_t i = 0; i < wire_node_count(left); i++) {
		const struct wire_node *row = wire_node_at(left, i);
		(void)printf("  %s  %-2s %s\n", text_of(row, "pupil", ""), text_of(row, "code", ""),
			left_out_text(row));
	}
	if (wire_node_get_bool(r, "open", false))
		(void)fputs(_("this half day isn't over: export it again when it is\n"), stdout);
}

void print_csv(const struct wire_node *r)
{
	(void)printf(_("%lld half days from %s to %s\n"),
		(long long)wire_node_get_int(r, "rows", 0), text_of(r, "from", ""),
		text_of(r, "to", ""));
}

void print_backup(const struct wire_node *r)
{
	(void)printf(_("%lld bytes written\n"), (long long)wire_node_get_int(r, "bytes", 0));
	if (text_of(r, "note", NULL))
		(void)printf("%s\n", text_of(r, "note", ""));
}
