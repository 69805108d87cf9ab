#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""From a school's first command to a unit with a certificate: by stick and by network, renewed, revoked, run again.

provisioning.py KIOSK REGISTER: the programs whose configuration is made. The time is faketime's.
"""

import base64
import hashlib
import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import mqtt
import school
from school import School

KIOSK, REGISTER = sys.argv[1:3]
CTL = os.path.join(os.path.dirname(KIOSK), "schoolpoortctl")


def files(*folders):
    """Each file with all that tells whether it was written again."""
    out = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "lock":
                st = path.stat()
                out[path] = (st.st_ino, st.st_mtime_ns, st.st_mode, path.read_bytes())
    return out


def key_of(certificate):
    return subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True,
                          stdout=subprocess.PIPE).stdout


def print_of(certificate):
    said = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True,
                          stdout=subprocess.PIPE).stdout
    digits = hashlib.sha256(said).hexdigest()[:20]
    return " ".join(digits[i:i + 4] for i in range(0, 20, 4))


def check_config(program, conf):
    return subprocess.run([program, "--config", conf, "--check-config"], check=False,
                          stderr=subprocess.PIPE, text=True)


def a_bundle_makes_a_gate():
    with School() as s:
        s.provision("unit", "gate-1", "--set", "reader.connstring=pn532_uart:/dev/ttyS0")
        given = s.provision("unit", "gate-2").stderr
        bundle = s.dir / "gate-1.schoolpoort"
        whole, said = bundle.read_text(), ""
        said += s.join("g1", bundle).stderr
        # What a person compares: said where it was made, where it was taken, and by the unit itself.
        ca = print_of(s.dir / "school/ca.crt")
        assert f"the CA in it is {ca}:" in given and f"gate-1: its CA is {ca}\n" in said, given + said
        assert "another CA" not in said, said
        seen = subprocess.run([CTL, "--config", s.dir / "g1/unit.conf", "doctor", "--only", "authority"],
                              check=False, stdout=subprocess.PIPE, text=True).stdout
        assert f'"Schoolpoort sint-jan", {ca}, ' in seen, seen
        assert not bundle.exists(), "it holds the card key and lies on an open partition"
        # Before anybody has signed anything, the kiosk starts: taps don't wait for a certificate.
        done = check_config(KIOSK, s.dir / "g1/unit.conf")
        assert done.returncode == 0, done.stderr
        request = s.dir / "gate-1.request"
        said += s.provision("sign", request).stderr
        # The stick that was left in with another's bundle doesn't make it that one.
        assert "is gate-1 already" in s.join("g1", "--look", s.dir, status=2).stderr
        (s.dir / "gate-2.schoolpoort").rename(s.dir / "kept")
        s.join("g1", "--look", s.dir)
        assert key_of(s.dir / "g1/tls/unit.crt") == key_of(s.dir / "gate-1.crt")
        for path in ("g1/unit.card.key", "g1/tls/unit.key", "school/card.key", "school/ca.key"):
            assert stat.S_IMODE((s.dir / path).stat().st_mode) == 0o600, path
        card = (s.dir / "school/card.key").read_bytes()
        assert (s.dir / "g1/unit.card.key").read_bytes() == card and len(card) == 32
        # Nothing of it was ever said; the unit's key isn't at the broker.
        for secret in (base64.b64encode(card).decode(), card.hex()):
            assert secret in whole or secret == card.hex()
            assert secret not in said
        private = (s.dir / "g1/tls/unit.key").read_bytes()
        assert not any(private in f[3] for f in files(s.dir / "school", s.dir / "web",
                                                       s.dir / "broker").values())
        # The register's waits for its gates, and names them.
        s.unit("register")
        conf = (s.dir / "register/register.conf").read_text()
        assert "gates = gate-1,gate-2\n" in conf, conf
        done = check_config(REGISTER, s.dir / "register/register.conf")
        assert done.returncode == 0, done.stderr


def run_again_changes_nothing():
    with School() as s:
        s.told()
        s.provision("unit", "gate-1")
        assert s.told() == ["reload"], "its rights"
        s.unit("gate-1")
        s.told()
        s.person("care", "ann")
        assert s.told() == ["reload"], "its password"
        before = files(s.dir / "school", s.dir / "broker", s.dir / "web", s.dir / "gate-1")
        s.provision("init", "sint-jan", "--host", "localhost", "--name", "Sint-Jan")
        s.provision("init", "sint-jan")
        s.provision("hosts", "localhost")
        for command in ("apply", "renew", "inbox", "list"):
            s.provision(command)
        s.provision("sign", "gate-1.request")
        s.join("gate-1", "--fetch")
        s.join("gate-1", "--certificate", "gate-1.crt")
        assert files(s.dir / "school", s.dir / "broker", s.dir / "web", s.dir / "gate-1") == before
        assert s.told() == []
        s.provision("init", "sint-pieter", "--host", "localhost", status=2)
        assert files(s.dir / "school", s.dir / "broker") == {
            k: v for k, v in before.items() if "gate-1/" not in str(k) and "/web/" not in str(k)}
        # The same bundle once more: what IT changed on the unit since, stays.
        s.provision("unit", "gate-3")
        s.join("g3", "--keep", "gate-3.schoolpoort")
        with open(s.dir / "g3/unit.conf", "a", encoding="utf-8") as f:
            f.write("[screen]\nlanguage = fr\n")
        before = files(s.dir / "g3")
        s.join("g3", "--keep", "gate-3.schoolpoort")
        assert files(s.dir / "g3") == before
        # A new name of the broker: its certificate alone.
        s.told()
        s.provision("hosts", "broker.sint-jan.example,localhost")
        assert s.told() == ["reload", "site"]
        assert key_of(s.dir / "gate-1/tls/unit.crt") == key_of(s.dir / "web/units/gate-1.crt")


def settings_are_kept_and_changed():
    with School() as s:
        s.provision("unit", "gate-1", "--set", "screen.language=fr", "--set", "reader.connstring=acr122_usb")
        s.provision("unit", "gate-1", "--set", "screen.language=", "--set", "reader.connstring=pn53x_usb")
        s.join("g1", "gate-1.schoolpoort")
        conf = s.dir / "g1/unit.conf"
        assert "connstring = pn53x_usb\n" in conf.read_text() and "language" not in conf.read_text()
        # A program that is here has the last word, and a unit that is told the same twice isn't restarted.
        (s.dir / "bin").mkdir()
        (s.dir / "bin/schoolpoort-kiosk").symlink_to(KIOSK)
        s.env |= {"PATH": f"{s.dir}/bin:{s.env['PATH']}", "JOIN_RESTART": str(s.dir / "tell-broker")}
        before = conf.read_bytes()
        for wrong in ("screen.language=xx", "screen.colour=red", "broker.port=99999", "nothing", "a.b.c"):
            assert s.join("g1", "--set", wrong, status=2).stderr, wrong
            assert conf.read_bytes() == before, wrong
        assert s.join("g1", "--set", "screen.language=xx", status=2).stderr.startswith(
            f"schoolpoort-join: {conf}:")
        s.told()
        text = r"Sint-Jan & co \1 'x' \"y\" = z"
        for _ in range(2):
            s.join("g1", "--set", f"school.name={text}", "screen.size=800x480")
        assert s.told() == ["kiosk", "reader", "screen", "signal"]
        now = conf.read_text()
        assert f"\nname = {text}\n" in now and "[screen]\nsize = 800x480\n" in now, now
        assert now.count("\nname = ") == 1 and check_config(KIOSK, conf).returncode == 0
        assert sorted(p.name for p in conf.parent.iterdir()) == ["tls", "unit.card.key", "unit.conf"]
        # The school's own names, and rights that follow its id.
        s.provision("rename", "--name", "Campus", "--id", "campus")
        assert "school/campus" not in (s.dir / "broker/acl").read_text()
        assert "schoolpoort/campus/gate/gate-1/checkin\n" in (s.dir / "broker/acl").read_text()
        for wrong in (("--id", "Campus"), ("--name", "a\nb"), ("--colour", "red"), ()):
            s.provision("rename", *wrong, status=2)


def nobody_waits_for_who_types():
    with School() as s:
        s.provision("unit", "gate-1")
        s.join("g1", "gate-1.schoolpoort", "--request", "gate-1.request")
        run = [school.SHIPPED / "provision", "--dir", s.dir / "school", "--broker", s.dir / "broker", "--web", s.dir / "web"]
        typed = {("person", "care", "ann"): school.PASSWORD + "\n",
                 ("sign", "-", "--out", "gate-1.crt"): (s.dir / "gate-1.request").read_text()}
        for args, text in typed.items():
            slow = subprocess.Popen([*run, *args], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=s.env,
                                    cwd=s.dir)
            try:
                # It reads, and holds nothing up meanwhile.
                school.wait("its first read", lambda pid=slow.pid: reads(pid))
                s.provision("list")
                slow.communicate(text, timeout=school.DEADLINE_S)
                assert slow.returncode == 0, args
            finally:
                slow.kill()
        assert "ann:$" in (s.dir / "broker/passwords").read_text()
        s.join("g1", "--certificate", "gate-1.crt")


def reads(pid):
    """Whether it, or the program that it waits for, sleeps: where it has come to its input."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            sleeps = f.read().rsplit(")", 1)[1].split()[0] == "S"
    except OSError:
        return False
    return any(reads(child) for child in children) if children else sleeps


