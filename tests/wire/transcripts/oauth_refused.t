# OAUTHBEARER with a token that the server refuses (RFC 7628 3.2.2, 3.2.3): its reason is answered with
# one byte 01, and the error follows.
config user=u token=abc tls=direct
client
tls alpn
client (00030000 "user\0u\0" 00)
server R(0000000a "OAUTHBEARER\0\0")
client p("OAUTHBEARER\0" 00000015 "n,,\x01auth=Bearer abc\x01\x01")
server R(0000000b "{\"status\":\"invalid_token\",\x1b\"scope\":\"x\"}")
client p("\x01")
state EXPECT_OAUTH_ERROR
server E("SFATAL\0VFATAL\0C28000\0MOAuth bearer authentication failed for user \"u\"\0" 00)
log ERR_AUTH: the server refused the connection (its text is not authenticated) "{"status":"invalid_token",\x1b"scope":"x"}" FATAL 28000 "OAuth bearer authentication failed for user "u""
