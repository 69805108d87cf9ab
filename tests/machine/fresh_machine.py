# SPDX-License-Identifier: EUPL-1.2
"""From a fresh Debian 12 with the packages to an alert at the care team; then a release that does no good.
fresh_machine.py FOLDER-OF-PROGRAMS (the emulated reader's)

One machine is server and gate here. systemd runs in it as at a school: each unit with its own user, confined as it is
shipped. What a test adds stands in drop-ins: the simulated clock, and no display.
"""

import ctypes
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "broker"))
import mqtt  # noqa: E402
from machine import DEADLINE_S, SOURCE, Machine, skip, wait  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1]).resolve()  # the emulated reader's
PASSWORD = "een lang wachtwoord"
SAMPLE = SOURCE / "broker-config/contract/sample"
LATE, IN_TIME = "0000012346", "0000012345"  # Yassine and Noor of 3A, who begin at 08:25
CARD_LATE, CARD_IN_TIME = "deadbeef", "04a1b2c3d4e5f6"
ROOT = "schoolpoort/sint-jan/"


class NetworkOf:
    """Sockets made in here are the machine's."""

    def __init__(self, leader):
        self.leader = leader

    def switch(self, fd):
        assert ctypes.CDLL(None, use_errno=True).setns(fd, 0) == 0, os.strerror(ctypes.get_errno())

    def __enter__(self):
        self.own = os.open("/proc/self/ns/net", os.O_RDONLY)
        fd = os.open(f"/proc/{self.leader}/ns/net", os.O_RDONLY)
        self.switch(fd)
        os.close(fd)

    def __exit__(self, *_):
        self.switch(self.own)
        os.close(self.own)


class Reader:
    """A PN532 on a pseudo-terminal, which is the machine's serial port."""

    def __init__(self, machine):
        self.control = machine.dir / "emu.sock"
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", PROGRAMS / "pn532_emu", "--link", machine.dir / "tty", "--control", self.control],
            stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("ready")
        self.port = os.readlink(machine.dir / "tty")
        dialout = [line.split(":")[2] for line in (machine.root / "etc/group").read_text().splitlines()
                   if line.startswith("dialout:")]
        os.chown(self.port, 0, int(dialout[0]))
        os.chmod(self.port, 0o660)

    def tell(self, line):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(DEADLINE_S)
            s.connect(str(self.control))
            s.sendall(line.encode() + b"\n")
            assert not s.makefile().readline().startswith("error"), line

    def hold(self, card, until):
        """Until it was seen, as a pupil does."""
        self.tell(f"place {card}")
        wait("a tap", until)
        self.tell("remove")

    def end(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)


def ctl(m, unit, *words, status=0):
    return m.inside("schoolpoortctl", "--config", f"/etc/schoolpoort/{unit}.conf", *words, status=status)


def answer(m, unit, *words):
    """None where it doesn't answer yet."""
    try:
        return json.loads(ctl(m, unit, "--json", *words, status=None))
    except json.JSONDecodeError:
        return None


def of_gate(m, key):
    return (answer(m, "unit", "status") or {}).get(key)


def state_of(m, unit, *keys):
    said = m.inside("systemctl", "show", unit, *(f"--property={k}" for k in keys))
    return tuple(dict(line.split("=", 1) for line in said.splitlines()).get(k) for k in keys)


# ---- the machine before anybody came ----

def x6_nobody_can_log_in(m):
    m.inside("systemctl", "start", "getty@tty1.service")
    assert state_of(m, "getty@tty1.service", "ActiveState", "ConditionResult") == ("inactive", "no")
    # Of a serial port's device a container knows nothing.
    assert "\nConditionPathExists=/run/schoolpoort-maintenance" in m.inside("systemctl", "cat", "serial-getty@ttyAMA0")
    assert state_of(m, "ctrl-alt-del.target", "LoadState") == ("masked",)
    said = m.inside("systemd-analyze", "cat-config", "systemd/journald.conf")
    assert "\nSystemMaxUse=48M" in said
    said = m.inside("systemctl", "show", "--property=RuntimeWatchdogUSec", "--property=CtrlAltDelBurstAction")
    assert "CtrlAltDelBurstAction=none" in said, said


