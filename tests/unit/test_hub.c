/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The listening end with its clients in one process: the loop is turned by the test, so nothing waits for anybody. The
 * handler writes down what it was told, as one letter an event, and does what the test asked for.
 */
#include "sys/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit/unit.h"

#define DEADLINE_US 30000000
#define TOLD_MAX 512
#define FILL_MAX 100000 /* small datagrams; the kernel takes a few hundred */

static char folder[] = "/tmp/schoolpoort-hub-XXXXXX";
static char path[64], lock_path[72];
static char bytes_of[LOCAL_DATAGRAM_MAX + 2], got[LOCAL_DATAGRAM_MAX + 1];

enum act { ACT_NOTHING, ACT_DROP_SELF, ACT_DROP_ALL, ACT_SEND_ALL, ACT_ANSWER };

struct rig {
	struct loop *loop;
	struct hub *hub;
	char told[TOLD_MAX]; /* c came, d datagram, L too large, g gone */
	size_t n_told;
	char last[32]; /* the last datagram's first bytes */
	size_t last_len;
	int fd; /* that came beside it; -1 none */
	enum act on_datagram, on_gone;
	struct hub_client *newest;
};

static void drop_all(struct rig *r)
{
	struct hub_client *c = hub_next(r->hub, NULL);

	while (c) {
		struct hub_client *next = hub_next(r->hub, c);
		hub_drop(c);
		c = next;
	}
}

/* Return: how many took it. */
static int send_all(struct rig *r, const char *text)
{
	int n = 0;

	for (struct hub_client *c = hub_next(r->hub, NULL); c; c = hub_next(r->hub, c))
		n += hub_send(c, text, strlen(text), -1) == 0;
	return n;
}

static void act(struct rig *r, struct hub_client *client, enum act what)
{
	switch (what) {
	case ACT_NOTHING:
		return;
	case ACT_DROP_SELF:
		hub_drop(client);
		return;
	case ACT_DROP_ALL:
		drop_all(r);
		return;
	case ACT_SEND_ALL:
		(void)send_all(r, "left");
		return;
	case ACT_ANSWER:
		(void)hub_send(client, r->last, r->last_len, r->fd);
		return;
	}
}

static void on_hub(void *ctx, struct hub_client *client, enum hub_event event, const char *bytes,
	size_t len, int fd)
{
	struct rig *r = ctx;

	assert_true(r->n_told + 1 < TOLD_MAX);
	r->told[r->n_told++] = "cdLg"[event];
	r->told[r->n_told] = 0;
	assert_true(event == HUB_DATAGRAM || (!bytes && len == 0 && fd == -1));
	if (event == HUB_CAME)
		r->newest = client;
	if (event == HUB_GONE)
		act(r, client, r->on_gone);
	if (event != HUB_DATAGRAM)
		return;
	assert_int_equal(bytes[len], 0); /* promised: a zero after them */
	r->last_len = len < sizeof(r->last) - 1 ? len : sizeof(r->last) - 1;
	memcpy(r->last, bytes, r->last_len);
	r->last[r->last_len] = 0;
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	act(r, client, r->on_datagram);
}

static void open_rig(struct rig *r)
{
	*r = (struct rig){ .fd = -1 };
	assert_int_equal(loop_create(&r->loop), 0);
	assert_int_equal(hub_open(r->loop, path, on_hub, r, &r->hub), 0);
}

static void close_rig(struct rig *r)
{
	hub_close(r->hub);
	assert_int_equal(access(path, F_OK), -1); /* the socket goes with it */
	loop_destroy(r->loop);
	if (r->fd >= 0)
		close(r->fd);
}

/* Turns the loop until the handler was told @n events in all. */
static void turn_until(struct rig *r, size_t n)
{
	while (r->n_told < n)
		if (loop_turn(r->loop, DEADLINE_US, 1) != 1)
			fail_msg("told \"%s\", not %zu events", r->told, n);
}

