/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * link/link.h: one MQTT 5 connection in a thread of its own (the only folder with mosquitto.h).
 *
 * DESIGN. libmosquitto's own thread ends for good on several errors, and its calls block for
 * seconds to minutes (library-facts.md section 4). So a thread of ours connects, loops and
 * reconnects; the owner's thread only exchanges bounded mailboxes with it and is woken by a
 * descriptor. The link promises nothing: what must arrive is kept by the caller and posted again.
 * All functions are for the owner's thread; none blocks but link_close().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>

#define LINK_TOPIC_MAX 256 /* bytes with the zero; the longest topic of the contract has 180 */
#define LINK_SUBSCRIPTIONS_MAX 16
#define LINK_OUT_MAX 8192 /* messages waiting to go out: two for each of 4,000 alerts */
#define LINK_OUT_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define LINK_IN_MAX 4096 /* events waiting for the owner; the link thread then waits */
#define LINK_IN_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define LINK_REASON_MAX 200

enum link_err {
	LINK_ERR_FULL = -ENOBUFS, /* the mailbox is full: keep it and post it later */
	LINK_ERR_DOWN = -ENOTCONN, /* not connected: keep it; nothing is queued while down */
	LINK_ERR_MEMORY = -ENOMEM,
};

struct link_subscription {
	const char *filter; /* static or as long as the link */
	int qos;
	bool retained_only; /* what stands there as the connection comes up; what comes later is dropped */
};

/* Strings are copied at link_open(). */
struct link_config {
	const char *host;
	int port;
	bool tls;
	const char *ca_file, *cert_file, *key_file; /* with tls; cert and key may be "" together */
	const char *username, *password_file; /* "" or NULL: none */
	const char *client_id;
	const char *will_topic; /* retained, QoS 1; the payload comes by link_set_will() */
	const struct link_subscription *subscriptions;
	size_t n_subscriptions;
	int keepalive_s; /* 30 */
};

enum link_event_kind {
	LINK_EVENT_NONE,
	/* CONNACK 0 and every SUBACK came; publish the birth now. Retained messages may come before
	 * it: each subscription is answered as it is made. */
	LINK_EVENT_UP,
	/* Once an edge, also where a connection never came up; while down again where the broker refuses
	 * for another reason than was told. Set a new will each time. */
	LINK_EVENT_DOWN,
	LINK_EVENT_MESSAGE, /* topic, payload */
	LINK_EVENT_ACK, /* a posted message's PUBACK: tag, code */
};

struct link_event {
	enum link_event_kind kind;
	char topic[LINK_TOPIC_MAX];
	char *payload; /* heap, a zero after the end; freed by link_event_finish() */
	size_t len;
	bool retained; /* as delivered: a retained message from before the subscription */
	uint64_t tag;
	int code; /* MQTT 5 reason: of the PUBACK (16: nobody subscribes), refusal or end */
	char reason[LINK_REASON_MAX]; /* LINK_EVENT_DOWN: for the log */
};

struct link; /* opaque */

/** link_open() - start the thread; it connects as soon as a will is set. Return: 0 or a
 * link_err. */
int link_open(const struct link_config *config, struct link **ret_link);

/** link_close() - the thread sends what waits for up to @flush_ms, says DISCONNECT, and ends; waits
 * 2 s more at most, then leaves a thread that hangs in name resolution behind. Accepts NULL. */
void link_close(struct link *link, int flush_ms);

/** link_fd() - readable while link_take() has something. */
int link_fd(const struct link *link);

/** link_take() - the next event. Return: true, and *ret_event must be finished; false: none. */
bool link_take(struct link *link, struct link_event *ret_event);

/** link_event_finish() - free what the event holds; accepts a zeroed one. */
void link_event_finish(struct link_event *event);

/** link_set_will() - the will of the next connection. The thread connects (again) only with a will
 * set after LINK_EVENT_DOWN, so that session ids of will and birth agree. Copied. */
int link_set_will(struct link *link, const char *payload, size_t len);

/** link_up() - between LINK_EVENT_UP and LINK_EVENT_DOWN as taken by the owner. */
bool link_up(const struct link *link);

/**
 * link_post() - publish.
 * @payload: @len bytes, copied; 0 bytes empties a retained topic
 * @qos: 0 or 1
 * @tag: for LINK_EVENT_ACK; 0: no event wanted
 * Order is kept. At most 10 are unacknowledged at a time. A message that is never sent, because it
 * is over the broker's limit (149) or its topic is not one (144), has its event as well; one of QoS
 * 0 has it with code 0 once it is written. What a connection that ends leaves unacknowledged has
 * none: after LINK_EVENT_DOWN post it again.
 * Return: 0 or a link_err.
 */
int link_post(struct link *link, const char *topic, const void *payload, size_t len, int qos,
	bool retain, uint64_t tag);

/** link_post_quiet() - the same, but its event comes only where the broker refused it (128 and up): of a thousand
 * that were taken each would wake the owner. */
int link_post_quiet(struct link *link, const char *topic, const void *payload, size_t len, int qos,
	bool retain, uint64_t tag);
