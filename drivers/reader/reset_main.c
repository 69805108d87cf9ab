/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * schoolpoort-reader-reset: pulses the reader's reset line, or its USB port, before the reader starts.
 *
 * For the unit's ExecStartPre. Says one line where something fails, nothing where all is well or there is nothing to
 * reset, and ends with status 0 in each case: a reader that can't be reset may still read, and a configuration that
 * is wrong is told by the reader itself.
 */
#include <stdlib.h>

#include "reader/reset.h"
#include "sys/config.h"
#include "sys/log.h"

int main(int argc, char **argv)
{
	static struct config config;
	struct config_options options;
	char reason[RESET_REASON_MAX];
	int status;

	if (config_start(argc, argv, CONFIG_READER_RESET, &options, &config, &status))
		return EXIT_SUCCESS;
	if (config.reader_reset_line[0] &&
		reset_line(&reset_machine, config.reader_reset_line, reason) < 0)
		log_warn("reader_reset_failed reason=\"%s\" next=start_anyway", reason);
	if (reset_usb(&reset_machine, config.reader_connstring, reason) < 0)
		log_warn("reader_reset_failed reason=\"%s\" next=start_anyway", reason);
	return EXIT_SUCCESS;
}
