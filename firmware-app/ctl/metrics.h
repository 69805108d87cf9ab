/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ctl/metrics.h: a unit's figures in Prometheus' text format, for node_exporter's textfile collector.
 *
 * Made of the program's own `status`, so the program writes nothing outside its folders, and a figure is what the program
 * knows. No pupil, no card, no alert by name. Source: contract, programs.md "metrics"; prometheus.io, exposition formats.
 */
#pragma once

#include <stdint.h>

#include "sys/config.h"
#include "wire/request.h"

struct metrics {
	const struct config *config;
	const struct wire_node
		*status; /* NULL: the program doesn't answer, and schoolpoort_up is 0 */
	int64_t now_ms; /* this machine's own time */
	int64_t cert_until_ms; /* end of broker.cert_file; 0: there is none, or it can't be read */
	const struct updates
		*updates; /* ctl/doctor.h; NULL: this machine doesn't get its releases so */
};

/** metrics_text() - for free(). NULL: memory is out. */
char *metrics_text(const struct metrics *m);
