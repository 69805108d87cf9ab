/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench/bench_gates.c: gates that deliver what they hold, as fast as the contract lets them, and the time until the
 * register has confirmed the last of it.
 *
 * DESIGN. Each gate is an MQTT 5 connection of its own, with a kiosk's subscriptions and birth, with its check-ins as a kiosk
 * writes them, at QoS 1; at most DELIVER_UNACKED_MAX without a PUBACK and DELIVER_AHEAD_MAX without a confirm
 * (kiosk/deliver.h). Everything is written out before the clock is started, and one thread in poll() plays them all over
 * plain sockets: on a machine that also runs broker and register, gates that aren't there in a school must cost little.
 *
 * With --confirm it is the other side instead: a register that only counts and confirms. What the same check-ins take then is
 * the broker's share.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/civil.h"
#include "kiosk/deliver.h"
#include "sys/secret.h"
#include "sys/zone.h"
#include "wire/wire.h"

#define GATES_MAX 64
#define IN_MAX ((size_t)8 * 1024 * 1024) /* gates/data of a large school, whole */
#define DEADLINE_MS 120000
#define QUIET_MS 300 /* the register has said all that it says by itself */
#define CONFIRM_TURNS 16 /* the other side confirms about as often as a register that commits */
#define CONFIRM_MS 1
#define ARRIVALS_MS 3000 /* the register holds them back for a second at most */
#define START_S (8 * 3600 + 25 * 60)
#define AFTERNOON_S (13 * 3600 + 10 * 60)

struct peer {
	int fd;
	char id[CHECKIN_GATE_MAX];
	uint8_t *in;
	size_t n_in;
	bool subscribed, has_data;
	/* Its log: the packets one behind the other, packet i from at[i - 1] to at[i]. */
	struct uuid log;
	uint8_t *out;
	size_t *at, n_out, room;
	int64_t last, next, confirmed;
	int unacked;
	/* The other side: what it has of this gate. */
	char other_log[UUID_TEXT];
	int64_t through, told;
};

static struct {
	const char *school, *key, *until, *zone;
	int port, n_gates, pupils, days;
	bool confirm, no_data;
} o = { .school = "sint-jan", .zone = "Europe/Brussels", .n_gates = 1, .pupils = 2000 };
static struct peer peers[GATES_MAX + 1];
static struct civil_zone zone;
static struct secret_key key;
static bool register_up;
static int64_t heard_ms;
static long n_arrivals, n_confirms;

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

