/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/emu.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BITS_A_BYTE 10 /* start, eight, stop */
#define NOISE_MAX 6 /* bytes of garbage before an answer */
#define GARBAGE_MAX 40 /* bytes instead of an answer */
#define SPLIT_MAX_US 30000 /* between two pieces of an answer */
#define NOISE_DRAWS 16 /* until one is harmless to the checksum */

void emu_init(struct emu *e, int baud, int64_t attempt_us)
{
	memset(e, 0, sizeof(*e));
	pn532_chip_init(&e->chip, attempt_us);
	pn532_parser_init(&e->parser);
	e->baud = baud;
	e->plugged = true;
}

static int64_t line_us(const struct emu *e, size_t n)
{
	return e->baud ? (int64_t)n * BITS_A_BYTE * 1000000 / e->baud : 0;
}

static void cancel_output(struct emu *e, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->n_pieces; i++) {
		if (e->piece[i].stays)
			e->piece[kept++] = e->piece[i];
	}
	e->n_pieces = kept;
	e->tx_free_us = now_us;
}

static void insert_piece(struct emu *e, const struct emu_piece *piece)
{
	size_t at = e->n_pieces;

	if (at == EMU_PIECES_MAX) {
		e->lost_pieces++;
		return;
	}
	for (; at > 0 && e->piece[at - 1].due_us > piece->due_us; at--)
		e->piece[at] = e->piece[at - 1];
	e->piece[at] = *piece;
	e->n_pieces++;
}

/* Returns when the last byte is over the line. */
static int64_t put_on_line(
	struct emu *e, const uint8_t *bytes, size_t n, int64_t from_us, bool stays)
{
	int64_t start_us = from_us;

	if (!stays && start_us < e->tx_free_us)
		start_us = e->tx_free_us;
	for (size_t sent = 0; sent < n;) {
		struct emu_piece piece = { .stays = stays };
		piece.len = n - sent < EMU_PIECE_MAX ? n - sent : EMU_PIECE_MAX;
		memcpy(piece.bytes, bytes + sent, piece.len);
		sent += piece.len;
		piece.due_us = start_us + line_us(e, sent);
		insert_piece(e, &piece);
	}
	int64_t end_us = start_us + line_us(e, n);
	if (!stays)
		e->tx_free_us = end_us;
	return end_us;
}

/*
 * One byte of checksum lets one hurt frame in 256 pass, and no host can do better. Noise that would
 * make another good frame is not sent, so that a test may ask for no wrong card at all.
 */
static bool makes_another_frame(const uint8_t *line, size_t n, const uint8_t *data, size_t len)
{
	struct pn532_parser p;

	pn532_parser_init(&p);
	for (size_t i = 0; i < n; i++) {
		if (pn532_parser_push(&p, line[i]) == PN532_EVENT_FRAME &&
			(p.len != len || (len && memcmp(p.data, data, len) != 0)))
			return true;
	}
	return false;
}

/* Bytes before the frame, an extra byte inside it, or a byte changed. */
static size_t draw_noise(struct emu *e, const uint8_t *frame, size_t n, uint8_t *out)
{
	uint32_t kind = emu_faults_random(&e->faults) % 3;
	size_t at = emu_faults_random(&e->faults) % (n - 1), extra = 0;

	if (kind == 0) {
		extra = 1 + emu_faults_random(&e->faults) % NOISE_MAX;
		for (size_t i = 0; i < extra; i++)
			out[i] = (uint8_t)emu_faults_random(&e->faults);
		memcpy(out + extra, frame, n);
	} else if (kind == 1) {
		extra = 1;
		memcpy(out, frame, at);
		out[at] = (uint8_t)emu_faults_random(&e->faults);
		memcpy(out + at + 1, frame + at, n - at);
	} else {
		memcpy(out, frame, n);
		out[at] ^= (uint8_t)(1 + emu_faults_random(&e->faults) % 255);
	}
	return n + extra;
}

static size_t add_noise(struct emu *e, const uint8_t *frame, size_t n,
	const struct pn532_answer *answer, uint8_t *out)
{
	for (int i = 0; i < NOISE_DRAWS; i++) {
		size_t noisy = draw_noise(e, frame, n, out);
		if (!makes_another_frame(out, noisy, answer->data, answer->len))
			return noisy;
	}
	memcpy(out, frame, n); /* not reached: the odds are 256 to 1 at each draw */
	return n;
}

