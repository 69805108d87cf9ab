#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# A school morning on this machine, started by ./dev demo: a private broker, a register, a gate with
# screen and emulated card reader, the care team's board, sixty invented pupils. All of it lives in one
# temporary folder, and nothing is left of it afterwards but the pictures of the screen.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)

usage() {
	cat <<-'END'
		./dev demo [OPTION...]

		  --once          end after the morning instead of staying open
		  --speed N       the simulated clock runs N times as fast as a real one, 1 to 60 (12)
		  --head-start S  let it begin S real seconds earlier, 0 to 600: for a machine that is slow (0)
		  --bin DIR       where the programs are (build/bin)
		  --pictures DIR  where the pictures of the screen go (build/demo)
		  --board DIR     the care team's page as built (build/careboard)
		  --options-only  nothing but a look at the options
		  --help          this text
	END
}

begin=08:18:00 # or earlier, where the clock is so fast that not everyone could tap before the bell
bell=08:25:00
day=2026-11-23 # a Monday with lessons
zone=+01:00
setup_s=3       # real seconds from here until the gate is ready, about
before_bell=38  # pupils in morning.txt who come before the bell
tap_ms=700      # what one of them takes, at most
deadline_s=60   # for a program to be ready, or to end
silent_s=20     # real seconds that a gate may be silent before the care team hears of it
topic=schoolpoort/demo

once='' options_only='' speed=12 head_start=0 bin=$root/build/bin pictures=$root/build/demo board=$root/build/careboard
folder='' port='' clock='' off_screen='' failed=''
declare -A shown=() # of the care team's board, where there is one: address, user, password, and its school's folder
declare -A pid_of=()
names=() # in the order of their start

die() {
	failed=yes
	printf '\ndemo: %s\n' "$*" >&2
	exit 1
}

usage_error() {
	usage >&2
	printf 'demo: %s\n' "$*" >&2
	exit 2
}

# ---- programs ---------------------------------------------------------------------------------

log_of() {
	printf '%s/%s.log' "$folder" "$1"
}

show_log() {
	[[ -s $(log_of "$1") ]] || return 0
	printf '\n--- the last lines of %s:\n' "$1" >&2
	tail -n 25 "$(log_of "$1")" >&2
}

# start NAME COMMAND...: in a session of its own, so that Ctrl-C reaches this script alone, which ends
# them in order; and with a signal from the kernel should this script be killed.
start() {
	local name=$1
	shift
	: >"$(log_of "$name")" # here already when wait_log looks
	setsid setpriv --pdeathsig TERM "$@" >>"$(log_of "$name")" 2>&1 </dev/null &
	pid_of[$name]=$!
	names+=("$name")
}

# wait_log NAME TEXT: until the program has said so.
wait_log() {
	local name=$1 text=$2 line='' found='' follower
	exec {said}< <(exec tail -n +1 -f --pid="${pid_of[$name]}" "$(log_of "$name")")
	follower=$!
	while read -r -t "$deadline_s" -u "$said" line; do
		if [[ $line == *"$text"* ]]; then
			found=yes
			break
		fi
	done
	exec {said}<&-
	kill "$follower" 2>/dev/null || true
	wait "$follower" 2>/dev/null || true
	if [[ -z $found ]]; then
		show_log "$name"
		die "$name did not start"
	fi
}

# stop NAME: SIGTERM, and SIGKILL for who doesn't listen.
stop() {
	local name=$1 pid=${pid_of[$1]} status=0 never watch
	kill -TERM "$pid" 2>/dev/null || true
	exec {never}<> <(:) # nothing ever comes
	(read -r -t "$deadline_s" -u "$never" || kill -KILL "$pid") &
	watch=$!
	wait "$pid" || status=$?
	kill -KILL "$watch" 2>/dev/null || true # SIGTERM it ignores, as clean_up does
	wait "$watch" 2>/dev/null || true
	exec {never}>&-
	unset "pid_of[$name]"
	if [[ $status -ne 0 && -z $failed ]]; then
		failed=yes
		show_log "$name"
		printf 'demo: %s ended with status %d\n' "$name" "$status" >&2
	fi
}

