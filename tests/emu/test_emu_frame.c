/* SPDX-License-Identifier: EUPL-1.2 */
/* emu/pn532_frame.h: what is a frame, and what isn't. */
#include "unit/unit.h"

#include <string.h>

#include "emu/pn532_frame.h"

#define LINE_MAX_BYTES 24
#define N(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })

static const struct {
	const char *name;
	uint8_t line[LINE_MAX_BYTES];
	size_t n;
	enum pn532_event want; /* the last event that isn't NONE */
	size_t want_len;
} row[] = {
	{ "get firmware version", N(0, 0, 0xFF, 2, 0xFE, 0xD4, 2, 0x2A, 0), PN532_EVENT_FRAME, 1 },
	{ "without preamble", N(0, 0xFF, 2, 0xFE, 0xD4, 2, 0x2A), PN532_EVENT_FRAME, 1 },
	{ "long preamble", N(0, 0, 0, 0, 0xFF, 2, 0xFE, 0xD4, 2, 0x2A), PN532_EVENT_FRAME, 1 },
	{ "wake-up, then a frame", N(0x55, 0x55, 0, 0, 0, 0, 0xFF, 3, 0xFD, 0xD4, 0x14, 1, 0x17, 0),
		PN532_EVENT_FRAME, 2 },
	{ "extended frame for one byte", N(0, 0, 0xFF, 0xFF, 0xFF, 0, 2, 0xFE, 0xD4, 2, 0x2A, 0),
		PN532_EVENT_FRAME, 1 },
	{ "direction byte alone", N(0, 0xFF, 1, 0xFF, 0x7F, 0x81, 0), PN532_EVENT_FRAME, 0 },
	{ "ACK", N(0, 0, 0xFF, 0, 0xFF, 0), PN532_EVENT_ACK, 0 },
	{ "NACK", N(0, 0, 0xFF, 0xFF, 0, 0), PN532_EVENT_NACK, 0 },
	{ "wake-up alone", N(0x55, 0x55, 0, 0, 0), PN532_EVENT_WAKE, 0 },
	{ "length checksum one off", N(0, 0, 0xFF, 2, 0xFF, 0xD4, 2, 0x2A, 0),
		PN532_EVENT_BAD_LENGTH, 0 },
	{ "length zero", N(0, 0, 0xFF, 0, 0, 0xD4, 2), PN532_EVENT_BAD_LENGTH, 0 },
	{ "extended length checksum one off", N(0, 0, 0xFF, 0xFF, 0xFF, 0, 2, 0xFF, 0xD4),
		PN532_EVENT_BAD_LENGTH, 0 },
	{ "extended length 266", N(0, 0, 0xFF, 0xFF, 0xFF, 1, 10, 0xF5, 0xD4),
		PN532_EVENT_BAD_LENGTH, 0 },
	{ "data checksum one off", N(0, 0, 0xFF, 2, 0xFE, 0xD4, 2, 0x2B, 0),
		PN532_EVENT_BAD_CHECKSUM, 0 },
	{ "cut short", N(0, 0, 0xFF, 2, 0xFE, 0xD4, 2), PN532_EVENT_NONE, 0 },
	{ "good one after a bad length", N(0, 0xFF, 2, 9, 0, 0, 0xFF, 2, 0xFE, 0xD4, 2, 0x2A),
		PN532_EVENT_FRAME, 1 },
	{ "start code twice", N(0, 0xFF, 0, 0, 0xFF, 2, 0xFE, 0xD4, 2, 0x2A), PN532_EVENT_FRAME,
		1 },
};

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct pn532_parser p;
		enum pn532_event last = PN532_EVENT_NONE;
		pn532_parser_init(&p);
		for (size_t b = 0; b < row[i].n; b++) {
			enum pn532_event event = pn532_parser_push(&p, row[i].line[b]);
			last = event == PN532_EVENT_NONE ? last : event;
		}
		if (last != row[i].want)
			fail_msg("%s: got event %d", row[i].name, (int)last);
		if (last == PN532_EVENT_FRAME && p.len != row[i].want_len)
			fail_msg("%s: got %zu bytes", row[i].name, p.len);
	}
}

/* 254 is the last length of a normal frame, 255 the first of an extended one. */
static void test_built_frames_parse_back(void **state)
{
	uint8_t data[PN532_DATA_MAX], frame[PN532_FRAME_MAX];
	size_t own_bytes[] = { 8, 11 };

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 1; len <= PN532_DATA_MAX; len++) {
		struct pn532_parser p;
		size_t n = pn532_frame_build(frame, PN532_TFI_CHIP, data, len);
		enum pn532_event last = PN532_EVENT_NONE;
		assert_int_equal(n, len + own_bytes[len > 254]);
		pn532_parser_init(&p);
		for (size_t b = 0; b < n - 1; b++) /* without the postamble */
			last = pn532_parser_push(&p, frame[b]);
		assert_int_equal(last, PN532_EVENT_FRAME);
		assert_int_equal(p.tfi, PN532_TFI_CHIP);
		assert_int_equal(p.len, len);
		assert_memory_equal(p.data, data, len);
	}
}

/* A changed byte is never a good frame with other contents. */
static void test_each_changed_byte_is_noticed(void **state)
{
	static const uint8_t data[] = { 0x4B, 1, 1, 0, 4, 8, 4, 0xA1, 0xB2, 0xC3, 0xD4 };
	uint8_t frame[PN532_FRAME_MAX];
	size_t n = pn532_frame_build(frame, PN532_TFI_CHIP, data, sizeof(data));

	(void)state;
	for (size_t at = 0; at < n; at++) {
		for (int change = 1; change < 256; change++) {
			struct pn532_parser p;
			pn532_parser_init(&p);
			frame[at] ^= (uint8_t)change;
			for (size_t b = 0; b < n; b++) {
				if (pn532_parser_push(&p, frame[b]) == PN532_EVENT_FRAME &&
					(p.len != sizeof(data) || memcmp(p.data, data, p.len) != 0))
					fail_msg("byte %zu, change %02X passed", at,
						(unsigned)change);
			}
			frame[at] ^= (uint8_t)change;
		}
	}
}

static void test_short_frames(void **state)
{
	uint8_t frame[PN532_FRAME_MAX];
	static const uint8_t error[] = { 0, 0, 0xFF, 1, 0xFF, 0x7F, 0x81, 0 };

	(void)state;
	assert_int_equal(pn532_frame_ack(frame), PN532_PLAIN_MAX);
	assert_memory_equal(frame, ((uint8_t[]){ 0, 0, 0xFF, 0, 0xFF, 0 }), PN532_PLAIN_MAX);
	assert_int_equal(pn532_frame_nack(frame), PN532_PLAIN_MAX);
	assert_memory_equal(frame, ((uint8_t[]){ 0, 0, 0xFF, 0xFF, 0, 0 }), PN532_PLAIN_MAX);
	assert_int_equal(pn532_frame_error(frame), sizeof(error));
	assert_memory_equal(frame, error, sizeof(error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_built_frames_parse_back),
		cmocka_unit_test(test_each_changed_byte_is_noticed),
		cmocka_unit_test(test_short_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
