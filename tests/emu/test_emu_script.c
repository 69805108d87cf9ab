/* SPDX-License-Identifier: EUPL-1.2 */
/* emu/emu_script.h: what a line means, and which lines mean nothing. */
#include "unit/unit.h"

#include <string.h>

#include "emu/emu_script.h"

static const struct {
	const char *line;
	enum emu_verb verb;
	size_t uid_len;
	int sak, atqa; /* -1: not looked at */
	int64_t ms;
} good[] = {
	{ "", EMU_VERB_NONE, 0, -1, -1, 0 },
	{ "  # a remark", EMU_VERB_NONE, 0, -1, -1, 0 },
	{ "place 04a1B2C3", EMU_VERB_PLACE, 4, 0x08, 0x0004, 0 },
	{ "place 04010203040506", EMU_VERB_PLACE, 7, 0x00, 0x0044, 0 },
	{ "place 04010203040506 sak 20", EMU_VERB_PLACE, 7, 0x20, 0x0344, 0 },
	{ "place 01020304050607080910", EMU_VERB_PLACE, 10, 0x00, 0x0084, 0 },
	{ "place 00", EMU_VERB_PLACE, 1, 0x08, 0x0004, 0 },
	{ "\tplace  04A1B2C3  sak 18 atqa 0002 # 4K", EMU_VERB_PLACE, 4, 0x18, 0x0002, 0 },
	{ "place 04010203040506 sak 20 ats 0578807002", EMU_VERB_PLACE, 7, 0x20, 0x0344, 0 },
	{ "tap 04A1B2C3 150", EMU_VERB_TAP, 4, 0x08, 0x0004, 150 },
	{ "tap 04A1B2C3 until-read 50 sak 28", EMU_VERB_TAP, 4, 0x28, 0x0304, 50 },
	{ "two 04A1B2C3 04A1B2C4", EMU_VERB_TWO, 4, 0x08, 0x0004, 0 },
	{ "remove", EMU_VERB_REMOVE, 0, -1, -1, 0 },
	{ "remove 04A1B2C3", EMU_VERB_REMOVE, 4, -1, -1, 0 },
	{ "every_second on", EMU_VERB_EVERY_SECOND, 0, -1, -1, 0 },
	{ "clear", EMU_VERB_CLEAR, 0, -1, -1, 0 },
	{ "state", EMU_VERB_STATE, 0, -1, -1, 0 },
	{ "state 04A1B2C3", EMU_VERB_STATE, 4, -1, -1, 0 },
	{ "wait 86400000", EMU_VERB_WAIT, 0, -1, -1, 86400000 },
	{ "wait poll", EMU_VERB_WAIT_POLL, 0, -1, -1, 0 },
};

static void test_good_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct emu_command c;
		const char *reason = emu_script_parse(good[i].line, &c);
		if (reason)
			fail_msg("%s: %s", good[i].line, reason);
		int atqa = c.card.atqa[0] << 8 | c.card.atqa[1];
		if (c.verb != good[i].verb || c.card.uid_len != good[i].uid_len ||
			c.ms != good[i].ms)
			fail_msg("%s: verb %d, UID of %u", good[i].line, (int)c.verb,
				c.card.uid_len);
		if (good[i].sak >= 0 && (c.card.sak != good[i].sak || atqa != good[i].atqa))
			fail_msg(
				"%s: sak %02X atqa %04X", good[i].line, c.card.sak, (unsigned)atqa);
	}
}

static const char *const bad[] = {
	"plaze 04A1B2C3",
	"place",
	"place 04A1B2C",
	"place 04A1B2CG",
	"place 0102030405060708091011",
	"place 04A1B2C3 sak",
	"place 04A1B2C3 sak 1",
	"place 04A1B2C3 atqa 04",
	"place 04A1B2C3 ats 0102",
	"place 04A1B2C3 04A1B2C4",
	"tap 04A1B2C3",
	"tap 04A1B2C3 -1",
	"tap 04A1B2C3 86400001",
	"tap 04A1B2C3 until-read",
	"two 04A1B2C3",
	"two 04A1B2C3 04A1B2C3",
	"remove here",
	"every_second",
	"every_second maybe",
	"clear all",
	"fault",
	"fault rust",
	"fault drop",
	"fault drop 4",
	"fault status 40",
	"fault late",
	"fault late soon",
	"fault no_ack count",
	"fault no_ack count 0",
	"fault no_ack 7",
	"fault unplug count 1",
	"fault split 99999999999",
	"wait",
	"wait 86400001",
	"wait poll poll",
};

