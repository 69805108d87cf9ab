/* SPDX-License-Identifier: EUPL-1.2 */
/* Checks of what lies on the disk, and of the disk. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"
#include "sys/file.h"

#define FREE_BAD_MB 50 /* a WAL, a copy of the database and a day of the journal */
#define FREE_NOTE_MB 200
#define COPY_OLD_MS (INT64_C(48) * 3600 * 1000) /* one is made each night */
#define COPY_FIRST_S (26 * 3600) /* a unit that has been on for so long has seen a night */
#define WEAR_NOTE 8 /* JESD84-B51, DEVICE_LIFE_TIME_EST: tenths used; 11: all of it */
#define WEAR_BAD 9
#define CARD_KEY_BYTES 32 /* contract, programs.md: school.card_key_file */

static const char *database_name(const struct doctor *d)
{
	return doctor_is_gate(d) ? "kiosk.db" : "register.db";
}

void doctor_card_key(const struct doctor *d, struct doctor_finding *f)
{
	const char *path = d->config.school_card_key_file;
	struct stat st;

	if (stat(path, &st) < 0) {
		doctor_find(f, errno == EACCES ? DOCTOR_UNKNOWN : DOCTOR_BAD, "%s: %s", path,
			strerror(errno));
		if (errno == EACCES)
			f->remedy = N_("ask again with sudo");
		return;
	}
	if (st.st_size != CARD_KEY_BYTES)
		doctor_find(f, DOCTOR_BAD, _("%s: %lld bytes, not %d"), path, (long long)st.st_size,
			CARD_KEY_BYTES);
	else if (st.st_mode & 0007) {
		doctor_find(f, DOCTOR_BAD, _("%s: anybody on this machine can read it"), path);
		f->remedy = N_("sudo chown that file to the program's user (schoolpoort-kiosk or "
			       "schoolpoort-register), and sudo chmod 0600");
	} else
		doctor_find(f, DOCTOR_OK, "%s", path);
}

/* The number of a user in the system's file, as "name:x:100:…" has it; -1 none. */
static long user_number(const struct doctor *d, const char *name)
{
	char key[64];
	char *text = doctor_read(d, "/etc/passwd");
	const char *line = text;
	long number = -1;

	(void)snprintf(key, sizeof(key), "%s:", name);
	while (line && strncmp(line, key, strlen(key)) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	const char *colon = line ? strchr(line + strlen(key), ':') : NULL;
	if (colon)
		number = strtol(colon + 1, NULL, 10);
	free(text);
	return number;
}

/* Who ran a program once as root left files that its own user can't write or replace. Return: whether one was found. */
static bool find_owner(const struct doctor *d, struct doctor_finding *f)
{
	const char *user = doctor_is_gate(d) ? "schoolpoort-kiosk" : "schoolpoort-register";
	static const char *const ends[] = { "", "-wal", "-shm", ".backup" };
	long number = user_number(d, user);
	char path[DOCTOR_PATH_MAX];
	struct stat st;

	for (size_t i = 0; number >= 0 && i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s%s", d->config.paths_state_dir,
			database_name(d), ends[i]);
		if (stat(path, &st) < 0 || (long)st.st_uid == number)
			continue;
		doctor_find(f, DOCTOR_BAD, _("%s isn't the property of %s"), path, user);
		f->remedy = doctor_is_gate(d) ? N_("sudo chown schoolpoort-kiosk:schoolpoort that "
						   "file, and restart "
						   "schoolpoort-kiosk")
					      : N_("sudo chown schoolpoort-register:schoolpoort "
						   "that file, and restart "
						   "schoolpoort-register");
		return true;
	}
	return false;
}

