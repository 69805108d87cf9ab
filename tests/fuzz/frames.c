/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The emulated PN532: bytes of the line into its parser and its chip, lines into its control language.
 */
#include <string.h>

#include "emu/emu_script.h"
#include "emu/pn532_chip.h"
#include "emu/pn532_frame.h"
#include "fuzz/fuzz.h"

static void frames_run(const uint8_t *bytes, size_t len)
{
	static const struct pn532_card card = {
		.uid = { 0xde, 0xad, 0xbe, 0xef }, .uid_len = 4, .atqa = { 0, 4 }, .sak = 8
	};
	struct pn532_parser parser;
	struct pn532_chip chip;
	struct pn532_answer answer;
	int64_t now_us = 0;

	pn532_parser_init(&parser);
	pn532_chip_init(&chip, 5000);
	(void)pn532_field_place(&chip.field, &card);
	for (size_t i = 0; i < len; i++, now_us += 87) {
		switch (pn532_parser_push(&parser, bytes[i])) {
		case PN532_EVENT_WAKE:
			pn532_chip_wake(&chip);
			break;
		case PN532_EVENT_ACK:
			pn532_chip_abort(&chip);
			break;
		case PN532_EVENT_FRAME:
			fuzz_promise(parser.len <= PN532_DATA_MAX);
			if (parser.tfi != PN532_TFI_HOST || parser.len == 0)
				break;
			pn532_chip_command(&chip, parser.data, parser.len, now_us, &answer);
			fuzz_promise(answer.kind != PN532_ANSWER_DATA ||
				     (answer.len >= 1 && answer.len <= PN532_DATA_MAX &&
					     answer.data[0] == (uint8_t)(parser.data[0] + 1)));
			fuzz_promise(answer.n_listed <= PN532_LISTED_MAX);
			pn532_chip_look(&chip, now_us + 10000, &answer);
			break;
		case PN532_EVENT_NONE:
		case PN532_EVENT_NACK:
		case PN532_EVENT_BAD_LENGTH:
		case PN532_EVENT_BAD_CHECKSUM:
			break;
		}
	}
}

/* Any bytes as a command's data, framed and read again: what goes out comes in. */
static void frame_built_run(const uint8_t *bytes, size_t len)
{
	static uint8_t frame[PN532_FRAME_MAX];
	struct pn532_parser parser;
	bool seen = false;

	if (len == 0 || len > PN532_DATA_MAX)
		return;
	size_t n = pn532_frame_build(frame, PN532_TFI_CHIP, bytes, len);
	fuzz_promise(n <= sizeof(frame));
	pn532_parser_init(&parser);
	for (size_t i = 0; i < n; i++)
		if (pn532_parser_push(&parser, frame[i]) == PN532_EVENT_FRAME) {
			fuzz_promise(
				!seen && parser.len == len && memcmp(parser.data, bytes, len) == 0);
			seen = true;
		}
	fuzz_promise(seen);
}

static void emu_line_run(const uint8_t *bytes, size_t len)
{
	char line[EMU_LINE_MAX];
	struct emu_command command;

	if (len >= sizeof(line))
		len = sizeof(line) - 1;
	memcpy(line, bytes, len);
	line[len] = '\0';
	if (!emu_script_parse(line, &command) && command.verb == EMU_VERB_TAP)
		fuzz_promise(command.ms >= 0 && command.ms <= EMU_WAIT_MAX_MS);
}

const struct fuzz_target fuzz_frames[] = {
	{ "frames", frames_run },
	{ "frame_built", frame_built_run },
	{ "emu_line", emu_line_run },
	{ NULL, NULL },
};
