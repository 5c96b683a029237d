/* SPDX-License-Identifier: MIT */
/* error_fields.c: the fields of ErrorResponse and NoticeResponse, and errors made from them. */
#include "engine.h"

static ww_slice *member_of(ww_server_error *e, uint8_t code)
{
    switch (code) {
    case 'S':
        return &e->severity_localized;
    case 'V':
        return &e->severity;
    case 'C':
        return &e->sqlstate;
    case 'M':
        return &e->message;
    case 'D':
        return &e->detail;
    case 'H':
        return &e->hint;
    case 'P':
        return &e->position;
    case 'p':
        return &e->internal_position;
    case 'q':
        return &e->internal_query;
    case 'W':
        return &e->context;
    case 's':
        return &e->schema;
    case 't':
        return &e->table;
    case 'c':
        return &e->column;
    case 'd':
        return &e->type_name;
    case 'n':
        return &e->constraint;
    case 'F':
        return &e->file;
    case 'L':
        return &e->line;
    case 'R':
        return &e->routine;
    default:
        return NULL;
    }
}

/* Five digits or upper-case letters. Anything else would be text of the server's choice in a place
 * where nobody escapes. */
static bool is_sqlstate(ww_slice s)
{
    size_t i;
    for (i = 0; i < s.len; i++)
        if ((s.ptr[i] < '0' || s.ptr[i] > '9') && (s.ptr[i] < 'A' || s.ptr[i] > 'Z'))
            return false;
    return s.len == 5;
}

void ww_msg_error(const ww_msg *msg, ww_server_error *out)
{
    ww__reader r = ww__reader_of(msg->body);
    uint8_t code;
    memset(out, 0, sizeof *out);
    while ((code = ww__u8(&r)) != 0) {
        ww_slice value = ww__cstr(&r);
        ww_slice *member = member_of(out, code);
        if (member != NULL && member->ptr == NULL)
            *member = value;
    }
    if (!is_sqlstate(out->sqlstate))
        out->sqlstate = ww_slice_of("XX000");
}

void ww_error_from_server(const ww_msg *msg, ww_error *err)
{
    ww_server_error e;
    if (err == NULL)
        return;
    ww_msg_error(msg, &e);
    ww__fail_at(err, WW_ERR_SERVER, "the server reports an error", WW_NO_OFFSET, msg->type);
    ww__copy_cut(err->sqlstate, sizeof err->sqlstate, e.sqlstate);
    ww__copy_cut(err->severity, sizeof err->severity,
                 e.severity.ptr != NULL ? e.severity : e.severity_localized);
    ww__copy_cut(err->message, sizeof err->message, e.message);
    ww__copy_cut(err->detail, sizeof err->detail, e.detail);
    ww__copy_cut(err->hint, sizeof err->hint, e.hint);
    ww__copy_cut(err->routine, sizeof err->routine, e.routine);
}

/* An error before the first ReadyForQuery ends the connection. Class 28 is "invalid authorization".
 * */
ww_status ww__refused(ww_conn *c, ww_slice body)
{
    ww_msg msg = { WW_MSG_ERROR, body };
    ww_error *err = &c->error;
    ww_error_from_server(&msg, err);
    if (err->sqlstate[0] == '2' && err->sqlstate[1] == '8')
        err->status = WW_ERR_AUTH;
    ww__error_add_text(err, c->oauth_error);
    if (c->state == WW_CONN_EXPECT_READY)
        err->what = "the server refused the session";
    else if (c->authenticated_peer)
        err->what = "the server refused the connection";
    else
        err->what = "the server refused the connection (its text is not authenticated)";
    return err->status;
}
