#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The pupils of the demo, and a running commentary.

Holds cards before the emulated reader as morning.txt says, each at its time, and tells what the
screen shows (as a client of kiosk.sock, role signal) and what the care team gets (from mosquitto_sub).
With --follow it only tells. Nothing waits without a deadline; exit status 1 with the reason on
standard error, and the program under suspicion in the file that --suspect names.
"""
import argparse
import csv
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
VIEW_S = 60  # for a view or an alert; generous, since only a failure waits so long
AGAIN_S = 0.55  # a hand takes a card away and brings it back: past reader.removed_after_ms
LEAVE_MS = 40  # a card stays so long after it was read
TAP_S = 0.65  # a tap with its pause, at most: how many fit before the bell

SHOWN = {
    "present": "on time",
    "late": "late, {minutes} min",
    "already": "already in",
    "not_expected": "not expected now",
    "unjudged": "taken down, without a verdict",
    "unknown_card": "unknown card",
    "blocked_card": "blocked card",
    "refused_card": "refused: not a card of the school",
    "two_cards": "two cards at once",
    "not_stored": "not stored: go to the desk",
    "overview": "sees the own record",
}


class Failure(Exception):
    """What went wrong, and which program's log tells more."""

    def __init__(self, reason, suspect):
        super().__init__(reason)
        self.suspect = suspect


class Clock:
    """The programs' simulated clock: --clock START@EPOCHxSPEED."""

    def __init__(self, spec):
        start, rest = spec.split("@")
        anchor, speed = rest.split("x")
        self.start, self.anchor, self.speed = datetime.fromisoformat(start), float(anchor), float(speed)

    def now(self):
        return self.start + timedelta(seconds=(time.time() - self.anchor) * self.speed)

    def seconds_until(self, at):
        """Real seconds until HH:MM:SS of the demo's day."""
        h, m, s = map(int, at.split(":"))
        left = self.start.replace(hour=h, minute=m, second=s, microsecond=0) - self.now()
        return left.total_seconds() / self.speed


class Paper:
    """The commentary: a time, a place, a text."""

    def __init__(self, clock):
        self.clock = clock
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.last = ""

    def line(self, place, text, style="0"):
        at = f"{self.clock.now():%H:%M}"
        shown, self.last = ("     " if at == self.last else at), at
        if self.colour:
            text = f"\033[{style}m{text}\033[0m"
        print(f"  {shown}  {place:<9} {text}", flush=True)

    def say(self, text):
        self.line("", text, "1")


def result_of(view):
    """What a view says to a card: a result, overview, or None."""
    return "overview" if view["state"] == "overview" else view.get("result")


