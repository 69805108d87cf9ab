#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Validates recorded MQTT messages against the contract's schemas.

    validate.py SCHEMA_DIR [FILE]   lines of {"topic": ..., "payload": ...} from FILE or standard input
    validate.py SCHEMA_DIR --self-test

A payload is the message's text, or the message itself as an object; "" or null is an empty one,
which is allowed on retained topics. Beside the schema, what the topic says must agree with the
message. Exit status: 0 all valid, 1 something isn't (line, topic and reason on standard error, no
payload), 2 usage.
"""

import datetime
import json
import pathlib
import re
import sys

import jsonschema

# Topics below schoolpoort/{school}/: pattern, schema, retained, fields that must equal a group.
DATE, HALF = r"(?P<date>\d{4}-\d\d-\d\d)", r"(?P<half>am|pm)"
GATE, USER = r"(?P<gate>[a-z0-9-]{1,32})", r"[a-z0-9-]{1,32}"
TOPICS = [
    (re.compile(pattern), schema, retained)
    for pattern, schema, retained in (
        (rf"gate/{GATE}/state", "gate-state", True),
        (rf"gate/{GATE}/checkin", "checkin", False),
        (r"gate/[a-z0-9-]{1,32}/confirm", "confirm", False),
        (r"gates/data", "gates-data", True),
        (r"gates/arrival", "arrival", False),
        (r"register/state", "register-state", True),
        (r"care/alert/(?P<id>[a-z0-9_-]{1,120})", "alert", True),
        (r"care/event", "alert", False),
        (rf"care/day/{DATE}/{HALF}", "day", True),
        (rf"care/command/{USER}", "command", False),
        (rf"care/reply/{USER}", "reply", False),
        (rf"public/counts/{DATE}/{HALF}", "counts", True),
    )
]
ROOT = re.compile(r"schoolpoort/[a-z0-9-]{1,32}/(.*)", re.DOTALL)

# Debian's jsonschema checks a date-time only where another package is there too, so all three
# formats are checked here: RFC 3339 with an offset and milliseconds, as the schemas describe it.
FORMATS = jsonschema.FormatChecker(formats=())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@FORMATS.checks("date-time", raises=ValueError)
def is_time(value):
    if not isinstance(value, str):
        return True
    return bool(TIME.fullmatch(value) and datetime.datetime.fromisoformat(value))


@FORMATS.checks("date", raises=ValueError)
def is_date(value):
    if not isinstance(value, str):
        return True
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value) and datetime.date.fromisoformat(value))


@FORMATS.checks("uuid")
def is_uuid(value):
    return not isinstance(value, str) or bool(UUID.fullmatch(value))


class Refused(Exception):
    """What is wrong with a message, without its content."""


def no_duplicates(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("a field stands twice")
    return found


def no_constant(name):
    raise Refused(f"{name} is no JSON")


def parse(text):
    try:
        return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constant)
    except json.JSONDecodeError as e:
        raise Refused(f"no JSON (character {e.pos})") from None


class Contract:
    def __init__(self, folder):
        self.validators = {}
        for path in sorted(pathlib.Path(folder).glob("*.json")):
            schema = json.loads(path.read_text(encoding="utf-8"))
            jsonschema.Draft202012Validator.check_schema(schema)
            # A relative name, which the library would resolve against itself; references are local.
            schema.pop("$id", None)
            self.validators[path.stem] = jsonschema.Draft202012Validator(
                schema, format_checker=FORMATS)
        missing = {schema for _, schema, _ in TOPICS} - set(self.validators)
        if missing:
            raise SystemExit(f"{folder}: no schema {', '.join(sorted(missing))}")

    def check(self, topic, payload):
        """Raises Refused where a message isn't allowed on its topic."""
        below = ROOT.fullmatch(topic) if isinstance(topic, str) else None
        if not below:
            raise Refused("not below schoolpoort/{school}/")
        for pattern, schema, retained in TOPICS:
            named = pattern.fullmatch(below.group(1))
            if named:
                break
        else:
            raise Refused("no such topic")
        if payload in (None, ""):
            if not retained:
                raise Refused("empty, and the topic is not retained")
            return
        message = parse(payload) if isinstance(payload, str) else payload
        error = jsonschema.exceptions.best_match(self.validators[schema].iter_errors(message))
        if error:
            raise Refused(f"{schema}: {place_of(error)}: {rule_of(error)}")
        for field, value in named.groupdict().items():
            if message[field] != value:
                raise Refused(f"{schema}: {field}: not the one of the topic")

    def check_lines(self, lines):
        """Yields (line number, topic, None or reason)."""
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            topic = None
            try:
                record = parse(line)
                if not isinstance(record, dict) or set(record) < {"topic", "payload"}:
                    raise Refused("no object with topic and payload")
                topic = record["topic"]
                self.check(topic, record["payload"])
                yield number, topic, None
            except Refused as e:
                yield number, topic, str(e)


