#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# at.sh TIME COMMAND...: a command for which it is that time (as date -d reads it), and time goes on; so for all it starts.
#
# The library of faketime(1), not the program: that one makes a semaphore named by its process number, and what was left by
# one that was killed ends the next of that number ("sem_open: File exists"). The library goes on without.
set -eu
at=$(date -d "$1" +%s)
shift
# The linker puts the machine's own folder for $LIB.
# shellcheck disable=SC2016
exec env LD_PRELOAD='/usr/$LIB/faketime/libfaketime.so.1' FAKETIME="$(printf '%+d' $((at - $(date +%s))))" "$@"
