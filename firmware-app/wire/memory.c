/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Where malloc() gives nothing, jansson 2.14 may assert, or go on with a word cut short (lex_scan_string() looks at no
 * append), so it is not shown such a failure: a reserve serves what it asks for, whole again as soon as nothing of it
 * is in use. Enough for two messages of a tap; what is larger fails, and is told as memory that is out.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

#define RESERVE_SIZE (48 * 1024)
#define RESERVE_ALIGN 16

static _Thread_local bool memory_out;
static atomic_flag reserve_lock = ATOMIC_FLAG_INIT;
static _Alignas(RESERVE_ALIGN) unsigned char reserve[RESERVE_SIZE];
static size_t reserve_used, reserve_live;

/* For a few instructions at a time, and never but without memory. */
static void take_reserve(void)
{
	while (atomic_flag_test_and_set(&reserve_lock))
		;
}

static void *allocate_reserve(size_t size)
{
	void *p = NULL;

	if (size > RESERVE_SIZE)
		return NULL;
	size = (size + RESERVE_ALIGN - 1) / RESERVE_ALIGN * RESERVE_ALIGN;
	take_reserve();
	if (size <= RESERVE_SIZE - reserve_used) {
		p = reserve + reserve_used;
		reserve_used += size;
		reserve_live++;
	}
	atomic_flag_clear(&reserve_lock);
	return p;
}

static void *allocate(size_t size)
{
	void *p = malloc(size);

	if (!p)
		p = allocate_reserve(size);
	memory_out = memory_out || !p;
	return p;
}

static bool in_reserve(const void *p)
{
	uintptr_t from = (uintptr_t)reserve;

	return (uintptr_t)p >= from && (uintptr_t)p < from + RESERVE_SIZE;
}

static void release(void *p)
{
	if (!in_reserve(p)) {
		free(p);
		return;
	}
	take_reserve();
	if (--reserve_live == 0)
		reserve_used = 0;
	atomic_flag_clear(&reserve_lock);
}

void wire_memory_watch(void)
{
	json_set_alloc_funcs(allocate, release);
	memory_out = false;
}

bool wire_memory_was_out(void)
{
	return memory_out;
}

char *wire_memory_own(char *text)
{
	char *own = text;

	if (!text || (!memory_out && !in_reserve(text)))
		return text;
	own = memory_out ? NULL : strdup(text);
	release(text);
	return own;
}
