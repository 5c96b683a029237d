# SPDX-License-Identifier: MIT
"""Every way to log in, on every transport, under every demand: what must happen is computed from rules that are
written here from the documentation, and libpq 18 is asked the same."""
import base64
import hashlib
import hmac
import itertools
import os
import pwd
import re
import socket
import ssl
import threading
import time
import types

import libpq
import support
from support import CONNECT, OK, USAGE, Case

# What pg_hba.conf says of each user, by connection type, and what that makes the server ask for. A user with a
# SCRAM password is asked for SCRAM under "md5", too. Password: "secret".
METHODS = {
    "a_trust": ("trust", "none"), "a_md5": ("md5", "md5"), "a_scram": ("scram-sha-256", "scram-sha-256"),
    "a_upgraded": ("md5", "scram-sha-256"), "a_password": ("password", "password"),
    "a_peer": ("peer map=tests", "none"), "a_cert": ("cert map=tests", "none"), "a_reject": ("reject", None),
}
ONLY = {"a_peer": "local", "a_cert": "hostssl"}   # elsewhere they are rejected
TRANSPORTS = {"local": "local", "plain": "hostnossl", "tls": "hostssl"}

SPOKEN = {"none", "password", "md5", "scram-sha-256", "oauth"}
LISTS = ["", "none", "password", "md5", "scram-sha-256", "scram-sha-256,none", "password,md5,gss", "oauth,sspi,md5",
         "!none", "!password", "!scram-sha-256", "!password,!md5", "!none,!md5,!gss,!sspi"]
SHORT = ["", "none", "scram-sha-256"]


def hba():
    lines = []
    for (user, (how, _)), kind in itertools.product(METHODS.items(), TRANSPORTS.values()):
        address = "" if kind == "local" else "127.0.0.1/32"
        how = how if ONLY.get(user, kind) == kind else "reject"
        lines.append(f"{kind} all {user} {address} {how}\n")
    return "".join(lines)


def allowed(listed):
    """The methods that require_auth leaves."""
    words = listed.split(",") if listed else []
    if not words:
        return SPOKEN
    if words[0].startswith("!"):
        return SPOKEN - {word[1:] for word in words}
    return SPOKEN & set(words)


def expected(user, transport, listed, binding, major):
    """How the login ends: the method that `walwire info` names, or None."""
    asked = METHODS[user][1]
    if ONLY.get(user, TRANSPORTS[transport]) != TRANSPORTS[transport] or asked not in allowed(listed):
        return None
    if asked == "password" and transport == "plain" and "password" not in listed.split(","):
        return None                       # walwire's own rule: in the clear only when it is named
    plus = asked == "scram-sha-256" and transport == "tls" and major >= 11 and binding != "disable"
    if binding == "require" and not plus:
        return None
    return asked + "-plus" if plus else asked


def libpq_differs(user, transport, listed):
    """Where libpq 18 goes on and walwire does not: a password in the clear."""
    return METHODS[user][1] == "password" and transport == "plain" and "password" in allowed(listed)


def make_users(server):
    account = pwd.getpwuid(os.geteuid()).pw_name
    (server.data / "pg_ident.conf").write_text(f"tests {account} a_peer\ntests certified a_cert\n")
    file = server.data / "pg_hba.conf"
    file.write_text(hba() + file.read_text())
    for user in METHODS:
        how = "md5" if user == "a_md5" else "scram-sha-256"
        server.sql(f"SET password_encryption = '{how}'; "
                   f"CREATE ROLE {user} SUPERUSER REPLICATION LOGIN PASSWORD 'secret'")
    server.sql("SELECT pg_reload_conf()")
    count = len(METHODS) * len(TRANSPORTS)
    server.wait(f"(SELECT count(*) FROM pg_hba_file_rules WHERE user_name[1] LIKE 'a\\_%') = {count}")


