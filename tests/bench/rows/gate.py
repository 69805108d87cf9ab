# SPDX-License-Identifier: EUPL-1.2
"""One gate, from a card that its reader has seen: how soon a tap is durable, how many, what it writes, how it starts.

A kiosk with its broker and a register that confirms at once (gate_stage.py); whoever taps is bench_taps, over kiosk.sock.

seen_to_committed: `schoolpoortctl trace`, from the reader's own moment (seen_us, taken just before it tells the kiosk) to
the return of COMMIT. In it: the socket, the card's hash, the verdict, the view "reading", the transaction. Taps come one
after another, half a millisecond after the result of the one before, slices of them between slices of the floor, which
pauses as long. SQLite's log is written from its beginning again after each
checkpoint, so as a rule a commit overwrites what is there: so does the floor, 4 KiB and one fdatasync. A log that still
grows (after a night's truncation) makes the file system note its length as well: measured once more beside a floor that
appends.

taps_sustained: as many taps outstanding as two turns take (32), distinct cards, the time until the last result is shown;
each result is there only after its COMMIT. The floor commits row by row, nothing else, so a kiosk that takes several taps
into one transaction may well be above it. taps_one_by_one: the next tap after the result of the one before.

bytes_per_tap: write_bytes of proc(5) over 10,000 taps one by one: the log, and the checkpoints that became due; nothing is
confirmed to the file meanwhile but every 10 s. The floor is what the log can't do without: two pages, the row's and its
id's in the index, with their frames' heads, (page + 24) bytes each, and the row's and the entry's own bytes once more in
the file, written in whole pages only when they are full. The file system counts in blocks of 4096, so that a commit takes
one at least. What its journal adds is in the note, as the device counts (other programs' writes too).

start_to_tap: from fork to the result of a tap that was made as soon as welcome had come; 20,000 check-ins in a database
that was closed well. start_killed: the same after SIGKILL among taps, with up to 4 MiB of log to go through.

growth: the same for schools of 500, 2,000 and 8,000 pupils with ten check-ins each; b of a · pupils^b through the three.
"""

import os
import pathlib
import re

import gate_stage
from common import AtLeastTimes, AtMost, AtMostTimes, Figure, Measured, Told, fit_exponent, median, number, percentile

SIZES = (500, 2000, 8000)
SCHOOL = 2000
AHEAD = 32
PAUSE_US = 500  # by then what a tap has left to do, its delivery, is done; at a gate they are 300 ms apart
FSYNC = "fdatasync of 4 KiB, "
COMMITS = "bare SQLite, a commit a row"
GROWTH = "growth, 500 to 8,000 pupils: exponents"  # growth.py's line
FIGURES = [
    Figure("seen_to_committed", "card seen to committed, median", "µs", floor=FSYNC + "overwritten",
           aim=AtMostTimes(2.5)),
    Figure("seen_to_committed_p95", "the same, p95", "µs", aim=Told()),
    Figure("seen_to_committed_growing", "the same while the log grows, median", "µs", floor=FSYNC + "appended",
           aim=AtMostTimes(2.5)),
    Figure("taps_sustained", "taps a gate sustains, each durable", "1/s", floor=COMMITS, aim=AtLeastTimes(0.7)),
    Figure("taps_one_by_one", "the same, the next only after the result", "1/s", floor=COMMITS, aim=Told()),
    Figure("bytes_per_tap", "written a tap, over 10,000 taps with checkpoints", "kB", floor="the log's frames",
           aim=AtMost(10)),
    Figure("start_to_tap", "start of the kiosk to a tap taken, 2,000 pupils, 20,000 check-ins", "ms", aim=AtMost(300)),
    Figure("start_killed", "the same after SIGKILL among taps", "ms", aim=Told()),
    Figure("growth_committed", "growth: card seen to committed, exponent", "", aim=AtMost(1.1), line=GROWTH),
    Figure("growth_bytes", "growth: written a tap, exponent", "", aim=AtMost(1.1), line=GROWTH),
    Figure("growth_kiosk_start", "growth: start of the kiosk to a tap taken, ten check-ins a pupil, exponent", "",
           aim=AtMost(1.1), line=GROWTH),
    Figure("growth_kiosk_memory", "growth: memory of the kiosk (PSS), exponent", "", aim=AtMost(1.1), line=GROWTH),
]


class Counts:
    def __init__(self, quick):
        self.slices, self.a_slice = (2, 10) if quick else (12, 40)
        self.growing = 2 if quick else 12  # slices; the log is at its full length after some 40
        self.rates, self.a_rate = (1, 100) if quick else (3, 1500)
        self.written = 200 if quick else 10000
        self.stored = 400 if quick else 20000
        self.starts = 1 if quick else 5
        self.sizes = (20, 40, 80) if quick else SIZES
        self.school = 40 if quick else SCHOOL


def sync_us(bench, count, how):
    out = bench.run([bench.bin("floor_sync"), bench.folder / how, count, how, PAUSE_US])
    return [float(word) for word in out.split()[1:]]


def commit_times(bench, gate, slices, count, how):
    """Taps and syncs by turns. Return: both their times in microseconds."""
    ours, floor = [], []
    for _ in range(slices):
        gate.tap(count, 1, PAUSE_US)
        ours += gate.committed_us(count)
        floor += sync_us(bench, count, how)
    return ours, floor


def fill_log(gate):
    """Until the log has been moved over once and is at its full length."""
    while (gate.state / "kiosk.db-wal").stat().st_size < 4 * 1024 * 1024:
        gate.tap(200, AHEAD)


