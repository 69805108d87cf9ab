# SPDX-License-Identifier: EUPL-1.2
"""A region of 1,000 schools: a day of their counts and states through relays into the cluster, and nothing lost.

What a school says in a day that may leave it, twice (morning, afternoon): public/counts/{date}/{half}, the state of three
gates and of the register; all retained, counts at QoS 1 and states at QoS 0, as a relay passes them on. 10,000 messages of
1,000 schools' topics, as large as the real ones.

The cluster is the shipped one: three nats-servers with TLS, every message stored on all three. The schools aren't 1,000
machines: three brokers with a relay each stand for them, each relay at another node and with a third of the schools, by
topic lines for all schools in place of its own (and the rights for it); otherwise as shipped. What the schools share is
the cluster, and it has as much to do as from 1,000 relays, but for their connections. A school's own broker and relay have
ten messages a day, here 3,333: their part is worse than in a real region. For comparison: with each unit's health every
20 s 1,000 schools say 200 messages a second.

From the first publish to the last message at a view of the region (mosquitto_sub at a node, by its own stamp). The floor is
one client that publishes the same to a node itself, twenty unconfirmed at a time as a relay does; a node stores what one
client says one after the other, so that three relays are faster than it. Ours and the floor's by turns, 250 schools each.
What came is compared with what was said, topic and content; what came twice is allowed (QoS 1) and told.

Measured in the first round alone, two days of it: 20 s go by until there are certificates and the nodes have elected.
"""

import contextlib
import json
import subprocess
import threading
import time

from common import SOURCE, AtMost, Figure, Measured, Told, median

SCHOOLS, DAYS, SLICES, GATES = 1000, 2, 4, 3
NAMES = ("school-a", "school-d", "school-g")  # relay-conf begins with another node for each
QUIET_S = 20  # nothing more comes
FIGURES = [
    Figure("region_lost", "region: messages lost, 1,000 schools' days through relays into three nodes", "", aim=AtMost(0)),
    Figure("region_rate", "region: messages a second until at a view, through relays", "/s",
           floor="one client publishing the same", aim=Told(), shown=True),
]


def counts(school, half, at):
    """Six years of study and all, as a school of 600 has."""
    groups = [{"group": str(year), "expected": 100, "present": 80 + (school + year) % 15, "late": school % 5,
               "absent": 3, "excused": 2} for year in range(1, 7)]
    groups.append({"group": "all", "expected": 600, "present": sum(g["present"] for g in groups),
                   "late": 6 * (school % 5), "absent": 18, "excused": 12})
    return {"v": 1, "school": f"school-{school}", "date": "2026-11-23", "half": half, "at": at, "groups": groups,
            "withheld": 0}


def gate_state(school, gate, at):
    uuid = f"0190a8b2-{school:04x}-7{gate:03x}-8000-0123456789ab"
    return {"v": 1, "state": "online", "gate": f"gate-{gate}", "at": at, "session": uuid, "version": "1.0.0", "log": uuid,
            "last_seq": 4000 + school, "confirmed_seq": 4000 + school, "complete_until": at, "clock": "trusted",
            "clock_error_ms": 12, "reader": "ok", "screen": "ok", "store": "ok", "data_generation": 41,
            "disk_free_mb": 20480, "uptime_s": 86400, "taps": {"today": 410, "p50_ms": 9.1, "p95_ms": 12.5, "p99_ms": 19.0}}


def register_state(school, at):
    return {"v": 1, "state": "online", "at": at, "session": f"0190a8b2-{school:04x}-7fff-8000-0123456789ab",
            "version": "1.0.0", "generation": 41, "pupils": 600, "open_alerts": 7}


def day_of(school, turn):
    """(QoS, topic, payload), each; turn makes those of one day differ from another's."""
    root, said = f"schoolpoort/school-{school}", []
    for half, hour in (("am", 12), ("pm", 16)):
        at = f"2026-11-23T{hour}:{turn:02d}:00.000+01:00"
        for gate in range(1, GATES + 1):
            said.append((0, f"{root}/gate/gate-{gate}/state", json.dumps(gate_state(school, gate, at))))
        said.append((0, f"{root}/register/state", json.dumps(register_state(school, at))))
        said.append((1, f"{root}/public/counts/2026-11-23/{half}", json.dumps(counts(school, half, at))))
    return said


def check_against_contract(said):
    import jsonschema
    for _, topic, payload in said:
        kind = "counts" if "/public/" in topic else "gate-state" if "/gate/" in topic else "register-state"
        schema = json.loads((SOURCE / f"broker-config/contract/schema/{kind}.json").read_text(encoding="utf-8"))
        jsonschema.validate(json.loads(payload), {k: v for k, v in schema.items() if k != "$id"})


