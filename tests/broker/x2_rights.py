#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""X2: every role on every topic, in both directions, against the shipped broker with TLS.

What counts is what arrives: a forbidden SUBSCRIBE gets a normal SUBACK, and then silence. Whether a cell is allowed is
written here once more, from contract/topics.md ("Who may do what"), not taken from what provision wrote.
"""

import itertools
import re
import ssl
from concurrent.futures import ThreadPoolExecutor

import mqtt
import school
from school import School

ROOT = "schoolpoort/sint-jan/"
UNITS = {"gate-1": "gate", "gate-2": "gate", "register": "register", "region": "bridge",
         "gate-9": "nobody"}
PEOPLE = {"ann": "care", "bob": "care", "desk": "secretariat", "admin": "it", "home": "homeassistant"}
# "x/#" of the contract is MQTT's: x itself as well. "Below" is not.
CARE_READS = ["care/alert(/.+)?", "care/event", "care/day(/.+)?", "care/reply/{own}",
              "gate/[^/]+/state", "register/state"]
READS = {
    "gate": ["gate/{own}/confirm", "gates(/.+)?", "register/state"],
    "register": ["gate(/.+)?", "care/command(/.+)?", "care/alert(/.+)?"],
    "care": CARE_READS,
    "secretariat": CARE_READS,
    "it": ["gate/[^/]+/state", "register/state"],
    "homeassistant": ["gate/[^/]+/state", "register/state"],
    "bridge": ["public(/.+)?", "gate/[^/]+/state", "register/state"],
    "nobody": [],
}
WRITES = {
    "gate": ["gate/{own}/(state|checkin)"],
    # gate/+/state: to empty a retired gate's, see "Additions".
    "register": ["gate/[^/]+/(confirm|state)", "gates(/.+)?", "register(/.+)?",
                 "care(/.+)?", "public(/.+)?"],
    "care": ["care/command/{own}"],
    "secretariat": ["care/command/{own}"],
    "it": [],
    "homeassistant": [],
    "bridge": [],
    "nobody": [],
}
VALUES = {
    "gate": ["gate-1", "gate-2", "gate-9", "register"],
    "user": ["ann", "bob", "desk", "admin", "gate-1"],
    "id": ["2026-11-23-am-p0000012345"],
    "date": ["2026-11-23"],
    "half": ["am"],
}
# Beside the contract's: another school's, deeper, shallower, nobody's.
OTHERS = ["schoolpoort/sint-pieter/gate/gate-1/state", "schoolpoort/sint-pieter/care/event",
          "schoolpoort/sint-pieter/gates/data", "gate/gate-1/state", "care/event", "elsewhere",
          ROOT + "gate/gate-1/state/deeper", ROOT + "gate/gate-1/else", ROOT + "care/command/ann/deeper",
          ROOT + "care/reply/ann/deeper", ROOT + "gate/gate-1", ROOT + "gate", ROOT + "gates", ROOT + "care",
          ROOT + "care/alert", ROOT + "public", ROOT + "register", ROOT + "else",
          "homeassistant/sensor/gate-1/config",
          "homeassistant/device/schoolpoort-sint-jan-gate-1/config"]
# With homeassistant on, and whole: they stand outside the root.
HOME_READS = {"homeassistant": "homeassistant(/.+)?"}
HOME_WRITES = {"register": "homeassistant/device/[^/]+/config"}
home = {"on": False}


def topics():
    """Of the contract's table, each with every value that a test has for its braces."""
    rows = re.findall(r"^\| `([^`]+)` \|", (school.SHIPPED / "contract/topics.md").read_text(),
                      re.MULTILINE)
    assert len(rows) >= 12
    for row in rows:
        names = re.findall(r"{(\w+)}", row)
        for values in itertools.product(*(VALUES[n] for n in names)):
            topic = row
            for name, value in zip(names, values):
                topic = topic.replace("{" + name + "}", value)
            yield ROOT + topic
    yield from OTHERS


TOPICS = list(topics())


def allowed(table, role, own, topic):
    outside = (HOME_READS if table is READS else HOME_WRITES).get(role)
    if home["on"] and outside and re.fullmatch(outside, topic):
        return True
    return topic.startswith(ROOT) and any(
        re.fullmatch(rule.replace("{own}", re.escape(own)), topic[len(ROOT):])
        for rule in table[role])


class Cells:
    def __init__(self):
        self.tried, self.wrong, self.positive = 0, [], 0

    def look(self, name, what, topic, want, came):
        self.tried += 1
        self.positive += want and came
        if want != came:
            self.wrong.append(f"{name} {what} {topic}: {'arrived' if came else 'nothing arrived'}")

    def arrived(self, client, payload):
        return any(p == payload for _, p, _ in client.messages)


