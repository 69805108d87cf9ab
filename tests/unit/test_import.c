/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * R21: all or nothing, with file, line and column; a dry run; columns refused by name. R27: no random UIDs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "register/import.h"
#include "sys/file.h"
#include "unit/unit.h"

static const struct civil_date MONDAY = { 2026, 11, 23 };

static char folder[64], path[96];
static struct register_store *store;
static struct secret_key key = { { 3 } };

static int open_store(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/import-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/register.db", folder);
	assert_int_equal(register_store_open(path, true, &store), 0);
	return 0;
}

static int close_store(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	(void)state;
	register_store_close(store);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char name[112];
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return rmdir(folder);
}

static struct roster *roster_now(void)
{
	struct roster *roster;
	assert_int_equal(register_store_roster(store, MONDAY, 1, &roster), 0);
	return roster;
}

/* As the program does: one transaction, rolled back unless done. */
static struct import_result *run(enum import_what what, const char *bytes, bool remove_missing)
{
	static struct import_result result;
	struct roster *roster = roster_now();
	struct import_order order = { .what = what,
		.remove_missing = remove_missing,
		.now_ms = 1000,
		.roster = roster,
		.key = &key };
	assert_int_equal(register_store_begin(store), 0);
	import_run(store, &order, bytes, strlen(bytes), &result);
	int err = register_store_end(store, result.end == IMPORT_DONE ? 0 : STORE_ERR_EXISTS);
	assert_int_equal(err, result.end == IMPORT_DONE ? 0 : STORE_ERR_EXISTS);
	roster_destroy(roster);
	return &result;
}

static void run_sample(enum import_what what, long added, long unchanged)
{
	char name[512];
	char *bytes;
	snprintf(name, sizeof(name), "%s/broker-config/contract/sample/%s.csv", TEST_SOURCE_DIR,
		import_what_word(what));
	assert_true(file_read(name, IMPORT_FILE_MAX, &bytes) > 0);
	const struct import_result *r = run(what, bytes, false);
	if (r->end != IMPORT_DONE)
		fail_msg("%s: line %ld: %s", import_what_word(what), r->line, r->reason);
	assert_int_equal(r->added, added);
	assert_int_equal(r->unchanged, unchanged);
	assert_int_equal(r->changed + r->removed, 0);
	free(bytes);
}

static void test_samples_twice(void **state)
{
	(void)state;
	for (int again = 0; again < 2; again++) {
		run_sample(IMPORT_PUPILS, again ? 0 : 5, again ? 5 : 0);
		run_sample(IMPORT_TIMETABLE, again ? 0 : 14, again ? 14 : 0);
		run_sample(IMPORT_CALENDAR, again ? 0 : 3, again ? 3 : 0);
		run_sample(IMPORT_EXCUSED, again ? 0 : 1, again ? 1 : 0);
		run_sample(IMPORT_CARDS, again ? 0 : 5, again ? 5 : 0);
	}
	struct roster *roster = roster_now();
	const struct roster_pupil *elif = roster_pupil_of(roster, 12347);
	assert_string_equal(elif->last_name, "\xc3\x87"
					     "elik");
	assert_int_equal(elif->language, ROSTER_NL);
	assert_int_equal(
		roster_excuse_of(roster, 12347, MONDAY, HALFDAY_PM)->reason, ROSTER_TRAJECTORY);
	assert_int_equal(
		roster_slot_of(roster, roster_pupil_of(roster, 12348), MONDAY, HALFDAY_AM)->start_s,
		(9 * 60 + 15) * 60);
	roster_destroy(roster);
}

