/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/csv.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Windows-1252 from 80 to 9F; 0: not assigned. The rest is as in ISO 8859-1. */
static const uint16_t windows_1252_high[32] = { 0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
	0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c,
	0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178 };

static int refuse_at(struct csv *csv, long line, int column, const char *reason)
{
	csv->error_line = line;
	csv->error_column = column;
	snprintf(csv->reason, sizeof(csv->reason), "%s", reason);
	return -1;
}

int csv_refuse(struct csv *csv, int column, const char *reason)
{
	return refuse_at(csv, csv->line, column + 1, reason);
}

/* How many bytes the UTF-8 character at @p has, 0 where it is none. RFC 3629, table 3-7 of Unicode. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* Return: the line of the first byte that is no UTF-8, or 0. */
static long utf8_error_line(const unsigned char *bytes, size_t len)
{
	long line = 1;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(bytes + i, len - i);
		if (!n)
			return line;
		line += bytes[i] == '\n';
		i += n;
	}
	return 0;
}

static int find_encoding(struct csv *csv)
{
	bool bom = csv->len >= 3 && !memcmp(csv->bytes, "\xef\xbb\xbf", 3);
	if (csv->len >= 2 &&
		(!memcmp(csv->bytes, "\xff\xfe", 2) || !memcmp(csv->bytes, "\xfe\xff", 2)))
		return refuse_at(csv, 1, 0, "UTF-16; save it as UTF-8");
	long line = utf8_error_line(csv->bytes, csv->len);
	if (line && bom)
		return refuse_at(csv, line, 0, "begins as UTF-8 but is not valid UTF-8 here");
	csv->windows_1252 = line != 0;
	csv->pos = bom ? 3 : 0;
	return 0;
}

/* The more frequent of the two outside quotes in the header; of equals the semicolon. */
static char find_separator(const struct csv *csv)
{
	long semicolons = 0;
	long commas = 0;
	bool quoted = false;
	for (size_t i = csv->pos; i < csv->len && (quoted || csv->bytes[i] != '\n'); i++) {
		quoted ^= csv->bytes[i] == '"';
		semicolons += !quoted && csv->bytes[i] == ';';
		commas += !quoted && csv->bytes[i] == ',';
	}
	return commas > semicolons ? ',' : ';';
}

static int put_byte(struct csv *csv, unsigned char c)
{
	if (csv->used >= sizeof(csv->text) - CSV_COLUMNS_MAX)
		return refuse_at(csv, csv->line, 0,
			"line is longer than 16,000 bytes; does a quote lack its end?");
	csv->text[csv->used++] = (char)c;
	return 0;
}

static int put_code_point(struct csv *csv, unsigned code)
{
	if (code < 0x80)
		return put_byte(csv, (unsigned char)code);
	if (code < 0x800)
		return put_byte(csv, (unsigned char)(0xc0 | code >> 6)) ||
				       put_byte(csv, (unsigned char)(0x80 | (code & 0x3f)))
			       ? -1
			       : 0;
	return put_byte(csv, (unsigned char)(0xe0 | code >> 12)) ||
			       put_byte(csv, (unsigned char)(0x80 | (code >> 6 & 0x3f))) ||
			       put_byte(csv, (unsigned char)(0x80 | (code & 0x3f)))
		       ? -1
		       : 0;
}

/* One byte of the file into the field at hand. @column: 1 and up, for the message */
static int put(struct csv *csv, unsigned char c, int column)
{
	if (c == '\t') /* spreadsheets leave one in a name; nothing behind this expects it */
		c = ' ';
	if (c < 0x20 || c == 0x7f)
		return refuse_at(csv, csv->next_line, column, "control character");
	if (c < 0x80 || !csv->windows_1252)
		return put_byte(csv, c);
	unsigned code = c < 0xa0 ? windows_1252_high[c - 0x80] : c;
	if (!code)
		return refuse_at(
			csv, csv->next_line, column, "neither UTF-8 nor Windows-1252 here");
	return put_code_point(csv, code);
}

static bool at_line_end(const struct csv *csv)
{
	return csv->pos >= csv->len || csv->bytes[csv->pos] == '\n' ||
	       (csv->bytes[csv->pos] == '\r' && csv->pos + 1 < csv->len &&
		       csv->bytes[csv->pos + 1] == '\n');
}

static bool at_separator(const struct csv *csv)
{
	return csv->pos < csv->len && csv->bytes[csv->pos] == (unsigned char)csv->separator;
}

