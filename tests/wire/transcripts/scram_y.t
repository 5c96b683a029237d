# SCRAM-SHA-256 over TLS; we could bind, the server (10) does not offer it: "y". PROTOCOL appendix A.1.
config user=u password=pencil nonce=000102030405060708090a0b0c0d0e0f1011 tls=require
client (04d2162f)
server "S"
client
tls 06298432e8066b29e2223bcc23aa9504b56ae508fabf3435508869b9c3190e22
client (00030000 "user\0u\0" 00)
server R(0000000a "SCRAM-SHA-256\0\0")
client p("SCRAM-SHA-256\0" 00000020 "y,,n=,r=AAECAwQFBgcICQoLDA0ODxAR")
state EXPECT_SASL_CONTINUE
server R(0000000b "r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,s=AAECAwQFBgcICQoLDA0ODw==,i=4096")
client p("c=eSws,r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,p=zWHmY2JsOFtK0qk8TyJ+S4UfuhJ20BFT5rf+E/uLZl4=")
state EXPECT_SASL_FINAL
server R(0000000c "v=jdiCuAKRrLOUv4VO2m3sNmmW7NzTVmZFNPCfUqgiWR8=")
state EXPECT_AUTH_OK
server R(00000000) Z("I")
log Z I
