# Streamed transactions (protocol 2 and later): inside a block, every change says which
# (sub)transaction made it. Frames captured from PostgreSQL 18.4 (PROTOCOL A.2).

case a streamed transaction with subtransactions, committed
options streaming
in  53 00000398 01
out STREAM_START xid=920 first_segment
in  4f 0000000000000000 6f726700
out ORIGIN commit_lsn=0/0 name="org"
in  59 00000398 000060dc 7075626c696300 676d00
out TYPE subxid=920 24796 public.gm
in  52 00000398 000060df 7075626c696300 6700 64 0003 01 696400 00000017 ffffffff
    00 7600 00000019 ffffffff 00 6d00 000060dc ffffffff
out RELATION subxid=920 public.g changed id=24799 slot=0 version=1 serial=1 identity=d (id 23 key, v 25, m 24796)
in  49 00000398 000060df 4e 0003 74 00000001 31 6e 74 00000001 61
out INSERT subxid=920 public.g new("1", null, "a")
in  49 00000399 000060df 4e 0003 74 00000001 32 6e 74 00000001 61
out INSERT subxid=921 public.g new("2", null, "a")
in  45
out STREAM_STOP
in  53 00000398 00
out STREAM_START xid=920
in  55 0000039a 000060df 4b 0003 74 00000002 3130 6e 6e 4e 0003 74 00000002 3132 6e 6e
out UPDATE subxid=922 public.g key("10", null, null) new("12", null, null)
in  44 00000398 000060df 4b 0003 74 00000001 31 6e 6e
out DELETE subxid=920 public.g key("1", null, null)
in  54 00000398 00000001 00 000060df
out TRUNCATE subxid=920 24799
in  4d 00000398 01 00000000036d1b78 7000 00000001 7a
out MESSAGE subxid=920 transactional lsn=0/36D1B78 prefix="p" content="z"
in  45
out STREAM_STOP
in  41 00000398 00000399
out STREAM_ABORT xid=920 subxid=921
in  63 00000398 00 00000000036d1b78 00000000036d1bb0 000303c540a60194
out STREAM_COMMIT xid=920 commit_lsn=0/36D1B78 end_lsn=0/36D1BB0 commit_time=2026-11-21T10:04:18.193812

# The tail is there because of streaming=parallel, not because of a protocol version.
case streaming=parallel: aborts of a subtransaction and of the whole
options streaming
in  41 00000398 00000399 00000000036d1aa8 000303c540a60057
out STREAM_ABORT xid=920 subxid=921 abort_lsn=0/36D1AA8 abort_time=2026-11-21T10:04:18.193495
in  41 00000398 00000398 00000000036d1aa8 000303c540a60057
out STREAM_ABORT xid=920 subxid=920 abort_lsn=0/36D1AA8 abort_time=2026-11-21T10:04:18.193495
in  41 00000398 00000398 0000000000000000 0000000000000000
out STREAM_ABORT xid=920 subxid=920 abort_lsn=0/0 abort_time=2000-01-01T00:00:00.000000

# Even the first block may be empty. Other transactions and messages stand between blocks.
case blocks of two transactions, an ordinary one and a message between them
options streaming
in  53 00000398 01
out STREAM_START xid=920 first_segment
in  45
out STREAM_STOP
in  53 000003a0 01
out STREAM_START xid=928 first_segment
in  52 000003a0 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION subxid=928 public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key)
in  49 000003a1 000060e7 4e 0001 74 00000001 37
out INSERT subxid=929 public.gf new("7")
in  45
out STREAM_STOP
in  4d 00 00000000036d03b0 70667800 00000002 6869
out MESSAGE lsn=0/36D03B0 prefix="pfx" content="hi"
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  49 000060e7 4e 0001 74 00000001 38
out INSERT public.gf new("8")
in  43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5
out COMMIT commit_lsn=0/36CE3C0 end_lsn=0/36CE3F0 commit_time=2026-11-21T10:03:50.185189
in  53 00000398 00
out STREAM_START xid=920
in  45
out STREAM_STOP
in  63 00000398 00 00000000036d1b78 00000000036d1bb0 000303c540a60194
out STREAM_COMMIT xid=920 commit_lsn=0/36D1B78 end_lsn=0/36D1BB0 commit_time=2026-11-21T10:04:18.193812
in  41 000003a0 000003a0
out STREAM_ABORT xid=928 subxid=928

case a streamed transaction, prepared
options streaming
in  53 0000039b 01
out STREAM_START xid=923 first_segment
in  45
out STREAM_STOP
in  70 00 00000000036d1c30 00000000036d1d28 000303c540a602a3 0000039b 6769643300
out STREAM_PREPARE prepare_lsn=0/36D1C30 end_lsn=0/36D1D28 prepare_time=2026-11-21T10:04:18.194083 xid=923 gid="gid3"

# What an assembler asks for: rows in blocks are checked by what they say of themselves, relations
# in blocks are not kept. The stored messages are decoded again at Stream Commit.
case deferred blocks leave the relation cache alone
options streaming defer_blocks
in  53 00000398 01
out STREAM_START xid=920 first_segment
in  52 00000398 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION subxid=920 24807 changed
in  49 00000398 000060e7 4e 0001 74 00000001 37
out INSERT subxid=920 24807 new("7")
in  49 00000398 000060e8 4e 0002 74 00000001 37 6e
out INSERT subxid=920 24808 new("7", null)
in  54 00000398 00000001 00 000060e9
out TRUNCATE subxid=920 24809
in  45
out STREAM_STOP
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  49 000060e7 4e 0001 74 00000001 37
out error at 1: a relation that the server has not described [INSERT of relation 24807]

# PostgreSQL 18 may send these to clients that never asked for streaming, and between any two
# messages that are not in a block.
case stray Stream Aborts
in  41 00000398 00000398
out STREAM_ABORT xid=920 subxid=920
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  41 00000398 00000399
out STREAM_ABORT xid=920 subxid=921
in  43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5
out COMMIT commit_lsn=0/36CE3C0 end_lsn=0/36CE3F0 commit_time=2026-11-21T10:03:50.185189
