# SPDX-License-Identifier: EUPL-1.2
"""How cost grows with the school: 500, 2,000 and 8,000 pupils, and b of cost = a · pupils^b by least squares of the logarithms.

A b of 1 is linear, 1.1 is where a square would begin to show. What is measured is what alerts.py, reload.py and
register.py measure of one school; beside it the register's start (from its exec to the answer to `status`), the answer to
`day` on its socket, and what it holds in memory (PSS) with all the check-ins of the morning.
"""

import pathlib
import shutil
import time

import alerts
import bigschool
import gate
import register
import reload
from common import AtMost, Figure, Measured, fit_exponent, median

SIZES = (500, 2000, 8000)
SAMPLES = 2
DAY_ASKED = 20
DAY = {"command": "day", "date": f"{bigschool.CUT:%Y-%m-%d}", "half": "am"}
AIM = AtMost(1.1)

WHAT = {
    "alerts": ("cut-off to the last alert", "ms"),
    "reload": ("a day's reload at the gate", "ms"),
    "checkins": ("every pupil's check-in stored and confirmed", "ms"),
    "register_start": ("start of the register until it answers", "ms"),
    "day": ("the register's answer to `day`", "ms"),
    "register_memory": ("memory of the register (PSS)", "MB"),
}
FIGURES = [Figure(f"growth_{name}", f"growth: {what}, exponent", "", aim=AIM, line=gate.GROWTH) for name, (what, _) in WHAT.items()]


def pss_mb(process):
    text = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def start_ms(school):
    begin = time.monotonic()
    process = school.start_register(bigschool.CUT - alerts.LEAD)
    school.ask({"command": "status"})
    return process, 1000 * (time.monotonic() - begin)


class Grown:
    """A school of one size, and what was measured of it so far."""

    def __init__(self, bench, pupils):
        self.pupils, self.bench, self.taken = pupils, bench, {name: [] for name in WHAT}
        self.parses = []  # ms that jansson alone needs for a day's reload
        self.school = bigschool.BigSchool(bench, f"growth-{pupils}")
        self.prepared = shutil.copytree(self.school.prepare(pupils), bench.folder / f"prepared-{pupils}")
        folder = bench.folder / f"checkins-{pupils}"
        folder.mkdir()
        self.stage = register.Stage(bench, pupils, folder)

    def take(self, name, values):
        self.taken[name] += values

    def sample(self, turn):
        school = self.school
        self.take("alerts", [alerts.cut(school, self.prepared, self.pupils)["last_us"] / 1000])
        school.start_broker()
        process, took = start_ms(school)
        self.take("register_start", [took])
        self.take("day", school.ask(DAY, DAY_ASKED))
        self.take("register_memory", [pss_mb(process)])
        school.stop(process, school.broker)
        played = self.stage.play(3)
        self.take("checkins", [1000 * played["checkins"] / played["rate"]])
        school.conf(f"gate-{turn + 1}")
        days = reload.days(school, self.pupils, 2, f"gate-{turn + 1}", parses=1)
        self.take("reload", [ours for ours, _ in days[1:]])
        self.parses += [floor for _, floor in days[1:]]


def measure(bench):
    grown = [Grown(bench, pupils) for pupils in ((40, 80) if bench.quick else SIZES)]
    for turn in range(1 if bench.quick else SAMPLES):
        for one in grown:  # in turn, so that a machine that slows down slows them all
            one.sample(turn)
    for name, (_, unit) in WHAT.items():
        points = [(one.pupils, median(one.taken[name])) for one in grown]
        note = ", ".join(f"{pupils} pupils {value:.3g} {unit}" for pupils, value in points)
        if name == "reload":
            parses = fit_exponent([(one.pupils, median(one.parses)) for one in grown])
            note += f"; jansson's parsing of the same alone grows with {parses:.2f}"
        yield f"growth_{name}", Measured(fit_exponent(points), note=note)
