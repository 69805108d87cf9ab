/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Options, configuration and ends of the five programs: what they print, with which status, and that a refusal leaves
 * nothing behind.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

static const char *const silent_sdl[] = { "SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy", NULL };

static const struct {
	const char *name, *unit; /* the unit whose file it reads */
	bool serves; /* reads card key and certificates */
	const char *started; /* what it says once it runs; NULL: it doesn't stay */
} programs[] = {
	{ "schoolpoort-reader", "gate-1", false, "reader_absent" },
	{ "schoolpoort-screen", "gate-1", false, "display_open" },
	{ "schoolpoort-kiosk", "gate-1", true, "started gate=gate-1" },
	{ "schoolpoort-register", "register", true, "started school=sint-jan" },
	{ "schoolpoortctl", "register", false, NULL },
};

static void write_units(struct stage *s)
{
	stage_unit(s, "gate-1",
		(const char *const[]){
			"reader.connstring = pn532_uart:/dev/no-such-reader", NULL });
	stage_unit(s, "register", (const char *const[]){ "register.gates = gate-1", NULL });
}

static void check_empty(struct stage *s, const char *name)
{
	static const char *const units[] = { "gate-1", "register" };

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (ran_entries(stage_path(s, "%s-state", units[i])) ||
			ran_entries(stage_path(s, "%s-run", units[i])))
			fail_msg("%s: a refusal left something in a folder of %s", name, units[i]);
	}
}

static void test_help_and_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		const char *name = programs[i].name;
		struct ran r = ran_run(name, (const char *const[]){ "--help", NULL });
		assert_int_equal(r.status, 0);
		assert_string_equal(r.err, "");
		assert_non_null(strstr(r.out, name));
		static const char *const options[] = { "--config", "--clock", "--check-config",
			"--print-config", "--version", "--help" };
		for (size_t o = 0; o < ARRAY_LEN(options); o++)
			if (!strstr(r.out, options[o]))
				fail_msg("%s --help is silent on %s", name, options[o]);
		ran_finish(&r);
		r = ran_run(name, (const char *const[]){ "--version", NULL });
		assert_int_equal(r.status, 0);
		assert_string_equal(r.err, "");
		assert_true(ran_is_line(r.out, name));
		ran_finish(&r);
	}
}

/* The words of an unknown command stand behind; what --help and a wrong option say is one line for all programs. */
static void test_usage(void **state)
{
	(void)state;
	static const struct {
		const char *args[4];
		const char *said;
	} rows[] = {
		{ { "--nonsense" }, ": no such option: --nonsense" },
		{ { "-x" }, ": no such option: -x" },
		{ { "--config" }, ": a value is missing after --config" },
		{ { "--check-config=yes" }, ": no such option: --check-config=yes" },
		{ { "--clock", "yesterday", "--check-config" }, ": --clock " },
		{ { "--clock", "2026-11-23T08:10:00", "--check-config" }, ": --clock " },
		{ { "--clock", "2026-02-30T08:10:00+01:00", "--check-config" }, ": --clock " },
		{ { "--clock", "2026-11-23T08:10:00+01:00x0", "--check-config" }, ": --clock " },
		{ { "--clock=", "--check-config" }, ": --clock " },
	};
	struct stage *s = stage_open();

	write_units(s);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			char begin[100];
			const char *all[8] = { "--config",
				stage_path(s, "%s.conf", programs[i].unit) };
			for (size_t a = 0; a < 4; a++)
				all[a + 2] = rows[k].args[a];
			struct ran r = ran_run(programs[i].name, all);
			(void)snprintf(
				begin, sizeof(begin), "%s%s", programs[i].name, rows[k].said);
			if (r.status != 2 || !ran_is_line(r.err, begin) || r.out[0])
				fail_msg("%s %s: %d, %s%s", programs[i].name, rows[k].args[0],
					r.status, r.out, r.err);
			ran_finish(&r);
		}
	/* Only the command line takes words that are no options. */
	for (size_t i = 0; i + 1 < ARRAY_LEN(programs); i++) {
		struct ran r = ran_run(programs[i].name,
			(const char *const[]){ "--config",
				stage_path(s, "%s.conf", programs[i].unit), "word", NULL });
		assert_int_equal(r.status, 2);
		assert_non_null(strstr(r.err, "takes no argument: word"));
		ran_finish(&r);
	}
	check_empty(s, "usage");
	stage_close(s);
}

