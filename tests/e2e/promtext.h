/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/promtext.h: is this Prometheus' text format, version 0.0.4, as node_exporter's textfile collector takes it?
 *
 * Source: prometheus.io, "Exposition formats"; what the collector refuses beyond it: a timestamp, a metric whose lines
 * don't stand together, a sample that comes twice.
 */
#pragma once

#include <stdbool.h>

#define PROMTEXT_REASON_MAX 300

/** promtext_check() - Return: 0, or the number of the first bad line with *ret_reason (PROMTEXT_REASON_MAX bytes). */
int promtext_check(const char *text, char *ret_reason);

/** promtext_value() - a sample's value. @sample: name, or name and a label as it stands there ("gate=\"gate-1\"")
 * Return: whether there is one. */
bool promtext_value(const char *text, const char *name, const char *label, double *ret_value);
