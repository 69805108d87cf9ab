#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The packages' life in a Debian of their own: installed, upgraded, removed, installed again, purged.

lifecycle.py    takes the packages of build/packages; exit status 77: not root here
"""

import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[1]
OLD = "0.0.9-1~deb12"
# What an installation leaves anywhere: dpkg's and apt's own, caches, logs, backups of passwd.
OTHERS = re.compile(r"^/(proc|sys|dev|tmp|debs)(/|$)|^/var/(cache|log|lib/(apt|dpkg|nginx))(/|$)"
                    r"|^/run/nginx\.pid$|^/etc/(\.pwd\.lock|(passwd|shadow|group|gshadow|subuid|subgid)-)$")
ENABLED = {
    "multi-user.target.wants/schoolpoort-kiosk.service",
    "multi-user.target.wants/schoolpoort-reader.service",
    "multi-user.target.wants/schoolpoort-screen.service",
    "multi-user.target.wants/schoolpoort-register.service",
    "multi-user.target.wants/schoolpoort-inbox.path",
    "multi-user.target.wants/schoolpoort-join.service",
    "timers.target.wants/schoolpoort-join.timer",
    "timers.target.wants/schoolpoort-renew.timer",
    "sysinit.target.wants/schoolpoort-broker-firewall.service",
    "nftables.service.wants/schoolpoort-broker-firewall.service",
}
PROGRAMS = ("schoolpoortctl", "schoolpoort-kiosk", "schoolpoort-reader", "schoolpoort-reader-reset",
            "schoolpoort-screen", "schoolpoort-register")
USERS = ("kiosk", "reader", "screen", "signal", "register", "metrics")


class Root:
    """A Debian in a folder. Every command must succeed."""

    def __init__(self, folder):
        self.folder = folder
        self.sh(HERE / "root.sh", "base", folder)
        self.proc = "yes" in self.run("sh", "-c", "test ! -e /proc/self || echo yes")
        if not self.proc:
            # Scripts of bash need /dev/fd, which is there: the update's, that keeps the packages before.
            print("no right to mount /proc here: no copies before an update, and the school's files are made up")
            self.path("/etc/apt/apt.conf.d/99-no-proc").write_text(
                "#clear DPkg::Pre-Install-Pkgs;\n#clear DPkg::Post-Invoke;\n", encoding="utf-8")

    def sh(self, *command):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=1500)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def run(self, *command):
        return self.sh(HERE / "root.sh", "run", self.folder, *command)

    def apt(self, *command):
        return self.run("env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "apt-get", "-q", "-y",
                        "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", *command)

    def install(self, debs, *options):
        inside = self.folder / "debs"
        inside.mkdir()
        for deb in debs:
            shutil.copy(deb, inside)
        said = self.apt(*options, "install", *(f"/debs/{deb.name}" for deb in debs))
        shutil.rmtree(inside)
        return said

    def path(self, name):
        return self.folder / name.lstrip("/")

    def has(self, name):
        return os.path.lexists(self.path(name))

    def text(self, name):
        return self.path(name).read_text(encoding="utf-8")

    def everything(self):
        """Each path with what it is: mode, owner, target; of /etc the content too."""
        found = {}
        for folder, folders, files in os.walk(self.folder):
            inside = "/" + os.path.relpath(folder, self.folder).lstrip(".")
            folders[:] = [f for f in folders if not OTHERS.match(os.path.join(inside, f))]
            for name in folders + files:
                path = os.path.join(inside, name)
                if OTHERS.match(path):
                    continue
                full = os.path.join(folder, name)
                status = os.lstat(full)
                what = (stat.filemode(status.st_mode), status.st_uid, status.st_gid)
                if stat.S_ISLNK(status.st_mode):
                    what += (os.readlink(full),)
                elif stat.S_ISREG(status.st_mode) and path.startswith("/etc/"):
                    with open(full, "rb") as f:
                        what += (hashlib.sha256(f.read()).hexdigest(),)
                found[path] = what
        return found

    def enabled(self):
        base = self.path("/etc/systemd/system")
        return {str(p.relative_to(base)) for p in base.glob("*.wants/schoolpoort-*")}

    def versions(self):
        said = self.run("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n", "schoolpoort-*")
        return {line.split()[0]: line.split()[1:] for line in said.splitlines() if len(line.split()) == 3}


def older(debs, folder):
    """The same packages as a release before, with other text in what a person may change."""
    made = []
    for deb in debs:
        tree = folder / deb.stem
        subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
        control = tree / "DEBIAN/control"
        now = re.search(r"^Version: (.*)$", control.read_text(encoding="utf-8"), re.MULTILINE).group(1)
        control.write_text(control.read_text(encoding="utf-8").replace(now, OLD), encoding="utf-8")
        for name in ("etc/schoolpoort/mosquitto.conf", "etc/nginx/sites-available/schoolpoort"):
            if (tree / name).exists():
                with open(tree / name, "a", encoding="utf-8") as f:
                    f.write("# of the release before\n")
        made.append(folder / f"{deb.name.split('_')[0]}_{OLD}_{deb.stem.split('_')[2]}.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, made[-1]], check=True,
                       stdout=subprocess.DEVNULL)
    return made


def is_whole(root):
    """What must be true after each installation."""
    for program in PROGRAMS:
        assert root.run(program, "--version").split()[0] == program
    for folder in ("/run/schoolpoort", "/var/lib/schoolpoort"):
        if not root.has(folder):
            # Without /proc the postinst can't; at each start of a machine it is made anew.
            root.sh("systemd-tmpfiles", f"--root={root.folder}", "--create", "schoolpoort.conf")
        assert stat.S_IMODE(root.path(folder).stat().st_mode) == 0o1770, folder
    group = re.search(r"^schoolpoort:x:(\d+):", root.text("/etc/group"), re.MULTILINE).group(1)
    for user in USERS:
        assert re.search(rf"^schoolpoort-{user}:x:\d+:{group}:.*:/usr/sbin/nologin$", root.text("/etc/passwd"),
                         re.MULTILINE), user
    assert root.path("/var/lib/schoolpoort").stat().st_gid == int(group)
    if os.path.exists(os.path.join(os.path.dirname(__file__), "../../build/careboard/index.html")):  # else this tree was never told to build the page
        assert root.has("/usr/share/schoolpoort/careboard/index.html"), "the broker's package without the care team's page"
    for link in ("/usr/sbin/schoolpoort-join", "/usr/sbin/schoolpoort-provision"):
        assert os.access(root.path(os.path.join("/usr/sbin", os.readlink(root.path(link)))), os.X_OK), link


def units_are_read(root):
    """systemd finds every program, page and user that the units name, and has nothing to say."""
    units = sorted(p.name for p in root.path("/lib/systemd/system").glob("schoolpoort-*.*")
                   if "@" not in p.name)
    assert len(units) >= 12, units
    done = subprocess.run(["systemd-analyze", "verify", f"--root={root.folder}", "--man=no", *units],
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=300)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "schoolpoort" in line]
    assert not said, said


def use(root):
    """A school, a gate and its register, as people make them; and data as programs leave it."""
    if root.proc:
        make_school(root)
    else:
        for name in ("school/ca.key", "broker/broker.crt", "tls/ca.crt", "unit.conf", "unit.card.key", "register.conf",
                     *(f"tls/{unit}.{suffix}" for unit in ("unit", "register") for suffix in ("crt", "key", "joined"))):
            root.path(f"/etc/schoolpoort/{name}").parent.mkdir(exist_ok=True)
            root.path(f"/etc/schoolpoort/{name}").write_text(name, encoding="utf-8")
    for name in ("kiosk.db", "kiosk.db-wal", "kiosk.db.backup", "kiosk.db.damaged-1", "kiosk.ballast", "register.db",
                 "register.db-shm", "register.db.backup", "clock", "homeassistant"):
        root.path(f"/var/lib/schoolpoort/{name}").write_text(name, encoding="utf-8")
    for name in ("/run/schoolpoort/kiosk.sock.lock", "/run/schoolpoort/register.sock.lock",
                 "/etc/schoolpoort/region/inside/tls/ca.crt"):
        root.path(name).parent.mkdir(parents=True, exist_ok=True)
        root.path(name).write_text(name, encoding="utf-8")


def make_school(root):
    root.run("schoolpoort-provision", "init", "sint-jan", "--host", "broker.sint-jan.example")
    # The site is nginx's own from now on, and nginx can start on it.
    assert root.has("/etc/nginx/sites-enabled/schoolpoort")
    root.run("nginx", "-t")
    for unit in ("gate-1", "register"):
        root.run("schoolpoort-provision", "unit", unit, "--out", f"/root/{unit}.schoolpoort")
        root.run("schoolpoort-join", f"/root/{unit}.schoolpoort", "--request", f"/root/{unit}.request")
        root.run("schoolpoort-provision", "sign", f"/root/{unit}.request", "--out", f"/root/{unit}.crt")
        root.run("schoolpoort-join", "--certificate", f"/root/{unit}.crt")
        for suffix in ("request", "crt"):
            root.path(f"/root/{unit}.{suffix}").unlink()


def kept(root):
    """What is the school's own: nothing but a purge takes it."""
    return {path: what for path, what in root.everything().items()
            if re.match(r"/etc/schoolpoort/(school|broker|tls|.*\.conf|.*key)|/var/lib/schoolpoort", path)
            and not path.endswith((".sample", "mosquitto.conf"))}


