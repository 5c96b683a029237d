/* SPDX-License-Identifier: MIT */
/* test_states.c: in every state, every one of the 256 types: what the protocol's chapter on message
 * flow has there is taken, and everything else ends the connection, by name. */
#include "check.h"
#include "script.h"

/* How to get there; and what may come there, from the documentation and not from our table. */
static const struct place {
    ww_conn_state state;
    const char *types;
    const char *said; /* by the server, after StartupMessage */
    int commands;     /* of ours: 1 a query, then 'W'; 2 CopyDone too */
    const char *then; /* by the server, after these */
} places[] = {
    { WW_CONN_EXPECT_AUTH, "RvE", "", 0, "" },
    { WW_CONN_EXPECT_AUTH_OK, "RE", "R(00000003)", 0, "" },
    { WW_CONN_EXPECT_READY, "KSNZE", "R(00000000)", 0, "" },
    { WW_CONN_IDLE, "SNAE", "R(00000000) Z(\"I\")", 0, "" },
    { WW_CONN_BUSY, "TDCIWEZSNA", "R(00000000) Z(\"I\")", 1, "" },
    { WW_CONN_COPY_BOTH, "dcCESNA", "R(00000000) Z(\"I\")", 1, "W(000000)" },
    { WW_CONN_COPY_ENDING, "dcCESNA", "R(00000000) Z(\"I\")", 2, "W(000000)" },
    { WW_CONN_COPY_ENDED, "dTDCESNA", "R(00000000) Z(\"I\")", 1, "W(000000) c()" },
    { WW_CONN_COPY_COMPLETE, "CEZSNA", "R(00000000) Z(\"I\")", 1, "W(000000) C(\"COPY 0\\0\")" },
};

/* A body of each type that is good wherever the type is. */
static const struct sample {
    char type;
    const char *body;
} samples[] = {
    { 'R', "00000000" },        { 'v', "00030000 00000001 \"_pq_.x\\0\"" },
    { 'K', "00000001 00000002" }, { 'S', "\"a\\0b\\0\"" },
    { 'Z', "\"I\"" },           { 'E', "\"C12345\\0\" 00" },
    { 'N', "00" },              { 'A', "00000001 \"a\\0b\\0\"" },
    { 'T', "0000" },            { 'D', "0000" },
    { 'C', "\"x\\0\"" },        { 'W', "000000" },
    { 'G', "000000" },          { 'H', "000000" },
};

static const char *sample_of(char type)
{
    size_t i;
    for (i = 0; i < sizeof samples / sizeof samples[0]; i++)
        if (samples[i].type == type)
            return samples[i].body;
    return "";
}

static void go(peer *p, const struct place *place)
{
    static const ww_param param = { "_pq_.x", "" };
    ww_conn_config config = { 0 };
    config.password = "secret";
    config.local = true;
    config.params = &param;
    config.nparams = 1;
    peer_open(p, &config);
    peer_say(p, place->said);
    if (place->commands > 0)
        CHECK(ww_conn_query(&p->conn, ww_slice_of("q"), NULL) == WW_OK);
    if (strchr(place->then, 'W') != NULL)
        peer_say(p, place->then);
    if (place->commands > 1)
        CHECK(ww_conn_copy_done(&p->conn, NULL) == WW_OK);
    peer_pump(p);
    CHECK(p->conn.state == place->state);
}

static void say_message(peer *p, unsigned type)
{
    char text[128];
    snprintf(text, sizeof text, "%02x (%s)", type, sample_of((char)type));
    peer_say(p, text);
}

/* A DataRow needs its RowDescription. */
static void prepare(peer *p, unsigned type)
{
    if (type == 'D')
        say_message(p, 'T');
}

static bool names(const ww_error *err, const char *text)
{
    return strstr(err->subject, text) != NULL;
}

static void check_expected(peer *p, unsigned type)
{
    bool fails = p->conn.state < WW_CONN_IDLE && type == 'E';
    prepare(p, type);
    say_message(p, type);
    CHECK(fails ? p->status == WW_ERR_SERVER : p->status == WW_MORE);
}

static void check_unexpected(peer *p, const struct place *place, unsigned type)
{
    static uint8_t header[5] = { 0, 0, 0, 0x10, 0 };
    char number[8];
    const ww_error *err = ww_conn_error(&p->conn);
    header[0] = (uint8_t)type;
    CHECK_EQ_U64(peer_feed(p, header, sizeof header), sizeof header); /* the header is enough */
    CHECK(p->status == WW_ERR_PROTOCOL);
    CHECK(err->status == WW_ERR_PROTOCOL && err->msg_type == (char)type);
    CHECK(names(err, ww_conn_state_name(place->state)));
    snprintf(number, sizeof number, "0x%02x", type);
    CHECK(names(err, number) || strchr("RvKSZENATDCWGHcdI", (int)type) != NULL);
    CHECK(p->conn.state == WW_CONN_FAILED && ww_conn_wants(&p->conn) == WW_WANT_CLOSED);
}

