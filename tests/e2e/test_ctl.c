/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The command line against a running register and kiosk: every command of it, and every way of being refused, after which
 * nothing has changed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/ran.h"
#include "e2e/school.h"
#include "unit/unit.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* One register for all tests of this file: what they change they name, and the sample is theirs to change in order. */
static struct {
	struct stage *stage;
	struct stage_program *reg, *kiosk;
	char config[300], csv[300];
} on;

static struct ran ctl(const char *const *args)
{
	const char *all[24] = { "--config", on.config };

	for (size_t i = 0; args[i] && i < 20; i++)
		all[i + 2] = args[i];
	return ran_run("schoolpoortctl", all);
}

static struct ran ctl_ok(const char *const *args)
{
	struct ran r = ctl(args);

	if (r.status != 0 || r.err[0])
		fail_msg("%s: status %d\n%s%s", args[0], r.status, r.out, r.err);
	return r;
}

/* Must fail with this status and one line on standard error that holds @why. */
static void ctl_no(const char *const *args, int status, const char *why)
{
	struct ran r = ctl(args);

	if (r.status != status || !strstr(r.err, why) || (status == 1 && !ran_is_line(r.err, "")) ||
		r.out[0])
		fail_msg("%s %s: status %d and not %d, \"%s\", \"%s%s\"", args[0],
			args[1] ? args[1] : "", r.status, status, why, r.out, r.err);
	ran_finish(&r);
}

static void holds(const char *const *args, const char *const *texts)
{
	struct ran r = ctl_ok(args);

	for (; *texts; texts++)
		if (!strstr(r.out, *texts))
			fail_msg("%s: no \"%s\" in\n%s", args[0], *texts, r.out);
	ran_finish(&r);
}

/* All that an import could have changed, as text. */
static char *picture(void)
{
	static const char *const pupils[] = { NOOR, YASSINE, ELIF, MARIE, AN };
	char *all = calloc(1, 65536);
	size_t n = 0;

	assert_non_null(all);
	for (size_t i = 0; i < ARRAY_LEN(pupils) + 3; i++) {
		struct ran r = i < ARRAY_LEN(pupils) ? ctl_ok(ARGS("pupil", "show", pupils[i]))
			       : i == ARRAY_LEN(pupils)
				       ? ctl_ok(ARGS("day", "--date", "2026-11-23", "--half", "am"))
			       : i == ARRAY_LEN(pupils) + 1
				       ? ctl_ok(ARGS("day", "--date", "2026-11-23", "--half", "pm"))
				       : ctl_ok(ARGS("calendar", "--year", "2026"));
		n += (size_t)snprintf(all + n, 65536 - n, "%s", r.out);
		assert_true(n < 65536);
		ran_finish(&r);
	}
	struct wire_node *status = school_ctl_json(on.stage, "register", ARGS("status"));
	(void)snprintf(all + n, 65536 - n, "%lld %lld %lld",
		(long long)wire_node_get_int(status, "pupils", -1),
		(long long)wire_node_get_int(status, "cards", -1),
		(long long)wire_node_get_int(status, "open_alerts", -1));
	wire_node_destroy(status);
	return all;
}

#define PUPILS "pupil_id;last_name;first_name;class\n"
#define P_ROW "1;A;B;3A\n"
#define TIMETABLE "class;weekday;half;start;end\n"
#define CALENDAR "from;to;half;name\n"
#define EXCUSED "pupil_id;from;from_half;to;to_half;reason\n"
#define CARDS "uid;pupil_id;from;to\n"
#define FORBIDDEN "must not be here"

