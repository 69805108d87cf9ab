/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/night.h: when a unit does what it shouldn't do by day: copies, checks, giving room back.
 *
 * Pure.
 */
#pragma once

#include <stdbool.h>

#include "core/civil.h"

#define NIGHT_FROM_S (2 * 3600) /* seconds of the school's day; nobody is at a gate */
#define NIGHT_UNTIL_S (5 * 3600)
#define NIGHT_CHECK_DAYS 7 /* between two whole checks of a database */

/**
 * night_due() - whether tonight's work is to be done now.
 * @now: by the school's wall clock, which must be one that judges
 * @last: the date on which it was done last; all zero: never
 *
 * Once a date, also where the clocks are set back in between.
 */
bool night_due(struct civil_local now, struct civil_date last);
