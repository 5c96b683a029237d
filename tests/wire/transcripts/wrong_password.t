# A wrong password: the whole exchange, then 28P01. Server-first and the rest: PROTOCOL appendix A.1.
config user=u password=pencil nonce=000102030405060708090a0b0c0d0e0f1011
client (00030000 "user\0u\0" 00)
server R(0000000a "SCRAM-SHA-256\0\0")
client p("SCRAM-SHA-256\0" 00000020 "n,,n=,r=AAECAwQFBgcICQoLDA0ODxAR")
server R(0000000b "r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,s=AAECAwQFBgcICQoLDA0ODw==,i=4096")
client p("c=biws,r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,p=dWkLx3vqIk4U2jKgWZu+rMDVPEpPsRxa1n1PE+FxoWE=")
server E("SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"u\"\0Rauth_failed\0" 00)
log ERR_AUTH: the server refused the connection (its text is not authenticated) FATAL 28P01 "password authentication failed for user "u""
