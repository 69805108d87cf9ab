/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What goes to the school's package and what comes from it, by the command line and the real register.
 *
 * The first day is that of the contract's Informat sample, Tuesday 30 January 2018; the second the Monday
 * of all other tests.
 */
#include "e2e/school.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "unit/unit.h"

#define FILE_MAX 1000000

struct gate {
	struct stage_program *kiosk;
	struct stage_client *reader, *views;
};

static void start_gate(struct stage *s, struct gate *g)
{
	g->kiosk = stage_start(s, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	g->reader = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	stage_send_text(s, g->reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
	g->views = stage_connect(s, "gate-1", "kiosk.sock", WIRE_ROLE_SCREEN);
}

static void stop_gate(struct stage *s, struct gate *g)
{
	stage_disconnect(s, g->reader);
	stage_disconnect(s, g->views);
	stage_stop(s, g->kiosk);
}

static void tap(struct stage *s, struct gate *g, const char *uid, enum wire_view_result want)
{
	size_t from = stage_views(g->views);

	stage_tap(s, g->reader, uid);
	(void)stage_wait_view(s, g->views, from, WIRE_VIEW_RESULT, want);
}

/* The gate has what the register made last. */
static void wait_data(struct stage *s)
{
	struct wire_node *status =
		school_ctl_json(s, "register", (const char *const[]){ "status", NULL });
	int64_t generation = wire_node_get_int(status, "generation", -1);

	wire_node_destroy(status);
	school_wait_status(s, "gate-1", "data_generation", generation);
}

static const char *write_file(struct stage *s, const char *name, const char *text)
{
	const char *path = stage_path(s, "%s", name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return path;
}

static char *ctl(struct stage *s, const char *const *args, int want_status)
{
	int status;
	char *said = stage_ctl(s, "register", args, &status);

	if (status != want_status)
		fail_msg("status %d, not %d:\n%s", status, want_status, said);
	return said;
}

static void import(struct stage *s, const char *what, const char *text)
{
	const char *path = write_file(s, "import.csv", text);

	free(ctl(s, (const char *const[]){ "import", what, path, NULL }, 0));
}

static void expect(const char *said, const char *text)
{
	if (!strstr(said, text))
		fail_msg("no \"%s\" in\n%s", text, said);
}

static void expect_sample(struct stage *s, const char *name)
{
	char want_path[512], *want, *got;

	(void)snprintf(want_path, sizeof(want_path),
		TEST_SOURCE_DIR "/broker-config/contract/sample/informat/%s", name);
	int64_t want_len = file_read(want_path, FILE_MAX, &want);
	int64_t got_len = file_read(stage_path(s, "out/%s", name), FILE_MAX, &got);
	assert_true(want_len > 0);
	if (got_len != want_len || memcmp(got, want, (size_t)want_len) != 0)
		fail_msg("%s:\n%s", name, got_len < 0 ? "isn't there" : got);
	free(want);
	free(got);
}

static char *export_informat(struct stage *s, const char *half)
{
	return ctl(s,
		(const char *const[]){ "export", "informat", "--date", "2018-01-30", "--half", half,
			"--out", stage_path(s, "out"), NULL },
		0);
}

/* Two of 5B in time, one of 3A late, two of 3A not at all. */
static void live_the_sample(struct stage *s, struct gate *g, struct stage_program **ret_reg)
{
	stage_clock(s, "2018-01-30T08:15:00+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	/* The sample's card of Elif is valid from 2026. */
	import(s, "cards", "uid;pupil_id\n04112233445566;12347\n");
	stage_unit(s, "gate-1", NULL);
	start_gate(s, g);
	school_wait_status(s, "gate-1", "cards", 5);
	tap(s, g, CARD_MARIE, WIRE_RESULT_PRESENT);
	tap(s, g, CARD_AN, WIRE_RESULT_PRESENT);
	(void)stage_wait_message(s, 0, "gates/arrival", AN);
	stop_gate(s, g);
	stage_stop(s, reg);

	stage_clock(s, "2018-01-30T08:44:58+01:00");
	*ret_reg = stage_start(s, "schoolpoort-register", "register", NULL, NULL);
	start_gate(s, g);
	stage_disconnect(s, stage_connect(s, "register", "register.sock", WIRE_ROLE_CONTROL));
	(void)stage_wait_message(s, 0, "care/alert/2018-01-30-am-p" YASSINE, "\"absent\"");
	wait_data(s);
	tap(s, g, CARD_ELIF, WIRE_RESULT_LATE);
	(void)stage_wait_message(s, 0, "gates/arrival", ELIF);
}

static void check_csv(struct stage *s)
{
	char path[300], *bytes;
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "halfdays.csv"));
	(void)write_file(s, "halfdays.csv", "of an earlier run");
	char *said = ctl(s,
		(const char *const[]){ "export", "csv", "--from", "2018-01-01", "--to",
			"2018-01-31", "--out", path, NULL },
		0);
	expect(said, "half days from 2018-01-01 to 2018-01-31");
	free(said);
	assert_true(file_read(path, FILE_MAX, &bytes) > 0);
	assert_memory_equal(bytes,
		"\xef\xbb\xbf"
		"date;half;pupil_id;",
		22);
	expect(bytes, "\r\n30/01/2018;am;" NOOR ";Peeters;Noor;3A;-;;;\r\n");
	expect(bytes, "\r\n30/01/2018;am;" ELIF ";\xc3\x87"
		      "elik;Elif;3A;L;;08:4");
	expect(bytes, "\r\n30/01/2018;am;" MARIE
		      ";Vandenbroucke-De Schepper;Marie-Ghislaine;5B;|;;08:15;\r\n");
	assert_null(strstr(bytes, "earlier run"));
	free(bytes);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Each ends with the status of programs.md and leaves no file behind. */
static void check_refusals(struct stage *s)
{
	static const struct {
		const char *args[9];
		int status;
		const char *says;
	} row[] = {
		{ { "export", "informat", "--date", "2018-02-30", "--half", "am", "--out", "." }, 2,
			"date" },
		{ { "export", "informat", "--date", "2018-01-30", "--half", "noon", "--out", "." },
			2, "half" },
		{ { "export", "informat", "--date", "2018-01-30", "--half", "am" }, 2, "--out" },
		{ { "export", "informat", "--date", "2018-01-30", "--half", "am", "--out",
			  "/nonexistent/folder" },
			1, "/nonexistent/folder" },
		{ { "export", "csv", "--from", "2018-01-31", "--to", "2018-01-30", "--out",
			  "refused.csv" },
			2, "before from" },
		{ { "export", "csv", "--from", "2016-01-31", "--to", "2018-01-30", "--out",
			  "refused.csv" },
			2, "400 days" },
		{ { "export", "csv", "--from", "2018-01-01", "--to", "2018-01-30", "--out",
			  "/nonexistent/folder/x.csv" },
			1, "/nonexistent/folder" },
		{ { "export", "csv" }, 2, "--out" },
		{ { "export", "pdf" }, 2, "no such command" },
	};

	assert_int_equal(chdir(stage_path(s, "out")), 0);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char *said = ctl(s, row[i].args, row[i].status);
		expect(said, row[i].says);
		free(said);
	}
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(access(stage_path(s, "out/refused.csv"), F_OK), -1);
}

static void test_the_sample_of_informat(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct stage_program *reg;
	struct gate g;

	assert_int_equal(mkdir(stage_path(s, "out"), 0700), 0);
	live_the_sample(s, &g, &reg);
	char *said = export_informat(s, "am");
	expect(said, "absent-300118-T1.txt     2");
	expect(said, "late-300118-T1.txt     1");
	expect(said, "isn't over");
	free(said);
	expect_sample(s, "absent-300118-T1.txt");
	expect_sample(s, "late-300118-T1.txt");
	assert_int_equal(access(stage_path(s, "out/coded-300118-T1.txt"), F_OK), -1);
	check_csv(s);
	check_refusals(s);

	/* What came out in the meantime: an attest, a code that Informat doesn't take. */
	import(s, "excused",
		"pupil_id;from;from_half;to;to_half;reason;code\n"
		"12345;2018-01-30;am;2018-01-30;am;excused;Z\n"
		"12346;2018-01-30;am;2018-01-30;am;excursion;P\n");
	(void)stage_wait_message(s, 0, "care/event", "\"what\":\"excused\"");
	said = export_informat(s, "am");
	expect(said, "coded-300118-T1.txt     1");
	expect(said, YASSINE "  P ");
	expect(said, "out/absent-300118-T1.txt: of an earlier export");
	free(said);
	char *coded;
	assert_true(file_read(stage_path(s, "out/coded-300118-T1.txt"), FILE_MAX, &coded) > 0);
	assert_string_equal(coded, "300118T1\r\nZ\r\n0000012345\r\n");
	free(coded);
	expect_sample(s, "late-300118-T1.txt");

	/* The afternoon carries who was in and has nobody to report yet. */
	said = export_informat(s, "pm");
	expect(said, "no file was written");
	free(said);
	stage_validate(s);
	stop_gate(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

/* ---- a new school year, one date, one class ---- */

static size_t wait_data_with(struct stage *s, size_t from, const char *text)
{
	return stage_wait_message(s, from, "gates/data", text);
}

static void check_dry_run(struct stage *s, const char *path)
{
	struct wire_node *r = school_ctl_json(s, "register",
		(const char *const[]){
			"import", "pupils", path, "--remove-missing", "--dry-run", NULL });
	const struct wire_node *gone = wire_node_get_node(r, "pupils_removed");
	const struct wire_node *classes = wire_node_get_node(r, "classes_removed");

	assert_int_equal(wire_node_get_int(r, "added", -1), 1);
	assert_int_equal(wire_node_get_int(r, "moved", -1), 1);
	assert_int_equal(wire_node_get_int(r, "removed", -1), 3);
	assert_int_equal(wire_node_count(gone), 3);
	assert_string_equal(wire_node_get_text(wire_node_at(gone, 0), NULL), NOOR);
	assert_int_equal(wire_node_count(classes), 1);
	assert_string_equal(wire_node_get_text(wire_node_at(classes, 0), NULL), "5B");
	wire_node_destroy(r);
	char *said = ctl(s,
		(const char *const[]){
			"import", "pupils", path, "--remove-missing", "--dry-run", NULL },
		0);
	expect(said, "no longer here: " NOOR);
	expect(said, "new classes: 4A");
	expect(said, "dry run");
	assert_null(strstr(said, "Peeters")); /* numbers, no names */
	free(said);
	school_wait_status(s, "register", "pupils", 5);
	assert_int_equal(stage_find(s, 0, "care/event", "\"state\":\"resolved\""), -1);
}

static void test_a_new_school_year(void **state)
{
	(void)state;
	struct stage *s = stage_open();
	struct gate g;

	stage_clock(s, "2026-11-23T08:45:01+01:00");
	stage_broker_start(s, true);
	struct stage_program *reg = school_register(s, "gate-1");
	stage_unit(s, "gate-1", NULL);
	start_gate(s, &g);
	size_t absent =
		stage_wait_message(s, 0, "care/alert/2026-11-23-am-p" NOOR, "\"kind\":\"absent\"");
	(void)stage_wait_message(s, 0, "care/alert/2026-11-23-am-p" YASSINE, "\"kind\":\"absent\"");

	/* As Informat writes it. */
	char path[300];
	(void)snprintf(path, sizeof(path), "%s",
		write_file(s, "year.csv",
			"Uniek nummer;Naam;Voornaam;Klas\r\n"
			"12346;Ben Haddou;Yassine;4A\r\n"
			"12347;\xc7"
			"elik;Elif;3A\r\n30001;Nieuw;Nele;4A\r\n"));
	check_dry_run(s, path);
	free(ctl(
		s, (const char *const[]){ "import", "pupils", path, "--remove-missing", NULL }, 0));
	/* A leaver's alert ends, with its retained message; the card is nobody's; what was stays. */
	(void)stage_wait_message(s, absent + 1, "care/event", "\"state\":\"re");
	size_t emptied = absent;
	do
		emptied =
			stage_wait_message(s, emptied + 1, "care/alert/2026-11-23-am-p" NOOR, NULL);
	while (stage_message(s, emptied)->payload[0]);
	size_t data = wait_data_with(s, absent, "Nele");
	assert_null(strstr(stage_message(s, data)->payload, NOOR));
	wait_data(s);
	tap(s, &g, CARD_NOOR, WIRE_RESULT_UNKNOWN_CARD);
	char *said = ctl(s, (const char *const[]){ "pupil", "show", NOOR, NULL }, 0);
	expect(said, "2026-11-23 am");
	free(said);

	/* The whole class on excursion: the alert of the one who stays away is untrue. */
	import(s, "excused",
		"class;from;from_half;to;to_half;reason\n"
		"4A;2026-11-23;am;2026-11-23;pm;excursion\n");
	(void)stage_wait_message(s, emptied, "care/event", "\"what\":\"excused\"");

	/* One date: this Monday's morning begins at ten; the gates' week has it in place. */
	import(s, "timetable",
		"class;weekday;half;start;end;date\n"
		"*;mon;am;08:25;12:05;\n*;tue;am;08:25;12:05;\n"
		"*;;am;10:00;12:05;2026-11-23\n*;;am;11:00;12:05;2026-12-07\n");
	data = wait_data_with(s, data, "10:00");
	assert_null(strstr(stage_message(s, data)->payload, "11:00"));
	assert_non_null(strstr(stage_message(s, data)->payload, "08:25")); /* Tuesday's */
	wait_data(s);
	tap(s, &g, CARD_ELIF, WIRE_RESULT_PRESENT);
	stage_validate(s);
	stop_gate(s, &g);
	stage_stop(s, reg);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sample_of_informat),
		cmocka_unit_test(test_a_new_school_year),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