/* Bytes that hold no frame at all. */
static size_t draw_garbage(struct emu *e, uint8_t *out)
{
	size_t n = 1 + emu_faults_random(&e->faults) % GARBAGE_MAX;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)emu_faults_random(&e->faults);
	return makes_another_frame(out, n, NULL, 0) ? 0 : n;
}

/* Of six looks one comes whole, and of sixteen other commands all but one: else no host would ever get to look. */
static size_t mangle(struct emu *e, uint8_t *frame, size_t n, const struct pn532_answer *answer,
	uint8_t *out, struct emu_plan *plan)
{
	uint32_t kind = emu_faults_random(&e->faults) % 6;

	if (answer->data[0] != PN532_IN_LIST_PASSIVE_TARGET + 1 &&
		emu_faults_random(&e->faults) % 16 != 0)
		kind = 0;
	e->mangled += kind != 0;
	switch (kind) {
	case 1:
		return draw_garbage(e, out);
	case 2:
		return add_noise(e, frame, n, answer, out);
	case 3: /* cut: the rest never comes */
		n = emu_faults_random(&e->faults) % n;
		break;
	case 4:
		plan->gap_us = 1000 + emu_faults_random(&e->faults) % SPLIT_MAX_US;
		break;
	case 5:
		frame[n - 2] ^= (uint8_t)(1 + emu_faults_random(&e->faults) % 255);
		break;
	}
	memcpy(out, frame, n);
	return n;
}

static void send_answer(
	struct emu *e, const uint8_t *frame, size_t n, int64_t from_us, const struct emu_plan *plan)
{
	bool stays = plan->late_us > 0;

	if (!plan->gap_us) {
		put_on_line(e, frame, n, from_us, stays);
		return;
	}
	size_t third = n / 3;
	int64_t end_us = put_on_line(e, frame, third, from_us, stays);
	end_us = put_on_line(e, frame + third, third, end_us + plan->gap_us, stays);
	put_on_line(e, frame + 2 * third, n - 2 * third, end_us + plan->gap_us, stays);
}

static struct emu_seen *find_seen(struct emu *e, const uint8_t *uid, size_t uid_len)
{
	for (size_t i = 0; i < e->n_seen; i++) {
		if (e->seen[i].uid_len == uid_len && memcmp(e->seen[i].uid, uid, uid_len) == 0)
			return &e->seen[i];
	}
	return NULL;
}

static void note_reported(struct emu *e, const struct pn532_card *card, int64_t at_us)
{
	struct emu_seen *s = find_seen(e, card->uid, card->uid_len);

	if (!s)
		return;
	s->selects++;
	s->selected_us = at_us;
	if (s->first_us)
		return;
	s->first_us = at_us;
	if (s->stay_us >= 0)
		s->leave_us = at_us + s->stay_us;
}

/* The answer is there: what the plan leaves of it goes out. */
static void finish(struct emu *e, struct pn532_answer *answer, const struct emu_plan *plan)
{
	uint8_t frame[PN532_FRAME_MAX], line[PN532_FRAME_MAX + NOISE_MAX];
	int64_t at_us = answer->at_us + plan->late_us;
	size_t n;

	if (!plan->answer)
		return;
	if (answer->kind == PN532_ANSWER_SYNTAX) {
		n = pn532_frame_error(frame);
		answer->len = 0; /* that frame carries no data */
	} else {
		if (plan->has_status && answer->len > 1)
			answer->data[1] = plan->status;
		n = pn532_frame_build(frame, PN532_TFI_CHIP, answer->data, answer->len);
	}
	memcpy(e->last_frame, frame, n);
	e->last_len = n;
	for (size_t i = 0; i < answer->n_listed; i++)
		note_reported(e, &answer->listed[i], at_us);
	if (plan->bad_checksum)
		frame[n - 2] ^= 0x5A;
	if (plan->mangle) {
		struct emu_plan drawn = *plan;
		n = mangle(e, frame, n, answer, line, &drawn);
		send_answer(e, line, n, at_us, &drawn);
		return;
	}
	if (!plan->noise) {
		send_answer(e, frame, n, at_us, plan);
		return;
	}
	n = add_noise(e, frame, n, answer, line);
	send_answer(e, line, n, at_us, plan);
}

