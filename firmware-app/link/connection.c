/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * link/connection.c: the link's thread, the only place that calls libmosquitto.
 *
 * DESIGN. One round is one client object: made, connected, served until it ends, destroyed. A
 * client kept over a reconnect would send what was in flight again by itself, before the birth, and
 * would keep the certificates it read first; the caller sends again what is not confirmed anyway.
 * Waiting is done in poll() on the library's socket, the out-mailbox and the stop event together,
 * so that a posted message leaves at once; the library is only entered when there is something to
 * do, and every 100 ms for its keepalive and for TLS bytes that it may have read already.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "link/link_internal.h"

#define WINDOW 10 /* unacknowledged at a time; the register stores about as fast */
#define TURN_MS 100 /* longest wait: the library looks at its keepalive once a turn */
#define PUBLISH_PER_TURN 64 /* then incoming data has its turn again */
#define READ_PER_TURN 64 /* packets, then outgoing messages have theirs */
#define WILL_WAIT_MS 5000 /* for the owner's new will; later the last one does */
#define SUBACK_MS                                                                                  \
	10000 /* without a byte: a round trip at 3 s each way, and what retained messages add at 2 kB/s */
#define STEADY_MS 60000 /* connected for so long, the back-off starts anew */
#define BACKOFF_MAX_S 30 /* a broker serves one school; more would make a gate silent by itself */
#define PATIENCE_MS 5000 /* the owner took no event for so long: the connection is given up */
#define USER_TIMEOUT_MS 30000 /* half-open TCP */
#define PACKET_MAX (16 * 1024 * 1024) /* bytes; twice the broker's own limit */
#define PASSWORD_MAX 512

#define REFUSED 128 /* MQTT 5: from here on a reason code is a refusal */
#define SESSION_TAKEN_OVER 142 /* MQTT 5, 4.13: somebody else has our client id */
#define PACKET_TOO_LARGE 149

enum phase { PHASE_CONNACK, PHASE_SUBACK, PHASE_UP };

struct connection {
	struct link *link;
	int timer_fd; /* SUBACK_MS, then STEADY_MS */
	struct link_event *spare; /* for LINK_EVENT_DOWN, which must not fail for lack of memory */
	uint64_t session; /* LINK_EVENT_UPs given */
	uint64_t will_used; /* serial of the will of the last connection that came up */
	bool down_told;
	char down_why[LINK_REASON_MAX]; /* as last told */

	/* Of one round. */
	struct mosquitto *m;
	enum phase phase;
	uint64_t will_serial;
	bool stopping;
	bool over;
	int code; /* MQTT 5 reason of the end; 0: none was given */
	char reason[LINK_REASON_MAX];
	char detail[LINK_REASON_MAX]; /* the library's last error line, as OpenSSL puts it */
	bool connack;
	int n_subacks;
	unsigned n_heard; /* packets that a callback told of */
	struct {
		int mid; /* 0: free */
		uint64_t tag;
		bool quiet;
	} window[WINDOW];
	int n_window;
};

static void set_timer(int fd, int ms)
{
	const struct itimerspec t = { .it_value = { .tv_sec = ms / 1000,
					      .tv_nsec = ms % 1000 * 1000000L } };
	timerfd_settime(fd, 0, &t, NULL);
}

/* Of a timer that was set; asking changes nothing. */
static bool timer_over(int fd)
{
	struct itimerspec left;

	timerfd_gettime(fd, &left);
	return left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0;
}

/* The first reason is the one that counts. */
__attribute__((format(printf, 2, 3))) static void end(struct connection *c, const char *format, ...)
{
	va_list args;

	if (c->over)
		return;
	c->over = true;
	va_start(args, format);
	vsnprintf(c->reason, sizeof(c->reason), format, args);
	va_end(args);
}

static void end_with(struct connection *c, const char *what, int rc)
{
	const char *text = mosquitto_strerror(rc); /* first of all: it may look at errno */

	if (c->detail[0])
		end(c, "%s: %s (%s)", what, text, c->detail);
	else
		end(c, "%s: %s", what, text);
}

static bool asked_to_stop(const struct link *link, int wait_ms)
{
	struct pollfd p = { link->stop_fd, POLLIN, 0 };

	return poll(&p, 1, wait_ms) > 0;
}

/* Takes the event. The owner's pace is the thread's: order is kept, nothing in between is
 * dropped. */
static void give(struct connection *c, struct link_event *event, size_t bytes, int patience_ms)
{
	if (mailbox_put_wait(
		    c->link->in, event, sizeof(*event) + bytes, patience_ms, c->link->stop_fd))
		return;
	link_event_finish(event);
	free(event);
	if (!asked_to_stop(c->link, 0)) /* else nobody takes events any more */
		end(c, "the program took no message for %d s", PATIENCE_MS / 1000);
}

