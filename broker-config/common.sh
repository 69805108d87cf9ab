# shellcheck shell=bash
# SPDX-License-Identifier: EUPL-1.2
#
# common.sh: what provision (at the broker) and schoolpoort-join (on a unit) must do alike. Sourced by both.

# What put says in `changed` counts at the end of a pipe too.
shopt -s lastpipe

# shellcheck disable=SC2034 # for whoever sources this
bundle_head='schoolpoort bundle 1'
# shellcheck disable=SC2034
request_head='schoolpoort request 1'
# shellcheck disable=SC2034
file_max=65536 # bytes of a bundle, request or certificate; ten times what one is
# shellcheck disable=SC2034
changed=false # by put
# shellcheck disable=SC2034
unfinished='.put-??????' # what a put that was killed leaves

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# usage and what was given: nothing was changed
refuse() {
	say "$@"
	exit 2
}

fail() {
	say "$@"
	exit 1
}

# A unit's name, as the configuration takes it.
is_unit_name() {
	[[ $1 =~ ^[a-z0-9-]{1,32}$ ]]
}

# put FILE MODE [OWNER]: standard input becomes FILE, whole or not at all; a file that is so already stays untouched. Sets
# `changed` where it wasn't. OWNER, user or user:group, counts only for root and where it exists.
put() {
	local file=$1 mode=$2 owner=${3:-} new
	new=$(mktemp "$file.put-XXXXXX") || return
	cat >"$new" && chmod "$mode" "$new" || { rm -f "$new" && return 1; }
	# Before it is another's: whoever may hand it over needn't have the right to read it then.
	[[ -z $owner ]] || sync "$new"
	if [[ -n $owner && $(id -u) -eq 0 ]]; then
		chown "$owner" "$new" 2>/dev/null || say "$file: no $owner here, it stays root's"
	fi
	if cmp -s "$new" "$file" && [[ $(stat -c %a:%u:%g "$new") == "$(stat -c %a:%u:%g "$file")" ]]; then
		rm -f "$new"
		return
	fi
	[[ -n $owner ]] || sync "$new"
	mv -fT "$new" "$file" || return
	sync "$(dirname "$file")"
	# shellcheck disable=SC2034 # whoever sources this reads it
	changed=true
}

# hmac KEY: HMAC-SHA256 (RFC 2104) of standard input under a key of at most 64 bytes, both in hex. By hand, since openssl
# takes the key as an argument, which every process may read.
hmac() {
	local key=$1 inner='' outer='' byte i digest piece
	for ((i = 0; i < 64; i++)); do
		byte=0
		[[ -z ${key:2*i:2} ]] || byte=$((16#${key:2*i:2}))
		printf -v piece '\\x%02x' $((byte ^ 0x36))
		inner+=$piece
		printf -v piece '\\x%02x' $((byte ^ 0x5c))
		outer+=$piece
	done
	digest=$(
		# shellcheck disable=SC2059 # the bytes are the format
		{ printf "$inner" && cat; } | sha256sum
	)
	# shellcheck disable=SC2001 # each two digits of it
	digest=$(sed 's/../\\x&/g' <<<"${digest%% *}")
	# shellcheck disable=SC2059
	printf "$outer$digest" | sha256sum | cut -c 1-64
}

# part NAME <FILE: what stands under "[[NAME]]" of a bundle or request.
part() {
	awk -v name="[[$1]]" '/^\[\[.*\]\]$/ { inside = $0 == name; next } inside'
}

# seconds_of start|end CERTIFICATE: since 1970
seconds_of() {
	local text
	text=$(openssl x509 -in "$2" -noout "-${1}date")
	date -d "${text#*=}" +%s
}

# print_of CERTIFICATE: the first ten bytes of its SHA-256 fingerprint, for people who compare; doctor says it so too.
print_of() {
	openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f | cut -c 1-20 | sed 's/..../& /g; s/ $//'
}

# is_worn CERTIFICATE: two thirds of its life have passed.
is_worn() {
	local begin end
	begin=$(seconds_of start "$1")
	end=$(seconds_of end "$1")
	(($(date +%s) - begin >= (end - begin) * 2 / 3))
}
