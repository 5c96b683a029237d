# Message: pg_logical_emit_message(). The content is bytes, in no encoding.

# PROTOCOL A.2. It comes as soon as it is decoded, outside of transactions.
case a non-transactional message
in  4d 00 00000000036d03b0 70667800 00000002 6869
out MESSAGE lsn=0/36D03B0 prefix="pfx" content="hi"

case messages inside a transaction, one of them empty and one of any bytes
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  4d 01 00000000036d03b0 00 00000000
out MESSAGE transactional lsn=0/36D03B0 prefix="" content=""
in  4d 01 00000000036d03b0 7000 00000005 00ff220a80
out MESSAGE transactional lsn=0/36D03B0 prefix="p" content="\x00\xff\x22\x0a\x80"
