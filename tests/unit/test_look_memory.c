/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Each allocation of a look fails, one by one: what is answered is the whole page or nothing. A page that lacked a row, or a
 * name, would be believed.
 */
#include "register/look.h"
#include "unit/register_school.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static long fails_in; /* this many calls from now; 0: none */
static bool failed;

static bool fails(void)
{
	if (fails_in == 0 || --fails_in > 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

static int look(struct school *s, struct wire_command c, char **ret_text)
{
	struct look_host host = { .store = s->store,
		.wire = { .zone = &s->zone },
		.today = s->state.today,
		.names = true };
	c.request.b[0] = 1;
	return look_run(&host, &c, ret_text);
}

static void each_fails(struct school *s, struct wire_command c)
{
	char *whole = NULL;
	long n = 0;
	int want = look(s, c, &whole);
	assert_non_null(whole);
	do {
		char *text = NULL;
		failed = false;
		fails_in = ++n;
		int got = look(s, c, &text);
		fails_in = 0;
		if (text) {
			assert_int_equal(got, want);
			assert_string_equal(text, whole);
		} else {
			assert_int_equal(got, STORE_ERR_MEMORY);
		}
		free(text);
	} while (failed);
	print_message("%ld allocations\n", n - 1);
	assert_true(n > 10); /* else nothing was tried */
	free(whole);
}

static void test_each_allocation(void **state)
{
	static struct school s;
	struct alert a;
	(void)state;
	school_open(&s, 1);
	struct register_store_mark mark = { .day = civil_day_number(MONDAY) - 1,
		.half = HALFDAY_AM,
		.pupil = NOOR,
		.value = MARK_LATE,
		.arrived_at_ms = 7,
		.gate = "gate-1" };
	for (int i = 0; i < 5; i++, mark.day--)
		assert_int_equal(register_store_mark_put(s.store, &mark), 0);
	alert_raise(&a, "2026-11-20-am-p0000012345", ALERT_ABSENT, ALERT_CONFIRMED,
		(struct civil_date){ 2026, 11, 20 }, HALFDAY_AM, 5);
	a.pupil = NOOR;
	assert_int_equal(register_store_alert_put(s.store, &a), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(register_store_journal(s.store, instant(MONDAY, i), "ann",
					 "acknowledge", "0000012345", "2026-11-19-am-p0000012345"),
			0);
	each_fails(&s, (struct wire_command){ .command = WIRE_COMMAND_PUPILS });
	each_fails(&s, (struct wire_command){ .command = WIRE_COMMAND_PUPIL, .pupil = NOOR });
	each_fails(&s, (struct wire_command){ .command = WIRE_COMMAND_PUPIL });
	struct wire_command history = { .command = WIRE_COMMAND_HISTORY };
	memcpy(history.alert, a.id, sizeof(history.alert));
	each_fails(&s, history);
	school_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
