# SPDX-License-Identifier: MIT
"""The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), honest; the scripts lie with its parts."""
import base64
import hashlib
import hmac
import re
import struct

from peer import authentication

SALT = bytes(range(16))


def b64(data):
    return base64.b64encode(data).decode()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def offer(*mechanisms):
    return authentication(10, b"".join(name + b"\0" for name in mechanisms) + b"\0")


class Exchange:
    """From the client's first message on; a script sends server_first() or something else."""

    def __init__(self, peer, *mechanisms):
        self.peer = peer
        peer.send(offer(*(mechanisms or (b"SCRAM-SHA-256",))))
        kind, body = peer.read_message()
        self.mechanism, rest = body.split(b"\0", 1)
        length = struct.unpack("!i", rest[:4])[0]
        assert kind == "p" and length == len(rest) - 4
        self.bare = re.sub(r"^(n|y|p=[^,]*),,", "", rest[4:].decode())
        self.client_nonce = self.bare.removeprefix("n=,r=")

    def first(self, nonce=None, salt=SALT, iterations=4096):
        nonce = self.client_nonce + "c2VydmVy" if nonce is None else nonce
        return f"r={nonce},s={b64(salt)},i={iterations}"

    def send_first(self, text):
        self.server_first = text
        self.peer.send(authentication(11, text.encode()))

    def signature(self, password):
        """After the client's last message: what proves that we know the password."""
        _, body = self.peer.read_message()
        without_proof = body.decode().rsplit(",p=", 1)[0]
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, 4096)
        return mac(mac(salted, "Server Key"), f"{self.bare},{self.server_first},{without_proof}")

    def send_final(self, text):
        self.peer.send(authentication(12, text.encode()))


def log_in(peer, password):
    """An honest login, up to AuthenticationOk."""
    peer.read_startup()
    exchange = Exchange(peer)
    exchange.send_first(exchange.first())
    exchange.send_final("v=" + b64(exchange.signature(password)))
    peer.send(authentication(0))