static void look(struct emu *e, int64_t now_us)
{
	struct pn532_answer answer;

	if (!e->chip.looking)
		return;
	pn532_chip_look(&e->chip, now_us, &answer);
	if (answer.kind == PN532_ANSWER_DATA)
		finish(e, &answer, &e->plan);
}

static void take_command(struct emu *e, int64_t at_us)
{
	struct pn532_answer answer;
	uint8_t ack[PN532_PLAIN_MAX];
	uint8_t code = e->parser.data[0];

	if (!e->chip.awake) {
		e->lost_frames++;
		return;
	}
	e->commands++;
	e->polls += code == PN532_IN_LIST_PASSIVE_TARGET;
	e->set_ups += code == PN532_SAM_CONFIGURATION;
	struct emu_plan plan = emu_faults_plan(&e->faults, code);
	cancel_output(e, at_us);
	if (plan.dead) {
		pn532_chip_abort(&e->chip);
		return;
	}
	int64_t start_us = at_us;
	if (plan.ack)
		start_us = put_on_line(e, ack, pn532_frame_ack(ack), at_us, false);
	pn532_chip_command(&e->chip, e->parser.data, e->parser.len, start_us, &answer);
	if (answer.kind == PN532_ANSWER_LATER)
		e->plan = plan;
	else if (answer.kind != PN532_ANSWER_NONE)
		finish(e, &answer, &plan);
}

static void take_event(struct emu *e, enum pn532_event event, int64_t at_us)
{
	switch (event) {
	case PN532_EVENT_NONE:
		return;
	case PN532_EVENT_WAKE:
		pn532_chip_wake(&e->chip);
		return;
	case PN532_EVENT_ACK: /* the host gives up on the command */
		pn532_chip_abort(&e->chip);
		cancel_output(e, at_us);
		return;
	case PN532_EVENT_NACK:
		if (e->last_len)
			put_on_line(e, e->last_frame, e->last_len, at_us, false);
		return;
	case PN532_EVENT_FRAME:
		if (e->parser.tfi == PN532_TFI_HOST && e->parser.len)
			take_command(e, at_us);
		else
			e->bad_frames++;
		return;
	case PN532_EVENT_BAD_LENGTH:
	case PN532_EVENT_BAD_CHECKSUM: /* not heard at all: the host misses its ACK */
		e->bad_frames++;
		return;
	}
}

void emu_receive(struct emu *e, const uint8_t *bytes, size_t n, int64_t now_us)
{
	emu_advance(e, now_us);
	if (e->rx_free_us < now_us)
		e->rx_free_us = now_us;
	int64_t from_us = e->rx_free_us;
	for (size_t i = 0; i < n; i++) {
		e->rx_free_us = from_us + line_us(e, i + 1);
		take_event(e, pn532_parser_push(&e->parser, bytes[i]), e->rx_free_us);
	}
}

static void take_away(struct emu *e, struct emu_seen *s)
{
	s->leave_us = PN532_FOR_EVER;
	s->stay_us = -1;
	pn532_field_remove(&e->chip.field, s->uid, s->uid_len);
}

void emu_advance(struct emu *e, int64_t now_us)
{
	for (size_t i = 0; i < e->n_seen; i++) {
		if (e->seen[i].leave_us <= now_us)
			take_away(e, &e->seen[i]);
	}
	if (e->chip.looking && e->chip.look_until_us <= now_us)
		look(e, now_us);
}

size_t emu_send(struct emu *e, uint8_t *out, int64_t now_us)
{
	if (!e->n_pieces || e->piece[0].due_us > now_us)
		return 0;
	size_t n = e->piece[0].len;
	memcpy(out, e->piece[0].bytes, n);
	e->n_pieces--;
	memmove(&e->piece[0], &e->piece[1], e->n_pieces * sizeof(e->piece[0]));
	return n;
}

