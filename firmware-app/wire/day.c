/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/json.h"

#define CLASS_CHARS 20 /* day.json */

char *wire_day_encode(const struct wire_day *d, const struct wire_context *ctx)
{
	static const char *const must[] = { "date", "half", "at", NULL };
	struct wire_out out;

	wire_out_open(&out, ctx);
	wire_out_date(&out, out.root, "date", d->date);
	wire_out_half(&out, out.root, "half", d->half);
	wire_out_time(&out, out.root, "at", d->at_ms);
	json_t *list = wire_out_array(&out, out.root, "classes");
	for (size_t i = 0; i < d->n_classes && i < WIRE_DAY_CLASSES_MAX; i++) {
		const struct wire_day_class *c = &d->classes[i];
		const struct {
			const char *key;
			int count;
		} counts[] = {
			{ "expected", c->expected },
			{ "present", c->present },
			{ "late", c->late },
			{ "absent", c->absent },
			{ "unconfirmed", c->unconfirmed },
			{ "excused", c->excused },
			{ "awaited", c->awaited },
		};
		json_t *row = wire_out_object(&out, list, NULL);
		wire_out_text(&out, row, "class", c->class_name, CLASS_CHARS);
		for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
			wire_out_int(&out, row, counts[j].key, counts[j].count);
			if (counts[j].count < 0)
				out.failed = true;
		}
	}
	wire_out_must(&out, out.root, must);
	return wire_out_close(&out);
}
