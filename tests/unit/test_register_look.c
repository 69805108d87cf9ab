/* SPDX-License-Identifier: EUPL-1.2 */
/* What the care team looks up: the list of pupils, a pupil's year, an alert's history, in pages. */
#include <jansson.h>
#include <time.h>

#include "core/halfday.h"
#include "register/look.h"
#include "unit/register_school.h"

#define ALERT_NOOR "2026-11-23-am-p0000012345"
#define HASH "00112233445566778899aabbccddeeff"
#define N_MANY 2000
#ifdef __SANITIZE_ADDRESS__
#define SETTING "sanitizers"
#else
#define SETTING "optimised"
#endif

static int setup(void **state)
{
	static struct school s;
	school_open(&s, 1);
	*state = &s;
	return 0;
}

/* The database was written behind the day's back: build it anew. */
static int teardown(void **state)
{
	struct school *s = *state;
	day_destroy(s->day);
	s->day = school_build(s, MONDAY);
	register_effects_clear(s->fx);
	register_settle(&s->state, s->day, s->fx);
	school_write(s, s->day);
	school_close(s);
	return 0;
}

static bool names = true;
static size_t last_bytes; /* of the last page */
static double spent_ms, slowest_ms; /* on pages, and on one */

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* One page, or the refusal. */
static json_t *look(struct school *s, struct wire_command c)
{
	struct look_host host = { .store = s->store,
		.wire = { .zone = &s->zone },
		.today = s->state.today,
		.names = names };
	char *text = NULL;
	c.request.b[0] = 1;
	double from_ms = now_ms();
	int found = look_run(&host, &c, &text);
	double took_ms = now_ms() - from_ms;
	spent_ms += took_ms;
	slowest_ms = took_ms > slowest_ms ? took_ms : slowest_ms;
	assert_in_range(found, 0, 1);
	assert_non_null(text);
	last_bytes = strlen(text);
	json_t *page = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(page);
	assert_int_equal(json_is_true(json_object_get(page, "ok")), found);
	return page;
}

static const char *text_of(const json_t *at, const char *key)
{
	const char *text = json_string_value(json_object_get(at, key));
	return text ? text : "";
}

static size_t rows(const json_t *page, const char *key)
{
	return json_array_size(json_object_get(page, key));
}

static const json_t *row(const json_t *page, const char *key, size_t i)
{
	return json_array_get(json_object_get(page, key), i);
}

static void expect_error(struct school *s, struct wire_command c, const char *error)
{
	json_t *page = look(s, c);
	assert_string_equal(text_of(page, "error"), error);
	json_decref(page);
}

/* ---- lines of the journal ---- */

static const struct {
	const char *about, *detail;
	const char *alert, *date, *card, *note;
	enum halfday half;
	enum alert_what what;
} line_rows[] = {
	{ "0000012345", "2026-11-23 am", "", "2026-11-23", "", "", HALFDAY_AM, 0 },
	{ "0000012345", "2026-11-23 pm was_present", "", "2026-11-23", "", "", HALFDAY_PM,
		ALERT_WAS_PRESENT },
	/* R25: of a code not even the letter. */
	{ "0000012345", "2026-11-23 am Z", "", "2026-11-23", "", "", HALFDAY_AM, 0 },
	{ "0000012345", "2026-11-23 am B: called", "", "2026-11-23", "", "called", HALFDAY_AM, 0 },
	{ "0000012345", ALERT_NOOR, ALERT_NOOR, "", "", "", 0, 0 },
	{ "0000012345", ALERT_NOOR " reached: mother: on her way", ALERT_NOOR, "", "",
		"mother: on her way", 0, ALERT_REACHED },
	/* A note is a text: no words of it are read. */
	{ "0000012345", ALERT_NOOR " not_reached: 2026-11-24 pm excused", ALERT_NOOR, "", "",
		"2026-11-24 pm excused", 0, ALERT_NOT_REACHED },
	{ "2026-11-23-am-c4c", "excused", "2026-11-23-am-c4c", "", "", "", 0, ALERT_EXCUSED },
	{ "2026-11-23-u00112233", ": whose is it?", "2026-11-23-u00112233", "", "", "whose is it?",
		0, 0 },
	{ "0000012345", HASH, "", "", HASH, "", 0, 0 },
	{ "0000012345", HASH " gate-1", "", "", HASH, "", 0, 0 },
	{ "0000012345", "", "", "", "", "", 0, 0 },
	{ "0000012345", "  :  ", "", "", "", " ", 0, 0 },
	{ "0000012345", "9999-99-99 xx 0011 2026-11-23-", "", "", "", "", 0, 0 },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(line_rows); i++) {
		struct register_store_line stored = { .at_ms = 7,
			.who = "ann",
			.what = "resolve",
			.about = line_rows[i].about,
			.detail = line_rows[i].detail };
		struct wire_line line;
		char date[CIVIL_DATE_TEXT] = "";
		char card[CARD_HASH_TEXT] = "";
		print_message("%s\n", stored.detail);
		look_line(&stored, &line);
		if (line.date.year)
			civil_format_date(line.date, date);
		if (!card_hash_is_none(line.card))
			card_hash_format(line.card, card);
		assert_int_equal(line.at_ms, 7);
		assert_string_equal(line.by, "ann");
		assert_string_equal(line.did, "resolve");
		assert_string_equal(line.alert, line_rows[i].alert);
		assert_string_equal(date, line_rows[i].date);
		assert_string_equal(card, line_rows[i].card);
		assert_string_equal(line.note, line_rows[i].note);
		assert_int_equal(line.half, line_rows[i].half);
		assert_int_equal(line.what, line_rows[i].what);
	}
}

