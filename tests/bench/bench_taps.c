/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench_taps: a gate's neighbours, who must cost little themselves.
 *
 *	bench_taps tap SOCKET COUNT AHEAD PUPILS FIRST [PAUSE_US]
 *	                                                  taps of known cards, at most AHEAD without their result
 *	bench_taps start SOCKET COMMAND ...               starts a kiosk; until it says welcome, and has taken a tap
 *	bench_taps confirm PORT                           a register that confirms at once and keeps nothing
 *
 * A result counts where it holds the id of a stored check-in. Not the product's own parser: a view is looked at for two
 * words. Card i of a school is 04 and i in twelve decimal digits, as gate_stage.py makes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 60000 /* for one answer */
#define STATUS_US 500000 /* twice as often as a reader must */
#define LOOK_US 200 /* between two looks for a socket that nobody announces */
#define TOPIC "schoolpoort/sint-jan/gate/gate-1/"

static void die(const char *what)
{
	(void)fprintf(stderr, "bench_taps: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int try_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path))
		die(path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		die("send");
}

/* The next datagram as text. */
static const char *hear(int fd)
{
	static char text[65537];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, DEADLINE_MS) != 1)
		die("nothing came");
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		die("the kiosk went");
	text[n] = 0;
	return text;
}

static void greet(int fd, const char *role)
{
	char hello[128];

	(void)snprintf(hello, sizeof(hello),
		"{\"v\":1,\"type\":\"hello\",\"role\":\"%s\",\"name\":\"bench\"}", role);
	say(fd, hello);
	while (!strstr(hear(fd), "\"welcome\""))
		;
}

static void say_ok(int reader)
{
	say(reader, "{\"v\":1,\"type\":\"status\",\"state\":\"ok\"}");
}

static void tap(int reader, int64_t card)
{
	char text[160];

	(void)snprintf(text, sizeof(text),
		"{\"v\":1,\"type\":\"card\",\"uid\":\"04%012lld\",\"sak\":32,\"atqa\":\"0344\","
		"\"seen_us\":%lld}",
		(long long)card, (long long)now_us());
	say(reader, text);
	say(reader, "{\"v\":1,\"type\":\"gone\"}");
}

/* A screen says of each result that it is on the display. @since_us: what was seen before was another's tap. */
static bool take_view(int screen, int64_t since_us)
{
	const char *view = hear(screen);
	const char *number = strstr(view, "\"number\":"), *seen = strstr(view, "\"seen_us\":");
	char text[128];

	if (!strstr(view, "\"state\":\"result\"") || !seen ||
		strtoll(seen + strlen("\"seen_us\":"), NULL, 10) < since_us)
		return false;
	if (!strstr(view, "\"checkin\":\"") || !number) {
		(void)fprintf(stderr, "bench_taps: a tap was not stored: %s\n", view);
		exit(1);
	}
	(void)snprintf(text, sizeof(text),
		"{\"v\":1,\"type\":\"presented\",\"number\":%lld,\"at_us\":%lld}",
		strtoll(number + strlen("\"number\":"), NULL, 10), (long long)now_us());
	say(screen, text);
	return true;
}

static void pause_us(int64_t us)
{
	const struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	if (us > 0)
		(void)nanosleep(&t, NULL);
}

static int tap_all(
	const char *path, int64_t n, int64_t ahead, int64_t pupils, int64_t first, int64_t apart_us)
{
	int reader = try_connect(path), screen = try_connect(path);

	if (reader < 0 || screen < 0)
		die(path);
	greet(reader, "reader");
	greet(screen, "screen");
	say_ok(reader);
	int64_t begin = now_us(), said = begin, tapped = 0, shown = 0;
	while (shown < n) {
		while (tapped < n && tapped - shown < ahead) {
			pause_us(apart_us);
			tap(reader, (first + tapped++) % pupils);
		}
		shown += take_view(screen, begin);
		if (now_us() - said > STATUS_US) {
			say_ok(reader);
			said = now_us();
		}
	}
	(void)printf("bench: taps %lld\nbench: seconds %.6f\n", (long long)n,
		(double)(now_us() - begin) / 1e6);
	return 0;
}