def what_a_killed_command_leaves_goes():
    with School() as s:
        s.unit("gate-1")
        left = [s.dir / name for name in ("school/ca.key.put-AbC123", "broker/acl.put-xxxxxx", "web/units/gate-1.crt.put-000000",
                                          "school/password.AbC123")]
        mine = [s.dir / name for name in ("school/ca.key.put-mine", "broker/note.mine01")]
        for path in left + mine:
            path.write_text("x")
        s.provision("list")
        assert not [p for p in left if p.exists()] and all(p.exists() for p in mine)
        # On the unit two may run at once: what is young is left.
        old, young = (s.dir / f"gate-1/tls/unit.key.put-{n}23456" for n in "12")
        for path in (old, young):
            path.write_text("x")
        os.utime(old, (time.time() - 700,) * 2)
        s.join("gate-1", "--look", s.dir)
        assert not old.exists() and young.exists()
        # What stands in the inbox and is no file would start its unit without end.
        inbox = s.dir / "web/inbox"
        (inbox / "gate-1.request/x").mkdir(parents=True)
        (inbox / "gate-2.request").symlink_to("/nowhere")
        os.mkfifo(inbox / "gate-3.request")
        s.provision("inbox")
        assert not list(inbox.iterdir()), list(inbox.iterdir())