clean_up() {
	local status=$? i
	trap '' INT TERM HUP PIPE
	set +e # nobody may be left to read a last word
	for ((i = ${#names[@]} - 1; i >= 0; i--)); do
		[[ -z ${pid_of[${names[i]}]:-} ]] || stop "${names[i]}"
	done
	[[ -z $folder ]] || rm -rf "$folder"
	[[ -z $failed || $status -ne 0 ]] || status=1
	trap - EXIT
	exit "$status"
}

# ---- the school -------------------------------------------------------------------------------

free_port() {
	PYTHONPATH=$root/tests/broker /usr/bin/python3 -B -c 'import school; print(school.free_port())'
}

# broker_of UNIT: the section that says how it comes to the broker.
broker_of() {
	local kind=unit
	[[ $1 != register ]] || kind=register
	printf '[broker]\nport = %d\n' "$port"
	if [[ -z ${shown[school]:-} ]]; then
		printf 'host = 127.0.0.1\ntls = off\n'
		return
	fi
	printf 'host = localhost\nca_file = %s\n' "${shown[school]}/$1/tls/ca.crt"
	printf '%s_file = %s\n' cert "${shown[school]}/$1/tls/$kind.crt" key "${shown[school]}/$1/tls/$kind.key"
}

# subscriber NAME: what mosquitto_sub needs to reach the broker; a name is one session.
subscriber() {
	local tls=${shown[school]:-}/$1/tls
	if [[ -z ${shown[school]:-} ]]; then
		printf -- '-h 127.0.0.1 -p %d' "$port"
	else
		printf -- '-h localhost -p %d -i schoolpoort-%s --cafile %s --cert %s --key %s' \
			"$port" "$1" "$tls/ca.crt" "$tls/unit.crt" "$tls/unit.key"
	fi
}

# configure UNIT LINE...: UNIT.conf and the folders that it names.
configure() {
	local unit=$1
	shift
	mkdir -p "$folder/$unit/state" "$folder/$unit/run"
	cat >"$folder/$unit.conf" <<-END
		[school]
		id = demo
		name = Campus Zonnepoort
		card_key_file = $folder/card.key
		[unit]
		id = $unit
		[paths]
		state_dir = $folder/$unit/state
		run_dir = $folder/$unit/run
	END
	broker_of "$unit" >>"$folder/$unit.conf"
	printf '%s\n' "$@" >>"$folder/$unit.conf"
}

ctl() {
	local unit=$1
	shift
	"$bin/schoolpoortctl" --config "$folder/$unit.conf" "$@"
}

# The clock is anchored to a moment, so that all programs agree. A fast one starts earlier.
set_clock() {
	local start needed
	start=$(date -d "$day $begin $zone" +%s)
	needed=$(($(date -d "$day $bell $zone" +%s) - before_bell * tap_ms * speed / 1000 - 60))
	[[ $needed -ge $start ]] || start=$needed
	start=$((start - (setup_s + head_start) * speed))
	clock="$(TZ=Europe/Brussels date -d "@$start" +%Y-%m-%dT%H:%M:%S%:z)@$(date +%s.%3N)x$speed"
	export SCHOOLPOORT_CLOCK=$clock
}

# why_no_board: what is missing for it; nothing when all is there.
why_no_board() {
	local name
	for name in node nginx openssl mosquitto_passwd; do
		# What is built needs no node.
		[[ $name == node && -f $board/index.html ]] || command -v "$name" >/dev/null || {
			printf '%s is missing' "$name"
			return
		}
	done
	[[ -f $board/index.html ]] || printf '%s has no page: ./dev build makes it' "$board"
}

# The broker and nginx as a school has them: certificates, rights, and the site before the WebSocket.
start_school() {
	local name value units=(gate-1 register commentary)
	[[ -n $once ]] || units+=(onlooker)
	start board /usr/bin/python3 -B "$here/demo/board.py" "$folder" "$board" "${units[@]}"
	wait_log board ready
	while IFS='=' read -r name value; do
		shown[$name]=$value
	done <"$folder/board"
	port=${shown[port]}
	ln -s "${shown[school]}/mosquitto.log" "$(log_of mosquitto)"
	show_address
}

show_address() {
	[[ -n ${shown[address]:-} ]] || return 0
	printf "The care team's board: %s (user %s, password \"%s\")\n" \
		"${shown[address]}" "${shown[user]}" "${shown[password]}"
	printf '  The browser warns once: the certificate is by an authority that was made for this demo.\n'
}

start_broker() {
	local why
	why=$(why_no_board)
	if [[ -z $why ]]; then
		start_school
		return
	fi
	printf "The care team's board isn't shown: %s.\n" "$why"
	port=$(free_port)
	sed -e "s|@PORT@|$port|" -e "s|@DIR@|$folder|" \
		"$root/broker-config/mosquitto/loopback.conf.in" >"$folder/mosquitto.conf"
	printf 'log_type information\n' >>"$folder/mosquitto.conf" # says when it listens
	start mosquitto mosquitto -c "$folder/mosquitto.conf"
	wait_log mosquitto ' running'
}

start_register() {
	local what
	# rules.absent_hold_s runs on the simulated clock, what a busy machine makes a gate wait doesn't.
	configure register '[register]' 'gates = gate-1' \
		'[rules]' "absent_hold_s = $((speed * silent_s > 60 ? speed * silent_s : 60))"
	start schoolpoort-register "$bin/schoolpoort-register" --config "$folder/register.conf"
	wait_log schoolpoort-register started
	for what in timetable calendar pupils excused cards; do
		printf '  %-10s ' "$what"
		ctl register import "$what" "$here/demo/$what.csv" || die "the import of $what failed"
	done
	ctl register card block 0455AA10F3C281 >/dev/null || die 'the card could not be blocked'
}

start_gate() {
	local size=1280x720 frames=()
	# kiosk.repeat_s runs on the simulated clock, a hand that holds a card again doesn't.
	local settings=('[reader]' "connstring = pn532_uart:$folder/tty"
		'[kiosk]' "repeat_s = $((speed * 5 > 60 ? speed * 5 : 60))" '[screen]')
	if [[ -z ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]]; then
		off_screen=yes size=800x480
		export SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy
		settings+=('sound = off')
		mkdir -p "$pictures"
		rm -f "$pictures"/[0-9]*.png
		frames=(--frames "$pictures")
	fi
	configure gate-1 "${settings[@]}" "size = $size"
	start pn532_emu "$bin/pn532_emu" --link "$folder/tty" --control "$folder/emu.sock"
	wait_log pn532_emu ready
	start schoolpoort-kiosk "$bin/schoolpoort-kiosk" --config "$folder/gate-1.conf"
	wait_log schoolpoort-kiosk started
	start schoolpoort-screen "$bin/schoolpoort-screen" --config "$folder/gate-1.conf" "${frames[@]}"
	start schoolpoort-reader "$bin/schoolpoort-reader" --config "$folder/gate-1.conf"
}

# ---- what is shown ----------------------------------------------------------------------------

heading() {
	printf '\n%s\n' "$*"
}

# until_ended NAME: until this one ends; any other that ends before is the end of the demo.
until_ended() {
	local ended='' status=0 name suspect=''
	wait -n -p ended "${pid_of[@]}" || status=$?
	for name in "${names[@]}"; do
		[[ ${pid_of[$name]:-} != "$ended" ]] || break
	done
	unset "pid_of[$name]"
	if [[ $name == "$1" && $status -eq 0 ]]; then
		return
	fi
	if [[ $name == schoolpoort-screen && $status -eq 0 ]]; then
		printf '\nThe window was closed: the end.\n'
		exit 0
	fi
	[[ ! -s $folder/suspect ]] || suspect=$(<"$folder/suspect")
	[[ $name == "$1" ]] || suspect=$name
	if [[ -n $suspect ]]; then
		show_log "$suspect"
	fi
	[[ $name != "$1" ]] || die 'the morning stopped half-way: the reason stands above'
	die "$name ended with status $status"
}

follow() {
	local broker
	read -r -a broker < <(subscriber commentary) || true
	# Not in a session of its own: its output is the commentary.
	/usr/bin/python3 "$here/demo/morning.py" --folder "$folder" --topic "$topic" \
		--clock "$clock" --suspect "$folder/suspect" "$@" -- "${broker[@]}" &
	pid_of[commentary]=$!
	names+=(commentary)
	until_ended commentary
}

show_results() {
	heading 'The half day by class (schoolpoortctl day)'
	ctl register day
	heading 'The gate (schoolpoortctl status)'
	ctl gate-1 status
	heading 'From the card to the screen, the last taps (schoolpoortctl trace --last 5)'
	ctl gate-1 trace --last 5
}

# One picture of each kind, with how many there are.
show_pictures() {
	[[ -n $off_screen ]] || return 0
	local file kind count=0
	declare -A first=()
	for file in "$pictures"/[0-9]*.png; do
		kind=${file##*/}
		kind=${kind#*-}
		first[$kind]=${first[$kind]:-${file##*/}}
		count=$((count + 1))
	done
	heading "No display here: the screen was drawn into $count pictures in $pictures; one of each kind:"
	printf '  %s\n' "${first[@]}" | sort
}

write_hints() {
	cat >"$folder/hints" <<-END

		The gate stays open until Ctrl-C, and its clock runs on.
		$(show_address)

		From another terminal:

		hold a card to the reader (Mila's, who is still missing; cards.csv has the others)
		  $here/demo/card.py $folder/emu.sock tap 0491109F3580AF 300
		the alerts as the care team gets them
		  mosquitto_sub -V 5 $(subscriber onlooker) -t '$topic/care/event'
		the command line, for the school and for the gate
		  $bin/schoolpoortctl --config $folder/register.conf day
		  $bin/schoolpoortctl --config $folder/gate-1.conf status
	END
}

# ---- the morning ------------------------------------------------------------------------------

options() {
	local option
	while [[ $# -gt 0 ]]; do
		case $1 in
		--once) once=yes ;;
		--options-only) options_only=yes ;;
		--speed | --head-start | --bin | --pictures | --board)
			[[ $# -ge 2 ]] || usage_error "$1 needs a value"
			option=${1#--}
			printf -v "${option/-/_}" %s "$2"
			shift
			;;
		--help | -h)
			usage
			exit 0
			;;
		*) usage_error "no option is called $1" ;;
		esac
		shift
	done
	[[ $speed =~ ^[0-9]{1,2}$ && $((10#$speed)) -ge 1 && $((10#$speed)) -le 60 ]] ||
		usage_error "--speed takes 1 to 60, not $speed"
	speed=$((10#$speed))
	[[ $head_start =~ ^[0-9]{1,3}$ && $((10#$head_start)) -le 600 ]] ||
		usage_error "--head-start takes 0 to 600, not $head_start"
	head_start=$((10#$head_start))
}

check_programs() {
	local name
	export PATH=$PATH:/usr/sbin:/sbin # mosquitto lives where only root looks
	for name in schoolpoort-{register,kiosk,reader,screen} schoolpoortctl pn532_emu; do
		[[ -x $bin/$name ]] || die "$bin/$name is missing: ./dev demo builds it"
	done
	for name in mosquitto mosquitto_sub setpriv /usr/bin/python3; do
		command -v "$name" >/dev/null || die "$name is missing: ./dev demo installs it"
	done
}

main() {
	options "$@"
	[[ -z $options_only ]] || return 0
	check_programs
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP PIPE
	folder=$(mktemp -d /tmp/schoolpoort-demo-XXXXXX)
	(umask 077 && head -c 32 /dev/urandom >"$folder/card.key")
	chmod 711 "$folder" # the broker and nginx as users of their own, where root starts them

	printf 'A Monday morning at Campus Zonnepoort, an invented school; its clock runs %d times as fast.\n' "$speed"
	printf 'Everything is in %s.\n' "$folder"
	start_broker
	printf 'The broker is on port %d of this machine alone.\n\n' "$port"
	set_clock
	start_register
	start_gate
	heading 'The morning'
	follow
	show_results
	show_pictures
	if [[ -n $once ]]; then
		return
	fi
	write_hints
	trap 'printf "\n"; exit 0' INT
	follow --follow "$folder/hints"
}

main "$@"
