#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/decode/container_vectors.h: arrays, composites, ranges, multiranges and hstore as a
server writes them in both forms.

    tools/gen_container_vectors.py CONNINFO > tests/decode/container_vectors.h

Makes its types in the database (which is best a throw-away one, with the extension hstore at
hand), asks their send and output functions, and drops them. Needs psql.
"""
import subprocess
import sys

TYPES = r"""
DROP SCHEMA IF EXISTS vectors CASCADE;
CREATE SCHEMA vectors;
SET search_path = vectors, public;
CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public;
CREATE DOMAIN word AS text;
CREATE TYPE nothing AS ();
CREATE TYPE one AS (x int4);
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
CREATE TYPE part AS (id int4, name text, tags text[]);
CREATE TYPE partrange AS RANGE (subtype = part);
CREATE TYPE whole AS (parts part[], span textrange, more public.hstore, w word, spans textmultirange);
CREATE TYPE deep1 AS (v text[]);
CREATE TYPE deep2 AS (v deep1[]);
CREATE TYPE deep3 AS (v deep2[]);
"""

# What a text may have in it that some container quotes or escapes.
ODD = ["", "a", "NULL", "null", "Null", "nul", "a b", "a,b", "a;b", 'a"b', "a\\b", "{}", "{a", "(a)",
       "[1,2)", "\t", "\n", "\v\f\r", "'", '"', "\\", '\\"', '""', "\\\\", "é", "\u00a0", "empty", "=>"]


def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def texts(form):
    return [form.replace("%s", literal(odd)) for odd in ODD]


VALUES = {
    "int4[]": ["'{}'", "'{1,NULL,-3}'", "'[0:1]={1,2}'", "'[-3:-3][2:3]={{1,2}}'", "'{{1,2},{3,4},{5,6}}'",
               "'{{{{{{1,2}}}}}}'", "'[2147483646:2147483646]={7}'", "'[-2147483648:-2147483647]={7,8}'"],
    "text[]": texts("ARRAY[%s]") + ["ARRAY['a', NULL, 'NULL']", "ARRAY[['a', 'b c'], [NULL, '']]"],
    "word[]": ["ARRAY['a b', NULL]"],
    "box[]": ["'{(2,2),(1,1);(4,4),(3,3)}'", "'{NULL;NULL}'"],
    "bytea[]": [r"ARRAY['\x00ff'::bytea, '']"],
    "timestamp[]": ["ARRAY['2024-01-02 03:04:05.5', 'infinity', '0044-03-15 12:00:00 BC']::timestamp[]"],
    "numeric[]": ["ARRAY[1.50, 'NaN', -12345.678, 0]::numeric[]"],
    "jsonb[]": ["""ARRAY['{"a": [1, "x\\"y"]}', 'null', '"null"']::jsonb[]"""],
    "int4range[]": ["ARRAY['[1,5)', 'empty', '(,)', NULL]::int4range[]"],
    "int2vector": ["'1 2 3'", "'-1'", "''"],
    "oidvector": ["'1 4294967295'", "''"],
    "int2vector[]": ["ARRAY['1 2', '3', '']::int2vector[]"],
    "nothing": ["ROW()"],
    "one": ["ROW(1)", "ROW(NULL)"],
    "one[]": ["ARRAY[ROW(1), ROW(NULL), NULL]::one[]"],
    "part": texts("ROW(1, %s, NULL)") + texts("ROW(NULL, NULL, ARRAY[%s])") + ["ROW(NULL, NULL, NULL)"],
    "part[]": texts("ARRAY[ROW(1, %s, ARRAY['a'])]::part[]") + texts("ARRAY[ROW(1, 'a', ARRAY[%s, 'b'])]::part[]"),
    "record": ["ROW()", "ROW(1, 'a'::text)", "ROW(NULL::int4, ROW('x y'::text, ROW(2)))"],
    "whole": texts("ROW(ARRAY[ROW(1, %s, ARRAY['q\"', '\\'])::part], '[a,\"b\"\"\"]', 'k=>\"v \\\\ w\", n=>NULL', 'w', "
                   "'{[a,b),[\"c d\",e]}')"),
    "deep3": texts("ROW(ARRAY[ROW(ARRAY[ROW(ARRAY[%s])::deep1])::deep2])"),
    "int4range": ["'[1,5)'", "'empty'", "'(,5)'", "'[3,)'", "'(,)'"],
    "numrange": ["'[1.5,2.50]'", "'(1,2)'"],
    "tsrange": ["'[2024-01-02 03:04:05,infinity]'", "'(,2024-01-02)'"],
    "daterange": ["'[2024-01-02,2024-02-02)'"],
    "textrange": texts("textrange(%s, NULL)") + texts("textrange(NULL, %s, '(]')"),
    "partrange": texts("partrange(ROW(1, %s, NULL), ROW(2, NULL, NULL), '[]')"),
    "int8multirange": ["'{}'", "'{[1,3),[5,7)}'", "'{(,)}'"],
    "textmultirange": texts("textmultirange(textrange(%s, %s, '[]'))") + ["'{[a,b),[c,\"d e\"),(x,)}'"],
    "hstore": ["''"] + texts("hstore(%s, NULL)") + texts("hstore('k', %s)") + ["'a=>1, b=>NULL, \"c d\"=>\"\"'"],
    "hstore[]": ["ARRAY['', 'a=>\"b\\\\\\\"c\"', NULL]::hstore[]"],
}

KINDS = {"c": "COMPOSITE", "r": "RANGE", "m": "MULTIRANGE"}


def psql(conninfo, sql):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f", "-"], input=sql, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [line.split("|") for line in done.stdout.splitlines()]


def rows(conninfo):
    sql = "SET search_path = vectors, public; SET client_encoding = 'UTF8'; SET DateStyle = ISO;\n"
    for name, values in VALUES.items():
        send = psql(conninfo, "SET search_path = vectors, public;"
                    f"SELECT typsend FROM pg_type WHERE oid = '{name}'::regtype")[0][0]
        for value in values:
            cast = "" if name == "record" else f"::{name}"
            sql += (f"SELECT '{name}'::regtype::oid, encode({send}(v), 'hex'), convert_to(v::text, 'UTF8')"
                    f" FROM (SELECT ({value}){cast} AS v) AS q;\n")
    return psql(conninfo, sql)


def types(conninfo):
    return psql(conninfo, """
        SELECT t.oid, t.typelem, t.typbasetype, t.typtype, t.typname, r.rngsubtype,
               (SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid),
               ARRAY(SELECT atttypid::text FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 ORDER BY attnum)
        FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid
        WHERE (t.typnamespace = 'vectors'::regnamespace OR t.typname IN ('hstore', '_hstore')) AND t.typtype <> 'p'
        ORDER BY t.oid""")


def quoted(data):
    """A C string: printable bytes as they are, each escape in three octal digits."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in data) + '"'


