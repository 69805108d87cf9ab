/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/figures.h"

#include <stdlib.h>
#include <string.h>

/* The last days with lessons of a class, oldest first. */
struct school_days {
	int n;
	int32_t days[ROSTER_RECENT_MAX];
};

struct filling {
	struct roster *roster;
	const struct school_days *of_class;
	int32_t late_from;
	size_t at; /* the pupil whose marks come now */
};

static struct school_days school_days_of(
	const struct roster *roster, const struct roster_class *class_of, int32_t today)
{
	struct school_days found = { 0 };
	for (int32_t day = today - 1;
		day >= today - FIGURES_RECENT_BACK && found.n < ROSTER_RECENT_MAX; day--) {
		struct civil_date date = civil_date_of_day(day);
		if (roster_class_slot_of(roster, class_of, date, HALFDAY_AM) ||
			roster_class_slot_of(roster, class_of, date, HALFDAY_PM))
			found.days[found.n++] = day;
	}
	for (int i = 0; i < found.n / 2; i++) {
		int32_t other = found.days[i];
		found.days[i] = found.days[found.n - 1 - i];
		found.days[found.n - 1 - i] = other;
	}
	return found;
}

static void begin_record(struct roster_pupil *pupil, const struct school_days *days)
{
	pupil->has_record = true;
	pupil->late_30_days = 0;
	pupil->n_recent = days->n;
	for (int i = 0; i < days->n; i++) {
		pupil->recent[i].date = civil_date_of_day(days->days[i]);
		memcpy(pupil->recent[i].marks, "..", sizeof("..")); /* mark_letter(MARK_NONE) */
	}
}

/* Before the first mark the pupil may not have been at this school. */
static void trim_record(struct roster_pupil *pupil)
{
	int first = 0;
	while (first < pupil->n_recent && strcmp(pupil->recent[first].marks, "..") == 0)
		first++;
	pupil->n_recent -= first;
	memmove(pupil->recent, pupil->recent + first,
		(size_t)pupil->n_recent * sizeof(pupil->recent[0]));
}

/* Marks and pupils both come by id. */
static int take_mark(void *ctx, const struct register_store_mark *mark)
{
	struct filling *f = ctx;
	const struct roster *roster = f->roster;
	while (f->at < roster->n_pupils && roster->pupils[f->at].id < mark->pupil)
		f->at++;
	if (f->at == roster->n_pupils || roster->pupils[f->at].id != mark->pupil)
		return 0;
	struct roster_pupil *pupil = &roster->pupils[f->at];
	const struct school_days *days = &f->of_class[pupil->class_index];
	if (mark->value == MARK_LATE && mark->day >= f->late_from)
		pupil->late_30_days++;
	for (int i = 0; i < days->n; i++)
		if (days->days[i] == mark->day)
			pupil->recent[i].marks[mark->half == HALFDAY_PM] = mark_letter(mark->value);
	return 0;
}

int figures_fill(struct register_store *s, struct roster *roster, struct civil_date today)
{
	int32_t number = civil_day_number(today);
	struct school_days *of_class = calloc(roster->n_classes + 1, sizeof(*of_class));
	if (!of_class)
		return STORE_ERR_MEMORY;
	for (size_t i = 0; i < roster->n_classes; i++)
		of_class[i] = school_days_of(roster, &roster->classes[i], number);
	for (size_t i = 0; i < roster->n_pupils; i++)
		begin_record(&roster->pupils[i], &of_class[roster->pupils[i].class_index]);
	struct filling f = { roster, of_class, number - FIGURES_LATE_DAYS, 0 };
	int err = register_store_each_mark_between(
		s, number - FIGURES_RECENT_BACK, number - 1, take_mark, &f);
	for (size_t i = 0; i < roster->n_pupils; i++)
		trim_record(&roster->pupils[i]);
	free(of_class);
	return err;
}

int figures_counts(const struct day *day, enum halfday half, struct counts_group *ret_groups,
	struct counts_result *ret_result)
{
	struct wire_day_class *rows = calloc(WIRE_DAY_CLASSES_MAX, sizeof(*rows));
	struct counts_class *classes = calloc(WIRE_DAY_CLASSES_MAX, sizeof(*classes));
	if (!rows || !classes) {
		free(rows);
		free(classes);
		return -1;
	}
	size_t n = day_counts(day, half, rows, WIRE_DAY_CLASSES_MAX);
	for (size_t i = 0; i < n; i++)
		classes[i] = (struct counts_class){ rows[i].class_name,
			{ rows[i].expected, rows[i].present, rows[i].late, rows[i].absent,
				rows[i].excused } };
	*ret_result = counts_of(classes, n, ret_groups);
	free(rows);
	free(classes);
	return 0;
}

bool figures_may_follow(const struct register_store_counts *told, const struct counts_group *groups,
	const struct counts_result *result)
{
	bool other = false;
	if (told->n_groups != result->n_groups || told->withheld != result->withheld)
		return false;
	for (size_t i = 0; i < told->n_groups; i++) {
		const struct counts_numbers *a = &told->groups[i].numbers;
		const struct counts_numbers *b = &groups[i].numbers;
		if (strcmp(told->groups[i].group, groups[i].group) != 0 ||
			a->expected != b->expected)
			return false;
		other |= a->present != b->present || a->late != b->late || a->absent != b->absent ||
			 a->excused != b->excused;
	}
	return other;
}
