#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""palette.py FILE...: PNG files of a browser made small: at most 256 colours, in place. Standard library alone."""

import collections
import struct
import sys
import zlib


def chunks(data):
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + size]
        at += 12 + size


def rows_of(data):
    """Width, and each row's pixels as bytes of red, green, blue. 8 bits, RGB or RGBA, not interlaced."""
    parts = list(chunks(data))
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    assert bits == 8 and colour in (2, 6) and not interlaced
    step = 3 if colour == 2 else 4
    raw = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    line, before, rows = width * step, bytes(width * step), []
    for y in range(height):
        kind, row = raw[y * (line + 1)], bytearray(raw[y * (line + 1) + 1:(y + 1) * (line + 1)])
        if kind == 1:
            for i in range(step, line):
                row[i] = row[i] + row[i - step] & 255
        elif kind == 2:
            for i in range(line):
                row[i] = row[i] + before[i] & 255
        elif kind == 3:
            for i in range(line):
                row[i] = row[i] + ((row[i - step] if i >= step else 0) + before[i]) // 2 & 255
        elif kind == 4:
            for i in range(line):
                a = row[i - step] if i >= step else 0
                b, c = before[i], before[i - step] if i >= step else 0
                p = a + b - c
                near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                row[i] = row[i] + near & 255
        before = bytes(row)
        rows.append([before[i:i + 3] for i in range(0, line, step)])
    return width, rows


def shrink(path):
    with open(path, "rb") as f:
        width, rows = rows_of(f.read())
    count = collections.Counter(pixel for row in rows for pixel in row)
    palette = [c for c, _ in count.most_common(256)]
    index = {c: i for i, c in enumerate(palette)}
    for c in count:
        if c not in index:  # the nearest of those that stay
            index[c] = min(range(len(palette)),
                           key=lambda i: sum((a - b) ** 2 for a, b in zip(c, palette[i])))
    raw = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in rows)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" +
                chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)) +
                chunk(b"PLTE", b"".join(palette)) +
                chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        shrink(name)
