#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""X1's second half: what is readable on stolen disks stands in the privacy note, and nothing else does.

stolen_note.py [--list] GATE_STATE REGISTER_STATE

The note (broker-config/it/privacy.md) has a table below each comment `stolen: PLACE`: fields in the first cell, what they
show of a pupil in the last one. Every table and column of the databases and every file must be there, and no other. Then the
sample school's pupils are looked for in every value: a field that holds one says so, and one that says so has been seen with
it, as far as this morning filled it. --list prints what was found.
"""

import csv
import json
import pathlib
import re
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTE = ROOT / "broker-config/it/privacy.md"
CONTRACT = ROOT / "broker-config/contract"
PLACES = ("gate", "gates-data", "register", "files", "broker")
# What the last cell may say. "-": nothing of a pupil; the others aren't looked for by value.
SOUGHT = ("number", "first name", "last name", "class", "card hash")
OTHERS = ("-", "when", "language", "mark", "reason", "code", "note", "words", "who works here", "message")


def note():
    """{place: {field: {what it shows}}}"""
    tables = {}
    for place, table in re.findall(r"^<!-- stolen: ([\w-]+) -->\n((?:\|.*\n)+)", NOTE.read_text(), re.M):
        rows = tables.setdefault(place, {})
        for line in table.splitlines()[2:]:
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            shows = {word.strip() for word in cells[-1].split(",")}
            assert shows <= {*SOUGHT, *OTHERS}, f"{place}: {cells[-1]}: not one of {SOUGHT + OTHERS}"
            for field in re.findall(r"`([^`]+)`", cells[0]):
                assert field not in rows, f"{place}: {field} stands there twice"
                rows[field] = shows
    assert set(tables) == set(PLACES), sorted(tables)
    return tables


def leaves(value, path=""):
    """(path, text) of each value of a JSON document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def schema_leaves(schema, path=""):
    """The paths that a message may have, but for arrays' own."""
    kind = schema.get("type")
    if kind == "object":
        for key, inner in schema["properties"].items():
            yield from schema_leaves(inner, f"{path}.{key}".lstrip("."))
    elif kind == "array":
        inner = schema.get("items")
        yield from schema_leaves(inner if isinstance(inner, dict) else {}, f"{path}[]")
    else:
        yield path


def sought():
    """{what: test of a value}"""
    with open(CONTRACT / "sample/pupils.csv", newline="", encoding="utf-8") as f:
        pupils = list(csv.DictReader(f, delimiter=";"))
    numbers = {int(p["pupil_id"]) for p in pupils}

    def words(column):
        pattern = re.compile("|".join(rf"(?<!\w){re.escape(p[column])}(?!\w)" for p in pupils))
        return lambda v: isinstance(v, str) and bool(pattern.search(v))

    def number(v):
        return v in numbers if isinstance(v, int) else isinstance(v, str) and any(f"{n:010}" in v for n in numbers)

    return {"number": number, "first name": words("first_name"), "last name": words("last_name"),
            "class": words("class")}


def rows_of(path):
    """(table.column, value) of everything in a database; a column without rows once, with None."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.text_factory = lambda b: b.decode("utf-8", "replace")
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        for column in columns:
            yield f"{table}.{column}", None
        for row in db.execute(f"SELECT * FROM {table}"):
            yield from ((f"{table}.{column}", value) for column, value in zip(columns, row))
    db.close()


def what_is_there(values, tests):
    """{field: {what was seen in it}}"""
    seen = {}
    for field, value in values:
        shows = seen.setdefault(field, set())
        if isinstance(value, bytes):
            if len(value) == 16 and value in tests["card hash"]:
                shows.add("card hash")
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and any(card.hex() in value for card in tests["card hash"]):
            shows.add("card hash")
        shows.update(what for what, test in tests.items() if what != "card hash" and test(value))
    return seen


def compare(place, noted, found, bad):
    bad += [f"{place}: {field} is there, and not in the note" for field in sorted(set(found) - set(noted))]
    bad += [f"{place}: {field} is in the note, and not there" for field in sorted(set(noted) - set(found))]
    for field in sorted(set(noted) & set(found)):
        for what in SOUGHT:
            if what in found[field] and what not in noted[field]:
                bad.append(f"{place}: {field} holds a {what}, and the note doesn't say so")


def compare_files(noted, folders, bad):
    """A pattern of the note for each file, and no pattern for nothing that a gate can have."""
    for folder in folders:
        for path in sorted(pathlib.Path(folder).iterdir()):
            if not any(path.match(pattern) for pattern in noted):
                bad.append(f"files: {path.name} is there, and not in the note")


def main():
    listing = "--list" in sys.argv
    gate, register = sys.argv[-2:]
    tests = sought()
    tests["card hash"] = {value for field, value in rows_of(f"{register}/register.db")
                          if field in ("card.hash", "checkin.card") and value and any(value)}
    on_gate = list(rows_of(f"{gate}/kiosk.db"))
    data = next(value for field, value in on_gate if field == "data.bytes" and value)
    found = {"gate": what_is_there(((f, v if f != "data.bytes" else None) for f, v in on_gate), tests),
             "gates-data": what_is_there(leaves(json.loads(data)), tests),
             "register": what_is_there(rows_of(f"{register}/register.db"), tests)}
    schema = json.loads((CONTRACT / "schema/gates-data.json").read_text())
    may = set(schema_leaves(schema))
    assert set(found["gates-data"]) <= may, set(found["gates-data"]) - may
    found["gates-data"] |= {path: set() for path in may - set(found["gates-data"])}
    retained = re.findall(r"^\| `([^`]+)` \| [^|]* \| R \|", (CONTRACT / "topics.md").read_text(), re.M)
    found["broker"] = {topic: set() for topic in retained}
    if listing:
        for place, fields in found.items():
            print(f"<!-- stolen: {place} -->")
            for field, shows in fields.items():
                print(f"| `{field}` | | {', '.join(sorted(shows)) or '-'} |")
        return 0
    bad, noted = [], note()
    for place, fields in found.items():
        compare(place, noted[place], fields, bad)
    for place in ("gate", "gates-data"):
        for field, shows in noted[place].items():
            for what in shows & set(SOUGHT):
                if field in found[place] and what not in found[place][field]:
                    bad.append(f"{place}: the note says that {field} shows a {what}; nobody saw one")
    compare_files(noted["files"], (gate, register), bad)
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
