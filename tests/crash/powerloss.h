/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * crash/powerloss.h: what a folder of SQLite files holds after the power went, at any moment.
 *
 * DESIGN. A VFS around SQLite's own (public interface alone) writes down whatever changes in one folder: names made and
 * deleted, writes, truncations, syncs. What the store does without SQLite (rename, unlink, fsync of a file or of the folder)
 * comes by this file's own rename(), unlink(), fsync() …, which stand before the C library's. The program runs once, undisturbed;
 * what the medium holds when the power goes at the k-th of these moments follows from what was written down: all that was
 * synced, and of the rest a seeded choice, some of it dropped, in another order, or torn at 512 or 4,096 bytes. So a run gives
 * every moment times every seed without being run again, and recovery is only another run, on the folder of the first cut.
 *
 * The medium: a file's bytes are safe once that file was synced; a name made, changed or deleted is safe once its folder was
 * synced. Names come back in the order in which they were changed, up to some point, as a journalling file system keeps them;
 * bytes come back in any order. A sync that fails drops of what it should have brought down a seeded choice for good: the kernel
 * takes those pages for clean, and a later sync of the file does not write them again.
 *
 * One folder and one recording at a time, one thread. -shm files are not part of a medium: SQLite makes them anew.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct powerloss; /* opaque: what was written down of one run */

/* What the choice at a cut is like. From POWERLOSS_RANDOM on each seed is another. */
enum powerloss_seed { POWERLOSS_NOTHING_MORE, POWERLOSS_EVERYTHING, POWERLOSS_RANDOM };

/** powerloss_start() - from now on write down what happens in @dir, whose files are taken for safe as they are; SQLite's default VFS
 * is ours until powerloss_stop(). @dir: absolute, without "/" at the end, without folders in it */
struct powerloss *powerloss_start(const char *dir);

/** powerloss_stop() - the ordinary VFS is the default again; all files must be closed. */
void powerloss_stop(struct powerloss *p);

/** powerloss_destroy() - accepts NULL. */
void powerloss_destroy(struct powerloss *p);

/** powerloss_told() - the program has told somebody that its next step is stored. Return: how many steps that makes. */
int powerloss_told(struct powerloss *p);

/** powerloss_fail_sync() - the @nth sync of a file from now on fails with EIO, and no other; 1 is the next. */
void powerloss_fail_sync(struct powerloss *p, int nth);

/** powerloss_syncs() - how many syncs of files there were. */
int powerloss_syncs(const struct powerloss *p);

/** powerloss_moments() - how many moments there are: 0 up to and including this, which is after the last. */
size_t powerloss_moments(const struct powerloss *p);

/** powerloss_moment_text() - what happens at @moment, for a test that fails; static. */
const char *powerloss_moment_text(const struct powerloss *p, size_t moment);

/* A folder as it is found when the power is back. */
struct powerloss_image; /* opaque */

/** powerloss_cut() - the power goes while @moment happens. @seed: an enum powerloss_seed or any number above it
 * *ret_told: how many steps had been told by then. */
struct powerloss_image *powerloss_cut(
	const struct powerloss *p, size_t moment, uint64_t seed, int *ret_told);

/** powerloss_image_hash() - the same for the same names and bytes. */
uint64_t powerloss_image_hash(const struct powerloss_image *image);

/** powerloss_image_write() - make a folder hold this and nothing else. */
void powerloss_image_write(const struct powerloss_image *image, const char *dir);

/** powerloss_image_destroy() - accepts NULL. */
void powerloss_image_destroy(struct powerloss_image *image);
