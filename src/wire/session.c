/* SPDX-License-Identifier: MIT */
/* session.c: what the engine remembers of an authenticated session: settings that the server
 * reports, the key for cancelling, the shape of rows, and our answer to the server's CopyDone. */
#include "engine.h"

#define MAX_VERSION_PART 9999u

static ww_status fail_session(ww_conn *c, const char *what, char type)
{
    return ww__fail_at(&c->error, WW_ERR_PROTOCOL, what, WW_NO_OFFSET, type);
}

ww_status ww__take_key(ww_conn *c, ww_slice body)
{
    ww__reader r = ww__reader_of(body);
    if (c->cancel_key_len != 0)
        return fail_session(c, "a second BackendKeyData", 'K');
    c->backend_pid = ww__u32(&r);
    if (c->protocol == WW_PROTOCOL_3_0 && ww__left(&r) != 4)
        return fail_session(c, "under protocol 3.0 a cancel key has 4 bytes", 'K');
    c->cancel_key_len = ww__left(&r);
    memcpy(c->cancel_key, r.at, c->cancel_key_len);
    return WW_OK;
}

/* ---- ParameterStatus ------------------------------------------------------------------------ */

/* Digits, as many as there are; false for none of them or a number that no version has. */
static bool read_version_part(ww__reader *r, unsigned *value)
{
    const uint8_t *start = r->at;
    *value = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && *value <= MAX_VERSION_PART)
        *value = *value * 10 + (unsigned)(*r->at++ - '0');
    return r->at > start && *value <= MAX_VERSION_PART;
}

static bool skip_dot(ww__reader *r)
{
    bool dot = r->at < r->end && *r->at == '.';
    if (dot)
        r->at++;
    return dot;
}

/* "18.4 (Debian 18.4-1)" is 180004, "19beta2" 190000, "9.6.24" 90624; 0 for anything else. */
static int parse_version(ww_slice text)
{
    ww__reader r = ww__reader_of(text);
    unsigned major, minor = 0, patch = 0;
    if (!read_version_part(&r, &major))
        return 0;
    if (skip_dot(&r) && !read_version_part(&r, &minor))
        return 0;
    if (major >= 10)
        return (int)(major * 10000 + minor);
    if (skip_dot(&r) && !read_version_part(&r, &patch))
        return 0;
    return minor < 100 && patch < 100 ? (int)(major * 10000 + minor * 100 + patch) : 0;
}

/* A database in SQL_ASCII converts nothing, but would refuse to send as UTF8 what is none: there,
 * and only there, its bytes may come as they are. */
static ww_status take_encoding(ww_conn *c, ww_slice value)
{
    if (ww_slice_equal(value, ww_slice_of("UTF8")))
        return WW_OK;
    if (c->sql_ascii && ww_slice_equal(value, ww_slice_of("SQL_ASCII")))
        return WW_OK;
    fail_session(c, "client_encoding is not UTF8: ask for it at startup, and leave it", 'S');
    ww__error_add(&c->error, value);
    return WW_ERR_PROTOCOL;
}

ww_status ww__take_parameter(ww_conn *c, ww_slice body)
{
    ww_msg msg = { WW_MSG_PARAMETER, body };
    ww_slice name, value;
    if (c->state == WW_CONN_EXPECT_READY && ++c->parameter_count > WW_MAX_STARTUP_PARAMETERS)
        return fail_session(c, "more settings than WW_MAX_STARTUP_PARAMETERS", 'S');
    ww_msg_parameter(&msg, &name, &value);
    if (ww_slice_equal(name, ww_slice_of("client_encoding")))
        return take_encoding(c, value);
    if (ww_slice_equal(name, ww_slice_of("server_version"))) {
        c->server_version = parse_version(value);
        ww__copy_cut(c->server_version_text, sizeof c->server_version_text, value);
    } else if (ww_slice_equal(name, ww_slice_of("in_hot_standby"))) {
        c->in_hot_standby = ww_slice_equal(value, ww_slice_of("on"));
    } else if (ww_slice_equal(name, ww_slice_of("server_encoding"))) {
        c->sql_ascii = ww_slice_equal(value, ww_slice_of("SQL_ASCII"));
    }
    return WW_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

ww_status ww__take_row_description(ww_conn *c, ww_slice body)
{
    c->row_columns = ww__load16(body.ptr);
    return WW_OK;
}

ww_status ww__take_row(ww_conn *c, ww_slice body)
{
    if (c->row_columns == (int32_t)ww__load16(body.ptr))
        return WW_OK;
    return fail_session(c, "a row that its RowDescription does not describe", 'D');
}

ww_status ww__end_rows(ww_conn *c, ww_slice body)
{
    (void)body;
    c->row_columns = -1;
    return WW_OK;
}

/* ---- copy ----------------------------------------------------------------------------------- */

ww_status ww__answer_copy_done(ww_conn *c, ww_slice body)
{
    (void)body;
    return ww__send(c, 'c', NULL, 0, 0, &c->error);
}