def a_stick_is_anybodys():
    with School() as s, School() as other:
        s.provision("unit", "gate-1")
        (s.dir / "stick").mkdir()
        (s.dir / "gate-1.schoolpoort").rename(s.dir / "stick/gate-1.schoolpoort")
        s.join("g1", "--look", s.dir, "--stick", s.dir / "stick")
        s.provision("sign", s.dir / "stick/gate-1.request")
        s.join("g1", "--look", s.dir, "--stick", s.dir / "stick")
        before = files(s.dir / "g1")
        # With its certificate it takes no other broker from one, under its own name or as a second unit.
        for name in ("gate-1", "register"):
            other.provision("unit", name, "--out", s.dir / f"stick/{name}.schoolpoort")
            said = s.join("g1", "--look", s.dir, "--stick", s.dir / "stick").stderr
            assert "not taken from a stick" in said, said
            assert files(s.dir / "g1") == before
        # From the boot partition it does, since whoever writes there starts what he likes; and says so.
        was = print_of(s.dir / "school/ca.crt")
        said = s.join("g1", s.dir / "stick/gate-1.schoolpoort").stderr
        assert f"another CA than before, which was {was}\n" in said, said
        assert f"its CA is {print_of(other.dir / 'school/ca.crt')}\n" in said, said


