/* SPDX-License-Identifier: EUPL-1.2 */
#include "e2e/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit/port.h"
#include "unit/unit.h"

#define PROGRAMS_MAX 24
#define FDS_MAX 48
#define PATHS_RING 16
#define KEY "0123456789abcdef0123456789abcdef" /* 32 bytes */

struct text {
	char *bytes;
	size_t len, room;
};

struct stage_program {
	char name[64];
	pid_t pid; /* 0: ended and reaped */
	int fd; /* its standard error (and output); -1 closed */
	struct text said;
	size_t seen; /* up to where stage_wait_log() has looked */
};

struct watch {
	int fd;
	void (*handler)(void *ctx);
	void *ctx;
};

struct stage {
	char dir[64];
	char clock[96];
	int port;
	int unit_port; /* of units written from now on; 0: the broker's own */
	struct stage_program *broker, *recorder;
	const char *broker_lines; /* NULL: the loopback file's alone */
	size_t n_programs;
	struct stage_program *programs[PROGRAMS_MAX];
	size_t n_watches;
	struct watch watches[FDS_MAX];
	size_t n_messages, room;
	struct stage_message *messages;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void set_sigpipe(void (*action)(int))
{
	struct sigaction a = { .sa_handler = action };

	assert_int_equal(sigaction(SIGPIPE, &a, NULL), 0);
}

static void append(struct text *t, const char *bytes, size_t len)
{
	if (t->len + len + 1 > t->room) {
		t->room = 2 * (t->len + len + 1);
		t->bytes = realloc(t->bytes, t->room);
		assert_non_null(t->bytes);
	}
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
	t->bytes[t->len] = 0;
}

/* ---- folder ---------------------------------------------------------------------------------- */

const char *stage_dir(const struct stage *s)
{
	return s->dir;
}

const char *stage_path(const struct stage *s, const char *format, ...)
{
	static char ring[PATHS_RING][512];
	static unsigned at;
	char *path = ring[at++ % PATHS_RING];
	va_list args;
	int n = snprintf(path, sizeof(ring[0]), "%s/", s->dir);

	va_start(args, format);
	(void)vsnprintf(path + n, sizeof(ring[0]) - (size_t)n, format, args);
	va_end(args);
	return path;
}

static void write_file(const char *path, const char *bytes)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(bytes, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

int stage_free_port(void)
{
	int port = port_claim();

	assert_true(port > 0);
	return port;
}

struct stage *stage_open(void)
{
	struct stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	set_sigpipe(SIG_IGN);
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/schoolpoort-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	write_file(stage_path(s, "card.key"), KEY);
	s->port = stage_free_port();
	return s;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void stage_clock(struct stage *s, const char *start)
{
	s->clock[0] = 0;
	if (start)
		stage_clock_speed(s, start, 1);
}

void stage_clock_speed(struct stage *s, const char *start, int speed)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	int n = snprintf(s->clock, sizeof(s->clock), "%s@%lld.%03ld", start, (long long)t.tv_sec,
		t.tv_nsec / 1000000);
	if (speed > 1)
		(void)snprintf(s->clock + n, sizeof(s->clock) - (size_t)n, "x%d", speed);
}

static void put_lines(FILE *f, const char *const *more)
{
	char section[64] = "";

	/* The file has sections; a test writes section.key = value. */
	for (; more && *more; more++) {
		const char *dot = strchr(*more, '.');
		assert_non_null(dot);
		char here[64];
		(void)snprintf(here, sizeof(here), "%.*s", (int)(dot - *more), *more);
		if (strcmp(here, section) != 0)
			(void)fprintf(f, "[%s]\n", here);
		memcpy(section, here, sizeof(section));
		(void)fprintf(f, "%s\n", dot + 1);
	}
}

void stage_unit_port(struct stage *s, int port)
{
	s->unit_port = port;
}

void stage_unit(struct stage *s, const char *unit, const char *const *more)
{
	const char *state = stage_path(s, "%s-state", unit), *run = stage_path(s, "%s-run", unit);
	FILE *f = fopen(stage_path(s, "%s.conf", unit), "we");

	assert_non_null(f);
	assert_true(mkdir(state, 01770) == 0 || errno == EEXIST);
	assert_true(mkdir(run, 01770) == 0 || errno == EEXIST);
	(void)fprintf(f,
		"[school]\nid = sint-jan\nname = Sint-Jan\ncard_key_file = %s/card.key\n"
		"[unit]\nid = %s\n"
		"[paths]\nstate_dir = %s\nrun_dir = %s\n"
		"[broker]\nhost = 127.0.0.1\nport = %d\ntls = off\n",
		s->dir, unit, state, run, s->unit_port ? s->unit_port : s->port);
	put_lines(f, more);
	assert_int_equal(fclose(f), 0);
}

/* ---- programs -------------------------------------------------------------------------------- */

static void bin_path(const char *name, char *ret_path, size_t size)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = 0;
	*strrchr(self, '/') = 0;
	(void)snprintf(ret_path, size, "%s/%s", self, name);
	if (access(ret_path, X_OK) != 0) /* a program of the system */
		(void)snprintf(ret_path, size, "%s", name);
}

static struct stage_program *spawn(
	struct stage *s, const char *name, char *const *argv, const char *const *env)
{
	struct stage_program *p = calloc(1, sizeof(*p));
	int pipes[2];

