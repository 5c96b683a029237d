# Server 10: a bad START option shows as 'W', 'E', 'Z'; DROP and CopyDone end with two 'C' each; settings
# are repeated in the middle of the stream.
config user=u replication=1
client (00030000 "user\0u\0replication\0database\0" 00)
server R(00000000) S("server_version\0" "10.23\0") K(00000001 00000002) Z("I")
log S server_version "10.23"
log Z I
query "START_REPLICATION SLOT \"s1\" LOGICAL 0/0 (\"proto_version\" '9')"
client Q("START_REPLICATION SLOT \"s1\" LOGICAL 0/0 (\"proto_version\" '9')\0")
server W(00 0000)
log W 000000
server E("SERROR\0VERROR\0C0A000\0Mclient sent proto_version=9\0" 00) Z("I")
log E ERROR 0A000 "client sent proto_version=9"
log Z I
state IDLE
query "DROP_REPLICATION_SLOT \"s1\""
client Q("DROP_REPLICATION_SLOT \"s1\"\0")
server C("DROP_REPLICATION_SLOT\0") C("SELECT\0") Z("I")
log C "DROP_REPLICATION_SLOT"
log C "SELECT"
log Z I
query "START_REPLICATION SLOT \"s2\" LOGICAL 0/0"
client Q("START_REPLICATION SLOT \"s2\" LOGICAL 0/0\0")
server W(00 0000) d("a") S("TimeZone\0UTC\0") S("client_encoding\0UTF8\0") A(00000007 "channel\0payload\0") d("b")
log W 000000
log d 61
log S TimeZone "UTC"
log S client_encoding "UTF8"
log A 000000076368616e6e656c007061796c6f616400
log d 62
copy_done
client c()
server d("late") c() C("COPY 0\0") C("SELECT\0") Z("I")
log d 6c617465
log c
log C "COPY 0"
log C "SELECT"
log Z I