class Authentication(Case):
    @classmethod
    def find_server(cls):
        return support.other_server("authentication", {})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_users(cls.server)
        cls.libpq = libpq.Libpq()

    def where(self, transport):
        """Keywords of a transport."""
        certs = self.server.certs
        if transport == "tls":
            return {"host": "localhost", "sslmode": "verify-full", "sslrootcert": certs.ca}
        return {"host": self.server.host if transport == "local" else "localhost", "sslmode": "disable"}

    def words(self, user, transport, listed="", binding="prefer", **more):
        words = {**self.where(transport), "channel_binding": binding, "password": "secret", **more}
        if listed:
            words["require_auth"] = listed
        if user == "a_cert":
            words.update(sslcert=self.server.certs.client_cert, sslkey=self.server.certs.client_key)
        return self.conninfo(user, **words)

    def method_of(self, conninfo):
        """What walwire says that it logged in with; None if it did not."""
        done = self.run_command("info", conninfo=conninfo)
        self.assertNotIn("secret", done.err)
        if done.status == OK:
            return re.search(r"^authentication\s+(\S+)$", done.out.decode(), re.M)[1]
        self.assert_error(done, CONNECT)
        return None

    def test_matrix(self):
        cases = [*itertools.product(METHODS, TRANSPORTS, LISTS, ["prefer"]),
                 *itertools.product(METHODS, TRANSPORTS, SHORT, ["disable", "require"])]
        reached = set()
        for case in cases:
            with self.subTest(case=case):
                user, transport, listed, binding = case
                conninfo = self.words(*case)
                want = expected(*case, self.major)
                self.assertEqual(self.method_of(conninfo), want)
                theirs = self.libpq.connect(conninfo + " gssencmode=disable")
                if not libpq_differs(user, transport, listed):
                    self.assertEqual(not theirs.startswith("no"), want is not None, theirs)
                reached.add(want)
        plus = {"scram-sha-256-plus"} if self.major >= 11 else set()
        self.assertEqual(reached, {"none", "password", "md5", "scram-sha-256", None} | plus)

    def test_without_a_password(self):
        for user, transport in itertools.product(METHODS, TRANSPORTS):
            with self.subTest(user=user, transport=transport):
                want = expected(user, transport, "", "prefer", self.major)
                self.assertEqual(self.method_of(self.words(user, transport, password="")),
                                 want if want == "none" else None)

    def test_a_wrong_password(self):
        for user, transport in itertools.product(["a_md5", "a_scram", "a_upgraded", "a_password"], TRANSPORTS):
            with self.subTest(user=user, transport=transport):
                self.assertIsNone(self.method_of(self.words(user, transport, password="another")))

    def test_keys_in_place_of_a_password(self):
        """ClientKey and ServerKey of RFC 5802, from the stored secret and the password."""
        secret = self.value("rolpassword FROM pg_authid WHERE rolname = 'a_scram'")
        rounds, salt, _, server_key = re.fullmatch(r"SCRAM-SHA-256\$(\d+):(.*)\$(.*):(.*)", secret).groups()
        salted = hashlib.pbkdf2_hmac("sha256", b"secret", base64.b64decode(salt), int(rounds))
        client_key = base64.b64encode(hmac.digest(salted, b"Client Key", "sha256")).decode()
        none = base64.b64encode(bytes(32)).decode()
        keys = {"scram_client_key": client_key, "scram_server_key": server_key}
        for wrong, password, good in (({}, "", True), ({}, "another", True), ({"scram_client_key": none}, "", False),
                                      ({"scram_server_key": none}, "", False)):
            for transport in TRANSPORTS:
                with self.subTest(wrong=wrong, password=password, transport=transport):
                    conninfo = self.words("a_scram", transport, password=password, **{**keys, **wrong})
                    want = expected("a_scram", transport, "", "prefer", self.major) if good else None
                    self.assertEqual(self.method_of(conninfo), want)
                    theirs = self.libpq.connect(conninfo + " gssencmode=disable")
                    self.assertEqual(not theirs.startswith("no"), good, theirs)
        alone = self.words("a_scram", "local", password="", scram_client_key=client_key)
        done = self.run_command("info", conninfo=alone)
        self.assert_error(done, CONNECT, "scram_server_key")

    def test_protocol_versions(self):
        for least, most in (("3.0", "3.0"), ("3.0", "3.2"), ("3.0", "latest"), ("3.2", "3.2"), ("latest", "latest")):
            with self.subTest(least=least, most=most):
                conninfo = self.words("a_scram", "tls", min_protocol_version=least, max_protocol_version=most)
                done = self.run_command("info", conninfo=conninfo)
                if least != "3.0" and self.major < 18:
                    self.assert_error(done, CONNECT, "min_protocol_version")
                    continue
                self.assertEqual(done.status, OK, done.err)
                version = "3.2" if most != "3.0" and self.major >= 18 else "3.0"
                self.assertRegex(done.out.decode(), rf"(?m)^protocol +{re.escape(version)}$")

    def test_nonsense(self):
        for listed in (",", "md5,", "scram", "md5,!none", "md5,md5", "gss",
                       "!none,!password,!md5,!scram-sha-256,!oauth"):
            with self.subTest(listed=listed):
                self.assert_error(self.run_command("info", conninfo=self.words("a_trust", "local", listed)), USAGE,
                                  "require_auth")


