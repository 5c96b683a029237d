# SPDX-License-Identifier: MIT
"""The demo itself: a server, a workload, and walwire between them. Run by scripts/demo."""
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "server"))
import pg  # noqa: E402

TABLES = """
CREATE TABLE customer (id int PRIMARY KEY, name text, notes text, vip boolean DEFAULT false);
ALTER TABLE customer ALTER COLUMN notes SET STORAGE EXTERNAL;
CREATE TABLE "order" (id int, customer int, total numeric(10,2));
ALTER TABLE "order" REPLICA IDENTITY FULL;
INSERT INTO customer VALUES (2, 'Brian', repeat('long notes ', 300), false);
CREATE PUBLICATION demo FOR TABLE customer, "order";
"""

STEPS = [
    ("A customer and an order, in one transaction",
     """BEGIN;
        INSERT INTO customer VALUES (1, 'Ada', NULL, false);
        INSERT INTO "order" VALUES (100, 1, 9.90);
        COMMIT;"""),
    ("An update; the key stays, so only the new row is sent",
     "UPDATE customer SET vip = true WHERE id = 1;"),
    ("Brian's 3,300 characters of notes lie in TOAST storage, untouched: unchanged, which is not null",
     "UPDATE customer SET name = 'Brian K.' WHERE id = 2;"),
    ("A changed key: the old one comes with it",
     "UPDATE customer SET id = 11 WHERE id = 1;"),
    ("A table with REPLICA IDENTITY FULL: the whole old row",
     """UPDATE "order" SET total = 12.50 WHERE id = 100; DELETE FROM "order" WHERE id = 100;"""),
    ("A transaction that rolls back: nothing to see",
     "BEGIN; INSERT INTO customer VALUES (3, 'Nobody'); ROLLBACK;"),
    ("A message, written into the log by pg_logical_emit_message",
     "SELECT pg_logical_emit_message(true, 'demo', 'hello from SQL');"),
    ("TRUNCATE of both tables",
     'TRUNCATE customer, "order";'),
]


def say(text=""):
    print(text, file=sys.stderr, flush=True)


def wait_confirmed(server, lsn):
    """Until the server has heard that everything up to lsn is delivered."""
    server.wait("(SELECT confirmed_flush_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = 'demo')"
                % lsn)


def run(walwire, more):
    with pg.Server(18) as server:
        server.sql(TABLES)
        command = [walwire, "stream", server.conninfo(), "--slot", "demo", "--publication", "demo",
                   "--create-slot", "--status-interval", "1", *(more or ["--format", "compact"])]
        say(f"\nPostgreSQL {server.value('version()').split()[1]} runs in {server.dir}. "
            "What walwire prints below, one JSON line per event,\n"
            "comes from its own protocol client; each step first says what is committed.\n")
        say("$ " + " ".join(command).replace(server.conninfo(), "postgresql://..."))
        with subprocess.Popen(command) as stream:
            try:
                server.wait("EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')",
                            alive=lambda: stream.poll() is None)
                for title, statements in STEPS:
                    say(f"\n# {title}")
                    server.sql(statements)
                    wait_confirmed(server, server.value("pg_current_wal_lsn()"))
                stream.send_signal(signal.SIGINT)
                status = stream.wait(timeout=20)
            except BaseException:
                stream.kill()
                raise
        confirmed = server.value("confirmed_flush_lsn FROM pg_replication_slots")
        say(f"\nwalwire was stopped with SIGINT and exited with {status}. The slot is at {confirmed}, "
            "the end of the\nlast transaction that was printed: a second start would begin right behind it.")
        server.stop()
    say("The server is stopped and its directory removed.")
    return status


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    begin = time.monotonic()
    try:
        status = run(sys.argv[1], sys.argv[2:])
    except KeyboardInterrupt:
        return 130
    say(f"That took {time.monotonic() - begin:.0f} seconds. The command is in {sys.argv[1]}")
    return status


sys.exit(main())
