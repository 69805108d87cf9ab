#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# corpus.sh PROGRAM FOUND: keep of what a run found the smallest inputs that reach something new, at most 60 a target,
# in corpus/. PROGRAM: build/fuzz/bin/fuzz_clang; FOUND: build/fuzz/corpus. The seeds (seed-*) stay as they are.
set -euo pipefail
program=$1 found=$2
here=$(dirname "$(readlink -f "$0")")/corpus
merged=$(mktemp -d)
trap 'rm -rf "$merged"' EXIT

for folder in "$here"/*/; do
	target=$(basename "$folder")
	[[ -d $found/$target ]] || continue
	rm -rf "${merged:?}"/*
	FUZZ_TARGET=$target "$program" -merge=1 -max_len=600 "$merged" "$folder" "$found/$target" >/dev/null 2>&1
	find "$folder" -type f ! -name 'seed-*' -delete
	# Smallest first: what one of them reaches, the larger ones needn't.
	find "$merged" -type f -printf '%s %p\n' | sort -n | sed -n '1,60p' | while read -r _ file; do
		cp "$file" "$folder/$(basename "$file" | cut -c 1-12)"
	done
done
