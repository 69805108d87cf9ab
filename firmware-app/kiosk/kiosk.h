/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kiosk/kiosk.h: the gate's program as one value, shared by the files of this folder alone.
 *
 * DESIGN. One thread owns all of it. A turn (main.c): collect a bounded batch of inputs, step each, store in one
 * transaction, only then show and hand on. clients.c speaks with reader, screen and command line; broker.c with the
 * link; report.c says how the gate is. What decides is in step.c and deliver.c, which are pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/civil.h"
#include "core/roster.h"
#include "kiosk/deliver.h"
#include "kiosk/kinds.h"
#include "kiosk/step.h"
#include "kiosk/trace.h"
#include "kiosk/who.h"
#include "link/link.h"
#include "store/kiosk_store.h"
#include "sys/clock_stamp.h"
#include "sys/config.h"
#include "sys/hub.h"
#include "sys/loop.h"
#include "sys/secret.h"
#include "wire/local.h"
#include "wire/wire.h"

#define KIOSK_LOCAL_PER_TURN                                                                       \
	32 /* datagrams a turn; the rest of a batch is room for what the broker sends */
#define KIOSK_READER_SILENT_US                                                                     \
	INT64_C(2000000) /* a reader says its status every second; library-facts.md 1.4 */
#define KIOSK_READER_GONE_US                                                                       \
	INT64_C(5000000) /* a reader that ends with a fault is back by then, or isn't coming */
#define KIOSK_READER_NEVER_US INT64_C(30000000) /* no reader for so long: taps may be missing */
#define KIOSK_READER_LINES                                                                         \
	8 /* of log an hour: a loose plug makes one every few seconds, for a week; faults.md P5 */
#define KIOSK_LYING_US                                                                             \
	INT64_C(10000000) /* a reader that hung is ended after 3 s and reads again within 6; faults.md N7 */
#define KIOSK_PRESENTED_US                                                                         \
	INT64_C(2000000) /* a view that is not on the display by then: the screen is absent */
#define KIOSK_STATE_EVERY_MS                                                                       \
	20000 /* gate/state; topics.md. On the wall clock, so that one falls on each minute */
#define KIOSK_CONFIRM_SAVE_US                                                                      \
	INT64_C(10000000) /* a confirm is written at most so often: forgetting one only sends again */
#define KIOSK_COMPLAIN_US                                                                          \
	INT64_C(60000000) /* a stranger who connects anew each time must not fill the journal */
#define KIOSK_IDLE_US INT64_C(5000000) /* no tap for so long: time for housekeeping */
#define KIOSK_SLOW_US                                                                              \
	INT64_C(1000000) /* a turn that took so long by then leaves housekeeping to the next */
#define KIOSK_WAL_MAX (4 * 1024 * 1024) /* bytes of WAL that are moved over even without a pause */
#define KIOSK_STORE_AGAIN_US INT64_C(2000000) /* a store that failed is opened anew after this */

#define KIOSK_BALLAST_FILE "kiosk.ballast" /* in paths.state_dir */
#define KIOSK_BALLAST_MB                                                                           \
	4 /* given up where the disk is full: room for a morning's taps and for the purge itself */

/* The card that a reader has told and not yet seen go. */
struct kiosk_lying {
	struct card_hash card; /* none: no card that counts */
	int64_t seen_us; /* when it was first seen */
};

/* What the owner keeps for each client of the socket. */
struct kiosk_client {
	enum wire_role role; /* WIRE_ROLE_NONE until it says hello */
	char name[WIRE_TEXT_MAX];
	enum wire_reader_state reader; /* of a reader */
	char reader_fault[WIRE_TEXT_MAX];
	int64_t heard_us; /* CLOCK_MONOTONIC of its last sign of life */
	struct kiosk_lying lying; /* of a reader */
	int64_t shown; /* of a screen: number of the last view that it presented */
	bool complained; /* a datagram that it got wrong was logged */
};

/* A copy that is being made, and how far tonight's work has got. */
struct kiosk_backup {
	struct db_backup *copy; /* NULL: none, or it is whole */
	int from, to; /* the whole copy on its way to who asked; -1 none */
	int64_t bytes;
	char path[CONFIG_PATH_MAX + 64];
	bool nightly;
	struct hub_client *client; /* who asked; NULL: nobody */
	struct wire_node *request; /* owned */
	int step; /* of the night: 0 copy, 1 truncate, 2 check */
	int tries; /* of the check */
	struct civil_date night; /* done last */
};

