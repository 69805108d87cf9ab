/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/wire_samples.h: one full and one spare value of each message, for the round trips and for the
 * examples that are validated against the schemas. Invented pupils.
 */
#pragma once

#include "core/roster.h"
#include "wire/local.h"
#include "wire/wire.h"

#define SAMPLE_AT_MS INT64_C(1795415400000) /* 2026-11-23T06:30:00Z */

extern const struct uuid sample_log, sample_id, sample_boot;
extern const struct card_hash sample_hash;
extern const struct civil_date sample_date; /* 2026-11-23, a Monday */
extern const struct wire_context sample_brussels; /* +01:00, no rehearsal */

/** sample_checkin() - late, with all members. */
struct checkin sample_checkin(void);
/** sample_checkin_spare() - an unknown card while the clock is unknown, with as little as may be. */
struct checkin sample_checkin_spare(void);
/** sample_confirm() - @n_refused of up to WIRE_REFUSED_MAX. */
void sample_confirm(struct wire_confirm *ret_confirm, size_t n_refused);
/** sample_gate_state() - with all members. */
struct wire_gate_state sample_gate_state(void);
/** sample_gate_state_spare() - a will that knows nothing. */
struct wire_gate_state sample_gate_state_spare(void);
/** sample_register_state() - with all members. */
struct wire_register_state sample_register_state(void);
/** sample_register_state_spare() */
struct wire_register_state sample_register_state_spare(void);
/** sample_arrival() */
struct wire_arrival sample_arrival(void);
/** sample_alert() - with all members. */
struct alert sample_alert(void);
/** sample_alert_spare() - open, with as little as may be. */
struct alert sample_alert_spare(void);
/** sample_roster() - indexed, for roster_destroy(). @n_pupils with a card, a record, a language. */
struct roster *sample_roster(size_t n_pupils);
/** sample_command() - with all members, though no command needs them all. */
struct wire_command sample_command(void);
/** sample_reply() - with all members. */
struct wire_reply sample_reply(void);
/** sample_view() - of a state, with all members that this state has. */
struct wire_view sample_view(enum wire_view_state state);
