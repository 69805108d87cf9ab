# SPDX-License-Identifier: EUPL-1.2
"""A school's broker in a temporary folder: what is shipped, with nothing but ports and paths replaced.

provision makes its certificates and rights, schoolpoort-join its units. Ends only what it started.
"""

import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import mqtt

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = SOURCE / "broker-config"
PASSWORD = "een lang wachtwoord"
OBSERVER = "observer"
DEADLINE_S = 120
SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


os.umask(0o022)  # the broker and nginx, as users of their own, read what a test puts there

_claims = []
_claims_lock = threading.Lock()


def free_port():
    """A port that nobody listens on and no other test gets until this process has ended: as unit/port.h, and with the same
    claim. Threads ask side by side."""
    with _claims_lock:
        for n in range(12000):
            port = 20000 + (os.getpid() * 16 + len(_claims) + n) % 12000
            claim = socket.socket(socket.AF_UNIX)
            try:
                claim.bind(f"\0schoolpoort-port-{port}")
                with socket.socket() as s:
                    s.bind(("0.0.0.0", port))
            except OSError:
                claim.close()
                continue
            _claims.append(claim)
            return port
    raise OSError("no free port")


def tool(name):
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")


def wait(what, done):
    """For what nothing announces. One deadline; a failed wait fails the test."""
    end = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)  # between two looks


