# Refused at the door.
config user=u
client (00030000 "user\0u\0" 00)
server E("SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0" 00)
log ERR_SERVER: the server refused the connection (its text is not authenticated) FATAL 53300 "sorry, too many clients already"
