#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Draws the wirings of wiring.md and writes its tables, from one list, so that no number stands anywhere twice.

wiring.py           writes wiring-*.svg and the tables
wiring.py --check   says what differs; status 1
"""

import pathlib
import re
import sys
from html import escape

HERE = pathlib.Path(__file__).resolve().parent

# The 40 pins as Raspberry Pi's own documentation numbers them, the same on each Pi since the B+: odd on the left.
HEADER = """3V3 5V|GPIO2 5V|GPIO3 GND|GPIO4 GPIO14|GND GPIO15|GPIO17 GPIO18|GPIO27 GND|GPIO22 GPIO23|3V3 GPIO24|GPIO10 GND|
GPIO9 GPIO25|GPIO11 GPIO8|GND GPIO7|GPIO0 GPIO1|GPIO5 GND|GPIO6 GPIO12|GPIO13 GND|GPIO19 GPIO16|GPIO26 GPIO20|
GND GPIO21"""
PIN = dict(enumerate(HEADER.replace("|", " ").split(), 1))
ROLE = {2: "SDA1", 3: "SCL1", 7: "SPI0 CE1", 8: "SPI0 CE0", 9: "SPI0 MISO", 10: "SPI0 MOSI", 11: "SPI0 SCLK",
        14: "TXD", 15: "RXD"}

READER_UART = ("PN532, switched to HSU", [(4, "5V", "VCC"), (6, "GND", "GND"), (8, "GPIO14", "RXD"),
                                          (10, "GPIO15", "TXD"), (29, "GPIO5", "RSTPD_N")])
CLOCK = ("DS3231", [(1, "3V3", "VCC"), (3, "GPIO2", "SDA"), (5, "GPIO3", "SCL"), (9, "GND", "GND")])
BUILDS = {
    "uart": ("PN532 on the serial port", [READER_UART, CLOCK]),
    "zero": ("Pi Zero 2 W without display", [
        READER_UART, CLOCK, ("buzzer with a tone of its own", [(2, "5V", "+")]),
        ("NPN transistor in its minus wire", [(12, "GPIO18", "base, through 1 kohm"), (14, "GND", "emitter")]),
        ("green LED, through 330 ohm", [(16, "GPIO23", "anode"), (20, "GND", "cathode")]),
        ("amber LED, through 330 ohm", [(18, "GPIO24", "anode"), (25, "GND", "cathode")])]),
    "usb": ("Clock beside a USB reader", [CLOCK]),
    "spi": ("PN532 on SPI", [("PN532, switched to SPI", [
        (2, "5V", "VCC"), (20, "GND", "GND"), (19, "GPIO10", "MOSI"), (21, "GPIO9", "MISO"), (23, "GPIO11", "SCK"),
        (24, "GPIO8", "SS"), (29, "GPIO5", "RSTPD_N")])]),
    "i2c": ("PN532 on I2C", [("PN532, switched to I2C", [
        (4, "5V", "VCC"), (6, "GND", "GND"), (3, "GPIO2", "SDA"), (5, "GPIO3", "SCL"), (29, "GPIO5", "RSTPD_N")])]),
}
COLOUR = {"5V": "#c0392b", "3V3": "#e67e22", "GND": "#2d3436"}
SIGNALS = ("#1f6fb2", "#1e8449", "#8e44ad", "#b9770e", "#117a8b")


def check():
    """What no drawing may have."""
    assert len(PIN) == 40 and PIN[40] == "GPIO21"
    for name, (_, parts) in BUILDS.items():
        used = set()
        for _, wires in parts:
            for pin, what, _ in wires:
                assert PIN[pin] == what, f"{name}: pin {pin} is {PIN[pin]}, not {what}"
                assert pin not in used, f"{name}: pin {pin} twice"
                used.add(pin)


def role(what):
    number = int(what[4:]) if what.startswith("GPIO") else None
    return f"{what} ({ROLE[number]})" if number in ROLE else what


def table(parts):
    lines = ["| part | its pin | Pi: pin | signal |", "| --- | --- | --- | --- |"]
    for part, wires in parts:
        lines += [f"| {part} | {theirs} | {pin} | {role(what)} |" for pin, what, theirs in wires]
    return "\n".join(lines) + "\n"


def text(x, y, words, anchor="start", size=13, fill="#111"):
    return (f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">'
            f"{escape(words)}</text>")


def drawing(title, parts):
    """The header on the left as seen from above, SD card side up; each part a box; each wire a line of its own."""
    out, used = [], {pin for _, wires in parts for pin, _, _ in wires}
    x_pin = {0: 150, 1: 182}
    for pin, what in PIN.items():
        row, column = (pin - 1) // 2, (pin - 1) % 2
        x, y = x_pin[column], 70 + row * 26
        fill = COLOUR.get(what, "#1f6fb2") if pin in used else "#dfe6e9"
        shape = f'x="{x - 9}" y="{y - 9}" width="18" height="18" rx="{3 if pin == 1 else 9}"'
        out.append(f'<rect {shape} fill="{fill}" stroke="#636e72"/>')
        out.append(text(x, y + 4, str(pin), "middle", 10, "#fff" if pin in used else "#636e72"))
        if pin in used and column == 0:
            out.append(text(x - 18, y + 4, role(what), "end", 11))
        elif pin in used:
            out.append(text(x + 14, y - 3, role(what), "start", 10))
    top, n = 70, 0
    for part, wires in parts:
        out.append(f'<rect x="560" y="{top - 18}" width="230" height="{len(wires) * 26 + 32}" rx="6" fill="#f7f9fa" '
                   'stroke="#2d3436"/>')
        out.append(text(570, top, part, size=13))
        for i, (pin, what, theirs) in enumerate(wires):
            y2, y1 = top + 24 + i * 26, 70 + (pin - 1) // 2 * 26
            colour = COLOUR.get(what, SIGNALS[n % len(SIGNALS)])
            lane = 320 + n * 13
            start = x_pin[(pin - 1) % 2] + 10
            # From the left column between two rows, so that no line crosses a pin.
            away = "" if start > x_pin[1] else f"V {y1 + 13} "
            begin = start if start > x_pin[1] else x_pin[0] + 10
            path = (f"M {begin} {y1} H {begin + 6} {away}H {lane} V {y2} H 560" if away else
                    f"M {begin} {y1} H {lane} V {y2} H 560")
            out.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            out.append(f'<circle cx="560" cy="{y2}" r="4" fill="{colour}"/>')
            out.append(text(572, y2 + 4, theirs, size=12))
            n += 1
        top += len(wires) * 26 + 56
    height = max(70 + 20 * 26, top) + 10
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 810 {height}" font-family="sans-serif" role="img">\n'
            f"<!-- SPDX-License-Identifier: EUPL-1.2 -->\n<title>{escape(title)}</title>\n"
            f'<rect width="810" height="{height}" fill="#fff"/>\n{text(20, 30, title, size=18)}\n'
            f'<rect x="134" y="54" width="64" height="528" rx="4" fill="#b2bec3"/>\n' + "\n".join(out) + "\n</svg>\n")


def main():
    check()
    wanted = {HERE / f"wiring-{name}.svg": drawing(*build) for name, build in BUILDS.items()}
    page = HERE / "wiring.md"
    now = page.read_text()
    for name, (_, parts) in BUILDS.items():
        head = f"<!-- wiring: {name} -->\n"
        assert now.count(head) == 1, f"wiring.md has no place for {name}"
        now = re.sub(re.escape(head) + r"(\|.*\n)*", lambda _, h=head, p=parts: h + table(p), now)
    wanted[page] = now
    different = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    for path in different:
        print(f"{path.name} is not as wiring.py has it" if "--check" in sys.argv else f"wrote {path.name}")
        if "--check" not in sys.argv:
            path.write_text(wanted[path])
    return 1 if different and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
