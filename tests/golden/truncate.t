# Truncate: one message for all published tables of one statement.

case one relation, two relations, flags
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  52 000060df 7075626c696300 6700 64 0001 01 696400 00000017 ffffffff
out RELATION public.g changed id=24799 slot=0 version=1 serial=1 identity=d (id 23 key)
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf changed id=24807 slot=1 version=1 serial=2 identity=f (id 23 key)
in  54 00000001 00 000060df
out TRUNCATE 24799
in  54 00000002 01 000060df 000060e7
out TRUNCATE 24799 24807 cascade
in  54 00000002 02 000060e7 000060df
out TRUNCATE 24807 24799 restart_identity
in  54 00000001 03 000060e7
out TRUNCATE 24807 cascade restart_identity