/* ---- the list ---- */

static void put_pupil(struct school *s, int64_t id, const char *last, const char *first)
{
	struct roster_pupil p = { .id = id, .class_name = "3A" };
	snprintf(p.last_name, sizeof(p.last_name), "%s", last);
	snprintf(p.first_name, sizeof(p.first_name), "%s", first);
	assert_int_equal(register_store_pupil_put(s->store, &p), 0);
}

static void test_list(void **state)
{
	struct school *s = *state;
	static const char hostile[] = "<b>\"O'\\u0000\\\\\xE2\x80\xAE\xF0\x9F\x98\x80";
	put_pupil(s, 1, hostile, "");
	assert_int_equal(register_store_pupil_leave(s->store, YASSINE, 1000), 0);
	json_t *page = look(s, (struct wire_command){ .command = WIRE_COMMAND_PUPILS });
	assert_int_equal(rows(page, "pupils"), 16);
	assert_int_equal(json_integer_value(json_object_get(page, "total")), 16);
	assert_null(json_object_get(page, "next"));
	const json_t *first = row(page, "pupils", 0);
	assert_string_equal(text_of(first, "id"), "0000000001");
	assert_string_equal(text_of(first, "last_name"), hostile);
	assert_null(json_object_get(first, "first_name"));
	assert_null(json_object_get(first, "left"));
	const json_t *gone = row(page, "pupils", 2);
	assert_string_equal(text_of(gone, "id"), "0000012346");
	assert_true(json_is_true(json_object_get(gone, "left")));
	json_decref(page);
	/* R28: with care_names = off no name goes there. */
	names = false;
	page = look(s, (struct wire_command){ .command = WIRE_COMMAND_PUPILS });
	names = true;
	for (size_t i = 0; i < rows(page, "pupils"); i++) {
		assert_null(json_object_get(row(page, "pupils", i), "last_name"));
		assert_null(json_object_get(row(page, "pupils", i), "first_name"));
	}
	assert_string_equal(text_of(row(page, "pupils", 1), "class"), "3A");
	json_decref(page);
	expect_error(s, (struct wire_command){ .command = WIRE_COMMAND_PUPILS, .after = "x" },
		"invalid");
	expect_error(s,
		(struct wire_command){ .command = WIRE_COMMAND_PUPILS, .after = "12345678901" },
		"invalid");
}

