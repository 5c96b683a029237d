# OAUTHBEARER with a token that is taken: RFC 7628 4.1, and code 0 without a final message. Written from
# the RFC and PROTOCOL 1.11: a server that checks tokens was not at hand.
config user=u token=eyJhbGciOi.J9-_~+/x== tls=require auth=oauth
client (04d2162f)
server "S"
state EXPECT_TLS
client
tls alpn
client (00030000 "user\0u\0" 00)
server R(0000000a "OAUTHBEARER\0\0")
client p("OAUTHBEARER\0" 00000027 "n,,\x01auth=Bearer eyJhbGciOi.J9-_~+/x==\x01\x01")
state EXPECT_OAUTH_ANSWER
server R(00000000)
state EXPECT_READY
server Z("I")
log Z I
