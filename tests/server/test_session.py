# SPDX-License-Identifier: MIT
"""Logging in: every authentication method over every transport, and every way to be turned away."""
import contextlib
import pathlib
import socket
import threading
import time

from support import CONNECT, OK, REFUSED, Case


class Login(Case):
    """`walwire info` logs in and says how."""

    def info(self, user, host="localhost", env=None, **more):
        return self.run_command("info", conninfo=self.conninfo(user, host=host, **more), env=env)

    def tls(self, **more):
        return {"sslmode": "verify-full", "sslrootcert": self.server.certs.ca, **more}

    def assert_in(self, done, *words):
        self.assertEqual(done.status, OK, done.err)
        text = done.out.decode()
        for word in words:
            self.assertIn(word, text)
        self.assertNotIn("secret", text + done.err)

    def test_scram_over_tls_is_bound_to_the_channel(self):
        done = self.info("scram", password="secret", **self.tls())
        method = "scram-sha-256" if self.major == 10 else "scram-sha-256-plus"
        self.assert_in(done, method, "TLSv1", self.value("system_identifier FROM pg_control_system()"),
                       self.value("current_setting('server_version')").split()[0], self.db)

    def test_scram_without_tls(self):
        self.assert_in(self.info("scram", password="secret", sslmode="disable"), "scram-sha-256")

    def test_scram_over_a_unix_socket(self):
        self.assert_in(self.info("scram", host=self.server.host, password="secret"), "scram-sha-256")

    def test_channel_binding_required(self):
        if self.major > 10:
            self.assert_in(self.info("scram", password="secret", channel_binding="require", **self.tls()),
                           "scram-sha-256-plus")
        done = self.info("scram", password="secret", channel_binding="require", sslmode="disable")
        self.assert_error(done, CONNECT, "channel")

    def test_md5_works_and_warns(self):
        done = self.info("md5", password="secret")
        self.assert_in(done, "md5")
        self.assertIn("md5", done.err.lower())

    def test_md5_is_refused_when_scram_is_asked_for(self):
        self.assert_error(self.info("md5", password="secret", require_auth="scram-sha-256"), CONNECT, "md5")

    def test_trust(self):
        self.assert_in(self.info("trusted"))
        self.assert_in(self.info("trusted", host=self.server.host))
        self.assert_in(self.info("trusted", **self.tls()))

    def test_trust_is_refused_when_a_password_is_asked_for(self):
        done = self.info("trusted", password="secret", require_auth="password,md5,scram-sha-256")
        self.assert_error(done, CONNECT, "require_auth")

    def test_cleartext_only_over_tls(self):
        self.assert_in(self.info("plain", password="secret", **self.tls()))
        done = self.info("plain", password="secret", sslmode="disable")
        self.assert_error(done, CONNECT, "password")

    def test_client_certificate(self):
        paths = {"sslcert": self.server.certs.client_cert, "sslkey": self.server.certs.client_key}
        self.assert_in(self.info("certified", **self.tls(**paths)))
        self.assert_error(self.info("certified", **self.tls()), CONNECT)

    def test_a_client_key_that_others_can_read(self):
        key = self.dir / "client.key"
        key.write_bytes(pathlib.Path(self.server.certs.client_key).read_bytes())
        key.chmod(0o644)
        done = self.info("certified", **self.tls(sslcert=self.server.certs.client_cert, sslkey=key))
        self.assert_error(done, CONNECT, str(key), "0600")

    def test_every_way_to_give_a_password(self):
        """In the string, the environment, the password file."""
        tls = self.tls()
        self.assert_in(self.info("scram", env={"PGPASSWORD": "secret"}, **tls))
        passfile = self.dir / ".pgpass"
        passfile.write_text("# comment\nelsewhere:*:*:*:wrong\n"
                            f"localhost:{self.server.port}:{self.db}:scram:secret\n")
        passfile.chmod(0o600)
        self.assert_in(self.info("scram", **tls))
        named = passfile.rename(self.dir / "another")
        self.assert_in(self.info("scram", env={"PGPASSFILE": named}, **tls))

    def test_a_password_file_that_others_can_read_is_not_used(self):
        passfile = self.dir / ".pgpass"
        passfile.write_text("*:*:*:*:secret\n")
        passfile.chmod(0o644)
        done = self.info("scram", **self.tls())
        self.assert_error(done, CONNECT, str(passfile), "chmod")

    def test_environment_alone(self):
        env = {"PGHOST": "localhost", "PGPORT": self.server.port, "PGUSER": "scram",
               "PGDATABASE": self.db, "PGPASSWORD": "secret", "PGSSLMODE": "verify-full",
               "PGSSLROOTCERT": self.server.certs.ca}
        self.assert_in(self.run_command("info", conninfo="", env=env), self.db, "TLSv1")

    def test_a_uri_as_argument(self):
        uri = (f"postgresql://scram:s%65cret@localhost:{self.server.port}/{self.db}"
               f"?sslmode=verify-full&sslrootcert={self.server.certs.ca}")
        self.assert_in(self.run_command("info", uri, conninfo=""), self.db, "TLSv1")

    def test_the_password_leaves_the_command_line(self):
        self.sql("CREATE PUBLICATION p")
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p",
                                     conninfo=self.conninfo("scram", host="localhost", password="secret"))
        self.wait_active(running)
        words = pathlib.Path(f"/proc/{running.process.pid}/cmdline").read_bytes()
        self.assertNotIn(b"secret", words)
        self.assertIn(b"stream", words)
        self.assertEqual(running.stop().status, OK)


