/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * N9: the reader over libnfc's real I2C driver, where a dead chip reads as an empty field.
 *
 * A pseudo-terminal stands for the bus: what the driver asks of it beyond read and write is one ioctl, to which strace
 * answers 0. A chip on I2C is asked until it is ready: each read of N bytes gives a byte that says so and N - 1 of a
 * frame. A terminal knows no reads, only bytes: so the chip's process lays out, for each command, as many whole reads
 * of "not ready" as its time takes, and one with the answer. Dead, it gives "not ready" for ever, or doesn't
 * acknowledge its address any more: then each read fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "e2e/reader_rig.h"
#include "emu/pn532_chip.h"
#include "sys/clock.h"
#include "unit/unit.h"

#define ACK_READ 7 /* bytes that the driver asks for at a time: status and ACK … */
#define ANSWER_READ 265 /* … status and PN53x_EXTENDED_FRAME__DATA_MAX_LEN */
#define READ_US 5200 /* the driver leaves the bus free for 5 ms before each */
#define ATTEMPT_US                                                                                 \
	3500 /* in the air; 11 of them, so that all reads of a look fit the terminal's 4,096 bytes */
#define POLLS 150
#define POLL_MAX_MS 200
#define SKIPPED 77

/* Seen by both processes. */
struct bus {
	volatile enum { ALIVE, NEVER_READY, NO_ACKNOWLEDGE } dead;
	volatile bool card;
	volatile int n_polls, n_over;
	volatile int64_t longest_us, last_us; /* from one InListPassiveTarget to the next */
};

struct chip {
	struct bus *bus;
	int master, slave;
	struct pn532_chip chip;
	struct pn532_parser parser;
};

static void put(struct chip *c, const uint8_t *bytes, size_t n)
{
	if (write(c->master, bytes, n) != (ssize_t)n)
		_exit(3); /* the layout above doesn't fit */
}

static void answer_in(struct chip *c, struct pn532_answer *a, int64_t us)
{
	uint8_t not_ready[ANSWER_READ] = { 0 }, ready[ANSWER_READ] = { 1 };

	for (; us > 0; us -= READ_US)
		put(c, not_ready, sizeof(not_ready));
	(void)pn532_frame_build(ready + 1, PN532_TFI_CHIP, a->data, a->len);
	put(c, ready, sizeof(ready));
}

static void note_poll(struct bus *b, int64_t now_us)
{
	int64_t took_us = b->last_us ? now_us - b->last_us : 0;

	b->last_us = now_us;
	b->n_polls++;
	b->n_over += took_us > POLL_MAX_MS * 1000;
	if (took_us > b->longest_us)
		b->longest_us = took_us;
}

static void take_command(struct chip *c)
{
	static const struct pn532_card card = {
		.uid = { 0x04, 0xA1, 0xB2, 0xC3 }, .uid_len = 4, .atqa = { 0x00, 0x04 }, .sak = 0x08
	};
	uint8_t ack[ACK_READ] = { 1 };
	struct pn532_answer a;
	int64_t now_us = clock_mono_us();

	(void)tcflush(c->slave, TCIFLUSH); /* a new command ends what was under way */
	if (c->bus->dead)
		return;
	pn532_field_clear(&c->chip.field);
	if (c->bus->card)
		(void)pn532_field_place(&c->chip.field, &card);
	if (c->parser.data[0] == PN532_IN_LIST_PASSIVE_TARGET)
		note_poll(c->bus, now_us);
	(void)pn532_frame_ack(ack + 1);
	put(c, ack, sizeof(ack));
	pn532_chip_wake(&c->chip);
	pn532_chip_command(&c->chip, c->parser.data, c->parser.len, now_us, &a);
	if (a.kind == PN532_ANSWER_LATER) {
		now_us = c->chip.look_until_us;
		pn532_chip_look(&c->chip, now_us, &a);
		a.at_us = now_us;
		now_us = clock_mono_us();
	}
	if (a.kind == PN532_ANSWER_DATA)
		answer_in(c, &a, a.at_us - now_us);
}

static void run_chip(struct bus *bus, int master, int slave)
{
	struct chip c = { .bus = bus, .master = master, .slave = slave };
	uint8_t bytes[PN532_FRAME_MAX], nothing[1024] = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpriority(PRIO_PROCESS, 0, -15); /* an answer is there when it is asked for */
	pn532_chip_init(&c.chip, ATTEMPT_US);
	pn532_parser_init(&c.parser);
	for (;;) {
		struct pollfd fd = { .fd = master, .events = POLLIN };
		if (poll(&fd, 1, bus->dead == NEVER_READY ? 1 : 50) > 0) {
			ssize_t n = read(master, bytes, sizeof(bytes));
			for (ssize_t i = 0; i < n; i++)
				if (pn532_parser_push(&c.parser, bytes[i]) == PN532_EVENT_FRAME)
					take_command(&c);
		}
		while (bus->dead == NEVER_READY && write(master, nothing, sizeof(nothing)) > 0)
			continue; /* as much as the terminal takes */
	}
}

