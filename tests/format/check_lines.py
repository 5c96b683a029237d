#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads what the format room wrote with Python's own JSON reader, and compares it with what went
in.

usage: check_lines.py PRINT_HOSTILE FOLDER DOCUMENT
PRINT_HOSTILE is the program of print_hostile.c, FOLDER the one with the golden files, DOCUMENT
docs/formats.md.
"""
import datetime
import json
import os
import re
import subprocess
import sys
import unicodedata
import uuid

failures = []
checks = 0

# What must not reach a terminal: controls, line and paragraph separators, bidirectional controls.
TERMINAL = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e"
                      "\u2066-\u2069\ufeff]")


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        failures.append(what)


def pairs(items):
    keys = [k for k, _ in items]
    if len(set(keys)) != len(keys) and not any(k.startswith("k") for k in keys):
        raise ValueError("the same key twice: %r" % keys)
    return dict(items)


def parse(line, terminal=False):
    """One line of output, without its line feed."""
    text = line.decode("utf-8")  # raises where it is not UTF-8
    check(not any(unicodedata.category(c) == "Cc" for c in text), "a control character: %r" % text)
    check(len(text.splitlines()) == 1, "more than one line: %r" % text)
    if terminal:
        check(not TERMINAL.search(text), "unsafe on a terminal: %r" % text)
    return json.loads(text, object_pairs_hook=pairs)


def same_json(a, b):
    """Equal, and of equal types: True is not 1."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def lone_surrogate(text):
    try:
        json.loads(text).__repr__().encode("utf-8")
        json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
        return False
    except UnicodeEncodeError:
        return True


def no_constant(text):
    raise ValueError(text)


def expected_value(what, raw):
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"$bytes": raw.hex()}
    if what == "j":
        try:
            value = json.loads(text, parse_constant=no_constant)
            if not lone_surrogate(text):
                return value
        except ValueError:
            pass
    return text


def expected_name(raw):
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        pass
    name = ""
    while raw:
        for n in (1, 2, 3, 4, 0):
            try:
                name += raw[:n].decode("utf-8") if n and raw[:n] != b"\\" else "\\x%02x" % raw[0]
                raw = raw[n or 1:]
                break
            except UnicodeDecodeError:
                if n == 4:
                    name += "\\x%02x" % raw[0]
                    raw = raw[1:]
                    break
    return name, True


def hostile(program, fmt, mode):
    output = subprocess.run([program, fmt, mode], stdout=subprocess.PIPE, check=True).stdout
    rows = output.split(b"\n")
    check(rows.pop() == b"", "the last line has no end")
    check(len(rows) > 10000, "only %d lines" % len(rows))
    for row in rows:
        what, raw, line = row.split(b"\t")
        raw = bytes.fromhex(raw.decode())
        event = parse(line, mode == "terminal")
        new = event["new" if fmt == "compact" else "after"]
        table = event.get("source", event.get("table_schema", event))["table"]
        if what == b"n":
            name, invalid = expected_name(raw)
            if fmt == "pypgoutput":
                names = [c["name"] for c in event["table_schema"]["column_definitions"]]
                check(names == [name], "definition of %r" % name)
            check(table == name and list(new) == [name], "name %r became %r" % (raw, table))
            check(event.get("$invalid", False) is invalid, "$invalid of %r" % raw)
        else:
            want = expected_value(what.decode(), raw)
            check(same_json(new["v"], want), "%r became %r, not %r" % (raw, new["v"], want))
            check("$invalid" not in event, "$invalid of a value")


SOURCE = ["version", "connector", "name", "ts_ms", "ts_us", "ts_ns", "snapshot", "db", "schema",
          "table", "txId", "lsn", "xmin"]
TIMES = ["ts_ms", "ts_us", "ts_ns"]


