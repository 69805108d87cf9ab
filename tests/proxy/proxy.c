/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER                                                                                     \
	(64 * 1024) /* bytes on their way, each direction of a connection; then it isn't read */
#define CHUNKS 256 /* reads on their way, each with its own time */
#define CONNECTIONS_MAX 1024
#define MORE_MAX 32
#define HOLD_MS 3000
#define LINGER_US 2000000 /* of a side that was told the end and says nothing */
#define RATE_STEPS 20 /* a second: small enough to be smooth, large enough to be cheap */
#define NEVER UINT64_MAX

enum direction { UP, DOWN, DIRECTIONS };
enum how { HOW_FIN, HOW_RST, HOW_HALF, HOW_LATE, HOW_ANY };

static const char *const how_words[] = { "fin", "rst", "half", "late", "any" };

struct rules {
	int64_t latency_us;
	int64_t rate; /* bytes a second; 0: any */
	uint64_t pieces; /* 0: whole */
	bool cut;
	uint64_t cut_from, cut_to;
	enum how how;
	uint64_t silence; /* of each connection's bytes; NEVER: none */
};

struct link {
	char name[PROXY_NAME_MAX];
	int listen_fd; /* -1: nobody listens */
	int port, to_port;
	struct rules rules[DIRECTIONS];
	bool cut_any; /* one direction a connection, by lot */
	bool keep;
	int64_t hold_us;
	int64_t refuse_until_us; /* 0: not; -1: until told otherwise */
	uint64_t n_connections, n_cuts, n_bytes[DIRECTIONS];
};

/* One direction: read from fds[from], given to fds[!from]. */
struct way {
	unsigned char bytes[BUFFER];
	size_t len;
	struct {
		int64_t due_us;
		size_t len;
	} chunks[CHUNKS];
	size_t n_chunks;
	uint64_t passed;
	uint64_t cut_at; /* of passed; NEVER: not */
	enum how how;
	uint64_t silent_from; /* of passed; NEVER: not */
	int64_t next_us; /* by rate */
	bool ended; /* the sender has said the end */
	bool told; /* the receiver was told of it */
	bool gone; /* nothing passes any more: what comes is dropped */
	uint64_t random;
};

/* Sides: 0 the client's, 1 the server's. UP reads from side 0. */
struct connection {
	struct link *link;
	int fds[2];
	bool connecting;
	int64_t ends_us; /* both sides are closed then; 0: lives */
	bool kept; /* the client has gone, the server's side stays */
	struct way way[DIRECTIONS];
};

