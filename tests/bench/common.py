# SPDX-License-Identifier: EUPL-1.2
"""What a module of rows needs: figures and their aims, one round's measurements, and a bench to measure on.

A module in rows/ has a list FIGURES and a generator measure(bench), which measures each of them once and yields pairs
of a figure's name and Measured.
"""

import dataclasses
import math
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
for _folder in ("tests/broker", "tests/careboard", "tests/e2e/demo"):
    sys.path.append(str(SOURCE / _folder))
STOP_S = 10
# /tmp may be memory, where a sync costs nothing. Not the build folder: a socket's path has 107 bytes.
if "TMPDIR" not in os.environ:
    tempfile.tempdir = "/var/tmp"


@dataclasses.dataclass(frozen=True)
class Aim:
    """What a figure should be. kept() is None where a part that it needs is missing."""
    limit: float = math.nan
    agrees_by = "ratio"  # what two runs are compared by, where there is a floor

    def kept(self, value, floor, ratio):
        raise NotImplementedError

    def text(self, unit):
        raise NotImplementedError


class AtMost(Aim):
    def kept(self, value, floor, ratio):
        return value <= self.limit

    def text(self, unit):
        return f"≤ {number(self.limit)} {unit}".rstrip()


class AtMostTimes(Aim):
    def kept(self, value, floor, ratio):
        return None if ratio is None else ratio <= self.limit

    def text(self, unit):
        return f"≤ {number(self.limit)} × floor"


class AtMostOver(Aim):
    agrees_by = "over"  # a floor of 1 ms makes any ratio, and none matters where 100 more are allowed

    def kept(self, value, floor, ratio):
        return None if floor is None else value <= floor + self.limit

    def text(self, unit):
        return f"≤ floor + {number(self.limit)} {unit}"


class AtLeastTimes(Aim):
    def kept(self, value, floor, ratio):
        return None if ratio is None else ratio >= self.limit

    def text(self, unit):
        return f"≥ {number(self.limit)} × floor"


class Told(Aim):
    """No aim: printed so that a change shows."""
    agrees_by = ""

    def kept(self, value, floor, ratio):
        return None

    def text(self, unit):
        return ""


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str  # in bench.json, for good: later runs are compared by it
    what: str
    unit: str
    floor: str = ""  # what was measured beside it, "" nothing
    aim: Aim = Told()
    line: str = ""  # of the short table, which those that name it share; it has a line for each other that has an aim
    shown: bool = False  # in the short table, though it has no aim


@dataclasses.dataclass(frozen=True)
class Measured:
    value: float
    floor: float | None = None
    peer: float | None = None  # the Python kiosk in peer/
    note: str = ""  # a remark of this round, for the table's foot


def number(x):
    """Three digits that count."""
    if x is None:
        return ""
    if x == 0 or abs(x) >= 1000:
        return f"{x:.0f}"
    return f"{x:.{max(0, 2 - math.floor(math.log10(abs(x))))}f}"


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values, share):
    """The smallest value that this share of them doesn't exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def fit_exponent(points):
    """b of value = a · size^b through pairs (size, value), least squares of the logarithms: 1 is linear."""
    xs = [math.log(size) for size, _ in points]
    ys = [math.log(value) for _, value in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


class Bench:
    """One round of one module: a folder and the programs started in it."""

    def __init__(self, programs, quick, turn):
        self.programs, self.quick, self.round = pathlib.Path(programs).resolve(), quick, turn
        self.source = SOURCE
        self.started = []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="schoolpoort-bench-"))
        # What the stages make goes with the round, even if they are killed. nginx reads through it as another user.
        self.folder.chmod(0o755)
        self.before = tempfile.tempdir, os.environ.get("TMPDIR")
        tempfile.tempdir = os.environ["TMPDIR"] = str(self.folder)
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            self.end(process)
        end = time.monotonic() + STOP_S
        while self.folder.exists() and time.monotonic() < end:  # what is ending just then may still write
            shutil.rmtree(self.folder, ignore_errors=True)
        tempfile.tempdir, environment = self.before
        os.environ.pop("TMPDIR")
        if environment is not None:
            os.environ["TMPDIR"] = environment

    def bin(self, name):
        path = self.programs / name
        if not path.exists():
            raise FileNotFoundError(f"{path}: not built; ./dev bench builds it")
        return str(path)

    def run(self, argv, timeout_s=300, **more):
        """A command that must succeed; what it printed."""
        done = subprocess.run([str(a) for a in argv], timeout=timeout_s, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        if done.returncode != 0:
            raise RuntimeError(f"{argv[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, argv, **more):
        """A program that is ended with the round."""
        process = subprocess.Popen([str(a) for a in argv], **more)
        self.started.append(process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.started:
            self.started.remove(process)

    @staticmethod
    def figures(text):
        """The lines `bench: NAME VALUE` of a program's output."""
        found = {}
        for line in text.splitlines():
            if line.startswith("bench: "):
                _, name, value = line.split()
                found[name] = float(value)
        return found

    @staticmethod
    def free_port():
        import school  # tests/broker
        return school.free_port()
