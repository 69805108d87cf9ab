#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Accept the pictures as they are drawn now. Look at each of them first; the commit says why the
# world should look different.
#   tests/golden/update.sh [BUILD_DIR]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
build=${1:-build/debug}
mkdir -p tests/golden/screen
"$build/bin/screen_pictures" "$build/locale" --accept tests/golden/screen
git status --short -- tests/golden/screen
