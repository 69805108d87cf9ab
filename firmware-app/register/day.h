/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/day.h: one date in memory: what is known of each pupil's half days, and its alerts.
 *
 * DESIGN. Built from the database against one roster, and thrown away with it: a changed roster, a
 * failed COMMIT or a check-in of a higher revision drop the day, and the next event builds it anew. So
 * there is one way in which facts become marks, and a restart can't differ from what ran before.
 * Allocates once, at create. Not here: what follows from the facts (register/step.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/absence.h"
#include "core/alert.h"
#include "core/checkin.h"
#include "core/civil.h"
#include "core/mark.h"
#include "core/roster.h"
#include "store/register_store.h"
#include "wire/wire.h"

#define DAY_GATES_MAX 64 /* register.gates */
#define DAY_UNKNOWN_MAX 500 /* alerts of unknown cards a day; more would be a flood, not news */
#define DAY_NO_ALERT (-1)

/* The rules of the configuration as the register uses them. */
struct day_rules {
	int opens_before_min, late_grace_min, absent_after_min, absent_hold_s, mass_percent;
	bool carry; /* rules.afternoon */
};

/* One pupil's half day: facts above, what followed below. */
struct day_half {
	int64_t tap_at_ms; /* earliest tap under a clock that judges; negative: none */
	char tap_gate[CHECKIN_GATE_MAX];
	bool unjudged; /* a tap came that has no verdict */
	bool seen; /* a person said "was present" */
	bool excused; /* a person said so; those of the roster come beside it */
	char code; /* that a person entered; 0: none */
	int32_t said; /* index into corrections; DAY_NO_ALERT: nobody said anything */
	enum mark_decided decided;

	struct mark mark;
	struct mark stored; /* as the database has it */
	int64_t stored_at_ms; /* likewise: arrived_at; negative: none */
	int32_t alert; /* index into alerts */
};

struct day_pupil {
	struct day_half half[2]; /* 0 am, 1 pm */
};

/* A class's half day. */
struct day_class {
	const struct timetable_slot *slot; /* NULL: no lessons */
	int64_t start_ms, cutoff_ms, end_ms; /* instants; with a slot */
	enum absence_verdict verdict; /* of the last look */
	enum absence_verdict
		asked; /* every pupil's mark of now has been asked with this one, or a lower one */
	int32_t alert; /* class_missing */
	int expected, missing, late; /* of the last count */
};

/* Taps of a gate that have no time: they were made at some moment before the newest of them came. */
struct day_undated {
	char gate[CHECKIN_GATE_MAX];
	int64_t before_ms;
};

struct day {
	struct civil_date date;
	const struct roster *roster; /* borrowed */
	const struct civil_zone *zone; /* borrowed */
	struct day_rules rules;
	struct day_pupil *pupils; /* as roster->pupils */
	struct day_class *classes; /* [2 * class], am and pm */
	size_t *by_class; /* indexes of pupils, class after class: no walk over the school for each */
	size_t *class_from; /* [n_classes + 1]: where a class begins in by_class, and where the last one ends */
	int64_t first_end_ms[2],
		last_end_ms[2]; /* of the classes' halves; negative: nobody has lessons */
	int32_t gate_alert[DAY_GATES_MAX][2];
	size_t n_alerts, max_alerts;
	struct alert
		*alerts; /* room for all that one day can raise; untouched pages cost nothing */
	size_t n_unknown; /* alerts of unknown cards */
	size_t n_undated; /* gates that told taps without a time */
	struct day_undated undated[DAY_GATES_MAX];
	size_t n_corrections; /* at most one a half day */
	struct register_store_correction
		*corrections; /* room for all; untouched pages cost nothing */
	bool changed[2]; /* the counts of a half day; taken back by who publishes them */
	bool counts_changed[2]; /* likewise, for the public ones */
};

/** day_create() - an empty day. @roster, @zone: borrowed for its life. Return: NULL where memory is out. */
struct day *day_create(const struct roster *roster, const struct civil_zone *zone,
	const struct day_rules *rules, struct civil_date date);

/** day_destroy() - accepts NULL. */
void day_destroy(struct day *day);

/**
 * day_has_time() - a check-in's own time can be believed: its clock judged, and it doesn't lie ahead.
 * @received_ms: when it came, by the register's clock; a gate that is ahead of it by minutes is a gate that is wrong,
 * whatever its kernel says
 */
bool day_has_time(const struct checkin *c, int64_t received_ms);

/** day_is_undated() - a gate has told taps without a time that may have been made after @from_ms. */
bool day_is_undated(const struct day *day, const char *gate, int64_t from_ms);

/** day_of_checkin() - the date a check-in belongs to: of its own time where it has one, else of the
 * moment when it came, since its own time says nothing. */
struct civil_date day_of_checkin(
	const struct civil_zone *zone, const struct checkin *c, int64_t received_ms);

/* Whose tap it is by the register's own data, which may be newer than the gate's. */
enum day_whose {
	DAY_NOBODY, /* a blocked card, or a pupil who isn't here any more */
	DAY_UNKNOWN_CARD,
	DAY_PUPIL,
};

/** day_whose() - @ret_pupil: index into the roster's pupils, with DAY_PUPIL. */
enum day_whose day_whose(const struct day *day, const struct checkin *c, size_t *ret_pupil);

/**
 * day_add_tap() - take a check-in among the facts.
 * @pupil: as day_whose() said
 * Return: the half day whose facts changed, or HALFDAY_NONE: outside of any, or not the earliest.
 */
enum halfday day_add_tap(
	struct day *day, const struct checkin *c, int64_t received_ms, size_t pupil);

/** day_note_undated() - remember that this check-in's gate has a tap without a time; nothing where it has one. */
void day_note_undated(struct day *day, const struct checkin *c, int64_t received_ms);

/** day_load_checkin() - day_note_undated(), day_whose() and day_add_tap(), while building. */
void day_load_checkin(struct day *day, const struct checkin *c, int64_t received_ms);

/** day_load_mark() - what the database keeps for a pupil, while building; ignored for strangers. */
void day_load_mark(struct day *day, int64_t pupil, enum halfday half, enum mark_value value,
	int minutes_late, int64_t arrived_at_ms);

/** day_doubt() - what was surely decided isn't any more: taps were lost, and are sent again. Before the day is settled. */
void day_doubt(struct day *day);

/** day_load_alert() - while building. @gates: register.gates, @n_gates. */
void day_load_alert(struct day *day, const struct alert *alert, char (*gates)[CHECKIN_GATE_MAX],
	size_t n_gates);

/** day_correct() - what people say of a pupil's half day now, in place of what they said before.
 * @correction: its pupil, day and half are of this day and roster. Return: false for strangers. */
bool day_correct(struct day *day, const struct register_store_correction *correction);

/** day_correction() - what people said of a pupil's half day so far; with nothing said all is empty but
 * pupil, day and half. @pupil: index into the roster's */
void day_correction(const struct day *day, size_t pupil, enum halfday half,
	struct register_store_correction *ret_correction);

/** day_says_absent() - a code that is an absence and no excuse: B. @code: 0 none
 * Source: domain.md section 2, "Three layers". */
bool day_says_absent(const struct day *day, char code);

/** day_alert_new() - room for one more; NULL where the day is full. Not raised yet. */
struct alert *day_alert_new(struct day *day, int32_t *ret_index);

/** day_alert_find() - by id; DAY_NO_ALERT where there is none. Linear: for the few that have no owner. */
int32_t day_alert_find(const struct day *day, const char *id);

/** day_class_of() - a class's half day. */
struct day_class *day_class_of(const struct day *day, size_t class_index, enum halfday half);

/** day_half_of() - a pupil's half day. */
struct day_half *day_half_of(const struct day *day, size_t pupil, enum halfday half);

/** day_ends() - when the last class ends that half day; negative: nobody has lessons. */
int64_t day_ends(const struct day *day, enum halfday half);

/** day_counts() - by class, those with lessons, in order of name.
 * @ret_classes: room for @max. Return: how many. */
size_t day_counts(
	const struct day *day, enum halfday half, struct wire_day_class *ret_classes, size_t max);
