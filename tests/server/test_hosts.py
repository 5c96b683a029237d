# SPDX-License-Identifier: MIT
"""Which server: several hosts, what leads to the next one, target_session_attrs, service files, requirepeer."""
import getpass
import os
import pathlib
import socket
import time

import libpq
import support
from support import CONNECT, OK, USAGE, Case
from test_session import Impostor
from test_standby import Pair


def message(kind, body):
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def refusal(sqlstate):
    fields = [b"SFATAL", b"VFATAL", b"C" + sqlstate.encode(), b"Mno", b""]
    return message(b"E", b"\0".join(fields) + b"\0")


def logged_in(version):
    return (message(b"R", bytes(4)) + message(b"S", b"server_version\0" + version.encode() + b"\0") +
            message(b"Z", b"I"))


def unused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class HostCase(Case):
    """`walwire info` says where it got to."""

    def info(self, words=None, env=None, **more):
        words = {"user": "trusted", "dbname": self.db, **(words or {}), **more}
        text = " ".join(f"{key}='{value}'" for key, value in words.items() if value is not None)
        return self.run_command("info", "-v", conninfo=text, env=env)

    def hosts(self, *pairs, **more):
        """The string for these (host, port) pairs."""
        return {"host": ",".join(str(host) for host, _ in pairs),
                "port": ",".join(str(port) for _, port in pairs), "sslmode": "disable", **more}

    def assert_at(self, done, address):
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.address(done), str(address), done.err)

    def address(self, done):
        lines = dict(line.split(None, 1) for line in done.out.decode().splitlines())
        return lines["address"]

    @property
    def tcp(self):
        return "127.0.0.1", self.server.port

    @property
    def tcp_address(self):
        return f"127.0.0.1:{self.server.port}"

    @property
    def local(self):
        return self.server.host, self.server.port

    @property
    def local_address(self):
        return f"{self.server.host}/.s.PGSQL.{self.server.port}"


