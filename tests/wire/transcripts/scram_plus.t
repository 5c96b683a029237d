# SCRAM-SHA-256-PLUS; the certificate's hash is SHA-256 of "cert". PROTOCOL appendix A.1.
config user=u password=pencil nonce=000102030405060708090a0b0c0d0e0f1011 tls=require binding=require auth=scram
client (04d2162f)
server "S"
client
tls alpn 06298432e8066b29e2223bcc23aa9504b56ae508fabf3435508869b9c3190e22
client (00030000 "user\0u\0" 00)
server R(0000000a "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")
client p("SCRAM-SHA-256-PLUS\0" 00000035 "p=tls-server-end-point,,n=,r=AAECAwQFBgcICQoLDA0ODxAR")
server R(0000000b "r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,s=AAECAwQFBgcICQoLDA0ODw==,i=4096")
client p("c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsBimEMugGayniIjvMI6qVBLVq5Qj6vzQ1UIhpucMZDiI=,r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,p=ym5sV81o4xaGkfHV80JH+8bb1eUrcx0HZzKre2JVfb4=")
server R(0000000c "v=md9przKA7oWzbmAU5q/Vz8+M6yvex8TPS/pXreTEYzU=")
server R(00000000) Z("I")
log Z I
