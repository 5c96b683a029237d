# SPDX-License-Identifier: MIT
"""Edge values of every type, and random ones per family. The limits are those of PostgreSQL's documentation, chapter
"Data Types"."""
import random
import string
import struct

LONG = "0123456789" * 7


def edges(major, has=lambda type_name: True):
    """{type: [input texts]}. has: does the server have this type (of an extension, or xml)?"""
    found = {name: list(values) for name, values in BUILT_IN.items()}
    found["interval"] += ["2562047788:00:54.775807"] if major >= 15 else []
    found["interval"] += ["178956970 years 7 mons 2147483647 days 2562047788:00:54.775807"] if major in (15, 16) else []
    found["interval"] += ["infinity", "-infinity"] if major >= 17 else []
    found['"char"'] += ["\\377", "\\200"] if major >= 15 else []
    found.update({name: values for name, values in OPTIONAL.items() if has(name)})
    return found


def array(values):
    """The texts as one array's text, in two rows."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    if len(quoted) % 2:
        quoted.append("NULL")
    middle = len(quoted) // 2
    return "{{" + ",".join(quoted[:middle]) + "},{" + ",".join(quoted[middle:]) + "}}"


def arrays(values, delimiter=","):
    """Array texts of these values: empty, one by one, with NULL, in two dimensions, with lower bounds of their own."""
    def join(texts):
        return array(texts).replace('","', f'"{delimiter}"').replace('",NULL', f'"{delimiter}NULL') \
            .replace("},{", "}" + delimiter + "{")
    return ["{}", "{NULL}", join(values), "[-2:-1][5:5]=" + join(values[:2])]


NASTY = ["", "NULL", "null", " lead", "trail ", "a b", "a,b", "a;b", '"', "'", "\\", "\\\\", '\\"', "{", "}", "{}", "(", ")",
         "(a,b)", "[", "]", "a\nb\tc\rd\x0b\x0c", "\x01\x1f\x7f", "é", "\u0085\u009f", "\u2028\u2029\ufeff", "\u202e", "🐘", "~" * 300,
         "t", "1", "$1", "--", "/*", "%s", "&<>", "\u00a0"]

BUILT_IN = {
    "bool": ["t", "f"],
    "bytea": ["\\x", "\\x00", "\\x00ff27225c0a", "\\x" + "deadbeef" * 200],
    '"char"': ["a", "", " ", "'", "\\", '"'],
    "name": ["n", "", LONG[:63], "a b", 'q"q', "é"],
    "int2": ["0", "-32768", "32767"],
    "int4": ["0", "-1", "-2147483648", "2147483647"],
    "int8": ["0", "-9223372036854775808", "9223372036854775807", "1000000000000"],
    "int2vector": ["", "1", "1 -2 32767"],
    "oidvector": ["", "0 4294967295"],
    "text": NASTY,
    "varchar(400)": NASTY,
    "char(5)": ["", "ab", "abcde", "   ", "é"],
    "oid": ["0", "4294967295"],
    "tid": ["(0,0)", "(4294967295,65535)", "(1,2)"],
    "xid": ["0", "4294967295"],
    "cid": ["0", "4294967295"],
    "json": ['{"a": [1, 2.50, null, true], "b": {"c": "\\u00e9\\n"}}', "[]", "1e400", '"x"', "null", ' {"a" :\n\t1}\n', '"\\ud800"',
             '{"a":1,"a":2}', "[" * 600 + "]" * 600, '"é🐘"', "-0.0"],
    "jsonb": ['{"b": [1, 2.50, null, true], "a": {"c": "\\u00e9\\n"}}', "[]", "1e100", '"x"', "null", '{"bb": 1, "a": 2}',
              "[" * 600 + "]" * 600, "12345678901234567890.123456789"],
    "point": ["(1,2)", "(-0,0)", "(1e+300,-1e-300)", "(NaN,Infinity)", "(0.1,-Infinity)"],
    "lseg": ["[(1,2),(3,4)]", "[(0.1,1e+20),(-5,0)]"],
    "path": ["((1,2),(3,4))", "[(1,2),(3,4),(5.5,6)]", "((0,0))"],
    "box": ["(3,4),(1,2)", "(1e+15,1e-05),(0,0)"],
    "polygon": ["((1,2),(3,4),(5,6))", "((0,0))"],
    "line": ["{1,2,3}", "{0.1,-1,1e+20}"],
    "circle": ["<(1,2),3>", "<(0.1,-0.2),0>"],
    "cidr": ["10.0.0.0/8", "0.0.0.0/0", "192.168.1.1/32", "::/0", "2001:db8::/32", "::ffff:1.2.3.0/120"],
    "inet": ["10.1.2.3", "10.1.2.3/8", "0.0.0.0", "255.255.255.255", "::", "::1", "::ffff:1.2.3.4", "2001:db8::1/64", "1:2:3:4:5:6:7:8",
             "1:0:0:4::8", "fe80::1:0:0:1/10", "::1.2.3.4", "0:0:1::"],
    "macaddr": ["08:00:2b:01:02:03", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"],
    "macaddr8": ["08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:ff:ff:ff:ff"],
    "float4": ["0", "-0", "1", "1.1", "1e6", "999999", "1e-4", "1e-5", "16777216", "3.4028235e38", "1e-45", "1.1754944e-38", "NaN",
               "Infinity", "-Infinity", "0.3"],
    "float8": ["0", "-0", "1", "1.1", "1e14", "1e15", "123456789012345", "1e-4", "1e-5", "9007199254740993", "1.7976931348623157e308",
               "5e-324", "2.2250738585072014e-308", "1e23", "NaN", "Infinity", "-Infinity", "0.1", "0.3", "1e20"],
    "money": ["0", "-92233720368547758.08", "92233720368547758.07", "-0.01", "1234.5", "-1", "1000000"],
    "numeric": ["0", "0.00", "-0.0", "1", "-1", "12345.678900", "0.0001", "1e-10", "1e30", "9" * 50, "NaN", "-0.00001", "10000", "100000000",
                "1e1000", "1e-1000", "0." + "0123456789" * 10, "Infinity", "-Infinity"],
    "numeric(10,2)": ["0", "-12345678.90", "99999999.99", "NaN"],
    "date": ["2000-01-01", "1999-12-31", "2024-02-29", "4714-11-24 BC", "0001-01-01 BC", "0001-01-01", "9999-12-31", "10000-01-01",
             "5874897-12-31", "infinity", "-infinity", "1900-02-28"],
    "time": ["00:00:00", "23:59:59.999999", "24:00:00", "12:34:56.1", "00:00:00.000001"],
    "time(3)": ["12:34:56.789"],
    "timetz": ["00:00:00+15:59:59", "24:00:00-15:59", "12:00:00+05:30", "04:05:06.789-08", "23:59:59.999999+00", "01:02:03+00:00:01"],
    "timestamp": ["2000-01-01 00:00:00", "1999-12-31 23:59:59.999999", "4714-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999", "infinity",
                  "-infinity", "0001-12-31 23:59:59 BC", "10000-01-01 00:00:00", "2024-01-02 03:04:05.6"],
    "timestamp(0)": ["2024-01-02 03:04:05"],
    "timestamptz": ["2000-01-01 00:00:00+00", "1999-12-31 23:59:59.999999+05:30", "4714-11-24 00:00:00+00 BC",
                    "294276-12-31 23:59:59.999999+00", "infinity", "-infinity", "2024-06-01 12:00:00-08"],
    "interval": ["0", "1 year 2 mons 3 days 04:05:06.789", "-1 days +02:03:00", "-1 years -2 mons +3 days -04:05:06", "1 mon -1 days",
                 "178000000 years", "-178000000 years", "100:00:00", "-00:00:00.000001", "2147483646:59:59.999999", "-1 mon", "1 day",
                 "-1 year", "11 mons", "-13 mons", "1 year -1 mon", "-1 mon 1 day -00:00:01", "2147483647 days", "-2147483648 days"],
    "bit(8)": ["10101010", "00000000"],
    "bit(13)": ["1010101010101"],
    "varbit": ["", "1", "0", "10101010", "101010101", "1" * 100],
    "refcursor": ["c1", ""],
    "uuid": ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "txid_snapshot": ["10:20:10,14,15", "1:1:"],
    "pg_snapshot": ["10:20:10,14,15", "1:1:"],
    "pg_lsn": ["0/0", "FFFFFFFF/FFFFFFFF", "16/B374D848"],
    "xid8": ["0", "18446744073709551615"],
    "tsvector": ["", "'a':1A,2B 'b''c' 'back\\\\slash':3", "a:16383 b", "'space d' 'é':1,2,3,4C", "'\"'"],
    "tsquery": ["", "'a' & ( 'b' | !'c':AB ) <-> 'd':*", "!!a", "a <2> b", "a & b & c | d", "!(a & b)", "'q''uote' | 'back\\\\slash'",
                "(a | b) & (c <-> (d | e))", "a:ABCD & b:*C", "!a <-> !(b <-> c)"],
    "jsonpath": ['$."a"[*]?(@ > 1)', "strict $", "$.**{2 to last}.b", '$ ? (@.name like_regex "^a" flag "i")'],
    "int4range": ["empty", "[1,5)", "(,)", "(,5)", "[1,)", "[-2147483648,2147483647)"],
    "int8range": ["empty", "[1,5)", "(,)"],
    "numrange": ["empty", "[1.10,2.20]", "(1.10,2.20)", "[NaN,NaN]", "(,1e30]"],
    "tsrange": ["empty", '["2024-01-01 00:00:00","2024-01-02 00:00:00")', "(,)", "[-infinity,infinity]"],
    "tstzrange": ["empty", '["2024-01-01 00:00:00+00",)', "(,)"],
    "daterange": ["empty", "[2024-01-01,2024-02-01)", "(,infinity)", '["0001-01-01 BC",)', "[-infinity,infinity]"],
    "int4multirange": ["{}", "{[1,3),[5,7)}", "{(,)}"],
    "int8multirange": ["{}", "{[1,3)}"],
    "nummultirange": ["{}", "{[1.1,1.2],(5.00,)}"],
    "tsmultirange": ["{}", '{["2024-01-01 00:00:00","2024-01-02 00:00:00")}'],
    "tstzmultirange": ["{}", '{["2024-01-01 00:00:00+00",)}'],
    "datemultirange": ["{}", "{[2024-01-01,2024-02-01),[infinity,)}"],
    "mood": ["sad", "o'k", 'so "so"', "a,b"],
    "posint": ["1", "2147483647"],
    "price": ["1.50", "0.00"],
    "words": ["{}", '{"a b",NULL,"NULL"}'],
    "pair": ["(1,x)", '(,"")', '(-1,"a,b")', '(1,"\\"q\\" \\\\ (x)")', "(,)"],
    "nest": ['("(1,""a b"")","{1,NULL}",sad)', '(,"{}",)', "(,,)"],
    "floatrange": ["empty", "[1.5,2.5)", "(,1e+20]", "[-Infinity,NaN)"],
}

OPTIONAL = {
    "xml": ["<a/>", "<a>é&amp;</a>", "", "text only", '<?xml version="1.0"?><a/>', '<?xml version="1.1" standalone="yes"?><b>x</b>',
            "<!-- c -->"],
    "hstore": ["", '"k"=>"v", "k2"=>NULL', '"a b"=>"c\\"d\\\\", ""=>""', '"NULL"=>"NULL"'],
    "citext": ["Hello", "", 'q"q', "NULL"],
    "ltree": ["a.b.c", "", "Top"],
}

# What the types of the user's above are.
TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'o''k', 'so "so"', 'a,b');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN price AS numeric(8,2);
CREATE DOMAIN words AS text[];
CREATE TYPE pair AS (n int, t text);
CREATE TYPE nest AS (p pair, l int[], m mood);
CREATE TYPE floatrange AS RANGE (subtype = float8);
"""