def a_unit_without_configuration_waits(m):
    for program in ("kiosk", "reader", "screen", "register"):
        got = state_of(m, f"schoolpoort-{program}", "ActiveState", "ExecMainStatus", "NRestarts")
        assert got == ("failed", "2", "0"), (program, got)


# ---- a school ----

def a_school_from_its_recipe(m):
    """As broker-config/it/ten-steps.md has it."""
    m.inside("schoolpoort-provision", "init", "sint-jan", "--name", "Sint-Jan", "--host", "localhost")
    m.inside("systemctl", "restart", "mosquitto", "nginx")
    m.inside("schoolpoort-provision", "unit", "gate-1", "--out", "/boot/firmware/gate-1.schoolpoort")
    m.inside("schoolpoort-provision", "unit", "register", "--out", "/srv/register.schoolpoort")
    m.inside("schoolpoort-join", "/srv/register.schoolpoort", "--request", "/srv/register.request")
    m.inside("schoolpoort-provision", "sign", "/srv/register.request")
    m.inside("schoolpoort-join", "--certificate", "/srv/register.crt")
    m.inside("schoolpoort-provision", "person", "care", "ann", stdin=PASSWORD + "\n")
    wait("the register", lambda: answer(m, "register", "status"))
    for what in ("timetable", "calendar", "pupils", "excused", "cards"):
        ctl(m, "register", "import", what, f"/srv/sample/{what}.csv")


def the_websocket_port_stays_closed(m):
    """Debian's nftables.service empties every table when it starts and when it is reloaded."""
    def closed():
        return "dport 9001" in m.inside("nft", "list", "table", "inet", "schoolpoort_broker", status=None)
    for word in ("restart", "reload"):
        m.inside("systemctl", word, "nftables")
        wait(f"the table after a {word}", closed)


def one_bundle_makes_a_gate(m):
    """The bundle lies on the boot partition; the rest is the unit's: key, request by the network, certificate."""
    m.inside("systemctl", "start", "schoolpoort-join.service")
    assert not (m.root / "boot/firmware/gate-1.schoolpoort").exists(), "it holds the card key"
    wait("the gate's certificate", lambda: m.inside("systemctl", "start", "schoolpoort-join.service") is not None
         and not (m.root / "etc/schoolpoort/tls/unit.request").exists())
    owner = m.inside("stat", "-c", "%U %a", "/etc/schoolpoort/tls/unit.key", "/etc/schoolpoort/unit.card.key")
    assert owner == "schoolpoort-kiosk 600\n" * 2, owner
    # Without a word from anybody: its programs were started by the bundle.
    said = ctl(m, "unit", "doctor", "--only", "program,database,reader,screen,broker,certificate", "--wait", DEADLINE_S)
    assert said.count("ok ") == 6, said
    wait("the pupils at the gate", lambda: (answer(m, "unit", "status") or {}).get("pupils", 0) > 0)


def each_program_runs_as_its_own(m):
    for program in ("kiosk", "reader", "screen", "register"):
        pid, main = state_of(m, f"schoolpoort-{program}", "MainPID", "ActiveState")
        assert main == "active"
        user = m.inside("stat", "-c", "%U", f"/proc/{pid}").strip()
        assert user == f"schoolpoort-{program}", (program, user)
        status = m.inside("cat", f"/proc/{pid}/status")
        for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
            assert line in status, (program, line)