/* Appended to a good file; @line counts from the first line of it. What every program checks, also of others' keys. */
static const struct {
	const char *name, *text;
	size_t len; /* 0: as a string */
	int line;
	const char *said;
} bad[] = {
	{ "section", "[nonsense]\nx = 1\n", 0, 2, "nonsense.x: unknown section" },
	{ "key", "[school]\nnick_name = SJ\n", 0, 2, "school.nick_name: unknown key" },
	{ "case", "[School]\nname = x\n", 0, 2, "School.name: unknown section" },
	{ "no section's line", "[school]\njust words\n", 0, 2, "file: the line is neither" },
	{ "open bracket", "[school\n", 0, 1, "file: the line is neither" },
	{ "twice", "[school]\nid = b\n", 0, 2, "school.id: given twice, first in line 2" },
	{ "port", "[reader]\nremoved_after_ms = 99\n", 0, 2, "reader.removed_after_ms: \"99\" " },
	{ "sign", "[kiosk]\nrepeat_s = -1\n", 0, 2, "kiosk.repeat_s: \"-1\" " },
	{ "large", "[kiosk]\nrepeat_s = 3601\n", 0, 2, "kiosk.repeat_s: \"3601\" " },
	{ "larger", "[kiosk]\nrepeat_s = 99999999999999999999\n", 0, 2, "kiosk.repeat_s: " },
	{ "unit", "[kiosk]\nrepeat_s = 60s\n", 0, 2, "kiosk.repeat_s: \"60s\" " },
	{ "empty", "[kiosk]\nrepeat_s =\n", 0, 2, "kiosk.repeat_s: \"\" " },
	{ "zone", "[school]\n\n\ntimezone = Mars/Base\n", 0, 4, "school.timezone: \"Mars/Base\" " },
	{ "zone as path", "[school]\ntimezone = ../../etc/passwd\n", 0, 2, "school.timezone: " },
	{ "language", "[screen]\nlanguage = es\n", 0, 2, "screen.language: \"es\" " },
	{ "size", "[screen]\nlanguage = fr\nsize = 10x10\n", 0, 3, "screen.size: \"10x10\" " },
	{ "switch", "[screen]\nsound = yes\n", 0, 2, "screen.sound: \"yes\" " },
	{ "connstring", "[screen]\nlate = maybe\n", 0, 2, "screen.late: \"maybe\" " },
	{ "slots", "[export]\ninformat_slots = 1,1\n", 0, 2, "export.informat_slots: \"1,1\" " },
	{ "day", "[retention]\nuntil = 02-30\n", 0, 2, "retention.until: \"02-30\" " },
	{ "percent", "[rules]\nmass_percent = 101\n", 0, 2, "rules.mass_percent: \"101\" " },
	{ "gate", "[register]\ngate_names = all\n", 0, 2, "register.gate_names: \"all\" " },
	{ "gpio", "[reader]\nreset_line = 17\n", 0, 2, "reader.reset_line: \"17\" " },
	{ "not UTF-8", "[school]\nname = Col\351ge\n", 0, 2, "file: the line isn't UTF-8" },
	{ "NUL", "[school]\nname = a\0b\n", 20, 2, "file: the line holds a NUL byte" },
	{ "control", "[school]\nname = a\033[2J\n", 0, 2, "file: the line holds a control" },
};

/* The ways of a start, each of which reads the file. schoolpoortctl runs nothing without a command. */
#define MODES 3

static void check_refused_as(struct stage *s, size_t program, const char *path, const char *begin,
	const char *row, size_t mode)
{
	const char *const modes[MODES] = { programs[program].started ? NULL : "status",
		"--check-config", "--print-config" };
	struct ran r = ran_run(programs[program].name,
		(const char *const[]){ "--config", path, modes[mode], NULL });

	if (r.status != 2 || !ran_is_line(r.err, begin) || r.out[0])
		fail_msg("%s, %s: status %d, \"%s%s\" and not \"%s\"", programs[program].name, row,
			r.status, r.out, r.err, begin);
	ran_finish(&r);
	check_empty(s, programs[program].name);
}

static void check_refused(
	struct stage *s, size_t program, const char *path, const char *begin, const char *row)
{
	for (size_t mode = 0; mode < MODES; mode++)
		check_refused_as(s, program, path, begin, row, mode);
}

