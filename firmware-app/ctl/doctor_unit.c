/* SPDX-License-Identifier: EUPL-1.2 */
/* Checks of the unit as a whole: its configuration, its program, its time; and what the register knows of the school. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"
#include "sys/clock_stamp.h"
#include "sys/zone.h"

static const char *text_of(const struct wire_node *n, const char *key)
{
	const char *text = n ? wire_node_get_text(n, key) : NULL;

	return text ? text : "";
}

void doctor_configuration(const struct doctor *d, struct doctor_finding *f)
{
	if (d->config_reason && access(d->config_path, F_OK) != 0 && errno == ENOENT) {
		doctor_find(f, DOCTOR_BAD,
			_("%s isn't there: this machine is no unit of a school yet"),
			d->config_path);
		f->remedy = N_("schoolpoort-provision unit, at the broker, makes its bundle: onto "
			       "this one's boot partition, and restart; or sudo schoolpoort-join "
			       "FILE. Why one wasn't taken: journalctl -u schoolpoort-join -n 20");
	} else if (d->config_reason)
		doctor_find(f, DOCTOR_BAD, "%s", d->config_reason);
	else
		doctor_find(f, DOCTOR_OK, _("%s: %s of %s"), d->config_path, d->config.unit_id,
			d->config.school_id);
}

void doctor_program(const struct doctor *d, struct doctor_finding *f)
{
	bool gate = doctor_is_gate(d);

	if (d->status) {
		const char *version = text_of(d->status, "version");
		/* An update that restarted nothing would otherwise be found well. */
		bool same = strcmp(version, config_version()) == 0;
		doctor_find(f, same ? DOCTOR_OK : DOCTOR_NOTE, _("%s %s, for %lld s%s%s"),
			gate ? "schoolpoort-kiosk" : "schoolpoort-register", version,
			(long long)wire_node_get_int(d->status, "uptime_s", 0),
			same ? "" : _("; installed is "), same ? "" : config_version());
		f->remedy = gate ? N_("sudo systemctl restart schoolpoort-kiosk "
				      "schoolpoort-reader schoolpoort-screen, not in the morning")
				 : N_("sudo systemctl restart schoolpoort-register, not in the "
				      "morning");
		return;
	}
	doctor_find(f, DOCTOR_BAD, "%s", d->status_reason);
	f->remedy =
		gate ? N_("sudo systemctl start schoolpoort-kiosk; why it ended: journalctl -u "
			  "schoolpoort-kiosk -n 20. \"Permission denied\": use sudo, or join the "
			  "group schoolpoort")
		     : N_("sudo systemctl start schoolpoort-register; why it ended: journalctl "
			  "-u schoolpoort-register -n 20. \"Permission denied\": use sudo, or "
			  "join the group schoolpoort");
}

void doctor_rehearsal(const struct doctor *d, struct doctor_finding *f)
{
	if (d->status && wire_node_get_bool(d->status, "rehearsal", false))
		doctor_find(f, DOCTOR_NOTE, _("runs under a simulated clock: nothing counts"));
}

/* ---- time ---- */

/* When this unit was last synchronised, for people; "" never. */
static void last_known(const struct doctor *d, char ret_text[80])
{
	char path[DOCTOR_PATH_MAX], at[32];
	struct clock_stamp stamp;

	ret_text[0] = '\0';
	(void)snprintf(path, sizeof(path), "%s/" CLOCK_STAMP_FILE, d->config.paths_state_dir);
	struct doctor here = { .root = "" };
	char *text = doctor_read(&here, path);
	if (text && clock_stamp_parse(text, &stamp) == 0)
		(void)snprintf(
			ret_text, 80, _(", last synchronised %s"), doctor_time(stamp.wall_ms, at));
	free(text);
}

void doctor_clock(const struct doctor *d, struct doctor_finding *f)
{
	const struct wire_node *clock = d->status ? wire_node_get_node(d->status, "clock") : NULL;
	const char *state = clock ? text_of(clock, "state") : clock_state_word(d->now.state);
	int64_t error_ms = clock ? wire_node_get_int(clock, "error_ms", -1) : d->now.error_ms;
	char at[32], last[80];

	(void)doctor_time(d->now.wall_ms, at);
	last_known(d, last);
	if (!strcmp(state, "trusted"))
		doctor_find(f, DOCTOR_OK, _("trusted, within %lld ms"), (long long)error_ms);
	else if (!strcmp(state, "holdover"))
		doctor_find(f, DOCTOR_NOTE, _("no time source for a while; within %lld ms%s"),
			(long long)error_ms, last);
	else if (!strcmp(state, "regressed"))
		doctor_find(f, DOCTOR_BAD, _("wrong: it says %s, earlier than what is stored%s"),
			at, last);
	else
		doctor_find(f, DOCTOR_BAD,
			_("unknown since the start (it says %s)%s: taps get no verdict"), at, last);
}

