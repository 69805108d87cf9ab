# SPDX-License-Identifier: EUPL-1.2
"""A region in temporary folders: three nats-servers and schools' relays on broker-config/region/, as shipped.

Node N is 127.0.0.1N; schools reach it as 127.0.0.2N, through the uplink, which a test cuts. Ends only what it started.
"""

import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import mqtt
import school
from school import SHIPPED, School, free_port, tool

REGION = SHIPPED / "region"
NODES = 3
OBSERVER = "observer"
STREAMS = {"$MQTT_msgs", "$MQTT_rmsgs", "$MQTT_sess"}
# An election, a relay's back-off of up to 30 s and a view's next node may follow each other.
DEADLINE_S = 120


def wait(what, done):
    """As school.wait, with more patience and fewer looks: several programs are looked at each time. Return: what was found."""
    end = time.monotonic() + DEADLINE_S
    while not (found := done()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)  # between two looks
    return found


def alone():
    """This program once more, in a network of its own where that may be: many ports, and for long."""
    if os.environ.get("REGION_ALONE") or os.getuid() != 0:
        return
    shell = "ip link set lo up && exec \"$@\""
    if subprocess.run(["unshare", "--net", "sh", "-c", shell, "sh", "true"], check=False).returncode:
        return
    os.environ["REGION_ALONE"] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", shell, "sh", sys.executable, "-B", *sys.argv])


class Client(mqtt.Client):
    """The same of MQTT 3.1.1, which is what nats-server speaks. clean: no session is kept."""

    def __init__(self, *args, clean=True, **more):
        self.clean = clean
        super().__init__(*args, **more)

    def connect(self, client_id, user, password, will):
        self.send(mqtt.CONNECT << 4, mqtt.text("MQTT") + bytes([4, 2 if self.clean else 0]) +
                  struct.pack(">H", 0) + mqtt.text(client_id))
        kind, body = self.packet()
        if kind >> 4 != mqtt.CONNACK or body[1]:
            raise mqtt.Refused(body[1] if kind >> 4 == mqtt.CONNACK else -1)

    def keep(self, kind, body):
        size = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2:2 + size].decode(), body[2 + size:]
        if kind & 6:
            mid, rest = rest[:2], rest[2:]
        self.messages.append((topic, rest.decode(errors="replace"), bool(kind & 1)))
        if kind & 6:
            self.send(mqtt.PUBACK << 4, mid)

    def subscribe(self, *filters, qos=1):
        self.mid += 1
        self.send(mqtt.SUBSCRIBE << 4 | 2, struct.pack(">H", self.mid) +
                  b"".join(mqtt.text(f) + bytes([qos]) for f in filters))
        return list(self.until(mqtt.SUBACK)[2:])

    def publish(self, topic, payload, retain=False):
        self.mid += 1
        self.send(mqtt.PUBLISH << 4 | 2 | retain,
                  mqtt.text(topic) + struct.pack(">H", self.mid) + payload.encode())
        self.until(mqtt.PUBACK)

    def close(self):
        try:
            self.send(mqtt.DISCONNECT << 4)
        except OSError:
            pass
        self.sock.close()


class Uplink:
    """What lies between the schools and the nodes: passes bytes on until it is cut."""

    def __init__(self, port):
        self.port, self.pairs, self.listeners = port, [], {}
        self.lock, self.stopped = threading.Lock(), False
        self.mend()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def mend(self):
        with self.lock:
            for node in range(1, NODES + 1):
                listener = socket.create_server((f"127.0.0.2{node}", self.port))
                self.listeners[listener] = f"127.0.0.1{node}"

    def cut(self, least=0):
        """Every connection ends, and none is taken; where there are fewer, nothing happens. Return: whether it was cut."""
        with self.lock:
            if len(self.pairs) < least:
                return False
            for one, other, _ in self.pairs:
                one.close()
                other.close()
            for listener in self.listeners:
                listener.close()
            self.pairs, self.listeners = [], {}
        return True

    def nodes(self):
        """To which nodes connections lead now."""
        with self.lock:
            return [int(where[-1]) for _, _, where in self.pairs]

    def accept(self, listener):
        where = self.listeners[listener]
        one, _ = listener.accept()
        try:
            other = socket.create_connection((where, self.port), timeout=5)
        except OSError:
            one.close()
            return
        other.settimeout(None)
        self.pairs.append((one, other, where))

    def turn(self):
        ends = {}
        for one, other, where in self.pairs:
            ends[one], ends[other] = (other, one, other, where), (one, one, other, where)
        ready = select.select([*self.listeners, *ends], [], [], 0)[0]
        for sock in ready:
            if sock in self.listeners:
                self.accept(sock)
                continue
            to, *pair = ends[sock]
            if tuple(pair) not in self.pairs:
                continue
            try:
                data = sock.recv(65536)
                if data:
                    to.sendall(data)
                    continue
            except OSError:
                pass
            self.pairs.remove(tuple(pair))
            sock.close()
            to.close()
        return ready

    def run(self):
        while not self.stopped:
            with self.lock:
                ready = self.turn()
            if not ready:
                time.sleep(0.002)  # between two looks, outside of the lock

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.cut()


