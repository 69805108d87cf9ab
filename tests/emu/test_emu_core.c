/* SPDX-License-Identifier: EUPL-1.2 */
/* emu/emu.h: what comes over the line and when, with each fault; in simulated time. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "emu/emu.h"

#define BAUD 115200
#define ATTEMPT_US 5000
#define START_US 1000000
#define HEARD_MAX 2048
#define NOISE_RUNS 100000
#define SECOND_US INT64_C(1000000)

static struct emu emu; /* 60 KB: too big for a stack under ASan to be comfortable */
static int64_t now_us;

/* What the host saw of one exchange. */
struct heard {
	size_t n_bytes, n_acks, n_frames, n_bad;
	int64_t ack_us, frame_us; /* of the last one, since the exchange began */
	uint8_t data[PN532_DATA_MAX]; /* of the last good frame */
	size_t len;
	uint8_t tfi;
};

static void tell(const char *line)
{
	struct emu_command c;
	const char *reason = emu_script_parse(line, &c);

	if (!reason)
		reason = emu_execute(&emu, &c, now_us);
	if (reason)
		fail_msg("%s: %s", line, reason);
}

static void note(struct heard *h, struct pn532_parser *p, enum pn532_event event, int64_t at_us)
{
	if (event == PN532_EVENT_ACK) {
		h->n_acks++;
		h->ack_us = at_us;
	} else if (event == PN532_EVENT_FRAME) {
		h->n_frames++;
		h->frame_us = at_us;
		h->tfi = p->tfi;
		h->len = p->len;
		memcpy(h->data, p->data, p->len);
	} else if (event == PN532_EVENT_BAD_CHECKSUM || event == PN532_EVENT_BAD_LENGTH) {
		h->n_bad++;
	}
}

/* Let the time run, from instant to instant, and listen. */
static struct heard listen_for(int64_t for_us)
{
	struct heard h = { 0 };
	struct pn532_parser p;
	int64_t from_us = now_us, until_us = now_us + for_us;

	pn532_parser_init(&p);
	for (;;) {
		uint8_t bytes[EMU_PIECE_MAX];
		emu_advance(&emu, now_us);
		for (size_t n; (n = emu_send(&emu, bytes, now_us)) > 0; h.n_bytes += n) {
			for (size_t i = 0; i < n; i++)
				note(&h, &p, pn532_parser_push(&p, bytes[i]), now_us - from_us);
		}
		int64_t next_us = emu_next_us(&emu);
		if (next_us > until_us)
			break;
		now_us = next_us > now_us ? next_us : now_us + 1;
	}
	now_us = until_us;
	return h;
}

static void say(const uint8_t *data, size_t len)
{
	uint8_t frame[PN532_FRAME_MAX];
	size_t n = pn532_frame_build(frame, PN532_TFI_HOST, data, len);

	emu_receive(&emu, frame, n, now_us);
}

static struct heard exchange(const uint8_t *data, size_t len)
{
	say(data, len);
	return listen_for(SECOND_US);
}

#define EXCHANGE(...) exchange((uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }))

static int fresh(void **state)
{
	(void)state;
	now_us = START_US;
	emu_init(&emu, BAUD, ATTEMPT_US);
	emu_receive(&emu, (uint8_t[]){ 0x55, 0x55, 0, 0, 0 }, 5, now_us);
	now_us += SECOND_US;
	EXCHANGE(0x14, 0x01);
	EXCHANGE(0x32, 5, 0, 1, 2);
	return 0;
}

static struct heard poll_card(void)
{
	return EXCHANGE(0x4A, 1, 0);
}

/* 8 bytes to the chip until its checksum, 6 and 13 back, 10 bits each; and the chip's own 200 us. */
static void test_line_takes_its_time(void **state)
{
	(void)state;
	struct heard h = EXCHANGE(0x02);
	assert_int_equal(h.n_acks, 1);
	assert_int_equal(h.n_bytes, 6 + 13);
	assert_in_range(h.ack_us, (8 + 6) * 86, (8 + 6) * 87);
	assert_in_range(h.frame_us, 27 * 86 + 200, 27 * 87 + 200);
	emu.baud = 0;
	h = EXCHANGE(0x02);
	assert_int_equal(h.ack_us, 0);
	assert_int_equal(h.frame_us, 200);
}

