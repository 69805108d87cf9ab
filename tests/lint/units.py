# SPDX-License-Identifier: EUPL-1.2
"""The checks of what systemd is told: service units, and what a keyboard at the gate may do."""

import posixpath
import re

UNITS = "firmware-app/packaging/"

# section, key: values that are allowed. Every service has them, each once. Source: library-facts 8;
# faults.md N2, N7, N8, P1, P6, X6.
ALWAYS = {
    ("Unit", "StartLimitIntervalSec"): ("0",),
    ("Service", "Type"): ("notify",),
    ("Service", "Restart"): ("always",),
    ("Service", "RestartSec"): ("1",),
    ("Service", "RestartPreventExitStatus"): ("2",),
    ("Service", "TimeoutStopSec"): ("5",),
    ("Service", "WatchdogSec"): ("10",),
    ("Service", "UMask"): ("0007",),
    ("Service", "Group"): ("schoolpoort",),
    ("Service", "NoNewPrivileges"): ("yes",),
    ("Service", "CapabilityBoundingSet"): ("",),
    ("Service", "ProtectSystem"): ("strict",),
    ("Service", "ProtectHome"): ("yes",),
    ("Service", "PrivateTmp"): ("yes",),
    ("Service", "ProtectKernelTunables"): ("yes",),
    ("Service", "ProtectKernelModules"): ("yes",),
    ("Service", "ProtectKernelLogs"): ("yes",),
    ("Service", "ProtectControlGroups"): ("yes",),
    ("Service", "ProtectProc"): ("invisible",),
    ("Service", "RestrictNamespaces"): ("yes",),
    ("Service", "RestrictRealtime"): ("yes",),
    ("Service", "RestrictSUIDSGID"): ("yes",),
    ("Service", "LockPersonality"): ("yes",),
    ("Service", "SystemCallArchitectures"): ("native",),
    ("Service", "SystemCallFilter"): ("@system-service adjtimex clock_adjtime",),
    ("Service", "DevicePolicy"): ("closed",),
}
SERVER = {
    ("Service", "PrivateDevices"): ("yes",),
    ("Service", "MemoryDenyWriteExecute"): ("yes",),
    ("Service", "RestrictAddressFamilies"): ("AF_UNIX AF_INET AF_INET6",),
    ("Service", "ReadWritePaths"): ("/run/schoolpoort /var/lib/schoolpoort",),
}
CLIENT = {
    ("Service", "IPAddressDeny"): ("any",),
}
OF_UNIT = {
    "schoolpoort-kiosk": SERVER,
    "schoolpoort-register": SERVER,
    "schoolpoort-reader": {
        **CLIENT,
        ("Service", "WatchdogSec"): ("3",),
        ("Service", "WatchdogSignal"): ("SIGKILL",),
        ("Service", "MemoryDenyWriteExecute"): ("yes",),
        ("Service", "RestrictAddressFamilies"): ("AF_UNIX",),
        ("Service", "ExecStartPre"): (
            "+/usr/bin/schoolpoort-reader-reset --config /etc/schoolpoort/unit.conf",),
    },
    "schoolpoort-signal": {
        **CLIENT,
        ("Service", "MemoryDenyWriteExecute"): ("yes",),
        ("Service", "RestrictAddressFamilies"): ("AF_UNIX",),
        ("Service", "DeviceAllow"): ("char-gpiochip rw",),
    },
    "schoolpoort-screen": {
        **CLIENT,
        ("Service", "RestrictAddressFamilies"): ("AF_UNIX AF_NETLINK",),
    },
}
# What a timer starts and what runs to its end is neither watched nor started again; it is confined all the same.
ONESHOT = {
    "schoolpoort-metrics@": {
        ("Service", "Type"): ("oneshot",),
        ("Service", "TimeoutStartSec"): ("30",),
        ("Service", "UMask"): ("0077",),
        ("Service", "PrivateNetwork"): ("yes",),
        ("Service", "RestrictAddressFamilies"): ("AF_UNIX",),
        ("Service", "RuntimeDirectory"): ("schoolpoort-metrics",),
        ("Service", "RuntimeDirectoryPreserve"): ("yes",),
    },
}
ONESHOT["schoolpoort-update-check"] = {
    ("Service", "Type"): ("oneshot",),
    ("Service", "TimeoutStartSec"): ("900",),
    ("Service", "UMask"): ("0022",),
    ("Service", "PrivateNetwork"): ("yes",),
    ("Service", "RestrictAddressFamilies"): ("AF_UNIX",),
    ("Service", "ReadWritePaths"): ("-/var/lib/schoolpoort-update -/etc/apt/preferences.d",),
}
# No user of its own: the files that it keeps are root's; it has no capability.
ROOTS_OWN = {"schoolpoort-update-check"}
# Why nothing confines it; units_verify.py knows it too.
UNCONFINED = {"schoolpoort-update-back": "it runs dpkg, which writes wherever a package does"}
WATCHED = {"StartLimitIntervalSec", "Type", "Restart", "RestartSec", "RestartPreventExitStatus",
           "TimeoutStopSec", "WatchdogSec", "UMask"}
