# SPDX-License-Identifier: MIT
"""HOSTILE's cases that this server does not play: where they are tested, or which issue brings what they need."""

ELSEWHERE = {
    "A6 expired, not yet valid, unknown authority, revoked": "tests/server/test_tls.py, tests/net/test_net_verify.c",
    "A7 names in certificates": "tests/server/test_tls.py, tests/net/test_net_verify.c",
    "A9 NULL cipher, renegotiation": "tests/net/test_net_tls.c: Python's ssl has neither",
    "B17 constant-time compare": "tests/auth/test_base64.c; that it takes constant time is by reading src/auth/secret.c",
    "B23 SASLprep": "tests/auth/test_saslprep.c",
    "C23 NUL in a parameter": "include/walwire takes C strings there; tests/config for %00",
    "C24 partial writes, EAGAIN": "tests/wire: every split of what is sent",
    "E2 every cut of every message": "tests/decode, tests/golden; here some cuts of each",
    "G1 password file": "tests/config/test_passfile.c, tests/server/test_hosts.py",
    "G2 sslkey": "tests/net/test_net_files.c",
    "G3 connection strings": "tests/config, fuzz/fuzz_conninfo",
    "G4 G8 outputs, limits": "tests/sink, tests/server/test_delivery.py; here the position beside the output",
    "J2 on a terminal": "tests/format (*-terminal.golden); format test_decoding is byte for byte the plugin's",
}


def lines():
    return [f"{what} -> {where}" for what, where in ELSEWHERE.items()]
