/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

static const struct csv_column wanted[] = { { "id", true, NULL }, { "name", true, NULL },
	{ "extra", false, NULL } };

static void append(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);
	snprintf(out + used, size - used, "%s", text);
}

/* Reads all rows; the fields wanted, joined: fields by |, rows by /. A refusal as "!line:column". */
static void read_all(const char *bytes, size_t len, char *out, size_t size, char *reason)
{
	struct csv *csv = calloc(1, sizeof(*csv));
	int at[3];
	int r = 0;
	out[0] = reason[0] = 0;
	assert_non_null(csv);
	if (!csv_open(csv, bytes, len) && !csv_bind(csv, wanted, 3, at)) {
		while ((r = csv_next(csv)) > 0) {
			for (int i = 0; i < 3; i++) {
				append(out, size, i ? "|" : "");
				append(out, size, at[i] < 0 ? "~" : csv->field[at[i]]);
			}
			append(out, size, "/");
		}
	} else {
		r = -1;
	}
	if (r < 0) {
		snprintf(out, size, "!%ld:%d", csv->error_line, csv->error_column);
		snprintf(reason, CSV_REASON_MAX, "%s", csv->reason);
	}
	free(csv);
}

static const struct {
	const char *name, *file, *want;
} row[] = {
	{ "semicolons", "id;name\n1;Noor\n", "1|Noor|~/" },
	{ "commas", "id,name\n1,Noor\n", "1|Noor|~/" },
	{ "CRLF", "id;name\r\n1;Noor\r\n2;An\r\n", "1|Noor|~/2|An|~/" },
	{ "no line end at the end", "id;name\n1;Noor", "1|Noor|~/" },
	{ "BOM",
		"\xef\xbb\xbfid;name\n1;\xc3\x87"
		"elik\n",
		"1|\xc3\x87"
		"elik|~/" },
	{ "any order, any case, further columns", "Extra;other;NAME;Id\nx;y;Noor;1\n",
		"1|Noor|x/" },
	{ "quoted", "id;name\n1;\"Peeters; Noor\"\n", "1|Peeters; Noor|~/" },
	{ "quotes in quotes", "id;name\n1;\"say \"\"hi\"\"\"\n", "1|say \"hi\"|~/" },
	{ "separator of the header, comma in a field", "id;name\n1;Peeters, Noor\n",
		"1|Peeters, Noor|~/" },
	{ "separator inside the header's quotes", "id,name,\"a;b;c;d\"\n1,Noor,x\n", "1|Noor|~/" },
	{ "a line break in quotes", "id;name;other\n1;Noor;\"a\r\nb\"\n2;An;\n",
		"1|Noor|~/2|An|~/" },
	{ "empty lines", "id;name\n\n1;Noor\n;\n\r\n2;An\n\n", "1|Noor|~/2|An|~/" },
	{ "trimmed unless quoted", "id;name\n 1 ;\" Noor \"\n", "1| Noor |~/" },
	{ "a tab is a blank", "id;name\n1;No\tor\n", "1|No or|~/" },
	{ "short rows", "id;name;extra\n1;Noor\n", "1|Noor|/" },
	{ "Windows-1252", "id;name\n1;Andr\xe9 \x80\n", "1|Andr\xc3\xa9 \xe2\x82\xac|~/" },
	{ "not assigned in Windows-1252", "id;name\n1;Noor\n2;\x81\xe9\n", "!3:2" },
	{ "bad UTF-8 after a BOM", "\xef\xbb\xbfid;name\n1;Andr\xe9\n", "!2:0" },
	{ "UTF-16", "\xff\xfei\0d\0", "!1:0" },
	{ "too many fields", "id;name\n1;Noor;x\n", "!2:3" },
	{ "a quote that never ends", "id;name\n1;\"Noor\n2;An\n", "!2:2" },
	{ "text after a quote", "id;name\n1;\"No\"or\n", "!2:2" },
	{ "a quote in the middle", "id;name\n1;No\"or\n", "!2:2" },
	{ "control character", "id;name\n1;No\x01or\n", "!2:2" },
	{ "lone carriage return", "id;name\n1;No\ror\n", "!2:2" },
	{ "column missing", "id;nam\n1;Noor\n", "!1:0" },
	{ "column twice", "id;name;ID\n1;Noor;2\n", "!1:3" },
	{ "header empty", ";;\n1;2;3\n", "!1:0" },
	{ "national number", "id;name;Rijksregisternummer\n1;Noor;x\n", "!1:3" },
	{ "birth date", "id;Geboorte-datum;name\n1;x;Noor\n", "!1:2" },
	{ "line of the error after a break in quotes", "id;name\n1;\"a\nb\"\n2;\x01\n", "!4:2" },
};

