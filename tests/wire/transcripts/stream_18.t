# Server 18, trust: log in, IDENTIFY_SYSTEM, stream, stop by CopyDone, leave.
# The keepalive is one captured from 18.4.
config user=u database=db replication=1
param client_encoding=UTF8
client (00030000 "user\0u\0database\0db\0replication\0database\0client_encoding\0UTF8\0" 00)
server R(00000000)
server S("in_hot_standby\0off\0") S("client_encoding\0UTF8\0") S("server_version\0" "18.4 (Debian 18.4-1)\0")
 K(00001267 deadbeef) Z("I")
log S in_hot_standby "off"
log S client_encoding "UTF8"
log S server_version "18.4 (Debian 18.4-1)"
log Z I
state IDLE
query "IDENTIFY_SYSTEM"
client Q("IDENTIFY_SYSTEM\0")
state BUSY
server T(0004 "systemid\0" 00000000 0000 00000019 ffff ffffffff 0000
   "timeline\0" 00000000 0000 00000014 0008 ffffffff 0000
   "xlogpos\0" 00000000 0000 00000019 ffff ffffffff 0000
   "dbname\0" 00000000 0000 00000019 ffff ffffffff 0000)
 D(0004 00000013 "7421938473829384756" 00000001 "1" 00000009 "0/36CE038" ffffffff)
 C("IDENTIFY_SYSTEM\0") Z("I")
log T systemid:25 timeline:20 xlogpos:25 dbname:25
log D "7421938473829384756" "1" "0/36CE038" NULL
log C "IDENTIFY_SYSTEM"
log Z I
query "START_REPLICATION SLOT \"s1\" LOGICAL 0/0 (\"proto_version\" '4', \"publication_names\" '\"p\"')"
client Q("START_REPLICATION SLOT \"s1\" LOGICAL 0/0 (\"proto_version\" '4', \"publication_names\" '\"p\"')\0")
server W(00 0000)
log W 000000
state COPY_BOTH
server 64 00000016 6b 00000000036ce038 000303c53eee4ff1 00
log d 6b00000000036ce038000303c53eee4ff100
copy_data 72 00000000036ce038 00000000036ce038 00000000036ce038 000303c53eee5000 00
client d(72 00000000036ce038 00000000036ce038 00000000036ce038 000303c53eee5000 00)
server d("w" 00000000036ce3c0 00000000036ce3c0 000303c53efaa0e5
    42 00000000036ce3c0 000303c53efaa0e5 00000386)
 N("SWARNING\0VWARNING\0C55000\0Mskipped loading publication \"p\"\0RLoadPublications\0" 00)
 d("w" 00000000036ce3f0 00000000036ce3f0 000303c53efaa0e5
    43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5)
log d 7700000000036ce3c000000000036ce3c0000303c53efaa0e54200000000036ce3c0000303c53efaa0e500000386
log N WARNING 55000 "skipped loading publication "p""
log d 7700000000036ce3f000000000036ce3f0000303c53efaa0e5430000000000036ce3c000000000036ce3f0000303c53efaa0e5
copy_done
client c()
state COPY_ENDING
# a keepalive after 'c' has been seen on real servers
server d("x") c() d(6b 00000000036ce3f0 000303c53eee4ff1 00)
 C("COPY 0\0") C("START_REPLICATION\0") Z("I")
log d 78
log c
log d 6b00000000036ce3f0000303c53eee4ff100
log C "COPY 0"
log C "START_REPLICATION"
log Z I
state IDLE
terminate
client X()
state TERMINATING
eof
log END
state CLOSED
