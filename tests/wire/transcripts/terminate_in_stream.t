# Terminate in the middle of a stream: what is still on its way is thrown away, a torn message too.
config user=u replication=1
client (00030000 "user\0u\0replication\0database\0" 00)
server R(00000000) Z("I")
log Z I
query "START_REPLICATION SLOT \"s\" LOGICAL 0/0"
client Q("START_REPLICATION SLOT \"s\" LOGICAL 0/0\0")
server W(00 0000)
log W 000000
terminate
client X()
server d("abc") 64 00000100 "torn"
broken
log END