static void test_bad_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct emu_command c = { .verb = EMU_VERB_STATE, .ms = 77 };
		if (!emu_script_parse(bad[i], &c))
			fail_msg("accepted: %s", bad[i]);
		if (c.verb != EMU_VERB_STATE || c.ms != 77)
			fail_msg("touched the command: %s", bad[i]);
	}
}

static const struct {
	const char *line;
	struct emu_armed want;
} fault[] = {
	{ "fault no_ack", { EMU_FAULT_NO_ACK, 0, 0, 0, EMU_ALWAYS } },
	{ "fault ack_only count 3", { EMU_FAULT_ACK_ONLY, 0, 0, 0, 3 } },
	{ "fault drop 4A", { EMU_FAULT_DROP, 0, 0x4A, 0, EMU_ALWAYS } },
	{ "fault drop 4a count 1", { EMU_FAULT_DROP, 0, 0x4A, 0, 1 } },
	{ "fault mute", { EMU_FAULT_MUTE, 0, 0, 0, EMU_ALWAYS } },
	{ "fault bad_checksum", { EMU_FAULT_BAD_CHECKSUM, 0, 0, 0, EMU_ALWAYS } },
	{ "fault split", { EMU_FAULT_SPLIT, 20, 0, 0, EMU_ALWAYS } },
	{ "fault split 5 count 2", { EMU_FAULT_SPLIT, 5, 0, 0, 2 } },
	{ "fault split count 2", { EMU_FAULT_SPLIT, 20, 0, 0, 2 } },
	{ "fault noise", { EMU_FAULT_NOISE, 1, 0, 0, EMU_ALWAYS } },
	{ "fault mangle 7", { EMU_FAULT_MANGLE, 7, 0, 0, EMU_ALWAYS } },
	{ "fault noise 42", { EMU_FAULT_NOISE, 42, 0, 0, EMU_ALWAYS } },
	{ "fault late 500 count 1", { EMU_FAULT_LATE, 500, 0, 0, 1 } },
	{ "fault status 40 80", { EMU_FAULT_STATUS, 0, 0x40, 0x80, EMU_ALWAYS } },
	{ "fault unplug", { EMU_FAULT_UNPLUG, 0, 0, 0, EMU_ALWAYS } },
	{ "fault plug", { EMU_FAULT_PLUG, 0, 0, 0, EMU_ALWAYS } },
	{ "fault reset", { EMU_FAULT_RESET, 0, 0, 0, EMU_ALWAYS } },
	{ "fault brownout", { EMU_FAULT_BROWNOUT, 0, 0, 0, EMU_ALWAYS } },
};

static void test_each_fault_has_its_line(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_LEN(fault) >= (size_t)EMU_FAULT_BROWNOUT, 1);
	for (size_t i = 0; i < ARRAY_LEN(fault); i++) {
		struct emu_command c;
		const char *reason = emu_script_parse(fault[i].line, &c);
		if (reason)
			fail_msg("%s: %s", fault[i].line, reason);
		const struct emu_armed *got = &c.fault, *want = &fault[i].want;
		if (got->fault != want->fault || got->value != want->value ||
			got->command != want->command || got->status != want->status ||
			got->left != want->left)
			fail_msg("%s: got fault %d, value %d", fault[i].line, (int)got->fault,
				(int)got->value);
		const char *name = emu_fault_name(want->fault);
		assert_non_null(strstr(fault[i].line, name));
	}
}

static void test_uid_text(void **state)
{
	char text[2 * PN532_UID_MAX + 1];

	(void)state;
	emu_script_uid((const uint8_t[]){ 0x04, 0xA1, 0x0F }, 3, text);
	assert_string_equal(text, "04A10F");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_each_fault_has_its_line),
		cmocka_unit_test(test_uid_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
