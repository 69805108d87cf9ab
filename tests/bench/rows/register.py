# SPDX-License-Identifier: EUPL-1.2
"""Check-ins a second that the register of a school of 2,000 pupils stores and confirms, over a real Mosquitto.

The morning peak: until 08:20 the gates were cut off, and hold one tap of every pupil, half an hour to five minutes
before the bell. From their birth's publication, and the first check-in's after it, to the last confirmation
(bench_gates.c plays them as the contract says: QoS 1, 10 without a PUBACK, 200 without a confirm). Within that time each
check-in has also made its pupil present, in the database. That every gate is told so (gates/arrival) may wait up to a
second while there is a crowd: register_arrivals_30 says when the last gate knew of the last pupil.

The floor (floor_batches.c) inserts as many of the same rows into the register's two tables of facts, nothing else, BATCH
a transaction, on the same file system. It has no broker, no JSON, no marks, and doesn't look anything up. BATCH is
what the register takes in a turn at most: it makes the floor quick, since a gate may not have more than 200 on their way,
so that the register's own transactions are of about 100. register_broker_* is what broker and gates take alone: there
the other side only counts and confirms, and stores nothing.

Each slice has a fresh copy of the school, and a register that has just started; floor and ours take turns.
"""

import contextlib
import shutil
import sqlite3
import subprocess
import time

import school  # tests/broker
from common import AtLeastTimes, Figure, Measured, Told, median

PUPILS = 2000
CLASS_OF = 20
GATES = (1, 3, 30)
BATCH = 256  # REGISTER_EVENTS_PER_TURN: the register never takes more in one transaction
NOW = "2026-11-23T08:20:00+01:00"  # a Monday, five minutes before the bell
SLICES = 13  # two cores and five programs: where the kernel puts them makes 20,000 or 30,000 a second of a slice
FLOORS = 5  # runs of the floor in each
BACKLOG_DAYS = 5
KEY = b"0123456789abcdef0123456789abcdef"
LESSONS = ("mon", "tue", "wed", "thu", "fri")
FLOOR = f"bare SQLite, {BATCH} rows a commit"

FIGURES = [Figure(f"register_checkins_{n}", f"register: check-ins a second stored and confirmed, {n} gate{'s' * (n > 1)}",
                  "/s", floor=FLOOR, aim=AtLeastTimes(0.4)) for n in GATES]
FIGURES += [
    Figure("register_backlog", f"the same of {BACKLOG_DAYS} days that 3 gates were cut off", "/s", floor=FLOOR, aim=Told()),
    Figure("register_arrivals_30", "from the first check-in until each of 30 gates knows of every pupil", "ms",
           aim=Told()),
] + [Figure(f"register_broker_{n}", f"the same check-ins, {n} gate{'s' * (n > 1)}, to a subscriber that counts and confirms",
            "/s", aim=Told()) for n in GATES]


