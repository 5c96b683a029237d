# SPDX-License-Identifier: MIT
"""What an operator sees: metrics that are right and never half, logs that a program can read, and nothing secret in
either."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pg
import support
from exposition import Metrics
from support import CONNECT, OK, REFUSED, USAGE, Case, Running, environment, since

HOSTILE = ['we"ird', "two\nlines", "back\\slash", "\\n", "a{b}=\"c\",", "ümläut", "tab\there", "\u202egnp"]

FAMILIES = {
    "info": "gauge", "up": "gauge", "start_time_seconds": "gauge", "connected": "gauge",
    "reconnects_total": "counter", "keepalives_total": "counter", "feedbacks_total": "counter",
    "events_total": "counter", "units_total": "counter", "output_bytes_total": "counter",
    "wal_bytes_total": "counter", "wal_messages_total": "counter", "open_streams": "gauge",
    "spilled_bytes_total": "counter", "received_lsn": "gauge", "flushed_lsn": "gauge",
    "acknowledged_lsn": "gauge", "saved_lsn": "gauge", "lag_bytes": "gauge", "lag_seconds": "gauge",
    "unconfirmed_units": "gauge", "idle_advance": "gauge", "oddities_total": "counter",
    "last_message_age_seconds": "gauge"}

CANARY = "Kanarienvogel"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def number(lsn):
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)


class Operated(Case):
    """A slot, a table and a metrics file per test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE PUBLICATION p FOR ALL TABLES", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text)")
        self.create_slot()
        self.file = self.dir / "walwire.prom"

    def words(self, *more, interval="0.05"):
        return ["-S", self.slot, "--publication", "p", "--metrics-file", self.file, "--metrics-interval",
                interval, *more]

    def metrics(self):
        return Metrics(self.file.read_bytes())

    def seen(self, condition):
        """Waits until the metrics say so; a metrics file that is not whole ends the wait."""
        def holds():
            try:
                return condition(self.metrics())
            except FileNotFoundError:
                return False
        self.server.wait(holds)
        return self.metrics()

    def stream(self, *more, **options):
        running = self.start_command("stream", *self.words("--format", "compact", *more), **options)
        self.wait_active(running)
        return running


