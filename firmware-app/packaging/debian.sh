# shellcheck shell=bash
# SPDX-License-Identifier: EUPL-1.2
#
# debian.sh: what sysroot.sh and tests/package/root.sh must do alike. Sourced by both.

# sources: Debian's lines for apt, those that this machine has itself: a mirror or a proxy here serves there too.
sources() {
	# shellcheck disable=SC2016 # apt's names
	apt-get indextargets \
		--format 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u
}

codename() {
	(. /etc/os-release && printf '%s\n' "$VERSION_CODENAME")
}

# bootstrap FOLDER OPTION...: mmdebstrap, told as little as it needs. It appears under its name once it is whole.
bootstrap() {
	local folder=$1 proxy options=()
	shift
	proxy=$(apt-config dump | sed -n 's/^\(Acquire::https\?::Proxy "[^"]*";\)$/\1/p')
	[[ -z $proxy ]] || options+=("--aptopt=${proxy//$'\n'/ }")
	# A build machine may be a container without the right to mount.
	if ! unshare --mount true 2>/dev/null; then
		options+=(--skip=check/canmount)
	fi
	rm -rf --one-file-system "$folder.new" "$folder"
	mkdir -p "$(dirname "$folder")"
	sources | mmdebstrap --quiet --mode=root --format=directory "${options[@]}" "$@" "$(codename)" "$folder.new" -
	mv "$folder.new" "$folder"
}