static pid_t start_chip(struct bus *bus, const char *link)
{
	struct termios raw;
	char name[128];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
	int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	assert_int_equal(symlink(name, link), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_chip(bus, master, slave);
	(void)close(master);
	(void)close(slave);
	return pid;
}

/* Whether strace is there and may trace. */
static bool can_trace(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int none = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)dup2(none, STDERR_FILENO);
		execlp("strace", "strace", "-o", "/dev/null", "-e", "inject=ioctl:retval=0", "true",
			NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A terminal keeps bytes of the dead chip that a bus wouldn't have: the reader may then end, for its unit to start again. */
static void wait_back(struct rig *rig, size_t *at)
{
	int64_t until_us = clock_mono_us() + INT64_C(60000000);
	int status;

	while (rig_count_status(rig, *at, WIRE_READER_OK) == 0) {
		assert_true(clock_mono_us() < until_us);
		if (waitpid(rig->reader_pid, &status, WNOHANG) == rig->reader_pid) {
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
			rig_reader(rig);
		}
		rig_turn(rig);
	}
	(void)rig_wait_status(rig, at, WIRE_READER_OK);
}

static void dies_and_lives(struct rig *rig, struct bus *bus, int how, const char *word)
{
	size_t at = rig->n_said;
	int64_t from_us = clock_mono_us();

	bus->dead = how;
	const struct rig_said *s = rig_wait_status(rig, &at, WIRE_READER_FAULT);
	int found_ms = (int)((s->at_us - from_us) / 1000);
	printf("figure: N9 dead I2C reader, %s, is told after %d ms (1 run, \"%s\")\n", word,
		found_ms, s->reason);
	assert_true(found_ms < 6000); /* 3 s, and as much for the machine */
	rig_turn_ms(rig, 500);
	bus->dead = ALIVE;
	wait_back(rig, &at);
	bus->card = true;
	assert_string_equal(rig_wait(rig, &at, WIRE_LOCAL_CARD)->uid, "04a1b2c3");
	bus->card = false;
	(void)rig_wait(rig, &at, WIRE_LOCAL_GONE);
}

static void n9_dead_i2c_reader_is_found(void **state)
{
	/* -D: the reader stays our child, strace goes beside it. Leaks can't be looked for under it. */
	static const char *const traced[] = { "strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o",
		"/dev/null", "-e", "trace=ioctl", "-e", "inject=ioctl:retval=0", NULL };
	struct rig *rig = rig_open();
	char link[96];
	size_t at = 0;

	(void)state;
	struct bus *bus =
		mmap(NULL, sizeof(*bus), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(bus != MAP_FAILED);
	(void)snprintf(link, sizeof(link), "%s/session", rig->folder);
	(void)snprintf(rig->connstring, sizeof(rig->connstring), "pn532_i2c:%s", link);
	rig->wrapper = traced;
	assert_int_equal(setenv("ASAN_OPTIONS", "detect_leaks=0", 1), 0);
	pid_t chip = start_chip(bus, link);
	rig_kiosk(rig, true);
	rig_reader(rig);
	(void)rig_wait_status(rig, &at, WIRE_READER_OK);

	bus->last_us = bus->longest_us = 0;
	bus->n_over = bus->n_polls = 0;
	int64_t from_us = clock_mono_us();
	while (bus->n_polls < POLLS) {
		assert_true(clock_mono_us() - from_us < 90000000);
		rig_turn(rig);
	}
	double each_ms = (double)(clock_mono_us() - from_us) / 1000 / bus->n_polls;
	printf("figure: N9 longest poll of a live I2C reader %d ms (%d polls, %.1f ms each, empty "
	       "field)\n",
		(int)(bus->longest_us / 1000), bus->n_polls, each_ms);
	printf("figure: N9 polls over %d ms %d of %d\n", POLL_MAX_MS, bus->n_over, bus->n_polls);
	/* None on a quiet machine; one that halts the reader for 5 ms across a full second makes one. */
	assert_true(bus->n_over <= 2);

	dies_and_lives(rig, bus, NEVER_READY, "never ready");
	dies_and_lives(rig, bus, NO_ACKNOWLEDGE, "no acknowledge");
	assert_int_equal(kill(chip, 0), 0);
	assert_int_equal(rig_stop_reader(rig), 0);
	assert_int_equal(kill(chip, SIGKILL), 0);
	assert_int_equal(waitpid(chip, NULL, 0), chip);
	assert_int_equal(munmap(bus, sizeof(*bus)), 0);
	rig_close(rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(n9_dead_i2c_reader_is_found),
	};

	if (!can_trace()) {
		printf("skipped: strace is missing, or may not trace here\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("reader_i2c", tests, NULL, NULL);
}
