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
#define BLOCK_SIZE                                                                                 \
	((size_t)512 * 1024) /* of a large message's tree: some twenty for 2,000 pupils */
#define BLOCK_ROOM (BLOCK_SIZE - sizeof(struct block))

/* What one large message is read into: 200,000 small pieces that live and die together. One by one they took as long to
 * give back as to parse: 14 ms of 28, and as much again as the allocator put their traces together (2026-11-22). */
struct block {
	struct block *next; /* the one filled before */
	_Alignas(RESERVE_ALIGN) unsigned char room[];
};

static _Thread_local struct {
	bool open;
	struct block *last;
	size_t used; /* of the last one's room */
	size_t n_reserve; /* pieces that the reserve had to serve */
} large;

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

/* What doesn't fit has a block of its own, behind the one that is being filled. */
static void *allocate_alone(size_t size)
{
	struct block *b = size < SIZE_MAX - sizeof(*b) ? malloc(sizeof(*b) + size) : NULL;

	if (!b)
		return NULL;
	if (large.last) {
		b->next = large.last->next;
		large.last->next = b;
	} else {
		b->next = NULL;
		large.last = b;
		large.used = BLOCK_ROOM; /* none for others */
	}
	return b->room;
}

static void *allocate_large(size_t size)
{
	if (size > BLOCK_ROOM / 4)
		return allocate_alone(size);
	size = (size + RESERVE_ALIGN - 1) / RESERVE_ALIGN * RESERVE_ALIGN;
	if (!large.last || size > BLOCK_ROOM - large.used) {
		struct block *b = malloc(BLOCK_SIZE);
		if (!b)
			return NULL;
		b->next = large.last;
		large.last = b;
		large.used = 0;
	}
	void *p = large.last->room + large.used;
	large.used += size;
	return p;
}

static void *allocate(size_t size)
{
	void *p = large.open ? allocate_large(size) : malloc(size);

	if (!p) {
		p = allocate_reserve(size);
		large.n_reserve += large.open && p;
	}
	memory_out = memory_out || !p;
	return p;
}

static bool in_reserve(const void *p)
{
	uintptr_t from = (uintptr_t)reserve;

	return (uintptr_t)p >= from && (uintptr_t)p < from + RESERVE_SIZE;
}

static void release_reserve(size_t n)
{
	take_reserve();
	reserve_live -= n;
	if (reserve_live == 0)
		reserve_used = 0;
	atomic_flag_clear(&reserve_lock);
}

static void release(void *p)
{
	if (in_reserve(p)) {
		large.n_reserve -= large.open;
		release_reserve(1);
	} else if (!large.open) {
		free(p);
	}
}

void wire_memory_large(void)
{
	large.open = true;
}

void wire_memory_large_end(void)
{
	while (large.last) {
		struct block *b = large.last;
		large.last = b->next;
		free(b);
	}
	if (large.n_reserve)
		release_reserve(large.n_reserve);
	large.used = large.n_reserve = 0;
	large.open = false;
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
