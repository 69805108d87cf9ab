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
import register
import reload
from common import AtMost, Figure, Measured, fit_exponent, median

SIZES = (500, 2000, 8000)
SAMPLES = 3
DAY_ASKED = 20
DAY = {"command": "day", "date": f"{bigschool.CUT:%Y-%m-%d}", "half": "am"}
AIM = AtMost(1.1)

WHAT = {
    "alerts": ("cut-off to the last alert", "ms"),
    "reload": ("a day's reload at the gate", "ms"),
    "checkins": ("every pupil's check-in stored and confirmed", "ms"),
    "start": ("start of the register until it answers", "ms"),
    "day": ("the register's answer to `day`", "ms"),
    "memory": ("memory of the register (PSS)", "MB"),
}
FIGURES = [Figure(f"growth_{name}", f"growth: {what}, exponent", "", aim=AIM) for name, (what, _) in WHAT.items()]


def pss_mb(process):
    text = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def start_ms(school):
    begin = time.monotonic()
    process = school.start_register(bigschool.CUT - alerts.LEAD)
    school.ask({"command": "status"})
    return process, 1000 * (time.monotonic() - begin)


def morning(bench, pupils, samples):
    """One size of school. Return: {name: value} of WHAT."""
    school = bigschool.BigSchool(bench, f"growth-{pupils}")
    prepared = shutil.copytree(school.prepare(pupils), bench.folder / f"prepared-{pupils}")
    found, starts = [], []
    for _ in range(samples):
        found.append(alerts.cut(school, prepared, pupils)["last_us"] / 1000)
        school.start_broker()
        process, took = start_ms(school)
        starts.append(took)
        asked = school.ask(DAY, DAY_ASKED)
        memory = pss_mb(process)
        school.stop(process, school.broker)
    school.conf("gate-1")
    days = reload.days(school, pupils, samples + 1)[1:]
    folder = bench.folder / f"checkins-{pupils}"
    folder.mkdir()
    stage = register.Stage(bench, pupils, folder)
    played = [stage.play(3) for _ in range(samples)]
    return {"alerts": median(found), "start": median(starts), "day": median(asked), "memory": memory,
            "reload": median([ours for ours, _ in days]),
            "checkins": median([1000 * p["checkins"] / p["rate"] for p in played])}


def measure(bench):
    sizes = (40, 60, 80) if bench.quick else SIZES
    found = {pupils: morning(bench, pupils, 1 if bench.quick else SAMPLES) for pupils in sizes}
    for name, (_, unit) in WHAT.items():
        points = [(pupils, found[pupils][name]) for pupils in sizes]
        note = ", ".join(f"{pupils} pupils {value:.3g} {unit}" for pupils, value in points)
        yield f"growth_{name}", Measured(fit_exponent(points), note=note)
