# What is no message: the offset, the rule, and what it is about. Each case ends with its error.

case nothing
in
out error at 0: the message is empty

case an unknown type
in  7f 00
out error at 0: unknown message type

case flags that must be 0
in  50 01 00000000036d0558 00000000036d0650 000303c53f06fe3f 00000391 6769643100
out error at 1: unknown flags are set [PREPARE]

case xid 0
in  42 00000000036ce3c0 000303c53efaa0e5 00000000
out error at 17: a transaction id is 0 [BEGIN]

case position 0
in  42 0000000000000000 000303c53efaa0e5 00000386
out error at 1: an LSN is 0 [BEGIN]

case a byte too many
in  42 00000000036ce3c0 000303c53efaa0e5 00000386 00
out error at 21: the message goes on behind its last field [BEGIN]

case a field cut off
in  42 00000000036ce3c0 000303c53efaa0e5 0000
out error at 17: message ends in the middle of a field [BEGIN]

case a gid of 200 bytes
in  4b 00 00000000036d0650 00000000036d0688 000303c53f06ff31 00000391
    61616161616161616161616161616161616161616161616161616161616161616161616161616161
    61616161616161616161616161616161616161616161616161616161616161616161616161616161
    61616161616161616161616161616161616161616161616161616161616161616161616161616161
    61616161616161616161616161616161616161616161616161616161616161616161616161616161
    61616161616161616161616161616161616161616161616161616161616161616161616161616161 00
out error at 30: a gid is longer than 199 bytes [COMMIT_PREPARED]

case a string without NUL
in  4b 00 00000000036d0650 00000000036d0688 000303c53f06ff31 00000391 676964
out error at 30: a string has no terminating NUL [COMMIT_PREPARED]

case an unknown replica identity
options loose_order
in  52 000060e7 7075626c696300 676600 78 0001 01 696400 00000017 ffffffff
out error at 15: unknown replica identity (not one of d, n, f, i) [RELATION of relation 24807]

case more columns than a table can have
options loose_order
in  52 000060e7 7075626c696300 676600 66 0641
out error at 16: a relation has more than 1600 columns [RELATION of relation 24807]

case unknown column flags
options loose_order
in  52 000060e7 7075626c696300 676600 66 0001 02 696400 00000017 ffffffff
out error at 18: unknown flags are set [RELATION of relation 24807]

case a row of a relation that was not described
options loose_order
in  49 000060e7 4e 0001 74 00000001 37
out error at 1: a relation that the server has not described [INSERT of relation 24807]

case a row with too many columns
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0003 6e 6e 6e
out error at 6: a tuple's number of columns is not its relation's [INSERT public.gf: 3, not 2]

case a row with too few columns
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0001 6e
out error at 6: a tuple's number of columns is not its relation's [INSERT public.gf: 1, not 2]

case more columns than a row can have
options loose_order no_relations
in  49 000060e7 4e 0641 6e
out error at 6: a tuple has more than 1600 columns [INSERT of relation 24807]

case a column of an unknown kind
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0002 6e 7a
out error at 9: unknown column kind (not one of n, u, t, b) [INSERT public.gf.v]

case a binary column that was not asked for
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  55 000060e7 4f 0002 74 00000001 37 6e 4e 0002 62 00000001 37 6e
out error at 18: a binary column, but binary was not asked for [UPDATE public.gf.id]

case an unchanged column in an old row
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  55 000060e7 4f 0002 74 00000001 37 75 4e 0002 6e 6e
out error at 14: an unchanged column outside of a new tuple [UPDATE public.gf.v]

case a column of length -1
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0002 6e 74 ffffffff 37
out error at 9: a column's length is negative [INSERT public.gf.v]

case a column of 2 GiB
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0002 6e 74 7fffffff 37
out error at 9: a column is longer than the message [INSERT public.gf.v]

case a column one byte longer than the message
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0002 6e 74 00000002 37
out error at 9: a column is longer than the message [INSERT public.gf.v]

case a row that ends early
options loose_order
in  52 000060e7 7075626c696300 676600 66 0002 01 696400 00000017 ffffffff 01 7600 00000019 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key, v 25 key)
in  49 000060e7 4e 0002 6e
out error at 9: message ends before the last column [INSERT public.gf.v]

case an insert without a new row
options loose_order no_relations
in  49 000060e7 4f 0001 6e
out error at 5: unknown kind of tuple (not N) [INSERT of relation 24807]

case an update with two old rows
options loose_order no_relations
in  55 000060e7 4f 0001 6e 4f 0001 6e
out error at 9: unknown kind of tuple (not N) [UPDATE of relation 24807]

case a delete of a new row
options loose_order no_relations
in  44 000060e7 4e 0001 6e
out error at 5: unknown kind of tuple (neither K nor O) [DELETE of relation 24807]

case a truncate of more relations than fit
options loose_order no_relations
in  54 ffffffff 00 000060e7
out error at 1: a Truncate must name at least one relation [TRUNCATE]

case a truncate of two relations, with one
options loose_order no_relations
in  54 00000002 00 000060e7
out error at 6: a Truncate names more relations than the message holds [TRUNCATE]

case a truncate of nothing
options loose_order no_relations
in  54 00000000 00
out error at 1: a Truncate must name at least one relation [TRUNCATE]

case unknown truncate flags
options loose_order no_relations
in  54 00000001 04 000060e7
out error at 5: unknown flags are set [TRUNCATE]

case a truncate of a relation that was not described
options loose_order
in  52 000060e7 7075626c696300 676600 66 0001 01 696400 00000017 ffffffff
out RELATION public.gf changed id=24807 slot=0 version=1 serial=1 identity=f (id 23 key)
in  54 00000003 00 000060e7 000060e8 000060e7
out error at 10: a relation that the server has not described [TRUNCATE of relation 24808]

case a message with unknown flags
in  4d 02 00000000036d03b0 70667800 00000002 6869
out error at 1: unknown flags are set [MESSAGE]

case a message of negative length
in  4d 00 00000000036d03b0 70667800 ffffffff 6869
out error at 14: a length is negative [MESSAGE]

case a change of xid 0 inside a block
options streaming
in  53 00000398 01
out STREAM_START xid=920 first_segment
in  49 00000000 000060df 4e 0003 74 00000001 31 6e 74 00000001 61
out error at 1: a transaction id is 0 [INSERT]

case a stream start that is neither first nor not
options streaming
in  53 00000398 02
out error at 5: unknown flags are set [STREAM_START]

case half of the tail of a Stream Abort
in  41 00000398 00000399 00000000036d1aa8
out error at 17: message ends in the middle of a field [STREAM_ABORT]