struct proxy {
	uint64_t seed;
	size_t n_links;
	struct link links[PROXY_LINKS_MAX];
	size_t n_connections;
	struct connection *connections[CONNECTIONS_MAX];
};

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* splitmix64: enough for a lot, and the same everywhere. */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void close_side(struct connection *c, int side, bool reset)
{
	const struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	if (c->fds[side] < 0)
		return;
	if (reset)
		(void)setsockopt(c->fds[side], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	(void)close(c->fds[side]);
	c->fds[side] = -1;
}

static void drop(struct connection *c, bool reset)
{
	close_side(c, 0, reset);
	close_side(c, 1, reset);
}

/* An end in peace: said, and the other's waited for, since closing with unread bytes would be a reset. */
static void say_end(struct connection *c, int side)
{
	if (c->fds[side] >= 0)
		(void)shutdown(c->fds[side], SHUT_WR);
}

static void cut(struct connection *c, enum direction d, enum how how, int64_t now)
{
	int sender = d == UP ? 0 : 1;

	c->link->n_cuts++;
	c->way[d].gone = true;
	c->way[d].len = c->way[d].n_chunks = 0;
	switch (how) {
	case HOW_RST:
		drop(c, true);
		return;
	case HOW_HALF:
		say_end(c, !sender);
		c->way[d].told = true;
		return;
	case HOW_LATE:
		c->way[!d].gone = true;
		close_side(c, sender, true);
		c->ends_us = now + c->link->hold_us;
		return;
	case HOW_FIN:
	case HOW_ANY:
		break;
	}
	c->way[!d].gone = true;
	say_end(c, 0);
	say_end(c, 1);
	c->ends_us = now + LINGER_US;
}

static void draw_cut(struct connection *c, enum direction d)
{
	struct way *w = &c->way[d];
	const struct rules *r = &c->link->rules[d];

	w->cut_at = NEVER;
	if (!r->cut || w->gone)
		return;
	w->cut_at = w->passed + r->cut_from + draw(&w->random) % (r->cut_to - r->cut_from + 1);
	w->how = r->how == HOW_ANY ? (enum how)(draw(&w->random) % HOW_ANY) : r->how;
}

static void draw_cuts(struct connection *c)
{
	for (int d = UP; d < DIRECTIONS; d++)
		draw_cut(c, (enum direction)d);
	if (c->link->cut_any)
		c->way[draw(&c->way[UP].random) % DIRECTIONS].cut_at = NEVER;
}

/* ---- connections ----------------------------------------------------------------------------- */

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void no_delay(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void take(struct proxy *p, struct link *link, int fd)
{
	struct sockaddr_in a = loopback(link->to_port);
	struct connection *c = p->n_connections < CONNECTIONS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		(void)close(fd);
		return;
	}
	c->link = link;
	c->fds[0] = fd;
	c->fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	no_delay(c->fds[0]);
	no_delay(c->fds[1]);
	link->n_connections++;
	for (int d = UP; d < DIRECTIONS; d++) {
		struct way *w = &c->way[d];
		w->random = p->seed ^ (link->n_connections << 20) ^
			    ((uint64_t)(link - p->links) << 4) ^ (uint64_t)d;
		w->silent_from = link->rules[d].silence;
	}
	draw_cuts(c);
	c->connecting = true;
	if (connect(c->fds[1], (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS)
		drop(c, true);
	p->connections[p->n_connections++] = c;
}

static void take_all(struct proxy *p, struct link *link)
{
	for (;;) {
		int fd = accept4(link->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		take(p, link, fd);
	}
}

static bool wants_read(const struct connection *c, enum direction d)
{
	const struct way *w = &c->way[d];

	return c->fds[d == UP ? 0 : 1] >= 0 && !w->ended && !c->connecting &&
	       (w->gone || (w->len < BUFFER && w->n_chunks < CHUNKS));
}

/* The sender has gone, by its word or without one. */
static void sender_ended(struct connection *c, enum direction d, bool reset)
{
	struct way *w = &c->way[d];

	w->ended = true;
	if (c->link->keep && d == UP) {
		c->kept = true;
		w->gone = c->way[DOWN].gone = true;
		close_side(c, 0, reset);
	} else if (reset && w->silent_from > w->passed) {
		drop(c, true);
	}
}

static void read_way(struct connection *c, enum direction d, int64_t now)
{
	struct way *w = &c->way[d];
	unsigned char rest[4096];
	int fd = c->fds[d == UP ? 0 : 1];
	ssize_t n = w->gone ? recv(fd, rest, sizeof(rest), 0)
			    : recv(fd, w->bytes + w->len, BUFFER - w->len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		sender_ended(c, d, n < 0);
		return;
	}
	if (w->gone)
		return;
	w->len += (size_t)n;
	w->chunks[w->n_chunks].due_us = now + c->link->rules[d].latency_us;
	w->chunks[w->n_chunks++].len = (size_t)n;
}

static size_t due_bytes(const struct way *w, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_chunks && w->chunks[i].due_us <= now; i++)
		n += w->chunks[i].len;
	return n;
}

static void take_away(struct way *w, size_t n)
{
	size_t first = 0;

	w->len -= n;
	memmove(w->bytes, w->bytes + n, w->len);
	while (n > 0) {
		size_t part = n < w->chunks[first].len ? n : w->chunks[first].len;
		w->chunks[first].len -= part;
		n -= part;
		if (w->chunks[first].len == 0)
			first++;
	}
	w->n_chunks -= first;
	memmove(w->chunks, w->chunks + first, w->n_chunks * sizeof(w->chunks[0]));
}

/* How much may go at once: up to the cut, the silence, a piece, a step of the rate. */
static size_t portion(const struct connection *c, enum direction d, struct way *w, size_t n)
{
	const struct rules *r = &c->link->rules[d];

	if (n > w->cut_at - w->passed)
		n = (size_t)(w->cut_at - w->passed);
	if (n > w->silent_from - w->passed)
		n = (size_t)(w->silent_from - w->passed);
	if (r->rate > 0 && n > (size_t)(r->rate / RATE_STEPS + 1))
		n = (size_t)(r->rate / RATE_STEPS + 1);
	if (r->pieces > 0 && n > 0) {
		size_t piece = (size_t)(draw(&w->random) % r->pieces + 1);
		n = n < piece ? n : piece;
	}
	return n;
}

static bool silent(const struct way *w)
{
	return w->passed >= w->silent_from;
}

/* Return: whether something went, so that it is worth another look. */
static bool give_some(struct connection *c, enum direction d, int64_t now)
{
	struct way *w = &c->way[d];
	const struct rules *r = &c->link->rules[d];
	int to = c->fds[d == UP ? 1 : 0];
	size_t due = to >= 0 && !c->connecting ? due_bytes(w, now) : 0;

	if (due == 0 || w->gone || (r->rate > 0 && now < w->next_us))
		return false;
	if (silent(w)) {
		take_away(w, due);
		return true;
	}
	if (w->passed >= w->cut_at) {
		cut(c, d, w->how, now);
		return false;
	}
	size_t n = portion(c, d, w, due);
	ssize_t sent = send(to, w->bytes, n, MSG_NOSIGNAL);
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			sender_ended(c, !d, true);
		return false;
	}
	w->passed += (uint64_t)sent;
	c->link->n_bytes[d] += (uint64_t)sent;
	take_away(w, (size_t)sent);
	if (r->rate > 0)
		w->next_us = now + sent * INT64_C(1000000) / r->rate;
	return true;
}

static void give(struct connection *c, enum direction d, int64_t now)
{
	struct way *w = &c->way[d];

	/* A piece a turn, so that others come between. */
	for (int i = c->link->rules[d].pieces ? 63 : 0; i < 64 && give_some(c, d, now); i++)
		;
	/* The end comes after the last byte, as late as that. */
	if (w->ended && !w->told && w->len == 0 && !w->gone && !silent(w)) {
		w->told = true;
		say_end(c, d == UP ? 1 : 0);
	}
}

static void connected(struct connection *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	(void)getsockopt(c->fds[1], SOL_SOCKET, SO_ERROR, &error, &len);
	c->connecting = false;
	if (error)
		drop(c, true);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

static void follow_refusal(struct link *link, int64_t now)
{
	struct sockaddr_in a = loopback(link->port);
	const int on = 1;

	if (link->refuse_until_us > 0 && link->refuse_until_us <= now)
		link->refuse_until_us = 0;
	if (link->refuse_until_us != 0 && link->listen_fd >= 0) {
		(void)close(link->listen_fd);
		link->listen_fd = -1;
	} else if (link->refuse_until_us == 0 && link->listen_fd < 0) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 512) < 0) {
			(void)close(fd);
			return; /* the next turn tries again */
		}
		link->listen_fd = fd;
	}
}

