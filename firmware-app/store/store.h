/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store/store.h: SQLite as the project uses it (the only folder with sqlite3.h).
 *
 * DESIGN. One connection, one thread: the owner's. WAL and FULL: a COMMIT that returned is on the
 * medium. Opening sets and checks every pragma of library-facts.md section 3, runs `quick_check`,
 * and brings the schema up by migrations, each in one transaction with its user_version. Library
 * codes stop here.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* With what the caller does; values of errno.h, so a stray one reads right. */
enum store_err {
	STORE_ERR_IO = -EIO, /* "not stored", state "failing"; close, open, go on */
	STORE_ERR_FULL = -ENOSPC, /* "not stored", state "full" */
	STORE_ERR_DAMAGED = -EBADMSG, /* at open: the file was not usable */
	STORE_ERR_MEMORY = -ENOMEM, /* at start: exit status 1 */
	STORE_ERR_REHEARSAL = -EPERM, /* made under the other kind of clock: exit status 2 */
	STORE_ERR_NEWER = -EPROTO, /* made by a newer release: exit status 1 */
	STORE_ERR_EXISTS = -EEXIST, /* an id or key that is there already */
};

struct db_backup; /* opaque: a copy that is being made */

/** store_backup_step() - copy some more, onto the medium; what the owner writes in between is in the copy.
 * @n_pages: 1 or more, of 4 KiB. Return: 1: go on, 0: done, or a store_err. */
int store_backup_step(struct db_backup *backup, int n_pages);
/** store_backup_close() - after a step's 0: give the copy its name, else drop it. Before its store is closed.
 * Return: 0 or a store_err; accepts NULL. */
int store_backup_close(struct db_backup *backup);

/** store_err_text() - what happened, for a log line; static storage. */
const char *store_err_text(int err);
