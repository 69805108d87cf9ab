#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Nothing with a pupil in it leaves a school for its region, and nothing of the region enters the school: by trying.

Every topic by whoever may say it and by somebody who may say everything; a relay whose configuration sends all; a region
that sends commands; strangers. What counts is what arrives.
"""

import socket
import ssl
import struct
import threading

import mqtt
import school
from region_stage import OBSERVER, Client, Region, Relay, alone, wait
from school import School
from x2_rights import ROOT, TOPICS

TRICKS = [
    ROOT + "public/../care/event", ROOT + "public/../../sint-jan/gates/data", ROOT + "publicly", ROOT + "Public/counts",
    ROOT + "care/public/counts/2026-11-23/am", ROOT + "gate/gate-1/checkin/state", ROOT + "gate/gate-1/state/",
    ROOT + "gate/state", ROOT + "gate//checkin", ROOT + "/public/counts", "/" + ROOT + "public/counts",
    ROOT + "gates/state", ROOT + "register/state/x", ROOT + "care/" + "x" * 2000, "x/" * 150,
    "schoolpoort/sint-pieter/public/counts/2026-11-23/am", "schoolpoort/public/counts", "public/counts/2026-11-23/am",
    "$SYS/broker/connection/x/state", "$MQTT/msgs/x", "$JS/API/STREAM/LIST", "$share/x/" + ROOT + "care/event",
]
SAID = sorted(set(TOPICS) | set(TRICKS))
# nats-server ends the connection over a dot in a topic, and the relay would say it again for good. Below public/ the
# register alone may write, and never does so: there these are said by everybody else.
DOTS = {t for t in SAID if t.startswith(ROOT + "public/") and "." in t}


def may_cross(topic):
    """contract/topics.md once more: public/#, gate/+/state, register/state."""
    if not topic.startswith(ROOT):
        return False
    rest = topic[len(ROOT):].split("/")
    return rest[0] == "public" and "" not in rest or rest == ["register", "state"] or (
        len(rest) == 3 and rest[0] == "gate" and rest[2] == "state" and rest[1] != "")


class Watch:
    """Everything that a side sees, of those messages that the test said."""

    def __init__(self, client):
        self.client = client
        client.subscribe("#")

    def ping(self):
        self.client.send(mqtt.PINGREQ << 4)
        self.client.until(mqtt.PINGRESP)

    def seen(self, mark):
        self.ping()
        return {t for t, p, _ in self.client.messages if p.startswith(mark)}


def say_all(client, mark, topics):
    for topic in topics:
        for retain in (False, True):
            client.publish(topic, f"{mark} {topic} Emma Peeters", retain)
    return topics


def fence(region_watch, mark, speaker):
    """Behind all that was said: a count of its own, which must cross."""
    topic = ROOT + f"public/counts/{mark}/am"

    def crossed():
        speaker.publish(topic, f"{mark} fence", True)
        return topic in region_watch.seen(mark)

    wait(f"the fence {mark}", crossed)


def nothing_leaves(region_watch, mark, speakers, leave_out=()):
    """speakers: (name, client). Return: cells tried."""
    tried = 0
    for name, client in speakers:
        word = f"{mark}-{name}"
        topics = [t for t in SAID if t not in leave_out and (t not in DOTS or name in ("gate", "care"))]
        say_all(client, word, topics)
        fence(region_watch, f"{word}-fence", speakers[-1][1])
        wrong = {t for t in region_watch.seen(word + " ") if not may_cross(t)}
        assert not wrong, f"{name}: {sorted(wrong)}"
        tried += 2 * len(topics)
    crossed = {t for t in region_watch.seen(f"{mark}-{speakers[-1][0]} ")}
    # A topic that may cross does: otherwise nothing was shown.
    assert ROOT + "register/state" in crossed and ROOT + "gate/gate-1/state" in crossed and len(crossed) >= 5, crossed
    return tried


class Impostor:
    """A node in somebody else's hands: it has a node's certificate, takes every connection and says what it likes."""

    def __init__(self, folder, address, port, topics):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls/unit.crt", folder / "tls/unit.key")
        self.context, self.topics, self.done = context, topics, threading.Event()
        self.got, self.sock = b"", None
        self.listener = socket.create_server((address, port))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.serve()
        except OSError:
            pass  # nobody came, or he went

    def serve(self):
        came = self.listener.accept()[0]
        came.settimeout(school.DEADLINE_S)
        with self.context.wrap_socket(came, server_side=True) as sock:
            sock.recv(4096)
            sock.sendall(bytes([mqtt.CONNACK << 4, 2, 0, 0]))
            for mid, topic in enumerate(self.topics, 1):
                for flags in (0, 1, 2, 3):  # QoS 0 and 1, retained or not
                    body = mqtt.text(topic) + (struct.pack(">H", mid) if flags & 2 else b"") + b"evil " + topic.encode()
                    sock.sendall(bytes([mqtt.PUBLISH << 4 | flags]) + mqtt.length(len(body)) + body)
            # The answer to this comes after all the others.
            sock.sendall(bytes([mqtt.PUBLISH << 4 | 2, 5]) + mqtt.text("z") + b"\xff\xff")
            self.sock = sock
            while True:
                piece = sock.recv(65536)
                if not piece:
                    return
                self.got += piece
                if b"\x40\x02\xff\xff" in self.got:
                    self.done.set()

    def stop(self):
        for sock in (self.listener, self.sock):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except (AttributeError, OSError):
                pass  # there is none
        self.thread.join()
        self.listener.close()