def damaged_bundles_are_refused():
    with School() as s:
        s.provision("unit", "gate-1")
        whole = (s.dir / "gate-1.schoolpoort").read_bytes()
        middle = len(whole) // 2
        broken = {
            "empty": b"", "cut": whole[:middle], "almost": whole[:-2],
            "other letter": whole[:middle] + b"~" + whole[middle + 1:],
            "later release": whole.replace(b"bundle 1", b"bundle 2"),
            "no text": os.urandom(3000), "too long": whole + b"x" * 70000,
            "another unit": whole.replace(b"gate-1", b"gate-2"),
        }
        for what, content in broken.items():
            (s.dir / "b.schoolpoort").write_bytes(content)
            said = s.join("none", "b.schoolpoort", status=2).stderr
            assert "b.schoolpoort" in said, what
            assert not (s.dir / "none").exists(), what
            assert (s.dir / "b.schoolpoort").exists(), what
        # Which of two is meant only a person knows.
        s.provision("unit", "gate-2")
        assert "more than one" in s.join("none", "--look", s.dir, status=2).stderr
        # From Windows' editor, with its line ends: the same text.
        (s.dir / "b.schoolpoort").write_bytes(whole.replace(b"\n", b"\r\n"))
        s.join("windows", "b.schoolpoort")


def requests_without_the_code_are_refused():
    with School() as s:
        s.provision("unit", "gate-1")
        s.provision("unit", "gate-2")
        s.join("u1", "--keep", "gate-1.schoolpoort", "--request", "one")
        s.join("u2", "gate-2.schoolpoort", "--request", "two")
        # Who took the bundle away and was quicker is noticed: the code counts once.
        s.join("u3", "gate-1.schoolpoort", "--request", "thief")
        one, two = (s.dir / "one").read_text(), (s.dir / "two").read_text()
        forged = {
            "another's name": two.replace("gate-2", "gate-1"),
            "no name": one.replace("gate-1", "../etc"),
            "another mac": one.replace(one.split("[[mac]]\n")[1][:4], "0000"),
            "another key": one.split("[[csr]]")[0] + "[[csr]]" + two.split("[[csr]]")[1],
            "no request": "hello\n", "empty": "", "too long": one + "x" * 70000,
        }
        before = files(s.dir / "school", s.dir / "web")
        for what, content in forged.items():
            (s.dir / "forged").write_text(content)
            said = s.provision("sign", "forged", status=1).stderr
            assert said.startswith("provision: "), what
            assert files(s.dir / "school", s.dir / "web") == before, what
        assert "too old" in s.provision("sign", "one", status=1, at="+31 days").stderr
        s.provision("sign", "one", "--out", "one.crt")
        assert "no code is open" in s.provision("sign", "thief", status=1).stderr
        # Its own request comes again: the same answer, no second certificate.
        certificate = s.provision("sign", "one", "--out", "-").stdout
        assert certificate == (s.dir / "one.crt").read_text()
        # What isn't this unit's doesn't count there.
        s.join("u2", "--certificate", "one.crt", status=2)
        s.provision("sign", "two", "--out", "two.crt")
        s.join("u2", "--certificate", "two.crt")