def main():
    if os.getuid() != 0:
        print("SKIP: needs root, for chroot")
        return 77
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True,
                                  check=True).stdout.strip()
    debs = sorted(d for d in (TREE / "build/packages").glob("*.deb") if d.stem.endswith((f"_{architecture}", "_all")))
    assert len(debs) == 5, debs
    with tempfile.TemporaryDirectory(prefix="schoolpoort-package-") as scratch:
        walk(Root(pathlib.Path(scratch) / "root"), debs, older(debs, pathlib.Path(scratch)))
    return 0


def walk(root, debs, old_debs):
    before = root.everything()
    packages = [d.name.split("_")[0] for d in debs]

    root.install(old_debs)
    assert all(v == [OLD, "ii"] for v in root.versions().values()), root.versions()
    is_whole(root)
    units_are_read(root)
    assert ENABLED <= root.enabled(), ENABLED - root.enabled()
    assert not [link for link in root.enabled() if "metrics" in link], "figures are for who wants them"
    print("ok: installed")

    use(root)
    # As the release before made them.
    for folder in ("/run/schoolpoort", "/var/lib/schoolpoort") if root.proc else ():
        root.path(folder).chmod(0o770)
    # The relay's, which a person makes (region/README.md).
    root.run("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "schoolpoort-region")
    root.path("/var/lib/schoolpoort-region").mkdir()
    people = root.text("/etc/passwd")
    data = kept(root)
    assert "/etc/schoolpoort/tls/unit.crt" in data and "/etc/schoolpoort/school/ca.key" in data, data
    root.run("systemctl", "disable", "schoolpoort-screen.service")
    mine = {"/etc/schoolpoort/usb.conf": "1234:5678 03\n",
            "/etc/nginx/sites-available/schoolpoort": "# ours\n", "/etc/schoolpoort/unit.conf": "# ours\n"}
    for name, text in mine.items():
        with open(root.path(name), "a", encoding="utf-8") as f:
            f.write(text)
    del data["/etc/schoolpoort/unit.conf"], data["/etc/schoolpoort/usb.conf"]
    del data["/var/lib/schoolpoort"]  # its mode is the new release's

    # The site differs in both: as an update at night would, the school's own is kept.
    root.install(debs, "-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Options::=--force-confdef")
    assert all(v[0] > OLD and v[1] == "ii" for v in root.versions().values()), root.versions()
    is_whole(root)
    for name, text in mine.items():
        assert root.text(name).endswith(text), name
    assert "release before" not in root.text("/etc/schoolpoort/mosquitto.conf"), "an untouched one is renewed"
    assert "release before" in root.text("/etc/nginx/sites-available/schoolpoort")
    assert root.enabled() == {e for e in root.enabled() | ENABLED if "screen" not in e}, root.enabled()
    assert root.text("/etc/passwd") == people
    assert data.items() <= kept(root).items(), set(data.items()) - set(kept(root).items())
    print("ok: upgraded")

    root.apt("remove", *packages)
    assert not [p for p in PROGRAMS if root.has(f"/usr/bin/{p}")]
    assert not list(root.path("/lib/systemd/system").glob("schoolpoort-*"))
    assert data.items() <= kept(root).items()
    assert root.text("/etc/passwd") == people
    for name, text in mine.items():
        assert root.text(name).endswith(text), name
    print("ok: removed, the data stays")

    root.install(debs)
    is_whole(root)
    assert data.items() <= kept(root).items()
    assert "schoolpoort-screen" not in str(root.enabled()) and "schoolpoort-kiosk" in str(root.enabled())
    print("ok: installed again")

    # A gate goes, the register on the same machine stays.
    root.apt("purge", "schoolpoort-gate", "schoolpoort-machine")
    assert not [p for p in kept(root) if re.search(r"kiosk|/unit\.|usb", p)], kept(root)
    for name in ("/etc/schoolpoort/tls/ca.crt", "/etc/schoolpoort/register.conf", "/var/lib/schoolpoort/register.db"):
        assert root.has(name), name
    assert re.search("^schoolpoort-register:", root.text("/etc/passwd"), re.MULTILINE)
    root.apt("purge", *sorted(set(packages) - {"schoolpoort-gate", "schoolpoort-machine"}))
    after = root.everything()
    assert after == before, f"left: {sorted(set(after.items()) ^ set(before.items()))}"
    print("ok: purged, nothing is left")


if __name__ == "__main__":
    sys.exit(main())