def impostor_says(region, connect, then=lambda: None):
    """Return: a node's impostor, once whoever connects has taken all that it says."""
    region.uplink.cut()
    # Where the relay begins with depends on the school: every address gets one.
    fakes = [Impostor(region.nodes[n - 1].dir, f"127.0.0.2{n}", region.port, [t for t in SAID if t[0] != "$" and len(t) < 1000])
             for n in (1, 2, 3)]
    connect()
    wait("an impostor's words to be taken", lambda: any(f.done.is_set() for f in fakes))
    then()
    for f in fakes:
        f.stop()


def nothing_enters(s, region, relay, school_watch):
    tried = 0
    for name, client in (("the view", region.view("city", 1)), ("the school itself", region.view(
            "sint-jan", 2, folder=relay.etc / "outside")), ("whoever may all", region.view(OBSERVER, 3, "all"))):
        tried += 2 * len(say_all(client, "evil", [t for t in SAID if "." not in t]))
        client.sock.close()
        assert not school_watch.seen("evil"), name
    relay.stop()
    impostor_says(region, relay.start)
    assert not school_watch.seen("evil"), "an impostor's words in the school"
    relay.forget()
    region.uplink.mend()
    return tried + 4 * len(SAID)


def broken(conf):
    """The relay's worst configuration."""
    out = []
    for line in conf.splitlines():
        if line.startswith("topic "):
            continue
        out.append(line)
        if line.startswith("connection "):
            out.append("topic # both 1")
    return "\n".join(out) + "\n"


def one_layer_is_enough(s, region, relay, region_watch, school_watch, speakers):
    """First the school's rights alone: a relay that asks for everything, and may say it to the nodes. Then the nodes'
    alone: it may read everything."""
    mine, relay.etc = relay.etc, s.dir / "relay1"
    s.run("cp", "-a", mine, relay.etc)
    for name in ("unit.crt", "unit.key"):
        # Onto the file that is there, so that its owner stays.
        s.run("cp", region.stage.dir / OBSERVER / "tls" / name, relay.etc / "outside/tls")
    relay.start(broken)
    tried = nothing_leaves(region_watch, "layer1", speakers)
    assert not school_watch.seen("evil"), "what the region keeps, in the school"
    relay.stop()
    relay.etc = mine
    impostor_says(region, lambda: relay.start(broken))
    assert not school_watch.seen("evil"), "a relay that passes everything on, and a school that lets it"
    relay.forget()
    region.uplink.mend()
    relay.etc = s.dir / "relay2"
    s.run("cp", "-a", mine, relay.etc)
    for name in ("unit.crt", "unit.key"):
        s.run("cp", s.dir / "reads-all/tls" / name, relay.etc / "inside/tls")
    relay.start(lambda conf: broken(conf).replace("topic # both 1", "topic # in 1", 1).replace("topic # both 1", "topic # out 1"))
    tried += nothing_leaves(region_watch, "layer2", speakers[-1:], [t for t in SAID if "." in t])
    relay.stop()
    relay.etc = mine
    return tried


def strangers(s, region, relay):
    """Who isn't let in."""
    other = region.stage
    other.provision("unit", "sint-pieter", "--bridge")
    doors = {
        "a school's own certificate at a node": lambda: region.view("x", 1, folder=relay.etc / "inside"),
        "a node without a certificate": lambda: region_client(region, mqtt.tls(other.dir / "broker/ca.crt")),
        "a node without TLS": lambda: region_client(region, None),
        "the region's certificate at the school": lambda: mqtt.Client(
            s.ports["8883"], "schoolpoort-x", mqtt.tls(s.dir / "broker/ca.crt", relay.etc / "outside/tls/unit.crt",
                                                       relay.etc / "outside/tls/unit.key")),
    }
    for what, connect in doors.items():
        try:
            connect().close()
        except (mqtt.Refused, OSError):
            continue
        raise AssertionError(f"let in: {what}")
    # NATS's own protocol, on the node's own machine.
    with socket.create_connection(("127.0.0.11", region.client), timeout=school.DEADLINE_S) as sock:
        sock.sendall(b'CONNECT {"verbose":true,"user":"sint-jan.1"}\r\nPING\r\n')
        said = b""
        while b"-ERR" not in said:
            piece = sock.recv(4096)
            assert piece and b"+OK" not in said, said
            said += piece
    # A school reads nothing, also not its own.
    client = region.view("sint-jan", 1, client_id="curious", folder=relay.etc / "outside")
    assert set(client.subscribe("#", ROOT + "public/#", "$MQTT/#", "+/+/+/+/+/+")) == {0x80}
    client.close()