static int lines_of(const char *text)
{
	int n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void p6_bad_lines_are_refused_by_name(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	write_units(s);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		char *good = ran_read(stage_path(s, "%s.conf", programs[i].unit));
		char path[300], begin[500], whole[8192];
		size_t n = strlen(good);
		assert_true(n < 4000);
		memcpy(whole, good, n);
		(void)snprintf(path, sizeof(path), "%s", stage_path(s, "bad.conf"));
		for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
			size_t len = bad[k].len ? bad[k].len : strlen(bad[k].text);
			memcpy(whole + n, bad[k].text, len);
			ran_write(path, whole, n + len);
			(void)snprintf(begin, sizeof(begin), "%s:%d: %s", path,
				lines_of(good) + bad[k].line, bad[k].said);
			/* Each row in one of the modes; whole files below go through all. */
			check_refused_as(s, i, path, begin, bad[k].name, k % MODES);
		}
		free(good);
	}
	stage_close(s);
}

/* Whole files: what is missing, and what isn't readable. */
static void p6_files_refused_as_a_whole(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	char path[300], key[300], text[2000], begin[1000];

	write_units(s);
	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "bad.conf"));
	(void)snprintf(key, sizeof(key), "%s", stage_path(s, "card.key"));
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		const char *unit = programs[i].unit;
		(void)unlink(path);
		(void)snprintf(
			begin, sizeof(begin), "%s:0: file: can't be read: No such file", path);
		check_refused(s, i, path, begin, "no file");
		(void)snprintf(begin, sizeof(begin), "%s:0: file: can't be read: ", stage_dir(s));
		check_refused(s, i, stage_dir(s), begin, "a folder");
		ran_write(path, "", 0);
		(void)snprintf(begin, sizeof(begin), "%s:1: school.id: required", path);
		check_refused(s, i, path, begin, "empty file");
		(void)snprintf(text, sizeof(text), "[school]\nid = a\ncard_key_file = %s\n", key);
		ran_write(path, text, strlen(text));
		(void)snprintf(begin, sizeof(begin), "%s:3: unit.id: required", path);
		check_refused(s, i, path, begin, "no unit");
		(void)snprintf(text, sizeof(text), "id = a\n");
		ran_write(path, text, strlen(text));
		(void)snprintf(
			begin, sizeof(begin), "%s:1: .id: stands before any [section]", path);
		check_refused(s, i, path, begin, "no section");
		if (!programs[i].serves)
			continue;
		(void)snprintf(text, sizeof(text),
			"[school]\nid = a\ncard_key_file = %s.no\n[unit]\nid = %s\n"
			"[register]\ngates = gate-1\n[broker]\ntls = off\n",
			key, unit);
		ran_write(path, text, strlen(text));
		(void)snprintf(begin, sizeof(begin), "%s:3: school.card_key_file: can't read %s.no",
			path, key);
		check_refused(s, i, path, begin, "no card key");
		(void)snprintf(text, sizeof(text),
			"[school]\nid = a\ncard_key_file = %s\n[unit]\nid = %s\n"
			"[register]\ngates = gate-1\n[broker]\nca_file = %s.no\n",
			key, unit, key);
		ran_write(path, text, strlen(text));
		(void)snprintf(
			begin, sizeof(begin), "%s:9: broker.ca_file: can't read %s.no", path, key);
		check_refused(s, i, path, begin, "no CA");
	}
	stage_close(s);
}

static void test_good(void **state)
{
	(void)state;
	struct stage *s = stage_open();

	write_units(s);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		char path[300], line[400];
		(void)snprintf(
			path, sizeof(path), "%s", stage_path(s, "%s.conf", programs[i].unit));
		struct ran r = ran_run(programs[i].name,
			(const char *const[]){ "--config", path, "--check-config", NULL });
		if (r.status || r.out[0] || r.err[0])
			fail_msg("%s --check-config: %d %s%s", programs[i].name, r.status, r.out,
				r.err);
		ran_finish(&r);
		r = ran_run(programs[i].name,
			(const char *const[]){ "--config", path, "--print-config", NULL });
		assert_int_equal(r.status, 0);
		assert_string_equal(r.err, "");
		(void)snprintf(line, sizeof(line), "school.id = sint-jan  # %s:2\n", path);
		assert_non_null(strstr(r.out, line));
		assert_non_null(strstr(r.out, "kiosk.repeat_s = 60  # default\n"));
		assert_null(strstr(r.out, "0123456789abcdef")); /* the key itself */
		ran_finish(&r);
	}
	check_empty(s, "--check-config");
	stage_close(s);
}

