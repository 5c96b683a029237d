#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fuzz/corpus/fuzz_conn/: the server's half of every transcript in tests/wire/transcripts,
with the configuration that fuzz_conn.c reads from its first bytes."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUT = ROOT / "fuzz" / "corpus" / "fuzz_conn"
TLS = {"plain": 0, "prefer": 1, "require": 2, "direct": 3}
BINDING = {"prefer": 0, "disable": 1, "require": 2}
AUTH = {"none": 1, "cleartext": 2, "md5": 4, "scram": 8, "cleartext_safe": 16,
        "oauth": 32}
# What fuzz_conn's own cryptography makes of every exchange, and its client's nonce: 18 zero bytes.
SIGNATURE = re.compile(rb"v=[A-Za-z0-9+/]{43}=")
ZERO_SIGNATURE = b"v=" + b"A" * 43 + b"="
NONCE, ZERO_NONCE = b"AAECAwQFBgcICQoLDA0ODxAR", b"A" * 24


def read_string(text, at):
    out = bytearray()
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
            if text[at] == "x":
                out.append(int(text[at + 1:at + 3], 16))
                at += 2
            else:
                out += {"0": b"\0", "n": b"\n"}.get(text[at], text[at].encode())
        else:
            out += text[at].encode("latin-1")
        at += 1
    return out, at + 1


def adapt(data):
    data = SIGNATURE.sub(ZERO_SIGNATURE, bytes(data)).replace(NONCE, ZERO_NONCE)
    return data.replace(b"_pq_.test", b"_pq_.x")


def read_bytes(text, at=0, end=""):
    out = bytearray()
    while at < len(text) and text[at] != end:
        if text[at].isspace():
            at += 1
        elif text[at] == '"':
            piece, at = read_string(text, at + 1)
            out += piece
        elif text[at] == "(" or text[at + 1:at + 2] == "(":
            kind = b"" if text[at] == "(" else text[at].encode()
            body, at = read_bytes(text, at + 1 + len(kind), ")")
            body = adapt(body)
            out += kind + (len(body) + 4).to_bytes(4, "big") + body
            at += 1
        else:
            out.append(int(text[at:at + 2], 16))
            at += 2
    return bytes(out), at


def seed(path):
    text = re.sub(r"\n +", " ", path.read_text())
    words = re.findall(r"^config (.*)$", text, re.M)[0].split()
    config = dict(word.split("=", 1) for word in words)
    tls = TLS[config.get("tls", "plain")] | 4 * ("local" in config) | 8 * ("protocol" in config)
    tls |= BINDING[config.get("binding", "prefer")] << 4
    handshake = re.findall(r"^tls(.*)$", text, re.M)
    if handshake:
        tls |= 64 * bool(re.search("[0-9a-f]{64}", handshake[0])) | 128 * ("alpn" in handshake[0])
    auth = sum(AUTH[name] for name in config["auth"].split(",")) if "auth" in config else 0
    auth |= 64 * ("token" in config)
    steps = [line.split(" ", 1)[0] for line in text.splitlines() if line]
    client = (2 if "copy_data" in steps else 1) % 8 | 8 * ("terminate" in steps[-4:-1])
    client |= 16 * ("eof" in steps)
    said = re.findall(r"^server (.*)$", text, re.M)
    server = b"".join(read_bytes(line)[0] for line in said)
    return bytes([tls, auth, client, 3, 1, 5, 64]) + server


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "tests" / "wire" / "transcripts").glob("*.t")):
        (OUT / path.stem).write_bytes(seed(path))
    login = (OUT / "scram_n").read_bytes()
    (OUT / "scram_keys").write_bytes(bytes([login[0], login[1] | 128]) + login[2:])


main()
