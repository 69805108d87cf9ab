/* SPDX-License-Identifier: EUPL-1.2 */
#include "signal/program.h"

int main(int argc, char **argv)
{
	return signal_main(argc, argv);
}
