#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A kiosk in Python, to be measured beside. README.md says what it does and does not do."""

import argparse
import collections
import csv
import datetime
import hashlib
import json
import pathlib
import signal
import sqlite3
import sys
import time
import uuid

from taps import Taps

REPEAT_S = 60  # the same card within it is the same tap
GONE_S = 0.3  # unseen for so long a card has left
RESULT_S = 1.5
MARK_EVERY_S = 1.0  # what the broker has is written at most so often
START = datetime.time(8, 25)


class School:
    """Pupils by the keyed hash of their card."""

    def __init__(self, options):
        self.key = options.key.read_bytes() if options.key else bytes(32)
        self.pupils = {}
        if not options.pupils:
            return
        names = {row["pupil_id"].zfill(10): row["first_name"] for row in self.rows(options.pupils)}
        for row in self.rows(options.cards):
            pupil = row["pupil_id"].zfill(10)
            self.pupils[self.hash(bytes.fromhex(row["uid"]))] = (pupil, names[pupil])

    @staticmethod
    def rows(path):
        with open(path, newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, delimiter=";"))

    def hash(self, uid):
        return hashlib.blake2b(uid, digest_size=16, key=self.key).digest()


class Broker:
    """paho, with its thread. What it has acknowledged is fetched by the loop."""

    def __init__(self, options, taps):
        import paho.mqtt.client as mqtt

        self.topic = f"peer/{options.gate}/tap"
        self.taps, self.sent = taps, {}
        self.acknowledged = collections.deque()
        self.came = collections.deque()  # connections: what is undelivered goes out again
        self.client = mqtt.Client(client_id=f"peer-{options.gate}", clean_session=True)
        self.client.max_inflight_messages_set(20)
        self.client.on_connect = lambda *_: self.came.append(True)
        self.client.on_publish = lambda _client, _userdata, mid: self.acknowledged.append(mid)
        self.client.connect_async(options.host, options.mqtt_port, keepalive=30)
        self.client.loop_start()
        self.connected, self.marked_at = False, 0.0

    def publish(self, seq, tap_id, at, card, pupil, result, minutes_late):
        message = json.dumps({"seq": seq, "id": str(uuid.UUID(bytes=tap_id)), "at": at, "card": card.hex(),
                              "pupil": pupil, "result": result, "minutes_late": minutes_late})
        self.sent[self.client.publish(self.topic, message, qos=1).mid] = seq

    def tap(self, seq, tap):
        if self.connected:  # before the first connection the database keeps it
            self.publish(seq, tap["id"].bytes, tap["at"], tap["card"], tap["pupil"], tap["result"],
                         tap["minutes_late"])

    def turn(self, now):
        if self.came:
            self.came.clear()
            if not self.connected:  # later paho sends again by itself what has no acknowledgement
                self.connected = True
                for row in self.taps.undelivered():
                    self.publish(*row)
        if self.acknowledged and now - self.marked_at >= MARK_EVERY_S:
            self.mark()
            self.marked_at = now

    def mark(self):
        count = len(self.acknowledged)
        mids = [self.acknowledged.popleft() for _ in range(count)]
        self.taps.delivered([self.sent.pop(mid) for mid in mids if mid in self.sent])

    def drain(self):
        """Until the broker has everything; for --feed."""
        end = time.monotonic() + 60
        while self.sent and time.monotonic() < end:
            time.sleep(0.01)  # between two looks
            self.turn(time.monotonic())

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
        self.mark()


