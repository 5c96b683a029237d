# SPDX-License-Identifier: MIT
"""HOSTILE's section "TLS/startup": A1 to A11."""
import atexit
import pathlib
import shutil
import ssl
import struct
import subprocess
import tempfile
import threading

import changes
import pgoutput as pg
from case import CONNECT, DONE, Case
from peer import SSL_REQUEST, authentication, keepalive, wal

ASKED = struct.pack("!ii", 8, SSL_REQUEST)


# ---- before TLS ----------------------------------------------------------------------------------------------------

def answer(data):
    """These bytes to SSLRequest, and nothing more."""
    def play(peer):
        peer.read(8)
        peer.send(data)
        peer.listen()
    return play


def silent(peer):
    peer.read(1 << 20)


def hang_up(peer):
    peer.read(8)


def break_off(peer):
    peer.read(8)
    peer.reset()


STUFFING = b"S" + bytes.fromhex("52000000080000000 05A0000000549".replace(" ", ""))
TITLE = b"E\x1b]0;pwn\x07 SECRET TEXT\0"


def text_is_hidden(run):
    return "the server's text is shown" if b"pwn" in run.stderr or b"SECRET" in run.stderr else None


PLAIN = [
    Case("A1 bytes behind S", answer(STUFFING), CONNECT, "attack", sslmode="prefer", sent=ASKED),
    Case("A1 bytes behind N", answer(b"N" + authentication(0)), CONNECT, "attack", sslmode="prefer", sent=ASKED),
    *[Case(f"A2 N with sslmode={mode}", answer(b"N"), CONNECT, "sslmode", sslmode=mode, sent=ASKED,
           conninfo="sslrootcert=system" if mode == "verify-full" else "")
      for mode in ("require", "verify-full")],
    Case("A3 an error with a terminal's commands", answer(TITLE), CONNECT, "SSLRequest", sslmode="prefer",
         check=text_is_hidden, connections=2),
    Case("A3 garbage", answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"), CONNECT, "no PostgreSQL server", sslmode="prefer",
         sent=ASKED),
    *[Case(f"A5 {name} after SSLRequest, sslmode={mode or 'not written'}", play, CONNECT, sslmode=mode, sent=ASKED,
           conninfo="connect_timeout=2")
      for name, play in (("silence", silent), ("end", hang_up), ("reset", break_off))
      for mode in ("", "require")],
]


# ---- TLS -----------------------------------------------------------------------------------------------------------

class Keys:
    """A certificate of our own for localhost and one of Ed25519, made when first asked for."""

    def __init__(self):
        self.lock, self.dir = threading.Lock(), None

    def make(self):
        with self.lock:
            if self.dir is None:
                self.dir = pathlib.Path(tempfile.mkdtemp(prefix="walwire-hostile-keys-"))
                atexit.register(shutil.rmtree, self.dir)
                self.sign("rsa", "rsa:2048")
                self.sign("ed25519", "ed25519")
        return self.dir

    def sign(self, name, kind):
        subprocess.run(["openssl", "req", "-x509", "-newkey", kind, "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", self.dir / f"{name}.key", "-out", self.dir / f"{name}.crt"],
                       check=True, capture_output=True)

    def context(self, name="rsa", alpn="postgresql", **settings):
        directory = self.make()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for setting, wanted in settings.items():
            setattr(context, setting, wanted)
        if settings:               # versions that OpenSSL itself does not offer any more
            context.set_ciphers("ALL:@SECLEVEL=0")
        if alpn:
            context.set_alpn_protocols([alpn])
        context.load_cert_chain(directory / f"{name}.crt", directory / f"{name}.key")
        return context


KEYS = Keys()


def encrypted(then, direct=False, **context):
    def play(peer):
        if not direct:
            peer.read(8)
            peer.send(b"S")
        peer.encrypt(KEYS.context(**context))
        then(peer)
    return play


def cut_off(peer):
    """In the middle of a message, without TLS's own goodbye."""
    peer.start()
    peer.send(b"".join(map(wal, changes.FIRST)) + wal(pg.begin())[:20])


def one_record(peer):
    """All in one go, then silence: what the TLS library still holds must not wait for the socket."""
    peer.start()
    peer.send(b"".join(map(wal, changes.FIRST)) + keepalive(changes.END))
    peer.listen()


def tiny_records(peer):
    peer.start()
    peer.slowly(b"".join(map(wal, changes.FIRST)) + keepalive(changes.END), 0)
    peer.listen()


def no_password(run):
    return "something was sent before the certificate was believed" if any(
        one.parameters for one in run.server.peers) else None


def direct_case(name, alpn):
    return Case(f"A8 direct TLS, {name}", encrypted(silent, direct=True, alpn=alpn), CONNECT, sslmode="require",
                conninfo="sslnegotiation=direct connect_timeout=2", check=no_password)


def refused_handshake(id, says="", conninfo="", sslmode="require", **context):
    return Case(id, encrypted(silent, **context), CONNECT, says, sslmode=sslmode, check=no_password,
                conninfo=f"connect_timeout=2 {conninfo}")


OLD = {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1}
GOOD = dict(sslmode="require", exit=DONE, args=changes.UNTIL, acked=changes.END, must_ack=0x2000100,
            lines=changes.FIRST_LINES)
CASES = PLAIN + [
    refused_handshake("A6 a certificate that nobody signed", conninfo="sslrootcert=system", sslmode="verify-full"),
    direct_case("without ALPN", None),
    direct_case("ALPN http/1.1", "http/1.1"),
    refused_handshake("A9 TLS 1.0 and 1.1 only", **OLD),
    Case("A10 cut off within a message, no close_notify", encrypted(cut_off), CONNECT, sslmode="require",
         lines=changes.FIRST_LINES),
    Case("A11 everything in one record, then silence", encrypted(one_record), **GOOD),
    Case("E25 TLS records of one byte", encrypted(tiny_records), **GOOD),
]
