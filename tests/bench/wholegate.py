# SPDX-License-Identifier: EUPL-1.2
"""A gate as it is shipped, and the Python kiosk, each on an emulated reader of its own: for latency and resident.

Broker, certificates and rights are those of a school (tests/broker/school.py); the register holds 2,000 pupils, so the
gate does. Reader, kiosk and screen run unmodified; the screen draws off screen. Ends only what it started.
"""

import json
import os
import pathlib
import select
import socket
import subprocess
import time

import school

DEADLINE_S = 60  # for one event; only a failure waits so long
PUPILS = 2000
DAY, AT = "2026-11-23", "08:10:00"  # a Monday, a quarter of an hour before the bell
STAY_MS = 60  # a card stays so long after it was read; a hand is slower, but no quicker


def uid_of(i):
    """An NTAG's, each pupil's own."""
    return f"04{i:012X}"


def now_us():
    return time.monotonic_ns() // 1000


class Lines:
    """What a program says, line by line, with a deadline."""

    def __init__(self, process):
        self.process, self.rest = process, b""
        os.set_blocking(process.stdout.fileno(), False)

    def next(self):
        end = time.monotonic() + DEADLINE_S
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"{self.process.args[0]} says nothing")
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise RuntimeError(f"{self.process.args[0]} has ended")
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()