static const struct {
	const char *name, *what, *text;
	size_t len; /* 0: as a string */
	const char *said; /* ":LINE:COLUMN: reason" behind the file's name */
} bad[] = {
	{ "quote without end", "pupils", PUPILS "1;\"A;B;3A\n" P_ROW, 0, ":2:2: a quote lacks" },
	{ "text behind a quote", "pupils", PUPILS P_ROW "2;\"A\"x;B;3A\n", 0,
		":3:2: text after a" },
	{ "quote inside", "pupils", PUPILS "1;A\"x\";B;3A\n", 0, ":2:2: a quote inside" },
	{ "no class", "pupils", "pupil_id;last_name;first_name\n1;A;B\n", 0,
		":1: column class is missing" },
	{ "column twice", "pupils", "pupil_id;class;last_name;first_name;CLASS\n", 0,
		":1:5: column CLASS stands here twice" },
	{ "number", "pupils", "pupil_id;last_name;first_name;class;Rijksregisternummer\n", 0,
		":1:5: column Rijksregisternummer " FORBIDDEN },
	{ "INSZ", "pupils", "INSZ;pupil_id;last_name;first_name;class\n", 0,
		":1:1: column INSZ " FORBIDDEN },
	{ "niss", "cards", "uid;pupil_id;niss\n", 0, ":1:3: column niss " FORBIDDEN },
	{ "birth date", "pupils", "pupil_id;last_name;Geboorte-datum;first_name;class\n", 0,
		":1:3: column Geboorte-datum " FORBIDDEN },
	{ "naissance", "pupils", "pupil_id;Date de naissance;last_name;first_name;class\n", 0,
		":1:2: column Date de naissance " FORBIDDEN },
	{ "address", "excused", "adres;pupil_id;from;from_half;to;to_half;reason\n", 0,
		":1:1: column adres " FORBIDDEN },
	{ "street", "timetable", "class;weekday;half;start;end;Straat en nr\n", 0,
		":1:6: column Straat en nr " FORBIDDEN },
	{ "pupil twice", "pupils", PUPILS P_ROW "2;A;B;3A\n0000000001;A;B;3A\n", 0,
		":4:1: stands in the file twice" },
	{ "no number", "pupils", PUPILS P_ROW "12a;A;B;3A\n", 0, ":3:1: is no pupil number" },
	{ "long number", "pupils", PUPILS "12345678901;A;B;3A\n", 0, ":2:1: is no pupil number" },
	{ "no name", "pupils", PUPILS "1;;B;3A\n", 0, ":2:2: is empty" },
	{ "star", "pupils", PUPILS "1;A;B;*\n", 0, ":2:4: * is no class" },
	{ "too many fields", "pupils", PUPILS "1;A;B;3A;x\n", 0, ":2:5: more fields than" },
	{ "bad language", "pupils", "pupil_id;last_name;first_name;class;language\n1;A;B;3A;xx\n",
		0, ":2:5: is none of nl" },
	{ "NUL", "pupils", PUPILS "1;A\0B;B;3A\n", sizeof(PUPILS "1;A\0B;B;3A\n") - 1,
		":2:2: control character" },
	{ "not assigned", "pupils", PUPILS P_ROW "2;A\x81;B;3A\n", 0, ":3:2: neither UTF-8 nor" },
	{ "UTF-8 that isn't", "pupils", "\xef\xbb\xbf" PUPILS "1;A\xe9;B;3A\n", 0,
		":2: begins as UTF-8 but" },
	{ "UTF-16", "pupils", "\xff\xfep\0u\0", 6, ":1: UTF-16" },
	{ "random UID", "cards", CARDS "08AABBCC;12345;;\n", 0, ":2:1: is a random UID" },
	{ "no UID", "cards", CARDS "04A1B2;12345;;\n", 0, ":2:1: is no UID of 4, 7 or 10" },
	{ "nobody's", "cards", CARDS "04A1B2C3D4E5F7;99;;\n", 0, ":2:2: no such pupil" },
	{ "another's card", "cards", CARDS "0411AA22BB33CC;12345;;\nDEADBEEF;12345;;\n", 0,
		":3:1: is another pupil's card" },
	{ "card twice", "cards", CARDS "0411AA22BB33CC;12345;;\n0411aa22bb33cc;12345;;\n", 0,
		":3:1: stands in the file twice" },
	{ "card ends first", "cards", CARDS "0411AA22BB33CC;12345;2026-02-01;2026-01-31\n", 0,
		":2:4: is before from" },
	{ "no such date", "calendar", CALENDAR "2026-02-29;2026-02-29;;x\n", 0,
		":2:1: is no date" },
	{ "date's form", "calendar", CALENDAR "2026-02-27;1-3-2026;;x\n", 0, ":2:2: is no date" },
	{ "end first", "calendar", CALENDAR "2026-02-27;2026-02-26;;x\n", 0,
		":2:2: is before from" },
	{ "half", "calendar", CALENDAR "2026-02-27;2026-02-27;vm;x\n", 0, ":2:3: is neither am" },
	{ "time", "timetable", TIMETABLE "3A;mon;am;08:60;12:05\n", 0, ":2:4: is no time" },
	{ "lesson ends first", "timetable", TIMETABLE "3A;mon;am;08:25;08:25\n", 0,
		":2:5: is not after start" },
	{ "weekday", "timetable", TIMETABLE "3A;ma;am;08:25;12:05\n", 0, ":2:2: is none of mon" },
	{ "lesson twice", "timetable", TIMETABLE "3A;mon;am;08:25;12:05\n3A;mon;am;08:30;12:05\n",
		0, ":3:3: this class has this half day" },
	{ "excuse ends first", "excused", EXCUSED "12345;2026-11-24;am;2026-11-23;pm;excused\n", 0,
		":2:4: is before from" },
	{ "afternoon first", "excused", EXCUSED "12345;2026-11-24;pm;2026-11-24;am;excused\n", 0,
		":2:5: is before from_half" },
	{ "reason", "excused", EXCUSED "12345;2026-11-24;am;2026-11-24;pm;ill\n", 0,
		":2:6: is none of excused" },
	{ "stranger", "excused", EXCUSED "99;2026-11-24;am;2026-11-24;pm;excused\n", 0,
		":2:1: no such pupil" },
	{ "empty", "pupils", "", 0, ": the file is empty" },
	{ "header alone", "pupils", PUPILS, 0, ": has no rows" },
	{ "blank lines", "pupils", "\n\n\n", 0, ":1: the first line has no column names" },
	{ "binary", "pupils", "SQLite format 3\0\1\2\3", 20, ":1:1: control character" },
};