void doctor_time_source(const struct doctor *d, struct doctor_finding *f)
{
	static const char *const sources[] = { "chronyd", "systemd-timesyncd", "ntpd", "ntpsec" };

	if (d->config.clock_trust == CONFIG_TRUST_ALWAYS)
		return; /* the clock is kept otherwise */
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (!doctor_runs(d, sources[i], NULL))
			continue;
		bool reached = i != 1 || doctor_exists(d, "/run/systemd/timesync/synchronized");
		if (reached)
			doctor_find(f, DOCTOR_OK, _("%s runs"), sources[i]);
		else
			doctor_find(f, DOCTOR_BAD,
				_("%s runs and has reached no server since the start"), sources[i]);
		f->remedy = N_("let the network pass UDP 123, or name the school's own server in "
			       "/etc/systemd/timesyncd.conf (NTP=) and restart systemd-timesyncd");
		return;
	}
	doctor_find(f, DOCTOR_BAD, _("nothing sets this clock"));
}

void doctor_rtc(const struct doctor *d, struct doctor_finding *f)
{
	if (!doctor_is_gate(d))
		return;
	char *text = doctor_read(d, "/sys/class/rtc/rtc0/since_epoch");
	if (text)
		doctor_find(f, DOCTOR_OK, _("there is one"));
	else if (doctor_exists(d, "/sys/class/rtc/rtc0")) {
		doctor_find(f, DOCTOR_BAD, _("there is one, and it has stopped"));
		f->remedy = N_("put a new battery in; then: sudo hwclock --systohc");
	} else
		doctor_find(f, DOCTOR_NOTE,
			_("none: after a power cut, taps get a verdict only once a time source "
			  "answers"));
	free(text);
}

void doctor_time_zone(const struct doctor *d, struct doctor_finding *f)
{
	if (zone_check(d->config.school_timezone) == ZONE_FOUND)
		doctor_find(f, DOCTOR_OK, "%s", d->config.school_timezone);
	else
		doctor_find(f, DOCTOR_BAD, _("no rules for %s: taps are stored without a verdict"),
			d->config.school_timezone);
}

/* ---- screen ---- */

/* Lights and buzzer, where a line of theirs is set. */
void doctor_signal(const struct doctor *d, struct doctor_finding *f)
{
	const char *const lines[] = { d->config.signal_go, d->config.signal_desk,
		d->config.signal_piezo };
	int n_set = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char device[CONFIG_TEXT_MAX + 8];
		if (!lines[i][0])
			continue;
		n_set++;
		(void)snprintf(
			device, sizeof(device), "/dev/%.*s", (int)strcspn(lines[i], ":"), lines[i]);
		if (!doctor_is_gate(d) || doctor_exists(d, device))
			continue;
		doctor_find(f, DOCTOR_BAD, _("%s isn't there"), device);
		return;
	}
	if (!n_set || !doctor_is_gate(d))
		return;
	if (doctor_runs(d, "schoolpoort-signal", NULL)) {
		doctor_find(f, DOCTOR_OK, _("lights and buzzer are told"));
		return;
	}
	doctor_find(f, DOCTOR_BAD, _("schoolpoort-signal doesn't run"));
	f->remedy = N_("sudo systemctl enable --now schoolpoort-signal; why it ended: journalctl "
		       "-u schoolpoort-signal -n 20");
}