static void test_pupils_change_and_leave(void **state)
{
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	const struct import_result *r = run(IMPORT_PUPILS,
		"pupil_id,last_name,first_name,class\n"
		"0000012345,Peeters,Noor,4A\n12346,Ben Haddou,Yassine,3A\n777,New,,4A\n",
		false);
	assert_int_equal(r->end, IMPORT_DONE);
	assert_int_equal(r->added, 1);
	assert_int_equal(r->changed, 2); /* another class; and no language any more */
	assert_int_equal(r->removed, 0);
	/* D4: nobody disappears unless asked for. */
	r = run(IMPORT_PUPILS, "pupil_id;last_name;first_name;class\n12345;Peeters;Noor;4A\n",
		true);
	assert_int_equal(r->removed, 5);
	assert_int_equal(r->unchanged, 1);
	assert_int_equal(register_store_number(store, REGISTER_STORE_PUPILS), 1);
	struct roster_pupil pupil;
	bool left = false;
	assert_int_equal(register_store_pupil(store, 12347, &pupil, &left), 1);
	assert_true(left);
	/* One who comes back is added again. */
	r = run(IMPORT_PUPILS, "pupil_id;last_name;first_name;class\n12347;Celik;Elif;4A\n", false);
	assert_int_equal(r->added, 1);
}

static void test_timetable_is_replaced(void **state)
{
	(void)state;
	run_sample(IMPORT_TIMETABLE, 14, 0);
	const struct import_result *r = run(IMPORT_TIMETABLE,
		"class;weekday;half;start;end\n*;mon;am;08:30;12:05\n*;tue;am;08:25;12:05\n"
		"*;sat;am;09:00;12:00\n",
		false);
	assert_int_equal(r->added, 1);
	assert_int_equal(r->changed, 1);
	assert_int_equal(r->unchanged, 1);
	assert_int_equal(r->removed, 12);
}

static void test_excuses_change_and_go(void **state)
{
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	run_sample(IMPORT_EXCUSED, 1, 0);
	const struct import_result *r = run(IMPORT_EXCUSED,
		"pupil_id;from;from_half;to;to_half;reason\n"
		"12347;2026-11-23;am;2026-11-27;pm;internship\n"
		"12345;2026-11-23;pm;2026-11-23;pm;excursion\n",
		false);
	assert_int_equal(r->added, 1);
	assert_int_equal(r->changed, 1);
	r = run(IMPORT_EXCUSED,
		"pupil_id;from;from_half;to;to_half;reason\n"
		"12345;2026-11-23;pm;2026-11-23;pm;excursion\n",
		true);
	assert_int_equal(r->unchanged, 1);
	assert_int_equal(r->removed, 1);
}

#define P "pupil_id;last_name;first_name;class;language\n"
#define T "class;weekday;half;start;end\n"
#define TD "class;weekday;half;start;end;date\n"
#define EC "pupil_id;class;from;from_half;to;to_half;reason\n"
#define C "from;to;half;name\n"
#define E "pupil_id;from;from_half;to;to_half;reason;code\n"
#define K "uid;pupil_id;from;to\n"

/* Lists as packages write them: other names, other letters, further columns. Each brings Elif of 3A. */
static const struct {
	const char *name, *file;
	int64_t pupil;
} lists[] = {
	{ "ours",
		P "12347;\xc3\x87"
		  "elik;Elif;3A;nl\n",
		12347 },
	{ "Informat",
		"Uniek nummer;Naam;Voornaam;Klas;Geslacht;Nationaliteit\r\n"
		"0000012347;\xc3\x87"
		"elik;Elif;3A;V;BE\r\n",
		12347 },
	{ "Informat, Windows-1252",
		"Naam;Voornaam;Klascode;Leerlingnummer\r\n"
		"\xc7"
		"elik;Elif;3A;12347\r\n",
		12347 },
	{ "Informat, two numbers and two classes",
		"\xef\xbb\xbf"
		"Stamnummer;Uniek nummer;Naam;Voornaam;Klas;Klascode\r\n"
		"77;12347;\xc3\x87"
		"elik;Elif;3 Latijn A;3A\r\n",
		12347 },
	{ "WISA",
		"LEERLINGNUMMER,NAAM,VOORNAAM,KLAS\n12347,\xc3\x87"
		"elik,Elif,3A\n",
		12347 },
	{ "quoted",
		"\"Stam-nr.\";\"NAAM\";\"Voor naam\";\"KLAS\"\n"
		"\"12347\";\"\xc3\x87"
		"elik\";\"Elif\";\"3A\"\n",
		12347 },
	{ "French, Windows-1252",
		"Stamnummer;Nom;Pr\xe9nom;Classe\n12347;\xc7"
		"elik;Elif;3A\n",
		12347 },
	{ "ours before theirs",
		"Stamnummer;pupil_id;Naam;last_name;first_name;class\n"
		"1;12347;X;\xc3\x87"
		"elik;Elif;3A\n",
		12347 },
};