static const struct {
	const char *line;
	size_t want_acks, want_frames, want_bad;
	int64_t min_us, max_us; /* when the answer is there */
	int data_at_1; /* first byte of the answer's data, -1: not looked at */
} row[] = {
	{ "clear", 1, 1, 0, 2000, 4000, 0x32 },
	{ "fault no_ack", 0, 1, 0, 1500, 4000, 0x32 },
	{ "fault ack_only", 1, 0, 0, 0, 0, -1 },
	{ "fault drop 02", 1, 0, 0, 0, 0, -1 },
	{ "fault drop 4A", 1, 1, 0, 2000, 4000, 0x32 },
	{ "fault mute", 0, 0, 0, 0, 0, -1 },
	{ "fault bad_checksum", 1, 0, 1, 0, 0, -1 },
	{ "fault split 30", 1, 1, 0, 62000, 64000, 0x32 },
	{ "fault late 400", 1, 1, 0, 402000, 404000, 0x32 },
	{ "fault status 02 80", 1, 1, 0, 2000, 4000, 0x80 },
	{ "fault status 40 80", 1, 1, 0, 2000, 4000, 0x32 },
	{ "fault brownout", 1, 1, 0, 2000, 4000, 0x32 },
	{ "fault reset", 0, 0, 0, 0, 0, -1 },
};

static void test_each_fault_on_the_line(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		fresh(state);
		tell(row[i].line);
		struct heard h = EXCHANGE(0x02);
		if (h.n_acks != row[i].want_acks || h.n_frames != row[i].want_frames ||
			h.n_bad != row[i].want_bad)
			fail_msg("%s: %zu ACKs, %zu frames, %zu bad", row[i].line, h.n_acks,
				h.n_frames, h.n_bad);
		if (h.frame_us < row[i].min_us || h.frame_us > row[i].max_us)
			fail_msg("%s: answer after %d us", row[i].line, (int)h.frame_us);
		if (row[i].data_at_1 >= 0 && h.data[1] != row[i].data_at_1)
			fail_msg("%s: data %02X", row[i].line, h.data[1]);
	}
}

static void test_counts_end_and_clear_ends(void **state)
{
	(void)state;
	tell("fault mute count 2");
	assert_int_equal(EXCHANGE(0x02).n_acks, 0);
	assert_int_equal(EXCHANGE(0x02).n_acks, 0);
	assert_int_equal(EXCHANGE(0x02).n_acks, 1);
	tell("fault drop 4A count 1"); /* other commands don't use it up */
	assert_int_equal(EXCHANGE(0x02).n_frames, 1);
	assert_int_equal(poll_card().n_frames, 0);
	assert_int_equal(poll_card().n_frames, 1);
	tell("fault ack_only");
	assert_int_equal(EXCHANGE(0x02).n_frames, 0);
	tell("clear");
	assert_int_equal(EXCHANGE(0x02).n_frames, 1);
}

/* 100,000 hurt answers: the frame comes through whole or not at all, never another one. */
static void never_makes_a_card(const char *fault)
{
	size_t whole = 0, hurt = 0;

	emu.baud = 0;
	tell("place 04A1B2C3");
	const struct heard good = poll_card();
	assert_int_equal(good.data[1], 1);
	tell(fault);
	for (int i = 0; i < NOISE_RUNS; i++) {
		struct heard h = poll_card();
		if (!h.n_frames) {
			hurt++;
			continue;
		}
		whole++;
		if (h.len != good.len || h.tfi != good.tfi || memcmp(h.data, good.data, h.len) != 0)
			fail_msg("run %d (seed 20261121): another frame", i);
	}
	print_message("%s: %zu whole, %zu hurt\n", fault, whole, hurt);
	assert_true(whole > NOISE_RUNS / 10 && hurt > NOISE_RUNS / 10);
}

static void test_noise_never_makes_a_card(void **state)
{
	(void)state;
	never_makes_a_card("fault noise 20261121");
}

static void test_mangling_never_makes_a_card(void **state)
{
	(void)state;
	never_makes_a_card("fault mangle 20261121");
	assert_true(emu.mangled > NOISE_RUNS * 3 / 4);
}

