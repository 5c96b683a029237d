# 3.2 and an extension asked of server 17: it falls back to 3.0 and names the extension; the key has 4
# bytes.
config user=u protocol=3.2
param _pq_.test=x
client (00030002 "user\0u\0_pq_.test\0x\0" 00)
server v(00030000 00000001 "_pq_.test\0") R(00000000) K(00000001 00000002) Z("I")
log Z I
