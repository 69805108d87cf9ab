# SPDX-License-Identifier: EUPL-1.2
"""What a gate's machine is told: settings that systemd and the kernel know, USB devices let in or not, a quiet start."""

import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
GATE = SOURCE / "firmware-app/packaging/gate"
USB_GATE = GATE / "usr/lib/schoolpoort/usb-gate"
QUIET_BOOT = GATE / "usr/lib/schoolpoort/quiet-boot"
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def run(*command, status=0):
    done = subprocess.run([str(c) for c in command], env=ENV, text=True, timeout=300, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert status is None or done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}"
    return done.stdout


# ---- settings ----

def x6_settings_are_known_to_systemd():
    """Debian's own files hold every key, commented out."""
    for kind in ("logind", "journald", "system"):
        known = pathlib.Path(f"/etc/systemd/{kind}.conf")
        if not known.exists():
            print(f"  no {known} here: its keys aren't compared")
            continue
        keys = set(re.findall(r"^#?(\w+)=", known.read_text(), re.MULTILINE))
        ours = configparser.ConfigParser(interpolation=None)
        ours.optionxform = str
        ours.read(GATE / f"usr/lib/systemd/{kind}.conf.d/schoolpoort.conf")
        for section in ours.sections():
            for key in ours[section]:
                assert key in keys, f"{kind}.conf has no {key}="


def x6_settings_are_known_to_the_kernel():
    for line in (GATE / "usr/lib/sysctl.d/60-schoolpoort.conf").read_text().splitlines():
        if line and line[0] != "#":
            key = line.split("=")[0].strip()
            here = pathlib.Path("/proc/sys", *key.split(".")).exists()
            # A kernel may be built without SysRq; there is nothing to switch off then.
            assert here or key == "kernel.sysrq", key


def x6_nobody_is_asked_to_log_in():
    for getty in ("getty@", "serial-getty@"):
        text = (GATE / f"lib/systemd/system/{getty}.service.d/schoolpoort.conf").read_text()
        assert "\nConditionPathExists=/run/schoolpoort-maintenance\n" in text
    assert os.readlink(GATE / "etc/systemd/system/ctrl-alt-del.target") == "/dev/null"


def udev_reads_the_rules():
    """udevadm says what it can't read; in a mount namespace, so that this machine keeps its own."""
    rules = GATE / "lib/udev/rules.d/69-schoolpoort-usb.rules"
    stick = SOURCE / "broker-config/udev/70-schoolpoort-stick.rules"
    if os.getuid() or not shutil.which("udevadm", path=ENV["PATH"]) or not os.path.isdir("/etc/udev/rules.d"):
        print("  no root or no udevadm here: the rules aren't read")
        return
    for wrong in ("", 'SUBSYSTEM="usb", NO_KEY=="x"\n'):
        with tempfile.TemporaryDirectory() as folder:
            for file in (rules, stick):
                (pathlib.Path(folder) / file.name).write_text(wrong + file.read_text())
            done = subprocess.run(
                ["unshare", "--mount", "sh", "-c",
                 f"mount --bind {folder} /etc/udev/rules.d && udevadm test /sys/class/net/lo"],
                env=ENV, text=True, capture_output=True, check=False, timeout=300)
        if "Reading rules file: /etc/udev/rules.d/69-" not in done.stderr + done.stdout:
            print("  no namespace here: the rules aren't read")
            return
        said = re.findall(r"^.*(?:/etc/udev/rules\.d/\S+:\d+|schoolpoort\S*:\d+).*$",
                          done.stderr + done.stdout, re.MULTILINE)
        assert bool(said) == bool(wrong), done.stderr


# ---- USB ----

def descriptors(*interfaces, device_class=0):
    """A device of one configuration, as the kernel keeps it."""
    data = bytes([18, 1, 0, 2, device_class, 0, 0, 64, 0x2f, 0x07, 0, 0x22, 0, 1, 0, 0, 0, 1])
    body = b""
    for number, kind in enumerate(interfaces):
        body += bytes([9, 4, number, 0, 1, kind, 0, 0, 0]) + bytes([7, 5, 0x81, 3, 8, 0, 10])
    return data + bytes([9, 2, 9 + len(body), 0, len(interfaces), 1, 0, 0x80, 50]) + body


class Machine:
    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.device = self.root / "sys/devices/pci0/usb1/1-1"
        for name in ("etc/schoolpoort/tls", "run", "proc/self"):
            (self.root / name).mkdir(parents=True)
        self.device.mkdir(parents=True)
        shutil.copy(GATE / "etc/schoolpoort/usb.conf", self.root / "etc/schoolpoort")
        (self.root / "proc/self/mountinfo").write_text("22 1 8:2 / / rw - ext4 /dev/sda2 rw\n")

    def plug(self, name, data, authorized="0"):
        vendor, product = name.split(":")
        (self.device / "idVendor").write_text(vendor + "\n")
        (self.device / "idProduct").write_text(product + "\n")
        (self.device / "descriptors").write_bytes(data)
        (self.device / "authorized").write_text(authorized + "\n")
        run(USB_GATE, "--root", self.root, self.device)
        return (self.device / "authorized").read_text().strip() == "1"


