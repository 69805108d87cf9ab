/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/unit.h: cmocka with the four headers that it needs before it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
