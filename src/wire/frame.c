/* SPDX-License-Identifier: MIT */
/* frame.c: where a message ends, and whether it may be that long. A header is judged as soon as it
 * is there: nothing is buffered, and no buffer grows, for a message that would be refused anyway.
 * */
#include "engine.h"

static bool is_authenticated(const ww_conn *c)
{
    return c->state >= WW_CONN_EXPECT_READY;
}

/* The first message of this type that the state expects: they share their limits. */
static const ww__message *find_expected(const ww_conn *c, uint8_t type)
{
    unsigned i;
    for (i = 0; i < WW__MESSAGES; i++)
        if ((uint8_t)ww__messages[i].type == type && ww__rule_of(c->state, (ww__input)i) != NULL)
            return &ww__messages[i];
    return NULL;
}

static const char *find_name(uint8_t type)
{
    unsigned i;
    if (type == 'R')
        return "Authentication";
    for (i = 0; i < WW__MESSAGES; i++)
        if ((uint8_t)ww__messages[i].type == type)
            return ww__messages[i].name;
    return NULL;
}

static ww_status fail_length(ww_conn *c, ww_status status, const char *what, const ww__message *m,
                             uint32_t len)
{
    ww__fail_at(&c->error, status, what, 1, m->type);
    ww__error_add_text(&c->error, find_name((uint8_t)m->type));
    ww__error_add_text(&c->error, " of length ");
    ww__error_add_number(&c->error, len);
    return status;
}

/* `len` counts itself, as on the wire. */
static ww_status check_length(ww_conn *c, const ww__message *m, uint32_t len)
{
    bool is_data = m->type == WW_MSG_COPY_DATA;
    if (len > INT32_MAX || len < 4 + m->min || (m->max != WW__BY_LIMIT && len > 4 + m->max))
        return fail_length(c, WW_ERR_PROTOCOL, "a length that this message cannot have", m, len);
    if (m->max != WW__BY_LIMIT)
        return WW_OK;
    if (m->type == WW_MSG_ERROR && c->state < WW_CONN_IDLE && len > WW_MAX_ERROR_MESSAGE)
        return fail_length(c, WW_ERR_PROTOCOL, "an error message too long to be true", m, len);
    if (len - 4 > (is_data ? c->config.max_copy_data : c->config.max_message))
        return fail_length(c, WW_ERR_LIMIT,
                           is_data ? "the message is longer than max_copy_data (--max-message)"
                                   : "the message is longer than max_message",
                           m, len);
    return WW_OK;
}

static ww_status check_header(ww_conn *c, uint8_t type, uint32_t len)
{
    const ww__message *m = find_expected(c, type);
    ww_status status;
    if (m == NULL)
        return ww__unexpected(c, find_name(type), type);
    status = check_length(c, m, len);
    if (status != WW_OK || is_authenticated(c))
        return status;
    c->preauth_bytes += 1 + (size_t)len;
    if (c->preauth_bytes > WW_MAX_PREAUTH_BYTES)
        return fail_length(c, WW_ERR_PROTOCOL, "too many bytes before the login", m, len);
    return WW_OK;
}

ww_status ww__frame_take(ww_conn *c, uint8_t *type, ww_slice *body)
{
    const uint8_t *at = c->in + c->in_start;
    size_t have = c->in_end - c->in_start;
    ww_status status;
    if (have < WW__HEADER_SIZE)
        return WW_MORE;
    if (c->in_need == 0) {
        uint32_t len = ww__load32(at + 1);
        status = check_header(c, at[0], len);
        if (status != WW_OK)
            return status;
        c->in_need = 1 + (size_t)len;
    }
    if (have < c->in_need)
        return WW_MORE;
    *type = at[0];
    body->ptr = at + WW__HEADER_SIZE;
    body->len = c->in_need - WW__HEADER_SIZE;
    c->in_start += c->in_need;
    c->in_need = 0;
    return WW_OK;
}
