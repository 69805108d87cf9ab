#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The contract for machines (asyncapi.yaml) says what topics.md, the schemas and the rights say.

Each of them is read for itself; a copy of the document that is wrong in one way must be found out.
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import school

try:
    import yaml
except ImportError:
    school.skip("python3-yaml is not here")

sys.path.insert(0, str(school.SOURCE / "tests/e2e"))
import validate  # noqa: E402

FOLDER = school.SHIPPED
ROOT = "schoolpoort/{school}/"
# topic, from and to, R, schema
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) → (.+?) \| (R|–|– \(QoS 0\)) \| ([a-z-]+) \|", re.MULTILINE)
# Beside the table: stands under "Additions", outside the root, and is no message of ours.
HOME = "homeassistant/device/schoolpoort-{school}-{gate}/config"
KEYS = {"asyncapi", "id", "info", "defaultContentType", "servers", "channels", "operations",
        "components"}
# Rights that topics.md gives by "#" and that nobody uses: a gate below its own name, the register below care/.
BROAD = {("register", "receive", "gateConfirm"),
         ("register", "send", "careCommand")}
ROLES = ("gate", "register", "care", "it", "homeassistant", "bridge")


def table():
    rows = {ROOT + t: (schema, r == "R", 0 if "QoS 0" in r else 1) for t, _, _, r, schema in
            ROW.findall((FOLDER / "contract/topics.md").read_text())}
    assert len(rows) >= 12, "the table of topics.md was not understood"
    return rows


def resolve(doc, ref):
    """What a reference leads to, inside the document or to a file beside it."""
    if not ref.startswith("#"):
        path = FOLDER / ref
        return json.loads(path.read_text()) if path.is_file() else None
    at = doc
    for step in ref[2:].split("/"):
        at = at.get(step) if isinstance(at, dict) else None
    return at


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def schema_of(doc, channel):
    """The name of the file, or None."""
    names = []
    for message in channel["messages"].values():
        payload = (resolve(doc, message["$ref"]) or {}).get("payload", {})
        ref = payload.get("schema", {}).get("$ref", "")
        names.append(ref.removeprefix("contract/schema/").removesuffix(".json") or None)
    return names[0] if len(names) == 1 else None


def check_channels(doc, rows):
    have = {c["address"]: c for c in doc["channels"].values()}
    if len(have) != len(doc["channels"]):
        yield "two channels have one address"
    for topic in rows.keys() - have.keys():
        yield f"{topic} of topics.md is no channel"
    for topic in have.keys() - rows.keys() - {HOME}:
        yield f"{topic} is not in topics.md"
    if HOME not in have or "homeassistant/device/" not in (FOLDER / "contract/topics.md").read_text():
        yield "Home Assistant's topic is missing on one side"
    for topic, channel in have.items():
        if set(re.findall(r"{(\w+)}", topic)) != set(channel.get("parameters", {})):
            yield f"{topic}: its parameters are others than its braces"
        if topic in rows and schema_of(doc, channel) != rows[topic][0]:
            yield f"{topic}: schema {schema_of(doc, channel)}, topics.md says {rows[topic][0]}"


def check_schemas(doc):
    named = {m.get("payload", {}).get("schema", {}).get("$ref") for m in
             doc["components"]["messages"].values()} - {None}
    files = {f"contract/schema/{p.name}" for p in (FOLDER / "contract/schema").glob("*.json")}
    for path in sorted(named ^ files):
        yield f"{path}: a schema that is there or named, and not both"
    for ref in references(doc):
        if resolve(doc, ref) is None:
            yield f"{ref} leads nowhere"


def example(doc, channel):
    topic = channel["address"]
    for name, ref in channel["parameters"].items():
        parameter = resolve(doc, ref["$ref"]) or {}
        topic = topic.replace("{" + name + "}", str((parameter.get("examples") or
                                                     parameter.get("enum") or ["?"])[0]))
    return topic


def check_operations(doc, rows):
    """Quality of service, retained, and what the tests of whole programs take these topics for."""
    sent = set()
    for name, operation in doc["operations"].items():
        key = operation["channel"]["$ref"].removeprefix("#/channels/")
        channel = doc["channels"].get(key, {"address": "", "parameters": {}})
        topic, mqtt = channel["address"], operation["bindings"]["mqtt"]
        who, verb = re.fullmatch(r"([a-z]+)(Sends|Receives)(\w+)", name).group(1, 2)
        if who not in ROLES or (operation["action"] == "send") != (verb == "Sends"):
            yield f"{name}: the name says another role or direction"
        if topic in rows and mqtt["qos"] != rows[topic][2]:
            yield f"{name}: QoS {mqtt['qos']}, topics.md says {rows[topic][2]}"
        if topic in rows and verb == "Sends" and mqtt["retain"] != rows[topic][1]:
            yield f"{name}: retain is otherwise than in topics.md"
        sent.add((key, verb))
    for key, channel in doc["channels"].items():
        if {(key, "Sends"), (key, "Receives")} - sent:
            yield f"{key}: nobody sends it, or nobody receives it"
        topic = channel["address"]
        if topic not in rows:
            continue
        below = validate.ROOT.fullmatch(example(doc, channel))
        found = [(s, r) for pattern, s, r in validate.TOPICS if below and pattern.fullmatch(below[1])]
        if found != [rows[topic][:2]]:
            yield f"{topic}: validate.py takes its example for {found}"


