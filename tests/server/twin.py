# SPDX-License-Identifier: MIT
"""What the server's own plugin, test_decoding, says of a slot: the truth for --format test_decoding."""
import json
import re

import support
from support import OK, Case, other_server

# docs/session-settings.md, for an SQL session.
SETTINGS = {"client_encoding": "UTF8", "DateStyle": "ISO", "IntervalStyle": "postgres",
            "extra_float_digits": "3", "bytea_output": "hex", "TimeZone": "UTC", "lc_monetary": "C",
            "search_path": ""}

BEGINS = re.compile(r"BEGIN \d+\Z")
ENDS = re.compile(r"(COMMIT \d+|PREPARE TRANSACTION .*)\Z", re.S)


def read(case, slot, **options):
    """All that is in this slot, change by change; a change may have line feeds inside. The slot moves.

    Before PostgreSQL 17 skip-empty-xacts takes a transaction for empty until something other than a
    message is in it. There it is asked for the empty ones too, and they are left out here.
    Without stream blocks the plugin gets all the memory it wants: what it says does not depend on it, and
    that of 18 takes the server down when a large prepared transaction that had subtransactions was
    rolled back (it is given a Stream Abort of what was never streamed)."""
    skips = case.major >= 17 or "stream-changes" in options
    wanted = {"skip-empty-xacts": str(int(skips)), "include-xids": "1", **options}
    listed = ", ".join(f"'{name}', '{value}'" for name, value in wanted.items())
    settings = "".join(f"SET {name} = '{value}';\n" for name, value in SETTINGS.items())
    if case.major >= 13 and "stream-changes" not in options:
        settings += "SET logical_decoding_work_mem = '1GB';\n"
    rows = case.sql(settings + "SELECT to_json(data) FROM "
                    f"pg_logical_slot_get_changes('{slot}', NULL, NULL, {listed})")
    # A message may have U+0085 inside: split at line feeds only, of which JSON has none.
    changes = [json.loads(row) for row in rows.split("\n") if row]
    if case.major < 14:  # where pgoutput has no messages
        changes = [change for change in changes if not change.startswith("message: ")]
    if case.major < 11:  # where the plugin shows rows that ALTER TABLE writes anew
        changes = [change for change in changes if not re.match(r"table \S+\.pg_temp_\d+:", change)]
    return changes if skips else without_empty(changes)


def without_rolled_back(changes):
    """Without what was prepared and then rolled back: the server stops decoding such a transaction where it
    comes to know, be it at the first catalog look-up or when memory is full, and 18 goes on after that."""
    rolled_back = {change.replace("ROLLBACK PREPARED", "PREPARE TRANSACTION", 1) for change in changes
                   if change.startswith("ROLLBACK PREPARED ")}
    kept, begin = [], 0
    for change in changes:
        if BEGINS.match(change):
            begin = len(kept)
        kept.append(change)
        if change in rolled_back:
            del kept[begin:]
    return kept


def without_empty(changes):
    """Without each BEGIN that is followed by its COMMIT or PREPARE, and without that."""
    kept = []
    for change in changes:
        if ENDS.match(change) and kept and BEGINS.match(kept[-1]):
            kept.pop()
        else:
            kept.append(change)
    return kept


class Twins(Case):
    """Compares on a server that streams transactions early, and has prepared ones."""

    @classmethod
    def find_server(cls):
        return other_server("twins", {"max_prepared_transactions": "50"} | (
            {"logical_decoding_work_mem": "64kB"} if support.server.major >= 13 else {}))

    def lines(self, slot, publication, *options, seconds=60):
        """All that is in this slot, as walwire tells it. The slot moves."""
        done = self.run_command("stream", "-S", slot, "--publication", publication, "--until-now",
                                "--format", "test_decoding", *options, seconds=seconds)
        self.assertEqual(done.status, OK, f"{' '.join(options)}: {done.err}")
        return done.out.decode()

    def assert_same(self, ours, changes, what=""):
        difference = first_difference(ours, "".join(change + "\n" for change in changes))
        self.assertIsNone(difference, f"{what}{difference}")


def first_difference(ours, theirs):
    """Two texts, as far as needed to see what differs; None if nothing does."""
    if ours == theirs:
        return None
    mine, its = ours.split("\n"), theirs.split("\n")
    at = next((i for i, pair in enumerate(zip(mine, its)) if pair[0] != pair[1]),
              min(len(mine), len(its)))
    return (f"line {at + 1} of {len(mine)} and {len(its)}:\n" +
            "".join(f"  both     {line[:300]}\n" for line in mine[max(at - 3, 0):at]) +
            "".join(f"  walwire  {line[:300]}\n" for line in mine[at:at + 3]) +
            "".join(f"  plugin   {line[:300]}\n" for line in its[at:at + 3]))