class Emulator:
    """A PN532 at 115,200 baud."""

    def __init__(self, bench, name):
        self.tty, control = bench.folder / f"{name}.tty", bench.folder / f"{name}.emu"
        process = bench.start([bench.bin("pn532_emu"), "--link", self.tty, "--control", control],
                              stdout=subprocess.PIPE)
        Lines(process).next()  # ready
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(control))
        self.socket.settimeout(DEADLINE_S)

    def tell(self, line):
        self.socket.sendall(line.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.socket.recv(65536)
        answer = answer.decode().strip()
        assert not answer.startswith("error"), f"{line}: {answer}"
        return answer

    def place(self, uid):
        self.tell(f"tap {uid} until-read {STAY_MS}")

    def placed_us(self, uid):
        """When the card last placed came before the antenna."""
        return next(c["placed_us"] for c in json.loads(self.tell(f"state {uid}"))["cards"])


def write_lists(folder, pupils):
    """A school of invented pupils, in the contract's files."""
    names = [a + b for a in ("Noo", "Li", "A", "Yas", "Émi", "Je", "Anou", "San", "Fa", "Wi", "Me", "Char", "Ma", "Ro")
             for b in ("r", "na", "dam", "sine", "lie", "f", "k", "der", "tima", "llem", "rel", "lotte", "ti", "bin")]
    with open(folder / "pupils.csv", "w", encoding="utf-8") as file:
        file.write("pupil_id;last_name;first_name;class;language\n")
        for i in range(pupils):
            file.write(f"{i + 1};Proef{i:04d};{names[i % len(names)]};{1 + i % 6}{chr(65 + i // 6 % 14)};nl\n")
    with open(folder / "cards.csv", "w", encoding="utf-8") as file:
        file.write("uid;pupil_id;from;to\n")
        for i in range(pupils):
            file.write(f"{uid_of(i)};{i + 1};;\n")
    (folder / "timetable.csv").write_text(
        "class;weekday;half;start;end\n*;mon;am;08:25;12:05\n*;mon;pm;13:10;16:00\n", encoding="utf-8")


def listens(path):
    """A socket's file is there a moment before anybody answers at it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        return probe.connect_ex(str(path)) == 0


class Client:
    """Of kiosk.sock."""

    def __init__(self, path, role):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(str(path))
        self.socket.settimeout(DEADLINE_S)
        self.send({"type": "hello", "role": role, "name": "bench"})

    def send(self, message):
        self.socket.send(json.dumps({"v": 1, **message}).encode())

    def next(self, kind):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            data, files, _, _ = socket.recv_fds(self.socket, 65536, 1)
            message = json.loads(data)
            if message.get("output") == "fd":
                with open(files[0], "rb") as file:
                    file.seek(0)
                    message = json.loads(file.read())
            if message["type"] == kind:
                return message
        raise TimeoutError(f"the kiosk sends no {kind}")


class Gate:
    """Register, kiosk, reader, screen, and a reader's chip."""

    def __init__(self, bench):
        self.bench, self.pupils = bench, 50 if bench.quick else PUPILS
        self.run, self.programs = {}, {}
        self.emulator = Emulator(bench, "gate")
        clock = f"{DAY}T{AT}+01:00@{time.time():.3f}"
        self.env = {**os.environ, "SCHOOLPOORT_CLOCK": clock, "SDL_VIDEODRIVER": "dummy"}
        self.log = open(bench.folder / "programs.log", "ab")  # pylint: disable=consider-using-with
        self.school = school.School()

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def __exit__(self, *_):
        for name in list(self.programs):
            self.end(name)
        self.school.__exit__(None)
        self.log.close()

    def set_up(self):
        bench = self.bench
        self.unit("gate-1", f"reader.connstring=pn532_uart:{self.emulator.tty}", "screen.size=1280x720")
        self.unit("register")
        self.school.start()
        self.start("register", "register")
        write_lists(bench.folder, self.pupils)
        school.wait("the register's socket", lambda: listens(self.run["register"] / "register.sock"))
        for what in ("timetable", "pupils", "cards"):
            bench.run([bench.bin("schoolpoortctl"), "--config", self.conf("register"), "import", what,
                       bench.folder / f"{what}.csv"], env=self.env)
        for name in ("kiosk", "reader", "screen"):
            self.start(name, "gate-1")
        self.socket = self.run["gate-1"] / "kiosk.sock"
        school.wait("the kiosk's socket", lambda: listens(self.socket))
        self.control = Client(self.socket, "control")
        school.wait("the gate to be ready", self.is_ready)

    def unit(self, name, *settings):
        state, self.run[name] = self.bench.folder / f"{name}-state", self.bench.folder / f"{name}-run"
        state.mkdir()
        self.run[name].mkdir()
        more = (f"paths.run_dir={self.run[name]}", f"paths.state_dir={state}",
                f"broker.port={self.school.ports['8883']}", *settings)
        self.school.unit(name, *(word for s in more for word in ("--set", s)))

    def conf(self, unit):
        return self.school.dir / unit / ("register.conf" if unit == "register" else "unit.conf")

    def start(self, program, unit):
        self.programs[program] = self.bench.start(
            [self.bench.bin(f"schoolpoort-{program}"), "--config", self.conf(unit)], env=self.env, stderr=self.log)

    def end(self, program):
        self.bench.end(self.programs.pop(program))

    def ask(self, command, **more):
        self.control.send({"type": "request", "id": "1", "command": command, **more})
        return self.control.next("response")

    def is_ready(self):
        s = self.ask("status")
        return (s["reader"] == "ok" and s["screen"] == "ok" and s["pupils"] == self.pupils
                and s["broker"]["connected"])

    def is_delivered(self):
        s = self.ask("status")
        return s["queue"] == 0 and s["last_seq"] > 0

    def pids(self):
        return [self.programs[name].pid for name in ("reader", "kiosk", "screen")]


class Peer:
    """The Python kiosk, on a broker of its own without TLS."""

    def __init__(self, bench):
        self.bench = bench
        self.emulator = Emulator(bench, "peer")
        port, folder = bench.free_port(), bench.folder / "peer"
        folder.mkdir()
        conf = (bench.source / "broker-config/mosquitto/loopback.conf.in").read_text(encoding="utf-8")
        (folder / "mosquitto.conf").write_text(
            conf.replace("@PORT@", str(port)).replace("@DIR@", str(folder)), encoding="utf-8")
        bench.start([school.tool("mosquitto"), "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL)
        if not (bench.folder / "pupils.csv").exists():
            write_lists(bench.folder, 50 if bench.quick else PUPILS)
        self.process = bench.start(
            ["/usr/bin/python3", "-B", bench.source / "tests/bench/peer/kiosk.py", "--database", folder / "taps.db",
             "--pupils", bench.folder / "pupils.csv", "--cards", bench.folder / "cards.csv",
             "--port", self.emulator.tty, "--host", "127.0.0.1", "--mqtt-port", port, "--trace"],
            stdout=subprocess.PIPE, env={**os.environ, "SDL_VIDEODRIVER": "dummy"})
        self.lines = Lines(self.process)
        polls = lambda: json.loads(self.emulator.tell("state"))["polls"]  # noqa: E731
        school.wait("the Python kiosk", lambda: polls() > 2)

    def tap(self, uid):
        """Return: microseconds from placing the card to its picture."""
        self.emulator.place(uid)
        presented_us = int(self.lines.next().split()[1])
        return presented_us - self.emulator.placed_us(uid)


def cpu_ns(pid):
    """What all threads of a process have run, as the scheduler counted it."""
    total = 0
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int(path.read_text(encoding="ascii").split()[0])
    return total


def pss_kb(pid):
    """Its share of the memory that it has: what others have too is divided among them."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"no Pss of {pid}")