/* Nothing is ready any more. */
static void assert_quiet(struct rig *r, const char *told)
{
	assert_int_equal(loop_turn(r->loop, 0, 8), 0);
	assert_string_equal(r->told, told);
}

static int connect_one(struct rig *r)
{
	size_t before = r->n_told;
	int fd = local_connect(path);

	assert_true(fd >= 0);
	turn_until(r, before + 1);
	assert_int_equal(r->told[before], 'c');
	return fd;
}

static void test_life_of_a_client(void **state)
{
	(void)state;
	struct rig r;
	int tag;

	open_rig(&r);
	assert_null(hub_next(r.hub, NULL));
	int fd = connect_one(&r);
	struct hub_client *c = hub_next(r.hub, NULL);
	assert_ptr_equal(c, r.newest);
	assert_null(hub_next(r.hub, c));
	assert_int_equal(hub_peer(c)->pid, getpid());
	assert_int_equal(hub_peer(c)->uid, getuid());
	assert_null(hub_tag(c));
	hub_set_tag(c, &tag);
	assert_ptr_equal(hub_tag(c), &tag);
	assert_int_equal(local_send(fd, "hello", 5, -1), 0);
	turn_until(&r, 2);
	assert_string_equal(r.last, "hello");
	assert_int_equal(r.fd, -1);
	assert_int_equal(hub_send(c, "welcome", 7, -1), 0);
	assert_int_equal(local_recv(fd, got, NULL), 7);
	assert_memory_equal(got, "welcome", 7);
	/* What it said before it left still counts. */
	assert_int_equal(local_send(fd, "one", 3, -1), 0);
	assert_int_equal(local_send(fd, "two", 3, -1), 0);
	close(fd);
	turn_until(&r, 5);
	assert_string_equal(r.last, "two");
	assert_null(hub_next(r.hub, NULL));
	assert_quiet(&r, "cdddg");
	close_rig(&r);
}

static void x3_64_kib_and_one_byte(void **state)
{
	(void)state;
	struct rig r;

	open_rig(&r);
	int fd = connect_one(&r);
	memset(bytes_of, 'x', sizeof(bytes_of));
	assert_int_equal(local_send(fd, bytes_of, LOCAL_DATAGRAM_MAX, -1), 0);
	turn_until(&r, 2);
	/* A client that doesn't keep the limit is told apart, stays, and is heard afterwards. */
	assert_true(send(fd, bytes_of, LOCAL_DATAGRAM_MAX + 1, 0) > 0);
	assert_int_equal(local_send(fd, "next", 4, -1), 0);
	turn_until(&r, 4);
	assert_string_equal(r.last, "next");
	assert_quiet(&r, "cdLd");
	/* The same limit outwards: refused, and nobody is dropped for it. */
	assert_int_equal(hub_send(r.newest, bytes_of, LOCAL_DATAGRAM_MAX + 1, -1), -EMSGSIZE);
	assert_int_equal(hub_send(r.newest, "fits", 4, -1), 0);
	assert_int_equal(local_recv(fd, got, NULL), 4);
	assert_quiet(&r, "cdLd");
	close(fd);
	close_rig(&r);
}

static void test_descriptor_both_ways(void **state)
{
	(void)state;
	struct rig r;
	struct stat a, b;
	int back = -1, file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	open_rig(&r);
	r.on_datagram = ACT_ANSWER;
	int fd = connect_one(&r);
	assert_int_equal(fstat(file, &a), 0);
	assert_int_equal(local_send(fd, "import", 6, file), 0);
	turn_until(&r, 2);
	assert_true(r.fd >= 0);
	assert_int_equal(local_recv(fd, got, &back), 6);
	assert_true(back >= 0);
	assert_int_equal(fstat(back, &b), 0);
	assert_int_equal(a.st_rdev, b.st_rdev);
	assert_int_equal(fcntl(r.fd, F_GETFD), FD_CLOEXEC); /* still the owner's, still open */
	close(back);
	close(file);
	close(fd);
	close_rig(&r);
}