class Stage:
    """A broker, and a school's database that each slice gets a copy of."""

    def __init__(self, bench, pupils=PUPILS, folder=None):
        self.bench, self.dir, self.pupils = bench, folder or bench.folder, 100 if bench.quick else pupils
        self.port = bench.free_port()
        (self.dir / "card.key").write_bytes(KEY)
        (self.dir / "broker").mkdir()
        conf = (bench.source / "broker-config/mosquitto/loopback.conf.in").read_text(encoding="utf-8")
        conf = conf.replace("@PORT@", str(self.port)).replace("@DIR@", str(self.dir / "broker"))
        (self.dir / "mosquitto.conf").write_text(conf, encoding="utf-8")
        self.broker_log = open(self.dir / "mosquitto.log", "wb")  # pylint: disable=consider-using-with
        self.broker = bench.start([school.tool("mosquitto"), "-c", self.dir / "mosquitto.conf"],
                                  stdout=self.broker_log, stderr=self.broker_log)
        self.n = 0
        self.make_school()

    def conf(self, name, gates):
        folder = self.dir / name
        (folder / "run").mkdir(parents=True)
        ids = ", ".join(f"gate-{g}" for g in range(1, gates + 1))
        (folder / "register.conf").write_text(
            f"[school]\nid = sint-jan\nname = Sint-Jan\ncard_key_file = {self.dir}/card.key\n[unit]\nid = register\n"
            f"[paths]\nstate_dir = {folder}/state\nrun_dir = {folder}/run\n"
            f"[broker]\nhost = 127.0.0.1\nport = {self.port}\ntls = off\n[register]\ngates = {ids}\n", encoding="utf-8")
        return folder

    def start(self, folder):
        with open(folder / "log", "wb") as log:
            return self.bench.start([self.bench.bin("schoolpoort-register"), "--config", folder / "register.conf",
                                     "--clock", f"{NOW}@{time.time():.3f}"], stdout=log, stderr=log)

    def write_files(self):
        pupils = [f"{i};Peeters;Noor;{self.class_of(i)};nl" for i in range(1, self.pupils + 1)]
        (self.dir / "pupils.csv").write_text(
            "\n".join(["pupil_id;last_name;first_name;class;language", *pupils, ""]), encoding="utf-8")
        cards = [f"0400000000{i:04X};{i};;" for i in range(1, self.pupils + 1)]
        (self.dir / "cards.csv").write_text("\n".join(["uid;pupil_id;from;to", *cards, ""]), encoding="utf-8")
        lessons = [f"*;{day};{half};{hours}" for day in LESSONS
                   for half, hours in (("am", "08:25;12:05"), ("pm", "13:10;16:00")) if (day, half) != ("wed", "pm")]
        (self.dir / "timetable.csv").write_text("\n".join(["class;weekday;half;start;end", *lessons, ""]), encoding="utf-8")

    @staticmethod
    def class_of(pupil):
        place = (pupil - 1) // CLASS_OF
        return f"{1 + place // 17}{chr(ord('A') + place % 17)}"

    def make_school(self):
        self.write_files()
        folder = self.conf("school", 1)
        (folder / "state").mkdir()
        process = self.start(folder)
        school.wait("the register's socket", (folder / "run/register.sock").exists)
        for what in ("pupils", "timetable", "cards"):
            self.bench.run([self.bench.bin("schoolpoortctl"), "--config", folder / "register.conf", "import", what,
                            self.dir / f"{what}.csv"])
        self.bench.end(process)
        assert process.returncode == 0, (folder / "log").read_text()

    def play(self, gates, days=0, broker_alone=False):
        """Gates that deliver. Return: what bench_gates printed."""
        self.n += 1
        folder = self.conf(f"slice-{self.n}", gates)
        shutil.copytree(self.dir / "school/state", folder / "state")
        player = self.bench.start(
            [self.bench.bin("bench_gates"), "--port", str(self.port), "--gates", str(gates), "--pupils", str(self.pupils),
             "--days", str(days), "--until", NOW, "--key", self.dir / "card.key"] + ["--no-data"] * broker_alone,
            stdout=subprocess.PIPE, text=True)
        assert player.stdout.readline() == "ready\n"
        other = (self.bench.start([self.bench.bin("bench_gates"), "--port", str(self.port), "--confirm"])
                 if broker_alone else self.start(folder))
        text = player.stdout.read()
        assert player.wait() == 0, text
        self.bench.end(other)
        if not broker_alone:
            assert other.returncode == 0, (folder / "log").read_text()
            stored = self.stored(folder)
            assert stored == self.bench.figures(text)["checkins"], (stored, text)
        shutil.rmtree(folder)
        return self.bench.figures(text)

    @staticmethod
    def stored(folder):
        # Closed here: left to the collector, it would take its files away while the folder is being removed.
        with contextlib.closing(sqlite3.connect(folder / "state/register.db")) as db:
            assert db.execute("SELECT count(*) FROM refused").fetchone()[0] == 0
            return db.execute("SELECT count(*) FROM checkin").fetchone()[0]

    def floor(self, rows):
        self.n += 1
        path = self.dir / f"floor-{self.n}.db"
        text = self.bench.run([self.bench.bin("floor_batches"), path, str(rows), str(BATCH)])
        for file in self.dir.glob(f"{path.name}*"):
            file.unlink()
        return self.bench.figures(text)["rate"]


def over_all(rates):
    """All slices' check-ins by all their seconds."""
    return len(rates) / sum(1 / r for r in rates)


def measure(bench):
    stage = Stage(bench)
    slices = 1 if bench.quick else SLICES
    for gates in GATES:
        floors, ours, broker, told, share = [], [], [], [], []
        for turn in range(slices):
            # Some milliseconds each, and a late sync doubles one.
            floors.append(over_all([stage.floor(stage.pupils) for _ in range(FLOORS)]))
            played = stage.play(gates)
            ours.append(played["rate"])
            told.append(1000 * played["arrivals_s"])
            share.append(played["arrivals_share"])
            if turn < 3:
                broker.append(stage.play(gates, broker_alone=True)["rate"])
        alone, rate, floor = over_all(broker), over_all(ours), over_all(floors)
        note = f"the broker alone reaches {alone / floor:.2f} of the floor, ours {rate / alone:.2f} of the broker"
        yield f"register_checkins_{gates}", Measured(rate, floor, note=note)
        yield f"register_broker_{gates}", Measured(alone)
        if gates == 30:
            lost = f"{1 - min(share):.1%} of them lost on the way" if min(share) < 1 else ""
            yield "register_arrivals_30", Measured(median(told), note=lost)
    days = 1 if bench.quick else BACKLOG_DAYS
    played = stage.play(3, days=days)
    yield "register_backlog", Measured(played["rate"], stage.floor(int(played["checkins"])))
