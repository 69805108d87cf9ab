/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bench_alerts cut PORT COUNT ROOT AT_MS BEFORE AFTER: gates that say at AT_MS (since 1970) that they are complete, and
 * when the alerts that follow come to a subscriber.
 * bench_alerts pub PORT COUNT FILE: mosquitto_pub told COUNT lines of FILE, on a connection that is up, and when the
 * last one comes to the same kind of subscriber; the median of three times.
 *
 * BEFORE and AFTER hold a line "TOPIC PAYLOAD" a gate. Each subscriber is MQTT 5 at QoS 1, as the careboard is.
 */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_US INT64_C(60000000)
#define GATES_MAX 64
#define PUBS 3 /* one alone differs by a quarter from the next */
#define LINE_BYTES 8192
#define KIOSK_LATE_US                                                                              \
	1000 /* a kiosk's state that is due at a moment comes a millisecond behind it */

struct state {
	char topic[256], payload[2048];
};

struct run {
	int port;
	int count;
	int64_t from_us; /* CLOCK_REALTIME: 0 until it begins */
	int64_t first_us, last_us, events_us;
	int n_alerts, n_events, n_warm;
	size_t bytes;
	bool subscribed, wrong;
	const char *before, *after;
	char line[LINE_BYTES]; /* of pub, with its end */
	int pipe_fd;
};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_alerts: %s\n", what);
	_exit(1);
}

static struct mosquitto *client(struct run *run, const char *id)
{
	struct mosquitto *m = mosquitto_new(id, true, run);
	if (!m || mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) ||
		mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1) ||
		mosquitto_connect(m, "127.0.0.1", run->port, 60))
		die("no connection");
	return m;
}

static void on_subscribe(struct mosquitto *m, void *ctx, int mid, int n, const int *granted)
{
	(void)m;
	(void)mid;
	(void)n;
	(void)granted;
	((struct run *)ctx)->subscribed = true;
}

static void take_alert(struct run *run, const struct mosquitto_message *message, int64_t at_us)
{
	if (run->n_alerts++ == 0)
		run->first_us = at_us;
	run->last_us = at_us;
	run->bytes += (size_t)message->payloadlen;
	/* Before its time, or without every gate's word, it would be another thing that is measured. */
	run->wrong |= run->from_us == 0 || at_us < run->from_us ||
		      !strstr(message->payload, "\"certainty\":\"confirmed\"");
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
	struct run *run = ctx;
	int64_t at_us = now_us();
	(void)m;
	if (message->payloadlen == 0)
		return;
	if (strstr(message->topic, "/care/alert/")) {
		take_alert(run, message, at_us);
	} else if (strstr(message->topic, "/care/event")) {
		run->n_events++;
		run->events_us = at_us;
	} else if (run->from_us == 0) {
		run->n_warm++;
	} else {
		run->n_alerts++;
		run->last_us = at_us;
	}
}

static struct mosquitto *subscriber(struct run *run, const char *const *filters)
{
	struct mosquitto *m = client(run, "schoolpoort-bench-sub");
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_message_callback_set(m, on_message);
	for (; *filters; filters++)
		if (mosquitto_subscribe(m, NULL, *filters, 1))
			die("not subscribed");
	while (!run->subscribed)
		if (mosquitto_loop(m, 100, 1))
			die("not subscribed");
	return m;
}

static void say_states(struct mosquitto *m, const char *path)
{
	static struct state state;
	FILE *f = fopen(path, "re");
	int n = 0;
	if (!f)
		die("no states");
	while (fscanf(f, "%255s %2047[^\n]", state.topic, state.payload) == 2 && n++ < GATES_MAX)
		if (mosquitto_publish(m, NULL, state.topic, (int)strlen(state.payload),
			    state.payload, 1, true))
			die("a state was not published");
	fclose(f);
	while (mosquitto_want_write(m))
		mosquitto_loop(m, 0, 1);
}

static void *play_gates(void *ctx)
{
	struct run *run = ctx;
	struct mosquitto *m = client(run, "schoolpoort-bench-gates");
	say_states(m, run->before);
	int64_t at_us = run->from_us + KIOSK_LATE_US;
	while (at_us - now_us() > 200000)
		mosquitto_loop(m, 50, 1);
	const struct timespec at = { .tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000 };
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
	say_states(m, run->after);
	for (int i = 0; i < 4; i++) /* their PUBACKs */
		mosquitto_loop(m, 50, 1);
	return NULL;
}

