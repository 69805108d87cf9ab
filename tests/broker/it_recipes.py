#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Each recipe of broker-config/it/ as it stands there, typed into a school of folders: and what came of it.

it_recipes.py KIOSK REGISTER SCHOOLPOORTCTL. A block that is marked and that nobody tries here is a failure.
"""

import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import it_stage
import mqtt
from it_stage import wait
from school import PASSWORD, SOURCE

STEPS = it_stage.blocks("ten-steps.md")
RECIPES = it_stage.blocks("recipes.md")
SAMPLE = SOURCE / "broker-config/contract/sample"
NOOR, YASSINE, MARIE = "04a1b2c3d4e5f6", "deadbeef", "04ffeeddccbbaa"
tried = set()


def follow(stage, recipes, name, part=None):
    tried.add(name)
    return stage.type(recipes, name, part)


def gate_of(stage, name):
    """Steps 7 to 10 for a gate."""
    gate = stage.machine(name)
    follow(stage, STEPS, "gate", 0)
    assert gate.installed or name != "gate-1"
    for machine, text in STEPS["gate"][1:]:
        stage.sh(machine, text.replace("gate-1", name))
    assert not list((stage.machine("server").dir / "root").glob(f"{name}.*")), "no copy is kept"
    for path in (stage.machine("server").dir / "media/it/bootfs").iterdir():
        path.rename(gate.dir / "media/it/bootfs" / path.name)
    gate.boot()
    assert not list((gate.dir / "boot/firmware").glob("*.schoolpoort")), "the bundle holds the card key"
    return gate


def school(stage):
    """The ten steps. Return: server, gate-1, gate-2."""
    server = stage.machine("server")
    for name in SAMPLE.glob("*.csv"):
        shutil.copy(name, server.dir / "root")
    follow(stage, STEPS, "server")
    assert server.installed == {"schoolpoort-broker", "schoolpoort-register"}
    follow(stage, STEPS, "pupils")
    tried.add("person")
    stage.sh("server", STEPS["person"][0][1].replace("read -rsp 'password: ' password", f"password='{PASSWORD}'"))
    gates = [gate_of(stage, name) for name in ("gate-1", "gate-2")]
    assert gates[0].installed == {"schoolpoort-gate"}
    return server, *gates


def knows_the_school(gate):
    wait(f"{gate.name} to know the pupils", lambda: gate.status().get("pupils") == 5)


def delivered(*gates):
    for gate in gates:
        wait(f"{gate.name} to deliver", lambda gate=gate: gate.status()["queue"] == 0)


def arrivals(stage, server="server"):
    """Who came, by the register: {pupil: time}."""
    def of(pupil):
        text = stage.sh(server, f"schoolpoortctl --json pupil show {pupil} --from 2026-11-23 --to 2026-11-23")
        return re.findall(r'"arrived_at": "([^"]+)"', text)
    return {pupil: of(pupil) for pupil in ("12345", "12346", "12348") if of(pupil)}


def refused(what):
    try:
        what()
    except (mqtt.Refused, OSError):
        return True
    return False


def connected(machine):
    return machine.status()["broker"]["connected"]


def wait_connected(*gates):
    for gate in gates:
        wait(f"{gate.name} to be connected", lambda gate=gate: connected(gate))


def small_things():
    """A school from its first day; the reader, the clock, the team; a gate that is stolen, one that is replaced."""
    with it_stage.Stage(sys.argv[1:4]) as stage:
        server, one, two = school(stage)
        knows_the_school(one)
        assert one.tap(NOOR) == "present"
        knows_the_school(two)
        delivered(one, two)
        # Step 10. This machine's clock is simulated and no reader is plugged in, which doctor says.
        for machine, text in STEPS["look"]:
            tried.add("look")
            said = stage.sh(machine, text, status=None)
            assert "ok       broker " in said and "ok       certificate " in said, said
        said = follow(stage, STEPS, "seen")
        for line in (r"gate +gate-1 +until", r"gate +gate-2 +until", r"care +ann +password", "gate-2"):
            assert re.search(line, said), said
        assert "language = fr" in (two.dir / "etc/schoolpoort/unit.conf").read_text()

        follow(stage, RECIPES, "reader")
        assert "connstring = acr122_usb" in (one.dir / "etc/schoolpoort/unit.conf").read_text()
        tried.add("clock")
        said = stage.sh(*RECIPES["clock"][0], status=None)
        assert re.search(r"^\w+ +clock ", said, re.M), said

        ann = it_stage.care(server, "ann", PASSWORD)
        follow(stage, RECIPES, "leaves")
        assert refused(ann.ping) and refused(lambda: it_stage.care(server, "ann", PASSWORD))

        said = follow(stage, RECIPES, "replaced")
        assert re.search(r"queue +0\b", said), said
        wait_connected(one, two)
        follow(stage, RECIPES, "stolen")
        wait_connected(two)
        wait("the thief to be refused", lambda: not connected(one))
        assert refused(lambda: it_stage.unit_client(server, one))
        one.power_off()
        # Its successor: another machine under the same name.
        one.dir.rename(stage.dir / "stolen")
        del stage.machines["gate-1"]
        follow(stage, RECIPES, "successor")
        one = gate_of(stage, "gate-1")
        assert "connstring = acr122_usb" in (one.dir / "etc/schoolpoort/unit.conf").read_text(), "kept"
        knows_the_school(one)
        assert one.tap(YASSINE) == "present"
        delivered(one)
        assert set(arrivals(stage)) == {"12345", "12346"}


def large_things():
    """Backup, a dead disk, a move, names, lost certificates, another school year; and no tap lost meanwhile."""
    with it_stage.Stage(sys.argv[1:4]) as stage:
        server, one, two = school(stage)
        knows_the_school(one)
        assert one.tap(NOOR) == "present"
        delivered(one)
        follow(stage, RECIPES, "backup")
        # After the copy, and delivered: the new disk has it from the gate.
        assert one.tap(YASSINE) == "present"
        delivered(one)
        follow(stage, RECIPES, "moved", 0)
        assert one.tap(MARIE) == "present", "taps don't wait for a broker"
        new = stage.machine("server2")
        for name in ("register-copy.db", "schoolpoort-backup.tar"):
            shutil.move(server.dir / "root" / name, new.dir / "root" / name)
        follow(stage, RECIPES, "restore")
        server.power_off()
        wait_connected(one, two)
        delivered(one, two)
        wait("all three", lambda: set(arrivals(stage, "server2")) == {"12345", "12346", "12348"})

        follow(stage, RECIPES, "moved", 1)
        assert "host = 127.0.0.1" in (one.dir / "etc/schoolpoort/unit.conf").read_text()
        wait_connected(one, two, new)
        assert two.tap("04aabbccddee05") == "unknown_card"
        delivered(one, two)

        # Typed at the server, which is another machine by now.
        for name in ("renamed", "renamed-id"):
            tried.add(name)
            stage.sh("server2", RECIPES[name][0][1])
        for unit in (one, two):
            text = (unit.dir / "etc/schoolpoort/unit.conf").read_text()
            assert "name = Campus Sint-Jan\n" in text and "id = campus-sint-jan\n" in text, text
        wait_connected(one, two, new)

        assert two.tap("04aabbccddee06") == "unknown_card"
        delivered(one, two)
        wait("the gates under the new id", lambda: [g["state"] for g in new.status()["gates"]] == ["online"] * 2)

        lost_certificates(stage, new, one)
        new_year(stage)


def lost_certificates(stage, server, gate):
    gate.program("stop", "schoolpoort-kiosk")
    shutil.rmtree(gate.dir / "etc/schoolpoort/tls")
    tried.update(("lost-gate", "lost-broker"))
    stage.sh(server.name, RECIPES["lost-gate"][0][1])
    (server.dir / "root/gate-1.schoolpoort").rename(gate.dir / "media/it/bootfs/gate-1.schoolpoort")
    gate.boot()
    for path in (server.dir / "etc/schoolpoort/broker").iterdir():
        path.unlink()
    stage.sh(server.name, RECIPES["lost-broker"][0][1])
    wait_connected(gate)
    assert gate.tap("04aabbccddee07") == "unknown_card"
    delivered(gate)


def new_year(stage):
    """Marie-Ghislaine has left, Noor is in the fourth, and there is somebody new."""
    root = stage.machine("server2").dir / "root"
    for name in SAMPLE.glob("*.csv"):
        shutil.copy(name, root)
    pupils = (root / "pupils.csv").read_text().replace("Noor;3A", "Noor;4A")
    pupils = "".join(line for line in pupils.splitlines(True) if not line.startswith("12348"))
    (root / "pupils.csv").write_text(pupils + "12350;Maes;Lotte;1A;nl\n")
    cards = (root / "cards.csv").read_text()
    cards = "".join(line for line in cards.splitlines(True) if ";12348;" not in line)
    (root / "cards.csv").write_text(cards + "04AABBCCDDEE01;12350;;\n")
    tried.add("new-year")
    said = stage.sh("server2", RECIPES["new-year"][0][1])
    assert re.search(r"kerst", said, re.I), said
    shown = stage.sh("server2", "schoolpoortctl pupil show 12345; schoolpoortctl --json pupil show 12348")
    assert "4A" in shown and '"left": true' in shown, shown
    one = stage.machine("gate-1")
    wait("the gates to know", lambda: one.tap("04aabbccddee01") != "unknown_card")


if __name__ == "__main__":
    begin = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        for test, done in [(test, pool.submit(test)) for test in (small_things, large_things)]:
            done.result()
            print(f"ok {test.__name__}")
    forgotten = (set(STEPS) | set(RECIPES)) - tried
    assert not forgotten, f"nobody tries {sorted(forgotten)}"
    print(f"figure: recipes for IT, all {len(tried)} {time.monotonic() - begin:.0f} s (1 run, {os.cpu_count()} cores)")
