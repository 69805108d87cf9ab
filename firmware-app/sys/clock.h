/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sys/clock.h: what time it is, and how far that can be trusted.
 *
 * A table of functions with three implementations: the system's, the simulated one of --clock, the tests'.
 * Read once a turn; everything else gets the struct now. Source: contract, programs.md "The simulated clock";
 * architecture.md "Time"; library-facts.md section 6.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of enum checkin_clock, which core has for itself (no arrow leads from sys to core). */
enum clock_state {
	CLOCK_UNKNOWN,
	CLOCK_STATE_REGRESSED,
	CLOCK_STATE_HOLDOVER,
	CLOCK_STATE_TRUSTED
};

/* One reading. Durations of the domain are differences of boot_ms, never of wall_ms. */
struct now {
	int64_t wall_ms; /* milliseconds since 1970 UTC */
	int64_t boot_ms; /* CLOCK_BOOTTIME; under a simulated clock it runs at that clock's speed */
	int64_t mono_us; /* CLOCK_MONOTONIC as all processes of the unit share it; never simulated */
	enum clock_state state;
	int64_t error_ms; /* bound of the wall clock's error; negative: not known */
	int64_t jump_ms; /* so far the wall clock was set since the reading before, beyond 2 s; 0: it wasn't */
};

/* The kernel's own word on its clock; a function so that tests can script it. */
struct clock_kernel {
	int64_t wall_ms;
	int64_t boot_ms;
	int64_t mono_us;
	bool synchronised; /* no STA_UNSYNC */
	int64_t max_error_us;
};

struct clock_source {
	const char *name;
	void (*read)(void *ctx, struct clock_kernel *ret_kernel);
	/* The real-time clock's own time, to the second. Negative: there is none, or its oscillator stopped.
	 * NULL: there is none. */
	int (*read_rtc)(void *ctx, int64_t *ret_wall_ms);
};

/*
 * What a unit remembers of its last trusted reading, from one start to the next (sys/clock_stamp.h). Within the boot
 * it brings holdover back to a program that was started again. Past it, and only where the real-time clock showed the
 * same time then, it lets that clock be believed for as long as it can't be off by more than a holdover may.
 */
struct clock_stamp {
	char boot[37]; /* the kernel's boot id */
	int64_t wall_ms, boot_ms, error_ms;
	bool rtc; /* the real-time clock agreed */
};

struct clock {
	const struct clock_source *source;
	void *ctx;
	bool simulated; /* state messages say "rehearsal" */
	bool always_trusted; /* clock.trust = always, or simulated */
	double speed; /* 1; of a simulated clock as asked for: simulated seconds a real one */
	int64_t anchor_wall_ms; /* simulated: shows this … */
	int64_t anchor_real_ms; /* … at this real wall time */
	int64_t anchor_mono_us,
		anchor_boot_ms; /* fixed at clock_init, so that a step of the real clock changes nothing */
	int64_t newest_event_ms; /* newest event stored under a trusted clock; 0: none, or an update proved it wrong */
	enum clock_state state; /* of the last reading */
	bool was_trusted;
	int64_t trusted_boot_ms, trusted_error_ms; /* of the last trusted reading */
	int64_t trusted_offset_ms; /* wall minus boot of it: holdover ends where somebody sets the clock */
	int64_t build_ms; /* a clock earlier than its own program is wrong; 0 after clock_init_source() */
	int64_t rtc_until_boot_ms; /* the real-time clock it was set from may be believed up to here; 0: not at all */
	bool read_before; /* last_offset_ms holds */
	int64_t last_offset_ms; /* wall minus boot of the last reading */
};

/**
 * clock_init() - the system's clock, or a simulated one.
 * @spec: --clock or SCHOOLPOORT_CLOCK: RFC 3339, optionally @EPOCH (real seconds, a fraction allowed) and/or
 *        xN (0.001..100000), in this order; NULL: the system's
 * @always_trusted: clock.trust = always
 *
 * Return: 0, or -1 where @spec is not of that form; *ret_reason then says why (static storage).
 */
int clock_init(struct clock *clock, const char *spec, bool always_trusted, const char **ret_reason);

/** clock_init_source() - a test's own source; nothing is earlier than the build. */
void clock_init_source(struct clock *clock, const struct clock_source *source, void *ctx);

/** clock_read() - one reading; advances the trust state. Doesn't block. */
struct now clock_read(struct clock *clock);

/** clock_real_us() - real microseconds until so many milliseconds of this clock have passed; at least 0. */
int64_t clock_real_us(const struct clock *clock, int64_t clock_ms);

/** clock_resume() - what an earlier start remembered; before the first clock_read(). @boot: this boot's id */
void clock_resume(struct clock *clock, const struct clock_stamp *stamp, const char *boot);

/** clock_stamp_of() - what is worth remembering now. Return: false where the kernel isn't synchronised: nothing is.
 * Reads the real-time clock, which may take some ms. */
bool clock_stamp_of(struct clock *clock, const char *boot, struct clock_stamp *ret_stamp);

/** clock_state_word() - the contract's word. */
const char *clock_state_word(enum clock_state state);

/** clock_judges() - trusted or in holdover: a verdict may rest on it. */
bool clock_judges(enum clock_state state);

/** clock_newest_event() - tell of an event stored under a trusted clock, for "regressed". */
void clock_newest_event(struct clock *clock, int64_t wall_ms);

/** clock_mono_us() - CLOCK_MONOTONIC now, for stage times taken between two turns. */
int64_t clock_mono_us(void);

/** clock_boot_id() - the kernel's boot id as 36 characters and a zero. Return: 0 or negative errno. */
int clock_boot_id(char ret_text[37]);