def rights():
    """What provision gives each role: role, direction, topic with braces."""
    out = set()
    with tempfile.TemporaryDirectory() as folder:
        run = [FOLDER / "provision", "--dir", f"{folder}/s", "--broker", f"{folder}/b", "--web",
               f"{folder}/w"]

        def provision(*args):
            subprocess.run([*run, *args], check=True, cwd=folder, input=school.PASSWORD, text=True,
                           stderr=subprocess.DEVNULL,
                           env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PROVISION_BROKER": "true"})

        provision("init", "sint-jan", "--host", "localhost")
        provision("unit", "gate-1")
        provision("unit", "register")
        provision("unit", "region", "--bridge")
        names = {"gate-1": "gate", "register": "register", "region": "bridge"}
        for name, role in (("ann", "care"), ("admin", "it"), ("home", "homeassistant")):
            provision("person", role, name)
            names[name] = role
        provision("homeassistant", "on")
        who = None
        for line in pathlib.Path(folder, "b/acl").read_text().splitlines():
            if line.startswith("user "):
                who = names[line[5:]]
            elif line.startswith("topic "):
                _, access, topic = line.split(" ", 2)
                out.add((who, {"read": "receive", "write": "send"}[access], topic))
    return out


def matches(pattern, topic):
    """An MQTT filter."""
    parts, levels = pattern.split("/"), topic.split("/")
    if parts[-1] == "#":
        parts, levels = parts[:-1], levels[:len(parts) - 1]
    return len(parts) == len(levels) and all(p in ("+", l) for p, l in zip(parts, levels))


def check_rights(doc, given):
    """Every operation is a right, and every right to a topic is an operation."""
    for name, operation in doc["operations"].items():
        channel = resolve(doc, operation["channel"]["$ref"])
        who = re.match(r"[a-z]+", name)[0]
        topic = example(doc, channel) if channel else ""
        if not any(w == who and a == operation["action"] and matches(t, topic) for w, a, t in given):
            yield f"{name}: the broker doesn't let it on {topic}"
    may = {(re.match(r"[a-z]+", n)[0], o["action"], o["channel"]["$ref"].split("/")[-1])
           for n, o in doc["operations"].items()}
    for who, action, pattern in given:
        for key, channel in doc["channels"].items():
            if (who, action, key) in may | BROAD:
                continue
            if matches(pattern, example(doc, channel)):
                yield f"{who} may {action} {key}, which is no operation"


def problems(doc, given):
    rows = table()
    if doc.get("asyncapi") != "3.0.0" or set(doc) != KEYS:
        yield "head: not AsyncAPI 3.0.0, or other parts than it has"
    yield from check_channels(doc, rows)
    yield from check_schemas(doc)
    yield from check_operations(doc, rows)
    yield from check_rights(doc, given)


def wrong_copies(doc):
    """The document, wrong in one way each."""
    def with_change(change):
        other = copy.deepcopy(doc)
        change(other)
        return other

    def drop_channel(d):
        del d["channels"]["gatesArrival"]
        for name in [n for n in d["operations"] if n.endswith("GatesArrival")]:
            del d["operations"][name]

    ref = "$ref"
    yield "version", with_change(lambda d: d.update(asyncapi="2.6.0"))
    yield "no channel", with_change(drop_channel)
    yield "a channel more", with_change(lambda d: d["channels"].update(
        more={**d["channels"]["careEvent"], "address": ROOT + "care/more"}))
    yield "another schema", with_change(lambda d: d["components"]["messages"]["reply"]["payload"]
                                        ["schema"].update({ref: "contract/schema/command.json"}))
    yield "no such schema", with_change(lambda d: d["components"]["messages"]["reply"]["payload"]
                                        ["schema"].update({ref: "contract/schema/answer.json"}))
    yield "retained", with_change(lambda d: d["operations"]["gateSendsGateCheckin"]["bindings"]
                                  ["mqtt"].update(retain=True))
    yield "QoS", with_change(lambda d: d["operations"]["registerSendsGatesArrival"]["bindings"]
                             ["mqtt"].update(qos=1))
    yield "a parameter", with_change(lambda d: d["channels"]["careReply"]["parameters"].pop("user"))
    yield "nobody sends", with_change(lambda d: d["operations"].pop("registerSendsCareEvent"))
    yield "a right too many", with_change(lambda d: d["operations"].update(
        itReceivesCareEvent=d["operations"]["careReceivesCareEvent"]))
    yield "a right too few", with_change(lambda d: d["operations"].pop("bridgeReceivesPublicCounts"))
    yield "an example", with_change(lambda d: d["components"]["parameters"]["date"].update(
        examples=["23 November"]))


def main():
    doc = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text())
    given = rights()
    found = list(problems(doc, given))
    for line in found:
        print(line)
    assert not found
    for what, other in wrong_copies(doc):
        assert list(problems(other, given)), f"not found out: {what}"


if __name__ == "__main__":
    main()