static struct link_event *new_event(struct connection *c, enum link_event_kind kind)
{
	struct link_event *event = calloc(1, sizeof(*event));

	if (!event)
		end(c, "out of memory");
	else
		event->kind = kind;
	return event;
}

static void give_ack(struct connection *c, uint64_t tag, bool quiet, int code)
{
	bool wanted = tag && (!quiet || code >= REFUSED);
	struct link_event *event = wanted ? new_event(c, LINK_EVENT_ACK) : NULL;

	if (!event)
		return;
	event->tag = tag;
	event->code = code;
	give(c, event, 0, PATIENCE_MS);
}

/* --- callbacks: inside mosquitto_loop(), under its locks; they note and copy, nothing else --- */

static void on_connect(
	struct mosquitto *m, void *ctx, int code, int flags, const mosquitto_property *props)
{
	struct connection *c = ctx;

	(void)m;
	(void)flags;
	(void)props;
	c->connack = code == 0;
	if (code == 0)
		return;
	c->code = code;
	end(c, "CONNACK %d: %s", code, mosquitto_reason_string(code));
}

static void on_disconnect(struct mosquitto *m, void *ctx, int code, const mosquitto_property *props)
{
	struct connection *c = ctx;

	(void)m;
	(void)props;
	if (code >= 128) { /* the broker's own DISCONNECT; smaller ones are the library's numbers */
		c->code = code;
		end(c, "DISCONNECT %d: %s", code, mosquitto_reason_string(code));
	} else if (!c->stopping) {
		end_with(c, "connection lost", code ? code : MOSQ_ERR_CONN_LOST);
	}
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int n_granted, const int *granted,
	const mosquitto_property *props)
{
	struct connection *c = ctx;

	(void)m;
	(void)mid;
	(void)props;
	c->n_heard++;
	c->n_subacks++;
	for (int i = 0; i < n_granted; i++) {
		if (granted[i] < 128)
			continue;
		c->code = granted[i];
		end(c, "SUBACK %d: %s", granted[i], mosquitto_reason_string(granted[i]));
	}
}

static void on_publish(
	struct mosquitto *m, void *ctx, int mid, int code, const mosquitto_property *props)
{
	struct connection *c = ctx;

	(void)m;
	(void)props;
	c->n_heard++;
	for (int i = 0; i < WINDOW; i++) {
		if (c->window[i].mid != mid)
			continue;
		c->window[i].mid = 0;
		c->n_window--;
		give_ack(c, c->window[i].tag, c->window[i].quiet, code);
		return;
	}
}

/* A topic that the owner writes itself comes back to it. Rejected: MQTT 5's "no local", of which a broker may think that it
 * means retained messages too. */
static bool is_wanted(const struct link_config *config, const struct mosquitto_message *message)
{
	bool matches = false;

	for (size_t i = 0; !message->retain && i < config->n_subscriptions; i++)
		if (config->subscriptions[i].retained_only &&
			mosquitto_topic_matches_sub(config->subscriptions[i].filter, message->topic,
				&matches) == MOSQ_ERR_SUCCESS &&
			matches)
			return false;
	return true;
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *message,
	const mosquitto_property *props)
{
	struct connection *c = ctx;
	size_t len = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;

	(void)m;
	(void)props;
	c->n_heard++;
	if (c->over || strlen(message->topic) >= LINK_TOPIC_MAX)
		return; /* a topic of that length is none of the contract's */
	if (!is_wanted(&c->link->config, message))
		return;
	struct link_event *event = new_event(c, LINK_EVENT_MESSAGE);
	if (!event)
		return;
	event->payload = malloc(len + 1);
	if (!event->payload) {
		free(event);
		end(c, "out of memory");
		return;
	}
	if (len)
		memcpy(event->payload, message->payload, len);
	event->payload[len] = '\0';
	event->len = len;
	event->retained = message->retain;
	snprintf(event->topic, sizeof(event->topic), "%s", message->topic);
	give(c, event, len, PATIENCE_MS);
}

static void on_log(struct mosquitto *m, void *ctx, int level, const char *text)
{
	struct connection *c = ctx;

	(void)m;
	if (level == MOSQ_LOG_ERR)
		snprintf(c->detail, sizeof(c->detail), "%s", text);
}

/* --- one round --- */

/* The first line of the file. Return: false where it can't be read. */
static bool read_password(const char *path, char *ret_password, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t n = read(fd, ret_password, size - 1);
	close(fd);
	if (n < 0)
		return false;
	ret_password[n] = '\0';
	ret_password[strcspn(ret_password, "\r\n")] = '\0';
	return true;
}

