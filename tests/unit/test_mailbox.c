/* SPDX-License-Identifier: EUPL-1.2 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "link/mailbox.h"
#include "unit/unit.h"

#define MANY 20000

static bool readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void test_order_and_descriptor(void **state)
{
	struct mailbox *box = mailbox_create(3, 100);
	int a, b, c;

	(void)state;
	assert_non_null(box);
	assert_false(readable(mailbox_fd(box)));
	assert_null(mailbox_take(box));
	assert_true(mailbox_put(box, &a, 10));
	assert_true(mailbox_put(box, &b, 10));
	assert_true(readable(mailbox_fd(box)));
	assert_ptr_equal(mailbox_take(box), &a);
	assert_true(readable(mailbox_fd(box)));
	assert_true(mailbox_put(box, &c, 10));
	assert_int_equal(mailbox_count(box), 2);
	assert_ptr_equal(mailbox_take(box), &b);
	assert_ptr_equal(mailbox_take(box), &c);
	assert_false(readable(mailbox_fd(box)));
	mailbox_destroy(box, NULL);
	mailbox_destroy(NULL, NULL);
}

static void test_limits(void **state)
{
	static const struct {
		const char *name;
		size_t bytes[4];
		bool want[4];
	} row[] = {
		{ "items", { 1, 1, 1, 1 }, { true, true, true, false } },
		{ "bytes to the last", { 60, 40, 1, 0 }, { true, true, false, true } },
		{ "one too large", { 101, 100, 1, 0 }, { false, true, false, true } },
		{ "no overflow", { 1, SIZE_MAX, 99, 0 }, { true, false, true, true } },
	};
	int item;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct mailbox *box = mailbox_create(3, 100);
		assert_non_null(box);
		for (int j = 0; j < 4; j++) {
			if (mailbox_put(box, &item, row[i].bytes[j]) != row[i].want[j])
				fail_msg("%s: item %d", row[i].name, j);
		}
		while (mailbox_take(box))
			;
		assert_true(mailbox_put(box, &item, 100)); /* all bytes were given back */
		assert_ptr_equal(mailbox_take(box), &item);
		mailbox_destroy(box, NULL);
	}
}

static void test_waiting_ends(void **state)
{
	struct mailbox *box = mailbox_create(1, 100);
	int stop = eventfd(0, 0), item;

	(void)state;
	assert_true(mailbox_put_wait(box, &item, 1, -1, stop));
	assert_false(mailbox_put_wait(box, &item, 1, 1, stop)); /* patience */
	assert_int_equal(eventfd_write(stop, 1), 0);
	assert_false(mailbox_put_wait(box, &item, 1, -1, stop)); /* stop */
	assert_ptr_equal(mailbox_take(box), &item);
	assert_true(mailbox_put_wait(box, &item, 1, -1, stop)); /* room comes before stop */
	assert_ptr_equal(mailbox_take(box), &item);
	mailbox_destroy(box, NULL);
	close(stop);
}

static void count_one(void *item)
{
	++*(int *)item;
}

static void test_destroys_what_is_left(void **state)
{
	struct mailbox *box = mailbox_create(4, 100);
	int n = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(mailbox_put(box, &n, 1));
	mailbox_destroy(box, count_one);
	assert_int_equal(n, 3);
}

struct feed {
	struct mailbox *box;
	int stop;
	int *numbers;
	bool all; /* every put succeeded */
};

static void *feed(void *arg)
{
	struct feed *f = arg;

	f->all = true;
	for (int i = 0; i < MANY; i++)
		f->all = mailbox_put_wait(f->box, &f->numbers[i], 1, 10000, f->stop) && f->all;
	return NULL;
}

/* A small box between two threads: both sides wait for each other all the time. */
static void test_two_threads(void **state)
{
	struct feed f = { mailbox_create(7, 100), eventfd(0, 0), calloc(MANY, sizeof(int)), false };
	pthread_t thread;

	(void)state;
	assert_non_null(f.numbers);
	for (int i = 0; i < MANY; i++)
		f.numbers[i] = i;
	assert_int_equal(pthread_create(&thread, NULL, feed, &f), 0);
	for (int want = 0; want < MANY; want++) {
		struct pollfd p = { mailbox_fd(f.box), POLLIN, 0 };
		int *got = mailbox_take(f.box);
		while (!got && poll(&p, 1, 10000) == 1)
			got = mailbox_take(f.box);
		assert_non_null(got);
		assert_int_equal(*got, want);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(f.all);
	mailbox_destroy(f.box, NULL);
	close(f.stop);
	free(f.numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_descriptor),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_waiting_ends),
		cmocka_unit_test(test_destroys_what_is_left),
		cmocka_unit_test(test_two_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
