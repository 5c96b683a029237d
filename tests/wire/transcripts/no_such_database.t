# Refused after the login.
config user=u
client (00030000 "user\0u\0" 00)
server R(00000000) E("SFATAL\0VFATAL\0C3D000\0Mdatabase \"u\" does not exist\0" 00)
log ERR_SERVER: the server refused the session FATAL 3D000 "database "u" does not exist"
