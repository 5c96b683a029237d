# Rows under each replica identity, and what a column can be.

# gf(id int) has replica identity full (PROTOCOL A.2): the whole old row comes with updates and
# deletes.
case replica identity full
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key)
in  55 000060e7 4f 0001 74 00000001 37 4e 0001 74 00000001 38
out UPDATE public.gf old("7") new("8")
in  44 000060e7 4f 0001 74 00000001 38
out DELETE public.gf old("8")

# With an index as identity the key tuple still has all columns; those outside of the key read as
# null.
case replica identity index
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 00004001 7075626c696300 67756900 69 0003 00 6100 00000017 ffffffff 01 6200 00000017 ffffffff
    00 6300 00000413 00000012
out RELATION public.gui changed id=16385 slot=0 version=1 serial=1 identity=i (a 23, b 23 key, c 1043 typmod=18)
in  55 00004001 4b 0003 6e 74 00000001 35 6e 4e 0003 74 00000001 31 74 00000001 36 75
out UPDATE public.gui key(null, "5", null) new("1", "6", unchanged)
in  44 00004001 4b 0003 6e 74 00000001 36 6e
out DELETE public.gui key(null, "6", null)

case replica identity nothing sends inserts only
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 00004002 7075626c696300 676e00 6e 0001 00 6100 00000017 ffffffff
out RELATION public.gn changed id=16386 slot=0 version=1 serial=1 identity=n (a 23)
in  49 00004002 4e 0001 74 00000001 31
out INSERT public.gn new("1")

# A row filter can turn an update into an insert: then its unchanged columns are unknown.
case an insert with an unchanged column
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 000060df 7075626c696300 6700 64 0002 01 696400 00000017 ffffffff 00 7600 00000019 ffffffff
out RELATION public.g changed id=24799 slot=0 version=1 serial=1 identity=d (id 23 key, v 25)
in  49 000060df 4e 0002 74 00000001 31 75
out INSERT public.g new("1", unchanged)

# Text is whatever the server's output function wrote. A hostile server may even put a NUL there.
case empty text, UTF-8, a quote, a NUL
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 000060df 7075626c696300 6700 64 0004 01 6100 00000019 ffffffff 00 6200 00000019 ffffffff
    00 6300 00000019 ffffffff 00 6400 00000019 ffffffff
out RELATION public.g changed id=24799 slot=0 version=1 serial=1 identity=d (a 25 key, b 25, c 25, d 25)
in  49 000060df 4e 0004 74 00000000 74 00000002 c3a9 74 00000001 22 74 00000001 00
out INSERT public.g new("", "\xc3\xa9", "\x22", "\x00")

case a relation without columns has empty rows
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 00004003 7075626c696300 656d70747900 64 0000
out RELATION public.empty changed id=16387 slot=0 version=1 serial=1 identity=d ()
in  49 00004003 4e 0000
out INSERT public.empty new()

# int4 1, numeric 1.50, timestamptz 2000-01-01 00:00:01+00 (PROTOCOL A.2); aclitem has no binary
# form.
case binary columns
options binary
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 00004004 7075626c696300 6200 66 0004 01 6900 00000017 ffffffff 01 6e00 000006a4 00060006
    01 7400 000004a0 ffffffff 01 6100 00000409 ffffffff
out RELATION public.b changed id=16388 slot=0 version=1 serial=1 identity=f (i 23 key, n 1700 typmod=393222 key, t 1184 key, a 1033 key)
in  49 00004004 4e 0004 62 00000004 00000001 62 0000000c 000200000000000200011388
    62 00000008 00000000000f4240 74 00000003 613d72
out INSERT public.b new(0x00000001, 0x000200000000000200011388, 0x00000000000f4240, "a=r")
in  55 00004004 4f 0004 62 00000004 00000001 6e 62 00000000 6e 4e 0004 62 00000004 00000002 75 6e 6e
out UPDATE public.b old(0x00000001, null, 0x, null) new(0x00000002, unchanged, null, null)

# Without a relation cache, rows are decoded by what they say of themselves.
case no relations
options no_relations binary
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION 24807 changed
in  49 000060df 4e 0003 74 00000001 31 6e 62 00000001 61
out INSERT 24799 new("1", null, 0x61)
in  55 000060df 4b 0001 74 00000001 31 4e 0002 6e 75
out UPDATE 24799 key("1") new(null, unchanged)
in  44 000060e7 4f 0001 74 00000001 38
out DELETE 24807 old("8")
in  54 00000001 00 00000007
out TRUNCATE 7