def wrapped(data):
    return "\n     ".join(quoted(data[i:i + 22]) for i in range(0, len(data), 22)) or '""'


def main():
    conninfo, = sys.argv[1:]
    psql(conninfo, TYPES)
    print("/* SPDX-License-Identifier: MIT */\n"
          "/* container_vectors.h: containers as PostgreSQL writes them in both forms. Generated by\n"
          " * tools/gen_container_vectors.py. */\n"
          "#ifndef WALWIRE_TESTS_CONTAINER_VECTORS_H\n#define WALWIRE_TESTS_CONTAINER_VECTORS_H\n\n"
          "#include <walwire/types.h>\n\n"
          "typedef struct vector_type {\n    uint32_t oid, element, domain_of;\n    ww_type_kind kind;\n"
          "    const char *name;\n    uint32_t fields[8];\n} vector_type;\n\n"
          "static const vector_type vector_types[] = {")
    for oid, elem, base, typtype, name, bounds, ranges, fields in types(conninfo):
        kind = "HSTORE" if name == "hstore" else "ARRAY" if elem != "0" else KINDS.get(typtype, "TEXT")
        element = bounds or ranges or elem
        fields = fields.strip("{}") or "0"
        print(f'    {{{oid}, {element}, {base}, WW_TYPE_{kind}, "{name}", {{{fields}}}}},')
    print("};\n\ntypedef struct container_vector {\n    uint32_t oid;\n    const char *binary, *text;\n"
          "} container_vector;\n\nstatic const container_vector container_vectors[] = {")
    for oid, binary, text in rows(conninfo):
        print(f"    {{{oid},\n     " + "\n     ".join(f'"{binary[i:i + 80]}"' for i in range(0, len(binary), 80))
              + f",\n     {wrapped(bytes.fromhex(text.removeprefix(chr(92) + 'x')))}}},")
    print("};\n\n#endif")
    psql(conninfo, "DROP SCHEMA vectors CASCADE")


main()
