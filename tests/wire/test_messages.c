/* SPDX-License-Identifier: MIT */
/* test_messages.c: messages that are not what the protocol says (HOSTILE cases C), and odd ones
 * that are. */
#include "hostile.h"

/* C1: a length that cannot even hold itself. Refused at once, whatever the type. */
static void impossible_lengths(void)
{
    int place;
    unsigned type, len;
    for (place = 0; place <= 4; place++) {
        for (type = 0; type < 256; type++) {
            for (len = 0; len < 4; len++) {
                uint8_t header[5] = { (uint8_t)type, 0, 0, 0, (uint8_t)len };
                go(place);
                peer_feed(&p, header, sizeof header);
                failed("C1", WW_ERR_PROTOCOL, "");
                peer_close(&p);
            }
        }
    }
}

static void bad_messages(void)
{
    static const struct bad {
        const char *id;
        int place; /* 0 startup, 1 authenticated, 2 idle, 3 query, 4 stream */
        const char *said;
        ww_status status;
        const char *says;
    } bad[] = {
        { "C2", 3, "44 7fffffff", WW_ERR_LIMIT, "max_message" },
        { "C2", 4, "64 ffffffff", WW_ERR_PROTOCOL, "CopyData of length 4294967295" },
        { "C2", 4, "64 40000004", WW_ERR_LIMIT, "max_copy_data" },
        { "C2", 3, "54 80000000", WW_ERR_PROTOCOL, "RowDescription" },
        { "C5", 3, "T(0001 \"a\\0\" 00000000 0000 00000019 ffff ffffffff 0000) D(0001 fffffffe)",
          WW_ERR_PROTOCOL, "not -1" },
        { "C5", 3, "D(0001 80000000)", WW_ERR_PROTOCOL, "not -1" },
        { "C5", 3, "D(0001 00000002 78)", WW_ERR_PROTOCOL, "middle of a field" },
        { "C5", 3, "D(0001 7fffffff 78)", WW_ERR_PROTOCOL, "middle of a field" },
        { "C5", 3, "D(0001 00000001 7879)", WW_ERR_PROTOCOL, "bytes behind" },
        { "C5", 3, "D(0002 00000001 78)", WW_ERR_PROTOCOL, "middle of a field" },
        { "C5", 3, "D(ffff)", WW_ERR_PROTOCOL, "negative count" },
        { "C5", 3, "D(8000)", WW_ERR_PROTOCOL, "negative count" },
        { "C5", 3, "D(00)", WW_ERR_PROTOCOL, "length 5" },
        { "rows", 3, "D(0000)", WW_ERR_PROTOCOL, "RowDescription does not describe" },
        { "rows", 3, "T(0000) D(0001 ffffffff)", WW_ERR_PROTOCOL, "does not describe" },
        { "rows", 3, "T(0000) C(\"x\\0\") D(0000)", WW_ERR_PROTOCOL, "does not describe" },
        { "rows", 3, "T(0000) E(00) D(0000)", WW_ERR_PROTOCOL, "does not describe" },
        { "T", 3, "T(8000)", WW_ERR_PROTOCOL, "negative count" },
        { "T", 3, "T(0001 \"a\" 00000000 0000 00000019 ffff ffffffff 0000)", WW_ERR_PROTOCOL,
          "middle of a field" },
        { "T", 3, "T(0001 \"a\\0\" 00000000 0000 00000019 ffff ffffffff 00)", WW_ERR_PROTOCOL,
          "middle of a field" },
        { "T", 3, "T(0001 \"a\\0\" 00000000 0000 00000019 ffff ffffffff 0002)", WW_ERR_PROTOCOL,
          "unknown format" },
        { "T", 3, "T(0000 00)", WW_ERR_PROTOCOL, "bytes behind" },
        { "C8", 2, "E(\"MHello\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "C8", 2, "E(\"MHello\\0\")", WW_ERR_PROTOCOL, "middle of a field" },
        { "C8", 2, "E(\"MHello\\0\" 00 00)", WW_ERR_PROTOCOL, "bytes behind" },
        { "C8", 2, "E(\"M\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "C8", 2, "E()", WW_ERR_PROTOCOL, "length 4" },
        { "C8", 2, "N(\"MHello\\0\")", WW_ERR_PROTOCOL, "NoticeResponse" },
        { "C8", 0, "E(\"MHello\\0\")", WW_ERR_PROTOCOL, "middle of a field" },
        { "C8", 0, "\"EFATAL:  sorry, too many clients already\\n\" 00", WW_ERR_PROTOCOL,
          "too long to be true" }, /* the text of a server before 7.4, or of none */
        { "C10", 1, "S(\"a\\0b\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "C10", 1, "S(\"a\\0\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "C10", 1, "S(00)", WW_ERR_PROTOCOL, "length 5" },
        { "C10", 1, "S(\"aaa\\0\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "C10", 1, "S(\"a\\0b\\0c\\0\")", WW_ERR_PROTOCOL, "bytes behind" },
        { "C10", 1, "53 00a00000", WW_ERR_LIMIT, "max_message" },
        { "C10", 1, "S(\"client_encoding\\0SJIS\\0\")", WW_ERR_PROTOCOL, "SJIS" },
        { "C10", 1, "S(\"client_encoding\\0\\0\")", WW_ERR_PROTOCOL, "not UTF8" },
        { "C10", 4, "S(\"client_encoding\\0LATIN1\\0\")", WW_ERR_PROTOCOL, "LATIN1" },
        { "C10", 2, "S(\"client_encoding\\0SQL_ASCII\\0\")", WW_ERR_PROTOCOL, "SQL_ASCII" },
        { "C10", 1,
          "S(\"server_encoding\\0LATIN1\\0\") S(\"client_encoding\\0SQL_ASCII\\0\")",
          WW_ERR_PROTOCOL, "SQL_ASCII" },
        { "C10", 1, "S(\"server_encoding\\0SQL_ASCII\\0\") S(\"client_encoding\\0SJIS\\0\")",
          WW_ERR_PROTOCOL, "SJIS" },
        { "C12", 1, "Z()", WW_ERR_PROTOCOL, "length 4" },
        { "C12", 1, "Z(\"II\")", WW_ERR_PROTOCOL, "length 6" },
        { "C12", 1, "Z(\"X\")", WW_ERR_PROTOCOL, "transaction status" },
        { "C12", 3, "Z(\"i\")", WW_ERR_PROTOCOL, "transaction status" },
        { "C16", 3, "G(000000)", WW_ERR_PROTOCOL, "CopyInResponse in state BUSY" },
        { "C16", 3, "H(000000)", WW_ERR_PROTOCOL, "CopyOutResponse in state BUSY" },
        { "W", 3, "W(020000)", WW_ERR_PROTOCOL, "unknown format" },
        { "W", 3, "W(000001)", WW_ERR_PROTOCOL, "middle of a field" },
        { "W", 3, "W(0000010002)", WW_ERR_PROTOCOL, "unknown format" },
        { "W", 3, "W(00000000)", WW_ERR_PROTOCOL, "bytes behind" },
        { "W", 3, "W(008000)", WW_ERR_PROTOCOL, "negative count" },
        { "W", 3, "W(0000)", WW_ERR_PROTOCOL, "length 6" },
        { "C", 3, "C(\"x\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "C", 3, "C(\"x\\0y\")", WW_ERR_PROTOCOL, "bytes behind" },
        { "I", 3, "I(00)", WW_ERR_PROTOCOL, "length 5" },
        { "c", 4, "c(00)", WW_ERR_PROTOCOL, "length 5" },
        { "A", 2, "A(00000001 \"a\\0b\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "A", 2, "A(00000001 \"a\\0\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "A", 2, "A(00000001 00)", WW_ERR_PROTOCOL, "length 9" },
        { "A", 2, "A(00000001 \"a\\0b\\0c\")", WW_ERR_PROTOCOL, "bytes behind" },
        { "K", 1, "K(00000001 000002)", WW_ERR_PROTOCOL, "length 11" },
        { "K", 1, "K(00000001 0000000203)", WW_ERR_PROTOCOL, "4 bytes" },
        { "K", 1, "K(00000001 00000002) K(00000001 00000002)", WW_ERR_PROTOCOL, "a second" },
    };
    size_t i;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        go(bad[i].place);
        peer_say(&p, bad[i].said);
        failed(bad[i].id, bad[i].status, bad[i].says);
        CHECK(p.grown == 0 && ww_conn_error(&p.conn)->msg_type != 0);
        peer_close(&p);
    }
}

/* Layout errors say where, in the body. */
static void offsets(void)
{
    go(3);
    peer_say(&p, "D(0002 00000001 78 fffffffe)");
    CHECK_EQ_U64(ww_conn_error(&p.conn)->offset, 7);
    peer_close(&p);
    go(2);
    peer_say(&p, "E(\"C12345\\0MHello\")");
    CHECK_EQ_U64(ww_conn_error(&p.conn)->offset, 8);
    peer_close(&p);
}

/* C8, what must pass: odd, but well-formed. */
static void odd_errors(void)
{
    static const struct odd {
        const char *said, *log;
    } odd[] = {
        { "E(00)", "E  XX000 \"\"\n" },
        { "E(\"VERROR\\0Mx\\0\" 00)", "E ERROR XX000 \"x\"\n" },
        { "E(\"VERROR\\0C\\0Mx\\0\" 00)", "E ERROR XX000 \"x\"\n" },
        { "E(\"VERROR\\0C123456\\0Mx\\0\" 00)", "E ERROR XX000 \"x\"\n" },
        { "E(\"VERROR\\0C\\x1b[2Ja\\0Mx\\0\" 00)", "E ERROR XX000 \"x\"\n" },
        { "E(\"C42601\\0VERROR\\0\" 00)", "E ERROR 42601 \"\"\n" },
        { "E(\"VERROR\\0C42601\\0Mfirst\\0Msecond\\0C00000\\0VLOG\\0\" 00)",
          "E ERROR 42601 \"first\"\n" },
        { "E(\"VERROR\\0C42601\\0M\\0Msecond\\0\" 00)", "E ERROR 42601 \"\"\n" },
        { "E(\"\\x01what\\0zwhat\\0VERROR\\0C42601\\0\\xffx\\0Mx\\0\" 00)",
          "E ERROR 42601 \"x\"\n" },
        { "E(\"VERROR\\0C42601\\0Ma\\nb\\x1b[2J\\xc3\\x28\\0\" 00)",
          "E ERROR 42601 \"a\\x0ab\\x1b[2J\\xc3(\"\n" },
        { "N(00)", "N  XX000 \"\"\n" },
    };
    size_t i;
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        go(2);
        p.nlog = 0;
        peer_say(&p, odd[i].said);
        CHECK(p.status == WW_MORE);
        CHECK_TEXT(p.log, odd[i].log);
        peer_close(&p);
    }
}

static void an_error_of_a_thousand_fields(void)
{
    static uint8_t message[5 + 3 * 1000 + 8 + 1] = { 'E', 0, 0, 0x0b, 0xc5 };
    size_t i;
    for (i = 0; i < 1000; i++)
        memcpy(message + 5 + 3 * i, "zx", 3);
    memcpy(message + 3005, "C57P01\0", 7);
    message[3012] = 0;
    message[3] = (uint8_t)((3012 + 1 - 1) >> 8), message[4] = (uint8_t)(3012 + 1 - 1);
    go(2);
    p.nlog = 0;
    peer_feed(&p, message, 3013);
    CHECK_TEXT(p.log, "E  57P01 \"\"\n");
    peer_close(&p);
}

int main(void)
{
    RUN(impossible_lengths);
    RUN(bad_messages);
    RUN(offsets);
    RUN(odd_errors);
    RUN(an_error_of_a_thousand_fields);
    return check_report();
}
