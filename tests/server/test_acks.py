# SPDX-License-Identifier: MIT
"""--ack received: the slot moves with what the consumer names, and with nothing else."""
import json
import os
import select
import signal
import subprocess

import pg
import twin
from support import OK, OUTPUT, USAGE, Case, Running, environment, since


def number(lsn):
    """X/X as a number."""
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)


class Consumer(Running):
    """walwire with a pipe on its standard input, where acknowledgements go."""

    def __init__(self, case, *arguments):
        words = case.command("stream", "-S", case.slot, "--publication", "p", "--ack", "received", "-s", "1",
                             *arguments)
        super().__init__(words, environment(case.dir), stdin=subprocess.PIPE)

    def ack(self, *positions):
        self.process.stdin.write("".join(f"{position}\n" for position in positions).encode())
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()

    def unit(self):
        """The end position of the next transaction (compact format)."""
        return self.wait_line(lambda event: event["op"] == "C")["lsn"]

    def end(self):
        super().end()
        self.process.stdin.close()


class Received(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t",
                       cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()

    def consume(self, *arguments, format="compact"):
        consumer = Consumer(self, "--format", format, *arguments)
        self.addCleanup(consumer.end)
        return consumer

    def insert(self, first, last):
        """One transaction per row."""
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, 'x');" for n in range(first, last + 1)))

    def ids(self, done):
        return [event["new"]["id"] for event in done.of("I")]

    def is_confirmed(self, lsn):
        return self.value(f"confirmed_flush_lsn >= '{lsn}' FROM pg_replication_slots WHERE slot_name = "
                          f"'{self.slot}'") == "t"

    def wait_confirmed(self, lsn):
        self.server.wait(lambda: self.is_confirmed(lsn))

    def neighbour(self):
        """Another database is busy: nothing of that concerns us."""
        self.server.sql("CREATE TABLE busy AS SELECT generate_series(1, 1000) AS n; DROP TABLE busy")

    def rest(self):
        """What a next run delivers, all of it."""
        self.server.wait("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = "
                         f"'{self.slot}')")
        return self.ids(self.until_now("--ack", "none"))