static void check_bad(const char *what, const char *said, const char *name, bool json)
{
	char want[500];
	struct ran r =
		ctl(json ? ARGS("--json", "import", what, on.csv) : ARGS("import", what, on.csv));

	(void)snprintf(want, sizeof(want), "%s%s", on.csv, said);
	if (r.status != 1 || !ran_is_line(r.err, want))
		fail_msg("%s: status %d, \"%s\" and not \"%s\"", name, r.status, r.err, want);
	if (json) {
		char reason[WIRE_REASON_MAX];
		struct wire_node *node = wire_node_parse(r.out, strlen(r.out), reason);
		assert_non_null(node);
		assert_string_equal(wire_node_get_text(node, "error"), "refused");
		assert_string_equal(wire_node_get_text(node, "file"), "bad.csv");
		wire_node_destroy(node);
	} else {
		assert_string_equal(r.out, "");
	}
	ran_finish(&r);
}

static void d4_refused_files_change_nothing(void **state)
{
	(void)state;
	char *before = picture();

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ran_write(on.csv, bad[i].text, bad[i].len ? bad[i].len : strlen(bad[i].text));
		check_bad(bad[i].what, bad[i].said, bad[i].name, i % 2);
		if (i % 8 == 7 || i + 1 == ARRAY_LEN(bad)) {
			char *after = picture();
			assert_string_equal(before, after);
			free(after);
		}
	}
	free(before);
}

/* Too long for a row, too many rows, too large a file. */
static void test_refused_sizes(void **state)
{
	(void)state;
	char *before = picture();
	size_t len = 34 * 1024 * 1024, n;
	char *text = malloc(len);

	assert_non_null(text);
	n = (size_t)snprintf(text, len, PUPILS P_ROW "2;");
	memset(text + n, 'a', 20000);
	(void)snprintf(text + n + 20000, 20, ";B;3A\n");
	ran_write(on.csv, text, strlen(text));
	check_bad("pupils", ":3: line is longer than", "long line", false);
	n = (size_t)snprintf(text, len, PUPILS "1;\"");
	memset(text + n, '\n', 40000); /* a quote that never ends, over many lines */
	ran_write(on.csv, text, n + 40000);
	check_bad("pupils", ":2: line is longer than", "long quote", false);
	n = (size_t)snprintf(text, len, CARDS);
	for (int i = 0; i < 100001; i++)
		n += (size_t)snprintf(text + n, len - n, "04%012X;12345;;\n", (unsigned)i);
	ran_write(on.csv, text, n);
	check_bad("cards", ":100002: more than 100,000 rows", "100,001 rows", false);
	memset(text, '\n', len);
	ran_write(on.csv, text, len);
	ctl_no(ARGS("import", "cards", on.csv), 1, "larger than 32 MiB");
	free(text);
	char *after = picture();
	assert_string_equal(before, after);
	free(after);
	free(before);
}

