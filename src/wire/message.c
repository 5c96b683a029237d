/* SPDX-License-Identifier: MIT */
/* message.c: what the server's messages look like. Each is walked once before anybody believes it;
 * after that the views below cannot fail. */
#include "engine.h"

static void layout_code(ww__reader *r)
{
    ww__u32(r);
}

static void layout_md5(ww__reader *r)
{
    ww__u32(r);
    ww__bytes(r, 4);
}

static void layout_mechanisms(ww__reader *r)
{
    size_t count = 0;
    ww__u32(r);
    while (ww__cstr(r).len > 0)
        count++;
    if (count == 0)
        ww__break(r, "an empty list of mechanisms", 1);
}

static void layout_rest(ww__reader *r)
{
    ww__bytes(r, ww__left(r));
}

static void layout_negotiate(ww__reader *r)
{
    int32_t left;
    ww__u32(r);
    left = ww__i32(r);
    if (left < 0)
        ww__break(r, "a negative count of options", 4);
    for (; left > 0 && r->broken == NULL; left--)
        ww__cstr(r);
}

static void layout_strings(ww__reader *r)
{
    ww__cstr(r);
    ww__cstr(r);
}

static void layout_ready(ww__reader *r)
{
    uint8_t status = ww__u8(r);
    if (status != 'I' && status != 'T' && status != 'E')
        ww__break(r, "unknown transaction status (not one of I, T, E)", 1);
}

static void layout_error_fields(ww__reader *r)
{
    while (ww__u8(r) != 0)
        ww__cstr(r);
}

static void layout_notification(ww__reader *r)
{
    ww__u32(r);
    ww__cstr(r);
    ww__cstr(r);
}

static void read_format(ww__reader *r)
{
    if (ww__u16(r) > 1)
        ww__break(r, "unknown format (neither 0, text, nor 1, binary)", 2);
}

static uint16_t read_count(ww__reader *r)
{
    uint16_t count = ww__u16(r);
    if (count > INT16_MAX)
        ww__break(r, "a negative count of columns", 2);
    return count;
}

static void layout_row_description(ww__reader *r)
{
    uint16_t left = read_count(r);
    for (; left > 0 && r->broken == NULL; left--) {
        ww__cstr(r);
        ww__u32(r); /* table */
        ww__u16(r); /* attribute number */
        ww__u32(r); /* type */
        ww__u16(r); /* type length */
        ww__u32(r); /* type modifier */
        read_format(r);
    }
}

static void layout_row(ww__reader *r)
{
    uint16_t left = read_count(r);
    for (; left > 0 && r->broken == NULL; left--) {
        int32_t len = ww__i32(r);
        if (len < -1)
            ww__break(r, "a negative length that is not -1 (NULL)", 4);
        else if (len > 0)
            ww__bytes(r, (size_t)len);
    }
}

static void layout_tag(ww__reader *r)
{
    ww__cstr(r);
}

static void layout_copy(ww__reader *r)
{
    uint16_t left;
    if (ww__u8(r) > 1)
        ww__break(r, "unknown format (neither 0, text, nor 1, binary)", 1);
    for (left = read_count(r); left > 0 && r->broken == NULL; left--)
        read_format(r);
}

#define AUTH_MAX (WW_MAX_AUTH_MESSAGE - 4)
#define KEY_MAX (4 + sizeof ((ww_conn *)0)->cancel_key)

const ww__message ww__messages[WW__MESSAGES] = {
    [WW__AUTH_OK] = { "AuthenticationOk", 'R', 4, AUTH_MAX, layout_code },
    [WW__AUTH_CLEARTEXT] = { "AuthenticationCleartextPassword", 'R', 4, AUTH_MAX, layout_code },
    [WW__AUTH_MD5] = { "AuthenticationMD5Password", 'R', 4, AUTH_MAX, layout_md5 },
    [WW__AUTH_SASL] = { "AuthenticationSASL", 'R', 4, AUTH_MAX, layout_mechanisms },
    [WW__AUTH_OAUTH] = { "AuthenticationSASL (OAUTHBEARER)", 'R', 4, AUTH_MAX, layout_mechanisms },
    [WW__AUTH_SASL_CONTINUE] = { "AuthenticationSASLContinue", 'R', 4, AUTH_MAX, layout_rest },
    [WW__AUTH_SASL_FINAL] = { "AuthenticationSASLFinal", 'R', 4, AUTH_MAX, layout_rest },
    [WW__AUTH_OTHER] = { "Authentication (another code)", 'R', 4, AUTH_MAX, layout_rest },
    [WW__NEGOTIATE] = { "NegotiateProtocolVersion", 'v', 8, AUTH_MAX, layout_negotiate },
    [WW__KEY] = { "BackendKeyData", 'K', 8, KEY_MAX, layout_rest },
    [WW__PARAMETER] = { "ParameterStatus", 'S', 2, WW__BY_LIMIT, layout_strings },
    [WW__READY] = { "ReadyForQuery", 'Z', 1, 1, layout_ready },
    [WW__ERROR] = { "ErrorResponse", 'E', 1, WW__BY_LIMIT, layout_error_fields },
    [WW__NOTICE] = { "NoticeResponse", 'N', 1, WW__BY_LIMIT, layout_error_fields },
    [WW__NOTIFICATION] = { "NotificationResponse", 'A', 6, WW__BY_LIMIT, layout_notification },
    [WW__ROW_DESCRIPTION] = { "RowDescription", 'T', 2, WW__BY_LIMIT, layout_row_description },
    [WW__ROW] = { "DataRow", 'D', 2, WW__BY_LIMIT, layout_row },
    [WW__COMMAND_COMPLETE] = { "CommandComplete", 'C', 1, WW__BY_LIMIT, layout_tag },
    [WW__EMPTY_QUERY] = { "EmptyQueryResponse", 'I', 0, 0, layout_rest },
    [WW__COPY_BOTH] = { "CopyBothResponse", 'W', 3, WW__BY_LIMIT, layout_copy },
    [WW__COPY_DATA] = { "CopyData", 'd', 0, WW__BY_LIMIT, layout_rest },
    [WW__COPY_DONE] = { "CopyDone", 'c', 0, 0, layout_rest },
    [WW__COPY_IN] = { "CopyInResponse", 'G', 3, WW__BY_LIMIT, layout_copy },
    [WW__COPY_OUT] = { "CopyOutResponse", 'H', 3, WW__BY_LIMIT, layout_copy },
};

