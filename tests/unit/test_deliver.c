/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/unit.h"

#include "kiosk/deliver.h"

#define S INT64_C(1000000)

static int send_all(struct deliver *d, int64_t now_us)
{
	int sent = 0;

	for (int want; (want = deliver_want(d, now_us)) > 0;)
		for (; want > 0; want--, sent++)
			deliver_sent(d, now_us);
	return sent;
}

static void test_nothing_goes_while_down(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 30, 4);
	assert_int_equal(send_all(&d, 0), 0);
	deliver_up(&d, 0);
	assert_int_equal(d.next, 5); /* from the oldest unconfirmed one on */
	assert_int_equal(send_all(&d, 0), DELIVER_UNACKED_MAX);
	assert_int_equal(d.next, 15);
}

static void test_window_moves_with_acks(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 1000, 0);
	deliver_up(&d, 0);
	assert_int_equal(send_all(&d, 0), 10);
	for (int i = 0; i < 3; i++)
		deliver_acked(&d, 0);
	assert_int_equal(send_all(&d, 0), 3);
	/* The register never confirms: at most so many are ahead of it. */
	for (int i = 0; i < 1000; i++) {
		deliver_acked(&d, 0);
		(void)send_all(&d, 0);
	}
	assert_int_equal(d.next - 1, DELIVER_AHEAD_MAX);
}

static void test_register_away_repeats_a_window_only(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 1000, 0);
	deliver_up(&d, 0);
	assert_int_equal(send_all(&d, 0), 10);
	for (int i = 0; i < 10; i++)
		deliver_acked(&d, 16);
	assert_int_equal(send_all(&d, 9 * S), 0);
	assert_int_equal(deliver_next_us(&d, 9 * S), 1 * S);
	assert_int_equal(send_all(&d, 10 * S), 10); /* the same ten */
	assert_int_equal(d.next, 11);
}

/* The register says the same number again: it lost what came behind it, or was away. */
static void m9_confirm_said_again_is_a_request(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 1000, 4);
	deliver_up(&d, 0);
	assert_int_equal(deliver_confirmed(&d, 4, 0), DELIVER_OLD); /* nothing was sent yet */
	assert_int_equal(deliver_next_us(&d, 0), -1);
	assert_int_equal(send_all(&d, 0), 10);
	for (int i = 0; i < 10; i++)
		deliver_acked(&d, 16);
	assert_int_equal(deliver_confirmed(&d, 4, S / 2), DELIVER_OLD);
	assert_int_equal(deliver_next_us(&d, S / 2), S / 2);
	assert_int_equal(
		send_all(&d, S - 1), 10); /* it is there: further on, as far as PUBACKs allow */
	assert_int_equal(send_all(&d, S), 10); /* and the first ones again */
	assert_int_equal(d.next, 15);
	/* The answers to what was sent twice are no requests: once in ten seconds. */
	assert_int_equal(deliver_confirmed(&d, 4, 2 * S), DELIVER_OLD);
	assert_int_equal(deliver_next_us(&d, 2 * S), 9 * S);
	/* A number that is new ends the hurry. */
	assert_int_equal(deliver_confirmed(&d, 4, 10 * S + S / 2), DELIVER_OLD);
	assert_int_equal(deliver_next_us(&d, 10 * S + S / 2), 0);
	assert_int_equal(deliver_confirmed(&d, 5, 10 * S + S / 2), DELIVER_CONFIRMED);
	assert_int_equal(deliver_next_us(&d, 10 * S + S / 2), 10 * S);
}

/* A lower number right behind a higher one is an answer to what came twice; the same number later is meant. */
static void s10_an_echo_does_not_send_back(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 100, 10);
	deliver_up(&d, 0);
	assert_int_equal(deliver_confirmed(&d, 80, 3 * S), DELIVER_CONFIRMED);
	assert_int_equal(deliver_confirmed(&d, 19, 3 * S), DELIVER_DOUBTED);
	deliver_down(&d); /* also over a reconnection: the answer was on its way */
	deliver_up(&d, 4 * S);
	assert_int_equal(deliver_confirmed(&d, 35, 3 * S + DELIVER_ECHO_US - 1), DELIVER_DOUBTED);
	assert_int_equal(d.confirmed, 80);
	assert_int_equal(d.next, 81);
	assert_int_equal(deliver_confirmed(&d, 35, 3 * S + DELIVER_ECHO_US), DELIVER_BACK);
	assert_int_equal(d.next, 36);
	/* Going back is no moving on: the next lower one is believed at once. */
	assert_int_equal(deliver_confirmed(&d, 30, 3 * S + DELIVER_ECHO_US), DELIVER_BACK);
}

