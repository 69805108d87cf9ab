#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""card.py SOCKET COMMAND...: one line to the emulated reader (tests/emu/README.md), its answer on standard output."""
import socket
import sys

if len(sys.argv) < 3:
    sys.exit(__doc__)
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as emulator:
        emulator.settimeout(5)
        emulator.connect(sys.argv[1])
        emulator.sendall(" ".join(sys.argv[2:]).encode() + b"\n")
        answer = emulator.makefile().readline().strip()
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
print(answer)
sys.exit(answer.startswith("error"))
