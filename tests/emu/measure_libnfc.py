#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Times libnfc's calls against a running pn532_emu: measure_libnfc.py LINK SOCKET

The figures stand in hardware-notes/pn532.md. Not a test: it judges nothing.
"""
import ctypes
import os
import socket
import statistics
import sys
import time

POLLS = 100


def main():
    link, path = sys.argv[1:3]
    os.environ["LIBNFC_LOG_LEVEL"] = "0"
    control = socket.socket(socket.AF_UNIX)
    control.connect(path)

    def tell(line):
        control.sendall(line.encode() + b"\n")
        answer = control.recv(65536).decode().strip()
        if answer != "ok":
            sys.exit(f"{line}: {answer}")

    nfc = ctypes.CDLL("libnfc.so.6")
    nfc.nfc_open.restype = ctypes.c_void_p
    nfc.nfc_version.restype = ctypes.c_char_p
    context = ctypes.c_void_p()
    nfc.nfc_init(ctypes.byref(context))
    print("libnfc", nfc.nfc_version().decode())
    name = ctypes.create_string_buffer(("pn532_uart:" + link).encode(), 1024)

    def timed(call):
        start = time.monotonic()
        result = call()
        return result, (time.monotonic() - start) * 1000

    def open_device():
        device, ms = timed(lambda: nfc.nfc_open(context, name))
        return (ctypes.c_void_p(device) if device else None), ms

    class Modulation(ctypes.Structure):
        _fields_ = [("kind", ctypes.c_int), ("rate", ctypes.c_int)]

    type_a = Modulation(1, 1)
    targets = ctypes.create_string_buffer(4096)

    def list_one(device):
        return nfc.nfc_initiator_list_passive_targets(device, type_a, targets, ctypes.c_size_t(1))

    def ping(device):
        answer = ctypes.create_string_buffer(64)
        return nfc.pn53x_transceive(device, b"\x02", ctypes.c_size_t(1), answer,
                                    ctypes.c_size_t(64), 350)

    def report(what, times, extra=""):
        times.sort()
        print(f"{what}: median {statistics.median(times):.1f} ms, p95 "
              f"{times[int(len(times) * 0.95)]:.1f}, most {times[-1]:.1f} {extra}")

    def series(what, call):
        results, times = set(), []
        for _ in range(POLLS):
            result, ms = timed(call)
            results.add(result)
            times.append(ms)
        report(what, times, f"results {sorted(results)}")

    tell("clear")
    tell("remove")
    device, ms = open_device()
    print(f"open, healthy: {ms:.0f} ms")
    _, ms = timed(lambda: nfc.nfc_initiator_init(device))
    print(f"initiator_init: {ms:.0f} ms")
    nfc.nfc_device_set_property_bool(device, 7, False)  # NP_INFINITE_SELECT
    series("ping", lambda: ping(device))
    series("list, empty field", lambda: list_one(device))
    tell("place 04A1B2C3")
    series("list, 4-byte card", lambda: list_one(device))
    tell("remove")
    tell("place 04112233445566")
    series("list, 7-byte card", lambda: list_one(device))
    tell("remove")
    for fault in ("mute", "ack_only", "drop 4A", "no_ack", "bad_checksum", "noise 1"):
        tell("fault " + fault)
        result, ms = timed(lambda: list_one(device))
        error = nfc.nfc_device_get_last_error(device)
        print(f"list, {fault}: {result}, last error {error}, {ms:.0f} ms")
        tell("clear")
        list_one(device)
    tell("place 04A1B2C3")
    tell("fault brownout")
    result, ms = timed(lambda: list_one(device))
    print(f"list after brownout, card there: {result}, last error "
          f"{nfc.nfc_device_get_last_error(device)}, ping {ping(device)}")
    tell("fault reset")
    result, ms = timed(lambda: list_one(device))
    print(f"list after reset: {result}, last error {nfc.nfc_device_get_last_error(device)}, {ms:.0f} ms")
    tell("fault unplug")
    result, ms = timed(lambda: list_one(device))
    print(f"list, unplugged: {result}, {ms:.1f} ms")
    _, ms = timed(lambda: nfc.nfc_close(device))
    print(f"close, unplugged: {ms:.1f} ms")
    device, ms = open_device()
    print(f"open, unplugged: {'a device' if device else 'NULL'}, {ms:.1f} ms")
    tell("fault plug")
    for fault in ("mute", "ack_only", "no_ack", "drop 02"):
        tell("fault " + fault)
        device, ms = open_device()
        kinds = ctypes.c_void_p()
        extra = ""
        if device:
            nfc.nfc_device_get_supported_modulation(device, 1, ctypes.byref(kinds))
            extra = f", supported modulations {'NULL' if not kinds.value else 'there'}"
            tell("clear")
            nfc.nfc_close(device)
        print(f"open, {fault}: {'a device' if device else 'NULL'}, {ms:.0f} ms{extra}")
        tell("clear")


main()