static void sooner(int64_t *at_us, int64_t due_us)
{
	if (due_us < *at_us)
		*at_us = due_us;
}

/* When this connection has something to do without anybody's word. */
static int64_t due_of(const struct connection *c)
{
	int64_t at = INT64_MAX;

	if (c->ends_us)
		sooner(&at, c->ends_us);
	for (int d = UP; d < DIRECTIONS; d++) {
		const struct way *w = &c->way[d];
		if (w->n_chunks == 0 || w->gone)
			continue;
		int64_t due = w->chunks[0].due_us;
		if (c->link->rules[d].rate > 0 && w->next_us > due)
			due = w->next_us;
		sooner(&at, due);
	}
	return at;
}

static int until_due_ms(const struct proxy *p, int64_t now, int wait_ms)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < p->n_links; i++)
		if (p->links[i].refuse_until_us > 0)
			sooner(&at, p->links[i].refuse_until_us);
	for (size_t i = 0; i < p->n_connections; i++) {
		int64_t due = due_of(p->connections[i]);
		/* What is due already waits for its receiver, whom poll() watches. */
		if (due > now)
			sooner(&at, due);
	}
	if (at == INT64_MAX)
		return wait_ms;
	int64_t ms = (at - now) / 1000 + 1;
	return wait_ms >= 0 && ms > wait_ms ? wait_ms : (int)ms;
}

