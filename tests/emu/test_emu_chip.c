/* SPDX-License-Identifier: EUPL-1.2 */
/* emu/pn532_chip.h: each command's answer, and what the field has to do with it. */
#include "unit/unit.h"

#include <string.h>

#include "emu/pn532_chip.h"

#define BYTES_MAX 40
#define N(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })
#define NOTHING { 0 }, 0
#define ATTEMPT_US 5000
#define NOW_US 1000000

static const struct pn532_card classic = {
	.uid = { 0x04, 0xA1, 0xB2, 0xC3 }, .uid_len = 4, .atqa = { 0x00, 0x04 }, .sak = 0x08
};
static const struct pn532_card ntag = {
	.uid = { 0x04, 1, 2, 3, 4, 5, 6 }, .uid_len = 7, .atqa = { 0x00, 0x44 }
};
static const struct pn532_card desfire = { .uid = { 0x04, 7, 7, 7, 7, 7, 7 },
	.uid_len = 7,
	.atqa = { 0x03, 0x44 },
	.sak = 0x20,
	.ats = { 0x06, 0x75, 0x77, 0x81, 0x02, 0x80 },
	.ats_len = 6 };
static const struct pn532_card triple = {
	.uid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, .uid_len = 10, .atqa = { 0x00, 0x84 }
};

static void ready(struct pn532_chip *c)
{
	struct pn532_answer a;

	pn532_chip_init(c, ATTEMPT_US);
	pn532_chip_wake(c);
	pn532_chip_command(c, (uint8_t[]){ 0x14, 0x01 }, 2, NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_DATA);
	pn532_chip_command(c, (uint8_t[]){ 0x32, 5, 0, 1, 2 }, 5, NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_DATA);
}

static void list(struct pn532_chip *c, uint8_t max, int64_t now_us, struct pn532_answer *a)
{
	pn532_chip_command(c, (uint8_t[]){ 0x4A, max, 0x00 }, 3, now_us, a);
	if (a->kind == PN532_ANSWER_LATER && c->look_until_us != PN532_FOR_EVER)
		pn532_chip_look(c, c->look_until_us, a);
}

static const struct {
	const char *name;
	uint8_t command[BYTES_MAX];
	size_t n;
	uint8_t want[BYTES_MAX]; /* none: the error frame */
	size_t n_want;
} row[] = {
	{ "firmware, four bytes", N(0x02), N(0x03, 0x32, 1, 6, 7) },
	{ "general status", N(0x04), N(0x05, 0, 0, 0, 0) },
	{ "line test", N(0x00, 0x00, 'a', 'b'), N(0x01, 0x00, 'a', 'b') },
	{ "ROM test", N(0x00, 0x01), N(0x01, 0x00) },
	{ "card test without card", N(0x00, 0x06), N(0x01, 0x01) },
	{ "diagnose without number", N(0x00), NOTHING },
	{ "diagnose, unknown test", N(0x00, 0x42), NOTHING },
	{ "parameters", N(0x12, 0x14), N(0x13) },
	{ "parameters missing", N(0x12), NOTHING },
	{ "SAM normal", N(0x14, 1), N(0x15) },
	{ "SAM mode 5", N(0x14, 5), NOTHING },
	{ "SAM mode 0", N(0x14, 0), NOTHING },
	{ "RF field", N(0x32, 1, 1), N(0x33) },
	{ "RF retries", N(0x32, 5, 0, 1, 2), N(0x33) },
	{ "RF retries, one short", N(0x32, 5, 0, 1), NOTHING },
	{ "RF item 6", N(0x32, 6, 0), NOTHING },
	{ "read two registers", N(0x06, 0x63, 0x3C, 0x63, 0x02), N(0x07, 0, 0) },
	{ "read half a register", N(0x06, 0x63), NOTHING },
	{ "write a register", N(0x08, 0x63, 0x3C, 0x10), N(0x09) },
	{ "write without a value", N(0x08, 0x63, 0x3C), NOTHING },
	{ "exchange without target", N(0x40, 1, 0x30, 0), N(0x41, 0x27) },
	{ "raw exchange into the empty field", N(0x42, 0x30, 0), N(0x43, 0x01) },
	{ "select without target", N(0x54, 1), N(0x55, 0x27) },
	{ "deselect all of none", N(0x44, 0), N(0x45, 0) },
	{ "release all of none", N(0x52, 0), N(0x53, 0) },
	{ "release target 1 of none", N(0x52, 1), N(0x53, 0x27) },
	{ "power down", N(0x16, 0xF0), N(0x17, 0) },
	{ "FeliCa", N(0x4A, 1, 1, 0, 0xFF, 0xFF, 0, 0), N(0x4B, 0) },
	{ "three targets at once", N(0x4A, 3, 0), NOTHING },
	{ "no target", N(0x4A, 0, 0), NOTHING },
	{ "modulation 5", N(0x4A, 1, 5), NOTHING },
	{ "InAutoPoll isn't modelled", N(0x60, 1, 1, 0), NOTHING },
	{ "unknown command", N(0xEE), NOTHING },
};

