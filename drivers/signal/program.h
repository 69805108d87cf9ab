/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * signal/program.h: schoolpoort-signal without its lines, which are linked beside it: gpiod.c, or a test's.
 */
#pragma once

/** signal_main() - the whole program. Return: its exit status. */
int signal_main(int argc, char **argv);
