# MD5: PROTOCOL appendix A.1.
config user=alice password=secret
client (00030000 "user\0alice\0" 00)
server R(00000005 01020304)
client p("md598a0412b9c31436fc53776e863350083\0")
state EXPECT_AUTH_OK
server R(00000000) N("SWARNING\0VWARNING\0C01000\0MMD5 password support is deprecated\0" 00) Z("I")
log N WARNING 01000 "MD5 password support is deprecated"
log Z I