static void test_lists_of_packages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const struct import_result *r = run(IMPORT_PUPILS, lists[i].file, true);
		if (r->end != IMPORT_DONE)
			fail_msg("%s: %ld:%d %s", lists[i].name, r->line, r->column, r->reason);
		struct roster *roster = roster_now();
		const struct roster_pupil *p = roster_pupil_of(roster, lists[i].pupil);
		if (!p || roster->n_pupils != 1 || strcmp(p->first_name, "Elif") != 0 ||
			strcmp(p->last_name, "\xc3\x87"
					     "elik") != 0 ||
			strcmp(p->class_name, "3A") != 0)
			fail_msg("%s: another pupil came out", lists[i].name);
		roster_destroy(roster);
	}
}

/* Each file odd in one way, with the pupils and cards of the sample there. */
static const struct {
	const char *name;
	enum import_what what;
	const char *file;
	long line;
	int column;
	const char *column_name;
} refused[] = {
	{ "empty", IMPORT_PUPILS, "", 0, 0, "" },
	{ "header alone", IMPORT_PUPILS, P, 0, 0, "" },
	{ "column missing", IMPORT_PUPILS, "pupil_id;class\n1;3A\n", 1, 0, "" },
	{ "birth date", IMPORT_PUPILS, "pupil_id;geboortedatum\n1;x\n", 1, 2, "" },
	{ "no number", IMPORT_PUPILS, P "12a;X;Y;3A;nl\n", 2, 1, "pupil_id" },
	{ "eleven digits", IMPORT_PUPILS, P "1;X;Y;3A;nl\n12345678901;X;Y;3A;nl\n", 3, 1,
		"pupil_id" },
	{ "zero", IMPORT_PUPILS, P "0;X;Y;3A;nl\n", 2, 1, "pupil_id" },
	{ "no class", IMPORT_PUPILS, P "1;X;Y;;nl\n", 2, 4, "class" },
	{ "class of 21 characters", IMPORT_PUPILS, P "1;X;Y;123456789012345678901;nl\n", 2, 4,
		"class" },
	{ "class *", IMPORT_PUPILS, P "1;X;Y;*;nl\n", 2, 4, "class" },
	{ "language", IMPORT_PUPILS, P "1;X;Y;3A;es\n", 2, 5, "language" },
	{ "twice", IMPORT_PUPILS, P "1;X;Y;3A;nl\n2;X;Y;3A;nl\n01;Z;Y;3A;nl\n", 4, 1, "pupil_id" },
	{ "national number as Informat has it", IMPORT_PUPILS,
		"Stamnummer;Naam;Voornaam;Klas;Rijksregisternr\n1;X;Y;3A;\n", 1, 5, "" },
	{ "town", IMPORT_PUPILS, "STAMNUMMER;NAAM;VOORNAAM;KLAS;GEMEENTE\n1;X;Y;3A;\n", 1, 5, "" },
	{ "a name of theirs twice", IMPORT_PUPILS, "Naam;NAAM;Stamnr;Voornaam;Klas\nX;X;1;Y;3A\n",
		1, 2, "" },
	{ "our column of their file", IMPORT_PUPILS, "Naam;Stamnr;Voornaam;Klas\nX;12a;Y;3A\n", 2,
		2, "pupil_id" },
	{ "weekday of another date", IMPORT_TIMETABLE, TD "*;mon;am;10:00;12:00;2026-11-24\n", 2, 2,
		"weekday" },
	{ "neither weekday nor date", IMPORT_TIMETABLE, TD "*;;am;10:00;12:00;\n", 2, 2,
		"weekday" },
	{ "no such date", IMPORT_TIMETABLE, TD "*;;am;10:00;12:00;2026-11-31\n", 2, 6, "date" },
	{ "end before start on a date", IMPORT_TIMETABLE, TD "*;;am;12:00;10:00;2026-11-24\n", 2, 5,
		"end" },
	{ "a date's half day twice", IMPORT_TIMETABLE,
		TD "*;;am;10:00;12:00;2026-11-24\n*;tue;am;09:00;12:00;2026-11-24\n", 3, 3,
		"half" },
	{ "a date's afternoon before noon", IMPORT_TIMETABLE,
		TD "3A;;am;10:00;12:00;2026-11-24\n3A;;pm;11:59;16:00;2026-11-24\n", 3, 4,
		"start" },
	{ "a date's morning into the week's afternoon", IMPORT_TIMETABLE,
		TD "3A;tue;pm;13:00;16:00;\n3A;;am;10:00;13:01;2026-11-24\n", 3, 5, "end" },
	{ "a date's afternoon into the morning of *", IMPORT_TIMETABLE,
		TD "*;tue;am;08:00;12:00;\n3A;;pm;11:59;15:00;2026-11-24\n", 3, 4, "start" },
	{ "weekday", IMPORT_TIMETABLE, T "*;maa;am;08:00;09:00\n", 2, 2, "weekday" },
	{ "half", IMPORT_TIMETABLE, T "*;mon;;08:00;09:00\n", 2, 3, "half" },
	{ "no time", IMPORT_TIMETABLE, T "*;mon;am;8:00;09:00\n", 2, 4, "start" },
	{ "24:00", IMPORT_TIMETABLE, T "*;mon;am;08:00;24:00\n", 2, 5, "end" },
	{ "end before start", IMPORT_TIMETABLE, T "*;mon;am;08:00;08:00\n", 2, 5, "end" },
	{ "half day twice", IMPORT_TIMETABLE, T "*;mon;am;08:00;09:00\n*;mon;am;08:00;09:30\n", 3,
		3, "half" },
	{ "afternoon before noon", IMPORT_TIMETABLE,
		T "*;mon;pm;08:30;10:00\n*;mon;am;08:00;09:00\n", 3, 4, "start" },
	{ "29 February", IMPORT_CALENDAR, C "2027-02-29;2027-02-29;;x\n", 2, 1, "from" },
	{ "31 April", IMPORT_CALENDAR, C "2027-04-30;2027-04-31;;x\n", 2, 2, "to" },
	{ "to before from", IMPORT_CALENDAR, C "2027-02-02;2027-02-01;;x\n", 2, 2, "to" },
	{ "a wrong year", IMPORT_CALENDAR, C "2026-02-02;2027-12-01;;x\n", 2, 2, "to" },
	{ "morning", IMPORT_CALENDAR, C "2027-02-02;2027-02-02;morning;x\n", 2, 3, "half" },
	{ "no name", IMPORT_CALENDAR, C "2027-02-02;2027-02-02;;\n", 2, 4, "name" },
	{ "days twice", IMPORT_CALENDAR, C "2027-02-02;2027-02-02;;x\n2027-02-02;2027-02-02;;y\n",
		3, 1, "from" },
	{ "nobody's excuse", IMPORT_EXCUSED, E "99;2026-11-23;am;2026-11-23;pm;excused;\n", 2, 1,
		"pupil_id" },
	{ "pupil and class", IMPORT_EXCUSED, EC "12345;3A;2026-11-23;am;2026-11-23;pm;excursion\n",
		2, 2, "class" },
	{ "neither pupil nor class", IMPORT_EXCUSED, EC ";;2026-11-23;am;2026-11-23;pm;excursion\n",
		2, 1, "pupil_id" },
	{ "no column for whom", IMPORT_EXCUSED,
		"from;from_half;to;to_half;reason\n2026-11-23;am;2026-11-23;pm;excused\n", 2, 0,
		"" },
	{ "no such class", IMPORT_EXCUSED, EC ";9Z;2026-11-23;am;2026-11-23;pm;excursion\n", 2, 2,
		"class" },
	{ "class twice", IMPORT_EXCUSED,
		EC ";3A;2026-11-23;am;2026-11-23;pm;excursion\n"
		   ";3A;2026-11-23;am;2026-11-23;pm;excused\n",
		3, 2, "class" },
	{ "reason", IMPORT_EXCUSED, E "12345;2026-11-23;am;2026-11-23;pm;ill;\n", 2, 6, "reason" },
	{ "B is no excuse", IMPORT_EXCUSED, E "12345;2026-11-23;am;2026-11-23;pm;excused;B\n", 2, 7,
		"code" },
	{ "halves the wrong way", IMPORT_EXCUSED, E "12345;2026-11-23;pm;2026-11-23;am;excused;\n",
		2, 5, "to_half" },
	{ "excuse twice", IMPORT_EXCUSED,
		E "12345;2026-11-23;am;2026-11-23;pm;excused;\n"
		  "12345;2026-11-23;am;2026-11-23;pm;excursion;\n",
		3, 1, "pupil_id" },
	{ "no hex", IMPORT_CARDS, K "04g1;12345;;\n", 2, 1, "uid" },
	{ "five bytes", IMPORT_CARDS, K "0401020304;12345;;\n", 2, 1, "uid" },
	{ "random UID", IMPORT_CARDS, K "08112233;12345;;\n", 2, 1, "uid" },
	{ "cascade tag", IMPORT_CARDS, K "88112233;12345;;\n", 2, 1, "uid" },
	{ "nobody's card", IMPORT_CARDS, K "04112233;99;;\n", 2, 2, "pupil_id" },
	{ "another pupil's card", IMPORT_CARDS, K "04112234;12345;;\nDEADBEEF;12345;;\n", 3, 1,
		"uid" },
	{ "card twice", IMPORT_CARDS, K "04112234;12345;;\n04112234;12346;;\n", 3, 1, "uid" },
	{ "card's dates", IMPORT_CARDS, K "04112234;12345;2026-09-02;2026-09-01\n", 2, 4, "to" },
};

