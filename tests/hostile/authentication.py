# SPDX-License-Identifier: MIT
"""HOSTILE's section "Authentication": B1 to B24."""
import struct

import scram
from case import CONNECT, PASSWORD, USAGE, Case
from peer import WELCOME, authentication
from scram import Exchange, b64, offer
from startup import encrypted

REQUIRE_SCRAM = "require_auth=scram-sha-256"


def ask(*requests):
    """StartupMessage is answered with these bytes."""
    def play(peer):
        peer.read_startup()
        peer.send(b"".join(requests))
        peer.listen()
    return play


def exchange(first, final=None):
    """An exchange with first(exchange) as server-first, and final(exchange) behind the client's proof."""
    def play(peer):
        peer.read_startup()
        one = Exchange(peer)
        one.send_first(first(one))
        if final is not None:
            final(one)
        peer.listen()
    return play


def final(text):
    """Server-final; {v} is the right signature."""
    def send(one):
        one.send_final(text.format(v=b64(one.signature(PASSWORD))))
        one.peer.send(authentication(0) + WELCOME)
    return send


def nothing_sent(run):
    """Not one answer to an authentication request."""
    return "an answer was sent" if any(one.waiting for one in run.server.peers) else None


def quick(run):
    return f"{run.cpu:.2f} s of CPU" if run.cpu > 0.5 else None


def refuse(id, play, says="", conninfo="", **more):
    return Case(id, play, CONNECT, says, conninfo=conninfo, **more)