/* SCRAM is preferred, as libpq does: it proves something of the server, too. */
static ww__input classify_offer(ww_slice body)
{
    ww__reader r = ww__reader_of(body);
    bool oauth = false, scram = false;
    ww_slice name;
    ww__u32(&r);
    while ((name = ww__cstr(&r)).len > 0) {
        oauth |= ww_slice_equal(name, ww_slice_of("OAUTHBEARER"));
        scram |= ww_slice_equal(name, ww_slice_of("SCRAM-SHA-256")) ||
                 ww_slice_equal(name, ww_slice_of("SCRAM-SHA-256-PLUS"));
    }
    return oauth && !scram ? WW__AUTH_OAUTH : WW__AUTH_SASL;
}

static ww__input classify_auth(ww_slice body)
{
    switch (ww__load32(body.ptr)) {
    case 0:
        return WW__AUTH_OK;
    case 3:
        return WW__AUTH_CLEARTEXT;
    case 5:
        return WW__AUTH_MD5;
    case 10:
        return classify_offer(body);
    case 11:
        return WW__AUTH_SASL_CONTINUE;
    case 12:
        return WW__AUTH_SASL_FINAL;
    default:
        return WW__AUTH_OTHER;
    }
}

ww__input ww__classify(uint8_t type, ww_slice body)
{
    unsigned i = 0;
    if (type == 'R')
        return classify_auth(body);
    while (i < WW__MESSAGES - 1 && (uint8_t)ww__messages[i].type != type)
        i++;
    return (ww__input)i;
}

ww_status ww__message_check(ww__input input, ww_slice body, ww_error *err)
{
    const ww__message *m = &ww__messages[input];
    ww__reader r = ww__reader_of(body);
    m->layout(&r);
    if (r.broken == NULL && ww__left(&r) > 0)
        ww__break(&r, "bytes behind the last field", 0);
    if (r.broken == NULL)
        return WW_OK;
    ww__fail_at(err, WW_ERR_PROTOCOL, r.broken, (uint64_t)(r.broken_at - r.start), m->type);
    ww__error_add_text(err, m->name);
    return WW_ERR_PROTOCOL;
}

/* ---- views ---------------------------------------------------------------------------------- */

void ww_msg_parameter(const ww_msg *msg, ww_slice *name, ww_slice *value)
{
    ww__reader r = ww__reader_of(msg->body);
    *name = ww__cstr(&r);
    *value = ww__cstr(&r);
}

ww_slice ww_msg_command_tag(const ww_msg *msg)
{
    ww__reader r = ww__reader_of(msg->body);
    return ww__cstr(&r);
}

char ww_msg_transaction_status(const ww_msg *msg)
{
    ww__reader r = ww__reader_of(msg->body);
    return (char)ww__u8(&r);
}

ww_row_iter ww_row_begin(const ww_msg *msg)
{
    ww__reader r = ww__reader_of(msg->body);
    ww_row_iter it;
    it.left = ww__u16(&r);
    it.at = r.at;
    return it;
}

bool ww_fields_next(ww_row_iter *it, ww_field *field)
{
    const uint8_t *at = it->at;
    if (it->left == 0)
        return false;
    field->name = ww_slice_of((const char *)at);
    at += field->name.len + 1;
    field->table_oid = ww__load32(at);
    field->attnum = (int16_t)ww__load16(at + 4);
    field->type_oid = ww__load32(at + 6);
    field->type_len = (int16_t)ww__load16(at + 10);
    field->typmod = (int32_t)ww__load32(at + 12);
    field->format = (int16_t)ww__load16(at + 16);
    it->at = at + 18;
    it->left--;
    return true;
}

bool ww_row_next(ww_row_iter *it, ww_slice *value)
{
    int32_t len;
    if (it->left == 0)
        return false;
    len = (int32_t)ww__load32(it->at);
    value->ptr = len < 0 ? NULL : it->at + 4;
    value->len = len < 0 ? 0 : (size_t)len;
    it->at += 4 + value->len;
    it->left--;
    return true;
}