static void test_refused_commands(void **state)
{
	(void)state;
	char *before = picture();

	ctl_no(ARGS("frob"), 2, "no such command: frob");
	ctl_no(ARGS("card"), 2, "no such command: card");
	ctl_no(ARGS("card", "frob"), 2, "no such command: card");
	ctl_no(ARGS("day", "--frob"), 2, "unknown option: --frob");
	ctl_no(ARGS("day", "--date"), 2, "--date");
	ctl_no(ARGS("day", "monday"), 2, "one word too many: monday");
	ctl_no(ARGS("day", "--date", "2026-02-30"), 2, "date");
	ctl_no(ARGS("day", "--half", "vm"), 2, "half");
	ctl_no(ARGS("calendar", "--year", "soon"), 2, "needs a whole number");
	ctl_no(ARGS("calendar", "--year", "1"), 2, "year: 1990 to 2200");
	ctl_no(ARGS("import", "pupils"), 2, "a word is missing");
	ctl_no(ARGS("import", "frobs", "/dev/null"), 2, "none of pupils");
	ctl_no(ARGS("import", "pupils", "/nonexistent.csv"), 1, "/nonexistent.csv: No such file");
	ctl_no(ARGS("import", "pupils", "/"), 1, "");
	ctl_no(ARGS("import", "pupils", "/dev/null"), 1, "/dev/null: the file is empty");
	ctl_no(ARGS("pupil", "show"), 2, "a word is missing");
	ctl_no(ARGS("pupil", "show", "nobody"), 2, "pupil");
	ctl_no(ARGS("pupil", "show", "99"), 1, "no such pupil");
	ctl_no(ARGS("card", "list", "99"), 1, "no such pupil");
	ctl_no(ARGS("card", "add", "99", "0411AA22BB33CC"), 1, "no such pupil");
	ctl_no(ARGS("card", "add", NOOR, "08AABBCC"), 1, "uid: random");
	ctl_no(ARGS("card", "add", NOOR, "xyz"), 1, "uid: no UID");
	ctl_no(ARGS("card", "add", NOOR, "DEADBEEF"), 1, "another pupil's card");
	ctl_no(ARGS("card", "add", NOOR, "0411AA22BB33CC", "--from", "x"), 2, "from, to: dates");
	ctl_no(ARGS("card", "block", "0411AA22BB33CC"), 1, "nobody's");
	ctl_no(ARGS("trace"), 2, "no such command");
	ctl_no(ARGS("backup", "/nonexistent/x"), 1, "/nonexistent/x");
	char *after = picture();
	assert_string_equal(before, after);
	free(after);
	free(before);
}

static void test_contents(void **state)
{
	(void)state;
	holds(ARGS("calendar", "--year", "2026"),
		ARGS("2026-2027", "2026-10-05", "facultatieve verlofdag (own)", "herfstvakantie",
			"2026-12-18               pm  klassenraad (own)", "2027-01-29"));
	holds(ARGS("pupil", "show", "12345"), ARGS("0000012345  Noor Peeters  3A\n", "Cards\n  ",
						      "Half days\n", "Alerts\n  none"));
	holds(ARGS("card", "list", AN), ARGS("Cards of 0000012349\n", "… - 2026-10-31\n"));
	holds(ARGS("day", "--date", "2026-11-23", "--half", "am"),
		ARGS("2026-11-23 am\n", "3A", "5B", "all"));
	holds(ARGS("status"), ARGS("register 0", "REHEARSAL", "pupils           5\n", "gate-1"));
	struct wire_node *n = school_ctl_json(
		on.stage, "register", ARGS("day", "--date", "2026-11-23", "--half", "am"));
	const struct wire_node *total = wire_node_get_node(n, "total");
	assert_int_equal(wire_node_get_int(total, "expected", -1), 5);
	assert_int_equal(wire_node_get_int(total, "excused", -1), 1);
	assert_int_equal(wire_node_count(wire_node_get_node(n, "classes")), 2);
	wire_node_destroy(n);
	n = school_ctl_json(on.stage, "register", ARGS("calendar"));
	assert_int_equal(wire_node_get_int(n, "year", -1), 2026);
	assert_true(wire_node_count(wire_node_get_node(n, "periods")) > 8);
	wire_node_destroy(n);
	n = school_ctl_json(on.stage, "register", ARGS("status"));
	assert_string_equal(wire_node_get_text(n, "unit"), "register");
	assert_int_equal(wire_node_get_int(n, "cards", -1), 5);
	assert_true(wire_node_get_bool(n, "rehearsal", false));
	wire_node_destroy(n);
	n = school_ctl_json(on.stage, "register", ARGS("pupil", "show", MARIE));
	const struct wire_node *p = wire_node_get_node(n, "pupil");
	assert_string_equal(wire_node_get_text(p, "first_name"), "Marie-Ghislaine");
	assert_string_equal(wire_node_get_text(p, "class"), "5B");
	assert_false(wire_node_get_bool(p, "left", true));
	assert_int_equal(wire_node_count(wire_node_get_node(n, "cards")), 1);
	wire_node_destroy(n);
}

