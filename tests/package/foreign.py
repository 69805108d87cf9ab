#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The programs out of the arm64 packages, run here by qemu's user emulation.

foreign.py SYSROOT    takes the packages of build/packages
"""

import pathlib
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("schoolpoortctl", "schoolpoort-kiosk", "schoolpoort-reader", "schoolpoort-reader-reset",
            "schoolpoort-screen", "schoolpoort-register")
CONF = """[school]
id = sint-jan
card_key_file = {key}
[unit]
id = {unit}
[broker]
tls = off
[register]
gates = gate-1
"""


def main():
    sysroot = sys.argv[1]
    debs = sorted((TREE / "build/packages").glob("*_arm64.deb"))
    assert len(debs) == 3, debs
    with tempfile.TemporaryDirectory(prefix="schoolpoort-foreign-") as scratch:
        root = pathlib.Path(scratch)
        for deb in debs:
            subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
        key = root / "card.key"
        key.write_bytes(bytes(32))
        for program in PROGRAMS:
            unit = "register" if program == "schoolpoort-register" else "gate-1"
            conf = root / f"{unit}.conf"
            conf.write_text(CONF.format(key=key, unit=unit), encoding="utf-8")
            for option, wanted in (("--version", "schoolpoort"), ("--print-config", "school.id = sint-jan")):
                done = subprocess.run(["qemu-aarch64", "-L", sysroot, root / "usr/bin" / program, "--config", conf,
                                       option], capture_output=True, text=True, check=False, timeout=300)
                assert done.returncode == 0 and wanted in done.stdout, (program, option, done)
            print(f"ok: {program}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
