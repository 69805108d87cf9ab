# SPDX-License-Identifier: EUPL-1.2
"""New releases: when they may come, what is looked at after one, and the way back. updates.py FOLDER-OF-PROGRAMS

Packages are made here and installed by Debian's own dpkg into a folder; the gate is the real one with an emulated reader.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
UPDATE = SOURCE / "firmware-app/packaging/update/usr/lib/schoolpoort/update"
PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
DEADLINE_S = 120
SKIPPED = 77


class Folder:
    """A root of a machine with one gate's configuration, and a PATH that finds the programs."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="schoolpoort-update-"))
        self.processes = {}
        self.env = {"PATH": f"{PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                    "SCHOOLPOORT_ROOT": str(self.root), "SDL_VIDEODRIVER": "dummy",
                    "SDL_AUDIODRIVER": "dummy",
                    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.processes):
            self.end(name)
        shutil.rmtree(self.root)

    def run(self, *command, status=0, stdin="", **env):
        done = subprocess.run([str(c) for c in command], env={**self.env, **env}, input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        assert status is None or done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def configure(self, zone="Europe/Brussels"):
        etc = self.root / "etc/schoolpoort"
        for folder in (etc, self.root / "state", self.root / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        (etc / "card.key").write_bytes(bytes(range(32)))
        self.conf = etc / "unit.conf"
        self.conf.write_text(
            f"[school]\nid = sint-jan\ntimezone = {zone}\ncard_key_file = {etc}/card.key\n[unit]\nid = gate-1\n"
            f"[paths]\nstate_dir = {self.root}/state\nrun_dir = {self.root}/run\n"
            # No broker is there, and nothing asks for one.
            f"[broker]\nhost = 127.0.0.1\nport = 9\ntls = off\n"
            f"[reader]\nconnstring = pn532_uart:{self.root}/tty\n[screen]\nsize = 320x240\nsound = off\n")

    def start(self, name, *args):
        log = open(self.root / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", PROGRAMS / name, *args], env=self.env, stdout=log, stderr=log)

    def end(self, name):
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def gate(self):
        self.start("pn532_emu", "--link", self.root / "tty", "--control", self.root / "emu.sock")
        for name in ("kiosk", "screen", "reader"):
            self.start(f"schoolpoort-{name}", "--config", self.conf)

    def doctor(self, wait_s, status):
        return self.run("schoolpoortctl", "--config", self.conf, "doctor", "--only",
                        "program,database,reader,screen", "--wait", wait_s, status=status)

    def doctor_until(self, what, never=None):
        """Until it says so; never: what it doesn't say then. A busy machine may have kept another program for a moment."""
        end = time.monotonic() + DEADLINE_S
        while what not in (said := self.doctor(1, None)) or never and never in said:
            assert time.monotonic() < end, said
        return said

    def tell_reader(self, line):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(DEADLINE_S)
            s.connect(str(self.root / "emu.sock"))
            s.sendall(line.encode() + b"\n")
            assert not s.makefile().readline().startswith("error")

    def status(self):
        return json.loads(self.run("schoolpoortctl", "--json", "--config", self.conf, "status"))


# ---- when ----

def p7_not_while_pupils_come():
    rows = []
    # By the school's clock: winter, summer, both days of change and the Mondays after.
    for day, offset in (("2026-11-23", 1), ("2026-06-15", 2), ("2027-03-28", 2), ("2027-03-29", 2),
                        ("2026-10-25", 1), ("2026-10-26", 1)):
        for minute, may in (("06:59:59", True), ("07:00:00", False), ("08:00:00", False),
                            ("09:29:59", False), ("09:30:00", True)):
            rows.append((f"{day}T{minute}+0{offset}:00", "Europe/Brussels", may))
    rows += [("2027-03-28T00:59:59+01:00", "Europe/Brussels", True),
             ("2026-11-23T07:00:00+00:00", "Europe/Brussels", False),
             ("2026-11-23T06:59:00+00:00", "Europe/London", True),
             ("2026-11-23T08:30:00+00:00", "Europe/Brussels", True),
             ("2026-11-23T08:30:00+00:00", "Europe/London", False)]
    with Folder() as f:
        for at, zone, may in rows:
            f.configure(zone)
            said = f.run(UPDATE, "window", status=0 if may else 1, SCHOOLPOORT_CLOCK=at)
            assert may or "07:00" in said, (at, said)
        # Of two units on one machine each has its word.
        f.configure()
        (f.conf.parent / "register.conf").write_text(f.conf.read_text().replace("Brussels", "London"))
        for at, may in (("2026-11-23T05:59:00+00:00", True), ("2026-11-23T06:30:00+00:00", False),
                        ("2026-11-23T09:00:00+00:00", False), ("2026-11-23T09:30:00+00:00", True)):
            f.run(UPDATE, "window", status=0 if may else 1, SCHOOLPOORT_CLOCK=at)


def the_brokers_machine_alone():
    if not shutil.which("faketime"):
        print("  faketime is not here")
        return
    with Folder() as f:
        for at, may in (("06:58:00", True), ("07:00:00", False), ("09:28:00", False), ("09:30:00", True),
                        ("11:43:00", True), ("11:45:00", False), ("13:58:00", False), ("14:00:00", True)):
            f.run(SOURCE / "tests/broker/at.sh", f"2026-11-23 {at}", UPDATE, "window", status=0 if may else 1,
                  TZ="Europe/Brussels")


SETTINGS = SOURCE / "firmware-app/packaging/update/lib/systemd/system"


def times(timer):
    """When it may start each day: minutes of the day, the random delay's first and last."""
    text = (SETTINGS / f"{timer}.timer.d/schoolpoort.conf").read_text().splitlines()
    values = dict(line.split("=", 1) for line in text if "=" in line and line[0] != "#")
    assert text[text.index("[Timer]") + 1] == "OnCalendar=" and values["Persistent"] == "no"
    delay_min = {"1h": 60, "30min": 30}[values["RandomizedDelaySec"]]
    found = []
    for line in text:
        if line.startswith("OnCalendar=*"):
            hours, minute = line.removeprefix("OnCalendar=*-*-* ").split(":")
            first, _, last = hours.partition("..")
            for hour in range(int(first), int(last or first) + 1):
                begin = 60 * hour + int(minute)
                found.append((begin, begin + delay_min))
    return found


def a_unit_that_is_off_at_night_catches_up():
    """Lists, then programs, each wholly within the hours in which the unit is on, whatever the random delay."""
    for on, until in (("00:00", "24:00"), ("07:15", "16:00"), ("08:00", "12:30"), ("12:30", "17:00"),
                      ("17:00", "22:00"), ("07:15", "11:30")):
        on, until = (60 * int(t[:2]) + int(t[3:]) for t in (on, until))
        lists = [t for t in times("apt-daily") if on <= t[0] and t[1] <= until]
        assert any(lists and lists[0][1] <= t[0] and t[1] <= until for t in times("apt-daily-upgrade")), (on, until)
    # An hour that is refused is the next one's: the school day has no gap.
    for timer in ("apt-daily", "apt-daily-upgrade"):
        by_day = [t[0] for t in times(timer) if t[0] >= 10 * 60]
        assert {b - a for a, b in zip(by_day, by_day[1:])} == {60} and by_day[-1] >= 22 * 60, by_day
    # So often only because apt does nothing when it went well that day.
    apt = (SETTINGS.parents[2] / "etc/apt/apt.conf.d/52schoolpoort").read_text()
    for what in ("Update-Package-Lists", "Unattended-Upgrade"):
        assert f'APT::Periodic::{what} "1";' in apt, what


def a_network_that_is_away_is_no_good_day():
    """As apt-daily.service asks for the lists: without an answer there is no stamp, and the next hour tries again."""
    conf = UPDATE.with_name("unattended.conf")
    for name in ("apt-daily", "apt-daily-upgrade"):
        service = (SETTINGS / f"{name}.service.d/schoolpoort.conf").read_text()
        assert "\nEnvironment=APT_CONFIG=/usr/lib/schoolpoort/unattended.conf\n" in service, service
    with Folder() as f:
        for folder in ("lists/partial", "cache/archives/partial", "none"):
            (f.root / folder).mkdir(parents=True)
        (f.root / "sources.list").write_text("deb [trusted=yes] http://127.0.0.1:9/ ./\n")
        own = {"Dir::State::lists": "lists", "Dir::Cache": "cache", "Dir::Etc::sourcelist": "sources.list",
               "Dir::Etc::sourceparts": "none", "Dir::Etc::parts": "none"}
        options = [w for name, at in own.items() for w in ("-o", f"{name}={f.root / at}")]
        said = f.run("apt-get", "-qq", "-y", "-o", "APT::Sandbox::User=root", *options, "update", status=100,
                     APT_CONFIG=str(conf))
        assert "127.0.0.1" in said, said


def p7_a_timer_never_starts_in_the_morning():
    """As systemd computes it, random delay included; and what a person starts is asked too."""
    units = SETTINGS
    for name in ("apt-daily", "apt-daily-upgrade"):
        for begin, end in times(name):
            assert begin >= 9 * 60 + 30 or end <= 7 * 60, (name, begin)
            assert end <= 24 * 60, (name, begin)
        service = (units / f"{name}.service.d/schoolpoort.conf").read_text()
        assert "\nExecCondition=/usr/lib/schoolpoort/update window\n" in service
    # A renewed certificate of the broker is a reload: not then either; and not once a day alone, when a server may be off.
    text = (SOURCE / "broker-config/systemd/schoolpoort-renew.timer").read_text()
    assert "\nRandomizedDelaySec=1h\n" in text and "\nPersistent=no\n" in text
    hours = text.split("\nOnCalendar=*-*-* ")[1].split(":00\n")[0].split(",")
    assert len(hours) == 2 and all(int(h) >= 10 for h in hours), hours


# ---- is it well ----

def well_without_a_network_and_not_without_a_reader():
    with Folder() as f:
        f.configure()
        f.env["SCHOOLPOORT_CLOCK"] = f"2026-11-23T10:00:00+01:00@{int(time.time())}"
        f.doctor(0, 1)  # nothing runs
        f.gate()
        said = f.doctor(DEADLINE_S, 0)
        assert [line.split()[0] for line in said.splitlines()] == ["ok"] * 4, said
        assert f.status()["broker"]["connected"] is False

        f.run("schoolpoortctl", "--config", f.conf, "may-update")
        f.tell_reader("place 04a1b2c3d4e5f6")
        end = time.monotonic() + DEADLINE_S
        while "last_tap_s" not in f.status():
            assert time.monotonic() < end, "the tap"
        said = f.run(UPDATE, "window", status=1)
        assert "tapping" in said, said
        f.tell_reader("remove")

        f.end("schoolpoort-screen")  # draws nothing
        f.doctor_until("BAD      screen", never="BAD      reader")
        f.start("schoolpoort-screen", "--config", f.conf)
        f.doctor(DEADLINE_S, 0)
        f.end("pn532_emu")
        f.doctor_until("BAD      reader", never="BAD      screen")


def a_database_that_does_not_open():
    with Folder() as f:
        f.configure()
        (f.root / "state/kiosk.db").mkdir()  # no file that could be moved aside
        (f.root / "state/kiosk.db/x").touch()
        f.env["SCHOOLPOORT_CLOCK"] = "2026-11-23T10:00:00+01:00"
        f.gate()
        said = f.doctor_until("reader             pn532")
        assert "database" in said and "ok       database" not in said, said


# ---- keep, check, back ----

CTL = """#!/bin/sh
# What the installed release is like stands in it.
for word; do [ "$word" != may-update ] || exit 0; done
cat "$SCHOOLPOORT_ROOT/usr/share/schoolpoort/is"
! grep -q -v '^ok' "$SCHOOLPOORT_ROOT/usr/share/schoolpoort/is"
"""
WELL = "ok       program x\nok       reader x\nok       database x\nok       screen x\n"
ILL = WELL.replace("ok       reader x", "BAD      reader none -> its cable")


class Packages(Folder):
    def __init__(self):
        super().__init__()
        admin = self.root / "var/lib/dpkg"
        for folder in ("info", "updates", "triggers", "parts"):
            (admin / folder).mkdir(parents=True)
        (admin / "status").touch()
        (self.root / "bin").mkdir()
        ctl = self.root / "bin/schoolpoortctl"
        ctl.write_text(CTL)
        ctl.chmod(0o755)
        self.env.update(PATH=f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", DPKG_ROOT=str(self.root),
                        DPKG_ADMINDIR=str(admin), SCHOOLPOORT_WAIT_S="0")
        self.configure()

    def build(self, version, text, conf="theirs\n"):
        for package, own in (("schoolpoort-common", {}), ("schoolpoort-gate", {
                "usr/share/schoolpoort/is": text, "lib/systemd/system/x.service": f"# {version}\n",
                f"usr/share/schoolpoort/only-{version}": "", "etc/schoolpoort/x.conf": conf,
                "etc/schoolpoort/y.conf": f"of {version}\n", "etc/schoolpoort/z.conf": "z\n"})):
            tree = self.root / f"build/{package}_{version}"
            for name, data in {**own, f"usr/share/doc/{package}/changelog": version}.items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(data)
            (tree / "DEBIAN").mkdir()
            needs = f"Depends: schoolpoort-common (= {version})\n" if own else ""
            (tree / "DEBIAN/control").write_text(
                f"Package: {package}\nVersion: {version}\nArchitecture: all\n{needs}Maintainer: a <a@example.com>\n"
                f"Description: a package\n of a test\n")
            if own:
                (tree / "DEBIAN/conffiles").write_text(
                    "".join(f"/etc/schoolpoort/{n}.conf\n" for n in "xyz"))
            self.run("dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, tree.parent)
        return sorted((self.root / "build").glob(f"*_{version}_all.deb"))

    def install(self, debs):
        self.run("dpkg", "--force-not-root,confold,confdef", "-i", *debs)  # as apt with our options

    def versions(self):
        return self.run("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "schoolpoort-*").split()[1::2]

    def update(self, debs):
        self.run(UPDATE, "keep", stdin="".join(f"{d}\n" for d in debs))
        self.install(debs)

    state = property(lambda self: self.root / "var/lib/schoolpoort-update")
    pin = property(lambda self: self.root / "etc/apt/preferences.d/schoolpoort-refused")


def an_update_that_is_well_stays():
    with Packages() as p:
        p.install(p.build("1.0-1", WELL))
        p.run(UPDATE, "check")
        p.run(UPDATE, "keep", stdin="/var/cache/apt/archives/libc6_2.36_amd64.deb\n")
        assert not p.state.exists(), "nothing of ours"
        p.update(p.build("1.1-1", WELL))
        assert (p.state / "pending").exists()
        assert "well after" in p.run(UPDATE, "check") and not (p.state / "pending").exists()
        assert p.versions() == ["1.1-1"] * 2 and not p.pin.exists()
        # Kept before, and never installed: as apt leaves it where it gives up.
        p.run(UPDATE, "keep", stdin="schoolpoort-gate_1.2-1_all.deb\n")
        assert p.run(UPDATE, "check") == "" and not (p.state / "pending").exists()


def an_update_that_is_not_well_goes_back():
    with Packages() as p:
        p.install(p.build("1.0-1", WELL))
        (p.root / "etc/schoolpoort/x.conf").write_text("ours\n")
        (p.root / "etc/schoolpoort/z.conf").unlink()
        (p.root / "lib").rename(p.root / "usr/lib")  # as Debian has it
        (p.root / "lib").symlink_to("usr/lib")
        bad = p.build("1.1-1", ILL, "theirs, of 1.1\n")
        p.update(bad)
        assert p.versions() == ["1.1-1"] * 2
        assert "reader" in p.run(UPDATE, "check", status=1) and (p.state / "pending").exists()
        assert "well again" in p.run(UPDATE, "back")
        assert p.versions() == ["1.0-1"] * 2 and not (p.state / "pending").exists()
        share = p.root / "usr/share/schoolpoort"
        assert (share / "only-1.0-1").exists() and not (share / "only-1.1-1").exists()
        assert (p.root / "lib/systemd/system/x.service").read_text() == "# 1.0-1\n"
        assert os.listdir(p.root / "etc/schoolpoort").count("x.conf.dpkg-dist") == 0
        assert (p.state / "refused").read_text() == "schoolpoort-common 1.1-1,schoolpoort-gate 1.1-1: reader\n"
        pin = p.pin.read_text()
        assert "Package: schoolpoort-gate\nPin: version 1.1-1\nPin-Priority: -1\n" in pin, pin
        p.run(UPDATE, "check")
        # The next release is looked at by itself, and ends it.
        p.update(p.build("1.2-1", WELL))
        p.run(UPDATE, "check")
        assert p.versions() == ["1.2-1"] * 2 and not p.pin.exists() and not (p.state / "refused").exists()
        # Whatever went to and fro: the school's configuration is the school's, and what it left alone is the release's.
        assert (p.root / "etc/schoolpoort/x.conf").read_text() == "ours\n"
        assert (p.root / "etc/schoolpoort/y.conf").read_text() == "of 1.2-1\n"
        assert not (p.root / "etc/schoolpoort/z.conf").exists()


def what_was_broken_before_bars_no_update():
    with Packages() as p:
        p.install(p.build("1.0-1", ILL))
        p.update(p.build("1.1-1", WELL.replace("ok       reader x\n", "")))  # doctor is asked for the other three
        p.run(UPDATE, "check")
        asked = (p.state / "well-unit.conf").read_text().strip().split(",")
        assert sorted(asked) == ["database", "program", "screen"]
        assert p.versions() == ["1.1-1"] * 2


def two_steps_of_one_update_keep_the_first():
    with Packages() as p:
        p.install(p.build("1.0-1", WELL))
        p.update(p.build("1.1-1", ILL))
        p.update(p.build("1.2-1", ILL))
        p.run(UPDATE, "check", status=1)
        p.run(UPDATE, "back")
        assert p.versions() == ["1.0-1"] * 2


def both_releases_are_ill():
    """The way back is taken once, and then somebody must look."""
    with Packages() as p:
        p.install(p.build("1.0-1", WELL))
        p.update(p.build("1.1-1", ILL))
        for deb in (p.root / "var/cache/schoolpoort/packages").glob("schoolpoort-gate*.deb"):
            deb.write_bytes(b"cut")
        p.run(UPDATE, "check", status=1)
        assert "somebody must look" in p.run(UPDATE, "back", status=1)
        assert not (p.state / "pending").exists() and p.pin.exists()


def no_way_back_no_update():
    with Packages() as p:
        p.install(p.build("1.0-1", WELL))
        assert "no update is being looked at" in p.run(UPDATE, "back")
        cache = p.root / "var/cache"
        cache.mkdir(parents=True)
        (cache / "schoolpoort").touch()  # no folder can be made there
        step = {"stdin": "schoolpoort-gate_1.1-1_all.deb\n"}
        said = p.run(UPDATE, "keep", status=1, **step)
        assert said.count("no way back can be kept") == 1 and "SCHOOLPOORT_NO_WAY_BACK=1" in said, said
        assert not (p.state / "pending").exists()
        # Nor where packing breaks off in the middle.
        (cache / "schoolpoort").unlink()
        (p.root / "bin/dpkg-deb").write_text("#!/bin/sh\nexit 2\n")
        (p.root / "bin/dpkg-deb").chmod(0o755)
        assert p.run(UPDATE, "keep", status=2, **step).count("no way back can be kept") == 1
        # Debian's own packages don't wait for that, nor does a person who says so.
        p.run(UPDATE, "keep", stdin="libc6_2.36_amd64.deb\n")
        assert "as you wish" in p.run(UPDATE, "keep", SCHOOLPOORT_NO_WAY_BACK="1", **step)
        p.run(UPDATE, "check")
        assert not (p.state / "pending").exists()


def who_types_apt_is_asked():
    """Files of /etc that both have changed: the night keeps the school's, a person is asked by dpkg."""
    if not shutil.which("apt-config"):
        print("  apt is not here")
        return
    shipped = UPDATE.parents[3]
    service = (shipped / "lib/systemd/system/apt-daily-upgrade.service.d/schoolpoort.conf").read_text()
    conf = service.split("\nEnvironment=APT_CONFIG=")[1].split("\n")[0]
    with Folder() as f:
        for env, options in (({}, 0), ({"APT_CONFIG": f"{shipped}{conf}"}, 2)):
            said = f.run("apt-config", "-o", f"Dir::Etc::Parts={shipped}/etc/apt/apt.conf.d", "dump", **env)
            assert said.count('"--force-conf') == options, said


def main():
    if not shutil.which("dpkg-deb"):
        print("skipped: no dpkg here")
        return SKIPPED
    for test in (p7_not_while_pupils_come, the_brokers_machine_alone, p7_a_timer_never_starts_in_the_morning,
                 a_unit_that_is_off_at_night_catches_up, a_network_that_is_away_is_no_good_day,
                 well_without_a_network_and_not_without_a_reader, a_database_that_does_not_open,
                 an_update_that_is_well_stays, an_update_that_is_not_well_goes_back,
                 what_was_broken_before_bars_no_update, two_steps_of_one_update_keep_the_first,
                 both_releases_are_ill, no_way_back_no_update, who_types_apt_is_asked):
        begin = time.monotonic()
        test()
        print("ok", test.__name__, f"{time.monotonic() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
