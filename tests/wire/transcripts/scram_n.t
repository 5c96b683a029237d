# SCRAM-SHA-256 without TLS, "n": PROTOCOL appendix A.1.
config user=u password=pencil nonce=000102030405060708090a0b0c0d0e0f1011
client (00030000 "user\0u\0" 00)
server R(0000000a "SCRAM-SHA-256\0\0")
client p("SCRAM-SHA-256\0" 00000020 "n,,n=,r=AAECAwQFBgcICQoLDA0ODxAR")
state EXPECT_SASL_CONTINUE
server R(0000000b "r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,s=AAECAwQFBgcICQoLDA0ODw==,i=4096")
client p("c=biws,r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,p=dWkLx3vqIk4U2jKgWZu+rMDVPEpPsRxa1n1PE+FxoWE=")
state EXPECT_SASL_FINAL
server R(0000000c "v=rZvLmY5dDem4vTuKjhYNvDfsCzhflXoM+xP+Y8Yyktk=")
state EXPECT_AUTH_OK
server R(00000000) Z("I")
log Z I