class Hosts(HostCase):
    def test_the_first_that_answers(self):
        self.assert_at(self.info(self.hosts(self.tcp, self.local)), self.tcp_address)
        self.assert_at(self.info(self.hosts(self.local, self.tcp)), self.local_address)

    def test_refused_then_the_next(self):
        done = self.info(self.hosts(("127.0.0.1", unused_port()), ("/no/such/directory", 1), self.tcp))
        self.assert_at(done, self.tcp_address)
        self.assertEqual(done.err.count("trying the next host"), 2)

    def test_a_uri_of_several(self):
        uri = f"postgresql://trusted@127.0.0.1:{unused_port()},127.0.0.1:{self.server.port}/{self.db}?sslmode=disable"
        self.assert_at(self.run_command("info", uri, conninfo=""), self.tcp_address)

    def test_a_name_without_address(self):
        self.assert_at(self.info(self.hosts(("no-such-host.invalid", 1), self.tcp)), self.tcp_address)

    def test_hostaddr_is_where_to_go(self):
        done = self.info({"host": "no-such-host.invalid,other.invalid", "hostaddr": "127.0.0.1,127.0.0.1",
                          "port": f"{unused_port()},{self.server.port}", "sslmode": "disable"})
        self.assert_at(done, self.tcp_address)

    def test_all_refuse(self):
        port = unused_port()
        done = self.info(self.hosts(("127.0.0.1", port), ("127.0.0.1", port)))
        self.assert_error(done, CONNECT, str(port), "last of 2 hosts")

    def test_lists_that_do_not_match(self):
        self.assert_error(self.info(host="a,b", port="1,2,3"), USAGE, "port")
        self.assert_error(self.info(host="a,b", hostaddr="127.0.0.1"), USAGE, "host")

    def test_a_wrong_address_is_found_before_the_first_connection(self):
        """libpq passes over it."""
        for wrong in ({"hostaddr": "127.0.0.1,127.0.0.300"}, {"host": "127.0.0.1,/" + "d" * 200}):
            with Impostor(close=False) as first:
                self.assert_error(self.info({"port": first.port, **wrong}), USAGE, list(wrong.values())[0][10:20])
                self.assertEqual(first.heard, b"")

    def test_starting_up_leads_to_the_next(self):
        with Impostor(refusal("57P03")) as starting:
            self.assert_at(self.info(self.hosts(("127.0.0.1", starting.port), self.tcp)), self.tcp_address)

    def test_a_refusal_is_final(self):
        """A wrong password, a missing database, too many connections: the next host is not asked."""
        for sqlstate in ("28P01", "28000", "3D000", "53300"):
            with Impostor(refusal(sqlstate)) as strict:
                done = self.info(self.hosts(("127.0.0.1", strict.port), self.tcp))
                self.assert_error(done, CONNECT, sqlstate)

    def test_a_connection_that_breaks_is_final(self):
        """Once somebody answered there, whatever breaks is no reason to go elsewhere; libpq says the same."""
        theirs = libpq.Libpq()
        for answers, sslmode in (((), "disable"), ((b"",), "disable"), ((b"",), "require"), ((b"S",), "require"),
                                 ((b"S", b"no TLS"), "require"), ((b"N",), "prefer"),
                                 ((b"N",), "require"), ((message(b"R", bytes(4)),), "disable")):
            with self.subTest(answers=answers, sslmode=sslmode), Impostor(*answers) as broken:
                words = {"user": "trusted", "dbname": self.db, "host": "127.0.0.1,127.0.0.1", "sslmode": sslmode,
                         "port": f"{broken.port},{self.server.port}", "gssencmode": "disable"}
                self.assert_error(self.info(words), CONNECT)
                said = theirs.connect(" ".join(f"{key}='{value}'" for key, value in words.items()))
                self.assertTrue(said.startswith("no"), said)

    def test_connect_timeout_is_for_each_address(self):
        with Impostor(close=False) as one, Impostor(close=False) as two:
            begin = time.monotonic()
            done = self.info(self.hosts(("127.0.0.1", one.port), ("127.0.0.1", two.port), self.tcp,
                                        connect_timeout=1))
            took = time.monotonic() - begin
        self.assert_at(done, self.tcp_address)
        self.assertEqual(done.err.count("did not answer in time"), 2, done.err)
        self.assertGreater(took, 1.9)
        self.assertLess(took, 10)

    def test_connect_timeout_covers_all_encryption_methods(self):
        """prefer asks for TLS, then would try plain text: both together have one second."""
        with Impostor(close=False) as silent:
            begin = time.monotonic()
            done = self.info(host="127.0.0.1", port=silent.port, sslmode="prefer", connect_timeout=1)
            self.assert_error(done, CONNECT, "connect_timeout")
            self.assertLess(time.monotonic() - begin, 1.9)

    def test_connect_timeout_covers_the_question_what_kind_it_is(self):
        """A server that logs in, says it is version 13, and never answers the question."""
        with Impostor(logged_in("13.0"), close=False) as mute:
            done = self.info(self.hosts(("127.0.0.1", mute.port), self.tcp, connect_timeout=1,
                                        target_session_attrs="primary"))
            self.assert_at(done, self.tcp_address)
            self.assertIn(b"pg_is_in_recovery", mute.heard)

    @support.long
    def test_silence_behind_the_login(self):
        """Nobody waits for ever for an answer that takes no time."""
        with Impostor(logged_in("18.0"), close=False) as mute, Impostor(logged_in("18.0"), close=False) as other:
            words = "host=127.0.0.1 port={} user=u dbname=d sslmode=disable"
            running = [self.start_command("info", conninfo=words.format(mute.port)),
                       self.start_command("stream", "-S", "s", "--publication", "p", conninfo=words.format(other.port))]
            begin = time.monotonic()
            for one in running:
                done = one.stop(how=None, seconds=75)
                self.assert_error(done, CONNECT, "did not answer in time")
                self.assertGreater(time.monotonic() - begin, 55)
            self.assertIn(b"IDENTIFY_SYSTEM", mute.heard)

    def test_a_question_that_fails_leads_to_the_next(self):
        with Impostor(logged_in("13.0"), refusal("42501")) as broken:
            done = self.info(self.hosts(("127.0.0.1", broken.port), self.tcp, target_session_attrs="read-write"))
            self.assert_at(done, self.tcp_address)
            self.assertIn(b"SHOW transaction_read_only", broken.heard)

    def test_random_order(self):
        """Of 40 connections not all go to the same of two hosts; without the keyword they all do."""
        def places(**more):
            return {self.address(self.info(self.hosts(self.tcp, self.local, **more))) for _ in range(40)}
        self.assertEqual(places(load_balance_hosts="random"), {self.tcp_address, self.local_address})
        self.assertEqual(places(load_balance_hosts="disable"), {self.tcp_address})

    def test_random_order_reaches_the_only_one(self):
        nobody = ("127.0.0.1", unused_port())
        for _ in range(5):
            done = self.info(self.hosts(nobody, self.tcp, nobody, load_balance_hosts="random"))
            self.assert_at(done, self.tcp_address)

    def test_a_password_file_is_asked_for_each_host(self):
        passfile = self.dir / ".pgpass"
        passfile.write_text(f"*:{self.server.port + 1}:*:*:wrong\n127.0.0.1:{self.server.port}:{self.db}:scram:secret\n")
        passfile.chmod(0o600)
        done = self.info(self.hosts(("127.0.0.1", unused_port()), self.tcp), user="scram")
        self.assert_at(done, self.tcp_address)

    def test_a_wrong_password_from_a_file_names_the_file(self):
        passfile = self.dir / "named"
        passfile.write_text("*:*:*:*:wrong\n")
        passfile.chmod(0o600)
        done = self.info(self.hosts(self.tcp, passfile=passfile), user="scram")
        self.assert_error(done, CONNECT, str(passfile), "28P01")
        self.assertNotIn("named", self.info(self.hosts(self.tcp), user="scram", password="wrong").err)

    def test_a_password_file_that_is_not_used(self):
        """One warning for all hosts, and the error says why there is no password."""
        passfile, gone, fifo = self.dir / "passfile", self.dir / "gone", self.dir / "fifo"
        os.mkfifo(fifo)
        for path, mode, password, said in ((passfile, 0o644, "secret", "chmod 0600"), (gone, 0, "", "not there"),
                                           (passfile, 0o600, "canary" * 11000, "65535 bytes"),
                                           (fifo, 0o600, "", "not a plain file")):
            with self.subTest(said=said):
                if password:
                    path.write_text(f"*:*:*:*:{password}\n")
                    path.chmod(mode)
                done = self.info(self.hosts(("127.0.0.1", unused_port()), self.tcp, passfile=path), user="scram")
                self.assert_error(done, CONNECT, "asks for a password")
                warnings = [line for line in done.err.splitlines() if "is not used" in line]
                self.assertEqual(len(warnings), 1, done.err)
                self.assertIn(said, warnings[0])
                hint = done.err[done.err.index("asks for a password"):]
                self.assertIn(said, hint)
                self.assertIn(str(path), hint)
                self.assertNotIn("canary", done.err)

    def test_a_password_of_the_greatest_length(self):
        """It is asked about, not refused here."""
        passfile = self.dir / "passfile"
        passfile.write_text(f"*:*:*:*:{'x' * 65535}\n")
        passfile.chmod(0o600)
        done = self.info(self.hosts(self.tcp, passfile=passfile), user="scram")
        self.assertEqual(done.status, CONNECT)
        self.assertNotIn("is not used", done.err)

    def test_a_long_user_name_is_not_cut(self):
        user = "u" * 1500
        with Impostor(refusal("28000")) as server:
            done = self.info(self.hosts(("127.0.0.1", server.port)), user=user)
            self.assert_error(done, CONNECT, "28000")
        self.assertIn(f"user\0{user}\0".encode(), server.heard)

    def test_the_catalog_is_asked_where_the_stream_is(self):
        """With a type that is not built in, so that it is asked at all."""
        self.sql("CREATE TYPE mood AS ENUM ('so', 'la'); CREATE TABLE t (id int PRIMARY KEY, m mood); "
                 "CREATE PUBLICATION p FOR TABLE t")
        self.create_slot()
        self.sql("INSERT INTO t VALUES (1, 'la')")
        words = self.hosts(self.tcp, self.local, load_balance_hosts="random", user="trusted", dbname=self.db)
        for _ in range(10):
            trace = self.dir / "trace"
            self.until_now("--ack", "none", "--trace", trace,
                           conninfo=" ".join(f"{key}='{value}'" for key, value in words.items()))
            lines = [line for line in trace.read_text().splitlines() if "\tconnect\t" in line]
            places = {self.local_address in line for line in lines}
            self.assertEqual((len(lines), len(places)), (2, 1), "\n".join(lines))
            trace.unlink()


    @support.since(14)
    def test_the_stream_goes_on_where_it_was(self):
        """Binary form ends with a table that has none: the second connection is for the same slot."""
        self.sql("CREATE TABLE b (id int PRIMARY KEY); CREATE PUBLICATION b FOR ALL TABLES")
        self.create_slot()
        words = self.hosts(self.tcp, self.local, load_balance_hosts="random", user="trusted", dbname=self.db)
        trace = self.dir / "trace"
        running = self.start_command("stream", "-S", self.slot, "--publication", "b", "--format", "compact",
                                     "--binary", "auto", "--trace", trace,
                                     conninfo=" ".join(f"{key}='{value}'" for key, value in words.items()))
        self.sql("INSERT INTO b VALUES (1)")
        running.wait_commits(1)
        self.sql("CREATE TABLE c (id int PRIMARY KEY, a aclitem); INSERT INTO c VALUES (2)")
        running.wait_line(lambda event: event["op"] == "I")
        self.assertEqual(running.stop().status, OK)
        lines = [line for line in trace.read_text().splitlines() if "\tconnect\t" in line]
        self.assertGreater(len(lines), 1)
        self.assertEqual(len({self.local_address in line for line in lines}), 1, "\n".join(lines))


