# SPDX-License-Identifier: MIT
"""What the output file must hold when all is over. Two truths, neither of them ours:

    the publisher's tables     the events of the file, replayed, make the same rows
    the twin slot              created when ours was, read at the end; its events are those of the file, one by one

and what a file must be besides: whole lines of JSON; each transaction in one piece, none twice, in the order of their
ends; in each the rows that its line in the ledger counts (HOSTILE: I1, I2, I4, I5, I7)."""
import json

from decoder import Decoder, lsn_number

TWIN = "twin"
BATCH = 20_000                # changes that the twin tells at a time
BEGINS, ENDS = ("B", "b"), ("C", "P")
ROW_KEYS = {"items": ("client", "id"), "whole": ("client", "id"), "toasted": ("client", "id"),
            "ledger": ("client", "seq")}


class Wrong(Exception):
    """The file is not what it must be."""


def key_of(table, row):
    return tuple(row[name] for name in ROW_KEYS.get(table, ("id",)))


# ---- the file -----------------------------------------------------------------------------------------


def read_lines(path):
    """The file's lines, each of them whole, UTF-8 and an object of JSON."""
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        raise Wrong(f"the last line is torn: {data[-200:]!r}")
    lines = data.decode().split("\n")[:-1]
    try:
        return lines, [json.loads(line) for line in lines]
    except ValueError as error:
        raise Wrong(f"a line is no JSON: {error}") from None


class File:
    """The events in order: their boundaries, their ledger, and the rows that they make."""

    def __init__(self, events):
        self.tables, self.ledger = {}, set()
        self.prepared = {}    # gid: the events of the transaction
        self.open, self.units, self.last = None, 0, 0
        for number, event in enumerate(events, 1):
            try:
                self.take(event)
            except Wrong as wrong:
                raise Wrong(f"line {number}: {wrong}: {json.dumps(event)[:300]}") from None
        if self.open is not None:
            raise Wrong("the last transaction has no end")

    def take(self, event):
        op = event["op"]
        if op in BEGINS:
            if self.open is not None:
                raise Wrong("begins in the middle of a transaction")
            self.open = []
        elif op in ENDS:
            if self.open is None:
                raise Wrong("ends what has not begun")
            self.end_unit(event)
            if op == "C":
                self.apply(self.open)
            else:
                self.prepared[event["gid"]] = self.open
            self.open = None
        elif op in ("K", "r"):
            self.end_unit(event)
            changes = self.prepared.pop(event["gid"], None)
            if changes is None:
                raise Wrong("ends what was not prepared")
            self.apply(changes if op == "K" else [])
        elif self.open is not None:
            self.open.append(event)
        elif op != "M":
            raise Wrong("outside of a transaction")

    def end_unit(self, event):
        self.units += 1
        if lsn_number(event["lsn"]) <= self.last:
            raise Wrong("a unit that is not behind the one before")
        self.last = lsn_number(event["lsn"])

    def apply(self, changes):
        rows = [event for event in changes if event["op"] in "IUD"]
        for event in changes:
            if event["op"] == "T":
                for _, table in event["tables"]:
                    self.tables[table] = {}
            elif event["op"] != "M":
                self.apply_row(event)
        for event in rows:
            if event["table"] == "ledger":
                self.check_ledger(event["new"], [e for e in rows if e["op"] == "I" and e is not event])

    def apply_row(self, event):
        table = self.tables.setdefault(event["table"], {})
        new = event.get("new")
        old = event.get("old") or event.get("key") or new
        before = table.pop(key_of(event["table"], old), None)
        if (before is None) != (event["op"] == "I"):
            raise Wrong(f"{event['op']} of a row that is {'not ' if before is None else ''}there")
        if new is not None:
            kept = {name: before[name] for name in event.get("unchanged", []) if name not in new}
            table[key_of(event["table"], new)] = {**(before or {}), **kept, **new}

    def check_ledger(self, ledger, inserts):
        name = (ledger["client"], ledger["seq"])
        if name in self.ledger:
            raise Wrong(f"transaction {name} is there twice")
        self.ledger.add(name)
        found = (len(inserts), sum(event["new"]["id"] for event in inserts))
        if found != (ledger["nrows"], ledger["total"]):
            raise Wrong(f"transaction {name} has (rows, sum of keys) {found}")