static void test_answers_without_a_card(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct pn532_chip c;
		struct pn532_answer a;
		ready(&c);
		pn532_chip_command(&c, row[i].command, row[i].n, NOW_US, &a);
		enum pn532_answer_kind want =
			row[i].n_want ? PN532_ANSWER_DATA : PN532_ANSWER_SYNTAX;
		if (a.kind != want)
			fail_msg("%s: got kind %d", row[i].name, (int)a.kind);
		if (row[i].n_want &&
			(a.len != row[i].n_want || memcmp(a.data, row[i].want, a.len) != 0))
			fail_msg("%s: got %zu bytes, %02X %02X", row[i].name, a.len, a.data[0],
				a.data[1]);
		if (a.at_us < NOW_US)
			fail_msg("%s: answered before it was asked", row[i].name);
	}
}

static const struct {
	const char *name;
	const struct pn532_card *card;
	uint8_t want[BYTES_MAX];
	size_t n_want;
} card_row[] = {
	{ "4 bytes", &classic, N(0x4B, 1, 1, 0, 4, 8, 4, 0x04, 0xA1, 0xB2, 0xC3) },
	{ "7 bytes", &ntag, N(0x4B, 1, 1, 0, 0x44, 0, 7, 4, 1, 2, 3, 4, 5, 6) },
	{ "7 bytes with ATS", &desfire,
		N(0x4B, 1, 1, 3, 0x44, 0x20, 7, 4, 7, 7, 7, 7, 7, 7, 6, 0x75, 0x77, 0x81, 2,
			0x80) },
	{ "10 bytes", &triple, N(0x4B, 1, 1, 0, 0x84, 0, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10) },
};

static void test_each_card_is_reported(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(card_row); i++) {
		struct pn532_chip c;
		struct pn532_answer a;
		ready(&c);
		assert_int_equal(pn532_field_place(&c.field, card_row[i].card), 0);
		list(&c, 1, NOW_US, &a);
		if (a.kind != PN532_ANSWER_DATA || a.len != card_row[i].n_want ||
			memcmp(a.data, card_row[i].want, a.len) != 0)
			fail_msg("%s: kind %d, %zu bytes", card_row[i].name, (int)a.kind, a.len);
		assert_int_equal(a.n_listed, 1);
	}
}

static void test_sleeping_chip_is_silent(void **state)
{
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	pn532_chip_init(&c, ATTEMPT_US);
	pn532_chip_command(&c, (uint8_t[]){ 0x02 }, 1, NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_NONE);
	ready(&c);
	pn532_chip_command(&c, (uint8_t[]){ 0x16, 0xF0 }, 2, NOW_US, &a);
	pn532_chip_command(&c, (uint8_t[]){ 0x02 }, 1, NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_NONE);
	pn532_chip_wake(&c);
	pn532_chip_command(&c, (uint8_t[]){ 0x02 }, 1, NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_DATA);
}

/* Forgotten set-up looks like an empty field: the ping is answered, cards aren't found. */
static void test_without_sam_no_card(void **state)
{
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	ready(&c);
	pn532_field_place(&c.field, &classic);
	pn532_chip_reset(&c);
	pn532_chip_wake(&c);
	pn532_chip_command(&c, (uint8_t[]){ 0x32, 5, 0, 1, 2 }, 5, NOW_US, &a);
	list(&c, 1, NOW_US, &a);
	assert_int_equal(a.data[1], 0);
	pn532_chip_command(&c, (uint8_t[]){ 0x14, 0x01 }, 2, NOW_US, &a);
	list(&c, 1, NOW_US, &a);
	assert_int_equal(a.data[1], 1);
}