class Kinds(HostCase):
    """target_session_attrs on a server that is no standby."""

    def test_a_primary(self):
        for kind in ("any", "primary", "read-write", "prefer-standby"):
            self.assert_at(self.info(self.hosts(self.tcp, target_session_attrs=kind)), self.tcp_address)
        for kind in ("standby", "read-only"):
            done = self.info(self.hosts(self.tcp, target_session_attrs=kind))
            self.assert_error(done, CONNECT, "target_session_attrs", kind, self.tcp_address)

    def test_a_primary_that_defaults_to_reading(self):
        read_only = {"options": "-c default_transaction_read_only=on"}
        for kind in ("any", "primary", "read-only"):
            done = self.info(self.hosts(self.tcp, target_session_attrs=kind, **read_only))
            self.assert_at(done, self.tcp_address)
        for kind in ("standby", "read-write"):
            done = self.info(self.hosts(self.tcp, target_session_attrs=kind, **read_only))
            self.assert_error(done, CONNECT, "target_session_attrs", kind)

    def test_from_the_environment(self):
        done = self.info(self.hosts(self.tcp), env={"PGTARGETSESSIONATTRS": "standby"})
        self.assert_error(done, CONNECT, "standby")

    def test_over_tls(self):
        done = self.info(host="localhost", port=self.server.port, sslmode="require", target_session_attrs="primary")
        self.assertEqual(done.status, OK, done.err)


