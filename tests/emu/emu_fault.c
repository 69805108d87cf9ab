/* SPDX-License-Identifier: EUPL-1.2 */
#include "emu/emu_fault.h"

#include <string.h>

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct emu_fault_kind kinds[] = {
	{ "no_ack", EMU_FAULT_NO_ACK, EMU_ARG_NONE, false },
	{ "ack_only", EMU_FAULT_ACK_ONLY, EMU_ARG_NONE, false },
	{ "drop", EMU_FAULT_DROP, EMU_ARG_COMMAND, false },
	{ "mute", EMU_FAULT_MUTE, EMU_ARG_NONE, false },
	{ "bad_checksum", EMU_FAULT_BAD_CHECKSUM, EMU_ARG_NONE, false },
	{ "split", EMU_FAULT_SPLIT, EMU_ARG_GAP_MS, false },
	{ "noise", EMU_FAULT_NOISE, EMU_ARG_SEED, false },
	{ "mangle", EMU_FAULT_MANGLE, EMU_ARG_SEED, false },
	{ "late", EMU_FAULT_LATE, EMU_ARG_MS, false },
	{ "status", EMU_FAULT_STATUS, EMU_ARG_COMMAND_STATUS, false },
	{ "unplug", EMU_FAULT_UNPLUG, EMU_ARG_NONE, true },
	{ "plug", EMU_FAULT_PLUG, EMU_ARG_NONE, true },
	{ "reset", EMU_FAULT_RESET, EMU_ARG_NONE, true },
	{ "brownout", EMU_FAULT_BROWNOUT, EMU_ARG_NONE, true },
};

const struct emu_fault_kind *emu_fault_kind_of(const char *name, size_t len)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
			return &kinds[i];
	}
	return NULL;
}

const char *emu_fault_name(enum emu_fault fault)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (kinds[i].fault == fault)
			return kinds[i].name;
	}
	return "none";
}

int emu_faults_arm(struct emu_faults *f, const struct emu_armed *armed)
{
	size_t i = 0;

	while (i < f->n &&
		(f->armed[i].fault != armed->fault || f->armed[i].command != armed->command))
		i++;
	if (i == EMU_FAULTS_MAX)
		return -1;
	f->armed[i] = *armed;
	if (i == f->n)
		f->n++;
	if (armed->fault == EMU_FAULT_NOISE ||
		armed->fault == EMU_FAULT_MANGLE) /* xorshift stays 0 once it is 0 */
		f->random = (uint64_t)armed->value * 2 + 1;
	return 0;
}

void emu_faults_clear(struct emu_faults *f)
{
	f->n = 0;
}

uint32_t emu_faults_random(struct emu_faults *f)
{
	uint64_t x = f->random ? f->random : 1;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	f->random = x;
	return (uint32_t)(x >> 32);
}

static bool concerns(const struct emu_armed *armed, uint8_t command)
{
	if (armed->fault == EMU_FAULT_DROP || armed->fault == EMU_FAULT_STATUS)
		return armed->command == command;
	return true;
}

static void add_to_plan(struct emu_plan *plan, const struct emu_armed *armed)
{
	switch (armed->fault) {
	case EMU_FAULT_NO_ACK:
		plan->ack = false;
		break;
	case EMU_FAULT_ACK_ONLY:
	case EMU_FAULT_DROP:
		plan->answer = false;
		break;
	case EMU_FAULT_MUTE:
		plan->dead = true;
		break;
	case EMU_FAULT_BAD_CHECKSUM:
		plan->bad_checksum = true;
		break;
	case EMU_FAULT_SPLIT:
		plan->gap_us = armed->value * 1000;
		break;
	case EMU_FAULT_NOISE:
		plan->noise = true;
		break;
	case EMU_FAULT_MANGLE:
		plan->mangle = true;
		break;
	case EMU_FAULT_LATE:
		plan->late_us = armed->value * 1000;
		break;
	case EMU_FAULT_STATUS:
		plan->has_status = true;
		plan->status = armed->status;
		break;
	case EMU_FAULT_NONE:
	case EMU_FAULT_UNPLUG:
	case EMU_FAULT_PLUG:
	case EMU_FAULT_RESET:
	case EMU_FAULT_BROWNOUT:
		break;
	}
}

struct emu_plan emu_faults_plan(struct emu_faults *f, uint8_t command)
{
	struct emu_plan plan = { .ack = true, .answer = true };
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct emu_armed armed = f->armed[i];
		if (concerns(&armed, command)) {
			add_to_plan(&plan, &armed);
			if (armed.left != EMU_ALWAYS)
				armed.left--;
		}
		if (armed.left != 0)
			f->armed[kept++] = armed;
	}
	f->n = kept;
	return plan;
}
