/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

#define SCHOOL_CHARS (WIRE_SCHOOL_MAX - 1)
#define GROUP_CHARS 20 /* counts.json */

static void out_group(struct wire_out *out, json_t *list, const struct counts_group *group)
{
	const struct counts_numbers *n = &group->numbers;
	const struct {
		const char *key;
		int count;
	} counts[] = {
		{ "expected", n->expected },
		{ "present", n->present },
		{ "late", n->late },
		{ "absent", n->absent },
		{ "excused", n->excused },
	};
	json_t *row = wire_out_object(out, list, NULL);

	wire_out_text(out, row, "group", group->group, GROUP_CHARS);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		wire_out_int(out, row, counts[i].key, counts[i].count);
		if (counts[i].count < 0)
			out->failed = true;
	}
	/* A second look at what core/counts left out: what is public can't be taken back. */
	if (n->expected < COUNTS_GROUP_MIN)
		out->failed = true;
}

char *wire_counts_encode(const struct wire_counts *c, const struct wire_context *ctx)
{
	static const char *const must[] = { "date", "half", "at", NULL };
	struct wire_out out;

	wire_out_open(&out, ctx);
	wire_out_text(&out, out.root, "school", c->school, SCHOOL_CHARS);
	wire_out_date(&out, out.root, "date", c->date);
	wire_out_half(&out, out.root, "half", c->half);
	wire_out_time(&out, out.root, "at", c->at_ms);
	json_t *list = wire_out_array(&out, out.root, "groups");
	for (size_t i = 0; i < c->n_groups; i++)
		out_group(&out, list, &c->groups[i]);
	wire_out_int(&out, out.root, "withheld", c->withheld);
	if (ctx && ctx->rehearsal)
		wire_out_bool(&out, out.root, "rehearsal", true);
	wire_out_must(&out, out.root, must);
	if (!c->school[0] || c->withheld < 0)
		out.failed = true;
	return wire_out_close(&out);
}