def a_tap_becomes_an_alert(m, reader):
    ca = m.root / "etc/schoolpoort/broker/ca.crt"
    with NetworkOf(m.leader):
        ann = mqtt.Client(443, "schoolpoort-board", mqtt.tls(ca), user="ann", password=PASSWORD, websocket=True)
    ann.subscribe(ROOT + "care/event", ROOT + "care/alert/#")

    def alert():
        ann.ping()
        return [json.loads(p) for t, p, _ in ann.messages if t == ROOT + "care/event" and LATE in t + p]

    begin = time.monotonic()
    for n, card in enumerate((CARD_IN_TIME, CARD_LATE), 1):
        reader.hold(card, lambda n=n: of_gate(m, "taps_today") == n)
    found = wait("the alert", alert)[0]
    print(f"figure: from a card at a packaged gate to the care team {1000 * (time.monotonic() - begin):.0f} ms"
          " (two cards one after the other, systemd in a container, TLS)")
    assert found["kind"] == "late" and found["pupil"]["id"] == LATE and found["state"] == "open", found
    assert found["minutes_late"] >= 5, found
    wait("the same at its own topic", lambda: ann.ping() or any(
        t.startswith(ROOT + "care/alert/") and LATE in t for t, _, _ in ann.messages))
    ann.close()
    rows = answer(m, "register", "pupil", "show", LATE)["half_days"]
    assert any(r["date"] == "2026-11-23" and r["mark"] == "L" and r["gate"] == "gate-1" for r in rows), rows
    wait("all of it confirmed", lambda: of_gate(m, "queue") == 0)


# ---- updates ----

def p7_not_in_the_morning(m):
    """Whoever starts it: by the simulated clock it is half past eight."""
    for unit in ("apt-daily", "apt-daily-upgrade"):
        m.inside("systemctl", "start", unit)
        got = state_of(m, unit, "Result", "ActiveState", "ExecMainPID")
        assert got == ("exec-condition", "inactive", "0"), (unit, got)


