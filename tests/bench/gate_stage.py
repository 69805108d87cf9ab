# SPDX-License-Identifier: EUPL-1.2
"""A gate as rows/gate.py measures it: a kiosk of a school of any size, its broker, and a register that keeps nothing.

The broker is the one of tests and demo. Its neighbour of the register's name confirms each check-in at once (bench_taps
confirm): on a school's premises the register has a disk and a processor of its own, here it would have the gate's. The
cards are 04 and a number in twelve decimal digits; whoever taps is bench_taps.
"""

import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import select
import signal
import sqlite3
import subprocess
import time

KEY = b"0123456789abcdef0123456789abcdef"
CLOCK = "2026-11-23T08:05:00+01:00"  # a Monday; lessons begin at 08:25
PER_CLASS = 25
DEADLINE_S = 60


def gates_data(pupils):
    """The gates/data of so many pupils, each with fifteen days of record, as a register makes it in November."""
    day = datetime.date(2026, 11, 20)
    days = []
    while len(days) < 15:
        if day.weekday() < 5:
            days.insert(0, [day.isoformat(), "||"])
        day -= datetime.timedelta(1)
    classes = [f"K{n}" for n in range(-(-pupils // PER_CLASS))]
    people = [{"id": f"{n + 1:010d}", "first_name": f"Voor{n}", "class": classes[n // PER_CLASS], "language": "nl",
               "record": {"late_30_days": n % 4, "recent": days}} for n in range(pupils)]
    cards = [{"card": hashlib.blake2b(bytes.fromhex(f"04{n:012d}"), digest_size=16, key=KEY).hexdigest(),
              "pupil": f"{n + 1:010d}"} for n in range(pupils)]
    halves = (("am", "08:25", "12:05"), ("pm", "13:10", "16:00"))
    hours = [{"class": c, "weekday": w, "half": h, "start": a, "end": b}
             for c in classes for w in ("mon", "tue", "wed", "thu", "fri") for h, a, b in halves]
    return {"v": 1, "generation": 1, "made_at": "2026-11-23T07:00:00.000+01:00", "pupils": people,
            "cards": sorted(cards, key=lambda c: c["card"]), "timetable": hours, "days_off": []}


def wait(what, done):
    """For what nothing announces."""
    end = time.monotonic() + DEADLINE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.02)  # between two looks


class Running:
    """A program that somebody else started, ended as one's own is; it is reaped by init."""

    def __init__(self, pid):
        self.pid = pid
        self.fd = os.pidfd_open(pid)

    def ended(self, wait_s):
        return bool(select.select([self.fd], [], [], wait_s)[0])

    def poll(self):
        return 0 if self.ended(0) else None

    def wait(self, wait_s=DEADLINE_S):
        if not self.ended(wait_s):
            raise subprocess.TimeoutExpired(f"process {self.pid}", wait_s)

    def send_signal(self, number):
        signal.pidfd_send_signal(self.fd, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Gate:
    def __init__(self, bench, pupils, name="gate-1"):
        self.bench, self.pupils = bench, pupils
        self.dir = bench.folder / f"{name}-{pupils}"
        self.state, self.socket = self.dir / "state", self.dir / "run/kiosk.sock"
        self.config, self.port = self.dir / "unit.conf", bench.free_port()
        self.clock = f"{CLOCK}@{time.time():.3f}"
        self.process, self.next_card = None, 0
        for folder in (self.state, self.socket.parent, self.dir / "broker"):
            folder.mkdir(parents=True)
        (self.dir / "card.key").write_bytes(KEY)
        self.config.write_text(
            f"[school]\nid = sint-jan\ncard_key_file = {self.dir}/card.key\n[unit]\nid = gate-1\n"
            f"[paths]\nstate_dir = {self.state}\nrun_dir = {self.socket.parent}\n"
            f"[broker]\nhost = 127.0.0.1\nport = {self.port}\ntls = off\n"
            # Pupils come round every second here: each tap is to be stored, none taken for the one before.
            "[kiosk]\nrepeat_s = 0\n", encoding="utf-8")

    def argv(self):
        return [self.bench.bin("schoolpoort-kiosk"), f"--config={self.config}", "--clock", self.clock]

    def open(self):
        """Broker, register and kiosk, the kiosk with the school's data."""
        template = self.bench.source / "broker-config/mosquitto/loopback.conf.in"
        conf = template.read_text(encoding="utf-8").replace("@PORT@", str(self.port))
        (self.dir / "mosquitto.conf").write_text(conf.replace("@DIR@", f"{self.dir}/broker"), encoding="utf-8")
        data = self.dir / "data.json"
        data.write_text(json.dumps(gates_data(self.pupils), separators=(",", ":")), encoding="utf-8")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.broker = self.bench.start(["mosquitto", "-c", self.dir / "mosquitto.conf"], **quiet)
        publish = ["mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-r",
                   "-t", "schoolpoort/sint-jan/gates/data", "-f", str(data)]
        wait("the broker", lambda: subprocess.run(publish, check=False, **quiet).returncode == 0)
        self.register = self.bench.start([self.bench.bin("bench_taps"), "confirm", self.port],
                                         stdout=subprocess.PIPE, text=True)
        assert self.register.stdout.readline() == "ready\n"
        self.process = self.bench.start(self.argv(), stderr=(self.dir / "kiosk.log").open("w", encoding="utf-8"))
        wait("the kiosk", self.socket.exists)
        wait("gates/data", lambda: self.ask("status").get("pupils") == self.pupils)
        return self

    def ask(self, *command):
        argv = [self.bench.bin("schoolpoortctl"), f"--config={self.config}", "--json", *command]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else {}

    def tap(self, count, ahead, pause_us=0):
        """So many taps, at most `ahead` of them without their result, a pause before each. Seconds that it took."""
        out = self.bench.run([self.bench.bin("bench_taps"), "tap", self.socket, count, ahead, self.pupils,
                              self.next_card, pause_us], timeout_s=120)
        self.next_card = (self.next_card + count) % self.pupils
        return self.bench.figures(out)["seconds"]

    def committed_us(self, count):
        """Of the last taps: microseconds from seen to committed."""
        return [t["committed"] for t in self.ask("trace", "--last", str(count))["taps"]]

    def wait_delivered(self):
        wait("the confirms", lambda: self.ask("status").get("queue") == 0)

    def written(self):
        """Bytes that the kiosk has had written to the medium so far; proc(5)."""
        text = pathlib.Path(f"/proc/{self.process.pid}/io").read_text(encoding="ascii")
        return int(text.split("write_bytes: ")[1].split()[0])

    def memory_kb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text(encoding="ascii")
        return int(text.split("Pss:")[1].split()[0])

    def sql(self, question):
        """The one value that a question has, asked of the database beside the kiosk: reading alone."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/kiosk.db?mode=ro", uri=True)) as db:
            return db.execute(question).fetchone()[0]

    def start_timed(self):
        """A start by bench_taps, which times it, after the kiosk has ended. Return: its figures."""
        out = self.bench.run([self.bench.bin("bench_taps"), "start", self.socket, *self.argv()])
        found = self.bench.figures(out)
        self.process = Running(int(found["pid"]))
        self.bench.started.append(self.process)
        return found

    def stop(self):
        self.bench.end(self.process)

    def close(self):
        for process in (self.process, self.register, self.broker):
            self.bench.end(process)