static void test_cards(void **state)
{
	(void)state;
	static const char *const plain = "0411AA22BB33CC";
	/* Answered by its hash: a UID is never repeated. */
	struct ran r = ctl_ok(ARGS("card", "add", "12345", plain, "--from", "2026-09-01"));
	assert_null(strstr(r.out, "11AA22"));
	assert_null(strstr(r.out, "11aa22"));
	ran_finish(&r);
	holds(ARGS("card", "add", "12345", plain, "--from", "2026-09-01"), ARGS("unchanged"));
	holds(ARGS("card", "add", "12345", plain, "--from=2026-09-02"), ARGS("changed"));
	holds(ARGS("card", "block", plain), ARGS("0000012345  blocked"));
	holds(ARGS("card", "block", plain), ARGS("unchanged"));
	holds(ARGS("card", "list", NOOR), ARGS("2026-09-02 - …  blocked"));
	holds(ARGS("card", "add", "12345", plain), ARGS("changed"));
	struct wire_node *n = school_ctl_json(on.stage, "register", ARGS("card", "block", plain));
	assert_string_equal(wire_node_get_text(n, "result"), "blocked");
	assert_int_equal(strlen(wire_node_get_text(n, "card")), 32);
	wire_node_destroy(n);
}

static void write_csv(const char *text)
{
	ran_write(on.csv, text, strlen(text));
}

static const char *last_name(struct wire_node **ret_node)
{
	*ret_node = school_ctl_json(on.stage, "register", ARGS("pupil", "show", "777"));
	return wire_node_get_text(wire_node_get_node(*ret_node, "pupil"), "last_name");
}

/* Encodings, separators and line ends that schools' packages write. */
static void test_taken_files(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ PUPILS "777;Desm\303\251;X;5B\n", "Desmé" },
		{ "\357\273\277" PUPILS "777;\303\207elik;X;5B\n", "Çelik" },
		{ PUPILS "777;Desm\351 \200;X;5B\n", "Desmé €" },
		{ "pupil_id;last_name;first_name;class\r\n777;Crlf;X;5B\r\n", "Crlf" },
		{ "pupil_id,last_name,first_name,class\n777,Comma,X,5B\n", "Comma" },
		{ "Class,LAST_NAME,email adres,first_name,Pupil_Id\n5B,\"O\"\"Neil, sr\",a@b,X,777",
			"O\"Neil, sr" },
		{ PUPILS "\n777;  Spaces  ;X;5B\n\n", "Spaces" },
	};
	struct wire_node *n;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		write_csv(rows[i].text);
		holds(ARGS("import", "pupils", on.csv),
			ARGS(i ? "1 rows: 0 added, 1 changed, 0 removed, 0 unchanged"
			       : "1 rows: 1 added, 0 changed"));
		assert_string_equal(last_name(&n), rows[i].want);
		wire_node_destroy(n);
		holds(ARGS("import", "pupils", on.csv), ARGS("1 unchanged"));
	}
}

static void d4_nobody_disappears_unasked_and_a_dry_run_says_so(void **state)
{
	(void)state;
	struct wire_node *n;

	write_csv(PUPILS "12345;Peeters;Noor;3A\n12346;Ben Haddou;Yassine;3B\n");
	char *before = picture();
	holds(ARGS("import", "pupils", on.csv, "--dry-run", "--remove-missing"),
		ARGS("2 rows: 0 added, 2 changed, 4 removed, 0 unchanged\n",
			"dry run: nothing was changed"));
	char *after = picture();
	assert_string_equal(before, after);
	free(after);
	free(before);
	holds(ARGS("import", "--remove-missing", "pupils", on.csv), ARGS("2 changed, 4 removed"));
	n = school_ctl_json(on.stage, "register", ARGS("pupil", "show", ELIF));
	assert_true(wire_node_get_bool(wire_node_get_node(n, "pupil"), "left", false));
	wire_node_destroy(n);
	school_wait_status(on.stage, "register", "pupils", 2);
	/* A file replaces the timetable whole, and a class without lessons is told. */
	write_csv(TIMETABLE "3A;mon;am;08:25;12:05\n");
	holds(ARGS("import", "timetable", "--dry-run", on.csv),
		ARGS("1 rows: 1 added, 0 changed, 14 removed", "warning: class 3B"));
	n = school_ctl_json(on.stage, "register", ARGS("import", "timetable", "--dry-run", on.csv));
	assert_true(wire_node_get_bool(n, "dry_run", false));
	assert_int_equal(wire_node_get_int(n, "removed", -1), 14);
	assert_int_equal(wire_node_count(wire_node_get_node(n, "warnings")), 1);
	wire_node_destroy(n);
}

