/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * e2e/reader_rig.h: the real reader with the real libnfc, an emulated PN532 before it, and a kiosk
 * that only listens.
 *
 * Every wait has one deadline and fails the test, with what the reader said; nothing sleeps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/local.h"

#define RIG_SAID_MAX 8192 /* datagrams kept of one test */
#define RIG_DEADLINE_MS 40000 /* for any one event */
#define RIG_UID_TEXT 21

/* One datagram of the reader. */
struct rig_said {
	enum wire_local_type type;
	int64_t at_us; /* when it came */
	char uid[RIG_UID_TEXT]; /* card */
	int sak;
	char atqa[5];
	int64_t seen_us;
	enum wire_reader_state reader; /* status */
	char reason[80];
};

struct rig {
	char folder[64];
	char connstring[128];
	struct loop *loop;
	struct hub *hub; /* NULL: no kiosk */
	struct emu_control *emu;
	pid_t emu_pid, reader_pid; /* 0: not running */
	const char *clock; /* --clock of the reader; NULL none */
	const char *const *wrapper; /* a command put before the reader, ended by NULL; NULL none */
	bool restarts; /* the reader is started again where it ends with status 1, as its unit does */
	bool no_stdin; /* start the reader with descriptors 0 and 1 closed */
	struct rig_said said[RIG_SAID_MAX];
	size_t n_said;
	int n_connected; /* connections that the kiosk got */
	int n_bad; /* datagrams that no reader may send */
};

/** rig_open() - folder, configuration and emulator; neither kiosk nor reader. */
struct rig *rig_open(void);
/** rig_close() - ends what runs, removes the folder. */
void rig_close(struct rig *rig);

/** rig_kiosk() - let the kiosk listen, or not. */
void rig_kiosk(struct rig *rig, bool on);
/** rig_reader() - start the reader; doesn't wait for it. */
void rig_reader(struct rig *rig);
/** rig_start() - kiosk, reader, and wait for its status ok. */
struct rig *rig_start(void);
/** rig_stop_reader() - SIGTERM. Return: the exit status. */
int rig_stop_reader(struct rig *rig);
/** rig_wait_exit() - wait for the reader's own end. Return: the exit status. */
int rig_wait_exit(struct rig *rig);
/** rig_log() - all that the reader wrote on standard error; static storage until the next call. */
const char *rig_log(struct rig *rig);

/** rig_tell() - a command to the emulator that must succeed. */
void rig_tell(struct rig *rig, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** rig_number() - a number of the emulator's state. @uid: NULL any */
int64_t rig_number(struct rig *rig, const char *uid, const char *key);

/** rig_wait() - wait for the next datagram of a type, from *at on; sets *at behind it. */
const struct rig_said *rig_wait(struct rig *rig, size_t *at, enum wire_local_type type);
/** rig_wait_status() - the same for a status. */
const struct rig_said *rig_wait_status(struct rig *rig, size_t *at, enum wire_reader_state state);
/** rig_turn_ms() - listen for so long. */
void rig_turn_ms(struct rig *rig, int ms);
/** rig_turn() - listen until something comes, at most 20 ms. */
void rig_turn(struct rig *rig);
/** rig_count() - datagrams of a type from @from on. @uid: of cards, NULL any */
size_t rig_count(const struct rig *rig, size_t from, enum wire_local_type type, const char *uid);
/** rig_count_status() - statuses with this state from @from on. */
size_t rig_count_status(const struct rig *rig, size_t from, enum wire_reader_state state);
/** rig_check_statuses() - statuses came all the time, as every second, from @from on. */
void rig_check_statuses(const struct rig *rig, size_t from);