/* Each pupil once, in order; a pupil who comes in between changes nothing for the others. */
static void test_list_pages(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_PUPILS };
	char name[ROSTER_NAME_MAX];
	int64_t before = 0;
	size_t n = 0, pages = 0;
	for (int i = 0; i < N_MANY; i++) {
		snprintf(name, sizeof(name), "Van den Bossche-%d", i);
		put_pupil(s, 30000 + i, name, "Jean-Baptiste");
	}
	spent_ms = slowest_ms = 0;
	do {
		json_t *page = look(s, c);
		assert_true(last_bytes < WIRE_PAYLOAD_MAX);
		for (size_t i = 0; i < rows(page, "pupils"); i++, n++) {
			int64_t id = checkin_pupil_parse(text_of(row(page, "pupils", i), "id"));
			assert_true(id > before);
			before = id;
		}
		snprintf(c.after, sizeof(c.after), "%s", text_of(page, "next"));
		json_decref(page);
		if (pages++ == 0)
			put_pupil(s, 2, "Too", "Late");
	} while (c.after[0]);
	printf("figure: list of %d pupils %.1f ms, slowest page %.1f ms (1 run, %zu pages, " SETTING
	       ")\n",
		N_MANY + 15, spent_ms, slowest_ms, pages);
	assert_int_equal(n, N_MANY + 15);
	assert_true(pages >= 4);
	/* Names of a hundred characters of four bytes each: still pages. */
	for (size_t i = 0; i < 400; i += 4)
		memcpy(name + i, "\xF0\x9F\x98\x80", 5);
	for (int i = 0; i < 400; i++)
		put_pupil(s, 30000 + i, name, name);
	c.after[0] = 0;
	for (n = 0; n < N_MANY + 16;) {
		json_t *page = look(s, c);
		assert_true(last_bytes < WIRE_PAYLOAD_MAX);
		n += rows(page, "pupils");
		snprintf(c.after, sizeof(c.after), "%s", text_of(page, "next"));
		json_decref(page);
	}
	assert_int_equal(n, N_MANY + 16);
	assert_string_equal(c.after, "");
}

/* ---- a year ---- */

static void put_mark(struct school *s, int32_t day, enum halfday half, enum mark_value value)
{
	struct register_store_mark m = { .day = day,
		.half = half,
		.pupil = NOOR,
		.value = value,
		.minutes_late = 7,
		.arrived_at_ms = value == MARK_LATE || value == MARK_PRESENT
					 ? instant(civil_date_of_day(day), HMS(8, 32, 0))
					 : -1,
		.gate = "gate-1",
		.class_name = "3A" };
	if (m.arrived_at_ms < 0)
		m.gate[0] = 0;
	assert_int_equal(register_store_mark_put(s->store, &m), 0);
}

static void put_line(struct school *s, int64_t at_ms, const char *what, const char *detail)
{
	assert_int_equal(
		register_store_journal(s->store, at_ms, "ann", what, "0000012345", detail), 0);
}

static void put_alert(struct school *s, int32_t day, enum halfday half)
{
	struct alert a;
	char id[ALERT_ID_MAX];
	struct civil_date date = civil_date_of_day(day);
	alert_id_pupil(date, half, NOOR, id);
	alert_raise(
		&a, id, ALERT_ABSENT, ALERT_CONFIRMED, date, half, instant(date, HMS(8, 45, 0)));
	a.pupil = NOOR;
	a.expected_at_ms = instant(date, HMS(8, 25, 0));
	struct alert_change reached = { .event = ALERT_EVENT_RESOLVE,
		.at_ms = instant(date, HMS(9, 0, 0)),
		.what = ALERT_REACHED,
		.by = "ann",
		.note = "mother called, on his way" };
	assert_true(alert_apply(&a, &reached));
	assert_int_equal(register_store_alert_put(s->store, &a), 0);
}

