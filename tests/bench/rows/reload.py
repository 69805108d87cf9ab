# SPDX-License-Identifier: EUPL-1.2
"""A day's reload: gates/data of 2,000 pupils, from the message in the kiosk's mailbox to these pupils in effect.

A real kiosk on a real broker has yesterday's data and gets today's: the same pupils, cards and lessons, everybody's
record a school day on, other excuses. What it says itself (took_us of data_applied) begins with the turn that finds the
whole message and ends with the new roster in place of the old one, committed. On the first day there is nothing yet.

The floor is jansson's json_loadb() of the same bytes, and nothing else: nothing is checked, kept or looked up by number.
"""

import re

import bigschool
from common import AtMostTimes, Figure, Measured, Told, median

PUPILS = 2000
DAYS = 12
FIRST_DAYS = 3
PARSES = 20

FIGURES = [
    Figure("reload_day", "a day's reload of 2,000 pupils at the gate", "ms", floor="jansson parses the same JSON",
           aim=AtMostTimes(3)),
    Figure("reload_first", "the same where the gate has nothing yet", "ms", floor="jansson parses the same JSON",
           aim=Told()),
]


def reload(school, path, generation, unit):
    """Publish, and wait until the gate says that it is in effect. Return: ms."""
    school.bench.run(["mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", school.port, "-q", "1", "-r",
                      "-t", f"{bigschool.ROOT}/gates/data", "-f", path])
    said = re.compile(rf"data_applied generation={generation} .*took_us=(\d+)")
    bigschool.wait("the gate's data", lambda: said.search(school.said(unit)))
    return int(said.search(school.said(unit))[1]) / 1000


def parse(school, path, times):
    bench = school.bench
    return bench.figures(bench.run([bench.bin("floor_json"), path, times]))["parse_us"] / 1000


def start_gate(school, unit):
    gate = school.start("schoolpoort-kiosk", unit)
    bigschool.wait("the gate", lambda: "broker_up" in school.said(unit))
    return gate


def days(school, pupils, n, unit="gate-1", parses=PARSES):
    """A gate's first n days. Return: of each, ms of the reload and of the floor."""
    school.start_broker()
    gate = start_gate(school, unit)
    took = []
    for day in range(n):
        path = school.gates_data(pupils, day + 1, day)
        took.append((reload(school, path, day + 1, unit), parse(school, path, parses)))
    school.stop(gate)
    school.stop(school.broker)
    return took


def measure(bench):
    pupils, first, later = 100 if bench.quick else PUPILS, [], []
    for run in range(1 if bench.quick else FIRST_DAYS):
        school = bigschool.BigSchool(bench, f"school-{run}")
        school.conf("gate-1")
        took = days(school, pupils, 2 if bench.quick else 1 + DAYS // FIRST_DAYS)
        first += took[:1]
        later += took[1:]
    for name, took in (("reload_day", later), ("reload_first", first)):
        yield name, Measured(median([ours for ours, _ in took]), floor=median([floor for _, floor in took]))
