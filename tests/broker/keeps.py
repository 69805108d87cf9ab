#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What the shipped broker takes and keeps: messages up to 8 MB, retained ones over a clean end, a start on a damaged file."""

import subprocess

import mqtt
import school
from school import School

TOPIC = "schoolpoort/sint-jan/gates/data"
LIMIT = 8388608


def main():
    with School() as s:
        s.unit("gate-1")
        s.unit("register")
        s.start()
        register, gate = s.unit_client("register"), s.unit_client("gate-1")
        gate.subscribe("schoolpoort/sint-jan/gates/#")
        # Twice what 1,500 pupils with their records need; then just under the limit.
        for size in (3200000, LIMIT - 1000):
            assert register.publish(TOPIC, "x" * size, True) == 0
            gate.ping()
            assert [len(p) for _, p, _ in gate.messages] == [size]
            gate.messages.clear()
        try:
            code = register.publish(TOPIC, "x" * (LIMIT + 1), True)
        except (mqtt.Refused, OSError):
            code = 149
        assert code == 149, code
        # Over a clean end it stays, and the rights with it.
        s.stop()
        s.start()
        gate = s.unit_client("gate-1")
        gate.subscribe("schoolpoort/sint-jan/gates/#")
        gate.ping()
        assert [len(p) for _, p, _ in gate.messages] == [LIMIT - 1000]
        # A power cut left half a file: what the broker's unit runs before each start moves it aside.
        s.stop()
        kept = s.dir / "mosquitto/mosquitto.db"
        whole = kept.read_bytes()
        kept.write_bytes(whole[:len(whole) // 2])
        before = subprocess.run([school.tool("mosquitto"), "-c", s.dir / "mosquitto.conf"],
                                check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                timeout=60)
        assert before.returncode != 0, "a broker that starts on it needs no check"
        s.run(school.SHIPPED / "mosquitto/check-persistence", s.dir / "mosquitto")
        s.start()
        s.unit_client("gate-1").close()
        assert (s.dir / "mosquitto/mosquitto.db.damaged").exists()


if __name__ == "__main__":
    main()
