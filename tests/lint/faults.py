# SPDX-License-Identifier: EUPL-1.2
"""The faults that Schoolpoort must survive, each with the tests that show it: tests/faults.md.

A row of that table names its tests in backticks; each must exist, under the row's number in lower
case. A row without any says `open:` and why. So neither a fault nor a test disappears unnoticed.
"""

import re

TABLE = "tests/faults.md"
# Areas of the table and their last numbers: reader, storage, MQTT, clock, screen, processes,
# security, data.
ROWS = {"N": 14, "S": 12, "M": 16, "C": 6, "U": 4, "P": 7, "X": 6, "D": 5}

IN_C = re.compile(r"\bcmocka_unit_test\w*\(\s*(\w+)")
IN_CMAKE = re.compile(
    r"\b(?:add_test\(\s*NAME|schoolpoort_long_test\(|schoolpoort_unit_test\()\s*([\w${}]+)")
IN_PYTHON = re.compile(r"^def ([nsmcupxd]\d+_\w+)\(", re.MULTILINE)


def tests_of(tree):
    """Patterns of the names of all tests; a variable of CMake stands for anything."""
    names = set()
    for path in tree.files():
        if not path.startswith("tests/"):
            continue
        if path.endswith(".c"):
            names.update(IN_C.findall(tree.text(path)))
        elif path.endswith((".cmake", "CMakeLists.txt")):
            names.update(IN_CMAKE.findall(tree.text(path)))
        elif path.endswith(".py"):
            names.update(IN_PYTHON.findall(tree.text(path)))
    return [re.compile(re.sub(r"\\\$\\\{\w+\\\}", r"\\w+", re.escape(n))) for n in names]


def check_faults(tree, report):
    if TABLE not in tree.paths:
        return
    tests = tests_of(tree)
    wanted = {f"{area}{n}" for area, last in ROWS.items() for n in range(1, last + 1)}
    for number, line in enumerate(tree.text(TABLE).split("\n"), 1):
        cells = [c.strip() for c in line.split("|")]
        if len(cells) < 4 or not re.fullmatch(r"[A-Z]\d+", cells[1]):
            continue
        row, named = cells[1], re.findall(r"`(\w+)`", cells[2])
        if row not in wanted:
            report(TABLE, number, f"{row} is no row, or stands twice")
        wanted.discard(row)
        if not named and not cells[3].startswith("open:"):
            report(TABLE, number, f"{row} names no test: write one, or say `open:` and why")
        for name in named:
            if row.lower() not in name.split("_"):
                report(TABLE, number, f"{name} doesn't have {row} in its name")
            if not any(t.fullmatch(name) for t in tests):
                report(TABLE, number, f"no test is called {name}")
    for row in sorted(wanted):
        report(TABLE, 1, f"{row} is missing")