struct kiosk {
	struct config config;
	struct config_options options;
	struct clock clock;
	struct clock_keeper keeper;
	int clock_said; /* enum clock_state of the last turn; -1: none yet */
	bool redate; /* taps of this boot that have no time may be in the database, and can have one now */
	int64_t redated_seq; /* those up to here have one */
	int64_t n_redated;
	struct civil_zone zone; /* without changes (UTC) where tzdata is missing */
	bool has_zone;
	struct secret_key key;
	struct loop *loop;
	struct loop_source *timer;
	struct hub *hub;
	struct who who; /* whose users reader and screen are */
	struct kiosk_store *store; /* NULL while it can't be opened */
	struct link *link;
	struct roster *roster;
	struct kiosk_state state;
	struct deliver deliver;
	struct trace trace;
	struct kinds kinds;
	struct now now; /* of this turn */

	size_t n_inputs;
	struct kiosk_input inputs[KIOSK_INPUTS_PER_TURN];
	int64_t received_us[KIOSK_INPUTS_PER_TURN];
	struct kiosk_effects fx;

	int64_t started_us;
	char db_path[CONFIG_PATH_MAX + sizeof(KIOSK_STORE_FILE) + 1];
	struct kiosk_backup backup;
	char ballast_path[CONFIG_PATH_MAX + sizeof(KIOSK_BALLAST_FILE) + 1];
	bool has_ballast;
	int64_t ballast_looked_us;
	enum wire_store_state store_state;
	bool recovered;
	int64_t store_failed_us;
	struct uuid
		followed_log; /* whose numbers deliver has; none before the database was first open */
	char *unsaved_data; /* gates/data that is in use and not in the database; NULL none */
	size_t unsaved_len;
	int64_t last_tap_us, last_save_us, last_purge_us, last_disk_us;
	int64_t saved_confirm;
	int64_t closed_gap_us; /* a log was drawn for check-ins that are not there; 0 never */
	int64_t n_purged; /* rows of the purge that runs, slice by slice */
	int64_t disk_free_mb;

	struct kiosk_lying
		left; /* of the reader that went last, where it went with a card before it */
	char left_by[WIRE_TEXT_MAX]; /* its name */
	int64_t left_us; /* when it was last heard */
	enum wire_reader_state reader; /* of the best reader */
	char reader_fault[WIRE_TEXT_MAX];
	int reader_lines; /* that were logged of it in this hour */
	int64_t reader_hour_us; /* its start */
	int64_t reader_heard_us; /* when the best reader was last well; or the start */
	int64_t reader_known_us; /* when any reader was last heard; or the start */
	int64_t reader_silent_us; /* when the best reader will have been silent for too long */
	bool screen_ok;
	int64_t view_sent_us; /* when the present view was sent to a screen that has not presented it; -1: none waits */

	char topic_state[LINK_TOPIC_MAX], topic_checkin[LINK_TOPIC_MAX],
		topic_confirm[LINK_TOPIC_MAX];
	char topic_data[LINK_TOPIC_MAX], topic_arrival[LINK_TOPIC_MAX];
	struct uuid session;
	struct wire_gate_state said; /* as last published */
	int64_t next_state_ms; /* wall clock at which the next one is due */
	int64_t complete_until_ms;
	int64_t last_delivery_ms; /* wall clock of the last confirm; -1 none in this run */
	char link_reason[LINK_REASON_MAX]; /* why it is down; "" */
	int refused_state, refused_checkin; /* MQTT 5 reason of the last refused publish; 0: none */
	int64_t link_since_ms; /* wall clock of the last connection */
	int64_t taps_today;
	struct civil_date taps_date;
	uint64_t complaints; /* datagrams and payloads that were not understood */
	int64_t complained_us; /* CLOCK_MONOTONIC of the last log line about a datagram */
	bool complained_taken; /* that another unit has our identity */
	bool complained_data, complained_confirm, complained_arrival, complained_refused,
		complained_log;
};

/** kiosk_push() - add an input to the turn; dropped (false) where the batch is full, which the callers' bounds
 * exclude. */
bool kiosk_push(struct kiosk *k, const struct kiosk_input *input, int64_t received_us);