void doctor_screen(const struct doctor *d, struct doctor_finding *f)
{
	if (!doctor_is_gate(d))
		return;
	if (d->status && !strcmp(text_of(d->status, "screen"), "ok")) {
		doctor_find(f, DOCTOR_OK, _("shows what it is told"));
		return;
	}
	if (!d->config.screen_display) {
		doctor_find(f, DOCTOR_OK, _("none is wanted: screen.display = off"));
		return;
	}
	if (!d->status) {
		doctor_find(f, DOCTOR_UNKNOWN, _("the kiosk doesn't answer"));
		return;
	}
	bool installed = doctor_glob(d, "/lib/systemd/system/schoolpoort-screen.service", NULL) ||
			 doctor_glob(d, "/usr/lib/systemd/system/schoolpoort-screen.service", NULL);
	if (installed &&
		!doctor_glob(d, "/etc/systemd/system/*.wants/schoolpoort-screen.service", NULL)) {
		doctor_find(f, DOCTOR_OK, _("none is wanted: schoolpoort-screen isn't enabled"));
		return;
	}
	if (!doctor_runs(d, "schoolpoort-screen", NULL)) {
		doctor_find(f, DOCTOR_BAD, _("schoolpoort-screen doesn't run"));
		f->remedy = N_("sudo systemctl enable --now schoolpoort-screen; a gate without a "
			       "display: sudo systemctl disable schoolpoort-screen, and "
			       "sudo schoolpoort-join --set screen.display=off");
		return;
	}
	doctor_find(f, DOCTOR_BAD, _("shows nothing"));
}

/* ---- what the register knows ---- */

/* Why a gate isn't well; NULL: it is. */
static const char *ill(const struct wire_node *gate)
{
	const char *clock = text_of(gate, "clock"), *store = text_of(gate, "store");

	if (strcmp(text_of(gate, "state"), "online") != 0)
		return text_of(gate, "state");
	if (wire_node_get_bool(gate, "twice", false))
		return _("two units use this identity");
	if (!strcmp(text_of(gate, "reader"), "fault"))
		return _("reader fault");
	if (!strcmp(store, "full") || !strcmp(store, "failing"))
		return _("can't store");
	if (!strcmp(clock, "unknown") || !strcmp(clock, "regressed"))
		return _("clock unknown");
	return NULL;
}

void doctor_gates(const struct doctor *d, struct doctor_finding *f)
{
	const struct wire_node *gates = d->status ? wire_node_get_node(d->status, "gates") : NULL;
	char list[DOCTOR_TEXT_MAX / 2] = "";
	size_t n_ill = 0, n = 0;

	if (doctor_is_gate(d) || !gates)
		return;
	for (size_t i = 0; i < wire_node_count(gates); i++) {
		const struct wire_node *g = wire_node_at(gates, i);
		if (!wire_node_get_bool(g, "expected", false))
			continue;
		n++;
		const char *why = ill(g);
		size_t len = strlen(list);
		if (!why)
			continue;
		(void)snprintf(list + len, sizeof(list) - len, "%s%s: %s", n_ill ? ", " : "",
			text_of(g, "gate"), why);
		n_ill++;
	}
	if (n_ill)
		doctor_find(f, DOCTOR_BAD, _("%zu of %zu not well: %s"), n_ill, n, list);
	else
		doctor_find(f, DOCTOR_OK, _("%zu, all well"), n);
}

void doctor_lists(const struct doctor *d, struct doctor_finding *f)
{
	if (doctor_is_gate(d) || !d->status)
		return;
	const struct wire_node *lost =
		wire_node_get_node(wire_node_get_node(d->status, "store"), "lost");
	long long pupils = wire_node_get_int(d->status, "pupils", 0);
	long long cards = wire_node_get_int(d->status, "cards", 0);
	char list[100] = "";
	for (size_t i = 0; i < wire_node_count(lost); i++) {
		size_t len = strlen(list);
		const char *what = wire_node_get_text(wire_node_at(lost, i), NULL);
		(void)snprintf(list + len, sizeof(list) - len, " %s", what ? what : "");
	}
	if (list[0])
		doctor_find(f, DOCTOR_BAD, _("rows were lost with a damaged database:%s"), list);
	else if (pupils == 0 || cards == 0)
		doctor_find(f, DOCTOR_BAD, _("%lld pupils, %lld cards"), pupils, cards);
	else
		doctor_find(f, DOCTOR_OK, _("%lld pupils, %lld cards"), pupils, cards);
}

void doctor_refused(const struct doctor *d, struct doctor_finding *f)
{
	if (doctor_is_gate(d) || !d->status)
		return;
	long long refused = wire_node_get_int(d->status, "refused_checkins", 0);
	long long undated = wire_node_get_int(d->status, "undated_checkins", 0);
	if (refused > 0 || undated > 0)
		doctor_find(
			f, DOCTOR_NOTE, _("%lld refused, %lld without a time"), refused, undated);
	else
		doctor_find(f, DOCTOR_OK, _("none"));
}