	assert_non_null(p);
	assert_true(s->n_programs < PROGRAMS_MAX);
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(pipes[1], STDERR_FILENO);
		(void)dup2(pipes[1], STDOUT_FILENO);
		for (; env && *env; env++)
			(void)putenv(strdup(*env));
		set_sigpipe(SIG_DFL);
		/* A test that fails in the middle takes its programs with it. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], argv);
		_exit(127);
	}
	(void)close(pipes[1]);
	assert_int_equal(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
	p->fd = pipes[0];
	p->pid = pid;
	s->programs[s->n_programs++] = p;
	return p;
}

/* STAGE_WRAP in the environment puts a command before every program that it names: valgrind, for one. */
static size_t put_wrapper(const char *name, char **argv, size_t max, char *storage, size_t size)
{
	const char *names = getenv("STAGE_WRAP_ONLY"), *wrap = getenv("STAGE_WRAP");
	size_t n = 0;
	char *save = NULL;

	if (!wrap || !*wrap || (names && !strstr(names, name)))
		return 0;
	(void)snprintf(storage, size, "%s", wrap);
	for (char *word = strtok_r(storage, " ", &save); word && n < max;
		word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	return n;
}

struct stage_program *stage_start(struct stage *s, const char *name, const char *unit,
	const char *const *more_args, const char *const *env)
{
	char path[600], config[600], clock[sizeof(s->clock)], wrapper[600];
	char *argv[48];
	size_t n = put_wrapper(name, argv, 16, wrapper, sizeof(wrapper));

	bin_path(name, path, sizeof(path));
	argv[n++] = path;
	if (unit) {
		(void)snprintf(config, sizeof(config), "--config=%s/%s.conf", s->dir, unit);
		argv[n++] = config;
	}
	if (unit && s->clock[0]) {
		memcpy(clock, s->clock, sizeof(clock));
		argv[n++] = (char[]){ "--clock" };
		argv[n++] = clock;
	}
	for (; more_args && *more_args && n < 46; more_args++) {
		union {
			const char *in;
			char *out;
		} arg = { *more_args };
		argv[n++] = arg.out;
	}
	argv[n] = NULL;
	return spawn(s, name, argv, env);
}

static void drain(struct stage_program *p)
{
	char buffer[8192];
	ssize_t n;

	while (p->fd >= 0 && (n = read(p->fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0)
			return;
		append(&p->said, buffer, (size_t)n);
	}
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
}

/* ---- the recorder ---------------------------------------------------------------------------- */

/* "RETAIN<tab>TOPIC<tab>PAYLOAD"; payloads are one line of JSON. */
static void record(struct stage *s, char *line)
{
	char *topic = strchr(line, '\t');
	char *payload = topic ? strchr(topic + 1, '\t') : NULL;

	if (!payload)
		return;
	*topic++ = 0;
	*payload++ = 0;
	if (s->n_messages == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->messages = realloc(s->messages, s->room * sizeof(*s->messages));
		assert_non_null(s->messages);
	}
	s->messages[s->n_messages++] = (struct stage_message){
		.topic = strdup(topic), .payload = strdup(payload), .retained = line[0] == '1'
	};
}

static void read_recorder(struct stage *s)
{
	struct stage_program *p = s->recorder;

	drain(p);
	for (;;) {
		char *end = p->said.len > p->seen
				    ? memchr(p->said.bytes + p->seen, '\n', p->said.len - p->seen)
				    : NULL;
		if (!end)
			return;
		*end = 0;
		record(s, p->said.bytes + p->seen);
		p->seen = (size_t)(end - p->said.bytes) + 1;
	}
}

size_t stage_n_messages(const struct stage *s)
{
	return s->n_messages;
}

const struct stage_message *stage_message(const struct stage *s, size_t index)
{
	assert_true(index < s->n_messages);
	return &s->messages[index];
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

long stage_find(const struct stage *s, size_t from, const char *topic_end, const char *text)
{
	for (size_t i = from; i < s->n_messages; i++)
		if (ends_in(s->messages[i].topic, topic_end) &&
			(!text || strstr(s->messages[i].payload, text)))
			return (long)i;
	return -1;
}

size_t stage_count(const struct stage *s, const char *topic_end, const char *text)
{
	size_t n = 0;

	for (long at = -1; (at = stage_find(s, (size_t)(at + 1), topic_end, text)) >= 0;)
		n++;
	return n;
}

struct find {
	size_t from;
	const char *topic_end, *text;
	long found;
};

static bool found(struct stage *s, void *ctx)
{
	struct find *f = ctx;

	f->found = stage_find(s, f->from, f->topic_end, f->text);
	return f->found >= 0;
}

size_t stage_wait_message(struct stage *s, size_t from, const char *topic_end, const char *text)
{
	struct find f = { from, topic_end, text, -1 };
	char what[300];

	(void)snprintf(
		what, sizeof(what), "message on …%s with %s", topic_end, text ? text : "anything");
	stage_until(s, found, &f, what);
	return (size_t)f.found;
}

/* ---- the loop -------------------------------------------------------------------------------- */

void stage_add_fd(struct stage *s, int fd, void (*handler)(void *ctx), void *ctx)
{
	assert_true(s->n_watches < FDS_MAX);
	s->watches[s->n_watches++] = (struct watch){ fd, handler, ctx };
}

void stage_remove_fd(struct stage *s, int fd)
{
	for (size_t i = 0; i < s->n_watches; i++)
		if (s->watches[i].fd == fd)
			s->watches[i] = s->watches[--s->n_watches];
}

void stage_turn(struct stage *s, int wait_ms)
{
	struct pollfd fds[PROGRAMS_MAX + FDS_MAX];
	struct watch watches[FDS_MAX];
	/* Of this turn: a handler may start and forget programs. */
	size_t n = 0, n_watches = s->n_watches, n_programs = s->n_programs;

	memcpy(watches, s->watches, sizeof(watches));
	for (size_t i = 0; i < s->n_programs; i++)
		fds[n++] = (struct pollfd){ .fd = s->programs[i]->fd, .events = POLLIN };
	for (size_t i = 0; i < n_watches; i++)
		fds[n++] = (struct pollfd){ .fd = watches[i].fd, .events = POLLIN };
	if (poll(fds, n, wait_ms) <= 0)
		return;
	for (size_t i = 0; i < s->n_programs; i++) {
		if (!fds[i].revents)
			continue;
		if (s->programs[i] == s->recorder)
			read_recorder(s);
		else
			drain(s->programs[i]);
	}
	for (size_t i = 0; i < n_watches; i++)
		if (fds[n_programs + i].revents)
			watches[i].handler(watches[i].ctx);
}

static void print_all(const struct stage *s)
{
	for (size_t i = 0; i < s->n_programs; i++) {
		const struct stage_program *p = s->programs[i];
		if (p == s->recorder)
			continue;
		size_t skip = p->said.len > 3000 ? p->said.len - 3000 : 0;
		print_error("---- %s\n%s\n", p->name, p->said.bytes ? p->said.bytes + skip : "");
	}
	size_t from = s->n_messages > 40 ? s->n_messages - 40 : 0;
	for (size_t i = from; i < s->n_messages; i++)
		print_error("%c %s %.200s\n", s->messages[i].retained ? 'R' : ' ',
			s->messages[i].topic, s->messages[i].payload);
}

void stage_until(
	struct stage *s, bool (*done)(struct stage *s, void *ctx), void *ctx, const char *what)
{
	const char *factor = getenv("STAGE_SLOWER"); /* under valgrind all takes longer */
	int64_t end = now_ms() + STAGE_DEADLINE_MS * (factor ? strtol(factor, NULL, 10) : 1);

	while (!done(s, ctx)) {
		int64_t left = end - now_ms();
		if (left <= 0) {
			print_all(s);
			fail_msg("waited in vain for %s", what);
		}
		stage_turn(s, left > 1000 ? 1000 : (int)left);
	}
}

struct log_wait {
	struct stage_program *program;
	const char *text;
};

static bool logged(struct stage *s, void *ctx)
{
	struct log_wait *w = ctx;
	struct stage_program *p = w->program;
	char *at = p->said.bytes ? strstr(p->said.bytes + p->seen, w->text) : NULL;

	(void)s;
	if (at)
		p->seen = (size_t)(at - p->said.bytes) + strlen(w->text);
	return at;
}

void stage_wait_log(struct stage *s, struct stage_program *p, const char *text)
{
	struct log_wait w = { p, text };
	char what[300];

	(void)snprintf(what, sizeof(what), "%s to say \"%s\"", p->name, text);
	stage_until(s, logged, &w, what);
}

bool stage_said(const struct stage_program *p, const char *text)
{
	return p->said.bytes && strstr(p->said.bytes, text);
}

size_t stage_said_count(const struct stage_program *p, const char *text)
{
	size_t n = 0;

	for (const char *at = p->said.bytes; at && (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}

const char *stage_text(const struct stage_program *p)
{
	return p->said.bytes ? p->said.bytes : "";
}

void stage_forget(struct stage *s, struct stage_program *p)
{
	assert_true(p->pid == 0);
	for (size_t i = 0; i < s->n_programs; i++)
		if (s->programs[i] == p)
			s->programs[i] = s->programs[--s->n_programs];
	if (p->fd >= 0)
		(void)close(p->fd);
	free(p->said.bytes);
	free(p);
}

pid_t stage_pid(const struct stage_program *p)
{
	return p->pid;
}

struct exit_wait {
	struct stage_program *program;
	int status;
};

static bool ended(struct stage *s, void *ctx)
{
	struct exit_wait *w = ctx;

	(void)s;
	if (!w->program->pid)
		return true;
	if (w->program->fd >= 0) /* its end closes the pipe, which wakes the loop */
		return false;
	pid_t r = waitpid(w->program->pid, &w->status, 0);
	assert_int_equal(r, w->program->pid);
	w->program->pid = 0;
	return true;
}

int stage_wait_exit(struct stage *s, struct stage_program *p)
{
	struct exit_wait w = { p, 0 };
	char what[128];

	(void)snprintf(what, sizeof(what), "the end of %s", p->name);
	stage_until(s, ended, &w, what);
	return WIFEXITED(w.status) ? WEXITSTATUS(w.status) : 128 + WTERMSIG(w.status);
}

bool stage_ended(struct stage *s, struct stage_program *p, int *ret_status)
{
	struct exit_wait w = { p, 0 };

	if (!p->pid || !ended(s, &w))
		return false;
	*ret_status = WIFEXITED(w.status) ? WEXITSTATUS(w.status) : 128 + WTERMSIG(w.status);
	return true;
}

void stage_stop(struct stage *s, struct stage_program *p)
{
	if (!p->pid)
		return;
	assert_int_equal(kill(p->pid, SIGTERM), 0);
	int status = stage_wait_exit(s, p);
	if (status != 0) {
		print_all(s);
		fail_msg("%s ended with status %d", p->name, status);
	}
}

void stage_kill(struct stage *s, struct stage_program *p)
{
	if (!p->pid)
		return;
	assert_int_equal(kill(p->pid, SIGKILL), 0);
	(void)stage_wait_exit(s, p);
}

/* ---- the broker ------------------------------------------------------------------------------ */

int stage_broker_port(const struct stage *s)
{
	return s->port;
}

void stage_broker_lines(struct stage *s, const char *lines)
{
	s->broker_lines = lines;
}

struct stage_program *stage_broker(const struct stage *s)
{
	return s->broker;
}

/* Whether the test's own lines have one of the same key. */
static bool gives_way(const struct stage *s, const char *line)
{
	size_t n = strcspn(line, " ");

	if (strncmp(line, "listener ", 9) == 0)
		return false; /* there may be several */
	for (const char *own = s->broker_lines; own && *own; own = strchr(own, '\n') + 1)
		if (strncmp(own, line, n + 1) == 0)
			return true;
	return false;
}

static void write_broker_config(struct stage *s)
{
	char line[512], *at;
	FILE *in = fopen(TEST_SOURCE_DIR "/broker-config/mosquitto/loopback.conf.in", "re");
	FILE *out = fopen(stage_path(s, "mosquitto.conf"), "we");

	assert_non_null(in);
	assert_non_null(out);
	while (fgets(line, sizeof(line), in)) {
		if (line[0] == '#' || gives_way(s, line))
			continue;
		if ((at = strstr(line, "@PORT@")))
			(void)fprintf(out, "%.*s%d%s", (int)(at - line), line, s->port, at + 6);
		else if ((at = strstr(line, "@DIR@")))
			(void)fprintf(out, "%.*s%s%s", (int)(at - line), line, s->dir, at + 5);
		else
			(void)fputs(line, out);
	}
	if (s->broker_lines)
		(void)fputs(s->broker_lines, out);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

/* It says nothing at this log level: an answer to a CONNECT, whichever, is its word. Its port is there sooner, and before it
 * has asked for SIGTERM and SIGHUP. */
static bool answers(struct stage *s, void *ctx)
{
	static const char packet[] = "\x10\x11\0\4MQTT\4\2\0\x3c\0\5stage";
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { fd, POLLIN, 0 };
	char answer[4];

	(void)ctx;
	assert_true(fd >= 0);
	bool answered = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
			send(fd, packet, sizeof(packet) - 1, MSG_NOSIGNAL) > 0 &&
			poll(&p, 1, 10000) == 1 && recv(fd, answer, sizeof(answer), 0) > 0;
	(void)close(fd);
	if (!answered)
		stage_turn(s, 20);
	return answered;
}

/* The recorder is subscribed once it hears a word of ours: one is said until it does. */
static bool hears(struct stage *s, void *ctx)
{
	char port[16];

	if (found(s, ctx))
		return true;
	(void)snprintf(port, sizeof(port), "%d", s->port);
	struct stage_program *pub = spawn(s, "mosquitto_pub",
		(char *[]){ (char[]){ "mosquitto_pub" }, (char[]){ "-h" }, (char[]){ "127.0.0.1" },
			(char[]){ "-p" }, port, (char[]){ "-t" }, (char[]){ "stage/ready" },
			(char[]){ "-m" }, (char[]){ "1" }, NULL },
		NULL);
	assert_int_equal(stage_wait_exit(s, pub), 0);
	stage_forget(s, pub);
	stage_turn(s, 20);
	return false;
}

void stage_broker_start(struct stage *s, bool record_all)
{
	char config[256], port[16];

	write_broker_config(s);
	(void)snprintf(config, sizeof(config), "%s", stage_path(s, "mosquitto.conf"));
	(void)snprintf(port, sizeof(port), "%d", s->port);
	s->broker = spawn(s, "mosquitto",
		(char *[]){ (char[]){ "mosquitto" }, (char[]){ "-c" }, config, NULL }, NULL);
	stage_until(s, answers, NULL, "the broker to answer");
	if (!record_all)
		return;
	s->recorder = spawn(s, "mosquitto_sub",
		(char *[]){ (char[]){ "mosquitto_sub" }, (char[]){ "-V" }, (char[]){ "5" },
			(char[]){ "-h" }, (char[]){ "127.0.0.1" }, (char[]){ "-p" }, port,
			(char[]){ "-q" }, (char[]){ "1" }, (char[]){ "--retain-as-published" },
			(char[]){ "-t" }, (char[]){ "#" }, (char[]){ "-F" },
			(char[]){ "%r\t%t\t%p" }, NULL },
		(const char *const[]){ "LANG=C.UTF-8", NULL });
	struct find ready = { s->n_messages, "stage/ready", NULL, -1 };
	stage_until(s, hears, &ready, "the recorder to hear a word of ours");
}

static void publish(struct stage *s, const char *topic, const char *payload, bool retain)
{
	char port[16], to[256];
	static char text[100000]; /* under what one argument may have */

	(void)snprintf(port, sizeof(port), "%d", s->port);
	(void)snprintf(to, sizeof(to), "%s", topic);
	assert_true((size_t)snprintf(text, sizeof(text), "%s", payload) < sizeof(text));
	struct stage_program *pub = spawn(s, "mosquitto_pub",
		(char *[]){ (char[]){ "mosquitto_pub" }, (char[]){ "-V" }, (char[]){ "5" },
			(char[]){ "-h" }, (char[]){ "127.0.0.1" }, (char[]){ "-p" }, port,
			(char[]){ "-q" }, (char[]){ "1" }, (char[]){ "-t" }, to, (char[]){ "-m" },
			text, retain ? (char[]){ "-r" } : NULL, NULL },
		NULL);
	assert_int_equal(stage_wait_exit(s, pub), 0);
	stage_forget(s, pub);
}

void stage_publish(struct stage *s, const char *topic, const char *payload)
{
	publish(s, topic, payload, false);
}

void stage_publish_retained(struct stage *s, const char *topic, const char *payload)
{
	publish(s, topic, payload, true);
}

void stage_broker_stop(struct stage *s, bool crash)
{
	if (s->recorder) {
		stage_kill(s, s->recorder);
		stage_forget(s, s->recorder);
		s->recorder = NULL;
	}
	if (crash) {
		stage_kill(s, s->broker);
		stage_forget(s, s->broker); /* some tests do so a thousand times */
	} else {
		stage_stop(s, s->broker);
	}
	s->broker = NULL;
}

void stage_validate(struct stage *s)
{
	char path[512];
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s", stage_path(s, "messages.jsonl"));
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	for (size_t i = 0; i < s->n_messages; i++) {
		if (strncmp(s->messages[i].topic, "stage/", 6) == 0)
			continue;
		struct wire_node *line = wire_node_object();
		wire_node_set_text(line, "topic", s->messages[i].topic);
		wire_node_set_text(line, "payload", s->messages[i].payload);
		char *text = wire_node_text(line);
		assert_non_null(text);
		(void)fprintf(f, "%s\n", text);
		free(text);
		wire_node_destroy(line);
		n++;
	}
	assert_int_equal(fclose(f), 0);
	assert_true(n > 0);
	struct stage_program *p = spawn(s, "validate",
		(char *[]){ (char[]){ "/usr/bin/python3" },
			(char[]){ TEST_SOURCE_DIR "/tests/e2e/validate.py" },
			(char[]){ TEST_SOURCE_DIR "/broker-config/contract/schema" }, path, NULL },
		NULL);
	if (stage_wait_exit(s, p) != 0)
		fail_msg("%s", p->said.bytes);
}

/* ---- the command line ------------------------------------------------------------------------ */

char *stage_ctl(struct stage *s, const char *unit, const char *const *args, int *ret_status)
{
	struct stage_program *p = stage_start(s, "schoolpoortctl", unit, args, NULL);

	*ret_status = stage_wait_exit(s, p);
	char *said = p->said.bytes ? p->said.bytes : strdup("");
	/* Command lines come by the dozen: they don't stay in the list. */
	for (size_t i = 0; i < s->n_programs; i++)
		if (s->programs[i] == p)
			s->programs[i] = s->programs[--s->n_programs];
	free(p);
	return said;
}

void stage_close(struct stage *s)
{
	if (!s)
		return;
	for (size_t i = s->n_programs; i-- > 0;)
		if (s->programs[i] != s->recorder && s->programs[i] != s->broker)
			stage_stop(s, s->programs[i]);
	if (s->broker)
		stage_broker_stop(s, false);
	for (size_t i = 0; i < s->n_programs; i++) {
		drain(s->programs[i]);
		free(s->programs[i]->said.bytes);
		free(s->programs[i]);
	}
	for (size_t i = 0; i < s->n_messages; i++) {
		union {
			const char *in;
			char *out;
		} topic = { s->messages[i].topic }, payload = { s->messages[i].payload };
		free(topic.out);
		free(payload.out);
	}
	free(s->messages);
	(void)nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(s);
}