class School:
    def __init__(self, hosts="localhost", init=True):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="schoolpoort-broker-"))
        self.dir.chmod(0o755)
        self.ports = {"8883": free_port(), "9001": free_port()}
        self.web_ports = {"443": free_port(), "80": free_port()}
        self.nginx, self.process, self.said, self.words = None, None, "", self.dir / "broker-was-told"
        told = self.dir / "tell-broker"
        told.write_text(f'#!/bin/sh\necho "$*" >>"{self.words}"\n')
        told.chmod(0o755)
        self.env = {**os.environ, "PROVISION_BROKER": str(told), "LC_ALL": "C.UTF-8",
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        if init:
            self.provision("init", "sint-jan", "--host", hosts, "--name", "Sint-Jan")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait(DEADLINE_S)
        if self.process:
            self.stop()
        if kind:
            print(self.said)
        shutil.rmtree(self.dir)

    def run(self, *command, stdin="", status=0, at=None):
        """A command; at: the time that it is for it."""
        if at:
            command = (SOURCE / "tests/broker/at.sh", at, *command)
        done = subprocess.run([str(c) for c in command], input=stdin, text=True, check=False,
                              env=self.env, cwd=self.dir, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if status is not None:
            assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def provision(self, *args, **more):
        return self.run(SHIPPED / "provision", "--dir", self.dir / "school", "--broker",
                        self.dir / "broker", "--web", self.dir / "web", *args, **more)

    def join(self, etc, *args, **more):
        # Root's, with what its unit leaves to it.
        bound = (("setpriv", "--bounding-set", "-all,+chown", "--inh-caps", "-all")
                 if os.getuid() == 0 else ())
        return self.run(*bound, SHIPPED / "schoolpoort-join", "--etc", self.dir / etc, *args, **more)

    def unit(self, name, *options):
        """From nothing to a certificate, by stick. Return: its folder."""
        self.provision("unit", name, *options)
        self.join(name, f"{name}.schoolpoort", "--request", f"{name}.request")
        self.provision("sign", f"{name}.request")
        self.join(name, "--certificate", f"{name}.crt")
        return self.dir / name

    def person(self, role, name):
        self.provision("person", role, name, stdin=PASSWORD + "\n")

    def observe(self, *names):
        """One unit more, or these, that sees and says everything. The rights of the others are as shipped."""
        names = names or (OBSERVER,)
        for name in names:  # all of them first: each has the rights written anew
            if not (self.dir / name).exists():
                self.unit(name)
        with open(self.dir / "broker/acl", "a", encoding="utf-8") as f:
            for name in names:
                f.write(f"\nuser {name}\ntopic readwrite #\ntopic read $SYS/#\n")

    def configuration(self):
        """The shipped file, with ports and paths replaced."""
        conf = (SHIPPED / "mosquitto/school.conf").read_text()
        for port, free in self.ports.items():
            assert conf.count(f"listener {port}\n") == 1
            conf = conf.replace(f"listener {port}\n", f"listener {free}\n")
        return conf.replace("/etc/schoolpoort/broker/", f"{self.dir}/broker/").replace(
            "/var/lib/mosquitto/", f"{self.dir}/mosquitto/")

    def start(self):
        kept = self.dir / "mosquitto"
        kept.mkdir(exist_ok=True)
        if os.getuid() == 0:
            # As at a school: the broker becomes this user, and reads what that one may read.
            user = pwd.getpwnam("mosquitto")
            os.chown(kept, user.pw_uid, user.pw_gid)
        (self.dir / "mosquitto.conf").write_text(self.configuration())
        with open(self.dir / "mosquitto.log", "ab") as log:
            self.process = subprocess.Popen(
                [tool("mosquitto"), "-c", str(self.dir / "mosquitto.conf")], stdout=log, stderr=log)
        for port in self.ports.values():
            wait("the broker's ports", lambda port=port: self.listens(port))
        wait("the broker to obey", self.obeys)

    def obeys(self):
        """Its ports are there before it has asked for SIGTERM and SIGHUP: until then either would kill it."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16)
        return all(caught >> (n - 1) & 1 for n in (signal.SIGTERM, signal.SIGHUP))

    def listens(self, port):
        assert self.process.poll() is None, (self.dir / "mosquitto.log").read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE_S) == 0, "the broker's end"
        self.process = None
        self.said = (self.dir / "mosquitto.log").read_text()

    def told(self):
        """What provision told the broker since the last question."""
        words = self.words.read_text().split() if self.words.exists() else []
        self.words.unlink(missing_ok=True)
        return words

    def obey(self):
        """Does so. Return: the words."""
        words = self.told()
        if "restart" in words:
            self.stop()
            self.start()
        elif "reload" in words:
            self.reload()
        if "site" in words and self.nginx:
            self.nginx.send_signal(signal.SIGHUP)
        return words

    def start_nginx(self, pages=None):
        """The shipped site, with ports and paths replaced."""
        site = (SHIPPED / "nginx/schoolpoort.conf").read_text()
        ports = {**self.web_ports, "9001": self.ports["9001"]}
        for port in ("443", "80"):
            site = site.replace(f"\tlisten [::]:{port}", f"\t#listen [::]:{port}")  # may be none here
            assert site.count(f"\tlisten {port}") == 1
            site = site.replace(f"\tlisten {port}", f"\tlisten 127.0.0.1:{ports[port]}")
        site = site.replace("127.0.0.1:9001", f"127.0.0.1:{ports['9001']}").replace(
            "/etc/schoolpoort/broker", f"{self.dir}/broker").replace(
            "/var/lib/schoolpoort-web", f"{self.dir}/web").replace(
            "/usr/share/schoolpoort/careboard", str(pages or self.dir))
        user = "user www-data;\n" if os.getuid() == 0 else ""
        (self.dir / "nginx").mkdir(exist_ok=True)
        temp = "".join(f"{kind}_temp_path {self.dir}/nginx/{kind};\n" for kind in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.dir / "nginx.conf").write_text(
            f"{user}daemon off;\npid {self.dir}/nginx/pid;\nerror_log {self.dir}/nginx/error.log;\n"
            f"events {{}}\nhttp {{\ninclude /etc/nginx/mime.types;\n{temp}{site}\n}}\n")
        if not tool("nginx"):
            skip("nginx is not here")
        # Modules of Debian's own are loaded by its main file, which this isn't.
        self.nginx = subprocess.Popen([tool("nginx"), "-p", str(self.dir / "nginx"), "-c",
                                       str(self.dir / "nginx.conf"), "-e",
                                       str(self.dir / "nginx/error.log")])
        for port in self.web_ports.values():
            wait("nginx's ports", lambda port=port: self.serves(port))

    def serves(self, port):
        assert self.nginx.poll() is None, (self.dir / "nginx/error.log").read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def unit_client(self, name, client_id=None, port=None, **more):
        folder = self.dir / name / "tls"
        kind = "register" if name == "register" else "unit"
        context = mqtt.tls(folder / "ca.crt", folder / f"{kind}.crt", folder / f"{kind}.key",
                           more.pop("highest", None))
        return mqtt.Client(port or self.ports["8883"], f"schoolpoort-{client_id or name}", context, **more)

    def person_client(self, name, client_id=None, password=PASSWORD, **more):
        return mqtt.Client(self.ports["9001"], f"schoolpoort-{client_id or name}", user=name,
                           password=password, websocket=True, **more)
