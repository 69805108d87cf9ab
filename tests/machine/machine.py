# SPDX-License-Identifier: EUPL-1.2
"""A machine of its own: a Debian 12 with our packages, booted by systemd-nspawn, with a network of its own and no way out.

Where no container can be booted the test says so and counts as skipped. Ends only what it started.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DEADLINE_S = 120
SKIPPED = 77
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def wait(what, done, seconds=DEADLINE_S):
    """For what nothing announces. One deadline; a failed wait fails the test."""
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)  # between two looks
    return found


class Machine:
    """root: its files. inside(): a command in there. boot() and halt() once each."""

    def __init__(self):
        if os.getuid():
            skip("needs root")
        for tool in ("systemd-nspawn", "mmdebstrap", "apt-ftparchive", "gpg"):
            if not shutil.which(tool, path=ENV["PATH"]):
                skip(f"{tool} is not here")
        if not list((SOURCE / "build/packages").glob("schoolpoort-gate_*.deb")):
            skip("no packages: ./dev package")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="schoolpoort-machine-"))
        self.root = self.dir / "root"
        self.nspawn, self.leader = None, None
        self.host(SOURCE / "tests/package/root.sh", "make", self.root)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.nspawn:
            if kind:
                print(self.inside("journalctl", "--no-pager", "-o", "short-monotonic", "-n", "150", status=None))
            self.halt()
        if kind:
            print((self.dir / "console").read_text(errors="replace") if (self.dir / "console").exists() else "")
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.dir)], check=True)

    def host(self, *command, status=0, stdin="", **env):
        done = subprocess.run([str(c) for c in command], env={**ENV, **env}, input=stdin, text=True, check=False,
                              timeout=1500, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert status is None or done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def boot(self, *options):
        with open(self.dir / "console", "wb") as console:
            self.nspawn = subprocess.Popen(
                # Killed, a test leaves nothing behind.
                ["setpriv", "--pdeathsig", "TERM", "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
                 "--link-journal=no", "--resolv-conf=off", "--console=pipe", "-D", str(self.root), *options],
                env=ENV, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            wait("a container", self.find_leader)
            wait("its systemd", lambda: self.inside("systemctl", "is-system-running", status=None).strip() in
                 ("running", "degraded"))
        except AssertionError:
            said = (self.dir / "console").read_text(errors="replace")
            if self.leader is None and self.nspawn.poll() is not None:
                self.nspawn = None
                skip(f"no container can be booted here: {said.strip()[-300:]}")
            raise

    def find_leader(self):
        """The container's first process: the child of nspawn's child, or its child."""
        assert self.nspawn.poll() is None, "nspawn ended"
        with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children", encoding="ascii") as f:
            for pid in f.read().split():
                try:
                    comm = pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
                except OSError:
                    continue  # ended meanwhile
                if comm == "systemd":
                    self.leader = pid
        return self.leader

    def enter(self, *what):
        return ["nsenter", "--target", self.leader, *what]

    def inside(self, *command, status=0, stdin=""):
        return self.host(*self.enter("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--root", "--wd"),
                         *command, status=status, stdin=stdin)

    def halt(self):
        self.nspawn.send_signal(signal.SIGTERM)
        try:
            self.nspawn.wait(DEADLINE_S)
        finally:
            if self.nspawn.poll() is None:
                self.nspawn.kill()
            self.nspawn = None
