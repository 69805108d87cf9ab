/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ctl/doctor.h: what can be wrong with a unit, and what to do about it. A table of checks, a function each.
 *
 * DESIGN. A check looks at what it is handed (the configuration, the program's own `status`, the time) and at files of
 * the system below `root`, which is "" but in tests; so a test builds the /proc, /sys and /boot of each fault. It changes
 * nothing, starts nothing and opens no database. Works without the program too: what only that could tell is then
 * "unknown", and the rest is checked.
 * Source: contract, programs.md "doctor"; library-facts.md 1, 6 and 8 for what each check is about.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/clock.h"
#include "sys/config.h"
#include "sys/probe.h"
#include "wire/request.h"

#define DOCTOR_TEXT_MAX 500 /* bytes of what was found with the zero */
#define DOCTOR_PATH_MAX (CONFIG_PATH_MAX + 512)

/* Zero: this check isn't about such a unit, and isn't printed. */
enum doctor_state {
	DOCTOR_NOT_HERE,
	DOCTOR_OK,
	DOCTOR_NOTE, /* worth knowing; doesn't fail */
	DOCTOR_UNKNOWN, /* couldn't be looked at: no rights, or the program doesn't answer; doesn't fail */
	DOCTOR_BAD
};

struct doctor_finding {
	enum doctor_state state;
	char text[DOCTOR_TEXT_MAX]; /* one line, translated */
	const char *remedy; /* a msgid; NULL: the row's own. Told unless the state is DOCTOR_OK */
};

struct doctor {
	const char *root; /* before every path of the system; "" or a test's folder */
	const char *only; /* names of checks, parted by commas; NULL: all */
	const char *config_path;
	const char *config_reason; /* why the configuration can't be used; NULL: it can */
	struct config config;
	const struct wire_node *status; /* what the program answers; NULL: it doesn't */
	const char *status_reason; /* then why */
	struct probe probe; /* of the broker's port; PROBE_NOT_MADE without TLS */
	struct now now; /* by this machine's clock, as far as its last stamp lets it be trusted */
};

struct doctor_check {
	const char *name; /* for JSON and the documentation; [a-z0-9-], at most 18 */
	void (*look)(const struct doctor *d, struct doctor_finding *ret_finding);
	const char *remedy; /* a msgid */
};

extern const struct doctor_check doctor_checks[];
extern const size_t doctor_n_checks;

/** doctor_look() - one check; a unit whose configuration can't be used is asked nothing but that.
 * Return: its finding, with the remedy filled in. */
struct doctor_finding doctor_look(const struct doctor *d, const struct doctor_check *check);

/** doctor_is_well() - whether none is DOCTOR_BAD. @strictly: nor anything but DOCTOR_OK */
bool doctor_is_well(const struct doctor *d, bool strictly);
/** doctor_tell() - all checks (or @only those) on standard output, as lines or as one JSON document. Return: whether none is
 * DOCTOR_BAD. */
bool doctor_tell(const struct doctor *d, bool json);

/* ---- for the checks: doctor_look.c ---- */

/** doctor_find() - set what was found. */
void doctor_find(struct doctor_finding *ret_finding, enum doctor_state state, const char *format,
	...) __attribute__((format(printf, 3, 4)));
/** doctor_is_gate() - a gate, not the register. */
bool doctor_is_gate(const struct doctor *d);
/** doctor_path() - a path of the system below the root. @ret_path: DOCTOR_PATH_MAX bytes. Return: @ret_path. */
const char *doctor_path(const struct doctor *d, const char *path, char *ret_path);
/** doctor_read() - a small file of the system as text, for free(). NULL: it can't be read. */
char *doctor_read(const struct doctor *d, const char *path);
/** doctor_exists() - whether there is such a file of the system. */
bool doctor_exists(const struct doctor *d, const char *path);
/** doctor_glob() - whether a path of the system matches; *ret_path (DOCTOR_PATH_MAX bytes, without the root) is the
 * first one. NULL: not wanted. */
bool doctor_glob(const struct doctor *d, const char *pattern, char *ret_path);
/** doctor_holds() - whether a word stands in one of the files of the system that match. @key: only in its lines KEY=…;
 * NULL: anywhere */
bool doctor_holds(const struct doctor *d, const char *pattern, const char *key, const char *word);
/** doctor_runs() - whether a program runs, by the name it was started as. @argument: that stands on its command line
 * within a word; NULL any */
bool doctor_runs(const struct doctor *d, const char *program, const char *argument);
/** doctor_word() - whether @word is one of the words of a text, parted by blanks, commas or line ends. */
bool doctor_word(const char *text, const char *word);
/** doctor_bus() - "uart", "usb", "i2c" or "spi" of reader.connstring; "" another. */
const char *doctor_bus(const struct doctor *d);
/** doctor_device() - the device of reader.connstring, "" none; what a link points to. @ret_path: CONFIG_TEXT_MAX bytes */
void doctor_device(const struct doctor *d, char *ret_path);
/** doctor_time() - an instant for people, in UTC. @ret_text: 32 bytes. Return: @ret_text. */
const char *doctor_time(int64_t at_ms, char *ret_text);

/* How new releases come to this machine: by apt's own timers (packaging/update). */
struct updates {
	bool here; /* our settings of apt are installed */
	bool program; /* unattended-upgrades too */
	bool barred; /* one of the timers is masked, which no package does */
	bool timed; /* both are enabled */
	int64_t last_s; /* when lists were fetched and installed from, whichever was earlier; 0 never */
	int64_t since_s; /* of this machine; 0 isn't known */
};

/** updates_look() - @root: as in struct doctor. Doesn't fail: what can't be read isn't there. */
void updates_look(const char *root, struct updates *ret_updates);

/* ---- the checks ---- */

typedef void doctor_look_fn(const struct doctor *d, struct doctor_finding *ret_finding);
/* doctor_unit.c */
/** doctor_configuration() … - the rows of the table; each says there what it is about. */
doctor_look_fn doctor_configuration, doctor_program, doctor_rehearsal, doctor_clock,
	doctor_time_source, doctor_rtc, doctor_time_zone, doctor_screen, doctor_signal,
	doctor_gates, doctor_lists, doctor_refused;
/* doctor_reader.c */
/** doctor_reader() … - likewise. */
doctor_look_fn doctor_reader, doctor_module, doctor_pcscd, doctor_console, doctor_bluetooth,
	doctor_device_there, doctor_rights, doctor_i2c;
/* doctor_broker.c */
/** doctor_certificate() … - likewise. */
doctor_look_fn doctor_certificate, doctor_authority, doctor_key, doctor_broker, doctor_broker_cert,
	doctor_broker_rights, doctor_delivery;
/* doctor_disk.c */
/** doctor_card_key() … - likewise. */
doctor_look_fn doctor_card_key, doctor_folder, doctor_database, doctor_backup, doctor_space,
	doctor_wear, doctor_file_system;
/* doctor_update.c */
/** doctor_update() - a release that this unit went back from; and whether releases come at all. */
doctor_look_fn doctor_update, doctor_update_runs;
