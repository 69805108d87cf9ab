/* SPDX-License-Identifier: EUPL-1.2 */
#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/ctl.h"

int main(int argc, char **argv)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	char reason[CONFIG_REASON_MAX];
	int first, status = CTL_USAGE;

	if (!ctl)
		return CTL_FAILED;
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
	if (config_load(ctl->options.config_path, CONFIG_CTL, &ctl->config, reason) < 0) {
		(void)fprintf(stderr, "%s\n", reason);
		goto out;
	}
	status = ctl->options.check_config ? CTL_DONE : ctl_run(ctl, argc - first, argv + first);
out:
	free(ctl);
	return status;
}