static void every_type_in_every_state(void)
{
    static peer p;
    size_t i;
    unsigned type;
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (type = 0; type < 256; type++) {
            memset(&p, 0, sizeof p);
            go(&p, &places[i]);
            if (type != 0 && strchr(places[i].types, (int)type) != NULL)
                check_expected(&p, type);
            else
                check_unexpected(&p, &places[i], type);
            peer_close(&p);
        }
    }
}

/* The messages that a newcomer may confuse: named, with type and state. */
static void errors_name_the_message(void)
{
    static peer p;
    go(&p, &places[4]);
    peer_say(&p, "G(000000)");
    CHECK_TEXT(ww_conn_error(&p.conn)->subject, "CopyInResponse in state BUSY");
    peer_close(&p);
    memset(&p, 0, sizeof p);
    go(&p, &places[3]);
    peer_say(&p, "Z(\"I\")");
    CHECK_TEXT(ww_conn_error(&p.conn)->subject, "ReadyForQuery in state IDLE");
    CHECK_TEXT(ww_conn_error(&p.conn)->what, "unexpected message");
    peer_close(&p);
    memset(&p, 0, sizeof p);
    go(&p, &places[0]);
    peer_say(&p, "\"HTTP/1.1 400 Bad Request\"");
    CHECK_TEXT(ww_conn_error(&p.conn)->subject, "CopyOutResponse in state EXPECT_AUTH");
    CHECK(strstr(ww_conn_error(&p.conn)->what, "host and port") != NULL);
    peer_close(&p);
    memset(&p, 0, sizeof p);
    go(&p, &places[1]);
    peer_say(&p, "R(00000005 01020304)");
    CHECK_TEXT(ww_conn_error(&p.conn)->subject,
               "AuthenticationMD5Password in state EXPECT_AUTH_OK");
    peer_close(&p);
}

static ww_status try_command(ww_conn *c, int command, ww_error *err)
{
    switch (command) {
    case 0:
        return ww_conn_query(c, ww_slice_of("q"), err);
    case 1:
        return ww_conn_copy_data(c, ww_slice_of("r"), err);
    case 2:
        return ww_conn_copy_done(c, err);
    default:
        return ww_conn_terminate(c, err);
    }
}

static bool may(ww_conn_state state, int command)
{
    if (command == 0)
        return state == WW_CONN_IDLE;
    if (command == 3)
        return state >= WW_CONN_IDLE && state < WW_CONN_TERMINATING;
    return state == WW_CONN_COPY_BOTH;
}

static void every_command_in_every_state(void)
{
    static peer p;
    ww_error err;
    size_t i;
    int command;
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (command = 0; command < 4; command++) {
            memset(&p, 0, sizeof p);
            go(&p, &places[i]);
            if (may(places[i].state, command)) {
                CHECK(try_command(&p.conn, command, &err) == WW_OK);
            } else {
                CHECK(try_command(&p.conn, command, &err) == WW_ERR_USAGE);
                CHECK(names(&err, ww_conn_state_name(places[i].state)));
                CHECK(p.conn.state == places[i].state && ww_conn_error(&p.conn)->status == WW_OK);
            }
            CHECK(p.conn.out_end == (may(places[i].state, command)
                                         ? (command == 0 ? 7u : command == 1 ? 6u : 5u)
                                         : 0u));
            peer_close(&p);
        }
    }
}

/* On a failed connection a command says what had happened. */
static void commands_after_failure(void)
{
    static peer p;
    ww_error err;
    memset(&p, 0, sizeof p);
    go(&p, &places[3]);
    peer_say(&p, "Z(\"I\")");
    CHECK(ww_conn_query(&p.conn, ww_slice_of("q"), &err) == WW_ERR_PROTOCOL);
    CHECK_TEXT(err.subject, "ReadyForQuery in state IDLE");
    CHECK(ww_conn_terminate(&p.conn, NULL) == WW_ERR_PROTOCOL);
    CHECK(ww_conn_work(&p.conn, 1) == WW_ERR_PROTOCOL);
    peer_close(&p);
}

int main(void)
{
    RUN(every_type_in_every_state);
    RUN(errors_name_the_message);
    RUN(every_command_in_every_state);
    RUN(commands_after_failure);
    return check_report();
}