def check_times(block):
    ms, us, ns = (block[k] for k in TIMES)
    check(ns == us * 1000 and ms == us // 1000, "times differ: %r" % block)


def golden_debezium(path, transactions):
    ops = set()
    for line in open(path, "rb").read().splitlines():
        event = parse(line)
        keys = [k for k in event if k != "$invalid"]
        if "status" in event:
            want = ["status", "id", "ts_ms", "event_count", "data_collections"]
            check(keys[:5] == want and keys[5:] in ([], ["gid"]), "keys %r" % keys)
            continue
        ops.add(event["op"])
        want = ["before", "after", "source", "op"] + TIMES
        want += ["message"] if event["op"] == "m" else []
        want += ["transaction"] if transactions or "transaction" in event else []
        check(keys == want, "keys %r" % keys)
        check(list(event["source"]) == SOURCE, "source %r" % event["source"])
        check(event["source"]["snapshot"] == "false" and event["source"]["xmin"] is None, "source")
        check_times(event)
        check_times(event["source"])
        check(isinstance(event["source"]["lsn"], int), "lsn is no number")
        block = event.get("transaction")
        if block:
            check(list(block)[:3] == ["id", "total_order", "data_collection_order"],
                  "block %r" % block)
    check(ops == set("cudtm"), "ops %r" % ops)


def golden_compact(path, terminal):
    ops = ""
    keys = {
        "B": ["xid", "lsn", "ts"], "C": ["lsn"],
        "I": ["schema", "table", "new"], "U": ["schema", "table", "old", "key", "new", "unchanged"],
        "D": ["schema", "table", "old", "key"], "T": ["tables", "cascade", "restart"],
        "M": ["prefix", "lsn", "content"],
        "b": ["xid", "gid", "lsn", "ts"], "P": ["xid", "gid", "prepare_lsn", "lsn", "ts"],
        "K": ["xid", "gid", "commit_lsn", "lsn", "ts"],
        "r": ["xid", "gid", "prepare_end_lsn", "lsn", "prepare_ts", "ts"],
        "p": ["xid", "gid", "prepare_lsn", "lsn", "ts"],
        "S": ["xid", "first"], "E": ["xid"], "c": ["xid", "commit_lsn", "lsn", "ts"],
        "A": ["xid", "subxid", "lsn", "ts"],
    }
    for line in open(path, "rb").read().splitlines():
        event = parse(line, terminal)
        op = event["op"]
        ops += op
        allowed = ["op"] + keys[op] + (["xid"] if op in "IUDTM" else []) + ["$invalid"]
        positions = [allowed.index(k) for k in event]
        check(positions == sorted(positions) and positions[0] == 0, "keys %r" % list(event))
        for name in event:
            if name.endswith("lsn") and event[name] is not None:
                check(re.fullmatch("[0-9A-F]{1,8}/[0-9A-F]{1,8}", event[name]),
                      "lsn %r" % event[name])
    check(set(ops) == set(keys), "ops %r" % ops)


PYPGOUTPUT = {
    "event": ["op", "message_id", "lsn", "transaction", "table_schema", "before", "after"],
    "transaction": ["tx_id", "begin_lsn", "commit_ts"],
    "table_schema": ["column_definitions", "db", "schema_name", "table", "relation_id"],
    "column": ["name", "part_of_pkey", "type_id", "type_name", "optional"],
}


def golden_pypgoutput(path):
    ops, ids = "", []
    for line in open(path, "rb").read().splitlines():
        event = parse(line)
        check([k for k in event if k != "$invalid"] == PYPGOUTPUT["event"], "keys %r" % event)
        for name in ("transaction", "table_schema"):
            check(list(event[name]) == PYPGOUTPUT[name], "%s %r" % (name, event[name]))
        columns = event["table_schema"]["column_definitions"]
        for column in columns:
            check(list(column) == PYPGOUTPUT["column"], "column %r" % column)
        for row in (event["before"], event["after"]):
            check(set(row or ()) <= {c["name"] for c in columns}, "row %r" % row)
        ops += event["op"]
        ids.append(uuid.UUID(event["message_id"]))
        check(ids[-1].version == 4 and ids[-1].variant == uuid.RFC_4122, "id %r" % ids[-1])
        when = datetime.datetime.fromisoformat(event["transaction"]["commit_ts"])
        check(when.isoformat() == event["transaction"]["commit_ts"], "time %r" % when)
        number = ids[-1].int
        lsn = number >> 80 << 16 | (number >> 64 & 0xfff) << 4 | number >> 58 & 15
        check(lsn == event["transaction"]["begin_lsn"], "the position in %r" % ids[-1])
        check(number & ((1 << 58) - 1) == len(set(ids)), "the number in %r" % ids[-1])
    check(set(ops) == set("IUDT"), "ops %r" % ops)


def golden_pgoutput_decoder(path):
    ops = ""
    for line in open(path, "rb").read().splitlines():
        event = parse(line)
        keys = [k for k in event if k != "$invalid"]
        check(keys == ["op", "before", "after", "source"] + TIMES, "keys %r" % keys)
        check(list(event["source"]) == [k for k in SOURCE if k not in ("ts_us", "ts_ns", "txId", "xmin")],
              "source %r" % event["source"])
        check_times(event)
        ops += event["op"]
    check(set(ops) == set("cud"), "ops %r" % ops)


def same_rows(folder):
    """debezium and compact say the same of the same rows."""
    mark = "__debezium_unavailable_value"
    debezium = [e for e in map(json.loads, open(folder + "/debezium.golden"))
                if e.get("op") in ("c", "u", "d")]
    compact = [e for e in map(json.loads, open(folder + "/compact.golden")) if e["op"] in "IUD"]
    compact = [e for e in compact if "xid" not in e]
    check(len(debezium) == len(compact) > 5, "rows %d %d" % (len(debezium), len(compact)))
    for d, c in zip(debezium, compact):
        check(d["before"] == c.get("old", c.get("key")), "old of %r" % c)
        after = d["after"] and {k: v for k, v in d["after"].items() if v != mark}
        check(after == c.get("new"), "new of %r" % c)
        missing = [k for k in d["after"] or {} if d["after"][k] == mark]
        check(set(missing) <= set(c.get("unchanged", [])), "unchanged of %r" % c)


def documented(path, folder):
    """Each example of the documentation is a golden line, and each kind of event has one."""
    lines = {}
    for name in ("debezium-keys", "debezium", "debezium-transactions", "compact-schema", "compact",
                 "pypgoutput", "pgoutput-decoder", "wal2json-v1", "wal2json-v2"):
        for line in open("%s/%s.golden" % (folder, name), encoding="utf-8").read().split("\n"):
            family = re.sub("-(transactions|keys|schema)$", "", name)
            lines[line] = lines[line.split("\t")[-1]] = family
    shown = set()
    for block in re.findall("```json\n(.*?)```", open(path, encoding="utf-8").read(), re.S):
        for line in block.split("\n")[:-1]:
            check(line in lines, "documented, but not so: %s" % line)
            event = json.loads(line.split("\t")[-1] or '{"op": "tombstone"}')
            kind = "definition" if "tableChanges" in event else event.get("action")
            shown.add((lines.get(line), event.get("op", event.get("status", kind))))
    want = {("debezium", op) for op in ["definition", "tombstone"] + list("cudtm")}
    want |= {("compact", op) for op in "RBIUDTMCbPKrSEAcp"}
    want |= {("pypgoutput", op) for op in "IT"} | {("pgoutput-decoder", op) for op in "cud"}
    want |= {("debezium", s) for s in ("BEGIN", "END", "PREPARED", "COMMIT_PREPARED",
                                  "ROLLBACK_PREPARED")}
    want |= {("wal2json-v2", action) for action in "BIUDTMC"} | {("wal2json-v1", None)}
    check(shown == want, "examples: %r" % (shown ^ want))


def documented_text(path, folder, name, language, least):
    """The same for a format that is not JSON."""
    with open("%s/%s.golden" % (folder, name), encoding="utf-8", errors="replace") as golden:
        lines = set(golden.read().split("\n"))
    with open(path, encoding="utf-8") as document:
        blocks = re.findall("```%s\n(.*?)```" % language, document.read(), re.S)
    shown = [line for block in blocks for line in block.split("\n")[:-1]]
    check(len(shown) > least, "examples of %s" % name)
    for line in shown:
        check(line in lines, "documented, but not so: %s" % line)


def main():
    program, folder, document = sys.argv[1:]
    sys.setrecursionlimit(5000)
    golden_debezium(os.path.join(folder, "debezium.golden"), False)
    golden_debezium(os.path.join(folder, "debezium-transactions.golden"), True)
    golden_compact(os.path.join(folder, "compact.golden"), False)
    golden_compact(os.path.join(folder, "compact-terminal.golden"), True)
    same_rows(folder)
    documented(document, folder)
    documented_text(document, folder, "test_decoding", "text", 15)
    documented_text(document, folder, "sql", "sql", 20)
    golden_pypgoutput(os.path.join(folder, "pypgoutput.golden"))
    golden_pgoutput_decoder(os.path.join(folder, "pgoutput-decoder.golden"))
    for fmt in ("compact", "debezium", "pypgoutput", "pgoutput-decoder"):
        for mode in ("plain", "terminal"):
            hostile(program, fmt, mode)
    for failure in failures[:20]:
        print("failed:", failure, file=sys.stderr)
    print("%d checks, %d failed" % (checks, len(failures)))
    return 1 if failures or checks < 10000 else 0


if __name__ == "__main__":
    sys.exit(main())