static void test_confirm(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t last, confirmed, through;
		enum deliver_news want;
		int64_t want_confirmed;
	} row[] = {
		{ "the next one", 10, 3, 4, DELIVER_CONFIRMED, 4 },
		{ "all", 10, 3, 10, DELIVER_CONFIRMED, 10 },
		{ "the same", 10, 3, 3, DELIVER_OLD, 3 },
		{ "less than before", 10, 3, 2, DELIVER_BACK, 2 },
		{ "nothing at all", 10, 3, 0, DELIVER_BACK, 0 },
		{ "one too many", 10, 3, 11, DELIVER_BEYOND, 3 },
		{ "of an empty log", 0, 0, 1, DELIVER_BEYOND, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct deliver d = { 0 };
		deliver_init(&d, row[i].last, row[i].confirmed);
		deliver_up(&d, 0);
		(void)send_all(&d, 0);
		enum deliver_news got = deliver_confirmed(&d, row[i].through, S);
		if (got != row[i].want || d.confirmed != row[i].want_confirmed)
			fail_msg("%s: got %d, confirmed %lld", row[i].name, (int)got,
				(long long)d.confirmed);
		if (got == DELIVER_BACK && d.next != row[i].through + 1)
			fail_msg("%s: goes on at %lld", row[i].name, (long long)d.next);
	}
}

static void test_confirm_restarts_the_wait(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 10, 0);
	deliver_up(&d, 0);
	assert_int_equal(send_all(&d, 0), 10);
	assert_int_equal(deliver_confirmed(&d, 6, 9 * S), DELIVER_CONFIRMED);
	assert_int_equal(deliver_next_us(&d, 10 * S), 9 * S); /* the other four wait from then */
	assert_int_equal(deliver_confirmed(&d, 10, 10 * S), DELIVER_CONFIRMED);
	assert_int_equal(deliver_next_us(&d, 100 * S), -1);
	assert_int_equal(send_all(&d, 100 * S), 0);
}

static void test_lost_ack_is_not_waited_for(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 10, 0);
	deliver_up(&d, 0);
	assert_int_equal(send_all(&d, 0), 10);
	assert_int_equal(send_all(&d, 10 * S - 1), 0);
	assert_int_equal(send_all(&d, 10 * S), 10);
	deliver_down(&d);
	assert_int_equal(send_all(&d, 30 * S), 0);
	deliver_up(&d, 40 * S);
	assert_int_equal(send_all(&d, 40 * S), 10);
}

static void test_grows(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 0, 0);
	deliver_up(&d, 0);
	assert_int_equal(send_all(&d, 0), 0);
	deliver_stored(&d, 2);
	assert_int_equal(send_all(&d, 0), 2);
	deliver_stored(&d, 1); /* never shrinks */
	assert_int_equal(d.last, 2);
}

/* A row that the broker refuses stays, and doesn't fill the link while a person mends the rights. */
static void m7_refused_rows_stay_and_only_the_window_goes_again(void **state)
{
	(void)state;
	struct deliver d = { 0 };

	deliver_init(&d, 1000, 0);
	deliver_up(&d, 0);
	assert_int_equal(send_all(&d, 0), 10);
	for (int i = 0; i < 10; i++)
		deliver_acked(&d, 135);
	assert_int_equal(send_all(&d, 9 * S), 0);
	assert_int_equal(send_all(&d, 10 * S), 10);
	assert_int_equal(d.confirmed, 0);
	deliver_acked(&d, 0);
	assert_int_equal(send_all(&d, 11 * S), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(m7_refused_rows_stay_and_only_the_window_goes_again),
		cmocka_unit_test(test_nothing_goes_while_down),
		cmocka_unit_test(test_window_moves_with_acks),
		cmocka_unit_test(test_register_away_repeats_a_window_only),
		cmocka_unit_test(m9_confirm_said_again_is_a_request),
		cmocka_unit_test(s10_an_echo_does_not_send_back),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_confirm_restarts_the_wait),
		cmocka_unit_test(test_lost_ack_is_not_waited_for),
		cmocka_unit_test(test_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