def renewal_at_two_thirds():
    with School() as s:
        s.unit("gate-1")
        s.provision("person", "care", "ann", stdin=school.PASSWORD + "\n")
        first = (s.dir / "web/units/gate-1.crt").read_bytes()
        s.told()
        s.provision("renew", at="+480 days")
        assert (s.dir / "web/units/gate-1.crt").read_bytes() == first and s.told() == []
        s.provision("renew", at="+490 days")
        second = (s.dir / "web/units/gate-1.crt").read_bytes()
        assert second != first and s.told() == ["reload", "site"], "the broker's own as well"
        s.provision("renew", at="+490 days")
        assert (s.dir / "web/units/gate-1.crt").read_bytes() == second
        assert key_of(s.dir / "web/units/gate-1.crt") == key_of(s.dir / "gate-1/tls/unit.crt")
        (s.dir / "first.crt").write_bytes(first)
        s.start_nginx()
        port = ("--port", s.web_ports["80"])
        s.join("gate-1", *port, "--fetch", at="+480 days")
        assert (s.dir / "gate-1/tls/unit.crt").read_bytes() == first, "no network before it is due"
        # Also long after it has run out, after a summer in a cupboard.
        s.join("gate-1", *port, "--fetch", at="+900 days")
        assert (s.dir / "gate-1/tls/unit.crt").read_bytes() == second
        # An old one doesn't come back.
        s.join("gate-1", "--certificate", "first.crt")
        assert (s.dir / "gate-1/tls/unit.crt").read_bytes() == second


def a_unit_joins_over_the_network():
    with School() as s:
        s.start_nginx()
        s.provision("unit", "gate-1")
        port = ("--port", s.web_ports["80"])
        s.join("gate-1", "--keep", "gate-1.schoolpoort", "--request", "by-hand")
        inbox = s.dir / "web/inbox"
        # schoolpoort-inbox.path, played by a thread: the unit waits for the answer to what it sent.
        stop = threading.Event()

        def path_unit():
            while not stop.wait(0.1):
                if list(inbox.glob("*.request")):
                    s.provision("inbox")

        thread = threading.Thread(target=path_unit)
        thread.start()
        said = []

        def fetches():
            # In 2001, where no certificate counts yet: dates are the broker connection's business. As its timer does, again
            # and again: one gives up after 20 s, which the answer may take.
            said.append(s.join("gate-1", *port, "--fetch", at="2001-01-01 12:00:00").stderr)
            return not (s.dir / "gate-1/tls/unit.request").exists()

        try:
            school.wait("the certificate", fetches)
            school.wait("an inbox with nothing left in it", lambda: not list(inbox.iterdir()))
        finally:
            stop.set()
            thread.join()
        assert "gate-1: certificate until" in said[-1], said
        # A bad request among good ones takes nobody's place, and is gone.
        s.provision("unit", "gate-2")
        s.join("gate-2", "gate-2.schoolpoort", "--request", "two")
        (inbox / "a.request").write_text("nonsense")
        (inbox / "gate-2.request").write_text((s.dir / "two").read_text())
        (inbox / "z.request").symlink_to(s.dir / "school/ca.key")
        s.provision("inbox")
        assert (s.dir / "web/units/gate-2.crt").exists()
        assert not list(inbox.iterdir()) and (s.dir / "school/ca.key").stat().st_size > 0


def is_over(what):
    try:
        what()
    except (mqtt.Refused, OSError):
        return True
    return False


def a_revoked_units_session_ends():
    with School() as s:
        s.unit("gate-1")
        s.unit("gate-2")
        s.person("care", "ann")
        # Renewed once: both certificates of that key must end.
        s.provision("renew", at="+490 days")
        s.provision("hosts", "localhost,127.0.0.1")  # the broker's is of today again
        s.start()
        one, two = s.unit_client("gate-1"), s.unit_client("gate-2")
        (s.dir / "renewed.crt").write_bytes((s.dir / "web/units/gate-1.crt").read_bytes())
        s.told()
        s.provision("revoke", "gate-1")
        assert s.obey() == ["restart"]
        assert is_over(one.ping) and is_over(two.ping)
        for certificate in ("gate-1/tls/unit.crt", "renewed.crt"):
            context = mqtt.tls(s.dir / "broker/ca.crt", s.dir / certificate,
                               s.dir / "gate-1/tls/unit.key")
            assert is_over(lambda context=context: mqtt.Client(s.ports["8883"], "schoolpoort-x", context))
        s.unit_client("gate-2").close()
        s.person_client("ann").close()
        assert not (s.dir / "web/units/gate-1.crt").exists()
        assert not (s.dir / "school/requests/gate-1.csr").exists(), "else it would be renewed"
        # Its successor, under the same name, from a new bundle.
        s.unit("gate-1")
        s.unit_client("gate-1").close()
        # Who leaves loses password and rights, and the session.
        ann = s.person_client("ann")
        s.provision("remove", "ann")
        assert s.obey()[-1] == "restart"
        assert is_over(ann.ping) and is_over(lambda: s.person_client("ann"))
        assert "ann" not in (s.dir / "broker/acl").read_text()