def client_of(s, name, **more):
    return s.unit_client(name, **more) if name in UNITS else s.person_client(name, **more)


def try_writes(s, cells, observer, name, role):
    client = client_of(s, name)
    codes = {}
    for retain in (False, True):
        for topic in TOPICS:
            codes[topic, retain] = client.publish(topic, f"{name} writes {topic} {retain}", retain)
    client.close()
    observer.ping()
    for (topic, retain), code in codes.items():
        want = allowed(WRITES, role, name, topic)
        cells.look(name, f"publish retain={retain}", topic, want,
                   cells.arrived(observer, f"{name} writes {topic} {retain}"))
        # MQTT 5 also says it; IT sees the number (faults.md M7).
        cells.look(name, "PUBACK without 135", topic, want, code != 135)


def try_wills(s, cells, observer, name, role):
    def die(number):
        topic = TOPICS[number]
        try:
            client_of(s, name, client_id=f"{name}-{number}",
                      will=(topic, f"{name} wills {topic}")).drop()
        except mqtt.Refused:
            pass  # of a will that it has no right to: nothing arrives either

    # A WebSocket's CONNACK takes the broker 200 ms: side by side. A unit has one session, so one by one.
    with ThreadPoolExecutor(1 if name in UNITS else 12) as pool:
        list(pool.map(die, range(len(TOPICS))))
    # A fence: whoever ended before these two connections came has been buried by now.
    for _ in range(2):
        client_of(s, name).close()
    for topic in TOPICS:
        payload, want = f"{name} wills {topic}", allowed(WRITES, role, name, topic)
        if want:
            school.wait(payload, lambda payload=payload: observer.ping() or
                        cells.arrived(observer, payload))
        observer.ping()
        cells.look(name, "will", topic, want, cells.arrived(observer, payload))


def try_reads(s, cells, observer, everybody):
    """Each identity by each way, before the messages and after them: retained ones come by another way than live ones."""
    ways = {
        "exact": TOPICS,
        "everything": ["#"],
        "shared": ["$share/{}/#"],  # which gets no retained ones
        "wildcards": ["/".join(["+"] * n) for n in range(1, 8)],
        "broker": ["$SYS/#"],  # how many clients, how much memory
    }

    def subscribe(who):
        name, way = who
        # A unit has one session under its name, so one way after the other.
        client = client_of(s, name, client_id=f"{name}-{way}")
        client.subscribe(*(f.format(name) for f in ways[way]))
        client.ping()
        return who, client

    def look(clients, what, payload):
        for (name, way), client in clients:
            client.ping()
            for topic in TOPICS:
                want = way != "broker" and allowed(READS, everybody[name], name, topic)
                cells.look(name, f"subscribe {way}, {what}", topic, want,
                           cells.arrived(client, f"{payload} {topic}"))
            cells.look(name, f"subscribe {way}, {what}", "$SYS/#", False,
                       any(t.startswith("$SYS") for t, _, _ in client.messages))
            client.close()

    units, people = (
        [(n, w) for n in everybody if n in kind for w in ways] for kind in (UNITS, PEOPLE))
    for group in [[pair] for pair in units], [people]:
        for pairs in group:
            with ThreadPoolExecutor(12) as pool:
                clients = list(pool.map(subscribe, pairs))
            for topic in TOPICS:
                observer.publish(topic, f"{pairs[0]} {topic}", True)
            look(clients, "live", f"{pairs[0]}")
            late = [p for p in pairs if p[1] != "shared"]
            with ThreadPoolExecutor(12) as pool:
                look(list(pool.map(subscribe, late)), "retained", f"{pairs[0]}")


def try_all(s, cells, observer, everybody):
    for name, role in everybody.items():
        try_writes(s, cells, observer, name, role)
        try_wills(s, cells, observer, name, role)
        observer.messages.clear()
    try_reads(s, cells, observer, everybody)


def refused(connect):
    try:
        connect().close()
    except mqtt.Refused:
        return True
    return False


