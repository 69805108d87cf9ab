#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""check.py once|interrupted DEMO BIN PICTURES: does the demo show what it should, and leave nothing behind?

once: a fast morning, without the care team's board, must end with status 0, with every essential event in the
commentary and a picture of each. interrupted: the board (a page of ours stands for it) must be behind the shipped site,
and Ctrl-C in the middle must end all with status 130. Both times no process and no folder may be left.
"""
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

DEADLINE_S = 600  # for faults: a morning takes two minutes
BOARD = r"The care team's board: (https://localhost:\d+/) \(user ann, password \".+\"\)"
PAGE = "<!doctype html><title>the page</title>"
NO_BOARD = r"The care team's board isn't shown: .+\.$"
LINES = [  # in this order
    r"pupils +60 rows: 60 added",
    r"gate +Noor Peeters, 2A: on time",
    r"gate +Noor Peeters, 2A: sees the own record",
    r"gate +refused: not a card of the school",
    r"gate +unknown card",
    r"care team unknown card [0-9a-f]{8}… at gate-1",
    r"gate +blocked card",
    r"gate +two cards at once",
    r"gate +Kwame Ofori, 4C: on time",
    r"The bell\.",
    r"gate +Yassine Ben Haddou, 2A: late, \d+ min",
    r"care team late: Yassine Ben Haddou, 2A, \d+ min",
    r"gate +Ndèye Fall, 5B: on time",
    r"care team ABSENT: Renée Thyssen, 4C$",
    r"gate +Renée Thyssen, 4C: late, \d+ min",
    r"care team RESOLVED: Renée Thyssen, 4C: arrived, \d+ min late",
    r"2026-11-23 am",
    r"all +60 ",
    r"REHEARSAL",
    r"queue +0",
    r"seen to presented: p50",
]
ANYWHERE = [r"The cut-off"]  # said when its time is here, which the register may notice first
# By a clock so fast a reader that a busy machine halts for 0.05 s was silent for two: it may be a fault as often as it
# likes, every card is answered all the same.
NEVER = [r"ABSENT: (Ibrahim|Fatoumata|Hristo) ", r"unconfirmed$", r"not stored", r"fault(?!: reader$)"]
PICTURES = ["idle", "result-present", "result-late", "result-refused_card", "result-unknown_card",
            "result-blocked_card", "result-two_cards", "overview"]


def left_of(folder):
    """Command lines that still speak of the demo's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if entry.name.isdigit() and folder in line:
            found.append(f"{entry.name}: {line}")
    return found


def fetch(address):
    """What the site answers there; the demo's authority is nobody's yet."""
    with urllib.request.urlopen(address, timeout=DEADLINE_S, context=ssl._create_unverified_context()) as page:
        return page.read().decode(), page.headers


def faults_of_board(said):
    address = re.search(BOARD, said)
    if not address:
        yield "the board's address isn't said"
        return
    try:
        text, headers = fetch(address[1])
    except OSError as e:
        yield f"the board's page: {e}"
        return
    if text != PAGE or "Content-Security-Policy" not in headers:
        yield f"the board's page is {text} with {headers}"


def run(demo, options, until, faults):
    """Runs the demo; with a text @until, sends it SIGINT once it has said so. Its status, and what it said."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = subprocess.Popen([demo, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=environment, start_new_session=True, encoding="utf-8")
    timer = threading.Timer(DEADLINE_S, process.terminate)
    timer.start()
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if until and until in line:
                faults += faults_of_board("".join(said))
                os.killpg(process.pid, signal.SIGINT)
        status = process.wait()
    except BaseException:
        # Interrupted itself: the demo, in a session of its own, doesn't hear of that.
        process.terminate()
        process.wait()
        raise
    finally:
        timer.cancel()
    return status, "".join(said)


def faults_of(said, pictures):
    at = 0
    for pattern in LINES:
        found = re.compile(pattern, re.MULTILINE).search(said, at)
        if not found:
            yield f"nothing like \"{pattern}\" (or not in its place)"
        at = found.end() if found else at
    for pattern in ANYWHERE:
        if not re.search(pattern, said):
            yield f"nothing like \"{pattern}\""
    for pattern in NEVER:
        for found in re.finditer(pattern, said, re.MULTILINE):
            yield f"\"{found.group()}\" should not be there"
    names = [p.name for p in Path(pictures).glob("*.png")]
    for kind in PICTURES:
        if not any(re.match(rf"\d+-{kind}", name) for name in names):
            yield f"no picture of {kind}"


def main():
    what, demo, programs, pictures = sys.argv[1:]
    once = what == "once"
    board = Path(pictures).with_name(f"demo-{what}-board")
    shutil.rmtree(board, ignore_errors=True)
    board.mkdir(parents=True)
    if not once:
        (board / "index.html").write_text(PAGE, encoding="utf-8")
    # Whoever comes before the bell is there before it, however long the programs take to start and a card to be read.
    options = ["--head-start", "60", *(["--once", "--speed", "40"] if once else [])]
    until = None if once else ": on time"
    faults = []
    options += ["--bin", programs, "--pictures", pictures, "--board", str(board)]
    status, said = run(demo, options, until, faults)
    faults += [] if status == (0 if once else 130) else [f"status {status}"]
    if once and not re.search(NO_BOARD, said, re.MULTILINE):
        faults.append("that there is no board isn't said")
    folder = re.search(r"/tmp/schoolpoort-demo-\w+", said)
    if not folder:
        faults.append("it doesn't say where everything is")
    else:
        faults += [f"left running: {line}" for line in left_of(folder.group())]
        faults += [f"left behind: {folder.group()}"] if Path(folder.group()).exists() else []
    if once:
        faults += faults_of(said, pictures)
    if faults:
        print(said)
    for fault in faults:
        print(f"{what}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