def message(kind, body):
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def request(code, rest=b""):
    return message(b"R", code.to_bytes(4, "big") + rest)


READY = request(0) + message(b"S", b"server_version\0" b"18.0\0") + message(b"Z", b"I")


class Script:
    """A server, with TLS if it has a certificate, for one connection, that plays a function."""

    def __init__(self, play, certs=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.play, self.certs, self.error, self.heard = play, certs, None, b""
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            self.peer, _ = self.listener.accept()
            self.peer.settimeout(20)
            if self.certs:
                assert self.read_exactly(8)[4:] == (80877103).to_bytes(4, "big")
                self.peer.sendall(b"S")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.certs.dir / "server.crt", self.certs.dir / "server.key")
                self.peer = context.wrap_socket(self.peer, server_side=True)
            self.read_exactly(int.from_bytes(self.read_exactly(4), "big") - 4)
            self.play(self)
        except OSError:
            pass
        except Exception as error:      # shown by close()
            self.error = error
        finally:
            self.peer.close()

    def read_exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.peer.recv(n - len(data))
            if not more:
                raise ConnectionError("the client has gone")
            data += more
        return data

    def read_message(self):
        kind = self.read_exactly(1)
        body = self.read_exactly(int.from_bytes(self.read_exactly(4), "big") - 4)
        self.heard += body
        return kind, body

    def say(self, data):
        self.peer.sendall(data)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()
        self.thread.join(timeout=30)
        if self.error:
            raise self.error


OFFER = request(10, b"OAUTHBEARER\0\0")
DENIED = b'{"status":"invalid_token","scope":"openid\x1b[31m"}'