def try_doors(s, cells):
    """Who isn't let in at all, and that nobody is somebody else."""
    units, people = s.ports["8883"], s.ports["9001"]
    ca = s.dir / "broker/ca.crt"
    bare = mqtt.tls(ca)
    doors = {
        "a unit's port without a certificate": lambda: mqtt.Client(units, "schoolpoort-x", bare),
        "a person at the units' port": lambda: mqtt.Client(
            units, "schoolpoort-x", bare, user="ann", password=school.PASSWORD),
        "the units' port without TLS": lambda: mqtt.Client(units, "schoolpoort-x"),
        "nobody at the people's port": lambda: mqtt.Client(people, "schoolpoort-x", websocket=True),
        "a wrong password": lambda: s.person_client("ann", password="een ander wachtwoord"),
        "a unit's name without a password": lambda: mqtt.Client(
            people, "schoolpoort-x", user="gate-1", websocket=True),
        "a unit's name with a person's password": lambda: s.person_client("gate-1"),
        "the broker's own certificate, as a unit": lambda: mqtt.Client(
            units, "schoolpoort-x", mqtt.tls(ca, s.dir / "broker/broker.crt", s.dir / "broker/broker.key")),
        "TLS 1.1": lambda: s.unit_client("gate-1", highest=ssl.TLSVersion.TLSv1_1),
    }
    for what, connect in doors.items():
        cells.look("a stranger", what, "CONNECT", True, refused(connect))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        cells.look("gate-1", version.name, "CONNECT", False,
                   refused(lambda version=version: s.unit_client("gate-1", highest=version)))
    # A certificate's name goes before the one that is said.
    client = s.unit_client("gate-1", user="ann", password=school.PASSWORD)
    cells.look("gate-1 as ann", "PUBACK without 135", ROOT + "care/command/ann", False,
               client.publish(ROOT + "care/command/ann", "x") != 135)
    # Nobody ends a unit's session by calling himself so.
    for who in ("gate-2", "ann"):
        client_of(s, who, client_id="gate-1").close()
        client.ping()
    folder = s.dir / "gate-2/tls"
    context = mqtt.tls(ca, folder / "unit.crt", folder / "unit.key")
    for name in ("gate-1", "register"):
        cells.look("gate-2", "is let in as", name, True,
                   refused(lambda name=name: mqtt.Client(units, name, context)))
        cells.look("ann", "is let in as", name, True, refused(lambda name=name: mqtt.Client(
            people, name, user="ann", password=school.PASSWORD, websocket=True)))
    client.ping()
    client.close()


def x2_every_role_on_every_topic():
    cells = Cells()
    with School() as s:
        for name, role in UNITS.items():
            s.unit(name, *(["--bridge"] if role == "bridge" else []))
        for name, role in PEOPLE.items():
            s.person(role, name)
        # A certificate that counts, of a unit that has no rights any more.
        members = s.dir / "school/members"
        members.write_text("".join(
            line for line in members.read_text().splitlines(True) if "gate-9" not in line))
        s.provision("apply")
        s.observe()
        s.start()
        observer = s.unit_client(school.OBSERVER)
        observer.subscribe("#")
        everybody = {**UNITS, **PEOPLE}
        try_all(s, cells, observer, everybody)
        # What one switch more lets in and out, and for whom alone.
        s.provision("homeassistant", "on")
        s.observe()
        s.obey()
        home["on"] = True
        try_all(s, cells, observer, {n: everybody[n] for n in ("gate-1", "register", "home", "admin")})
        home["on"] = False
        try_doors(s, cells)
        observer.close()
    print(f"figure: rights tried {cells.tried} cells (1 run, {len(TOPICS)} topics, "
          f"{len(UNITS) + len(PEOPLE)} identities, TLS and WebSocket)")
    print(f"figure: rights of which wrong {len(cells.wrong)} cells (1 run)")
    for line in cells.wrong[:50]:
        print("wrong:", line)
    assert cells.positive > 200, "a test that never sees anything arrive proves nothing"
    assert not cells.wrong


def x2_units_and_people_share_their_names():
    with School() as s:
        s.unit("gate-1")
        s.person("care", "ann")
        before = (s.dir / "broker/acl").read_text()
        for args in (["person", "care", "gate-1"], ["unit", "ann"], ["person", "it", "ann"],
                     ["unit", "broker"], ["person", "care", "broker"], ["person", "care", "a/b"],
                     ["person", "care", "#"], ["person", "care", "+"], ["unit", "Gate"],
                     ["unit", "a b"], ["unit", "schoolpoort-gate-1"], ["person", "care", "a\ntopic read #"], ["person", "root", "x"]):
            said = s.provision(*args, stdin=school.PASSWORD + "\n", status=2).stderr
            assert said.startswith("provision: "), said
            assert (s.dir / "broker/acl").read_text() == before, args
        s.provision("person", "care", "eve", stdin="kort\n", status=2)


if __name__ == "__main__":
    x2_units_and_people_share_their_names()
    x2_every_role_on_every_topic()
