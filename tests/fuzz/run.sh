#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# run.sh PROGRAM TARGET CORPUS FOUND SECONDS: one target under clang's fuzzer. It starts from the kept corpus and
# puts what is new into FOUND, so that a run changes nothing in the source; corpus.sh keeps what is worth it.
set -euo pipefail
program=$1 target=$2 corpus=$3 found=$4 seconds=$5

mkdir -p "$found"
export FUZZ_TARGET=$target
log=$found.log
if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
	-dict="$(dirname "$(readlink -f "$0")")/words.dict" -artifact_prefix="$found." "$found" "$corpus" >"$log" 2>&1; then
	tail -n 60 "$log"
	exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
printf 'figure: fuzz_%s %s inputs (%s s, 0 findings)\n' "$target" "$runs" "$seconds"
