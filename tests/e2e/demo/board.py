#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""board.py FOLDER PAGES UNIT...: the demo's broker and the care team's board, as a school has them.

The shipped Mosquitto and nginx files, rights and certificates by provision; only ports and paths are the demo's, and
nothing listens but on this machine alone. Says what it does on standard output, at the end one line "ready" and
NAME=VALUE in FOLDER/board. Ends at SIGTERM with what it started, and with status 1 should one of these end before.
"""
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "broker"))

from school import PASSWORD, School  # noqa: E402

SCHOOL, NAME = "demo", "Campus Zonnepoort"
USER = "ann"
# Units that read what the commentary tells; the second, for who looks with a program of their own, where it is named.
READERS = ("commentary", "onlooker")


class Demo(School):
    def configuration(self):
        """Units come from this machine alone; the shipped file lets them come from gates."""
        port = f"listener {self.ports['8883']}"
        return super().configuration().replace(f"{port}\n", f"{port} 127.0.0.1\n")


def say(text):
    print(text, flush=True)


def set_up(s, pages, units):
    s.provision("init", SCHOOL, "--host", "localhost", "--name", NAME)
    for unit in units:
        say(f"certificate of {unit}")
        s.unit(unit)
    s.person("care", USER)
    with open(s.dir / "broker/acl", "a", encoding="utf-8") as acl:
        for unit in READERS:
            acl.write(f"\nuser {unit}\ntopic read schoolpoort/{SCHOOL}/#\n")
    s.start()
    say("the broker runs")
    # A copy: nginx as another user reads it through every folder above.
    shutil.copytree(pages, s.dir / "careboard")
    s.start_nginx(s.dir / "careboard")


def main():
    folder, pages, *units = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.umask(0o022)
    tempfile.tempdir = folder
    with Demo(init=False) as s:
        set_up(s, pages, units)
        found = {"school": s.dir, "port": s.ports["8883"], "user": USER, "password": PASSWORD,
                 "address": f"https://localhost:{s.web_ports['443']}/"}
        text = "".join(f"{name}={value}\n" for name, value in found.items())
        Path(folder, "board").write_text(text, encoding="utf-8")
        say("ready")
        ended, _ = os.wait()
        say(f"{'nginx' if ended == s.nginx.pid else 'mosquitto'} ended")
        return 1


if __name__ == "__main__":
    sys.exit(main())