def rows(name):
    with open(HERE / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


class School:
    """The pupils of the CSV files, by first name: no two share one."""

    def __init__(self):
        self.pupils = {p["first_name"]: p for p in rows("pupils.csv")}
        by_id = {p["pupil_id"]: p for p in self.pupils.values()}
        for card in reversed(rows("cards.csv")):  # a pupil's first card is the one in use
            by_id[card["pupil_id"]]["uid"] = card["uid"]
        for excuse in rows("excused.csv"):
            by_id[excuse["pupil_id"]]["excused"] = True

    def label(self, name):
        p = self.pupils[name]
        return f"{p['first_name']} {p['last_name']}, {p['class']}"


class Gate:
    """What happens at gate-1 and at the care team's table, as it happens."""

    def __init__(self, folder, broker, topic, school, paper):
        self.school, self.paper = school, paper
        self.views, self.events, self.state = [], [], {}
        self.kiosk = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.kiosk.connect(f"{folder}/gate-1/run/kiosk.sock")
        self.kiosk.send(b'{"v":1,"type":"hello","role":"signal","name":"demo"}')
        self.emulator = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.emulator.connect(f"{folder}/emu.sock")
        topics = [f"{topic}/gate/gate-1/state", f"{topic}/care/event"]
        self.care = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "mosquitto_sub", "-V", "5", *broker, "-q", "1", "-F", "%t\t%p"]
            + [word for t in topics for word in ("-t", t)],
            stdout=subprocess.PIPE, env={**os.environ, "LANG": "C.UTF-8"}, start_new_session=True)
        self.rest = b""

    def close(self):
        self.care.terminate()
        self.care.wait()

    def turn(self, seconds):
        """Wait for the next thing at most so long, take down all that is there."""
        ready, _, _ = select.select([self.kiosk, self.care.stdout], [], [], max(0, seconds))
        if self.kiosk in ready:
            self.take_datagram(self.kiosk.recv(65536))
        if self.care.stdout in ready:
            bytes_ = os.read(self.care.stdout.fileno(), 65536)
            if not bytes_:
                raise Failure("mosquitto_sub ended", "mosquitto")
            *lines, self.rest = (self.rest + bytes_).split(b"\n")
            for line in lines:
                topic, payload = line.decode().split("\t", 1)
                self.take_message(topic, json.loads(payload) if payload else {})

    def wait(self, found, what, suspect, seconds=VIEW_S):
        until = time.monotonic() + seconds
        while not (result := found()):
            left = until - time.monotonic()
            if left <= 0:
                raise Failure(f"waited {seconds} s for {what}", suspect)
            self.turn(left)
        return result

    def until(self, at):
        while (left := self.paper.clock.seconds_until(at)) > 0:
            self.turn(left)

    def pause(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.turn(left)

    def take_datagram(self, bytes_):
        if not bytes_:
            raise Failure("the kiosk has closed its socket", "schoolpoort-kiosk")
        message = json.loads(bytes_)
        if message["type"] == "view":
            self.views.append(message)
            if len(self.views) > 1:  # the first is what stood there before
                self.tell_view(message)

    def take_message(self, topic, payload):
        if topic.endswith("/state"):
            self.state = payload
        else:
            self.events.append(payload)
            self.tell_event(payload)

    def tell_view(self, view):
        result = result_of(view)
        if view["state"] == "fault":
            self.paper.line("gate", f"fault: {view.get('fault', '')}", "31")
        if result:
            name = view.get("name") or ""
            who = self.school.label(name) if name in self.school.pupils else name
            text = SHOWN[result].format(minutes=view.get("minutes_late"))
            self.paper.line("gate", f"{who}: {text}" if who else text)

    def tell_event(self, alert):
        pupil = alert.get("pupil", {})
        who = f"{pupil.get('name', pupil.get('id', ''))}, {pupil.get('class', '')}"
        text, style = f"{alert['kind']}: {alert['state']}", "33"
        unconfirmed = ", unconfirmed" if alert["certainty"] == "unconfirmed" else ""
        if alert["state"] == "open" and alert["kind"] == "late":
            text = f"late: {who}, {alert['minutes_late']} min"
        elif alert["state"] == "open" and alert["kind"] == "absent":
            text = f"ABSENT: {who}{unconfirmed}"
        elif alert["state"] == "open" and alert["kind"] == "unknown_card":
            text = f"unknown card {alert.get('card', '')[:8]}… at {alert.get('gate', 'a gate')}"
        elif alert["state"] == "open" and alert["kind"] == "class_missing":
            text = f"class {alert['class']}: {alert['missing']} of {alert['expected']} are missing"
        elif alert["state"] == "resolved" and pupil:
            what = alert["resolution"]["what"].replace("_", " ")
            late = f", {alert['minutes_late']} min late" if "minutes_late" in alert else ""
            text, style = f"RESOLVED: {who}: {what}{late}", "32"
        elif pupil:
            text = f"{alert['kind']} {alert['state']}: {who}"
        self.paper.line("care team", text, style)

    def command(self, text):
        self.emulator.sendall(text.encode() + b"\n")
        self.emulator.settimeout(VIEW_S)
        answer = b""
        while not answer.endswith(b"\n"):
            piece = self.emulator.recv(4096)
            if not piece:
                raise Failure("the emulated reader has closed its socket", "pn532_emu")
            answer += piece
        if answer.strip() != b"ok":
            raise Failure(f"{text}: {answer.decode().strip()}", "pn532_emu")

    def hold(self, command, wanted, what):
        """Hold a card to the reader; wait until the screen answers with one of the wanted."""
        first = len(self.views)
        self.command(command)

        def answered():
            shown = [result_of(view) for view in self.views[first:] if result_of(view)]
            # Of two cards the first is read alone where it was there first.
            done = "two_cards" in shown if wanted == ["two_cards"] else shown
            return shown if done else None

        shown = self.wait(answered, f"the screen's answer to {what}", "schoolpoort-reader")[-1]
        if shown not in wanted:
            raise Failure(f"{what}: the screen says {shown}, not {wanted[0]}", "schoolpoort-kiosk")


class Morning:
    def __init__(self, gate, school, paper):
        self.gate, self.school, self.paper = gate, school, paper
        self.last = None  # who held a card last
        self.steps, crowd, away = [], [], set()
        for line in (HERE / "morning.txt").read_text(encoding="utf-8").splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "crowd":
                crowd.append((words[1], set(words[2:])))
            elif words[0] == "away":
                away.add(words[1])
            else:
                self.steps.append((words[0], words[1], words[2:]))
                away.update(words[2:])
        for until, classes in crowd:
            names = [n for n, p in school.pupils.items()
                     if p["class"] in classes and n not in away and "excused" not in p]
            self.steps += self.spread(names, until)
        self.steps.sort(key=lambda step: step[0])

    def spread(self, names, until):
        """Few at first, many before the bell; in an order that mixes the classes."""
        h, m, s = map(int, until.split(":"))
        end = self.paper.clock.start.replace(hour=h, minute=m, second=s)
        begin = self.paper.clock.now() + timedelta(seconds=10)
        mixed = sorted(names, key=lambda n: self.school.pupils[n]["uid"][::-1])
        for i, name in enumerate(mixed):
            part = ((i + 1) / len(mixed)) ** 0.6
            yield f"{begin + (end - begin) * part:%H:%M:%S}", "crowd", [name]

    def tap(self, kind, name):
        uid = self.school.pupils[name]["uid"]
        wanted = ["present", "late"] if kind == "crowd" else [kind]  # a slow machine makes some late
        if self.last == name:
            self.gate.pause(AGAIN_S)
        self.gate.hold(f"tap {uid} until-read {LEAVE_MS}", wanted, f"{name}'s card")
        self.last = name

    def strange(self, kind, uids):
        if len(uids) == 2:
            self.gate.hold(f"two {uids[0]} {uids[1]}", [kind], "two cards")
            self.gate.command("remove")
            self.gate.pause(AGAIN_S)
            return
        self.gate.hold(f"tap {uids[0]} until-read {LEAVE_MS}", [kind], f"card {uids[0]}")

    def heard(self, name, kind, state):
        pupil = f"{int(self.school.pupils[name]['pupil_id']):010d}"
        return any(e["kind"] == kind and e["state"] == state and e.get("pupil", {}).get("id") == pupil
                   for e in self.gate.events)

    def alert(self, name, kind, state):
        self.gate.wait(lambda: self.heard(name, kind, state),
                       f"the alert \"{kind}, {state}\" about {name}", "schoolpoort-register")

    def delivered(self):
        s, taps = self.gate.state, {view["checkin"] for view in self.gate.views if view.get("checkin")}
        return s.get("last_seq", 0) >= len(taps) and s.get("confirmed_seq") == s.get("last_seq")

    def step(self, kind, words):
        if kind == "say":
            self.paper.say(" ".join(words))
        elif kind == "absences":
            for name in words:
                self.alert(name, "absent", "open")
        elif kind == "arrived":
            self.alert(words[0], "absent", "resolved")
        elif kind == "delivered":
            self.gate.wait(self.delivered, "the register to confirm every tap", "schoolpoort-register")
        elif words[0] in self.school.pupils:
            self.tap(kind, words[0])
            if kind == "late" and not self.heard(words[0], "absent", "open"):
                self.alert(words[0], "late", "open")
        else:
            self.strange(kind, words)

    def run(self):
        for at, kind, words in self.steps:
            self.gate.until(at)
            self.step(kind, words)


def ready(gate):
    def well():
        s = gate.state
        return s.get("reader") == "ok" and s.get("screen") == "ok" and s.get("data_generation")
    gate.wait(well, "the gate to be ready (reader, screen, data)", "schoolpoort-kiosk")


def arguments():
    p = argparse.ArgumentParser(description="the demo's pupils and commentary; started by demo.sh")
    p.add_argument("--folder", required=True, help="the running demo's folder")
    p.add_argument("--topic", required=True, help="the school's root topic")
    p.add_argument("--clock", required=True, help="the programs' --clock")
    p.add_argument("--suspect", help="file for the name of the program that kept us waiting")
    p.add_argument("--follow", metavar="FILE", help="do nothing: print this text, then tell what happens")
    p.add_argument("broker", nargs="+", help="after --: what mosquitto_sub needs to reach the broker")
    return p.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    a = arguments()
    paper, school = Paper(Clock(a.clock)), School()
    gate = None
    try:
        gate = Gate(a.folder, a.broker, a.topic, school, paper)
        if a.follow:
            gate.wait(lambda: gate.state, "the broker to hand over the gate's state", "mosquitto")
            print(Path(a.follow).read_text(encoding="utf-8"), flush=True)
            while True:
                gate.turn(3600)
        ready(gate)
        Morning(gate, school, paper).run()
    except (Failure, OSError) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        if a.suspect:
            Path(a.suspect).write_text(getattr(failure, "suspect", "schoolpoort-kiosk"), encoding="utf-8")
        return 1
    finally:
        if gate:
            gate.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
