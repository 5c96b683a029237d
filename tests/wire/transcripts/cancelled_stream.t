# Cancel, or a decoding error: the stream ends with 'E' and 'Z'; the session lives on.
config user=u replication=1
client (00030000 "user\0u\0replication\0database\0" 00)
server R(00000000) Z("I")
log Z I
query "START_REPLICATION SLOT \"s\" LOGICAL 0/0"
client Q("START_REPLICATION SLOT \"s\" LOGICAL 0/0\0")
server W(00 0000) d("x") E("SERROR\0VERROR\0C57014\0Mcanceling statement due to user request\0" 00)
log W 000000
log d 78
log E ERROR 57014 "canceling statement due to user request"
state COPY_COMPLETE
server Z("I")
log Z I
query "SELECT 1"
client Q("SELECT 1\0")
server I() Z("T")
log I
log Z T
broken
log ERR_IO: the connection to the server was lost "in state IDLE"
