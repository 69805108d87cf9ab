/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * pn532_emu: a PN532 in HSU mode on a pseudo-terminal, for the real libnfc.
 *
 * DESIGN: one thread, one loop. emu.h is the reader and knows only bytes and times; this file
 * gives it a port, a clock, a control socket and a script. A turn: do what the script has for now,
 * let the reader's time come to now, hand over the bytes that are due, then wait for bytes, lines,
 * a signal or the next instant.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "emu/emu.h"
#include "emu/emu_port.h"
#include "emu/emu_script.h"
#include "emu/emu_server.h"
#include "emu/emu_time.h"

#define SCRIPT_MAX 8192 /* commands; 600 s at 3 taps a second with a wait each are 3,600 */
#define BAUD_DEFAULT 115200
#define ATTEMPT_DEFAULT_US 5000 /* one request in the air without an answer; estimated */
#define EXIT_USAGE 2

enum { FD_SIGNAL, FD_PORT, FD_LISTENER, FD_CLIENTS, FD_COUNT = FD_CLIENTS + EMU_CLIENTS_MAX };

struct options {
	const char *link, *control, *script;
	int baud, attempt_us, ready_fd;
};

struct script {
	struct emu_command *command;
	size_t n, next;
	int64_t due_us; /* when the next command's turn is */
	bool waits_poll;
	unsigned polls; /* `wait poll`: as many had been when it began */
};

struct program {
	struct options options;
	struct emu emu;
	struct emu_port port;
	struct emu_server server;
	struct script script;
	int signal_fd;
};

static const char usage[] =
	"usage: pn532_emu --link PATH [--control PATH] [--script FILE]\n"
	"                 [--baud N] [--rf-us N] [--ready-fd N]\n"
	"  --link PATH     the serial port, for libnfc: pn532_uart:PATH\n"
	"  --control PATH  a Unix socket that takes commands, a line each\n"
	"  --script FILE   the same commands, with wait\n"
	"  --baud N        speed of the line, 115200 unless said; 0: it takes no time\n"
	"  --rf-us N       one request in the air without an answer, 5000 unless said\n"
	"  --ready-fd N    says \"ready PATH\" there and closes it; else on stdout\n";

static int number(const char *text, int max)
{
	char *end;

	errno = 0;
	long n = strtol(text, &end, 10);
	return errno || end == text || *end || n < 0 || n > max ? -1 : (int)n;
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "link", required_argument, NULL, 'l' },
		{ "control", required_argument, NULL, 'c' },
		{ "script", required_argument, NULL, 's' },
		{ "baud", required_argument, NULL, 'b' },
		{ "rf-us", required_argument, NULL, 'r' },
		{ "ready-fd", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool wrong = false;

	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (c == 'l') {
			o->link = optarg;
		} else if (c == 'c') {
			o->control = optarg;
		} else if (c == 's') {
			o->script = optarg;
		} else if (c == 'b') {
			wrong |= (o->baud = number(optarg, 1000000)) < 0;
		} else if (c == 'r') {
			wrong |= (o->attempt_us = number(optarg, 1000000)) < 0;
		} else if (c == 'f') {
			wrong |= (o->ready_fd = number(optarg, 1 << 20)) < 0;
		} else if (c == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		} else {
			wrong = true;
		}
	}
	return wrong || !o->link || optind != argc ? -1 : 0;
}

static int script_line(struct script *s, char *line, const char *path, int number_of)
{
	line[strcspn(line, "\r\n")] = '\0';
	const char *reason = s->n == SCRIPT_MAX ? "too many commands"
						: emu_script_parse(line, &s->command[s->n]);
	if (reason) {
		fprintf(stderr, "%s:%d: %s\n", path, number_of, reason);
		return EXIT_USAGE;
	}
	s->n += s->command[s->n].verb != EMU_VERB_NONE;
	return 0;
}

/* Read whole before the port appears: a wrong line 300 is found at the start, not in the middle. */
static int load_script(struct script *s, const char *path)
{
	char line[EMU_LINE_MAX];
	int status = 0;

	s->command = calloc(SCRIPT_MAX + 1, sizeof(*s->command));
	FILE *file = fopen(path, "re");
	if (!file || !s->command) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		status = EXIT_USAGE;
	}
	for (int n = 1; !status && fgets(line, sizeof(line), file); n++)
		status = script_line(s, line, path, n);
	if (file)
		fclose(file);
	return status;
}

static int follow_plug(struct program *p)
{
	if (p->emu.plugged == (p->port.master >= 0))
		return 0;
	if (!p->emu.plugged) {
		emu_port_unplug(&p->port);
		emu_unplugged(&p->emu);
		return 0;
	}
	int err = emu_port_plug(&p->port);
	if (err)
		fprintf(stderr, "%s: %s\n", p->options.link, strerror(-err));
	return err;
}

/* Done means done: after "ok" the port is there, or gone. */
static const char *execute(struct program *p, const struct emu_command *c, int64_t now_us)
{
	const char *reason = emu_execute(&p->emu, c, now_us);

	return follow_plug(p) && !reason ? "the port can't be plugged" : reason;
}

/* Returns when the script wants to go on, or PN532_FOR_EVER. */
static int64_t run_script(struct program *p, int64_t now_us)
{
	struct script *s = &p->script;

	if (s->waits_poll && p->emu.polls != s->polls) {
		s->waits_poll = false;
		s->due_us = now_us;
	}
	while (!s->waits_poll && s->next < s->n && s->due_us <= now_us) {
		const struct emu_command *c = &s->command[s->next++];
		if (c->verb == EMU_VERB_WAIT)
			s->due_us += c->ms * 1000;
		s->waits_poll = c->verb == EMU_VERB_WAIT_POLL;
		s->polls = p->emu.polls;
		const char *reason = execute(p, c, now_us);
		if (reason)
			fprintf(stderr, "script, command %zu: %s\n", s->next, reason);
	}
	return s->next < s->n && !s->waits_poll ? s->due_us : PN532_FOR_EVER;
}

