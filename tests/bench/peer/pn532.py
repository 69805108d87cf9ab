# SPDX-License-Identifier: EUPL-1.2
"""A PN532 on a serial port: cards of ISO/IEC 14443 A. Source: PN532 user manual UM0701-02."""

import serial

HOST, CHIP = 0xD4, 0xD5
SAM_CONFIGURATION, GET_FIRMWARE_VERSION, RF_CONFIGURATION, IN_LIST_PASSIVE_TARGET = 0x14, 0x02, 0x32, 0x4A
ACK = bytes((0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00))
WAKE_UP = b"\x55\x55" + bytes(14)
TRIES = 10  # after the first: the chip looks for 55 ms, and answers at once when a card comes
ANSWER_S = 0.35


class Pn532Error(Exception):
    """The chip said nothing, or something else than asked."""


def frame(data):
    """A command of the host, ready for the line."""
    body = bytes((HOST,)) + data
    return (bytes((0x00, 0x00, 0xFF, len(body), -len(body) & 0xFF)) + body
            + bytes((-sum(body) & 0xFF, 0x00)))


class Pn532:
    def __init__(self, port):
        self.port = serial.Serial(port, 115200, timeout=ANSWER_S, exclusive=True)
        try:
            self.port.write(WAKE_UP)
            self.ask(SAM_CONFIGURATION, b"\x01")  # normal mode, no SAM; the first after a wake-up
            if self.ask(GET_FIRMWARE_VERSION)[:1] != b"\x32":
                raise Pn532Error("not a PN532")
            # MxRtyATR, MxRtyPSL, MxRtyPassiveActivation
            self.ask(RF_CONFIGURATION, bytes((0x05, 0x00, 0x01, TRIES)))
        except Exception:
            self.close()
            raise
        self.look_frame = frame(bytes((IN_LIST_PASSIVE_TARGET, 1, 0x00)))  # one card, 106 kbit/s A

    def close(self):
        self.port.close()

    def read(self, n):
        data = self.port.read(n)
        if len(data) != n:
            raise Pn532Error("no answer in time")
        return data

    def answer_to(self, code):
        """The data behind the answer's code, its checksums proved."""
        head = self.read(6)
        length = head[3]
        if head[:3] != b"\x00\x00\xff" or (length + head[4]) & 0xFF or length < 2:
            raise Pn532Error("a damaged frame")
        rest = self.read(length + 1)  # of the body one byte is in the head; checksum and postamble follow
        body = head[5:] + rest[:length - 1]
        if (sum(body) + rest[length - 1]) & 0xFF:
            raise Pn532Error("a wrong checksum")
        if body[0] != CHIP or body[1] != code + 1:
            raise Pn532Error("an answer to something else")
        return body[2:]

    def send(self, code, message):
        self.port.write(message)
        if self.read(6) != ACK:
            raise Pn532Error("no ACK")
        return self.answer_to(code)

    def ask(self, code, data=b""):
        return self.send(code, frame(bytes((code,)) + data))

    def look(self):
        """The UID of the card in the field, or None after 55 ms without one."""
        data = self.send(IN_LIST_PASSIVE_TARGET, self.look_frame)
        if data[:1] != b"\x01":  # NbTg, Tg, SENS_RES (2), SEL_RES, the UID's length, the UID
            return None
        uid = data[6:6 + data[5]]
        if len(uid) != data[5] or len(uid) not in (4, 7, 10):
            raise Pn532Error("half a card")
        return uid
