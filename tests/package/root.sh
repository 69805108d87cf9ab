#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# root.sh: a Debian 12 of its own in a folder, to install packages in. Needs root, as chroot(2) does.
#
#   root.sh base DIR                Debian with what the packages of build/packages depend on, without them
#   root.sh make DIR [DEB...]       that, with the packages (default: all of build/packages for this machine)
#   root.sh run DIR COMMAND...      runs it in there, with /proc where this machine may mount; no service runs there
#   root.sh programs DIR            the programs of its service units, as UNIT USER COMMAND LINE
#
# The base is made once (build/package-root) and copied. No systemd runs in such a root: whoever wants a gate starts its
# programs as the units would (`programs` lists them).
set -euo pipefail
tree=$(dirname "$(readlink -f "$0")")/../..
tree=$(readlink -f "$tree")
# shellcheck source-path=SCRIPTDIR source=../../firmware-app/packaging/debian.sh
. "$tree/firmware-app/packaging/debian.sh"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
cache=$tree/build/package-root

die() {
	printf 'root.sh: %s\n' "$*" >&2
	exit 2
}

debs() {
	local architecture
	architecture=$(dpkg --print-architecture)
	find "$tree/build/packages" -name '*.deb' \( -name "*_$architecture.deb" -o -name '*_all.deb' \) | sort
}

# depended DEB...: packages that these need and aren't themselves; the first of alternatives.
depended() {
	local deb
	for deb; do
		dpkg-deb -f "$deb" Depends
	done | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | grep -v '^schoolpoort-' | sort -u | paste -s -d ,
}

base() { # FOLDER
	local need files
	mapfile -t files < <(debs)
	[[ ${#files[@]} -gt 0 ]] || die 'no packages in build/packages: ./dev package'
	need=$(depended "${files[@]}")
	exec 8>"$cache.lock"
	flock 8
	# A security update of the day is no reason to make it anew; another list is.
	if [[ ! -e $cache || $(cat "$cache.list" 2>/dev/null) != "$need" ]]; then
		bootstrap "$cache" --variant=apt --include="$need" \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*/LC_MESSAGES/*.mo' \
			--dpkgopt='path-include=/usr/share/locale/*/LC_MESSAGES/schoolpoort*.mo' --dpkgopt=force-unsafe-io
		# Nothing is started by an installation in here.
		printf '#!/bin/sh\nexit 101\n' >"$cache/usr/sbin/policy-rc.d"
		chmod 755 "$cache/usr/sbin/policy-rc.d"
		printf '%s\n' "$need" >"$cache.list"
	fi
	rm -rf --one-file-system "$1"
	mkdir -p "$(dirname "$1")"
	cp -a --reflink=auto "$cache" "$1"
	flock -u 8
}

run() { # FOLDER COMMAND...
	local root=$1
	shift
	# A namespace of its own: what is mounted ends with it.
	if unshare --mount true 2>/dev/null; then
		# shellcheck disable=SC2016 # for the shell in there
		unshare --mount sh -c 'root=$1; shift; mount -t proc proc "$root/proc" && exec chroot "$root" "$@"' sh "$root" "$@"
	else
		chroot "$root" "$@"
	fi
}

install_in() { # FOLDER DEB...
	local root=$1
	shift
	mkdir -p "$root/debs"
	cp "$@" "$root/debs/"
	run "$root" sh -c 'apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 /debs/*.deb </dev/null'
	rm -rf "$root/debs"
	# What tmpfiles makes at each start; there, by postinst too, where /proc is.
	systemd-tmpfiles --root="$root" --create schoolpoort.conf
}

programs() { # FOLDER
	local unit user
	for unit in "$1"/lib/systemd/system/schoolpoort-*.service; do
		user=$(sed -n 's/^User=//p' "$unit")
		sed -n "s/^ExecStart=/$(basename "$unit" .service) ${user:-root} /p" "$unit"
	done
}

[[ $# -ge 2 ]] || die 'base|make|run|programs DIR …'
[[ $(id -u) -eq 0 ]] || die 'needs root'
command=$1 root=$2
shift 2
case $command in
base) base "$root" ;;
make)
	base "$root"
	[[ $# -gt 0 ]] || mapfile -t files < <(debs)
	install_in "$root" "${@:-${files[@]}}"
	;;
run) run "$root" "$@" ;;
programs) programs "$root" ;;
*) die "no command is called $command" ;;
esac