static void u3_who_does_not_read_is_dropped(void **state)
{
	(void)state;
	struct rig r;

	open_rig(&r);
	int deaf = connect_one(&r);
	struct hub_client *deaf_client = r.newest;
	int reads = connect_one(&r);
	int n = 0;
	while (send_all(&r, "view") == 2 && n < FILL_MAX) {
		assert_int_equal(local_recv(reads, got, NULL), 4);
		n++;
	}
	assert_true(n >= 10);
	assert_string_equal(r.told, "ccg");
	/* The round in which it was dropped reached the other one. */
	assert_int_equal(local_recv(reads, got, NULL), 4);
	assert_int_equal(hub_send(deaf_client, "view", 4, -1), -ECONNRESET);
	assert_ptr_equal(hub_next(r.hub, NULL), r.newest);
	assert_null(hub_next(r.hub, r.newest));
	assert_int_equal(local_send(reads, "touch", 5, -1), 0);
	turn_until(&r, 4);
	assert_int_equal(send_all(&r, "view"), 1);
	assert_int_equal(local_recv(reads, got, NULL), 4);
	assert_quiet(&r, "ccgd");
	close(deaf);
	close(reads);
	close_rig(&r);
}

static void test_who_went_unnoticed(void **state)
{
	(void)state;
	struct rig r;

	open_rig(&r);
	int fd = connect_one(&r);
	close(fd);
	/* The close wasn't read yet; sending finds out, tells once, and the old event finds nobody. */
	assert_int_equal(hub_send(r.newest, "x", 1, -1), -EPIPE);
	assert_quiet(&r, "cg");
	close_rig(&r);
}

static void test_drop_inside(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum act on_datagram, on_gone;
		const char *told;
		int left;
	} row[] = {
		{ "itself", ACT_DROP_SELF, ACT_NOTHING, "cccdg", 2 },
		{ "everybody", ACT_DROP_ALL, ACT_NOTHING, "cccdggg", 0 },
		{ "itself, again as it goes", ACT_DROP_SELF, ACT_DROP_SELF, "cccdg", 2 },
		{ "the others as one goes", ACT_DROP_SELF, ACT_DROP_ALL, "cccdggg", 0 },
		{ "itself, the others are told", ACT_DROP_SELF, ACT_SEND_ALL, "cccdg", 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct rig r;
		int fd[3], left = 0;
		open_rig(&r);
		for (size_t k = 0; k < 3; k++)
			fd[k] = connect_one(&r);
		r.on_datagram = row[i].on_datagram;
		r.on_gone = row[i].on_gone;
		/* The others are ready in the same turn, and must not be heard once they are dropped. */
		assert_int_equal(local_send(fd[1], "x", 1, -1), 0);
		turn_until(&r, 5);
		r.on_datagram = r.on_gone = ACT_NOTHING;
		if (strcmp(r.told, row[i].told) != 0)
			fail_msg("%s: told %s, not %s", row[i].name, r.told, row[i].told);
		for (struct hub_client *c = hub_next(r.hub, NULL); c; c = hub_next(r.hub, c))
			left++;
		assert_int_equal(left, row[i].left);
		assert_int_equal(local_recv(fd[1], got, NULL), -ECONNRESET);
		close(connect_one(&r)); /* and the listener goes on */
		for (size_t k = 0; k < 3; k++)
			close(fd[k]);
		close_rig(&r);
	}
}

static void test_ready_and_dropped(void **state)
{
	(void)state;
	struct rig r;
	int fd[3];

	open_rig(&r);
	for (size_t k = 0; k < 3; k++)
		fd[k] = connect_one(&r);
	for (size_t k = 0; k < 3; k++)
		assert_int_equal(local_send(fd[k], "x", 1, -1), 0);
	r.on_datagram = ACT_DROP_ALL;
	/* All three are ready; whoever comes first ends the others, which say nothing any more. */
	turn_until(&r, 7);
	assert_quiet(&r, "cccdggg");
	for (size_t k = 0; k < 3; k++)
		close(fd[k]);
	close_rig(&r);
}