@support.since(12)  # when standby.signal came
class StandbyKinds(HostCase):
    """A primary and its standby, in both orders."""

    @classmethod
    def setUpClass(cls):
        if "pair" not in support.others:
            support.others["pair"] = Pair(support.server.version)
        cls.pair = support.others["pair"]
        super().setUpClass()
        cls.pair.catch_up()

    @classmethod
    def find_server(cls):
        return cls.pair.primary

    def test_each_kind(self):
        primary = ("127.0.0.1", self.pair.primary.port)
        standby = ("127.0.0.1", self.pair.standby.port)
        wanted = {"primary": primary, "read-write": primary, "standby": standby, "read-only": standby,
                  "prefer-standby": standby}
        for kind, (host, port) in wanted.items():
            for order in ((primary, standby), (standby, primary)):
                done = self.info(self.hosts(*order, target_session_attrs=kind))
                self.assert_at(done, f"{host}:{port}")
        self.assert_at(self.info(self.hosts(standby, primary)), f"127.0.0.1:{standby[1]}")

    def test_prefer_standby_takes_what_there_is(self):
        nobody = ("127.0.0.1", unused_port())
        primary = ("127.0.0.1", self.pair.primary.port)
        done = self.info(self.hosts(nobody, primary, target_session_attrs="prefer-standby"))
        self.assert_at(done, f"127.0.0.1:{primary[1]}")
        self.assertIn("no host is a standby", done.err)

    def test_no_standby_will_do(self):
        standby = ("127.0.0.1", self.pair.standby.port)
        done = self.info(self.hosts(standby, standby, target_session_attrs="primary"))
        self.assert_error(done, CONNECT, "primary")