def commits(bench, gate, n):
    growing = commit_times(bench, gate, n.growing, n.a_slice, "append")
    yield "seen_to_committed_growing", Measured(median(growing[0]), median(growing[1]))
    if not bench.quick:
        fill_log(gate)
    ours, floor = commit_times(bench, gate, n.slices, n.a_slice, "overwrite")
    yield "seen_to_committed", Measured(median(ours), median(floor))
    yield "seen_to_committed_p95", Measured(
        percentile(ours, 0.95), note=f"the floor's p95: {percentile(floor, 0.95):.0f} µs")


def rates(bench, gate, n):
    floor_db = bench.folder / "floor.db"
    bench.run([bench.bin("floor_sqlite"), floor_db, 20 if bench.quick else 2500])  # its log at its full length
    ahead, alone, floor = [], [], []
    for _ in range(n.rates):
        ahead.append(n.a_rate / gate.tap(n.a_rate, AHEAD))
        floor.append(bench.figures(bench.run([bench.bin("floor_sqlite"), floor_db, n.a_rate]))["commits_s"])
        alone.append(n.a_rate / gate.tap(n.a_rate, 1))
    yield "taps_sustained", Measured(median(ahead), median(floor))
    yield "taps_one_by_one", Measured(median(alone), median(floor))


def device_bytes(folder):
    """Written to the device under a folder so far, None where the kernel doesn't say."""
    number_of = os.stat(folder).st_dev
    path = pathlib.Path(f"/sys/dev/block/{os.major(number_of)}:{os.minor(number_of)}/stat")
    return int(path.read_text(encoding="ascii").split()[6]) * 512 if path.exists() else None


def frames_kb(gate):
    """The least that the log and the file take for a tap, in kB."""
    page = int(gate.sql("PRAGMA page_size"))
    row = float(gate.sql("SELECT (sum(payload) + 0.0) / (SELECT count(*) FROM checkin) FROM dbstat"
                         " WHERE name LIKE '%checkin%'"))
    return (2 * (page + 24) + row) / 1000, page


def peer_kb(bench, n):
    program = bench.source / "tests/bench/peer/kiosk.py"
    if not program.exists():
        return None
    out = bench.run(["/usr/bin/python3", "-B", program, "--database", bench.folder / "peer.db", "--feed", n.written])
    found = re.search(r"fed (\d+) taps.* (\d+) bytes written", out)
    return int(found[2]) / int(found[1]) / 1000


def written_bytes(bench, gate, n):
    before, device = gate.written(), device_bytes(bench.folder)
    gate.tap(n.written, 1)
    kb = (gate.written() - before) / n.written / 1000
    note = ""
    if device is not None:
        note = f"the device wrote {number((device_bytes(bench.folder) - device) / n.written / 1000)} kB a tap"
    floor, page = frames_kb(gate)
    yield "bytes_per_tap", Measured(kb, floor, peer_kb(bench, n), f"pages of {page}; {note}")


def start_ms(bench, gate, times, kill=False):
    """Of starts of the gate's kiosk, which is left running."""
    took = []
    for _ in range(times):
        if kill:
            gate.tap(500, AHEAD)
            gate.process.kill()
            gate.process.wait()
        else:
            gate.wait_delivered()
            gate.stop()
        found = gate.start_timed()
        took.append(found["tap_ms"])
    return median(took)


def store(gate, count):
    """Until so many check-ins are in the database."""
    missing = count - gate.ask("status")["last_seq"]
    if missing > 0:
        gate.tap(missing, AHEAD)


def growth(bench, n, school):
    """@school: what the school of the size between the others has shown."""
    found = {n.school: school}
    for pupils in n.sizes:
        if pupils == n.school:
            continue
        gate = gate_stage.Gate(bench, pupils).open()
        if not bench.quick:
            fill_log(gate)
        us, _ = commit_times(bench, gate, max(1, n.slices // 4), n.a_slice, "overwrite")
        before = gate.written()
        gate.tap(n.written // 4, 1)
        kb = (gate.written() - before) / (n.written // 4) / 1000
        store(gate, 10 * pupils)
        memory = gate.memory_kb() / 1000
        found[pupils] = {"committed": median(us), "bytes": kb, "memory": memory,
                         "start": start_ms(bench, gate, max(1, n.starts - 2))}
        gate.close()
    for what, unit, name in (("committed", "µs", "committed"), ("bytes", "kB", "bytes"), ("start", "ms", "kiosk_start"),
                             ("memory", "MB", "kiosk_memory")):
        points = [(pupils, found[pupils][what]) for pupils in n.sizes]
        told = ", ".join(f"{number(value)} {unit} at {pupils}" for pupils, value in points)
        yield f"growth_{name}", Measured(round(fit_exponent(points), 3), note=told)


def measure(bench):
    n = Counts(bench.quick)
    gate = gate_stage.Gate(bench, n.school).open()
    school = {}
    for part, key in ((commits, "seen_to_committed"), (rates, None), (written_bytes, "bytes_per_tap")):
        for name, measured in part(bench, gate, n):
            if name == key:
                school[{"seen_to_committed": "committed", "bytes_per_tap": "bytes"}[name]] = measured.value
            yield name, measured
    store(gate, n.stored)
    school["memory"] = gate.memory_kb() / 1000
    school["start"] = start_ms(bench, gate, n.starts)
    yield "start_to_tap", Measured(school["start"])
    yield "start_killed", Measured(start_ms(bench, gate, n.starts, kill=True))
    gate.close()
    yield from growth(bench, n, school)
