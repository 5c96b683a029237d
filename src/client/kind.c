/* SPDX-License-Identifier: MIT */
/* kind.c: target_session_attrs: is this a server that can be written to, a primary, a standby?
 * Servers from 14 on say so at login, older ones are asked. Source: PQconnectPoll. */
#include "connect.h"

#include "base/error.h"

static const char *const names[] = {
    "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
};

static ww__known known(bool yes)
{
    return yes ? WW__YES : WW__NO;
}

void ww__kind_note(ww_session *s, const ww_msg *parameter)
{
    ww_slice name, value;
    ww_msg_parameter(parameter, &name, &value);
    if (ww_slice_equal(name, ww_slice_of("in_hot_standby")))
        s->in_recovery = known(ww_slice_equal(value, ww_slice_of("on")));
    else if (ww_slice_equal(name, ww_slice_of("default_transaction_read_only")))
        s->read_only = known(ww_slice_equal(value, ww_slice_of("on")));
}

static ww_status late(const ww_session *s, ww_error *err)
{
    return ww__fail_text(err, WW_ERR_TIMEOUT,
                         "connect_timeout passed before the server said what kind it is",
                         s->address);
}

/* One value, "on" or "t" for yes. */
static ww_status ask(ww_session *s, const char *sql, ww_mono_us deadline, ww__known *answer,
                     ww_error *err)
{
    ww_status st = ww_session_query(s, sql, err);
    while (st == WW_OK && s->command_open) {
        ww_msg msg;
        ww_slice value = {NULL, 0};
        st = ww__session_message(s, &msg, deadline, err);
        if (st == WW_END)
            return ww__fail_text(err, WW_ERR_IO,
                                 "the server closed the connection when asked what "
                                 "kind it is",
                                 s->address);
        if (st == WW_OK && msg.type == WW_MSG_ERROR) {
            ww_error_from_server(&msg, err);
            return err != NULL ? err->status : WW_ERR_SERVER;
        }
        if (st == WW_OK && msg.type == WW_MSG_ROW) {
            ww_row_iter it = ww_row_begin(&msg);
            ww_row_next(&it, &value);
            *answer = known(ww_slice_equal(value, ww_slice_of("on")) ||
                            ww_slice_equal(value, ww_slice_of("t")));
        }
        if (st == WW_OK && msg.type == WW_MSG_READY)
            s->command_open = false;
        if (st == WW_OK && ww_clock_mono() >= deadline)
            st = late(s, err);
    }
    return st;
}

static ww_status ask_unknown(ww_session *s, ww_mono_us deadline, ww_error *err)
{
    bool writes = s->target == WW_TARGET_READ_WRITE || s->target == WW_TARGET_READ_ONLY;
    if (writes && (s->read_only == WW__UNKNOWN || s->in_recovery == WW__UNKNOWN))
        return ask(s, "SHOW transaction_read_only", deadline, &s->read_only, err);
    if (!writes && s->in_recovery == WW__UNKNOWN)
        return ask(s, "SELECT pg_catalog.pg_is_in_recovery()", deadline, &s->in_recovery, err);
    return WW_OK;
}

static bool is_wanted(const ww_session *s)
{
    bool standby = s->in_recovery == WW__YES;
    bool read_only = standby || s->read_only == WW__YES;
    switch (s->target) {
    case WW_TARGET_READ_WRITE:
        return !read_only;
    case WW_TARGET_READ_ONLY:
        return read_only;
    case WW_TARGET_PRIMARY:
        return !standby;
    case WW_TARGET_STANDBY:
    case WW_TARGET_PREFER_STANDBY:
        return standby;
    default:
        return true;
    }
}

ww_status ww__kind_check(ww_session *s, ww_mono_us deadline, ww_error *err)
{
    ww_status st = WW_OK;
    if (s->target == WW_TARGET_ANY)
        return WW_OK;
    st = ask_unknown(s, deadline, err);
    if (st == WW_OK && is_wanted(s))
        return WW_OK;
    if (st == WW_OK) {
        st = ww__fail_text(err, WW_ERR_IO,
                           "the server is not of the kind that "
                           "target_session_attrs asks for",
                           names[s->target]);
        ww__error_add_text(err, ": ");
        ww__error_add_text(err, s->address);
    }
    s->wrong_kind = st != WW_ERR_TIMEOUT && st != WW_ERR_CANCELLED;
    if (ww_conn_terminate(&s->conn, NULL) == WW_OK)
        ww__session_pump(s, false, NULL);
    return st;
}
