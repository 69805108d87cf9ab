# SPDX-License-Identifier: EUPL-1.2
"""Cut-off of a 2,000-pupil school to the last alert on a subscriber.

From the instant of the cut-off (08:45:00.000 by the simulated clock, anchored to the real second) to the last of 500
alerts at an MQTT 5 client that reads care/alert/# and care/event at QoS 1, as a careboard does. Three gates are played:
what each says at its 20-second mark, a millisecond behind the cut-off, is what lets the register decide. In between lie
the decision, one COMMIT of all marks, alerts and events, and the broker.

The floor is mosquitto_pub with as many lines of that length on one connection that is up already, same QoS and retain,
from the first line to the last message at the same kind of subscriber. It leaves out what each alert is: a topic of its
own, a row, and its twin on care/event.
"""

import datetime
import shutil

import bigschool
from common import AtMost, AtMostTimes, Figure, Measured, Told, median

PUPILS = 2000
SAMPLES = 7
LEAD = datetime.timedelta(seconds=2)  # the register is up and has published its data before the cut-off
QUICK_LEAD = datetime.timedelta(seconds=20)  # a test's machine may be busy

FIGURES = [
    Figure("alerts_last", "cut-off of 2,000 pupils to the last of 500 alerts", "ms",
           floor="mosquitto_pub, as many of that size", aim=AtMostTimes(3)),
    Figure("alerts_last_s", "the same, in seconds", "s", aim=AtMost(2)),
    Figure("alerts_first", "cut-off to the first alert", "ms", aim=Told()),
    Figure("alerts_event", "cut-off to the last on care/event", "ms", aim=Told()),
]


def cut(school, prepared, pupils):
    """One morning's cut-off out of a prepared database. Return: what bench_alerts found."""
    bench = school.bench
    state = school.dir / "register-state"
    shutil.rmtree(state)
    shutil.copytree(prepared, state)
    school.start_broker()
    lead = QUICK_LEAD if bench.quick else LEAD
    register = school.start_register(bigschool.CUT - lead)
    lived = float(school.clock.rpartition("@")[2])
    at_ms = round((lived + lead.total_seconds()) * 1000)
    text = bench.run([bench.bin("bench_alerts"), "cut", school.port, bigschool.missing(pupils), bigschool.ROOT, at_ms,
                      school.states(pupils, bigschool.CUT - datetime.timedelta(seconds=20)),
                      school.states(pupils, bigschool.CUT)])
    school.stop(register)
    found = bench.figures(text)
    line = school.dir / "line"
    line.write_text("x" * int(found["bytes"]) + "\n", encoding="utf-8")
    found["pub_us"] = bench.figures(bench.run(
        [bench.bin("bench_alerts"), "pub", school.port, bigschool.missing(pupils), line]))["last_us"]
    school.stop(school.broker)
    return found


def measure(bench):
    pupils = 200 if bench.quick else PUPILS
    school = bigschool.BigSchool(bench)
    prepared = shutil.copytree(school.prepare(pupils), bench.folder / "prepared")
    found = [cut(school, prepared, pupils) for _ in range(1 if bench.quick else SAMPLES)]
    last, first, events, pub = (median([f[key] for f in found]) / 1000
                                for key in ("last_us", "first_us", "events_us", "pub_us"))
    yield "alerts_last", Measured(last, floor=pub)
    yield "alerts_last_s", Measured(last / 1000)
    yield "alerts_first", Measured(first)
    yield "alerts_event", Measured(events)
