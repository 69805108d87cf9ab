# SPDX-License-Identifier: EUPL-1.2
"""From a card at the antenna to the picture that answers it.

Begins as the emulated PN532 has the card before its antenna (its own time), at 115,200 baud. Ends as the screen has
presented the result (`presented`, SDL's off-screen driver: a display adds its own scan-out, up to 17 ms at 60 Hz); by
then the check-in is committed. The gate is whole: libnfc, reader, kiosk with its database on a real file system,
screen, Mosquitto with TLS, register with 2,000 pupils; one client more listens, which learns when the card was seen.

The floor is floor_nfc.c on a chip of its own: the same cards, until its UID is written. It leaves out the decision,
the commit and the picture; and the second look at a card that follows another without a pause, by which the reader
tells two pupils from a wallet (7 ms, 16 of 100 taps here: that is p95). The peer is peer/kiosk.py on a third one. Floor
and gate take turns card by card, the peer has a few between. Pupils follow each other as in a queue, at random moments
by a seed, so that who isn't looking just then is late.
"""

import random
import subprocess
import time

import school
from common import AtMostOver, Figure, Measured, Told, percentile
from wholegate import Client, Emulator, Gate, Lines, Peer, uid_of

FLOOR = "bare libnfc loop, prints the UID"
FIGURES = [
    Figure("placed_to_presented_p50", "card placed → presented, p50", "ms", FLOOR, AtMostOver(10)),
    Figure("placed_to_presented_p95", "card placed → presented, p95", "ms", FLOOR, Told(), shown=True),
    Figure("placed_to_presented_p99", "card placed → presented, p99", "ms", FLOOR, AtMostOver(40)),
]
SLICES, TAPS, PEER_TAPS = 16, 10, 3
GAP_S = (0.045, 0.095)  # from an answer to the next card of the other: a gate's last one has left 40 ms ago or more
SEED = 20261122
STAGES = ("received", "committed", "presented")


class Floor:
    def __init__(self, bench):
        self.emulator = Emulator(bench, "floor")
        self.process = bench.start([bench.bin("floor_nfc"), f"pn532_uart:{self.emulator.tty}"],
                                   stdout=subprocess.PIPE)
        self.lines = Lines(self.process)
        self.lines.next()  # ready

    def tap(self, uid):
        self.emulator.place(uid)
        assert self.lines.next() == uid
        return int(self.lines.next()) - self.emulator.placed_us(uid)


class Product:
    """Times are the gate's own (`trace`); of the card it tells when it was seen, by the view."""

    def __init__(self, gate):
        self.gate, self.seen, self.stages = gate, {}, []
        self.listener = Client(gate.socket, "signal")

    def tap(self, uid):
        self.gate.emulator.place(uid)
        while True:
            view = self.listener.next("view")
            if view["state"] == "result" and view["checkin"] and view["checkin"] not in self.seen:
                break
        assert view["result"] == "present", view
        self.seen[view["checkin"]] = (view["seen_us"], self.gate.emulator.placed_us(uid))

    def take(self, count):
        """The last taps; for each the time from placed to presented."""
        found, taps = [], []

        def presented():
            taps[:] = self.gate.ask("trace", last=count)["taps"]
            return all(tap["presented"] is not None for tap in taps)

        school.wait("the last picture", presented)
        for tap in taps:
            seen_us, placed_us = self.seen[tap["checkin"]]
            found.append(seen_us + tap["presented"] - placed_us)
            self.stages.append({"seen": seen_us - placed_us, **{s: tap[s] for s in STAGES}})
        return found

    def parts(self):
        """Where the time of the median tap goes."""
        seen = percentile([s["seen"] for s in self.stages], 0.5)
        parts = [f"seen by the reader after {seen / 1000:.1f} ms"]
        before = dict.fromkeys(range(len(self.stages)), 0)
        for stage in STAGES:
            steps = [s[stage] - before[i] for i, s in enumerate(self.stages)]
            before = {i: s[stage] for i, s in enumerate(self.stages)}
            parts.append(f"{stage} {percentile(steps, 0.5) / 1000:.1f} ms later")
        return "; ".join(parts)


def measure(bench):
    slices, taps, peer_taps = (1, 3, 2) if bench.quick else (SLICES, TAPS, PEER_TAPS)
    dice = random.Random(SEED + bench.round)
    with Gate(bench) as gate:
        floor, product, peer = Floor(bench), Product(gate), Peer(bench)
        taken = {"floor": [], "product": [], "peer": []}
        cards = iter(dice.sample(range(gate.pupils), min(gate.pupils, slices * taps + 1)))

        def pace():
            time.sleep(dice.uniform(*GAP_S))  # the pupils' own

        for _ in range(slices):
            mine = [uid_of(next(cards)) for _ in range(taps)]
            for uid in mine:
                pace()
                taken["floor"].append(floor.tap(uid))
                pace()
                product.tap(uid)
            taken["product"] += product.take(taps)
            for uid in mine[:peer_taps]:
                pace()
                pace()
                taken["peer"].append(peer.tap(uid))
        note = product.parts() if bench.round == 0 else ""
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        value, least, other = (percentile(taken[who], share) / 1000 for who in ("product", "floor", "peer"))
        yield f"placed_to_presented_{name}", Measured(value, least, other, note if name == "p50" else "")