def release(m, version, spoil=None):
    """The packages once more, under another version, in the group's own repository; spoil: a program that does no good."""
    built, old = m.dir / version, None
    built.mkdir()
    for deb in sorted((SOURCE / "build/packages").glob("*.deb")):
        if deb.stem.rsplit("_", 1)[1] not in ("all", m.host("dpkg", "--print-architecture").strip()):
            continue
        tree = m.dir / "tree"
        m.host("dpkg-deb", "-R", deb, tree)
        control = (tree / "DEBIAN/control").read_text()
        old = next(line.split()[1] for line in control.splitlines() if line.startswith("Version:"))
        (tree / "DEBIAN/control").write_text(control.replace(old, version))
        if spoil and (tree / "usr/bin" / spoil).exists():
            (tree / "usr/bin" / spoil).write_text("#!/bin/sh\nexit 1\n")
        m.host("dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, built)
        shutil.rmtree(tree)
    repository, keys = m.root / "srv/apt", m.dir / "keys"
    if not keys.exists():
        keys.mkdir(mode=0o700)
        repository.mkdir(parents=True)
        m.host("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "group@school.example", "ed25519", "sign",
               "0", GNUPGHOME=keys)
    m.host(SOURCE / "firmware-app/packaging/apt-repository", repository, "group@school.example", *built.glob("*.deb"),
           GNUPGHOME=keys)
    m.write("/etc/apt/keyrings/schoolpoort.asc", (repository / "schoolpoort.asc").read_text())
    m.inside("apt-get", "-q", "update")
    said = m.inside("apt-cache", "policy")
    assert "o=Schoolpoort" in said, said
    said = m.inside("apt-config", "dump", "Unattended-Upgrade")
    assert '::Origins-Pattern:: "origin=Schoolpoort"' in said, said
    return old


def versions(m):
    said = m.inside("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "schoolpoort-*")
    return dict(line.split() for line in said.splitlines())


def upgrade(m):
    m.inside("sh", "-c", "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 upgrade </dev/null")
    wait("the check", lambda: state_of(m, "schoolpoort-update-check", "ActiveState")[0] in ("inactive", "failed")
         and state_of(m, "schoolpoort-update-back", "ActiveState")[0] in ("inactive", "failed")
         and not (m.root / "var/lib/schoolpoort-update/pending").exists(), 180)


def patience(m, seconds):
    """Of the check alone: the way back waits as it is shipped, until all is well."""
    m.write("/etc/systemd/system/schoolpoort-update-check.service.d/test.conf",
            f"[Service]\nEnvironment=SCHOOLPOORT_WAIT_S={seconds}\n")
    m.inside("systemctl", "daemon-reload")


def a_release_without_a_reader_goes_back(m, reader):
    old = release(m, "9.1-1", spoil="schoolpoort-reader")
    patience(m, 1)  # it never comes
    upgrade(m)
    assert set(versions(m).values()) == {old}, versions(m)
    assert state_of(m, "schoolpoort-update-check", "Result") == ("exit-code",)
    said = ctl(m, "unit", "doctor", "--only", "program,database,reader,screen", "--wait", DEADLINE_S)
    assert said.count("ok ") == 4, said
    said = ctl(m, "unit", "doctor", "--only", "update", status=1)
    assert "schoolpoort-gate 9.1-1" in said and "reader" in said.split("9.1-1:")[-1].split("->")[0], said
    assert "not well after the update" in m.inside("journalctl", "-u", "schoolpoort-update-check", "-o", "cat")
    # It isn't tried again; what was tapped is all there.
    upgrade(m)
    assert set(versions(m).values()) == {old}
    before = of_gate(m, "last_seq")
    reader.hold("04112233445566", lambda: of_gate(m, "last_seq") == before + 1)


def the_next_release_stays(m):
    release(m, "9.2-1")
    patience(m, 180)
    upgrade(m)
    assert set(versions(m).values()) == {"9.2-1"}
    assert state_of(m, "schoolpoort-update-check", "Result") == ("success",)
    assert "none was refused" in ctl(m, "unit", "doctor", "--only", "update")


def prepare(m):
    clock = f"2026-11-23T08:30:00+01:00@{int(time.time())}"
    drop_in = "[Service]\nEnvironment=SCHOOLPOORT_CLOCK=%s SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy" % clock
    for unit in ("schoolpoort-kiosk", "schoolpoort-reader", "schoolpoort-screen", "schoolpoort-register", "apt-daily",
                 "apt-daily-upgrade"):
        m.write(f"/etc/systemd/system/{unit}.service.d/test.conf", drop_in + "\n")
    m.write("/etc/apt/sources.list", "deb [signed-by=/etc/apt/keyrings/schoolpoort.asc] file:/srv/apt ./\n")
    shutil.rmtree(m.root / "etc/apt/sources.list.d", ignore_errors=True)
    # An upgrade in here restarts what runs.
    (m.root / "usr/sbin/policy-rc.d").unlink()
    m.write("/etc/hosts", "127.0.0.1 localhost\n")
    (m.root / "boot/firmware").mkdir(parents=True)
    shutil.copytree(SAMPLE, m.root / "srv/sample")


def main():
    if not (PROGRAMS / "pn532_emu").exists():
        skip("no emulated reader: the debug preset builds it")
    begin = time.monotonic()
    with Machine() as m:
        reader = Reader(m)
        print(f"the packages are installed {time.monotonic() - begin:.1f} s", flush=True)
        try:
            prepare(m)
            m.boot(f"--bind={reader.port}:/dev/ttyAMA0")
            for test, more in ((x6_nobody_can_log_in, ()), (a_unit_without_configuration_waits, ()),
                               (a_school_from_its_recipe, ()),
                               (the_websocket_port_stays_closed, ()), (one_bundle_makes_a_gate, ()),
                               (each_program_runs_as_its_own, ()), (a_tap_becomes_an_alert, (reader,)),
                               (p7_not_in_the_morning, ()), (a_release_without_a_reader_goes_back, (reader,)),
                               (the_next_release_stays, ())):
                begin = time.monotonic()
                test(m, *more)
                print("ok", test.__name__, f"{time.monotonic() - begin:.1f} s", flush=True)
        finally:
            reader.end()


if __name__ == "__main__":
    sys.exit(main())