static int set_login(struct connection *c)
{
	const struct link_config *config = &c->link->config;
	char password[PASSWORD_MAX] = "";

	if (!config->username[0])
		return 0;
	if (config->password_file[0] &&
		!read_password(config->password_file, password, sizeof(password))) {
		end(c, "%s: %s", config->password_file, strerror(errno));
		return MOSQ_ERR_INVAL;
	}
	int rc = mosquitto_username_pw_set(
		c->m, config->username, config->password_file[0] ? password : NULL);
	explicit_bzero(password, sizeof(password));
	return rc;
}

static int set_tls(struct connection *c)
{
	const struct link_config *config = &c->link->config;
	const char *cert = config->cert_file[0] ? config->cert_file : NULL;
	const char *key = config->key_file[0] ? config->key_file : NULL;

	if (!config->tls)
		return 0;
	int rc = mosquitto_tls_set(c->m, config->ca_file, NULL, cert, key, NULL);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_tls_opts_set(c->m, 1, "tlsv1.2", NULL); /* 1: verify the peer */
	return rc;
}

static int set_will(struct connection *c)
{
	struct link *link = c->link;
	int rc = 0;

	if (!link->config.will_topic[0])
		return 0;
	pthread_mutex_lock(&link->lock);
	c->will_serial = link->will_serial;
	rc = mosquitto_will_set_v5(
		c->m, link->config.will_topic, (int)link->will_len, link->will, 1, true, NULL);
	pthread_mutex_unlock(&link->lock);
	return rc;
}

