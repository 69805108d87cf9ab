#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Every program has a page that man reads without a word, and page and --help name the same options and commands.

manuals.py BIN    the folder of the built programs
"""

import os
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
MAN = TREE / "firmware-app/packaging/man"
COMPLETION = TREE / "firmware-app/packaging/bash-completion"
BROKER = TREE / "broker-config"
GATE = TREE / "firmware-app/packaging/gate/usr/sbin"
failed = 0


def bad(text):
    global failed
    failed += 1
    print(text)


def said(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=300,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "400", "MANROFFSEQ": ""})
    return done.stdout + done.stderr


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def commands(text, indent):
    """First words of lines that are indented so far."""
    return set(re.findall(rf"^ {{{indent}}}([a-z][a-z-]*)\b", text, re.MULTILINE))


def page(name):
    """The page as people read it, with the soft hyphens of a terminal undone."""
    text = said("man", "--warnings", "-l", "-Tutf8", "-P", "cat", MAN / name)
    text = re.sub(r".\x08", "", text).replace("\u2010", "-").replace("\u2212", "-")
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def section(text, name):
    found = re.search(rf"^{name}\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def compare(name, help_text, words=None):
    text = page(name)
    here, there = options(text), options(help_text)
    if here != there:
        bad(f"{name}: only in the page {sorted(here - there)}, only in --help {sorted(there - here)}")
    if words is not None:
        told = commands(section(text, "COMMANDS"), 7)
        if told != words:
            bad(f"{name}: commands only in the page {sorted(told - words)}, only in help {sorted(words - told)}")


def completes(name, words, help_text):
    """Completion offers each command and each option, and no others."""
    text = (COMPLETION / name).read_text(encoding="utf-8")
    offered = set(re.search(r"commands='([^']*)'", text).group(1).split())
    if offered != words:
        bad(f"completion of {name}: {sorted(offered ^ words)}")
    if options(text) != options(help_text):
        bad(f"completion of {name}: {sorted(options(text) ^ options(help_text))}")
    if said("bash", "-n", COMPLETION / name):
        bad(f"completion of {name}: no bash")


def main():
    programs = pathlib.Path(sys.argv[1])
    for file in sorted(MAN.iterdir()):
        warnings = said("groff", "-man", "-ww", "-z", "-K", "utf8", file)
        if warnings:
            bad(f"{file.name}: {warnings}")
    for name in ("kiosk", "reader", "reader-reset", "screen", "signal", "register"):
        program = f"schoolpoort-{name}"
        extra = " --frames" if name == "screen" else ""  # its own, for pictures; --help tells of all programs' alone
        compare(f"{program}.8", said(programs / program, "--help") + extra)

    help_text = said(programs / "schoolpoortctl", "--help")
    words = commands(help_text.partition("Without --config")[2], 2)
    compare("schoolpoortctl.1", help_text, words)
    completes("schoolpoortctl", words, help_text)

    help_text = said(BROKER / "provision", "help")
    words = commands(help_text, 2)
    compare("schoolpoort-provision.8", help_text, words)
    completes("schoolpoort-provision", words, help_text)

    # These two tell their options in their head.
    head = (BROKER / "schoolpoort-join").read_text(encoding="utf-8").partition("set -euo")[0]
    compare("schoolpoort-join.8", head)
    completes("schoolpoort-join", set(), head)
    compare("schoolpoort-maintenance.8", "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
