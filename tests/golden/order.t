# Messages where they may not stand. test_decode_order tries all short sequences; these are to read.

case Begin inside a transaction
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  42 00000000036ce3f0 000303c53efaa0e5 00000387
out error at 0: this message may not stand between Begin and Commit [BEGIN]

case Commit without Begin
in  43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5
out error at 0: nothing is open that this message could belong to [COMMIT]

case a change outside of transactions
in  44 000060df 4b 0003 74 00000001 32 6e 6e
out error at 0: nothing is open that this message could belong to [DELETE]

case Commit instead of Prepare
in  62 00000000036d0558 00000000036d0650 000303c53f06fe3f 00000391 6769643100
out BEGIN_PREPARE prepare_lsn=0/36D0558 end_lsn=0/36D0650 prepare_time=2026-11-21T10:03:50.995519 xid=913 gid="gid1"
in  43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5
out error at 0: this message may not stand between Begin Prepare and Prepare [COMMIT]

case Stream Start in a block
options streaming
in  53 00000398 01
out STREAM_START xid=920 first_segment
in  53 00000398 00
out error at 0: this message may not stand between Stream Start and Stream Stop [STREAM_START]

case Stream Abort in a block
options streaming
in  53 00000398 01
out STREAM_START xid=920 first_segment
in  41 00000398 00000399
out error at 0: this message may not stand between Stream Start and Stream Stop [STREAM_ABORT]

case Stream Start, but streaming was not asked for
in  53 00000398 01
out error at 0: a message of streamed transactions, but streaming was not asked for [STREAM_START]

case Origin after a change
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  59 000060dc 7075626c696300 676d00
out TYPE 24796 public.gm
in  4f 000000000000abcd 6f726700
out error at 0: an Origin must directly follow what opened the transaction [ORIGIN]

case a transactional message outside of transactions
in  4d 01 00000000036d03b0 70667800 00000002 6869
out error at 1: a transactional Message must stand inside a transaction [MESSAGE]

case a non-transactional message inside a transaction
in  42 00000000036ce3c0 000303c53efaa0e5 00000386
out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
in  4d 00 00000000036d03b0 70667800 00000002 6869
out error at 1: a non-transactional Message must stand outside of transactions [MESSAGE]