/* clients.c */
/** clients_open() - listen on kiosk.sock. Return: 0 or negative errno. */
int clients_open(struct kiosk *k);
/** clients_close() - drop everybody; accepts a kiosk that never listened. */
void clients_close(struct kiosk *k);
/** clients_show() - send a view to every screen and signal. */
void clients_show(struct kiosk *k, const struct wire_view *view);
/** clients_look() - how reader and screen are, from what they said and when. */
void clients_look(struct kiosk *k);

/* broker.c */
/** broker_open() - start the link. Return: 0 or a link_err. */
int broker_open(struct kiosk *k);
/** broker_take() - what came from the broker, a bounded batch, into inputs and state. */
void broker_take(struct kiosk *k);
/** broker_give() - deliver what may be delivered, and the state where it changed or is due. */
void broker_give(struct kiosk *k);
/** broker_close() - say "stopping", flush, disconnect; accepts a kiosk without a link. */
void broker_close(struct kiosk *k);

/* time.c */
/** time_open() - what an earlier start knew of the clock; before the first reading. */
void time_open(struct kiosk *k);
/** time_turn() - after the turn's reading: jumps and changes of trust, each logged once; what follows from them. */
void time_turn(struct kiosk *k);
/** time_complete() - whether every tap up to now is in the log under its own time, as far as the clock goes. */
bool time_complete(const struct kiosk *k);

/* report.c */
/** report_state() - the gate's state of this turn, as it would be published but for report_times(). */
void report_state(const struct kiosk *k, struct wire_gate_state *ret_state);
/** report_times() - how long the last taps took, into a state that goes out: it sorts them all. */
void report_times(const struct kiosk *k, struct wire_gate_state *state);
/** report_answer() - a request of the command line. @bytes: the datagram. Return: the answer, for free(), or NULL. */
char *report_answer(const struct kiosk *k, const char *bytes, size_t len);

/* backup.c */
/** backup_ask() - a request of the command line that may be for a copy. @fd: the caller's file, or -1; stays the caller's.
 * Return: whether it was; then its answer is given here, now or later. */
bool backup_ask(struct kiosk *k, struct hub_client *client, const char *bytes, size_t len, int fd);
/** backup_gone() - a client went. */
void backup_gone(struct kiosk *k, const struct hub_client *client);
/** backup_runs() - whether slices wait for their turn. */
bool backup_runs(const struct kiosk *k);
/** backup_slice() - go on for at most 50 ms. */
void backup_slice(struct kiosk *k);
/** backup_night() - when idle: tonight's copy, checkpoint and check, a step at a time. */
void backup_night(struct kiosk *k);
/** backup_close() - before the database is closed: end what runs. */
void backup_close(struct kiosk *k);

/* disk.c */
/** disk_open() - open the database and load what a restart must remember; on a full disk 0 without one. Return: 0 or a
 * store_err. */
int disk_open(struct kiosk *k);
/** disk_add() - this turn's rows. Return: 0 once they are durable; otherwise nothing may be promised. */
int disk_add(struct kiosk *k);
/** disk_redate() - a slice of this boot's taps without a time, dated anew in one transaction; only in a turn without
 * taps. */
void disk_redate(struct kiosk *k);
/** disk_remember() - who is in, repeats and the number of taps, from the database. */
void disk_remember(struct kiosk *k);
/** disk_data() - new gates/data, applied whole; kept for later where it can't be written. @roster: becomes the kiosk's,
 * or is destroyed where memory is out. */
void disk_data(struct kiosk *k, struct roster *roster, const char *payload, size_t len);
/** disk_relog() - go on under a new log. @all: with the confirmed rows. */
void disk_relog(struct kiosk *k, bool all);
/** disk_confirm() - keep in mind (and soon in the file) how far the register has got. */
void disk_confirm(struct kiosk *k);
/** disk_care() - housekeeping at the end of a turn, one thing that waits for the medium at most, and none after a slow
 * commit: save the confirm, checkpoint, purge, open again after a failure. */
void disk_care(struct kiosk *k);
/** disk_failed() - it was found damaged: closed, opened and replaced soon. */
void disk_failed(struct kiosk *k, int err);
/** disk_close() - accepts a kiosk without a database. */
void disk_close(struct kiosk *k);