static void test_year(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_PUPIL, .pupil = NOOR };
	int32_t monday = civil_day_number(MONDAY);
	/* What the school's first minutes have written goes by itself here. */
	put_mark(s, monday - 7, HALFDAY_AM, MARK_PRESENT);
	put_mark(s, monday - 7, HALFDAY_PM, MARK_LATE);
	put_mark(s, monday - 6, HALFDAY_AM, MARK_UNCONFIRMED);
	put_mark(s, monday - 5, HALFDAY_AM, MARK_EXCUSED);
	put_mark(s, monday - 400, HALFDAY_AM, MARK_ABSENT);
	put_alert(s, monday - 6, HALFDAY_AM);
	struct register_store_correction said = { .pupil = NOOR,
		.day = monday - 5,
		.half = HALFDAY_AM,
		.excused = true,
		.code = 'Z',
		.at_ms = 77000,
		.who = "bob" };
	assert_int_equal(register_store_correction_put(s->store, &said), 0);
	int64_t at_ms = instant(civil_date_of_day(monday - 5), HMS(10, 0, 0));
	put_line(s, at_ms, "set_code", "2026-11-18 am Z");
	put_line(s, at_ms + 1, LOOK_SHOWN, "");
	put_line(s, instant((struct civil_date){ 2026, 8, 31 }, HMS(23, 59, 59)), "enrol", HASH);
	json_t *page = look(s, c);
	assert_string_equal(text_of(json_object_get(page, "pupil"), "id"), "0000012345");
	assert_string_equal(text_of(json_object_get(page, "pupil"), "class"), "3A");
	assert_string_equal(text_of(page, "from"), "2026-09-01");
	assert_string_equal(text_of(page, "to"), "2027-08-31");
	assert_null(json_object_get(page, "next"));
	assert_int_equal(rows(page, "cards"), 1);
	assert_true(json_is_false(json_object_get(row(page, "cards", 0), "blocked")));
	assert_int_equal(rows(page, "half_days"), 4);
	const json_t *half = row(page, "half_days", 1);
	assert_string_equal(text_of(half, "date"), "2026-11-16");
	assert_string_equal(text_of(half, "half"), "pm");
	assert_string_equal(text_of(half, "mark"), "L");
	assert_string_equal(text_of(half, "gate"), "gate-1");
	assert_string_equal(text_of(half, "arrived_at"), "2026-11-16T08:32:00.000+01:00");
	assert_int_equal(json_integer_value(json_object_get(half, "minutes_late")), 7);
	assert_null(json_object_get(row(page, "half_days", 0), "minutes_late"));
	assert_true(json_is_true(json_object_get(row(page, "half_days", 2), "unconfirmed")));
	half = row(page, "half_days", 3);
	assert_string_equal(text_of(half, "mark"), "x");
	assert_string_equal(text_of(json_object_get(half, "said"), "by"), "bob");
	assert_int_equal(rows(page, "alerts"), 1);
	assert_string_equal(
		text_of(json_object_get(row(page, "alerts", 0), "resolution"), "by"), "ann");
	assert_null(json_object_get(row(page, "alerts", 0), "pupil"));
	/* Of the code no letter, of last year nothing, of looks nothing. */
	assert_int_equal(rows(page, "journal"), 1);
	assert_string_equal(text_of(row(page, "journal", 0), "did"), "set_code");
	assert_string_equal(text_of(row(page, "journal", 0), "date"), "2026-11-18");
	json_decref(page);
	c.year = 2025;
	page = look(s, c);
	assert_int_equal(rows(page, "half_days"), 1);
	assert_string_equal(text_of(row(page, "half_days", 0), "date"), "2025-10-19");
	assert_int_equal(rows(page, "journal"), 1);
	assert_string_equal(text_of(row(page, "journal", 0), "card"), HASH);
	json_decref(page);
}

static void test_year_refused(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_PUPIL };
	expect_error(s, c, "invalid");
	c.pupil = 77;
	expect_error(s, c, "not_found");
	c.pupil = NOOR;
	static const char *const afters[] = { "x", "2026-09-01", "2026-08-31", "2027-09-01",
		"2026-11-31", "20261123" };
	for (size_t i = 0; i < ARRAY_LEN(afters); i++) {
		snprintf(c.after, sizeof(c.after), "%s", afters[i]);
		expect_error(s, c, "invalid");
	}
	/* One who has left is found, and told as such. */
	c.after[0] = 0;
	assert_int_equal(register_store_pupil_leave(s->store, NOOR, 1000), 0);
	json_t *page = look(s, c);
	assert_true(json_is_true(json_object_get(json_object_get(page, "pupil"), "left")));
	json_decref(page);
}

