/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * register/figures.h: figures out of marks: each pupil's own, and those that are public.
 *
 * DESIGN. What is public is told once, when the half day is over for the whole school, and again only
 * where the same people have other marks (figures_may_follow()). Rejected: numbers while the half day
 * runs. Each tap would be a difference of one between two messages, beside a gate where anybody can see
 * who comes; and a group that grows over five, or under it, between two messages would give back by
 * subtraction what each message alone keeps hidden. Source: domain.md R16, R22; counts.json.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/counts.h"
#include "register/day.h"
#include "store/register_store.h"

#define FIGURES_LATE_DAYS 30 /* late_30_days: calendar days before today */
#define FIGURES_RECENT_BACK                                                                        \
	40 /* days in which recent is looked for; so far back the roster knows days off */

/**
 * figures_fill() - each pupil's own figures into the roster, from the marks that are kept.
 * @roster: indexed; of @today, for its days off
 *
 * late_30_days: half days with L on the 30 days up to and including yesterday. recent: the last school
 * days of the pupil's class up to yesterday, at most ROSTER_RECENT_MAX, oldest first; days before the
 * pupil's first mark are left out, so a newcomer's begins where the pupil did. Never today's: it isn't
 * final, and the figures stay the same however often gates/data is made in a day.
 * One query; blocks for a read of some 100,000 rows. Return: 0 or a store_err, the roster's records
 * then as far as they came.
 */
int figures_fill(struct register_store *s, struct roster *roster, struct civil_date today);

/** figures_counts() - a half day as it may be public.
 * @ret_groups: room for WIRE_DAY_CLASSES_MAX + 1. Return: 0 and *ret_result, or -1: memory is out. */
int figures_counts(const struct day *day, enum halfday half, struct counts_group *ret_groups,
	struct counts_result *ret_result);

/** figures_may_follow() - whether numbers may be told after those that were told of the same half day: the
 * same groups, each with as many pupils, as many groups withheld, and another number somewhere. */
bool figures_may_follow(const struct register_store_counts *told, const struct counts_group *groups,
	const struct counts_result *result);
