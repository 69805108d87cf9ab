#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""stage.py BIN PAGES [--speed N] [--plain]: a school for tests of the careboard, as one would have it.

nginx and Mosquitto as shipped, rights and certificates by provision, the real register and two kiosks on a simulated
Monday; cards are held by a client of each kiosk's socket. Its clock runs as real clocks do until the command "bell": what
comes before takes as long as this machine needs, and nobody is late by that. Commands come as lines of JSON on standard
input, each is answered by one on standard output. Ends when its input does, and ends only what it started.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "broker"))

import school  # noqa: E402
from school import School  # noqa: E402

DEMO = HERE.parent / "e2e/demo"
DAY = "2026-11-23"  # a Monday with lessons
BEGIN = "08:10:00"  # a loaded machine has a quarter of an hour for all of its pupils
BELL_NEAR = "08:24:00"  # the bell is at 08:25:00, the cut-off at 08:26: a gate that isn't back by then would be a silent one
GATES = ("gate-1", "gate-2")
PEOPLE = (("care", "ann"), ("care", "bram"), ("secretariat", "sofie"), ("it", "ict"))
CROWD = 2000  # pupils that the list must hold beside those of the demo; they have no lessons
ABSENT_AFTER_MIN = 1
LISTENER = "listener"  # reads everything, beside who says everything
# Names that a page may trip over: each must be shown as the text that it is.
HOSTILE = (
    ("20990101", "<img src=x onerror=alert(1)>", "Ann", "6Z"),
    ("20990102", "O'Neill \"de Snelle\"", "Seán & Zoë", "6Z"),
    ("20990103", "الخطيب", "ليلى", "6Z"),
    ("20990104", "כהן", "נועה", "6Z"),
    ("20990105", "Peeters 👩‍👧", "Émile 🎒", "6Z"),
    ("20990106", "javascript:alert(1)", "</script><b>Bo", "6Z"),
    ("20990107", "Z" * 60, "Wolfeschlegelsteinhausenbergerdorff", "6Z"),
    ("20990108", "{{constructor}}", "${7*7}", "6Z"),
)


def at(clock):
    """A time of that day on the school's wall."""
    return datetime.datetime.fromisoformat(f"{DAY}T{clock}+01:00")


def uid_of(pupil):
    """A card's number that no other pupil has, and none that a phone would make up."""
    return "04" + hashlib.sha256(pupil.encode()).hexdigest()[:12].upper()


class Reader:
    """What holds cards to a kiosk, over its socket; says once a second that it is well."""

    def __init__(self, path):
        self.path, self.lock, self.views = path, threading.Condition(), []
        self.fault, self.end, self.sock = None, threading.Event(), None
        school.wait("the kiosk's socket", self.connect)
        threading.Thread(target=self.listen, daemon=True).start()
        threading.Thread(target=self.status, daemon=True).start()

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            sock.connect(str(self.path))
        except OSError:
            sock.close()
            return False
        self.sock = sock
        self.hello()
        self.say()
        return True

    def hello(self):
        self.send({"v": 1, "type": "hello", "role": "reader", "name": "stage"})

    def send(self, message):
        with self.lock:
            self.sock.send(json.dumps(message).encode())

    def say(self):
        state = {"state": "fault", "reason": self.fault} if self.fault else {"state": "ok"}
        self.send({"v": 1, "type": "status", **state})

    def status(self):
        try:
            while not self.end.wait(0.5):
                self.say()
        except OSError:
            pass  # the kiosk has ended

    def listen(self):
        try:
            while self.sock.recv(65536):
                pass
        except OSError:
            pass

    def tap(self, uid, ago_s=0):
        seen_us = int((time.clock_gettime(time.CLOCK_MONOTONIC) - ago_s) * 1e6)
        self.send({"v": 1, "type": "card", "uid": uid.lower(), "sak": 32, "atqa": "0344",
                   "seen_us": seen_us})
        self.send({"v": 1, "type": "gone"})

    def close(self):
        self.end.set()
        self.sock.close()