def place_of(error):
    return ".".join(str(p) for p in error.absolute_path) or "message"


def rule_of(error):
    """The schema's keyword and what it asks: never the value, which may be a pupil's."""
    if error.validator == "additionalProperties":
        return "a field that the schema doesn't have"
    if error.validator in ("required", "anyOf", "$ref"):
        missing = [k for k in error.validator_value if isinstance(k, str)]
        lacks = [k for k in missing if k not in error.instance]
        return f"{error.validator} {' '.join(lacks)}"
    return f"{error.validator} {json.dumps(error.validator_value)[:100]}"


ID = "11111111-2222-4333-8444-555555555555"
TAP = {
    "v": 1, "log": ID, "seq": 1, "id": ID, "gate": "gate-1", "result": "late", "revision": 1,
    "at": "2026-11-23T08:30:00.000+01:00", "clock": "trusted", "boot": ID, "boot_ms": 0,
    "pupil": "0000000001", "card": None, "half": None, "minutes_late": 5,
}
OFF = {"v": 1, "state": "offline", "gate": "gate-1"}
DAY = {"v": 1, "date": "2026-11-23", "half": "am", "at": TAP["at"], "classes": []}


def without(message, key):
    return {k: v for k, v in message.items() if k != key}


def self_test(contract):
    """Each broken message must be refused, each good one pass: a validator that can't fail is none."""
    tap, state, day = "s/gate/gate-1/checkin", "s/gate/gate-1/state", "s/care/day/2026-11-23/am"
    good = [(tap, TAP), (tap, json.dumps(TAP)), (state, OFF), (state, ""), (state, None), (day, DAY)]
    bad = [(tap, without(TAP, key)) for key in
           ("v", "log", "seq", "id", "gate", "result", "at", "clock", "boot", "boot_ms", "revision")]
    bad += [(tap, {**TAP, key: value}) for key, value in (
        ("v", 2), ("v", "1"), ("log", "x"), ("log", ID + "0"), ("seq", 0), ("seq", "1"),
        ("seq", 1.5), ("seq", True), ("gate", "Gate"), ("gate", "gate-2"), ("result", "already"),
        ("at", "2026-11-23"), ("at", "2026-11-23T08:30:00.000Z"), ("at", "2026-11-23T08:30:00+01:00"),
        ("at", "2026-02-30T08:30:00.000+01:00"), ("at", "2026-11-23T25:30:00.000+01:00"),
        ("clock", "ok"), ("boot_ms", -1), ("pupil", "1"), ("pupil", 1), ("card", "00"),
        ("date", "2026-02-30"), ("date", "23/11/2026"), ("date", None), ("half", "noon"),
        ("minutes_late", 1441), ("minutes_late", None), ("source", "hand"), ("name", "Nobody"))]
    bad += [(tap, text) for text in ("", None, "{", "[]", "1", json.dumps(TAP)[:-1],
                                     '{"v":1,' + json.dumps(TAP)[1:],
                                     json.dumps(TAP).replace('"seq": 1', '"seq": NaN'))]
    bad += [(day, {**DAY, "date": "2026-11-24"}), (day, {**DAY, "half": "pm"}),
            (day, {**DAY, "classes": [{}]}), ("s/gate/gate-1/other", OFF), ("s/gate/G/state", OFF),
            ("s", OFF), ("s/gate/gate-1/state/x", OFF), ("s/gate/gate-2/state", OFF)]
    rows = [(t, p, True) for t, p in good] + [(t, p, False) for t, p in bad]
    lines = [json.dumps({"topic": "schoolpoort/" + t, "payload": p}) for t, p, _ in rows]
    lines += ['{"topic": "schoolpoort/s/gates/data"}', "[]", "x", '{"topic":1,"payload":""}']
    rows += [(None, line, False) for line in lines[len(rows):]]
    wrong = 0
    for (_, payload, want), (number, topic, reason) in zip(rows, contract.check_lines(lines)):
        if want != (reason is None):
            wrong += 1
            print(f"self-test {number}: {topic} {str(payload)[:120]}: {reason}", file=sys.stderr)
    print(f"self-test: {len(good)} accepted, {len(rows) - len(good)} refused, {wrong} wrong")
    return 1 if wrong else 0


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    contract = Contract(arguments[0])
    if arguments[1:] == ["--self-test"]:
        return self_test(contract)
    source = open(arguments[1], encoding="utf-8") if arguments[1:] else sys.stdin
    with source:
        results = list(contract.check_lines(source))
    bad = [(number, topic, reason) for number, topic, reason in results if reason]
    for number, topic, reason in bad:
        print(f"line {number}: {topic}: {reason}", file=sys.stderr)
    print(f"{len(results) - len(bad)} of {len(results)} messages valid")
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