__attribute__((noreturn)) static void give_up(const char *what)
{
	(void)fprintf(stderr, "bench_gates: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *must(void *p)
{
	if (!p)
		give_up("memory");
	return p;
}

static struct uuid draw(void)
{
	uint8_t random[UUID_BYTES];

	secret_random(random, sizeof(random));
	return uuid_from_random(random);
}

/* ---- MQTT 5, as much of it as is needed ---- */

static size_t put_text(uint8_t *to, const char *text)
{
	size_t len = strlen(text);

	to[0] = (uint8_t)(len >> 8);
	to[1] = (uint8_t)len;
	memcpy(to + 2, text, len);
	return len + 2;
}

/* First byte and length before @len bytes. Return: bytes. */
static size_t put_head(uint8_t *to, uint8_t kind, size_t len)
{
	size_t n = 0;

	to[n++] = kind;
	do {
		to[n] = (uint8_t)(len & 0x7f);
		len >>= 7;
		if (len)
			to[n] |= 0x80;
		n++;
	} while (len);
	return n;
}

static size_t put_publish(
	uint8_t *to, const char *topic, const char *payload, int qos, bool retain, uint16_t id)
{
	size_t len = strlen(payload), all = 2 + strlen(topic) + (qos ? 2 : 0) + 1 + len;
	size_t n = put_head(to, (uint8_t)(0x30 | qos << 1 | retain), all);

	n += put_text(to + n, topic);
	if (qos) {
		to[n++] = (uint8_t)(id >> 8);
		to[n++] = (uint8_t)id;
	}
	to[n++] = 0; /* no properties */
	memcpy(to + n, payload, len);
	return n + len;
}

static void send_all(const struct peer *p, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(p->fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0)
			give_up("send");
		bytes += n;
		len -= (size_t)n;
	}
}

static void publish(struct peer *p, const char *topic, const char *payload, int qos, bool retain)
{
	static uint8_t packet[WIRE_PAYLOAD_MAX + 512];

	send_all(p, packet, put_publish(packet, topic, payload, qos, retain, 65535));
}

static void open_peer(struct peer *p, const char *client)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)o.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	uint8_t packet[256], body[200];
	size_t n = put_text(body, "MQTT");

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || connect(p->fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		give_up("connect");
	(void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	body[n++] = 5;
	body[n++] = 2; /* clean start */
	body[n++] = 0;
	body[n++] = 60; /* keepalive */
	body[n++] = 0;
	n += put_text(body + n, client);
	size_t head = put_head(packet, 0x10, n);
	memcpy(packet + head, body, n);
	send_all(p, packet, head + n);
	p->in = must(malloc(IN_MAX));
}

static void subscribe(struct peer *p, const char *const *topics, const int *qos, size_t n_topics)
{
	uint8_t packet[1024], body[1000];
	size_t n = 0;

	body[n++] = 0;
	body[n++] = 1; /* packet id */
	body[n++] = 0; /* no properties */
	for (size_t i = 0; i < n_topics; i++) {
		char topic[200];
		(void)snprintf(topic, sizeof(topic), "schoolpoort/%s/%s", o.school, topics[i]);
		n += put_text(body + n, topic);
		body[n++] = (uint8_t)qos[i];
	}
	size_t head = put_head(packet, 0x82, n);
	memcpy(packet + head, body, n);
	send_all(p, packet, head + n);
}

/* ---- what comes ---- */

static const char *find(const char *text, size_t len, const char *key_text)
{
	const char *at = memmem(text, len, key_text, strlen(key_text));

	return at ? at + strlen(key_text) : NULL;
}

static bool ends_in(const char *topic, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(topic + len - n, end, n) == 0;
}

static void take_confirm(struct peer *p, const char *payload, size_t len)
{
	char log[UUID_TEXT];
	const char *through = find(payload, len, "\"through\":");

	uuid_format(p->log, log);
	n_confirms++;
	if (!through || !find(payload, len, log))
		return;
	int64_t n = strtoll(through, NULL, 10);
	assert(n <= p->last && !find(payload, len, "\"refused\""));
	if (n > p->confirmed)
		p->confirmed = n;
}

/* To the gates' side a gate's number in its own order; here every check-in comes once and in order. */
static void take_checkin(const char *topic, size_t topic_len, const char *payload, size_t len)
{
	const char *at = find(topic, topic_len, "/gate/gate-"), *log, *seq;

	assert(at);
	struct peer *g = &peers[strtol(at, NULL, 10)];
	log = find(payload, len, "\"log\":\"");
	seq = find(payload, len, "\"seq\":");
	assert(log && seq);
	(void)snprintf(g->other_log, sizeof(g->other_log), "%.36s", log);
	int64_t n = strtoll(seq, NULL, 10);
	assert(n == g->through + 1);
	g->through = n;
}

static void take_publish(struct peer *p, uint8_t first, const uint8_t *body, size_t len)
{
	int qos = first >> 1 & 3;
	size_t topic_len = (size_t)body[0] << 8 | body[1], n = 2 + topic_len;
	const char *topic = (const char *)body + 2;

	if (qos) {
		const uint8_t ack[] = { 0x40, 2, body[n], body[n + 1] };
		send_all(p, ack, sizeof(ack));
		n += 2;
	}
	assert(body[n] < 0x80);
	n += 1 + body[n]; /* properties */
	const char *payload = (const char *)body + n;
	heard_ms = now_us() / 1000;
	if (ends_in(topic, topic_len, "/confirm"))
		take_confirm(p, payload, len - n);
	else if (ends_in(topic, topic_len, "/arrival"))
		n_arrivals++;
	else if (ends_in(topic, topic_len, "/gates/data"))
		p->has_data = p->has_data || !(first & 1); /* not the retained one of before */
	else if (ends_in(topic, topic_len, "/register/state"))
		register_up = find(payload, len - n, "\"online\"");
	else if (ends_in(topic, topic_len, "/checkin"))
		take_checkin(topic, topic_len, payload, len - n);
}

static void take_packet(struct peer *p, uint8_t first, const uint8_t *body, size_t len)
{
	switch (first >> 4) {
	case 2: /* CONNACK */
		assert(len >= 2 && body[1] == 0);
		break;
	case 9: /* SUBACK */
		p->subscribed = true;
		break;
	case 4: /* PUBACK; of the birth as well, whose number is above all */
		if (((unsigned)body[0] << 8 | body[1]) != 65535)
			p->unacked--;
		break;
	case 3:
		take_publish(p, first, body, len);
		break;
	default:
		give_up("a packet that nobody asked for");
	}
}

static void take(struct peer *p)
{
	ssize_t n = recv(p->fd, p->in + p->n_in, IN_MAX - p->n_in, MSG_DONTWAIT);
	size_t at = 0;

	if (n <= 0)
		give_up("the broker ended the connection");
	p->n_in += (size_t)n;
	for (;;) {
		size_t len = 0, head = 1;
		int shift = 0;
		while (at + head < p->n_in && head < 5) {
			len |= (size_t)(p->in[at + head] & 0x7f) << shift;
			shift += 7;
			if (!(p->in[at + head++] & 0x80))
				goto whole_head;
		}
		break;
	whole_head:
		if (at + head + len > p->n_in)
			break;
		take_packet(p, p->in[at], p->in + at + head, len);
		at += head + len;
	}
	memmove(p->in, p->in + at, p->n_in - at);
	p->n_in -= at;
}

/* ---- a gate's log ---- */

static void add_checkin(struct peer *p, const struct checkin *c, const struct wire_context *ctx)
{
	char topic[128];
	char *text = must(wire_checkin_encode(c, ctx));
	size_t need = strlen(text) + 256;

	(void)snprintf(topic, sizeof(topic), "schoolpoort/%s/gate/%s/checkin", o.school, p->id);
	if (p->n_out + need > p->room) {
		p->room = 2 * (p->room + need);
		p->out = must(realloc(p->out, p->room));
	}
	p->at = must(realloc(p->at, (size_t)(p->last + 2) * sizeof(*p->at)));
	p->at[0] = 0;
	p->n_out += put_publish(
		p->out + p->n_out, topic, text, 1, false, (uint16_t)(c->seq % 65000 + 1));
	p->at[++p->last] = p->n_out;
	free(text);
}

static void tap(struct peer *p, struct civil_date date, enum halfday half, int at_s, int pupil,
	const struct uuid *boot)
{
	const struct wire_context ctx = { .zone = &zone, .rehearsal = true };
	int start_s = half == HALFDAY_AM ? START_S : AFTERNOON_S;
	uint8_t uid[7] = { 4, 0, 0, 0, 0, (uint8_t)(pupil >> 8), (uint8_t)pupil };
	struct checkin c = { .log = p->log,
		.seq = p->last + 1,
		.id = draw(),
		.revision = 1,
		.result = at_s <= start_s ? CHECKIN_PRESENT : CHECKIN_LATE,
		.at_ms = civil_instant_of(&zone, date, at_s) + pupil % 1000,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = 12,
		.boot = *boot,
		.pupil = pupil,
		.date = date,
		.half = half,
		.minutes_late = at_s <= start_s ? 0 : (at_s - start_s + 59) / 60,
		.source = CHECKIN_SOURCE_CARD };

	c.boot_ms = c.at_ms - civil_instant_of(&zone, civil_date_add(date, -20), 0);
	(void)snprintf(c.gate, sizeof(c.gate), "%s", p->id);
	secret_card_hash(&key, uid, sizeof(uid), c.card.b);
	add_checkin(p, &c, &ctx);
}

/* A half day's taps, in order of time, by the gates in turn; the crowd comes before the bell, one in forty after it. */
static void half_day(struct civil_date date, enum halfday half, bool whole, const struct uuid *boot)
{
	int start_s = half == HALFDAY_AM ? START_S : AFTERNOON_S;
	int late = whole ? o.pupils / 40 : 0, in_time = o.pupils - late;

	for (int i = 0; i < o.pupils; i++) {
		/* The 25 minutes from half an hour before it. */
		int at_s = i < in_time ? start_s - 1800 + (int)((int64_t)i * 1500 / in_time)
				       : start_s + 30 + (i - in_time) * 600 / (late + 1);
		tap(&peers[1 + i % o.n_gates], date, half, at_s,
			1 + (int)((int64_t)i * 7919 % o.pupils), boot);
	}
}

static void fill_logs(int64_t until_ms)
{
	struct civil_date today = civil_local_of(&zone, until_ms).date, date = today;
	struct uuid boot = draw();
	int days = 0;

	for (int g = 1; g <= o.n_gates; g++) {
		peers[g].log = draw();
		peers[g].next = 1;
		(void)snprintf(peers[g].id, sizeof(peers[g].id), "gate-%d", g);
	}
	while (days < o.days) {
		date = civil_date_add(date, -1);
		days += civil_weekday(date) <= 5;
	}
	for (; civil_date_compare(date, today) < 0; date = civil_date_add(date, 1)) {
		if (civil_weekday(date) > 5)
			continue;
		half_day(date, HALFDAY_AM, true, &boot);
		if (civil_weekday(date) != 3)
			half_day(date, HALFDAY_PM, true, &boot);
	}
	half_day(today, HALFDAY_AM, false, &boot);
}

/* ---- the loop ---- */

/* Return: false where nothing came. */
static bool turn(int first, int last, int wait_ms)
{
	struct pollfd fds[GATES_MAX + 1];

	for (int i = first; i <= last; i++)
		fds[i - first] = (struct pollfd){ peers[i].fd, POLLIN, 0 };
	int n = poll(fds, (nfds_t)(last - first + 1), wait_ms);
	if (n < 0)
		give_up("poll");
	for (int i = first; i <= last; i++)
		if (fds[i - first].revents)
			take(&peers[i]);
	return n > 0;
}

static void say_state(struct peer *p, const struct uuid *session, int64_t until_ms)
{
	const struct wire_context ctx = { .zone = &zone, .rehearsal = true };
	struct wire_gate_state s = { .state = WIRE_UNIT_ONLINE,
		.at_ms = until_ms,
		.session = *session,
		.log = p->log,
		.last_seq = p->last,
		.confirmed_seq = p->confirmed,
		.complete_until_ms = until_ms,
		.clock = CHECKIN_CLOCK_TRUSTED,
		.clock_error_ms = 12,
		.reader = WIRE_READER_OK,
		.screen_ok = 1,
		.store = WIRE_STORE_OK,
		.data_generation = 1,
		.disk_free_mb = 12000,
		.uptime_s = 3600,
		.rehearsal = true,
		.taps_today = p->last,
		.p50_ms = 12.5,
		.p95_ms = 14,
		.p99_ms = 20 };
	char topic[128];

	(void)snprintf(s.gate, sizeof(s.gate), "%s", p->id);
	(void)snprintf(s.version, sizeof(s.version), "bench");
	(void)snprintf(topic, sizeof(topic), "schoolpoort/%s/gate/%s/state", o.school, p->id);
	char *text = must(wire_gate_state_encode(&s, &ctx));
	publish(p, topic, text, 1, true);
	free(text);
}

static void connect_gates(void)
{
	static const char *const watched[] = { "register/state" };
	static const int watched_qos[] = { 1 };

	open_peer(&peers[0], "schoolpoort-bench");
	subscribe(&peers[0], watched, watched_qos, 1);
	for (int g = 1; g <= o.n_gates; g++) {
		char client[64], confirm[64];
		const char *const topics[] = { confirm, "gates/data", "gates/arrival" };
		const int qos[] = { 1, 1, 0 };
		(void)snprintf(client, sizeof(client), "schoolpoort-kiosk-%s", peers[g].id);
		(void)snprintf(confirm, sizeof(confirm), "gate/%s/confirm", peers[g].id);
		open_peer(&peers[g], client);
		subscribe(&peers[g], topics, qos, 3);
	}
}

static bool all_have_data(void)
{
	for (int g = 1; g <= o.n_gates; g++)
		if (!peers[g].subscribed || (!peers[g].has_data && !o.no_data))
			return false;
	return true;
}

static void wait_for_register(void)
{
	int64_t end_ms = now_us() / 1000 + DEADLINE_MS;

	(void)puts("ready"); /* the register may be started */
	(void)fflush(stdout);
	while (!register_up || !all_have_data() || now_us() / 1000 - heard_ms < QUIET_MS) {
		(void)turn(0, o.n_gates, QUIET_MS);
		if (now_us() / 1000 > end_ms)
			give_up("waited in vain for the register");
	}
}

static void give(struct peer *p)
{
	int64_t first = p->next;

	while (p->next <= p->last && p->unacked < DELIVER_UNACKED_MAX &&
		p->next - 1 - p->confirmed < DELIVER_AHEAD_MAX) {
		p->next++;
		p->unacked++;
	}
	if (p->next > first)
		send_all(p, p->out + p->at[first - 1], p->at[p->next - 1] - p->at[first - 1]);
}

static bool all_confirmed(void)
{
	for (int g = 1; g <= o.n_gates; g++)
		if (peers[g].confirmed < peers[g].last)
			return false;
	return true;
}

/* Everybody is in today, once, and every gate hears it; at QoS 0, so some may be lost. */
static void wait_for_arrivals(int64_t began_us)
{
	int64_t last_us = now_us();
	long n = n_arrivals, all = (long)o.pupils * o.n_gates;

	while (n_arrivals < all && turn(1, o.n_gates, ARRIVALS_MS))
		if (n_arrivals > n) {
			n = n_arrivals;
			last_us = now_us();
		}
	(void)printf("bench: arrivals_s %.6f\nbench: arrivals_share %.4f\n",
		(double)(last_us - began_us) / 1e6, (double)n_arrivals / (double)all);
}

static int play(void)
{
	int64_t until_ms, sum = 0;
	struct uuid session = draw();

	if (civil_parse_time(o.until, &until_ms) || secret_key_load(o.key, &key))
		give_up("--until or --key");
	fill_logs(until_ms);
	connect_gates();
	wait_for_register();
	for (int g = 1; g <= o.n_gates; g++) {
		say_state(&peers[g], &session, until_ms);
		sum += peers[g].last;
	}
	int64_t began_us = now_us(), end_us = began_us + DEADLINE_MS * INT64_C(1000);
	n_arrivals = n_confirms = 0;
	while (!all_confirmed()) {
		for (int g = 1; g <= o.n_gates; g++)
			give(&peers[g]);
		(void)turn(1, o.n_gates, 1000);
		if (now_us() > end_us)
			give_up("not all was confirmed");
	}
	double took_s = (double)(now_us() - began_us) / 1e6;
	(void)printf("bench: checkins %lld\nbench: seconds %.6f\nbench: rate %.1f\n"
		     "bench: confirms %ld\n",
		(long long)sum, took_s, (double)sum / took_s, n_confirms);
	if (!o.no_data)
		wait_for_arrivals(began_us);
	/* Another number of gates may come after this. */
	for (int g = 1; g <= o.n_gates; g++) {
		char topic[128];
		(void)snprintf(topic, sizeof(topic), "schoolpoort/%s/gate/%s/state", o.school,
			peers[g].id);
		publish(&peers[g], topic, "", 1, true);
	}
	return 0;
}

/* ---- the other side ---- */

static void confirm_all(void)
{
	for (int g = 1; g <= GATES_MAX; g++) {
		struct peer *p = &peers[g];
		char topic[128], text[200];
		if (p->told == p->through)
			continue;
		p->told = p->through;
		(void)snprintf(
			topic, sizeof(topic), "schoolpoort/%s/gate/gate-%d/confirm", o.school, g);
		(void)snprintf(text, sizeof(text), "{\"v\":1,\"log\":\"%s\",\"through\":%lld}",
			p->other_log, (long long)p->through);
		publish(&peers[0], topic, text, 1, false);
	}
}

__attribute__((noreturn)) static void confirm(void)
{
	static const char *const topics[] = { "gate/+/checkin" };
	static const int qos[] = { 1 };
	char topic[128];

	open_peer(&peers[0], "schoolpoort-bench-register");
	subscribe(&peers[0], topics, qos, 1);
	while (!peers[0].subscribed)
		(void)turn(0, 0, 1000);
	(void)snprintf(topic, sizeof(topic), "schoolpoort/%s/register/state", o.school);
	publish(&peers[0], topic, "{\"v\":1,\"state\":\"online\"}", 1, false);
	for (;;) { /* until it is ended */
		for (int n = 0; n < CONFIRM_TURNS && turn(0, 0, CONFIRM_MS); n++)
			;
		confirm_all();
	}
}

static const char usage[] = "bench_gates --port N --until TIME --key FILE [--gates N] [--pupils N] "
			    "[--days N] [--no-data]\n"
			    "bench_gates --port N --confirm\n";

static void read_options(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ "gates", 1, NULL, 'g' }, { "pupils", 1, NULL, 'n' }, { "days", 1, NULL, 'd' },
		{ "until", 1, NULL, 'u' }, { "key", 1, NULL, 'k' }, { "confirm", 0, NULL, 'c' },
		{ "no-data", 0, NULL, 'q' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (c) {
		case 'p':
			o.port = (int)strtol(optarg, NULL, 10);
			break;
		case 'g':
			o.n_gates = (int)strtol(optarg, NULL, 10);
			break;
		case 'n':
			o.pupils = (int)strtol(optarg, NULL, 10);
			break;
		case 'd':
			o.days = (int)strtol(optarg, NULL, 10);
			break;
		case 'u':
			o.until = optarg;
			break;
		case 'k':
			o.key = optarg;
			break;
		case 'c':
			o.confirm = true;
			break;
		case 'q':
			o.no_data = true;
			break;
		default:
			(void)fputs(usage, stderr);
			exit(2);
		}
	if (!o.port || o.n_gates < 1 || o.n_gates > GATES_MAX ||
		(!o.confirm && (!o.until || !o.key))) {
		(void)fputs(usage, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	if (secret_init() || zone_load(o.zone, civil_zone_add, &zone))
		give_up("start");
	if (o.confirm)
		confirm();
	return play();
}