class TurnedAway(Case):
    """Each failure has its exit code and a message; no secret is in it."""

    def info(self, seconds=20, **words):
        words = {"host": "localhost", "port": self.server.port, "user": "scram", "dbname": self.db,
                 "password": "secret", **words}
        return self.run_command("info", conninfo=" ".join(f"{k}='{v}'" for k, v in words.items()),
                                seconds=seconds)

    def test_wrong_password(self):
        self.assert_error(self.info(password="wrong-one"), CONNECT, "password", "scram")

    def test_no_password(self):
        done = self.run_command("info", conninfo=self.conninfo("scram", host="localhost"))
        self.assert_error(done, CONNECT, "password")

    def test_no_such_user(self):
        self.assert_error(self.info(user="nobody_here"), CONNECT, "nobody_here")

    def test_no_such_database(self):
        self.assert_error(self.info(dbname="no_such_db"), CONNECT, "no_such_db")

    def test_no_replication_privilege(self):
        self.assert_error(self.info(user="noreplication"), REFUSED, "REPLICATION")

    def test_nobody_listens(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.assert_error(self.info(port=s.getsockname()[1]), CONNECT, str(s.getsockname()[1]))

    def test_no_such_host(self):
        self.assert_error(self.info(host="no-such-host.invalid"), CONNECT, "no-such-host.invalid")

    def test_certificate_of_a_stranger(self):
        for mode in ("verify-ca", "verify-full"):
            done = self.info(sslmode=mode, sslrootcert=self.server.certs.stranger)
            self.assert_error(done, CONNECT, "certificate")

    def test_certificate_for_another_name(self):
        """verify-full compares the name; verify-ca does not."""
        ca = self.server.certs.ca
        done = self.info(host="127.0.0.1", sslmode="verify-full", sslrootcert=ca)
        self.assert_error(done, CONNECT, "127.0.0.1", "localhost")
        self.assertEqual(self.info(host="127.0.0.1", sslmode="verify-ca", sslrootcert=ca).status, OK)

    def test_root_certificate_file_missing(self):
        gone = self.dir / "gone.crt"
        self.assert_error(self.info(sslmode="verify-full", sslrootcert=gone), CONNECT, str(gone))

    def test_tls_demanded_by_the_server(self):
        self.assert_error(self.info(user="tlsonly", sslmode="disable"), CONNECT, "tlsonly")
        self.assertEqual(self.info(user="tlsonly", sslmode="prefer").status, OK)
        self.assertEqual(self.info(user="tlsonly", sslmode="allow").status, OK)

    def test_usage(self):
        for arguments in (["--no-such-option"], ["-d", "host="], ["-d", "no_such_key=1"],
                          ["-d", "sslmode=maybe"], ["-d", "port=99999"]):
            done = self.run_command("info", *arguments, conninfo="")
            self.assertIn(done.status, (2, 3), done.err)
            if arguments != ["-d", "host="]:
                self.assert_error(done, 2)


class Impostor:
    """A listener that is no PostgreSQL: says its lines, writes down what it hears."""

    def __init__(self, *answers, close=True):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answers, self.close, self.heard = answers, close, b""
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                with peer:
                    self.talk(peer)

    def talk(self, peer):
        with contextlib.suppress(OSError):
            for answer in self.answers:
                self.heard += peer.recv(4096)
                peer.sendall(answer)
            while not self.close:
                more = peer.recv(4096)
                if not more:
                    return
                self.heard += more

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()


class NotPostgreSQL(Case):
    """What answers is not a server, or not one that may be trusted: no secret leaves, no hang."""

    def against(self, impostor, **more):
        words = {"host": "127.0.0.1", "port": impostor.port, "user": "scram", "dbname": "d",
                 "password": "secret", "connect_timeout": 3, **more}
        begin = time.monotonic()
        done = self.run_command("info", conninfo=" ".join(f"{k}='{v}'" for k, v in words.items()))
        self.assertLess(time.monotonic() - begin, 15)
        self.assertNotIn(b"secret", impostor.heard)
        return done

    def test_garbage(self):
        for mode in ("disable", "prefer", "require"):
            with Impostor(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n") as web:
                self.assert_error(self.against(web, sslmode=mode), CONNECT, str(web.port))

    def test_closes_at_once(self):
        with Impostor() as nobody:
            self.assert_error(self.against(nobody, sslmode="disable"), CONNECT)

    def test_silence(self):
        with Impostor(close=False) as silent:
            self.assert_error(self.against(silent, sslmode="disable"), CONNECT)

    def test_tls_refused_although_required(self):
        for mode in ("require", "verify-ca", "verify-full"):
            with Impostor(b"N", close=False) as plain:
                done = self.against(plain, sslmode=mode, sslrootcert=self.server.certs.ca)
                self.assert_error(done, CONNECT, "TLS")
                self.assertEqual(len(plain.heard), 8, "more than the SSLRequest was sent")

    def test_plaintext_after_the_answer(self):
        ready = b"S" + bytes.fromhex("52000000080000000000") + bytes.fromhex("5a0000000549")
        with Impostor(ready, close=False) as stuffed:
            self.assert_error(self.against(stuffed, sslmode="require"), CONNECT)
            self.assertEqual(len(stuffed.heard), 8)

    def test_cleartext_asked_for_without_tls(self):
        with Impostor(b"R\0\0\0\x08\0\0\0\x03", close=False) as thief:
            self.assert_error(self.against(thief, sslmode="disable"), CONNECT)

    def test_trust_although_scram_is_required(self):
        with Impostor(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", close=False) as trusting:
            done = self.against(trusting, sslmode="disable", require_auth="scram-sha-256")
            self.assert_error(done, CONNECT, "require_auth")
