/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The proof of the emulator: the real `nfc-list -v` of libnfc-bin, on the real libnfc, against it.
 *
 * Each row starts nfc-list, lets it run to its end within a deadline, and looks at what it says. A
 * line with a UID must name a card that was placed, whatever the fault. Exit status 77: there is
 * no nfc-list on this machine, nothing was tested.
 */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/emu_control.h"
#include "emu/emu_time.h"

#define SKIPPED 77
#define TELL_MS 2000
#define START_MS 10000 /* the emulator under sanitizers on a busy machine */
#define LIST_MS 60000 /* the slowest row, a mute chip, takes under 2 s */
#define LOADED                                                                                     \
	4 /* times as long on a machine with much to do; a row with a limit at all has one that a hang would pass */
#define OUTPUT_MAX 16384
#define COMMANDS_MAX 4
#define WANTS_MAX 6
#define NOISE_SEEDS 5 /* each takes under a second; test_emu_core.c has 100,000 answers */

struct emulator {
	char folder[64], link[96], control[96], script[96];
	pid_t pid;
	struct emu_control *told;
};

struct list_run {
	char output[OUTPUT_MAX];
	size_t len;
	bool too_slow;
	int status; /* as waitpid() gives it */
	int64_t took_us;
};

static void start(struct emulator *e, const char *script)
{
	const char *with_script[] = { "--script", e->script, NULL };

	snprintf(e->folder, sizeof(e->folder), "/tmp/pn532_emu.XXXXXX");
	assert_non_null(mkdtemp(e->folder));
	snprintf(e->link, sizeof(e->link), "%s/tty", e->folder);
	snprintf(e->control, sizeof(e->control), "%s/control", e->folder);
	snprintf(e->script, sizeof(e->script), "%s/script", e->folder);
	if (script) {
		int fd = open(e->script, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, script, strlen(script)), strlen(script));
		close(fd);
	}
	assert_int_equal(emu_control_start(PN532_EMU, e->link, e->control,
				 script ? with_script : NULL, START_MS, &e->pid),
		0);
	assert_int_equal(emu_control_open(e->control, &e->told), 0);
}

/* Ends the emulator and checks that it leaves nothing behind. */
static void stop(struct emulator *e)
{
	emu_control_close(e->told);
	assert_int_equal(emu_control_stop(e->pid, START_MS), 0);
	assert_int_equal(access(e->link, F_OK), -1);
	assert_int_equal(access(e->control, F_OK), -1);
	unlink(e->script);
	assert_int_equal(rmdir(e->folder), 0);
}

static void tell(struct emulator *e, const char *command)
{
	if (emu_control_tell(e->told, TELL_MS, "%s", command))
		fail_msg("%s: %s", command, emu_control_answer(e->told));
}

static void run_child(const char *link, const char *types, int out)
{
	char device[160];

	snprintf(device, sizeof(device), "pn532_uart:%s", link);
	setenv("LIBNFC_DEFAULT_DEVICE", device, 1);
	setenv("LIBNFC_AUTO_SCAN", "false", 1);
	setenv("LIBNFC_LOG_LEVEL", "1", 1);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(NFC_LIST, "nfc-list", "-v", "-t", types, (char *)NULL);
	_exit(127);
}