def nothing_is_lost_or_half_understood():
    with School() as s:
        s.unit("gate-1")
        listed, crl = s.dir / "school/index.txt", s.dir / "broker/revoked.crl"
        before = listed.read_text(), crl.read_bytes()
        # A full disk: openssl writes an empty file and says that all is well.
        shim, path = s.dir / "shim", s.env["PATH"]
        shim.mkdir()
        for what, lost in (("-revoke ", listed), ("-gencrl ", s.dir / "school/revoked.crl.new")):
            (shim / "openssl").write_text(
                f'#!/bin/sh\n/usr/bin/openssl "$@" || exit\ncase "$*" in *"{what}"*) : >{lost} ;; esac\n')
            (shim / "openssl").chmod(0o755)
            s.env["PATH"] = f"{shim}:{path}"
            assert "disk full" in s.provision("revoke", "gate-1", status=1).stderr, what
            assert lost != listed or listed.read_text() == before[0]
            assert crl.read_bytes() == before[1], what
            s.env["PATH"] = path
        # Killed between two names of the list, or with a password in its hands.
        (s.dir / "school/password.aB3dEf").write_text("ann:as it was typed\n")
        listed.rename(listed.with_name("index.txt.new"))
        s.provision("revoke", "gate-1")
        assert [line[0] for line in listed.read_text().splitlines() if "CN=gate-1" in line] == ["R"]
        assert not (s.dir / "school/password.aB3dEf").exists()
        assert crl.read_bytes() != before[1]
        for name in ("--bridge", "-x"):
            s.provision("unit", name, status=2)
        # What the gate wouldn't start on is said here; where its rules are installed.
        (shim / "schoolpoortctl").symlink_to(os.path.join(os.path.dirname(KIOSK), "schoolpoortctl"))
        (shim / "openssl").unlink()
        s.env["PATH"] = f"{shim}:{path}"
        s.provision("unit", "gate-2", "--set", "screen.language=fr")
        said = s.provision("unit", "gate-2", "--set", "reader.constring=x", status=2).stderr
        assert "unknown key" in said and "/tmp" not in said, said
        assert (s.dir / "school/settings/gate-2").read_text() == "screen.language=fr\n"
        s.provision("rename", "--name", "Sint-Jan ; Campus", status=2)
        # Bundles of June, gates of September.
        assert "waits for its request, until 20" in s.provision("list").stdout
        assert "too old: make a new bundle" in s.provision("list", at="+31 days").stdout
        # mosquitto_passwd would take the first word alone, and the second without its end.
        for password in ("only-this:would-count", "with a blank after ", "\twith one before"):
            s.provision("person", "care", "ann", stdin=password + "\n", status=2)
        assert "ann" not in (s.dir / "school/members").read_text()


if __name__ == "__main__":
    if not school.tool("faketime"):
        school.skip("faketime is not here")
    # Side by side: each is a school of its own, and much of it is waiting for a process to start.
    tests = (a_bundle_makes_a_gate, run_again_changes_nothing, settings_are_kept_and_changed,
             damaged_bundles_are_refused, requests_without_the_code_are_refused, renewal_at_two_thirds,
             a_unit_joins_over_the_network, a_revoked_units_session_ends,
             a_stick_is_anybodys, nobody_waits_for_who_types, what_a_killed_command_leaves_goes, nothing_is_lost_or_half_understood)
    with ThreadPoolExecutor(2) as pool:
        for test, done in [(test, pool.submit(test)) for test in tests]:
            done.result()
            print(f"ok {test.__name__}")