static void *write_lines(void *ctx)
{
	struct run *run = ctx;
	size_t len = strlen(run->line);
	for (int i = 0; i < run->count; i++)
		if (write(run->pipe_fd, run->line, len) != (ssize_t)len)
			die("mosquitto_pub ended");
	return NULL;
}

static void until_done(struct mosquitto *m, struct run *run, bool events)
{
	while (run->n_alerts < run->count || (events && run->n_events < run->count)) {
		if (mosquitto_loop(m, 100, 1))
			die("the connection ended");
		if (now_us() > run->from_us + DEADLINE_US) {
			fprintf(stderr, "%d alerts and %d events of %d came\n", run->n_alerts,
				run->n_events, run->count);
			die("waited in vain");
		}
	}
	if (run->wrong)
		die("an alert before its time, or unconfirmed");
}

static void cut(struct run *run, const char *root, const char *at_ms)
{
	char alerts[256], events[256];
	pthread_t thread;
	(void)snprintf(alerts, sizeof(alerts), "%s/care/alert/#", root);
	(void)snprintf(events, sizeof(events), "%s/care/event", root);
	struct mosquitto *m = subscriber(run, (const char *const[]){ alerts, events, NULL });
	run->from_us = strtoll(at_ms, NULL, 10) * 1000;
	if (now_us() > run->from_us - 200000)
		die("too late for the cut-off");
	if (pthread_create(&thread, NULL, play_gates, run))
		die("no thread");
	until_done(m, run, true);
	printf("bench: last_us %lld\n", (long long)(run->last_us - run->from_us));
	printf("bench: first_us %lld\nbench: events_us %lld\nbench: bytes %zu\n",
		(long long)(run->first_us - run->from_us),
		(long long)(run->events_us - run->from_us), run->bytes / (size_t)run->n_alerts);
	pthread_join(thread, NULL);
}

static pid_t start_pub(struct run *run)
{
	char port[16];
	int fds[2];
	(void)snprintf(port, sizeof(port), "%d", run->port);
	if (pipe(fds))
		die("no pipe");
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[0], 0);
		close(fds[0]);
		close(fds[1]);
		execlp("mosquitto_pub", "mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", port,
			"-q", "1", "-r", "-l", "-t", "bench/floor", (char *)NULL);
		_exit(127);
	}
	close(fds[0]);
	run->pipe_fd = fds[1];
	return pid;
}

/* Return: microseconds from the first line to the last message. */
static int64_t pub_once(struct mosquitto *m, struct run *run)
{
	pthread_t thread;
	run->n_alerts = 0;
	run->from_us = now_us();
	if (pthread_create(&thread, NULL, write_lines, run))
		die("no thread");
	until_done(m, run, false);
	pthread_join(thread, NULL);
	return run->last_us - run->from_us;
}

static int by_length(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void pub(struct run *run, const char *path)
{
	int64_t took[PUBS];
	FILE *f = fopen(path, "re");
	if (!f || !fgets(run->line, sizeof(run->line), f))
		die("no line");
	fclose(f);
	struct mosquitto *m = subscriber(run, (const char *const[]){ "bench/floor", NULL });
	pid_t pid = start_pub(run);
	if (pid < 0 || write(run->pipe_fd, "warm\n", 5) != 5)
		die("no mosquitto_pub");
	int64_t begin_us = now_us();
	while (run->n_warm == 0 && now_us() < begin_us + DEADLINE_US)
		if (mosquitto_loop(m, 100, 1))
			die("the connection ended");
	if (run->n_warm == 0)
		die("no first line");
	for (int i = 0; i < PUBS; i++)
		took[i] = pub_once(m, run);
	qsort(took, PUBS, sizeof(took[0]), by_length);
	printf("bench: last_us %lld\n", (long long)took[PUBS / 2]);
	close(run->pipe_fd);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	static struct run run;
	if (argc < 5)
		die("see its source");
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	mosquitto_lib_init();
	run.port = (int)strtol(argv[2], NULL, 10);
	run.count = (int)strtol(argv[3], NULL, 10);
	if (argc == 8 && strcmp(argv[1], "cut") == 0) {
		run.before = argv[6];
		run.after = argv[7];
		cut(&run, argv[4], argv[5]);
	} else if (argc == 5 && strcmp(argv[1], "pub") == 0) {
		pub(&run, argv[4]);
	} else {
		die("see its source");
	}
	return 0;
}