/* Returns whether all was read before the deadline. */
static bool read_all(int fd, struct list_run *r, int64_t until_us)
{
	while (r->len < OUTPUT_MAX - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int n = poll(&p, 1, emu_left_ms(until_us));
		if (n == 0)
			return false;
		ssize_t got = n < 0 ? -1 : read(fd, r->output + r->len, OUTPUT_MAX - 1 - r->len);
		if (got == 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		r->len += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static void run_list(const char *link, const char *types, struct list_run *r)
{
	int64_t from_us = emu_now_us();
	int ends[2];

	memset(r, 0, sizeof(*r));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		run_child(link, types, ends[1]);
	assert_true(pid > 0);
	close(ends[1]);
	r->too_slow = !read_all(ends[0], r, from_us + LIST_MS * 1000LL);
	if (r->too_slow)
		kill(pid, SIGKILL);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &r->status, 0), pid);
	r->took_us = emu_now_us() - from_us;
}

/* Blanks are how nfc-list groups bytes; they aren't what a test is about. */
static void squeeze(const char *text, char *out)
{
	for (; *text; text++) {
		if (*text != ' ')
			*out++ = *text;
	}
	*out = '\0';
}

/* Every UID that was printed is one of those allowed, a list parted by commas in nfc-list's hex. */
static bool only_known_uids(const char *squeezed, const char *allowed)
{
	static const char mark[] = "UID(NFCID"; /* then 1, or 3 for a random UID, and "):" */

	for (const char *p = strstr(squeezed, mark); p; p = strstr(p, mark)) {
		char uid[64];
		p += strlen(mark) + 3;
		size_t n = strcspn(p, "\n");
		if (n == 0 || n >= sizeof(uid) - 2)
			return false;
		snprintf(uid, sizeof(uid), "%.*s,", (int)n, p);
		if (!strstr(allowed, uid))
			return false;
	}
	return true;
}

/* A: ISO/IEC 14443 A alone; all: each modulation that nfc-list knows. */
#define TYPE_A "1"
#define TYPE_ALL "1023"
#define ABORT_OR_NOT (-1)

struct list_case {
	const char *name;
	const char *commands[COMMANDS_MAX];
	const char *types;
	const char *allowed; /* UIDs that may be printed, each with a comma after it */
	const char *want[WANTS_MAX]; /* what must be said, without blanks */
	int want_signal; /* how it dies; 0: it ends by itself; ABORT_OR_NOT: as libnfc likes */
	int min_ms, max_ms; /* how long it takes; 0: not looked at */
};

static const struct list_case card_cases[] = {
	{ "no card", { NULL }, TYPE_ALL, "", { "opened\n0ISO14443Apassivetarget(s)found." }, 0, 0,
		0 },
	{ "4 bytes", { "place 04A1B2C3" }, TYPE_ALL, "04a1b2c3,",
		{ "1ISO14443Apassivetarget(s)found", "ATQA(SENS_RES):0004\n",
			"UID(NFCID1):04a1b2c3\n", "SAK(SEL_RES):08\n", "UIDsize:single" },
		0, 0, 0 },
	{ "4 bytes, another kind", { "place 1A2B3C4D sak 18 atqa 0002" }, TYPE_A, "1a2b3c4d,",
		{ "ATQA(SENS_RES):0002\n", "UID(NFCID1):1a2b3c4d\n", "SAK(SEL_RES):18\n" }, 0, 0,
		0 },
	{ "7 bytes", { "place 04112233445566" }, TYPE_ALL, "04112233445566,",
		{ "1ISO14443Apassivetarget(s)found", "ATQA(SENS_RES):0044\n",
			"UID(NFCID1):04112233445566\n", "SAK(SEL_RES):00\n", "UIDsize:double" },
		0, 0, 0 },
	{ "7 bytes with ATS", { "place 04112233445566 sak 20" }, TYPE_ALL, "04112233445566,",
		{ "ATQA(SENS_RES):0344\n", "UID(NFCID1):04112233445566\n", "SAK(SEL_RES):20\n",
			"ATS:7577810280\n", "CompliantwithISO/IEC14443-4" },
		0, 0, 0 },
	{ "10 bytes", { "place 0102030405060708090A" }, TYPE_A, "0102030405060708090a,",
		{ "ATQA(SENS_RES):0084\n", "UID(NFCID1):0102030405060708090a\n", "UIDsize:triple" },
		0, 0, 0 },
	{ "random UID of a phone", { "place 08C0FFEE sak 20" }, TYPE_A, "08c0ffee,",
		{ "UID(NFCID3):08c0ffee\n", "RandomUID" }, 0, 0, 0 },
	{ "two cards", { "place 04A1B2C3", "place 04112233445566" }, TYPE_A,
		"04a1b2c3,04112233445566,",
		{ "2ISO14443Apassivetarget(s)found", "UID(NFCID1):04a1b2c3\n",
			"UID(NFCID1):04112233445566\n" },
		0, 0, 0 },
	{ "placed and taken away", { "place 04A1B2C3", "remove" }, TYPE_A, "",
		{ "0ISO14443Apassivetarget(s)found." }, 0, 0, 0 },
	{ "wallet: A, then B", { "two 04A1B2C3 04A1B2C4" }, TYPE_A, "04a1b2c3,04a1b2c4,",
		{ "2ISO14443Apassivetarget(s)found", "UID(NFCID1):04a1b2c3\n",
			"UID(NFCID1):04a1b2c4\n" },
		0, 0, 0 },
	{ "every second poll", { "every_second on", "place 04A1B2C3" }, TYPE_A, "04a1b2c3,",
		{ "1ISO14443Apassivetarget(s)found" }, 0, 0, 0 },
};

#define CARD "place 04A1B2C3"
#define UID "04a1b2c3,"
#define FAILS                                                                                      \
	{                                                                                          \
		"UnabletoopenNFCdevice"                                                            \
	}
#define FINDS                                                                                      \
	{                                                                                          \
		"1ISO14443Apassivetarget(s)found", "UID(NFCID1):04a1b2c3\n"                        \
	}
#define EMPTY                                                                                      \
	{                                                                                          \
		"opened\n0ISO14443Apassivetarget(s)found."                                         \
	}

static const struct list_case fault_cases[] = {
	{ "no ACK", { CARD, "fault no_ack" }, TYPE_A, "", FAILS, 0, 0, 5000 },
	{ "ACK only", { CARD, "fault ack_only" }, TYPE_A, "", FAILS, 0, 1300, 5000 },
	{ "mute", { CARD, "fault mute" }, TYPE_A, "", FAILS, 0, 1200, 5000 },
	/* nfc_open() hides a lost GetFirmwareVersion; the first list then fails an assert. */
	{ "ping unanswered", { CARD, "fault drop 02" }, TYPE_A, "", { "" }, SIGABRT, 0, 5000 },
	/* The trap: a chip that doesn't answer a poll looks like an empty field. */
	{ "poll unanswered", { CARD, "fault drop 4A" }, TYPE_A, "", EMPTY, 0, 300, 5000 },
	{ "bad checksum", { CARD, "fault bad_checksum" }, TYPE_A, "", FAILS, 0, 0, 5000 },
	{ "one bad checksum at open", { CARD, "fault bad_checksum count 1" }, TYPE_A, UID, { "" },
		0, 0, 5000 },
	{ "split, short gaps", { CARD, "fault split 20" }, TYPE_A, UID, FINDS, 0, 0, 5000 },
	{ "split, gaps past every limit", { CARD, "fault split 1200" }, TYPE_A, "", { "" }, 0, 0,
		15000 },
	{ "noise, seed 1", { CARD, "fault noise 1" }, TYPE_ALL, UID, { "" }, ABORT_OR_NOT, 0,
		15000 },
	{ "noise, seed 2", { CARD, "fault noise 2" }, TYPE_ALL, UID, { "" }, ABORT_OR_NOT, 0,
		15000 },
	{ "noise, seed 3", { CARD, "fault noise 3" }, TYPE_ALL, UID, { "" }, ABORT_OR_NOT, 0,
		15000 },
	{ "late, within the limits", { CARD, "fault late 40" }, TYPE_A, UID, FINDS, 0, 0, 5000 },
	{ "late, past every limit", { CARD, "fault late 1500" }, TYPE_A, UID, FAILS, 0, 0, 10000 },
	{ "another status on a poll", { CARD, "fault status 4A 00" }, TYPE_A, "", EMPTY, 0, 0,
		5000 },
	{ "libnfc calls abort()", { CARD, "fault status 42 80" }, TYPE_ALL, UID, FINDS, SIGABRT, 0,
		5000 },
	{ "reset before it starts", { CARD, "fault reset" }, TYPE_A, UID, FINDS, 0, 0, 5000 },
	{ "brown-out before it starts", { CARD, "fault brownout" }, TYPE_A, UID, FINDS, 0, 0,
		5000 },
	{ "unplugged", { CARD, "fault unplug" }, TYPE_A, "", FAILS, 0, 0, 2000 },
	{ "plugged again", { CARD, "fault unplug", "fault plug" }, TYPE_A, UID, FINDS, 0, 0, 5000 },
	{ "cleared again", { CARD, "fault mute", "clear" }, TYPE_A, UID, FINDS, 0, 0, 5000 },
};

static void check(const struct list_case *c, const struct list_run *r)
{
	static char squeezed[OUTPUT_MAX];
	int took_ms = (int)(r->took_us / 1000);
	int got_signal = WIFSIGNALED(r->status) ? WTERMSIG(r->status) : 0;

	squeeze(r->output, squeezed);
	if (r->too_slow)
		fail_msg("%s: not done after %d ms:\n%s", c->name, LIST_MS, r->output);
	bool as_wanted = c->want_signal == ABORT_OR_NOT ? !got_signal || got_signal == SIGABRT
							: got_signal == c->want_signal;
	if (!as_wanted)
		fail_msg("%s: ended by signal %d:\n%s", c->name, got_signal, r->output);
	if (!only_known_uids(squeezed, c->allowed))
		fail_msg("%s: a card that wasn't there:\n%s", c->name, r->output);
	for (size_t i = 0; i < WANTS_MAX && c->want[i]; i++) {
		/* What abort() found in the buffer of stdout is lost. */
		if (!c->want_signal && !strstr(squeezed, c->want[i]))
			fail_msg("%s: doesn't say %s:\n%s", c->name, c->want[i], r->output);
	}
	if (c->max_ms && (took_ms < c->min_ms || took_ms > LOADED * c->max_ms))
		fail_msg("%s: took %d ms", c->name, took_ms);
	print_message("%s: %d ms\n", c->name, took_ms);
}

static void run_cases(const struct list_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct emulator e = { 0 };
		struct list_run r;
		start(&e, NULL);
		for (size_t k = 0; k < COMMANDS_MAX && cases[i].commands[k]; k++)
			tell(&e, cases[i].commands[k]);
		run_list(e.link, cases[i].types, &r);
		check(&cases[i], &r);
		stop(&e);
	}
}