class Tokens(Case):
    """OAUTHBEARER, against a script that follows RFC 7628: no server here has a validator of tokens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certs = cls.server.certs

    def info(self, script, token=None, env=None, arguments=(), **more):
        words = {"host": "localhost", "port": script.port, "user": "u", "dbname": "d", "connect_timeout": 10, **more}
        if token is not None:
            words["oauth_token"] = token
        if script.certs:
            words.setdefault("sslmode", "verify-full")
            words.setdefault("sslrootcert", self.certs.ca)
        return self.run_command("info", *arguments, env=env,
                                conninfo=" ".join(f"{key}='{value}'" for key, value in words.items()))

    def takes(self, *tokens):
        """Of a server that takes these, and then answers nothing but an error."""
        def play(script):
            script.say(OFFER)
            kind, body = script.read_message()
            mechanism, rest = body.split(b"\0", 1)
            assert (kind, mechanism) == (b"p", b"OAUTHBEARER")
            token = re.fullmatch(rb"n,,\x01auth=Bearer ([^\x01]+)\x01\x01", rest[4:])[1]
            assert int.from_bytes(rest[:4], "big") == len(rest) - 4
            if token.decode() in tokens:
                script.say(READY)
                script.read_message()
                script.say(message(b"E", b"SERROR\0VERROR\0C0A000\0Mlet in\0\0") + message(b"Z", b"I"))
                script.read_message()
            else:
                script.say(request(11, DENIED))
                assert script.read_message() == (b"p", b"\x01")
                script.say(message(b"E", b"SFATAL\0VFATAL\0C28000\0Mno entry\0\0"))
        return Script(play, self.certs)

    def test_a_token_that_is_taken(self):
        file = self.dir / "token"
        file.write_text("from.the-file==\n")
        file.chmod(0o600)
        for options in ({"token": "canary.token"}, {"env": {"WALWIRE_OAUTH_TOKEN": "canary.token"}},
                        {"arguments": ["--oauth-token-file", file]},
                        {"token": "not-this", "arguments": ["--oauth-token-file", file]},
                        {"token": "canary.token", "require_auth": "oauth"},
                        {"token": "canary.token", "require_auth": "!none,!md5"}):
            with self.subTest(options=options), self.takes("canary.token", "from.the-file==") as script:
                done = self.info(script, **options)
                self.assertIn("let in", done.err)
                self.assertNotIn("canary", done.err)
        with self.takes("canary.token") as script:
            self.assertIn("sslmode=verify-full", self.info(script, "canary.token", sslmode="require").err)

    def test_a_token_that_is_refused(self):
        with self.takes("another") as script:
            done = self.info(script, "canary.token")
            self.assert_error(done, CONNECT, "invalid_token", "no entry", "\\x1b")
            self.assertNotIn("canary", done.err)
            self.assertNotIn("\x1b", done.err)

    def test_a_token_that_stays_here(self):
        """Without TLS, where another method is demanded, and where there is none."""
        offer = lambda script: (script.say(OFFER), script.read_message())
        cases = [(None, "a.b", {"sslmode": "disable"}, "unencrypted"),
                 (None, "a.b", {"host": "127.0.0.1"}, "unencrypted"),
                 (self.certs, "a.b", {"require_auth": "scram-sha-256"}, "require_auth"),
                 (self.certs, "a.b", {"require_auth": "!oauth"}, "require_auth"),
                 (self.certs, "a.b", {"channel_binding": "require"}, "channel_binding"),
                 (self.certs, None, {}, "none was given")]
        for certs, token, words, said in cases:
            def play(script):
                if not certs and "sslmode" not in words:
                    script.say(b"N")
                    script.read_exactly(int.from_bytes(script.read_exactly(4), "big") - 4)
                offer(script)
            with self.subTest(words=words), Script(play, certs) as script:
                self.assert_error(self.info(script, token, **words), CONNECT, said)
                self.assertNotIn(b"Bearer", script.heard)

    def test_files_that_will_not_do(self):
        file = self.dir / "token"
        file.write_text("canary")
        file.chmod(0o644)
        nobody = types.SimpleNamespace(port=1, certs=None)
        for path, said in ((file, "chmod 0600"), (self.dir, "not a plain file"), (self.dir / "none", "none")):
            with self.subTest(path=path):
                done = self.info(nobody, arguments=["--oauth-token-file", path])
                self.assert_error(done, USAGE, str(path), said)
        file.chmod(0o600)
        file.write_bytes(b"canary\0and more")
        done = self.info(nobody, arguments=["--oauth-token-file", file])
        self.assert_error(done, USAGE, str(file), "NUL")
        self.assertNotIn("canary", done.err)


class Hashing(Case):
    """PBKDF2 stands under the deadline, and under our own signals: no answer leaves once they have come."""

    ROUNDS = 1_000_000      # the most that walwire does: about a second

    def script(self, before=lambda: None):
        def play(script):
            script.say(request(10, b"SCRAM-SHA-256\0\0"))
            nonce = re.search(rb"r=(\S+)$", script.read_message()[1])[1]
            before()
            script.say(request(11, b"r=" + nonce + b"x,s=AAAA,i=%d" % self.ROUNDS))
            self.began.set()
            script.read_message()
            self.answered = True
        self.began, self.answered = threading.Event(), False
        return Script(play)

    def conninfo_of(self, script, seconds):
        return (f"host=127.0.0.1 port={script.port} user=u dbname=d password=secret sslmode=disable "
                f"connect_timeout={seconds}")

    def test_the_deadline(self):
        begin = time.monotonic()
        with self.script(before=lambda: time.sleep(max(0, begin + 0.9 - time.monotonic()))) as script:
            done = self.run_command("info", conninfo=self.conninfo_of(script, 1))
        self.assert_error(done, CONNECT, "connect_timeout")
        self.assertFalse(self.answered)

    def test_a_signal(self):
        with self.script() as script:
            running = self.start_command("info", conninfo=self.conninfo_of(script, 30))
            self.assertTrue(self.began.wait(20))
            done = running.stop()
        self.assertEqual(done.status, 130, done.err)
        self.assertFalse(self.answered)

    def test_one_deadline_for_all_encryptions(self):
        """TLS that breaks late leaves plain text, tried next, only what is left of connect_timeout."""
        peers = []

        def serve():
            peer, _ = listener.accept()
            peers.append(peer)
            peer.recv(8)
            time.sleep(1.5)
            peer.sendall(b"S")
            peer.close()
            peers.append(listener.accept()[0])      # and not a word
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(20)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            begin = time.monotonic()
            done = self.run_command("info", conninfo=f"host=127.0.0.1 port={listener.getsockname()[1]} user=u dbname=d "
                                    "sslmode=prefer connect_timeout=2")
            seconds = time.monotonic() - begin
            thread.join(timeout=20)
        self.assert_error(done, CONNECT)
        self.assertEqual(len(peers), 2, "plain text was not tried")
        peers[1].close()
        self.assertGreater(seconds, 1.9)
        self.assertLess(seconds, 3)