static void test_refusals(void **state)
{
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	run_sample(IMPORT_CARDS, 5, 0);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		const struct import_result *r = run(refused[i].what, refused[i].file, true);
		if (r->end != IMPORT_REFUSED || r->line != refused[i].line ||
			r->column != refused[i].column ||
			strcmp(r->column_name, refused[i].column_name) != 0)
			fail_msg("%s: end %d, %ld:%d %s (%s)", refused[i].name, (int)r->end,
				r->line, r->column, r->column_name, r->reason);
		assert_true(r->reason[0] != 0);
		/* All or nothing. */
		assert_int_equal(r->added + r->changed + r->removed + r->unchanged, 0);
		assert_int_equal(register_store_number(store, REGISTER_STORE_PUPILS), 5);
		assert_int_equal(register_store_number(store, REGISTER_STORE_CARDS), 5);
	}
}

/* R27: a UID is in no message and not in the database's file. */
static void test_no_uid_anywhere(void **state)
{
	static const uint8_t uid[] = { 0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6 };
	char *bytes;
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	run_sample(IMPORT_CARDS, 5, 0);
	const struct import_result *r =
		run(IMPORT_CARDS, "uid;pupil_id\n04A1B2C3D4E5F6;12346\n", false);
	assert_int_equal(r->end, IMPORT_REFUSED);
	assert_null(strstr(r->reason, "04A1"));
	register_store_close(store);
	int64_t len = file_read(path, IMPORT_FILE_MAX, &bytes);
	assert_true(len > 0);
	assert_null(memmem(bytes, (size_t)len, uid, sizeof(uid)));
	assert_null(memmem(bytes, (size_t)len, "04A1B2C3D4E5F6", 14));
	assert_null(memmem(bytes, (size_t)len, "04a1b2c3d4e5f6", 14));
	assert_non_null(memmem(bytes, (size_t)len, "Peeters", 7)); /* the search can find */
	free(bytes);
	assert_int_equal(register_store_open(path, true, &store), 0);
}

