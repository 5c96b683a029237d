# Relation and Type: what the server says about tables before it sends their rows.

# DDL in a transaction: the next row comes with a new definition, and has its shape.
case a definition changes inside a transaction
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key)
in  49 000060e7 4e 0001 74 00000001 37
out INSERT public.gf new("7")
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=2 serial=2 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0002 74 00000001 38 6e
out INSERT public.gf new("8", null)

# ANALYZE and many others make the server repeat itself.
case the same definition again keeps version and serial
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key)
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf same id=24807 slot=0 version=1 serial=1 identity=f (id 23 key)
in  52 000060e8 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf changed id=24808 slot=1 version=1 serial=2 identity=f (id 23 key)
in  52 000060e7 7075626c696300 676700 66 0001 01 696400 00000017 ffffffff
out RELATION public.gg changed id=24807 slot=0 version=2 serial=3 identity=f (id 23 key)
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=3 serial=4 identity=f (id 23 key)

# The empty schema is pg_catalog. Names may contain everything but NUL.
case names
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 00000001 00 785f7900 64 0000
out RELATION pg_catalog.x_y changed id=1 slot=0 version=1 serial=1 identity=d ()
in  52 00000002 61226200 630a6400 6e 0001 00 c3a4202d2d00 00000413 0000000c
out RELATION "a\x22b"."c\x0ad" changed id=2 slot=1 version=1 serial=2 identity=n ("\xc3\xa4 --" 1043 typmod=12)

# A domain is announced with its own oid and its base type's name; of two domains both look alike.
case types
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  59 000060dc 7075626c696300 676d00
out TYPE 24796 public.gm
in  59 000060f0 00 696e743400
out TYPE 24816 "".int4
in  59 000060f1 00 696e743400
out TYPE 24817 "".int4
in  59 000060f2 7075626c696300 5f676d00
out TYPE 24818 public._gm