static void test_tries_end_and_cards_come_meanwhile(void **state)
{
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	ready(&c);
	pn532_chip_command(&c, (uint8_t[]){ 0x4A, 1, 0 }, 3, NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_LATER);
	assert_int_equal(c.look_until_us, NOW_US + 3 * ATTEMPT_US);
	pn532_chip_look(&c, NOW_US + 3 * ATTEMPT_US - 1, &a);
	assert_int_equal(a.kind, PN532_ANSWER_LATER);
	pn532_field_place(&c.field, &classic);
	pn532_chip_look(&c, NOW_US + 3 * ATTEMPT_US - 1, &a);
	assert_int_equal(a.kind, PN532_ANSWER_DATA);
	assert_int_equal(a.data[1], 1);
	pn532_field_clear(&c.field);
	pn532_chip_command(&c, (uint8_t[]){ 0x4A, 1, 0 }, 3, NOW_US, &a);
	pn532_chip_look(&c, NOW_US + 3 * ATTEMPT_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_DATA);
	assert_int_equal(a.data[1], 0);
	pn532_chip_command(&c, (uint8_t[]){ 0x32, 5, 0, 1, 0xFF }, 5, NOW_US, &a);
	pn532_chip_command(&c, (uint8_t[]){ 0x4A, 1, 0 }, 3, NOW_US, &a);
	assert_true(c.look_until_us == PN532_FOR_EVER);
	pn532_chip_abort(&c);
	pn532_chip_look(&c, NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_NONE);
}

static void test_two_cards(void **state)
{
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	ready(&c);
	pn532_field_place(&c.field, &classic);
	pn532_field_place(&c.field, &desfire);
	for (int i = 0; i < 3; i++) { /* asked for one it is always the same */
		list(&c, 1, NOW_US, &a);
		assert_true(pn532_card_same(&a.listed[0], classic.uid, 4));
	}
	list(&c, 2, NOW_US, &a);
	assert_int_equal(a.n_listed, 2);
	assert_int_equal(a.data[1], 2);
	pn532_chip_command(&c, (uint8_t[]){ 0x44, 1 }, 2, NOW_US, &a);
	list(&c, 1, NOW_US, &a);
	assert_true(pn532_card_same(&a.listed[0], desfire.uid, 7));
	pn532_chip_command(&c, (uint8_t[]){ 0x44, 0 }, 2, NOW_US, &a);
	list(&c, 1, NOW_US, &a);
	assert_int_equal(a.n_listed, 0); /* both halted */
	pn532_chip_command(&c, (uint8_t[]){ 0x32, 1, 0 }, 3, NOW_US, &a);
	list(&c, 2, NOW_US, &a);
	assert_int_equal(a.n_listed, 2); /* the field was off */
}

static void test_one_uid_asked_for(void **state)
{
	static const uint8_t ask_ntag[] = { 0x4A, 1, 0, 0x88, 4, 1, 2, 3, 4, 5, 6 };
	static const uint8_t ask_triple[] = { 0x4A, 1, 0, 0x88, 1, 2, 3, 0x88, 4, 5, 6, 7, 8, 9,
		10 };
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	ready(&c);
	pn532_field_place(&c.field, &classic);
	pn532_field_place(&c.field, &ntag);
	pn532_chip_command(&c, ask_ntag, sizeof(ask_ntag), NOW_US, &a);
	assert_int_equal(a.n_listed, 1);
	assert_true(pn532_card_same(&a.listed[0], ntag.uid, 7));
	pn532_chip_command(&c, ask_triple, sizeof(ask_triple), NOW_US, &a);
	assert_int_equal(a.kind, PN532_ANSWER_LATER);
	pn532_field_place(&c.field, &triple);
	pn532_chip_look(&c, NOW_US, &a);
	assert_true(pn532_card_same(&a.listed[0], triple.uid, 10));
}

