/* SPDX-License-Identifier: EUPL-1.2 */
/* The check of releases: what packaging/update wrote where a new one did no good here. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"

#define OLD_S (INT64_C(21) * 86400) /* longer than any holiday but summer's, when units are off */
#define REFUSED "/var/lib/schoolpoort-update/refused"

void doctor_update(const struct doctor *d, struct doctor_finding *f)
{
	char *text = doctor_read(d, REFUSED);

	if (text) {
		text[strcspn(text, "\n")] = '\0';
		doctor_find(f, DOCTOR_BAD, _("went back from a release: %s"), text);
	} else if (doctor_exists(d, REFUSED))
		doctor_find(f, DOCTOR_UNKNOWN, _("%s can't be read"), REFUSED);
	else if (doctor_exists(d, "/var/lib/schoolpoort-update/pending"))
		doctor_find(f, DOCTOR_NOTE, _("a new release is being looked at"));
	else if (doctor_exists(d, "/var/lib/schoolpoort-update"))
		doctor_find(f, DOCTOR_OK, _("none was refused"));
	free(text);
}

/* Return: seconds since 1970; 0 there is no such file. */
static int64_t changed_s(const struct doctor *d, const char *path)
{
	char whole[DOCTOR_PATH_MAX];
	struct stat st;

	return stat(doctor_path(d, path, whole), &st) == 0 ? st.st_mtime : 0;
}

static bool is_masked(const struct doctor *d, const char *timer)
{
	char path[128], whole[DOCTOR_PATH_MAX], target[16];

	(void)snprintf(path, sizeof(path), "/etc/systemd/system/%s", timer);
	ssize_t len = readlink(doctor_path(d, path, whole), target, sizeof(target));
	return len == (ssize_t)strlen("/dev/null") && !memcmp(target, "/dev/null", (size_t)len);
}

static bool is_enabled(const struct doctor *d, const char *timer)
{
	char pattern[128];

	(void)snprintf(pattern, sizeof(pattern), "/etc/systemd/system/*.wants/%s", timer);
	return doctor_glob(d, pattern, NULL);
}

void updates_look(const char *root, struct updates *ret_updates)
{
	static const char *const timers[] = { "apt-daily.timer", "apt-daily-upgrade.timer" };
	/* Touched where it went well (/usr/lib/apt/apt.systemd.daily), also with nothing new. */
	static const char *const stamps[] = { "/var/lib/apt/periodic/update-stamp",
		"/var/lib/apt/periodic/upgrade-stamp" };
	const struct doctor d = { .root = root };
	struct updates u = {
		.here = doctor_exists(&d, "/etc/apt/apt.conf.d/52schoolpoort"),
		.program = doctor_exists(&d, "/usr/bin/unattended-upgrade"),
		.timed = true,
		.last_s = INT64_MAX,
		.since_s = changed_s(&d, "/etc/machine-id"), /* made at the first start */
	};

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		int64_t at_s = changed_s(&d, stamps[i]);
		u.last_s = at_s < u.last_s ? at_s : u.last_s;
		u.barred = u.barred || is_masked(&d, timers[i]);
		u.timed = u.timed && is_enabled(&d, timers[i]);
	}
	*ret_updates = u;
}

/* Also where nothing says why: the timers run, and nothing good comes of it. */
static void find_age(const struct doctor *d, const struct updates *u, struct doctor_finding *f)
{
	char time[32] = "";
	int64_t from_s = u->last_s ? u->last_s : u->since_s;
	bool old = from_s && d->now.wall_ms / 1000 - from_s > OLD_S;
	enum doctor_state state = old ? DOCTOR_BAD : DOCTOR_OK;

	if (u->last_s)
		doctor_find(f, state, _("last looked for %s"), doctor_time(u->last_s * 1000, time));
	else
		doctor_find(f, state, "%s", _("not looked for yet"));
	if (old && d->now.state != CLOCK_STATE_TRUSTED && d->now.state != CLOCK_STATE_HOLDOVER)
		f->remedy = N_("they wait until the time is known: see clock and time-source");
}

void doctor_update_runs(const struct doctor *d, struct doctor_finding *f)
{
	struct updates u;

	updates_look(d->root, &u);
	if (!u.here)
		return;
	if (!u.program) {
		doctor_find(f, DOCTOR_NOTE, _("nothing here brings new releases"));
		f->remedy = N_("sudo apt install unattended-upgrades");
	} else if (u.barred) {
		doctor_find(f, DOCTOR_NOTE, _("switched off: a timer of apt is masked"));
		f->remedy = N_("unless whole images bring releases: sudo systemctl unmask "
			       "apt-daily.timer apt-daily-upgrade.timer, and enable --now both");
	} else if (!u.timed) {
		doctor_find(f, DOCTOR_BAD, _("switched off: a timer of apt isn't enabled"));
		f->remedy = N_("sudo systemctl enable --now apt-daily.timer "
			       "apt-daily-upgrade.timer");
	} else
		find_age(d, &u, f);
}