static void test_every_row(void **state)
{
	char got[400];
	char reason[CSV_REASON_MAX];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		/* In a block of its exact size, so that one byte beyond shows. */
		size_t len = strncmp(row[i].file, "\xff\xfe", 2) ? strlen(row[i].file) : 6;
		char *bytes = malloc(len);
		assert_non_null(bytes);
		memcpy(bytes, row[i].file, len);
		read_all(bytes, len, got, sizeof(got), reason);
		free(bytes);
		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: got %s (%s), want %s", row[i].name, got, reason, row[i].want);
	}
	read_all("", 0, got, sizeof(got), reason);
	assert_string_equal(got, "!0:0");
}

static void test_forbidden_names(void **state)
{
	static const char *const no[] = { "rijksregisternummer", "RIJKSREGISTERNR.", "insz",
		"INSZ-nr", "niss", "Nationaal nummer", "geboortedatum", "geb_datum", "birth_date",
		"BirthDate", "date of birth", "dob", "date_naissance", "adres", "Address", "straat",
		"Straat + nr", "street", "postcode", "zip_code", "woonplaats", "thuisadres",
		"geboorteplaats", "Insz-nummer", "Rijksregister", "Gemeente", "DEELGEMEENTE", "Bus",
		"Huisnr", "Postnr.", "Localit\xc3\xa9", "Num\xc3\xa9ro national",
		("Stra\xc3\x9f"
		 "e") };
	static const char *const yes[] = { "pupil_id", "last_name", "first_name", "class",
		"language", "klas", "stamnummer", "e-mailadres", "email_address", "opmerking",
		"kennissen", "missing", "capacity", "busabonnement", "Pr\xc3\xa9nom", "from", "to",
		"reason", "code", "uid", "" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (!csv_is_forbidden(no[i]))
			fail_msg("%s is let through", no[i]);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (csv_is_forbidden(yes[i]))
			fail_msg("%s is refused", yes[i]);
}

static char *make_rows(int n, size_t *ret_len)
{
	static const char head[] = "id;name\n";
	static const char line[] = "1;x\n";
	size_t len = strlen(head) + (size_t)n * strlen(line);
	char *bytes = malloc(len);
	assert_non_null(bytes);
	memcpy(bytes, head, strlen(head));
	for (int i = 0; i < n; i++)
		memcpy(bytes + strlen(head) + (size_t)i * strlen(line), line, strlen(line));
	*ret_len = len;
	return bytes;
}

static void test_row_limit(void **state)
{
	static char out[CSV_ROWS_MAX * 8];
	char reason[CSV_REASON_MAX];
	size_t len;
	(void)state;
	char *bytes = make_rows(3000, &len);
	read_all(bytes, len, out, sizeof(out), reason);
	assert_int_equal(strlen(out), 3000 * 6);
	free(bytes);
	struct csv *csv = calloc(1, sizeof(*csv));
	bytes = make_rows(CSV_ROWS_MAX + 1, &len);
	assert_int_equal(csv_open(csv, bytes, len), 0);
	for (int i = 0; i < CSV_ROWS_MAX; i++)
		assert_int_equal(csv_next(csv), 1);
	assert_int_equal(csv_next(csv), -1);
	assert_int_equal(csv->error_line, CSV_ROWS_MAX + 2);
	free(bytes);
	free(csv);
}

static void test_line_limit(void **state)
{
	static char file[3 * CSV_ROW_MAX];
	char out[64];
	char reason[CSV_REASON_MAX];
	(void)state;
	memset(file, 'x', sizeof(file));
	memcpy(file, "id;name\n1;", 10);
	read_all(file, sizeof(file), out, sizeof(out), reason);
	assert_string_equal(out, "!2:0");
	memset(file, ';', sizeof(file));
	read_all(file, sizeof(file), out, sizeof(out), reason);
	assert_string_equal(out, "!1:128");
}

/* A message names no value of the file. */
static void test_reason_holds_no_value(void **state)
{
	char out[64];
	char reason[CSV_REASON_MAX];
	static const char file[] = "id;name\n1;secret\x01\n";
	(void)state;
	read_all(file, strlen(file), out, sizeof(out), reason);
	assert_null(strstr(reason, "secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_forbidden_names),
		cmocka_unit_test(test_row_limit),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_reason_holds_no_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