# Types whose text is a name that only the server knows, or that have no binary form: never in binary.
TEXT_ONLY = {
    "regproc": ["now", "-"], "regprocedure": ["now()", "-"], "regoper": ["0", "||/"], "regoperator": ["+(integer,integer)", "0"],
    "regclass": ["pg_class", "-", "999999"], "regtype": ["integer", "-"], "regconfig": ["simple"], "regdictionary": ["simple"],
    "regnamespace": ["pg_catalog", "-"], "regrole": ["postgres", "-"], "regcollation": ['"C"', "-"],
    "aclitem": ["postgres=arwdDxt/postgres"], "aclitem[]": ["{postgres=arwdDxt/postgres}", "{}"], "regclass[]": ["{pg_class,-}"],
}


def literal(text):
    return "'" + text.replace("'", "''") + "'"


# ---- random values -----------------------------------------------------------------------------


def some_int(rng, bits):
    return rng.randrange(-(1 << bits - 1), 1 << bits - 1) >> rng.randrange(bits)


def some_unsigned(rng, bits):
    return rng.getrandbits(bits) >> rng.randrange(bits)


def some_double(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return repr(struct.unpack("<d", rng.getrandbits(64).to_bytes(8, "little"))[0]).replace("inf", "Infinity").replace("nan", "NaN")
    if kind == 1:
        return f"{some_int(rng, 54)}e{rng.randrange(-20, 20)}"
    return f"{some_int(rng, 34)}.{rng.randrange(10 ** rng.randrange(1, 9))}" if kind == 2 else str(some_int(rng, 60))


def some_float(rng):
    if rng.randrange(2):
        value = struct.unpack("<f", rng.getrandbits(32).to_bytes(4, "little"))[0]
        return repr(value).replace("inf", "Infinity").replace("nan", "NaN")
    return f"{some_int(rng, 25)}e{rng.randrange(-12, 12)}"


def some_numeric(rng):
    def digits(n):
        return "".join(rng.choices("0000123456789", k=n))
    size = rng.choice((2, 5, 20, 60)) if rng.randrange(200) else 2000
    return rng.choice(("", "-")) + (digits(rng.randrange(size)) or "0") + rng.choice(("", "." + digits(rng.randrange(1, size))))


def some_text(rng, size=8):
    return "".join(rng.choices('ab1 ,;{}()[]"\'\\\t\nNUL.é🐘~', k=rng.randrange(size)))


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def some_array(rng, element):
    def one():
        return quoted(element(rng)) if rng.randrange(8) else "NULL"
    columns, rows = rng.randrange(1, 4), rng.randrange(1, 4)
    shape = rng.randrange(4)
    if shape == 0:
        return "{" + ",".join(one() for _ in range(rng.randrange(5))) + "}"
    body = "{" + ",".join("{" + ",".join(one() for _ in range(columns)) + "}" for _ in range(rows)) + "}"
    if shape == 1:
        low, other = rng.randrange(-3, 4), rng.randrange(-3, 4)
        return f"[{low}:{low + rows - 1}][{other}:{other + columns - 1}]={body}"
    return body


def some_pair(rng):
    def field(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
    number = str(some_int(rng, 32)) if rng.randrange(5) else ""
    return f"({number},{field(some_text(rng)) if rng.randrange(5) else ''})"


def some_range(rng, bounds):
    low, high = sorted((bounds(rng), bounds(rng)))
    return rng.choice("[(") + (str(low) if rng.randrange(6) else "") + "," + (str(high) if rng.randrange(6) else "") + rng.choice("])")


def some_inet(rng):
    if rng.randrange(2):
        return ".".join(str(some_unsigned(rng, 8)) for _ in range(4)) + rng.choice(("", f"/{rng.randrange(33)}"))
    return ":".join(f"{some_unsigned(rng, 16) if rng.randrange(2) else 0:x}" for _ in range(8)) + rng.choice(("", f"/{rng.randrange(129)}"))


def some_hex(rng, size):
    return "".join(rng.choices("0123456789abcdef", k=2 * size))


def some_tsquery(rng, depth=3):
    if depth == 0 or rng.randrange(3) == 0:
        return "'" + "".join(rng.choices("abé' \\".replace("'", "x"), k=rng.randrange(1, 5))).replace("\\", "\\\\").replace(" ", "_") + "'" \
            + rng.choice(("", ":*", ":AB", ":C*"))
    if rng.randrange(4) == 0:
        return "!(" + some_tsquery(rng, depth - 1) + ")"
    middle = rng.choice((" & ", " | ", " <-> ", " <3> "))
    return "(" + some_tsquery(rng, depth - 1) + middle + some_tsquery(rng, depth - 1) + ")"


def some_tsvector(rng):
    words = ["'" + some_text(rng).replace("\\", "\\\\").replace("'", "''") + "'" for _ in range(rng.randrange(5))]
    return " ".join(word + (":" + ",".join(str(rng.randrange(1, 16384)) + rng.choice(("", "A", "B", "C")) for _ in range(rng.randrange(1, 4)))
                            if rng.randrange(2) else "") for word in words if word != "''")


def some_json(rng, depth=4):
    kind = rng.randrange(6) if depth else rng.randrange(4)
    if kind == 0:
        return rng.choice(("true", "false", "null"))
    if kind < 3:
        return str(some_int(rng, 40)) + rng.choice(("", ".50", "e3"))
    if kind == 3:
        return '"' + "".join(rng.choices(string.ascii_letters + " é🐘{}[],:", k=rng.randrange(9))) + '"'
    if kind == 4:
        return "[" + ", ".join(some_json(rng, depth - 1) for _ in range(rng.randrange(4))) + "]"
    return "{" + ", ".join(f'"{some_unsigned(rng, 8)}": {some_json(rng, depth - 1)}' for _ in range(rng.randrange(4))) + "}"


DAY_US = 86400 * 10 ** 6
FIRST_DAY, LAST_DAY = -2451545, 2145031948  # 4714-11-24 BC, 5874897-12-31, counted from 2000-01-01
LAST_US = 9223371331199999999               # 294276-12-31 23:59:59.999999


def some_stamp(rng):
    """Days since 2000, and the time of that day."""
    us = rng.choice((rng.randrange(FIRST_DAY * DAY_US, LAST_US), some_int(rng, 58), some_int(rng, 38) * 10 ** 6))
    return f"{us // DAY_US} {clock(us % DAY_US)}"


def clock(us):
    """Hours and minutes, seconds with a fraction; every server reads that exactly."""
    seconds, fraction = divmod(abs(us), 10 ** 6)
    return f"{'-' if us < 0 else ''}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"


def some_interval(rng):
    parts = [f"{some_int(rng, 30)} mons", f"{some_int(rng, 32)} days", clock(some_int(rng, 62))]
    return " ".join(part for part in parts if rng.randrange(3)) or "0"


STAMP = "'2000-01-01'::timestamp + split_part(x, ' ', 1)::int * interval '1 day' + split_part(x, ' ', 2)::interval"

# name: (type, a random input text, the value of that text x in SQL)
FAMILIES = {
    "bool": ("bool", lambda rng: rng.choice("tf"), None),
    "char": ('"char"', lambda rng: rng.choice(string.ascii_letters + "'\"\\ "), None),
    "int2": ("int2", lambda rng: str(some_int(rng, 16)), None),
    "int4": ("int4", lambda rng: str(some_int(rng, 32)), None),
    "int8": ("int8", lambda rng: str(some_int(rng, 64)), None),
    "oid": ("oid", lambda rng: str(some_unsigned(rng, 32)), None),
    "xid8": ("xid8", lambda rng: str(some_unsigned(rng, 64)), None),
    "float4": ("float4", some_float, None),
    "float8": ("float8", some_double, None),
    "numeric": ("numeric", some_numeric, None),
    "money": ("money", lambda rng: str(some_int(rng, 64)), "(x || 'e-2')::numeric::money"),
    "date": ("date", lambda rng: str(rng.choice((rng.randrange(FIRST_DAY, LAST_DAY), some_int(rng, 21)))), "'2000-01-01'::date + x::int"),
    "time": ("time", lambda rng: clock(rng.randrange(DAY_US)), None),
    "timetz": ("timetz", lambda rng: f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(10 ** 6):06}"
               f"{rng.choice('+-')}{rng.randrange(16):02}:{rng.randrange(60):02}:{rng.choice((0, rng.randrange(60))):02}", None),
    "timestamp": ("timestamp", some_stamp, STAMP),
    "timestamptz": ("timestamptz", some_stamp, f"({STAMP}) AT TIME ZONE 'UTC'"),
    "interval": ("interval", some_interval, None),
    "uuid": ("uuid", lambda rng: some_hex(rng, 16), None),
    "bytea": ("bytea", lambda rng: "\\x" + some_hex(rng, rng.randrange(20)), None),
    "bits": ("varbit", lambda rng: "".join(rng.choices("01", k=rng.randrange(40))), None),
    "inet": ("inet", some_inet, None),
    "cidr": ("cidr", some_inet, "network(x::inet)"),
    "macaddr": ("macaddr", lambda rng: some_hex(rng, 6), None),
    "macaddr8": ("macaddr8", lambda rng: some_hex(rng, 8), None),
    "pg_lsn": ("pg_lsn", lambda rng: f"{some_unsigned(rng, 32):X}/{some_unsigned(rng, 32):X}", None),
    "tid": ("tid", lambda rng: f"({some_unsigned(rng, 32)},{some_unsigned(rng, 16)})", None),
    "snapshot": ("pg_snapshot", lambda rng: "10:50:" + ",".join(map(str, sorted(rng.sample(range(10, 50), rng.randrange(9))))), None),
    "point": ("point", lambda rng: f"({some_double(rng)},{some_double(rng)})", None),
    "path": ("path", lambda rng: rng.choice(("({})", "[{}]")).format(
        ",".join(f"({some_double(rng)},{some_double(rng)})" for _ in range(rng.randrange(1, 5)))), None),
    "circle": ("circle", lambda rng: f"<({some_double(rng)},{some_double(rng)}),{abs(some_int(rng, 30))}.5>", None),
    "json": ("json", some_json, None),
    "jsonb": ("jsonb", some_json, None),
    "text": ("text", lambda rng: some_text(rng, 30), None),
    "tsvector": ("tsvector", some_tsvector, None),
    "tsquery": ("tsquery", some_tsquery, None),
    "int array": ("int4[]", lambda rng: some_array(rng, lambda r: str(some_int(r, 32))), None),
    "text array": ("text[]", lambda rng: some_array(rng, some_text), None),
    "numeric array": ("numeric[]", lambda rng: some_array(rng, some_numeric), None),
    "composite array": ("pair[]", lambda rng: some_array(rng, some_pair), None),
    "composite": ("pair", some_pair, None),
    "int range": ("int4range", lambda rng: some_range(rng, lambda r: some_int(r, 31)), None),
    "text range": ("textrange", lambda rng: "[" + quoted("a" + some_text(rng)) + "," + quoted("b" + some_text(rng)) + "]", None),
    "timestamp range": ("tsrange", lambda rng: f'["{rng.randrange(1000, 5000)}-01-01 00:00:00.{rng.randrange(10 ** 6)}",{rng.randrange(5001, 9000)}-05-05)', None),
    "multirange": ("int4multirange", lambda rng: "{" + ",".join(some_range(rng, lambda r: some_int(r, 31)) for _ in range(rng.randrange(4))) + "}", None),
    "hstore": ("hstore", lambda rng: ", ".join(quoted(some_text(rng)) + "=>" + (quoted(some_text(rng)) if rng.randrange(4) else "NULL")
                                              for _ in range(rng.randrange(4))), None),
    "lseg": ("lseg", lambda rng: f"[({some_double(rng)},{some_double(rng)}),({some_double(rng)},{some_double(rng)})]", None),
    "box": ("box", lambda rng: f"({some_double(rng)},{some_double(rng)}),({some_double(rng)},{some_double(rng)})", None),
    "box array": ("box[]", lambda rng: "{" + ";".join(f"({some_int(rng, 9)},1),(2,{some_int(rng, 9)})" for _ in range(rng.randrange(4))) + "}", None),
    "polygon": ("polygon", lambda rng: "(" + ",".join(f"({some_double(rng)},{some_double(rng)})" for _ in range(rng.randrange(1, 5))) + ")", None),
    "line": ("line", lambda rng: f"{{{some_int(rng, 20) or 1},{some_double(rng)},{some_double(rng)}}}", None),
    "xid": ("xid", lambda rng: str(some_unsigned(rng, 32)), None),
    "cid": ("cid", lambda rng: str(some_unsigned(rng, 32)), None),
    "int vector": ("int2vector", lambda rng: " ".join(str(some_int(rng, 16)) for _ in range(rng.randrange(5))), None),
    "oid vector": ("oidvector", lambda rng: " ".join(str(some_unsigned(rng, 32)) for _ in range(rng.randrange(5))), None),
    "char above 127": ('"char"', lambda rng: str(rng.randrange(-128, 128)), "x::int::\"char\""),
    "name": ("name", lambda rng: some_text(rng, 12), None),
    "bpchar": ("char(12)", lambda rng: some_text(rng, 12), None),
    "citext": ("citext", lambda rng: some_text(rng, 12), None),
    "ltree": ("ltree", lambda rng: ".".join("".join(rng.choices("abc_1", k=3)) for _ in range(rng.randrange(5))), None),
    "jsonpath": ("jsonpath", lambda rng: rng.choice(("$", "strict $.a", '$."x y"[*]')) + rng.choice(("", f" ? (@ > {some_int(rng, 20)})", ".size()")), None),
    "domain": ("price", lambda rng: f"{some_int(rng, 18)}.{rng.randrange(100):02}", None),
    "domain array": ("price[]", lambda rng: some_array(rng, lambda r: f"{some_int(r, 18)}.5"), None),
    "domain over an array": ("words", lambda rng: some_array(rng, some_text), None),
    "range array": ("int4range[]", lambda rng: some_array(rng, lambda r: some_range(r, lambda s: some_int(s, 31))), None),
    "text multirange": ("textmultirange", lambda rng: "{[" + quoted("a" + some_text(rng)) + "," + quoted("b" + some_text(rng)) + ")}", None),
    "enum": ("mood", lambda rng: rng.choice(("sad", "o'k", 'so "so"', "a,b")), None),
}


def generate(name, count, seed):
    """`count` random texts of a family, the same for the same seed."""
    rng = random.Random(f"{seed} {name}")
    make = FAMILIES[name][1]
    for _ in range(count):
        yield make(rng)
