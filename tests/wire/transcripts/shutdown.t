# Fast shutdown of the server: 'C' without 'c' and 'Z', then the end, which is in order.
config user=u replication=1
client (00030000 "user\0u\0replication\0database\0" 00)
server R(00000000) Z("I")
log Z I
query "START_REPLICATION SLOT \"s\" LOGICAL 0/0"
client Q("START_REPLICATION SLOT \"s\" LOGICAL 0/0\0")
server W(00 0000) d(6b 00000000036ce038 000303c53eee4ff1 01)
log W 000000
log d 6b00000000036ce038000303c53eee4ff101
copy_data "r"
client d("r")
server C("COPY 0\0")
log C "COPY 0"
state COPY_COMPLETE
eof
log END