/* From after the opening quote to after the closing one. A line break inside is a space: no field of
 * ours may hold one, and packages put them into remarks that we pass over. */
static int read_quoted(struct csv *csv, int column)
{
	for (csv->pos++; csv->pos < csv->len; csv->pos++) {
		unsigned char c = csv->bytes[csv->pos];
		if (c == '"') {
			if (csv->pos + 1 >= csv->len || csv->bytes[csv->pos + 1] != '"')
				break;
			csv->pos++;
		} else if (c == '\r') {
			continue;
		} else if (c == '\n') {
			csv->next_line++;
			c = ' ';
		}
		if (put(csv, c, column))
			return -1;
	}
	if (csv->pos >= csv->len)
		return refuse_at(csv, csv->line, column, "a quote lacks its end");
	csv->pos++;
	while (csv->pos < csv->len && csv->bytes[csv->pos] == ' ')
		csv->pos++;
	if (!at_separator(csv) && !at_line_end(csv))
		return refuse_at(csv, csv->next_line, column, "text after a closing quote");
	return 0;
}

static int read_plain(struct csv *csv, int column)
{
	size_t begin = csv->used;
	while (!at_separator(csv) && !at_line_end(csv)) {
		if (csv->bytes[csv->pos] == '"')
			return refuse_at(csv, csv->next_line, column,
				"a quote inside a field that doesn't begin with one");
		if (put(csv, csv->bytes[csv->pos++], column))
			return -1;
	}
	while (csv->used > begin && strchr(" \t", csv->text[csv->used - 1]))
		csv->used--;
	return 0;
}

static int read_field(struct csv *csv)
{
	if (csv->n_fields >= CSV_COLUMNS_MAX)
		return refuse_at(csv, csv->line, CSV_COLUMNS_MAX, "more than 128 columns");
	int column = (int)csv->n_fields + 1;
	csv->field[csv->n_fields++] = csv->text + csv->used;
	while (csv->pos < csv->len && (csv->bytes[csv->pos] == ' ' || csv->bytes[csv->pos] == '\t'))
		csv->pos++;
	bool quoted = csv->pos < csv->len && csv->bytes[csv->pos] == '"';
	if (quoted ? read_quoted(csv, column) : read_plain(csv, column))
		return -1;
	csv->text[csv->used++] = 0; /* put_byte() keeps room for every column's zero */
	return 0;
}

/* Return: 1 a line was read, 0 at the end, -1 refused. */
static int read_line(struct csv *csv)
{
	if (csv->pos >= csv->len)
		return 0;
	csv->line = csv->next_line;
	csv->n_fields = 0;
	csv->used = 0;
	for (;;) {
		if (read_field(csv))
			return -1;
		if (!at_separator(csv))
			break;
		csv->pos++;
	}
	while (csv->pos < csv->len && csv->bytes[csv->pos++] != '\n')
		;
	csv->next_line++;
	return 1;
}

static bool is_empty(const struct csv *csv)
{
	for (size_t i = 0; i < csv->n_fields; i++)
		if (csv->field[i][0])
			return false;
	return true;
}

int csv_open(struct csv *csv, const void *bytes, size_t len)
{
	memset(csv, 0, sizeof(*csv));
	csv->bytes = bytes;
	csv->len = len;
	csv->next_line = 1;
	if (len == 0)
		return refuse_at(csv, 0, 0, "the file is empty");
	if (find_encoding(csv))
		return -1;
	csv->separator = find_separator(csv);
	int r = read_line(csv);
	if (r < 0)
		return -1;
	if (r == 0 || is_empty(csv))
		return refuse_at(csv, 1, 0, "the first line has no column names");
	csv->n_columns = csv->n_fields;
	return 0;
}