def x6_usb_for_the_reader_alone():
    hid, storage, hub, reader, vendor = 3, 8, 9, 0x0b, 0xff
    rows = (  # what, id, interfaces, let in
        ("a reader", "072f:2200", (reader,), True),
        ("a reader that types", "072f:2200", (reader, hid), False),
        ("a keyboard", "046d:c31c", (hid, hid), False),
        ("a keyboard with a reader's number", "072f:2200", (hid,), False),
        ("a stick", "0781:5567", (storage,), False),
        ("a stick with a reader's number", "04e6:5591", (storage,), False),
        ("a hub", "05e3:0608", (hub,), True),
        ("a hub that types", "05e3:0608", (hub, hid), False),
        ("an adapter for UART", "0403:6001", (vendor,), True),
        ("a Pi 3's network", "0424:ec00", (vendor,), True),
        ("another network", "0bda:8153", (vendor,), False),
        ("nothing", "072f:2200", (), False),
    )
    with tempfile.TemporaryDirectory() as folder:
        m = Machine(folder)
        (m.root / "etc/schoolpoort/tls/unit.joined").touch()
        for before in "01":  # as it comes, and as it was there before udev
            for what, name, interfaces, want in rows:
                assert m.plug(name, descriptors(*interfaces), before) == want, what
        whole = descriptors(reader)
        for cut in range(len(whole) - 7):  # the last descriptor is an end point, of which nothing is asked
            assert not m.plug("072f:2200", whole[:cut]), f"the first {cut} bytes"
        assert not m.plug("072f:2200", whole + b"\0\0"), "an end without length"
        with open(m.root / "etc/schoolpoort/usb.conf", "a", encoding="utf-8") as f:
            f.write("0EEF:0005 03 # the display's touch\n")
        assert m.plug("0eef:0005", descriptors(hid)) and not m.plug("0eef:0005", descriptors(storage))
        (m.root / "etc/schoolpoort/usb.conf").unlink()
        assert not m.plug("072f:2200", whole) and m.plug("05e3:0608", descriptors(hub))


def x6_a_stick_for_who_waits_for_a_bundle():
    stick = descriptors(8)
    with tempfile.TemporaryDirectory() as folder:
        m = Machine(folder)
        tls = m.root / "etc/schoolpoort/tls"
        assert m.plug("0781:5567", stick), "a fresh unit"
        assert not m.plug("0781:5567", descriptors(8, 3)), "a stick that types"
        (tls / "unit.joined").touch()
        (tls / "unit.request").touch()
        assert m.plug("0781:5567", stick), "its answer"
        (tls / "unit.request").unlink()
        assert not m.plug("0781:5567", stick), "joined"
        (m.root / "run/schoolpoort-maintenance").touch()
        assert m.plug("0781:5567", stick) and m.plug("046d:c31c", descriptors(3)), "maintenance"


def a_disk_that_is_mounted_stays():
    with tempfile.TemporaryDirectory() as folder:
        m = Machine(folder)
        (m.root / "etc/schoolpoort/tls/unit.joined").touch()
        part = m.device / "1-1:1.0/host0/target/block/sda/sda2"
        part.mkdir(parents=True)
        (part / "dev").write_text("8:2\n")
        assert m.plug("0781:5567", descriptors(8), "1"), "the disk of the system"
        (part / "dev").write_text("8:22\n")
        assert not m.plug("0781:5567", descriptors(8), "1"), "another"
        (part / "holders/dm-0").mkdir(parents=True)
        assert m.plug("0781:5567", descriptors(8), "1"), "under a layer"


# ---- a quiet start ----

def quiet_boot_once_and_again():
    added = ("console=tty3 quiet loglevel=3 logo.nologo vt.global_cursor_default=0 consoleblank=0"
             " systemd.show_status=no panic=10")
    rows = (
        ("console=serial0,115200 console=tty1 root=PARTUUID=x-02 rootfstype=ext4 fsck.repair=yes rootwait\n",
         "root=PARTUUID=x-02 rootfstype=ext4 fsck.repair=yes rootwait"),
        ("root=/dev/mmcblk0p2 quiet splash loglevel=7 panic=0 console=ttyAMA0,115200", "root=/dev/mmcblk0p2"),
        ("a=*  b=[x]\r\nanother line\n", "a=* b=[x]"),
    )
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "cmdline.txt"
        for before, kept in rows:
            file.write_bytes(before.encode())
            said = run(QUIET_BOOT, "--check", file, status=1)
            assert said == f"{kept} {added}\n" and file.read_bytes() == before.encode(), said
            run(QUIET_BOOT, file)
            assert file.read_text() == f"{kept} {added}\n", file.read_text()
            assert (file.parent / "cmdline.txt.before").read_bytes() == before.encode()
            stat = file.stat()
            assert run(QUIET_BOOT, file) == "" and run(QUIET_BOOT, "--check", file) == ""
            assert file.stat().st_ino == stat.st_ino, "written again"
        file.write_text("")
        run(QUIET_BOOT, file, status=2)
        run(QUIET_BOOT, file.parent / "none", status=2)


def main():
    for test in (x6_settings_are_known_to_systemd, x6_settings_are_known_to_the_kernel,
                 x6_nobody_is_asked_to_log_in, udev_reads_the_rules, x6_usb_for_the_reader_alone,
                 x6_a_stick_for_who_waits_for_a_bundle, a_disk_that_is_mounted_stays,
                 quiet_boot_once_and_again):
        test()
        print("ok", test.__name__)


if __name__ == "__main__":
    sys.exit(main())