static short events_of(const struct connection *c, int side, int64_t now)
{
	enum direction in = side == 0 ? UP : DOWN, out = side == 0 ? DOWN : UP;
	const struct way *w = &c->way[out];
	short events = 0;

	if (side == 1 && c->connecting)
		return POLLOUT;
	if (wants_read(c, in))
		events |= POLLIN;
	bool held = c->link->rules[out].rate > 0 && now < w->next_us;
	if (!c->connecting && !w->gone && !held && due_bytes(w, now) > 0)
		events |= POLLOUT;
	return events;
}

static bool over(const struct connection *c, int64_t now)
{
	bool both_ended = c->way[UP].ended && c->way[DOWN].ended;
	bool all_told =
		(c->way[UP].told || c->way[UP].gone) && (c->way[DOWN].told || c->way[DOWN].gone);

	if (c->fds[0] < 0 && c->fds[1] < 0)
		return true;
	if (c->ends_us && now >= c->ends_us)
		return true;
	if (c->kept)
		return !c->link->keep || c->way[DOWN].ended;
	return both_ended && all_told;
}

static void serve(struct connection *c, const struct pollfd fds[2], int64_t now)
{
	if (c->connecting && fds[1].fd >= 0 && fds[1].revents)
		connected(c);
	for (int d = UP; d < DIRECTIONS; d++) {
		int side = d == UP ? 0 : 1;
		if (fds[side].revents & (POLLIN | POLLHUP | POLLERR) &&
			wants_read(c, (enum direction)d))
			read_way(c, (enum direction)d, now);
	}
	for (int d = UP; d < DIRECTIONS; d++)
		give(c, (enum direction)d, now);
}

static void reap(struct proxy *p, int64_t now)
{
	for (size_t i = p->n_connections; i-- > 0;) {
		if (!over(p->connections[i], now))
			continue;
		drop(p->connections[i], false);
		free(p->connections[i]);
		p->connections[i] = p->connections[--p->n_connections];
	}
}

