# SPDX-License-Identifier: MIT
"""What is asked of the server: the best that it has, said with -v; what it lacks is refused by the name of
the version that has it, before anything is created."""
from support import OK, USAGE, Case, since

# (option, the first version that has it, how that is said)
OPTIONS = [
    ("--proto 2", 14, "2 needs PostgreSQL 14"), ("--proto 3", 15, "3 needs 15"),
    ("--proto 4", 16, "4 needs 16"), ("--streaming on", 14, "PostgreSQL 14"),
    ("--streaming parallel", 16, "PostgreSQL 16"), ("--messages on", 14, "PostgreSQL 14"),
    ("--binary on", 14, "PostgreSQL 14"), ("--origin none", 16, "PostgreSQL 16"),
]


class Negotiation(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def stream(self, *arguments):
        return self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now",
                                "--create-slot", "--if-not-exists", "--format", "compact", *arguments)

    def test_options(self):
        for option, since, said in OPTIONS:
            with self.subTest(option=option):
                done = self.stream(*option.split())
                if self.major < since:
                    self.assert_error(done, USAGE, said)
                    self.assertEqual(self.value("count(*) FROM pg_replication_slots WHERE slot_name = "
                                                f"'{self.slot}'"), "0")
                else:
                    self.assertEqual(done.status, OK, done.err)
                    self.drop_slots()

    def test_what_was_chosen_is_said(self):
        proto, streaming = ((4, "parallel") if self.major >= 16 else (3, "on") if self.major >= 15 else
                            (2, "on") if self.major >= 14 else (1, "off"))
        messages = "on" if self.major >= 14 else "off"
        self.assertIn(f"protocol {proto}, streaming {streaming}, binary off, messages {messages}, "
                      "two-phase off", self.stream("-v").err)

    @since(14)
    def test_binary(self):
        """Values in binary read as they do in text."""
        self.create_slot()
        self.sql("INSERT INTO t VALUES (258)")
        event, = self.stream("--binary", "on").of("I")
        self.assertEqual(event["new"], {"id": 258})

    @since(16)
    def test_origin(self):
        """Without what was replicated to here."""
        self.create_slot()
        self.sql("SELECT pg_replication_origin_create('elsewhere'); "
                 "SELECT pg_replication_origin_session_setup('elsewhere'); INSERT INTO t VALUES (1); "
                 "SELECT pg_replication_origin_session_reset(); INSERT INTO t VALUES (2)")
        self.addCleanup(self.sql, "SELECT pg_replication_origin_drop('elsewhere')")
        self.assertEqual([e["new"]["id"] for e in self.stream("--ack", "none").of("I")], [1, 2])
        self.assertEqual([e["new"]["id"] for e in self.stream("--origin", "none").of("I")], [2])
