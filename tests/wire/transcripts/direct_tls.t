# Direct TLS: nothing in clear text at all.
config user=u tls=direct protocol=3.2
client
state EXPECT_TLS
tls alpn
client (00030002 "user\0u\0" 00)
server R(00000000) K(00000001 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f) Z("I")
log Z I
