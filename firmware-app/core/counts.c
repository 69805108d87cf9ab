/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/counts.h"

#include <stdbool.h>
#include <string.h>

static const char other[] = "other";
static const char all[] = "all";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void counts_group_of(const char *class_name, char *ret_group)
{
	size_t n = 0;
	while (n < COUNTS_GROUP_MAX - 1 && is_digit(class_name[n])) {
		ret_group[n] = class_name[n];
		n++;
	}
	ret_group[n] = '\0';
	if (n == 0)
		memcpy(ret_group, other, sizeof(other));
}

/* By number, as text of digits is where it has the same length; what is no number comes last. */
static int compare(const char *a, const char *b)
{
	if (is_digit(a[0]) != is_digit(b[0]))
		return is_digit(a[0]) ? -1 : 1;
	size_t len_a = strlen(a);
	size_t len_b = strlen(b);
	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	return strcmp(a, b);
}

static void add(struct counts_numbers *sum, const struct counts_numbers *numbers)
{
	sum->expected += numbers->expected;
	sum->present += numbers->present;
	sum->late += numbers->late;
	sum->absent += numbers->absent;
	sum->excused += numbers->excused;
}

/* The group's place among the sorted ones, made where it is new. A school has a dozen of them. */
static struct counts_group *group_in(struct counts_group *groups, size_t *n, const char *name)
{
	size_t at = 0;
	while (at < *n && compare(groups[at].group, name) < 0)
		at++;
	if (at < *n && strcmp(groups[at].group, name) == 0)
		return &groups[at];
	memmove(&groups[at + 1], &groups[at], (*n - at) * sizeof(*groups));
	groups[at] = (struct counts_group){ 0 };
	memcpy(groups[at].group, name, strlen(name) + 1);
	++*n;
	return &groups[at];
}

struct counts_result counts_of(
	const struct counts_class *classes, size_t n_classes, struct counts_group *ret_groups)
{
	size_t n = 0;
	struct counts_group total = { 0 };
	memcpy(total.group, all, sizeof(all));
	for (size_t i = 0; i < n_classes; i++) {
		char name[COUNTS_GROUP_MAX];
		if (classes[i].numbers.expected <= 0)
			continue;
		counts_group_of(classes[i].class_name, name);
		add(&group_in(ret_groups, &n, name)->numbers, &classes[i].numbers);
		add(&total.numbers, &classes[i].numbers);
	}
	struct counts_result result = { 0 };
	int hidden_pupils = 0;
	for (size_t i = 0; i < n; i++) {
		if (ret_groups[i].numbers.expected < COUNTS_GROUP_MIN) {
			result.withheld++;
			hidden_pupils += ret_groups[i].numbers.expected;
		} else {
			ret_groups[result.n_groups++] = ret_groups[i];
		}
	}
	bool gives_back =
		result.withheld == 1 || (result.withheld > 1 && hidden_pupils < COUNTS_GROUP_MIN);
	if (n > 0 && !gives_back)
		ret_groups[result.n_groups++] = total;
	return result;
}
