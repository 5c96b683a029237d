# SPDX-License-Identifier: MIT
"""Keys, tombstones and the lines of definitions, with what the catalog tells of a real server's tables."""
import json

from support import OK, Case


class Keys(Case):
    def keyed(self, *arguments):
        """[(key, value)] of a run's lines; the slot stays where it is."""
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--ack", "none", "--format", "debezium",
                                "--key", "--catalog", "full", *arguments)
        self.assertEqual(done.status, OK, done.err)
        return [tuple(json.loads(part) if part else None for part in line.split("\t"))
                for line in done.out.decode().splitlines()]

    def make(self, statements):
        self.sql("DROP PUBLICATION IF EXISTS p; DROP TABLE IF EXISTS t; " + statements + "; CREATE PUBLICATION p FOR TABLE t")
        self.create_slot()

    def test_primary_key_in_its_order(self):
        self.make("CREATE TABLE t (a int, b text, c int, PRIMARY KEY (c, a)); ALTER TABLE t REPLICA IDENTITY FULL")
        self.sql("INSERT INTO t VALUES (1, E'tab\there', 3); UPDATE t SET b = 'x'; UPDATE t SET a = 2; DELETE FROM t")
        lines = self.keyed("--tombstones")
        self.assertEqual([(list(key.items()), value and value["op"]) for key, value in lines],
                         [([("c", 3), ("a", 1)], "c"), ([("c", 3), ("a", 1)], "u"), ([("c", 3), ("a", 2)], "u"),
                          ([("c", 3), ("a", 1)], None), ([("c", 3), ("a", 2)], "d"), ([("c", 3), ("a", 2)], None)])

    def test_an_index_is_the_key_where_it_is_the_identity(self):
        self.make("CREATE TABLE t (id int PRIMARY KEY, mail text NOT NULL UNIQUE); ALTER TABLE t REPLICA IDENTITY USING INDEX t_mail_key")
        self.sql("INSERT INTO t VALUES (1, 'a@b'); DELETE FROM t")
        self.assertEqual([key for key, _ in self.keyed()], [{"mail": "a@b"}] * 2)

    def test_no_key(self):
        self.make("CREATE TABLE t (v text); ALTER TABLE t REPLICA IDENTITY FULL")
        self.sql("INSERT INTO t VALUES ('a'); DELETE FROM t")
        self.assertEqual([key for key, _ in self.keyed("--tombstones")], [None] * 2)

    def test_definitions(self):
        self.make("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, n numeric(10,2) NOT NULL, m mood)")
        self.sql("INSERT INTO t VALUES (1, 1.5, 'ok'); ALTER TABLE t ADD COLUMN d varchar(20), DROP COLUMN m; INSERT INTO t VALUES (2, 2, 'x')")
        events = self.until_now("--ack", "none", "--schema-events", "--catalog", "full").events
        self.assertEqual("".join(event["op"] for event in events if event["op"] in "RI"), "RIRI")
        first, second = (event for event in events if event["op"] == "R")
        self.assertEqual([(c["name"], c["type"], c["key"]) for c in first["columns"]],
                         [("id", "integer", True), ("n", "numeric(10,2)", False), ("m", "public.mood", False)])
        self.assertNotIn("added", first)
        self.assertEqual((second["version"], second["added"], second["dropped"], second["altered"]), (2, ["d"], ["m"], []))
        self.assertEqual([(c["name"], c["type"], c["primary_key"], c["nullable"]) for c in second["columns"]],
                         [("id", "integer", 1, False), ("n", "numeric(10,2)", None, False), ("d", "character varying(20)", None, True)])
        self.assertRegex(second["catalog_lsn"], r"\A[0-9A-F]+/[0-9A-F]+\Z")
        lines = [value for _, value in self.keyed("--schema-events") if value and "tableChanges" in value]
        self.assertEqual([(line["databaseName"], line["schemaName"]) for line in lines], [(self.db, "public")] * 2)
        changes = [line["tableChanges"][0] for line in lines]
        self.assertEqual([change["id"] for change in changes], [f'"{self.db}"."public"."t"'] * 2)
        self.assertEqual([change["type"] for change in changes], ["CREATE", "ALTER"])
        self.assertEqual(changes[1]["table"]["primaryKeyColumnNames"], ["id"])
        self.sql("DROP TABLE t; DROP TYPE mood")