static void test_cards(void **state)
{
	(void)state;
	run_cases(card_cases, ARRAY_LEN(card_cases));
}

static void test_faults_with_a_card(void **state)
{
	(void)state;
	run_cases(fault_cases, ARRAY_LEN(fault_cases));
}

/* The same faults before an empty field: nothing may turn up. */
static void test_faults_without_a_card(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fault_cases); i++) {
		struct list_case c = fault_cases[i];
		c.commands[0] = "remove";
		c.allowed = "";
		memset(c.want, 0, sizeof(c.want));
		run_cases(&c, 1);
	}
}

/* In the middle of a poll the port goes; nfc-list ends; behind the same link it works again. */
static void test_unplugged_while_polling(void **state)
{
	static const struct list_case gone = { .name = "gone while polling", .allowed = UID };
	static const struct list_case back = { .name = "and back", .allowed = UID, .want = FINDS };
	struct emulator e = { 0 };
	struct list_run r;

	(void)state;
	start(&e, "# the first poll is the last thing the chip hears\n" CARD
		  "\nwait poll\nfault unplug\n");
	run_list(e.link, TYPE_ALL, &r);
	check(&gone, &r);
	assert_true(r.took_us < LOADED * 5000000);
	assert_int_equal(access(e.link, F_OK), -1);
	tell(&e, "fault plug");
	run_list(e.link, TYPE_A, &r);
	check(&back, &r);
	stop(&e);
}

