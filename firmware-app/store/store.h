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

/** store_err_text() - what happened, for a log line; static storage. */
const char *store_err_text(int err);
