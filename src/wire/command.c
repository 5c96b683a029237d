/* SPDX-License-Identifier: MIT */
/* command.c: messages that the caller sends, and the packet that cancels. */
#include "engine.h"

#define CANCEL_REQUEST 80877102u

static ww_status refuse(const ww_conn *c, ww__input input, ww_error *err)
{
    if (c->error.status != WW_OK) {
        if (err != NULL)
            *err = c->error;
        return c->error.status;
    }
    ww__fail_text(err, WW_ERR_USAGE, "not possible in this state", ww__input_name(input));
    ww__error_add_text(err, " in state ");
    ww__error_add_text(err, ww_conn_state_name(c->state));
    return WW_ERR_USAGE;
}

/* Sends a message if the state allows it. The state changes only once it is queued. */
static ww_status command(ww_conn *c, ww__input input, char type, const ww_slice *parts,
                         size_t count, ww_error *err)
{
    const ww__rule *rule = ww__rule_of(c->state, input);
    bool is_small = input == WW__DO_COPY_DONE || input == WW__DO_TERMINATE;
    ww_status status;
    if (rule == NULL)
        return refuse(c, input, err);
    status = ww__send(c, type, parts, count, is_small ? 0 : WW__SEND_RESERVE, err);
    if (status == WW_OK)
        c->state = rule->next;
    return status;
}

ww_status ww_conn_query(ww_conn *c, ww_slice sql, ww_error *err)
{
    ww_slice parts[2] = { sql, { (const uint8_t *)"", 1 } };
    const uint8_t *nul = sql.len > 0 ? memchr(sql.ptr, 0, sql.len) : NULL;
    if (nul != NULL)
        return ww__fail_at(err, WW_ERR_USAGE, "a NUL in the query: the server would stop there",
                           (uint64_t)(nul - sql.ptr), 'Q');
    return command(c, WW__DO_QUERY, 'Q', parts, 2, err);
}

ww_status ww_conn_copy_data(ww_conn *c, ww_slice data, ww_error *err)
{
    return command(c, WW__DO_COPY_DATA, 'd', &data, 1, err);
}

ww_status ww_conn_copy_done(ww_conn *c, ww_error *err)
{
    return command(c, WW__DO_COPY_DONE, 'c', NULL, 0, err);
}

ww_status ww_conn_terminate(ww_conn *c, ww_error *err)
{
    return command(c, WW__DO_TERMINATE, 'X', NULL, 0, err);
}

size_t ww_conn_cancel_packet(const ww_conn *c, uint8_t *out, size_t cap)
{
    ww__writer w = ww__writer_of(out, cap);
    if (c->cancel_key_len == 0)
        return 0;
    ww__put_u32(&w, (uint32_t)(12 + c->cancel_key_len));
    ww__put_u32(&w, CANCEL_REQUEST);
    ww__put_u32(&w, c->backend_pid);
    ww__put(&w, c->cancel_key, c->cancel_key_len);
    return w.overflow ? 0 : ww__written(&w);
}