static void test_backup(void **state)
{
	(void)state;
	char path[300];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s", stage_path(on.stage, "copy.db"));
	holds(ARGS("backup", path), ARGS("bytes written\n"));
	char *text = ran_read(path);
	assert_string_equal(text, "SQLite format 3");
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Never over a file that is there. */
	ctl_no(ARGS("backup", path), 1, "File exists");
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 4096);
}

static void test_kiosk(void **state)
{
	(void)state;
	char other[300];

	stage_unit(on.stage, "gate-1", NULL);
	on.kiosk = stage_start(on.stage, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	struct stage_client *reader =
		stage_connect(on.stage, "gate-1", "kiosk.sock", WIRE_ROLE_READER);
	stage_tap(on.stage, reader, "0499aa22bb33cc");
	school_wait_status(on.stage, "gate-1", "last_seq", 1);
	memcpy(other, on.config, sizeof(other));
	(void)snprintf(on.config, sizeof(on.config), "%s", stage_path(on.stage, "gate-1.conf"));
	holds(ARGS("status"),
		ARGS("unit             gate-1 ", "not connected", "queue            1\n"));
	holds(ARGS("trace"), ARGS("committed", "confirmed", "          -"));
	holds(ARGS("trace", "--last", "1"), ARGS("check-in"));
	ctl_no(ARGS("trace", "--last", "0"), 2, "last: 1 to 1000");
	ctl_no(ARGS("trace", "--last", "1001"), 2, "last: 1 to 1000");
	ctl_no(ARGS("day"), 2, "ask the register");
	struct wire_node *n = school_ctl_json(on.stage, "gate-1", ARGS("trace"));
	const struct wire_node *taps = wire_node_get_node(n, "taps");
	assert_int_equal(wire_node_count(taps), 1);
	const struct wire_node *one = wire_node_at(taps, 0);
	assert_true(wire_node_get_int(one, "committed", -1) >=
		    wire_node_get_int(one, "received", INT64_MAX));
	assert_int_equal(wire_node_get_int(one, "published", -1), -1);
	wire_node_destroy(n);
	stage_disconnect(on.stage, reader);
	/* Nobody there: said plainly, for each of the ways in which a program can be away. */
	stage_stop(on.stage, on.kiosk);
	ctl_no(ARGS("status"), 1, "nobody answers there; is the program running?");
	on.kiosk = stage_start(on.stage, "schoolpoort-kiosk", "gate-1", NULL, NULL);
	stage_disconnect(
		on.stage, stage_connect(on.stage, "gate-1", "kiosk.sock", WIRE_ROLE_CONTROL));
	stage_kill(on.stage, on.kiosk);
	ctl_no(ARGS("status"), 1, "nobody answers there; is the program running?");
	memcpy(on.config, other, sizeof(on.config));
	/* A failed backup leaves no empty file that could pass for one. */
	stage_stop(on.stage, on.reg);
	const char *path = stage_path(on.stage, "never.db");
	ctl_no(ARGS("backup", path), 1, "nobody answers there");
	assert_int_not_equal(access(path, F_OK), 0);
}

static int open_school(void **state)
{
	(void)state;
	on.stage = stage_open();
	stage_clock(on.stage, "2026-11-23T07:30:00+01:00");
	on.reg = school_register(on.stage, "gate-1");
	(void)snprintf(on.config, sizeof(on.config), "%s", stage_path(on.stage, "register.conf"));
	(void)snprintf(on.csv, sizeof(on.csv), "%s", stage_path(on.stage, "bad.csv"));
	return 0;
}

static int close_school(void **state)
{
	(void)state;
	stage_close(on.stage);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(d4_refused_files_change_nothing),
		cmocka_unit_test(test_refused_sizes),
		cmocka_unit_test(test_refused_commands),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_taken_files),
		cmocka_unit_test(d4_nobody_disappears_unasked_and_a_dry_run_says_so),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_kiosk),
	};
	/* Texts as they are in the source. */
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests(tests, open_school, close_school);
}
