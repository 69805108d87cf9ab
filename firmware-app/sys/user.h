/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/user.h: users of the machine, by name.
 *
 * For the start alone: the lookup reads files and may block.
 */
#pragma once

#include <sys/types.h>

/** user_find() - the number of a user. Return: 0, -ENOENT where there is none of that name, or another negative
 * errno; *ret_uid is set on 0 alone. */
int user_find(const char *name, uid_t *ret_uid);

/** user_own() - whose rights this program has (the effective user). */
uid_t user_own(void);