# key: why no unit of ours has it.
NEVER = {
    "RuntimeDirectory": "chowned to each unit's user in turn: tmpfiles makes the folder",
    "StateDirectory": "chowned to each unit's user in turn: tmpfiles makes the folder",
    "RuntimeMaxSec": "nothing restarts by itself in the morning (P7)",
    "StartLimitBurst": "there is no start limit (N8)",
    "StartLimitAction": "there is no start limit (N8)",
    "AmbientCapabilities": "no program of ours needs a capability",
    "ProcSubset": "hides /proc/sys/kernel/random/boot_id",
    "PrivateUsers": "the sockets would know everybody as nobody",
}
# A file whose path matches: the section and key that it must have. X6: nothing happens at a
# keyboard, a console switch, SysRq or Ctrl-Alt-Del.
CONSOLE = (
    (re.compile(r"/logind\.conf\.d/[^/]+\.conf$"), {
        ("Login", "NAutoVTs"): ("0",),
        ("Login", "ReserveVT"): ("0",),
        ("Login", "HandlePowerKey"): ("ignore",),
        ("Login", "HandleRebootKey"): ("ignore",),
        ("Login", "HandleSuspendKey"): ("ignore",),
        ("Login", "HandleHibernateKey"): ("ignore",),
    }),
    (re.compile(r"/system\.conf\.d/[^/]+\.conf$"), {
        ("Manager", "CtrlAltDelBurstAction"): ("none",),
        ("Manager", "RuntimeWatchdogSec"): ("14",),
        ("Manager", "RebootWatchdogSec"): ("2min",),
    }),
    (re.compile(r"/sysctl\.d/[^/]+\.conf$"), {("", "kernel.sysrq"): ("0",)}),
)


# Taps are accepted without a network and without the time (faults.md C1, M1): nothing of ours waits for either. What is
# only ordered before the network, as a firewall is, pulls network-pre.target in.
WAITS = re.compile(r"\b(network(-online)?|nss-lookup|time-sync|time-set|remote-fs)\.target\b"
                   r"|\b(systemd-networkd-wait-online|systemd-time-wait-sync|NetworkManager-wait-online)\.service\b")
ORDERING = {"After", "Wants", "Requires", "Requisite", "BindsTo"}


def read_ini(text):
    """Yields (line, section, key, value)."""
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line:
            key, value = (word.strip() for word in line.split("=", 1))
            yield number, section, key, value


def demand(path, text, wanted, report):
    """Each of the wanted keys once, with one of its values."""
    seen = {}
    for number, section, key, value in read_ini(text):
        allowed = wanted.get((section, key))
        if allowed is None:
            continue
        if (section, key) in seen:
            report(path, number, f"{key}= stands in line {seen[section, key]} already")
        seen.setdefault((section, key), number)
        if value not in allowed:
            report(path, number, f"{key}={value}: must be {key}={' or '.join(allowed)}")
    for section, key in wanted:
        if (section, key) not in seen:
            report(path, 1, f"[{section}] lacks {key}={' or '.join(wanted[section, key])}")


def check_order(tree, report):
    for path in tree.files(".service", ".timer", ".path", ".socket", ".target", ".conf"):
        if not path.startswith((UNITS, "broker-config/")):
            continue
        for number, section, key, value in read_ini(tree.text(path)):
            found = WAITS.search(value) if section == "Unit" and key in ORDERING else None
            if found:
                report(path, number, f"{key}={found.group()}: nothing waits for network or time")


def check_unit(tree, report):
    for path in tree.files(".service"):
        if not path.startswith(UNITS):
            continue
        name = posixpath.basename(path)[:-len(".service")]
        if name in UNCONFINED:
            continue
        own = OF_UNIT.get(name) or ONESHOT.get(name)
        if own is None:
            report(path, 1, f"{name} has no row in OF_UNIT or ONESHOT of tests/lint/units.py")
            continue
        text = tree.text(path)
        always = {k: v for k, v in ALWAYS.items() if name in OF_UNIT or k[1] not in WATCHED}
        user = {} if name in ROOTS_OWN else {("Service", "User"): (name.rstrip("@"),)}
        demand(path, text, {**always, **own, **user}, report)
        for number, section, key, _ in read_ini(text):
            if key == "ReadWritePaths" and CLIENT.items() <= own.items():
                report(path, number, f"{key}=: a client of the kiosk's socket writes nowhere")
            if key in NEVER and (section, key) not in own:
                report(path, number, f"{key}=: {NEVER[key]}")


def check_console(tree, report):
    for path in tree.files(".conf"):
        for pattern, wanted in CONSOLE:
            if path.startswith(UNITS) and pattern.search(path):
                demand(path, tree.text(path), wanted, report)