static int make_client(struct connection *c)
{
	c->m = mosquitto_new(c->link->config.client_id, true, c);
	if (!c->m)
		return MOSQ_ERR_NOMEM;
	mosquitto_connect_v5_callback_set(c->m, on_connect);
	mosquitto_disconnect_v5_callback_set(c->m, on_disconnect);
	mosquitto_subscribe_v5_callback_set(c->m, on_subscribe);
	mosquitto_publish_v5_callback_set(c->m, on_publish);
	mosquitto_message_v5_callback_set(c->m, on_message);
	mosquitto_log_callback_set(c->m, on_log);
	int rc = mosquitto_int_option(c->m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = set_login(c);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = set_tls(c);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = set_will(c);
	return rc;
}

/* Best effort: without them the connection works, but ends late and answers 40 ms late. */
static void set_socket(int fd)
{
	const unsigned int user_timeout = USER_TIMEOUT_MS;
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* May block in name resolution and connect(), up to some two minutes. */
static void open_connection(struct connection *c)
{
	const struct link_config *config = &c->link->config;
	mosquitto_property *props = NULL;
	int rc = make_client(c);

	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_property_add_int32(
			&props, MQTT_PROP_MAXIMUM_PACKET_SIZE, PACKET_MAX);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_connect_bind_v5(
			c->m, config->host, config->port, config->keepalive_s, NULL, props);
	if (rc != MOSQ_ERR_SUCCESS)
		end_with(c, "connect", rc);
	else
		set_socket(mosquitto_socket(c->m));
	mosquitto_property_free_all(&props);
}

static void subscribe_all(struct connection *c)
{
	const struct link_config *config = &c->link->config;

	c->phase = PHASE_SUBACK;
	set_timer(c->timer_fd, SUBACK_MS);
	for (size_t i = 0; i < config->n_subscriptions; i++) {
		const struct link_subscription *s = &config->subscriptions[i];
		int rc = mosquitto_subscribe_v5(c->m, NULL, s->filter, s->qos, 0, NULL);
		if (rc != MOSQ_ERR_SUCCESS)
			end_with(c, "subscribe", rc);
	}
}

static void go_up(struct connection *c)
{
	struct link_event *event = new_event(c, LINK_EVENT_UP);

	if (!event)
		return;
	c->phase = PHASE_UP;
	c->session++;
	c->will_used = c->will_serial;
	c->down_told = false;
	set_timer(c->timer_fd, STEADY_MS);
	give(c, event, 0, -1);
}

/* A retained message of 1.6 MB stands before a SUBACK, and may take its time. */
static bool still_coming(const struct connection *c)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return getsockopt(mosquitto_socket(c->m), IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_last_data_recv < SUBACK_MS / 2;
}

static void advance(struct connection *c)
{
	if (!c->over && c->phase == PHASE_CONNACK && c->connack)
		subscribe_all(c);
	if (c->over || c->phase != PHASE_SUBACK)
		return;
	if (c->n_subacks >= (int)c->link->config.n_subscriptions)
		go_up(c);
	else if (timer_over(c->timer_fd) && still_coming(c))
		set_timer(c->timer_fd, SUBACK_MS);
	else if (timer_over(c->timer_fd))
		end(c, "no SUBACK within %d s", SUBACK_MS / 1000);
}

/* A message that the library won't send, as the broker would have said it; 0: the connection's
 * fault. */
static int refusal_of(int rc)
{
	switch (rc) {
	case MOSQ_ERR_OVERSIZE_PACKET:
	case MOSQ_ERR_PAYLOAD_SIZE:
		return PACKET_TOO_LARGE;
	case MOSQ_ERR_INVAL:
	case MOSQ_ERR_MALFORMED_UTF8:
		return 144; /* topic name invalid */
	case MOSQ_ERR_RETAIN_NOT_SUPPORTED:
		return 154;
	case MOSQ_ERR_QOS_NOT_SUPPORTED:
		return 155;
	default:
		return 0;
	}
}

static void note_in_window(struct connection *c, int mid, const struct link_message *message)
{
	int i = 0;

	while (c->window[i].mid)
		i++; /* there is room: see can_publish() */
	c->window[i].mid = mid;
	c->window[i].tag = message->tag;
	c->window[i].quiet = message->quiet;
	c->n_window++;
}

static void publish(struct connection *c, const struct link_message *message)
{
	int mid = 0;

	if (message->session != c->session)
		return; /* posted before the owner knew of the end; it posts again what it needs */
	int rc = mosquitto_publish_v5(c->m, &mid, message->topic, (int)message->len,
		message->payload, message->qos, message->retain, NULL);
	if (rc == MOSQ_ERR_SUCCESS && message->qos > 0)
		note_in_window(c, mid, message);
	else if (rc == MOSQ_ERR_SUCCESS)
		give_ack(c, message->tag, message->quiet, 0);
	else if (refusal_of(rc))
		give_ack(c, message->tag, message->quiet, refusal_of(rc));
	else
		end_with(c, "publish",
			rc); /* the library has kept the message: the client must go */
}

/* What doesn't leave at once would pile up in the library, which has no limit. */
static bool can_publish(const struct connection *c)
{
	return !c->over && c->phase == PHASE_UP && c->n_window < WINDOW &&
	       !mosquitto_want_write(c->m);
}

static void publish_waiting(struct connection *c)
{
	for (int i = 0; i < PUBLISH_PER_TURN && can_publish(c); i++) {
		struct link_message *message = mailbox_take(c->link->out);
		if (!message)
			return;
		publish(c, message);
		free(message);
	}
}

static void wait_for_work(struct connection *c)
{
	short out = mosquitto_want_write(c->m) ? POLLOUT : 0;
	struct pollfd p[] = {
		{ mosquitto_socket(c->m), (short)(POLLIN | out), 0 },
		/* A negative descriptor is passed over: what can't be acted on must not wake. */
		{ can_publish(c) ? mailbox_fd(c->link->out) : -1, POLLIN, 0 },
		{ c->stopping ? c->link->flush_fd : c->link->stop_fd, POLLIN, 0 },
	};

	if (poll(p, 3, TURN_MS) > 0 && p[2].revents)
		c->stopping = true;
}

static bool all_sent(struct connection *c)
{
	return c->phase != PHASE_UP || timer_over(c->link->flush_fd) ||
	       (c->n_window == 0 && !mosquitto_want_write(c->m) &&
		       mailbox_count(c->link->out) == 0);
}

/* What is written meanwhile leaves together: PUBACKs one by one would wake the broker, and cost it, as often. */
static void hold_back(const struct connection *c, int on)
{
	(void)setsockopt(mosquitto_socket(c->m), IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

/* The library takes one packet a call, of which its waiting is the larger part: so on with those that are there already,
 * until none is whole. */
static void read_more(struct connection *c)
{
	unsigned before = c->n_heard - 1;

	for (int i = 0; i < READ_PER_TURN && !c->over && c->n_heard != before; i++) {
		before = c->n_heard;
		int rc = mosquitto_loop_read(c->m, 1);
		if (rc != MOSQ_ERR_SUCCESS)
			end_with(c, "connection lost", rc);
	}
}

static void serve(struct connection *c)
{
	while (!c->over && !(c->stopping && all_sent(c))) {
		wait_for_work(c);
		hold_back(c, 1);
		unsigned heard = c->n_heard;
		int rc = mosquitto_loop(c->m, 0, 1);
		if (rc != MOSQ_ERR_SUCCESS)
			end_with(c, "connection lost", rc);
		if (c->n_heard != heard)
			read_more(c);
		advance(c);
		publish_waiting(c);
		hold_back(c, 0);
	}
	if (c->over)
		return;
	mosquitto_disconnect_v5(c->m, 0, NULL);
	if (mosquitto_want_write(c->m))
		(void)mosquitto_loop(c->m, TURN_MS, 1);
}

/* What OpenSSL says is the reason, however far the attempt had come: a handshake fails within connect or behind it. */
static const char *why(const struct connection *c)
{
	return c->detail[0] ? c->detail : c->reason;
}

/* Once an edge; and again where the broker or its certificate now says no for another reason: "connection lost" when it
 * was restarted doesn't tell anybody that this user was removed. What the network does meanwhile is no news. */
static bool is_news(const struct connection *c)
{
	bool refused = c->code != 0 || c->detail[0];

	return !c->down_told || (refused && strcmp(why(c), c->down_why) != 0);
}

static void tell_down(struct connection *c)
{
	struct link_event *event = c->spare;

	if (!is_news(c))
		return;
	c->down_told = true;
	snprintf(c->down_why, sizeof(c->down_why), "%s", why(c));
	c->spare = NULL;
	event->kind = LINK_EVENT_DOWN;
	event->code = c->code;
	memcpy(event->reason, c->reason, sizeof(event->reason));
	give(c, event, 0, -1);
}

static void begin_round(struct connection *c)
{
	c->m = NULL;
	c->phase = PHASE_CONNACK;
	c->stopping = c->over = c->connack = false;
	c->code = c->n_subacks = c->n_window = 0;
	c->reason[0] = c->detail[0] = '\0';
	memset(c->window, 0, sizeof(c->window));
}

/* --- rounds --- */

static bool has_new_will(const struct connection *c)
{
	struct link *link = c->link;

	pthread_mutex_lock(&link->lock);
	bool new = link->will_serial > c->will_used;
	pthread_mutex_unlock(&link->lock);
	return new;
}

/* A will is used up by a connection that came up; the first one is waited for as long as it
 * takes. */
static bool wait_for_will(const struct connection *c)
{
	const struct link *link = c->link;
	struct pollfd p[] = { { link->will_fd, POLLIN, 0 }, { link->stop_fd, POLLIN, 0 } };
	uint64_t n;

	while (link->config.will_topic[0] && !has_new_will(c)) {
		int r = poll(p, 2, c->will_used ? WILL_WAIT_MS : -1);
		if (r > 0 && p[1].revents)
			return false;
		if (r == 0)
			return true;
		if (r > 0 && read(link->will_fd, &n, sizeof(n)) < 0)
			return true; /* can't be: it was readable */
	}
	return !asked_to_stop(link, 0);
}

/* Full jitter: a school's gates don't come back all at once. */
static int backoff_ms(const struct connection *c, int round)
{
	uint32_t random = 0;
	uint32_t limit_ms = 1000U * (round < 5 ? 1U << round : BACKOFF_MAX_S);

	if (c->code == SESSION_TAKEN_OVER)
		return BACKOFF_MAX_S * 1000; /* else two units would throw each other out all day */
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return (int)limit_ms;
	return (int)(random % (limit_ms + 1));
}

static void run(struct connection *c)
{
	int round = 0;

	while (wait_for_will(c)) {
		begin_round(c);
		if (!c->spare)
			c->spare = calloc(1, sizeof(*c->spare));
		if (c->spare) {
			open_connection(c);
			serve(c);
			if (c->m)
				mosquitto_destroy(c->m);
			if (!c->over)
				return; /* asked to stop, all said */
			if (c->phase == PHASE_UP && timer_over(c->timer_fd))
				round = 0;
			tell_down(c);
		}
		if (asked_to_stop(c->link, backoff_ms(c, round)))
			return;
		round = round < 5 ? round + 1 : 5;
	}
}

static void init_library(void)
{
	(void)mosquitto_lib_init(); /* never undone: a thread left behind may still be inside */
}

void *link_thread(void *arg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct link *link = arg;
	struct connection c = { .link = link };

	pthread_once(&once, init_library);
	c.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c.timer_fd >= 0)
		run(&c);
	if (c.timer_fd >= 0)
		close(c.timer_fd);
	free(c.spare);

	const uint64_t one = 1;
	pthread_mutex_lock(&link->lock);
	bool abandoned = link->abandoned;
	link->ended = true;
	if (write(link->ended_fd, &one, sizeof(one)) < 0)
		assert(false);
	pthread_mutex_unlock(&link->lock);
	if (abandoned)
		link_free(link);
	return NULL;
}