class MetricsFile(Operated):
    def truth(self, slot, table, op):
        """How often test_decoding shows this operation on that table."""
        return int(self.value(f"""count(*) FROM (SELECT data, 'table ' || quote_ident('public') || '.' ||
            quote_ident({literal(table)}) || ': {op}:' AS start FROM pg_logical_slot_peek_changes('{slot}', NULL,
            NULL)) d WHERE left(data, length(start)) = start"""))

    def test_counts_are_the_servers(self):
        """By kind and table, for names that would break a format that is not escaped."""
        other = self.slot[:60] + "_td"
        self.create_slot(other, "test_decoding")
        for name in HOSTILE:
            self.sql(f"CREATE TABLE {quoted(name)} (id int PRIMARY KEY)")
        self.sql("INSERT INTO t SELECT n, 'x' FROM generate_series(1, 500) n;"
                 "UPDATE t SET v = 'y' WHERE id <= 70; DELETE FROM t WHERE id > 490;"
                 "BEGIN; INSERT INTO t VALUES (9999, 'gone'); ROLLBACK;")
        for count, name in enumerate(HOSTILE, 1):
            self.sql(f"INSERT INTO {quoted(name)} SELECT generate_series(1, {count});"
                     f"DELETE FROM {quoted(name)} WHERE id = 1")
        done = self.run_command("stream", *self.words("--until-now", "--ack", "none"))
        self.assertEqual(done.status, OK, done.err)
        metrics = self.metrics()
        for name in ["t", *HOSTILE]:
            shown = name.replace("\t", "\\x09").replace("\u202e", "\\u{202e}")
            for op in ("INSERT", "UPDATE", "DELETE"):
                self.assertEqual(metrics.events(op.lower(), "public", shown), self.truth(other, name, op),
                                 (name, op))
        empty = 0 if self.major >= 15 else len(HOSTILE)  # before 15 pgoutput sends them
        commits = int(self.value(f"count(*) FROM pg_logical_slot_peek_changes('{other}', NULL, NULL, "
                                 f"'skip-empty-xacts', '{int(not empty)}') WHERE data LIKE 'COMMIT%'"))
        self.assertEqual(commits, 3 + 2 * len(HOSTILE) + empty)
        for kind in ("begin", "commit"):
            self.assertEqual(metrics.events(kind), commits)
        self.assertEqual(metrics.value("units_total"), commits)
        self.assertEqual(metrics.value("output_bytes_total"), len(done.out))
        for name in HOSTILE:
            self.sql(f"DROP TABLE {quoted(name)}")

    def test_every_family(self):
        done = self.run_command("stream", *self.words("--until-now"))
        self.assertEqual(done.status, OK, done.err)
        metrics = self.metrics()
        self.assertEqual(metrics.types, {"walwire_" + name: kind for name, kind in FAMILIES.items()})
        version = self.run_command("stream", "--version", conninfo="").out.decode().split()[1]
        info = metrics.labels("info")
        self.assertEqual((info["slot"], info["version"], info["plugin"], info["database"], info["tls"]),
                         (self.slot, version, "pgoutput", self.db, ""))
        self.assertEqual(info["server_version"], self.server.value("current_setting('server_version')"))
        self.assertEqual(metrics.value("up"), 0)
        self.assertLess(abs(metrics.value("start_time_seconds") - time.time()), 60)

    def test_truncate_and_messages(self):
        self.sql("CREATE TABLE u (id int)")
        self.sql("INSERT INTO t VALUES (1); INSERT INTO u VALUES (1); TRUNCATE t; TRUNCATE t, u")
        self.value("pg_logical_emit_message(false, 'p', 'x')")
        self.value("pg_logical_emit_message(true, 'p', 'x')")
        done = self.until_now(*self.words()[4:])
        metrics, messages = self.metrics(), 2 if self.major >= 14 else 0
        truncates = 1 if self.major >= 11 else 0
        self.assertEqual(metrics.events("truncate", "public", "t"), 2 * truncates)
        self.assertEqual(metrics.events("truncate", "public", "u"), truncates)
        self.assertEqual(metrics.events("message"), messages)
        self.assertEqual(metrics.events("commit"), len(done.of("C")))
        self.assertEqual(metrics.value("units_total"), len(done.of("C")) + messages // 2)
        self.sql("DROP TABLE u")

    def test_positions_follow_the_slot(self):
        running = self.stream("-s", "0.2")
        self.sql("INSERT INTO t VALUES (1, 'x')")
        end = number(self.value("pg_current_wal_insert_lsn()"))
        metrics = self.seen(lambda m: m.value("acknowledged_lsn") >= end and m.value("lag_seconds") == 0)
        self.assertEqual(metrics.value("connected"), 1)
        self.assertEqual((metrics.value("up"), metrics.value("unconfirmed_units"), metrics.blocked_by()),
                         (1, 0, "none"))
        self.assertEqual(metrics.value("reconnects_total"), 0)
        self.assertLessEqual(metrics.value("acknowledged_lsn"), number(self.confirmed()))
        self.assertLessEqual(metrics.value("acknowledged_lsn"), metrics.value("received_lsn"))
        self.assertEqual(metrics.value("lag_bytes"),
                         metrics.value("received_lsn") - metrics.value("acknowledged_lsn"))
        self.assertGreater(metrics.value("feedbacks_total"), 0)
        self.assertGreater(metrics.value("wal_bytes_total"), 0)
        self.assertEqual(running.stop().status, OK)
        metrics = self.metrics()
        self.assertEqual((metrics.value("up"), metrics.value("connected")), (0, 0))
        self.assertEqual(self.metrics().value("acknowledged_lsn"), number(self.confirmed()))

    def test_a_lost_connection(self):
        """Counted, and over; what is counted goes on."""
        running = self.stream("--log-format", "json", "-v")
        self.sql("INSERT INTO t VALUES (1, 'x')")
        running.wait_commits(1)
        self.seen(lambda m: m.value("connected") == 1 and m.value("units_total") == 1)
        self.value(f"pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{self.slot}'")
        self.seen(lambda m: m.value("reconnects_total") == 1 and m.value("connected") == 1)
        self.sql("INSERT INTO t VALUES (2, 'y')")
        running.wait_commits(1)
        self.seen(lambda m: m.events("insert", "public", "t") == 2 and m.value("units_total") == 2)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        said = [json.loads(line) for line in done.err.splitlines()]
        self.assertEqual([line["msg"].split(",")[0].split(" to ")[0] for line in said if line["level"] == "warning"],
                         ["the connection is lost", "connected again"])

    def test_an_outage(self):
        """Shown while it lasts; status updates that nobody waits for are not late."""
        running = self.stream("-s", "0.2")
        self.seen(lambda m: m.value("feedbacks_total") > 0)
        self.server.sql(f"ALTER DATABASE {self.db} ALLOW_CONNECTIONS false")
        self.addCleanup(self.server.sql, f"ALTER DATABASE {self.db} ALLOW_CONNECTIONS true")
        self.server.value("pg_terminate_backend(active_pid) FROM pg_replication_slots "
                          f"WHERE slot_name = '{self.slot}'")
        began = time.monotonic()
        self.seen(lambda m: m.value("connected") == 0 and time.monotonic() - began > 1.5)
        self.server.sql(f"ALTER DATABASE {self.db} ALLOW_CONNECTIONS true")
        metrics = self.seen(lambda m: m.value("connected") == 1)
        self.assertEqual((metrics.value("reconnects_total"), metrics.value("up")), (1, 1))
        self.assertNotIn("no status update", running.stop().err)

    def test_nothing_is_acknowledged(self):
        running = self.stream("--ack", "none", "-s", "0.2")
        self.sql("INSERT INTO t VALUES (1, 'x')")
        metrics = self.seen(lambda m: m.value("units_total") == 1 and m.value("feedbacks_total") > 1)
        self.assertEqual((metrics.value("acknowledged_lsn"), metrics.blocked_by()), (0, "never"))
        self.assertGreater(metrics.value("lag_bytes"), 0)
        running.stop()

    def test_a_reader_that_takes_nothing(self):
        """The metrics go on, and say what holds the acknowledgement up, for how long."""
        process = subprocess.Popen(self.command("stream", *self.words("--format", "compact")),
                                   env=environment(self.dir), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.sql("INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, 3000) n")
        first = self.seen(lambda m: m.value("output_bytes_total") > 0)
        later = self.seen(lambda m: m.value("lag_seconds") > 0 or m.blocked_by() == "transaction")
        self.assertIn(later.blocked_by(), ("transaction", "unconfirmed"))
        again = self.seen(lambda m: m.value("last_message_age_seconds") > 0)
        self.assertLess(again.value("acknowledged_lsn"), again.value("received_lsn"))
        self.assertEqual(first.value("up"), 1)

    def test_a_plugins_text(self):
        self.drop_slots()
        self.create_slot(plugin="test_decoding")
        self.sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
        done = self.run_command("stream", "-S", self.slot, "-P", "test_decoding", "--until-now",
                                "--metrics-file", self.file)
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.metrics().events("text"), len(done.out.splitlines()))

    def test_record(self):
        self.sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
        done = self.run_command("record", *self.words("--until-now", "-f", self.dir / "c"))
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.metrics().events("insert", "public", "t"), 2)
        self.assertEqual(self.metrics().value("output_bytes_total"), (self.dir / "c").stat().st_size)

    def test_more_tables_than_are_told_apart(self):
        """1000 have their own counters, the rest one together, so that no server fills memory or disk."""
        count = 1010
        self.sql(f"DO $$ BEGIN FOR i IN 1..{count} LOOP EXECUTE format('CREATE TABLE many%s (id int)', i); "
                 "END LOOP; END $$")
        self.sql(f"DO $$ BEGIN FOR k IN 1..2 LOOP FOR i IN 1..{count} LOOP "
                 "EXECUTE format('INSERT INTO many%s VALUES (%s)', i, k); END LOOP; END LOOP; END $$")
        done = self.run_command("stream", *self.words("--until-now", "--format", "none"))
        self.assertEqual(done.status, OK, done.err)
        metrics = self.metrics()
        inserts = [(labels["table"], value) for labels, value in metrics.samples["walwire_events_total"]
                   if labels["kind"] == "insert"]
        self.assertEqual(len(inserts), 1001)
        self.assertEqual(dict(inserts).pop("_other"), 2 * (count - 1000))
        self.assertEqual(sum(value for _, value in inserts), 2 * count)
        self.sql(f"DO $$ BEGIN FOR i IN 1..{count} LOOP EXECUTE format('DROP TABLE many%s', i); END LOOP; END $$")

    # ---- the file ------------------------------------------------------------------------------------

    def test_a_reader_never_sees_a_part(self):
        """Whoever reads at any moment finds a whole file: it is parsed, and its last family is there."""
        running = self.stream("--metrics-interval", "0.002")
        self.seen(lambda m: m.value("up") == 1)
        self.sql("DO $$ BEGIN FOR i IN 1..50 LOOP EXECUTE format('CREATE TABLE IF NOT EXISTS a%s (id int)', i); "
                 "EXECUTE format('INSERT INTO a%s VALUES (1)', i); END LOOP; END $$")
        files, last = set(), 0
        while len(files) < 200:
            running.is_alive()
            with open(self.file, "rb") as file:
                files.add((os.fstat(file.fileno()).st_ino, os.fstat(file.fileno()).st_mtime_ns))
                metrics = Metrics(file.read())
            self.assertIn("walwire_oddities_total", metrics.samples)
            self.assertGreaterEqual(metrics.value("units_total"), last)
            last = metrics.value("units_total")
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(os.listdir(self.dir), [self.file.name])
        self.assertEqual(self.file.stat().st_mode & 0o7777, 0o644)

    def warned(self, how_often, err):
        self.assertEqual(err.count("metrics cannot be written"), how_often, err)

    def test_a_missing_directory_is_said_once_and_tried_again(self):
        self.file = self.dir / "later" / "walwire.prom"
        running = self.stream("-v")
        self.server.wait(lambda: "metrics cannot be written" in running.stderr)
        self.sql("INSERT INTO t VALUES (1, 'x')")
        running.wait_commits(1)
        self.file.parent.mkdir()
        self.seen(lambda m: m.value("units_total") == 1)
        done = running.stop()
        self.assertEqual(done.status, OK)
        self.warned(1, done.err)
        self.assertIn("again", done.err)

    def test_no_other_file_is_replaced(self):
        """Not what holds something else, not a link, not a directory; and the stream goes on."""
        victim = self.dir / "victim"
        victim.write_text("precious")
        link = self.dir / "link"
        link.symlink_to(victim)
        for path in (victim, link, self.dir):
            self.sql("INSERT INTO t VALUES (1, 'x'); DELETE FROM t")
            done = self.until_now("--metrics-file", path, "--metrics-interval", "0.001")
            self.warned(1, done.err)
            self.assertEqual(len(done.of("I")), 1)
            self.assertEqual(victim.read_text(), "precious")
        self.assertTrue(link.is_symlink())
        output = self.dir / "output"
        self.sql("INSERT INTO t VALUES (1, 'x')")
        done = self.until_now("-f", output, "--metrics-file", output)
        self.warned(1, done.err)
        self.assertEqual([json.loads(line)["op"] for line in output.read_bytes().splitlines()], ["B", "I", "C"])

    def test_a_planted_link_is_not_followed(self):
        """In place of the temporary file: it is taken away, what it points to stays as it is."""
        victim = self.dir / "victim"
        victim.write_text("precious")
        command = self.command("stream", *self.words("--until-now"))
        done = subprocess.run(["sh", "-c", 'ln -s "$0" "$1.$$.tmp"; shift; exec "$@"', victim, self.file, *command],
                              env=environment(self.dir), stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(victim.read_text(), "precious")
        self.assertFalse(self.file.is_symlink())
        self.assertEqual(self.metrics().value("up"), 0)
        self.assertEqual(sorted(os.listdir(self.dir)), ["victim", self.file.name])

    def test_what_never_began_is_not_up(self):
        done = self.run_command("stream", "-S", "no_such_slot", "--publication", "p", "--metrics-file", self.file)
        self.assertEqual(done.status, REFUSED)
        self.assertEqual(self.metrics().value("up"), 0)


class Logs(Operated):
    def lines(self, err):
        """Each a JSON object, with the keys in their order."""
        order = ["ts", "level", "msg", "error", "severity", "sqlstate", "detail", "hint", "server_message", "slot",
                 "lsn"]
        found = []
        for line in err.split("\n")[:-1]:
            item = json.loads(line)
            self.assertEqual(list(item), [key for key in order if key in item], line)
            self.assertEqual(list(item)[:3], order[:3], line)
            self.assertRegex(item["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            self.assertIn(item["level"], ("error", "warning", "info", "debug"))
            self.assertNotRegex(line, "[\x00-\x1f\x7f\u202e]")
            found.append(item)
        self.assertTrue(err == "" or err.endswith("\n"), err)
        return found

    def levels(self, *more):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--log-format",
                                "json", *more)
        self.assertEqual(done.status, OK, done.err)
        return {line["level"] for line in self.lines(done.err)}

    def test_levels(self):
        for quiet in ([], ["-q"], ["--log-level", "error"], ["--log-level", "warning"],
                      ["-v", "--log-level", "warning"]):
            self.assertEqual(self.levels(*quiet), set(), quiet)
        for info in (["-v"], ["--log-level", "info"], ["-q", "--log-level", "info"]):
            self.assertEqual(self.levels(*info), {"info"}, info)
        for debug in (["-vv"], ["--log-level", "debug"]):
            self.assertEqual(self.levels(*debug), {"info", "debug"}, debug)

    def test_debug(self):
        """Definitions of tables, and each step of what is acknowledged."""
        running = self.stream("--log-format", "json", "-vv", "-s", "1")
        self.sql("INSERT INTO t VALUES (1, 'x')")
        lsn = running.wait_line(lambda event: event["op"] == "C")["lsn"]
        self.seen(lambda m: m.value("acknowledged_lsn") >= number(lsn))
        said = [line["msg"] for line in self.lines(running.stop().err) if line["level"] == "debug"]
        for start in ("definition of table public.t, columns: 2", "delivered: ", "acknowledged: "):
            self.assertTrue(any(line.startswith(start) for line in said), (start, said))

    def test_the_line_on_a_terminal(self):
        """An idle stream is not behind, however long nothing came."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(self.command("stream", *self.words("--format", "none", "-s", "1")), stderr=slave,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment(self.dir))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        os.close(slave)
        self.seen(lambda m: m.value("up") == 1)
        self.sql("INSERT INTO t VALUES (1, 'x')")
        shown = b""
        while not re.search(rb"K1 event, [^\r]* 0\.0 s behind", shown):
            self.assertTrue(select.select([master], [], [], 30)[0], shown)
            shown += os.read(master, 4096)
            self.assertLess(len(shown), 100000, shown[-1000:])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), OK)

    def test_a_run(self):
        running = self.stream("--log-format", "json", "-v")
        self.sql("INSERT INTO t VALUES (1, 'x')")
        running.wait_commits(1)
        done = running.stop(signal.SIGTERM)
        self.assertEqual(done.status, OK, done.err)
        lines = self.lines(done.err)
        began, = [line for line in lines if line["msg"].startswith("streaming from")]
        for word in (self.slot, "PostgreSQL " + self.server.value("current_setting('server_version')"), began["lsn"]):
            self.assertIn(word, began["msg"])
        self.assertEqual([line["slot"] for line in lines], [self.slot] * len(lines))
        self.assertTrue(any("signal" in line["msg"] for line in lines), lines)
        self.assertEqual(lines[-1]["lsn"], self.confirmed())
        self.assertIn("exit code 0", lines[-1]["msg"])

    def test_the_final_error(self):
        """With what the server said, whatever it said."""
        done = self.run_command("stream", "-S", "not_there", "--publication", "p", "--log-format", "json")
        last = self.lines(done.err)[-1]
        self.assertEqual((done.status, last["level"], last["error"], last["sqlstate"], last["slot"]),
                         (REFUSED, "error", "server error", "42704", "not_there"))
        for name in HOSTILE:
            if "\t" in name:
                continue
            done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--log-format", "json",
                                    conninfo=f"host='{self.server.host}' port='{self.server.port}' user=postgres "
                                             "dbname='" + name.replace("\\", "\\\\") + "'")
            last = self.lines(done.err)[-1]
            self.assertEqual((done.status, last["level"], last["sqlstate"], last["severity"]),
                             (CONNECT, "error", "3D000", "FATAL"))
            self.assertIn(name, last["server_message"])

    def test_names_of_the_user(self):
        for name in HOSTILE:
            if "," in name:
                continue
            done = self.run_command("stream", "-S", self.slot, "--publication", name, "--log-format", "json")
            line, = self.lines(done.err)
            self.assertEqual((done.status, line["level"]), (REFUSED, "error"))
            self.assertIn(name, line["msg"])

    def test_nothing_private(self):
        """No row's value and no password; neither where all goes well nor where it does not."""
        secret = {"password": "secret", "host": "127.0.0.1", "user": "scram"}
        self.sql(f"INSERT INTO t VALUES (1, '{CANARY}')")
        for level in ("warning", "debug"):
            for form in ("text", "json"):
                said = ["--log-format", form, "--log-level", level]
                done = self.run_command("stream", *self.words("--until-now", "--ack", "none", *said),
                                        conninfo=self.conninfo(**secret))
                self.assertEqual(done.status, OK, done.err)
                self.assertIn(CANARY.encode(), done.out)
                wrong = self.run_command("stream", *self.words(*said),
                                         conninfo=self.conninfo(**{**secret, "password": CANARY}))
                self.assertEqual(wrong.status, CONNECT)
                small = self.run_command("stream", *self.words("--until-now", "--max-message", "40", *said),
                                         conninfo=self.conninfo(**secret))
                self.assertNotEqual(small.status, OK)
                for text in (done.err, wrong.err, small.err, self.file.read_text()):
                    self.assertNotIn(CANARY, text)
                    self.assertNotIn("secret", text)

    def test_what_is_wrong_with_the_options(self):
        """Read as far as that: JSON. Not read: text, for whoever typed them."""
        done = self.run_command("stream", "--log-format", "json", "--create-slot", conninfo="")
        self.assertEqual((done.status, self.lines(done.err)[0]["level"]), (USAGE, "error"))
        done = self.run_command("stream", "--log-format", "xml", conninfo="")
        self.assertEqual(done.status, USAGE)
        self.assertRegex(done.err, "^walwire: --log-format: .*text or json")

    def test_a_late_status_update(self):
        """The process did not run for longer than half of wal_sender_timeout: said once."""
        running = self.stream("--log-format", "json", "-s", "0.5")
        self.seen(lambda m: m.value("feedbacks_total") > 0)
        running.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        self.server.wait(lambda: time.monotonic() - stopped > 1.5)
        running.process.send_signal(signal.SIGCONT)
        self.server.wait(lambda: "no status update for" in running.stderr)
        done = running.stop()
        line, = self.lines(done.err)
        self.assertEqual(line["level"], "warning")

    @since(14)
    def test_a_spill(self):
        """Of a transaction that is still open."""
        session = subprocess.Popen([pg.find_tool("psql"), "-XAtq", self.server.conninfo(dbname=self.db)],
                                   encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.addCleanup(session.communicate)
        self.addCleanup(session.kill)
        running = self.stream("--log-format", "json", "-v", "--assemble-memory", "8k",
                              conninfo=self.conninfo(options="-c logical_decoding_work_mem=64kB"))
        session.stdin.write("BEGIN; INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 50000) n;\n")
        session.stdin.flush()
        metrics = self.seen(lambda m: m.value("open_streams") == 1 and m.value("spilled_bytes_total") > 0)
        self.assertEqual(metrics.blocked_by(), "none")
        self.server.wait(lambda: "spill file" in running.stderr)
        lines = [line for line in self.lines(running.stop().err) if "spill file" in line["msg"]]
        self.assertEqual([line["level"] for line in lines], ["info"])