/* The year's pages: whole days, nothing twice, nothing left out, whatever is written meanwhile. */
static void test_year_pages(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_PUPIL, .pupil = NOOR };
	int32_t first = civil_day_number((struct civil_date){ 2026, 9, 1 });
	size_t n[3] = { 0 }, pages = 0;
	char detail[ALERT_NOTE_MAX];
	char before[CIVIL_DATE_TEXT] = "2026-08-31";
	for (int i = 0; i < 300; i++) {
		put_mark(s, first + i, HALFDAY_AM, MARK_LATE);
		put_mark(s, first + i, HALFDAY_PM, MARK_ABSENT);
		put_alert(s, first + i, HALFDAY_PM);
		put_line(s, instant(civil_date_of_day(first + i), HMS(9, 0, 0)), "resolve",
			ALERT_NOOR " reached: mother called, on his way");
	}
	/* One day with more than any page has. */
	memset(detail, 'x', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = 0;
	memcpy(detail, ": ", 2);
	detail[1002] = 0;
	for (int i = 0; i < 100; i++)
		put_line(s, instant(civil_date_of_day(first + 100), HMS(10, 0, i % 60)),
			"acknowledge", detail);
	spent_ms = slowest_ms = 0;
	size_t large = 0;
	do {
		json_t *page = look(s, c);
		assert_true(strcmp(text_of(page, "from"), before) > 0);
		assert_true(strcmp(text_of(page, "to"), text_of(page, "from")) >= 0);
		bool one_day = !strcmp(text_of(page, "from"), text_of(page, "to"));
		large += last_bytes >= WIRE_PAYLOAD_MAX;
		assert_true(last_bytes < WIRE_PAYLOAD_MAX || one_day);
		for (size_t i = 0; i < rows(page, "half_days"); i++) {
			const char *date = text_of(row(page, "half_days", i), "date");
			assert_true(
				strcmp(date, before) > 0 && strcmp(date, text_of(page, "to")) <= 0);
		}
		n[0] += rows(page, "half_days");
		n[1] += rows(page, "alerts");
		n[2] += rows(page, "journal");
		assert_int_equal(json_object_get(page, "cards") != NULL, pages == 0);
		snprintf(before, sizeof(before), "%s", text_of(page, "to"));
		snprintf(c.after, sizeof(c.after), "%s", text_of(page, "next"));
		json_decref(page);
		/* Of a day that was told: nobody is told twice. */
		if (pages++ == 0)
			put_line(
				s, instant(civil_date_of_day(first), HMS(10, 0, 0)), "enrol", HASH);
	} while (c.after[0]);
	printf("figure: a year of 600 half days, 300 alerts, 400 acts %.1f ms, slowest page %.1f "
	       "ms (1 run, %zu pages, " SETTING ")\n",
		spent_ms, slowest_ms, pages);
	assert_string_equal(before, "2027-08-31");
	assert_int_equal(n[0], 600);
	assert_int_equal(n[1], 300);
	assert_int_equal(n[2], 400);
	assert_int_equal(large, 1);
}

/* Of a single day no more than a thousand lines. */
static void test_a_day_of_lines(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_PUPIL, .pupil = NOOR };
	for (int i = 0; i < WIRE_PAGE_LINES + 50; i++)
		put_line(s, instant(MONDAY, HMS(10, 0, 0)) + i, "acknowledge", ALERT_NOOR);
	size_t n = 0;
	do {
		json_t *page = look(s, c);
		n += rows(page, "journal");
		snprintf(c.after, sizeof(c.after), "%s", text_of(page, "next"));
		json_decref(page);
	} while (c.after[0]);
	assert_int_equal(n, WIRE_PAGE_LINES);
}

/* ---- an alert ---- */

static void test_history(void **state)
{
	struct school *s = *state;
	struct wire_command c = { .command = WIRE_COMMAND_HISTORY };
	int32_t monday = civil_day_number(MONDAY);
	int64_t at_ms = instant(MONDAY, HMS(9, 0, 0));
	expect_error(s, c, "invalid");
	snprintf(c.alert, sizeof(c.alert), "%s", ALERT_NOOR);
	expect_error(s, c, "not_found");
	put_alert(s, monday, HALFDAY_AM);
	put_alert(s, monday, HALFDAY_PM);
	put_line(s, at_ms, "acknowledge", ALERT_NOOR);
	put_line(s, at_ms + 1, "acknowledge", "2026-11-23-pm-p0000012345");
	put_line(s, at_ms + 2, "resolve", ALERT_NOOR " reached: mother called");
	put_line(s, at_ms + 3, "mark_present", "2026-11-23 am");
	put_line(s, at_ms + 4, "mark_present", "2026-11-23 pm");
	put_line(s, at_ms + 5, "link_card", HASH);
	json_t *page = look(s, c);
	assert_string_equal(text_of(page, "alert"), ALERT_NOOR);
	assert_int_equal(json_integer_value(json_object_get(page, "revision")), 2);
	assert_int_equal(rows(page, "alerts"), 1);
	assert_string_equal(text_of(row(page, "alerts", 0), "state"), "resolved");
	assert_int_equal(rows(page, "journal"), 3);
	assert_string_equal(text_of(row(page, "journal", 1), "what"), "reached");
	assert_string_equal(text_of(row(page, "journal", 1), "note"), "mother called");
	assert_string_equal(text_of(row(page, "journal", 2), "did"), "mark_present");
	json_decref(page);
	snprintf(c.alert, sizeof(c.alert), "%s", "tomorrow-am");
	expect_error(s, c, "not_found");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_year, setup, teardown),
		cmocka_unit_test_setup_teardown(test_year_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_year_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_day_of_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_history, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
