#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# sysroot.sh FOLDER: Debian's libraries and headers for arm64, to compile against; made anew where the list of
# .ci/packages has changed. Nothing of it runs: packages are unpacked, not installed, so no emulator is needed here.
#
# FOLDER/.dpkg is a small dpkg database of these libraries under their paths here, so that dpkg-shlibdeps finds out what
# a package for arm64 depends on.
set -euo pipefail
tree=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$tree/firmware-app/packaging/debian.sh"
export LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin

# know ROOT DEB...: their shlibs and symbols; a file list where a package has either.
know() {
	local root=$1 deb name file control
	shift
	mkdir -p "$database/info" "$database/updates"
	printf "1\n" >"$database/info/format" # names with their architecture
	: >"$database/status"
	control=$(mktemp -d)
	# Links aren't in a package's sums: by which names a library goes.
	find "$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu -maxdepth 1 -type l -printf '%P %l %h\n' |
		awk -v root="$root/" '{ sub(".*/", "", $2); sub(root, "", $3); print $3 "/" $2, $3 "/" $1 }' >"$control/links"
	for deb; do
		rm -rf "$control/DEBIAN"
		dpkg-deb --control "$deb" "$control/DEBIAN"
		[[ -e $control/DEBIAN/shlibs || -e $control/DEBIAN/symbols ]] || continue
		name=$(sed -n 's/^Package: //p' "$control/DEBIAN/control"):arm64
		for file in shlibs symbols; do
			[[ ! -e $control/DEBIAN/$file ]] || cp "$control/DEBIAN/$file" "$database/info/$name.$file"
		done
		awk -v folder="$folder/" 'FILENAME ~ /links$/ { links[$1] = links[$1] " " $2; next }
			{ print folder $2; n = split(links[$2], name, " "); for (i = 1; i <= n; i++) print folder name[i] }' \
			"$control/links" "$control/DEBIAN/md5sums" >"$database/info/$name.list"
		sed '/^Description:/,$d' "$control/DEBIAN/control" >>"$database/status"
		printf 'Status: install ok installed\nDescription: %s\n\n' "$name" >>"$database/status"
	done
	rm -rf "$control"
}

if [[ ${1:-} == --know ]]; then # as a hook of mmdebstrap: the folder as it will be called, then as it is called now
	folder=$2 database=$3/.dpkg
	know "$3" "$3"/var/cache/apt/archives/*.deb
	exit
fi

folder=$(readlink -m "${1:?sysroot.sh FOLDER}")
list=$(sed -n 's/^\(build\|test\) //p' "$tree/.ci/packages" | tr ' ' '\n' | grep -x 'lib[a-z0-9-]*-dev' |
	grep -v -x libclang-rt-dev | sort -u | paste -s -d ,)
[[ ! -e $folder || $(cat "$folder.list" 2>/dev/null) != "$list" ]] || exit 0
printf 'sysroot.sh: arm64 libraries into %s\n' "$folder" >&2
bootstrap "$folder" --variant=extract --architectures=arm64 --include="libc6-dev,$list" \
	--dpkgopt='path-exclude=/usr/share/*' --extract-hook="'$0' --know '$folder' \"\$1\""
# Links that begin at the root would leave the folder.
find "$folder/lib" "$folder/usr/lib" -type l -lname '/*' | while read -r link; do
	ln -sfnr "$folder$(readlink "$link")" "$link"
done
printf '%s\n' "$list" >"$folder.list"
