# A query that fails half way, several statements in one, a failed transaction, notifications.
config user=u
client (00030000 "user\0u\0" 00)
server R(00000000) K(00000001 00000002) Z("I")
log Z I
query "SELECT a FROM t; BEGIN; SELECT 1/0"
client Q("SELECT a FROM t; BEGIN; SELECT 1/0\0")
server T(0002 "a\0" 00004001 0001 00000017 0004 ffffffff 0000 "b\0" 00004001 0002 00000011 ffff 00000005 0001)
 D(0002 00000001 "1" 00000000) D(0002 ffffffff 00000003 "x\0y") C("SELECT 2\0") C("BEGIN\0")
 N("SNOTICE\0VNOTICE\0C00000\0Mhello\0" 00)
 T(0000) D(0000) E("SERROR\0VERROR\0C22012\0Mdivision by zero\0Fint.c\0L841\0Rint4div\0" 00) Z("E")
log T a:23 b:17
log D "1" ""
log D NULL "x\x00y"
log C "SELECT 2"
log C "BEGIN"
log N NOTICE 00000 "hello"
log T
log D
log E ERROR 22012 "division by zero"
log Z E
server A(00000007 "channel\0\0") S("TimeZone\0UTC\0")
log A 000000076368616e6e656c0000
log S TimeZone "UTC"
