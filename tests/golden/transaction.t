# Ordinary transactions: B [O] { Y* R | I | U | D | T | M }* C. Frames captured from PostgreSQL
# 18.4 (PROTOCOL A.2): g(id int primary key, v text, m gm) is 24799, the enum gm is 24796.

case one transaction with every kind of change
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  4f 000000000000abcd 6f726700
out ORIGIN commit_lsn=0/ABCD name="org"
in  59 000060dc 7075626c696300 676d00
out TYPE 24796 public.gm
in  52 000060df 7075626c696300 6700 64 0003 01 696400 00000017 ffffffff
    00 7600 00000019 ffffffff 00 6d00 000060dc ffffffff
out RELATION public.g changed id=24799 slot=0 version=1 serial=1 identity=d (id 23 key, v 25, m 24796)
in  49 000060df 4e 0003 74 00000001 31 6e 74 00000001 61
out INSERT public.g new("1", null, "a")
in  55 000060df 4e 0003 74 00000001 32 75 6e
out UPDATE public.g new("2", unchanged, null)
in  55 000060df 4b 0003 74 00000001 31 6e 6e 4e 0003 74 00000001 32 6e 74 00000001 61
out UPDATE public.g key("1", null, null) new("2", null, "a")
in  44 000060df 4b 0003 74 00000001 32 6e 6e
out DELETE public.g key("2", null, null)
in  54 00000001 00 000060df
out TRUNCATE 24799
in  4d 01 00000000036d03b0 70667800 00000002 6869
out MESSAGE transactional lsn=0/36D03B0 prefix="pfx" content="hi"
in  43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5
out COMMIT commit_lsn=0/36CE3C0 end_lsn=0/36CE3F0 commit_time=2026-11-21T10:03:50.185189

# Servers 10 to 14 send these for DDL, ANALYZE and unpublished tables.
case an empty transaction, then one with an origin and nothing else
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5
out COMMIT commit_lsn=0/36CE3C0 end_lsn=0/36CE3F0 commit_time=2026-11-21T10:03:50.185189
in  42 00000000036ce3f0 000303c53efaa0e5 00000387
out BEGIN final_lsn=0/36CE3F0 commit_time=2026-11-21T10:03:50.185189 xid=903
in  4f 000000000000abcd 6f726700
out ORIGIN commit_lsn=0/ABCD name="org"
in  43 00 00000000036ce3f0 00000000036ce420 000303c53efaa0e5
out COMMIT commit_lsn=0/36CE3F0 end_lsn=0/36CE420 commit_time=2026-11-21T10:03:50.185189

# The positions use all 64 bits, the commit time may lie before 2000, the xid uses all 32 bits.
case extreme numbers
in  42 ffffffffffffffff fffffffffffffc18 ffffffff
out BEGIN final_lsn=FFFFFFFF/FFFFFFFF commit_time=1999-12-31T23:59:59.999000 xid=4294967295
in  43 00 ffffffffffffffff fedcba9876543210 fffffffffffffc18
out COMMIT commit_lsn=FFFFFFFF/FFFFFFFF end_lsn=FEDCBA98/76543210 commit_time=1999-12-31T23:59:59.999000
