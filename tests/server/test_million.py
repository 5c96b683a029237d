# SPDX-License-Identifier: MIT
"""A million rows: count, sum and md5 are the server's own, and nothing comes twice."""
import hashlib
import json

from support import OK, Case

ROWS = 1_000_000


class Million(Case):
    def test_a_million_rows(self):
        self.sql("CREATE TABLE t (id bigint PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t")
        self.assertEqual(self.run_command("slot create", "-S", self.slot).status, OK)
        self.sql(f"INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, {ROWS // 2}) n; "
                 f"INSERT INTO t SELECT n, md5(n::text) FROM generate_series({ROWS // 2 + 1}, {ROWS}) n")
        path = self.dir / "out"
        self.until_now("-f", path, seconds=300)
        count, total, digest, order = 0, 0, hashlib.md5(), []
        with path.open("rb") as lines:
            for line in lines:
                if line.startswith(b'{"op":"I"'):
                    row = json.loads(line)["new"]
                    count, total = count + 1, total + row["id"]
                    order.append((row["id"], row["v"]))
        for id_, v in sorted(order):
            digest.update(f"{id_}:{v}\n".encode())
        self.assertEqual(
            f"{count}|{total}|{digest.hexdigest()}",
            self.sql("SELECT count(*), sum(id), md5(string_agg(id || ':' || v || E'\\n', '' ORDER BY id)) "
                     "FROM t"))
        size = path.stat().st_size
        self.until_now("-f", path)
        self.assertEqual(path.stat().st_size, size, "the second run delivered something")