void proxy_turn(struct proxy *p, int wait_ms, struct pollfd *more, size_t n_more)
{
	static struct pollfd fds[MORE_MAX + PROXY_LINKS_MAX + 2 * CONNECTIONS_MAX];
	size_t n = 0;
	int64_t now = now_us();

	reap(p, now); /* what a rule has ended meanwhile */
	size_t n_served = p->n_connections;
	for (size_t i = 0; i < p->n_links; i++)
		follow_refusal(&p->links[i], now);
	for (size_t i = 0; i < n_more && i < MORE_MAX; i++)
		fds[n++] = more[i];
	for (size_t i = 0; i < p->n_links; i++)
		fds[n++] = (struct pollfd){ p->links[i].listen_fd, POLLIN, 0 };
	for (size_t i = 0; i < n_served; i++)
		for (int side = 0; side < 2; side++) {
			struct connection *c = p->connections[i];
			short events = c->fds[side] < 0 ? 0 : events_of(c, side, now);
			/* Without events poll() would still wake for a hang-up, again and again. */
			fds[n++] = (struct pollfd){ events ? c->fds[side] : -1, events, 0 };
		}
	(void)poll(fds, n, until_due_ms(p, now, wait_ms));
	now = now_us();
	for (size_t i = 0; i < n_more && i < MORE_MAX; i++)
		more[i].revents = fds[i].revents;
	struct pollfd *at = fds + (n_more < MORE_MAX ? n_more : MORE_MAX);
	for (size_t i = 0; i < p->n_links; i++, at++)
		if (at->fd >= 0 && at->revents)
			take_all(p, &p->links[i]);
	for (size_t i = 0; i < n_served; i++, at += 2)
		serve(p->connections[i], at, now);
	reap(p, now);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void clear(struct link *link)
{
	for (int d = UP; d < DIRECTIONS; d++)
		link->rules[d] = (struct rules){ .silence = NEVER };
	link->cut_any = link->keep = false;
	link->hold_us = HOLD_MS * INT64_C(1000);
	link->refuse_until_us = 0;
}

struct words {
	size_t n;
	char *word[8];
};

static bool number_of(const struct words *w, size_t i, uint64_t *ret_n)
{
	char *end = NULL;

	if (i >= w->n)
		return false;
	*ret_n = strtoull(w->word[i], &end, 10);
	return end != w->word[i] && *end == 0;
}

static bool is(const struct words *w, size_t i, const char *word)
{
	return i < w->n && strcmp(w->word[i], word) == 0;
}

/* For the present connections too; what has passed already counts. */
static void each_connection(
	struct proxy *p, struct link *link, void (*act)(struct connection *c, int64_t now))
{
	for (size_t i = 0; i < p->n_connections; i++)
		if (p->connections[i]->link == link)
			act(p->connections[i], now_us());
}

static void cut_anew(struct connection *c, int64_t now)
{
	(void)now;
	draw_cuts(c);
}

static void follow_silence(struct connection *c, int64_t now)
{
	(void)now;
	for (int d = UP; d < DIRECTIONS; d++)
		c->way[d].silent_from = c->link->rules[d].silence;
}

static void drop_fin(struct connection *c, int64_t now)
{
	if (!c->ends_us)
		cut(c, UP, HOW_FIN, now);
}

static void drop_rst(struct connection *c, int64_t now)
{
	cut(c, UP, HOW_RST, now);
}

static const char *set_cut(
	struct proxy *p, struct link *link, struct rules *r, const struct words *w)
{
	size_t how = 0;

	if (is(w, 3, "off")) {
		r->cut = false;
		return NULL;
	}
	while (how < sizeof(how_words) / sizeof(how_words[0]) && !is(w, 5, how_words[how]))
		how++;
	if (!number_of(w, 3, &r->cut_from) || !number_of(w, 4, &r->cut_to) ||
		r->cut_to < r->cut_from || how > HOW_ANY)
		return "cut DIR FROM TO fin|rst|half|late|any";
	r->cut = true;
	r->how = (enum how)how;
	(void)p;
	(void)link;
	return NULL;
}

static const char *set_one(
	struct proxy *p, struct link *link, enum direction d, const struct words *w)
{
	struct rules *r = &link->rules[d];
	uint64_t n = 0;

	if (is(w, 1, "cut"))
		return set_cut(p, link, r, w);
	if (is(w, 1, "silence") && is(w, 3, "off"))
		n = NEVER;
	else if (is(w, 1, "silence") && is(w, 3, "now"))
		n = 0;
	else if (!number_of(w, 3, &n))
		return "a number is missing";
	if (is(w, 1, "latency"))
		r->latency_us = (int64_t)n * 1000;
	else if (is(w, 1, "rate"))
		r->rate = (int64_t)n;
	else if (is(w, 1, "pieces"))
		r->pieces = n;
	else if (is(w, 1, "silence"))
		r->silence = n;
	else
		return "no such rule";
	return NULL;
}

static const char *set_directions(struct proxy *p, struct link *link, const struct words *w)
{
	bool any = is(w, 2, "any"), both = any || is(w, 2, "both");
	const char *error = NULL;

	if (!both && !is(w, 2, "up") && !is(w, 2, "down"))
		return "up, down, both or any";
	if (both || is(w, 2, "up"))
		error = set_one(p, link, UP, w);
	if (!error && (both || is(w, 2, "down")))
		error = set_one(p, link, DOWN, w);
	if (error)
		return error;
	if (is(w, 1, "cut")) {
		link->cut_any = any;
		each_connection(p, link, cut_anew);
	} else if (is(w, 1, "silence")) {
		each_connection(p, link, follow_silence);
	}
	return NULL;
}

static const char *refuse(struct link *link, const struct words *w)
{
	uint64_t ms = 0;

	if (is(w, 2, "on"))
		link->refuse_until_us = -1;
	else if (is(w, 2, "off"))
		link->refuse_until_us = 0;
	else if (number_of(w, 2, &ms))
		link->refuse_until_us = now_us() + (int64_t)ms * 1000;
	else
		return "refuse on|off|MS";
	follow_refusal(link, now_us());
	return NULL;
}

static void say_stats(const struct proxy *p, const struct link *link, char *answer)
{
	int open = 0;

	for (size_t i = 0; i < p->n_connections; i++)
		open += p->connections[i]->link == link;
	(void)snprintf(answer, PROXY_ANSWER_MAX,
		"connections %llu open %d up %llu down %llu cuts %llu",
		(unsigned long long)link->n_connections, open,
		(unsigned long long)link->n_bytes[UP], (unsigned long long)link->n_bytes[DOWN],
		(unsigned long long)link->n_cuts);
}

static const char *tell_link(
	struct proxy *p, struct link *link, const struct words *w, char *answer)
{
	uint64_t ms = 0;

	if (is(w, 1, "stats"))
		say_stats(p, link, answer);
	else if (is(w, 1, "port"))
		(void)snprintf(answer, PROXY_ANSWER_MAX, "%d", link->port);
	else if (is(w, 1, "clear")) {
		clear(link);
		each_connection(p, link, cut_anew);
		each_connection(p, link, follow_silence);
	} else if (is(w, 1, "keep") && (is(w, 2, "on") || is(w, 2, "off")))
		link->keep = is(w, 2, "on");
	else if (is(w, 1, "hold") && number_of(w, 2, &ms))
		link->hold_us = (int64_t)ms * 1000;
	else if (is(w, 1, "refuse"))
		return refuse(link, w);
	else if (is(w, 1, "drop") && is(w, 2, "fin"))
		each_connection(p, link, drop_fin);
	else if (is(w, 1, "drop") && is(w, 2, "rst"))
		each_connection(p, link, drop_rst);
	else
		return set_directions(p, link, w);
	return NULL;
}

int proxy_tell(struct proxy *p, const char *line, char ret_answer[PROXY_ANSWER_MAX])
{
	char copy[256], *save = NULL;
	struct words w = { 0 };
	bool found = false;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " \n", &save); word && w.n < 8;
		word = strtok_r(NULL, " \n", &save))
		w.word[w.n++] = word;
	(void)snprintf(ret_answer, PROXY_ANSWER_MAX, "ok");
	for (size_t i = 0; i < p->n_links; i++) {
		if (!is(&w, 0, "*") && !is(&w, 0, p->links[i].name))
			continue;
		const char *error = tell_link(p, &p->links[i], &w, ret_answer);
		if (error) {
			(void)snprintf(ret_answer, PROXY_ANSWER_MAX, "error: %s", error);
			return -1;
		}
		found = true;
	}
	if (!found)
		(void)snprintf(ret_answer, PROXY_ANSWER_MAX, "error: no such link");
	return found ? 0 : -1;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct proxy *proxy_create(uint64_t seed)
{
	struct proxy *p = calloc(1, sizeof(*p));

	if (p)
		p->seed = seed;
	return p;
}

void proxy_destroy(struct proxy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_connections; i++) {
		drop(p->connections[i], false);
		free(p->connections[i]);
	}
	for (size_t i = 0; i < p->n_links; i++)
		if (p->links[i].listen_fd >= 0)
			(void)close(p->links[i].listen_fd);
	free(p);
}

int proxy_add_link(struct proxy *p, const char *name, int to_port)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (p->n_links == PROXY_LINKS_MAX)
		return -ENOSPC;
	struct link *link = &p->links[p->n_links];
	*link = (struct link){ .listen_fd = -1, .to_port = to_port };
	(void)snprintf(link->name, sizeof(link->name), "%s", name);
	clear(link);
	follow_refusal(link, now_us());
	if (link->listen_fd < 0 || getsockname(link->listen_fd, (struct sockaddr *)&a, &len) < 0)
		return -EADDRINUSE;
	link->port = ntohs(a.sin_port);
	p->n_links++;
	return link->port;
}
