#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# years.sh PROGRAM SEEDS: that many school years by seeds 1, 2, … one after the other; the first thing that is not so
# ends it. Each run fails by itself at the first certain absence of a pupil whose tap is stored anywhere.
set -euo pipefail
program=$1 seeds=$2 days=0 taps=0 certain=0

for ((seed = 1; seed <= seeds; seed++)); do
	said=$(SCHOOLPOORT_SEED=$seed "$program")
	printf '%s\n' "$said"
	# "182 days, 364 half days, 402113 taps (…" and "alerts: 9120 absent (8000 times certain), …"
	days=$((days + $(sed -n 's/^\([0-9]*\) days, .*/\1/p' <<<"$said")))
	taps=$((taps + $(sed -n 's/^.* half days, \([0-9]*\) taps .*/\1/p' <<<"$said")))
	certain=$((certain + $(sed -n 's/^alerts: .*(\([0-9]*\) times certain).*/\1/p' <<<"$said")))
done
printf 'figure: false_confirmed_absences 0 of %d (%d school days, %d taps, %d seeds)\n' \
	"$certain" "$days" "$taps" "$seeds"