static void test_a_blocked_card_stays_blocked(void **state)
{
	struct roster_card card;
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	run_sample(IMPORT_CARDS, 5, 0);
	assert_int_equal(register_store_cards_of(store, 12345, &card, 1), 1);
	card.blocked = true;
	assert_int_equal(register_store_begin(store), 0);
	assert_int_equal(register_store_card_put(store, &card), 0);
	assert_int_equal(register_store_end(store, 0), 0);
	const struct import_result *r =
		run(IMPORT_CARDS, "uid;pupil_id;from\n04A1B2C3D4E5F6;12345;2026-09-01\n", false);
	assert_int_equal(r->changed, 1);
	assert_int_equal(register_store_cards_of(store, 12345, &card, 1), 1);
	assert_true(card.blocked);
	assert_int_equal(card.from.month, 9);
}

static void test_classes_without_lessons(void **state)
{
	struct import_result *r = calloc(1, sizeof(*r));
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	run(IMPORT_TIMETABLE, T "5B;mon;am;09:15;12:05\n", false);
	struct roster *roster = roster_now();
	import_warn_classes(roster, r);
	assert_int_equal(r->n_warnings, 1);
	assert_non_null(strstr(r->warnings[0], "3A"));
	roster_destroy(roster);
	free(r);
}

