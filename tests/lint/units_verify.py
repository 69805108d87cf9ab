#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Lets systemd-analyze read the shipped units: nothing unknown or misspelt, and little exposed.

units_verify.py FOLDER      exit status 0: fine; 1: not; 77: no systemd-analyze here
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from units import UNCONFINED

EXPOSURE_MAX = 2.0  # of 10; what systemd calls OK ends at 4


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    return done.returncode, (done.stdout + done.stderr).strip()


def main():
    if not shutil.which("systemd-analyze"):
        print("SKIP: no systemd-analyze (Debian: systemd)")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        units = []
        for name in sorted(os.listdir(sys.argv[1])):
            if not name.endswith(".service"):
                continue
            with open(os.path.join(sys.argv[1], name), encoding="utf-8") as f:
                text = f.read()
            # Our programs aren't installed here; that they are is the package's test.
            text = re.sub(r"^(Exec\w+=[+]?)/usr/(?:bin|lib)/schoolpoort\S*", r"\1/bin/true", text,
                          flags=re.MULTILINE)
            units.append(os.path.join(scratch, name))
            with open(units[-1], "w", encoding="utf-8") as f:
                f.write(text)
        for unit in units:
            name = os.path.basename(unit)
            status, said = run("systemd-analyze", "verify", "--man=no", unit)
            if status or said:
                failed += 1
                print(f"{name}: {said or status}")
            _, said = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
            level = re.search(r"exposure level for \S+: ([\d.]+)", said)
            if name[:-len(".service")] in UNCONFINED and level:
                print(f"figure: exposure of {name} {level.group(1)} of 10 ("
                      f"{UNCONFINED[name[:-len('.service')]]})")
                continue
            if not level or float(level.group(1)) > EXPOSURE_MAX:
                failed += 1
                print(f"{name}: exposure {level.group(1) if level else said}")
            else:
                print(f"figure: exposure of {name} {level.group(1)} of 10 (systemd-analyze, at"
                      f" most {EXPOSURE_MAX})")
    if not units:
        print("no units")
    return 1 if failed or not units else 0


if __name__ == "__main__":
    sys.exit(main())
