# sslmode=prefer, and a server without TLS.
config user=u tls=prefer
client (04d2162f)
server "N"
client (00030000 "user\0u\0" 00)
server R(00000000) Z("I")
log Z I
