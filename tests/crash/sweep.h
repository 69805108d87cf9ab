/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * crash/sweep.h: one piece of work, the power cut at each of its moments, and what must hold after it.
 *
 * A piece of work says after each of its steps that it is stored (sweep_told); what the database holds then is remembered. After a
 * cut with k steps told the database must open by itself, pass integrity_check, and hold exactly what it held after step k or, the
 * next step having been under way, after step k + 1: nothing lost, nothing twice, nothing half.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crash/powerloss.h"

#define SWEEP_STEPS_MAX 64
#define SWEEP_PATH_MAX 320

struct sweep; /* opaque */

/* All functions get the folder in which they work. */
struct sweep_work {
	const char *name;
	const char *file; /* of the database in the folder */
	void (*prepare)(const char *dir); /* before; the power stays on. NULL: an empty folder */
	void (*work)(struct sweep *s, const char *dir);
	/* What a unit does when the power is back: the store's own open, and close. @told: steps */
	void (*recover)(const char *dir, int told);
	/* Then it goes on: a next row, checked. @nth: 1, 2 … as often as it goes on from one cut. NULL: nothing of the kind */
	void (*next)(const char *dir, int nth);
	/* What the work promises besides, looked at before recover() on the medium as it was found; NULL: nothing. */
	void (*found)(const char *dir, int told);
	/* SQL whose rows are what counts, in order; NULL: every table, every row */
	const char *what;
};

/* How far. Of every sweep there is a short form for each run and a full one. */
struct sweep_size {
	uint64_t seeds; /* at each moment, 2 or more */
	uint64_t
		most; /* cuts of one piece of work; where there are more a seeded spread of the moments; 0: all */
	uint64_t
		firsts; /* so many seeds of a first cut are gone on from, by a second cut in the recovery */
	uint64_t every; /* of so many moments at one; 0: none is gone on from */
	uint64_t second_seeds; /* at each moment of the recovery */
	uint64_t second_most; /* cuts of one recovery; 0: all */
};

/* Figures of one sweep; sweep_add() sums them. */
struct sweep_result {
	uint64_t moments, cuts, second_cuts,
		states; /* states: folders that differed and were opened */
};

/** sweep_told() - the step that just ended was reported as stored. The database must be at rest. */
void sweep_told(struct sweep *s);

/** sweep_run() - S3, and S4 where asked for: fails the test at the first wrong thing, saying moment and seed. */
struct sweep_result sweep_run(const struct sweep_work *work, const struct sweep_size *size);

/** sweep_add() - sum up. */
void sweep_add(struct sweep_result *to, struct sweep_result more);

/** sweep_figures() - print what was done, for `./dev test`. @who: whose database; @failed: tests that failed: the first fault
 * ends a test, so none means none lost and none damaged. */
void sweep_figures(const char *who, const struct sweep_result *total, const struct sweep_size *size,
	int failed);

/** sweep_size() - full with the argument "full", else what fits into every run. @argv: main()'s */
struct sweep_size sweep_size(int argc, char **argv);

/** sweep_teardown() - of each test: says at which moment a test failed. */
int sweep_teardown(void **state);

/** sweep_folder() - a new folder in memory; @ret_dir: SWEEP_PATH_MAX bytes. */
void sweep_folder(char *ret_dir);
/** sweep_folder_remove() - it and its files. */
void sweep_folder_remove(const char *dir);
/** sweep_path() - DIR/NAME, static ring of 8. */
const char *sweep_path(const char *dir, const char *name);

/** sweep_hash() - all that a database holds that counts. @what: see struct sweep_work */
uint64_t sweep_hash(const char *path, const char *what);
/** sweep_integrity() - PRAGMA integrity_check must say ok. */
void sweep_integrity(const char *path);
/** sweep_number() - the first column of the first row of a query; 0 for none. */
int64_t sweep_number(const char *path, const char *sql);
/** sweep_exec() - statements on a database that nobody else has open. */
void sweep_exec(const char *path, const char *sql);