class Node:
    def __init__(self, region, number):
        self.region, self.number, self.process = region, number, None
        self.name, self.address = f"node-{number}", f"127.0.0.1{number}"
        self.dir = region.stage.dir / self.name

    def configure(self):
        """What IT copies to a node, with paths, addresses and ports replaced."""
        made = self.region.stage.dir / "broker"
        (self.dir / "store").mkdir(exist_ok=True)
        (self.dir / "node.conf").write_text((made / f"{self.name}.conf").read_text())
        (self.dir / "schools.conf").write_text(
            (made / "schools.conf").read_text().replace("users: [\n", "users: [\n" + self.region.more_users))
        (self.dir / "routes.conf").write_text(
            (made / "routes.conf").read_text().replace(":6222", f":{self.region.routes}"))
        conf = (REGION / "nats.conf").read_text()
        for shipped, here in (
                ("/etc/schoolpoort/region", str(self.dir)),
                ("/var/lib/schoolpoort-region", str(self.dir / "store")),
                ("0.0.0.0:8883", f"{self.address}:{self.region.port}"),
                ("0.0.0.0:6222", f"{self.address}:{self.region.routes}"),
                ("127.0.0.1:4222", f"{self.address}:{self.region.client}"),
                ("127.0.0.1:8222", f"{self.address}:{self.region.monitor}")):
            assert shipped in conf, shipped
            conf = conf.replace(shipped, here)
        (self.dir / "nats.conf").write_text(conf)

    def start(self):
        self.configure()
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(
                [tool("nats-server"), "-c", str(self.dir / "nats.conf")], stdout=log, stderr=log)

    def jetstream(self):
        """What it says of the streams, or None."""
        assert self.process.poll() is None, (self.dir / "log").read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"http://{self.address}:{self.region.monitor}/jsz?accounts=1&streams=1",
                                        timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            return None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(school.DEADLINE_S)
        self.process = None

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(school.DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


class Region:
    def __init__(self):
        if not tool("nats-server"):
            school.skip("nats-server is not here")
        self.port, self.routes, self.client, self.monitor = (free_port() for _ in range(4))
        self.more_users, self.relays = "", []
        self.stage = School(init=False)
        self.stage.provision("init", "kempen", "--region", "--host",
                             ",".join(f"127.0.0.2{n}" for n in range(1, NODES + 1)))
        self.nodes = [Node(self, n) for n in range(1, NODES + 1)]
        for node in self.nodes:
            self.stage.unit(node.name, "--node", f"{node.address},127.0.0.2{node.number}")
        self.uplink = Uplink(self.port)

    def __enter__(self):
        return self

    def __exit__(self, kind, *more):
        for relay in self.relays:
            relay.stop()
            if kind and (relay.etc / "log").exists():
                print(f"--- relay {relay.known_as}\n" + (relay.etc / "log").read_text()[-3000:])
        for node in self.nodes:
            node.stop()
            if kind and (node.dir / "log").exists():
                print(f"--- {node.name}\n" + (node.dir / "log").read_text()[-3000:])
        self.uplink.stop()
        self.stage.__exit__(kind, *more)

    def observe(self):
        """One more, that reads and writes everything. The rights of the others are as shipped."""
        self.stage.unit(OBSERVER, "--reader")
        self.observe_again()

    def observe_again(self, *more):
        """After provision wrote the users anew; more: units that may do so too."""
        users = self.stage.dir / "broker/schools.conf"
        for name in (OBSERVER, *more):
            line = next(x for x in users.read_text().splitlines(True) if f'"{name}.1"' in x)
            users.write_text(users.read_text().replace(
                line, re.sub(r"permissions: .*", 'permissions: { publish: ">", subscribe: ">" } }', line)))

    def start(self):
        for node in self.nodes:
            node.start()
        for number in range(1, NODES + 1):
            wait("a node to take a view", lambda number=number: self.takes(number))

    def takes(self, number):
        """Before the first election it takes none; the first one makes the streams."""
        try:
            self.view(OBSERVER, number, "first").close()
        except (mqtt.Refused, OSError):
            assert self.nodes[number - 1].process.poll() is None, (self.nodes[number - 1].dir / "log").read_text()[-3000:]
            return False
        return True

    def whole(self):
        """Each stream's leader says that both others have all of it, and there is one who leads the cluster.

        /healthz isn't asked: 2.9.10 calls a node ill for good whose consumer belongs to a session that is gone.
        """
        led, meta = set(), False
        for node in self.nodes:
            said = node.jetstream()
            if not said:
                return False
            meta |= said.get("meta_cluster", {}).get("leader") == node.name
            for account in said.get("account_details", []):
                for stream in account.get("stream_detail", []):
                    copies = stream["cluster"].get("replicas") or []
                    if stream["cluster"].get("leader") == node.name and len(copies) == NODES - 1 and all(
                            c["current"] and not c.get("offline") for c in copies):
                        led.add(stream["name"])
        return meta and led == STREAMS

    def wait_whole(self):
        wait("the nodes to be one cluster again", self.whole)

    def view(self, name, number=1, client_id=None, clean=True, folder=None):
        tls = (folder or self.stage.dir / name) / "tls"
        context = mqtt.tls(tls / "ca.crt", tls / "unit.crt", tls / "unit.key")
        address = f"127.0.0.1{number}"
        return Client(self.port, client_id or f"view-{name}", context, host=address, address=address,
                      clean=clean)


class View:
    """A view of the region as a city would keep one: its session stays, and it goes to the next node when one is lost."""

    def __init__(self, region, name, *filters):
        self.region, self.name, self.filters = region, name, filters
        self.lock, self.got, self.stopped, self.ready = threading.Lock(), [], False, threading.Event()
        self.connects, self.sock = 0, None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        assert self.ready.wait(school.DEADLINE_S), "the view's first subscription"

    def run(self):
        number = 0
        while not self.stopped:
            number = number % NODES + 1
            try:
                client = self.region.view(self.name, number, clean=False)
            except (OSError, mqtt.Refused):
                time.sleep(0.05)  # before the next node
                continue
            try:
                self.sock = client.sock
                client.subscribe(*self.filters)
                self.connects += 1
                self.ready.set()
                while not self.stopped:
                    with self.lock:
                        self.got += client.messages
                        client.messages.clear()
                    kind, body = client.packet()
                    if kind >> 4 == mqtt.PUBLISH:
                        client.keep(kind, body)
            except (OSError, mqtt.Refused):
                pass
            with self.lock:
                self.got += client.messages
            client.sock.close()

    def messages(self):
        with self.lock:
            return list(self.got)

    def stop(self):
        self.stopped = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(school.DEADLINE_S)


class Relay:
    """A school's relay: two certificates, and its configuration by relay-conf."""

    def __init__(self, region, stage, known_as=None, inside="region"):
        self.region, self.stage, self.process = region, stage, None
        self.known_as, self.inside = known_as or "sint-jan", inside
        self.etc = stage.dir / "relay"
        stage.provision("unit", inside, "--bridge")
        stage.join("relay/inside", "--owner", "mosquitto", f"{inside}.schoolpoort", "--request", "inside.request")
        stage.provision("sign", "inside.request")
        stage.join("relay/inside", "--owner", "mosquitto", "--certificate", "inside.crt")
        self.admit()
        region.relays.append(self)

    def admit(self):
        """The region's part: its bundle for this school, the request, the certificate."""
        there = self.region.stage
        there.provision("unit", self.known_as, "--bridge")
        there.join(self.etc / "outside", "--owner", "mosquitto", f"{self.known_as}.schoolpoort", "--request", "outside.request")
        there.provision("sign", "outside.request")
        there.join(self.etc / "outside", "--owner", "mosquitto", "--certificate", "outside.crt")

    def configuration(self):
        (self.etc / "store").mkdir(exist_ok=True)
        (self.etc / "run").mkdir(exist_ok=True)
        conf = self.stage.run(REGION / "relay-conf", "--school", self.stage.dir / "school", "--etc", self.etc,
                              "--store", self.etc / "store",
                              "--run", self.etc / "run").stdout
        assert "localhost:8883" in conf and conf.count(":8883") == 1 + NODES
        return conf.replace("localhost:8883", f"localhost:{self.stage.ports['8883']}").replace(
            ":8883", f":{self.region.port}")

    def start(self, change=lambda conf: conf):
        (self.etc / "relay.conf").write_text(change(self.configuration()))
        if os.getuid() == 0:
            user = pwd.getpwnam("mosquitto")
            for name in ("store", "run"):
                os.chown(self.etc / name, user.pw_uid, user.pw_gid)
        with open(self.etc / "log", "ab") as log:
            self.process = subprocess.Popen(
                [tool("mosquitto"), "-c", str(self.etc / "relay.conf")], stdout=log, stderr=log)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(school.DEADLINE_S)
        self.process = None

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            # By the signal itself, where it had only just begun.
            assert self.process.wait(school.DEADLINE_S) in (0, -signal.SIGTERM), "the relay's end"
            self.process = None

    def forget(self):
        """Ended, and without what it kept: an impostor's words among it."""
        self.stop()
        shutil.rmtree(self.etc / "store")
