/* SPDX-License-Identifier: EUPL-1.2 */
#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock_spec.h"
#include "sys/file.h"

/* library-facts.md section 6: timesyncd's longest round passes 1 s just before the next answer. */
#define TRUST_UNDER_US 1000000
#define TRUST_LEFT_US 2000000
#define DRIFT_PPM 50 /* a crystal without temperature compensation, over a school's winter */
#define HOLDOVER_UNDER_MS 60000
#define SLACK_MS 2000 /* what a wall clock may be off before we call it a step */
/*
 * A real-time clock that was set less than 30 days ago: at 20 ppm (the worst of those on boards; a DS3231 has 2) it is
 * off by 52 s, and with the 3 s up to which it can be compared still under what a holdover may be.
 */
#define RTC_PATH                                                                                   \
	"/sys/class/rtc/rtc0/since_epoch" /* fails where the driver saw the oscillator's stop flag */
#define RTC_AGE_MAX_MS (30 * 86400 * INT64_C(1000))
#define RTC_PPM 20
#define RTC_READ_MS 1000 /* it tells whole seconds */

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts); /* fails on a clock that doesn't exist alone */
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void system_read(void *ctx, struct clock_kernel *ret_kernel)
{
	(void)ctx;
	struct timex tx = { 0 };
	int status = adjtimex(&tx);
	/* Not allowed to ask (a system-call filter without clock_adjtime): we know nothing, so no trust. */
	bool synchronised = status >= 0 && !(tx.status & STA_UNSYNC);
	*ret_kernel = (struct clock_kernel){
		.wall_ms = read_ns(CLOCK_REALTIME) / 1000000,
		.boot_ms = read_ns(CLOCK_BOOTTIME) / 1000000,
		.mono_us = read_ns(CLOCK_MONOTONIC) / 1000,
		.synchronised = synchronised,
		.max_error_us = tx.maxerror,
	};
}

static int system_read_rtc(void *ctx, int64_t *ret_wall_ms)
{
	char *text;
	char *end;

	(void)ctx;
	int64_t n = file_read(RTC_PATH, 4096, &text); /* sysfs says a page of every file */
	if (n < 0)
		return (int)n;
	long long s = strtoll(text, &end, 10);
	bool sound = end != text && (*end == '\n' || !*end) && s > 0 && s < INT64_C(1) << 40;
	free(text);
	if (!sound)
		return -EBADMSG;
	*ret_wall_ms = s * 1000;
	return 0;
}

static const struct clock_source system_source = {
	.name = "system", .read = system_read, .read_rtc = system_read_rtc
};

/*
 * The three clocks as if read at once. To be held up between two of them would count at the clock's speed, and two
 * programs would no longer agree; so the tightest of a few readings is taken.
 */
static struct clock_kernel read_tightly(void)
{
	struct clock_kernel best = { 0 };
	int64_t best_us = INT64_MAX;
	for (int i = 0; i < 10 && best_us > 50; i++) {
		int64_t before_us = clock_mono_us();
		struct clock_kernel k = { .wall_ms = read_ns(CLOCK_REALTIME) / 1000000,
			.boot_ms = read_ns(CLOCK_BOOTTIME) / 1000000,
			.mono_us = clock_mono_us() };
		if (k.mono_us - before_us >= best_us)
			continue;
		best_us = k.mono_us - before_us;
		best = k;
	}
	return best;
}

int clock_init(struct clock *clock, const char *spec, bool always_trusted, const char **ret_reason)
{
	struct clock_spec s = { 0 };
	if (spec && clock_spec_parse(spec, &s, ret_reason))
		return -1;
	*clock = (struct clock){ .source = &system_source,
		.always_trusted = always_trusted,
		.speed = 1,
		.build_ms = (int64_t)SCHOOLPOORT_BUILD_S * 1000 };
	if (!spec)
		return 0;
	struct clock_kernel k = read_tightly();
	clock->simulated = true;
	clock->always_trusted = true;
	clock->speed = s.speed;
	clock->anchor_wall_ms = s.wall_ms;
	clock->anchor_real_ms = s.anchored ? s.real_ms : k.wall_ms;
	/* The anchor told in this boot's clocks: from here on the real wall clock may step as it likes. */
	int64_t since_ms = k.wall_ms - clock->anchor_real_ms;
	clock->anchor_mono_us = k.mono_us - since_ms * 1000;
	clock->anchor_boot_ms = k.boot_ms - since_ms;
	return 0;
}

void clock_init_source(struct clock *clock, const struct clock_source *source, void *ctx)
{
	*clock = (struct clock){ .source = source, .ctx = ctx, .speed = 1 };
}

/*
 * Both clocks run at the speed from the anchor on, so that a program that starts again under the same @EPOCH
 * goes on where it was. boot_ms can't be negative (checkin.json).
 */
