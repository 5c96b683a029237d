#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of fuzz_scram and fuzz_saslprep (their formats stand in those files).

    tools/gen_scram_corpus.py       (from the top of the source tree)
"""
import base64
import hashlib
import hmac
import pathlib

NONCE = "AAECAwQFBgcICQoLDA0ODxAR"
HEADERS = [b"n,,", b"y,,", b"p=tls-server-end-point,,hash"]
HONEST, SMALL_SLICES, CLIENT_KEY, SERVER_KEY = 4, 8, 16, 32


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def b64(raw):
    return base64.b64encode(raw).decode()


def signature(password, binding, first):
    """What a server that knows the password says at the end."""
    nonce, salt, count = (part[2:] for part in first.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), int(count))
    message = f"n=,r={NONCE},{first},c={b64(HEADERS[binding])},r={nonce}"
    return b"v=" + b64(mac(mac(salted, b"Server Key"), message.encode())).encode()


def scripted(first, final, flags=0, password=b"pencil"):
    return bytes([flags, len(password)]) + password + first.encode() + b"\0" + final


def honest(flags, salt, count, at, mask, password=b"pencil"):
    return (bytes([flags | HONEST, len(password)]) + password + bytes([len(salt) - 1]) + salt +
            bytes([count - 1, at, mask]))


def scram_seeds():
    good = f"r={NONCE}srv,s=AAECAwQFBgcICQoLDA0ODw==,i=7"
    for binding in range(3):
        yield scripted(good, signature(b"pencil", binding, good), binding)
        yield honest(binding, b"0123456789abcdef", 20, 0, 0)
        yield honest(binding | SMALL_SLICES, b"s", 64, 17, 1)
    yield scripted(good, signature(b"other", 0, good))
    yield scripted(good, signature(b"pencil", 0, good) + b",x=y")
    yield scripted(good, b"e=invalid-proof")
    yield scripted(good, b"e=\x1b]0;x\x07\xff")
    yield scripted(good, b"v=")
    yield scripted(good, b"")
    for first in ("", f"r={NONCE},s=AAAA,i=1", f"r={NONCE}x,s=AAAA,i=64", f"r={NONCE}x,s=AAAA,i=65",
                  f"r={NONCE}x,s=AA==,i=1", f"r={NONCE}x,s=AB==,i=1", f"r={NONCE}x,s=,i=1",
                  f"r={NONCE}x,s=AAAA,i=01", f"r={NONCE}x,s=AAAA,i=4294967297",
                  f"r={NONCE}x,s=AAAA,i=1,x=y", f"m=e,r={NONCE}x,s=AAAA,i=1",
                  f"r={NONCE}{'x' * 900},s=AAAA,i=1", f"r={NONCE}x,s={'A' * 900},i=2"):
        yield scripted(first, b"v=AAAA")
    yield scripted(good, b"", password=b"")
    yield scripted(good, b"", password="\uff50\u00ade\u0301".encode())
    for keys in (CLIENT_KEY, SERVER_KEY, CLIENT_KEY | SERVER_KEY):
        yield honest(keys, b"0123456789abcdef", 20, 0, 0)
        yield honest(keys, b"s", 64, 17, 1)


def saslprep_seeds():
    for text in ("", "pencil", "I\u00adX", "\u2168", "a\u00a0b", "\ufdfa", "\u05d0\u0627",
                 "\u05d0a", "e\u0323\u0302", "e\u0302\u0323\u0334", "\u1100\u1161\u11a8",
                 "\uac00\u11a8", "\U0001f600\uff21", "\u0344", "\u03b1\u0345\u0300\u0313",
                 "\uff76\uff9e", "\U0001d15e", "\U0002f91f", "\u200b\u200d\u0301",
                 "\u0cc6\u0cc2\u0cd5", "\u0301" * 30 + "\u0323" * 30):
        yield text.encode()
    yield b"caf\xe9"
    yield b"\xed\xa0\x80"


def write(target, seeds):
    folder = pathlib.Path("fuzz/corpus") / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"seed-{number:02d}").write_bytes(seed)


write("fuzz_scram", scram_seeds())
write("fuzz_saslprep", saslprep_seeds())
