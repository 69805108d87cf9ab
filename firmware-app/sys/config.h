/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/config.h: the configuration of a unit, and the options every program has.
 *
 * One row a key (sys/config_keys.c): from it come parser, range check, --print-config and the sample file.
 * Source: contract, programs.md "unit.conf" and "Options of every program".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_TEXT_MAX 256 /* bytes of a value with the zero */
#define CONFIG_PATH_MAX 1024 /* longer than any sane path; sun_path is checked apart */
#define CONFIG_REASON_MAX 1400 /* FILE:LINE: section.key: reason */
#define CONFIG_GATES_MAX 64 /* register.gates */
#define CONFIG_SLUG_MAX 33

enum config_names { CONFIG_NAMES_NONE, CONFIG_NAMES_FIRST, CONFIG_NAMES_FULL };
enum config_late { CONFIG_LATE_DISCREET, CONFIG_LATE_OPEN };
enum config_afternoon { CONFIG_AFTERNOON_CARRY, CONFIG_AFTERNOON_TAP };
enum config_trust { CONFIG_TRUST_AUTO, CONFIG_TRUST_ALWAYS };

/* Who reads the file decides which files named in it must be readable. */
enum config_program {
	CONFIG_READER,
	CONFIG_READER_RESET,
	CONFIG_SCREEN,
	CONFIG_SIGNAL,
	CONFIG_KIOSK,
	CONFIG_REGISTER,
	CONFIG_CTL,
};

/* Each member is the key of the same name in programs.md, in its unit. */
struct config {
	char school_id[CONFIG_SLUG_MAX];
	char school_name[CONFIG_TEXT_MAX];
	char school_timezone[CONFIG_TEXT_MAX];
	char school_card_key_file[CONFIG_PATH_MAX];
	char unit_id[CONFIG_SLUG_MAX];
	char paths_state_dir[CONFIG_PATH_MAX];
	char paths_run_dir[CONFIG_PATH_MAX];
	char broker_host[CONFIG_TEXT_MAX];
	int broker_port;
	bool broker_tls;
	char broker_ca_file[CONFIG_PATH_MAX];
	char broker_cert_file[CONFIG_PATH_MAX];
	char broker_key_file[CONFIG_PATH_MAX];
	char broker_username[CONFIG_TEXT_MAX]; /* "" none */
	char broker_password_file[CONFIG_PATH_MAX]; /* "" none */
	char reader_connstring[CONFIG_TEXT_MAX];
	char reader_reset_line[CONFIG_TEXT_MAX]; /* "" none */
	int reader_removed_after_ms;
	int kiosk_repeat_s;
	bool screen_display; /* false: this gate has none on purpose */
	int screen_width, screen_height; /* 0, 0: display */
	char screen_language[3]; /* nl, fr, en, de */
	enum config_names screen_show_name;
	enum config_late screen_late;
	int screen_result_ms;
	bool screen_overview, screen_talk, screen_sound;
	int screen_volume, screen_soft_volume; /* percent */
	int screen_soft_until_min, screen_soft_from_min; /* minutes of the day; -1: none */
	int screen_dark_from_min, screen_dark_until_min; /* likewise */
	char signal_go[CONFIG_TEXT_MAX], signal_desk[CONFIG_TEXT_MAX],
		signal_piezo[CONFIG_TEXT_MAX]; /* "" none */
	bool signal_active_low;
	enum config_trust clock_trust;
	int rules_opens_before_min, rules_late_grace_min, rules_absent_after_min,
		rules_absent_hold_s;
	enum config_afternoon rules_afternoon;
	int rules_mass_percent;
	size_t register_n_gates;
	char register_gates[CONFIG_GATES_MAX][CONFIG_SLUG_MAX];
	enum config_names register_gate_names;
	bool register_care_names;
	int export_slot_am, export_slot_pm; /* export.informat_slots */
	int retention_gate_days;
	int retention_until_month, retention_until_day; /* retention.until, MM-DD */
	bool homeassistant_discovery;
};

/* What the command line of a program said. Strings are borrowed from argv or static. */
struct config_options {
	const char *config_path; /* --config, or the program's default */
	const char *clock_spec; /* --clock, else SCHOOLPOORT_CLOCK, else NULL */
	bool check_config, print_config;
	bool json; /* --json, which schoolpoortctl alone has */
};

/**
 * config_load() - read and check one file.
 * @program: decides which named files must be readable and which keys are required
 *
 * Return: 0; or -1 with *ret_reason ("FILE:LINE: section.key: reason", CONFIG_REASON_MAX bytes) and
 * *ret_config untouched: exit status 2, nothing was started or changed.
 */
int config_load(
	const char *path, enum config_program program, struct config *ret_config, char *ret_reason);

/**
 * config_print() - each effective key with its value and where it came from, on standard output.
 * Secrets are files and stay files: only their paths are printed. Return: 0 or -1 as config_load().
 */
int config_print(const char *path, enum config_program program, char *ret_reason);

/** config_sample() - a sample file on standard output: each key commented out, help, unit, default, range. */
void config_sample(void);

/**
 * config_options_parse() - the options of every program.
 * @program: for defaults and the usage text
 * @usage: the program's own further usage lines, printed by --help; NULL none
 * @ret_index: the first argument that isn't an option (only schoolpoortctl has any); NULL: none allowed
 *
 * Prints and answers --help and --version itself; --clock is checked for its form. Options end at the first
 * argument that isn't one: what follows is the command's own. Return: 0 go on; 1 asked for and done, exit status 0;
 * -1 usage, said on standard error, exit status 2.
 */
int config_options_parse(int argc, char **argv, enum config_program program, const char *usage,
	struct config_options *ret_options, int *ret_index);

/**
 * config_start() - options, then configuration: the first lines of every program but schoolpoortctl.
 *
 * Answers --help, --version, --check-config and --print-config itself; also opens the log and makes sure that
 * descriptors 0 to 2 are open. Return: 0 go on; otherwise the exit status is *ret_status.
 */
int config_start(int argc, char **argv, enum config_program program,
	struct config_options *ret_options, struct config *ret_config, int *ret_status);

/** config_socket_path() - run_dir/NAME; @ret_path 108 bytes (sun_path). Return: 0, or -1 where too long. */
int config_socket_path(const struct config *config, const char *name, char ret_path[108]);

/** config_version() - the version every program prints and tells. */
const char *config_version(void);