int csv_next(struct csv *csv)
{
	int r;
	do {
		r = read_line(csv);
	} while (r > 0 && is_empty(csv));
	if (r <= 0)
		return r;
	if (++csv->n_rows > CSV_ROWS_MAX)
		return csv_refuse(csv, -1, "more than 100,000 rows");
	if (csv->n_fields > csv->n_columns)
		return csv_refuse(
			csv, (int)csv->n_columns, "more fields than the first line has columns");
	while (csv->n_fields < csv->n_columns)
		csv->field[csv->n_fields++] = "";
	return 1;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#define WORD_MAX 80 /* bytes with the zero: of a column's name as much as tells it from others */

/* Letters and digits alone, lower case, without accents: "Geboorte-datum", "geboorte_datum" and
 * "GEBOORTEDATUM" are one word, "Prénom" is "prenom". @header: UTF-8. @ret_word: WORD_MAX bytes */
static void reduce(const char *header, char *ret_word)
{
	/* U+00C0 to U+00FF; a space: no letter */
	static const char latin_1[] = "aaaaaaaceeeeiiiidnooooo ouuuuyts"
				      "aaaaaaaceeeeiiiidnooooo ouuuuyty";
	size_t n = 0;
	for (const char *p = header; *p && n < WORD_MAX - 1; p++) {
		unsigned char next = (unsigned char)p[1];
		char c = fold(*p);
		if ((unsigned char)*p == 0xc3 && next >= 0x80 && next <= 0xbf)
			c = latin_1[next - 0x80];
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			ret_word[n++] = c;
	}
	ret_word[n] = 0;
}

static bool same_name(const char *header, const char *name)
{
	char a[WORD_MAX];
	char b[WORD_MAX];
	reduce(header, a);
	reduce(name, b);
	return strcmp(a, b) == 0;
}

bool csv_is_forbidden(const char *header)
{
	static const char *const inside[] = { "rijksreg", "insz", "nationaalnummer",
		"nationalnumber", "nationalregist", "registrenational", "numronational",
		"numeronational", "geboorte", "gebdat", "birth", "naissance", "geburt", "adres",
		"address", "anschrift", "straat", "street", "strasse", "strase", "huisnr",
		"huisnummer", "postcode", "postnr", "postnummer", "postalcode", "codepostal",
		"zipcode", "woonplaats", "gemeente", "localite", "domicil" };
	static const char *const at_start[] = { "niss", "ssin", "rrn", "nrn", "dob" };
	static const char *const whole[] = { "bus", "busnr", "busnummer", "plaats", "stad",
		"commune", "ville", "city", "town", "wohnort", "plz", "ort" };
	static const char *const no_home[] = { "emailadres", "emailaddress", "mailadres", "ipadres",
		"ipaddress" };
	char word[WORD_MAX];
	reduce(header, word);
	for (size_t i = 0; i < LEN(no_home); i++)
		if (strstr(word, no_home[i]))
			return false;
	for (size_t i = 0; i < LEN(whole); i++)
		if (!strcmp(word, whole[i]))
			return true;
	for (size_t i = 0; i < LEN(inside); i++)
		if (strstr(word, inside[i]))
			return true;
	for (size_t i = 0; i < LEN(at_start); i++)
		if (!strncmp(word, at_start[i], strlen(at_start[i])))
			return true;
	return false;
}

/* A column's name as a message may carry it: short, and cut at a whole character. */
static int refuse_column(struct csv *csv, size_t index, const char *why)
{
	char reason[CSV_REASON_MAX];
	const char *name = csv->field[index];
	size_t n = strlen(name);
	if (n > 40)
		for (n = 40; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80; n--)
			;
	snprintf(reason, sizeof(reason), "column %.*s %s", (int)n, name, why);
	return csv_refuse(csv, (int)index, reason);
}

/* Return: 0 with *ret_index, -1 there for none; or -1: twice. */
static int find_name(struct csv *csv, const char *name, int *ret_index)
{
	*ret_index = -1;
	for (size_t i = 0; i < csv->n_columns; i++) {
		if (!same_name(csv->field[i], name))
			continue;
		if (*ret_index >= 0)
			return refuse_column(csv, i, "stands here twice");
		*ret_index = (int)i;
	}
	return 0;
}

static int find_column(struct csv *csv, const struct csv_column *column, int *ret_index)
{
	if (find_name(csv, column->name, ret_index))
		return -1;
	for (const char *const *also = column->also; *ret_index < 0 && also && *also; also++)
		if (find_name(csv, *also, ret_index))
			return -1;
	if (*ret_index >= 0 || !column->required)
		return 0;
	char reason[CSV_REASON_MAX];
	snprintf(reason, sizeof(reason), "column %s is missing", column->name);
	return csv_refuse(csv, -1, reason);
}

int csv_bind(struct csv *csv, const struct csv_column *column, size_t n, int *ret_index)
{
	assert(csv->n_rows == 0);
	for (size_t i = 0; i < csv->n_columns; i++)
		if (csv_is_forbidden(csv->field[i]))
			return refuse_column(csv, i,
				"must not be here: no national number, birth date or address");
	for (size_t i = 0; i < n; i++)
		if (find_column(csv, &column[i], &ret_index[i]))
			return -1;
	return 0;
}
