#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A region: schools' counts reach a cluster of three nodes whatever fails on the way, and nothing of a pupil does.

The shipped configuration, three nats-servers, Mosquitto as broker and as relay. region.py [COUNTS [SCHOOLS]]: counts a fault; then those of so many schools.
"""

import datetime
import json
import sys
import time

import jsonschema

import mqtt
import school
from region_stage import NODES, OBSERVER, Region, Relay, View, alone, wait
from school import SHIPPED, School

ROOT = "schoolpoort/sint-jan/"
COUNTS = ROOT + "public/counts/"
SCHEMA = {k: v for k, v in json.loads((SHIPPED / "contract/schema/counts.json").read_text()).items() if k != "$id"}


class Publisher:
    """The register's own identity; each count under its topic twice, as it is corrected."""

    def __init__(self, s):
        self.client, self.said, self.last, self.number = s.unit_client("register"), [], {}, 0

    def publish(self, n):
        for _ in range(n):
            day = datetime.date(2026, 9, 1) + datetime.timedelta(self.number // 4)
            half = "am" if self.number // 2 % 2 == 0 else "pm"
            moment = datetime.datetime(2026, 9, 1, 12) + datetime.timedelta(minutes=self.number)
            message = {"v": 1, "school": "sint-jan", "date": str(day), "half": half,
                       "at": moment.isoformat(timespec="milliseconds") + "+02:00", "withheld": 1,
                       "groups": [{"group": "1", "expected": 120, "present": 100 + self.number % 7, "late": 8,
                                   "absent": 7, "excused": 5}]}
            jsonschema.validate(message, SCHEMA)
            topic, payload = f"{COUNTS}{day}/{half}", json.dumps(message)
            assert self.client.publish(topic, payload, True) < 128  # 16: the relay is away
            self.said.append((topic, payload))
            self.last[topic] = payload
            self.number += 1


def arrived(publisher, view):
    got = {(t, p) for t, p, _ in view.messages()}
    return all(pair in got for pair in publisher.said)


def in_time(what, publisher, view, n):
    begin = time.monotonic()
    wait(f"counts after {what}", lambda: arrived(publisher, view))
    print(f"figure: region, last of {n} counts after {what} {time.monotonic() - begin:.1f} s "
          f"(1 run, {len(publisher.said)} so far)")


def retained(region, publisher, number):
    """What somebody who comes now sees at that node."""
    client = region.view("city", number, f"late-{number}")
    client.subscribe(ROOT + "public/#")

    def complete():
        client.send(mqtt.PINGREQ << 4)
        client.until(mqtt.PINGRESP)
        return {t: p for t, p, flag in client.messages if flag} == publisher.last

    wait(f"every count's last value at node {number}", complete)
    client.close()


def every_count_arrives(region, s, relay, view, n, thorough):
    publisher = Publisher(s)
    # A relay that never was there gets a count as it is retained: from now on each.
    state = json.dumps({"v": 1, "state": "online"})
    publisher.client.publish(ROOT + "register/state", state, True)
    wait("the relay", lambda: (ROOT + "register/state", state) in {(t, p) for t, p, _ in view.messages()})
    publisher.publish(n)
    in_time("nothing", publisher, view, n)

    node = region.nodes[wait("the relay at a node", region.uplink.nodes)[0] - 1]
    publisher.publish(n // 2)
    node.kill()
    publisher.publish(n - n // 2)
    in_time("the loss of the node that it had", publisher, view, n)
    node.start()
    region.wait_whole()

    # A node that has only just come back may have ended it: then once it is there again.
    wait("the relay at a node, to be cut off", lambda: region.uplink.cut(least=1))
    publisher.publish(n)
    assert not arrived(publisher, view)
    region.uplink.mend()
    in_time("the uplink's return", publisher, view, n)

    for node in region.nodes:
        node.kill()
        publisher.publish(n // 2)
        node.start()
        publisher.publish(n - n // 2)
        region.wait_whole()
    in_time("each node's loss in turn", publisher, view, NODES * n)

    relay.kill()
    publisher.publish(n)
    relay.start()
    in_time("a kill of the relay", publisher, view, n)

    if thorough:
        for node in region.nodes[1:]:
            node.kill()
        publisher.publish(n)
        for node in region.nodes[1:]:
            node.start()
        in_time("the loss of two nodes", publisher, view, n)
        region.wait_whole()
    for number in range(1, NODES + 1):
        retained(region, publisher, number)

    came = [(t, p) for t, p, _ in view.messages() if t.startswith(COUNTS)]
    assert set(came) == set(publisher.said), "what came and was never said"
    print(f"figure: region, counts published {len(publisher.said)} (1 run, {view.connects} sessions of the view)")
    print(f"figure: region, counts lost {len(set(publisher.said) - set(came))} of {len(publisher.said)} (1 run)")
    print(f"figure: region, counts that came again {len(came) - len(set(came))} (1 run; at least once)")
    publisher.client.close()


class Speaker:
    """As a relay does: what a node didn't confirm is said to the next one."""

    def __init__(self, region):
        self.region, self.number, self.client = region, 1, None

    def takes(self, topic, payload):
        try:
            self.client = self.client or self.region.view(OBSERVER, self.number, f"many-{self.number}")
            self.client.publish(topic, payload, True)
            return True
        except (OSError, mqtt.Refused):
            self.client, self.number = None, self.number % NODES + 1
            return False


def many_schools(region, view, schools):
    """One client speaks for all of them, as whoever may write everything; amid it a node is lost, and comes back."""
    speaker = Speaker(region)
    said, last = [], {}
    begin = time.monotonic()
    for day in range(5):
        for number in range(schools):
            topic = f"schoolpoort/school-{number}/public/counts/2026-11-{23 + day}/am"
            payload = json.dumps({"v": 1, "school": f"school-{number}", "day": day, "filler": "x" * 1500})
            wait("a node to take a count", lambda topic=topic, payload=payload: speaker.takes(topic, payload))
            said.append((topic, payload))
            last[topic] = payload
        if day == 1:
            region.nodes[0].kill()
        if day == 3:
            region.nodes[0].start()
            region.wait_whole()
    print(f"figure: region, counts of {schools} schools taken {len(said) / (time.monotonic() - begin):.0f} a second (1 run, "
          "one after the other, a node lost and back)")
    wait("every school's counts", lambda: set(said) <= {(t, p) for t, p, _ in view.messages()})
    late = region.view("city", 3, "late-many")
    begin = time.monotonic()
    late.subscribe("schoolpoort/+/public/#")
    wanted = set(last.items())

    def complete():
        late.send(mqtt.PINGREQ << 4)
        late.until(mqtt.PINGRESP)
        return wanted <= {(t, p) for t, p, _ in late.messages}

    wait("a new view's retained counts", complete)
    print(f"figure: region, a new view has {len(wanted)} retained counts after {time.monotonic() - begin:.1f} s (1 run)")
    late.close()
    speaker.client.close()


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    schools = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with School() as s, Region() as region:
        for name in ("gate-1", "register"):
            s.unit(name)
        region.stage.unit("city", "--reader")
        relay = Relay(region, s)
        region.observe()
        region.start()
        s.start()
        view = View(region, "city", "schoolpoort/+/public/#", "schoolpoort/+/gate/+/state",
                    "schoolpoort/+/register/state")
        relay.start()
        try:
            every_count_arrives(region, s, relay, view, n, schools > 0)
            if schools:
                many_schools(region, view, schools)
        finally:
            view.stop()


if __name__ == "__main__":
    alone()
    main()