int64_t emu_next_us(const struct emu *e)
{
	int64_t next_us = e->n_pieces ? e->piece[0].due_us : PN532_FOR_EVER;

	if (e->chip.looking && e->chip.look_until_us < next_us)
		next_us = e->chip.look_until_us;
	for (size_t i = 0; i < e->n_seen; i++) {
		if (e->seen[i].leave_us < next_us)
			next_us = e->seen[i].leave_us;
	}
	return next_us;
}

static bool is_in_field(const struct emu *e, const struct emu_seen *s)
{
	for (size_t i = 0; i < e->chip.field.n; i++) {
		if (pn532_card_same(&e->chip.field.card[i], s->uid, s->uid_len))
			return true;
	}
	return false;
}

/* Of the cards that have gone, the one placed longest ago. Fewer fit a field than are remembered. */
static struct emu_seen *oldest_seen(struct emu *e)
{
	struct emu_seen *oldest = NULL;

	for (size_t i = 0; i < e->n_seen; i++) {
		struct emu_seen *s = &e->seen[i];
		if (!is_in_field(e, s) && (!oldest || s->placed_us < oldest->placed_us))
			oldest = s;
	}
	assert(oldest);
	return oldest;
}

static struct emu_seen *new_seen(struct emu *e, const struct pn532_card *card)
{
	struct emu_seen *s = find_seen(e, card->uid, card->uid_len);

	if (s)
		return s;
	s = e->n_seen < EMU_SEEN_MAX ? &e->seen[e->n_seen++] : oldest_seen(e);
	memset(s, 0, sizeof(*s));
	memcpy(s->uid, card->uid, card->uid_len);
	s->uid_len = card->uid_len;
	return s;
}

static const char *place(struct emu *e, const struct pn532_card *card, int64_t now_us,
	int64_t leave_us, int64_t stay_us)
{
	if (pn532_field_place(&e->chip.field, card) < 0)
		return "the field is full";
	struct emu_seen *s = new_seen(e, card);
	s->placed_us = now_us;
	s->first_us = 0;
	s->leave_us = leave_us;
	s->stay_us = stay_us;
	return NULL;
}

static const char *tap(struct emu *e, const struct emu_command *c, int64_t now_us)
{
	int64_t us = c->ms * 1000;
	const char *reason = place(e, &c->card, now_us,
		c->until_read ? PN532_FOR_EVER : now_us + us, c->until_read ? us : -1);

	look(e, now_us);
	return reason;
}

static void remove_all(struct emu *e)
{
	for (size_t i = 0; i < e->n_seen; i++)
		take_away(e, &e->seen[i]);
	pn532_field_clear(&e->chip.field);
}

static const char *place_two(struct emu *e, const struct emu_command *c, int64_t now_us)
{
	remove_all(e);
	place(e, &c->card, now_us, PN532_FOR_EVER, -1);
	place(e, &c->second, now_us, PN532_FOR_EVER, -1);
	e->chip.field.alternate = true;
	look(e, now_us);
	return NULL;
}

static const char *remove_card(struct emu *e, const struct emu_command *c)
{
	if (!c->card.uid_len) {
		remove_all(e);
		return NULL;
	}
	struct emu_seen *s = find_seen(e, c->card.uid, c->card.uid_len);
	if (!s || !pn532_field_remove(&e->chip.field, s->uid, s->uid_len))
		return "that card isn't there";
	take_away(e, s);
	return NULL;
}

static const char *do_fault(struct emu *e, const struct emu_armed *armed)
{
	switch (armed->fault) {
	case EMU_FAULT_UNPLUG:
		e->plugged = false;
		return NULL;
	case EMU_FAULT_PLUG:
		e->plugged = true;
		return NULL;
	case EMU_FAULT_RESET:
		pn532_chip_reset(&e->chip);
		cancel_output(e, 0);
		return NULL;
	case EMU_FAULT_BROWNOUT:
		pn532_chip_reset(&e->chip);
		pn532_chip_wake(&e->chip);
		cancel_output(e, 0);
		return NULL;
	case EMU_FAULT_NONE:
	case EMU_FAULT_NO_ACK:
	case EMU_FAULT_ACK_ONLY:
	case EMU_FAULT_DROP:
	case EMU_FAULT_MUTE:
	case EMU_FAULT_BAD_CHECKSUM:
	case EMU_FAULT_SPLIT:
	case EMU_FAULT_NOISE:
	case EMU_FAULT_MANGLE:
	case EMU_FAULT_LATE:
	case EMU_FAULT_STATUS:
		break;
	}
	return emu_faults_arm(&e->faults, armed) < 0 ? "too many faults armed" : NULL;
}