/* Connects as another user, which root alone can. Return: the descriptor. */
static int connect_as(uid_t uid)
{
	assert_int_equal(seteuid(uid), 0);
	int fd = local_connect(path);
	assert_int_equal(seteuid(0), 0);
	assert_true(fd >= 0);
	return fd;
}

/* Closed, not left waiting. */
static void assert_refused(struct rig *r, int fd)
{
	size_t before = r->n_told;

	assert_true(fd >= 0);
	assert_int_equal(loop_turn(r->loop, DEADLINE_US, 1), 1);
	assert_int_equal(local_recv(fd, got, NULL), -ECONNRESET);
	assert_int_equal(r->n_told, before);
	close(fd);
}

static void x3_u3_one_user_takes_his_share_alone(void **state)
{
	(void)state;
	struct rig r;
	int fd[HUB_CLIENTS_OF_USER];

	open_rig(&r);
	for (size_t i = 0; i < HUB_CLIENTS_OF_USER; i++)
		fd[i] = connect_one(&r);
	assert_refused(&r, local_connect(path));
	assert_int_equal(r.n_told, HUB_CLIENTS_OF_USER);
	assert_int_equal(send_all(&r, "view"), HUB_CLIENTS_OF_USER);
	assert_int_equal(local_recv(fd[0], got, NULL), 4);
	/* One leaves, and its place is free again, however often. */
	for (int i = 0; i < 3; i++) {
		close(fd[7]);
		turn_until(&r, r.n_told + 1);
		assert_int_equal(r.told[r.n_told - 1], 'g');
		fd[7] = connect_one(&r);
	}
	assert_int_equal(send_all(&r, "view"), HUB_CLIENTS_OF_USER);
	hub_close(r.hub); /* with everybody connected: without a word to the handler */
	r.hub = NULL;
	assert_int_equal(r.n_told, HUB_CLIENTS_OF_USER + 6);
	for (size_t i = 0; i < HUB_CLIENTS_OF_USER; i++)
		close(fd[i]);
	close_rig(&r);
}

static void x3_more_than_fit(void **state)
{
	(void)state;
	struct rig r;
	int fd[HUB_CLIENTS_MAX];

	if (geteuid() != 0) {
		print_message("SKIP: root alone can be several users\n");
		skip();
	}
	open_rig(&r);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	for (size_t i = 0; i < HUB_CLIENTS_MAX; i++) {
		fd[i] = connect_as((uid_t)(40000 + i / HUB_CLIENTS_OF_USER));
		turn_until(&r, i + 1);
		assert_int_equal(hub_peer(r.newest)->uid, 40000 + i / HUB_CLIENTS_OF_USER);
	}
	assert_refused(&r, connect_as(40009));
	close(fd[0]);
	turn_until(&r, r.n_told + 1);
	assert_refused(&r, connect_as(40001)); /* a place, but not for one who has his share */
	fd[0] = connect_as(40009);
	turn_until(&r, r.n_told + 1);
	assert_int_equal(send_all(&r, "view"), HUB_CLIENTS_MAX);
	for (size_t i = 0; i < HUB_CLIENTS_MAX; i++)
		close(fd[i]);
	close_rig(&r);
}

