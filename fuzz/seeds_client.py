#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of fuzz_client: what a real server says to walwire, connection by connection, with
the options that fuzz_client.c reads from the first byte.

    python3 fuzz/seeds_client.py build/dev/bin/walwire fuzz/corpus/fuzz_client"""
import contextlib
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "server"))
import pg  # noqa: E402

CATALOG, BINARY, STREAM_EVENTS, CREATE, UNTIL_NOW, TWO_PHASE = 1, 2, 4, 8, 16, 32
PLAYS = {
    "text": (CATALOG | UNTIL_NOW, ["--binary", "off"]),
    "binary": (CATALOG | BINARY | UNTIL_NOW, ["--binary", "auto"]),
    "events": (STREAM_EVENTS | UNTIL_NOW, ["--assemble", "off", "--format", "compact"]),
    "create": (CATALOG | CREATE | UNTIL_NOW, ["--create-slot", "--if-not-exists", "--binary", "off"]),
    "two-phase": (CATALOG | TWO_PHASE | UNTIL_NOW, ["--two-phase", "--binary", "off"]),
}
SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b mood);
CREATE DOMAIN age AS int CHECK (VALUE >= 0);
CREATE TABLE t (id int PRIMARY KEY, m mood, p pair, a age[], j jsonb, n numeric);
CREATE TABLE plain (id int);
CREATE PUBLICATION p FOR ALL TABLES;
"""
ROWS = """
INSERT INTO t VALUES (1, 'ok', '(1,sad)', '{1,2}', '{"a":[1]}', 1.5);
BEGIN; INSERT INTO plain SELECT generate_series(1, 3); SAVEPOINT s; DELETE FROM t; ROLLBACK TO s;
UPDATE t SET m = NULL; COMMIT; TRUNCATE plain;
SELECT pg_logical_emit_message(true, 'prefix', 'content');
BEGIN; INSERT INTO plain VALUES (4); PREPARE TRANSACTION 'g';
"""


def copy(source, to, record):
    with contextlib.suppress(OSError):  # the other one has gone
        while data := source.recv(65536):
            record += data
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


def proxy(listener, behind, said):
    while True:
        try:
            client = listener.accept()[0]
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(behind)
        said.append(bytearray())
        for way in ((client, server, bytearray()), (server, client, said[-1])):
            threading.Thread(target=copy, args=way, daemon=True).start()


def record(walwire, server, name, options):
    said = []
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/.s.PGSQL.5432")
        listener.listen(8)
        threading.Thread(target=proxy, daemon=True,
                         args=(listener, f"{server.host}/.s.PGSQL.{server.port}", said)).start()
        subprocess.run([walwire, "stream", "-n", "--until-now", "-S", name.replace("-", "_"),
                        "--publication", "p", *options,
                        f"host={folder} port=5432 user=postgres dbname=postgres"],
                       check=True, stdout=subprocess.DEVNULL)
    return said


def main(walwire, folder):
    pg.drop_privileges()
    with pg.Server(18, {"max_prepared_transactions": "5",
                        "debug_logical_replication_streaming": "immediate"}) as server:
        server.sql(SETUP)
        for name in PLAYS:
            server.sql(f"SELECT pg_create_logical_replication_slot('{name.replace('-', '_')}', 'pgoutput', false, "
                       f"{str(name == 'two-phase').lower()})")
        server.sql(ROWS)
        for name, (flags, options) in PLAYS.items():
            said = record(walwire, server, name, options)
            seed = bytes([flags]) + b"".join(len(s).to_bytes(2, "big") + s for s in said)
            (pathlib.Path(folder) / name).write_bytes(seed)
            print(name, [len(s) for s in said])


main(*sys.argv[1:])