class RequirePeer(HostCase):
    def test_the_right_user(self):
        self.assert_at(self.info(self.hosts(self.local, requirepeer=getpass.getuser())), self.local_address)
        self.assert_at(self.info(self.hosts(self.local), env={"PGREQUIREPEER": getpass.getuser()}), self.local_address)

    def test_another_user(self):
        """Final, and nothing was said to the impostor."""
        done = self.info(self.hosts(self.local, self.tcp, requirepeer="nobody"))
        self.assert_error(done, CONNECT, "requirepeer", "nobody", getpass.getuser())
        self.assert_error(self.info(self.hosts(self.local), env={"PGREQUIREPEER": "nobody"}), CONNECT, "requirepeer")

    def test_a_directory_that_all_may_write_to(self):
        """Warned of once, unless requirepeer says who must be there."""
        public, private = self.dir / "public", self.dir / "private"
        for place, mode in ((public, 0o1777), (private, 0o755)):
            place.mkdir()
            place.chmod(mode)
            (place / f".s.PGSQL.{self.server.port}").symlink_to(self.local_address)
        done = self.info(self.hosts((public, self.server.port)))
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(done.err.count("requirepeer"), 1, done.err)
        self.assertIn(str(public), done.err)
        for where, more in ((private, {}), (public, {"requirepeer": getpass.getuser()})):
            done = self.info(self.hosts((where, self.server.port), **more))
            self.assertEqual(done.status, OK, done.err)
            self.assertNotIn("requirepeer", done.err)
        self.assertNotIn("requirepeer", self.info(self.hosts(self.tcp)).err)

    def test_over_tcp_it_means_nothing(self):
        self.assert_at(self.info(self.hosts(self.tcp, requirepeer="nobody")), self.tcp_address)


