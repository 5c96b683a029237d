# The server ends the copy first: its CopyDone is answered, and a row follows (a physical stream that
# reached the end of a timeline).
config user=u replication=1
client (00030000 "user\0u\0replication\0database\0" 00)
server R(00000000) Z("I")
log Z I
query "START_REPLICATION 0/0 TIMELINE 1"
client Q("START_REPLICATION 0/0 TIMELINE 1\0")
server W(00 0000) c()
log W 000000
log c
client c()
state COPY_ENDED
server T(0001 "next_tli\0" 00000000 0000 00000014 0008 ffffffff 0000) D(0001 00000001 "2")
 C("START_STREAMING\0") C("START_REPLICATION\0") Z("I")
log T next_tli:20
log D "2"
log C "START_STREAMING"
log C "START_REPLICATION"
log Z I
