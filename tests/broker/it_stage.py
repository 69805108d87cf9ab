# SPDX-License-Identifier: EUPL-1.2
"""Machines of a school in folders, on which the recipes of broker-config/it/ are typed as they stand there.

A machine is a folder with etc, var, run, boot; every path of a recipe is one in it, and its commands come from it_shim.
Broker, register and gates are the real programs; systemd's part is played here. Ends only what it started.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import mqtt
from school import SHIPPED, SOURCE, School, free_port, skip, tool

PAGES = SHIPPED / "it"
PACKAGING = SOURCE / "firmware-app/packaging/CMakeLists.txt"
PACKAGES = {f"schoolpoort-{name}" for name in re.findall(r"^package\((\w+)", PACKAGING.read_text(), re.M)}
COMMANDS = ("sudo", "ssh", "scp", "schoolpoort-provision", "schoolpoort-join", "schoolpoortctl", "systemctl",
            "apt", "chown", "install", "tell-broker", "tell-programs", "timedatectl")
# A name is looked up by the real resolver: what the recipes call the broker, and what it is called here.
HOSTS = {"schoolpoort.sint-jan.example": "localhost", "server2.sint-jan.example": "127.0.0.1"}
OURS = re.compile(r"(?<![\w/$}])/(?=(etc|var|run|boot|media|root|tmp|usr/share/schoolpoort)\b)")
START = "2026-11-23T08:00:00+01:00"
FOLDERS = ("root", "tmp", "run/schoolpoort", "etc/schoolpoort", "var/lib/schoolpoort", "var/lib/mosquitto",
           "var/lib/schoolpoort-web", "boot/firmware", "media/it/bootfs")
WAIT_S = 240  # a gate that lost its broker waits up to 30 s before it asks again, on a busy machine too


def wait(what, done):
    """For what nothing announces."""
    end = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)  # between two looks


def blocks(page):
    """The blocks of a page that are to be typed: ```sh it:RECIPE` or `it:RECIPE@MACHINE`. {recipe: [(machine, text)]}"""
    found = {}
    text = (PAGES / page).read_text()
    for name, machine, body in re.findall(r"^```sh it:([\w-]+)(?:@([\w-]+))?\n(.*?)^```$", text, re.M | re.S):
        found.setdefault(name, []).append((machine or "server", body))
    return found


class Machine(School):
    """One of them; as a School (school.py) where it is the broker's."""

    def __init__(self, stage, name):  # pylint: disable=super-init-not-called
        self.stage, self.name, self.dir = stage, name, stage.dir / name
        self.ports, self.web_ports = stage.ports, stage.web_ports
        self.nginx, self.process, self.said, self.programs = None, None, "", {}
        self.env, self.installed = stage.env, set()
        for folder in FOLDERS:
            (self.dir / folder).mkdir(parents=True, exist_ok=True)
        for link, to in {"broker": "etc/schoolpoort/broker", "web": "var/lib/schoolpoort-web",
                         "mosquitto": "var/lib/mosquitto"}.items():
            (self.dir / link).symlink_to(to)

    def configuration_of(self, unit):
        """What a unit runs on: its own file, and where its folders and the broker's port are here."""
        text = (self.dir / f"etc/schoolpoort/{unit}.conf").read_text()
        text += (f"[paths]\nstate_dir = {self.dir}/var/lib/schoolpoort\nrun_dir = {self.dir}/run/schoolpoort\n"
                 f"[broker]\nport = {self.ports['8883']}\n")
        path = self.dir / f"run/{unit}.conf"
        fresh = self.dir / f"run/{unit}.conf.{threading.get_ident()}"
        fresh.write_text(text)
        fresh.rename(path)  # a program that starts meanwhile reads a whole one
        return path

    # ---- systemd's part ----

    def do(self, action, what):
        if action == "configuration":
            self.configuration_of(what)
        elif action == "install":
            assert what in PACKAGES, f"there is no package {what}"
            self.installed.add(what)
        elif what == "mosquitto":
            self.broker(action)
        elif what == "nginx":
            self.site(action)
        elif what in ("schoolpoort-reader", "schoolpoort-screen", "schoolpoort-signal"):
            pass  # a client of the socket takes their part; a signal that isn't enabled is passed over
        else:
            assert what in ("schoolpoort-kiosk", "schoolpoort-register"), f"systemctl {action} {what}?"
            self.program(action, what)

    def broker(self, action):
        if action.startswith("try-"):
            if not self.process:
                return  # as provision looks
            action = action.removeprefix("try-")
        if action in ("stop", "restart") and self.process:
            self.stop()
        if action in ("start", "restart") and not self.process:
            self.start()
        if action == "reload":
            assert self.process, "the broker doesn't run"
            self.reload()

    def site(self, action):
        if action in ("stop", "restart") and self.nginx:
            self.nginx.terminate()
            self.nginx.wait(WAIT_S)
            self.nginx = None
        if action in ("start", "restart") and not self.nginx:
            self.start_nginx()
        if action == "try-reload" and self.nginx:
            self.nginx.send_signal(signal.SIGHUP)

    def program(self, action, what):
        if action in ("stop", "restart") and what in self.programs:
            process = self.programs.pop(what)
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0, f"{what}: status {process.returncode}\n{self.log(what)}"
        if action in ("start", "restart") and what not in self.programs:
            unit = "register" if what.endswith("register") else "unit"
            if not (self.dir / f"etc/schoolpoort/{unit}.conf").exists():
                return  # status 2, until there is one
            # Type=notify: who starts it goes on once it says that it answers.
            with open(self.dir / f"{what}.log", "ab") as log, \
                    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                path = self.dir / f"run/{what}.notify"
                path.unlink(missing_ok=True)
                notify.bind(str(path))
                notify.settimeout(0.1)  # between two looks whether it still runs
                self.programs[what] = subprocess.Popen(
                    [self.stage.program(what), "--config", str(self.configuration_of(unit))],
                    env={**self.env, "NOTIFY_SOCKET": str(path)}, stdout=log, stderr=log)
                wait(f"{what} to be ready", lambda: self.says_ready(what, notify))

    def says_ready(self, what, notify):
        assert self.programs[what].poll() is None, f"{what} ended\n{self.log(what)}"
        try:
            return b"READY=1" in notify.recv(4096).splitlines()
        except TimeoutError:
            return False

    def log(self, what):
        return (self.dir / f"{what}.log").read_text()

    def boot(self):
        """What systemd starts on a unit: what lies on the boot partition, the gate, the way to a certificate."""
        for path in (self.dir / "media/it/bootfs").iterdir():
            path.rename(self.dir / "boot/firmware" / path.name)
        self.stage.sh(self.name, "schoolpoort-join --look /boot/firmware")
        self.do("start", "schoolpoort-kiosk")
        wait(f"{self.name}'s certificate", self.fetches)

    def fetches(self):
        """As schoolpoort-join.timer does, again and again: one --fetch gives up after 20 s, which an answer may take."""
        self.stage.sh(self.name, "schoolpoort-join --fetch")
        return not (self.dir / "etc/schoolpoort/tls/unit.request").exists()

    def site_certificate(self):
        """As nginx gives it."""
        return ssl.get_server_certificate(("127.0.0.1", self.web_ports["443"])).strip()

    def power_off(self):
        for what in list(self.programs):
            self.program("stop", what)
        self.site("stop")
        self.broker("stop")

    def status(self):
        return json.loads(self.stage.sh(self.name, "schoolpoortctl --json status"))

    # ---- the pupils ----

    def tap(self, uid):
        """A card held to this gate, until its result shows. Return: the result."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as reader, \
                socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as screen:
            for sock, role in ((reader, "reader"), (screen, "screen")):
                sock.settimeout(WAIT_S)
                wait("the kiosk's socket", lambda sock=sock: self.connects(sock))
                sock.send(json.dumps({"v": 1, "type": "hello", "role": role, "name": "it"}).encode())
            reader.send(b'{"v":1,"type":"status","state":"ok"}')
            self.next_view(screen, lambda v: v["state"] == "idle")
            card = {"v": 1, "type": "card", "uid": uid, "sak": 32, "atqa": "0344",
                    "seen_us": time.monotonic_ns() // 1000}
            reader.send(json.dumps(card).encode())
            view = self.next_view(screen, lambda v: v["state"] == "result")
            reader.send(b'{"v":1,"type":"gone"}')
            return view["result"]

    def connects(self, sock):
        try:
            sock.connect(str(self.dir / "run/schoolpoort/kiosk.sock"))
            return True
        except OSError:
            return False

    def next_view(self, screen, wanted):
        while True:
            said = json.loads(screen.recv(65536))
            if said["type"] == "view" and wanted(said):
                return said


class Stage:
    """The machines, and who types."""

    def __init__(self, programs):
        if not tool("nginx") or not tool("mosquitto_passwd"):
            skip("nginx or mosquitto_passwd is not here")
        self.programs = {pathlib.Path(p).name: p for p in programs}
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="schoolpoort-it-"))
        self.dir.chmod(0o755)
        self.ports = {"8883": free_port(), "9001": free_port()}
        self.web_ports = {"443": free_port(), "80": free_port()}
        (self.dir / "bin").mkdir()
        for name in COMMANDS:
            (self.dir / "bin" / name).symlink_to(SOURCE / "tests/broker/it_shim")
        for name in ("schoolpoort-kiosk", "schoolpoort-register"):
            (self.dir / "bin" / name).symlink_to(self.programs[name])
        self.env = {**os.environ, "STAGE": str(self.dir), "SHIPPED": str(SHIPPED), "LC_ALL": "C.UTF-8",
                    "CTL": self.programs["schoolpoortctl"], "WEB_PORT": self.web_ports["80"],
                    "SCHOOLPOORT_CLOCK": f"{START}@{int(time.time())}",
                    "PATH": f"{self.dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.env = {k: str(v) for k, v in self.env.items()}
        self.machines, self.stop = {}, threading.Event()
        self.control = socket.socket(socket.AF_UNIX)
        self.control.bind(str(self.dir / "control"))
        self.control.listen(16)
        self.threads = [threading.Thread(target=self.serve), threading.Thread(target=self.inboxes)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop.set()
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.dir / "control"))
        for thread in self.threads:
            thread.join()
        self.control.close()
        for machine in self.machines.values():
            if kind:
                for log in sorted(machine.dir.glob("*.log")):
                    print(f"-- {machine.name} {log.name}\n{log.read_text()[-3000:]}")
            machine.power_off()
        shutil.rmtree(self.dir)

    def program(self, name):
        return self.programs[name]

    def machine(self, name):
        if name not in self.machines:
            self.machines[name] = Machine(self, name)
        return self.machines[name]

    def serve(self):
        """One command after the other, as systemd has it for a unit."""
        while True:
            client, _ = self.control.accept()
            with client:
                line = client.makefile().readline()
                if self.stop.is_set() and not line:
                    return
                name, action, *whats = line.rstrip("\n").split("\0")
                answer = "0"
                try:
                    for what in whats:
                        if not what.startswith("-"):
                            self.machines[name].do(action, what.removesuffix(".service"))
                except Exception as e:  # pylint: disable=broad-exception-caught # told to who asked
                    answer = f"1{e!r}\n"
                client.sendall(answer.encode())

    def inboxes(self):
        """schoolpoort-inbox.path."""
        while not self.stop.wait(0.1):
            for name, machine in list(self.machines.items()):
                if list((machine.dir / "web").glob("inbox/*.request")):
                    self.sh(name, "schoolpoort-provision inbox", status=None)

    def sh(self, machine, text, status=0, more=None):
        """Typed at a machine. Return: what it printed."""
        root = self.machine(machine).dir
        text = OURS.sub(f"{root}/", text).replace("-C /\n", f"-C {root}\n").replace("-C / ", f"-C {root} ")
        for host, here in HOSTS.items():
            text = text.replace(host, here)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=root / "root", text=True, check=False,
                              env={**self.env, "ROOT": str(root), "USER": "it", **(more or {})}, timeout=600,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert status is None or done.returncode == status, \
            f"{machine}: {text}\nstatus {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + (done.stderr if status else "")

    def type(self, recipes, name, part=None):
        """A recipe, or one block of it. Return: what it printed."""
        said = ""
        for machine, text in recipes[name] if part is None else [recipes[name][part]]:
            said += self.sh(machine, text)
        return said


def care(machine, name, password):
    """A client of the care team at that machine's broker."""
    return mqtt.Client(machine.ports["9001"], f"schoolpoort-{name}", user=name, password=password, websocket=True)


def unit_client(machine, gate):
    """With what lies on that gate."""
    tls = gate.dir / "etc/schoolpoort/tls"
    context = mqtt.tls(tls / "ca.crt", tls / "unit.crt", tls / "unit.key")
    return mqtt.Client(machine.ports["8883"], f"schoolpoort-{gate.name}", context)
