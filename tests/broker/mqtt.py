# SPDX-License-Identifier: EUPL-1.2
"""A client of MQTT 5 for tests of the broker's rights: what it asks is in plain sight, and it waits for nothing but answers.

Over TLS or over a WebSocket. One thread; every read has the deadline of its socket.
"""

import base64
import os
import socket
import ssl
import struct

DEADLINE_S = 120

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1, 2, 3, 4, 8, 9, 12, 13, 14)


class Refused(Exception):
    """The broker's reason code, or -1 where it closed the connection without one."""

    def __init__(self, code):
        super().__init__(f"refused with {code}")
        self.code = code


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(raw)) + raw


def length(n):
    out = bytearray()
    while True:
        n, byte = n >> 7, n & 127
        out.append(byte | (128 if n else 0))
        if not n:
            return bytes(out)


class WebSocket:
    """Just enough of RFC 6455: binary frames, whole."""

    def __init__(self, sock, host):
        self.sock, self.have = sock, b""
        key = base64.b64encode(os.urandom(16)).decode()
        sock.sendall((
            f"GET /mqtt HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: mqtt\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            if not byte:
                raise Refused(-1)
            head += byte
        self.head = head.decode()
        if " 101 " not in self.head.split("\r\n", 1)[0]:
            raise Refused(int(self.head.split()[1]))

    def sendall(self, data):
        size = len(data)
        mask = os.urandom(4)
        head = b"\x82" + (bytes([128 | size]) if size < 126 else
                          bytes([128 | 126]) + struct.pack(">H", size))
        self.sock.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def exactly(self, n):
        out = b""
        while len(out) < n:
            piece = self.sock.recv(n - len(out))
            if not piece:
                return b""
            out += piece
        return out

    def recv(self, n):
        while not self.have:
            head = self.exactly(2)
            if not head or head[0] & 15 == 8:
                return b""
            size = head[1] & 127
            if size == 126:
                size = struct.unpack(">H", self.exactly(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.exactly(8))[0]
            body = self.exactly(size)
            if head[0] & 15 in (0, 2):
                self.have += body
        out, self.have = self.have[:n], self.have[n:]
        return out

    def close(self):
        self.sock.close()


def tls(ca, certificate=None, key=None, highest=None):
    """A context that verifies the broker by the school's CA."""
    context = ssl.create_default_context(cafile=ca)
    if certificate:
        context.load_cert_chain(certificate, key)
    if highest:
        context.minimum_version = context.maximum_version = highest
    return context


class Client:
    """A connection that the broker has accepted. messages: (topic, payload, retained), in order."""

    def __init__(self, port, client_id, context=None, host="localhost", user=None, password=None,
                 will=None, websocket=False, address="127.0.0.1"):
        sock = socket.create_connection((address, port), timeout=DEADLINE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.messages, self.mid = sock, [], 0
        try:
            if context:
                self.sock = context.wrap_socket(sock, server_hostname=host)
            if websocket:
                self.sock = WebSocket(self.sock, host)
            self.connect(client_id, user, password, will)
        except (ConnectionError, ssl.SSLError) as e:
            self.sock.close()
            if isinstance(e, ssl.SSLCertVerificationError):
                raise
            raise Refused(-1) from e
        except Refused:
            self.sock.close()
            raise

    def connect(self, client_id, user, password, will):
        flags = 2 | (128 if user else 0) | (64 if password else 0) | (4 | 8 if will else 0)
        body = text("MQTT") + bytes([5, flags]) + struct.pack(">H", 0) + b"\0" + text(client_id)
        if will:
            body += b"\0" + text(will[0]) + text(will[1])
        for part in (user, password):
            body += text(part) if part else b""
        self.send(CONNECT << 4, body)
        kind, body = self.packet()
        if kind >> 4 != CONNACK or body[1]:
            raise Refused(body[1] if kind >> 4 == CONNACK else -1)

    def send(self, kind, body=b""):
        self.sock.sendall(bytes([kind]) + length(len(body)) + body)

    def exactly(self, n):
        out = bytearray()  # grows in place: some messages have 8 MB
        while len(out) < n:
            piece = self.sock.recv(min(n - len(out), 65536))
            if not piece:
                raise Refused(-1)
            out += piece
        return bytes(out)

    def packet(self):
        kind, size, shift = self.exactly(1)[0], 0, 0
        while True:
            byte = self.exactly(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return kind, self.exactly(size)

    def until(self, wanted):
        """Answers arrive among messages, which are kept."""
        while True:
            kind, body = self.packet()
            if kind >> 4 == wanted:
                return body
            if kind >> 4 == DISCONNECT:
                raise Refused(body[0] if body else -1)
            if kind >> 4 == PUBLISH:
                self.keep(kind, body)

    def keep(self, kind, body):
        size = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2:2 + size].decode(), body[2 + size:]
        if kind & 6:
            mid, rest = rest[:2], rest[2:]
            self.send(PUBACK << 4, mid)
        # Properties: their length is one byte here, the broker adds few.
        payload = rest[1 + rest[0]:]
        self.messages.append((topic, payload.decode(errors="replace"), bool(kind & 1)))

    def subscribe(self, *filters, qos=0):
        self.mid += 1
        # 8: retained messages keep their flag
        options = bytes([8 | qos])
        body = struct.pack(">H", self.mid) + b"\0" + b"".join(text(f) + options for f in filters)
        self.send(SUBSCRIBE << 4 | 2, body)
        return list(self.until(SUBACK)[3:])

    def publish(self, topic, payload, retain=False):
        """At QoS 1. Return: the PUBACK's reason code."""
        self.mid += 1
        self.send(PUBLISH << 4 | 2 | retain,
                  text(topic) + struct.pack(">H", self.mid) + b"\0" + payload.encode())
        body = self.until(PUBACK)
        return body[2] if len(body) > 2 else 0

    def ping(self):
        """The broker answers in order: what it had for this client before is here now."""
        self.send(PINGREQ << 4)
        self.until(PINGRESP)

    def drop(self):
        """Without a word, so that the will is sent."""
        self.sock.close()

    def close(self):
        try:
            self.send(DISCONNECT << 4, b"\0\0")
        except OSError:
            pass
        self.sock.close()
