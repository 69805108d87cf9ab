/* SPDX-License-Identifier: EUPL-1.2 */
#include <libintl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

/* --json, --config and --clock may stand behind the command too, where people add them last: bring them to the
 * front, in their order. Behind "--" all is the command's. */
static void options_first(int argc, char **argv)
{
	int front = 1;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		bool alone = strcmp(argv[i], "--json") == 0 ||
			     strncmp(argv[i], "--config=", 9) == 0 ||
			     strncmp(argv[i], "--clock=", 8) == 0;
		bool with_value =
			strcmp(argv[i], "--config") == 0 || strcmp(argv[i], "--clock") == 0;
		if (!alone && !(with_value && i + 1 < argc))
			continue;
		for (int n = alone ? 1 : 2; n > 0; n--, i++) {
			char *word = argv[i];
			memmove(&argv[front + 1], &argv[front],
				(size_t)(i - front) * sizeof(argv[0]));
			argv[front++] = word;
		}
		i--;
	}
}

int main(int argc, char **argv)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	char reason[CONFIG_REASON_MAX];
	int first, status = CTL_USAGE;

	if (!ctl)
		return CTL_FAILED;
	options_first(argc, argv);
	(void)setlocale(LC_ALL, "");
	(void)textdomain("schoolpoortctl");
	int r = config_options_parse(argc, argv, CONFIG_CTL, ctl_usage(), &ctl->options, &first);
	if (r) {
		status = r > 0 ? CTL_DONE : CTL_USAGE;
		goto out;
	}
	if (ctl->options.print_config) {
		status = config_print(ctl->options.config_path, CONFIG_CTL, reason) == 0
				 ? CTL_DONE
				 : CTL_USAGE;
		if (status != CTL_DONE)
			(void)fprintf(stderr, "%s\n", reason);
		goto out;
	}
	if (!ctl->options.check_config && first < argc && strcmp(argv[first], "doctor") == 0) {
		status = ctl_doctor(ctl, argc - first, argv + first);
		goto out;
	}
	if (config_load(ctl->options.config_path, CONFIG_CTL, &ctl->config, reason) < 0) {
		(void)fprintf(stderr, "%s\n", reason);
		goto out;
	}
	status = ctl->options.check_config ? CTL_DONE : ctl_run(ctl, argc - first, argv + first);
out:
	free(ctl);
	return status;
}