void doctor_folder(const struct doctor *d, struct doctor_finding *f)
{
	const char *path = d->config.paths_state_dir;
	struct stat st;

	if (stat(path, &st) < 0)
		doctor_find(f, errno == EACCES ? DOCTOR_UNKNOWN : DOCTOR_BAD, "%s: %s", path,
			strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		doctor_find(f, DOCTOR_BAD, _("%s: is no folder"), path);
	else if (st.st_mode & 0007)
		doctor_find(f, DOCTOR_BAD, _("%s: anybody on this machine can look into it"), path);
	else if (st.st_mode & 0020 && !(st.st_mode & S_ISVTX))
		doctor_find(f, DOCTOR_BAD,
			_("%s: who may write there can delete another's database"), path);
	else if (!find_owner(d, f))
		doctor_find(f, DOCTOR_OK, "%s", path);
}

void doctor_database(const struct doctor *d, struct doctor_finding *f)
{
	const struct wire_node *store = d->status ? wire_node_get_node(d->status, "store") : NULL;
	const char *state = store ? wire_node_get_text(store, "state") : NULL;

	if (!state) {
		doctor_find(f, DOCTOR_UNKNOWN, _("the program doesn't answer"));
		return;
	}
	if (!strcmp(state, "full")) {
		doctor_find(f, DOCTOR_BAD, _("the disk is full: taps can't be stored"));
		f->remedy =
			N_("make room: sudo journalctl --vacuum-size=50M, sudo apt clean; it goes "
			   "on by itself");
	} else if (!strcmp(state, "failing"))
		doctor_find(f, DOCTOR_BAD, _("can't be written or read"));
	else if (wire_node_get_bool(store, "refilling", false))
		doctor_find(f, DOCTOR_NOTE, _("is being filled anew from the gates after damage"));
	else if (!strcmp(state, "recovered")) {
		doctor_find(f, DOCTOR_NOTE,
			_("was damaged, and was recovered; the old one lies beside it"));
		f->remedy =
			N_("a card that damages files soon does so again: replace it, and keep the "
			   "old one until nobody misses a tap");
	} else
		doctor_find(f, DOCTOR_OK, _("well"));
}

void doctor_backup(const struct doctor *d, struct doctor_finding *f)
{
	char path[DOCTOR_PATH_MAX], at[32];
	struct stat st;

	(void)snprintf(
		path, sizeof(path), "%s/%s.backup", d->config.paths_state_dir, database_name(d));
	if (stat(path, &st) == 0) {
		int64_t made_ms = (int64_t)st.st_mtime * 1000;
		bool old = d->now.wall_ms - made_ms > COPY_OLD_MS;
		doctor_find(f, old ? DOCTOR_BAD : DOCTOR_OK, _("last night's copy is of %s"),
			doctor_time(made_ms, at));
	} else if (errno == EACCES) {
		doctor_find(f, DOCTOR_UNKNOWN, _("%s: not for you to read"), path);
		f->remedy = N_("ask again with sudo");
	} else if (d->status && wire_node_get_int(d->status, "uptime_s", 0) > COPY_FIRST_S)
		doctor_find(f, DOCTOR_BAD, _("none, after a night"));
	else
		doctor_find(f, DOCTOR_OK, _("none yet: one is made each night"));
}

void doctor_space(const struct doctor *d, struct doctor_finding *f)
{
	int64_t free_mb = file_free_mb(d->config.paths_state_dir);

	if (free_mb < 0)
		doctor_find(f, DOCTOR_UNKNOWN, "%s: %s", d->config.paths_state_dir,
			strerror((int)-free_mb));
	else
		doctor_find(f,
			free_mb < FREE_BAD_MB    ? DOCTOR_BAD
			: free_mb < FREE_NOTE_MB ? DOCTOR_NOTE
						 : DOCTOR_OK,
			_("%lld MB free"), (long long)free_mb);
}

/* The worst of "0x01 0x03": one figure a kind of cell. */
static long worst(const char *text)
{
	long most = 0;

	for (const char *at = strstr(text, "0x"); at; at = strstr(at + 2, "0x")) {
		long n = strtol(at, NULL, 16);
		if (n > most)
			most = n;
	}
	return most;
}

void doctor_wear(const struct doctor *d, struct doctor_finding *f)
{
	char path[DOCTOR_PATH_MAX];

	if (!doctor_glob(d, "/sys/block/mmcblk*", NULL))
		return;
	char *life = doctor_glob(d, "/sys/block/mmcblk*/device/life_time", path)
			     ? doctor_read(d, path)
			     : NULL;
	char *end = doctor_glob(d, "/sys/block/mmcblk*/device/pre_eol_info", path)
			    ? doctor_read(d, path)
			    : NULL;
	long tenths = life ? worst(life) : 0, spare = end ? worst(end) : 0;
	if (tenths >= WEAR_BAD || spare >= 2)
		doctor_find(f, DOCTOR_BAD, _("up to %ld %% of its life is used%s"),
			tenths < 11 ? tenths * 10 : 100,
			spare >= 2 ? _(", and its spare blocks too") : "");
	else if (tenths >= WEAR_NOTE)
		doctor_find(f, DOCTOR_NOTE, _("up to %ld %% of its life is used"), tenths * 10);
	else if (tenths > 0)
		doctor_find(f, DOCTOR_OK, _("up to %ld %% of its life is used"), tenths * 10);
	else
		doctor_find(f, DOCTOR_OK, _("an SD card: it doesn't tell its wear"));
	free(life);
	free(end);
}

/* The longest mount point that @path lies below, and whether it is read-only now. */
static bool is_read_only(const char *mounts, const char *path)
{
	size_t best = 0;
	bool read_only = false;

	for (const char *line = mounts; line && *line;) {
		char point[512], options[512];
		const char *at = line;
		size_t len[4];
		for (int i = 0; i < 4; i++) { /* device, point, kind, options */
			len[i] = strcspn(at, " \n");
			if (i == 1)
				(void)snprintf(point, sizeof(point), "%.*s", (int)len[i], at);
			if (i == 3)
				(void)snprintf(options, sizeof(options), "%.*s", (int)len[i], at);
			at += len[i] + (at[len[i]] == ' ');
		}
		size_t n = strcmp(point, "/") ? strlen(point) : 0;
		bool below = !strncmp(path, point, n) && (path[n] == '/' || !path[n]);
		if (below && n >= best) {
			best = n;
			read_only = doctor_word(options, "ro");
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return read_only;
}

void doctor_file_system(const struct doctor *d, struct doctor_finding *f)
{
	char pattern[DOCTOR_PATH_MAX];
	glob_t found = { 0 };
	long errors = 0;
	char *mounts = doctor_read(d, "/proc/mounts");
	bool read_only = mounts && is_read_only(mounts, d->config.paths_state_dir);

	free(mounts);
	if (glob(doctor_path(d, "/sys/fs/ext4/*/errors_count", pattern), 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			char *text;
			if (file_read(found.gl_pathv[i], 4096, &text) < 0)
				continue;
			errors += strtol(text, NULL, 10);
			free(text);
		}
	globfree(&found);
	if (read_only)
		doctor_find(f, DOCTOR_BAD, _("%s can't be written: its file system is read-only"),
			d->config.paths_state_dir);
	else if (errors > 0)
		doctor_find(f, DOCTOR_BAD, _("ext4 has counted %ld errors"), errors);
	else
		doctor_find(f, DOCTOR_OK, _("no errors"));
}
