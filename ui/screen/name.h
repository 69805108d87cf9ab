/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * screen/name.h: a person's name made shorter, the way people do it: "Marie-Antoinette v. d. B."
 *
 * Pure. The first word stays whole as long as it can; what follows it becomes initials from the end on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * screen_name_shorten() - a name, some steps shorter.
 * @name: UTF-8
 * @step: 0: as it is; 1 and up: so many of the last words as initials, particles with the name they
 *        belong to; then the first word alone; then its first half, where it has a hyphen
 * @ret_short: at least as large as @name with its zero
 * Return: false where no more can be left out; *ret_short then holds the shortest.
 */
bool screen_name_shorten(const char *name, int step, char *ret_short, size_t size);