static void test_class_without_a_weekday(void **state)
{
	struct import_result *r = calloc(1, sizeof(*r));
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	run_sample(IMPORT_TIMETABLE, 14, 0);
	struct roster *roster = roster_now();
	import_warn_classes(roster, r);
	assert_int_equal(r->n_warnings, 1);
	assert_string_equal(r->warnings[0],
		"class 5B has pupils and no lessons on wed, fri, when other classes have");
	roster_destroy(roster);
	free(r);
}

static void test_one_date(void **state)
{
	static const char file[] =
		TD "*;mon;am;08:25;12:05;\n*;mon;pm;13:10;16:00;\n"
		   "3A;;am;10:00;12:05;2026-11-23\n*;;pm;13:10;14:00;2026-11-30\n";
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	assert_int_equal(run(IMPORT_TIMETABLE, file, false)->added, 4);
	assert_int_equal(run(IMPORT_TIMETABLE, file, false)->unchanged, 4);
	struct roster *roster = roster_now();
	const struct roster_pupil *noor = roster_pupil_of(roster, 12345);
	const struct roster_pupil *marie = roster_pupil_of(roster, 12348);
	assert_int_equal(roster_slot_of(roster, noor, MONDAY, HALFDAY_AM)->start_s, 10 * 3600);
	assert_int_equal(
		roster_slot_of(roster, marie, MONDAY, HALFDAY_AM)->start_s, (8 * 60 + 25) * 60);
	assert_int_equal(
		roster_slot_of(roster, noor, (struct civil_date){ 2026, 11, 30 }, HALFDAY_PM)
			->end_s,
		14 * 3600);
	roster_destroy(roster);
	/* The date's start changes; the other one goes. */
	const struct import_result *r = run(IMPORT_TIMETABLE,
		TD
		"*;mon;am;08:25;12:05;\n*;mon;pm;13:10;16:00;\n3A;mon;am;10:30;12:05;2026-11-23\n",
		false);
	assert_int_equal(r->changed, 1);
	assert_int_equal(r->removed, 1);
	assert_int_equal(r->unchanged, 2);
}

static void test_excuse_of_a_class(void **state)
{
	static const char file[] = EC ";3A;2026-11-23;am;2026-11-23;pm;excursion\n"
				      "12346;;2026-11-23;am;2026-11-23;pm;internship\n"
				      "12348;;2026-11-23;am;2026-11-23;am;excused\n";
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	const struct import_result *r = run(IMPORT_EXCUSED, file, false);
	assert_int_equal(r->end, IMPORT_DONE);
	assert_int_equal(r->rows, 3);
	assert_int_equal(r->added, 4); /* three of 3A, one of 5B */
	struct roster *roster = roster_now();
	assert_int_equal(
		roster_excuse_of(roster, 12345, MONDAY, HALFDAY_AM)->reason, ROSTER_EXCURSION);
	assert_int_equal(
		roster_excuse_of(roster, 12346, MONDAY, HALFDAY_AM)->reason, ROSTER_INTERNSHIP);
	assert_null(roster_excuse_of(roster, 12349, MONDAY, HALFDAY_AM));
	roster_destroy(roster);
	assert_int_equal(run(IMPORT_EXCUSED, file, true)->unchanged, 4);
	r = run(IMPORT_EXCUSED, EC ";5B;2026-11-24;am;2026-11-24;am;exam_free\n", true);
	assert_int_equal(r->added, 2);
	assert_int_equal(r->removed, 4);
}

