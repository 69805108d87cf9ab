/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kiosk/step.h: what a gate does with each thing that happens to it.
 *
 * DESIGN. Pure: state, one input and the time go in; changed state and effects come out. No clock, no I/O, no
 * allocation, no identifiers drawn. The caller stores the effects' rows in one transaction and only then sends
 * their views; where that fails it calls kiosk_refuse() first, and no view says that anything was stored.
 * Source: contract, local.md (views), topics.md (half days, delivery); architecture.md "The kiosk's loop".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/checkin.h"
#include "core/roster.h"
#include "sys/clock.h"
#include "wire/local.h"

#define KIOSK_INPUTS_PER_TURN 64 /* a bounded batch: one transaction holds at most so many taps */
#define KIOSK_RECENT_MAX 4096 /* taps remembered for repeats: three a second over 20 minutes */
#define KIOSK_IN_SLOTS                                                                             \
	65536 /* a power of two, three times ROSTER_PUPILS_MAX: the table stays sparse */
#define KIOSK_OVERVIEW_MS 8000 /* time to read fifteen days; then it closes by itself */
#define KIOSK_THANKS_MS                                                                            \
	3000 /* a talk was asked for: time to read that, and then nothing of it stays */
#define KIOSK_TAP_AGE_MAX_MS                                                                       \
	60000 /* a card seen longer ago than this is dated when it was received */

/* What of the configuration decides; fixed while the program runs. */
struct kiosk_settings {
	char gate[CHECKIN_GATE_MAX];
	struct uuid boot; /* the kernel's boot id */
	const struct civil_zone
		*zone; /* borrowed for the state's life; NULL: no zone, no verdicts */
	double clock_speed; /* of a simulated clock; 1 otherwise */
	int opens_before_min, late_grace_min;
	int repeat_s;
	int result_ms;
	enum wire_names show_name;
	bool overview, talk;
	bool carry; /* rules.afternoon = carry: in the morning is in for the afternoon */
};

enum kiosk_input_kind {
	KIOSK_INPUT_TICK, /* nothing but time passed */
	KIOSK_INPUT_CARD,
	KIOSK_INPUT_TWO_CARDS,
	KIOSK_INPUT_READER, /* state of the best reader, at each change */
	KIOSK_INPUT_TOUCH,
	KIOSK_INPUT_ARRIVAL, /* another gate's pupil is in */
	KIOSK_INPUT_OFFLINE, /* the broker came or went */
	KIOSK_INPUT_STORE, /* whether taps can be stored */
};

struct kiosk_input {
	enum kiosk_input_kind kind;
	/* CARD: the UID stays in main.c; here are its form and its hash. */
	enum card_form form;
	struct card_hash card;
	struct uuid id; /* drawn by the caller, used if a check-in is made; also of TOUCH */
	int64_t seen_us; /* CLOCK_MONOTONIC; also of TWO_CARDS */
	bool flag; /* READER: ok; OFFLINE: offline; STORE: usable */
	enum wire_touch touch;
	struct uuid touched; /* TOUCH: the check-in of the view that was touched; none: not said */
	struct wire_arrival arrival;
};

/* A tap that was accepted, so that the same card within repeat_s is the same tap. */
struct kiosk_recent {
	struct card_hash card;
	int64_t boot_ms;
	int64_t pupil;
	struct uuid id;
	enum wire_view_result result;
};

/* Who is in, today: bit 0 the morning, bit 1 the afternoon. */
struct kiosk_in {
	int64_t pupil; /* 0: free slot */
	unsigned char halves;
};

struct kiosk_state {
	struct kiosk_settings settings;
	const struct roster *
		roster; /* borrowed; NULL: no gates/data yet. Swapped by the caller between steps */
	struct wire_view view; /* as it stands */
	bool shown; /* a view has been made at all */
	int64_t view_pupil; /* whose result or overview it shows; 0: nobody's */
	int64_t view_ends_us; /* CLOCK_MONOTONIC at which it gives way; negative: it stays */
	bool reader_ok, store_ok, offline;
	enum checkin_clock clock;
	int64_t complete_ms; /* no tap is dated at or before this: the register was told that all up to it are in the log */
	size_t n_recent; /* ever added; the ring holds the last KIOSK_RECENT_MAX */
	struct kiosk_recent recent[KIOSK_RECENT_MAX];
	struct civil_date in_date;
	size_t n_in;
	struct kiosk_in in[KIOSK_IN_SLOTS];
};

struct kiosk_effects {
	size_t n_rows;
	struct checkin rows[KIOSK_INPUTS_PER_TURN]; /* to be stored; log and seq are the store's */
	size_t n_views;
	struct wire_view views[KIOSK_INPUTS_PER_TURN]; /* in order; the last one is state.view */
	bool about_to_store; /* a "reading" view may be sent before the commit: reading */
	struct wire_view reading;
};

/** kiosk_init() - the state of a gate that has just started: idle, no reader heard yet. */
void kiosk_init(struct kiosk_state *state, const struct kiosk_settings *settings);

/** kiosk_remember() - a check-in found in the database at start: who is in, and which cards were read a moment ago.
 * Oldest first, each revision. */
void kiosk_remember(struct kiosk_state *state, const struct checkin *row, const struct now *now);

/**
 * kiosk_step() - one input.
 * @fx: appended to; at most one row and one view an input, so KIOSK_INPUTS_PER_TURN inputs fit
 */
void kiosk_step(struct kiosk_state *state, const struct kiosk_input *input, const struct now *now,
	struct kiosk_effects *fx);

/**
 * kiosk_redate() - a tap of this boot that was stored while the clock could not be trusted, now that it can.
 * @row: as it was stored; becomes its next revision, dated by CLOCK_BOOTTIME and judged by the roster of now
 *
 * Who is in and which cards were read follow at once: the tap itself is a fact, stored before. Doing it a second time
 * (the row could not be stored) gives the same.
 */
void kiosk_redate(struct kiosk_state *state, struct checkin *row, const struct now *now);

/** kiosk_clock_set() - each turn: who is in on a day that is still to come, by a clock that judges, is forgotten. Not
 * only as the clock jumps: a daemon may set it first and call it synchronised later.
 * Return: whether it was, and kiosk_remember() should bring back who is in today. */
bool kiosk_clock_set(struct kiosk_state *state, const struct now *now);

/** kiosk_number() - number the views of a turn in the order in which they are sent, "reading" first. Once, after the
 * last kiosk_step() of the turn. */
void kiosk_number(struct kiosk_state *state, struct kiosk_effects *fx);

/** kiosk_refuse() - nothing of this turn could be stored: rows go, and every view that promised one says so.
 * After kiosk_number(). */
void kiosk_refuse(struct kiosk_state *state, const struct now *now, struct kiosk_effects *fx);

/** kiosk_next_ms() - real milliseconds until a TICK could change the view by itself: 0 now, -1 never. */
int64_t kiosk_next_ms(const struct kiosk_state *state, const struct now *now);
