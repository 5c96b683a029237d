# SPDX-License-Identifier: MIT
"""Composite types that are altered, of which the stream says nothing: before their first look-up, and while walwire runs."""
from support import OK, Case, since

ALTERED = ("ALTER TABLE addr DROP COLUMN zip; ALTER TABLE addr ADD COLUMN no int; ALTER TABLE addr RENAME street TO road")


class Altered:
    """In text and in binary form: the same lines."""
    binary = "off"

    def setUp(self):
        super().setUp()
        self.sql("""CREATE TABLE addr (street text, zip text); CREATE TABLE cust (id int PRIMARY KEY, home addr, others addr[]);
                    CREATE PUBLICATION p FOR TABLE cust""")
        self.addCleanup(self.sql, "DROP PUBLICATION p; DROP TABLE cust, addr")
        self.create_slot()

    def rows(self, done):
        self.assertEqual((done.status, done.err), (OK, ""))
        return [event["new"] for event in done.of("I")]

    @staticmethod
    def is_row(number):
        return lambda event: event["op"] == "I" and event["new"]["id"] == number

    def read(self, *arguments):
        return self.rows(self.until_now("--binary", self.binary, *arguments))

    def test_before_the_first_look_up(self):
        self.sql("INSERT INTO cust VALUES (1, ROW('Main', 'x12345'), ARRAY[ROW('Elm', 'x')::addr]), (2, NULL, NULL)")
        self.sql(ALTERED)
        self.sql("INSERT INTO cust VALUES (3, ROW('Side', 7), ARRAY[ROW('Oak', NULL)::addr])")
        want = [{"id": 1, "home": "(Main,x12345)", "others": "{\"(Elm,x)\"}"}, {"id": 2, "home": None, "others": None},
                {"id": 3, "home": {"road": "Side", "no": 7}, "others": [{"road": "Oak", "no": None}]}]
        for mode in ("types", "full"):
            self.assertEqual(self.read("--catalog", mode, "--ack", "none"), want)
        for name in ("debezium", "pypgoutput"):
            done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--ack", "none",
                                    "--format", name, "--binary", self.binary)
            self.assertEqual(done.status, OK, done.err)
            self.assertEqual([event["after"] for event in done.events], want)

    def test_while_it_runs(self):
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "--binary", self.binary)
        self.wait_active(running)
        self.sql("INSERT INTO cust VALUES (1, ROW('Main', 'x12345'))")
        running.wait_line(self.is_row(1))
        self.sql("ALTER TABLE addr ADD COLUMN no int")
        self.sql("INSERT INTO cust VALUES (2, ROW('Side', 'y', 7)); INSERT INTO cust VALUES (3, ROW('Side', 'y', 7))")
        running.wait_line(self.is_row(3))
        self.sql("ALTER TABLE addr RENAME street TO road; ALTER TABLE addr DROP COLUMN zip; ALTER TABLE addr ADD COLUMN ok bool")
        self.sql("INSERT INTO cust VALUES (4, ROW('Top', 8, true)); INSERT INTO cust VALUES (5, ROW('Top', 9, false))")
        running.wait_line(self.is_row(5))
        rows = self.rows(running.stop())
        self.assertEqual([row["home"] for row in rows],
                         [{"street": "Main", "zip": "x12345"}, "(Side,y,7)", {"street": "Side", "zip": "y", "no": 7},
                          "(Top,8,t)", {"road": "Top", "no": 9, "ok": False}])


@since(14)
class AlteredText(Altered, Case):
    pass


@since(14)
class AlteredBinary(Altered, Case):
    binary = "on"