class Screen(Reader):
    """What draws at a gate, at once: so that the gate can say how long a tap takes until its picture. A finger, too."""

    def hello(self):
        self.send({"v": 1, "type": "hello", "role": "screen", "name": "stage"})

    def say(self):
        pass

    def listen(self):
        try:
            while data := self.sock.recv(65536):
                view = json.loads(data)
                if view.get("type") == "view":
                    with self.lock:
                        self.views.append(view)
                        self.lock.notify_all()
                    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                    self.send({"v": 1, "type": "presented", "number": view["number"], "at_us": now})
        except OSError:
            pass

    def wait_view(self, begin, what, fits):
        """The first view from that one on that fits."""
        with self.lock:
            found = self.lock.wait_for(lambda: next((v for v in self.views[begin:] if fits(v)), None),
                                       school.DEADLINE_S)
            assert found, f"no view {what} in {self.views[begin:]}"
            return found

    def touch(self, action, view):
        self.send({"v": 1, "type": "touch", "action": action, "checkin": view["checkin"]})


class Stage:
    def __init__(self, s, bin_dir, pages, speed, plain):
        self.s, self.bin, self.speed, self.plain = s, bin_dir, speed, plain
        self.pages = pages
        self.programs, self.readers, self.screens = {}, {}, {}
        self.clock = ""
        self.observer, self.listener, self.heard = None, None, {}

    # ---- the school ----

    def set_up(self):
        s = self.s
        for gate in GATES:
            # The result stands until the next tap, however slow the machine is, and that one is the same pupil's.
            self.unit(gate, "--set", "kiosk.repeat_s=3600", "--set", "screen.result_ms=10000")
        self.unit("register", "--set", f"rules.absent_after_min={ABSENT_AFTER_MIN}")
        for role, name in PEOPLE:
            s.person(role, name)
        s.observe(school.OBSERVER, LISTENER)
        s.start()
        # A copy: nginx as another user reads it through every folder above.
        shutil.copytree(self.pages, s.dir / "pages")
        s.start_nginx(s.dir / "pages")
        self.write_lists()

    def unit(self, name, *more):
        run, state = self.s.dir / f"{name}-run", self.s.dir / f"{name}-state"
        run.mkdir()
        state.mkdir()
        self.s.unit(name, "--set", f"paths.run_dir={run}", "--set", f"paths.state_dir={state}",
                    "--set", f"broker.port={self.s.ports['8883']}", *more)

    def write_lists(self):
        lists = self.s.dir / "lists"
        lists.mkdir()
        pupils = (DEMO / "pupils.csv").read_text(encoding="utf-8")
        self.known = [line.split(";")[0] for line in pupils.splitlines()[1:]]
        with open(lists / "pupils.csv", "w", encoding="utf-8") as f:
            f.write(pupils)
            for row in () if self.plain else HOSTILE:
                f.write(";".join('"' + c.replace('"', '""') + '"' for c in row) + ";nl\n")
            for i in range(0 if self.plain else CROWD):
                f.write(f"{30000000 + i};Testleerling{i:04d};Proef;7{chr(65 + i % 26)};nl\n")
        with open(lists / "cards.csv", "w", encoding="utf-8") as f:
            f.write("uid;pupil_id;from;to\n")
            for pupil in self.known + ([] if self.plain else [row[0] for row in HOSTILE]):
                f.write(f"{uid_of(pupil)};{pupil};;\n")
        with open(lists / "timetable.csv", "w", encoding="utf-8") as f:
            f.write("class;weekday;half;start;end\n*;mon;am;08:25;12:05\n*;mon;pm;13:10;16:00\n"
                    "*;tue;am;08:25;12:05\n")
            for i in range(0 if self.plain else 26):  # on Saturdays alone
                f.write(f"7{chr(65 + i)};sat;am;08:25;12:05\n")
        (lists / "excused.csv").write_text((DEMO / "excused.csv").read_text(encoding="utf-8"),
                                           encoding="utf-8")

    def set_clock(self, begin, speed):
        start = at(begin)
        self.anchor = (start, round(time.time(), 3), speed)
        self.clock = f"{start.isoformat()}@{self.anchor[1]:.3f}x{speed}"

    def now(self):
        start, real, speed = self.anchor
        return start + datetime.timedelta(seconds=(time.time() - real) * speed)

    def ahead(self, moment):
        """Real seconds until then; negative: it has passed."""
        return (moment - self.now()).total_seconds() / self.anchor[2]

    # ---- programs ----

    def begin(self, name):
        program = "schoolpoort-register" if name == "register" else "schoolpoort-kiosk"
        conf = self.s.dir / name / ("register.conf" if name == "register" else "unit.conf")
        log = open(self.s.dir / f"{name}.log", "ab")
        self.programs[name] = subprocess.Popen(
            [self.bin / program, "--config", conf, "--clock", self.clock], stdout=log, stderr=log)
        log.close()

        school.wait(name, lambda: self.answers(name))
        if name != "register":
            self.readers[name] = Reader(self.s.dir / f"{name}-run/kiosk.sock")
            self.screens[name] = Screen(self.s.dir / f"{name}-run/kiosk.sock")

    def answers(self, name):
        """Not whether there is a socket: one that was killed leaves its own behind."""
        assert self.programs[name].poll() is None, self.log(name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            return sock.connect_ex(str(self.s.dir / f"{name}-run/{'register' if name == 'register' else 'kiosk'}.sock")) == 0

    def finish(self, name, how=signal.SIGTERM):
        for clients in (self.readers, self.screens):
            client = clients.pop(name, None)
            if client:
                client.close()
        program = self.programs.pop(name)
        program.send_signal(how)
        program.wait(school.DEADLINE_S)

    def log(self, name):
        path = self.s.dir / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def ctl(self, *args):
        return self.s.run(self.bin / "schoolpoortctl", "--config", self.s.dir / "register/register.conf",
                          *args).stdout

    def status(self):
        """The register's, as commands.md has it."""
        return json.loads(self.ctl("status", "--json"))

    # ---- commands, each a method do_NAME(fields) that returns the answer's fields ----

    def do_open(self, _):
        """The register and its lists first; a gate that is told of here knows everybody."""
        self.set_clock(BEGIN, 1)
        self.begin("register")
        for what in ("timetable", "pupils", "excused", "cards"):
            self.ctl("import", what, self.s.dir / f"lists/{what}.csv")
        for gate in GATES:
            self.begin(gate)
        school.wait("the gates to know the lists", self.all_know)
        return {}

    def all_know(self):
        """The gates are online, with the lists that the register has now."""
        status = self.status()
        return set(GATES) <= {g["gate"] for g in status["gates"]
                              if g["state"] == "online" and g["data_generation"] == status["generation"]}

    def stored(self):
        """How many taps the register has."""
        return sum(g["stored_through"] or 0 for g in self.status()["gates"])

    def connected(self):
        return self.status()["broker"]["connected"]

    def do_bell(self, _):
        """On to the moment before the bell, and from then on at --speed: a clock is a program's from its start."""
        assert self.now() < at(BELL_NEAR), "what comes before the bell took longer than that"
        programs = list(self.programs)
        for name in programs:
            self.finish(name)
        self.set_clock(BELL_NEAR, self.speed)
        for name in programs:
            self.begin(name)
        return {}

    def do_tap(self, c):
        """A card at a gate, now or at a time of the school's clock: of then, however late it is sent."""
        ago_s = 0
        if "at" in c:
            time.sleep(max(0, self.ahead(at(c["at"]))))  # the clock's own deadline, nothing else
            ago_s = -self.ahead(at(c["at"]))
        self.readers[c.get("gate", "gate-1")].tap(c.get("uid") or uid_of(c["pupil"]), ago_s)
        return {}

    def do_crowd(self, c):
        """Everybody but these, one after the other at both gates."""
        pupils = [p for p in self.known if p not in c["away"]]
        before = self.stored()
        for i, pupil in enumerate(pupils):
            self.readers[GATES[i % 2]].tap(uid_of(pupil))
            time.sleep(0.03)  # a queue, and not all hands at once
        school.wait("the crowd's taps in the register", lambda: self.stored() >= before + len(pupils))
        return {"taps": len(pupils)}

    def do_talk(self, c):
        """A pupil's card, once more while the result stands, then the button on the own record."""
        gate = c.get("gate", "gate-1")
        reader, screen = self.readers[gate], self.screens[gate]
        begin = len(screen.views)
        reader.tap(uid_of(c["pupil"]))
        screen.wait_view(begin, "of the tap", lambda v: v["state"] == "result" and v.get("checkin"))
        reader.tap(uid_of(c["pupil"]))
        record = screen.wait_view(begin, "with the button",
                                  lambda v: v["state"] == "overview" and v["talk"])
        screen.touch("talk", record)
        screen.wait_view(begin, "with thanks",
                         lambda v: v["state"] == "overview" and v.get("talk_asked"))
        return {"asked": record["at"]}

    def do_now(self, _):
        """HH:MM on the school's wall."""
        return {"clock": f"{self.now():%H:%M}"}

    def do_publish(self, c):
        """Retained or not, by somebody who may say everything. Answers when it was sent, in ms since 1970."""
        if not self.observer:
            self.observer = self.s.unit_client(school.OBSERVER)
        sent = []
        for m in c["messages"]:
            payload = m["payload"] if isinstance(m["payload"], str) else json.dumps(m["payload"])
            sent.append(time.time() * 1000)
            self.observer.publish(m["topic"], payload, m.get("retain", True))
        return {"sent": sent}

    def do_listen(self, c):
        """mosquitto_sub, the plainest reader that there is: when it had which topic, in ms since 1970."""
        tls = self.s.dir / LISTENER / "tls"
        self.listener = subprocess.Popen(
            [school.tool("mosquitto_sub"), "-V", "mqttv5", "-h", "localhost", "-p", str(self.s.ports["8883"]),
             "--cafile", tls / "ca.crt", "--cert", tls / "unit.crt", "--key", tls / "unit.key",
             "-i", f"schoolpoort-{LISTENER}", "-q", "1", "-t", c["topic"], "-F", "%U %t"],
            stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.listen, daemon=True).start()
        probe = c["topic"].replace("#", "listens")
        school.wait("mosquitto_sub", lambda: self.hears(probe))
        return {}

    def listen(self):
        for line in self.listener.stdout:
            at, topic = line.rstrip("\n").split(" ", 1)
            self.heard.setdefault(topic, float(at) * 1000)

    def hears(self, topic):
        self.do_publish({"messages": [{"topic": topic, "payload": "", "retain": False}]})
        return topic in self.heard

    def do_heard(self, c):
        school.wait("mosquitto_sub to have heard all", lambda: all(t in self.heard for t in c["topics"]))
        return {"heard": [self.heard[t] for t in c["topics"]]}

    def do_broker(self, c):
        if c["how"] == "start":
            self.s.start()
            # It comes back when its back-off lets it; what is asked of it before reaches nobody.
            school.wait("the register at the broker", self.connected)
            return {}
        self.observer = None
        self.s.process.send_signal(signal.SIGKILL if c["how"] == "kill" else signal.SIGSTOP)
        if c["how"] == "kill":
            self.s.process.wait(school.DEADLINE_S)
            school.wait("the register without a broker", lambda: not self.connected())
        return {}

    def do_end(self, c):
        self.finish(c["unit"], getattr(signal, c.get("how", "SIGTERM")))
        return {}

    def do_begin(self, c):
        self.begin(c["unit"])
        return {}

    def do_fault(self, c):
        self.readers[c["gate"]].fault = c.get("reason")
        return {}

    def do_ctl(self, c):
        return {"said": self.ctl(*c["args"])}

    def do_log(self, c):
        return {"said": self.log(c["unit"])}

    def close(self):
        if self.listener:
            self.listener.terminate()
            self.listener.wait(school.DEADLINE_S)
        for name in list(self.programs):
            self.finish(name)


def spki_of(certificate):
    """By this a browser knows the school's own certificate, without a CA in its store."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True,
                         stdout=subprocess.PIPE).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, check=True,
                         stdout=subprocess.PIPE).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der, check=True,
                            stdout=subprocess.PIPE).stdout
    return subprocess.run(["base64", "-w0"], input=digest, check=True, stdout=subprocess.PIPE).stdout.decode()


def serve(stage):
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"ok": True, **getattr(stage, f"do_{command['do']}")(command)}
        except Exception as e:  # pylint: disable=broad-except # the test fails with it
            answer = {"ok": False, "error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("bin", type=pathlib.Path)
    options.add_argument("pages", type=pathlib.Path)
    options.add_argument("--speed", type=int, default=4)
    options.add_argument("--plain", action="store_true", help="the demo's pupils and nobody else")
    given = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with School() as s:
        stage = Stage(s, given.bin.resolve(), given.pages.resolve(), given.speed,
                      given.plain)
        try:
            stage.set_up()
            print(json.dumps({
                "ok": True, "url": f"https://localhost:{s.web_ports['443']}", "school": "sint-jan",
                "password": school.PASSWORD, "spki": spki_of(s.dir / "broker/broker.crt"),
                "root": "schoolpoort/sint-jan", "day": DAY,
                "cards": {p: uid_of(p) for p in stage.known},
                "hostile": [{"id": r[0].zfill(10), "name": f"{r[2]} {r[1]}"} for r in HOSTILE],
                "dir": str(s.dir)}), flush=True)
            serve(stage)
        finally:
            stage.close()


if __name__ == "__main__":
    main()