static int start(const char *path, char **argv)
{
	int status, fd;
	int64_t begin = now_us();
	pid_t pid = fork();

	if (pid == 0) {
		/* It outlives this program: what it says must not keep our reader waiting. */
		int null = open("/dev/null", O_RDWR);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		(void)execv(argv[0], argv);
		_exit(127);
	}
	while ((fd = try_connect(path)) < 0) {
		if (pid < 0 || waitpid(pid, &status, WNOHANG) != 0 ||
			now_us() - begin > DEADLINE_MS * INT64_C(1000))
			die("the kiosk didn't start");
		pause_us(LOOK_US);
	}
	greet(fd, "reader");
	double welcome = (double)(now_us() - begin) / 1e3;
	int screen = try_connect(path);
	greet(screen, "screen");
	say_ok(fd);
	tap(fd, 0);
	while (!take_view(screen, begin))
		;
	(void)printf("bench: welcome_ms %.3f\nbench: tap_ms %.3f\nbench: pid %d\n", welcome,
		(double)(now_us() - begin) / 1e3, (int)pid);
	return 0;
}

/* ---- the register that keeps nothing ----------------------------------------------------------- */

static char log_name[37];
static long long through;
static bool news;

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
	const char *log = strstr(message->payload, "\"log\":\"");
	const char *seq = strstr(message->payload, "\"seq\":");

	(void)m;
	(void)ctx;
	if (!log || !seq)
		return;
	(void)snprintf(log_name, sizeof(log_name), "%.36s", log + strlen("\"log\":\""));
	through = strtoll(seq + strlen("\"seq\":"), NULL, 10);
	news = true;
}

static void on_connect(struct mosquitto *m, void *ctx, int code)
{
	(void)ctx;
	if (code || mosquitto_subscribe(m, NULL, TOPIC "checkin", 1) != MOSQ_ERR_SUCCESS)
		die("subscribe");
}

static void on_subscribe(struct mosquitto *m, void *ctx, int id, int n, const int *granted)
{
	(void)m;
	(void)ctx;
	(void)id;
	(void)n;
	(void)granted;
	(void)puts("ready");
	(void)fflush(stdout);
}

static int confirm(int port)
{
	(void)mosquitto_lib_init();
	struct mosquitto *m = mosquitto_new("bench-register", true, NULL);
	if (!m)
		die("mosquitto_new");
	(void)mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_message_callback_set(m, on_message);
	if (mosquitto_connect(m, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS)
		die("connect");
	while (mosquitto_loop(m, news ? 0 : 1000, 1) == MOSQ_ERR_SUCCESS) {
		char text[128];
		if (!news)
			continue;
		news = false;
		while (mosquitto_loop(m, 0, 1) == MOSQ_ERR_SUCCESS && news)
			news = false; /* one confirm covers all that is there */
		int len = snprintf(text, sizeof(text), "{\"v\":1,\"log\":\"%s\",\"through\":%lld}",
			log_name, through);
		(void)mosquitto_publish(m, NULL, TOPIC "confirm", len, text, 1, false);
	}
	return 0; /* the broker has ended */
}

int main(int argc, char **argv)
{
	if (argc >= 7 && strcmp(argv[1], "tap") == 0)
		return tap_all(argv[2], strtoll(argv[3], NULL, 10), strtoll(argv[4], NULL, 10),
			strtoll(argv[5], NULL, 10), strtoll(argv[6], NULL, 10),
			argc > 7 ? strtoll(argv[7], NULL, 10) : 0);
	if (argc >= 4 && strcmp(argv[1], "start") == 0)
		return start(argv[2], argv + 3);
	if (argc == 3 && strcmp(argv[1], "confirm") == 0)
		return confirm((int)strtol(argv[2], NULL, 10));
	(void)fputs("usage: bench_taps tap|start|confirm ...\n", stderr);
	return 2;
}
