# A cleartext password over TLS.
config user=u password=secret tls=require
client (04d2162f)
server "S"
state EXPECT_TLS
client
tls alpn
client (00030000 "user\0u\0" 00)
server R(00000003)
client p("secret\0")
server R(00000000) Z("I")
log Z I
