#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The careboard's site as shipped: what a browser gets over TLS, by HTTP/2 and HTTP/1.1; the WebSocket; what units may send."""

import socket
import ssl
import subprocess
import warnings

import mqtt
import school
from school import School

HEADERS = {
    "content-security-policy": "default-src 'none'",
    "strict-transport-security": "max-age=",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=()",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}


def get(s, path, *options):
    """As a browser asks. Return: the status line's parts, headers, body."""
    done = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "120", "--cacert", s.dir / "broker/ca.crt", *options,
         "--resolve", f"localhost:{s.web_ports['443']}:127.0.0.1",
         f"https://localhost:{s.web_ports['443']}{path}"], check=True, stdout=subprocess.PIPE)
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
    return first.split(" "), headers, body


def plain(s, method, path, body=b""):
    """Byte by byte, so that nothing of the path is put right on the way."""
    with socket.create_connection(("127.0.0.1", s.web_ports["80"]), timeout=school.DEADLINE_S) as c:
        c.sendall(f"{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
                  .encode() + body)
        got = b""
        while piece := c.recv(65536):
            got += piece
    return int(got.split()[1]), got


def the_page_in_a_browser(s):
    for version, name in (("--http2", "HTTP/2"), ("--http1.1", "HTTP/1.1")):
        for path, kind, status in (("/", "text/html", "200"), ("/board.js", "javascript", "200"),
                                   ("/board.css", "text/css", "200"), ("/none", "text/html", "404"),
                                   ("/../school/ca.key", "text/html", None),
                                   ("/..%2fschool/ca.key", "text/html", None)):
            first, headers, body = get(s, path, version, "--path-as-is")
            assert first[0] == name and status in (None, first[1]), (path, first)
            assert first[1] in ("200", "400", "404") and "PRIVATE" not in body
            if status:
                assert kind in headers["content-type"], (path, headers)
                for key, begin in HEADERS.items():
                    assert headers.get(key, "").startswith(begin), (path, key, headers)
            assert headers["server"] == "nginx", "the version is nobody's business"
    first, _, _ = get(s, "/", "-X", "POST", "-d", "x")
    assert first[1] in ("403", "405")
    # Nothing older than TLS 1.2.
    old = mqtt.tls(s.dir / "broker/ca.crt")
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    warnings.simplefilter("ignore")  # that it is old is the point
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", s.web_ports["443"]), timeout=school.DEADLINE_S) as c:
        try:
            old.wrap_socket(c, server_hostname="localhost")
            raise AssertionError("TLS 1.1")
        except (ssl.SSLError, ConnectionError):
            pass


def the_websocket_behind_it(s):
    context = mqtt.tls(s.dir / "broker/ca.crt")
    port = s.web_ports["443"]
    observer = s.unit_client(school.OBSERVER)

    def careboard(host="localhost"):
        return mqtt.Client(port, "schoolpoort-board", context, host, user="ann", password=school.PASSWORD,
                           websocket=True)

    client = careboard()
    topic = "schoolpoort/sint-jan/care/event"
    client.subscribe(topic)
    large = "é" * 6000  # more than one piece of Mosquitto's, larger than any message of care/
    observer.publish(topic, large)
    client.ping()
    assert client.messages == [(topic, large, False)]
    client.close()
    # A page of another site, in a colleague's browser.
    for origin, status in (("https://elsewhere.example", "403"), ("http://localhost", "403"),
                           ("null", "403"), (f"https://localhost:{port}", "101"),
                           (f"https://localhost:{port}.elsewhere.example", "403")):
        with socket.create_connection(("127.0.0.1", port), timeout=school.DEADLINE_S) as plain_socket:
            c = context.wrap_socket(plain_socket, server_hostname="localhost")
            c.sendall((f"GET /mqtt HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n"
                       f"Origin: {origin}\r\n\r\n").encode())
            got = c.recv(100).decode()
            assert f" {status} " in got, (origin, got)
            c.close()
    observer.close()


def what_units_may_send(s):
    s.provision("unit", "gate-7")
    inbox = s.dir / "web/inbox"
    code, answer = plain(s, "GET", "/units/gate-1.crt")
    assert code == 200 and b"BEGIN CERTIFICATE" in answer
    for method, path, body, want in (
            ("PUT", "/inbox/gate-7.request", b"x", 201),
            ("PUT", "/inbox/gate-8.request", b"x", 404),  # nobody waits for that one
            ("PUT", "/inbox/gate-1.request", b"x", 404),  # has its certificate
            ("PUT", "/inbox/gate-7.request", b"x" * 70000, 413),
            ("GET", "/inbox/gate-7.request", b"", 405),
            ("DELETE", "/inbox/gate-7.request", b"", 405),
            ("PUT", "/units/gate-7.crt", b"x", 403),
            ("PUT", "/inbox/../units/gate-7.crt", b"x", 403),
            ("PUT", "/inbox/..%2funits%2fgate-7.crt", b"x", 403),
            ("GET", "/units/", b"", 301),
            ("GET", "/expected/gate-7", b"", 301),
            ("GET", "/units/../../school/ca.key", b"", 400),
            ("GET", "/", b"", 301)):
        code, answer = plain(s, method, path, body)
        assert code == want, (method, path, code)
        assert b"PRIVATE" not in answer
    assert [(p.name, p.read_bytes()) for p in inbox.iterdir()] == [("gate-7.request", b"x")]
    assert not (s.dir / "web/units/gate-7.crt").exists()
    s.provision("inbox")
    assert not list(inbox.iterdir())


def main():
    with School() as s:
        s.unit("gate-1")
        s.person("care", "ann")
        s.observe()
        s.start()
        pages = s.dir / "pages"
        pages.mkdir()
        (pages / "index.html").write_text("<!doctype html>\n")
        (pages / "board.js").write_text("export {};\n")
        (pages / "board.css").write_text("body {}\n")
        s.start_nginx(pages)
        the_page_in_a_browser(s)
        the_websocket_behind_it(s)
        what_units_may_send(s)


if __name__ == "__main__":
    main()
