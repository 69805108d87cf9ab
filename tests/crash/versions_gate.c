/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The store's own source, for its migrations, which nobody else may see: an earlier program is one that knows fewer of them.
 */
#include "crash/versions.h"

#include "store/kiosk_store.c"

static int open_as(const char *path, int version, struct db **ret_db)
{
	struct db_schema known = { migrations, (size_t)version, NULL, 0, 0 };

	return db_open(path, &known, false, ret_db);
}

const struct versions versions_gate = { "gate", KIOSK_STORE_FILE,
	sizeof(migrations) / sizeof(migrations[0]), open_as };