/* What connects later, when no descriptor is left. */
static int unconnected(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static void connect_late(int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

/* The limit of descriptors, so low that there is no other. Return: the old one. */
static rlim_t limit_files(rlim_t to)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	rlim_t old = limit.rlim_cur;
	limit.rlim_cur = to;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return old;
}

/* A client that can't be taken must not keep the loop awake: it is closed, and who comes later is served. */
static void p3_no_descriptor_left_for_a_client(void **state)
{
	(void)state;
	struct rig r;
	int late[3], filler[64];
	size_t n = 0;

	open_rig(&r);
	int fd = connect_one(&r);
	for (size_t i = 0; i < ARRAY_LEN(late); i++)
		late[i] = unconnected();
	rlim_t old = limit_files((rlim_t)late[2] + 8);
	while (n < ARRAY_LEN(filler) && (filler[n] = dup(fd)) >= 0)
		n++;
	assert_int_equal(errno, EMFILE);
	for (size_t i = 0; i < ARRAY_LEN(late); i++) {
		connect_late(late[i]);
		assert_int_equal(loop_turn(r.loop, DEADLINE_US, 1), 1);
		assert_quiet(&r, "c");
		assert_int_equal(local_recv(late[i], got, NULL), -ECONNRESET);
	}
	for (size_t i = 0; i < ARRAY_LEN(late); i++)
		close(late[i]);
	while (n > 0)
		close(filler[--n]);
	(void)limit_files(old);
	close(connect_one(&r));
	turn_until(&r, 3);
	assert_quiet(&r, "ccg");
	close(fd);
	close_rig(&r);
}

/* Nor where even the spare one is lost: then it waits, and is taken once there is room. */
static void p3_not_even_the_spare_descriptor(void **state)
{
	(void)state;
	struct rig r;
	int n_turns = 0;

	open_rig(&r);
	int fd = unconnected();
	connect_late(fd);
	rlim_t old = limit_files(3); /* below all that are open */
	assert_int_equal(loop_turn(r.loop, DEADLINE_US, 1), 1);
	/* Two seconds of it: a look a second, and a turn for nothing after each. */
	while (n_turns < 4 && loop_turn(r.loop, DEADLINE_US, 1) >= 0) {
		n_turns++;
		assert_string_equal(r.told, "");
	}
	assert_int_equal(loop_turn(r.loop, 0, 1), 0);
	(void)limit_files(old);
	turn_until(&r, 1);
	assert_string_equal(r.told, "c");
	close(fd);
	turn_until(&r, 2);
	close_rig(&r);
}

static void test_second_instance(void **state)
{
	(void)state;
	struct rig r;
	struct hub *other = NULL;

	open_rig(&r);
	assert_int_equal(hub_open(r.loop, path, on_hub, &r, &other), -EADDRINUSE);
	assert_null(other);
	int fd = connect_one(&r); /* the first one wasn't disturbed, its socket not removed */
	close(fd);
	hub_close(r.hub);
	r.hub = NULL;
	assert_int_equal(hub_open(r.loop, path, on_hub, &r, &r.hub), 0);
	close(connect_one(&r));
	close_rig(&r);
}

static void test_path_too_long(void **state)
{
	(void)state;
	struct loop *loop = NULL;
	struct hub *hub = NULL;
	char name[120];

	memset(name, 'a', sizeof(name));
	name[108] = 0;
	assert_int_equal(loop_create(&loop), 0);
	assert_int_equal(hub_open(loop, name, on_hub, NULL, &hub), -ENAMETOOLONG);
	assert_null(hub);
	hub_close(NULL);
	loop_destroy(loop);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/kiosk.sock", folder);
	(void)snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(lock_path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_a_client),
		cmocka_unit_test(x3_64_kib_and_one_byte),
		cmocka_unit_test(test_descriptor_both_ways),
		cmocka_unit_test(u3_who_does_not_read_is_dropped),
		cmocka_unit_test(test_who_went_unnoticed),
		cmocka_unit_test(test_drop_inside),
		cmocka_unit_test(test_ready_and_dropped),
		cmocka_unit_test(x3_u3_one_user_takes_his_share_alone),
		cmocka_unit_test(x3_more_than_fit),
		cmocka_unit_test(p3_no_descriptor_left_for_a_client),
		cmocka_unit_test(p3_not_even_the_spare_descriptor),
		cmocka_unit_test(test_second_instance),
		cmocka_unit_test(test_path_too_long),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