class Gate:
    """From a card to a row."""

    def __init__(self, school, taps, broker):
        self.school, self.taps, self.broker = school, taps, broker
        since = datetime.datetime.now().astimezone() - datetime.timedelta(seconds=REPEAT_S)
        now = time.monotonic()
        self.last = {card: now for card, _ in taps.since(since.isoformat(timespec="milliseconds"))}

    def tap(self, uid):
        """Return: what to show: result, name, time."""
        card = self.school.hash(uid)
        now, at = time.monotonic(), datetime.datetime.now().astimezone()
        pupil, name = self.school.pupils.get(card, (None, ""))
        if now - self.last.get(card, -REPEAT_S) < REPEAT_S:
            return "already", name, f"{at:%H:%M}"
        late_s = (at - at.replace(hour=START.hour, minute=START.minute, second=0, microsecond=0)).total_seconds()
        minutes_late = -int(-late_s // 60) if late_s > 0 else 0
        result = "unknown_card" if pupil is None else "late" if minutes_late else "present"
        tap = {"id": uuid.uuid4(), "at": at.isoformat(timespec="milliseconds"), "card": card, "pupil": pupil,
               "result": result, "minutes_late": minutes_late if pupil else 0}
        try:
            seq = self.taps.add(tap)
        except sqlite3.Error as error:
            print(f"not stored: {error}", file=sys.stderr)
            return "not_stored", "", ""
        self.last[card] = now
        if self.broker:
            self.broker.tap(seq, tap)
        return result, name, f"{at:%H:%M}"


class Kiosk:
    def __init__(self, options, gate):
        import pn532
        import picture

        self.pn532, self.options, self.gate = pn532, options, gate
        self.picture = picture.Picture(options.size)
        self.reader, self.again_at = None, 0.0
        self.card, self.card_at = None, 0.0  # in the field
        self.until = None  # a result is shown so long
        self.fault = True
        self.picture.result("fault", "", "")

    def open(self, now):
        if now < self.again_at:
            time.sleep(0.05)
            return False
        try:
            self.reader = self.pn532.Pn532(self.options.port)
        except (OSError, self.pn532.Pn532Error) as error:
            self.fail(error)
        return self.reader is not None

    def fail(self, error):
        print(f"reader: {error}", file=sys.stderr)
        if self.reader:
            self.reader.close()
        self.reader, self.again_at = None, time.monotonic() + 1
        self.fault, self.until, self.card = True, None, None
        self.picture.result("fault", "", "")

    def look(self):
        try:
            uid = self.reader.look()
        except (OSError, self.pn532.Pn532Error) as error:
            self.fail(error)
            return
        now = time.monotonic()
        if self.fault:
            self.fault = False
            self.picture.idle()
        if uid is None:
            if self.card and now - self.card_at > GONE_S:
                self.card = None
            return
        new = uid != self.card
        self.card, self.card_at = uid, now
        if new:
            self.picture.result(*self.gate.tap(uid))
            shown_us = time.monotonic_ns() // 1000
            self.until = now + RESULT_S
            if self.options.trace:
                print("presented", shown_us, flush=True)

    def turn(self):
        """Return: false when the window was closed."""
        now = time.monotonic()
        if self.reader or self.open(now):
            self.look()
        if self.until and now >= self.until:
            self.until = None
            self.picture.idle()
        if self.gate.broker:
            self.gate.broker.turn(now)
        return not self.picture.closed()

    def close(self):
        if self.reader:
            self.reader.close()
        self.picture.close()


def feed(gate, count):
    """Taps without a reader: the same storing code, each a card of its own."""
    begin = time.monotonic()
    for i in range(count):
        gate.tap(b"\x04" + i.to_bytes(6, "big"))
        if gate.broker:
            gate.broker.turn(time.monotonic())
    if gate.broker:
        gate.broker.drain()
    return time.monotonic() - begin


def written():
    with open("/proc/self/io", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--database", required=True)
    p.add_argument("--pupils", type=pathlib.Path)
    p.add_argument("--cards", type=pathlib.Path)
    p.add_argument("--key", type=pathlib.Path, help="32 bytes, for the cards' hashes")
    p.add_argument("--gate", default="gate-1")
    p.add_argument("--port", help="the PN532's serial port")
    p.add_argument("--host", help="the broker")
    p.add_argument("--mqtt-port", type=int, default=1883)
    p.add_argument("--size", default=(1280, 720), type=lambda s: tuple(int(n) for n in s.split("x")))
    p.add_argument("--trace", action="store_true", help="say when a tap was presented")
    p.add_argument("--feed", type=int, metavar="N", help="no reader: store N taps and end")
    options = p.parse_args()
    if not options.port and options.feed is None:
        p.error("--port or --feed")
    return options


def stop(_number, _frame):
    raise SystemExit(0)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, stop)
    taps = Taps(options.database)
    broker = Broker(options, taps) if options.host else None
    gate = Gate(School(options), taps, broker)
    kiosk, took = None, None
    try:
        if options.feed is not None:
            took = feed(gate, options.feed)
        else:
            kiosk = Kiosk(options, gate)
            while kiosk.turn():
                pass
    finally:
        if kiosk:
            kiosk.close()
        if broker:
            broker.close()
        taps.close()
    if took is not None:
        print(f"fed {options.feed} taps in {took:.3f} s, {written()} bytes written")


if __name__ == "__main__":
    main()
