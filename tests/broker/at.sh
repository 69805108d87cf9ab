#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# at.sh TIME COMMAND...: a command for which it is that time (as date -d reads it), and time goes on; so for all it starts.
#
# faketime(1) makes a semaphore named by its process number, and what was left by one that was killed ends the next of that
# number ("sem_open: File exists"). That number is ours now, and faketime's in a moment: whoever left something is dead.
# Not its library alone: what a script's first subshell takes away as it ends, the script's next command misses.
set -eu
rm -f "/dev/shm/sem.faketime_sem_$$" "/dev/shm/faketime_shm_$$"
exec faketime "$@"
