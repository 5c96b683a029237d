# A cleartext password over a Unix socket.
config user=u password=secret local=1 tls=require
client (00030000 "user\0u\0" 00)
server R(00000003)
client p("secret\0")
server R(00000000) Z("I")
log Z I