class Acks(Received):
    def test_exactly_what_was_not_acknowledged_comes_again(self):
        """Every other unit is acknowledged, which means those before it, too; then the consumer dies."""
        self.insert(1, 9)
        consumer = self.consume()
        for n in range(1, 10):
            lsn = consumer.unit()
            if n in (2, 4, 6):
                consumer.ack(lsn)
        consumer.close()
        done = consumer.stop(how=None)
        self.assertEqual(done.status, OUTPUT)
        self.assertIn("3 transactions were not acknowledged", done.err)
        self.assertEqual(self.rest(), [7, 8, 9])

    def test_a_consumer_that_is_gone(self):
        """Both pipes break at once: what it had acknowledged before counts."""
        self.insert(1, 4)
        words = self.command("stream", "-S", self.slot, "--publication", "p", "--ack", "received",
                             "--format", "compact")
        with subprocess.Popen(words, env=environment(self.dir), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            self.addCleanup(process.kill)
            ends = (json.loads(line) for line in process.stdout if line.startswith(b'{"op":"C"'))
            positions = [next(ends)["lsn"] for _ in range(4)]
            process.stdin.write(positions[2].encode() + b"\n")
            process.stdin.close()
            process.stdout.close()
            self.assertEqual(process.wait(timeout=20), OUTPUT)
        self.insert(5, 6)
        self.assertEqual(self.rest(), [4, 5, 6])

    def test_walwire_is_killed(self):
        self.insert(1, 4)
        consumer = self.consume()
        positions = [consumer.unit() for _ in range(4)]
        consumer.ack(positions[1])
        self.wait_confirmed(positions[1])
        consumer.stop(signal.SIGKILL)
        self.assertEqual(self.rest(), [3, 4])

    def test_nothing_moves_without_an_acknowledgement(self):
        self.insert(1, 3)
        consumer = self.consume("--shutdown-timeout", "0.2")
        with self.unmoved():
            consumer.wait_commits(3)
            self.neighbour()
            end = self.value("pg_current_wal_lsn()")
            self.server.wait(f"(SELECT sent_lsn >= '{end}' FROM pg_stat_replication JOIN pg_replication_slots "
                             f"ON pid = active_pid WHERE slot_name = '{self.slot}')")
            self.assertEqual(consumer.stop().status, OUTPUT)
        self.assertEqual(self.rest(), [1, 2, 3])

    def test_an_idle_slot_moves_once_all_is_acknowledged(self):
        self.insert(1, 2)
        consumer = self.consume()
        first, second = consumer.unit(), consumer.unit()
        consumer.ack(first)
        self.wait_confirmed(first)
        self.neighbour()
        end = self.value("pg_current_wal_lsn()")
        self.assertFalse(self.is_confirmed(second))
        consumer.ack(second)
        self.wait_confirmed(end)
        self.assertEqual(consumer.stop().status, OK)

    def test_numbers_and_line_ends(self):
        """Decimal as well as X/X, a carriage return, the same and lower ones again."""
        self.insert(1, 3)
        consumer = self.consume()
        positions = [consumer.unit() for _ in range(3)]
        consumer.ack(number(positions[0]), positions[1] + "\r", positions[0], positions[1])
        self.wait_confirmed(positions[1])
        self.assertFalse(self.is_confirmed(positions[2]))
        consumer.ack(number(positions[2]))
        self.assertEqual(consumer.stop().status, OK)
        self.assertEqual(self.rest(), [])

    def test_a_bad_line(self):
        for bad in ("0/16Bzz", "", "0/1 0/2", "-1", "184467440737095516160", "x" * 100, "FFFFFFFF/FFFFFFFF", "é\x1b"):
            with self.subTest(bad), self.unmoved():
                self.sql("INSERT INTO t VALUES (0, 'x') ON CONFLICT (id) DO UPDATE SET v = 'y'")
                consumer = self.consume()
                consumer.unit()
                consumer.ack(bad)
                done = consumer.stop(how=None)
                self.assertEqual(done.status, OUTPUT, done.err)
                self.assertIn(bad[:40].replace("\x1b", r"\x1b"), done.err)
                self.assertNotIn("\x1b", done.err)
                self.server.wait("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = "
                                 f"'{self.slot}')")

    def test_half_a_line_at_the_end_does_not_count(self):
        self.insert(1, 1)
        consumer = self.consume()
        lsn = consumer.unit()
        with self.unmoved():
            consumer.process.stdin.write(lsn.encode())
            consumer.close()
            self.assertEqual(consumer.stop(how=None).status, OUTPUT)

    def test_the_end_of_the_acknowledgements_while_none_are_awaited(self):
        """It is no error before there is something that cannot be acknowledged."""
        consumer = self.consume()
        self.wait_active(consumer)
        consumer.close()
        end = self.value("pg_current_wal_lsn()")
        self.wait_confirmed(end)
        self.assertEqual(consumer.stop().status, OK)

    def test_the_end_waits_for_acknowledgements(self):
        self.insert(1, 5)
        consumer = self.consume("--until-now")
        positions = [consumer.unit() for _ in range(5)]
        for position in positions:
            consumer.is_alive()
            consumer.ack(position)
        self.assertEqual(consumer.stop(how=None).status, OK)
        self.assertEqual(self.rest(), [])

    def test_the_end_does_not_wait_for_ever(self):
        self.insert(1, 3)
        consumer = self.consume("--until-now", "--shutdown-timeout", "0.3")
        positions = [consumer.unit() for _ in range(3)]
        consumer.ack(positions[0])
        done = consumer.stop(how=None)
        self.assertEqual(done.status, OUTPUT)
        self.assertIn("2 transactions were not acknowledged within --shutdown-timeout", done.err)
        self.assertEqual(self.rest(), [2, 3])

    def test_a_signal_waits_for_acknowledgements(self):
        self.insert(1, 2)
        consumer = self.consume()
        positions = [consumer.unit() for _ in range(2)]
        consumer.process.send_signal(signal.SIGTERM)
        consumer.ack(positions[1])
        self.assertEqual(consumer.stop(how=None).status, OK)
        self.assertEqual(self.rest(), [])

    def test_what_a_signal_waits_for_is_said(self):
        self.insert(1, 1)
        consumer = self.consume("-v")
        lsn = consumer.unit()
        consumer.process.send_signal(signal.SIGTERM)
        self.server.wait(lambda: "waiting for the consumer's acknowledgements, 10 s at most" in consumer.stderr)
        consumer.ack(lsn)
        self.assertEqual(consumer.stop(how=None).status, OK)

    def test_a_second_signal(self):
        self.insert(1, 1)
        consumer = self.consume("-v")
        consumer.unit()
        with self.unmoved():
            consumer.process.send_signal(signal.SIGTERM)
            self.assertRaises(subprocess.TimeoutExpired, consumer.process.wait, timeout=0.3)
            self.assertEqual(consumer.stop(signal.SIGTERM).status, 128 + signal.SIGTERM)

    def test_back_pressure(self):
        """No more than three are handed out; the server is not read, and hears from us all the same."""
        self.insert(1, 20)
        consumer = self.consume("--max-unconfirmed", "3")
        seen = [consumer.unit() for _ in range(3)]
        for n in range(3, 20):
            self.assertTrue(consumer.arrived.empty())
            consumer.ack(seen[n - 3])
            seen.append(consumer.unit())
        consumer.ack(seen[-1])
        self.assertEqual(consumer.stop().status, OK)
        self.assertEqual(self.rest(), [])

    @since(12)
    def test_a_full_window_keeps_the_connection(self):
        self.insert(1, 5)
        words = self.command("stream", "-S", self.slot, "--publication", "p", "--ack", "received", "-n",
                             "--format", "compact", "--max-unconfirmed", "1",
                             conninfo=self.conninfo(options="-c wal_sender_timeout=1s"))
        consumer = Running(words, environment(self.dir), stdin=subprocess.PIPE)
        self.addCleanup(consumer.process.stdin.close)
        self.addCleanup(consumer.end)
        lsn = consumer.wait_line(lambda event: event["op"] == "C")["lsn"]
        reply = ("reply_time FROM pg_stat_replication JOIN pg_replication_slots ON pid = active_pid "
                 f"WHERE slot_name = '{self.slot}'")
        for _ in range(5):
            before = self.value(reply)
            self.server.wait(lambda: self.value(reply) != before, alive=consumer.is_alive)
        consumer.process.stdin.write(f"{lsn}\n".encode())
        consumer.process.stdin.flush()
        consumer.wait_line(lambda event: event["op"] == "C")

    def test_a_consumer_that_does_not_read_while_it_acknowledges(self):
        """Both pipes full at once would be a deadlock if the acknowledgements were not read meanwhile."""
        self.insert(1, 2)
        self.sql("INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(3, 2000) g")
        read_end, write_end = os.pipe()
        words = self.command("stream", "-S", self.slot, "--publication", "p", "--ack", "received",
                             "--format", "compact", "--until-now")
        process = subprocess.Popen(words, env=environment(self.dir), stdin=subprocess.PIPE, stdout=write_end)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(write_end)
        os.read(read_end, 1)  # it is about to block
        process.stdin.write(b"0/1\n" * 100000)
        process.stdin.flush()
        with os.fdopen(read_end, "rb") as out:
            for line in out:
                if line.startswith(b'{"op":"C"'):
                    process.stdin.write(json.loads(line)["lsn"].encode() + b"\n")
                    process.stdin.flush()
        process.stdin.close()
        self.assertEqual(process.wait(timeout=20), OK)

    def test_another_descriptor(self):
        self.insert(1, 2)
        read_end, write_end = os.pipe()
        words = self.command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                             "--ack", "received", "--ack-fd", read_end)
        running = Running(words, environment(self.dir), stdin=subprocess.DEVNULL, pass_fds=[read_end])
        self.addCleanup(running.end)
        os.close(read_end)
        lsn = [running.wait_line(lambda event: event["op"] == "C")["lsn"] for _ in range(2)][1]
        with os.fdopen(write_end, "wb") as acks:
            acks.write(f"{lsn}\n".encode())
        self.wait_confirmed(lsn)
        self.assertEqual(running.stop().status, OK)

    def test_a_descriptor_that_is_not_open(self):
        """One of our own, which has that number, does not count."""
        for number_ in (3, 4, 5, 99, 1):
            done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--ack", "received",
                                    "--ack-fd", number_)
            self.assert_error(done, USAGE, "--ack-fd")

    def test_a_reconnect_in_between(self):
        """What was handed out and not acknowledged stays acknowledgeable."""
        self.insert(1, 2)
        consumer = self.consume()
        positions = [consumer.unit() for _ in range(2)]
        consumer.ack(positions[0])
        self.wait_confirmed(positions[0])
        self.server.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = "
                        f"'{self.slot}'")
        self.insert(3, 3)
        third = consumer.unit()
        consumer.ack(positions[1])
        self.wait_confirmed(positions[1])
        self.assertFalse(self.is_confirmed(third))
        consumer.ack(third)
        done = consumer.stop()
        self.assertEqual((done.status, self.ids(done)), (OK, [1, 2, 3]))
        self.assertEqual(self.rest(), [])