/* The worst that a slow chip can do: an old answer right into the next command's time. */
static void test_late_answer_survives_the_next_command(void **state)
{
	(void)state;
	tell("place 04A1B2C3");
	tell("fault late 500 count 1");
	say((uint8_t[]){ 0x4A, 1, 0 }, 3);
	assert_int_equal(listen_for(300000).n_frames, 0);
	tell("remove");
	struct heard h = EXCHANGE(0x02);
	assert_int_equal(h.n_acks, 1);
	assert_int_equal(h.n_frames, 2);
	assert_int_equal(h.data[0], 0x4B);
}

static void test_next_command_cancels(void **state)
{
	(void)state;
	tell("place 04A1B2C3");
	say((uint8_t[]){ 0x4A, 1, 0 }, 3);
	struct heard h = EXCHANGE(0x02); /* at once: the first answer hasn't begun */
	assert_int_equal(h.n_frames, 1);
	assert_int_equal(h.data[0], 0x03);
	EXCHANGE(0x32, 5, 0, 1, 0xFF);
	tell("remove");
	assert_int_equal(poll_card().n_frames, 0); /* looks for ever */
	uint8_t ack[PN532_PLAIN_MAX];
	emu_receive(&emu, ack, pn532_frame_ack(ack), now_us);
	tell("place 04A1B2C3");
	assert_int_equal(listen_for(SECOND_US).n_frames, 0);
}

static void test_card_ends_a_long_look(void **state)
{
	(void)state;
	EXCHANGE(0x32, 5, 0, 1, 0xFF);
	assert_int_equal(poll_card().n_frames, 0);
	tell("tap 04A1B2C3 150");
	struct heard h = listen_for(SECOND_US);
	assert_int_equal(h.n_frames, 1);
	assert_int_equal(h.data[1], 1);
	assert_in_range(h.frame_us, 1500, 5000);
	assert_int_equal(emu.chip.field.n, 0); /* and the tap has ended */
}

static void test_nack_asks_again(void **state)
{
	uint8_t nack[PN532_PLAIN_MAX];

	(void)state;
	tell("fault bad_checksum count 1");
	assert_int_equal(EXCHANGE(0x02).n_bad, 1);
	emu_receive(&emu, nack, pn532_frame_nack(nack), now_us);
	struct heard h = listen_for(SECOND_US);
	assert_int_equal(h.n_frames, 1);
	assert_int_equal(h.data[0], 0x03);
}

static void test_taps_end(void **state)
{
	(void)state;
	tell("tap 04A1B2C3 150");
	listen_for(149999);
	assert_int_equal(emu.chip.field.n, 1);
	listen_for(1);
	assert_int_equal(emu.chip.field.n, 0);
	tell("tap 04A1B2C3 until-read 50");
	listen_for(10 * SECOND_US);
	assert_int_equal(emu.chip.field.n, 1); /* nobody looked */
	assert_int_equal(poll_card().data[1], 1);
	assert_int_equal(emu.chip.field.n, 0);
	tell("two 04A1B2C3 04A1B2C4");
	assert_int_equal(poll_card().data[10], 0xC3);
	assert_int_equal(poll_card().data[10], 0xC4);
	assert_int_equal(poll_card().data[10], 0xC3);
	tell("remove 04A1B2C3");
	assert_int_equal(poll_card().data[10], 0xC4);
	tell("remove");
	tell("every_second on");
	tell("place 04A1B2C3");
	assert_int_equal(poll_card().data[1], 1);
	assert_int_equal(poll_card().data[1], 0);
	assert_int_equal(poll_card().data[1], 1);
}

static void test_forgetful_chips(void **state)
{
	(void)state;
	tell("place 04A1B2C3");
	tell("fault brownout");
	EXCHANGE(0x32, 5, 0, 1, 2);
	assert_int_equal(EXCHANGE(0x02).n_frames, 1);
	assert_int_equal(poll_card().data[1], 0); /* looks like an empty field */
	EXCHANGE(0x14, 0x01);
	assert_int_equal(poll_card().data[1], 1);
	tell("fault reset");
	assert_int_equal(poll_card().n_acks, 0);
	assert_int_equal(emu.lost_frames, 1);
	emu_receive(&emu, (uint8_t[]){ 0x55, 0x55, 0 }, 3, now_us);
	assert_int_equal(EXCHANGE(0x02).n_frames, 1);
	tell("fault unplug");
	assert_false(emu.plugged);
	emu_unplugged(&emu);
	tell("fault plug");
	assert_true(emu.plugged);
	assert_int_equal(EXCHANGE(0x02).n_acks, 0); /* has lost its power: sleeps */
	assert_int_equal(emu.chip.field.n, 1);
}