class ServiceFile(HostCase):
    """Where it is looked for, and what wins over what."""

    def service(self, path, **settings):
        path.parent.mkdir(exist_ok=True)
        words = {"host": "127.0.0.1", "port": self.server.port, "dbname": self.db, "user": "trusted",
                 "sslmode": "disable", **settings}
        path.write_text("# ours\n[other]\nhost=elsewhere.invalid\n\n[mine]\n" +
                        "".join(f"{key}={value}\n" for key, value in words.items()))
        return path

    def by_service(self, text="service=mine", **env):
        return self.run_command("info", conninfo=text, env=env)

    def test_in_the_home_directory(self):
        self.service(self.dir / ".pg_service.conf")
        self.assert_at(self.by_service(), self.tcp_address)
        self.assert_at(self.by_service("postgresql://?service=mine"), self.tcp_address)
        self.assert_at(self.run_command("info", conninfo="", env={"PGSERVICE": "mine"}), self.tcp_address)

    def test_named_by_the_environment(self):
        named = self.service(self.dir / "named")
        (self.dir / ".pg_service.conf").write_text("[mine]\nhost=elsewhere.invalid\n")
        self.assert_at(self.by_service(PGSERVICEFILE=named), self.tcp_address)

    def test_of_the_system(self):
        self.service(self.dir / "etc" / "pg_service.conf")
        self.assert_at(self.by_service(PGSYSCONFDIR=self.dir / "etc"), self.tcp_address)
        (self.dir / ".pg_service.conf").write_text("[another]\nhost=elsewhere.invalid\n")
        self.assert_at(self.by_service(PGSYSCONFDIR=self.dir / "etc"), self.tcp_address)
        self.service(self.dir / ".pg_service.conf", port=unused_port())
        self.assertEqual(self.by_service(PGSYSCONFDIR=self.dir / "etc").status, CONNECT)

    def test_what_wins(self):
        """Written, then the service, then the environment."""
        self.service(self.dir / ".pg_service.conf", host="elsewhere.invalid")
        done = self.by_service("service=mine host=127.0.0.1", PGHOST="nowhere.invalid", PGPORT=unused_port())
        self.assert_at(done, self.tcp_address)
        done = self.run_command("info", "-h", "127.0.0.1", conninfo="service=mine", env={"PGPORT": unused_port()})
        self.assert_at(done, self.tcp_address)

    def test_a_password_in_it_is_used_and_not_shown(self):
        path = self.service(self.dir / ".pg_service.conf", user="scram", password="secret")
        self.assert_at(self.by_service(), self.tcp_address)
        path.write_text(path.read_text() + "no equals sign\n")
        self.assert_error(self.by_service(), USAGE, str(path), "line")

    def test_not_there(self):
        self.assert_error(self.by_service(), USAGE, "mine")
        self.assert_error(self.by_service(PGSERVICEFILE=self.dir / "gone"), USAGE, str(self.dir / "gone"))
        self.service(self.dir / ".pg_service.conf")
        self.assert_error(self.by_service("service=Mine"), USAGE, "Mine")

    def test_what_is_no_plain_file(self):
        """A FIFO that nobody writes to does not hold us up."""
        fifo, large = self.dir / "fifo", self.dir / "large"
        os.mkfifo(fifo)
        large.write_bytes(b"#" * ((1 << 20) + 1))
        for path, word in ((fifo, "plain file"), (self.dir, "plain file"), ("/dev/zero", "plain file"),
                           (large, "1 MiB")):
            with self.subTest(path=path):
                done = self.run_command("info", conninfo="service=mine", env={"PGSERVICEFILE": path}, seconds=10)
                self.assert_error(done, USAGE, str(path), word)

    def test_wrong_lines(self):
        path = self.dir / ".pg_service.conf"
        for lines, words in (("hots=h", ("line 2", "host")), ("service=other", ("line 2",)),
                             ("host", ("line 2", "=")), ("\n\nport=x", ("port",))):
            path.write_text(f"[mine]\n{lines}\n")
            self.assert_error(self.by_service(), USAGE, *words)


class Keywords(HostCase):
    """What libpq's users may have written, and does not stand in the way here."""

    def test_accepted_and_ignored(self):
        key_log = self.dir / "keys"
        done = self.info(host="localhost", port=self.server.port, sslmode="require", sslcompression="1", krbsrvname="x",
                         gsslib="gssapi", gssdelegation="1", gssencmode="prefer", sslkeylogfile=key_log,
                         oauth_issuer="https://i", oauth_client_id="c", replication="database", client_encoding="auto")
        self.assertEqual(done.status, OK, done.err)
        self.assertFalse(pathlib.Path(key_log).exists())
        self.assertIn("sslkeylogfile", done.err)

    def test_not_ours_to_do(self):
        for word, value in (("gssencmode", "require"), ("replication", "true"), ("client_encoding", "LATIN1"),
                            ("sslnegotiation", "direct"), ("target_session_attrs", "master")):
            self.assert_error(self.info(host="127.0.0.1", port=self.server.port, **{word: value}), USAGE, word)

    def test_variables_that_would_change_the_text(self):
        env = {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German", "PGGEQO": "off"}
        done = self.info(self.hosts(self.tcp), env=env)
        self.assert_at(done, self.tcp_address)
        for name in env:
            self.assertIn(name, done.err)
        self.assertNotIn("PGTZ", self.info(self.hosts(self.tcp)).err)
