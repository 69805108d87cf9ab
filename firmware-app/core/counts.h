/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core/counts.h: the numbers of a half day that leave the school, without persons or classes.
 *
 * Pure. Groups are years of study; a group under COUNTS_GROUP_MIN pupils is left out, and with it the
 * total where that would give a hidden group back. Not here: adding up over a period, which anyone can
 * do with what is public. Source: contract, counts.json; domain.md section 7 rule 7, R22.
 */
#pragma once

#include <stddef.h>

#include "core/timetable.h"

#define COUNTS_GROUP_MIN 5 /* pupils; counts.json */
#define COUNTS_GROUP_MAX 21 /* bytes with the zero; digits of a class name, 20 characters at most */

/* One class's half day, or one group's. What is missing to expected is unconfirmed or awaited. */
struct counts_numbers {
	int expected, present, late, absent, excused; /* pupils, 0 or more; absent: confirmed */
};

struct counts_class {
	const char *class_name; /* borrowed for the call */
	struct counts_numbers numbers;
};

struct counts_group {
	char group[COUNTS_GROUP_MAX]; /* digits, "other" or "all" */
	struct counts_numbers numbers;
};

struct counts_result {
	size_t n_groups; /* that are shown */
	int withheld; /* groups left out for their size; "all" is not counted among them */
};

/** counts_group_of() - the digits that a class name begins with, "other" where it begins with none.
 * @ret_group: COUNTS_GROUP_MAX bytes; digits beyond 20 are cut */
void counts_group_of(const char *class_name, char *ret_group);

/**
 * counts_of() - the groups of a half day as they may be public.
 * @classes: @n_classes in any order; a class that expects nobody makes no group
 * @ret_groups: room for @n_classes + 1
 *
 * In order: years of study from the lowest, "other", "all". "all" is left out where exactly one group
 * is withheld, since the difference would be that group, and where all that is withheld together are
 * under COUNTS_GROUP_MIN pupils: they would be a group of that size as well. Can't fail.
 */
struct counts_result counts_of(
	const struct counts_class *classes, size_t n_classes, struct counts_group *ret_groups);