static size_t handle_line(void *context, const char *line, char *answer, size_t room)
{
	struct program *p = context;
	struct emu_command c;
	const char *reason = emu_script_parse(line, &c);

	if (!reason && (c.verb == EMU_VERB_WAIT || c.verb == EMU_VERB_WAIT_POLL))
		reason = "wait is for scripts";
	if (!reason && c.verb == EMU_VERB_STATE)
		return emu_state(
			&p->emu, c.card.uid_len ? c.card.uid : NULL, c.card.uid_len, answer, room);
	if (!reason)
		reason = execute(p, &c, emu_now_us());
	int n = snprintf(answer, room, reason ? "error: %s" : "ok%s", reason ? reason : "");
	return n < 0 ? 0 : (size_t)n;
}

static void read_port(struct program *p)
{
	uint8_t bytes[PN532_FRAME_MAX];
	ssize_t n = read(p->port.master, bytes, sizeof(bytes));

	if (n > 0)
		emu_receive(&p->emu, bytes, (size_t)n, emu_now_us());
}

static void write_port(struct program *p, int64_t now_us)
{
	uint8_t bytes[EMU_PIECE_MAX];

	for (size_t n; (n = emu_send(&p->emu, bytes, now_us)) > 0;) {
		/* A host that doesn't read loses bytes, as on a wire. */
		if (p->port.master >= 0 && write(p->port.master, bytes, n) < (ssize_t)n)
			p->emu.lost_pieces++;
	}
}

static int wait_for_something(struct program *p, struct pollfd *fds, int64_t until_us)
{
	int64_t left_us = until_us == PN532_FOR_EVER ? 0 : until_us - emu_now_us();
	struct timespec left = { 0 };

	if (left_us > 0) {
		left.tv_sec = left_us / 1000000;
		left.tv_nsec = left_us % 1000000 * 1000;
	}
	fds[FD_SIGNAL] = (struct pollfd){ .fd = p->signal_fd, .events = POLLIN };
	fds[FD_PORT] = (struct pollfd){ .fd = p->port.master, .events = POLLIN };
	fds[FD_LISTENER] = (struct pollfd){ .fd = p->server.listener, .events = POLLIN };
	for (size_t i = 0; i < EMU_CLIENTS_MAX; i++)
		fds[FD_CLIENTS + i] =
			(struct pollfd){ .fd = p->server.client[i].fd, .events = POLLIN };
	int n = ppoll(fds, FD_COUNT, until_us == PN532_FOR_EVER ? NULL : &left, NULL);
	return n < 0 && errno != EINTR ? -errno : 0;
}

static int loop(struct program *p)
{
	struct pollfd fds[FD_COUNT];

	for (;;) {
		int64_t now_us = emu_now_us();
		int64_t script_us = run_script(p, now_us);
		emu_advance(&p->emu, now_us);
		write_port(p, now_us);
		int64_t next_us = emu_next_us(&p->emu);
		if (wait_for_something(p, fds, next_us < script_us ? next_us : script_us) < 0)
			return EXIT_FAILURE;
		if (fds[FD_SIGNAL].revents)
			return EXIT_SUCCESS;
		if (fds[FD_PORT].revents)
			read_port(p);
		for (size_t i = 0; i < EMU_CLIENTS_MAX; i++) {
			if (fds[FD_CLIENTS + i].revents)
				emu_server_read(&p->server, i);
		}
		if (fds[FD_LISTENER].revents)
			emu_server_accept(&p->server);
	}
}

static int say_ready(const struct options *o)
{
	if (o->ready_fd < 0) {
		printf("ready %s\n", o->link);
		return fflush(stdout);
	}
	int n = dprintf(o->ready_fd, "ready %s\n", o->link);
	close(o->ready_fd);
	return n < 0 ? -1 : 0;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int run(struct program *p)
{
	p->signal_fd = open_signals();
	if (p->signal_fd < 0)
		return EXIT_FAILURE;
	int err = emu_server_open(&p->server, p->options.control);
	if (err) {
		fprintf(stderr, "%s: %s\n", p->options.control, strerror(-err));
		return EXIT_FAILURE;
	}
	p->server.handle = handle_line;
	p->server.context = p;
	if (follow_plug(p) || say_ready(&p->options) < 0)
		return EXIT_FAILURE;
	p->script.due_us = emu_now_us();
	return loop(p);
}

int main(int argc, char **argv)
{
	int status = EXIT_FAILURE;
	struct program *p = calloc(1, sizeof(*p));

	if (!p)
		return EXIT_FAILURE;
	p->options = (struct options){
		.baud = BAUD_DEFAULT, .attempt_us = ATTEMPT_DEFAULT_US, .ready_fd = -1
	};
	p->server.listener = -1;
	p->signal_fd = -1;
	emu_port_init(&p->port, NULL);
	if (parse_options(argc, argv, &p->options) < 0) {
		fputs(usage, stderr);
		status = EXIT_USAGE;
		goto out;
	}
	emu_init(&p->emu, p->options.baud, p->options.attempt_us);
	emu_port_init(&p->port, p->options.link);
	status = p->options.script ? load_script(&p->script, p->options.script) : 0;
	if (!status)
		status = run(p);
out:
	emu_port_unplug(&p->port);
	if (p->server.listener >= 0)
		emu_server_close(&p->server);
	if (p->signal_fd >= 0)
		close(p->signal_fd);
	free(p->script.command);
	free(p);
	return status;
}
