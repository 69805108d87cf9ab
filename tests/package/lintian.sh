#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# lintian.sh native|arm64: Debian's own lint has nothing to say of the packages. Exceptions stand, with their reasons, in
# firmware-app/packaging/debian/*.overrides.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../build/packages"
architecture=${1:?lintian.sh native|arm64}
[[ $architecture != native ]] || architecture=$(dpkg --print-architecture)
files=(*_"$architecture".deb)
[[ $architecture == arm64 ]] || files+=(*_all.deb)
[[ ${#files[@]} -ge 3 ]]
# A note for who runs it as root goes to standard error.
lintian --fail-on error,warning "${files[@]}" 2>/dev/null