METHODS = [
    refuse("B1 clear text over plain TCP", ask(authentication(3)), "require_auth=password", check=nothing_sent),
    refuse("B2 md5, and require_auth=scram-sha-256", ask(authentication(5, b"salt")), "require_auth", REQUIRE_SCRAM,
           check=nothing_sent),
    *[refuse(f"B3 trust, and require_auth={method}", ask(authentication(0) + WELCOME), "require_auth",
             f"require_auth={method}", check=nothing_sent)
      for method in ("scram-sha-256", "md5", "password", "!none")],
    *[refuse(f"B4 {name}", ask(authentication(code)), "not supported", check=nothing_sent)
      for name, code in (("code 999", 999), ("GSSAPI", 7), ("SSPI", 9), ("Kerberos", 2), ("code -1", -1))],
    *[refuse(f"B5 length {length:#x}", ask(struct.pack("!cI", b"R", length) + bytes(64)), check=nothing_sent)
      for length in (0, 4, 7, 2001, 30000, 0x7fffffff, 0x80000000, 0xffffffff)],
    refuse("B6 a list without its end", ask(authentication(10, b"SCRAM-SHA-256")), check=nothing_sent),
    refuse("B6 a name without its end", ask(authentication(10, b"SCRAM-SHA-256\0")), check=nothing_sent),
    refuse("B6 an empty list", ask(offer()), check=nothing_sent),
    refuse("B6 only unknown names", ask(offer(b"SCRAM-SHA-1", b"X")), check=nothing_sent),
    refuse("B6 1000 names", ask(offer(*[b"X"] * 1000)), check=nothing_sent),
    refuse("B7 SCRAM-SHA-256-PLUS without TLS", ask(offer(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256")),
           check=nothing_sent),
    refuse("B8 channel_binding=require, not offered", encrypted(ask(offer(b"SCRAM-SHA-256"))), "channel_binding",
           "channel_binding=require", sslmode="require", check=nothing_sent),
    refuse("B8 channel_binding=require, without TLS", ask(offer(b"SCRAM-SHA-256")), "channel_binding",
           "channel_binding=require", sent=b""),
    refuse("B8 channel_binding=require, trust", encrypted(ask(authentication(0) + WELCOME)), "channel_binding",
           "channel_binding=require", sslmode="require", check=nothing_sent),
    refuse("B9 channel_binding=require, Ed25519", encrypted(ask(offer(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256")),
                                                            name="ed25519"),
           "Ed25519", "channel_binding=require", sslmode="require", check=nothing_sent),
]

ITERATIONS = ("", "0", "-1", "+4096", " 4096", "4096x", "0x1000", "004096", "4294967297", "2147483647", "9" * 30)
NONCES = (("not ours", lambda one: "x" + one.client_nonce[1:] + "server"),
          ("ours alone", lambda one: one.client_nonce),
          ("empty", lambda one: ""),
          ("with a comma", lambda one: one.client_nonce + "a,b"),
          ("with DEL", lambda one: one.client_nonce + "a\x7f"),
          ("cut", lambda one: one.client_nonce[:-1]))
FIRSTS = (("B11 salt that is not base64", lambda one: one.first().replace(",s=", ",s=!")),
          ("B11 no salt", lambda one: f"r={one.client_nonce}srv,s=,i=4096"),
          ("B11 attributes in another order", lambda one: f"s=AAAA,r={one.client_nonce}srv,i=4096"),
          ("B15 a mandatory extension", lambda one: "m=ext," + one.first()),
          ("B15 something behind the iterations", lambda one: one.first() + ",,"),
          ("B16 nothing at all", lambda one: ""),
          ("B16 a NUL inside", lambda one: one.first() + "\0"),
          ("B16 1900 bytes", lambda one: one.first(nonce=one.client_nonce + "a" * 1800)))
FINALS = (("B17 a wrong signature", "v=" + b64(bytes(32))), ("B17 a short signature", "v=" + b64(bytes(31))),
          ("B17 a long signature", "v=" + b64(bytes(33))), ("B17 bad base64", "v=!!!!"), ("B17 nothing", ""),
          ("B17 something behind it", "v={v}x"), ("B17 an error", "e=other-error"))


def unproven(one):
    one.peer.send(authentication(0) + WELCOME)


def unproven_after_proof(one):
    one.signature(PASSWORD)
    unproven(one)


def twice(one):
    one.send_first(one.first())


def busy(one):
    """The client hashes; nothing more comes."""
    one.peer.server.reached.set()


def stops_at_once(run):
    late = 0.25   # 50 ms, and what a busy machine adds
    return "hashed on after the signal" if run.ended > (run.interrupted or 0) + late else None


EXCHANGE = [
    *[refuse(f"B10 nonce {name}", exchange(lambda one, nonce=nonce: one.first(nonce=nonce(one))), check=quick)
      for name, nonce in NONCES],
    *[refuse(f"B12 i={count or '(nothing)'}", exchange(lambda one, count=count: one.first(iterations=count)),
             check=quick)
      for count in ITERATIONS],
    *[refuse(id, exchange(first), check=quick) for id, first in FIRSTS],
    *[refuse(id, exchange(Exchange.first, final(text)), check=quick) for id, text in FINALS],
    refuse("B18 SASLContinue twice", exchange(Exchange.first, twice)),
    refuse("B19 AuthenticationOk instead of SASLContinue", exchange(lambda one: (unproven(one), "")[1])),
    refuse("B19 AuthenticationOk before our proof", exchange(Exchange.first, unproven), "without proving"),
    refuse("B19 AuthenticationOk instead of SASLFinal", exchange(Exchange.first, unproven_after_proof),
           "without proving"),
]

LIMITS = [
    *[Case(f"B22 require_auth={text}", ask(), USAGE, "require_auth", conninfo=f"require_auth={text}", sent=b"")
      for text in (",", "none,!none", "word", "!password,!md5,!scram-sha-256,!gss,!sspi,!oauth,!none,!x",
                   "scram-sha-256,scram-sha-256")],
    refuse("B23 no password", ask(offer(b"SCRAM-SHA-256")), "there is none", password=False, check=nothing_sent,
           args=("-w",)),
    refuse("B24 the deadline comes while we hash",
           exchange(lambda one: one.first(iterations=1000000), busy), "did not answer in time|connect_timeout passed",
           "connect_timeout=2", seconds=4),
    Case("B24 a signal comes while we hash", exchange(lambda one: one.first(iterations=1000000), busy), 130,
         interrupt=True, check=stops_at_once),
    refuse("T7 more than 64 KiB before the login", ask(*[authentication(10, b"A" * 1990 + b"\0\0")] * 40)),
    refuse("T2 a second request after md5", ask(authentication(5, b"salt"), authentication(5, b"salt"))),
]
CASES = METHODS + EXCHANGE + LIMITS
