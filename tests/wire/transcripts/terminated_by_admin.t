# pg_terminate_backend while a stream runs: FATAL, then the end.
config user=u replication=1
client (00030000 "user\0u\0replication\0database\0" 00)
server R(00000000) Z("I")
log Z I
query "START_REPLICATION SLOT \"s\" LOGICAL 0/0"
client Q("START_REPLICATION SLOT \"s\" LOGICAL 0/0\0")
server W(00 0000) E("SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0" 00)
log W 000000
log E FATAL 57P01 "terminating connection due to administrator command"
eof
log END