/* Noise from the first poll on: the device is open by then, so the polls themselves are hit. */
static void test_noise_in_the_polls(void **state)
{
	(void)state;
	for (int seed = 1; seed <= NOISE_SEEDS; seed++) {
		struct list_case hurt = { .allowed = UID, .want_signal = ABORT_OR_NOT };
		struct emulator e = { 0 };
		struct list_run r;
		char script[96], name[32];
		snprintf(script, sizeof(script), CARD "\nwait poll\nfault noise %d\n", seed);
		snprintf(name, sizeof(name), "noise in polls, seed %d", seed);
		hurt.name = name;
		start(&e, script);
		run_list(e.link, TYPE_ALL, &r);
		check(&hurt, &r);
		stop(&e);
	}
}

static void test_state_has_the_selection(void **state)
{
	struct emulator e = { 0 };
	struct list_run r;

	(void)state;
	start(&e, NULL);
	int64_t from_us = emu_now_us();
	tell(&e, "tap 04A1B2C3 until-read 0");
	run_list(e.link, TYPE_A, &r);
	assert_int_equal(emu_control_state(e.told, TELL_MS, "04a1b2c3"), 0);
	assert_int_equal(emu_control_number(e.told, "selects"), 1);
	int64_t at_us = emu_control_number(e.told, "selected_us");
	assert_in_range(at_us, from_us, emu_now_us());
	assert_int_equal(emu_control_number(e.told, "first_us"), at_us);
	assert_true(emu_control_number(e.told, "polls") >= 2);
	assert_int_equal(emu_control_number(e.told, "bad_frames"), 0);
	assert_int_equal(emu_control_number(e.told, "nonsense"), -1);
	assert_non_null(strstr(emu_control_answer(e.told), "\"in_field\":[]"));
	assert_int_equal(emu_control_tell(e.told, TELL_MS, "place nothing"), -EINVAL);
	assert_string_equal(
		emu_control_answer(e.told), "error: place: needs a UID of 1 to 10 bytes in hex");
	assert_int_equal(emu_control_tell(e.told, TELL_MS, "wait 5"), -EINVAL);
	stop(&e);
}

/* A wrong script ends the start with status 2, before there is a port. */
static void test_wrong_script(void **state)
{
	char path[] = "/tmp/pn532_emu_script.XXXXXX";
	const char *more[] = { "--script", path, NULL };
	pid_t pid;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "place 04A1B2C3\nplaze\n", 21), 21);
	close(fd);
	assert_int_equal(emu_control_start(PN532_EMU, "/tmp/pn532_emu_never",
				 "/tmp/pn532_emu_never.sock", more, START_MS, &pid),
		-ECHILD);
	assert_int_equal(access("/tmp/pn532_emu_never", F_OK), -1);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_faults_with_a_card),
		cmocka_unit_test(test_faults_without_a_card),
		cmocka_unit_test(test_unplugged_while_polling),
		cmocka_unit_test(test_noise_in_the_polls),
		cmocka_unit_test(test_state_has_the_selection),
		cmocka_unit_test(test_wrong_script),
	};

	if (!NFC_LIST[0] || access(NFC_LIST, X_OK) != 0) {
		print_message("skipped: nfc-list (package libnfc-bin) is not installed\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