static void test_wrong_frames_are_not_heard(void **state)
{
	static const uint8_t wrong[] = { 0, 0, 0xFF, 2, 0xFE, 0xD4, 2, 0x2B, 0 };
	static const uint8_t not_for_us[] = { 0, 0, 0xFF, 2, 0xFE, 0xD5, 2, 0x29, 0 };

	(void)state;
	emu_receive(&emu, wrong, sizeof(wrong), now_us);
	emu_receive(&emu, not_for_us, sizeof(not_for_us), now_us);
	assert_int_equal(listen_for(SECOND_US).n_bytes, 0);
	assert_int_equal(emu.bad_frames, 2);
	struct heard h = EXCHANGE(0xEE);
	assert_int_equal(h.n_acks, 1);
	assert_int_equal(h.tfi, PN532_TFI_ERROR);
}

static void test_state_tells(void **state)
{
	static char text[EMU_STATE_MAX];
	static const uint8_t uid[] = { 0x04, 0xA1, 0xB2, 0xC3 };

	(void)state;
	tell("place 04A1B2C3");
	tell("place 04A1B2C4");
	tell("fault split");
	int64_t before_us = now_us;
	poll_card();
	assert_in_range(emu.seen[0].selected_us, before_us, before_us + 10000);
	assert_true(emu.seen[0].first_us == emu.seen[0].selected_us);
	poll_card();
	assert_true(emu.seen[0].first_us < emu.seen[0].selected_us);
	assert_int_equal(emu.seen[0].selects, 2);
	assert_int_equal(emu.seen[1].selects, 0);
	assert_true(emu_state(&emu, uid, sizeof(uid), text, 1024) > 0);
	assert_non_null(strstr(text, "\"polls\":2,"));
	assert_non_null(strstr(text, "\"in_field\":[\"04A1B2C3\",\"04A1B2C4\"]"));
	assert_non_null(strstr(text, "\"faults\":[\"split\"]"));
	assert_non_null(strstr(text, "\"cards\":[{\"uid\":\"04A1B2C3\",\"selects\":2,"));
	assert_null(strstr(text, "{\"uid\":\"04A1B2C4\""));
	assert_int_equal(emu_state(&emu, NULL, 0, text, 64), 0);
	tell("place 04A1B2C3"); /* again: a new first time */
	assert_int_equal(emu.seen[0].first_us, 0);
}

/* More cards in a day than are remembered: the newest are, and `state` still fits. */
static void test_many_cards(void **state)
{
	static char text[EMU_STATE_MAX];
	char line[EMU_LINE_MAX];

	(void)state;
	emu.baud = 0;
	for (unsigned i = 0; i < 3 * EMU_SEEN_MAX; i++) {
		snprintf(line, sizeof(line), "place 0102030405060708%04X", i);
		tell(line);
		assert_int_equal(poll_card().data[1], 1);
		tell("remove");
	}
	assert_int_equal(emu.n_seen, EMU_SEEN_MAX);
	assert_true(emu_state(&emu, NULL, 0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "01020304050607080"
				     "2FF"));
	assert_null(strstr(text, "01020304050607080"
				 "1FF"));
	assert_non_null(strstr(text, "01020304050607080"
				     "200"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_line_takes_its_time, fresh),
		cmocka_unit_test_setup(test_each_fault_on_the_line, fresh),
		cmocka_unit_test_setup(test_counts_end_and_clear_ends, fresh),
		cmocka_unit_test_setup(test_noise_never_makes_a_card, fresh),
		cmocka_unit_test_setup(test_mangling_never_makes_a_card, fresh),
		cmocka_unit_test_setup(test_late_answer_survives_the_next_command, fresh),
		cmocka_unit_test_setup(test_next_command_cancels, fresh),
		cmocka_unit_test_setup(test_card_ends_a_long_look, fresh),
		cmocka_unit_test_setup(test_nack_asks_again, fresh),
		cmocka_unit_test_setup(test_taps_end, fresh),
		cmocka_unit_test_setup(test_forgetful_chips, fresh),
		cmocka_unit_test_setup(test_wrong_frames_are_not_heard, fresh),
		cmocka_unit_test_setup(test_state_tells, fresh),
		cmocka_unit_test_setup(test_many_cards, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