const char *emu_execute(struct emu *e, const struct emu_command *command, int64_t now_us)
{
	const char *reason;

	emu_advance(e, now_us);
	switch (command->verb) {
	case EMU_VERB_PLACE:
		reason = place(e, &command->card, now_us, PN532_FOR_EVER, -1);
		look(e, now_us);
		return reason;
	case EMU_VERB_TAP:
		return tap(e, command, now_us);
	case EMU_VERB_TWO:
		return place_two(e, command, now_us);
	case EMU_VERB_REMOVE:
		return remove_card(e, command);
	case EMU_VERB_EVERY_SECOND:
		e->chip.field.every_second = command->on;
		e->chip.field.turn = 0;
		return NULL;
	case EMU_VERB_FAULT:
		return do_fault(e, &command->fault);
	case EMU_VERB_CLEAR:
		emu_faults_clear(&e->faults);
		return NULL;
	case EMU_VERB_NONE:
	case EMU_VERB_STATE:
	case EMU_VERB_WAIT:
	case EMU_VERB_WAIT_POLL:
		return NULL;
	}
	return NULL;
}

void emu_unplugged(struct emu *e)
{
	e->n_pieces = 0;
	e->rx_free_us = 0;
	e->tx_free_us = 0;
	pn532_parser_init(&e->parser);
	pn532_chip_reset(&e->chip);
}

/* Text that grows; once it doesn't fit any more it stays so. */
struct text {
	char *out;
	size_t room, len;
	bool cut;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
	va_list args;

	if (t->cut)
		return;
	va_start(args, format);
	int n = vsnprintf(t->out + t->len, t->room - t->len, format, args);
	va_end(args);
	t->cut = n < 0 || (size_t)n >= t->room - t->len;
	if (!t->cut)
		t->len += (size_t)n;
}

static void add_seen(struct text *t, const struct emu_seen *s, bool first)
{
	char uid[2 * PN532_UID_MAX + 1];

	emu_script_uid(s->uid, s->uid_len, uid);
	add(t, "%s{\"uid\":\"%s\",\"selects\":%u,\"placed_us\":%" PRId64, first ? "" : ",", uid,
		s->selects, s->placed_us);
	add(t, ",\"first_us\":%" PRId64 ",\"selected_us\":%" PRId64 "}", s->first_us,
		s->selected_us);
}

size_t emu_state(const struct emu *e, const uint8_t *uid, size_t uid_len, char *out, size_t room)
{
	struct text t = { .out = out, .room = room };
	const struct pn532_field *field = &e->chip.field;
	char hex[2 * PN532_UID_MAX + 1];
	bool first = true;

	add(&t, "{\"polls\":%u,\"commands\":%u,\"bad_frames\":%u,\"lost_frames\":%u", e->polls,
		e->commands, e->bad_frames, e->lost_frames);
	add(&t, ",\"set_ups\":%u,\"mangled\":%u", e->set_ups, e->mangled);
	add(&t, ",\"plugged\":%s,\"awake\":%s,\"in_field\":[", e->plugged ? "true" : "false",
		e->chip.awake ? "true" : "false");
	for (size_t i = 0; i < field->n; i++) {
		emu_script_uid(field->card[i].uid, field->card[i].uid_len, hex);
		add(&t, "%s\"%s\"", i ? "," : "", hex);
	}
	add(&t, "],\"faults\":[");
	for (size_t i = 0; i < e->faults.n; i++)
		add(&t, "%s\"%s\"", i ? "," : "", emu_fault_name(e->faults.armed[i].fault));
	add(&t, "],\"cards\":[");
	for (size_t i = 0; i < e->n_seen; i++) {
		const struct emu_seen *s = &e->seen[i];
		if (uid && (s->uid_len != uid_len || memcmp(s->uid, uid, uid_len) != 0))
			continue;
		add_seen(&t, s, first);
		first = false;
	}
	add(&t, "]}");
	return t.cut ? 0 : t.len;
}