class View:
    """mosquitto_sub at a node: what came, and when."""

    def __init__(self, bench, region):
        tls = region.stage.dir / "city/tls"
        filters = ("schoolpoort/+/public/#", "schoolpoort/+/gate/+/state", "schoolpoort/+/register/state")
        self.process = bench.start(
            ["/usr/bin/mosquitto_sub", "-V", "mqttv311", "-h", "127.0.0.11", "-p", region.port, "--cafile", tls / "ca.crt",
             "--cert", tls / "unit.crt", "--key", tls / "unit.key", "-i", "view", "-q", "1", "-F", "%U %t %p",
             *(x for f in filters for x in ("-t", f))], stdout=subprocess.PIPE, text=True)
        self.more, self.wanted, self.had = threading.Condition(), set(), set()
        self.heard, self.again, self.strange = 0, 0, []
        self.last_s = 0.0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            at, topic, payload = line.rstrip("\n").split(" ", 2)
            with self.more:
                self.heard += 1
                if (topic, payload) in self.wanted:
                    self.wanted.discard((topic, payload))
                    self.had.add((topic, payload))
                    self.last_s = float(at)
                elif (topic, payload) in self.had:
                    self.again += "/begin-" not in topic
                elif "/begin-" not in topic:
                    self.strange.append(line)
                if not self.wanted:
                    self.more.notify_all()

    def expect(self, said):
        with self.more:
            self.wanted = {(topic, payload) for _, topic, payload in said}
            assert len(self.wanted) == len(said)

    def wait(self):
        """Until all came, or nothing comes any more. Return: when the last one came; how many never did."""
        with self.more:
            heard, at = self.heard, time.monotonic()
            while self.wanted and time.monotonic() < at + QUIET_S:
                self.more.wait(1)
                if self.heard > heard:
                    heard, at = self.heard, time.monotonic()
            return self.last_s, len(self.wanted)


class World:
    """The region's nodes, and brokers with their relays."""

    def __init__(self, bench, stack, names):
        from region_stage import Region, Relay  # tests/broker
        from school import School
        self.bench = bench
        self.region = stack.enter_context(Region())
        self.region.uplink.stop()  # nothing is cut here
        self.region.stage.unit("city", "--reader")
        self.schools, self.relays = [], []
        for name in names:
            s = stack.enter_context(School())
            relay = Relay(self.region, s, known_as=name)
            s.observe()
            with open(s.dir / "broker/acl", "a", encoding="utf-8") as f:
                f.write("\nuser region\ntopic read #\n")
            self.schools.append(s)
            self.relays.append(relay)
        self.region.observe()
        self.region.observe_again(*names)
        self.region.start()
        self.view = View(bench, self.region)
        for s, relay in zip(self.schools, self.relays):
            s.start()
            relay.start(self.of_all_schools)
        for i, s in enumerate(self.schools):
            self.wait_relay(s, i)

    @staticmethod
    def of_all_schools(conf):
        lines = []
        for line in conf.splitlines(True):
            if line.startswith("topic "):
                _, what, way, qos, *_ = line.split()
                line = f"topic +/{what} {way} {qos} schoolpoort/ schoolpoort/\n"
            lines.append(line)
        return "".join(lines).replace("127.0.0.2", "127.0.0.1")  # the nodes themselves

    def wait_relay(self, s, i):
        import region_stage
        client, topic = s.unit_client("observer"), f"schoolpoort/begin-{i}/register/state"
        self.view.expect([(0, topic, "there")])

        def through():
            client.publish(topic, "there", True)
            return not self.view.wanted
        region_stage.wait("the relay", through)
        client.close()

    def publish(self, where, said, number):
        """By a program of its own. where: a school's stage, or None: a node."""
        path = self.bench.folder / f"said-{number}"
        path.write_text("".join(f"{qos} {topic} {payload}\n" for qos, topic, payload in said), encoding="utf-8")
        if where:
            to = ("localhost", where.ports["8883"], where.dir / "observer/tls")
        else:
            to = ("127.0.0.11", self.region.port, self.region.stage.dir / "observer/tls")
        return self.bench.start([self.bench.bin("bench_publish"), *to, "unit", f"schoolpoort-publisher-{number}", path],
                                stdout=subprocess.PIPE, text=True)

    def timed(self, parts):
        """parts: (where, said). Return: messages a second, messages lost."""
        said = [m for _, part in parts for m in part]
        self.view.expect(said)
        publishers = [self.publish(where, part, i) for i, (where, part) in enumerate(parts)]
        begin = []
        for process in publishers:
            out = process.communicate(timeout=180)[0]
            assert process.returncode == 0, "bench_publish"
            begin.append(self.bench.figures(out)["begin"])
        last, missing = self.view.wait()
        return len(said) / (last - min(begin)), missing


def measure(bench):
    if bench.round > 0:
        return
    schools, days, slices = (6, 1, 1) if bench.quick else (SCHOOLS, DAYS, SLICES)
    check_against_contract(day_of(0, 0))
    ours, floor, lost, said = [], [], 0, 0
    with contextlib.ExitStack() as stack:
        relays = NAMES[:1] if bench.quick else NAMES
        world = World(bench, stack, relays)
        for i in range(days * slices):
            here = range(i % slices * schools // slices, (i % slices + 1) * schools // slices)
            parts = [(where, [m for school in here if school % len(relays) == r for m in day_of(school, 2 * i)])
                     for r, where in enumerate(world.schools)]
            alone = [(None, [m for school in here for m in day_of(school, 2 * i + 1)])]
            # Who comes second replaces what is retained, which costs the nodes more: each in turn.
            if i % 2:
                floor_rate, floors_own = world.timed(alone)
                our_rate, missing = world.timed(parts)
            else:
                our_rate, missing = world.timed(parts)
                floor_rate, floors_own = world.timed(alone)
            assert floors_own == 0, "the floor lost some"
            ours.append(our_rate)
            floor.append(floor_rate)
            lost += missing
            said += sum(len(part) for _, part in parts)
        view = world.view
    assert not view.strange, f"what nobody said: {view.strange[:3]}"
    yield "region_lost", Measured(lost, note=f"of {said}, content compared; {view.again} came twice")
    yield "region_rate", Measured(median(ours), median(floor))