/* A rehearsal's database is no real one, and the other way round; the refusal leaves all as it was. */
static void check_rehearsal(struct stage *s, size_t i, bool rehearsal)
{
	const char *unit = programs[i].unit;

	stage_clock(s, rehearsal ? "2026-11-23T08:10:00+01:00" : NULL);
	struct stage_program *p = stage_start(s, programs[i].name, unit, NULL, NULL);
	stage_wait_log(s, p, programs[i].started);
	stage_stop(s, p);
	size_t n_state = ran_entries(stage_path(s, "%s-state", unit));
	size_t n_run = ran_entries(stage_path(s, "%s-run", unit));
	const char *config = stage_path(s, "%s.conf", unit);
	struct ran r = ran_run(
		programs[i].name, rehearsal ? (const char *const[]){ "--config", config, NULL }
					    : (const char *const[]){ "--config", config, "--clock",
						      "2026-11-23T08:10:00+01:00", NULL });
	if (r.status != 2 || !strstr(ran_last_line(r.err), "other kind of clock"))
		fail_msg("%s, made %s --clock: %d, %s", programs[i].name,
			rehearsal ? "with" : "without", r.status, r.err);
	ran_finish(&r);
	assert_int_equal(ran_entries(stage_path(s, "%s-state", unit)), n_state);
	assert_int_equal(ran_entries(stage_path(s, "%s-run", unit)), n_run);
	/* It still opens with the clock that it was made under. */
	p = stage_start(s, programs[i].name, unit, NULL, NULL);
	stage_wait_log(s, p, programs[i].started);
	stage_stop(s, p);
}

static void test_rehearsal(void **state)
{
	(void)state;
	for (size_t i = 2; i < 4; i++)
		for (int rehearsal = 0; rehearsal < 2; rehearsal++) {
			struct stage *s = stage_open();
			write_units(s);
			check_rehearsal(s, i, rehearsal);
			stage_close(s);
		}
}

static void p2_second_instance_exits_1(void **state)
{
	(void)state;
	for (size_t i = 2; i < 4; i++) {
		struct stage *s = stage_open();
		write_units(s);
		const char *unit = programs[i].unit;
		struct stage_program *p = stage_start(s, programs[i].name, unit, NULL, NULL);
		stage_wait_log(s, p, programs[i].started);
		struct ran r = ran_run(programs[i].name,
			(const char *const[]){ "--config", stage_path(s, "%s.conf", unit), NULL });
		assert_int_equal(r.status, 1);
		if (!strstr(ran_last_line(r.err),
			    i == 2 ? "another kiosk is running" : "another register is running"))
			fail_msg("%s: last line \"%s\"", programs[i].name, ran_last_line(r.err));
		ran_finish(&r);
		/* The first one goes on, under the same socket. */
		free(school_ctl(s, unit, (const char *const[]){ "status", NULL }));
		stage_stop(s, p);
		assert_int_not_equal(access(stage_path(s, "%s-run/%s", unit,
						    i == 2 ? "kiosk.sock" : "register.sock"),
					     F_OK),
			0);
		stage_close(s);
	}
}

/* A broker that takes connections and never says a word. */
static int open_mute_broker(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

enum broker { BROKER_NONE, BROKER_MUTE, BROKER_UP, BROKER_KILLED };

static void check_term(enum broker broker)
{
	struct stage *s = stage_open();
	struct stage_program *running[ARRAY_LEN(programs)];
	int mute = -1;

	stage_clock(s, "2026-11-23T08:10:00+01:00");
	write_units(s);
	if (broker == BROKER_MUTE)
		mute = open_mute_broker(stage_broker_port(s));
	else if (broker != BROKER_NONE)
		stage_broker_start(s, false);
	for (size_t i = 0; programs[i].started; i++) {
		running[i] = stage_start(s, programs[i].name, programs[i].unit, NULL, silent_sdl);
		stage_wait_log(s, running[i], programs[i].started);
	}
	if (broker == BROKER_UP || broker == BROKER_KILLED) {
		stage_wait_log(s, running[2], "broker_up");
		stage_wait_log(s, running[3], "broker_up");
	}
	if (broker == BROKER_KILLED)
		stage_broker_stop(s, true);
	for (size_t i = 0; programs[i].started; i++)
		stage_stop(s, running[i]); /* fails unless the status is 0 */
	if (mute >= 0)
		(void)close(mute);
	stage_close(s);
}

static void p7_stops_whatever_the_broker_does(void **state)
{
	(void)state;
	for (int broker = BROKER_NONE; broker <= BROKER_KILLED; broker++)
		check_term((enum broker)broker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help_and_version),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(p6_bad_lines_are_refused_by_name),
		cmocka_unit_test(p6_files_refused_as_a_whole),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_rehearsal),
		cmocka_unit_test(p2_second_instance_exits_1),
		cmocka_unit_test(p7_stops_whatever_the_broker_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