static void test_modes_of_the_field(void **state)
{
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	ready(&c);
	pn532_field_place(&c.field, &classic);
	pn532_field_place(&c.field, &ntag);
	c.field.alternate = true;
	for (int i = 0; i < 6; i++) {
		const struct pn532_card *want = i % 2 ? &ntag : &classic;
		list(&c, 1, NOW_US, &a);
		assert_int_equal(a.n_listed, 1);
		assert_true(pn532_card_same(&a.listed[0], want->uid, want->uid_len));
	}
	pn532_field_clear(&c.field);
	c.field.every_second = true;
	pn532_field_place(&c.field, &classic);
	for (size_t i = 0; i < 6; i++) {
		list(&c, 1, NOW_US, &a);
		assert_int_equal(a.n_listed, 1 - i % 2);
	}
}

static void test_exchange(void **state)
{
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	ready(&c);
	pn532_field_place(&c.field, &ntag);
	list(&c, 1, NOW_US, &a);
	pn532_chip_command(&c, (uint8_t[]){ 0x40, 1, 0x30, 0 }, 4, NOW_US, &a);
	assert_int_equal(a.len, 2 + 16);
	assert_int_equal(a.data[1], PN532_STATUS_OK);
	pn532_chip_command(&c, (uint8_t[]){ 0x40, 2, 0x30, 0 }, 4, NOW_US, &a);
	assert_int_equal(a.data[1], PN532_STATUS_CONTEXT);
	pn532_field_remove(&c.field, ntag.uid, 7);
	pn532_chip_command(&c, (uint8_t[]){ 0x40, 1, 0x30, 0 }, 4, NOW_US, &a);
	assert_int_equal(a.data[1], PN532_STATUS_TIMEOUT);
	pn532_chip_command(&c, (uint8_t[]){ 0x54, 1 }, 2, NOW_US, &a);
	assert_int_equal(a.data[1], PN532_STATUS_TIMEOUT);
	pn532_chip_command(&c, (uint8_t[]){ 0x04 }, 1, NOW_US, &a);
	assert_int_equal(a.len, 9); /* one target still listed */
	assert_int_equal(a.data[3], 1);
	pn532_field_place(&c.field, &classic);
	list(&c, 1, NOW_US, &a);
	pn532_chip_command(&c, (uint8_t[]){ 0x40, 1, 0x60, 4 }, 4, NOW_US, &a);
	assert_int_equal(a.data[1], PN532_STATUS_AUTH);
}

static void test_field_has_an_end(void **state)
{
	struct pn532_field f = { 0 };
	struct pn532_card card = classic;

	(void)state;
	for (uint8_t i = 0; i < PN532_FIELD_MAX; i++) {
		card.uid[0] = i;
		assert_int_equal(pn532_field_place(&f, &card), 0);
	}
	assert_int_equal(pn532_field_place(&f, &card), 0); /* again: takes its own place */
	card.uid[0] = PN532_FIELD_MAX;
	assert_int_equal(pn532_field_place(&f, &card), -1);
	assert_false(pn532_field_remove(&f, card.uid, 4));
	card.uid[0] = 0;
	assert_true(pn532_field_remove(&f, card.uid, 4));
	assert_int_equal(f.n, PN532_FIELD_MAX - 1);
}

static void test_registers_keep_their_values(void **state)
{
	struct pn532_chip c;
	struct pn532_answer a;

	(void)state;
	ready(&c);
	pn532_chip_command(&c, (uint8_t[]){ 0x08, 0x63, 0x3C, 0x10, 0xFF, 0xB0, 1 }, 7, NOW_US, &a);
	pn532_chip_command(&c, (uint8_t[]){ 0x06, 0x63, 0x3C, 0xFF, 0xB0 }, 5, NOW_US, &a);
	assert_int_equal(a.len, 3);
	assert_int_equal(a.data[1], 0x10);
	assert_int_equal(a.data[2], 0); /* outside the radio: not kept */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_without_a_card),
		cmocka_unit_test(test_each_card_is_reported),
		cmocka_unit_test(test_sleeping_chip_is_silent),
		cmocka_unit_test(test_without_sam_no_card),
		cmocka_unit_test(test_tries_end_and_cards_come_meanwhile),
		cmocka_unit_test(test_two_cards),
		cmocka_unit_test(test_one_uid_asked_for),
		cmocka_unit_test(test_modes_of_the_field),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_field_has_an_end),
		cmocka_unit_test(test_registers_keep_their_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