/* 3A becomes 4A, one of it stays behind, 5B leaves, one comes. */
static void test_roll_over(void **state)
{
	(void)state;
	run_sample(IMPORT_PUPILS, 5, 0);
	run_sample(IMPORT_CARDS, 5, 0);
	struct roster *before = roster_now();
	struct import_result *r = run(IMPORT_PUPILS,
		P "12345;Peeters;Noor;4A;nl\n12346;Ben Haddou;Yassine;4A;fr\n"
		  "12347;\xc3\x87"
		  "elik;Elif;3A;nl\n30001;New;One;1A;\n",
		true);
	assert_int_equal(r->end, IMPORT_DONE);
	assert_int_equal(r->added, 1);
	assert_int_equal(r->came[0], 30001);
	assert_int_equal(r->n_moved, 2);
	assert_int_equal(r->moved[0], 12345);
	assert_int_equal(r->removed, 2);
	assert_int_equal(r->left[0] + r->left[1], 12348 + 12349);
	struct roster *after = roster_now();
	assert_int_equal(import_compare_classes(before, after, r), 0);
	assert_int_equal(r->n_classes_new, 2);
	assert_string_equal(r->classes_new[0], "1A");
	assert_string_equal(r->classes_new[1], "4A");
	assert_int_equal(r->n_classes_gone, 1);
	assert_string_equal(r->classes_gone[0], "5B");
	assert_int_equal(after->n_cards, 3); /* leavers' are nobody's */
	roster_destroy(before);
	roster_destroy(after);
	/* One who is back has the card again. */
	run(IMPORT_PUPILS, P "12348;V;M;5B;nl\n", false);
	after = roster_now();
	assert_int_equal(after->n_cards, 4);
	roster_destroy(after);
}

/* The largest file that is taken, in a time that a desk waits for. */
static void test_twenty_thousand(void **state)
{
	size_t size = 40 * (ROSTER_PUPILS_MAX + 2);
	char *file = malloc(size);
	(void)state;
	assert_non_null(file);
	size_t n = (size_t)snprintf(file, size, P);
	for (int i = 1; i <= ROSTER_PUPILS_MAX; i++)
		n += (size_t)snprintf(file + n, size - n, "%d;Last;First;%dA;\n", i, i % 7 + 1);
	const struct import_result *r = run(IMPORT_PUPILS, file, false);
	assert_int_equal(r->end, IMPORT_DONE);
	assert_int_equal(r->added, ROSTER_PUPILS_MAX);
	snprintf(file + n, size - n, "%d;Last;First;1A;\n", ROSTER_PUPILS_MAX + 1);
	r = run(IMPORT_PUPILS, file, false);
	assert_int_equal(r->end, IMPORT_REFUSED);
	assert_int_equal(r->line, ROSTER_PUPILS_MAX + 2);
	free(file);
}

#define WITH_STORE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_samples_twice),
		WITH_STORE(test_pupils_change_and_leave),
		WITH_STORE(test_timetable_is_replaced),
		WITH_STORE(test_excuses_change_and_go),
		WITH_STORE(test_refusals),
		WITH_STORE(test_no_uid_anywhere),
		WITH_STORE(test_a_blocked_card_stays_blocked),
		WITH_STORE(test_classes_without_lessons),
		WITH_STORE(test_lists_of_packages),
		WITH_STORE(test_class_without_a_weekday),
		WITH_STORE(test_one_date),
		WITH_STORE(test_excuse_of_a_class),
		WITH_STORE(test_roll_over),
		WITH_STORE(test_twenty_thousand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
