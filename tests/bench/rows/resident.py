# SPDX-License-Identifier: EUPL-1.2
"""What a gate takes of its machine while nobody comes: reader, kiosk and screen together.

After some hundred taps at a gate that holds 2,000 pupils, once the last result is gone and every tap confirmed. CPU:
what the scheduler counted for all their threads over 10 s, in percent of one core; the reader looks without a pause, the
screen draws its waves off screen, the kiosk is connected (TLS). Memory: the kernel's proportional set size, read once
register and broker have ended: on a gate's machine they aren't there to share libraries with.

There is no floor. The peer is peer/kiosk.py after as many taps; it shares its interpreter's pages with this program.
"""

import random
import time

import school
from common import AtMost, Figure, Measured
from wholegate import Client, Gate, Peer, cpu_ns, pss_kb, uid_of

FIGURES = [
    Figure("idle_cpu", "gate idle: CPU of reader + kiosk + screen", "% of a core", aim=AtMost(1)),
    Figure("resident", "gate: PSS of reader + kiosk + screen, 2,000 pupils", "MB", aim=AtMost(48)),
]
TAPS, PEER_TAPS = 100, 30
IDLE_S, PEER_IDLE_S = 10, 5
PACE_S = 0.09  # a card is there for 60 ms
MB = 1000 * 1000


def idle_percent(pids, seconds):
    before, begin = [cpu_ns(p) for p in pids], time.monotonic()
    time.sleep(seconds)  # the interval that is measured
    took_s = time.monotonic() - begin
    return [100 * (cpu_ns(p) - b) / took_s / 1e9 for p, b in zip(pids, before)]


def measure_gate(bench, quick):
    with Gate(bench) as gate:
        listener = Client(gate.socket, "signal")
        cards = random.Random(bench.round).sample(range(gate.pupils), 5 if quick else TAPS)
        for card in cards:
            gate.emulator.place(uid_of(card))
            while listener.next("view")["state"] != "result":
                pass
            time.sleep(PACE_S)
        while listener.next("view")["state"] != "idle":
            pass
        listener.socket.close()
        school.wait("every tap to be confirmed", gate.is_delivered)
        cpu = idle_percent(gate.pids(), 1 if quick else IDLE_S)
        gate.end("register")
        gate.school.stop()
        pss = [pss_kb(p) * 1024 / MB for p in gate.pids()]
    return cpu, pss


def measure_peer(bench, quick):
    peer = Peer(bench)
    for card in range(5 if quick else PEER_TAPS):
        peer.tap(uid_of(card))
        time.sleep(PACE_S)
    time.sleep(2)  # its result is shown for 1.5 s
    cpu = idle_percent([peer.process.pid], 1 if quick else PEER_IDLE_S)[0]
    return cpu, pss_kb(peer.process.pid) * 1024 / MB


def measure(bench):
    cpu, pss = measure_gate(bench, bench.quick)
    peer_cpu, peer_pss = measure_peer(bench, bench.quick)

    def note(parts):
        return "reader {:.2f}, kiosk {:.2f}, screen {:.2f}".format(*parts) if bench.round == 0 else ""

    yield "idle_cpu", Measured(sum(cpu), peer=peer_cpu, note=note(cpu))
    yield "resident", Measured(sum(pss), peer=peer_pss, note=note(pss))