static struct now simulate(const struct clock *clock, const struct clock_kernel *k)
{
	double since_us = (double)(k->mono_us - clock->anchor_mono_us);
	int64_t passed_ms = (int64_t)floor(since_us * clock->speed / 1000);
	int64_t boot_ms = clock->anchor_boot_ms + passed_ms;
	return (struct now){ .wall_ms = clock->anchor_wall_ms + passed_ms,
		.boot_ms = boot_ms > 0 ? boot_ms : 0,
		.mono_us = k->mono_us,
		.state = CLOCK_STATE_TRUSTED,
		.error_ms = 0 };
}

static int64_t whole_ms(int64_t us)
{
	return (us + 999) / 1000;
}

/* The bound since the clock was last trusted in this boot; negative: it never was. */
static int64_t holdover_error_ms(const struct clock *clock, const struct clock_kernel *k)
{
	if (!clock->was_trusted)
		return -1;
	int64_t since_ms = k->boot_ms - clock->trusted_boot_ms;
	return clock->trusted_error_ms + (since_ms * DRIFT_PPM + 999999) / 1000000;
}

/* The bound speaks of a clock that only drifts: one that was set by hand since is another clock. */
static bool stepped(const struct clock *clock, const struct clock_kernel *k, int64_t bound_ms)
{
	int64_t off_ms = (k->wall_ms - k->boot_ms) - clock->trusted_offset_ms;
	return off_ms > bound_ms + SLACK_MS || -off_ms > bound_ms + SLACK_MS;
}

static bool by_rtc(const struct clock *clock, const struct clock_kernel *k, int64_t bound_ms)
{
	return k->boot_ms < clock->rtc_until_boot_ms && bound_ms >= 0 &&
	       bound_ms < HOLDOVER_UNDER_MS && !stepped(clock, k, bound_ms);
}

/* One row of the table in library-facts.md section 6 for each return. Pure. */
static enum clock_state judge(
	const struct clock *clock, const struct clock_kernel *k, int64_t *ret_error_ms)
{
	int64_t limit_us = clock->state == CLOCK_STATE_TRUSTED ? TRUST_LEFT_US : TRUST_UNDER_US;
	*ret_error_ms = k->synchronised ? whole_ms(k->max_error_us) : -1;
	if (clock->always_trusted)
		return CLOCK_STATE_TRUSTED;
	if (k->synchronised && k->max_error_us < limit_us)
		return CLOCK_STATE_TRUSTED;
	int64_t bound_ms = holdover_error_ms(clock, k);
	int64_t newest_ms =
		clock->newest_event_ms > clock->build_ms ? clock->newest_event_ms : clock->build_ms;
	int64_t may_be_ms = (bound_ms > 0 ? bound_ms : 0) + SLACK_MS;
	*ret_error_ms = -1;
	if (!k->synchronised && k->wall_ms < newest_ms - may_be_ms)
		return CLOCK_STATE_REGRESSED;
	if (by_rtc(clock, k, bound_ms)) {
		*ret_error_ms = bound_ms;
		return CLOCK_STATE_TRUSTED;
	}
	if (bound_ms < 0 || bound_ms >= HOLDOVER_UNDER_MS || stepped(clock, k, bound_ms))
		return CLOCK_UNKNOWN;
	*ret_error_ms = bound_ms;
	return CLOCK_STATE_HOLDOVER;
}

static int64_t jump_since_last(struct clock *clock, const struct clock_kernel *k)
{
	int64_t offset_ms = k->wall_ms - k->boot_ms;
	int64_t jump_ms = clock->read_before ? offset_ms - clock->last_offset_ms : 0;

	clock->read_before = true;
	clock->last_offset_ms = offset_ms;
	return jump_ms > SLACK_MS || jump_ms < -SLACK_MS ? jump_ms : 0;
}

/* An update is worth more than any event: one from the future was stored under a clock that was wrong, and must not
 * make every time without a source "regressed" from now on. */
static void updated(struct clock *clock, const struct clock_kernel *k, int64_t error_ms)
{
	clock->was_trusted = true;
	clock->trusted_boot_ms = k->boot_ms;
	clock->trusted_offset_ms = k->wall_ms - k->boot_ms;
	clock->trusted_error_ms = error_ms > 0 ? error_ms : 0;
	clock->rtc_until_boot_ms = 0;
	if (clock->newest_event_ms > k->wall_ms)
		clock->newest_event_ms = k->wall_ms;
}

struct now clock_read(struct clock *clock)
{
	struct clock_kernel k;
	clock->source->read(clock->ctx, &k);
	if (clock->simulated) {
		clock->state = CLOCK_STATE_TRUSTED;
		return simulate(clock, &k);
	}
	struct now now = { .wall_ms = k.wall_ms, .boot_ms = k.boot_ms, .mono_us = k.mono_us };
	now.jump_ms = jump_since_last(clock, &k);
	now.state = judge(clock, &k, &now.error_ms);
	clock->state = now.state;
	bool by_kernel =
		clock->always_trusted || (k.synchronised && k.max_error_us < TRUST_LEFT_US);
	if (now.state == CLOCK_STATE_TRUSTED && by_kernel)
		updated(clock, &k, now.error_ms);
	return now;
}

