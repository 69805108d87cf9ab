#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The WebSocket port is closed to all but the broker's own machine, by the shipped nftables file.

Two network namespaces and a cable. First without the file: the listener is open to everybody, which is why it is there.
"""

import os
import socket
import subprocess
import sys

import school
from school import School

HERE, THERE = "10.9.1.1", "10.9.1.2"
RULES = school.SHIPPED / "nftables/schoolpoort-broker.nft"


def sh(*command, **more):
    return subprocess.run([str(c) for c in command], check=True, **more)


def enter():
    """This program once more, in namespaces of its own."""
    if os.getuid() != 0:
        school.skip("needs root for network namespaces")
    for needed in ("nft", "ip", "unshare", "nsenter"):
        if not school.tool(needed):
            school.skip(f"{needed} is not here")
    tried = subprocess.run(["unshare", "--net", school.tool("nft"), "-f", RULES], check=False,
                           stderr=subprocess.PIPE, text=True)
    if tried.returncode:
        school.skip(f"no namespaces or no nftables here: {tried.stderr.strip()}")
    os.execvp("unshare", ["unshare", "--net", sys.executable, "-B", __file__, "inside"])


def reaches(holder, address, port, deadline_s=60):
    """From the other end of the cable, or from here."""
    code = f"import socket; socket.create_connection(('{address}', {port}), timeout={deadline_s})"
    where = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"] if holder else []
    return subprocess.run([*where, sys.executable, "-c", code], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


def inside():
    # Debian's own rules empty every table, started or reloaded; ours comes back with each.
    unit = (school.SHIPPED / "systemd/schoolpoort-broker-firewall.service").read_text()
    assert "ReloadPropagatedFrom=nftables.service" in unit and "PartOf=nftables.service" in unit
    holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        there = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        sh("ip", "link", "set", "lo", "up")
        sh("ip", "link", "add", "cable", "type", "veth", "peer", "name", "plug", "netns", holder.pid)
        sh("ip", "addr", "add", f"{HERE}/24", "dev", "cable")
        sh("ip", "link", "set", "cable", "up")
        sh(*there, "ip", "addr", "add", f"{THERE}/24", "dev", "plug")
        sh(*there, "ip", "link", "set", "plug", "up")
        with School() as s:
            s.ports = {"8883": 8883, "9001": 9001}  # a network of its own: as shipped
            s.start()
            assert reaches(holder, HERE, 9001), "Mosquitto listens on all, whatever it is told"
            for _ in range(2):  # loaded again it replaces itself
                sh("nft", "-f", RULES)
            listed = subprocess.run(["nft", "list", "ruleset"], check=True, text=True,
                                    stdout=subprocess.PIPE).stdout
            assert listed.count("dport 9001") == 1, listed
            # What is dropped is never answered. The kernel answers by itself, and at once, as it did above.
            assert not reaches(holder, HERE, 9001, deadline_s=5)
            assert reaches(holder, HERE, 8883), "units"
            assert reaches(None, "127.0.0.1", 9001), "nginx"
            with socket.create_connection(("127.0.0.1", 9001), timeout=60):
                pass
    finally:
        holder.stdin.close()
        holder.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    else:
        enter()