class AckUnits(Received):
    """Every kind of unit, in every format that names it."""

    def check(self, format, position, *arguments):
        """position(event): what the line of a unit's end says; all are acknowledged by it."""
        consumer = self.consume("--until-now", *arguments, format=format)
        ends = 0
        while True:
            line = consumer.arrived.get(timeout=30)
            if line is None:
                break
            consumer.lines.append(line)
            found = position(json.loads(line))
            if found is not None:
                ends += 1
                consumer.ack(found)
        done = consumer.stop(how=None)
        self.assertEqual(done.status, OK, done.err)
        self.server.wait("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = "
                         f"'{self.slot}')")
        return ends

    @staticmethod
    def of_debezium(event):
        if event.get("op") == "m" and event["transaction"] is None:
            return event["source"]["lsn"]
        return event.get("end_lsn")

    @staticmethod
    def of_compact(event):
        return event["lsn"] if event["op"] in ("C", "P", "K", "r", "M") else None

    @staticmethod
    def of_wal2json(event):
        if event["action"] == "M" and not event["transactional"]:
            return event["lsn"]
        return event.get("nextlsn") if event["action"] == "C" else None

    def check_all(self, format, position, *arguments):
        self.insert(1, 3)
        if self.major >= 14 and format != "wal2json-v1":
            self.sql("SELECT pg_logical_emit_message(false, 'p', 'one')")
            self.sql("SELECT pg_logical_emit_message(false, 'p', 'two')")
        self.assertGreaterEqual(self.check(format, position, *arguments), 3)
        self.assertEqual(self.rest(), [])
        if self.major >= 14 and format != "wal2json-v1":
            self.sql("SELECT pg_logical_emit_message(false, 'p', 'three')")
            self.assertEqual(self.check(format, position, *arguments), 1)

    def test_debezium(self):
        self.check_all("debezium", self.of_debezium)

    def test_compact(self):
        self.check_all("compact", self.of_compact)

    def test_wal2json_v2(self):
        self.check_all("wal2json-v2", self.of_wal2json)

    def test_wal2json_v1(self):
        self.check_all("wal2json-v1", lambda event: event["nextlsn"], "--messages", "off")

    def test_what_filters_leave_empty_needs_no_acknowledgement(self):
        self.insert(1, 3)
        self.assertEqual(self.check("compact", self.of_compact, "--table", "nothing"), 0)
        self.assertEqual(self.rest(), [])

    def test_a_large_transaction(self):
        """One that is streamed before it commits."""
        self.sql("INSERT INTO t SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 3000) g")
        self.assertEqual(self.check("compact", self.of_compact), 1)
        self.assertEqual(self.rest(), [])