def region_client(region, context):
    return Client(region.port, "x", context, host="127.0.0.11", address="127.0.0.11")


def a_school_leaves(s, region, relay, region_watch, speaker):
    """Revoked, its certificate is nobody's, though nats-server reads no CRL; with a new one it is there again."""
    relay.start()
    fence(region_watch, "there", speaker)
    old = s.dir / "old"
    s.run("cp", "-a", relay.etc / "outside", old)
    client = region.view("sint-jan", 1, client_id="old", folder=old)
    region.stage.provision("revoke", "sint-jan")
    region.observe_again()
    # Not a reload: 2.9.10 crashes over a retained message of a user who is gone.
    for node in region.nodes:
        node.stop()
    region.start()

    def ended():
        try:
            client.send(mqtt.PINGREQ << 4)
            client.until(mqtt.PINGRESP)
        except (mqtt.Refused, OSError):
            return True
        return False

    wait("the revoked session's end", ended)
    for number in (1, 2, 3):
        try:
            region.view("sint-jan", number, client_id="old", folder=old).close()
        except (mqtt.Refused, OSError):
            continue
        raise AssertionError("a revoked certificate is let in")
    speaker.publish(ROOT + "public/counts/meanwhile/am", "meanwhile", True)
    relay.stop()
    relay.admit()
    region_watch = Watch(region.view(OBSERVER, 1, "after"))
    relay.start()
    wait("what was said meanwhile", lambda: region_watch.seen("meanwhile"))
    relay.stop()


def inside_the_broker(s, region):
    """Why there is a relay: what Mosquitto lets a bridge of its own do, with a user that has no right at all."""
    s.stop()
    shipped = s.configuration
    tls = s.dir / "relay/outside/tls"
    s.configuration = lambda: shipped() + (
        "connection inside-the-broker\n"
        f"address 127.0.0.21:{region.port}\nremote_clientid x\nlocal_clientid schoolpoort-bridge\nlocal_username gate-9\n"
        "topic # out 1\ntry_private false\nnotifications false\nbridge_attempt_unsubscribe false\n"
        f"bridge_cafile {tls}/ca.crt\nbridge_certfile {tls}/unit.crt\nbridge_keyfile {tls}/unit.key\n")
    s.run("chmod", "-R", "a+rX", s.dir / "relay")

    def look():
        watch = Watch(s.unit_client(OBSERVER, "late"))
        entered = len(watch.seen("evil"))
        print(f"figure: bridge inside the broker, topics that a region could write into the school {entered} of {len(SAID)} "
              "(1 run, a user without rights, direction out)")
        assert entered, "Mosquitto checks it now: the relay may not be needed any more"

    impostor_says(region, s.start, look)
    region.uplink.mend()


def main():
    with School() as s, Region() as region:
        for name in ("gate-1", "register", "reads-all"):
            s.unit(name)
        s.person("care", "ann")
        region.stage.unit("city", "--reader")
        relay = Relay(region, s)
        s.observe()
        with open(s.dir / "broker/acl", "a", encoding="utf-8") as f:
            f.write("\nuser reads-all\ntopic read #\n")
        region.observe()
        region.start()
        s.start()
        relay.start()
        region_watch = Watch(region.view(OBSERVER, 1))
        speakers = [("gate", s.unit_client("gate-1")), ("care", s.person_client("ann")),
                    ("register", s.unit_client("register")), ("all", s.unit_client(OBSERVER))]
        school_watch = Watch(speakers[-1][1])
        tried = nothing_leaves(region_watch, "plain", speakers)
        tried += nothing_enters(s, region, relay, school_watch)
        tried += one_layer_is_enough(s, region, relay, region_watch, school_watch, speakers)
        strangers(s, region, relay)
        a_school_leaves(s, region, relay, region_watch, speakers[-1][1])
        inside_the_broker(s, region)
    print(f"figure: region, attempts to carry a pupil out or a command in {tried}, of which arrived 0 (1 run)")


if __name__ == "__main__":
    alone()
    main()