# ---- the truths ---------------------------------------------------------------------------------------


def twin_lines(server, db, two_phase):
    """All that the twin slot holds, which moves it."""
    options = {"proto_version": "3" if two_phase else "1", "publication_names": "p"}
    if server.major >= 14:
        options["messages"] = "true"
    if two_phase:
        options["two_phase"] = "on"
    words = ", ".join(f"'{word}'" for pair in options.items() for word in pair)
    decoder = Decoder()
    told = None
    while told != len(decoder.lines):   # some messages come each time (Decoder.read_A), and make no line
        told = len(decoder.lines)
        rows = server.sql("SELECT encode(data, 'hex') FROM pg_logical_slot_get_binary_changes("
                          f"'{TWIN}', NULL, {BATCH}, {words})", db)
        for row in rows.split():
            decoder.take(bytes.fromhex(row))
    return decoder.lines


def comparable(lines):
    """Without transactions in which nothing happened, which a server shows or not, and without the contents of those
    that were prepared and rolled back: the server stops telling them where it learns of it."""
    rolled_back = {(event["xid"], event["gid"]) for event in map(json.loads, lines)
                   if event["op"] == "r"} if any(line.startswith('{"op":"r"') for line in lines) else set()
    kept, begin = [], 0
    for line in lines:
        op = line[7]
        if op in BEGINS:
            begin = len(kept)
        kept.append(line)
        if op == "C" and kept[-2][7] == "B" or op == "P" and prepared_name(line) in rolled_back:
            del kept[begin:]
    return kept


def prepared_name(line):
    event = json.loads(line)
    return event["xid"], event["gid"]


def check_twin(lines, twins):
    mine, theirs = comparable(lines), comparable(twins)
    for number, (line, twin) in enumerate(zip(mine, theirs)):
        if line != twin and json.loads(line) != json.loads(twin):
            before = "".join(f"  both     {text[:300]}\n" for text in mine[max(number - 3, 0):number])
            raise Wrong(f"event {number + 1} of {len(mine)} differs from the twin's, of {len(theirs)}:\n{before}"
                        f"  walwire  {line[:300]}\n  twin     {twin[:300]}")
    if len(mine) != len(theirs):
        longer = max(mine, theirs, key=len)
        raise Wrong(f"{len(mine)} events, the twin has {len(theirs)}; the first that only one has: "
                    f"{longer[min(len(mine), len(theirs))][:300]}")
    return len(mine)


def check_tables(server, db, tables):
    """Columns that were dropped are in the replayed rows still, new ones are not: those are null."""
    names = server.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                       "'public'::regnamespace ORDER BY 1", db).split()
    for table in names:
        text = server.sql(f"SELECT to_json(t) FROM {table} t", db)
        published = {key_of(table, row): row for row in map(json.loads, text.split("\n") if text else [])}
        replayed = tables.pop(table, {})
        for key in published.keys() | replayed.keys():
            row, mine = published.get(key), replayed.get(key)
            if row is None or mine is None:
                raise Wrong(f"{table}: row {key} is only {'in the file' if row is None else 'in the table'}")
            if row != {name: mine.get(name) for name in row}:
                raise Wrong(f"{table}: row {key} is {row} and, replayed, {mine}"[:1000])
    leftover = [table for table, rows in tables.items() if rows]
    if leftover:
        raise Wrong(f"rows of tables that are not there: {leftover}")


def check(server, db, path, two_phase):
    """All of it. Returns a sentence on how much that was."""
    lines, events = read_lines(path)
    file = File(events)
    compared = check_twin(lines, twin_lines(server, db, two_phase))
    check_tables(server, db, file.tables)
    if file.prepared:
        raise Wrong(f"prepared, and never ended: {sorted(file.prepared)}")
    return f"{compared} events in {file.units} units, {len(file.ledger)} of them in the ledger"