@since(15)
class AckPrepared(AckUnits):
    @classmethod
    def find_server(cls):
        return twin.Twins.find_server()

    def test_two_phase(self):
        for format, position in (("compact", self.of_compact), ("debezium", self.of_debezium)):
            with self.subTest(format):
                self.drop_slots()
                self.sql("TRUNCATE t")
                done = self.run_command("slot create", "-S", self.slot, "--two-phase")
                self.assertEqual(done.status, OK, done.err)
                self.sql("BEGIN; INSERT INTO t VALUES (1, 'x'); PREPARE TRANSACTION 'acks'")
                self.assertEqual(self.check(format, position, "--two-phase"), 1)
                self.sql("COMMIT PREPARED 'acks'; BEGIN; INSERT INTO t VALUES (2, 'x'); "
                         "PREPARE TRANSACTION 'acks'; ROLLBACK PREPARED 'acks'")
                self.assertEqual(self.check(format, position, "--two-phase"), 3)
                self.assertEqual(self.check(format, position, "--two-phase"), 0)


class ShutdownTimeout(Received):
    """An output that takes nothing ends after --shutdown-timeout; nothing of it is acknowledged."""

    def blocked(self, *arguments):
        """A stream whose reader has stopped reading; with the reader's end."""
        self.sql("INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g")
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        words = self.command("stream", "-S", self.slot, "--publication", "p", *arguments)
        process = subprocess.Popen(words, env=environment(self.dir), stdin=subprocess.DEVNULL,
                                   stdout=write_end, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(os.close, write_end)
        self.server.wait(lambda: not select.select([], [write_end], [], 0)[1],
                         alive=lambda: process.poll() is None)
        return process

    def test_a_signal(self):
        process = self.blocked("--shutdown-timeout", "0.5")
        with self.unmoved():
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=8)  # the default is more than that
            self.assertEqual(process.returncode, OUTPUT)
            self.assertIn(b"--shutdown-timeout", err)

    def test_none_at_all(self):
        process = self.blocked("--shutdown-timeout", "0")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=8), OUTPUT)

    def test_a_file_is_cut_at_once(self):
        """It does not wait for the end of the transaction."""
        path = self.dir / "out"
        self.insert(1, 1)
        self.sql("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(2, 100000) g")
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                     "--streaming", "off", "-f", path)
        self.server.wait(lambda: path.exists() and path.stat().st_size > 1000, alive=running.is_alive)
        done = running.stop(seconds=8)
        self.assertEqual(done.status, OK, done.err)
        self.assertIn(path.read_bytes().count(b'"op":"C"'), (1, 2))
        self.assertEqual(path.read_bytes().count(b'"op":"B"'), path.read_bytes().count(b'"op":"C"'))
        self.until_now("-f", path)
        self.assertEqual(path.read_bytes().count(b'"op":"I"'), 100000)

    def test_a_server_that_waits_for_a_reader(self):
        """It shuts down, and asks for what a reader that stopped reading has not got: said once."""
        with pg.Server(self.major) as other:
            other.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t; "
                      "SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
            read_end, write_end = os.pipe()
            words = self.command("stream", "-S", "s", "--publication", "p", "-n", conninfo=other.conninfo())
            process = subprocess.Popen(words, env=environment(self.dir), stdin=subprocess.DEVNULL,
                                       stdout=write_end, stderr=subprocess.PIPE)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            os.close(write_end)
            other.wait("(SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming')")
            other.sql("INSERT INTO t SELECT generate_series(1, 100)")
            select.select([read_end], [], [], 20)
            other.process.send_signal(signal.SIGINT)
            said = process.stderr.readline()
            self.assertIn(b"waits for the output's reader", said)
            self.assertIsNone(other.process.poll())
            while os.read(read_end, 65536):
                continue
            os.close(read_end)
            other.process.wait(timeout=30)
            rest = process.communicate(timeout=30)[1]
            self.assertNotIn(b"waits for", rest)


def heed_hangup():
    """Whoever runs the tests behind nohup has it ignored, and so would the command."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Hangup(Received):
    def test_without_a_position_it_ends_the_process(self):
        """Nothing could be opened anew: SIGHUP is what it is to other programs."""
        for arguments in ((), ("-f", self.dir / "plain", "--ack", "none")):
            running = self.start_command("stream", "-S", self.slot, "--publication", "p", *arguments,
                                         preexec_fn=heed_hangup)
            self.wait_active(running)
            self.assertEqual(running.stop(signal.SIGHUP).status, -signal.SIGHUP)
            self.server.wait("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = "
                             f"'{self.slot}')")
