/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/brussels.h: the clock changes of Brussels from 2019 to 2030, by hand.
 *
 * By the rule of Directive 2000/84/EC: 01:00 UTC on the last Sunday of March and of October. So the
 * tests of core need neither tzdata nor sys/zone; sys/zone's own test compares the two.
 */
#pragma once

#include "core/civil.h"
#include "unit/unit.h"

#define HMS(h, m, s) (((h)*60 + (m)) * 60 + (s))
#define HMS_MS(h, m, s, ms) (HMS(h, m, s) * 1000 + (ms))
#define WINTER_S 3600
#define SUMMER_S 7200

static const struct {
	struct civil_date spring, autumn; /* both Sundays */
	int64_t spring_s, autumn_s;
} brussels_year[] = {
	{ { 2019, 3, 31 }, { 2019, 10, 27 }, 1553994000, 1572138000 },
	{ { 2020, 3, 29 }, { 2020, 10, 25 }, 1585443600, 1603587600 },
	{ { 2021, 3, 28 }, { 2021, 10, 31 }, 1616893200, 1635642000 },
	{ { 2022, 3, 27 }, { 2022, 10, 30 }, 1648342800, 1667091600 },
	{ { 2023, 3, 26 }, { 2023, 10, 29 }, 1679792400, 1698541200 },
	{ { 2024, 3, 31 }, { 2024, 10, 27 }, 1711846800, 1729990800 },
	{ { 2025, 3, 30 }, { 2025, 10, 26 }, 1743296400, 1761440400 },
	{ { 2026, 3, 29 }, { 2026, 10, 25 }, 1774746000, 1792890000 },
	{ { 2027, 3, 28 }, { 2027, 10, 31 }, 1806195600, 1824944400 },
	{ { 2028, 3, 26 }, { 2028, 10, 29 }, 1837645200, 1856394000 },
	{ { 2029, 3, 25 }, { 2029, 10, 28 }, 1869094800, 1887843600 },
	{ { 2030, 3, 31 }, { 2030, 10, 27 }, 1901149200, 1919293200 },
};

static inline struct civil_zone brussels_zone(void)
{
	struct civil_zone zone = { 0 };
	civil_zone_add(&zone, 1540688400, WINTER_S); /* 28 October 2018 */
	for (size_t i = 0; i < ARRAY_LEN(brussels_year); i++) {
		civil_zone_add(&zone, brussels_year[i].spring_s, SUMMER_S);
		civil_zone_add(&zone, brussels_year[i].autumn_s, WINTER_S);
	}
	return zone;
}