/* The program was started again in a boot that had time: what it knew then goes on. */
static void resume_boot(struct clock *clock, const struct clock_stamp *stamp)
{
	clock->was_trusted = true;
	clock->trusted_boot_ms = stamp->boot_ms;
	clock->trusted_offset_ms = stamp->wall_ms - stamp->boot_ms;
	clock->trusted_error_ms = stamp->error_ms;
}

/* A boot whose wall clock was set from a real-time clock that had the right time less than 30 days ago. */
static void resume_rtc(struct clock *clock, const struct clock_stamp *stamp)
{
	struct clock_kernel k;
	int64_t rtc_ms;

	if (!stamp->rtc || !clock->source->read_rtc ||
		clock->source->read_rtc(clock->ctx, &rtc_ms) < 0)
		return;
	clock->source->read(clock->ctx, &k);
	int64_t age_ms = rtc_ms - stamp->wall_ms;
	int64_t apart_ms = k.wall_ms - rtc_ms;
	/* Earlier than the stamp by more than it can be off: its battery is empty, or it is another board's. */
	if (age_ms < -SLACK_MS - RTC_READ_MS || age_ms >= RTC_AGE_MAX_MS)
		return;
	if (apart_ms < -SLACK_MS || apart_ms > SLACK_MS + RTC_READ_MS)
		return; /* the wall clock comes from somewhere else */
	if (age_ms < 0)
		age_ms = 0;
	clock->was_trusted = true;
	clock->trusted_boot_ms = k.boot_ms;
	clock->trusted_offset_ms = k.wall_ms - k.boot_ms;
	clock->trusted_error_ms =
		stamp->error_ms + SLACK_MS + RTC_READ_MS + (age_ms * RTC_PPM + 999999) / 1000000;
	clock->rtc_until_boot_ms = k.boot_ms + RTC_AGE_MAX_MS - age_ms;
}

void clock_resume(struct clock *clock, const struct clock_stamp *stamp, const char *boot)
{
	if (clock->always_trusted)
		return;
	if (strcmp(stamp->boot, boot) == 0)
		resume_boot(clock, stamp);
	else
		resume_rtc(clock, stamp);
}

bool clock_stamp_of(struct clock *clock, const char *boot, struct clock_stamp *ret_stamp)
{
	struct clock_kernel k;
	int64_t rtc_ms;

	if (clock->always_trusted || clock->state != CLOCK_STATE_TRUSTED ||
		clock->rtc_until_boot_ms > 0)
		return false;
	clock->source->read(clock->ctx, &k);
	*ret_stamp = (struct clock_stamp){
		.wall_ms = k.wall_ms, .boot_ms = k.boot_ms, .error_ms = clock->trusted_error_ms
	};
	memcpy(ret_stamp->boot, boot, sizeof(ret_stamp->boot));
	/* While synchronised the kernel sets it every 11 minutes (rtc_hctosys' counterpart); here is looked whether it did. */
	if (clock->source->read_rtc && clock->source->read_rtc(clock->ctx, &rtc_ms) == 0) {
		int64_t apart_ms = k.wall_ms - rtc_ms;
		ret_stamp->rtc = apart_ms >= -SLACK_MS && apart_ms <= SLACK_MS + RTC_READ_MS;
	}
	return true;
}

const char *clock_state_word(enum clock_state state)
{
	switch (state) {
	case CLOCK_UNKNOWN:
		break;
	case CLOCK_STATE_REGRESSED:
		return "regressed";
	case CLOCK_STATE_HOLDOVER:
		return "holdover";
	case CLOCK_STATE_TRUSTED:
		return "trusted";
	}
	return "unknown";
}

bool clock_judges(enum clock_state state)
{
	return state == CLOCK_STATE_TRUSTED || state == CLOCK_STATE_HOLDOVER;
}

int64_t clock_real_us(const struct clock *clock, int64_t clock_ms)
{
	if (clock_ms <= 0)
		return 0;
	double us = ceil((double)clock_ms * 1000 / clock->speed);
	return us < (double)(INT64_MAX / 2) ? (int64_t)us : INT64_MAX / 2;
}

void clock_newest_event(struct clock *clock, int64_t wall_ms)
{
	if (wall_ms > clock->newest_event_ms)
		clock->newest_event_ms = wall_ms;
}

int64_t clock_mono_us(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000;
}

int clock_boot_id(char ret_text[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	char text[36];
	ssize_t n = read(fd, text, sizeof(text));
	int err = n < 0 ? -errno : n == (ssize_t)sizeof(text) ? 0 : -EIO;
	close(fd);
	if (err)
		return err;
	memcpy(ret_text, text, sizeof(text));
	ret_text[36] = '\0';
	return 0;
}
