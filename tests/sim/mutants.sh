#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# mutants.sh SOURCE CC: break one rule at a time in a copy of its source, and demand that the simulator sees it.
# A mutant that no longer applies fails too: its rule has moved, and the line here with it.
set -eu
source=$1
cc=$2
days=9
seed=1 # a year with carry, without grace
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
app=$source/firmware-app
roots="-iquote $app -iquote $source/drivers -iquote $source/ui -iquote $source/tests"

compile() { # OUTPUT SOURCE
	# shellcheck disable=SC2086 # a list of options
	"$cc" -std=c11 -O1 -D_GNU_SOURCE $roots -c -o "$1" "$2"
}

list="$source/tests/sim/*.c $app/core/*.c $app/kiosk/step.c $app/kiosk/deliver.c
	$app/register/day.c $app/register/gate.c $app/register/step.c"
mkdir "$tmp/o"
for file in $list; do
	compile "$tmp/o/$(echo "${file#"$source"/}" | tr / _).o" "$file"
done

run() { # NAME
	"$cc" -o "$tmp/sim" "$tmp"/o/*.o
	SCHOOLPOORT_SEED=$seed "$tmp/sim" $days >"$tmp/said" 2>&1
}

run none || {
	cat "$tmp/said"
	echo "mutants: the rules as they are don't pass"
	exit 1
}
failed=0
mutant() { # NAME FILE SED
	object=$tmp/o/firmware-app_$(echo "$2" | tr / _).o
	sed "$3" "$app/$2" >"$tmp/mutant.c"
	if cmp -s "$tmp/mutant.c" "$app/$2"; then
		echo "mutants: $1: doesn't apply to $2"
		failed=1
		return
	fi
	cp "$object" "$tmp/kept.o"
	compile "$object" "$tmp/mutant.c"
	if run "$1"; then
		echo "mutants: $1: lives"
		failed=1
	else
		echo "mutants: $1: $(tail -n 1 "$tmp/said")"
	fi
	cp "$tmp/kept.o" "$object"
}

mutant 'grace a second short' core/verdict.c \
	's/if (at_s <= slot->start_s + INT64_C(60) \* grace_min)/if (at_s < slot->start_s + INT64_C(60) * grace_min)/'
mutant 'grace a second long' core/verdict.c \
	's/if (at_s <= slot->start_s + INT64_C(60) \* grace_min)/if (at_s <= 1 + slot->start_s + INT64_C(60) * grace_min)/'
mutant 'minutes late cut, not rounded up' core/verdict.c \
	's/(at_s - slot->start_s + 59) \/ 60/(at_s - slot->start_s) \/ 60/'
mutant 'watermark ignored: what is not stored yet' core/absence.c \
	's/here >= gate->last_seq/here >= 0/'
mutant 'watermark ignored: complete until' core/absence.c \
	's/if (gate->complete_until_ms < cutoff_ms ||/if (/'
mutant 'watermark ignored: every gate is complete' core/absence.c \
	's/if (!gate->online ||/return true; if (!gate->online ||/'
mutant 'hold forgotten' core/absence.c \
	's/INT64_C(1000) \* moment->hold_s/INT64_C(100000000)/'
mutant 'Wednesday afternoon counted' core/timetable.c \
	's/&week->slot\[weekday\]\[half == HALFDAY_PM\]/\&week->slot[weekday == 2 ? 1 : weekday][half == HALFDAY_PM]/'
mutant 'holidays counted' core/roster.c \
	's/&& !is_day_off(roster, date, half)//'
mutant 'carry forgotten' core/mark.c \
	's/if (facts->carried)/if (false)/'
mutant 'excuse forgotten' core/mark.c \
	's/if (facts->excused)/if (false)/'
mutant 'desk forgotten' core/mark.c \
	's/if (facts->seen)/if (false)/'
mutant 'the last tap counts' register/day.c \
	's/h->tap_at_ms <= c->at_ms)/h->tap_at_ms >= c->at_ms)/'
mutant 'a blocked card unmade its taps' register/day.c \
	's/return c->at_ms >= card->blocked_at_ms;/return true;/'
mutant 'the next half day swallows the running one' core/halfday.c \
	's/if (is_running(am, at_s))/if (is_running(am, at_s) \&\& !is_open(pm, at_s, opens_before_min))/'
mutant 'revision stands still' core/alert.c \
	's/alert->revision++;//'
exit $failed
