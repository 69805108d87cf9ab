#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What the shipped broker takes and keeps: messages up to 8 MB, retained ones over a clean end, a start on a damaged
file, and what one unit can fill."""

import subprocess

import mqtt
import school
from school import School

TOPIC = "schoolpoort/sint-jan/gates/data"
LIMIT = 8388608


STOLEN = "schoolpoort/sint-jan/gate/gate-1/"


def a_stolen_gate_fills_nothing():
    """Until it is revoked: messages as large as any, retained where it may, to a register that reads slower than it writes."""
    with School() as s:
        for name in ("gate-1", "gate-2", "register"):
            s.unit(name)
        s.start()
        slow = s.unit_client("register")
        slow.subscribe("schoolpoort/sint-jan/gate/#", qos=1)
        stolen = s.unit_client("gate-1")
        large = "x" * (LIMIT - 1000)
        for i in range(40):
            stolen.publish(f"{STOLEN}{i}", large, True)
        for _ in range(40):
            stolen.publish(f"{STOLEN}checkin", large)
        # Everybody else is served as before.
        other = s.unit_client("gate-2")
        assert other.publish("schoolpoort/sint-jan/gate/gate-2/checkin", "tap") == 0
        other.close()
        slow.ping()
        came = [len(p) for t, p, _ in slow.messages if t.startswith(STOLEN)]
        print(f"figure: a stolen gate filled {sum(came) / 1048576:.0f} MiB of the broker (1 run, 640 MiB sent)")
        assert sum(came) < 64 * 1048576, came
        stolen.close()


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
                                timeout=300)
        assert before.returncode != 0, "a broker that starts on it needs no check"
        s.run(school.SHIPPED / "mosquitto/check-persistence", s.dir / "mosquitto")
        s.start()
        s.unit_client("gate-1").close()
        assert (s.dir / "mosquitto/mosquitto.db.damaged").exists()


if __name__ == "__main__":
    main()
    a_stolen_gate_fills_nothing()
